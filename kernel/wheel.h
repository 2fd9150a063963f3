/* SPDX-License-Identifier: MIT */
/* The timing wheel: which sleeping task is due when.
 *
 * Six levels of 64 slots, one level for each digit of the tick counter to the base 64. A task due at D sits at the
 * level of the highest digit in which D differs from now, in the slot of D's digit there. Worked example, now = 01.23
 * (in such digits): D = 01.40 is at level 0 slot 40; D = 05.07 at level 1 slot 5; D = 02.00.09 at level 2 slot 2. When
 * the counter's digit at a level changes to d, slot d of that level is collected; what is in it is due now or moves to
 * a lower level. So arming, cancelling and collecting a slot are O(1), and a sleeper moves at most five times, whatever
 * its delay; one below 64 ticks moves once at most.
 *
 * W1 Two tasks with the same D are always in the same list, in the order in which they were armed.
 * W2 A delay may be anything from 1 to 2^32 - 1: if D's top digit is now's and D is behind now, D is one turn of the
 *    counter away and waits in that top slot, which is collected when the counter comes round to it.
 * W3 sleep.next != NULL if and only if the task is in the wheel or in `due`.
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
void wheel_disarm(tcb_t *t);

/* The counter has become `now`: collects what must be looked at. True when this added something to `due`. */
bool wheel_collect(uint32_t now);

#define WHEEL_DIGIT_BITS 6
#define WHEEL_SLOTS (1u << WHEEL_DIGIT_BITS)
#define WHEEL_LEVELS 6
extern struct sleep_link wheel[WHEEL_LEVELS][WHEEL_SLOTS];

/* Nothing to collect at `now`: no digit wraps, and nobody is due. */
static inline bool wheel_idle(uint32_t now)
{
    uint32_t digit = now % WHEEL_SLOTS;
    const struct sleep_link *slot = &wheel[0][digit];
    return digit != 0 && slot->next == slot;
}

/* Looks at one collected task: returns it, disarmed, when its time has come; puts it back into the wheel and returns
 * NULL when not, or when nothing was collected. */
tcb_t *wheel_take(uint32_t now);
bool wheel_due(void);

uint32_t wheel_armed(void); /* how many tasks sleep */
