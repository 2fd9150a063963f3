/* SPDX-License-Identifier: MIT */
/* A one-shot timer as a watchdog: whoever works restarts it before it is due; when the worker
 * hangs, it fires, reports, and lets a supervisor replace the worker. */
#include <linmo.h>

#include "private/error.h"

#define LIMIT_MS 50

static int32_t watchdog, rounds, bites;
static sem_t *bitten;

/* Runs in the kernel's own task: it may call the kernel, and should be short. */
static void *bite(void *arg)
{
    printf("tick %lu: the worker has not reported for %d ms\n", mo_ticks(), LIMIT_MS);
    bites++;
    mo_sem_signal(bitten);
    return NULL;
}

static void worker(void)
{
    for (int32_t round = 0; round < 5; round++) {
        mo_timer_start((uint16_t) watchdog, TIMER_ONESHOT);
        mo_task_delay(3);
        rounds++;
        if (bites == 0 && round == 3)
            mo_task_suspend(mo_task_id()); /* hangs, the first time */
    }
    mo_timer_cancel((uint16_t) watchdog);
    mo_sem_signal(bitten);
}

void monitor_task(void)
{
    int32_t id = mo_task_spawn(worker, 1024);
    mo_sem_wait(bitten);
    bool replaced = bites == 1 && mo_task_cancel((uint16_t) id) == ERR_OK;
    mo_task_spawn(worker, 1024);
    mo_sem_wait(bitten);
    mo_timer_destroy((uint16_t) watchdog);
    bool pass = replaced && bites == 1 && rounds == 4 + 5;
    printf("%d rounds, %d bite\nwatchdog: %s\n", rounds, bites, pass ? "PASS" : "FAIL");
}

int32_t app_main(void)
{
    bitten = mo_sem_create(1, 0);
    watchdog = mo_timer_create(bite, LIMIT_MS, NULL);
    mo_task_spawn(monitor_task, 1024);
    return 1;
}
