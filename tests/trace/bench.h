/* SPDX-License-Identifier: MIT */
/* What the tests by name (faults.c, streams.c) share: a recorder with a clock that the test moves,
 * a twin, and the console's output. */
#ifndef BENCH_H
#define BENCH_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/debug_trace.h>
#include "twin.h"

struct test {
    const char *name;
    void (*run)(void);
};
#define T(name) {#name, name}
extern const struct test stream_tests[]; /* the last one's name is NULL */

extern struct twin twin;
extern uint64_t now, step; /* the clock, and how far each reading moves it */
extern char console[1 << 16];
extern uint32_t console_used;
extern struct twin_event decoded[1 << 16];

#define CHECK(x)                                                                                   \
    do {                                                                                           \
        if (!(x))                                                                                  \
            twin_die(&twin, "line %d: %s", __LINE__, #x);                                          \
    } while (0)

void begin(uint32_t blocks, uint32_t block_bytes, uint32_t mode);
void end(void); /* checks the invariants */
struct trace_stats stats(void);
struct twin_ring decode(void);
/* Runs the one named `only`, or all; how many passed. */
unsigned run_tests(const struct test *tests, const char *only);
#endif
