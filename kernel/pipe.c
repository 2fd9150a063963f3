/* SPDX-License-Identifier: MIT */
/* Pipes. Bytes move in steps of at most STEP with interrupts off, so that a long transfer masks
 * nothing for long; a step goes from buffer to buffer when the other side waits, else through
 * the ring.
 *
 * A blocked task leaves a `move` on its stack, and its address in its wait_result: whoever
 * serves it takes bytes from there or puts them there, and wakes it when none is left.
 *
 * Invariants, with interrupts off: P1 readers wait only while the ring is empty. P2 writers wait
 * only while it is full, so never both. P3 used = (tail - head) modulo capacity, or capacity
 * when equal. P4 a waiter's move has bytes left. All hold after each step: room that a reader
 * makes is filled from the first waiting writer in the same step. So a task that is cancelled
 * between two steps leaves nobody waiting for what is there.
 *
 * Fairness: by P1 and P2 a newcomer cannot pass those who wait; two tasks that move at once
 * interleave by steps. */

#include <lib/malloc.h>

#include <sys/pipe.h>

#include "refuse.h"
#include "sched.h"

#define STEP 8 /* bytes; about 100 instructions in the longest case */

struct fullpipe {
    pipe_t pub;
    struct fifo readers, writers;
};

/* What a call still has to move. */
struct move {
    char *at;
    uint32_t left;
};

static struct fullpipe *checked(pipe_t *pipe)
{
    struct fullpipe *p = (struct fullpipe *) pipe;
    return p && !((uintptr_t) p & 3) && p->pub.magic == PIPE_MAGIC ? p : NULL;
}

static inline uint32_t capacity(const struct fullpipe *p)
{
    return (uint32_t) p->pub.mask + 1;
}

static inline struct move *move_of(const tcb_t *waiter)
{
    return (struct move *) waiter->wait_result;
}

pipe_t *mo_pipe_create(uint16_t size)
{
    uint32_t bytes = size < PIPE_MIN_SIZE   ? PIPE_MIN_SIZE
                     : size > PIPE_MAX_SIZE ? PIPE_MAX_SIZE
                                            : nextpowerof2(size);
    kernel_not_in_handler("mo_pipe_create");
    struct fullpipe *p = malloc(sizeof(*p));
    char *buf = malloc(bytes);
    if (!p || !buf) {
        free(p);
        free(buf);
        return NULL;
    }
    p->pub = (pipe_t){.buf = buf, .mask = (uint16_t) (bytes - 1), .magic = PIPE_MAGIC};
    p->readers = p->writers = (struct fifo){NULL, 0};
    trace_pipe_create_any(bytes, p);
    return &p->pub;
}

static int32_t retire(struct fullpipe *p)
{
    uint32_t irq = hal_irq_save();
    bool busy = p->readers.first || p->writers.first;
    if (!busy) {
        p->pub.magic = 0;
        trace_pipe_destroy_off(p);
    }
    hal_irq_restore(irq);
    return busy ? ERR_TASK_BUSY : ERR_OK;
}

int32_t mo_pipe_destroy(pipe_t *pipe)
{
    struct fullpipe *p = checked(pipe);
    kernel_not_in_handler("mo_pipe_destroy");
    if (!pipe)
        return ERR_OK;
    int32_t result = p ? retire(p) : ERR_FAIL;
    if (result != ERR_OK)
        return refuse(CALL_pipe_destroy, pipe, result);
    free(p->pub.buf);
    free(p);
    return ERR_OK;
}

/* --- steps; interrupts off --- */

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void copy(char *to, const char *from, uint32_t count)
{
    while (count--)
        *to++ = *from++;
}

/* From the move into the ring. */
static void ring_fill(struct fullpipe *p, struct move *m)
{
    uint32_t count = least(least(m->left, STEP), capacity(p) - p->pub.used);
    count = least(count, capacity(p) - p->pub.tail);
    copy(p->pub.buf + p->pub.tail, m->at, count);
    p->pub.tail = (uint16_t) ((p->pub.tail + count) & p->pub.mask);
    p->pub.used = (uint16_t) (p->pub.used + count);
    m->at += count;
    m->left -= count;
}

/* The other way. A move without a buffer throws the bytes away. */
static void ring_drain(struct fullpipe *p, struct move *m)
{
    uint32_t count = least(least(m->left, STEP), p->pub.used);
    count = least(count, capacity(p) - p->pub.head);
    if (m->at) {
        copy(m->at, p->pub.buf + p->pub.head, count);
        m->at += count;
    }
    p->pub.head = (uint16_t) ((p->pub.head + count) & p->pub.mask);
    p->pub.used = (uint16_t) (p->pub.used - count);
    m->left -= count;
}

/* Both at once, with the ring full before and after: bytes go out and `in`'s take their places. */
static void ring_exchange(struct fullpipe *p, struct move *m, struct move *in)
{
    char nowhere[STEP];
    char *at = p->pub.buf + p->pub.head;
    uint32_t count = least(least(m->left, in->left), STEP);
    count = least(count, capacity(p) - p->pub.head);
    copy(m->at ? m->at : nowhere, at, count);
    copy(at, in->at, count);
    m->at += m->at ? count : 0;
    m->left -= count;
    in->at += count;
    in->left -= count;
    p->pub.head = p->pub.tail = (uint16_t) ((p->pub.head + count) & p->pub.mask);
}

/* From a writer straight to a reader that waits. */
static void hand_over(struct move *from, struct move *to)
{
    uint32_t count = least(least(from->left, to->left), STEP);
    copy(to->at, from->at, count);
    to->at += count;
    to->left -= count;
    from->at += count;
    from->left -= count;
}

/* One step in which a waiter of the other side takes part. Copying and waking are masked one
 * after the other; in between the scheduler is locked, or the caller could be cancelled there
 * and would leave a waiter behind whom nobody wakes (P4). Interrupts off at entry and return, as
 * `irq` says between. */
static void step_with_waiter(struct fullpipe *p, struct move *m, bool reads, uint32_t irq)
{
    struct fifo *waiters = reads ? &p->writers : &p->readers;
    struct move *w = move_of(waiters->first);
    sched_lock();
    if (reads)
        ring_exchange(p, m, w);
    else
        hand_over(m, w);
    hal_irq_restore(irq);
    hal_irq_save();
    if (!w->left) {
        sched_wake_first(waiters, ERR_OK);
        sched.pending = true;
    }
    hal_irq_restore(irq);
    sched_unlock(); /* switches to the woken task if it has the higher priority */
    hal_irq_save();
}

/* P1 to P4, in test builds. Interrupts off. */
static void check(const struct fullpipe *p)
{
    if (!CONFIG_KERNEL_CHECK)
        return;
    uint32_t between = (uint32_t) (p->pub.tail - p->pub.head) & p->pub.mask;
    const char *broken = NULL;
    if (p->readers.first && p->pub.used)
        broken = "P1: readers wait, and bytes are there";
    else if (p->writers.first && p->pub.used != capacity(p))
        broken = "P2: writers wait, and room is there";
    else if (between != (p->pub.used & p->pub.mask))
        broken = "P3: head and tail disagree with the count";
    else if ((p->readers.first && !move_of(p->readers.first)->left) ||
             (p->writers.first && !move_of(p->writers.first)->left))
        broken = "P4: a waiter has everything";
    if (broken)
        kernel_misuse("pipe", p, broken, ERR_UNKNOWN);
}

/* --- calls --- */

/* Steps until the move is done or no step is possible. Interrupts as in step_with_waiter. */
static void transfer(struct fullpipe *p, struct move *m, bool reads, uint32_t irq)
{
    while (m->left) {
        check(p);
        if (reads ? p->writers.first : p->readers.first) {
            step_with_waiter(p, m, reads, irq);
            continue;
        }
        if (p->pub.used == (reads ? 0 : capacity(p)))
            return;
        if (reads)
            ring_drain(p, m);
        else
            ring_fill(p, m);
        hal_irq_restore(irq);
        hal_irq_save();
    }
}

/* One event per call, when it ends. SUB values are constants, so that the code is one.
 * Interrupts off. */
static inline void report(const struct fullpipe *p, bool reads, bool blocking, uint32_t n,
                          uint32_t moved)
{
    TRACE_ONLY(uint32_t state = n << 16 | p->pub.used;)
    TRACE_ONLY(if (reads && blocking) trace_pipe_read_off(0, moved, p, state);)
    TRACE_ONLY(if (reads && !blocking) trace_pipe_read_off(1, moved, p, state);)
    TRACE_ONLY(if (!reads && blocking) trace_pipe_write_off(0, moved, p, state);)
    TRACE_ONLY(if (!reads && !blocking) trace_pipe_write_off(1, moved, p, state);)
}

/* Waits until others have moved the rest. Interrupts off at entry and return. */
static void wait_for_rest(struct fullpipe *p, struct move *m, bool reads, uint32_t irq)
{
    const char *name = reads ? "mo_pipe_read" : "mo_pipe_write";
    if (reads)
        trace_pipe_block_off(0, p->pub.used, p);
    else
        trace_pipe_block_off(1, p->pub.used, p);
    sched_current()->wait_result = (int32_t) m;
    sched_wait(reads ? &p->readers : &p->writers, SCHED_FOREVER, irq, name, p);
    hal_irq_save();
    if (reads)
        trace_pipe_resume_off(0, p);
    else
        trace_pipe_resume_off(1, p);
}

static inline int32_t call(pipe_t *pipe, const char *data, uint16_t n, bool reads, bool blocking)
{
    struct fullpipe *p = checked(pipe);
    kernel_not_in_handler(reads ? "a read of a pipe" : "a write to a pipe");
    if (unlikely(!p || !data || !n))
        return refuse(reads ? CALL_pipe_read : CALL_pipe_write, pipe, ERR_FAIL);

    struct move m = {(char *) data, n};
    uint32_t irq = hal_irq_save();
    transfer(p, &m, reads, irq);
    if (m.left && blocking)
        wait_for_rest(p, &m, reads, irq);
    uint32_t moved = n - m.left;
    check(p);
    report(p, reads, blocking, n, moved);
    hal_irq_restore(irq);
    return (int32_t) moved;
}

int32_t mo_pipe_read(pipe_t *pipe, char *data, uint16_t n)
{
    return call(pipe, data, n, true, true);
}

int32_t mo_pipe_write(pipe_t *pipe, const char *data, uint16_t n)
{
    return call(pipe, data, n, false, true);
}

int32_t mo_pipe_nbread(pipe_t *pipe, char *data, uint16_t n)
{
    return call(pipe, data, n, true, false);
}

int32_t mo_pipe_nbwrite(pipe_t *pipe, const char *data, uint16_t n)
{
    return call(pipe, data, n, false, false);
}

/* Throws away as much as was stored at the call, no more: blocked writers fill the room as it
 * comes. */
void mo_pipe_flush(pipe_t *pipe)
{
    struct fullpipe *p = checked(pipe);
    kernel_not_in_handler("mo_pipe_flush");
    if (!p)
        return;
    uint32_t irq = hal_irq_save();
    uint32_t dropped = p->pub.used;
    struct move m = {NULL, dropped};
    transfer(p, &m, true, irq);
    trace_pipe_flush_off(dropped - m.left, p);
    hal_irq_restore(irq);
}

int32_t mo_pipe_size(pipe_t *pipe)
{
    return checked(pipe) ? pipe->used : -1;
}

int32_t mo_pipe_capacity(pipe_t *pipe)
{
    return checked(pipe) ? (int32_t) capacity(checked(pipe)) : -1;
}

int32_t mo_pipe_free_space(pipe_t *pipe)
{
    return checked(pipe) ? (int32_t) (capacity(checked(pipe)) - pipe->used) : -1;
}
