/* SPDX-License-Identifier: MIT */
/* Three tasks that print. task0 is found by its entry and lowered to LOW; it still gets its
 * turns, because the two NORMAL tasks sleep in mo_task_wfi between their lines. */
#include <linmo.h>

#define ROUNDS 5

static volatile int32_t running = 3;

static void finish(void)
{
    if (--running == 0)
        printf("hello: PASS\n"); /* the last task to end: the machine powers off when it returns */
}

void task0(void)
{
    for (int32_t round = 0; round < ROUNDS; round++) {
        printf("[task0] id %d, round %ld\n", mo_task_id(), round);
        mo_task_wfi();
    }
    finish();
}

void task1(void)
{
    for (int32_t round = 0; round < ROUNDS; round++) {
        uint32_t ms = (uint32_t) mo_uptime();
        printf("[task1] id %d, up %ld ms\n", mo_task_id(), ms);
        mo_task_wfi();
    }
    finish();
}

void task2(void)
{
    int32_t idle = 0;
    while (idle < ROUNDS) {
        mo_task_wfi();
        idle++;
    }
    printf("[task2] id %d slept %d ticks\n", mo_task_id(), idle);
    finish();
}

int32_t app_main(void)
{
    mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    mo_task_spawn(task2, DEFAULT_STACK_SIZE);

    int32_t id = mo_task_idref(task0);
    printf("task0 is task %d\n", id);
    mo_task_priority((uint16_t) id, TASK_PRIO_LOW);
    return 1;
}
