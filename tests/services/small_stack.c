/* SPDX-License-Identifier: MIT */
/* Tasks on the smallest stacks that known applications use print with every conversion while
 * ticks hit them and others preempt them: their stacks hold. The kernel compares the canaries at
 * each switch. */
#include "verdict.h"

static volatile int32_t finished;

static void print_all(void)
{
    for (int32_t round = 0; round < 300; round++) {
        printf("%s %c %d %05d %u %x %p %ld %lld %llu\n", "text", 'x', -round, round, round, round,
               (void *) print_all, (long) round, (int64_t) round << 40, 18446744073709551615ULL);
        if (round % 50 == 0)
            puts("a line by puts");
    }
    finished++;
}

static void disturb(void)
{
    while (finished < 3)
        mo_task_delay(1);
    verdict("small_stack");
}

int32_t app_main(void)
{
    for (int32_t k = 0; k < 3; k++)
        CHECK(mo_task_spawn(print_all, 512) > 0);
    int32_t id = mo_task_spawn(disturb, 1024);
    mo_task_priority((uint16_t) id, TASK_PRIO_HIGH);
    return 1;
}
