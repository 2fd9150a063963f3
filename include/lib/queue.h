/* SPDX-License-Identifier: MIT */
/* A ring of pointers, size a power of two, one slot lost: head == tail means empty. Not
 * thread-safe: message queues (kernel/mqueue.c) mask around it. Machine mode only (queue_create
 * allocates). */
#pragma once

#include <lib/libc.h>

typedef struct {
    void **buf;
    int32_t size, mask;          /* slots, size - 1 */
    volatile int32_t head, tail; /* next to take, next to fill */
} queue_t;

#define QUEUE_MAX_CAPACITY 65535

/* Holds at least `capacity` (1 to QUEUE_MAX_CAPACITY); NULL for another, or without memory. */
queue_t *queue_create(int32_t capacity);
/* ERR_OK; ERR_FAIL for NULL or when not empty. */
int32_t queue_destroy(queue_t *q);

static inline bool queue_is_empty(const queue_t *q)
{
    return q->head == q->tail;
}

static inline bool queue_is_full(const queue_t *q)
{
    return ((q->tail + 1) & q->mask) == q->head;
}

static inline uint32_t queue_count(const queue_t *q)
{
    return (uint32_t) ((q->tail - q->head) & q->mask);
}

/* ERR_OK, or ERR_FAIL when full. */
static inline int32_t queue_enqueue(queue_t *q, void *item)
{
    if (queue_is_full(q))
        return -1;
    q->buf[q->tail] = item;
    q->tail = (q->tail + 1) & q->mask;
    return 0;
}

/* The oldest, taken out / left in; NULL when empty. */
static inline void *queue_dequeue(queue_t *q)
{
    if (queue_is_empty(q))
        return NULL;
    void *item = q->buf[q->head];
    q->head = (q->head + 1) & q->mask;
    return item;
}

static inline void *queue_peek(const queue_t *q)
{
    return queue_is_empty(q) ? NULL : q->buf[q->head];
}
