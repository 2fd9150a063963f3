/* SPDX-License-Identifier: MIT */
/* Producers and consumers share a ring under three semaphores: free slots, filled slots, and the
 * ring itself. Nothing may be lost or taken twice: the sums must agree. */
#include <linmo.h>

#define SLOTS 8
#define ITEMS 100

static sem_t *empty, *full, *mutex;
static int32_t buffer[SLOTS], in, out;
static int32_t produced, consumed;
static volatile int32_t finished;

static void put(int32_t item)
{
    mo_sem_wait(empty);
    mo_sem_wait(mutex);
    buffer[in] = item;
    in = (in + 1) % SLOTS;
    produced += item;
    mo_sem_signal(mutex);
    mo_sem_signal(full);
}

static int32_t get(void)
{
    mo_sem_wait(full);
    mo_sem_wait(mutex);
    int32_t item = buffer[out];
    out = (out + 1) % SLOTS;
    consumed += item;
    mo_sem_signal(mutex);
    mo_sem_signal(empty);
    return item;
}

static void finish(void)
{
    if (++finished == 4)
        printf("prodcons: %s, sum %ld\n", produced == consumed ? "PASS" : "FAIL", consumed);
}

static void producer(void)
{
    for (int32_t k = 0; k < ITEMS; k++)
        put(random());
    printf("producer %d is done\n", mo_task_id());
    finish();
}

static void consumer(void)
{
    int32_t last = 0;
    for (int32_t k = 0; k < ITEMS; k++)
        last = get();
    printf("consumer %d is done, last item %ld\n", mo_task_id(), last);
    finish();
}

int32_t app_main(void)
{
    empty = mo_sem_create(5, SLOTS);
    full = mo_sem_create(5, 0);
    mutex = mo_sem_create(5, 1);
    mo_task_spawn(producer, DEFAULT_STACK_SIZE);
    mo_task_spawn(consumer, DEFAULT_STACK_SIZE);
    mo_task_spawn(producer, DEFAULT_STACK_SIZE);
    mo_task_spawn(consumer, DEFAULT_STACK_SIZE);
    return 1;
}
