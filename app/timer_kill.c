/* SPDX-License-Identifier: MIT */
/* Two tasks print at their own pace; one cancels the other, whose id is known to be 2, while a
 * third spins. */
#include <linmo.h>

static volatile int32_t lines;
static volatile bool done;

void timer1(void)
{
    for (;;) {
        printf("timer1, task %d\n", mo_task_id());
        lines++;
        mo_task_delay(10);
    }
}

void timer2(void)
{
    mo_task_delay(55);
    int32_t before = lines;
    int32_t result = mo_task_cancel(2);
    printf("task %d cancelled task 2: %d\n", mo_task_id(), result);
    mo_task_delay(30);
    printf("timer_kill: %s\n", result == 0 && before >= 3 && lines == before ? "PASS" : "FAIL");
    done = true;
}

void idle(void)
{
    while (!done) {
    }
}

int32_t app_main(void)
{
    mo_task_spawn(timer1, DEFAULT_STACK_SIZE);
    mo_task_spawn(timer2, DEFAULT_STACK_SIZE);
    mo_task_spawn(idle, DEFAULT_STACK_SIZE);
    return 1;
}
