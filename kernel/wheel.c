/* SPDX-License-Identifier: MIT */
/* The timing wheel; see wheel.h for how it works and its invariants W1 to W3. */
#include "wheel.h"

#include "private/utils.h"

#include "prioq.h"

#define DIGIT_BITS WHEEL_DIGIT_BITS
#define SLOTS WHEEL_SLOTS
#define LEVELS WHEEL_LEVELS
#define TOP_SHIFT (DIGIT_BITS * (LEVELS - 1))

typedef struct sleep_link link_t;

link_t wheel[LEVELS][SLOTS]; /* each the head of a circular list */
static HOT link_t due;
static HOT uint32_t armed;

static inline void slot_clear(link_t *s)
{
    s->next = s->prev = s;
}

static inline bool slot_empty(const link_t *s)
{
    return s->next == s;
}

static inline void slot_append(link_t *s, link_t *l)
{
    link_t *last = s->prev;
    l->next = s;
    l->prev = last;
    last->next = l;
    s->prev = l;
}

static inline void slot_remove(link_t *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
}

/* All of s to the end of `due`. */
static inline void slot_collect(link_t *s)
{
    link_t *first = s->next;
    if (first == s)
        return;
    link_t *last = s->prev;
    first->prev = due.prev;
    due.prev->next = first;
    last->next = &due;
    due.prev = last;
    slot_clear(s);
}

static inline tcb_t *task_of(link_t *l)
{
    return (tcb_t *) ((char *) l - __builtin_offsetof(tcb_t, sleep));
}

void wheel_init(void)
{
    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < SLOTS; i++)
            slot_clear(&wheel[level][i]);
    slot_clear(&due);
    armed = 0;
}

static void wheel_place(tcb_t *t, uint32_t now)
{
    uint32_t at = t->wake_tick;
    uint32_t differs = at ^ now;
    uint32_t level = 0;
    if (unlikely(differs >> TOP_SHIFT == 0 && at < now)) { /* W2 */
        level = LEVELS - 1;
        at >>= TOP_SHIFT;
    }
    for (; differs >= SLOTS && level < LEVELS - 1; level++) {
        differs >>= DIGIT_BITS;
        at >>= DIGIT_BITS;
    }
    slot_append(&wheel[level][at % SLOTS], &t->sleep);
}

void wheel_arm(tcb_t *t, uint32_t now, uint32_t delta)
{
    t->wake_tick = now + delta;
    armed++;
    wheel_place(t, now);
}

void wheel_disarm(tcb_t *t)
{
    slot_remove(&t->sleep);
    t->sleep.next = NULL;
    armed--;
}

bool wheel_collect(uint32_t now)
{
    uint32_t digits = now;
    for (uint32_t level = 0;; level++, digits >>= DIGIT_BITS) {
        slot_collect(&wheel[level][digits % SLOTS]);
        if (digits % SLOTS != 0 || level == LEVELS - 1)
            return !slot_empty(&due);
    }
}

bool wheel_due(void)
{
    return !slot_empty(&due);
}

tcb_t *wheel_take(uint32_t now)
{
    if (slot_empty(&due))
        return NULL;
    tcb_t *t = task_of(due.next);
    slot_remove(&t->sleep);
    if ((int32_t) (now - t->wake_tick) < 0) { /* collected early: the remaining time is below 2^30 */
        wheel_place(t, now);
        return NULL;
    }
    t->sleep.next = NULL;
    armed--;
    return t;
}

uint32_t wheel_armed(void)
{
    return armed;
}
