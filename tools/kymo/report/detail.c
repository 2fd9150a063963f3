/* SPDX-License-Identifier: MIT */
/* The second pass over a trace: it fills the wanted chunks and the pyramid, and hands their blocks
 * to a sink (report.h). */
#include "report/report.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct detail {
    struct kr_survey *s;
    struct kr_pieces **chunk; /* of each chunk; NULL where it is not wanted */
    struct kr_pyramid *pyramid;
    uint64_t events;
    uint32_t now;                   /* the chunk of the present event */
    uint64_t begin[KYMO_TASK_NONE]; /* by id: when its present state began */
};

/* Calls `put` for every wanted chunk that [from, to] touches. */
#define FOR_CHUNKS(d, f, t, i)                                                                     \
    for (uint32_t i = kr_chunk_at((d)->s, (f)), last_ = kr_chunk_at((d)->s, (t)); i <= last_; i++) \
        if ((d)->chunk[i])

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct detail *d = u;
    struct kr_survey *s = d->s;
    (void)m;
    if (d->now + 1 < s->n_chunks && d->events == s->chunks[d->now + 1].first)
        d->now++;
    d->events++;
    struct kr_pieces *p = d->chunk[d->now];
    if (p)
        kr_pieces_event(p, e, s->start);
    enum kr_event_kind kind = kr_event_kind(s->trace, e->code);
    if (kind == KR_OTHER)
        return;
    uint64_t t = e->time - s->start;
    if (kind == KR_MARK) {
        kr_pyramid_mark(d->pyramid, t);
        return;
    }
    int32_t counter = kr_counter(&s->rows, kr_field(s->trace, e, "tag"));
    int32_t value = (int32_t)kr_field(s->trace, e, "value");
    if (p)
        kr_pieces_counter(p, counter, t, value);
    kr_pyramid_counter(d->pyramid, counter, t, value);
}

static void on_interval(void *u, const kymo_model *m, const struct kymo_interval *i)
{
    struct detail *d = u;
    struct kr_survey *s = d->s;
    if (i->task >= KYMO_TASK_NONE)
        return;
    const struct kymo_object *o = i->state == KYMO_BLOCKED ? kymo_model_object(m, i->object) : NULL;
    bool mutex = o && o->kind == KYMO_OBJ_MUTEX;
    if (!i->continues)
        d->begin[i->task] = i->from;
    FOR_CHUNKS (d, i->from - s->start, i->to - s->start, c)
        kr_pieces_interval(d->chunk[c], &s->rows, i, mutex, d->begin[i->task], s->start,
                           kr_chunk_end(s, c));
    kr_pyramid_interval(d->pyramid, s, i);
}

static void on_isr(void *u, const kymo_model *m, const struct kymo_isr *i)
{
    struct detail *d = u;
    struct kr_survey *s = d->s;
    (void)m;
    FOR_CHUNKS (d, i->from - s->start, i->to - s->start, c)
        kr_pieces_isr(d->chunk[c], &s->rows, i, s->start, kr_chunk_end(s, c));
    kr_pyramid_isr(d->pyramid, s, i);
}

static void on_hold(void *u, const kymo_model *m, const struct kymo_hold *h)
{
    struct detail *d = u;
    struct kr_survey *s = d->s;
    (void)m;
    FOR_CHUNKS (d, h->from - s->start, h->to - s->start, c)
        kr_pieces_hold(d->chunk[c], &s->rows, h, s->start, kr_chunk_end(s, c));
    kr_pyramid_hold(d->pyramid, s, h);
}

static void on_span(void *u, const kymo_model *m, const struct kymo_user_span *span)
{
    struct detail *d = u;
    struct kr_survey *s = d->s;
    (void)m;
    FOR_CHUNKS (d, span->from - s->start, span->to - s->start, c)
        kr_pieces_span(d->chunk[c], &s->rows, span, s->start, kr_chunk_end(s, c));
    kr_pyramid_span(d->pyramid, s, span);
}

static int open_chunks(struct detail *d)
{
    const struct kr_survey *s = d->s;
    d->chunk = calloc(s->n_chunks + 1, sizeof *d->chunk);
    d->pyramid = kr_pyramid_new(s);
    if (!d->chunk || !d->pyramid)
        return -1;
    for (uint32_t i = 0; i < s->n_chunks; i++) {
        if (s->chunks[i].wanted && !(d->chunk[i] = kr_pieces_new(s->chunks[i].from)))
            return -1;
    }
    return 0;
}

/* Chunks in order, each freed when it is written, so that packed and unpacked forms never lie side
 * by side. */
static int write_chunks(struct detail *d, kr_block_sink *sink, void *u)
{
    for (uint32_t i = 0; i < d->s->n_chunks; i++) {
        struct kr_pieces *p = d->chunk[i];
        if (!p)
            continue;
        struct kr_buf bytes = {0};
        char name[24];
        snprintf(name, sizeof name, "c%u", i);
        kr_pieces_write(p, &d->s->rows, &bytes);
        int status = kr_pieces_failed(p) || bytes.failed ? -1 : sink(u, name, &bytes);
        kr_buf_free(&bytes);
        kr_pieces_free(p);
        d->chunk[i] = NULL;
        if (status < 0)
            return -1;
    }
    return 0;
}

static void close_chunks(struct detail *d)
{
    for (uint32_t i = 0; d->chunk && i < d->s->n_chunks; i++)
        kr_pieces_free(d->chunk[i]);
    free(d->chunk);
    kr_pyramid_free(d->pyramid);
}

int kr_detail_run(struct kr_survey *s, kr_block_sink *sink, void *u, struct kymo_error *err)
{
    static const struct kymo_sink model = {.event = on_event,
                                           .interval = on_interval,
                                           .isr = on_isr,
                                           .hold = on_hold,
                                           .span = on_span};
    struct detail *d = calloc(1, sizeof *d);
    int status = -1;
    snprintf(err->text, sizeof err->text, "%s: out of memory", s->title);
    if (!d)
        return -1;
    d->s = s;
    if (open_chunks(d) == 0 && kymo_rewind(s->trace, err) == 0 &&
             kymo_model_run(s->trace, &model, d, err) == 0) {
        assert(d->events == s->events);
        status = write_chunks(d, sink, u) < 0 || kr_pyramid_write(d->pyramid, sink, u) < 0 ? -1 : 0;
    }
    close_chunks(d);
    free(d);
    return status;
}
