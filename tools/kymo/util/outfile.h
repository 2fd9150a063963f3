/* SPDX-License-Identifier: MIT */
/* An output file that is there whole or not at all: written under a temporary name beside its own,
 * renamed when it is complete. A file name of "-" is standard output. */
#ifndef KYMO_OUTFILE_H
#define KYMO_OUTFILE_H
#include "kymo.h"

#include <stdio.h>

struct outfile {
    FILE *f;
    char *path, *temporary; /* NULL for standard output */
};

/* -1: *err. The temporary file is removed if the process is ended by SIGINT or SIGTERM. */
int outfile_open(struct outfile *o, const char *path, struct kymo_error *err);
/* Completes the file. -1: *err, and nothing is left. */
int outfile_close(struct outfile *o, struct kymo_error *err);
/* Gives the file up; nothing is left. */
void outfile_abandon(struct outfile *o);

#endif
