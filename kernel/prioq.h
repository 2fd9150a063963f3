/* SPDX-License-Identifier: MIT */
/* The two queues of tasks: a ring (first in, first out) and a queue of rings by effective priority.
 *
 * Both are intrusive: they link tcb_t.next and .prev, so a task is in one of them at most, nothing
 * is allocated, and every operation takes the same time however many tasks wait. All of it needs
 * interrupts off. */
#pragma once

#include <sys/task.h>

/* A way that is not hot: a function of its own, compiled for size, so that the hot one beside it
 * needs no stack frame. */
#define APART __attribute__((noinline, cold))

/* Data that every switch or tick touches: near gp (arch/riscv/riscv32-qemu.ld). */
#define HOT __attribute__((section(".sdata.hot")))

#define PRIOQ_LEVELS                                                                               \
    (TASK_PRIORITY_LEVELS +                                                                        \
     1) /* the last one holds the idle task in the ready queue, else nothing */

struct fifo {
    tcb_t *first; /* NULL when empty */
    uint32_t count;
};

/* Invariant P1: top is the lowest index with a non-NULL ring, or the last index when there is none.
 * So the first task is first[top] without a test: NULL in an empty queue, and the idle task in the
 * ready queue. */
struct prioq {
    tcb_t *first[PRIOQ_LEVELS];
    uint32_t top, count;
};

static inline void ring_append(tcb_t **first, tcb_t *t)
{
    tcb_t *head = *first;
    if (!head) {
        t->next = t->prev = t;
        *first = t;
        return;
    }
    tcb_t *last = head->prev;
    t->next = head;
    t->prev = last;
    last->next = t;
    head->prev = t;
}

static inline void ring_remove(tcb_t **first, tcb_t *t)
{
    tcb_t *after = t->next;
    if (after == t) {
        *first = NULL;
        return;
    }
    tcb_t *before = t->prev;
    before->next = after;
    after->prev = before;
    if (*first == t)
        *first = after;
}

static inline void prioq_append(struct prioq *q, tcb_t *t)
{
    uint32_t level = t->prio_level;
    ring_append(&q->first[level], t);
    if (level < q->top)
        q->top = level;
}

/* Eight levels: looking at the next ring is cheaper than keeping a bitmap right at every append and
 * remove. */
static inline void prioq_find_top(struct prioq *q, uint32_t level)
{
    while (level < PRIOQ_LEVELS - 1 && !q->first[level])
        level++;
    q->top = level;
}

static inline void prioq_remove(struct prioq *q, tcb_t *t)
{
    uint32_t level = t->prio_level;
    ring_remove(&q->first[level], t);
    if (!q->first[level] && q->top == level)
        prioq_find_top(q, level + 1);
}

static inline tcb_t *prioq_first(const struct prioq *q)
{
    return q->first[q->top];
}

/* Queues of waiters count: an empty one is known without a look at its levels. */
static inline void waiters_remove(struct prioq *q, tcb_t *t)
{
    uint32_t level = t->prio_level;
    ring_remove(&q->first[level], t);
    if (--q->count == 0)
        q->top = PRIOQ_LEVELS - 1;
    else if (!q->first[level] && q->top == level)
        prioq_find_top(q, level + 1);
}
