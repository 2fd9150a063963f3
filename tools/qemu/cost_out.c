/* SPDX-License-Identifier: MIT */
/* The result, as lines of blank-separated fields; `kymo cost` gives them names and shape.
 *
 *     totals executed masked unknown lost illegal traps interrupts threads
 *     range NAME calls abandoned unknown  then min median max sum of each metric in the order of
 *                                         enum metric
 *     writer ADDRESS CODE PROTECTS calls unknown  then the metrics, then min median max sum of
 *                                                 the bytes in the ring; code -1: nothing
 *                                                 recorded
 *     stretch START END count least longest          (addresses hexadecimal)
 *     end                                            (the file is whole) */
#include "cost.h"

#include <inttypes.h>

static void write_counts(FILE *f, const struct stat_counts *c)
{
    struct stat_summary s = stat_summary(c);
    fprintf(f, "  %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, s.min, s.median, s.max, c->sum);
}

static void write_writers(FILE *f)
{
    size_t n;
    struct writer *const *w = cost_writers(&n);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "writer %08x %d %d %" PRIu64 " %" PRIu64, w[i]->address, w[i]->code,
                w[i]->protects, w[i]->cost.calls, w[i]->cost.unknown);
        for (int m = 0; m < METRICS; m++)
            write_counts(f, &w[i]->cost.metric[m]);
        write_counts(f, &w[i]->bytes);
        fputc('\n', f);
    }
}

void cost_write(FILE *f)
{
    const struct totals *t = &cost_totals;
    fprintf(f,
            "totals %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
            " %" PRIu64 " %" PRIu64 "\n",
            t->executed, t->masked, t->unknown, t->lost, t->illegal, t->traps, t->interrupts,
            t->threads);
    for (unsigned i = 0; i < cost_range_count; i++) {
        const struct range *r = &cost_ranges[i];
        fprintf(f, "range %s %" PRIu64 " %" PRIu64 " %" PRIu64, r->name, r->calls, r->abandoned,
                r->unknown);
        for (int m = 0; m < METRICS; m++)
            write_counts(f, &r->metric[m]);
        fputc('\n', f);
    }
    write_writers(f);
    size_t n;
    const struct stretch *s = cost_stretches(&n);
    for (size_t i = 0; i < n; i++)
        fprintf(f, "stretch %08x %08x %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", s[i].start, s[i].end,
                s[i].count, s[i].least, s[i].longest);
    fprintf(f, "end\n");
}
