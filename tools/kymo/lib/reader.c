/* SPDX-License-Identifier: MIT */
/* The public reader: opens a container, learns what it says about itself, and yields the events of
 * all harts in time order. Definitions (META, TABLE, STRINGS, SYMBOLS) stand before the first
 * block; END and the last control block are looked for at the file's end. */
#include "private.h"
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAIL_SEARCH = 1 << 17 };

void kymo_warn(kymo_trace *t, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    t->info.damaged = true;
    for (unsigned i = 0; i < t->warnings; i++)
        if (strcmp(t->warning[i], text) == 0)
            return; /* a second pass meets the same damage */
    if (t->warnings == KYMO_WARNINGS_MAX) {
        t->dropped_warnings++;
        return;
    }
    if (!t->warning)
        t->warning = calloc(KYMO_WARNINGS_MAX + 1, sizeof *t->warning);
    char *copy = t->warning ? strdup(text) : NULL;
    if (copy)
        t->warning[t->warnings++] = copy;
}

unsigned kymo_warnings(const kymo_trace *t)
{
    return t->warnings;
}

const char *kymo_warning(const kymo_trace *t, unsigned i)
{
    return i < t->warnings ? t->warning[i] : NULL;
}

/* ---- texts of key=value lines ---- */

/* Keeps a copy of a packet's text in which lines are strings; two NUL bytes end it. */
static char *keep_text(const struct kymo_packet_view *v)
{
    char *p = malloc((size_t)v->length + 2);
    if (!p)
        return NULL;
    memcpy(p, v->payload, v->length);
    p[v->length] = p[v->length + 1] = 0;
    for (uint32_t i = 0; i < v->length; i++)
        if (p[i] == '\n' || p[i] == 0)
            p[i] = 0;
        else if ((unsigned char)p[i] < 0x20 || (unsigned char)p[i] > 0x7E)
            p[i] = '?';
    return p;
}

static const char *value_of(const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *p = text; p && *p; p += strlen(p) + 1)
        if (strncmp(p, key, n) == 0 && p[n] == '=')
            return p + n + 1;
    return NULL;
}

static uint64_t number_of(const char *text, const char *key, int base, uint64_t otherwise)
{
    const char *v = value_of(text, key);
    char *end;
    if (!v || !*v)
        return otherwise;
    unsigned long long n = strtoull(v, &end, base);
    return *end ? otherwise : n;
}

static const char *text_of(const char *text, const char *key)
{
    const char *v = value_of(text, key);
    return v ? v : "";
}

const char *kymo_meta(const kymo_trace *t, const char *key)
{
    return value_of(t->meta, key);
}

/* ---- opening ---- */

static int take_meta(kymo_trace *t, const struct kymo_packet_view *v, struct kymo_error *err)
{
    if (t->meta)
        return 0;
    t->meta = keep_text(v);
    if (!t->meta)
        return kymo_set_error(err, "%s: no memory", t->source.path);
    struct kymo_info *i = &t->info;
    i->image = text_of(t->meta, "image");
    i->build_id = text_of(t->meta, "build_id");
    i->clock = text_of(t->meta, "clock");
    i->capture = text_of(t->meta, "capture");
    i->clock_hz = number_of(t->meta, "clock_hz", 10, 0);
    i->table_hash = (uint32_t)number_of(t->meta, "table_hash", 16, 0);
    i->harts = (uint32_t)number_of(t->meta, "harts", 10, 1);
    if (i->clock_hz == 0 || i->clock_hz > 1000000000000ull)
        return kymo_set_error(err, "%s: offset %llu: META names no usable clock_hz", t->source.path,
                              (unsigned long long)v->offset);
    if (i->harts == 0 || i->harts > KYMO_HARTS_MAX)
        return kymo_set_error(err, "%s: offset %llu: META: harts is not 1 to %d", t->source.path,
                              (unsigned long long)v->offset, KYMO_HARTS_MAX);
    return 0;
}

static int take_table(kymo_trace *t, const void *text, size_t length, uint64_t offset,
                      struct kymo_error *err)
{
    const char *wrong;
    unsigned line;
    if (t->info.table_hash && !kymo_table_has_hash(text, length, t->info.table_hash))
        return kymo_set_error(
            err,
            "%s: offset %llu: the event table is not the one of the image (hash %08x); "
            "trace and image come from two builds",
            t->source.path, (unsigned long long)offset, t->info.table_hash);
    if (kymo_table_parse(&t->table, text, length, &wrong, &line))
        return kymo_set_error(err, "%s: offset %llu: event table, line %u: %s", t->source.path,
                              (unsigned long long)offset, line, wrong);
    return 0;
}

/* Takes a packet that precedes the events in; 1 when it is one that belongs to them. */
static int take_definition(kymo_trace *t, const struct kymo_packet_view *v, struct kymo_error *err)
{
    unsigned bad;
    switch (v->type) {
    case KYMO_PACKET_META: return take_meta(t, v, err);
    case KYMO_PACKET_TABLE:
        return t->table.desc[1] ? 0 : take_table(t, v->payload, v->length, v->offset, err);
    case KYMO_PACKET_STRINGS:
        if (!t->strings && (t->strings = malloc((size_t)v->length + 1))) {
            memcpy(t->strings, v->payload, v->length);
            t->strings[v->length] = 0;
            t->strings_length = v->length;
        }
        return 0;
    case KYMO_PACKET_SYMBOLS:
        if (kymo_symbols_parse(&t->symbols, v->payload, v->length, &bad))
            return kymo_set_error(err, "%s: no memory for symbols", t->source.path);
        if (bad)
            kymo_warn(t, "offset %llu: %u symbol lines make no sense",
                      (unsigned long long)v->offset, bad);
        return 0;
    case KYMO_PACKET_BLOCK:
    case KYMO_PACKET_OPEN:
    case KYMO_PACKET_END: return 1;
    default: return 0;
    }
}

static int read_definitions(kymo_trace *t, struct kymo_window *w, struct kymo_error *err)
{
    struct kymo_packet_view v;
    uint64_t at = KYMO_FILE_HEADER, before = at;
    for (int r; (r = kymo_packet_read(w, &t->source, &at, &v, err)) != KYMO_PACKET_END_OF_FILE;
         before = at) {
        if (r < 0)
            return -1;
        if (r == KYMO_PACKET_CUT)
            break;
        if (r == KYMO_PACKET_SKIPPED) {
            kymo_warn(t, "offset %llu: %llu bytes are no packet with a right checksum; skipped",
                      (unsigned long long)v.offset, (unsigned long long)(at - v.offset));
            t->warned_to = at;
            continue;
        }
        int d = take_definition(t, &v, err);
        if (d < 0)
            return -1;
        if (d)
            break;
    }
    t->first_offset = before;
    return 0;
}

/* The ledger of the image's own trace points, as JSON; what is read of it are two numbers. */
static void take_cost(kymo_trace *t, const struct kymo_packet_view *v)
{
    static const char *const key[] = {"\"executed\":", "\"tracer\":"};
    uint64_t *to[] = {&t->info.cost_executed, &t->info.cost_tracer};
    char *text = keep_text(v);
    for (unsigned i = 0; text && i < 2; i++) {
        const char *p = strstr(text, key[i]);
        *to[i] = p ? strtoull(p + strlen(key[i]), NULL, 10) : 0;
    }
    free(text);
}

static void take_end(kymo_trace *t, const struct kymo_packet_view *v)
{
    free(t->end);
    t->end = keep_text(v);
    t->info.ended = true;
    t->info.end_reason = text_of(t->end, "reason");
    t->info.end_exit = (int)number_of(t->end, "exit", 10, 0);
    t->info.end_time = number_of(t->end, "time", 10, 0);
}

/* The last control block tells where the last clear was; the END packet how the run ended; a second
 * SYMBOLS packet names what lies on the heap. They stand near the end. */
static int read_tail(kymo_trace *t, struct kymo_window *w, struct kymo_error *err)
{
    struct kymo_packet_view v;
    uint64_t at = t->first_offset;
    unsigned bad;
    if (t->source.size > at + TAIL_SEARCH)
        at = (t->source.size - TAIL_SEARCH) &
             ~7ull; /* most likely inside a packet: skipped to the next */
    for (int r; (r = kymo_packet_read(w, &t->source, &at, &v, err)) != KYMO_PACKET_END_OF_FILE;) {
        if (r < 0)
            return -1;
        if (r == KYMO_PACKET_CUT)
            break;
        if (r == KYMO_PACKET_OK && v.type == KYMO_PACKET_END)
            take_end(t, &v);
        if (r == KYMO_PACKET_OK && v.type == KYMO_PACKET_COST)
            take_cost(t, &v);
        if (r == KYMO_PACKET_OK && v.type == KYMO_PACKET_SYMBOLS &&
            kymo_symbols_add(&t->symbols, v.payload, v.length, &bad))
            return kymo_set_error(err, "%s: no memory for symbols", t->source.path);
        if (r == KYMO_PACKET_OK && v.type == KYMO_PACKET_OPEN && v.length >= KYMO_CTL_SIZE &&
            v.hart < t->cursors) {
            t->cursor[v.hart].first_seq = kymo_get32(v.payload + 52);
            t->cursor[v.hart].has_first_seq = true;
        }
    }
    return 0;
}

static int check_head(kymo_trace *t, struct kymo_window *w, struct kymo_error *err)
{
    const char *path = t->source.path;
    if (t->source.size < KYMO_FILE_HEADER)
        return kymo_set_error(err, "%s: %llu bytes are too few for a trace", path,
                              (unsigned long long)t->source.size);
    const uint8_t *h = kymo_window_at(w, &t->source, 0, KYMO_FILE_HEADER, err);
    if (!h)
        return -1;
    if (memcmp(h, KYMO_FILE_MAGIC, 8) != 0)
        return kymo_set_error(err, "%s: offset 0: not a kymo trace (`kymo run IMAGE` makes one)",
                              path);
    if (kymo_get16(h + 8) != 1 || kymo_get16(h + 10) != KYMO_FILE_HEADER || kymo_get32(h + 12) != 0)
        return kymo_set_error(
            err, "%s: offset 8: a trace of another version (%u) than this kymo reads (1)", path,
            kymo_get16(h + 8));
    return 0;
}

static int make_cursors(kymo_trace *t, struct kymo_error *err)
{
    t->cursor = calloc(t->info.harts, sizeof *t->cursor);
    if (!t->cursor)
        return kymo_set_error(err, "%s: no memory", t->source.path);
    t->cursors = t->info.harts;
    return 0;
}

static int require(kymo_trace *t, struct kymo_error *err)
{
    const char *path = t->source.path;
    if (!t->meta)
        return kymo_set_error(
            err,
            "%s: offset %d: the META packet is missing or damaged: clock and image are not known",
            path, KYMO_FILE_HEADER);
    if (!t->table.desc[1]) {
        if (!kymo_table_has_hash(kymo_builtin_table, strlen(kymo_builtin_table),
                                 t->info.table_hash))
            return kymo_set_error(
                err,
                "%s: offset %d: the TABLE packet is missing or damaged, and the image's table "
                "is not this kymo's",
                path, KYMO_FILE_HEADER);
        kymo_warn(t, "the TABLE packet is missing; its hash is that of this kymo's own table, "
                     "which is used");
        if (take_table(t, kymo_builtin_table, strlen(kymo_builtin_table), 0, err))
            return -1;
    }
    t->info.same_table = kymo_table_known(&t->table, t->info.table_hash, t->known) == 0;
    return 0;
}

static int open_all(kymo_trace *t, struct kymo_window *w, struct kymo_error *err)
{
    if (check_head(t, w, err) || read_definitions(t, w, err) || require(t, err) ||
        make_cursors(t, err) || read_tail(t, w, err))
        return -1;
    return kymo_rewind(t, err);
}

int kymo_open(kymo_trace **out, const char *path, struct kymo_error *err)
{
    struct kymo_window w = {0};
    kymo_trace *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return kymo_set_error(err, "%s: no memory", path);
    t->source.fd = -1;
    int bad = kymo_source_open(&t->source, path, err) || open_all(t, &w, err);
    free(w.data);
    if (bad) {
        kymo_close(t);
        return -1;
    }
    *out = t;
    return 0;
}

void kymo_close(kymo_trace *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->cursors; i++)
        free(t->cursor[i].window.data);
    for (unsigned i = 0; i < t->warnings; i++)
        free(t->warning[i]);
    free(t->warning);
    free(t->cursor);
    free(t->meta);
    free(t->strings);
    free(t->end);
    kymo_symbols_free(&t->symbols);
    kymo_table_free(&t->table);
    kymo_source_close(&t->source);
    free(t);
}

int kymo_rewind(kymo_trace *t, struct kymo_error *err)
{
    (void)err;
    for (unsigned i = 0; i < t->cursors; i++) {
        struct kymo_cursor *c = &t->cursor[i];
        *c = (struct kymo_cursor){.window = c->window,
                                  .first_seq = c->first_seq,
                                  .has_first_seq = c->has_first_seq,
                                  .hart = (uint16_t)i,
                                  .offset = t->first_offset,
                                  .level = 0xFF};
    }
    t->last = NULL;
    return 0;
}

int kymo_follow(kymo_trace *t, bool on)
{
    t->follow = on;
    return 0;
}

void kymo_on_progress(kymo_trace *t, void (*fn)(void *u, double part), void *u)
{
    t->progress = fn;
    t->progress_u = u;
}

/* ---- reading ---- */

/* Several harts: every cursor holds its next item ready and the oldest goes first, at equal times
 * the lower hart. A gap is as old as its beginning: from there on its hart is not known, whatever
 * the others tell meanwhile. */
static int next_merged(kymo_trace *t, struct kymo_event *ev, struct kymo_gap *gap,
                       struct kymo_error *err)
{
    struct kymo_cursor *oldest = NULL;
    for (unsigned i = 0; i < t->cursors; i++) {
        struct kymo_cursor *c = &t->cursor[i];
        if (c->item == KYMO_END) {
            int r = kymo_cursor_next(t, c, &c->event, &c->held_gap, err);
            if (r < 0)
                return r;
            c->item = r;
            c->item_time = c->item == KYMO_GAP ? c->held_gap.from : c->event.time;
        }
        if (c->item != KYMO_END && (!oldest || c->item_time < oldest->item_time))
            oldest = c;
    }
    if (!oldest)
        return KYMO_END;
    int item = oldest->item;
    if (item == KYMO_EVENT)
        *ev = oldest->event;
    else
        *gap = oldest->held_gap;
    oldest->item = KYMO_END;
    t->last = oldest;
    return item;
}

int kymo_next(kymo_trace *t, struct kymo_event *ev, struct kymo_gap *gap, struct kymo_error *err)
{
    if (kymo_unlikely(t->follow) && kymo_source_refresh(&t->source, err))
        return -1;
    if (kymo_unlikely(t->cursors > 1))
        return next_merged(t, ev, gap, err);
    t->last = t->cursor;
    return kymo_cursor_next(t, t->cursor, ev, gap, err);
}

/* ---- what the trace says about itself ---- */

const struct kymo_info *kymo_get_info(const kymo_trace *t)
{
    return &t->info;
}

const struct kymo_event_desc *kymo_describe(const kymo_trace *t, uint8_t code)
{
    return t->table.desc[code];
}

bool kymo_known(const kymo_trace *t, uint8_t code)
{
    return t->known[code];
}

uint32_t kymo_value(const struct kymo_event *ev, const struct kymo_field *f,
                    const struct kymo_event_desc *d)
{
    switch (f->kind) {
    case 'S': return (uint32_t)(ev->code - d->code);
    case 'A': return ev->arg >> f->shift & ((1u << f->bits) - 1);
    default: return f->word < ev->words ? ev->word[f->word] : 0;
    }
}

const char *kymo_symbol(const kymo_trace *t, uint32_t addr, char kind, uint32_t *offset,
                        const char **file_line)
{
    const struct kymo_symbol_entry *e = kymo_symbols_find(&t->symbols, addr, kind);
    if (!e)
        return NULL;
    if (offset)
        *offset = addr - e->addr;
    if (file_line)
        *file_line = e->line;
    return e->name;
}

const char *kymo_string(const kymo_trace *t, uint32_t tag)
{
    return tag < t->strings_length ? t->strings + tag : NULL;
}
