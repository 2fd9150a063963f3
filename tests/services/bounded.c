/* SPDX-License-Identifier: MIT */
/* What the services cost must not grow with what there is already: heap blocks, waiters, messages.
 * Counts instructions (`-icount shift=0`): the median of some calls with little and with much
 * around may differ by a stated bound. Starting a timer may grow with the logarithm of their
 * number. */
#include "verdict.h"

#define ROUNDS 31

static uint32_t samples[ROUNDS];

static uint32_t now(void)
{
    return read_csr(mcycle);
}

static uint32_t median_of(void (*call)(void))
{
    for (uint32_t k = 0; k < ROUNDS; k++) {
        uint32_t begin = now();
        call();
        uint32_t took = now() - begin, at = k;
        for (; at && samples[at - 1] > took; at--)
            samples[at] = samples[at - 1];
        samples[at] = took;
    }
    return samples[ROUNDS / 2];
}

static void compare(const char *what, uint32_t few, uint32_t many, uint32_t bound)
{
    printf("%s: %u, then %u instructions\n", what, few, many);
    CHECK(few > 10 && many <= few + bound);
}

/* --- heap: thousands of holes of many sizes --- */

static void *one;

static void use_heap(void)
{
    one = malloc(100);
    free(one);
}

static void grow(void)
{
    one = realloc(malloc(40), 2000);
    free(one);
}

static void test_heap(void)
{
    static void *blocks[4000];
    uint32_t few = median_of(use_heap), few_grow = median_of(grow), seed = 1;
    for (uint32_t k = 0; k < ARRAY_SIZE(blocks); k++)
        blocks[k] = malloc(1 + dice(&seed, 400));
    for (uint32_t k = 0; k < ARRAY_SIZE(blocks); k += 2) {
        free(blocks[k]);
        blocks[k] = NULL;
    }
    compare("malloc and free among 4000 blocks", few, median_of(use_heap), 60);
    /* a neighbour that is in use: a new block, and a copy of 40 bytes */
    compare("realloc", few_grow, median_of(grow), 300);
    for (uint32_t k = 0; k < ARRAY_SIZE(blocks); k++)
        free(blocks[k]);
}

/* --- a queue and a pipe with many waiters --- */

static mq_t *queue, *busy_queue;
static pipe_t *busy_pipe;
static message_t note;

static void use_queue(void)
{
    mo_mq_enqueue(queue, &note);
    mo_mq_dequeue(queue);
}

static void wait_in_queue(void)
{
    mo_mq_receive(busy_queue, UINT32_MAX);
    mo_task_suspend(mo_task_id());
}

static void wait_in_pipe(void)
{
    char bytes[4];
    mo_pipe_read(busy_pipe, bytes, sizeof(bytes));
    mo_task_suspend(mo_task_id());
}

static void send(void)
{
    mo_mq_enqueue(busy_queue, &note);
}

static void write_pipe(void)
{
    mo_pipe_write(busy_pipe, "abcd", 4);
}

static void waiters(void (*entry)(void), uint32_t count)
{
    for (uint32_t k = 0; k < count; k++)
        mo_task_spawn(entry, 512);
    mo_task_delay(2);
}

static void test_waiters(void)
{
    uint32_t few_queue = median_of(use_queue);
    waiters(wait_in_queue, ROUNDS);
    uint32_t few = median_of(send);
    waiters(wait_in_queue, 200);
    compare("a message with 200 waiters", few, median_of(send), 10);
    waiters(wait_in_pipe, ROUNDS);
    few = median_of(write_pipe);
    waiters(wait_in_pipe, 200);
    compare("four bytes with 200 waiters", few, median_of(write_pipe), 10);
    compare("queue of its own", few_queue, median_of(use_queue), 10);
}

/* --- timers --- */

static int32_t timer1;

static void *nothing(void *arg)
{
    return arg;
}

static void start_timer(void)
{
    mo_timer_start((uint16_t) timer1, TIMER_ONESHOT);
}

static void test_timers(void)
{
    uint32_t seed = 9;
    timer1 = mo_timer_create(nothing, 60000, NULL);
    uint32_t few = median_of(start_timer);
    for (uint32_t k = 0; k < 1000; k++) {
        int32_t id = mo_timer_create(nothing, 10000 + dice(&seed, 100000), NULL);
        mo_timer_start((uint16_t) id, TIMER_ONESHOT);
    }
    compare("starting a timer among 1000", few, median_of(start_timer), 1000);
}

void test_runner(void)
{
    test_heap();
    test_waiters();
    test_timers();
    verdict("bounded");
}

int32_t app_main(void)
{
    queue = mo_mq_create(4);
    busy_queue = mo_mq_create(4);
    busy_pipe = mo_pipe_create(4);
    mo_task_spawn(test_runner, 2048);
    return 1;
}
