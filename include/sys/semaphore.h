/* SPDX-License-Identifier: MIT */
/* Counting semaphores, first in first out. A signal hands its token to the task that has waited
 * longest; nobody can take it on the way. Letters (T task, B app_main, I interrupt handler): see
 * sys/task.h. */
#pragma once

#include <lib/libc.h>

typedef struct sem sem_t;

#define SEM_MAX_COUNT (INT32_MAX - 1)

/* Exactly max_waiters tasks can wait at a time. NULL: max_waiters 0, initial below 0 or above
 * SEM_MAX_COUNT, no memory. T B. */
sem_t *mo_sem_create(uint16_t max_waiters, int32_t initial);
/* NULL gives ERR_OK; ERR_FAIL invalid; ERR_TASK_BUSY while tasks wait. T B. */
int32_t mo_sem_destroy(sem_t *s);

/* Takes a token, or waits for one. Panics when invalid or when max_waiters already wait. T, B if a
 * token is there. */
void mo_sem_wait(sem_t *s);
/* The same for at most `ticks` ticks; 0 polls. ERR_OK, ERR_TIMEOUT. T, B as above. */
int32_t mo_sem_timedwait(sem_t *s, uint32_t ticks);
/* ERR_OK, or ERR_FAIL (empty, invalid). Never blocks. T B I. */
int32_t mo_sem_trywait(sem_t *s);

/* Gives a token: to the oldest waiter, then yields to it unless it has the lower priority; else
 * adds 1, saturating at SEM_MAX_COUNT. Panics when invalid. T B. */
void mo_sem_signal(sem_t *s);
/* The same from an interrupt handler: the woken task runs after it. ERR_OK, ERR_FAIL invalid. T B
 * I. */
int32_t mo_sem_signal_isr(sem_t *s);

int32_t mo_sem_getvalue(sem_t *s);      /* tokens, or -1 if invalid. T B I */
int32_t mo_sem_waiting_count(sem_t *s); /* waiters, or -1 if invalid. T B I */
