/* SPDX-License-Identifier: MIT */
/* task0 suspends itself again and again; task1, which never sleeps, resumes it. Ids are known:
 * the kernel's own task has id 1, so the first task of the application has id 2. Id 0 is no
 * task. */
#include <linmo.h>

#define ROUNDS 5

static volatile int32_t cnt, resumed;

void task0(void)
{
    while (cnt < ROUNDS) {
        printf("task %d suspends itself, %ld\n", mo_task_id(), cnt++);
        mo_task_suspend(2);
    }
}

void task1(void)
{
    mo_task_suspend(0); /* refused, no harm */
    while (resumed < ROUNDS) {
        if (mo_task_resume(2) == 0) {
            printf("task %d resumed task 2, %ld\n", mo_task_id(), resumed);
            resumed++;
        }
    }
    printf("suspend: %s\n", cnt == ROUNDS ? "PASS" : "FAIL");
}

int32_t app_main(void)
{
    mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    return 1;
}
