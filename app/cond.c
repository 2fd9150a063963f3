/* SPDX-License-Identifier: MIT */
/* A mutex and a condition variable: exclusion, trylock, timedlock, and a consumer that waits for
 * a producer. */
#include <linmo.h>

#include "private/error.h"

#define ITEMS 5

static mutex_t m;
static cond_t cv;
static int32_t data1, taken, failed;
static volatile bool holding, finished;

static void check(bool right, const char *what)
{
    printf("%s: %s\n", right ? "PASS" : "FAIL", what);
    failed += !right;
}

static void producer(void)
{
    for (int32_t item = 1; item <= ITEMS; item++) {
        mo_mutex_lock(&m);
        data1 = item;
        mo_cond_signal(&cv);
        mo_mutex_unlock(&m);
        mo_task_delay(2);
    }
}

static void consumer(void)
{
    mo_mutex_lock(&m);
    while (taken < ITEMS) {
        while (data1 == 0)
            mo_cond_wait(&cv, &m);
        printf("task %d took item %d\n", mo_task_id(), data1);
        taken++;
        data1 = 0;
    }
    mo_mutex_unlock(&m);
    finished = true;
}

void task1(void)
{
    mo_mutex_lock(&m);
    holding = true;
    mo_task_delay(20);
    mo_mutex_unlock(&m);
}

void test_runner(void)
{
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    while (!holding)
        mo_task_wfi();
    check(mo_mutex_trylock(&m) == ERR_TASK_BUSY, "trylock while another task holds it");
    check(mo_mutex_timedlock(&m, 5) == ERR_TIMEOUT, "timedlock gives up in time");
    check(mo_mutex_timedlock(&m, 100) == ERR_OK, "timedlock gets it in the end");
    check(mo_mutex_unlock(&m) == ERR_OK, "unlock");

    mo_task_spawn(consumer, DEFAULT_STACK_SIZE);
    mo_task_yield();
    mo_task_spawn(producer, DEFAULT_STACK_SIZE);
    while (!finished)
        mo_task_delay(1);
    check(taken == ITEMS, "every item arrived");
    check(mo_task_cancel(mo_task_id()) != ERR_OK, "a task cannot cancel itself");
    printf("cond: %s\n", failed ? "FAIL" : "PASS");
}

int32_t app_main(void)
{
    mo_mutex_init(&m);
    mo_cond_init(&cv);
    mo_task_spawn(test_runner, DEFAULT_STACK_SIZE);
    return 1;
}
