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
    if (task >= XP_TASK_LOST || !f->steps->state)
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

static void on_interval(void *u, const kymo_model *m, const struct kymo_interval *i)
{
    struct xp_flow *f = u;
    f->model = m;
    if (i->to > f->last)
        f->last = i->to;
    note(f, i->to, i->task);
    if (i->state == KYMO_RUNNING)
        hart_of(f, i->hart)->preempted = i->preempted;
    if (f->steps->interval) {
        see(f, i->from, clip(i->task));
        f->steps->interval(f->u, f, i);
    }
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

static void on_isr(void *u, const kymo_model *m, const struct kymo_isr *i)
{
    struct xp_flow *f = u;
    f->model = m;
    irq(f, i->to, i->hart, xp_irq_number(i->cause, i->source), false);
    if (f->steps->isr)
        f->steps->isr(f->u, f, i);
}

static void on_wake(void *u, const kymo_model *m, const struct kymo_wake *w)
{
    struct xp_flow *f = u;
    f->model = m;
    f->at_hart = w->hart;
    if (w->task >= XP_TASK_LOST)
        return;
    see(f, w->time, w->task);
    note(f, w->time, w->task);
    if (f->steps->wake)
        f->steps->wake(f->u, f, w, f->fresh == w->task);
}

static void on_hold(void *u, const kymo_model *m, const struct kymo_hold *h)
{
    struct xp_flow *f = u;
    f->model = m;
    if (f->steps->hold)
        f->steps->hold(f->u, f, h);
}

static void on_span(void *u, const kymo_model *m, const struct kymo_user_span *s)
{
    struct xp_flow *f = u;
    f->model = m;
    if (f->steps->span)
        f->steps->span(f->u, f, s);
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
            (unsigned long long)(f->events / 1000000));
}

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct xp_flow *f = u;
    const struct xp_code *c = &f->code[e->code];
    struct xp_hart *h = hart_of(f, e->hart);
    f->model = m;
    f->last = e->time;
    f->at_hart = e->hart;
    if (++f->events % (1u << 21) == 0)
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
    f->model = m;
    f->at_hart = g->hart;
    f->losses++;
    if (g->events == UINT64_MAX)
        f->lost_unknown = true;
    else
        f->lost += g->events;
    uint64_t from = g->from > f->last ? g->from : f->last; /* a gap by a mask is told at its end */
    while (h->depth > 0)
        irq(f, from, g->hart, h->irq[h->depth - 1], false);
    if (h->running != XP_TASK_LOST)
        change(f, from, g->hart, XP_TASK_LOST, true);
    if (f->steps->gap)
        f->steps->gap(f->u, f, g);
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
    if (time > f->last)
        f->last = time;
    if (f->steps->end)
        f->steps->end(f->u, f, f->last);
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
    f->steps = steps;
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
    int r = kymo_model_run(job->trace, &sink, f, err);
    progress(f, true);
    job->events = f->events;
    job->lost = f->lost;
    job->lost_unknown = f->lost_unknown;
    free(text);
    free(f);
    return r;
}
