/* SPDX-License-Identifier: MIT */
/* The Mars Pathfinder resets of July 1997, as a program you can watch.
 *
 * On Mars the lander's computer reset itself again and again. Its tasks shared an information bus
 * that one mutex guarded. The weather task, of low priority, took the bus now and then. If the
 * bus task, of high priority, wanted it just then, it had to wait for the weather task: a few
 * milliseconds. But if the communication task, of middle priority, woke in that moment, it kept
 * the weather task from running, and with it, for as long as it liked, the bus task. A watchdog
 * saw that the bus task had not finished its cycle and reset the machine. The cure was one flag:
 * with priority inheritance the owner of a mutex runs at the priority of whoever waits for it. It
 * was found by replaying the event trace of a twin on the ground.
 *
 *   make pathfinder                                without inheritance: ends with status 3
 *   make pathfinder CFLAGS=-DPATHFINDER_INHERIT=1  with it: all cycles in time, status 0
 *   make demo                                      both, recorded and compared
 *
 * Simplified: one bus task instead of two, a mutex of our own instead of the one inside a pipe,
 * periods rounded to ticks of 10 ms (the real cycle had 125 ms).
 *
 * Why it goes well 12 times and fails at the 13th: releases repeat every 12 (bus), 36 (weather)
 * and 50 (communication) ticks. Weather holds the bus from tick 10.5 to 12.5 of its period, so
 * every third bus cycle waits for half a tick, and nothing happens. Communication's release walks
 * through weather's period in steps of 14: 6, 20, 34, and at its fourth, tick 156, it is 12.
 * There weather holds the bus, the bus task wants it, and communication wakes. */
#include <linmo.h>
#include <sys/debug_trace.h>

#include "private/error.h"

#ifndef PATHFINDER_INHERIT
#define PATHFINDER_INHERIT 0
#endif

enum {                     /* ticks of 10 ms */
    BUS_PERIOD = 12,       /* also the deadline: done before the next cycle begins */
    WEATHER_PERIOD = 36,
    WEATHER_FIRST = 10,
    COMMUNICATION_PERIOD = 50,
    COMMUNICATION_FIRST = 6,
};
enum {                     /* milliseconds of work, each on an idle processor */
    BUS_TRANSFER_MS = 3,   /* with the bus held */
    BUS_DISTRIBUTE_MS = 4, /* after it */
    WEATHER_MEASURE_MS = 5,
    WEATHER_PUBLISH_MS = 20, /* with the bus held */
    COMMUNICATION_MS = 140,
};
enum { CYCLES = 20, STATUS_RESET = 3 };

static mutex_t information_bus;
static volatile uint32_t bus_cycles_done;
static uint32_t loops_per_ms;

/* Two instructions a turn; the empty statement keeps the compiler from removing it. */
static void spin(uint32_t loops)
{
    while (loops--)
        __asm__ volatile("");
}

/* How fast is this machine? Called before the scheduler runs, so nothing else takes time. */
static void calibrate(void)
{
    const uint32_t loops = 1000000;
    uint64_t begin = _read_us();
    spin(loops);
    uint32_t us = (uint32_t) (_read_us() - begin);
    loops_per_ms = us ? loops / us * 1000 + loops % us * 1000 / us : loops;
}

static void work_ms(uint32_t ms)
{
    spin(ms * loops_per_ms);
}

/* Sleeps until the given tick. Counting from an absolute tick keeps a period free of drift,
 * however long the work took. */
static void sleep_until(uint32_t tick)
{
    int32_t left = (int32_t) (tick - mo_ticks());
    if (left > 0)
        mo_task_delay((uint16_t) left);
}

/* The finisher ends the emulator with the given status; what was printed must be out before. */
static void power_off(uint32_t status)
{
    volatile uint32_t *finisher = (volatile uint32_t *) 0x00100000;
    mo_logger_flush();
    *finisher = status ? status << 16 | 0x3333 : 0x5555;
    for (;;)
        ;
}

/* High priority, every 120 ms: moves data over the bus, then hands it to the instruments. */
static void bus_task(void)
{
    for (uint32_t cycle = 1;; cycle++) {
        sleep_until(cycle * BUS_PERIOD);
        trace_span_begin("bus cycle");
        mo_mutex_lock(&information_bus);
        work_ms(BUS_TRANSFER_MS);
        mo_mutex_unlock(&information_bus);
        work_ms(BUS_DISTRIBUTE_MS);
        bus_cycles_done = cycle;
        trace_span_end("bus cycle");
    }
}

/* Middle priority: long, seldom, and never touches the bus. */
static void communication_task(void)
{
    for (uint32_t release = COMMUNICATION_FIRST;; release += COMMUNICATION_PERIOD) {
        sleep_until(release);
        trace_span_begin("send to Earth");
        work_ms(COMMUNICATION_MS);
        trace_span_end("send to Earth");
    }
}

/* Low priority: measures, then publishes what it measured over the bus. */
static void weather_task(void)
{
    for (uint32_t release = WEATHER_FIRST;; release += WEATHER_PERIOD) {
        sleep_until(release);
        trace_span_begin("weather");
        work_ms(WEATHER_MEASURE_MS);
        mo_mutex_lock(&information_bus);
        work_ms(WEATHER_PUBLISH_MS);
        mo_mutex_unlock(&information_bus);
        trace_span_end("weather");
    }
}

/* Highest priority: when a cycle begins, the one before it must be done. */
static void watchdog_task(void)
{
    for (uint32_t cycle = 1; cycle <= CYCLES; cycle++) {
        sleep_until((cycle + 1) * BUS_PERIOD);
        if (bus_cycles_done < cycle) {
            trace_mark("watchdog reset", cycle);
            printf("watchdog: bus cycle %u missed its deadline at %u ms, reset\n", cycle,
                   mo_ticks() * 10);
            power_off(STATUS_RESET);
        }
    }
    trace_mark("all cycles in time", CYCLES);
    printf("watchdog: %u bus cycles, all in time\n", (uint32_t) CYCLES);
    power_off(0);
}

static void start(void (*entry)(void), uint16_t priority)
{
    int32_t id = mo_task_spawn(entry, DEFAULT_STACK_SIZE);
    mo_task_priority((uint16_t) id, priority);
}

int32_t app_main(void)
{
    calibrate();
    if (mo_mutex_init(&information_bus) != ERR_OK)
        power_off(1);
    mo_mutex_set_inherit(&information_bus, PATHFINDER_INHERIT);
    printf("pathfinder: priority inheritance %s\n", PATHFINDER_INHERIT ? "on" : "off");

    start(watchdog_task, TASK_PRIO_CRIT);
    start(bus_task, TASK_PRIO_HIGH);
    start(communication_task, TASK_PRIO_NORMAL);
    start(weather_task, TASK_PRIO_LOW);
    return 1;
}
