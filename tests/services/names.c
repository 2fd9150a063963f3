/* SPDX-License-Identifier: MIT */
/* Compiles, and links, with every name that known applications define for themselves, and with the
 * locals that a header's globals would shadow under -Wshadow: the public headers must not be in the
 * way. No format checking either: int32_t with %ld and 64 bits at the end for %d are common. */
#include <linmo.h>

#include "private/error.h"

#if defined(min) || defined(max) || defined(_)
#error "a macro of the kernel's leaks"
#endif

int32_t app_main();

static int32_t ran;
#define TASK(name) void name(void) { ran++; }
TASK(task) TASK(task0) TASK(task1) TASK(task2) TASK(task3) TASK(task4) TASK(task_a) TASK(task_b)
TASK(logger) TASK(idle) TASK(idle_task) TASK(monitor_task) TASK(hello) TASK(print_time)
TASK(test_runner) TASK(test_mutex) TASK(print_test_results) TASK(umode_validation_task)

int32_t cnt, data1, data2, min, max, _;
pipe_t *pipe1, *pipe2, *pipe3;
int32_t timer1, timer2, timer3;
void *timer_callback(void *arg) { return arg; }

typedef struct { uint32_t period, deadline; } edf_prio_t;
typedef struct { int32_t jobs; } task_stats_t;
static mutex_t m;
static cond_t cv;
static sem_t *empty, *full, *mutex;
static int32_t buffer[2], in, out;
static edf_prio_t prio_block;
static task_stats_t stats;
static int32_t edf_sched(void) { return -1; }
static uint32_t compute(uint32_t n) { return n * 2; }
static char memory_block[8];
static void producer(void) { buffer[in] = out; }
static void consumer(void) { out = buffer[in]; }

static int32_t locals(int32_t time, int32_t secs, int32_t msecs, int32_t start)
{
    int32_t end = 1, elapsed = 2, val = 3, idx = 4, cycles = 5, period = 6, now = 7, node = 8;
    int32_t data = 9, msg = 10, str = 11, buf = 12, ptr = 13, i = 14, n = 15, s = 16;
    return time + secs + msecs + start + end + elapsed + val + idx + cycles + period + now + node +
           data + msg + str + buf + ptr + i + n + s;
}

static void (*const entries[])(void) = {
    task, task0, task1, task2, task3, task4, task_a, task_b, logger, idle, idle_task, monitor_task,
    hello, print_time, test_runner, test_mutex, print_test_results, umode_validation_task,
};

int32_t app_main()
{
    int32_t id = mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    uint64_t wide = 7;
    void *cast = (void *) (size_t) compute(21);
    mo_mutex_init(&m);
    mo_cond_init(&cv);
    empty = full = mutex = mo_sem_create(1, 1);
    producer();
    consumer();
    for (uint32_t k = 0; k < ARRAY_SIZE(entries); k++)
        entries[k]();
    kcb->rt_sched = edf_sched;
    prio_block.period = (uint32_t) (stats.jobs + locals(1, 2, 3, 4)) + (uint32_t) (size_t) cast;
    printf("id %ld, %lu, %d\n", id, prio_block.period, wide);
    bool right = ran == ARRAY_SIZE(entries) && prio_block.period == 188 && !memory_block[0] &&
                 mo_timer_create(timer_callback, MS_TO_TICKS(100), NULL) == 0x6000 && ERR_OK == 0 &&
                 cnt + data1 + data2 + min + max + _ + timer1 + timer2 + timer3 == 0 && !pipe1 &&
                 !pipe2 && !pipe3 && mutex && UINT32_MAX == 0xffffffff;
    printf("names: %s\n", right ? "PASS" : "FAIL");
    *(volatile uint32_t *) 0x100000U = right ? 0x5555 : 1 << 16 | 0x3333;
    return 1;
}
