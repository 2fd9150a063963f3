/* SPDX-License-Identifier: MIT */
/* The tick counter starts just below 2^32: timers and timeouts go on across the wrap (kernel-faults
 * B7). */
#include "verdict.h"

static uint32_t fired;

static void *count(void *arg)
{
    fired++;
    return NULL;
}

void test_runner(void)
{
    int32_t id = mo_timer_create(count, 50, NULL);
    mq_t *queue = mo_mq_create(1);
    mo_timer_start((uint16_t) id, TIMER_AUTORELOAD);
    uint32_t start = mo_ticks();
    CHECK(start > 0xfffffff0);
    for (int32_t k = 1; k <= 8; k++) {
        CHECK(!mo_mq_receive(queue, 5));
        CHECK(fired + 1 == (uint32_t) k || fired == (uint32_t) k);
    }
    mo_task_delay(1);
    CHECK_EQ(fired, 8);
    CHECK(mo_ticks() < 100);
    verdict("wrap");
}

int32_t app_main(void)
{
    kcb->ticks = 0xfffffff4;
    mo_task_spawn(test_runner, 1024);
    return 1;
}
