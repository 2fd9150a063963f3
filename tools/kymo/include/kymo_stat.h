/* SPDX-License-Identifier: MIT */
/* libkymo, statistics: the figures of a trace, collected in one pass of the model.
 *
 * A figure is a sum or a distribution. Times are counts of the trace's clock. What a gap hides is
 * never guessed: the time in which a task's state is not known is a figure of its own (`unknown`),
 * so the truth about any sum lies between sum and sum + unknown; a sample that a gap touches is
 * left out of its distribution and counted in `unsure`.
 *
 * Words: an *activation* begins when a task is made ready after a wait, a delay, a suspension or
 * its creation, and ends when it next waits, sleeps, is suspended or ends; waiting for a mutex is
 * part of it. Its *response* is that whole time, its *execution* the time it had the hart outside
 * interrupt handlers, its *latency* the time from ready to running for the first time. The *period*
 * is the time between two beginnings. */
#ifndef KYMO_STAT_H
#define KYMO_STAT_H
#include "kymo.h"

enum { KYMO_DIST_FEW = 4, KYMO_DIST_SUB = 64, KYMO_DIST_PAGES = 59, KYMO_LOAD_BINS = 64 };

/* Count, sum and extremes are exact. Percentiles come from a histogram whose bins are 1/64 of their
 * value wide, so they are at most 1.6 % above the true value, and never below it. */
struct kymo_dist {
    uint64_t count, sum, min, max;
    uint64_t max_at;             /* when the largest sample ended */
    uint64_t unsure;             /* samples that a gap made unusable */
    uint64_t base;               /* the first sample */
    double off, off2;            /* sums of (sample - base) and of its square */
    uint64_t few[KYMO_DIST_FEW]; /* the first samples, before there is a histogram */
    uint32_t **page;             /* KYMO_DIST_PAGES of them; NULL: not yet */
};

void kymo_dist_add(struct kymo_dist *d, uint64_t value, uint64_t at);
uint64_t kymo_dist_percentile(const struct kymo_dist *d, double percent);
double kymo_dist_mean(const struct kymo_dist *d);
double kymo_dist_deviation(const struct kymo_dist *d);
/* Bins that are not empty, in order: [*low, *low + *width) holds *count. Start with *bin = 0; false
 * at the end. */
bool kymo_dist_bin(const struct kymo_dist *d, unsigned *bin, uint64_t *low, uint64_t *width,
                   uint64_t *count);

struct kymo_stat_wait {      /* waits of one task for one object while one task held it */
    uint32_t object, holder; /* KYMO_TASK_NONE: no holder */
    uint8_t kind;
    char *object_name, *holder_name;
    uint64_t count, time, max, max_at;
    bool open; /* the longest had not ended at the trace's end */
};

struct kymo_stat_task {
    uint32_t id;
    char *name;
    bool user, alive;
    uint8_t level, base;   /* at the end; 0xFF unknown */
    uint8_t state;         /* at the end */
    uint64_t first, last;  /* its states are told in this stretch */
    uint64_t running, irq; /* on the hart; of it, in interrupt handlers */
    uint64_t ready, blocked, suspended, delayed, unknown;
    uint64_t switches;                                           /* times it got the hart */
    uint64_t preempted, yielded, waited, slept, suspends, ended; /* how it left it */
    uint32_t stack_size, stack_left; /* least room seen by stack_low; UINT32_MAX never low */
    uint64_t open_response; /* of the activation that the end cut: so long already; 0 none */
    struct kymo_dist response, execution, latency, period, blocking, ready_wait;
    struct kymo_stat_wait *wait;
    unsigned waits;
};

struct kymo_stat_isr {
    uint8_t cause;
    uint16_t source;
    uint64_t count, nested;    /* nested: times it interrupted another handler */
    struct kymo_dist duration; /* without handlers nested in it */
    struct kymo_dist late;     /* timer: lateness as the tick event says, in counts of mtime */
};

struct kymo_stat_object {
    uint32_t addr;
    uint8_t kind;
    char *name;
    uint64_t events;
    uint64_t waits, max_waiters;
    uint64_t longest;                  /* wait; one that the trace's end cut counts too */
    struct kymo_dist waiting, holding; /* holding: mutexes */
};

struct kymo_stat_span {
    uint32_t tag, task;
    char *name, *task_name;
    struct kymo_dist duration;
};

struct kymo_stat_heap { /* what mem_alloc and mem_free tell, from the trace's beginning on */
    uint64_t allocs, frees, fails;
    uint64_t live, live_blocks; /* at the end: bytes and blocks in use */
    uint64_t peak, peak_at;     /* most bytes in use, and when */
    bool certain; /* else a gap or a late beginning hides some: peak is a lower bound */
};

struct kymo_stat {
    uint64_t from, to; /* the stretch that was looked at */
    uint64_t clock_hz;
    uint64_t events;
    uint64_t lost[6], gaps[6], gap_time;
    bool uncounted[6]; /* some gap of this cause has no count */
    unsigned tasks, isrs, objects, spans;
    struct kymo_stat_task *task; /* by id */
    struct kymo_stat_isr *isr;
    struct kymo_stat_object *object;
    struct kymo_stat_span *span;
    struct kymo_stat_heap heap;
    uint64_t idle, boot, irq,
        unknown; /* idle and boot include handlers; unknown: nobody knows who ran */
    /* Load over time: bin i covers [load_from + i * load_width, ..); busy is time not idle, of all
     * harts. */
    uint64_t load_from, load_width;
    unsigned load_bins;
    uint64_t load_busy[KYMO_LOAD_BINS], load_unknown[KYMO_LOAD_BINS];
};

/* The figures of [from, to], to = UINT64_MAX for the end. NULL with *err set on failure. */
struct kymo_stat *kymo_stat_run(kymo_trace *t, uint64_t from, uint64_t to, struct kymo_error *err);
void kymo_stat_free(struct kymo_stat *s);

#endif
