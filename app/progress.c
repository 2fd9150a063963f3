/* SPDX-License-Identifier: MIT */
/* Two tasks that never give the hart up; both advance by time slices. Progress is shown from
 * 64-bit arithmetic on the machine's time. */
#include <linmo.h>

#define WORK_MS 80

static volatile int32_t finished;

static void work(int32_t line)
{
    uint64_t first = _read_us();
    uint64_t used = 0;
    for (int32_t shown = -1; used < WORK_MS * 1000ULL;) {
        delay_ms(10);
        used = _read_us() - first;
        int32_t percent = (int32_t) (used * 100 / (WORK_MS * 1000ULL));
        if (percent / 25 != shown) {
            shown = percent / 25;
            printf("task %d, line %d: %d percent, us %d\n", mo_task_id(), line, shown * 25,
                   used / 1000 * 1000);
        }
    }
    if (++finished == 2)
        printf("progress: PASS\n");
}

void task0(void)
{
    work(0);
}

void task1(void)
{
    work(1);
}

int32_t app_main(void)
{
    mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    return 1;
}
