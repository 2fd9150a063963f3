/* SPDX-License-Identifier: MIT */
/* The timing wheel: which sleeping task is due when.
 *
 * Six levels of 64 slots, one level for each digit of the tick counter to the base 64. A task due
 * at D sits at the level of the highest digit in which D differs from now, in the slot of D's digit
 * there. Worked example, now = 01.23 (in such digits): D = 01.40 is at level 0 slot 40; D = 05.07
 * at level 1 slot 5; D = 02.00.09 at level 2 slot 2. When the counter's digit at a level changes to
 * d, slot d of that level is collected; what is in it is due now or moves to a lower level. So
 * arming, cancelling and collecting a slot are O(1), and a sleeper moves at most five times,
 * whatever its delay; one below 64 ticks moves once at most.
 *
 * Invariants W1 to W3: kernel/check.c.
 *
 * Everything here needs interrupts off, and takes a time that does not depend on how many sleep. */
#pragma once

#include <sys/task.h>

#include "private/utils.h"

void wheel_init(void);

/* delta: 1 or more. `t` must not be armed. */
void wheel_arm(tcb_t *t, uint32_t now, uint32_t delta);

static inline bool wheel_is_armed(const tcb_t *t)
{
    return t->sleep.next != NULL;
}

/* Takes `t` out; it must be armed. */
static inline void wheel_disarm(tcb_t *t)
{
    t->sleep.prev->next = t->sleep.next;
    t->sleep.next->prev = t->sleep.prev;
    t->sleep.next = NULL;
}

/* The counter has become `now`: collects what must be looked at. True when this added something to
 * `due`. */
bool wheel_collect(uint32_t now);

#define WHEEL_DIGIT_BITS 6
#define WHEEL_SLOTS (1u << WHEEL_DIGIT_BITS)
#define WHEEL_LEVELS 6
extern struct sleep_link wheel[WHEEL_LEVELS][WHEEL_SLOTS];

/* Nothing to collect at `now`: nobody is due, and no digit wraps. */
static inline bool wheel_idle(uint32_t now)
{
    uint32_t digit = now % WHEEL_SLOTS;
    const struct sleep_link *slot = &wheel[0][digit];
    return digit != 0 && slot->next == slot;
}

/* The same for a tick at which the lowest digit wraps, and no other. */
static inline bool wheel_idle_at_wrap(uint32_t now)
{
    const struct sleep_link *low = &wheel[0][0], *high = &wheel[1][now / WHEEL_SLOTS % WHEEL_SLOTS];
    return high != &wheel[1][0] && low->next == low && high->next == high;
}

extern struct sleep_link wheel_collected;

/* All of the slot s, which is not empty, to the end of what was collected. */
static inline void wheel_collect_slot(struct sleep_link *s)
{
    struct sleep_link *first = s->next, *last = s->prev, *end = wheel_collected.prev;
    first->prev = end;
    end->next = first;
    last->next = &wheel_collected;
    wheel_collected.prev = last;
    s->next = s->prev = s;
}

static inline bool wheel_due(void)
{
    return wheel_collected.next != &wheel_collected;
}

/* Puts a collected task back, at a lower level. */
void wheel_place(tcb_t *t, uint32_t now);

/* Takes the first collected task out; wheel_due() must hold. If now - wake_tick, signed, is
 * negative, it was collected early (the rest is below 2^30) and must be placed again; else its time
 * is up and sleep.next becomes NULL. */
static inline tcb_t *wheel_take(void)
{
    struct sleep_link *l = wheel_collected.next;
    wheel_collected.next = l->next;
    l->next->prev = &wheel_collected;
    return (tcb_t *) ((char *) l - __builtin_offsetof(tcb_t, sleep));
}

bool wheel_any(void);       /* does anyone sleep? Walks the slots */
uint32_t wheel_armed(void); /* how many sleep; for kernel_check() */
