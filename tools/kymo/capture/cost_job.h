/* SPDX-License-Identifier: MIT */
/* One run of an image under the counting plugin: the request goes in, and the result comes out,
 * through memory files that QEMU inherits. Shared by `kymo cost` and `kymo run --cost`. */
#ifndef KYMO_CAPTURE_COST_JOB_H
#define KYMO_CAPTURE_COST_JOB_H
#include "cost_result.h"

struct cost_job {
    const char *path; /* of the image */
    const struct capture_image *image;
    const char *qemu;  /* binary, NULL the usual one */
    unsigned shift;    /* icount */
    const char *extra; /* more plugin arguments, each with a comma before it; "" none */
    double timeout;    /* host seconds, 0 none */
    bool show_console; /* on stderr, at the end */
    FILE *request;     /* written by the caller between open and run (tools/qemu/cost_ranges.c) */
    int out;
};

enum cost_end { COST_DONE, COST_TIMEOUT, COST_FAILED };

bool cost_job_open(struct cost_job *j, char *why, size_t why_size);
/* Asks for all writers of the recorder; false if the image has no marks of them. */
bool cost_job_writers(struct cost_job *j);
/* Fills r, whose symbol and table fields the caller has set. COST_FAILED has a line in `why`. */
enum cost_end cost_job_run(struct cost_job *j, struct cost_result *r, char *why, size_t why_size);
void cost_job_close(struct cost_job *j);

/* The COST packet's text: what the writers of this image executed in a run like that one (SPEC.md
 * 5). NULL with a line in `why`; the caller frees it. */
char *cost_own_ledger(struct cost_job *j, size_t *length, char *why, size_t why_size);

#endif
