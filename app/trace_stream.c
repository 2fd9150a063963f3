/* SPDX-License-Identifier: MIT */
/* trace_stream: the trace leaves the target while the application runs, sent by a task of the
 * lowest priority. Without a transport that takes it, nothing waits: it is counted and
 * overwritten.
 *
 *   make trace_stream                                      into a debug probe's up-buffer
 *   make trace_stream CFLAGS=-DTRACE_STREAM_SEMIHOSTING=1  into the file trace_stream.kymo by
 *       semihosting; QEMU needs -semihosting-config enable=on,target=native for that
 *
 * The file is a trace without names: a reader takes the event table from the image. */
#include <linmo.h>
#include <sys/debug_trace.h>

#include "trace_drain.h"

#ifndef TRACE_STREAM_SEMIHOSTING
#define TRACE_STREAM_SEMIHOSTING 0
#endif

enum { ROUNDS = 40, MARKS = 25 };

static void power_off(uint32_t status)
{
    volatile uint32_t *finisher = (volatile uint32_t *) 0x00100000;
    mo_logger_flush();
    *finisher = status ? status << 16 | 0x3333 : 0x5555;
}

#if CONFIG_DEBUG_TRACE
static uint32_t frame[TRACE_DRAIN_WORDS(CONFIG_TRACE_BLOCK_SIZE)];
static struct trace_drain drain;
static volatile bool done;

static void producer(void)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < MARKS; i++)
            trace_mark("sample", round * MARKS + i);
        mo_task_delay(1);
    }
    done = true;
}

/* Sends while nobody else wants the hart. */
static void sender(void)
{
    struct trace_stats s;
    while (!done || (TRACE_STREAM_SEMIHOSTING && !trace_drain_idle(&drain)))
        if (trace_drain_step(&drain, 0) == 0)
            mo_task_delay(1);
    while (trace_drain_step(&drain, 1))
        ;
    trace_get_stats(&s);
    uint32_t lost = trace_drain_lost(&drain);
    bool ok = TRACE_STREAM_SEMIHOSTING ? lost == 0 : s.written > ROUNDS * MARKS;
    printf("%u events written, %u overwritten before they could be sent\n", s.written, lost);
    printf("trace_stream: %s\n", ok ? "PASS" : "FAIL");
    power_off(ok ? 0 : 1);
}

int32_t app_main(void)
{
    static char name[] = "trace_stream.kymo";
    trace_drain_init(&drain, frame, sizeof(frame),
                     TRACE_STREAM_SEMIHOSTING ? trace_semihosting_put : trace_rtt_put, name);
    mo_task_spawn(producer, 2048);
    mo_task_priority((uint16_t) mo_task_spawn(sender, 2048), TASK_PRIO_IDLE);
    return 1;
}
#else
static void task(void)
{
    printf("trace_stream: PASS (nothing to send: tracing is compiled out)\n");
    power_off(0);
}

int32_t app_main(void)
{
    mo_task_spawn(task, 1024);
    return 1;
}
#endif
