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
HOT link_t wheel_collected;

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

void wheel_init(void)
{
    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < SLOTS; i++)
            slot_clear(&wheel[level][i]);
    slot_clear(&wheel_collected);
}

void wheel_place(tcb_t *t, uint32_t now)
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
    wheel_place(t, now);
}

bool wheel_collect(uint32_t now)
{
    uint32_t digits = now;
    for (uint32_t level = 0;; level++, digits >>= DIGIT_BITS) {
        link_t *s = &wheel[level][digits % SLOTS];
        if (!slot_empty(s))
            wheel_collect_slot(s);
        if (digits % SLOTS != 0 || level == LEVELS - 1)
            return !slot_empty(&wheel_collected);
    }
}

bool wheel_any(void)
{
    for (const link_t *s = wheel[0]; s < wheel[LEVELS]; s++)
        if (!slot_empty(s))
            return true;
    return wheel_due();
}

uint32_t wheel_armed(void)
{
    uint32_t armed = 0;
    for (const link_t *s = wheel[0]; s < wheel[LEVELS]; s++)
        for (const link_t *l = s->next; l != s; l = l->next)
            armed++;
    for (const link_t *l = wheel_collected.next; l != &wheel_collected; l = l->next)
        armed++;
    return armed;
}
