/* SPDX-License-Identifier: MIT */
/* A user-mode task: prints and waits through system calls, then reads a privileged register.
 * That must be refused: the kernel reports it and ends the task, and with the last task the
 * machine powers off. */
#include <linmo.h>

void umode_validation_task(void)
{
    int id = sys_tid();
    int up = sys_uptime();
    umode_printf("[umode] id %d: %s\n", id, id > 0 ? "PASS" : "FAIL");
    umode_printf("[umode] uptime %d ms: %s\n", up, up >= 0 ? "PASS" : "FAIL");

    umode_printf("[umode] now reading mstatus\n");
    sys_tdelay(10);
    uint32_t mstatus;
    __asm__ volatile("csrr %0, mstatus" : "=r"(mstatus));

    umode_printf("[umode] FAIL: read %x in user mode\n", mstatus);
    for (;;)
        sys_tyield();
}

int32_t app_main(void)
{
    umode_printf("[kernel] a user task follows\n");
    mo_task_spawn_user(umode_validation_task, DEFAULT_STACK_SIZE);
    return 1;
}
