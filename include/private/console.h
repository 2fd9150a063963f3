/* SPDX-License-Identifier: MIT */
/* What the kernel's core may ask of the console and the other services, and what it must call.
 * Not for applications. How the console keeps lines whole and in order: kernel/console.c. */
#pragma once

#include <lib/libc.h>

/* Writes `len` bytes as one piece that nothing else splits, and returns when they have left,
 * with everything that was queued before. Any machine-mode context: boot, task, interrupt
 * handler, panic. Never blocks, takes no lock, and holds interrupts off for a bounded number of
 * instructions at a time. */
void console_write(const char *text, uint32_t len);

/* Writes everything that was queued, and text that a preempted task has begun. The core calls
 * this before it frees the stack of a task (a piece in work lies there), in panic before its own
 * text, and before the kernel powers the machine off. Any context. */
void console_drain(void);

/* Task 1 drains the logger's queue and runs software timers (kernel/logger.c); mo_logger_init
 * creates it, at the highest priority. It needs nothing from the tick: it waits with a timeout
 * like any task. */
#define SERVICE_TASK_ID 1

/* kernel/syscall.c: one system call of the running task, on a kernel stack, with interrupts as
 * the caller had them. `user`: the arguments are untrusted. `pc` is the address of the ecall,
 * for the trace. The result goes to a0. */
int32_t syscall_service(uint32_t number, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t pc,
                        bool user);
