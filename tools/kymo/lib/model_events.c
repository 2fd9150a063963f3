/* SPDX-License-Identifier: MIT */
/* What each event means: one small function per kind of event, called with the trace's own values.
 * The table of cases is at the end. Events are emitted after the change they report
 * (trace/events.def), so the model may take them at their word; where an event contradicts the
 * model, the event is right, because only events are evidence. */
#include "model.h"
#include "table.h"

/* Numbers of type `state` (SPEC.md section 1). */
enum { S_STOPPED, S_READY, S_RUNNING, S_BLOCKED, S_SUSPENDED, S_DELAYED };

static const uint8_t state_of[8] = {KYMO_DEAD,      KYMO_READY,   KYMO_RUNNING, KYMO_BLOCKED,
                                    KYMO_SUSPENDED, KYMO_DELAYED, KYMO_UNKNOWN, KYMO_UNKNOWN};

static struct km_hart *hart_of(kymo_model *m, const struct kymo_event *e)
{
    return &m->hart[e->hart];
}

/* The task of whose doing the event tells: in a handler nobody's. */
static struct km_task *acting(kymo_model *m, const struct kymo_event *e)
{
    struct km_hart *h = hart_of(m, e);
    return h->depth ? NULL : h->running;
}

/* ---- states ---- */

static void set_blocked(kymo_model *m, struct km_task *t, struct km_object *o, unsigned hart)
{
    struct kymo_interval n = km_base(m, t, KYMO_BLOCKED, hart);
    if (o) {
        n.object = o->pub.addr;
        n.holder = o->owner ? o->owner->pub.id : KYMO_TASK_NONE;
    }
    km_set(m, t, n);
}

static void set_running(kymo_model *m, struct km_task *t, unsigned hart)
{
    if (t->pub.state == KYMO_RUNNING && t->now.hart == hart)
        return;
    km_unwait(t);
    t->pub.alive = true;
    km_set(m, t, km_base(m, t, KYMO_RUNNING, hart));
}

static void set_dead(kymo_model *m, struct km_task *t, unsigned hart)
{
    km_unwait(t);
    km_set(m, t, km_base(m, t, KYMO_DEAD, hart));
    t->pub.alive = false;
    t->ended = false;
}

/* A task that leaves ready gave the hart up if its last own event was task_yield: else it was
 * preempted. Interrupts between the two are not its own events, but a switch inside a handler is
 * never its own wish. */
static void task_yield(kymo_model *m, const struct kymo_event *e)
{
    hart_of(m, e)->yield = e->seq + 1;
}

static bool yielded(const struct km_hart *h, uint64_t seq)
{
    return h->depth == 0 && h->yield == seq;
}

static void leave(kymo_model *m, struct km_task *t, unsigned state, unsigned hart, bool gave_up)
{
    struct kymo_interval n = km_base(m, t, state_of[state], hart);
    switch (state) {
    case S_READY:
        n.preempted = !gave_up && t->pub.id != KYMO_TASK_IDLE;
        km_set(m, t, n);
        break;
    case S_BLOCKED: set_blocked(m, t, t->pending, hart); break;
    case S_STOPPED: set_dead(m, t, hart); break;
    default: km_set(m, t, n); break;
    }
    t->pending = NULL;
}

static void task_switch(kymo_model *m, const struct kymo_event *e)
{
    struct km_hart *h = hart_of(m, e);
    struct km_task *next = km_task(m, kv_task_switch_next(e), e->hart);
    if (h->running && h->running != next)
        leave(m, h->running, kv_task_switch_state(e), e->hart, yielded(h, e->seq));
    h->running = next;
    h->yield_held = false;
    if (next)
        set_running(m, next, e->hart);
}

static void set_ready(kymo_model *m, const struct kymo_event *e, struct km_task *t, unsigned reason)
{
    struct km_hart *h = hart_of(m, e);
    struct kymo_interval n = km_base(m, t, KYMO_READY, e->hart);
    n.reason = (uint8_t)reason;
    n.waker = h->running ? h->running->pub.id : KYMO_TASK_NONE;
    n.waker_irq =
        h->depth && h->depth <= KM_DEPTH ? (uint8_t)(h->frame[h->depth - 1].cause + 1) : 0;
    km_set(m, t, n);
}

static void task_ready(kymo_model *m, const struct kymo_event *e)
{
    struct km_hart *h = hart_of(m, e);
    struct km_task *t = km_task(m, kv_task_ready_task(e), e->hart);
    if (!t)
        return;
    unsigned reason = kv_task_ready_reason(e);
    uint32_t object = t->now.state == KYMO_BLOCKED ? t->now.object : 0;
    km_unwait(t);
    if (t->pub.state != KYMO_READY && t->pub.state != KYMO_RUNNING)
        set_ready(m, e, t, reason);
    else
        t->now.reason = (uint8_t)reason;
    if (!m->sink.wake)
        return;
    struct kymo_wake w = {.time = e->time,
                          .task = t->pub.id,
                          .object = object,
                          .hart = e->hart,
                          .reason = (uint8_t)reason,
                          .waker = h->running ? h->running->pub.id : KYMO_TASK_NONE};
    w.waker_irq =
        h->depth && h->depth <= KM_DEPTH ? (uint8_t)(h->frame[h->depth - 1].cause + 1) : 0;
    m->sink.wake(m->u, m, &w);
}

/* ---- life of a task ---- */

static void task_create(kymo_model *m, const struct kymo_event *e)
{
    struct km_task *t = km_task(m, kv_task_create_task(e), e->hart);
    if (!t)
        return;
    t->pub.level = t->pub.base = (uint8_t)kv_task_create_level(e);
    t->pub.user = kv_task_create_user(e);
    t->pub.entry = kv_task_create_entry(e);
    t->pub.stack = kv_task_create_stack(e);
    t->pub.stack_size = kv_task_create_stack_size(e);
    km_forget_task_name(t);
    t->open = false; /* it did not exist before, so nothing about it is unknown */
    km_set(m, t, km_base(m, t, KYMO_DEAD, e->hart));
    t->pub.alive = true;
}

static void task_destroy(kymo_model *m, const struct kymo_event *e)
{
    struct km_task *t = km_task(m, kv_task_destroy_task(e), e->hart);
    if (!t)
        return;
    if (t == hart_of(m, e)->running)
        t->ended = true; /* it runs until the switch */
    else
        set_dead(m, t, e->hart);
}

static void task_suspend(kymo_model *m, const struct kymo_event *e)
{
    struct km_task *t = km_task(m, kv_task_suspend_task(e), e->hart);
    if (t && t != hart_of(m, e)->running)
        km_set(m, t, km_base(m, t, KYMO_SUSPENDED, t->now.hart));
}

static void task_resume(kymo_model *m, const struct kymo_event *e)
{
    struct km_task *t = km_task(m, kv_task_resume_task(e), e->hart);
    if (!t || t == hart_of(m, e)->running)
        return;
    switch (kv_task_resume_state(e)) {
    case S_READY: set_ready(m, e, t, 4); break;
    case S_BLOCKED: set_blocked(m, t, t->wait, t->now.hart); break;
    default: km_set(m, t, km_base(m, t, state_of[kv_task_resume_state(e)], t->now.hart)); break;
    }
}

static void task_priority(kymo_model *m, const struct kymo_event *e)
{
    struct km_task *t = km_task(m, kv_task_priority_task(e), e->hart);
    if (t)
        km_levels(m, t, kv_task_priority_level(e), kv_task_priority_base(e));
}

/* ---- interrupts ---- */

static void irq_in(kymo_model *m, const struct kymo_event *e)
{
    struct km_hart *h = hart_of(m, e);
    if (h->depth == 0) {
        h->irq_since = e->time;
        h->yield_held = h->yield == e->seq;
    }
    if (h->depth < KM_DEPTH)
        h->frame[h->depth] =
            (struct km_frame){.from = e->time,
                              .cause = (uint8_t)kv_irq_in_cause(e),
                              .known = true,
                              .source = (uint16_t)kv_irq_in_source(e),
                              .task = h->running ? h->running->pub.id : KYMO_TASK_NONE};
    h->depth++;
}

static void irq_out(kymo_model *m, const struct kymo_event *e)
{
    struct km_hart *h = hart_of(m, e);
    if (h->depth == 0)
        return; /* its beginning was lost: nothing can be said */
    if (--h->depth == 0) {
        h->irq_total += e->time - h->irq_since;
        h->yield = h->yield_held ? e->seq + 1 : h->yield;
    }
    if (h->depth >= KM_DEPTH)
        return;
    struct km_frame *f = &h->frame[h->depth];
    uint64_t all = e->time - f->from;
    if (h->depth)
        h->frame[h->depth - 1].nested += all;
    struct kymo_isr i = {.from = f->from,
                         .to = e->time,
                         .own = all - f->nested,
                         .task = f->task,
                         .hart = e->hart,
                         .source = f->source,
                         .cause = f->cause,
                         .depth = (uint8_t)(h->depth + 1),
                         .certainty = f->known ? KYMO_CERTAIN : KYMO_POSSIBLE};
    if (m->sink.isr)
        m->sink.isr(m->u, m, &i);
}

/* ---- objects ---- */

static void block_on(kymo_model *m, const struct kymo_event *e, uint32_t addr, unsigned kind)
{
    struct km_task *t = hart_of(m, e)->running;
    struct km_object *o = km_object(m, addr, kind);
    if (!t || !o)
        return;
    t->pending = o;
    km_wait(t, o);
}

/* The object handed `id` what it waited for. A suspended waiter gets no task_ready, so it leaves
 * the queue here. */
static void granted(kymo_model *m, uint32_t id, unsigned hart)
{
    struct km_task *t = id ? km_task(m, id, hart) : NULL;
    if (t)
        km_unwait(t);
}

static void ended_wait(kymo_model *m, const struct kymo_event *e, uint32_t addr, unsigned kind)
{
    struct km_task *t = acting(m, e);
    km_object(m, addr, kind);
    if (t)
        km_unwait(t);
}

static void born(kymo_model *m, uint32_t addr, unsigned kind)
{
    struct km_object *o = km_object(m, addr, kind);
    if (!o)
        return;
    o->pub.alive = true;
    o->owner = NULL;
    o->owner_known = true;
    o->pub.owner = KYMO_TASK_NONE;
    o->name[0] = 0;
    km_forget_object_name(o);
}

static void gone(kymo_model *m, uint32_t addr, unsigned kind)
{
    struct km_object *o = km_object(m, addr, kind);
    if (o)
        o->pub.alive = false;
}

/* ---- mutexes ---- */

/* Tasks that wait for a mutex wait for another holder now. */
static void new_holder(kymo_model *m, struct km_object *o)
{
    uint32_t holder = o->owner ? o->owner->pub.id : KYMO_TASK_NONE;
    for (struct km_task *t = o->first; t; t = t->wait_next) {
        if (t->pub.state != KYMO_BLOCKED || t->now.holder == holder)
            continue;
        struct kymo_interval n = t->now;
        n.from = m->time;
        n.holder = holder;
        km_set(m, t, n);
    }
}

static void own(kymo_model *m, struct km_object *o, struct km_task *t, unsigned certainty)
{
    o->owner = t;
    o->owner_known = true;
    o->pub.owner = t ? t->pub.id : KYMO_TASK_NONE;
    o->held_from = m->time;
    o->held_waiters = o->pub.waiters;
    o->held_certainty = (uint8_t)certainty;
    if (o->first)
        new_holder(m, o);
}

/* An event tells who owns it now; if a gap hid it, it is known again, but not since when. */
static void proves_owner(kymo_model *m, struct km_object *o, struct km_task *t)
{
    if (!o || !t || o->owner == t)
        return;
    uint64_t since = o->owner_known ? m->time : m->unknown_since;
    own(m, o, t, KYMO_POSSIBLE);
    o->held_from = since;
}

static void mutex_lock(kymo_model *m, const struct kymo_event *e, uint32_t addr)
{
    struct km_object *o = km_object(m, addr, KYMO_OBJ_MUTEX);
    struct km_task *t = acting(m, e);
    if (o)
        own(m, o, t, KYMO_CERTAIN);
}

static void mutex_block(kymo_model *m, const struct kymo_event *e)
{
    proves_owner(m, km_object(m, kv_mutex_block_obj(e), KYMO_OBJ_MUTEX),
                 km_task(m, kv_mutex_block_owner(e), e->hart));
    block_on(m, e, kv_mutex_block_obj(e), KYMO_OBJ_MUTEX);
}

static void mutex_acquired(kymo_model *m, const struct kymo_event *e)
{
    ended_wait(m, e, kv_mutex_acquired_obj(e), KYMO_OBJ_MUTEX);
    if (!kv_mutex_acquired_timeout(e))
        proves_owner(m, km_find_object(m, kv_mutex_acquired_obj(e)), acting(m, e));
}

/* unlock and abandon: the hold ends, and another may begin at the same instant. */
static void mutex_pass(kymo_model *m, const struct kymo_event *e, uint32_t next, uint32_t addr,
                       struct km_task *by)
{
    struct km_object *o = km_object(m, addr, KYMO_OBJ_MUTEX);
    if (!o)
        return;
    struct km_task *was = o->owner ? o->owner : by;
    bool known = o->owner != NULL;
    struct kymo_hold h = {.from = known || !o->owner_known ? o->held_from : m->time,
                          .to = e->time,
                          .object = addr,
                          .task = was ? was->pub.id : KYMO_TASK_NONE,
                          .waiters = o->held_waiters,
                          .certainty = known ? o->held_certainty : KYMO_POSSIBLE};
    if (m->sink.hold && was)
        m->sink.hold(m->u, m, &h);
    granted(m, next, e->hart);
    own(m, o, next ? km_task(m, next, e->hart) : NULL, KYMO_CERTAIN);
}

/* ---- names, spans ---- */

static void keep_name(char *name, const uint32_t *word)
{
    memcpy(name, word, KM_NAME - 1);
    name[KM_NAME - 1] = 0;
    for (char *p = name; *p; p++)
        if (*p < 0x20 || *p > 0x7E)
            *p = '?';
}

static void name_task(kymo_model *m, const struct kymo_event *e)
{
    struct km_task *t = km_task(m, kv_name_task_task(e), e->hart);
    if (!t)
        return;
    keep_name(t->name, &e->word[KW_name_task_n0]);
    km_forget_task_name(t);
}

static void name_object(kymo_model *m, const struct kymo_event *e)
{
    uint32_t kind = kv_name_object_kind(e);
    struct km_object *o = km_object(m, kv_name_object_obj(e), kind <= KYMO_OBJ_TIMER ? kind : 0);
    if (!o)
        return;
    keep_name(o->name, &e->word[KW_name_object_n0]);
    km_forget_object_name(o);
}

static void span_begin(kymo_model *m, const struct kymo_event *e)
{
    struct km_task *t = acting(m, e);
    if (!t || t->spans == KM_SPANS)
        return;
    t->span[t->spans].from = e->time;
    t->span[t->spans++].tag = kv_span_begin_tag(e);
}

/* Ends the innermost span of this tag; spans inside it that were never ended are dropped with it.
 */
static void span_end(kymo_model *m, const struct kymo_event *e)
{
    struct km_task *t = acting(m, e);
    for (unsigned i = t ? t->spans : 0; i-- > 0;) {
        if (t->span[i].tag != kv_span_end_tag(e))
            continue;
        struct kymo_user_span s = {
            .from = t->span[i].from, .to = e->time, .task = t->pub.id, .tag = t->span[i].tag};
        t->spans = i;
        if (m->sink.span)
            m->sink.span(m->u, m, &s);
        return;
    }
}

/* ---- the recorder ---- */

static bool sched_masked(unsigned mask)
{
    enum {
#define TRACE_CLASS(name, bit) BIT_##name = bit,
#include "classes.def"
#undef TRACE_CLASS
    };
    return mask != 0 && !(mask >> BIT_SCHED & 1);
}

/* With the scheduler masked off nobody can say who runs. Stopping (mask 0) is told by the reader as
 * a gap. */
static void new_mask(kymo_model *m, unsigned hart, unsigned mask)
{
    struct km_hart *h = &m->hart[hart];
    bool masked = sched_masked(mask);
    if (masked == h->masked)
        return;
    h->masked = masked;
    if (masked) {
        h->masked_since = m->time;
        km_lose(m, m->time, hart);
        return;
    }
    struct kymo_gap g = {.from = h->masked_since,
                         .to = m->time,
                         .events = UINT64_MAX,
                         .cause = KYMO_LOSS_MASKED,
                         .hart = (uint16_t)hart};
    km_lose(m, h->masked_since, hart);
    if (m->sink.gap)
        m->sink.gap(m->u, m, &g);
}

void km_header(kymo_model *m, const struct kymo_block_state *b)
{
    struct km_hart *h = &m->hart[b->hart];
    new_mask(m, b->hart, b->mask);
    if (h->masked)
        return; /* who runs now is no help: when it stops will not be told */
    if (h->running) {
        if (h->running->pub.id != b->running || h->running->pub.level != 0xFF)
            return;
        if (h->running->now.from > m->unknown_since) /* nothing can have changed it since */
            h->running->pub.level = h->running->now.level = b->level;
        else
            km_levels(m, h->running, b->level, h->running->pub.base);
        return;
    }
    h->running = km_task(m, b->running, b->hart);
    if (!h->running)
        return;
    h->running->pub.level = b->level;
    h->depth = b->depth;
    h->irq_since = m->time;
    for (unsigned i = 0; i < h->depth && i < KM_DEPTH; i++) {
        unsigned age = h->depth - 1 - i; /* 0 innermost */
        h->frame[i] = (struct km_frame){.from = m->time,
                                        .cause = age < 4 ? (uint8_t)(b->causes >> 8 * age) : 0xFF,
                                        .task = b->running};
    }
    set_running(m, h->running, b->hart);
}

/* ---- the table ---- */

static void object_event(kymo_model *m, const struct kymo_event *e);

void km_event(kymo_model *m, const struct kymo_event *e)
{
    switch (e->code) {
    case KE_task_switch ... KE_task_switch_LAST: task_switch(m, e); break;
    case KE_task_ready ... KE_task_ready_LAST: task_ready(m, e); break;
    case KE_irq_in: irq_in(m, e); break;
    case KE_irq_out: irq_out(m, e); break;
    case KE_task_yield: task_yield(m, e); break;
    case KE_time_sync: /* neither is an own event of the task */
    case KE_rt_pick:
        hart_of(m, e)->yield += hart_of(m, e)->yield == e->seq;
        break; /* part of the switch */
    case KE_task_create: task_create(m, e); break;
    case KE_task_destroy: task_destroy(m, e); break;
    case KE_task_suspend: task_suspend(m, e); break;
    case KE_task_resume: task_resume(m, e); break;
    case KE_task_priority: task_priority(m, e); break;
    case KE_control: new_mask(m, e->hart, kv_control_mask(e) & 0xFFFF); break;
    case KE_name_task: name_task(m, e); break;
    case KE_name_object: name_object(m, e); break;
    case KE_span_begin: span_begin(m, e); break;
    case KE_span_end: span_end(m, e); break;
    case KE_sem_create ... KE_pipe_flush: object_event(m, e); break;
    default: break; /* says nothing about states */
    }
}

static void object_event(kymo_model *m, const struct kymo_event *e)
{
    switch (e->code) {
    case KE_sem_take: km_object(m, kv_sem_take_obj(e), KYMO_OBJ_SEM); break;
    case KE_sem_signal: km_object(m, kv_sem_signal_obj(e), KYMO_OBJ_SEM); break;
    case KE_sem_create: born(m, kv_sem_create_obj(e), KYMO_OBJ_SEM); break;
    case KE_sem_destroy: gone(m, kv_sem_destroy_obj(e), KYMO_OBJ_SEM); break;
    case KE_sem_block: block_on(m, e, kv_sem_block_obj(e), KYMO_OBJ_SEM); break;
    case KE_sem_give: granted(m, kv_sem_give_task(e), e->hart); break;
    case KE_sem_acquired ... KE_sem_acquired_LAST:
        ended_wait(m, e, kv_sem_acquired_obj(e), KYMO_OBJ_SEM);
        break;
    case KE_mutex_init: born(m, kv_mutex_init_obj(e), KYMO_OBJ_MUTEX); break;
    case KE_mutex_destroy: gone(m, kv_mutex_destroy_obj(e), KYMO_OBJ_MUTEX); break;
    case KE_mutex_lock: mutex_lock(m, e, kv_mutex_lock_obj(e)); break;
    case KE_mutex_block: mutex_block(m, e); break;
    case KE_mutex_acquired ... KE_mutex_acquired_LAST: mutex_acquired(m, e); break;
    case KE_mutex_busy:
        proves_owner(m, km_object(m, kv_mutex_busy_obj(e), KYMO_OBJ_MUTEX),
                     km_task(m, kv_mutex_busy_owner(e), e->hart));
        break;
    case KE_mutex_unlock:
        mutex_pass(m, e, kv_mutex_unlock_next(e), kv_mutex_unlock_obj(e), acting(m, e));
        break;
    case KE_mutex_abandon:
        mutex_pass(m, e, kv_mutex_abandon_next(e), kv_mutex_abandon_obj(e), NULL);
        break;
    case KE_cond_init: born(m, kv_cond_init_obj(e), KYMO_OBJ_COND); break;
    case KE_cond_destroy: gone(m, kv_cond_destroy_obj(e), KYMO_OBJ_COND); break;
    case KE_cond_wait: block_on(m, e, kv_cond_wait_obj(e), KYMO_OBJ_COND); break;
    case KE_cond_woken ... KE_cond_woken_LAST:
        ended_wait(m, e, kv_cond_woken_obj(e), KYMO_OBJ_COND);
        break;
    case KE_cond_signal: granted(m, kv_cond_signal_task(e), e->hart); break;
    case KE_mq_create: born(m, kv_mq_create_obj(e), KYMO_OBJ_MQ); break;
    case KE_mq_destroy: gone(m, kv_mq_destroy_obj(e), KYMO_OBJ_MQ); break;
    case KE_mq_send ... KE_mq_send_LAST: km_object(m, kv_mq_send_obj(e), KYMO_OBJ_MQ); break;
    case KE_mq_receive: km_object(m, kv_mq_receive_obj(e), KYMO_OBJ_MQ); break;
    case KE_mq_block: block_on(m, e, kv_mq_block_obj(e), KYMO_OBJ_MQ); break;
    case KE_mq_give: granted(m, kv_mq_give_task(e), e->hart); break;
    case KE_mq_acquired ... KE_mq_acquired_LAST:
        ended_wait(m, e, kv_mq_acquired_obj(e), KYMO_OBJ_MQ);
        break;
    case KE_pipe_create: born(m, kv_pipe_create_obj(e), KYMO_OBJ_PIPE); break;
    case KE_pipe_destroy: gone(m, kv_pipe_destroy_obj(e), KYMO_OBJ_PIPE); break;
    case KE_pipe_block ... KE_pipe_block_LAST:
        block_on(m, e, kv_pipe_block_obj(e), KYMO_OBJ_PIPE);
        break;
    case KE_pipe_resume ... KE_pipe_resume_LAST:
        ended_wait(m, e, kv_pipe_resume_obj(e), KYMO_OBJ_PIPE);
        break;
    default: break;
    }
}
