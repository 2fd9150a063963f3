/* SPDX-License-Identifier: MIT */
/* The clock: what a tick does, and what becomes due by it. The usual tick is a leaf function; the
 * rarer ones, a slice's end, a task to wake, a wrap of the wheel's digits, are apart. Tasks are
 * woken after the handler, on the stack of the interrupted task, one a step: interrupts are served
 * before each, no other task runs until all are, so the masked stretch does not grow with them. */
#include "sched.h"

#include "mutex_internal.h"
#include "wheel.h"

/* --- what becomes due --- */

static void rt_deadline(tcb_t *t)
{
    /* Quirk for source compatibility: applications with a hook lay out the record behind rt_prio as
     * {period, deadline} and expect the deadline to be renewed when a delay ends. Without a hook
     * nothing is written. */
    if (sched_hooked()) {
        uint32_t *record = t->rt_prio;
        record[1] = kernel_cb.ticks + record[0];
    }
}

/* The time of `t`, which waits for an object, is up. Returns the owner whose inherited level must
 * be looked at again, or NULL. */
static APART tcb_t *time_out(tcb_t *t)
{
    tcb_t *owner = t->wait_kind == WAIT_MUTEX ? mutex_owner_of_queue(t->wait_queue) : NULL;
    t->wait_result = ERR_TIMEOUT;
    sched_unqueue(t);
    sched_make_ready(t, READY_TIMEOUT);
    return owner;
}

static APART void delay_over_rt(tcb_t *t)
{
    rt_deadline(t);
    sched_make_ready(t, READY_DELAY);
}

static inline void delay_over(tcb_t *t)
{
    if (unlikely(t->rt_prio != NULL)) {
        delay_over_rt(t);
        return;
    }
    TRACE_ONLY(if (t->flags & TASK_IN_WFI) {
        t->flags &= ~TASK_IN_WFI;
        sched_make_ready(t, READY_WFI);
        return;
    })
    sched_make_ready(t, READY_DELAY);
}

static APART void time_out_step(tcb_t *t)
{
    tcb_t *owner = time_out(t);
    if (!owner)
        return;
    hal_irq_restore(MSTATUS_MIE);
    mutex_propagate(owner);
    hal_irq_save();
}

/* Handles one task that the wheel collected. Interrupts, which were on, are served first, and off
 * at the exit. */
static __attribute__((noinline)) void drain_step(void)
{
    sched_breathe(MSTATUS_MIE);
    tcb_t *t = wheel_take();
    if (unlikely((int32_t) (sched.now - t->wake_tick) < 0)) {
        wheel_place(t, sched.now);
        return;
    }
    t->sleep.next = NULL;
    if (likely(t->wait_kind == WAIT_DELAY))
        delay_over(t);
    else
        time_out_step(t);
}

/* Handles all of them, one a step, while no other task runs. */
static inline void drain(void)
{
    sched_lock();
    do {
        drain_step();
    } while (wheel_due());
    sched.slow -= SLOW_LOCK;
}

void sched_drain(void)
{
    drain();
}

/* --- the tick --- */

static const uint8_t slices[] = {
    TASK_TIMESLICE_CRIT,   TASK_TIMESLICE_REALTIME, TASK_TIMESLICE_HIGH, TASK_TIMESLICE_ABOVE,
    TASK_TIMESLICE_NORMAL, TASK_TIMESLICE_BELOW,    TASK_TIMESLICE_LOW,  TASK_TIMESLICE_IDLE,
    UINT8_MAX, /* idle */
};

/* The turn of the running task is over: the next of its equals is first now. False when there is
 * none. */
static inline bool slice_ended(tcb_t *cur)
{
    uint32_t level = cur->prio_level;
    cur->time_slice = slices[level];
    if (cur->next == cur || cur->state != TASK_RUNNING || sched.ready.first[level] != cur)
        return false;
    sched.ready.first[level] = cur->next;
    trace_slice_end_off();
    return true;
}

static inline uint32_t tick_done(void)
{
    sched_irq_out();
    kernel_check("tick");
    return false;
}

/* There is something to do after this tick; if it may not be done now, whoever forbids it does it
 * later. */
static inline uint32_t tick_asks(void)
{
    if (likely(sched.slow == 0))
        return true;
    sched.pending = true;
    return tick_done();
}

/* The rarer ticks, each apart, so that the usual one needs no stack frame. */

static APART uint32_t tick_slice_ended(tcb_t *cur)
{
    return slice_ended(cur) || sched.pending || sched_hooked() ? tick_asks() : tick_done();
}

static __attribute__((noinline)) uint32_t tick_due(tcb_t *cur)
{
    wheel_collect_slot(&wheel[0][sched.now % WHEEL_SLOTS]);
    if (cur->time_slice == 0)
        slice_ended(cur);
    return tick_asks();
}

static APART uint32_t tick_at_wrap(tcb_t *cur)
{
    if (wheel_collect(sched.now))
        sched.pending = true;
    if (cur->time_slice == 0)
        return tick_slice_ended(cur);
    return sched.pending || sched_hooked() ? tick_asks() : tick_done();
}

uint32_t sched_tick(void)
{
    sched_irq_in(CAUSE_TIMER, 0);
    TRACE_ONLY(uint32_t late = hal_mtime_low() - (uint32_t) hal_next_tick;)
    hal_tick_advance();
    uint32_t now = kernel_cb.ticks + 1;
    kernel_cb.ticks = now;
    sched.now = now;
    trace_sync_check();
    TRACE_ONLY(trace_tick_off(now, late);)
    tcb_t *cur = sched_current();
    uint32_t slice = cur->time_slice - 1u; /* a task begins with 1 at least */
    cur->time_slice = (uint8_t) slice;
    if (unlikely(!wheel_idle(now))) {
        if (now % WHEEL_SLOTS)
            return tick_due(cur);
        if (!wheel_idle_at_wrap(now))
            return tick_at_wrap(cur);
    }
    if (unlikely(slice == 0))
        return tick_slice_ended(cur);
    if (unlikely(sched.pending || sched_hooked()))
        return tick_asks();
    return tick_done();
}

void sched_from_trap(void)
{
    sched.pending = false;
    if (wheel_due())
        drain();
    _dispatch();
}
