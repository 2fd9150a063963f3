/* SPDX-License-Identifier: MIT */
/* From boot code to the first task. */
#include "sched.h"

#include <lib/libc.h>
#include <lib/malloc.h>
#include <sys/debug_trace.h>
#include <sys/logger.h>

int32_t app_main();
void kernel_main(void) __attribute__((noreturn));

void kernel_main(void)
{
    debug_trace_init();
    hal_hardware_init();
    mo_heap_init((size_t *) &_heap_start, (uint32_t) (uintptr_t) &_heap_size);
    srand(read_csr(mcycle) ^ hal_mtime_low());
    sched_init();
    mo_logger_init();
    trace_app_enter_any();
    int32_t mode = app_main();
    trace_app_leave_any((uint32_t) mode);
    if (kernel_cb.task_count <= 1)
        panic(ERR_NO_TASKS);
    sched_start(mode != 0);
}
