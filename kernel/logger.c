/* SPDX-License-Identifier: MIT */
/* Task 1, and the queue of deferred text.
 *
 * Task 1 is the one kernel task that applications can see. It has the highest priority, so that
 * timer callbacks always get the hart, and it sleeps unless a timer is due or text waits.
 *
 * Deferred text lives in a pool of LOG_QSIZE entries. An entry is free exactly while its piece
 * is done. Text that waits for task 1 is written at the next tick, not at once, or logging would
 * preempt the one who logs; whatever prints in between writes it first, because the console
 * keeps one order for all. */

#include <private/console.h>

#include <sys/logger.h>

#include "piece.h"
#include "sched.h"
#include "service.h"
#include "wheel.h"

#include "trace.h"

static struct entry {
    struct piece piece;
    bool taken; /* from the search until the piece is appended */
    char text[LOG_ENTRY_SZ];
} entries[LOG_QSIZE];

static struct {
    struct fifo waiting; /* task 1, or nobody */
    bool created, direct;
    uint32_t dropped;
} logger_state;

/* Interrupts off. */
static bool entry_free(const struct entry *e)
{
    return !e->taken && (e->piece.done || !e->piece.self);
}

uint32_t mo_logger_queue_depth(void)
{
    uint32_t depth = 0;
    for (uint32_t k = 0; k < LOG_QSIZE; k++)
        depth += !entry_free(&entries[k]);
    return depth;
}

uint32_t mo_logger_dropped_count(void)
{
    return logger_state.dropped;
}

bool mo_logger_direct_mode(void)
{
    return logger_state.direct;
}

void mo_logger_flush(void)
{
    logger_state.direct = true;
    console_drain();
}

void mo_logger_async_resume(void)
{
    logger_state.direct = false;
}

/* Reserves an entry; NULL when the queue is full. */
static struct entry *entry_take(void)
{
    struct entry *found = NULL;
    uint32_t irq = hal_irq_save();
    for (uint32_t k = 0; k < LOG_QSIZE && !found; k++) {
        if (entry_free(&entries[k]))
            found = &entries[k];
    }
    if (found)
        found->taken = true;
    else
        logger_state.dropped++;
    hal_irq_restore(irq);
    return found;
}

/* Shortens the sleep of task 1 to one tick, without waking it before. */
static void write_at_next_tick(void)
{
    uint32_t irq = hal_irq_save();
    tcb_t *t = logger_state.waiting.first;
    if (t) {
        if (wheel_is_armed(t))
            wheel_disarm(t);
        wheel_arm(t, sched.now, 1);
    }
    hal_irq_restore(irq);
}

static void entry_append(struct entry *e, const char *text, uint32_t length)
{
    memcpy(e->text, text, length);
    e->piece.at = e->text;
    e->piece.end = e->text + length;
    piece_append(&e->piece);
    e->taken = false;
    write_at_next_tick();
}

int32_t mo_logger_enqueue(const char *text, uint16_t length)
{
    if (!text || !length)
        return ERR_FAIL;
    if (length > LOG_ENTRY_SZ - 1)
        length = LOG_ENTRY_SZ - 1;
    if (logger_state.direct) {
        console_write(text, length);
        trace_console_direct_any(length);
        return ERR_OK;
    }

    sched_lock(); /* or a task cancelled in the middle would keep the entry for ever */
    struct entry *e = entry_take();
    if (e)
        entry_append(e, text, length);
    sched_unlock();
    if (e)
        return ERR_OK;
    trace_console_drop_any(length);
    return ERR_TASK_BUSY;
}

void service_kick(uint32_t irq)
{
    tcb_t *t = sched_wake_first(&logger_state.waiting, ERR_OK);
    if (t)
        sched_leave(irq, t);
    else
        hal_irq_restore(irq); /* it is awake, and looks at everything before it sleeps */
}

static void service_sleep(void)
{
    uint32_t irq = hal_irq_save();
    uint32_t ticks = timer_wait();
    if (ticks && !console_pending())
        sched_wait(&logger_state.waiting, ticks, irq, "task 1", &logger_state);
    else
        hal_irq_restore(irq);
}

static void service_task(void)
{
    for (;;) {
        console_drain();
        timer_service();
        service_sleep();
    }
}

/* Callbacks run on this stack: as large as applications are used to. */
int32_t mo_logger_init(void)
{
    if (logger_state.created)
        return ERR_FAIL;
    int32_t id = mo_task_spawn(service_task, DEFAULT_STACK_SIZE);
    mo_task_priority((uint16_t) id, TASK_PRIO_CRIT);
    logger_state.created = true;
    return ERR_OK;
}
