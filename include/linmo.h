/* SPDX-License-Identifier: MIT */
/* The one header an application includes: the whole public interface, source-compatible with Linmo
 * at commit 8c60804. Error names live in "private/error.h". */
#pragma once

#include <types.h>

#include <lib/libc.h>
#include <lib/malloc.h>

#include <sys/errno.h>
#include <sys/logger.h>
#include <sys/mqueue.h>
#include <sys/mutex.h>
#include <sys/pipe.h>
#include <sys/semaphore.h>
#include <sys/syscall.h>
#include <sys/task.h>
#include <sys/timer.h>

#include "private/utils.h"

/* Applications use these names for things of their own. */
#undef min
#undef max

/* Supplied by the application; runs on the boot stack before the scheduler, with interrupts off: it
 * may create, start and print, and must not block. 0 selects cooperative mode, anything else
 * preemptive mode. No parameter list, so that both `app_main()` and `app_main(void)` agree with it.
 */
int32_t app_main();
