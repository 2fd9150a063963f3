/* SPDX-License-Identifier: MIT */
/* Mutexes with priority inheritance; <sys/mutex.h>.
 *
 * Invariants S5, U1 and U2: kernel/check.c.
 *
 * The fast way, a free mutex or nobody waiting, is one short section with interrupts off. Along a
 * chain of owners the scheduler is locked, and interrupts are off for one owner at a time. */
#include "mutex_internal.h"
#include "refuse.h"

#include "sched.h"

STATIC_ASSERT(sizeof(struct waiters) == sizeof(struct prioq),
              "struct waiters is struct prioq under a public name");

static inline struct prioq *queue_of(mutex_t *m)
{
    return (struct prioq *) m->waiters;
}

static inline mutex_t *mutex_of(void *queue)
{
    return (mutex_t *) ((char *) queue - __builtin_offsetof(mutex_t, waiters));
}

static inline bool mutex_valid(const mutex_t *m)
{
    return !CONFIG_API_CHECK || (m && m->magic == MUTEX_MAGIC);
}

bool mutex_is_valid(const mutex_t *m)
{
    return m && m->magic == MUTEX_MAGIC;
}

static void mutex_invalid(const mutex_t *m, const char *call)
    __attribute__((noreturn, cold, noinline));
static void mutex_invalid(const mutex_t *m, const char *call)
{
    kernel_misuse(call, m, "not a mutex", ERR_SEM_OPERATION);
}

/* --- ownership; interrupts off --- */

static inline void hold(mutex_t *m, tcb_t *t)
{
    mutex_t *older = t->held;
    m->owner_tid = t->id;
    m->held_next = older;
    m->held_link = &t->held;
    if (older)
        older->held_link = &m->held_next;
    t->held = m;
}

static inline void unhold(mutex_t *m)
{
    mutex_t *older = m->held_next;
    *m->held_link = older;
    if (older)
        older->held_link = m->held_link;
    m->owner_tid = 0;
}

static tcb_t *owner_of(const mutex_t *m)
{
    return m->owner_tid == BOOT_ID ? &sched_boot : sched_find(m->owner_tid);
}

tcb_t *mutex_owner_of_queue(void *queue)
{
    return owner_of(mutex_of(queue));
}

/* Gives m to its first waiter, who becomes ready. The new owner needs no boost: who still waits
 * comes after it. */
static inline void hand_over(mutex_t *m, tcb_t *t)
{
    sched_leave_waiters(queue_of(m), t);
    unhold(m);
    hold(m, t);
    t->wait_result = ERR_OK;
    sched_wake(t, READY_OBJECT);
}

/* --- inheritance; scheduler locked, so that neither held lists nor waiters change --- */

/* The level that S5 asks for. */
static uint32_t level_due(const tcb_t *t)
{
    uint32_t level = t->base_level;
    for (const mutex_t *m = t->held; m; m = m->held_next)
        if (m->inherit && m->waiters->top < level)
            level = m->waiters->top;
    return level;
}

/* Codes of `why` in the event task_priority. */
enum priority_change { PRIORITY_SET, PRIORITY_RAISED, PRIORITY_LOWERED };

static inline void set_level(tcb_t *t, uint32_t level, uint32_t why)
{
    sched_set_level(t, (uint8_t) level);
    trace_task_priority_off(TRACE_ID(t), level, t->base_level, why);
}

static inline uint32_t direction(const tcb_t *t, uint32_t level)
{
    return level < t->prio_level ? PRIORITY_RAISED : PRIORITY_LOWERED;
}

/* The one whose level may follow from that of t, or NULL. */
static inline tcb_t *next_in_chain(const tcb_t *t)
{
    return t->wait_kind == WAIT_MUTEX ? mutex_owner_of_queue(t->wait_queue) : NULL;
}

/* A chain that closes into a ring (a deadlock) ends as well: levels along it only move one way. */
void mutex_propagate(tcb_t *t)
{
    while (t) {
        uint32_t level = level_due(t);
        if (level == t->prio_level)
            return;
        uint32_t irq = hal_irq_save();
        set_level(t, level, direction(t, level));
        t = next_in_chain(t);
        hal_irq_restore(irq);
    }
}

APART void mutex_base_changed(tcb_t *t)
{
    uint32_t level = level_due(t);
    uint32_t irq = hal_irq_save();
    set_level(t, level, PRIORITY_SET);
    t = next_in_chain(t);
    hal_irq_restore(irq);
    mutex_propagate(t);
}

APART void mutex_abandon_all(tcb_t *t)
{
    while (t->held) {
        mutex_t *m = t->held;
        uint32_t irq = hal_irq_save();
        tcb_t *heir = prioq_first(queue_of(m));
        if (heir) {
            trace_mutex_abandon_off(TRACE_ID(heir), m);
            hand_over(m, heir);
            sched.pending = true;
        } else {
            trace_mutex_abandon_off(trace_id(0), m);
            unhold(m);
        }
        hal_irq_restore(irq);
    }
}

/* --- life --- */

APART int32_t mo_mutex_init(mutex_t *m)
{
    kernel_not_in_handler("mo_mutex_init");
    if (!m)
        return ERR_FAIL;
    *m = (mutex_t){.waiters = {{.top = IDLE_LEVEL}}, .magic = MUTEX_MAGIC, .inherit = true};
    trace_mutex_init_any(true, m);
    return ERR_OK;
}

APART int32_t mo_mutex_destroy(mutex_t *m)
{
    kernel_not_in_handler("mo_mutex_destroy");
    if (!m)
        return ERR_OK;
    if (m->magic != MUTEX_MAGIC)
        return ERR_FAIL;
    int32_t result = ERR_TASK_BUSY;
    uint32_t irq = hal_irq_save();
    if (m->owner_tid == 0) {
        m->magic = 0;
        result = ERR_OK;
        trace_mutex_destroy_off(m);
    } else {
        trace_refused_off(CALL_mutex_destroy, m, (uint32_t) result);
    }
    hal_irq_restore(irq);
    return result;
}

APART int32_t mo_mutex_set_inherit(mutex_t *m, bool inherit)
{
    kernel_not_in_handler("mo_mutex_set_inherit");
    if (!mutex_valid(m))
        return ERR_FAIL;
    int32_t result = ERR_TASK_BUSY;
    uint32_t irq = hal_irq_save();
    if (!prioq_first(queue_of(m))) {
        m->inherit = inherit;
        result = ERR_OK;
        trace_mutex_inherit_off(inherit, m);
    } else {
        trace_refused_off(CALL_mutex_inherit, m, (uint32_t) result);
    }
    hal_irq_restore(irq);
    return result;
}

/* --- locking --- */

static __attribute__((noinline)) int32_t lock_contended(mutex_t *m, uint32_t ticks, uint32_t irq,
                                                        const char *call)
{
    tcb_t *cur = sched_current();
    if (m->owner_tid == cur->id) {
        trace_refused_off(CALL_mutex_lock, m, (uint32_t) ERR_TASK_BUSY);
        hal_irq_restore(irq);
        return ERR_TASK_BUSY;
    }
    sched_must_block(irq, call, m);
    tcb_t *owner = owner_of(m);
    trace_mutex_block_off(TRACE_ID(owner), m);
    sched_await_waiters(cur, queue_of(m), WAIT_MUTEX, ticks);
    if (m->inherit && cur->prio_level < owner->prio_level) {
        sched_lock();
        hal_irq_restore(irq);
        mutex_propagate(owner);
        hal_irq_save();
        sched_settle();
    }
    int32_t result = sched_block(cur, irq);
    if (result == ERR_OK)
        trace_mutex_acquired_any(0, m);
    else
        trace_mutex_acquired_any(1, m);
    return result;
}

int32_t mo_mutex_lock(mutex_t *m)
{
    kernel_not_in_handler("mo_mutex_lock");
    if (unlikely(!mutex_valid(m)))
        mutex_invalid(m, "mo_mutex_lock");
    uint32_t irq = hal_irq_save();
    if (unlikely(m->owner_tid))
        return lock_contended(m, SCHED_FOREVER, irq, "mo_mutex_lock");
    hold(m, sched_current());
    trace_mutex_lock_off(m);
    hal_irq_restore(irq);
    return ERR_OK;
}

/* Without waiting. Interrupts off. */
static inline int32_t try_lock(mutex_t *m)
{
    if (m->owner_tid) {
        trace_mutex_busy_off(trace_id(m->owner_tid), m);
        return ERR_TASK_BUSY;
    }
    hold(m, sched_current());
    trace_mutex_lock_off(m);
    return ERR_OK;
}

int32_t mo_mutex_trylock(mutex_t *m)
{
    kernel_not_in_handler("mo_mutex_trylock");
    if (unlikely(!mutex_valid(m)))
        return ERR_FAIL;
    uint32_t irq = hal_irq_save();
    int32_t result = try_lock(m);
    hal_irq_restore(irq);
    return result;
}

int32_t mo_mutex_timedlock(mutex_t *m, uint32_t ticks)
{
    kernel_not_in_handler("mo_mutex_timedlock");
    if (unlikely(!mutex_valid(m)))
        return ERR_FAIL;
    uint32_t irq = hal_irq_save();
    if (m->owner_tid && ticks)
        return lock_contended(m, ticks, irq, "mo_mutex_timedlock");
    int32_t result = try_lock(m);
    hal_irq_restore(irq);
    return result;
}

void mutex_give_up(mutex_t *m, tcb_t *cur, uint32_t irq)
{
    tcb_t *t = prioq_first(queue_of(m));
    if (!t) {
        unhold(m);
        trace_mutex_unlock_off(trace_id(0), m);
        return;
    }
    trace_mutex_unlock_off(TRACE_ID(t), m);
    hand_over(m, t);
    if (cur->prio_level == cur->base_level)
        return;
    sched_lock(); /* interrupts are served before the rest, which is long */
    hal_irq_restore(irq);
    if (cur->held) {
        mutex_propagate(cur);
        hal_irq_save();
    } else { /* what it had inherited came through m */
        hal_irq_save();
        set_level(cur, cur->base_level, PRIORITY_LOWERED);
    }
    sched_settle();
}

static __attribute__((noinline)) int32_t unlock_contended(mutex_t *m, tcb_t *cur, uint32_t irq)
{
    mutex_give_up(m, cur, irq);
    sched_preempt(irq);
    return ERR_OK;
}

int32_t mo_mutex_unlock(mutex_t *m)
{
    kernel_not_in_handler("mo_mutex_unlock");
    if (unlikely(!mutex_valid(m)))
        return ERR_FAIL;
    uint32_t irq = hal_irq_save();
    tcb_t *cur = sched_current();
    if (unlikely(m->owner_tid != cur->id)) {
        trace_refused_off(CALL_mutex_unlock, m, (uint32_t) ERR_NOT_OWNER);
        hal_irq_restore(irq);
        return ERR_NOT_OWNER;
    }
    if (unlikely(m->waiters->top != IDLE_LEVEL))
        return unlock_contended(m, cur, irq);
    unhold(m);
    trace_mutex_unlock_off(trace_id(0), m);
    hal_irq_restore(irq);
    return ERR_OK;
}

bool mo_mutex_owned_by_current(mutex_t *m)
{
    kernel_not_in_handler("mo_mutex_owned_by_current");
    return mutex_valid(m) && m->owner_tid == sched_current()->id;
}

int32_t mo_mutex_waiting_count(mutex_t *m)
{
    kernel_not_in_handler("mo_mutex_waiting_count");
    return mutex_valid(m) ? (int32_t) m->waiters->count : -1;
}
