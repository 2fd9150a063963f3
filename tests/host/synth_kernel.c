/* SPDX-License-Identifier: MIT */
#include "synth_kernel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const unsigned slice_of[SK_LEVELS] = {1, 2, 3, 4, 5, 7, 10, 15};

uint64_t sk_rand(struct sk *k, uint64_t below)
{
    return synth_random(&k->random) % below;
}

/* ---- events and truth ---- */

static uint32_t class_bit(unsigned code)
{
    static uint8_t bit[256];
    if (!bit[KE_task_switch]) {
#define TRACE_CLASS(name, b) enum { BIT_##name = b };
#include "classes.def"
#undef TRACE_CLASS
#define TRACE_EVENT(first, sub, name, klass, ...) \
    for (unsigned i = 0; i < 1u << sub; i++)      \
        bit[first + i] = BIT_##klass;
#include "events.def"
#undef TRACE_EVENT
    }
    return 1u << bit[code];
}

void sk_emit(struct sk *k, unsigned code, unsigned n, const uint32_t *v)
{
    k->now.time += 20 + sk_rand(k, 60);
    if (!(k->now.mask & class_bit(code)))
        return;
    synth_event(&k->ring, code, v, n);
    k->written++;
}

static bool truth_differs(const struct kymo_interval *a, const struct kymo_interval *b)
{
    return a->state != b->state || a->level != b->level || a->base != b->base ||
           a->object != b->object || a->holder != b->holder;
}

/* Brings the truth about `t` up to now: closes the interval and opens the next if something
 * changed. */
static void truth(struct sk *k, struct sk_task *t)
{
    static const uint8_t state[] = {KYMO_DEAD,    KYMO_READY,     KYMO_RUNNING,
                                    KYMO_BLOCKED, KYMO_SUSPENDED, KYMO_DELAYED};
    struct kymo_interval n = {.task = t->id,
                              .state = state[t->state],
                              .level = t->level,
                              .base = t->base,
                              .from = k->now.time,
                              .hart = k->ring.hart,
                              .holder = KYMO_TASK_NONE,
                              .waker = KYMO_TASK_NONE};
    if (t->state == ST_BLOCKED && t->wait) {
        n.object = t->wait->addr;
        if (t->wait->owner)
            n.holder = t->wait->owner->id;
    }
    if (t->state == ST_READY) {
        n.waker = t->waker;
        n.waker_irq = t->waker_irq;
        n.preempted = t->preempted;
    }
    if (!truth_differs(&t->now, &n))
        return;
    t->now.to = k->now.time;
    if (k->o && k->o->interval && t->now.state != KYMO_UNKNOWN)
        k->o->interval(k->o->u, &t->now);
    t->now = n;
}

void sk_set_state(struct sk *k, struct sk_task *t, unsigned state)
{
    t->state = (uint8_t)state;
    truth(k, t);
}

/* ---- ready order ---- */

void sk_to_tail(struct sk *k, struct sk_task *t)
{
    t->order = ++k->order;
    t->slice = slice_of[t->level];
}

static void to_head(struct sk *k, struct sk_task *t)
{
    uint64_t least = k->order;
    for (unsigned i = 1; i <= k->tasks; i++)
        if (k->task[i].state == ST_READY && k->task[i].order < least)
            least = k->task[i].order;
    t->order = least - 1;
}

struct sk_task *sk_best(struct sk *k)
{
    struct sk_task *b = NULL;
    for (unsigned i = 1; i <= k->tasks; i++) {
        struct sk_task *t = &k->task[i];
        if (t->used && t->state == ST_READY &&
            (!b || t->level < b->level || (t->level == b->level && t->order < b->order)))
            b = t;
    }
    return b;
}

/* The running task leaves in `state`; whoever is best runs. */
void sk_switch(struct sk *k, unsigned state)
{
    struct sk_task *prev = k->running;
    prev->state = (uint8_t)state;
    struct sk_task *next = sk_best(k);
    if (!next)
        next = &k->task[0];
    k->need_switch = false;
    if (next == prev) {
        prev->state = ST_RUNNING;
        return;
    }
    EMIT(k, KE_task_switch, state, next->id);
    prev->waker = KYMO_TASK_NONE;
    prev->waker_irq = 0;
    truth(k, prev);
    k->running = next;
    k->now.running = next->id;
    k->now.level = next == &k->task[0] ? 0xFF : next->level;
    sk_set_state(k, next, ST_RUNNING);
}

void sk_preempt(struct sk *k)
{
    k->need_switch = false;
    struct sk_task *r = k->running, *b = sk_best(k);
    if (!b || (r != &k->task[0] && b->level >= r->level))
        return;
    r->preempted = r != &k->task[0];
    if (r != &k->task[0] && !k->used_up)
        to_head(k, r);
    sk_switch(k, ST_READY);
}

/* A wake happened: in a handler the switch waits for its end. */
static void reschedule(struct sk *k)
{
    if (k->now.depth)
        k->need_switch = true;
    else if (k->started)
        sk_preempt(k);
    else {
        /* boot runs until the scheduler starts */
    }
}

void sk_make_ready(struct sk *k, struct sk_task *t, unsigned why)
{
    t->wait = NULL;
    t->wake_tick = 0;
    t->under = ST_READY;
    sk_to_tail(k, t);
    if (t->state == ST_SUSPENDED)
        return;
    EMIT(k, KE_task_ready, why, t->id);
    t->preempted = false;
    t->waker = k->now.running;
    t->waker_irq = k->now.depth ? (uint8_t)((k->now.causes & 0xFF) + 1) : 0;
    sk_set_state(k, t, ST_READY);
}

/* ---- waiting ---- */

static struct sk_task *first_waiter(struct sk *k, const struct sk_object *o, bool by_level)
{
    struct sk_task *b = NULL;
    for (unsigned i = 1; i <= k->tasks; i++) {
        struct sk_task *t = &k->task[i];
        if (t->used && t->wait == o &&
            (!b || (by_level && t->level < b->level) ||
             ((!by_level || t->level == b->level) && t->wait_order < b->wait_order)))
            b = t;
    }
    return b;
}

static unsigned waiters(const struct sk *k, const struct sk_object *o)
{
    unsigned n = 0;
    for (unsigned i = 1; i <= k->tasks; i++)
        n += k->task[i].used && k->task[i].wait == o;
    return n;
}

unsigned sk_want_level(struct sk *k, const struct sk_task *t)
{
    unsigned level = t->base;
    for (unsigned i = 1; i <= k->tasks; i++) {
        const struct sk_object *w = k->task[i].wait;
        if (k->task[i].used && w && w->owner == t && w->inherit && k->task[i].level < level)
            level = k->task[i].level;
    }
    return level;
}

/* Levels follow inheritance until nothing changes; each change is an event. */
void sk_inherit(struct sk *k)
{
    for (bool again = true; again;) {
        again = false;
        for (unsigned i = 1; i <= k->tasks; i++) {
            struct sk_task *t = &k->task[i];
            unsigned want = t->used ? sk_want_level(k, t) : t->level;
            if (want == t->level)
                continue;
            unsigned why = want < t->level ? 1 : 2;
            t->level = (uint8_t)want;
            EMIT(k, KE_task_priority, t->id, t->level, t->base, why);
            truth(k, t);
            if (t->state == ST_READY || (t->state == ST_SUSPENDED && t->under == ST_READY))
                sk_to_tail(k, t);
            if (t == k->running)
                k->now.level = t->level;
            again = true;
        }
    }
}

static void block(struct sk *k, struct sk_object *o, unsigned ticks, unsigned after)
{
    struct sk_task *t = k->running;
    t->wait = o;
    t->wait_order = ++k->order;
    t->wake_tick = ticks ? k->tick + ticks : 0;
    t->after = after;
    t->after_obj = o;
    t->under = ST_BLOCKED;
    if (o->kind == KYMO_OBJ_MUTEX) {
        unsigned n = waiters(k, o);
        if (n > o->held_waiters)
            o->held_waiters = n;
        sk_inherit(k);
    }
    sk_switch(k, ST_BLOCKED);
}

/* ---- calls ---- */

struct sk_object *sk_object(struct sk *k, int kind, uint32_t addr, int count, bool inh)
{
    assert(k->objects < SK_OBJECTS);
    struct sk_object *o = &k->object[k->objects++];
    *o = (struct sk_object){.addr = addr, .kind = kind, .count = count, .inherit = inh};
    if (kind == KYMO_OBJ_MUTEX)
        EMIT(k, KE_mutex_init, inh, addr);
    else if (kind == KYMO_OBJ_SEM)
        EMIT(k, KE_sem_create, 16, addr, (uint32_t)count);
    else if (kind == KYMO_OBJ_COND)
        EMIT(k, KE_cond_init, addr);
    else
        EMIT(k, KE_mq_create, 8, addr);
    return o;
}

struct sk_task *sk_create(struct sk *k, uint32_t entry, unsigned level, bool user)
{
    if (k->tasks + 1 >= SK_TASKS)
        return NULL;
    struct sk_task *t = &k->task[++k->tasks];
    *t = (struct sk_task){.id = (uint16_t)(k->first_id + k->tasks),
                          .used = true,
                          .user = user,
                          .level = (uint8_t)level,
                          .base = (uint8_t)level,
                          .now = {.task = k->first_id + k->tasks, .state = KYMO_UNKNOWN}};
    EMIT(k, KE_task_create, t->id, level, user, entry, 0x80400000 + t->id * 8192u, 8192);
    truth(k, t);
    sk_make_ready(k, t, SK_WHY_CREATED);
    reschedule(k);
    return t;
}

static void give_mutex(struct sk *k, struct sk_object *m, unsigned code)
{
    struct sk_task *old = m->owner, *next = first_waiter(k, m, true);
    EMIT(k, code, next ? next->id : 0, m->addr);
    if (k->o && k->o->hold)
        k->o->hold(k->o->u, &(struct kymo_hold){.from = m->held_since,
                                                .to = k->now.time,
                                                .object = m->addr,
                                                .task = old->id,
                                                .waiters = m->held_waiters});
    old->held--;
    m->owner = next;
    m->held_since = k->now.time;
    m->held_waiters = 0;
    if (!next)
        return;
    next->held++;
    next->wait = NULL;
    m->held_waiters = waiters(k, m);
    for (unsigned i = 1; i <= k->tasks; i++) /* the others wait for somebody else now */
        if (k->task[i].used && k->task[i].wait == m)
            truth(k, &k->task[i]);
    sk_inherit(k);
    sk_make_ready(k, next, SK_WHY_OBJECT);
}

void sk_cancel(struct sk *k, struct sk_task *t)
{
    EMIT(k, KE_task_destroy, t->id, t->state);
    bool self = t == k->running;
    if (!self) {
        t->wait = NULL;
        sk_set_state(k, t, ST_STOPPED);
    }
    for (unsigned i = 0; i < k->objects; i++)
        if (k->object[i].owner == t)
            give_mutex(k, &k->object[i], KE_mutex_abandon);
    t->used = self;
    sk_inherit(k);
    if (self) {
        sk_switch(k, ST_STOPPED);
        t->used = false;
    } else {
        reschedule(k);
    }
}

void sk_yield(struct sk *k)
{
    EMIT(k, KE_task_yield);
    k->running->preempted = false;
    sk_to_tail(k, k->running);
    sk_switch(k, ST_READY);
}

void sk_delay(struct sk *k, unsigned ticks)
{
    EMIT(k, KE_task_delay, ticks);
    k->running->wake_tick = k->tick + ticks;
    k->running->under = ST_DELAYED;
    sk_switch(k, ST_DELAYED);
}

void sk_wfi(struct sk *k)
{
    EMIT(k, KE_task_wfi);
    k->running->wake_tick = k->tick + 1;
    k->running->under = ST_DELAYED;
    sk_switch(k, ST_DELAYED);
}

void sk_suspend(struct sk *k, struct sk_task *t)
{
    EMIT(k, KE_task_suspend, t->id, t->state);
    t->under = t == k->running ? ST_READY : t->state;
    if (t == k->running) {
        sk_to_tail(k, t);
        sk_switch(k, ST_SUSPENDED);
    } else {
        sk_set_state(k, t, ST_SUSPENDED);
    }
}

void sk_resume(struct sk *k, struct sk_task *t)
{
    EMIT(k, KE_task_resume, t->id, t->under);
    if (t->under != ST_READY) {
        sk_set_state(k, t, t->under);
        return;
    }
    t->waker = k->now.running;
    t->waker_irq = 0;
    t->preempted = false;
    sk_to_tail(k, t);
    sk_set_state(k, t, ST_READY);
    EMIT(k, KE_task_ready, SK_WHY_RESUMED, t->id);
    reschedule(k);
}

void sk_priority(struct sk *k, struct sk_task *t, unsigned level)
{
    t->base = (uint8_t)level;
    t->level = (uint8_t)sk_want_level(k, t);
    EMIT(k, KE_task_priority, t->id, t->level, t->base, 0);
    truth(k, t);
    if (t->state == ST_READY)
        sk_to_tail(k, t);
    if (t == k->running)
        k->now.level = t->level;
    sk_inherit(k);
    reschedule(k);
}

void sk_sem_wait(struct sk *k, struct sk_object *s, unsigned ticks)
{
    if (s->count > 0 && !waiters(k, s)) {
        s->count--;
        EMIT(k, KE_sem_take, (uint32_t)s->count, s->addr);
        return;
    }
    EMIT(k, KE_sem_block, s->addr);
    block(k, s, ticks, KE_sem_acquired);
}

void sk_sem_signal(struct sk *k, struct sk_object *s)
{
    struct sk_task *t = first_waiter(k, s, false);
    if (!t) {
        s->count++;
        EMIT(k, KE_sem_signal, (uint32_t)s->count, s->addr);
        return;
    }
    EMIT(k, KE_sem_give, t->id, s->addr);
    sk_make_ready(k, t, SK_WHY_OBJECT);
    struct sk_task *r = k->running, *b = sk_best(k);
    if (!k->now.depth && r != &k->task[0] && b && b->level == r->level && t->state == ST_READY &&
        t->level == r->level) {
        sk_to_tail(k, r);
        r->preempted = true; /* not by its own wish: the call gives way to an equal */
        sk_switch(k, ST_READY);
    } else {
        reschedule(k);
    }
}

void sk_lock(struct sk *k, struct sk_object *m, unsigned ticks)
{
    if (!m->owner) {
        EMIT(k, KE_mutex_lock, m->addr);
        m->owner = k->running;
        m->owner->held++;
        m->held_since = k->now.time;
        m->held_waiters = 0;
        return;
    }
    EMIT(k, KE_mutex_block, m->owner->id, m->addr);
    block(k, m, ticks, KE_mutex_acquired);
}

void sk_unlock(struct sk *k, struct sk_object *m)
{
    give_mutex(k, m, KE_mutex_unlock);
    sk_inherit(k);
    reschedule(k);
}

void sk_cond_wait(struct sk *k, struct sk_object *c, struct sk_object *m)
{
    EMIT(k, KE_cond_wait, c->addr, m->addr);
    struct sk_task *t = k->running;
    give_mutex(k, m, KE_mutex_unlock);
    t->relock = m;
    block(k, c, 0, KE_cond_woken);
}

void sk_cond_signal(struct sk *k, struct sk_object *c)
{
    struct sk_task *t = first_waiter(k, c, true);
    EMIT(k, KE_cond_signal, t ? t->id : 0, c->addr);
    if (!t)
        return;
    sk_make_ready(k, t, SK_WHY_OBJECT);
    reschedule(k);
}

void sk_send(struct sk *k, struct sk_object *q)
{
    struct sk_task *t = first_waiter(k, q, false);
    if (t) {
        EMIT(k, KE_mq_give, t->id, q->addr, 0x10008);
        sk_make_ready(k, t, SK_WHY_OBJECT);
        reschedule(k);
        return;
    }
    bool full = q->count >= 8;
    q->count += !full;
    EMIT(k, KE_mq_send, full, (uint32_t)q->count, q->addr, 0x10008);
}

void sk_receive(struct sk *k, struct sk_object *q)
{
    if (q->count > 0) {
        q->count--;
        EMIT(k, KE_mq_receive, (uint32_t)q->count, q->addr);
        return;
    }
    EMIT(k, KE_mq_block, q->addr);
    block(k, q, 0, KE_mq_acquired);
}

bool sk_after(struct sk *k)
{
    struct sk_task *t = k->running;
    unsigned code = t->after;
    if (!code)
        return false;
    bool timeout = code & 1;
    t->after = 0;
    EMIT(k, code & ~1u, timeout, t->after_obj->addr);
    struct sk_object *m = t->relock;
    t->relock = NULL;
    if (m)
        sk_lock(k, m, 0);
    return true;
}
