/* SPDX-License-Identifier: MIT */
/* A line on the terminal that says how far a long pass is: only if stderr is a terminal, only after
 * two seconds. */
#ifndef KYMO_PROGRESS_H
#define KYMO_PROGRESS_H
#include "kymo.h"

/* From now on passes over the trace are told; `command` must live as long. */
void progress_watch(kymo_trace *t, const char *command);
/* Removes the line, before anything else is printed. */
void progress_done(void);

#endif
