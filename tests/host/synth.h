/* SPDX-License-Identifier: MIT */
/* A naive simulated kernel that writes traces. It has two uses: traces before (and beyond) the real
 * kernel, and the oracle of the model's tests, because unlike a trace it knows the true states. It
 * is written to be obviously right, not fast: arrays that are scanned, one event at a time.
 *
 * It follows the documented policy: strict priorities (0 highest), round robin with slices inside a
 * level, a preempted task goes to the head of its level, a wake preempts only for a higher
 * effective level (a semaphore signal also for an equal one), mutex hand-over to the highest
 * waiter, FIFO among equals, inheritance over chains.
 *
 * The same configuration gives the same bytes. */
#ifndef KYMO_SYNTH_H
#define KYMO_SYNTH_H
#include "kymo.h"

#include <stdio.h>

struct synth_config {
    const char *scenario; /* "mixed", "pathfinder", "switch", "irq" */
    uint64_t seed;
    uint64_t events; /* stop after about this many */
    unsigned tasks;  /* created at start */
    unsigned harts;  /* independent kernels with tasks of their own, 1 to 4 */
    uint32_t block_size;
    unsigned keep; /* flight recorder: only the newest `keep` closed blocks; 0 all */
    unsigned drop; /* of 1000 closed blocks, how many are lost */
    bool inherit;  /* mutexes inherit */
    bool leap;     /* now and then time leaps by more than 2^32 counts */
    bool no_end;   /* the file ends without END packet */
    uint32_t mask; /* class mask; 0 means all */
};

#define SYNTH_DEFAULT                                                            \
    {                                                                            \
        .scenario = "mixed", .seed = 1, .events = 10000, .tasks = 6, .harts = 1, \
        .block_size = 2048, .inherit = true                                      \
    }

struct synth_oracle { /* what really happened; members may be NULL */
    void (*interval)(void *u, const struct kymo_interval *i);
    void (*isr)(void *u, const struct kymo_isr *i);
    void (*hold)(void *u, const struct kymo_hold *h);
    void *u;
};

/* Writes a container. Returns the number of events written into the ring (lost ones included). */
uint64_t synth_run(const struct synth_config *c, FILE *out, const struct synth_oracle *o);

#endif
