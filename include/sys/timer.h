/* SPDX-License-Identifier: MIT */
/* Software timers. Callbacks run in task 1, which has the highest priority, one after the other,
 * with interrupts on and no lock held: they may print and call kernel functions, and should be
 * short, since all timers wait meanwhile. A callback may start, cancel or destroy any timer, its
 * own included.
 *
 * There are no ticks in cooperative mode, so timers do not run there. */
#pragma once

#include <types.h>

typedef enum {
    TIMER_DISABLED = 0,
    TIMER_ONESHOT = 1,
    TIMER_AUTORELOAD = 2,
} timer_mode_t;

#define MS_TO_TICKS(ms) ((ms) * F_TIMER / 1000) /* truncated: below 10 ms gives 0 */

typedef struct {
    uint32_t deadline_ticks;          /* when it fires next */
    uint32_t last_expected_fire_tick; /* the tick it was last due, or started, at */
    uint32_t period_ms;
    uint16_t id;
    uint8_t mode, _reserved;
    void *(*callback)(void *); /* the result is ignored */
    void *arg;
} timer_t;

/* The id, 0x6000 upward in order of creation, never reused; ERR_FAIL for a NULL callback, period
 * 0, no memory, or when the 40,960 ids are used up. Disabled at first. A period below one tick
 * counts as one tick. T B (letters: see sys/task.h) */
int32_t mo_timer_create(void *(*callback)(void *), uint32_t period_ms, void *arg);
/* ERR_OK; ERR_FAIL for an unknown id. After the return the callback is not called any more (one
 * that runs at this moment ends). T B */
int32_t mo_timer_destroy(uint16_t id);
/* Arms for now + period, again if it runs already. ERR_FAIL for an unknown id or another mode.
 * T B */
int32_t mo_timer_start(uint16_t id, uint8_t mode);
int32_t mo_timer_start_isr(uint16_t id, uint8_t mode); /* the same; T B I */
/* ERR_OK; ERR_FAIL if unknown or not running. After the return the callback is not called any more.
 * T B I */
int32_t mo_timer_cancel(uint16_t id);
