/* SPDX-License-Identifier: MIT */
/* read and exit from user mode while another task counts ticks: neither holds the hart
 * (kernel-faults B15). One line is typed; then the reader waits for more in vain. */
#include "verdict.h"

static volatile int32_t got, ended;
static char line[16];

void umode_validation_task(void)
{
    while (got < 6)
        got += sys_read(0, line + got, 6 - got);
    umode_printf("read: %s", line);
    ended = 1;
    sys_read(0, line, 1); /* nothing more comes */
    ended = 2;
}

static void leaves_at_once(void)
{
    sys_exit(1);
    ended = 3;
}

void monitor_task(void)
{
    mo_task_spawn_user(umode_validation_task, 1024);
    mo_task_spawn_user(leaves_at_once, 1024);
    uint32_t before = mo_ticks(), rounds = 0;
    while (ended == 0) { /* guest time runs ahead of whoever types: no limit here */
        mo_task_wfi();
        rounds++;
    }
    for (int32_t k = 0; k < 20; k++)
        mo_task_wfi();
    CHECK_EQ(mo_ticks() - before, rounds + 20);
    CHECK_EQ(ended, 1);
    CHECK(!strcmp(line, "typed\n"));
    CHECK_EQ(mo_task_count(), 3);
    verdict("user_read");
}

int32_t app_main(void)
{
    mo_task_spawn(monitor_task, 1024);
    return 1;
}
