/* SPDX-License-Identifier: MIT */
/* What arch/riscv/trap.S calls. */
#pragma once

#include "hal.h"

#include <lib/libc.h>

/* Frame of a user task on its kernel stack, as trap.S lays it. */
struct user_frame {
    uint32_t ra, t0, t1, t2, a0, a1, a2, a3, a4, a5, a6, a7, t3, t4, t5, t6;
    uint32_t mepc, gp, tp, sp;
};

/* Any interrupt but the tick: interrupt stack, interrupts off. Non-zero: sched_from_trap() has
 * something to do. */
uint32_t trap_interrupt(uint32_t cause);
/* A user task's system call or fault, on its kernel stack; interrupts off at entry and exit. */
void trap_user(uint32_t cause, struct user_frame *frame);
/* An exception in machine mode; sp and ra of the code that caused it. */
void trap_exception(uint32_t cause, uint32_t pc, uint32_t tval, uint32_t sp, uint32_t ra,
                    uint32_t mstatus) __attribute__((noreturn));
/* Reports and ends the running user task; interrupts on. */
void trap_user_fault(uint32_t cause, uint32_t pc) __attribute__((noreturn));

/* kernel/irq.c: any interrupt but the timer's. */
void irq_handle(uint32_t cause);
