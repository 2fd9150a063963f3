/* SPDX-License-Identifier: MIT */
/* What the parts of the kernel may ask of the scheduler. Public calls are in <sys/task.h>.
 *
 * How a blocking call is written, from a public function:
 *
 *     uint32_t irq = hal_irq_save();
 *     if (there is something to take) { take it; hal_irq_restore(irq); return ERR_OK; }
 *     return sched_wait(&obj->waiters, ticks, irq, "mo_thing_wait", obj);
 *
 * and the call that wakes:
 *
 *     uint32_t irq = hal_irq_save();
 *     tcb_t *t = sched_wake_first(&obj->waiters, ERR_OK);
 *     if (t) return sched_leave(irq, t);      (may switch; the caller goes on when it runs again)
 *     ...
 *
 * What is protected how:
 *   - ready queue, wheel, fifo wait queues, task states: interrupts off. A section is short and
 *     does not grow with the number of tasks.
 *   - mutex and condition variable waiters, held lists: as above, or, for the long ways (chains of
 *     inheritance, broadcast, cancel), the scheduler locked and interrupts off for one step at a
 *     time. Interrupt handlers never touch them, and no other task runs, so they cannot change
 *     between two steps. A wait that times out meanwhile stays armed until the unlock.
 *   - kcb->tasks: the scheduler locked to walk it, interrupts off to change it.
 * Invariants: kernel/check.c. */
#pragma once

#include "hal.h"
#include "private/error.h"
#include "private/utils.h"

#include "prioq.h"
#include "trace.h"

#define SCHED_FOREVER UINT32_MAX
#define IDLE_LEVEL TASK_PRIORITY_LEVELS
#define IDLE_ID 0
#define KERNEL_TASK_ID 1
#define BOOT_ID 0xFFFF

/* A task's id as an event holds it. */
#if CONFIG_DEBUG_TRACE
#define TRACE_ID(t) ((trace_id_t){(t)->trace_id})
#else
#define TRACE_ID(t) trace_id((t)->id)
#endif

enum wait_kind {
    WAIT_NONE,
    WAIT_DELAY, /* for the time alone */
    WAIT_FIFO,  /* in a struct fifo */
    WAIT_PRIOQ, /* in the waiters of a condition variable */
    WAIT_MUTEX, /* in the waiters of a mutex: its owner may have to inherit */
};

enum task_flags {
    TASK_USER = 1,
    TASK_ENDED = 2,
    TASK_IS_SUSPENDED = 4,
    TASK_IN_WFI = 8,
};

/* How the trace names states (Documentation/SPEC.md): as enum task_states, and asleep apart from
 * blocked. */
#define STATE_ASLEEP 5
uint32_t sched_trace_state(const tcb_t *t);

/* Codes of `reason` in the event task_ready (Documentation/SPEC.md). */
enum ready_reason {
    READY_CREATED,
    READY_OBJECT,
    READY_DELAY,
    READY_TIMEOUT,
    READY_RESUMED,
    READY_WFI,
    READY_DESTROYED,
};

/* Why the scheduler may not simply switch: 0 means preemptive, running, unlocked. */
#define SLOW_BOOT 1u        /* app_main has not returned yet */
#define SLOW_COOPERATIVE 2u /* switches only where a task gives the hart up */
#define SLOW_LOCK 4u        /* one for each lock */

struct sched {
    struct prioq ready;       /* RUNNING and READY tasks, and idle */
    uint32_t slow;            /* SLOW_ */
    volatile bool in_handler; /* a handler or the hook runs: calls marked I alone are allowed */
    volatile bool pending;    /* a switch was due while `slow` or a handler forbade it */
    uint32_t now;             /* the clock of delays: kcb->ticks, or passes in cooperative mode */
#if CONFIG_DEBUG_TRACE
    uint32_t causes; /* of the active interrupt handlers, innermost in the low byte; none is 0 */
#endif
    uint32_t critical;     /* nesting of CRITICAL sections */
    uint32_t critical_irq; /* the state that the outermost found */
};

extern struct sched sched;
extern kcb_t kernel_cb; /* what kcb points to; the kernel itself addresses it directly */
extern tcb_t sched_boot, sched_idle;
int32_t sched_no_hook(void); /* the default of kcb->rt_sched: declines */

/* The running task; &sched_boot before there is one. Never NULL. */
static inline tcb_t *sched_current(void)
{
    return (tcb_t *) kernel_cb.task_current;
}

/* What delays are counted in: ticks, or passes through the scheduler in cooperative mode. */
static inline uint32_t sched_now(void)
{
    return sched.now;
}

static inline bool sched_hooked(void)
{
    return unlikely(kernel_cb.rt_sched != sched_no_hook);
}

/* --- blocking and waking; interrupts off --- */

/* Appends the running task to q and switches away. `irq` is what hal_irq_save() returned;
 * interrupts are as it says on return. ticks: 1 or more, or SCHED_FOREVER. Returns what the waker
 * passed, or ERR_TIMEOUT. Panics, naming `call` and `obj`, when the caller may not block (boot,
 * interrupt handler, CRITICAL or NOSCHED section). */
int32_t sched_wait(struct fifo *q, uint32_t ticks, uint32_t irq, const char *call, const void *obj);

/* Ends the wait of the first task in q, which returns `result` from it. The task, or NULL. */
tcb_t *sched_wake_first(struct fifo *q, int32_t result);

/* Ends the wait of `t`, already out of its queue. */
void sched_wake(tcb_t *t, uint32_t reason);

/* `t` waits for nothing any more, and no time of it is armed. */
static inline void sched_make_ready(tcb_t *t, uint32_t reason)
{
    t->wait_kind = WAIT_NONE;
    if (unlikely(t->flags & TASK_IS_SUSPENDED))
        return;
    t->state = TASK_READY;
    prioq_append(&sched.ready, t);
    trace_task_ready_off(reason, TRACE_ID(t));
}

/* Ends a section in which `woken` became ready: switches to it if it has the higher priority, now
 * or, in an interrupt handler or a locked section, at its end. Interrupts are as `irq` says on
 * return. */
void sched_leave(uint32_t irq, tcb_t *woken);

/* --- the parts of the above, for mutexes and condition variables; interrupts off --- */

/* Panics, naming the call, unless the caller may block. */
void sched_must_block(uint32_t irq, const char *call, const void *obj);
/* Takes `cur`, the running task, out of the ready queue, and appends it to `queue`, or has it wait
 * for the time alone. */
void sched_await_waiters(tcb_t *cur, struct prioq *queue, uint32_t kind, uint32_t ticks);
void sched_await_time(tcb_t *cur, uint32_t ticks);
/* Leaves the hart; the running task waits already, sleeps, is suspended or has ended. Returns its
 * wait_result. */
int32_t sched_block(tcb_t *cur, uint32_t irq);
int32_t sched_block_asleep(tcb_t *cur, uint32_t irq);
int32_t sched_block_suspended(tcb_t *cur, uint32_t irq);
void sched_block_ended(tcb_t *cur) __attribute__((noreturn));
/* Takes `t` out of what it waits for; its time stays armed. */
void sched_unqueue(tcb_t *t);
/* Ends a section in which levels or states changed: switches if the running task is no longer the
 * first. */
void sched_preempt(uint32_t irq);
void sched_leave_giver(uint32_t irq, tcb_t *woken);
void sched_unready(tcb_t *t);
void sched_leave_waiters(struct prioq *q, tcb_t *t);
/* Changes the effective level of `t`, wherever it is queued. */
void sched_set_level(tcb_t *t, uint8_t level);

/* --- the lock: no other task runs, interrupts go on; nests --- */

static inline void sched_lock(void)
{
    sched.slow += SLOW_LOCK;
    __asm__ volatile("" ::: "memory");
}

/* Gives one lock up in a section with interrupts off that goes on to switch. */
void sched_catch_up_masked(void);
static inline void sched_settle(void)
{
    sched.slow -= SLOW_LOCK;
    if (unlikely(sched.pending))
        sched_catch_up_masked();
}
void sched_unlock(void); /* does what became due meanwhile; interrupts on */

/* Takes one breath in a long locked section: interrupts off at entry and exit, served in between if
 * they were on. */
static inline void sched_breathe(uint32_t irq)
{
    hal_irq_restore(irq);
    hal_irq_save();
}

/* --- tasks --- */

tcb_t *sched_find(uint32_t id); /* NULL: no such task. Constant time. Interrupts off or locked */
int32_t sched_spawn(void *entry, uint32_t stack_size, bool user);
void sched_start(bool preemptive) __attribute__((noreturn));
void sched_init(void);
/* Frees what ended tasks left; the number of tasks. Task or boot, interrupts on. */
uint32_t sched_reap(void);

bool sched_stack_intact(const tcb_t *t);

/* Executes the kernel's invariants in test builds; kernel/check.c. */
void kernel_check_all(const char *where);
static inline void kernel_check(const char *where)
{
    if (CONFIG_KERNEL_CHECK == 1)
        kernel_check_all(where);
}

/* Handles what the wheel collected. Interrupts, which were on, are off at entry and exit. */
void sched_drain(void);

/* --- used by the trap code --- */

/* Around a handler, for the trace. */
static inline void sched_irq_in(uint32_t cause, uint32_t source)
{
    trace_irq_in_off(cause & 0xFF, source);
    TRACE_ONLY(sched.causes = sched.causes << 8 | (cause & 0xFF);)
}

static inline void sched_irq_out(void)
{
    TRACE_ONLY(sched.causes >>= 8;)
    trace_irq_out_off();
}

/* The tick: interrupts off, stack of the interrupted task. Non-zero when sched_from_trap() has
 * something to do. */
uint32_t sched_tick(void);
/* On the stack of the interrupted task, interrupts off: what became due, and the switch. */
void sched_from_trap(void);

/* --- misuse: names the call, the object and the running task --- */
void kernel_stack_smashed(const tcb_t *t) __attribute__((noreturn, cold));
void kernel_power_off(uint32_t status) __attribute__((noreturn)); /* drains the console first */
void kernel_misuse(const char *call, const void *obj, const char *why, int32_t code)
    __attribute__((noreturn, cold));

/* For the calls that an interrupt handler may not use. */
void kernel_in_handler(const char *call) __attribute__((noreturn, cold));
static inline void kernel_not_in_handler(const char *call)
{
    if (CONFIG_API_CHECK && unlikely(sched.in_handler))
        kernel_in_handler(call);
}

/* The same for the two calls whose way is so short that the test would show: their short way does
 * no harm in a handler, and the long way is refused always. */
static inline void kernel_debug_not_in_handler(const char *call)
{
    if (CONFIG_KERNEL_CHECK)
        kernel_not_in_handler(call);
}
