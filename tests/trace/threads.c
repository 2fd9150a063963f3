/* SPDX-License-Identifier: MIT */
/* POSIX port: threads as harts, signals as interrupts.
 *
 * Each thread writes numbered events into its own ring as fast as it can; another thread sends it
 * signals all the time, whose handler records too; now and then the thread stops, starts, clears,
 * reads. At the end each ring is decoded by the twin: whole, in order, balanced, none missing and
 * none twice. Built with TRACE_POSIX_SIGNALS=1, and once more with the thread sanitizer. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/debug_trace.h>
#include "twin.h"

enum { THREADS = 3, ROUNDS = 12, EVENTS = 4000, BLOCK = 512, BLOCKS = 64 };

static __thread volatile uint32_t handled; /* since the last clear */
static __thread char token[40];
static atomic_int stop_storm, done, signals, ready[THREADS];
static pthread_t writers[THREADS];

uint64_t trace_posix_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

/* All signals are blocked while it runs: interrupts are off. */
static void handler(int number)
{
    (void) number;
    if (!trace_posix_self.control || !trace_running())
        return;
    uint32_t n = handled;
    trace_irq_in_off(7, 0);
    trace_tick_off(n, ~n);
    trace_irq_out_off();
    handled = n + 1;
    atomic_fetch_add(&signals, 1);
}

static void *storm(void *unused)
{
    (void) unused;
    while (!atomic_load(&stop_storm)) {
        for (unsigned i = 0; i < THREADS; i++)
            if (atomic_load(&ready[i]))
                pthread_kill(writers[i], SIGUSR1);
        struct timespec t = {0, 20000};
        nanosleep(&t, NULL);
    }
    return NULL;
}

/* Survivors in order; returns how many debug events and ticks there are. */
static void check_events(const struct twin *twin, const struct twin_event *e, uint32_t count,
                         uint32_t written)
{
    uint32_t next = UINT32_MAX, tick = UINT32_MAX, depth = 0;
    for (uint32_t i = 0; i < count; i++, e++) {
        if (e->code == 0xBC) {
            if ((next != UINT32_MAX && e->word[0] != next) || e->word[1] != ~e->word[0] || depth)
                twin_die(twin, "debug event %u, expected %u", e->word[0], next);
            next = e->word[0] + 1;
        } else if (e->code == 0x2C) {
            if ((tick != UINT32_MAX && e->arg != tick) || e->word[0] != ~e->arg)
                twin_die(twin, "tick %u, expected %u", e->arg, tick);
            tick = e->arg + 1;
        } else if (e->code == 0x28) {
            depth++;
        } else if (e->code == 0x29 && depth) {
            depth--;
        }
        if (depth > 1)
            twin_die(twin, "handlers nest");
    }
    if (next != written)
        twin_die(twin, "the newest event is %u, expected %u", next, written);
}

static void round_of(struct twin *twin, uint32_t round)
{
    static __thread struct twin_event decoded[BLOCKS * BLOCK / 8];
    struct trace_reader r;
    struct trace_record e;
    struct trace_stats s;
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    handled = 0;
    trace_clear();
    sigprocmask(SIG_SETMASK, &old, NULL);
    trace_reader_init(&r);
    for (uint32_t i = 0; i < EVENTS; i++) {
        debug_trace_event((uint8_t) round, i, ~i);
        if (i % 97 == 0)
            trace_read(&r, &e);
        if (i % 511 == 0)
            trace_set_mask(TRACE_CLASS_ALL);
    }
    sigprocmask(SIG_BLOCK, &all, &old);
    volatile struct trace_control *c = TRACE_PORT_CONTROL();
    struct twin_memory m = {TRACE_PORT_BASE() + c->ring, c->ring, c->ring_size};
    struct twin_ring ring = twin_decode(twin, (const uint8_t *) c, &m, decoded, BLOCKS * BLOCK / 8);
    trace_get_stats(&s);
    check_events(twin, decoded, ring.end - ring.first, EVENTS);
    uint32_t expected = EVENTS + 3 * handled + (EVENTS + 510) / 511 + 2;
    if (s.written != expected || s.kept != ring.end - ring.first || trace_check())
        twin_die(twin, "%u events written, expected %u; check says %d", s.written, expected,
                 trace_check());
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void *writer(void *number)
{
    uint32_t hart = (uint32_t) (uintptr_t) number;
    struct twin twin = {.token = token};
    snprintf(token, sizeof(token), "threads:%u", hart);
    if (trace_posix_attach(hart, BLOCKS * BLOCK, BLOCK, 0))
        twin_die(&twin, "attach");
    writers[hart] = pthread_self();
    atomic_store(&ready[hart], 1);
    for (uint32_t round = 0; round < ROUNDS; round++)
        round_of(&twin, round);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    atomic_store(&ready[hart], 0);
    trace_posix_detach();
    atomic_fetch_add(&done, 1);
    return NULL;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    pthread_t weather;
    pthread_t started[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&started[i], NULL, writer, (void *) (uintptr_t) i);
    pthread_create(&weather, NULL, storm, NULL);
    /* a thread may be signalled until it is joined */
    while (atomic_load(&done) < THREADS)
        usleep(1000);
    atomic_store(&stop_storm, 1);
    pthread_join(weather, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(started[i], NULL);
    if (signals < 100)
        twin_die(&(struct twin){.token = "threads:storm"}, "only %d signals came", (int) signals);
    printf("%u passed, 0 failed\n", THREADS);
    return 0;
}
