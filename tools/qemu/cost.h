/* SPDX-License-Identifier: MIT */
/* Shared by the files of the cost mode; see cost.c for what is counted and how. */
#ifndef KYMO_QEMU_COST_H
#define KYMO_QEMU_COST_H
#include "rv32.h"
#include "stat.h"

#include <stdio.h>

enum range_kind { RANGE_FUNCTION, RANGE_SITE, RANGE_PATH };
enum metric {
    M_INSTRUCTIONS,
    M_OWN,
    M_ELAPSED,
    M_LOADS,
    M_STORES,
    M_CSRS,
    M_OFF,
    M_MASKED,
    METRICS
};

struct span {
    uint32_t low, high; /* first address, address behind the last */
};

struct range {
    enum range_kind kind;
    char *name;
    struct span *spans; /* FUNCTION: one; SITE: any number; PATH: [0].low is FROM, [0].high is TO */
    unsigned span_count;
    uint32_t low, high; /* hull of the spans */
    uint64_t calls;     /* finished */
    uint64_t abandoned; /* entered and never left */
    uint64_t unknown; /* instructions in it of which nobody knows whether interrupts were masked */
    struct stat_counts metric[METRICS];
};

/* A writer of the recorder at one place, by the addresses of its first instruction and of the one
 * behind its last (section .debug_trace_sites), and by what it recorded: known from the slot that
 * appears. */
struct writer {
    uint32_t address;
    int code;                 /* of the event; -1: nothing was recorded */
    bool protects;            /* an `any` writer */
    struct range cost;        /* name and spans are not used */
    struct stat_counts bytes; /* in the ring, where no block change came in between */
};

struct counts { /* of one level of one thread of control */
    uint64_t instructions, loads, stores, csrs, off, unknown;
};

struct stretch { /* instructions in a row with interrupts masked, by the address of the first */
    uint32_t start, end; /* end of the longest one */
    uint64_t count, longest, least;
};

struct totals {
    uint64_t executed, masked, unknown, lost, illegal, traps, interrupts, threads;
};

/* cost_ranges.c: the request file */
bool cost_ranges_read(const char *path, char *why, size_t why_size);
extern struct range *cost_ranges;
int cost_mark_at(uint32_t pc); /* bits 1 << kind of the marks at this address */
extern uint32_t cost_ctl;      /* address of trace_ctl, 0 none */
extern unsigned cost_range_count;

/* cost_track.c: what runs where */
struct cost_insn {
    struct rv_insn rv;
    uint32_t word;
    unsigned range_count;
    struct range **range; /* those that have this address in a span, or begin or end here */
    bool start, stop;     /* counting begins or ends here */
    int marks;            /* a writer of the recorder begins or ends here */
};
void cost_track_step(unsigned hart, const struct cost_insn *i);
void cost_track_show(unsigned hart,
                     FILE *f); /* one line: the shadow before the instruction of the last step */
void cost_track_finish(void);  /* activations that are still open are abandoned */
extern bool cost_on;
extern struct totals cost_totals;
const struct stretch *cost_stretches(size_t *count);
struct writer *const *cost_writers(size_t *count);

/* cost_out.c */
void cost_write(FILE *f);
#endif
