/* SPDX-License-Identifier: MIT */
/* Control of the recorder: memory, start and stop, classes, clear, time, its own invariants.
 *
 * Each function masks interrupts for a bounded number of instructions: a change of the mask, of a
 * time, of one block. Where work grows with the ring (clear, init), writers are switched off by
 * the enable bytes instead, and interrupts stay on. Two control functions must not run at the same
 * time, except trace_freeze(), which may interrupt any of them. */
#include "trace.h"
#if CONFIG_DEBUG_TRACE
#include "trace_private.h"
#include "trace_hash.h"

#ifndef TRACE_PORT_OWN_CONTROL
/* In small data: the writers reach it in one instruction from gp. */
volatile struct trace_control trace_ctl __attribute__((section(".sdata.trace_ctl"))) =
    TRACE_CONTROL_INIT;
#endif

#ifdef TRACE_PORT_RV32
/* Names for the fields that writers and trace_rv32.S use */
#define TRACE_ALIAS(name, at) \
    ".globl trace_ctl_" name "\n.set trace_ctl_" name ", trace_ctl + " at "\n"
#define TRACE_CLASS(name, bit) TRACE_ALIAS("on_" #name, "80 + " #bit)
__asm__(TRACE_ALIAS("head", "8") TRACE_ALIAS("tail", "12") TRACE_ALIAS("block_word", "16")
        TRACE_ALIAS("block", "20") TRACE_ALIAS("block_size", "32") TRACE_ALIAS("closed", "36")
        TRACE_ALIAS("mode", "40") TRACE_ALIAS("lost_full", "44") TRACE_ALIAS("time", "64")
        TRACE_ALIAS("end", "72") TRACE_ALIAS("wrap", "76")
#include "classes.def"
);
#undef TRACE_CLASS
#endif

_Static_assert(__builtin_offsetof(struct trace_control, time) == 64 &&
               __builtin_offsetof(struct trace_control, end) == 72 &&
               __builtin_offsetof(struct trace_control, wrap) == 76, "trace_rv32.S");

typedef volatile struct trace_control control;
typedef volatile struct trace_block block;

static uint32_t trace_next_seq(control *c)
{
    block *h = TRACE_AT(struct trace_block, c->block ? c->block : c->closed);
    if (!c->block)
        return c->closed ? h->event_seq + h->slots : c->first_seq;
    if (c->head <= c->tail)
        return h->event_seq + (c->head - c->block - TRACE_HEADER) / TRACE_SLOT;
    return h->event_seq + h->slots;
}

/* Stores mask and enable bytes; interrupts are masked. The bytes go out as words, so that the time
 * is short. */
static void trace_enable(control *c, uint32_t mask)
{
    volatile uint32_t *on = (volatile uint32_t *) c->on;
    for (unsigned i = 0; i < (TRACE_CLASSES + 3) / 4; i++) {
        uint32_t four = mask >> (4 * i);
        on[i] = (four & 1) | (four & 2) << 7 | (four & 4) << 14 | (four & 8) << 21;
    }
    c->mask = (uint16_t) mask;
}

static void trace_now(control *c)
{
    uint64_t now = trace_port_clock();
    c->time = (uint32_t) (now >> 24);
    c->time_low = (uint32_t) now;
}

/* time_sync, with the reading of the clock that its `high` comes from as its stamp: a second
 * reading might be on the other side of a wrap. Interrupts are masked. */
static void trace_put_sync(control *c)
{
    trace_now(c);
    if (!c->on[TRACE_BIT_CORE])
        return;
    uint32_t head = c->head, tail = c->tail;
    if (head + TRACE_SLOT > tail)
        TRACE_ROOM(head, tail, 0, drop);
    (void) tail;
    TRACE_AT(struct trace_slot, head)->stamp = c->time_low;
    TRACE_AT(struct trace_slot, head)->word = 0x01 | (c->time >> 8) << 8;
    c->head = head + TRACE_SLOT;
drop:;
}

void trace_sync_now(void)
{
    control *c = TRACE_PORT_CONTROL();
    trace_irq_t irq = trace_port_mask();
    trace_put_sync(c);
    trace_port_restore(irq);
}

static int trace_size_ok(uint32_t bytes, uint32_t block_bytes)
{
    return block_bytes >= TRACE_BLOCK_MIN && block_bytes <= TRACE_BLOCK_MAX &&
           (block_bytes & (block_bytes - 1)) == 0 && bytes % block_bytes == 0 &&
           bytes / block_bytes >= 2;
}

/* Makes every block unused and opens the first. Writers are off. */
static void trace_reset_ring(control *c, uint32_t seq)
{
    c->tail = TRACE_NO_TAIL;
    c->head = (uint32_t) TRACE_NO_HEAD;
    for (uint32_t b = c->ring; b != c->end; b += c->block_size) {
        block *h = TRACE_AT(struct trace_block, b);
        h->magic = 0;
        h->slots = 0;
        h->words = 0;
        h->hart = (uint16_t) trace_port_hart();
        h->version = TRACE_VERSION;
        h->table_hash = c->table_hash;
    }
    c->lost_full = c->lost_drain = 0;
    c->first_seq = seq;
    c->mode &= TRACE_ONE_SHOT | TRACE_BROKEN;
    c->closed = 0;
    trace_prepare(c, c->ring, seq);
    c->block = c->ring;
    c->head = c->ring + TRACE_HEADER;
    c->tail = c->ring + c->block_size;
}

int trace_init(void *ring, uint32_t bytes, uint32_t block_bytes, uint32_t mode)
{
    control *c = TRACE_PORT_CONTROL();
    uint32_t at = trace_port_address(ring);
    if (!trace_size_ok(bytes, block_bytes) || at % 4 || at <= TRACE_NO_TAIL ||
        (mode & ~(uint32_t) TRACE_ONE_SHOT))
        return -1;
    trace_irq_t irq = trace_port_mask();
    trace_enable(c, 0);
    trace_port_restore(irq);
    c->magic = TRACE_CTL_MAGIC;
    c->version = TRACE_VERSION;
    c->size = sizeof(*c);
    c->block_magic = TRACE_BLOCK_MAGIC;
    c->table_hash = TRACE_TABLE_HASH;
    c->ring = at;
    c->ring_size = bytes;
    c->block_size = block_bytes;
    c->end = at + bytes;
    c->mode = mode;
    c->wrap = mode & TRACE_ONE_SHOT ? 0 : at;
    trace_now(c);
    trace_reset_ring(c, 0);
    c->saved_mask = TRACE_CLASS_ALL;
    trace_start();
    return 0;
}

int trace_running(void)
{
    return TRACE_PORT_CONTROL()->mask != 0;
}

/* Switches to mask and records why: with the old mask if that was on, else with the new one. */
static void trace_switch(uint32_t mask, uint32_t op)
{
    control *c = TRACE_PORT_CONTROL();
    trace_irq_t irq = trace_port_mask();
    if (c->mask) {
        trace_control_off(op, mask);
        trace_enable(c, mask);
    } else if (mask) {
        trace_enable(c, mask);
        trace_put_sync(c); /* the clock may have wrapped since the last event */
        trace_control_off(op, mask);
    } else {
        /* off before and after: nothing to say, and no way to say it */
    }
    trace_port_restore(irq);
}

void trace_start(void)
{
    control *c = TRACE_PORT_CONTROL();
    if (c->mask == 0 && c->magic == TRACE_CTL_MAGIC && !(c->mode & (TRACE_FROZEN | TRACE_BROKEN)))
        trace_switch(c->saved_mask | TRACE_CLASS_CORE, TRACE_OP_START);
}

void trace_stop(void)
{
    trace_switch(0, TRACE_OP_STOP);
}

void trace_set_mask(uint32_t mask)
{
    control *c = TRACE_PORT_CONTROL();
    c->saved_mask = (mask & ((1u << TRACE_CLASSES) - 1)) | TRACE_CLASS_CORE;
    if (c->mask)
        trace_switch(c->saved_mask, TRACE_OP_MASK);
}

void trace_freeze(void)
{
    control *c = TRACE_PORT_CONTROL();
    trace_switch(0, TRACE_OP_FREEZE);
    trace_irq_t irq = trace_port_mask();
    c->mode |= TRACE_FROZEN;
    trace_port_restore(irq);
}

/* The events of the open block would be lost to a whole capture: offer them first. */
static void trace_offer_open(control *c)
{
    block *h = TRACE_AT(struct trace_block, c->block);
    if (!c->block || c->head > c->tail || c->head == c->block + TRACE_HEADER)
        return;
    h->slots = (uint16_t) ((c->head - c->block - TRACE_HEADER) / TRACE_SLOT);
    h->words = (uint16_t) ((c->block + c->block_size - c->tail) / 4);
    c->closed = c->block;
    trace_pass_capture();
}

static void trace_clear_in(uint32_t mode)
{
    control *c = TRACE_PORT_CONTROL();
    if (c->magic != TRACE_CTL_MAGIC || (c->mode & TRACE_BROKEN))
        return;
    uint32_t was = c->mode & TRACE_FROZEN ? c->saved_mask : c->mask;
    trace_irq_t irq = trace_port_mask();
    trace_enable(c, 0);
    trace_port_restore(irq);
    uint32_t seq = trace_next_seq(c);
    trace_offer_open(c);
    c->mode = mode;
    c->wrap = mode & TRACE_ONE_SHOT ? 0 : c->ring;
    trace_reset_ring(c, seq);
    if (was)
        trace_switch(was | TRACE_CLASS_CORE, TRACE_OP_CLEAR);
}

void trace_clear(void)
{
    trace_clear_in(TRACE_PORT_CONTROL()->mode & TRACE_ONE_SHOT);
}

void trace_set_mode(uint32_t mode)
{
    trace_clear_in(mode & TRACE_ONE_SHOT);
}
#endif
