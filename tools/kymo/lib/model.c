/* SPDX-License-Identifier: MIT */
/* Owns the model's life, its tasks and objects, the intervals, and what loss does to them. */
#include "model.h"

#include <stdlib.h>

enum { PROGRESS_EVENTS = 1 << 20 };

/* ---- tasks ---- */

/* A task appears: if it was not created before our eyes, what it did so far is not known. */
static struct km_task *new_task(kymo_model *m, uint32_t id, unsigned hart)
{
    struct km_task *t = calloc(1, sizeof *t);
    if (!t) {
        m->no_memory = true;
        return NULL;
    }
    t->pub = (struct kymo_task){.id = id,
                                .level = 0xFF,
                                .base = 0xFF,
                                .alive = true,
                                .certainty = KYMO_NOT_KNOWN,
                                .since = m->unknown_since,
                                .waker = KYMO_TASK_NONE};
    t->now = (struct kymo_interval){.from = m->unknown_since,
                                    .task = id,
                                    .hart = (uint16_t)hart,
                                    .level = 0xFF,
                                    .base = 0xFF,
                                    .certainty = KYMO_NOT_KNOWN,
                                    .holder = KYMO_TASK_NONE,
                                    .waker = KYMO_TASK_NONE,
                                    .reason = 0xFF};
    t->open = id != KYMO_TASK_IDLE && id != KYMO_TASK_BOOT;
    return t;
}

static bool add_in_order(kymo_model *m, struct km_task *t)
{
    if (m->tasks == m->order_room) {
        unsigned room = m->order_room ? 2 * m->order_room : 16;
        struct km_task **p = realloc(m->order, room * sizeof *p);
        if (!p)
            return false;
        m->order = p;
        m->order_room = room;
    }
    m->order[m->tasks++] = t;
    return true;
}

static struct km_task *add_task(kymo_model *m, uint32_t id, unsigned hart)
{
    void **place = kymo_ids_place(&m->task, id);
    struct km_task *t = place ? new_task(m, id, hart) : NULL;
    if (!t || (!*place && !add_in_order(m, t))) {
        m->no_memory = true;
        free(t);
        return NULL;
    }
    if (!*place)
        *place = t;
    if (id == KYMO_TASK_IDLE)
        m->hart[hart].idle = t; /* each hart has one; the first stands for all */
    return t;
}

struct km_task *km_task(kymo_model *m, uint32_t id, unsigned hart)
{
    id &= 0xFFFF;
    struct km_task *t = id == KYMO_TASK_IDLE ? m->hart[hart].idle : kymo_ids_get(&m->task, id);
    return kymo_likely(t != NULL) ? t : add_task(m, id, hart);
}

/* ---- objects ---- */

static unsigned place_of(uint32_t addr, unsigned slots)
{
    return (addr * 2654435761u >> 7) & (slots - 1);
}

struct km_object *km_find_object(const kymo_model *m, uint32_t addr)
{
    if (!m->slots)
        return NULL;
    for (unsigned i = place_of(addr, m->slots);; i = (i + 1) & (m->slots - 1))
        if (!m->slot[i] || m->slot[i]->pub.addr == addr)
            return m->slot[i];
}

static bool grow_objects(kymo_model *m)
{
    unsigned slots = m->slots ? m->slots * 2 : 64;
    struct km_object **slot = calloc(slots, sizeof *slot);
    if (!slot)
        return false;
    for (struct km_object *o = m->first; o; o = o->next) {
        unsigned i = place_of(o->pub.addr, slots);
        while (slot[i])
            i = (i + 1) & (slots - 1);
        slot[i] = o;
    }
    free(m->slot);
    m->slot = slot;
    m->slots = slots;
    return true;
}

struct km_object *km_object(kymo_model *m, uint32_t addr, unsigned kind)
{
    struct km_object *o = km_find_object(m, addr);
    if (kymo_likely(o != NULL)) {
        o->pub.kind = kind ? (uint8_t)kind : o->pub.kind;
        return o;
    }
    if (2 * m->objects >= m->slots && !grow_objects(m)) {
        m->no_memory = true;
        return NULL;
    }
    o = calloc(1, sizeof *o);
    if (!o) {
        m->no_memory = true;
        return NULL;
    }
    o->pub = (struct kymo_object){
        .addr = addr, .kind = (uint8_t)kind, .alive = true, .owner = KYMO_TASK_NONE};
    unsigned i = place_of(addr, m->slots);
    while (m->slot[i])
        i = (i + 1) & (m->slots - 1);
    m->slot[i] = o;
    m->objects++;
    if (m->last)
        m->last->next = o;
    else
        m->first = o;
    m->last = o;
    return o;
}

void km_wait(struct km_task *t, struct km_object *o)
{
    if (t->wait == o)
        return;
    km_unwait(t);
    if (!o)
        return;
    t->wait = o;
    t->wait_prev = NULL;
    t->wait_next = o->first;
    if (o->first)
        o->first->wait_prev = t;
    o->first = t;
    if (++o->pub.waiters > o->held_waiters)
        o->held_waiters = o->pub.waiters;
}

void km_unwait(struct km_task *t)
{
    struct km_object *o = t->wait;
    if (!o)
        return;
    if (t->wait_prev)
        t->wait_prev->wait_next = t->wait_next;
    else
        o->first = t->wait_next;
    if (t->wait_next)
        t->wait_next->wait_prev = t->wait_prev;
    t->wait = NULL;
    o->pub.waiters--;
}

/* ---- intervals ---- */

uint64_t km_irq_time(const kymo_model *m, const struct km_hart *h)
{
    return h->irq_total + (h->depth ? m->time - h->irq_since : 0);
}

struct kymo_interval km_base(const kymo_model *m, const struct km_task *t, unsigned state,
                             unsigned hart)
{
    return (struct kymo_interval){.from = m->time,
                                  .task = t->pub.id,
                                  .hart = (uint16_t)hart,
                                  .state = (uint8_t)state,
                                  .level = t->pub.level,
                                  .base = t->pub.base,
                                  .reason = 0xFF,
                                  .holder = KYMO_TASK_NONE,
                                  .waker = KYMO_TASK_NONE,
                                  .certainty =
                                      state == KYMO_UNKNOWN ? KYMO_NOT_KNOWN : KYMO_CERTAIN};
}

/* Ends `now` at `at`. A stretch of no length that says nothing new is not told. */
static void close_interval(kymo_model *m, struct km_task *t, uint64_t at,
                           const struct kymo_interval *n)
{
    struct kymo_interval *i = &t->now;
    if (!t->open || i->state == KYMO_DEAD || (i->state == KYMO_UNKNOWN && i->from >= at))
        return;
    i->to = at > i->from ? at : i->from;
    i->next = n ? n->state : KYMO_UNKNOWN;
    if (i->state == KYMO_RUNNING) {
        i->irq_time = km_irq_time(m, &m->hart[i->hart]) - t->irq_mark;
        if (i->irq_time > i->to - i->from)
            i->irq_time = i->to - i->from;
        i->preempted = n && n->state == KYMO_READY && n->preempted;
    }
    if (m->sink.interval)
        m->sink.interval(m->u, m, i);
}

void km_set(kymo_model *m, struct km_task *t, struct kymo_interval n)
{
    n.continues = t->open && t->now.state == n.state && n.state != KYMO_UNKNOWN;
    close_interval(m, t, m->time, &n);
    bool shown = t->pub.id != KYMO_TASK_IDLE && t->pub.id != KYMO_TASK_BOOT;
    t->open = n.state == KYMO_RUNNING || shown;
    t->now = n;
    if (n.state == KYMO_RUNNING)
        t->irq_mark = km_irq_time(m, &m->hart[n.hart]);
    if (!n.continues)
        t->pub.since = n.from;
    t->pub.state = n.state;
    t->pub.certainty = n.certainty;
    t->pub.object = n.object;
    t->pub.waker = n.waker;
}

void km_levels(kymo_model *m, struct km_task *t, unsigned level, unsigned base)
{
    if (t->pub.level == level && t->pub.base == base)
        return;
    t->pub.level = (uint8_t)level;
    t->pub.base = (uint8_t)base;
    if (!t->open || t->now.state == KYMO_DEAD || t->now.state == KYMO_UNKNOWN)
        return;
    if (t->now.from == m->time) {
        t->now.level = (uint8_t)level;
        t->now.base = (uint8_t)base;
        return;
    }
    struct kymo_interval n = t->now;
    n.from = m->time;
    n.level = (uint8_t)level;
    n.base = (uint8_t)base;
    km_set(m, t, n);
}

/* ---- loss ---- */

static void lose_task(kymo_model *m, struct km_task *t, uint64_t from)
{
    bool already =
        t->open && t->now.state == KYMO_UNKNOWN; /* its stretch goes on: told once, at its end */
    if (!already && (t->now.state != KYMO_DEAD || t->pub.alive)) {
        struct kymo_interval n = km_base(m, t, KYMO_UNKNOWN, t->now.hart);
        uint64_t begin = from > t->now.from ? from : t->now.from;
        close_interval(m, t, begin, &n);
        n.from = begin;
        n.level = n.base = 0xFF;
        t->open = t->pub.id != KYMO_TASK_IDLE && t->pub.id != KYMO_TASK_BOOT;
        t->now = n;
        t->pub.state = KYMO_UNKNOWN;
        t->pub.since = n.from;
    }
    t->pub.level = t->pub.base = 0xFF;
    t->pub.certainty = KYMO_NOT_KNOWN;
    t->pub.object = 0;
    t->pub.waker = KYMO_TASK_NONE;
    km_unwait(t);
    t->pending = NULL;
    t->ended = false;
    t->spans = 0;
}

/* Only a hart's own events take its task away from it, so what runs on the others is still known;
 * not at which level. */
static bool runs_elsewhere(const kymo_model *m, const struct km_task *t, unsigned hart)
{
    for (unsigned i = 0; i < m->t->cursors; i++)
        if (i != hart && m->hart[i].running == t)
            return true;
    return false;
}

static void lose_or_keep(kymo_model *m, struct km_task *t, uint64_t from, unsigned hart)
{
    if (runs_elsewhere(m, t, hart))
        km_levels(m, t, 0xFF, 0xFF);
    else
        lose_task(m, t, from);
}

void km_lose(kymo_model *m, uint64_t from, unsigned hart)
{
    struct km_hart *h = &m->hart[hart];
    uint64_t at = m->time;
    m->time = from > m->time ? from : m->time;
    for (unsigned i = 0; i < m->tasks; i++)
        lose_or_keep(m, m->order[i], from, hart);
    if (h->idle && h->idle != kymo_ids_get(&m->task, KYMO_TASK_IDLE))
        lose_task(m, h->idle, from);
    h->irq_total = km_irq_time(m, h);
    h->running = NULL;
    h->depth = 0;
    h->yield = 0;
    h->yield_held = false;
    for (struct km_object *o = m->first; o; o = o->next) {
        if (o->owner || !o->owner_known)
            o->held_certainty = KYMO_POSSIBLE;
        o->owner = NULL;
        o->owner_known = false;
        o->held_from = from;
        o->pub.owner = KYMO_TASK_NONE;
    }
    m->time = at;
    m->unknown_since = from;
}

static void take_gap(kymo_model *m, const struct kymo_gap *g)
{
    if (!m->any) {
        m->any = true;
        m->start = m->time = m->unknown_since = g->from;
    }
    km_lose(m, g->from > m->start ? g->from : m->start, g->hart);
    if (m->sink.gap)
        m->sink.gap(m->u, m, g);
}

/* ---- life ---- */

kymo_model *kymo_model_begin(kymo_trace *t, const struct kymo_sink *sink, void *u,
                             struct kymo_error *err)
{
    kymo_model *m = calloc(1, sizeof *m);
    if (!m) {
        kymo_set_error(err, "%s: no memory for the model", t->source.path);
        return NULL;
    }
    m->t = t;
    m->sink = *sink;
    m->u = u;
    if (kymo_rewind(t, err)) {
        free(m);
        return NULL;
    }
    return m;
}

static void take_header(kymo_model *m, struct kymo_cursor *c, const struct kymo_event *e)
{
    struct kymo_block_state b = {.time = e->time,
                                 .seq = e->seq,
                                 .running = c->running,
                                 .causes = c->causes,
                                 .hart = c->hart,
                                 .mask = c->mask,
                                 .depth = c->depth,
                                 .level = c->level};
    c->fresh = false;
    if (m->sink.block)
        m->sink.block(m->u, m, &b);
    km_header(m, &b);
}

static void take_event(kymo_model *m, const struct kymo_event *e)
{
    if (kymo_unlikely(!m->any)) {
        m->any = true;
        m->start = m->unknown_since = e->time;
    }
    m->time = e->time;
    if (kymo_unlikely(m->t->last->fresh))
        take_header(m, m->t->last, e);
    if (kymo_likely(m->t->known[e->code]))
        km_event(m, e);
    if (m->sink.event)
        m->sink.event(m->u, m, e);
}

static void tell_progress(const kymo_trace *t)
{
    if (t->progress && t->source.size)
        t->progress(t->progress_u, (double)t->cursor->offset / (double)t->source.size);
}

int kymo_model_feed(kymo_model *m, uint64_t limit, struct kymo_error *err)
{
    struct kymo_event e;
    struct kymo_gap g;
    for (uint64_t n = 0; !limit || n < limit;) {
        int r = kymo_next(m->t, &e, &g, err);
        if (kymo_likely(r == KYMO_EVENT)) {
            take_event(m, &e);
            n++;
        } else if (r == KYMO_GAP) {
            take_gap(m, &g);
        } else {
            return r;
        }
        if (kymo_unlikely(m->no_memory))
            return kymo_set_error(err, "%s: no memory for the model", m->t->source.path);
    }
    tell_progress(m->t);
    return KYMO_EVENT;
}

static void free_model(kymo_model *m)
{
    for (unsigned i = 0; i < m->t->cursors; i++)
        if (m->hart[i].idle != kymo_ids_get(&m->task, KYMO_TASK_IDLE))
            free(m->hart[i].idle);
    km_free_names(m);
    for (unsigned i = 0; i < m->tasks; i++)
        free(m->order[i]);
    for (struct km_object *o = m->first, *next; o; o = next) {
        next = o->next;
        free(o);
    }
    kymo_ids_free(&m->task);
    free(m->order);
    free(m->slot);
    free(m);
}

static void close_hold(kymo_model *m, struct km_object *o)
{
    struct kymo_hold h = {.from = o->held_from,
                          .to = m->time,
                          .object = o->pub.addr,
                          .waiters = o->held_waiters,
                          .certainty = KYMO_POSSIBLE};
    if (!o->owner || !m->sink.hold)
        return;
    h.task = o->owner->pub.id;
    m->sink.hold(m->u, m, &h);
}

static void close_all(kymo_model *m)
{
    uint64_t end = m->t->info.end_time;
    if (end > m->time)
        m->time = end;
    for (unsigned i = 0; i < m->t->cursors; i++) {
        struct km_hart *h = &m->hart[i];
        if (h->masked && m->sink.gap) {
            struct kymo_gap g = {.from = h->masked_since,
                                 .to = m->time,
                                 .events = UINT64_MAX,
                                 .cause = KYMO_LOSS_MASKED,
                                 .hart = (uint16_t)i};
            m->sink.gap(m->u, m, &g);
        }
        if (h->idle && h->idle != kymo_ids_get(&m->task, KYMO_TASK_IDLE))
            close_interval(m, h->idle, m->time, NULL);
    }
    for (unsigned i = 0; i < m->tasks; i++)
        close_interval(m, m->order[i], m->time, NULL);
    for (struct km_object *o = m->first; o; o = o->next)
        close_hold(m, o);
}

void kymo_model_end(kymo_model *m)
{
    if (!m)
        return;
    if (m->any)
        close_all(m);
    if (m->sink.end)
        m->sink.end(m->u, m, m->time);
    free_model(m);
}

int kymo_model_run(kymo_trace *t, const struct kymo_sink *sink, void *u, struct kymo_error *err)
{
    kymo_model *m = kymo_model_begin(t, sink, u, err);
    if (!m)
        return -1;
    int r;
    while ((r = kymo_model_feed(m, PROGRESS_EVENTS, err)) == KYMO_EVENT)
        ;
    if (r < 0)
        m->sink = (struct kymo_sink){0};
    kymo_model_end(m);
    return r < 0 ? r : 0;
}

/* ---- what is known ---- */

const kymo_trace *kymo_model_trace(const kymo_model *m)
{
    return m->t;
}

uint64_t kymo_model_start(const kymo_model *m)
{
    return m->start;
}

uint64_t kymo_model_time(const kymo_model *m)
{
    return m->time;
}

uint32_t kymo_model_running(const kymo_model *m, unsigned hart)
{
    const struct km_task *t = hart < m->t->cursors ? m->hart[hart].running : NULL;
    return t ? t->pub.id : KYMO_TASK_NONE;
}

unsigned kymo_model_depth(const kymo_model *m, unsigned hart)
{
    return hart < m->t->cursors ? m->hart[hart].depth : 0;
}

const struct kymo_task *kymo_model_task(const kymo_model *m, uint32_t id)
{
    const struct km_task *t = id <= KYMO_TASK_BOOT ? kymo_ids_get(&m->task, id) : NULL;
    return t ? &t->pub : NULL;
}

const struct kymo_task *kymo_model_next_task(const kymo_model *m, const struct kymo_task *prev)
{
    uint32_t id = prev ? prev->id + 1 : 0;
    const struct km_task *t = kymo_ids_next(&m->task, &id);
    return t ? &t->pub : NULL;
}

const struct kymo_object *kymo_model_object(const kymo_model *m, uint32_t addr)
{
    const struct km_object *o = km_find_object(m, addr);
    return o ? &o->pub : NULL;
}

const struct kymo_object *kymo_model_next_object(const kymo_model *m,
                                                 const struct kymo_object *prev)
{
    const struct km_object *o =
        prev ? ((const struct km_object *)prev)->next : m->first; /* pub is its first member */
    return o ? &o->pub : NULL;
}
