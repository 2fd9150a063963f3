/* SPDX-License-Identifier: MIT */
/* Counting semaphores; <sys/semaphore.h>. A signal hands its token to the first waiter and leaves
 * the count alone, so nobody waits while there are tokens (M1), and taking and giving look at one
 * word each. */
#include <sys/semaphore.h>

#include <lib/malloc.h>

#include "refuse.h"
#include "sched.h"

#define SEM_MAGIC 0x53454000u /* its low 12 bits are 0: compared with one lui */

struct sem {
    uint32_t magic;
    int32_t count;
    struct fifo waiters;
    uint16_t max_waiters;
};

static inline bool sem_valid(const sem_t *s)
{
    return !CONFIG_API_CHECK || (s && s->magic == SEM_MAGIC);
}

static void sem_invalid(const sem_t *s, const char *call) __attribute__((noreturn, cold, noinline));
static void sem_invalid(const sem_t *s, const char *call)
{
    kernel_misuse(call, s, "not a semaphore", ERR_SEM_OPERATION);
}

APART sem_t *mo_sem_create(uint16_t max_waiters, int32_t initial)
{
    kernel_not_in_handler("mo_sem_create");
    if (max_waiters == 0 || initial < 0 || initial > SEM_MAX_COUNT)
        return NULL;
    sem_t *s = malloc(sizeof(*s));
    if (!s)
        return NULL;
    *s = (sem_t){.magic = SEM_MAGIC, .count = initial, .max_waiters = max_waiters};
    trace_sem_create_any(max_waiters, s, (uint32_t) initial);
    return s;
}

APART int32_t mo_sem_destroy(sem_t *s)
{
    kernel_not_in_handler("mo_sem_destroy");
    if (!s)
        return ERR_OK;
    uint32_t irq = hal_irq_save();
    int32_t result = s->magic != SEM_MAGIC ? ERR_FAIL : s->waiters.first ? ERR_TASK_BUSY : ERR_OK;
    if (result == ERR_OK) {
        s->magic = 0;
        trace_sem_destroy_off(s);
    } else {
        trace_refused_off(CALL_sem_destroy, s, (uint32_t) result);
    }
    hal_irq_restore(irq);
    if (result == ERR_OK)
        free(s);
    return result;
}

static __attribute__((noinline)) int32_t sem_block(sem_t *s, uint32_t ticks, uint32_t irq,
                                                   const char *call)
{
    if (s->waiters.count >= s->max_waiters)
        kernel_misuse(call, s, "max_waiters wait already", ERR_SEM_OPERATION);
    trace_sem_block_off(s);
    int32_t result = sched_wait(&s->waiters, ticks, irq, call, s);
    if (result == ERR_OK)
        trace_sem_acquired_any(0, s);
    else
        trace_sem_acquired_any(1, s);
    return result;
}

void mo_sem_wait(sem_t *s)
{
    kernel_debug_not_in_handler("mo_sem_wait");
    if (unlikely(!sem_valid(s)))
        sem_invalid(s, "mo_sem_wait");
    uint32_t irq = hal_irq_save();
    int32_t count = s->count;
    if (unlikely(count <= 0)) {
        sem_block(s, SCHED_FOREVER, irq, "mo_sem_wait");
        return;
    }
    s->count = --count;
    trace_sem_take_off((uint32_t) count, s);
    hal_irq_restore(irq);
}

/* Takes a token if there is one. Interrupts off. */
static inline bool take(sem_t *s)
{
    if (s->count <= 0) {
        trace_sem_busy_off(s);
        return false;
    }
    s->count--;
    trace_sem_take_off((uint32_t) s->count, s);
    return true;
}

int32_t mo_sem_timedwait(sem_t *s, uint32_t ticks)
{
    kernel_not_in_handler("mo_sem_timedwait");
    if (unlikely(!sem_valid(s)))
        sem_invalid(s, "mo_sem_timedwait");
    uint32_t irq = hal_irq_save();
    if (s->count <= 0 && ticks != 0)
        return sem_block(s, ticks, irq, "mo_sem_timedwait");
    int32_t result = take(s) ? ERR_OK : ERR_TIMEOUT;
    hal_irq_restore(irq);
    return result;
}

int32_t mo_sem_trywait(sem_t *s)
{
    if (unlikely(!sem_valid(s)))
        return ERR_FAIL;
    uint32_t irq = hal_irq_save();
    int32_t result = take(s) ? ERR_OK : ERR_FAIL;
    hal_irq_restore(irq);
    return result;
}

/* Nobody waits: one token more. Interrupts off. */
static inline void add_token(sem_t *s)
{
    if (likely(s->count < SEM_MAX_COUNT)) {
        s->count++;
        trace_sem_signal_off((uint32_t) s->count, s);
    } else {
        trace_sem_overflow_off(s);
    }
}

/* Somebody waits: the token is the first one's. Interrupts off. Apart, so that the way without a
 * waiter needs no stack frame. */
static inline tcb_t *give(sem_t *s)
{
    trace_sem_give_off(TRACE_ID(s->waiters.first), s);
    return sched_wake_first(&s->waiters, ERR_OK);
}

static __attribute__((noinline)) void give_and_yield(sem_t *s, uint32_t irq)
{
    sched_leave_giver(irq, give(s));
}

void mo_sem_signal(sem_t *s)
{
    kernel_debug_not_in_handler("mo_sem_signal");
    if (unlikely(!sem_valid(s)))
        sem_invalid(s, "mo_sem_signal");
    uint32_t irq = hal_irq_save();
    if (s->waiters.first) {
        give_and_yield(s, irq);
        return;
    }
    add_token(s);
    hal_irq_restore(irq);
}

int32_t mo_sem_signal_isr(sem_t *s)
{
    if (unlikely(!sem_valid(s)))
        return ERR_FAIL;
    uint32_t irq = hal_irq_save();
    if (s->waiters.first) {
        sched_leave(irq, give(s));
        return ERR_OK;
    }
    add_token(s);
    hal_irq_restore(irq);
    return ERR_OK;
}

int32_t mo_sem_getvalue(sem_t *s)
{
    return s && s->magic == SEM_MAGIC ? s->count : -1;
}

int32_t mo_sem_waiting_count(sem_t *s)
{
    return s && s->magic == SEM_MAGIC ? (int32_t) s->waiters.count : -1;
}
