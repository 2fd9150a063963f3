/* SPDX-License-Identifier: MIT */
/* Mutexes and condition variables, allocated by the caller. Waiters are served by effective
 * priority, first in first out among equals; ownership is handed over directly. Letters (T task, B
 * app_main): see sys/task.h.
 *
 * A mutex is not recursive. While it is held, its owner runs at least at the priority of its
 * highest waiter, through any chain of mutexes, unless inheritance was switched off for it. The
 * owner's end hands it to the next waiter. The memory must stay valid, and unmoved, while the mutex
 * is held or waited for. */
#pragma once

#include <lib/libc.h>

struct tcb;

#define MUTEX_MAGIC 0x4D555458
#define COND_MAGIC 0x434F4E44
#define WAITERS_LEVELS 9 /* priorities, and one that stays empty */

/* Tasks waiting by effective priority: struct prioq, which the kernel alone touches. */
struct waiters {
    struct tcb *first[WAITERS_LEVELS];
    uint32_t top, count;
};

typedef struct mutex {
    struct waiters waiters[1];
    struct mutex *held_next, **held_link; /* the owner's list of mutexes */
    uint32_t magic;
    uint16_t owner_tid; /* 0: free */
    uint8_t inherit;
} mutex_t;

typedef struct cond {
    struct waiters waiters[1];
    uint32_t magic;
} cond_t;

int32_t mo_mutex_init(mutex_t *m); /* ERR_OK, ERR_FAIL for NULL. T B */
/* NULL gives ERR_OK; ERR_FAIL invalid; ERR_TASK_BUSY while owned or waited for. T B */
int32_t mo_mutex_destroy(mutex_t *m);
/* Whether waiters lend their priority to the owner (default true). ERR_OK; ERR_FAIL invalid;
 * ERR_TASK_BUSY while tasks wait. T B */
int32_t mo_mutex_set_inherit(mutex_t *m, bool inherit);

/* ERR_OK; ERR_TASK_BUSY if the caller owns it. Panics when invalid, or if it would have to block in
 * app_main. T B */
int32_t mo_mutex_lock(mutex_t *m);
int32_t mo_mutex_trylock(mutex_t *m); /* ERR_OK, ERR_TASK_BUSY, ERR_FAIL invalid. T B */
/* 0 acts as trylock. ERR_OK, ERR_TIMEOUT, ERR_TASK_BUSY self-owned, ERR_FAIL invalid. T B */
int32_t mo_mutex_timedlock(mutex_t *m, uint32_t ticks);
/* Hands it to the first waiter, which runs at once if it has the higher priority. ERR_OK,
 * ERR_NOT_OWNER, ERR_FAIL invalid. T B */
int32_t mo_mutex_unlock(mutex_t *m);
bool mo_mutex_owned_by_current(mutex_t *m); /* false if invalid. T B */
int32_t mo_mutex_waiting_count(mutex_t *m); /* -1 if invalid. T B */

int32_t mo_cond_init(cond_t *c); /* ERR_OK, ERR_FAIL for NULL. T B */
/* NULL gives ERR_OK; ERR_FAIL invalid; ERR_TASK_BUSY while tasks wait. T B */
int32_t mo_cond_destroy(cond_t *c);
/* Releases the mutex and waits in one step, and takes the mutex again. ERR_OK; ERR_NOT_OWNER.
 * Panics when invalid. T */
int32_t mo_cond_wait(cond_t *c, mutex_t *m);
/* The same for at most `ticks` ticks: ERR_TIMEOUT, with the mutex held again. 0: ERR_TIMEOUT at
 * once. T */
int32_t mo_cond_timedwait(cond_t *c, mutex_t *m, uint32_t ticks);
/* Wake the first / all who wait now; need not own the mutex. ERR_OK, ERR_FAIL invalid. T B */
int32_t mo_cond_signal(cond_t *c);
int32_t mo_cond_broadcast(cond_t *c);
int32_t mo_cond_waiting_count(cond_t *c); /* -1 if invalid. T B */
