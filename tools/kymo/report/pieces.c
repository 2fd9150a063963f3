/* SPDX-License-Identifier: MIT */
/* One chunk of detail while it is filled, and its bytes (Documentation/report.md, "Chunk").
 *
 * Intervals, handlers and holds come in the order in which they *end*, and one that is longer than
 * a chunk lies in several: so each chunk keeps plain pieces, cut to its limits, and sorts them when
 * it is written. */
#include "report/report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum kind { TASK, ISR, OBJECT, SPAN, COUNTER };
enum { BEFORE = 1, AFTER = 2 }; /* flags: it began before the chunk, it goes on after it */

struct piece {
    uint64_t from, to;
    uint32_t row;       /* kind << 24 | number */
    uint32_t column[4]; /* the kind's own */
    uint32_t order, flags;
    uint64_t begin; /* TASK: when the state began, of which the model may have cut this piece off */
};

struct kr_pieces {
    uint64_t from;
    struct piece *piece;
    uint32_t n, room;
    struct kr_buf step, code, hart, arg, words, word; /* columns of the events */
    uint64_t events, last;
    bool failed;
};

struct kr_pieces *kr_pieces_new(uint64_t from)
{
    struct kr_pieces *p = calloc(1, sizeof *p);
    if (p)
        p->from = p->last = from;
    return p;
}

void kr_pieces_free(struct kr_pieces *p)
{
    if (!p)
        return;
    struct kr_buf *columns[] = {&p->step, &p->code, &p->hart, &p->arg, &p->words, &p->word};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        kr_buf_free(columns[i]);
    free(p->piece);
    free(p);
}

static bool copy_column(struct kr_buf *to, const struct kr_buf *from)
{
    kr_put(to, from->data, from->len);
    return !to->failed && !from->failed;
}

struct kr_pieces *kr_pieces_copy(const struct kr_pieces *p)
{
    struct kr_pieces *c = kr_pieces_new(p->from);
    if (!c)
        return NULL;
    c->events = p->events;
    c->last = p->last;
    c->n = c->room = p->n;
    c->piece = malloc((p->n + 1) * sizeof *c->piece);
    bool good = c->piece && copy_column(&c->step, &p->step) && copy_column(&c->code, &p->code) &&
                copy_column(&c->hart, &p->hart) && copy_column(&c->arg, &p->arg) &&
                copy_column(&c->words, &p->words) && copy_column(&c->word, &p->word);
    if (good && p->n)
        memcpy(c->piece, p->piece, p->n * sizeof *c->piece);
    c->failed = p->failed || !good;
    return c;
}

bool kr_pieces_failed(const struct kr_pieces *p)
{
    return p->failed || p->step.failed || p->code.failed || p->hart.failed || p->arg.failed ||
           p->words.failed || p->word.failed;
}

uint64_t kr_pieces_events(const struct kr_pieces *p)
{
    return p->events;
}

static void add(struct kr_pieces *p, uint64_t end, struct piece piece)
{
    uint64_t from = piece.from > p->from ? piece.from : p->from,
             to = piece.to < end ? piece.to : end;
    if (to < from || (to == from && piece.to != piece.from))
        return; /* not in this chunk */
    if (p->n == p->room) {
        uint32_t room = p->room ? p->room * 2 : 256;
        struct piece *wide = realloc(p->piece, room * sizeof *wide);
        if (!wide) {
            p->failed = true;
            return;
        }
        p->piece = wide;
        p->room = room;
    }
    piece.begin = piece.begin ? piece.begin - 1 : piece.from;
    piece.flags = (piece.begin < p->from ? BEFORE : 0) | (piece.to > end ? AFTER : 0);
    piece.from = from;
    piece.to = to;
    piece.order = p->n;
    p->piece[p->n++] = piece;
}

static uint32_t row(enum kind kind, int32_t number)
{
    assert(number < 1 << 24);
    return (uint32_t)kind << 24 | (uint32_t)number;
}

void kr_pieces_interval(struct kr_pieces *p, struct kr_rows *r, const struct kymo_interval *i,
                        bool mutex, uint64_t begin, uint64_t start, uint64_t end)
{
    int32_t task = kr_task(r, i->task);
    if (task >= 0)
        add(p, end,
            (struct piece){.from = i->from - start,
                           .to = i->to - start,
                           .row = row(TASK, task),
                           .column = {(uint32_t)kr_combo(r, i, mutex)},
                           .begin = begin - start + 1});
}

/* Columns hold a task's number + 1, so that 0 is "not known". */
static uint32_t plus_one(int32_t number)
{
    return (uint32_t)(number + 1);
}

void kr_pieces_isr(struct kr_pieces *p, struct kr_rows *r, const struct kymo_isr *i, uint64_t start,
                   uint64_t end)
{
    int32_t isr = kr_isr(r, i->cause, i->source);
    uint64_t own = i->own < UINT32_MAX ? i->own : UINT32_MAX;
    if (isr >= 0)
        add(p, end,
            (struct piece){
                .from = i->from - start,
                .to = i->to - start,
                .row = row(ISR, isr),
                .column = {(uint32_t)own, plus_one(kr_task(r, i->task)), i->depth, i->hart}});
}

void kr_pieces_hold(struct kr_pieces *p, struct kr_rows *r, const struct kymo_hold *h,
                    uint64_t start, uint64_t end)
{
    int32_t object = kr_object(r, h->object);
    if (object >= 0)
        add(p, end,
            (struct piece){.from = h->from - start,
                           .to = h->to - start,
                           .row = row(OBJECT, object),
                           .column = {plus_one(kr_task(r, h->task)), h->waiters}});
}

void kr_pieces_span(struct kr_pieces *p, struct kr_rows *r, const struct kymo_user_span *s,
                    uint64_t start, uint64_t end)
{
    int32_t span = kr_span(r, s->task, s->tag);
    if (span >= 0)
        add(p, end,
            (struct piece){.from = s->from - start, .to = s->to - start, .row = row(SPAN, span)});
}

void kr_pieces_counter(struct kr_pieces *p, int32_t counter, uint64_t t, int32_t value)
{
    if (counter >= 0)
        add(p, UINT64_MAX,
            (struct piece){
                .from = t, .to = t, .row = row(COUNTER, counter), .column = {(uint32_t)value}});
}

void kr_pieces_event(struct kr_pieces *p, const struct kymo_event *e, uint64_t start)
{
    uint64_t t = e->time - start;
    kr_number(&p->step, t > p->last ? t - p->last : 0);
    kr_byte(&p->code, e->code);
    kr_number(&p->hart, e->hart);
    kr_number(&p->arg, e->arg);
    kr_byte(&p->words, e->words);
    for (unsigned i = 0; i < e->words; i++)
        kr_number(&p->word, e->word[i]);
    p->last = t > p->last ? t : p->last;
    p->events++;
}

/* ---- writing ---- */

static int by_row(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static void write_task(const struct kr_pieces *p, const struct piece *piece, uint32_t n,
                       struct kr_buf *out)
{
    uint32_t holes = 0;
    uint64_t at = p->from;
    for (uint32_t i = 0; i < n; at = piece[i++].to)
        holes += piece[i].from > at;
    kr_number(out, n + holes);
    if (!n)
        return;
    unsigned before = piece[0].from == p->from ? piece[0].flags & BEFORE : 0;
    kr_number(out, before | (piece[n - 1].flags & AFTER));
    if (before)
        kr_number(out, p->from - piece[0].begin);
    at = p->from;
    for (uint32_t i = 0; i < n; at = piece[i++].to) {
        if (piece[i].from > at)
            kr_number(out, piece[i].from - at);
        kr_number(out, piece[i].to - piece[i].from);
    }
    at = p->from;
    for (uint32_t i = 0; i < n; at = piece[i++].to) {
        if (piece[i].from > at)
            kr_number(out, 0);
        kr_number(out, piece[i].column[0]);
    }
}

static void write_items(const struct kr_pieces *p, const struct piece *piece, uint32_t n,
                        unsigned extra, struct kr_buf *out)
{
    uint64_t at = p->from;
    kr_number(out, n);
    for (uint32_t i = 0; i < n; at = piece[i++].from)
        kr_signed(out, (int64_t)(piece[i].from - at));
    for (uint32_t i = 0; i < n; i++)
        kr_number(out, piece[i].to - piece[i].from);
    for (uint32_t i = 0; i < n; i++)
        kr_byte(out, (uint8_t)piece[i].flags);
    for (uint32_t i = 0; i < n; i++)
        if (piece[i].flags & BEFORE)
            kr_number(out, p->from - piece[i].begin);
    for (unsigned k = 0; k < extra; k++)
        for (uint32_t i = 0; i < n; i++)
            kr_number(out, piece[i].column[k]);
}

static void write_counter(const struct kr_pieces *p, const struct piece *piece, uint32_t n,
                          struct kr_buf *out)
{
    uint64_t at = p->from;
    int64_t value = 0;
    kr_number(out, n);
    for (uint32_t i = 0; i < n; at = piece[i++].from)
        kr_number(out, piece[i].from - at);
    for (uint32_t i = 0; i < n; value = (int32_t)piece[i++].column[0])
        kr_signed(out, (int32_t)piece[i].column[0] - value);
}

static void write_row(const struct kr_pieces *p, enum kind kind, const struct piece *piece,
                      uint32_t n, struct kr_buf *out)
{
    static const unsigned extra[] = {[ISR] = 4, [OBJECT] = 2, [SPAN] = 0};
    if (kind == TASK)
        write_task(p, piece, n, out);
    else if (kind == COUNTER)
        write_counter(p, piece, n, out);
    else
        write_items(p, piece, n, extra[kind], out);
}

static void put_column(struct kr_buf *out, const struct kr_buf *column)
{
    kr_put(out, column->data, column->len);
}

void kr_pieces_write(struct kr_pieces *p, const struct kr_rows *r, struct kr_buf *out)
{
    const uint32_t rows[] = {r->n_tasks, r->n_isrs, r->n_objects, r->n_spans, r->n_counters};
    if (p->n)
        qsort(p->piece, p->n, sizeof *p->piece, by_row);
    uint32_t i = 0;
    for (int kind = TASK; kind <= COUNTER; kind++) {
        for (uint32_t k = 0; k < rows[kind]; k++) {
            uint32_t first = i;
            while (i < p->n && p->piece[i].row == row((enum kind)kind, (int32_t)k))
                i++;
            write_row(p, (enum kind)kind, p->piece + first, i - first, out);
        }
    }
    assert(i == p->n); /* every piece belongs to a row that the index has */
    kr_number(out, p->events);
    put_column(out, &p->step);
    put_column(out, &p->code);
    put_column(out, &p->hart);
    put_column(out, &p->arg);
    put_column(out, &p->words);
    put_column(out, &p->word);
}
