/* SPDX-License-Identifier: MIT */
/* From the model's reports to steps in the order of time. The rules are in flow.h.
 *
 * Per event the model first reports what the event ended (interval, isr, wake, hold, span), then
 * the event itself. So:
 *   interval  notes the task in `dirty`; its new state is asked for when the event comes
 *   isr       is the way out of a handler, with its cause; the way in is the event irq_in
 *   wake      is handed on at once
 *   event     compares who runs with who ran, and hands on the difference */
#include "format.h"
#include "util/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum step { STEP_NONE, STEP_CREATE, STEP_DESTROY, STEP_PRIORITY, STEP_IRQ_IN, STEP_NAME_TASK };

static const struct known {
    const char *name;
    uint8_t use, step;
} known[] = {
    {"task_switch", XP_USE_SCHED, STEP_NONE},
    {"task_ready", XP_USE_SCHED, STEP_NONE},
    {"task_create", XP_USE_SCHED, STEP_CREATE},
    {"task_destroy", XP_USE_SCHED, STEP_DESTROY},
    {"task_priority", XP_USE_SCHED, STEP_PRIORITY},
    {"irq_in", XP_USE_IRQ, STEP_IRQ_IN},
    {"irq_out", XP_USE_IRQ, STEP_NONE},
    {"name_task", XP_USE_NAME, STEP_NAME_TASK},
    {"name_object", XP_USE_NAME, STEP_NONE},
    {"time_sync", XP_USE_CLOCK, STEP_NONE},
    {"tick", XP_USE_CLOCK, STEP_NONE},
    {"mark", XP_USE_MARK, STEP_NONE},
    {"counter", XP_USE_COUNTER, STEP_NONE},
    {"span_begin", XP_USE_SPAN, STEP_NONE},
    {"span_end", XP_USE_SPAN, STEP_NONE},
    {"log", XP_USE_LOG, STEP_NONE},
};

static const struct kymo_field *field(const struct kymo_event_desc *d, const char *name)
{
    for (unsigned i = 0; i < d->fields; i++)
        if (strcmp(d->field[i].name, name) == 0)
            return &d->field[i];
    return NULL;
}

static void resolve(struct xp_flow *f)
{
    for (unsigned c = 0; c < 256; c++) {
        struct xp_code *x = &f->code[c];
        x->desc = kymo_describe(f->trace, (uint8_t)c);
        if (!x->desc)
            continue;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            if (strcmp(known[i].name, x->desc->name) == 0) {
                x->use = known[i].use;
                x->step = known[i].step;
            }
        }
        x->task = field(x->desc, "task");
        x->cause = field(x->desc, "cause");
        x->source = field(x->desc, "source");
        x->why = field(x->desc, "why");
        x->tag = field(x->desc, "tag");
        x->value = field(x->desc, "value");
        x->obj = field(x->desc, "obj");
    }
}

static uint32_t value(const struct xp_flow *f, const struct kymo_event *e,
                      const struct kymo_field *fd, uint32_t none)
{
    return fd ? kymo_value(e, fd, f->code[e->code].desc) : none;
}

static struct xp_hart *hart_of(struct xp_flow *f, unsigned hart)
{
    return &f->hart[hart < XP_HARTS ? hart : XP_HARTS - 1];
}

static uint32_t clip(uint32_t task)
{
    return task < XP_TASK_LOST ? task : XP_TASK_LOST;
}

static int model_level(const struct xp_flow *f, uint32_t task)
{
    const struct kymo_task *t = task == XP_TASK_LOST ? NULL : kymo_model_task(f->model, task);
    return t && t->level != 0xFF ? t->level : -1;
}

static void see(struct xp_flow *f, uint64_t time, uint32_t task)
{
    if (f->seen[task])
        return;
    f->seen[task] = 1;
    if (f->level[task] < 0)
        f->level[task] = (int16_t)model_level(f, task);
    if (f->steps->task)
        f->steps->task(f->u, f, time, task);
}

static void flush_states(struct xp_flow *f, uint64_t time)
{
    for (unsigned i = 0; i < f->dirties; i++) {
        const struct kymo_task *t = kymo_model_task(f->model, f->dirty[i]);
        uint32_t id = f->dirty[i];
        if (!t || (f->seen[id] && f->state[id] == t->state))
            continue;
        see(f, time, id);
        f->state[id] = t->state;
        if (f->steps->state)
            f->steps->state(f->u, f, time, t);
    }
    f->dirties = 0;
}

static void note(struct xp_flow *f, uint64_t time, uint32_t task)
{
    if (task >= XP_TASK_LOST || !f->given->state)
        return;
    if (f->dirties == sizeof f->dirty / sizeof *f->dirty)
        flush_states(f, time);
    f->dirty[f->dirties++] = task;
}

/* Hands on that the hart changed hands. */
static void change(struct xp_flow *f, uint64_t time, unsigned hart, uint32_t next, bool synthetic)
{
    struct xp_hart *h = hart_of(f, hart);
    uint32_t prev = h->running;
    const struct kymo_task *t = prev == XP_TASK_LOST ? NULL : kymo_model_task(f->model, prev);
    struct xp_switch s = {
        .time = time,
        .prev = prev,
        .next = next,
        .hart = (uint16_t)hart,
        .synthetic = synthetic,
        .prev_state = synthetic || !t ? KYMO_UNKNOWN : t->state,
        .prev_level = f->level[prev],
    };
    see(f, time, next);
    s.next_level = f->level[next];
    s.preempted = s.prev_state == KYMO_READY && h->preempted;
    if ((prev == KYMO_TASK_IDLE || prev == KYMO_TASK_BOOT) &&
        !synthetic) { /* each hart's own; the model shows one */
        s.prev_state = KYMO_READY;
        s.preempted = false;
    }
    h->running = next;
    h->preempted = false;
    note(f, time, prev); /* also if a stretch of no length was not told */
    note(f, time, next);
    if (f->steps->change)
        f->steps->change(f->u, f, &s);
}

/* A handler that nests deeper than XP_NEST is not handed on, neither its way in nor its way out. */
static void irq(struct xp_flow *f, uint64_t time, unsigned hart, unsigned number, bool in)
{
    struct xp_hart *h = hart_of(f, hart);
    if (!in) {
        if (h->depth == 0) /* its way in was lost: formats that pair in and out must not see it */
            return;
        h->depth--;
        number = h->irq[h->depth];
    } else if (h->depth == XP_NEST) {
        return;
    }
    struct xp_irq i = {
        .time = time, .hart = (uint16_t)hart, .irq = number, .depth = h->depth, .in = in};
    if (in)
        h->irq[h->depth++] = number;
    if (f->steps->irq)
        f->steps->irq(f->u, f, &i);
}

/* ---- the window ---- */

static const struct xp_steps nothing;

static void tell_states(struct xp_flow *f)
{
    for (uint32_t id = 0; id < XP_TASK_LOST && f->given->state; id++) {
        const struct kymo_task *t = f->state[id] ? kymo_model_task(f->model, id) : NULL;
        if (!t)
            continue;
        struct kymo_task then = *t; /* the first event of the window may have changed it already */
        then.object = then.state == f->state[id] ? then.object : 0;
        then.state = f->state[id];
        see(f, f->from, id);
        f->steps->state(f->u, f, f->from, &then);
    }
}

/* A gap that reaches into the window is told when the window begins. */
static void tell_gap(struct xp_flow *f, const struct kymo_gap *g)
{
    struct kymo_gap part = *g;
    if (g->to < f->from)
        return;
    if (!f->live) {
        hart_of(f, g->hart)->gap = *g;
        hart_of(f, g->hart)->has_gap = true;
        return;
    }
    part.from = g->from > f->from ? g->from : f->from;
    part.to = g->to < f->to ? g->to : f->to;
    if (g->events == UINT64_MAX)
        f->lost_unknown = true;
    else
        f->lost += g->events;
    if (f->steps->gap)
        f->steps->gap(f->u, f, &part);
}

/* The window begins: what the flow knows of the moment before is handed on as if it began there. */
static void enter(struct xp_flow *f)
{
    f->live = true;
    f->steps = f->given;
    memset(f->seen, 0, sizeof f->seen);
    for (unsigned hart = 0; hart < XP_HARTS; hart++) {
        struct xp_hart *h = &f->hart[hart];
        uint32_t running = h->running;
        unsigned depth = h->depth;
        f->at_hart = hart;
        if (h->has_gap)
            tell_gap(f, &h->gap);
        if (running == XP_TASK_LOST)
            continue;
        h->running = XP_TASK_LOST;
        h->depth = 0;
        change(f, f->from, hart, running, true);
        for (unsigned k = 0; k < depth; k++)
            irq(f, f->from, hart, h->irq[k], true);
    }
    tell_states(f);
}

/* Is a moment, not before the last one, inside the window? Steps reach `nothing` before it. */
static bool inside(struct xp_flow *f, uint64_t time)
{
    if (!f->live && !f->done && time >= f->from)
        enter(f);
    f->done |= time > f->to;
    return f->live && !f->done;
}

/* Cuts a stretch that ends now at the window's edges; false: nothing of it is inside. */
static bool cut(struct xp_flow *f, uint64_t *from, uint64_t *to)
{
    inside(f, *to);
    if (f->dead || !f->live || *from > f->to)
        return false;
    *from = *from > f->from ? *from : f->from;
    *to = *to < f->to ? *to : f->to;
    return true;
}

/* ---- the model's reports ---- */

static void on_interval(void *u, const kymo_model *m, const struct kymo_interval *i)
{
    struct xp_flow *f = u;
    struct kymo_interval part = *i;
    f->model = m;
    bool seen = cut(f, &part.from, &part.to);
    if (part.to > f->last)
        f->last = part.to;
    if (!f->done) {
        note(f, i->to, i->task);
        if (i->state == KYMO_RUNNING)
            hart_of(f, i->hart)->preempted = i->preempted;
    }
    if (seen && f->steps->interval) {
        see(f, part.from, clip(i->task));
        f->steps->interval(f->u, f, &part);
    }
}

static void on_isr(void *u, const kymo_model *m, const struct kymo_isr *i)
{
    struct xp_flow *f = u;
    struct kymo_isr part = *i;
    f->model = m;
    bool seen = cut(f, &part.from, &part.to);
    if (!f->done)
        irq(f, i->to, i->hart, xp_irq_number(i->cause, i->source), false);
    if (seen && f->steps->isr)
        f->steps->isr(f->u, f, &part);
}

static void on_wake(void *u, const kymo_model *m, const struct kymo_wake *w)
{
    struct xp_flow *f = u;
    f->model = m;
    inside(f, w->time);
    f->at_hart = w->hart;
    if (w->task >= XP_TASK_LOST || f->done)
        return;
    see(f, w->time, w->task);
    note(f, w->time, w->task);
    if (f->steps->wake)
        f->steps->wake(f->u, f, w, f->fresh == w->task);
}

static void on_hold(void *u, const kymo_model *m, const struct kymo_hold *h)
{
    struct xp_flow *f = u;
    struct kymo_hold part = *h;
    f->model = m;
    if (cut(f, &part.from, &part.to) && f->steps->hold)
        f->steps->hold(f->u, f, &part);
}

static void on_span(void *u, const kymo_model *m, const struct kymo_user_span *s)
{
    struct xp_flow *f = u;
    struct kymo_user_span part = *s;
    f->model = m;
    if (cut(f, &part.from, &part.to) && f->steps->span)
        f->steps->span(f->u, f, &part);
}

static void set_priority(struct xp_flow *f, const struct kymo_event *e, uint32_t task)
{
    const struct kymo_task *t = kymo_model_task(f->model, task);
    int old = f->seen[task] ? f->level[task] : -1;
    see(f, e->time, task);
    struct xp_priority p = {
        .time = e->time,
        .task = task,
        .hart = e->hart,
        .old_level = old,
        .level = model_level(f, task),
        .base = t && t->base != 0xFF ? t->base : -1,
        .why = (int)value(f, e, f->code[e->code].why, 0),
    };
    f->level[task] = (int16_t)p.level;
    if (f->steps->priority)
        f->steps->priority(f->u, f, &p);
}

static void task_step(struct xp_flow *f, const struct kymo_event *e, unsigned step, uint32_t task)
{
    switch (step) {
    case STEP_CREATE:
        f->seen[task] = 0;
        f->level[task] = -1;
        f->fresh = task;
        see(f, e->time, task);
        break;
    case STEP_DESTROY:
        see(f, e->time, task);
        if (f->steps->ended)
            f->steps->ended(f->u, f, e->time, e->hart, task);
        break;
    case STEP_PRIORITY: set_priority(f, e, task); break;
    case STEP_NAME_TASK:
        f->seen[task] = 0;
        see(f, e->time, task);
        break;
    default: break;
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A line on the terminal, from two seconds on; gone at the end. */
static void progress(struct xp_flow *f, bool over)
{
    if (over && f->progress)
        fprintf(stderr, "\r%*s\r", 60, "");
    if (over || f->job->quiet || seconds() - f->begun < 2 || !isatty(STDERR_FILENO))
        return;
    f->progress = true;
    fprintf(stderr, "\r%.30s: %llu million events", f->job->output,
            (unsigned long long)(f->read / 1000000));
}

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct xp_flow *f = u;
    const struct xp_code *c = &f->code[e->code];
    struct xp_hart *h = hart_of(f, e->hart);
    f->model = m;
    f->events += inside(f, e->time);
    if (f->done)
        return;
    f->last = e->time;
    f->at_hart = e->hart;
    if (++f->read % (1u << 21) == 0)
        progress(f, false);
    if (c->step == STEP_IRQ_IN)
        irq(f, e->time, e->hart, xp_irq_number(value(f, e, c->cause, 0), value(f, e, c->source, 0)),
            true);
    else if (c->step != STEP_NONE && c->task)
        task_step(f, e, c->step, clip(value(f, e, c->task, XP_TASK_LOST)));
    uint32_t now = clip(kymo_model_running(m, e->hart));
    if (now != h->running)
        change(f, e->time, e->hart, now, h->running == XP_TASK_LOST || now == XP_TASK_LOST);
    flush_states(f, e->time);
    if (f->steps->event)
        f->steps->event(f->u, f, e, c->use);
    if (c->step != STEP_CREATE)
        f->fresh = XP_TASK_LOST;
}

/* Whoever ran before a gap is not known to have run in it. */
static void on_gap(void *u, const kymo_model *m, const struct kymo_gap *g)
{
    struct xp_flow *f = u;
    struct xp_hart *h = hart_of(f, g->hart);
    uint64_t from = g->from > f->last ? g->from : f->last; /* a gap by a mask is told at its end */
    f->model = m;
    inside(f, from);
    if (f->done)
        return;
    f->at_hart = g->hart;
    while (h->depth > 0)
        irq(f, from, g->hart, h->irq[h->depth - 1], false);
    if (h->running != XP_TASK_LOST)
        change(f, from, g->hart, XP_TASK_LOST, true);
    tell_gap(f, g);
    flush_states(f, from);
    memset(f->level, 0xFF, sizeof f->level); /* the model knows no level any more */
    if (from > f->last)
        f->last = from;
}

/* A block's header says who runs and which handlers are active, if a gap hid it. */
static void on_block(void *u, const kymo_model *m, const struct kymo_block_state *b)
{
    struct xp_flow *f = u;
    struct xp_hart *h = hart_of(f, b->hart);
    int level = b->level == 0xFF ? -1 : b->level;
    f->model = m;
    inside(f, b->time);
    if (f->done)
        return;
    f->at_hart = b->hart;
    if (h->running != XP_TASK_LOST) {
        if (h->running == b->running && f->level[b->running] < 0)
            f->level[b->running] = (int16_t)level;
        return;
    }
    see(f, b->time, b->running);
    f->level[b->running] = (int16_t)level;
    change(f, b->time, b->hart, b->running, true);
    for (unsigned age = b->depth; age-- > 0;)
        irq(f, b->time, b->hart, xp_irq_number(age < 4 ? b->causes >> 8 * age & 0xFF : 0xFF, 0),
            true);
}

static void on_end(void *u, const kymo_model *m, uint64_t time)
{
    struct xp_flow *f = u;
    f->model = m;
    if (f->dead)
        return;
    f->last = time > f->last ? time : f->last;
    f->last = f->last < f->to ? f->last : f->to;
    for (unsigned hart = 0; !f->live && hart < XP_HARTS; hart++)
        f->hart[hart].running = XP_TASK_LOST; /* the trace ended before the window */
    if (!f->live)
        f->last = f->from;
    if (f->given->end)
        f->given->end(f->u, f, f->last);
}

static const struct kymo_sink sink = {
    .event = on_event,
    .interval = on_interval,
    .isr = on_isr,
    .wake = on_wake,
    .block = on_block,
    .hold = on_hold,
    .span = on_span,
    .gap = on_gap,
    .end = on_end,
};

/* To the trace's end, or a little beyond the window's. */
static int feed(struct xp_flow *f, struct kymo_error *err)
{
    kymo_model *m = kymo_model_begin(f->trace, &sink, f, err);
    int r = m ? KYMO_EVENT : -1;
    while (r == KYMO_EVENT && !f->done)
        r = kymo_model_feed(m, 1u << 16, err);
    f->dead = r < 0;
    f->done |= f->dead;
    kymo_model_end(m);
    return r < 0 ? -1 : 0;
}

int xp_flow_run(struct xp_job *job, const struct xp_steps *steps, void *u, struct kymo_error *err)
{
    const struct kymo_info *info = kymo_get_info(job->trace);
    struct xp_flow *f = calloc(1, sizeof *f);
    struct text *text = malloc(sizeof *text);
    if (!f || !text) {
        snprintf(err->text, sizeof err->text, "out of memory");
        free(f);
        free(text);
        return -1;
    }
    f->given = steps;
    f->from = job->from;
    f->to = job->to ? job->to : UINT64_MAX;
    f->live = f->from == 0;
    f->steps = f->live ? steps : &nothing;
    f->u = u;
    f->text = text;
    f->job = job;
    f->begun = seconds();
    f->trace = job->trace;
    f->hz = info->clock_hz ? info->clock_hz : 1000000000u;
    f->scale = 1000000000u % f->hz == 0 ? 1000000000u / f->hz : 0;
    f->fresh = XP_TASK_LOST;
    for (unsigned i = 0; i < XP_HARTS; i++)
        f->hart[i].running = XP_TASK_LOST;
    memset(f->level, 0xFF, sizeof f->level);
    resolve(f);
    int r = feed(f, err);
    progress(f, true);
    job->events = f->events;
    job->lost = f->lost;
    job->lost_unknown = f->lost_unknown;
    free(text);
    free(f);
    return r;
}
