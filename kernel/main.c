/* SPDX-License-Identifier: MIT */
/* From boot code to the first task. */
#include "sched.h"

#include <lib/libc.h>
#include <lib/malloc.h>
#include <sys/logger.h>

int32_t app_main();
void kernel_main(void) __attribute__((noreturn));

void kernel_main(void)
{
    hal_hardware_init();
    mo_heap_init((size_t *) &_heap_start, (uint32_t) (uintptr_t) &_heap_size);
    srand(read_csr(mcycle) ^ hal_mtime_low());
    sched_init();
    mo_logger_init();
    bool preemptive = app_main() != 0;
    if (kernel_cb.task_count <= 1)
        panic(ERR_NO_TASKS);
    sched_start(preemptive);
}
