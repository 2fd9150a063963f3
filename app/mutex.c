/* SPDX-License-Identifier: MIT */
/* Two workers and a monitor on small stacks share a counter under a binary semaphore, and the
 * monitor powers the machine off itself right after its last line. */
#include <linmo.h>

#include "private/error.h"

#define ROUNDS 5

static sem_t *lock;
static int32_t counter, inside;
static volatile int32_t finished;
static bool broken;

static void work(const char *who)
{
    for (int32_t round = 0; round < ROUNDS; round++) {
        mo_sem_wait(lock);
        broken |= inside++ != 0;
        int32_t seen = counter;
        mo_task_yield(); /* offers the hart inside the section: the other one must not get in */
        counter = seen + 1;
        printf("%s %d: counter %d\n", who, mo_task_id(), counter);
        inside--;
        mo_sem_signal(lock);
        mo_task_yield();
    }
    finished++;
}

void task_a(void)
{
    work("task_a");
    for (;;)
        mo_task_yield();
}

void task_b(void)
{
    work("task_b");
    for (;;)
        mo_task_yield();
}

void monitor_task(void)
{
    while (finished < 2)
        mo_task_yield();
    bool free_again = mo_sem_trywait(lock) == ERR_OK;
    bool pass = !broken && free_again && counter == 2 * ROUNDS;
    printf("mutex: %s\n", pass ? "PASS" : "FAIL");
    *(volatile uint32_t *) 0x100000U = pass ? 0x5555 : 1 << 16 | 0x3333;
}

void idle_task(void)
{
    for (;;)
        mo_task_yield();
}

int32_t app_main(void)
{
    lock = mo_sem_create(10, 1);
    if (!lock)
        return 1;
    mo_task_spawn(task_a, 1024);
    mo_task_spawn(task_b, 1024);
    mo_task_spawn(monitor_task, 1024);
    mo_task_spawn(idle_task, 512);
    return 1;
}
