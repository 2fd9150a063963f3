/* SPDX-License-Identifier: MIT */
/* The invariants of the kernel, and kernel_check(), which executes them.
 *
 * Test builds (CONFIG_KERNEL_CHECK=1) call it at every switch, tick and unlock. It walks every
 * list, so its time grows with the number of tasks; interrupts are off meanwhile. A broken
 * invariant panics with its number and the task. Other files cite the numbers.
 *
 * Queues by priority (kernel/prioq.h); interrupts off
 *   P1  top is the lowest level with a task, or the last level when there is none: so the first
 *       task is first[top] without a test, NULL in an empty queue, idle in the ready queue.
 *
 * Scheduler (kernel/sched.c); interrupts off
 *   S1  A task is RUNNING or READY if and only if it is in the ready queue. Exactly one is RUNNING:
 *       kcb->task_current.
 *   S2  Without an rt_sched hook and with sched.slow == 0, the running task is the first of the
 *       ready queue whenever interrupts are on. So a yield takes the next of the ring, and a wake
 *       only compares two levels.
 *   S3  A task with a wait_kind above WAIT_DELAY is in exactly the queue that wait_queue names.
 *   S4  A suspended task is not in the ready queue; its wait goes on.
 *   S5  prio_level = min(base_level, level of the first waiter of each inheriting mutex it owns),
 *       whenever the scheduler is not locked.
 *   S6  Idle is always READY or RUNNING, alone at IDLE_LEVEL: so there is always a first task.
 *
 * Timing wheel (kernel/wheel.c); interrupts off
 *   W1  Two tasks due at the same tick are in the same list, in the order in which they were armed.
 *   W2  A delay may be anything from 1 to 2^32 - 1. One whose end has now's top digit and lies
 *       behind now is a turn of the counter away: it waits in that top slot, which is collected
 *       when the counter comes round to it.
 *   W3  sleep.next != NULL if and only if the task is in the wheel or among what it collected.
 *
 * Tasks (kernel/task.c); changed with interrupts off, walked with the scheduler locked
 *   T1  kcb->tasks holds every task but idle, in order of creation.
 *   T2  id_pages maps every live id to its task; a page exists while it maps a live id.
 *   T3  Ids grow and are never used twice: an id that is not found is of an ended task or of none.
 *
 * Objects; semaphores with interrupts off, mutexes and conditions also locked, a step at a time
 *   M1  A semaphore's count > 0 implies that nobody waits.
 *   U1  A mutex has an owner_tid if and only if it is in the held list of the live task with it.
 *   U2  A task waits only for a mutex with an owner: unlocking hands over. */
#include "sched.h"

#include "mutex_internal.h"
#include "wheel.h"

#if CONFIG_KERNEL_CHECK

static const char *place;

static void broken(const char *invariant, const void *what)
{
    kernel_misuse(place, what, invariant, ERR_UNKNOWN);
}

#define HOLDS(cond, invariant, what)                                                               \
    do {                                                                                           \
        if (unlikely(!(cond)))                                                                     \
            broken(invariant ": " #cond, what);                                                    \
    } while (0)

static bool may_run(const tcb_t *t)
{
    return t->state == TASK_READY || t->state == TASK_RUNNING;
}

/* P1, and the links of every ring. The number of tasks in q. */
static uint32_t check_prioq(const struct prioq *q)
{
    uint32_t tasks = 0, top = IDLE_LEVEL;
    for (int32_t level = IDLE_LEVEL; level >= 0; level--) {
        const tcb_t *first = q->first[level], *t = first;
        if (!first)
            continue;
        top = (uint32_t) level;
        do {
            HOLDS(t->next->prev == t && t->prev->next == t, "P1", t);
            HOLDS(t->prio_level == level, "P1", t);
            tasks++;
            t = t->next;
        } while (t != first);
    }
    HOLDS(q->top == top, "P1", q);
    return tasks;
}

/* S1, S2, S6. The number of tasks that may run, idle included. */
static uint32_t check_ready(void)
{
    uint32_t running = 0;
    for (uint32_t level = 0; level <= IDLE_LEVEL; level++) {
        const tcb_t *first = sched.ready.first[level], *t = first;
        if (first)
            do {
                HOLDS(may_run(t), "S1", t);
                running += t->state == TASK_RUNNING;
                t = t->next;
            } while (t != first);
    }
    HOLDS(running <= 1, "S1", NULL);
    HOLDS(sched.ready.first[IDLE_LEVEL] == &sched_idle && sched_idle.next == &sched_idle, "S6",
          NULL);
    return check_prioq(&sched.ready);
}

/* U1, and the level that S5 asks for. */
static uint32_t check_held(const tcb_t *t)
{
    uint32_t level = t->base_level;
    mutex_t *const *link = &((tcb_t *) t)->held;
    for (const mutex_t *m = t->held; m; link = &m->held_next, m = m->held_next) {
        HOLDS(m->magic == MUTEX_MAGIC && m->owner_tid == t->id && m->held_link == link, "U1", m);
        HOLDS(check_prioq((const struct prioq *) m->waiters) == m->waiters->count, "P1", m);
        if (m->inherit && m->waiters->top < level)
            level = m->waiters->top;
    }
    return level;
}

/* S3, U2 */
static void check_wait(const tcb_t *t)
{
    HOLDS(t->wait_kind <= WAIT_MUTEX, "S3", t);
    if (t->wait_kind <= WAIT_DELAY)
        return;
    HOLDS(t->next->prev == t && t->prev->next == t, "S3", t);
    HOLDS(!may_run(t), "S3", t);
    if (t->wait_kind == WAIT_FIFO) {
        HOLDS(((struct fifo *) t->wait_queue)->first != NULL, "S3", t);
        return;
    }
    HOLDS(((struct prioq *) t->wait_queue)->first[t->prio_level] != NULL, "S3", t);
    if (t->wait_kind == WAIT_MUTEX)
        HOLDS(mutex_owner_of_queue(t->wait_queue) != NULL, "U2", t);
}

/* What holds for every task by itself. */
static void check_task(const tcb_t *t)
{
    HOLDS(t->node.data == t && t->id != IDLE_ID && sched_find(t->id) == t, "T2", t);
    HOLDS(t->id < kernel_cb.next_tid, "T3", t);
    HOLDS(sched_stack_intact(t), "stack", t);
    bool suspended = (t->flags & TASK_IS_SUSPENDED) != 0;
    HOLDS(suspended == (t->state == TASK_SUSPENDED), "S4", t);
    HOLDS(t->state != TASK_BLOCKED || t->wait_kind != WAIT_NONE, "S3", t);
    HOLDS(!may_run(t) || t->wait_kind == WAIT_NONE, "S1", t);
    HOLDS(!wheel_is_armed(t) || (t->sleep.next->prev == &t->sleep && t->wait_kind != WAIT_NONE),
          "W3", t);
    check_wait(t);
    uint32_t level = check_held(t);
    HOLDS(sched.slow >= SLOW_LOCK || level == t->prio_level, "S5", t);
}

void kernel_check_all(const char *where)
{
    static bool inside; /* a check that panics drains the console, which must not check again */
    uint32_t irq = hal_irq_save();
    if (!inside && scheduler_started) {
        inside = true;
        place = where;
        uint32_t tasks = 0, ready = 0, asleep = 0, last_id = 0;
        for (const list_node_t *n = kernel_cb.tasks->head->next; n != kernel_cb.tasks->tail;
             n = n->next, tasks++) {
            const tcb_t *t = (const tcb_t *) n;
            check_task(t);
            HOLDS(t->id > last_id, "T1", t);
            last_id = t->id;
            ready += may_run(t);
            asleep += wheel_is_armed(t);
        }
        HOLDS(tasks == kernel_cb.task_count && tasks == kernel_cb.tasks->length, "T1", NULL);
        uint32_t leaving =
            sched_current()->id != IDLE_ID && sched_find(sched_current()->id) == NULL &&
            may_run(sched_current()); /* a task on its last steps is in no list any more */
        HOLDS(check_ready() == ready + leaving + 1, "S1", NULL);
        HOLDS(asleep == wheel_armed(), "W3", NULL);
        HOLDS(sched.slow || sched_hooked() || sched.pending || wheel_due() ||
                  sched_current() == prioq_first(&sched.ready),
              "S2", sched_current());
        inside = false;
    }
    hal_irq_restore(irq);
}
#endif
