/* SPDX-License-Identifier: MIT */
/* Streaming: sends closed blocks out of the target, from a task of the lowest priority.
 *
 *   static uint32_t frame[TRACE_DRAIN_WORDS(512)];           for blocks of 512 bytes
 *   static struct trace_drain drain;
 *   trace_drain_init(&drain, frame, sizeof(frame), put, to);
 *   for (;;)
 *       if (trace_drain_step(&drain, 0) == 0)
 *           sleep, or go on if the transport was only busy
 *
 * put(to, bytes, n) takes as many bytes as it can without waiting and says how many; 0 is fine. No
 * writer ever waits for it: what is overwritten before it was sent is counted in the control
 * block's lost_drain and shows on the host as a gap of so many events. What goes out is a
 * container (SPEC.md, section 5) without META, TABLE, STRINGS and SYMBOLS: the host takes those
 * from the image. Each packet has a checksum and a number. */
#ifndef TRACE_DRAIN_H
#define TRACE_DRAIN_H
#include "trace.h"

typedef uint32_t trace_drain_put(void *to, const void *bytes, uint32_t n);

struct trace_drain {
    uint8_t *frame;
    uint32_t room;          /* bytes of it */
    uint32_t sent, size;    /* of the frame that is on its way */
    uint32_t next_seq;      /* event_seq of the next block to send */
    uint32_t open_end;      /* event_seq up to which the open block was sent */
    uint32_t index;         /* of the next packet */
    uint32_t lost;          /* events overwritten before they could be sent */
    trace_drain_put *put;
    void *to;
};

#define TRACE_DRAIN_BYTES(block_bytes) (24 + 64 + (block_bytes))
#define TRACE_DRAIN_WORDS(block_bytes) (TRACE_DRAIN_BYTES(block_bytes) / 4)

/* -1: the frame is too small for the recorder's blocks. Begins with the oldest event in the ring.
 * */
int trace_drain_init(struct trace_drain *d, void *frame, uint32_t bytes, trace_drain_put *put,
                     void *to);
/* Sends what it can now; returns how many bytes the transport took. 0: nothing to send, or the
 * transport is busy. flush: also what is in the open block (before the machine stops, or when
 * little happens). */
uint32_t trace_drain_step(struct trace_drain *d, int flush);
/* Events overwritten before they could be sent, those included that are gone since the last
 * step. */
uint32_t trace_drain_lost(struct trace_drain *d);
/* Nothing is on its way, and no closed block waits. */
int trace_drain_idle(const struct trace_drain *d);

/* A ready transport: the up-buffer of a debug probe, in the layout that SEGGER's RTT uses; a probe
 * finds it by the symbol _SEGGER_RTT. `to` is not used. */
uint32_t trace_rtt_put(void *to, const void *bytes, uint32_t n);
/* A file of the debugger's or the emulator's host by semihosting, which lets the image write any
 * file there, so it must be switched on outside. `to` is the file's name; it is created at the
 * first call. RISC-V only. */
uint32_t trace_semihosting_put(void *to, const void *bytes, uint32_t n);

/* ---- a ring that survived a reset ---- */

struct trace_recovered {
    uint32_t blocks;        /* whole blocks, newest last */
    uint32_t first_seq, end_seq;
    uint8_t *ring;
    uint32_t bytes, block_bytes, newest;
};
/* Looks for the trace of an earlier boot in memory that start-up code did not clear, before
 * trace_init() is given that memory. Number of blocks; 0 none; -1 a size that is not allowed; -2
 * blocks of another build's event table. The block that was open is closed with the events that
 * are certainly whole. */
int trace_recover(void *ring, uint32_t bytes, uint32_t block_bytes, struct trace_recovered *out);
/* Block i of it, 0 the oldest. */
const void *trace_recovered_block(const struct trace_recovered *r, uint32_t i);
/* Sends one block by a drain that is idle: 0 if it is not. Steps then send it. */
int trace_drain_block(struct trace_drain *d, const void *block, uint32_t block_bytes,
                      uint16_t hart);
#endif
