/* SPDX-License-Identifier: MIT */
/* kernel_check(): executes the invariants that the kernel's files number. Test builds (CONFIG_KERNEL_CHECK=1) call it at
 * every switch, tick and unlock. It walks every list, so its time grows with the number of tasks; interrupts are off
 * meanwhile. A broken invariant panics with its number and the task.
 *
 *   P1  kernel/prioq.h      W1 to W3  kernel/wheel.h     S1 to S6  kernel/sched.c
 *   T1 to T3  kernel/task.c    M1  kernel/sem.c (at its calls)    U1 to U3  kernel/mutex.c */
#include "sched.h"

#include "mutex_internal.h"
#include "wheel.h"

#if CONFIG_KERNEL_CHECK

static const char *place;

static void broken(const char *invariant, const void *what)
{
    kernel_misuse(place, what, invariant, ERR_UNKNOWN);
}

#define HOLDS(cond, invariant, what)     \
    do {                                 \
        if (unlikely(!(cond)))           \
            broken(invariant ": " #cond, what); \
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
    HOLDS(sched.ready.first[IDLE_LEVEL] == &sched_idle && sched_idle.next == &sched_idle, "S6", NULL);
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
    HOLDS(!wheel_is_armed(t) || (t->sleep.next->prev == &t->sleep && t->wait_kind != WAIT_NONE), "W3", t);
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
        for (const list_node_t *n = kernel_cb.tasks->head->next; n != kernel_cb.tasks->tail; n = n->next, tasks++) {
            const tcb_t *t = (const tcb_t *) n;
            check_task(t);
            HOLDS(t->id > last_id, "T1", t);
            last_id = t->id;
            ready += may_run(t);
            asleep += wheel_is_armed(t);
        }
        HOLDS(tasks == kernel_cb.task_count && tasks == kernel_cb.tasks->length, "T1", NULL);
        uint32_t leaving = sched_current()->id != IDLE_ID && sched_find(sched_current()->id) == NULL &&
                           may_run(sched_current()); /* a task on its last steps is in no list any more */
        HOLDS(check_ready() == ready + leaving + 1, "S1", NULL);
        HOLDS(asleep == wheel_armed(), "W3", NULL);
        HOLDS(sched.slow || sched_hooked() || sched.pending || wheel_due() ||
                  sched_current() == prioq_first(&sched.ready), "S2", sched_current());
        inside = false;
    }
    hal_irq_restore(irq);
}
#endif
