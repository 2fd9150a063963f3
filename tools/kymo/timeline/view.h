/* SPDX-License-Identifier: MIT */
/* `kymo timeline --interactive`: the drawing on a screen that pans and zooms. */
#ifndef KYMO_VIEW_H
#define KYMO_VIEW_H
#include "grid.h"

/* Runs until the user quits. `first` and `last` bound the trace; g->from, g->to is the first
 * stretch. 0, or an exit status after a message. */
int view_run(kymo_trace *t, struct grid *g, struct grid_look *look, uint64_t first, uint64_t last);

#endif
