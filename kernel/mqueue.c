/* SPDX-License-Identifier: MIT */
/* Message queues. A message goes straight to the task that has waited longest, and into the ring
 * only when nobody waits.
 *
 * Invariants, with interrupts off: Q1 tasks wait only while the ring is empty. Q2 messages leave
 * in the order in which they came: by Q1 the one handed over was the oldest. Q3 the magic is
 * right from create to destroy. */

#include <lib/malloc.h>

#include <sys/mqueue.h>

#include "refuse.h"
#include "sched.h"

#define MQ_MAGIC 0x4D515545 /* "MQUE" */

struct mqueue {
    mq_t pub;
    uint32_t magic;
    struct fifo waiters;
};

/* NULL for a queue that is none. */
static struct mqueue *checked(mq_t *mq)
{
    struct mqueue *q = (struct mqueue *) mq;
    return q && !((uintptr_t) q & 3) && q->magic == MQ_MAGIC ? q : NULL;
}

/* Q1, in test builds. Interrupts off. */
static inline void check(const struct mqueue *q)
{
    if (CONFIG_KERNEL_CHECK && q->waiters.first && !queue_is_empty(q->pub.q))
        kernel_misuse("message queue", q, "Q1: tasks wait, and messages are there", ERR_UNKNOWN);
}

/* What the trace says about a message: type << 16 | size. An application may send a token that
 * is no address, so only what can be a message is looked at. */
static inline uint32_t described(const message_t *m)
{
    const uint32_t *at = (const uint32_t *) m;
    bool plausible = !((uintptr_t) at & 3) && at >= &_stext && at < &_stack_top;
    return plausible ? (uint32_t) m->type << 16 | m->size : 0;
}

mq_t *mo_mq_create(uint16_t capacity)
{
    kernel_not_in_handler("mo_mq_create");
    struct mqueue *q = capacity ? malloc(sizeof(*q)) : NULL;
    if (!q)
        return NULL;
    *q = (struct mqueue){.pub.q = queue_create(capacity), .magic = MQ_MAGIC};
    if (!q->pub.q) {
        free(q);
        return NULL;
    }
    trace_mq_create_any(capacity, q);
    return &q->pub;
}

/* Why the queue cannot be destroyed now; if it can, nobody uses it from here on. */
static int32_t retire(struct mqueue *q)
{
    int32_t result = ERR_OK;
    uint32_t irq = hal_irq_save();
    if (q->waiters.first)
        result = ERR_TASK_BUSY;
    else if (!queue_is_empty(q->pub.q))
        result = ERR_MQ_NOTEMPTY;
    else
        q->magic = 0;
    if (result == ERR_OK)
        trace_mq_destroy_off(q);
    hal_irq_restore(irq);
    return result;
}

int32_t mo_mq_destroy(mq_t *mq)
{
    kernel_not_in_handler("mo_mq_destroy");
    struct mqueue *q = checked(mq);
    if (!mq)
        return ERR_OK;
    int32_t result = q ? retire(q) : ERR_FAIL;
    if (result != ERR_OK)
        return refuse(CALL_mq_destroy, mq, result);
    queue_destroy(q->pub.q);
    free(q);
    return ERR_OK;
}

int32_t mo_mq_enqueue_isr(mq_t *mq, message_t *msg_in)
{
    struct mqueue *q = checked(mq);
    if (unlikely(!q || !msg_in))
        return refuse(CALL_mq_send, mq, ERR_FAIL);

    uint32_t irq = hal_irq_save();
    tcb_t *t = q->waiters.first;
    if (t) {
        trace_mq_give_off(trace_id(t->id), q, described(msg_in));
        sched_wake_first(&q->waiters, (int32_t) msg_in);
        sched_leave(irq, t);
        return ERR_OK;
    }
    int32_t result = queue_enqueue(q->pub.q, msg_in);
    check(q);
    if (result == ERR_OK)
        trace_mq_send_off(0, queue_count(q->pub.q), q, described(msg_in));
    else
        trace_mq_send_off(1, queue_count(q->pub.q), q, described(msg_in));
    hal_irq_restore(irq);
    return result;
}

/* Nothing in it waits, and a wake in a handler takes effect at its end: so one code is both. */
int32_t mo_mq_enqueue(mq_t *mq, message_t *msg_in)
{
    kernel_debug_not_in_handler("mo_mq_enqueue");
    return mo_mq_enqueue_isr(mq, msg_in);
}

/* The oldest message, or NULL. Interrupts off. */
static inline message_t *take(struct mqueue *q)
{
    check(q);
    message_t *taken = queue_dequeue(q->pub.q);
    if (taken)
        trace_mq_receive_off(queue_count(q->pub.q), q);
    return taken;
}

message_t *mo_mq_dequeue(mq_t *mq)
{
    struct mqueue *q = checked(mq);
    if (unlikely(!q)) {
        refuse(CALL_mq_receive, mq, ERR_FAIL);
        return NULL;
    }
    uint32_t irq = hal_irq_save();
    message_t *taken = take(q);
    if (!taken)
        trace_mq_empty_off(q);
    hal_irq_restore(irq);
    return taken;
}

message_t *mo_mq_peek(mq_t *mq)
{
    struct mqueue *q = checked(mq);
    if (unlikely(!q)) {
        refuse(CALL_mq_peek, mq, ERR_FAIL);
        return NULL;
    }
    uint32_t irq = hal_irq_save();
    message_t *oldest = queue_peek(q->pub.q);
    trace_mq_peek_off(queue_count(q->pub.q), q);
    hal_irq_restore(irq);
    return oldest;
}

message_t *mo_mq_receive(mq_t *mq, uint32_t ticks)
{
    struct mqueue *q = checked(mq);
    kernel_not_in_handler("mo_mq_receive");
    if (unlikely(!q))
        kernel_misuse("mo_mq_receive", mq, "not a message queue", ERR_FAIL);

    uint32_t irq = hal_irq_save();
    message_t *taken = take(q);
    if (taken || !ticks) {
        if (!taken)
            trace_mq_empty_off(q);
        hal_irq_restore(irq);
        return taken;
    }
    trace_mq_block_off(q);
    int32_t result = sched_wait(&q->waiters, ticks, irq, "mo_mq_receive", mq);
    if (result == ERR_TIMEOUT) {
        trace_mq_acquired_any(1, q);
        return NULL;
    }
    trace_mq_acquired_any(0, q);
    return (message_t *) result;
}
