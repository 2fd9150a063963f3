/* SPDX-License-Identifier: MIT */
/* The scheduler: who runs, who waits, and the switch. sched.h says how to use it.
 *
 * Invariants S1 to S6: kernel/check.c.
 *
 * States of a task, and the function that takes each edge:
 *
 *      sched_spawn > READY <------ sched_wake, mo_task_resume ------ BLOCKED, SUSPENDED
 *                    |  ^                                               ^
 *       switch_to    v  | yield, dispatch, sched_leave                  |
 *                  RUNNING --- sched_wait, sched_sleep, suspend --------+
 *                    `------- mo_task_exit ---> STOPPED, freed by sched_reap
 */
#include "sched.h"

#include "private/console.h"

#include "mutex_internal.h"
#include "wheel.h"

struct sched sched HOT = {.slow = SLOW_BOOT};
kcb_t kernel_cb HOT = {
    .task_current = &sched_boot.node, .rt_sched = sched_no_hook, .preemptive = true};
kcb_t *kcb = &kernel_cb;
volatile bool scheduler_started;

tcb_t sched_boot = {
    .id = BOOT_ID,
    .prio_level = IDLE_LEVEL,
    .base_level = IDLE_LEVEL,
    .state = TASK_RUNNING,
    TRACE_ONLY(.trace_id = BOOT_ID << 8, .trace_depth = TRACE_DEPTH_FROM_CAUSES)
};

int32_t sched_no_hook(void)
{
    return -1;
}

/* --- choosing and switching; interrupts off --- */

/* The hook runs user code: an id that cannot run is refused. */
static APART tcb_t *pick_hooked(void)
{
    if (!kernel_cb.rt_sched)
        kernel_misuse("kcb->rt_sched", NULL,
                      "is NULL; a hook that declines returns a negative value", ERR_UNKNOWN);
    sched.in_handler = true; /* this is never called inside a handler: false before and after */
    int32_t id = kernel_cb.rt_sched();
    sched.in_handler = false;
    if (id < 0)
        return prioq_first(&sched.ready);
    tcb_t *t = id == IDLE_ID ? NULL : sched_find((uint32_t) id);
    bool refused = !t || (t->state != TASK_READY && t->state != TASK_RUNNING);
    trace_rt_pick_off(trace_id((uint32_t) id), refused);
    return refused ? prioq_first(&sched.ready) : t;
}

static inline void check_stack(tcb_t *t)
{
    if (CONFIG_STACK_PROTECTION && unlikely(*(uint32_t *) t->stack != t->canary))
        kernel_stack_smashed(t);
}

/* `from` has its new state. Returns when it runs again, with its wait_result. */
static inline int32_t switch_to(tcb_t *from, tcb_t *to, uint32_t irq)
{
    check_stack(from);
    to->state = TASK_RUNNING;
    kernel_cb.task_current = &to->node;
    kernel_check("switch");
    return hal_switch(from, to, irq);
}

/* The running task goes on, or is preempted by `next`. */
static inline void switch_if_other(tcb_t *cur, tcb_t *next, uint32_t irq)
{
    if (next == cur) {
        hal_irq_restore(irq);
        return;
    }
    trace_task_switch_off(TASK_READY, TRACE_ID(next));
    cur->state = TASK_READY;
    switch_to(cur, next, irq);
}

/* Ways through the hook are apart, so that the others need no stack frame. */
static APART void preempt_hooked(tcb_t *cur, uint32_t irq)
{
    switch_if_other(cur, pick_hooked(), irq);
}

/* The running task offers the hart to whoever is first now. */
static __attribute__((noinline)) void preempt(tcb_t *cur, uint32_t irq)
{
    if (sched_hooked()) {
        preempt_hooked(cur, irq);
        return;
    }
    switch_if_other(cur, prioq_first(&sched.ready), irq);
}

/* How the trace names the state of `t`. */
uint32_t sched_trace_state(const tcb_t *t)
{
    return t->state == TASK_BLOCKED && t->wait_kind == WAIT_DELAY ? STATE_ASLEEP : t->state;
}

/* The queue's operations once more, called where they are not hot. */
static __attribute__((noinline)) void queue_remove(struct prioq *q, tcb_t *t)
{
    prioq_remove(q, t);
}

static __attribute__((noinline)) tcb_t **queue_append(struct prioq *q, tcb_t *t)
{
    prioq_append(q, t);
    return &q->first[t->prio_level];
}

/* --- waking --- */

APART void sched_unqueue(tcb_t *t)
{
    if (t->wait_kind == WAIT_FIFO) {
        struct fifo *q = t->wait_queue;
        ring_remove(&q->first, t);
        q->count--;
    } else if (t->wait_kind > WAIT_FIFO) {
        sched_leave_waiters(t->wait_queue, t);
    }
}

void sched_leave_waiters(struct prioq *q, tcb_t *t)
{
    waiters_remove(q, t);
}

static inline void wake(tcb_t *t, uint32_t reason)
{
    if (wheel_is_armed(t))
        wheel_disarm(t);
    sched_make_ready(t, reason);
}

__attribute__((noinline)) void sched_wake(tcb_t *t, uint32_t reason)
{
    wake(t, reason);
}

tcb_t *sched_wake_first(struct fifo *q, int32_t result)
{
    tcb_t *t = q->first;
    if (!t)
        return NULL;
    ring_remove(&q->first, t);
    q->count--;
    t->wait_result = result;
    wake(t, READY_OBJECT);
    return t;
}

/* --- the decision in a trap --- */

/* In the trap of an interrupt: the handler ends, for the trace, before the switch it asked for. */
static inline void dispatch_to(tcb_t *cur, tcb_t *next)
{
    if (next == cur) {
        sched_irq_out();
        return;
    }
    trace_task_switch_off(TASK_READY, TRACE_ID(next));
    sched_irq_out();
    cur->state = TASK_READY;
    switch_to(cur, next, 0);
}

static APART void dispatch_hooked(void)
{
    dispatch_to(sched_current(), pick_hooked());
}

void dispatch(void)
{
    if (sched_hooked())
        dispatch_hooked();
    else
        dispatch_to(sched_current(), prioq_first(&sched.ready));
}
void _dispatch(void) __attribute__((weak, alias("dispatch")));

APART void dispatcher(int from_timer)
{
    uint32_t irq = hal_irq_save();
    if (from_timer && sched_tick())
        sched_irq_out();
    if (sched.slow == 0 && (irq & MSTATUS_MIE)) {
        if (wheel_due())
            sched_drain();
        preempt(sched_current(), irq);
    } else {
        hal_irq_restore(irq);
    }
}

/* --- the lock --- */

static APART void catch_up(void)
{
    uint32_t irq = hal_irq_save();
    /* a CRITICAL section around it, boot, or cooperative mode */
    if (!(irq & MSTATUS_MIE) || sched.slow) {
        hal_irq_restore(irq);
        return;
    }
    sched.pending = false;
    if (wheel_due())
        sched_drain();
    preempt(sched_current(), irq);
}

void sched_unlock(void)
{
    __asm__ volatile("" ::: "memory");
    sched.slow -= SLOW_LOCK;
    if (sched.pending)
        catch_up();
    kernel_check("unlock");
}

APART void sched_catch_up_masked(void)
{
    if (sched.slow >= SLOW_LOCK)
        return;
    sched.pending = false;
    if (wheel_due())
        sched_drain();
}

void kernel_nosched_enter(void)
{
    sched_lock();
}

void kernel_nosched_leave(void)
{
    if (sched.slow < SLOW_LOCK)
        kernel_misuse("NOSCHED_LEAVE", NULL, "without NOSCHED_ENTER", ERR_UNKNOWN);
    sched_unlock();
}

void kernel_critical_enter(void)
{
    uint32_t irq = hal_irq_save();
    if (sched.critical++ == 0)
        sched.critical_irq = irq & MSTATUS_MIE;
}

void kernel_critical_leave(void)
{
    if (sched.critical == 0)
        kernel_misuse("CRITICAL_LEAVE", NULL, "without CRITICAL_ENTER", ERR_UNKNOWN);
    if (--sched.critical != 0)
        return;
    hal_irq_restore(sched.critical_irq);
    if (sched.pending)
        catch_up();
}

/* --- cooperative mode: delays count passes through the scheduler --- */

static APART void pass(void)
{
    sched.now++;
    trace_sync_check();
    if (!wheel_idle(sched.now) && wheel_collect(sched.now))
        sched_drain();
}

/* --- giving the hart up --- */

static bool may_block(uint32_t irq)
{
    return (irq & MSTATUS_MIE) && (sched.slow & ~SLOW_COOPERATIVE) == 0;
}

static __attribute__((noreturn, cold, noinline)) void refuse_to_block(const char *call,
                                                                      const void *obj)
{
    kernel_misuse(call, obj,
                  sched.slow & SLOW_BOOT ? "blocks before the scheduler runs"
                                         : "blocks with interrupts off or the scheduler locked",
                  ERR_UNKNOWN);
}

void sched_must_block(uint32_t irq, const char *call, const void *obj)
{
    if (unlikely(!may_block(irq)))
        refuse_to_block(call, obj);
}

static inline void rotate(tcb_t *cur)
{
    tcb_t **first = &sched.ready.first[cur->prio_level];
    if (*first == cur)
        *first = cur->next;
}

static APART void yield_slow(tcb_t *cur, uint32_t irq)
{
    if (!(irq & MSTATUS_MIE) && !(sched.slow & SLOW_BOOT))
        kernel_misuse("yield", NULL, "called with interrupts off", ERR_UNKNOWN);
    if (!may_block(irq)) { /* app_main, or a NOSCHED section: nobody else may run */
        hal_irq_restore(irq);
        return;
    }
    if (sched.slow)
        pass();
    rotate(cur);
    preempt(cur, irq);
}

void yield(void)
{
    uint32_t irq = hal_irq_save();
    tcb_t *cur = sched_current();
    if (unlikely(sched.slow || sched_hooked() || !(irq & MSTATUS_MIE))) {
        yield_slow(cur, irq);
        return;
    }
    tcb_t *next = cur->next; /* S2 */
    if (next == cur) {
        hal_irq_restore(irq);
        return;
    }
    sched.ready.first[cur->prio_level] = next;
    trace_task_switch_off(TASK_READY, TRACE_ID(next));
    cur->state = TASK_READY;
    switch_to(cur, next, irq);
}
void _yield(void) __attribute__((weak, alias("yield")));

void mo_task_yield(void)
{
    kernel_debug_not_in_handler("mo_task_yield");
    trace_task_yield_any();
    _yield();
}

static APART int32_t leave_slow(tcb_t *cur, uint32_t irq)
{
    uint32_t state = sched_trace_state(cur);
    if (sched.slow) /* cooperative */
        pass();
    if (cur->state == TASK_READY) { /* its time ran out in this very call */
        cur->state = TASK_RUNNING;
        preempt(cur, irq);
        return cur->wait_result;
    }
    tcb_t *next = sched_hooked() ? pick_hooked() : prioq_first(&sched.ready);
    trace_task_switch_off(state, TRACE_ID(next));
    return switch_to(cur, next, irq);
}

/* Leaves the hart; the running task is out of the ready queue, unless its time ran out in this very
 * call. */
static inline __attribute__((always_inline)) int32_t leave(tcb_t *cur, uint32_t irq,
                                                           uint32_t trace_state)
{
    if (unlikely(sched.slow || sched_hooked()))
        return leave_slow(cur, irq);
    tcb_t *next = prioq_first(&sched.ready);
    trace_task_switch_off(trace_state, TRACE_ID(next));
    return switch_to(cur, next, irq);
}

int32_t sched_block(tcb_t *cur, uint32_t irq)
{
    if (unlikely(cur->state == TASK_READY)) /* woken between the steps of a long way to here */
        return leave_slow(cur, irq);
    return leave(cur, irq, TASK_BLOCKED);
}

int32_t sched_block_asleep(tcb_t *cur, uint32_t irq)
{
    return leave(cur, irq, STATE_ASLEEP);
}

int32_t sched_block_suspended(tcb_t *cur, uint32_t irq)
{
    return leave(cur, irq, TASK_SUSPENDED);
}

void sched_block_ended(tcb_t *cur)
{
    leave(cur, 0, TASK_STOPPED);
    __builtin_unreachable();
}

/* Takes the running task out of the ready queue; `kind` says for what. */
static inline __attribute__((always_inline)) void stop_running(tcb_t *cur, void *queue,
                                                               uint32_t kind, uint32_t ticks)
{
    prioq_remove(&sched.ready, cur);
    cur->state = TASK_BLOCKED;
    cur->wait_queue = queue;
    cur->wait_kind = kind;
    if (ticks != SCHED_FOREVER)
        wheel_arm(cur, sched.now, ticks);
}

__attribute__((noinline)) void sched_await_time(tcb_t *cur, uint32_t ticks)
{
    stop_running(cur, NULL, WAIT_DELAY, ticks);
}

void sched_await_waiters(tcb_t *cur, struct prioq *queue, uint32_t kind, uint32_t ticks)
{
    sched_await_time(cur, ticks);
    cur->wait_queue = queue;
    cur->wait_kind = kind;
    queue->count++;
    queue_append(queue, cur);
}

int32_t sched_wait(struct fifo *q, uint32_t ticks, uint32_t irq, const char *call, const void *obj)
{
    tcb_t *cur = sched_current();
    if (unlikely(!may_block(irq)))
        refuse_to_block(call, obj);
    stop_running(cur, q, WAIT_FIFO, ticks);
    ring_append(&q->first, cur);
    q->count++;
    return leave(cur, irq, TASK_BLOCKED);
}

/* --- ends of sections that woke somebody --- */

void sched_leave(uint32_t irq, tcb_t *woken)
{
    tcb_t *cur = sched_current();
    if (woken->prio_level >= cur->prio_level && !sched_hooked()) {
        hal_irq_restore(irq);
        return;
    }
    sched_preempt(irq);
}

void sched_preempt(uint32_t irq)
{
    if (unlikely(sched.slow || !(irq & MSTATUS_MIE))) {
        sched.pending = true;
        hal_irq_restore(irq);
        return;
    }
    preempt(sched_current(), irq);
}

/* A token given away: to an equal as well, behind whom the giver queues. In cooperative mode any
 * giver yields. */
void sched_leave_giver(uint32_t irq, tcb_t *woken)
{
    tcb_t *cur = sched_current();
    if (unlikely(sched.slow == SLOW_COOPERATIVE && (irq & MSTATUS_MIE))) {
        yield_slow(cur, irq);
        return;
    }
    if (woken->prio_level == cur->prio_level && likely(!sched.slow && (irq & MSTATUS_MIE)))
        rotate(cur);
    else if (woken->prio_level > cur->prio_level && !sched_hooked()) {
        hal_irq_restore(irq);
        return;
    }
    sched_preempt(irq);
}

/* The level of `t` becomes `level`, wherever it is queued. The running task stays in front of its
 * new equals. */
void sched_set_level(tcb_t *t, uint8_t level)
{
    struct prioq *q = &sched.ready;
    if (t->state != TASK_RUNNING && t->state != TASK_READY) {
        q = t->wait_queue;
        if (t->wait_kind <= WAIT_FIFO) {
            t->prio_level = level;
            return;
        }
    }
    queue_remove(q, t);
    t->prio_level = level;
    tcb_t **first = queue_append(q, t);
    if (t->state == TASK_RUNNING)
        *first = t;
}

/* Takes `t` out of the ready queue, for the ways that are not hot. */
APART void sched_unready(tcb_t *t)
{
    queue_remove(&sched.ready, t);
}

/* --- start --- */

APART void sched_start(bool preemptive)
{
    hal_irq_save();
    mutex_abandon_all(&sched_boot); /* app_main has ended */
    sched_boot.state = TASK_STOPPED;
    kernel_cb.preemptive = preemptive;
    sched.now = kernel_cb.ticks;
    sched.pending = false;
    sched.slow = preemptive ? 0 : SLOW_COOPERATIVE;
    scheduler_started = true;
    if (preemptive)
        hal_timer_enable();
    tcb_t *first = prioq_first(&sched.ready);
    trace_sched_start_off(preemptive);
    trace_task_switch_off(TASK_STOPPED, TRACE_ID(first));
    first->state = TASK_RUNNING;
    kernel_cb.task_current = &first->node;
    hal_switch_first(first);
}
