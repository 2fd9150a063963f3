/* SPDX-License-Identifier: MIT */
/* Fills the grid: a sink of the model that adds each interval to the cells it covers. */
#include "grid.h"

#include "lib/table.h"
#include "util/show.h"

#include <stdlib.h>

static struct grid_row *row_of(struct grid *g, int kind, uint32_t id)
{
    for (unsigned i = 0; i < g->rows; i++)
        if (g->row[i].id == id && (int)g->row[i].kind == kind)
            return &g->row[i];
    if (g->rows == g->room) {
        unsigned room = g->room ? 2 * g->room : 16;
        struct grid_row *p = realloc(g->row, room * sizeof *p);
        if (!p) {
            g->no_memory = true;
            return NULL;
        }
        g->row = p;
        g->room = room;
    }
    struct grid_row *r = &g->row[g->rows];
    *r = (struct grid_row){.kind = kind, .id = id, .base = 0xFF};
    r->cell = calloc(g->columns, sizeof *r->cell);
    if (!r->cell) {
        g->no_memory = true;
        return NULL;
    }
    g->rows++;
    return r;
}

static float *part_of(struct grid_cell *c, const struct kymo_interval *i)
{
    switch (i->state) {
    case KYMO_RUNNING: return i->base != 0xFF && i->level < i->base ? &c->raised : &c->run;
    case KYMO_READY: return &c->ready;
    case KYMO_BLOCKED: return i->holder != KYMO_TASK_NONE ? &c->blocked : &c->wait;
    case KYMO_SUSPENDED: return &c->suspended;
    case KYMO_DELAYED: return &c->sleep;
    default: return &c->unknown;
    }
}

/* Calls `add` with each cell that [from, to) covers and how much of it. */
static void spread(const struct grid *g, struct grid_row *r, const struct kymo_interval *i,
                   void (*add)(struct grid_cell *c, const struct kymo_interval *i, float part))
{
    uint64_t from = i->from > g->from ? i->from : g->from, to = i->to < g->to ? i->to : g->to;
    if (to <= from)
        return;
    double scale = g->columns / (double)(g->to - g->from);
    double a = (double)(from - g->from) * scale, b = (double)(to - g->from) * scale;
    for (unsigned k = (unsigned)a; k < g->columns && k < b; k++) {
        double left = a > k ? a : k, right = b < k + 1 ? b : k + 1;
        add(&r->cell[k], i, (float)(right - left));
    }
}

static void add_state(struct grid_cell *c, const struct kymo_interval *i, float part)
{
    *part_of(c, i) += part;
    if (i->state == KYMO_BLOCKED && i->holder != KYMO_TASK_NONE && part > c->holder_part) {
        c->holder_part = part;
        c->holder = i->holder;
    }
}

static void add_hold(struct grid_cell *c, const struct kymo_interval *i, float part)
{
    c->run += part;
    if (part > c->holder_part) {
        c->holder_part = part;
        c->holder = i->task;
    }
}

static void add_irq(struct grid_cell *c, const struct kymo_interval *i, float part)
{
    (void)i;
    c->run += part;
}

static void on_interval(void *u, const kymo_model *m, const struct kymo_interval *i)
{
    struct grid *g = u;
    (void)m;
    if (i->to <= g->from || i->from >= g->to)
        return;
    struct grid_row *r = row_of(g, GRID_TASK, i->task);
    if (!r)
        return;
    r->base = i->base != 0xFF ? i->base : r->base;
    r->active = r->active || i->state == KYMO_RUNNING || i->state == KYMO_READY ||
                (i->state == KYMO_BLOCKED && i->holder != KYMO_TASK_NONE);
    spread(g, r, i, add_state);
}

static void on_hold(void *u, const kymo_model *m, const struct kymo_hold *h)
{
    struct grid *g = u;
    (void)m;
    struct kymo_interval i = {.from = h->from, .to = h->to, .task = h->task};
    if (h->to <= g->from || h->from >= g->to)
        return;
    struct grid_row *r = row_of(g, GRID_MUTEX, h->object);
    if (!r)
        return;
    r->active = true;
    spread(g, r, &i, add_hold);
}

static void on_isr(void *u, const kymo_model *m, const struct kymo_isr *i)
{
    struct grid *g = u;
    (void)m;
    struct kymo_interval x = {.from = i->from, .to = i->to};
    if (i->depth > 1 || i->to <= g->from || i->from >= g->to)
        return;
    struct grid_row *r = row_of(g, GRID_IRQ, i->hart);
    if (!r)
        return;
    r->active = true;
    spread(g, r, &x, add_irq);
}

static void on_gap(void *u, const kymo_model *m, const struct kymo_gap *gap)
{
    struct grid *g = u;
    (void)m;
    g->lost = g->lost || (gap->to > g->from && gap->from < g->to);
}

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct grid *g = u;
    if ((e->code != KE_mark && e->code != KE_panic) || e->time < g->from || e->time > g->to ||
        !kymo_known(kymo_model_trace(m), e->code))
        return;
    if (g->marks == GRID_MARKS) {
        g->more_marks++;
        return;
    }
    static struct text t;
    struct grid_mark *k = &g->mark[g->marks++];
    text_open(&t, NULL);
    show_fields(&t, m, e);
    *k = (struct grid_mark){.time = e->time, .task = kymo_model_running(m, e->hart)};
    snprintf(k->text, sizeof k->text, "%s: %.*s", e->code == KE_panic ? "panic" : "mark",
             (int)(t.used < 80 ? t.used : 80), t.data);
}

/* Names lose the "/id" that tells tasks of one entry apart where there is nothing to tell apart. */
static void shorten(struct grid *g)
{
    for (unsigned i = 0; i < g->rows; i++) {
        char *slash = g->row[i].kind == GRID_TASK ? strrchr(g->row[i].name, '/') : NULL;
        unsigned same = 0;
        size_t n = slash ? (size_t)(slash + 1 - g->row[i].name) : 0;
        for (unsigned k = 0; slash && k < g->rows; k++)
            same += strncmp(g->row[k].name, g->row[i].name, n) == 0;
        if (slash && same == 1)
            *slash = 0;
    }
}

/* Names are asked for at the end, when most is known. */
static void on_end(void *u, const kymo_model *m, uint64_t time)
{
    struct grid *g = u;
    (void)time;
    for (unsigned i = 0; i < g->rows; i++) {
        struct grid_row *r = &g->row[i];
        const struct kymo_task *t = r->kind == GRID_TASK ? kymo_model_task(m, r->id) : NULL;
        if (t && r->base == 0xFF)
            r->base = t->base;
        if (r->kind == GRID_IRQ)
            snprintf(r->name, sizeof r->name, "interrupts");
        else
            snprintf(r->name, sizeof r->name, "%s",
                     r->kind == GRID_TASK ? kymo_task_name(m, r->id) : kymo_object_name(m, r->id));
    }
    shorten(g);
}

/* Tasks by base priority, then the handlers, then mutexes. */
static int by_rank(const void *a, const void *b)
{
    const struct grid_row *x = a, *y = b;
    static const int rank[] = {[GRID_TASK] = 1, [GRID_MUTEX] = 2, [GRID_IRQ] = 0};
    if (x->kind != y->kind)
        return rank[x->kind] - rank[y->kind];
    bool last_x = x->kind == GRID_TASK && x->id == KYMO_TASK_IDLE;
    bool last_y = y->kind == GRID_TASK && y->id == KYMO_TASK_IDLE;
    if (last_x != last_y)
        return last_x - last_y;
    if (x->base != y->base)
        return x->base - y->base;
    return x->id < y->id ? -1 : x->id > y->id;
}

int grid_fill(struct grid *g, kymo_trace *t, struct kymo_error *err)
{
    static const struct kymo_sink sink = {.event = on_event,
                                          .interval = on_interval,
                                          .isr = on_isr,
                                          .hold = on_hold,
                                          .gap = on_gap,
                                          .end = on_end};
    if (kymo_model_run(t, &sink, g, err))
        return -1;
    if (g->no_memory) {
        snprintf(err->text, sizeof err->text, "no memory for the timeline");
        return -1;
    }
    if (g->rows)
        qsort(g->row, g->rows, sizeof *g->row, by_rank);
    return 0;
}

void grid_free(struct grid *g)
{
    for (unsigned i = 0; i < g->rows; i++)
        free(g->row[i].cell);
    free(g->row);
    *g = (struct grid){0};
}
