/* SPDX-License-Identifier: MIT */
/* The last seconds of a run, fed by the model while it grows (live.h).
 *
 * A chunk is closed when it has its events; the last one is open. What has not ended yet (a task's
 * present state) is added when a chunk is asked for, from what the model knows at that instant. */
#include "report/live.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kr_live {
    pthread_mutex_t lock; /* everything below */
    struct kr_survey s;   /* rows, values, gaps; its chunks are made for each index */
    kymo_model *m;        /* NULL when the run is over */
    struct kr_pieces *piece[KR_LIVE_CHUNKS];
    struct kr_chunk chunk[KR_LIVE_CHUNKS];
    uint32_t first, n;              /* number of the oldest chunk that is kept; how many */
    uint64_t begin[KYMO_TASK_NONE]; /* by id: when its present state began */
    uint64_t now, keep;             /* newest moment, relative; counts that are kept */
    struct kymo_info info;
    char reason[32];
};

static uint32_t slot(uint32_t number)
{
    return number % KR_LIVE_CHUNKS;
}

static uint64_t chunk_end(const struct kr_live *l, uint32_t number)
{
    return number + 1 < l->first + l->n ? l->chunk[slot(number + 1)].from : UINT64_MAX;
}

/* ---- chunks come and go ---- */

static void drop_oldest(struct kr_live *l)
{
    assert(l->n > 0);
    kr_pieces_free(l->piece[slot(l->first)]);
    l->piece[slot(l->first)] = NULL;
    l->first++;
    l->n--;
}

static void open_chunk(struct kr_live *l, uint64_t from)
{
    if (l->n == KR_LIVE_CHUNKS)
        drop_oldest(l);
    uint32_t number = l->first + l->n;
    struct kr_pieces *p = kr_pieces_new(from);
    if (!p) {
        l->s.no_memory = true;
        return;
    }
    l->piece[slot(number)] = p;
    l->chunk[slot(number)] = (struct kr_chunk){.from = from, .first = l->s.events, .wanted = true};
    l->n++;
}

static void forget(struct kr_live *l)
{
    while (l->n > 1 && l->chunk[slot(l->first + 1)].from + l->keep < l->now)
        drop_oldest(l);
}

/* ---- the sink ---- */

/* Calls the statement for each kept chunk p, number c, that [from, to] touches. */
#define FOR_KEPT(l, from_, to_)                                                                    \
    for (uint32_t c = (l)->first; c < (l)->first + (l)->n; c++)                                    \
        if ((l)->chunk[slot(c)].from <= (to_) && chunk_end(l, c) > (from_))

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct kr_live *l = u;
    l->s.start = kymo_model_start(m);
    uint64_t t = e->time - l->s.start;
    l->now = t > l->now ? t : l->now;
    const struct kr_chunk *last = l->n ? &l->chunk[slot(l->first + l->n - 1)] : NULL;
    if (!last || (last->events >= KR_LIVE_EVENTS && t > last->from))
        open_chunk(l, last ? t : 0);
    if (l->s.no_memory)
        return;
    uint32_t number = l->first + l->n - 1;
    l->chunk[slot(number)].events++;
    l->s.events++;
    kr_pieces_event(l->piece[slot(number)], e, l->s.start);
    kr_values_event(l->s.values, l->s.trace, e);
    enum kr_event_kind kind = kr_event_kind(l->s.trace, e->code);
    l->s.marks += kind == KR_MARK;
    if (kind == KR_COUNTER)
        kr_pieces_counter(l->piece[slot(number)],
                          kr_counter(&l->s.rows, kr_field(l->s.trace, e, "tag")), t,
                          (int32_t)kr_field(l->s.trace, e, "value"));
}

static bool waits_for_mutex(const kymo_model *m, const struct kymo_interval *i)
{
    const struct kymo_object *o = i->state == KYMO_BLOCKED ? kymo_model_object(m, i->object) : NULL;
    return o && o->kind == KYMO_OBJ_MUTEX;
}

static void note_object(struct kr_live *l, uint32_t addr)
{
    int32_t object = kr_object(&l->s.rows, addr);
    if (object >= 0)
        l->s.rows.objects[object].used = true;
}

static void on_interval(void *u, const kymo_model *m, const struct kymo_interval *i)
{
    struct kr_live *l = u;
    if (i->task >= KYMO_TASK_NONE)
        return;
    if (!i->continues)
        l->begin[i->task] = i->from;
    if (i->state == KYMO_BLOCKED)
        note_object(l, i->object);
    bool mutex = waits_for_mutex(m, i);
    FOR_KEPT(l, i->from - l->s.start, i->to - l->s.start)
    kr_pieces_interval(l->piece[slot(c)], &l->s.rows, i, mutex, l->begin[i->task], l->s.start,
                       chunk_end(l, c));
}

static void on_isr(void *u, const kymo_model *m, const struct kymo_isr *i)
{
    struct kr_live *l = u;
    (void)m;
    FOR_KEPT(l, i->from - l->s.start, i->to - l->s.start)
    kr_pieces_isr(l->piece[slot(c)], &l->s.rows, i, l->s.start, chunk_end(l, c));
}

static void on_hold(void *u, const kymo_model *m, const struct kymo_hold *h)
{
    struct kr_live *l = u;
    (void)m;
    note_object(l, h->object);
    FOR_KEPT(l, h->from - l->s.start, h->to - l->s.start)
    kr_pieces_hold(l->piece[slot(c)], &l->s.rows, h, l->s.start, chunk_end(l, c));
}

static void on_span(void *u, const kymo_model *m, const struct kymo_user_span *span)
{
    struct kr_live *l = u;
    (void)m;
    FOR_KEPT(l, span->from - l->s.start, span->to - l->s.start)
    kr_pieces_span(l->piece[slot(c)], &l->s.rows, span, l->s.start, chunk_end(l, c));
}

static void on_gap(void *u, const kymo_model *m, const struct kymo_gap *g)
{
    struct kr_live *l = u;
    (void)m;
    kr_survey_gap(&l->s, g);
}

static void on_end(void *u, const kymo_model *m, uint64_t time)
{
    struct kr_live *l = u;
    if (l->s.events && time - l->s.start > l->now)
        l->now = time - l->s.start;
    kr_rows_name(&l->s.rows, m);
    kr_values_keep(l->s.values, m);
}

/* ---- life ---- */

struct kr_live *kr_live_new(kymo_trace *t, const char *title, double seconds,
                            struct kymo_error *err)
{
    static const struct kymo_sink sink = {.event = on_event,
                                          .interval = on_interval,
                                          .isr = on_isr,
                                          .hold = on_hold,
                                          .span = on_span,
                                          .gap = on_gap,
                                          .end = on_end};
    struct kr_live *l = calloc(1, sizeof *l);
    snprintf(err->text, sizeof err->text, "%s: out of memory", title);
    if (!l)
        return NULL;
    pthread_mutex_init(&l->lock, NULL);
    l->info = *kymo_get_info(t);
    l->info.ended = false;
    l->s.trace = t;
    l->s.title = title;
    l->s.info = &l->info;
    kr_rows_init(&l->s.rows);
    kr_task(&l->s.rows, KYMO_TASK_IDLE);
    l->s.findings = kr_findings_new();
    l->s.values = kr_values_new();
    l->keep = (uint64_t)(seconds * (double)(l->info.clock_hz ? l->info.clock_hz : 1));
    if (l->s.findings && l->s.values)
        l->m = kymo_model_begin(t, &sink, l, err);
    if (l->m)
        return l;
    kr_live_free(l);
    return NULL;
}

int kr_live_feed(struct kr_live *l, uint64_t limit, struct kymo_error *err)
{
    pthread_mutex_lock(&l->lock);
    int r = kymo_model_feed(l->m, limit, err);
    forget(l);
    if (l->s.no_memory || l->s.rows.no_memory) {
        snprintf(err->text, sizeof err->text, "%s: out of memory", l->s.title);
        r = -1;
    }
    pthread_mutex_unlock(&l->lock);
    return r;
}

void kr_live_end(struct kr_live *l, const char *reason, int exit)
{
    pthread_mutex_lock(&l->lock);
    kymo_model_end(l->m);
    l->m = NULL;
    l->info.ended = true;
    l->info.end_exit = exit;
    snprintf(l->reason, sizeof l->reason, "%s", reason ? reason : "an unknown cause");
    l->info.end_reason = l->reason;
    pthread_mutex_unlock(&l->lock);
}

uint64_t kr_live_events(struct kr_live *l)
{
    pthread_mutex_lock(&l->lock);
    uint64_t events = l->s.events;
    pthread_mutex_unlock(&l->lock);
    return events;
}

void kr_live_free(struct kr_live *l)
{
    if (!l)
        return;
    if (l->m)
        kymo_model_end(l->m);
    while (l->n)
        drop_oldest(l);
    pthread_mutex_destroy(&l->lock);
    kr_survey_free(&l->s);
    free(l);
}

/* ---- blocks ---- */

/* What a task does at this instant, as an interval up to now. */
static struct kymo_interval present(const struct kr_live *l, const struct kymo_task *t)
{
    struct kymo_interval i = {.from = t->since,
                              .to = l->now + l->s.start,
                              .task = t->id,
                              .state = t->state,
                              .certainty = t->certainty,
                              .level = t->level,
                              .base = t->base,
                              .object = t->object,
                              .holder = KYMO_TASK_NONE,
                              .waker = t->waker,
                              .reason = t->waker < KYMO_TASK_NONE ? 1 : 0xFF};
    const struct kymo_object *o =
        t->state == KYMO_BLOCKED ? kymo_model_object(l->m, t->object) : NULL;
    if (o && o->kind == KYMO_OBJ_MUTEX)
        i.holder = o->owner;
    for (unsigned h = 0; h < l->info.harts; h++)
        if (t->state == KYMO_RUNNING && kymo_model_running(l->m, h) == t->id)
            i.hart = (uint16_t)h;
    return i;
}

static bool exists(const struct kymo_task *t)
{
    return t->state != KYMO_DEAD && (t->id != KYMO_TASK_IDLE || t->state == KYMO_RUNNING);
}

static void add_present(struct kr_live *l, struct kr_pieces *p, uint64_t end)
{
    const struct kymo_task *t = NULL;
    while (l->m && (t = kymo_model_next_task(l->m, t))) {
        if (!exists(t) || t->id >= KYMO_TASK_NONE || t->since < l->s.start)
            continue;
        struct kymo_interval i = present(l, t);
        kr_pieces_interval(p, &l->s.rows, &i, waits_for_mutex(l->m, &i), t->since, l->s.start, end);
    }
}

static bool chunk_block(struct kr_live *l, uint32_t number, struct kr_buf *out)
{
    if (number < l->first || number >= l->first + l->n)
        return false;
    uint64_t end = chunk_end(l, number);
    struct kr_pieces *copy = kr_pieces_copy(l->piece[slot(number)]);
    if (copy) {
        add_present(l, copy, end);
        kr_pieces_write(copy, &l->s.rows, out);
        out->failed |= kr_pieces_failed(copy);
    }
    kr_pieces_free(copy);
    return copy && !out->failed;
}

static void index_block(struct kr_live *l, struct kr_buf *out)
{
    struct kr_chunk list[KR_LIVE_CHUNKS];
    struct kr_index_extra extra = {.live = true, .first_chunk = l->first};
    for (uint32_t i = 0; i < l->n; i++)
        list[i] = l->chunk[slot(l->first + i)];
    if (l->m) {
        kr_rows_name(&l->s.rows, l->m);
        kr_values_keep(l->s.values, l->m);
    }
    l->s.chunks = list;
    l->s.n_chunks = l->n;
    l->s.duration = l->now ? l->now : 1;
    kr_index_json(out, &l->s, &extra);
    l->s.chunks = NULL;
    l->s.n_chunks = 0;
}

bool kr_live_block(struct kr_live *l, const char *name, struct kr_buf *out)
{
    char *rest;
    bool found = true;
    pthread_mutex_lock(&l->lock);
    if (strcmp(name, "index") == 0)
        index_block(l, out);
    else if (name[0] == 'c' && name[1] >= '0' && name[1] <= '9')
        found = chunk_block(l, (uint32_t)strtoul(name + 1, &rest, 10), out);
    else
        found = false;
    pthread_mutex_unlock(&l->lock);
    if (found && !out->failed)
        return true;
    kr_buf_free(out);
    return false;
}
