/* SPDX-License-Identifier: MIT */
/* One trace as an SQLite data base, built in one pass and one transaction without a journal: the
 * file has a temporary name until it is whole, so a crash loses nothing that had a name.
 *
 *   sched          from the steps: one row per stretch of one task on one hart, as the switches
 *                  bound it
 *   thread_state   from the model's intervals, with causes
 *   slice          interrupt handlers (track irq), holders of mutexes (mutex), spans of the user
 *                  (span)
 *   thread, object filled at the end, when the names are known; object also when one ends */
#include "sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef HAVE_SQLITE3
#include "bulk.h"
#include "set.h"

enum insert {
    IN_SCHED,
    IN_STATE,
    IN_SLICE,
    IN_COUNTER,
    IN_INSTANT,
    IN_LOSS,
    IN_OBJECT,
    IN_THREAD,
    IN_TRACE,
    INSERTS
};

static const struct bulk_kind kinds[INSERTS] = {
    [IN_SCHED] = {"sched",
                  "INSERT INTO sched(trace_id, ts, dur, cpu, utid, end_state, priority) VALUES",
                  "(1,?,?,?,?,?,?)", 6, BULK_ROWS},
    [IN_STATE] = {"thread_state",
                  "INSERT INTO thread_state(trace_id, ts, dur, cpu, utid, state, waker_utid,"
                  " irq_context, blocked_on, blocked_by_utid, priority, certainty, part_of) VALUES",
                  "(1,?,?,?,?,?,?,?,?,?,?,?,?)", 12, BULK_ROWS},
    [IN_SLICE] = {"slice",
                  "INSERT INTO slice(trace_id, ts, dur, track, utid, cpu, name, depth, certainty)"
                  " VALUES",
                  "(1,?,?,?,?,?,?,?,?)", 8, BULK_ROWS},
    [IN_COUNTER] = {"counter", "INSERT INTO counter VALUES", "(1,?,?,?)", 3, BULK_ROWS},
    [IN_INSTANT] = {"instant", "INSERT INTO instant VALUES", "(1,?,?,?,?,?)", 5, BULK_ROWS},
    [IN_LOSS] = {"loss", "INSERT INTO loss VALUES", "(1,?,?,?,?,NULL,?)", 5, 1},
    [IN_OBJECT] = {"object", "INSERT OR REPLACE INTO object VALUES", "(?,1,?,?)", 3, 1},
    [IN_THREAD] = {"thread", "INSERT INTO thread VALUES", "(?,1,?,?,?,?,?,?)", 7, 1},
    [IN_TRACE] = {"trace", "INSERT INTO trace VALUES", "(1,?,NULL,?,NULL,?,?,?,'capture',?)", 6, 1},
};

struct life {
    uint64_t start, end;
    int64_t part; /* row in which its present state began */
    uint8_t base; /* the base level known last; a gap makes the model forget it */
    bool seen, ended;
};

struct sq {
    struct xp_job *job;
    sqlite3 *db;
    struct bulk in[INSERTS];
    int error;                /* SQLite's first bad result */
    uint64_t since[XP_HARTS]; /* when the task now running on the hart began to */
    int level[XP_HARTS];      /* at that moment */
    int64_t states;           /* rows of thread_state so far: the last one's id */
    struct life *life;        /* XP_TASKS of them */
    struct xp_set objects;
};

static void name_text(struct bulk *s, int column, const char *text)
{
    bulk_text(s, column, text, strlen(text));
}

static void see_object(struct sq *q, struct xp_flow *f, uint32_t addr)
{
    if (addr == 0 || !xp_set_add(&q->objects, addr))
        return;
    const struct kymo_object *o = kymo_model_object(f->model, addr);
    struct bulk *s = &q->in[IN_OBJECT];
    bulk_int(s, 1, addr);
    bulk_word(s, 2, xp_kind_name(o ? o->kind : 0));
    name_text(s, 3, kymo_object_name(f->model, addr));
    bulk_row(s);
}

/* ---- steps ---- */

static void on_task(void *u, struct xp_flow *f, uint64_t time, uint32_t task)
{
    struct sq *q = u;
    if (!q->life[task].seen)
        q->life[task] = (struct life){.start = xp_ns(f, time), .base = 0xFF, .seen = true};
}

static void on_ended(void *u, struct xp_flow *f, uint64_t time, unsigned hart, uint32_t task)
{
    struct sq *q = u;
    (void)hart;
    q->life[task].end = xp_ns(f, time);
    q->life[task].ended = true;
}

static void sched_row(struct sq *q, unsigned hart, uint64_t ns, uint32_t task,
                      const char *end_state)
{
    struct bulk *s = &q->in[IN_SCHED];
    bulk_int(s, 1, (int64_t)q->since[hart]);
    bulk_int(s, 2, (int64_t)(ns - q->since[hart]));
    bulk_int(s, 3, hart);
    bulk_int(s, 4, task);
    bulk_word(s, 5, end_state);
    bulk_if(s, 6, q->level[hart], q->level[hart] >= 0);
    bulk_row(s);
}

static void on_change(void *u, struct xp_flow *f, const struct xp_switch *w)
{
    struct sq *q = u;
    unsigned hart = w->hart < XP_HARTS ? w->hart : XP_HARTS - 1;
    uint64_t ns = xp_ns(f, w->time);
    if (w->prev != XP_TASK_LOST)
        sched_row(q, hart, ns, w->prev, w->preempted ? "preempted" : xp_state_name(w->prev_state));
    q->since[hart] = ns;
    q->level[hart] = w->next_level;
}

static void on_interval(void *u, struct xp_flow *f, const struct kymo_interval *i)
{
    struct sq *q = u;
    struct bulk *s = &q->in[IN_STATE];
    if (i->task >= XP_TASK_LOST || i->state == KYMO_DEAD)
        return;
    q->states++;
    if (!i->continues || !q->life[i->task].part)
        q->life[i->task].part = q->states;
    if (i->base != 0xFF)
        q->life[i->task].base = i->base;
    see_object(q, f, i->object);
    uint64_t from = xp_ns(f, i->from);
    bulk_int(s, 1, (int64_t)from);
    bulk_int(s, 2, (int64_t)(xp_ns(f, i->to) - from));
    bulk_int(s, 3, i->hart);
    bulk_int(s, 4, i->task);
    bulk_word(s, 5, i->state == KYMO_READY && i->preempted ? "preempted" : xp_state_name(i->state));
    bulk_if(s, 6, i->waker, i->state == KYMO_READY && i->waker < XP_TASK_LOST);
    bulk_if(s, 7, i->waker_irq != 0, i->state == KYMO_READY && i->reason != 0xFF);
    bulk_if(s, 8, i->object, i->state == KYMO_BLOCKED && i->object);
    bulk_if(s, 9, i->holder, i->state == KYMO_BLOCKED && i->holder && i->holder < KYMO_TASK_BOOT);
    bulk_if(s, 10, i->level, i->level != 0xFF);
    bulk_word(s, 11, xp_certainty_name(i->certainty));
    bulk_int(s, 12, q->life[i->task].part);
    bulk_row(s);
}

struct slice {
    uint64_t from, to;
    const char *track, *name;
    uint32_t task;
    int hart; /* -1 none */
    unsigned depth, certainty;
};

static void slice_row(struct sq *q, struct xp_flow *f, const struct slice *l)
{
    struct bulk *s = &q->in[IN_SLICE];
    uint64_t from = xp_ns(f, l->from);
    bulk_int(s, 1, (int64_t)from);
    bulk_int(s, 2, (int64_t)(xp_ns(f, l->to) - from));
    bulk_word(s, 3, l->track);
    bulk_if(s, 4, l->task, l->task < XP_TASK_LOST);
    bulk_if(s, 5, l->hart, l->hart >= 0);
    name_text(s, 6, l->name);
    bulk_int(s, 7, l->depth);
    bulk_word(s, 8, xp_certainty_name(l->certainty));
    bulk_row(s);
}

static void on_isr(void *u, struct xp_flow *f, const struct kymo_isr *i)
{
    char text[XP_NAME_MAX];
    struct slice l = {i->from,
                      i->to,
                      "irq",
                      xp_irq_name(xp_irq_number(i->cause, i->source), text),
                      i->task,
                      i->hart,
                      i->depth ? i->depth - 1u : 0,
                      i->certainty};
    slice_row(u, f, &l);
}

static void on_hold(void *u, struct xp_flow *f, const struct kymo_hold *h)
{
    struct slice l = {h->from, h->to, "mutex", kymo_object_name(f->model, h->object),
                      h->task, -1,    0,       h->certainty};
    see_object(u, f, h->object);
    slice_row(u, f, &l);
}

static void on_span(void *u, struct xp_flow *f, const struct kymo_user_span *p)
{
    const char *name = kymo_string(f->trace, p->tag);
    struct slice l = {p->from, p->to, "span", name ? name : "span", p->task, -1, 0, p->certainty};
    slice_row(u, f, &l);
}

static void counter_row(struct sq *q, struct xp_flow *f, const struct kymo_event *e)
{
    const struct xp_code *c = &f->code[e->code];
    struct bulk *s = &q->in[IN_COUNTER];
    if (!c->tag || !c->value)
        return;
    const char *name = kymo_string(f->trace, kymo_value(e, c->tag, c->desc));
    bulk_int(s, 1, (int64_t)xp_ns(f, e->time));
    bulk_word(s, 2, name ? name : "counter");
    bulk_real(s, 3, (int32_t)kymo_value(e, c->value, c->desc));
    bulk_row(s);
}

/* "name=value name=value": what print shows of an event. Not by snprintf: it is a third of the
 * whole export then. */
struct line {
    size_t used;
    char at[2048];
};

static void add(struct line *l, const char *s, size_t n)
{
    n = n < sizeof l->at - 1 - l->used ? n : sizeof l->at - 1 - l->used;
    memcpy(l->at + l->used, s, n);
    l->used += n;
}

static void args_text(const struct xp_args *a, struct line *l)
{
    char number[XP_DECIMAL];
    l->used = 0;
    for (unsigned i = 0; i < a->n; i++) {
        const struct xp_arg *g = &a->arg[i];
        const char *value = g->text ? g->text : xp_decimal(g->value, number);
        if (i)
            add(l, " ", 1);
        add(l, g->name, strlen(g->name));
        add(l, "=", 1);
        add(l, value, strlen(value));
    }
    l->at[l->used] = 0;
}

static void instant_row(struct sq *q, struct xp_flow *f, const struct kymo_event *e,
                        const char *name)
{
    struct bulk *s = &q->in[IN_INSTANT];
    unsigned hart = e->hart < XP_HARTS ? e->hart : XP_HARTS - 1;
    uint32_t task = f->hart[hart].running;
    struct xp_args args;
    struct line text;
    xp_args_of(f, e, &args);
    args_text(&args, &text);
    const char *message = xp_message(f, e);
    bulk_int(s, 1, (int64_t)xp_ns(f, e->time));
    bulk_int(s, 2, e->hart);
    bulk_if(s, 3, task, task < XP_TASK_LOST);
    bulk_word(s, 4, name);
    if (message)
        name_text(s, 5, message);
    else
        bulk_text(s, 5, text.at, text.used);
    bulk_row(s);
}

static void on_event(void *u, struct xp_flow *f, const struct kymo_event *e, unsigned use)
{
    struct sq *q = u;
    const struct kymo_event_desc *d = f->code[e->code].desc;
    if (use == XP_USE_COUNTER)
        counter_row(q, f, e);
    else if (d &&
             (use == XP_USE_MARK || use == XP_USE_LOG || (use == XP_USE_OTHER && !q->job->brief)))
        instant_row(q, f, e, d->name);
}

static void on_gap(void *u, struct xp_flow *f, const struct kymo_gap *g)
{
    struct sq *q = u;
    struct bulk *s = &q->in[IN_LOSS];
    uint64_t from = xp_ns(f, g->from);
    bulk_int(s, 1, g->hart);
    bulk_int(s, 2, (int64_t)from);
    bulk_int(s, 3, (int64_t)(xp_ns(f, g->to) - from));
    bulk_if(s, 4, (int64_t)g->events, g->events != UINT64_MAX);
    bulk_word(s, 5, xp_loss_name(g->cause));
    bulk_row(s);
}

static void thread_rows(struct sq *q, struct xp_flow *f)
{
    struct bulk *s = &q->in[IN_THREAD];
    for (uint32_t t = 0; t < XP_TASK_LOST; t++) {
        if (!q->life[t].seen)
            continue;
        bulk_int(s, 1, t);
        bulk_int(s, 2, t);
        name_text(s, 3, xp_task_name(f, t));
        bulk_if(s, 4, q->life[t].base, q->life[t].base != 0xFF);
        bulk_int(s, 5, t == KYMO_TASK_IDLE);
        bulk_int(s, 6, (int64_t)q->life[t].start);
        bulk_if(s, 7, (int64_t)q->life[t].end, q->life[t].ended);
        bulk_row(s);
    }
}

/* Names given after an object was first seen. Objects that are gone keep the name they had. */
static void object_rows(struct sq *q, struct xp_flow *f)
{
    struct xp_set known = q->objects;
    q->objects = (struct xp_set){0};
    for (size_t i = 0; i < known.room; i++)
        if (known.slot[i] && kymo_model_object(f->model, (uint32_t)known.slot[i]))
            see_object(q, f, (uint32_t)known.slot[i]);
    const struct kymo_object *o = NULL;
    while ((o = kymo_model_next_object(f->model, o)) != NULL)
        see_object(q, f, o->addr);
    xp_set_free(&known);
}

static void on_end(void *u, struct xp_flow *f, uint64_t time)
{
    struct sq *q = u;
    const struct kymo_info *info = kymo_get_info(f->trace);
    struct bulk *s = &q->in[IN_TRACE];
    for (unsigned h = 0; h < XP_HARTS; h++)
        if (f->hart[h].running != XP_TASK_LOST)
            sched_row(q, h, xp_ns(f, time), f->hart[h].running, "end");
    thread_rows(q, f);
    object_rows(q, f);
    bulk_word(s, 1, info->build_id);
    bulk_word(s, 2, info->image);
    bulk_int(s, 3, (int64_t)f->hz);
    bulk_int(s, 4, info->harts);
    bulk_if(s, 5, (int64_t)f->lost, !f->lost_unknown);
    bulk_word(s, 6, info->capture);
    bulk_row(s);
}

static const struct xp_steps steps = {
    .task = on_task,
    .ended = on_ended,
    .change = on_change,
    .event = on_event,
    .gap = on_gap,
    .interval = on_interval,
    .isr = on_isr,
    .hold = on_hold,
    .span = on_span,
    .end = on_end,
};

/* ---- the file ---- */

static int sql_fail(struct sq *q, const char *path, struct kymo_error *err)
{
    snprintf(err->text, sizeof err->text, "cannot write %.300s: %s", path,
             q->error ? sqlite3_errstr(q->error)
             : q->db  ? sqlite3_errmsg(q->db)
                      : "out of memory");
    return -1;
}

static int prepare(struct sq *q)
{
    static const char pragmas[] =
        "PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -8192; BEGIN;";
    if (sqlite3_exec(q->db, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(q->db, sql_schema, NULL, NULL, NULL) != SQLITE_OK)
        return -1;
    for (int i = 0; i < INSERTS; i++)
        if (bulk_open(&q->in[i], q->db, &kinds[i], &q->error) != SQLITE_OK)
            return -1;
    return 0;
}

static int finish(struct sq *q, const char *stamp)
{
    sqlite3_stmt *s = NULL;
    for (int i = 0; i < INSERTS; i++)
        bulk_close(&q->in[i], q->db);
    int r = q->error;
    if (r == SQLITE_OK)
        r = sqlite3_exec(q->db, sql_views, NULL, NULL, NULL);
    if (r == SQLITE_OK)
        r = sqlite3_prepare_v2(q->db, "INSERT INTO kymo_cache VALUES(?,?)", -1, &s, NULL);
    if (r == SQLITE_OK) {
        sqlite3_bind_int(s, 1, SQL_VERSION);
        sqlite3_bind_text(s, 2, stamp, -1, SQLITE_STATIC);
        r = sqlite3_step(s) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
    }
    sqlite3_finalize(s);
    if (r == SQLITE_OK)
        r = sqlite3_exec(q->db, "COMMIT", NULL, NULL, NULL);
    return q->error = r;
}

static int fill(struct sq *q, const char *temp, const char *stamp, struct kymo_error *err)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* counting memory takes a lock per allocation */
    if (sqlite3_open_v2(temp, &q->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK ||
        prepare(q) != 0)
        return sql_fail(q, q->job->output, err);
    if (xp_flow_run(q->job, &steps, q, err) < 0)
        return -1;
    if (finish(q, stamp) != SQLITE_OK)
        return sql_fail(q, q->job->output, err);
    return 0;
}

static int into_place(struct xp_out *name, int r, struct sq *q, struct kymo_error *err)
{
    for (int i = 0; i < INSERTS; i++)
        bulk_close(&q->in[i], q->db);
    if (q->db && sqlite3_close(q->db) != SQLITE_OK && r == 0)
        r = sql_fail(q, q->job->output, err);
    if (r == 0)
        return xp_out_commit(name, err);
    xp_out_abort(name);
    return -1;
}

int sql_write(struct xp_job *job, const char *stamp, struct kymo_error *err)
{
    struct sq *q = calloc(1, sizeof *q);
    struct life *life = calloc(XP_TASKS, sizeof *life);
    struct xp_out
        name; /* gives the temporary name, its guard and the rename; SQLite writes the file */
    int r = -1;
    if (!q || !life) {
        snprintf(err->text, sizeof err->text, "out of memory");
    } else if (xp_out_open(&name, job->output, err) == 0) {
        q->job = job;
        q->life = life;
        if (name.temp) {
            r = into_place(&name, fill(q, name.temp, stamp, err), q, err);
        } else {
            snprintf(err->text, sizeof err->text, "%.300s is no place for a data base",
                     job->output);
            xp_out_abort(&name);
        }
    }
    if (q)
        xp_set_free(&q->objects);
    free(life);
    free(q);
    return r;
}
#else
int sql_write(struct xp_job *job, const char *stamp, struct kymo_error *err)
{
    (void)job;
    (void)stamp;
    snprintf(err->text, sizeof err->text,
             "this build of kymo was made without SQLite (package libsqlite3-dev)");
    return -1;
}
#endif

static int write_sqlite(struct xp_job *job, struct kymo_error *err)
{
    return sql_write(job, NULL, err);
}

const struct xp_format xp_sqlite = {
    "sqlite", ".db", "an SQLite data base with views; see `kymo query`", false, write_sqlite,
};
