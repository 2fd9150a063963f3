/* SPDX-License-Identifier: MIT */
/* Task 1: what logger and timers share. Private to kernel/logger.c and kernel/timer.c. */
#pragma once

#include <lib/libc.h>

/* kernel/logger.c: makes task 1 look at its work, at once if it waits. `irq` is what
 * hal_irq_save() returned; interrupts are as it says on return. Any machine-mode context. */
void service_kick(uint32_t irq);

/* kernel/timer.c, called by task 1 alone. timer_service does what is due; timer_wait says for
 * how many ticks there is nothing to do (0: there is), interrupts off. */
void timer_service(void);
uint32_t timer_wait(void);
