/* SPDX-License-Identifier: MIT */
/* What the scheduler needs of mutexes: inheritance, and the end of an owner. All of it with the
 * scheduler locked, interrupts on unless said otherwise. */
#pragma once

#include <sys/mutex.h>

#include "prioq.h"

/* Brings the effective level of `t` in line with S5, then that of the owner of the mutex it waits
 * for, and so on. */
void mutex_propagate(tcb_t *t);

/* The same for a task whose base priority was set. */
void mutex_base_changed(tcb_t *t);

/* The owner of the mutex whose waiters are in `queue`. Interrupts off or locked. */
tcb_t *mutex_owner_of_queue(void *queue);

bool mutex_is_valid(const mutex_t *m);

/* Unlocks `m`, which `cur`, the running task, owns, without switching. Interrupts off at entry and
 * exit, as `irq` says in between. */
void mutex_give_up(mutex_t *m, tcb_t *cur, uint32_t irq);

/* Gives every mutex of `t` to its first waiter, because `t` ends. */
void mutex_abandon_all(tcb_t *t);
