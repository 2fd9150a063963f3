/* SPDX-License-Identifier: MIT */
/* Message queues: bounded FIFOs of pointers. Neither message nor payload is copied or followed:
 * whoever sends keeps the memory alive until the receiver is done with it. Letters (T task,
 * B app_main, I interrupt handler): see sys/task.h. */
#pragma once

#include <lib/queue.h>

typedef struct {
    void *payload;
    uint16_t type, size;
} message_t;

typedef struct {
    queue_t *q;
} mq_t;

/* Holds at least `capacity` messages (1 to 65535). NULL for 0 or without memory. T B */
mq_t *mo_mq_create(uint16_t capacity);
/* NULL gives ERR_OK; ERR_MQ_NOTEMPTY; ERR_TASK_BUSY while tasks wait; ERR_FAIL for a broken one.
 * T B */
int32_t mo_mq_destroy(mq_t *mq);

/* Gives the message to the task that has waited longest, else queues it. ERR_OK, or ERR_FAIL (full,
 * NULL, broken). Never blocks; a woken task of higher priority runs at once. T B */
int32_t mo_mq_enqueue(mq_t *mq, message_t *msg_in);
/* The same for interrupt handlers: the woken task runs after the handler. T B I */
int32_t mo_mq_enqueue_isr(mq_t *mq, message_t *msg_in);

/* The oldest message, or NULL when empty, NULL or broken. Never block. T B I */
message_t *mo_mq_dequeue(mq_t *mq);
message_t *mo_mq_peek(mq_t *mq);

/* Waits at most `ticks` for a message: 0 polls, UINT32_MAX waits for ever. NULL when the time was
 * up. Waiters are served in the order in which they came. Panics when broken, or if it would
 * have to block in app_main. T, B if a message is there */
message_t *mo_mq_receive(mq_t *mq, uint32_t ticks);

/* Messages queued; 0 for NULL. T B I */
static inline int32_t mo_mq_items(mq_t *mq)
{
    return mq && mq->q ? (int32_t) queue_count(mq->q) : 0;
}
