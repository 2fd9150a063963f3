/* SPDX-License-Identifier: MIT */
/* Result of a cost run: what the plugin wrote (tools/qemu/cost_out.c), read back; and its three
 * shapes. */
#ifndef KYMO_CAPTURE_COST_RESULT_H
#define KYMO_CAPTURE_COST_RESULT_H
#include "image.h"

#include <stdio.h>

enum { COST_METRICS = 8 };
extern const char *const cost_metric_names[COST_METRICS];
enum {
    COST_INSTRUCTIONS,
    COST_OWN,
    COST_ELAPSED,
    COST_LOADS,
    COST_STORES,
    COST_CSRS,
    COST_OFF,
    COST_MASKED
};

struct cost_number {
    uint64_t min, median, max, sum;
};

struct cost_range {
    char name[192];
    uint64_t calls, abandoned, unknown;
    struct cost_number metric[COST_METRICS];
};

struct cost_writer { /* of the recorder, at one place */
    uint32_t address;
    int code, protects; /* code -1: it recorded nothing */
    uint64_t calls, unknown;
    struct cost_number metric[COST_METRICS], bytes;
};

struct cost_stretch {
    uint32_t start, end;
    uint64_t count, least, longest;
};

struct cost_result {
    uint64_t executed, masked, unknown, lost, illegal, traps, interrupts, threads;
    struct cost_range *range;
    size_t ranges;
    struct cost_writer *writer; /* by address, then code */
    size_t writers;
    struct cost_stretch *stretch; /* longest first */
    size_t stretches;
    const struct capture_symbol *symbol; /* by address */
    size_t symbols;
    const struct capture_text *table; /* of events, for the names of codes */
};

bool cost_result_read(struct cost_result *r, FILE *f); /* false: not a whole result */
void cost_result_free(struct cost_result *r);
/* Name and class of an event code in the table's text; false if it has none. Both at least 40
 * bytes. */
bool cost_event_name(const struct capture_text *table, int code, char *name, char *klass);
void cost_result_table(const struct cost_result *r, FILE *f);
void cost_result_json(const struct cost_result *r, const char *image, FILE *f);
void cost_result_json_writer(const struct cost_result *r, const struct cost_writer *w, FILE *f);
void cost_result_csv(const struct cost_result *r, FILE *f);

#endif
