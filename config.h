/* SPDX-License-Identifier: MIT */
/* Build options of the target, force-included into every translation unit. Each may be overridden
 * on the command line: CFLAGS='-DCONFIG_DEBUG_TRACE=0'. This is the whole list; 0 means off unless
 * another meaning is given. */
#ifndef CONFIG_H
#define CONFIG_H

/* Event tracing. 0 removes every trace-only statement and field from the kernel. */
#ifndef CONFIG_DEBUG_TRACE
#define CONFIG_DEBUG_TRACE 1
#endif

/* Canary words at both ends of each task's stack, compared when the task leaves the hart. Costs 4
 * instructions a switch and 8 bytes a task. */
#ifndef CONFIG_STACK_PROTECTION
#define CONFIG_STACK_PROTECTION 1
#endif

/* Checks of objects and calling context at the API's door. 0 trusts the caller: only to measure
 * what they cost. */
#ifndef CONFIG_API_CHECK
#define CONFIG_API_CHECK 1
#endif

/* 1: kernel_check() at each scheduling point walks every list with interrupts off; 2: only where a
 * test calls it. */
#ifndef CONFIG_KERNEL_CHECK
#define CONFIG_KERNEL_CHECK 0
#endif

#endif
