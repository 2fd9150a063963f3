/* SPDX-License-Identifier: MIT */
/* Cooperative mode: three tasks that hand the hart on by mo_task_yield. task2 sleeps instead:
 * without ticks a delay counts scheduler passes, so it prints rarely. */
#include <linmo.h>

#define ROUNDS 200

static int32_t cnt = 100000;
static int32_t passes[3], late_lines;

void task2(void)
{
    for (int32_t line = 0; line < 3; line++) {
        mo_task_delay(50);
        printf("[task %d] after a delay of 50 passes\n", 2);
        late_lines++;
    }
}

void task1(void)
{
    for (int32_t round = 0; round < ROUNDS; round++) {
        if (round % 50 == 0)
            printf("[task %d] %ld\n", 1, cnt++);
        passes[1]++;
        mo_task_yield();
    }
    bool fair = passes[0] >= ROUNDS - 1 && late_lines == 3;
    printf("coop: %s\n", fair ? "PASS" : "FAIL");
}

void task0(void)
{
    for (int32_t round = 0; round < ROUNDS; round++) {
        if (round % 50 == 0)
            printf("[task %d] %ld\n", 0, cnt++);
        passes[0]++;
        mo_task_yield();
    }
}

int32_t app_main(void)
{
    mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    mo_task_spawn(task2, DEFAULT_STACK_SIZE);
    return 0; /* cooperative */
}
