/* SPDX-License-Identifier: MIT */
/* The whole system's cost: two tasks hand a token to and fro over two semaphores, with so much work
 * before each hand-over that LOAD_RATE switches happen per second of guest time (a nanosecond an
 * instruction). Each hand-over signals, wakes, blocks and switches. The same work in every build,
 * and no task ever idles, so that all instructions between two markers are outside idle. The ledger
 * counts them: with tracing compiled out, stopped, and running. */
#include <linmo.h>
#include <sys/debug_trace.h>

#ifndef LOAD_RATE
#define LOAD_RATE 10000
#endif
enum {
    SWITCHES = LOAD_RATE > 5000 ? LOAD_RATE / 50 : 100,
    WORK = 1000000000 / LOAD_RATE / 2
}; /* 20 ms or more; a round of the work loop is 2 instructions */

static sem_t *ping, *pong;

#define MARKER(name)                          \
    __attribute__((noinline)) void name(void) \
    {                                         \
        __asm__ volatile("");                 \
    }
MARKER(running_begin)
MARKER(running_end)
MARKER(stopped_begin)
MARKER(stopped_end)

static void work(void)
{
    uint32_t n = WORK;
    __asm__ volatile("1: addi %0, %0, -1\nbnez %0, 1b" : "+r"(n));
}

static void echo(void)
{
    for (;;) {
        mo_sem_wait(pong);
        work();
        mo_sem_signal(ping);
    }
}

static void half(void)
{
    for (int i = 0; i < SWITCHES / 2; i++) {
        work();
        mo_sem_signal(pong);
        mo_sem_wait(ping);
    }
}

static void lead(void)
{
    half(); /* both tasks have run once */
    running_begin();
    half();
    running_end();
    trace_stop();
    stopped_begin();
    half();
    stopped_end();
    *(volatile uint32_t *)0x100000 = 0x5555;
}

int32_t app_main(void)
{
    ping = mo_sem_create(4, 0);
    pong = mo_sem_create(4, 0);
    mo_task_spawn(echo, 2048);
    mo_task_spawn(lead, 2048);
    return 1;
}
