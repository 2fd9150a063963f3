/* SPDX-License-Identifier: MIT */
/* Three periodic timers. Their ids are known: 0x6000 upward in order of creation. Callbacks run
 * in the kernel's own task, whatever the application does. */
#include <linmo.h>

static int32_t fired[3];

static void *timer_callback(void *arg)
{
    int32_t which = (int32_t) (size_t) arg;
    uint64_t up = mo_uptime();
    fired[which]++;
    printf("timer %d, second %ld, ms %ld\n", which, (uint32_t) (up / 1000), (uint32_t) (up % 1000));
    return NULL;
}

void idle_task(void)
{
    uint64_t until = mo_uptime() + 3050;
    while (mo_uptime() < until)
        mo_task_wfi();
    bool pass = fired[0] == 3 && fired[1] == 1 && fired[2] == 6;
    printf("%d, %d and %d times\n", fired[0], fired[1], fired[2]);
    printf("timer: %s\n", pass ? "PASS" : "FAIL");
}

int32_t app_main(void)
{
    mo_timer_create(timer_callback, 1000, (void *) 0);
    mo_timer_create(timer_callback, 3000, (void *) 1);
    mo_timer_create(timer_callback, 500, (void *) 2);
    mo_timer_start(0x6000, TIMER_AUTORELOAD);
    mo_timer_start(0x6001, TIMER_AUTORELOAD);
    mo_timer_start(0x6002, TIMER_AUTORELOAD);
    mo_task_spawn(idle_task, DEFAULT_STACK_SIZE);
    return 1;
}
