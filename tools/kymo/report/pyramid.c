/* SPDX-License-Identifier: MIT */
/* The pyramid of summaries: the whole run at several resolutions (Documentation/report.md, "Tile").
 *
 * The finest level has at most MOST_CELLS numbers in all, whatever the trace's length: buckets get
 * wider, memory does not grow. Each further level has a quarter of the buckets; the last fits one
 * tile. */
#include "report/report.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATES = 6,
    FACTOR = 4,
    EVENTS_PER_BUCKET = 64,
    MOST_BUCKETS = 1 << 17,
    MOST_CELLS = 8000000
};

struct kr_pyramid {
    uint64_t width;
    uint32_t buckets, columns;
    uint32_t isr, object, span, mark; /* first column of each kind */
    float **share;         /* per column: counts in each bucket; NULL until something is there */
    int32_t **low, **high; /* per counter; low > high where it has no value */
    uint32_t counters;
    uint64_t start;
    bool no_memory;
};

/* ---- geometry, shared with the index ---- */

static uint32_t columns_of(const struct kr_rows *r)
{
    return r->n_tasks * STATES + r->n_isrs + 2 * r->n_objects + r->n_spans + 1 + 2 * r->n_counters;
}

static uint64_t first_width(const struct kr_survey *s, uint32_t *buckets)
{
    uint64_t want = s->events / EVENTS_PER_BUCKET, most = MOST_CELLS / columns_of(&s->rows);
    want = want < KR_TILE ? KR_TILE : want;
    want = want > MOST_BUCKETS ? MOST_BUCKETS : want;
    want = want > most ? most : want;
    want = want ? want : 1;
    uint64_t width = s->duration / want + 1;
    *buckets = (uint32_t)(s->duration / width + 1);
    return width;
}

static uint32_t up(uint32_t buckets)
{
    return (buckets + FACTOR - 1) / FACTOR;
}

void kr_pyramid_levels(struct kr_buf *b, const struct kr_survey *s)
{
    uint32_t buckets;
    uint64_t width = first_width(s, &buckets);
    kr_text(b, "[");
    for (;; width *= FACTOR, buckets = up(buckets)) {
        kr_textf(b, "{\"width\":%llu,\"buckets\":%u}", (unsigned long long)width, buckets);
        if (buckets <= KR_TILE)
            break;
        kr_text(b, ",");
    }
    kr_text(b, "]");
}

/* ---- filling ---- */

struct kr_pyramid *kr_pyramid_new(const struct kr_survey *s)
{
    struct kr_pyramid *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    const struct kr_rows *r = &s->rows;
    p->start = s->start;
    p->width = first_width(s, &p->buckets);
    p->isr = r->n_tasks * STATES;
    p->object = p->isr + r->n_isrs;
    p->span = p->object + 2 * r->n_objects;
    p->mark = p->span + r->n_spans;
    p->columns = p->mark + 1;
    p->counters = r->n_counters;
    p->share = calloc(p->columns, sizeof *p->share);
    p->low = calloc(p->counters + 1, sizeof *p->low);
    p->high = calloc(p->counters + 1, sizeof *p->high);
    p->no_memory = !p->share || !p->low || !p->high;
    return p;
}

static float *column(struct kr_pyramid *p, uint32_t c)
{
    if (p->no_memory)
        return NULL;
    assert(c < p->columns);
    if (!p->share[c])
        p->share[c] = calloc(p->buckets, sizeof **p->share);
    p->no_memory |= !p->share[c];
    return p->share[c];
}

static void add(struct kr_pyramid *p, uint32_t c, uint64_t from, uint64_t to)
{
    float *share = column(p, c);
    if (!share)
        return;
    uint64_t b = from / p->width, last = to / p->width;
    for (; b < last && b < p->buckets; from = ++b * p->width)
        share[b] += (float)((b + 1) * p->width - from);
    if (b < p->buckets)
        share[b] += (float)(to - from);
}

void kr_pyramid_interval(struct kr_pyramid *p, struct kr_survey *s, const struct kymo_interval *i)
{
    int32_t task = kr_task(&s->rows, i->task);
    uint64_t from = i->from - p->start, to = i->to - p->start;
    if (task < 0 || i->state >= STATES)
        return;
    add(p, (uint32_t)task * STATES + i->state, from, to);
    int32_t object = i->state == KYMO_BLOCKED ? kr_object(&s->rows, i->object) : KR_NONE;
    if (object >= 0)
        add(p, p->object + 2 * (uint32_t)object + 1, from, to);
}

/* Something with no length still shows: it counts as one clock count. */
static uint64_t visible(uint64_t from, uint64_t to)
{
    return to > from ? to : from + 1;
}

void kr_pyramid_isr(struct kr_pyramid *p, struct kr_survey *s, const struct kymo_isr *i)
{
    int32_t isr = kr_isr(&s->rows, i->cause, i->source);
    if (isr >= 0)
        add(p, p->isr + (uint32_t)isr, i->from - p->start, visible(i->from, i->to) - p->start);
}

void kr_pyramid_hold(struct kr_pyramid *p, struct kr_survey *s, const struct kymo_hold *h)
{
    int32_t object = kr_object(&s->rows, h->object);
    if (object >= 0)
        add(p, p->object + 2 * (uint32_t)object, h->from - p->start,
            visible(h->from, h->to) - p->start);
}

void kr_pyramid_span(struct kr_pyramid *p, struct kr_survey *s, const struct kymo_user_span *u)
{
    int32_t span = kr_span(&s->rows, u->task, u->tag);
    if (span >= 0)
        add(p, p->span + (uint32_t)span, u->from - p->start, visible(u->from, u->to) - p->start);
}

void kr_pyramid_mark(struct kr_pyramid *p, uint64_t t)
{
    float *count = column(p, p->mark);
    if (count && t / p->width < p->buckets)
        count[t / p->width] += 1;
}

static bool open_counter(struct kr_pyramid *p, uint32_t c)
{
    if (p->no_memory || p->low[c])
        return !p->no_memory;
    p->low[c] = malloc(p->buckets * sizeof **p->low);
    p->high[c] = malloc(p->buckets * sizeof **p->high);
    p->no_memory = !p->low[c] || !p->high[c];
    for (uint32_t b = 0; !p->no_memory && b < p->buckets; b++) {
        p->low[c][b] = 1;
        p->high[c][b] = 0;
    }
    return !p->no_memory;
}

void kr_pyramid_counter(struct kr_pyramid *p, int32_t counter, uint64_t t, int32_t value)
{
    uint64_t b = t / p->width;
    if (counter < 0 || b >= p->buckets || !open_counter(p, (uint32_t)counter))
        return;
    int32_t *low = &p->low[counter][b], *high = &p->high[counter][b];
    bool fresh = *low > *high;
    if (fresh || value < *low)
        *low = value;
    if (fresh || value > *high)
        *high = value;
}

/* ---- writing ---- */

/* 255ths, rounded up: what is there is never shown as nothing. */
static uint8_t share_byte(float counts, uint64_t width)
{
    float v = ceilf(counts * 255.0f / (float)width);
    return v >= 255.0f ? 255 : (uint8_t)v;
}

static void write_share(const struct kr_pyramid *p, uint32_t c, uint32_t first, uint32_t n,
                        struct kr_buf *out)
{
    const float *share = p->share[c];
    for (uint32_t b = first; b < first + n; b++)
        kr_byte(out, !share         ? 0
                     : c == p->mark ? share_byte(share[b], 255)
                                    : share_byte(share[b], p->width));
}

static void write_limits(const struct kr_pyramid *p, int32_t *const *values, uint32_t c,
                         int32_t none, uint32_t first, uint32_t n, struct kr_buf *out)
{
    for (uint32_t b = first; b < first + n; b++)
        kr_signed(out, p->low[c] ? values[c][b] : none);
}

static void write_tile(const struct kr_pyramid *p, uint32_t first, uint32_t n, struct kr_buf *out)
{
    for (uint32_t c = 0; c < p->columns; c++)
        write_share(p, c, first, n, out);
    for (uint32_t c = 0; c < p->counters; c++) {
        write_limits(p, p->low, c, 1, first, n, out);
        write_limits(p, p->high, c, 0, first, n, out);
    }
}

/* Turns a level into the next coarser one, in place. */
static void halve(struct kr_pyramid *p)
{
    uint32_t next = up(p->buckets);
    for (uint32_t c = 0; c < p->columns; c++) {
        for (uint32_t b = 0; p->share[c] && b < next; b++) {
            float sum = 0;
            for (uint32_t k = b * FACTOR; k < (b + 1) * FACTOR && k < p->buckets; k++)
                sum += p->share[c][k];
            p->share[c][b] = sum;
        }
    }
    for (uint32_t c = 0; c < p->counters; c++) {
        for (uint32_t b = 0; p->low[c] && b < next; b++) {
            int32_t low = 1, high = 0;
            for (uint32_t k = b * FACTOR; k < (b + 1) * FACTOR && k < p->buckets; k++) {
                if (p->low[c][k] > p->high[c][k])
                    continue;
                bool fresh = low > high;
                low = fresh || p->low[c][k] < low ? p->low[c][k] : low;
                high = fresh || p->high[c][k] > high ? p->high[c][k] : high;
            }
            p->low[c][b] = low;
            p->high[c][b] = high;
        }
    }
    p->width *= FACTOR;
    p->buckets = next;
}

int kr_pyramid_write(struct kr_pyramid *p, kr_block_sink *sink, void *u)
{
    for (unsigned level = 0; !p->no_memory; level++) {
        for (uint32_t first = 0; first < p->buckets; first += KR_TILE) {
            struct kr_buf bytes = {0};
            char name[32];
            uint32_t n = p->buckets - first < KR_TILE ? p->buckets - first : KR_TILE;
            snprintf(name, sizeof name, "l%u-%u", level, first / KR_TILE);
            write_tile(p, first, n, &bytes);
            int status = bytes.failed ? -1 : sink(u, name, &bytes);
            kr_buf_free(&bytes);
            if (status < 0)
                return -1;
        }
        if (p->buckets <= KR_TILE)
            return 0;
        halve(p);
    }
    return -1;
}

void kr_pyramid_free(struct kr_pyramid *p)
{
    if (!p)
        return;
    for (uint32_t c = 0; p->share && c < p->columns; c++)
        free(p->share[c]);
    for (uint32_t c = 0; c < p->counters; c++) {
        if (p->low)
            free(p->low[c]);
        if (p->high)
            free(p->high[c]);
    }
    free(p->share);
    free(p->low);
    free(p->high);
    free(p);
}
