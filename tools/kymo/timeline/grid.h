/* SPDX-License-Identifier: MIT */
/* `kymo timeline`, its inside: the stretch of a trace as a grid of columns, and its drawing.
 *
 * A grid has a row per task, mutex and hart's handlers; a cell knows how much of its column the row
 * spent in each state. Memory is rows times columns. */
#ifndef KYMO_GRID_H
#define KYMO_GRID_H
#include "kymo.h"
#include "util/text.h"

enum { GRID_COLUMNS = 1000, GRID_MARKS = 12, GRID_NAME = 40 };

struct grid_cell {
    float run, raised, ready, blocked, wait, sleep, suspended, unknown; /* parts of the column */
    uint32_t holder; /* of the wait with the longest part */
    float holder_part;
};

struct grid_row {
    enum { GRID_TASK, GRID_MUTEX, GRID_IRQ } kind;
    uint32_t id; /* task, address, hart */
    uint8_t base;
    bool active; /* it did something in the stretch */
    char name[GRID_NAME];
    struct grid_cell *cell;
};

struct grid_mark {
    uint64_t time;
    uint32_t task;
    char text[100];
};

struct grid {
    uint64_t from, to, hz;
    unsigned columns, rows, room, marks, more_marks;
    struct grid_row *row;
    struct grid_mark mark[GRID_MARKS];
    bool lost; /* a gap touches the stretch */
    bool no_memory;
};

/* Fills the grid for its [from, to). -1: *err. */
int grid_fill(struct grid *g, kymo_trace *t, struct kymo_error *err);
void grid_free(struct grid *g);

struct grid_look {
    struct text_style style;
    bool all; /* rows that did nothing too */
    const char *const *task;
    unsigned tasks; /* only these; 0 all */
};

void grid_draw(struct text *t, const struct grid *g, const struct grid_look *look);

#endif
