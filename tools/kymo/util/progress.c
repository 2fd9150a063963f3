/* SPDX-License-Identifier: MIT */
/* See progress.h. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double begin, last;
static bool shown;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void tell(void *u, double part)
{
    double t = now();
    if (t - begin < 2 || t - last < 0.2)
        return;
    last = t;
    shown = true;
    double left = part > 0 ? (t - begin) * (1 - part) / part : 0;
    fprintf(stderr, "\rkymo %s: %3.0f %%, about %.0f s left \033[K", (const char *)u, 100 * part,
            left);
}

void progress_watch(kymo_trace *t, const char *command)
{
    const char *force = getenv("KYMO_PROGRESS"); /* for tests: 1 as if stderr were a terminal */
    begin = now();
    if (isatty(STDERR_FILENO) || (force && *force == '1'))
        kymo_on_progress(t, tell, (void *)command);
}

void progress_done(void)
{
    if (shown)
        fprintf(stderr, "\r\033[K");
    shown = false;
}
