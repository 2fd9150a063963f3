/* SPDX-License-Identifier: MIT */
/* What an export format is to the command `kymo export`. One file per format defines one
 * xp_format. */
#ifndef KYMO_EXPORT_FORMAT_H
#define KYMO_EXPORT_FORMAT_H
#include "flow.h"
#include "out.h"

struct xp_job {
    kymo_trace *trace;
    const char *input, *output; /* output "-": standard output, where the format is one stream */
    uint32_t trace_id;          /* of rows */
    uint64_t from, to;          /* only this stretch, counts; `to` 0: to the end */
    bool quiet;                 /* no progress on the terminal */
    bool brief;                 /* only what shows the schedule: no single events */
    uint64_t events, lost;      /* result, for the line that says what was written */
    bool lost_unknown;
};

struct xp_format {
    const char *name, *suffix, *text;
    bool stream; /* may go to standard output */
    int (*write)(struct xp_job *job,
                 struct kymo_error *err); /* 0, or -1 with err filled and no output left */
};

extern const struct xp_format xp_perfetto, xp_ctf, xp_tracedat, xp_sqlite, xp_vcd, xp_tsv, xp_csv,
    xp_rowbinary, xp_chrome, xp_jsonl;
const struct xp_format *xp_format_find(const char *name);

/* Runs the flow into one output file: opens it, lets the steps write, commits or aborts. `out` is
 * the caller's, so that the steps reach it through u; the job's counts are filled. */
int xp_write_file(struct xp_job *job, struct xp_out *out, const struct xp_steps *steps, void *u,
                  struct kymo_error *err);
#endif
