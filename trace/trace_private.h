/* SPDX-License-Identifier: MIT */
/* Shared by the files of trace/; nobody else includes it. */
#ifndef TRACE_PRIVATE_H
#define TRACE_PRIVATE_H
#include "trace_core.h"

/* A control block before trace_init(): every writer is off, and would take the slow path. */
#define TRACE_CONTROL_INIT {.head = (uint32_t) TRACE_NO_HEAD, .tail = TRACE_NO_TAIL}

void trace_prepare(volatile struct trace_control *c, uint32_t block, uint32_t seq);
uint32_t trace_room_c(void);
void trace_capture_point(void);
void trace_pass_capture(
    void); /* passes it, with the block at `closed`; leaves tail = TRACE_NO_TAIL */

/* The ring as it is at one instant: first_seq and next_seq of what can be read, oldest block. */
uint32_t trace_oldest(volatile struct trace_control *c);
uint32_t trace_end_seq(volatile struct trace_control *c);

#endif
