/* SPDX-License-Identifier: MIT */
/* Tasks and the scheduler.
 *
 * Preemptive mode runs the highest ready priority, round robin among equals with the slice of the
 * level. A wake switches at once if and only if the woken task has the higher effective priority.
 * Cooperative mode switches only where a task yields, blocks or ends.
 *
 * Context of each call, checked: T task, B app_main before the scheduler runs, I interrupt handler
 * (the rt_sched hook is one). A call from elsewhere returns an error where it has one to return,
 * else panics and says so. */
#pragma once

#include <lib/list.h>
#include <lib/queue.h>

struct mutex;

#define TASK_PRIO_CRIT 0x0101
#define TASK_PRIO_REALTIME 0x0303
#define TASK_PRIO_HIGH 0x0707
#define TASK_PRIO_ABOVE 0x0F0F
#define TASK_PRIO_NORMAL 0x1F1F
#define TASK_PRIO_BELOW 0x3F3F
#define TASK_PRIO_LOW 0x7F7F
#define TASK_PRIO_IDLE 0xFFFF

#define TASK_PRIORITY_LEVELS 8
#define TASK_HIGHEST_PRIORITY 0
#define TASK_LOWEST_PRIORITY 7

/* Ticks a task runs before an equal one gets its turn. */
#define TASK_TIMESLICE_CRIT 1
#define TASK_TIMESLICE_REALTIME 2
#define TASK_TIMESLICE_HIGH 3
#define TASK_TIMESLICE_ABOVE 4
#define TASK_TIMESLICE_NORMAL 5
#define TASK_TIMESLICE_BELOW 7
#define TASK_TIMESLICE_LOW 10
#define TASK_TIMESLICE_IDLE 15

#define SCHED_IMAX 500 /* kept for source compatibility; nothing in this kernel has such a cap */
#define MIN_TASK_STACK_SIZE 256 /* a smaller request is raised to it */
#define TASK_CACHE_SIZE 4       /* kept for source compatibility */

enum task_states {
    TASK_STOPPED,
    TASK_READY,
    TASK_RUNNING,
    TASK_BLOCKED,  /* waits for an object or sleeps */
    TASK_SUSPENDED /* whatever else it waits for */
};

/* The control block. Applications may read prio, prio_level, entry, stack, stack_sz, id, state and
 * rt_prio; all else belongs to the scheduler and changes without notice. Fields that
 * arch/riscv/switch.S knows: sp, wait_result. */
typedef struct tcb {
    list_node_t node;    /* in kcb->tasks, creation order; first, so that kcb->task_current is this
                            block's address */
    void *sp;            /* of the saved context while the task does not run */
    int32_t wait_result; /* what the blocking call returns: an error code, or a message's address */

    /* Scheduling: interrupts off. */
    struct tcb *next, *prev; /* ready ring of its level, or the ring of what it waits for */
    struct sleep_link {
        struct sleep_link *next, *prev; /* slot of the timing wheel; NULL: no time is armed */
    } sleep;
    uint32_t wake_tick;
    void *wait_queue;   /* struct fifo or struct prioq, as wait_kind says */
    struct mutex *held; /* mutexes it owns, newest first */

    /* Constant after spawn, but for rt_prio and prio. */
    void *stack;
    size_t stack_sz;
    void (*entry)(void);
    void *rt_prio; /* opaque to the kernel: of the application's rt_sched hook */
    uint32_t canary;
    list_node_t *node_prev;
#if CONFIG_DEBUG_TRACE
    uint32_t trace_id; /* id << 8 */
#endif
    uint16_t id;         /* these three are one word of the trace's block header, as it stands */
    uint8_t trace_depth; /* TRACE_DEPTH_FROM_CAUSES (SPEC.md, section 2) */
    uint8_t prio_level;  /* effective level: base, or higher by inheritance */
    uint8_t base_level;
    uint16_t prio;      /* base priority as set */
    uint8_t time_slice; /* ticks left */
    uint8_t state;
    uint8_t flags;
    uint8_t wait_kind;
} tcb_t;

typedef struct {
    list_t *tasks; /* every task but idle; data is tcb_t *. Stable in app_main, the rt_sched hook
                      and NOSCHED sections */
    list_node_t *task_current; /* node of the running task */
    uint16_t next_tid;
    uint16_t task_count;
    bool preemptive;
    /* Runs at every preemptive scheduling decision with interrupts off; returns the id of a READY
     * or RUNNING task, or a negative value to decline. Never NULL. */
    int32_t (*rt_sched)(void);
    list_t *timer_list; /* kept for source compatibility: NULL */
    volatile uint32_t ticks;
} kcb_t;

extern kcb_t *kcb;
extern volatile bool scheduler_started;

/* Creates a task, READY at once, NORMAL priority; machine mode, or user mode. The stack is
 * raised to 256 bytes and gets 384 more, for what the kernel itself puts there: a task has all it
 * asked for (printf needs 512 to 600). The id; panics when memory or ids (65,534) run out or entry
 * is NULL. T B. A user task in cooperative mode cannot be preempted but yields at each blocking
 * system call. */
int32_t mo_task_spawn(void *entry, uint16_t stack_size);
int32_t mo_task_spawn_user(void *entry, uint16_t stack_size);

/* Ends another task: it leaves every queue; each mutex it owns goes to the next waiter.
 * ERR_TASK_CANT_REMOVE for id 0, the kernel's task and the caller; ERR_TASK_NOT_FOUND. T B. */
int32_t mo_task_cancel(uint16_t id);

/* Ends the running task, as returning from its entry does. T. */
void mo_task_exit(void) __attribute__((noreturn));

void mo_task_yield(void); /* to the next ready task of equal priority. T */

/* Sleeps `ticks` ticks (in cooperative mode: scheduler passes), at least so long and less than one
 * more. 0 returns at once. T. */
void mo_task_delay(uint16_t ticks);
void mo_task_wfi(void); /* sleeps until the next tick; returns at once in cooperative mode. T */

/* Suspension and waiting are independent: a suspended waiter keeps its place and may be given what
 * it waits for, but runs only after the resume. ERR_TASK_NOT_FOUND; ERR_TASK_CANT_SUSPEND (already
 * suspended, the kernel's task); ERR_TASK_CANT_RESUME (not suspended). Suspending oneself returns
 * ERR_OK after the resume. T, others only: B. */
int32_t mo_task_suspend(uint16_t id);
int32_t mo_task_resume(uint16_t id);

/* One of the eight TASK_PRIO_ values, else ERR_TASK_INVALID_PRIO (also for id 0);
 * ERR_TASK_NOT_FOUND. T B. */
int32_t mo_task_priority(uint16_t id, uint16_t prio);
/* Stores rt_prio for the application's hook; NULL takes the task out. ERR_TASK_NOT_FOUND. T B. */
int32_t mo_task_rt_priority(uint16_t id, void *rt_prio);

uint16_t mo_task_id(void); /* of the running task; 0 in app_main. T B I */
/* Of the oldest task with this entry, else ERR_TASK_NOT_FOUND. O(tasks). T B */
int32_t mo_task_idref(void *entry);
uint16_t mo_task_count(void); /* live tasks, the kernel's included, idle not. T B I */
uint32_t mo_ticks(void);      /* T B I; stays 0 in cooperative mode */
uint64_t mo_uptime(void);     /* milliseconds since the machine started. T B I */

/* Voluntary and preemptive rescheduling. Weak, so that an application or a board file may intercept
 * them with a strong definition that calls yield() or dispatch() in the end. */
void _yield(void);
void _dispatch(void);
void yield(void);
void dispatch(void);
void dispatcher(int from_timer); /* 1 counts a tick first. Kept for source compatibility. */

void _sched_block(queue_t *q); /* appends the caller to q and blocks it; panics when q is full. T */

/* Says why and stops the machine with a non-zero status (kernel/panic.c has them). Any context. */
void panic(int32_t code) __attribute__((noreturn));

/* Sections nest, and restore the state they found. CRITICAL: no interrupts. NOSCHED: interrupts and
 * ticks go on, no other task runs. Keep both short; blocking inside panics. Machine mode only. */
void kernel_critical_enter(void);
void kernel_critical_leave(void);
void kernel_nosched_enter(void);
void kernel_nosched_leave(void);
#define CRITICAL_ENTER() kernel_critical_enter()
#define CRITICAL_LEAVE() kernel_critical_leave()
#define NOSCHED_ENTER() kernel_nosched_enter()
#define NOSCHED_LEAVE() kernel_nosched_leave()

/* Calls `handler(arg)` with interrupts off when the external interrupt `irq` (PLIC source 1 to 127)
 * is raised; NULL detaches. It may use the calls marked I and the _isr variants. ERR_FAIL for
 * another source. T B. */
int32_t mo_irq_attach(uint32_t irq, void (*handler)(void *), void *arg);
