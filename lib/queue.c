/* SPDX-License-Identifier: MIT */
/* Creation and end of pointer rings; the rest is inline in lib/queue.h. */

#include <lib/malloc.h>
#include <lib/queue.h>

#include <private/error.h>
#include <private/utils.h>

queue_t *queue_create(int32_t capacity)
{
    if (capacity < 1 || capacity > QUEUE_MAX_CAPACITY)
        return NULL;
    uint32_t slots = nextpowerof2((uint32_t) capacity + 1); /* one is lost */
    queue_t *q = malloc(sizeof(*q));
    void **buf = malloc(slots * sizeof(*buf));
    if (!q || !buf) {
        free(q);
        free(buf);
        return NULL;
    }
    *q = (queue_t){buf, (int32_t) slots, (int32_t) slots - 1, 0, 0};
    return q;
}

int32_t queue_destroy(queue_t *q)
{
    if (!q || !queue_is_empty(q))
        return ERR_FAIL;
    free(q->buf);
    free(q);
    return ERR_OK;
}
