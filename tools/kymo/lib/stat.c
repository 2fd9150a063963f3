/* SPDX-License-Identifier: MIT */
/* Owns the statistics (kymo_stat.h): a sink of the model that adds up intervals. The words used
 * there are defined there; what follows from which interval is decided by the functions named on_*.
 */
#include "kymo_stat.h"
#include "stat.h"
#include "table.h"

#include <stdlib.h>

/* ---- places ---- */

static struct km_stat_task *add_task(struct km_stat *c, uint32_t id)
{
    void **place = kymo_ids_place(&c->task, id);
    struct km_stat_task *t = place ? calloc(1, sizeof *t) : NULL;
    if (!t) {
        c->no_memory = true;
        return NULL;
    }
    t->pub.id = id;
    t->pub.first = UINT64_MAX;
    t->pub.stack_left = UINT32_MAX;
    c->tasks++;
    return *place = t;
}

static struct km_stat_task *task_of(struct km_stat *c, uint32_t id)
{
    struct km_stat_task *t = kymo_ids_get(&c->task, id & 0xFFFF);
    return kymo_likely(t != NULL) ? t : add_task(c, id & 0xFFFF);
}

static struct kymo_stat_isr *isr_of(struct km_stat *c, unsigned cause, unsigned source)
{
    struct kymo_stat *s = c->s;
    struct kymo_stat_isr *last = c->recent_isr < s->isrs ? &s->isr[c->recent_isr] : NULL;
    if (last && last->cause == cause && last->source == source)
        return last;
    for (unsigned i = 0; i < s->isrs; i++)
        if (s->isr[i].cause == cause && s->isr[i].source == source)
            return &s->isr[c->recent_isr = i];
    struct kymo_stat_isr *p = realloc(s->isr, (s->isrs + 1) * sizeof *p);
    if (!p) {
        c->no_memory = true;
        return NULL;
    }
    s->isr = p;
    p[s->isrs] = (struct kymo_stat_isr){.cause = (uint8_t)cause, .source = (uint16_t)source};
    return &p[s->isrs++];
}

static struct kymo_stat_object *object_of(struct km_stat *c, const kymo_model *m, uint32_t addr)
{
    struct kymo_stat *s = c->s;
    if (c->recent < s->objects && s->object[c->recent].addr == addr)
        return &s->object[c->recent];
    for (unsigned i = 0; i < s->objects; i++)
        if (s->object[i].addr == addr) {
            c->recent = i;
            return &s->object[i];
        }
    struct kymo_stat_object *p = realloc(s->object, (s->objects + 1) * sizeof *p);
    if (!p) {
        c->no_memory = true;
        return NULL;
    }
    s->object = p;
    const struct kymo_object *o = kymo_model_object(m, addr);
    p[s->objects] = (struct kymo_stat_object){.addr = addr, .kind = o ? o->kind : 0};
    c->recent = s->objects;
    return &p[s->objects++];
}

static struct kymo_stat_wait *wait_of(struct km_stat *c, struct km_stat_task *t, uint32_t object,
                                      uint32_t holder)
{
    for (unsigned i = 0; i < t->pub.waits; i++)
        if (t->pub.wait[i].object == object && t->pub.wait[i].holder == holder)
            return &t->pub.wait[i];
    struct kymo_stat_wait *p = realloc(t->pub.wait, (t->pub.waits + 1) * sizeof *p);
    if (!p) {
        c->no_memory = true;
        return NULL;
    }
    t->pub.wait = p;
    p[t->pub.waits] = (struct kymo_stat_wait){.object = object, .holder = holder};
    return &p[t->pub.waits++];
}

/* ---- load ---- */

/* Twice as wide bins, half as many. */
static void widen(struct kymo_stat *s)
{
    for (unsigned i = 0; i < KYMO_LOAD_BINS / 2; i++) {
        s->load_busy[i] = s->load_busy[2 * i] + s->load_busy[2 * i + 1];
        s->load_unknown[i] = s->load_unknown[2 * i] + s->load_unknown[2 * i + 1];
    }
    for (unsigned i = KYMO_LOAD_BINS / 2; i < KYMO_LOAD_BINS; i++)
        s->load_busy[i] = s->load_unknown[i] = 0;
    s->load_width *= 2;
}

static void add_load(struct kymo_stat *s, uint64_t *bin, uint64_t from, uint64_t to)
{
    if (to <= from || from < s->load_from)
        return;
    while ((to - 1 - s->load_from) / s->load_width >= KYMO_LOAD_BINS)
        widen(s);
    for (uint64_t i = (from - s->load_from) / s->load_width; from < to; i++) {
        uint64_t end = s->load_from + (i + 1) * s->load_width;
        uint64_t upto = end < to ? end : to;
        bin[i] += upto - from;
        from = upto;
    }
}

/* ---- activations ---- */

static void activation_ends(struct km_stat *c, struct km_stat_task *t, uint64_t at)
{
    if (!t->active)
        return;
    t->active = false;
    if (at < c->s->from || at > c->s->to)
        return;
    kymo_dist_add(&t->pub.response, at - t->wake, at);
    kymo_dist_add(&t->pub.execution, t->executed, at);
}

static void activation_lost(struct km_stat_task *t)
{
    if (t->active)
        t->pub.response.unsure++;
    t->active = t->period_known = false;
    t->blocked_so_far = 0;
}

static void activation_begins(struct km_stat *c, struct km_stat_task *t, uint64_t at)
{
    bool inside = at >= c->s->from && at <= c->s->to;
    if (t->period_known && inside && t->wake >= c->s->from)
        kymo_dist_add(&t->pub.period, at - t->wake, at);
    t->active = inside;
    t->period_known = true;
    t->wake = at;
    t->executed = 0;
    t->started = false;
}

/* ---- intervals ---- */

static void on_ready(struct km_stat *c, struct km_stat_task *t, const struct kymo_interval *i)
{
    if (!i->continues && i->reason != 0xFF && !t->active && !t->in_mutex)
        activation_begins(c, t, i->from);
    if (!i->continues)
        t->ready_from = i->from;
    if (i->next != KYMO_RUNNING || i->to < c->s->from || i->to > c->s->to)
        return;
    kymo_dist_add(&t->pub.ready_wait, i->to - t->ready_from, i->to);
    if (t->active && !t->started)
        kymo_dist_add(&t->pub.latency, i->to - t->wake, i->to);
    t->started = true;
}

static void count_leave(struct kymo_stat_task *t, const struct kymo_interval *i)
{
    switch (i->next) {
    case KYMO_READY:
        t->preempted += i->preempted;
        t->yielded += !i->preempted;
        break;
    case KYMO_BLOCKED: t->waited++; break;
    case KYMO_DELAYED: t->slept++; break;
    case KYMO_SUSPENDED: t->suspends++; break;
    case KYMO_DEAD: t->ended++; break;
    default: break; /* its level changed, or a gap hides it */
    }
}

static void on_running(struct km_stat *c, struct km_stat_task *t, const struct kymo_interval *i)
{
    struct kymo_stat *s = c->s;
    if (!i->continues && filter_in(s, i->from))
        t->pub.switches++;
    if (filter_in(s, i->to))
        count_leave(&t->pub, i);
    t->executed += i->to - i->from - i->irq_time;
    if (i->next == KYMO_DEAD)
        activation_ends(c, t, i->to);
}

/* A wait that a change of holder or level cuts into intervals is one wait; its parts are told apart
 * by holder. */
static void on_blocked(struct km_stat *c, const kymo_model *m, struct km_stat_task *t,
                       const struct kymo_interval *i, uint64_t inside)
{
    const struct kymo_object *o = i->object ? kymo_model_object(m, i->object) : NULL;
    bool mutex = o && o->kind == KYMO_OBJ_MUTEX;
    t->in_mutex = mutex;
    if (!mutex)
        activation_ends(c, t, i->from);
    if (!i->continues)
        t->blocked_so_far = 0;
    t->blocked_so_far += i->to - i->from;
    bool over = i->next != KYMO_BLOCKED && i->next != KYMO_UNKNOWN;
    struct kymo_stat_wait *w = wait_of(c, t, i->object, i->holder);
    if (w) {
        w->count += !i->continues && filter_in(c->s, i->from);
        w->time += inside;
        if (inside > w->max) {
            w->max = inside;
            w->max_at = i->to;
            w->open = i->next == KYMO_UNKNOWN;
        }
    }
    if (over && filter_in(c->s, i->to))
        kymo_dist_add(&t->pub.blocking, t->blocked_so_far, i->to);
    struct kymo_stat_object *so = i->object ? object_of(c, m, i->object) : NULL;
    if (!so)
        return;
    so->longest = t->blocked_so_far > so->longest ? t->blocked_so_far : so->longest;
    so->waits += !i->continues && filter_in(c->s, i->from);
    if (over && filter_in(c->s, i->to))
        kymo_dist_add(&so->waiting, t->blocked_so_far, i->to);
}

static void add_state(struct km_stat *c, struct kymo_stat_task *t, const struct kymo_interval *i,
                      uint64_t from, uint64_t to)
{
    uint64_t inside = to - from, all = i->to - i->from;
    switch (i->state) {
    case KYMO_RUNNING:
        t->running += inside;
        /* Handlers are spread evenly over an interval that the stretch cuts. */
        t->irq += inside == all ? i->irq_time
                                : (uint64_t)((double)i->irq_time * (double)inside / (double)all);
        if (t->id != KYMO_TASK_IDLE)
            add_load(c->s, c->s->load_busy, from, to);
        break;
    case KYMO_READY: t->ready += inside; break;
    case KYMO_BLOCKED: t->blocked += inside; break;
    case KYMO_SUSPENDED: t->suspended += inside; break;
    case KYMO_DELAYED: t->delayed += inside; break;
    default: t->unknown += inside; break;
    }
}

static void on_interval(void *u, const kymo_model *m, const struct kymo_interval *i)
{
    struct km_stat *c = u;
    struct km_stat_task *t = task_of(c, i->task);
    uint64_t from = i->from > c->s->from ? i->from : c->s->from;
    uint64_t to = i->to < c->s->to ? i->to : c->s->to;
    if (!t)
        return;
    if (to > from) {
        add_state(c, &t->pub, i, from, to);
        t->pub.first = from < t->pub.first ? from : t->pub.first;
        t->pub.last = to;
    }
    if (i->state != KYMO_BLOCKED && i->state != KYMO_READY)
        t->in_mutex = false;
    switch (i->state) {
    case KYMO_RUNNING: on_running(c, t, i); break;
    case KYMO_READY: on_ready(c, t, i); break;
    case KYMO_BLOCKED: on_blocked(c, m, t, i, to > from ? to - from : 0); break;
    case KYMO_DELAYED:
    case KYMO_SUSPENDED: activation_ends(c, t, i->from); break;
    default: activation_lost(t); break;
    }
}

/* ---- the rest ---- */

static void on_isr(void *u, const kymo_model *m, const struct kymo_isr *i)
{
    struct km_stat *c = u;
    (void)m;
    if (!filter_in(c->s, i->to))
        return;
    struct kymo_stat_isr *r = isr_of(c, i->cause, i->source);
    if (!r)
        return;
    r->count++;
    r->nested += i->depth > 1;
    if (i->certainty == KYMO_CERTAIN)
        kymo_dist_add(&r->duration, i->own, i->to);
    else
        r->duration.unsure++;
}

static void on_hold(void *u, const kymo_model *m, const struct kymo_hold *h)
{
    struct km_stat *c = u;
    struct kymo_stat_object *o = filter_in(c->s, h->to) ? object_of(c, m, h->object) : NULL;
    if (!o)
        return;
    if (h->certainty == KYMO_CERTAIN)
        kymo_dist_add(&o->holding, h->to - h->from, h->to);
    else
        o->holding.unsure++;
    o->max_waiters = h->waiters > o->max_waiters ? h->waiters : o->max_waiters;
}

static void on_span(void *u, const kymo_model *m, const struct kymo_user_span *x)
{
    struct km_stat *c = u;
    struct kymo_stat *s = c->s;
    (void)m;
    if (!filter_in(s, x->to))
        return;
    unsigned i = 0;
    while (i < s->spans && (s->span[i].tag != x->tag || s->span[i].task != x->task))
        i++;
    if (i == s->spans) {
        struct kymo_stat_span *p = realloc(s->span, (s->spans + 1) * sizeof *p);
        if (!p) {
            c->no_memory = true;
            return;
        }
        s->span = p;
        p[s->spans++] = (struct kymo_stat_span){.tag = x->tag, .task = x->task};
    }
    kymo_dist_add(&s->span[i].duration, x->to - x->from, x->to);
}

/* The stretch begins where the model's knowledge does: at the first event, or at a gap before it.
 */
static void begin(struct km_stat *c, const kymo_model *m)
{
    struct kymo_stat *s = c->s;
    c->any = true;
    if (s->from < kymo_model_start(m))
        s->from = kymo_model_start(m);
    s->load_from = s->from;
    s->heap.certain = true;
}

static void on_gap(void *u, const kymo_model *m, const struct kymo_gap *g)
{
    struct km_stat *c = u;
    struct kymo_stat *s = c->s;
    if (!c->any)
        begin(c, m);
    if (g->to < s->from || g->from > s->to)
        return;
    uint64_t from = g->from > s->from ? g->from : s->from, to = g->to < s->to ? g->to : s->to;
    s->gaps[g->cause]++;
    s->heap.certain = false;
    s->gap_time += to - from;
    add_load(s, s->load_unknown, from, to);
    if (g->events == UINT64_MAX)
        s->uncounted[g->cause] = true;
    else
        s->lost[g->cause] += g->events;
}

static void on_memory(struct km_stat *c, const struct kymo_event *e)
{
    struct kymo_stat_heap *h = &c->s->heap;
    switch (e->code) {
    case KE_mem_alloc:
        if (!km_heap_alloc(&c->heap, h, kv_mem_alloc_ptr(e), kv_mem_alloc_size(e), e->time))
            c->no_memory = true;
        break;
    case KE_mem_free: km_heap_free(&c->heap, h, kv_mem_free_ptr(e), true); break;
    case KE_mem_fail: h->fails++; break;
    default: break;
    }
}

static void on_stack_low(struct km_stat *c, const struct kymo_event *e)
{
    struct km_stat_task *t = task_of(c, kv_stack_low_task(e));
    if (t && kv_stack_low_left(e) < t->pub.stack_left)
        t->pub.stack_left = kv_stack_low_left(e);
}

static void on_tick(struct km_stat *c, const struct kymo_event *e)
{
    struct kymo_stat_isr *r = filter_in(c->s, e->time) ? isr_of(c, c->tick_cause, 0) : NULL;
    if (r)
        kymo_dist_add(&r->late, kv_tick_late(e), e->time);
}

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct km_stat *c = u;
    struct kymo_stat *s = c->s;
    if (kymo_unlikely(!c->any))
        begin(c, m);
    s->events += filter_in(s, e->time);
    if (kymo_likely(e->code != KE_tick && e->code != KE_stack_low &&
                    (e->code < KE_mem_alloc || e->code > KE_mem_fail)))
        return;
    if (!kymo_known(kymo_model_trace(m), e->code))
        return;
    if (e->code == KE_tick)
        on_tick(c, e);
    else if (e->code == KE_stack_low)
        on_stack_low(c, e);
    else
        on_memory(c, e);
}

static char *copy(struct km_stat *c, const char *text)
{
    char *s = strdup(text ? text : "?");
    for (char *p = s; p && *p; p++) /* strings of a trace are anybody's bytes */
        if (*p < 0x20 || *p > 0x7E)
            *p = '?';
    c->no_memory = c->no_memory || !s;
    return s;
}

static void name_task(struct km_stat *c, const kymo_model *m, struct km_stat_task *inside)
{
    struct kymo_stat_task *t = &inside->pub;
    const struct kymo_task *k = kymo_model_task(m, t->id);
    t->name = copy(c, kymo_task_name(m, t->id));
    if (inside->active)
        t->open_response = c->s->to - inside->wake;
    t->level = k ? k->level : 0xFF;
    t->base = k ? k->base : 0xFF;
    t->state = k ? k->state : KYMO_UNKNOWN;
    t->alive = k && k->alive;
    t->user = k && k->user;
    t->stack_size = k ? k->stack_size : 0;
    for (unsigned i = 0; i < t->waits; i++) {
        struct kymo_stat_wait *w = &t->wait[i];
        const struct kymo_object *o = kymo_model_object(m, w->object);
        w->kind = o ? o->kind : 0;
        w->object_name = copy(c, w->object ? kymo_object_name(m, w->object) : "not known");
        w->holder_name = w->holder == KYMO_TASK_NONE ? NULL : copy(c, kymo_task_name(m, w->holder));
    }
}

/* Names live as long as the model: they are copied now. */
static void on_end(void *u, const kymo_model *m, uint64_t time)
{
    struct km_stat *c = u;
    struct kymo_stat *s = c->s;
    s->to = time < s->to ? time : s->to;
    s->task = calloc(c->tasks + 1, sizeof *s->task);
    if (!s->task) {
        c->no_memory = true;
        return;
    }
    uint32_t id = 0;
    for (struct km_stat_task *t; (t = kymo_ids_next(&c->task, &id)); id++) {
        name_task(c, m, t);
        s->task[s->tasks++] = t->pub;
        *kymo_ids_place(&c->task, id) = NULL;
        free(t);
    }
    for (unsigned i = 0; i < s->objects; i++) {
        const struct kymo_object *o = kymo_model_object(m, s->object[i].addr);
        s->object[i].kind = o ? o->kind : 0;
        s->object[i].name = copy(c, kymo_object_name(m, s->object[i].addr));
    }
    for (unsigned i = 0; i < s->spans; i++) {
        s->span[i].name = copy(c, kymo_string(kymo_model_trace(m), s->span[i].tag));
        s->span[i].task_name = copy(c, kymo_task_name(m, s->span[i].task));
    }
    s->load_bins =
        s->to > s->load_from ? (unsigned)((s->to - s->load_from - 1) / s->load_width + 1) : 0;
    s->load_bins = s->load_bins > KYMO_LOAD_BINS ? KYMO_LOAD_BINS : s->load_bins;
    uint64_t told = 0;
    for (unsigned i = 0; i < s->tasks; i++) {
        told += s->task[i].running;
        s->irq += s->task[i].irq;
        s->idle += s->task[i].id == KYMO_TASK_IDLE ? s->task[i].running : 0;
        s->boot += s->task[i].id == KYMO_TASK_BOOT ? s->task[i].running : 0;
    }
    uint64_t all = (s->to - s->from) * kymo_get_info(kymo_model_trace(m))->harts;
    s->unknown = all > told ? all - told : 0;
}

static void free_task(struct kymo_stat_task *t)
{
    struct kymo_dist *d[] = {&t->response, &t->execution, &t->latency,
                             &t->period,   &t->blocking,  &t->ready_wait};
    for (unsigned i = 0; i < sizeof d / sizeof *d; i++)
        kymo_dist_free(d[i]);
    for (unsigned i = 0; i < t->waits; i++) {
        free(t->wait[i].object_name);
        free(t->wait[i].holder_name);
    }
    free(t->wait);
    free(t->name);
}

struct kymo_stat *kymo_stat_run(kymo_trace *t, uint64_t from, uint64_t to, struct kymo_error *err)
{
    static const struct kymo_sink sink = {.event = on_event,
                                          .interval = on_interval,
                                          .isr = on_isr,
                                          .hold = on_hold,
                                          .span = on_span,
                                          .gap = on_gap,
                                          .end = on_end};
    struct km_stat *c = calloc(1, sizeof *c);
    struct kymo_stat *s = calloc(1, sizeof *s);
    if (!c || !s) {
        free(c);
        free(s);
        kymo_set_error(err, "no memory for statistics");
        return NULL;
    }
    *s = (struct kymo_stat){
        .from = from, .to = to, .clock_hz = kymo_get_info(t)->clock_hz, .load_width = 1024};
    c->s = s;
    c->tick_cause = 7;
    int r = kymo_model_run(t, &sink, c, err);
    if (!r && c->no_memory)
        r = kymo_set_error(err, "no memory for statistics");
    uint32_t id = 0;
    for (struct km_stat_task *k; (k = kymo_ids_next(&c->task, &id)); id++) {
        free_task(&k->pub); /* the pass did not come to its end */
        free(k);
    }
    kymo_ids_free(&c->task);
    free(c->heap.slot);
    free(c);
    if (!r)
        return s;
    kymo_stat_free(s);
    return NULL;
}

void kymo_stat_free(struct kymo_stat *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->tasks; i++)
        free_task(&s->task[i]);
    for (unsigned i = 0; i < s->isrs; i++) {
        kymo_dist_free(&s->isr[i].duration);
        kymo_dist_free(&s->isr[i].late);
    }
    for (unsigned i = 0; i < s->objects; i++) {
        free(s->object[i].name);
        kymo_dist_free(&s->object[i].waiting);
        kymo_dist_free(&s->object[i].holding);
    }
    for (unsigned i = 0; i < s->spans; i++) {
        free(s->span[i].name);
        free(s->span[i].task_name);
        kymo_dist_free(&s->span[i].duration);
    }
    free(s->task);
    free(s->isr);
    free(s->object);
    free(s->span);
    free(s);
}
