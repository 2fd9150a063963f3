/* SPDX-License-Identifier: MIT */
/* Condition variables; <sys/mutex.h>. Waiters queue by effective priority. A wait joins the queue
 * and gives the mutex up with no other task running in between, so no signal can fall into a gap. A
 * woken task takes the mutex again itself. */
#include "mutex_internal.h"
#include "refuse.h"

#include "sched.h"

static inline struct prioq *queue_of(cond_t *c)
{
    return (struct prioq *) c->waiters;
}

static inline bool cond_valid(const cond_t *c)
{
    return c && c->magic == COND_MAGIC;
}

int32_t mo_cond_init(cond_t *c)
{
    kernel_not_in_handler("mo_cond_init");
    if (!c)
        return ERR_FAIL;
    *c = (cond_t){.waiters = {{.top = IDLE_LEVEL}}, .magic = COND_MAGIC};
    trace_cond_init_any(c);
    return ERR_OK;
}

int32_t mo_cond_destroy(cond_t *c)
{
    kernel_not_in_handler("mo_cond_destroy");
    if (!c)
        return ERR_OK;
    if (!cond_valid(c))
        return ERR_FAIL;
    int32_t result = ERR_TASK_BUSY;
    uint32_t irq = hal_irq_save();
    if (!prioq_first(queue_of(c))) {
        c->magic = 0;
        result = ERR_OK;
        trace_cond_destroy_off(c);
    } else {
        trace_refused_off(CALL_cond_destroy, c, (uint32_t) result);
    }
    hal_irq_restore(irq);
    return result;
}

static int32_t cond_wait(cond_t *c, mutex_t *m, uint32_t ticks, const char *call)
{
    kernel_not_in_handler(call);
    if (!cond_valid(c))
        kernel_misuse(call, c, "not a condition variable", ERR_SEM_OPERATION);
    if (!mutex_is_valid(m))
        kernel_misuse(call, m, "not a mutex", ERR_SEM_OPERATION);
    int32_t refused = !mo_mutex_owned_by_current(m) ? ERR_NOT_OWNER
                      : ticks == 0                  ? ERR_TIMEOUT
                                                    : ERR_OK;
    if (refused != ERR_OK) {
        trace_refused_any(CALL_cond_wait, c, (uint32_t) refused);
        return refused;
    }
    uint32_t irq = hal_irq_save();
    sched_must_block(irq, call, c);
    sched_lock();
    tcb_t *cur = sched_current();
    trace_cond_wait_off(c, m);
    sched_await_waiters(cur, queue_of(c), WAIT_PRIOQ, ticks);
    mutex_give_up(m, cur, irq);
    sched_settle();
    int32_t result = sched_block(cur, irq);
    if (result == ERR_OK)
        trace_cond_woken_any(0, c);
    else
        trace_cond_woken_any(1, c);
    int32_t locked = mo_mutex_lock(m);
    return result != ERR_OK ? result : locked;
}

int32_t mo_cond_wait(cond_t *c, mutex_t *m)
{
    return cond_wait(c, m, SCHED_FOREVER, "mo_cond_wait");
}

int32_t mo_cond_timedwait(cond_t *c, mutex_t *m, uint32_t ticks)
{
    return cond_wait(c, m, ticks, "mo_cond_timedwait");
}

/* Interrupts off. */
static void wake(tcb_t *t)
{
    sched_leave_waiters(t->wait_queue, t);
    t->wait_result = ERR_OK;
    sched_wake(t, READY_OBJECT);
}

int32_t mo_cond_signal(cond_t *c)
{
    kernel_not_in_handler("mo_cond_signal");
    if (!cond_valid(c))
        return ERR_FAIL;
    uint32_t irq = hal_irq_save();
    tcb_t *t = prioq_first(queue_of(c));
    if (t) {
        trace_cond_signal_off(TRACE_ID(t), c);
        wake(t);
        sched_leave(irq, t);
    } else {
        trace_cond_signal_off(trace_id(0), c);
        hal_irq_restore(irq);
    }
    return ERR_OK;
}

/* Wakes who waits now, one task a step. Nobody can join meanwhile: no other task runs. */
int32_t mo_cond_broadcast(cond_t *c)
{
    kernel_not_in_handler("mo_cond_broadcast");
    if (!cond_valid(c))
        return ERR_FAIL;
    sched_lock();
    uint32_t irq = hal_irq_save();
    trace_cond_broadcast_off(c->waiters->count, c);
    for (tcb_t *t; (t = prioq_first(queue_of(c))) != NULL; sched_breathe(irq)) {
        wake(t);
        sched.pending = true;
    }
    hal_irq_restore(irq);
    sched_unlock();
    return ERR_OK;
}

int32_t mo_cond_waiting_count(cond_t *c)
{
    kernel_not_in_handler("mo_cond_waiting_count");
    return cond_valid(c) ? (int32_t) c->waiters->count : -1;
}
