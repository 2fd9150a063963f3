/* SPDX-License-Identifier: MIT */
/* The block change: close the open block, open the next. Portable form; trace_rv32.S has the same
 * in assembly for RV32, and only trace_prepare() of this file is used there.
 *
 * A trap may hit between any two stores (restartable writers run this with interrupts on), and its
 * handler may record, even change the block itself. Afterwards the interrupted writer starts over.
 * So each step can be repeated, and what a nested writer finds always sends it here:
 *
 *   state        tail      head          block   left by
 *   OPEN         valid     in the block  B       open, every writer's commit
 *   CLOSING      NO_TAIL   of B          B       close (B's counts are stored before)
 *   MOVED        NO_TAIL   of C          B       prepare (C's header is complete)
 *   CURRENT      NO_TAIL   of C          C       the store of `block`
 *   OPEN                                         the store of `tail`
 *   FULL         NO_TAIL   NO_HEAD       0       one-shot: there is no C
 *
 * In every state but OPEN head > tail, so nobody writes into a block. CLOSING and MOVED repeat the
 * step from B; CURRENT only has to store tail. The capture point is passed in CURRENT: B is final
 * then, and a writer interrupted there passes it again with the same B. */
#include "trace.h"
#if CONFIG_DEBUG_TRACE

#include "trace_private.h"

typedef volatile struct trace_control control;
typedef volatile struct trace_block block;

void trace_prepare(control *c, uint32_t b, uint32_t seq)
{
    block *h = TRACE_AT(struct trace_block, b);
    h->slots = 0; /* from here on the old contents are gone for a reader */
    h->words = 0;
    h->event_seq = seq;
    h->time = c->time;
    h->context = trace_port_context();
    h->causes = trace_port_causes();
    h->magic = c->block_magic;
    h->mask = c->mask;
}

#ifndef TRACE_PORT_RV32
/* A capture outside the target (a plugin, a breakpoint) takes the block at `closed` here. Weak: a
 * port may bring its own. */
__attribute__((noinline, weak)) void trace_capture_point(void)
{
    __asm__ volatile("");
}

void trace_pass_capture(void)
{
    TRACE_PORT_CONTROL()->tail = TRACE_NO_TAIL;
    trace_capture_point();
}

static uint32_t trace_broken(control *c)
{
    for (unsigned i = 0; i < sizeof(c->on); i++)
        c->on[i] = 0;
    c->mask = 0;
    c->mode |= TRACE_BROKEN;
    return 0;
}

/* OPEN -> CLOSING. 0: the control block is damaged. */
static int trace_close(control *c, uint32_t b)
{
    uint32_t used = c->head - b - TRACE_HEADER;
    uint32_t payload = b + c->block_size - c->tail;
    if (used >= c->block_size || payload >= c->block_size)
        return 0;
    block *h = TRACE_AT(struct trace_block, b);
    h->slots = (uint16_t) (used / TRACE_SLOT);
    h->words = (uint16_t) (payload / 4);
    c->tail = TRACE_NO_TAIL;
    return 1;
}

/* CLOSING -> FULL; the event that asked for room is lost, and counted. */
static uint32_t trace_full(control *c, uint32_t b)
{
    if (b) {
        c->closed = b;
        trace_capture_point();
        c->mode |= TRACE_FULL;
        c->head = (uint32_t) TRACE_NO_HEAD;
        c->block = 0;
    }
    c->lost_full++;
    return 0;
}

uint32_t trace_room_c(void)
{
    control *c = TRACE_PORT_CONTROL();
    uint32_t b = c->block;
    if (!b)
        return trace_full(c, 0);
    if (c->head <= c->tail) {
        if (!trace_close(c, b))
            return trace_broken(c);
    }
    if (c->head > c->tail && c->head != b + TRACE_HEADER) {
        uint32_t next = b + c->block_size;
        if (next == c->end)
            next = c->wrap;
        if (!next)
            return trace_full(c, b);
        block *h = TRACE_AT(struct trace_block, b);
        if (!h->slots)
            return trace_broken(c); /* head is beyond tail, and B was never closed */
        trace_prepare(c, next, h->event_seq + h->slots);
        c->closed = b;
        c->head = next + TRACE_HEADER;
        c->block = next;
    } else {
        /* CURRENT: interrupted after the new block became the open one */
    }
    trace_capture_point();
    b = c->block;
    c->tail = b + c->block_size;
    return b + TRACE_HEADER;
}
#endif
#endif
