/* SPDX-License-Identifier: MIT */
/* JSON lines: all that the model says, one object a line, in the order in which it becomes known (a
 * stretch when it ends).
 *
 *   {"type":"event", "ts", "hart", "seq", "name", "args":{..}}    not with --brief
 *   {"type":"state", "ts", "dur", "hart", "task", "task_name", "state", "level", ..}
 *   {"type":"switch" | "wake" | "irq" | "hold" | "span" | "lost" | "trace" | "end", ..}
 *
 * ts and dur are nanoseconds; what is not known is left out or null. A line without a certainty is
 * certain; `continues`: only level or holder changed since the state before. */
#include <stdio.h>

#include "format.h"

struct jsonl {
    struct xp_job *job;
    struct xp_out out;
};

static void key(struct xp_out *o, const char *name)
{
    xp_puts(o, ",\"");
    xp_puts(o, name);
    xp_puts(o, "\":");
}

static void text(struct xp_out *o, const char *name, const char *value)
{
    key(o, name);
    xp_out_json(o, value);
}

static void number(struct xp_out *o, const char *name, int64_t value)
{
    key(o, name);
    xp_out_decimal(o, value);
}

static void task(struct xp_out *o, const struct xp_flow *f, const char *name, uint32_t id)
{
    number(o, name, id);
    xp_puts(o, ",\"");
    xp_puts(o, name);
    xp_puts(o, "_name\":");
    xp_out_json(o, xp_task_name(f, id));
}

static struct xp_out *line(void *u, const struct xp_flow *f, const char *type, uint64_t from)
{
    struct jsonl *j = u;
    xp_puts(&j->out, "{\"type\":\"");
    xp_puts(&j->out, type);
    xp_puts(&j->out, "\",\"ts\":");
    xp_out_decimal(&j->out, (int64_t)xp_ns(f, from));
    return &j->out;
}

static struct xp_out *stretch(void *u, const struct xp_flow *f, const char *type, uint64_t from,
                              uint64_t to)
{
    struct xp_out *o = line(u, f, type, from);
    number(o, "dur", (int64_t)(xp_ns(f, to) - xp_ns(f, from)));
    return o;
}

static void end(struct xp_out *o)
{
    xp_puts(o, "}\n");
}

static void certainty(struct xp_out *o, unsigned c)
{
    if (c != KYMO_CERTAIN)
        text(o, "certainty", xp_certainty_name(c));
    end(o);
}

static void on_change(void *u, struct xp_flow *f, const struct xp_switch *s)
{
    struct xp_out *o = line(u, f, "switch", s->time);
    number(o, "hart", s->hart);
    task(o, f, "prev", s->prev);
    text(o, "prev_state", s->preempted ? "preempted" : xp_state_name(s->prev_state));
    number(o, "prev_level", s->prev_level);
    task(o, f, "next", s->next);
    number(o, "next_level", s->next_level);
    if (s->synthetic)
        xp_puts(o, ",\"synthetic\":true");
    end(o);
}

static void on_wake(void *u, struct xp_flow *f, const struct kymo_wake *w, bool fresh)
{
    struct xp_out *o = line(u, f, "wake", w->time);
    number(o, "hart", w->hart);
    task(o, f, "task", w->task);
    number(o, "level", f->level[w->task]);
    if (w->waker < XP_TASK_LOST)
        task(o, f, "waker", w->waker);
    xp_out_printf(o, ",\"in_irq\":%s", w->waker_irq ? "true" : "false");
    if (w->object)
        text(o, "object", kymo_object_name(f->model, w->object));
    if (fresh)
        xp_puts(o, ",\"new\":true");
    end(o);
}

static void on_interval(void *u, struct xp_flow *f, const struct kymo_interval *i)
{
    struct xp_out *o = stretch(u, f, "state", i->from, i->to);
    number(o, "hart", i->hart);
    task(o, f, "task", i->task);
    text(o, "state",
         i->state == KYMO_READY && i->preempted ? "preempted" : xp_state_name(i->state));
    number(o, "level", i->level == 0xFF ? -1 : i->level);
    if (i->continues)
        xp_puts(o, ",\"continues\":true");
    if (i->state == KYMO_BLOCKED && i->object)
        text(o, "object", kymo_object_name(f->model, i->object));
    if (i->state == KYMO_BLOCKED && i->holder && i->holder < KYMO_TASK_BOOT)
        task(o, f, "holder", i->holder);
    if (i->state == KYMO_READY && i->waker < XP_TASK_LOST)
        task(o, f, "waker", i->waker);
    if (i->state == KYMO_RUNNING)
        number(o, "irq_time", (int64_t)xp_ns(f, i->irq_time));
    certainty(o, i->certainty);
}

static void on_isr(void *u, struct xp_flow *f, const struct kymo_isr *i)
{
    char name[XP_NAME_MAX];
    struct xp_out *o = stretch(u, f, "irq", i->from, i->to);
    number(o, "hart", i->hart);
    number(o, "irq", xp_irq_number(i->cause, i->source));
    text(o, "name", xp_irq_name(xp_irq_number(i->cause, i->source), name));
    number(o, "depth", i->depth);
    number(o, "own", (int64_t)xp_ns(f, i->own));
    certainty(o, i->certainty);
}

static void on_hold(void *u, struct xp_flow *f, const struct kymo_hold *h)
{
    struct xp_out *o = stretch(u, f, "hold", h->from, h->to);
    text(o, "mutex", kymo_object_name(f->model, h->object));
    task(o, f, "task", h->task);
    number(o, "waiters", h->waiters);
    certainty(o, h->certainty);
}

static void on_span(void *u, struct xp_flow *f, const struct kymo_user_span *s)
{
    const char *name = kymo_string(f->trace, s->tag);
    struct xp_out *o = stretch(u, f, "span", s->from, s->to);
    text(o, "name", name ? name : "span");
    task(o, f, "task", s->task);
    certainty(o, s->certainty);
}

static void on_gap(void *u, struct xp_flow *f, const struct kymo_gap *g)
{
    struct xp_out *o = stretch(u, f, "lost", g->from, g->to);
    number(o, "hart", g->hart);
    text(o, "cause", xp_loss_name(g->cause));
    if (g->events == UINT64_MAX)
        xp_puts(o, ",\"events\":null");
    else
        number(o, "events", (int64_t)g->events);
    end(o);
}

static void on_event(void *u, struct xp_flow *f, const struct kymo_event *e, unsigned use)
{
    struct jsonl *j = u;
    const struct kymo_event_desc *d = f->code[e->code].desc;
    struct xp_args args;
    (void)use;
    if (j->job->brief)
        return;
    struct xp_out *o = line(u, f, "event", e->time);
    number(o, "hart", e->hart);
    number(o, "seq", (int64_t)e->seq);
    text(o, "name", d ? d->name : "unknown");
    xp_puts(o, ",\"args\":{");
    xp_args_of(f, e, &args);
    for (unsigned i = 0; i < args.n; i++) {
        xp_puts(o, i ? ",\"" : "\"");
        xp_puts(o, args.arg[i].name);
        xp_puts(o, "\":");
        if (args.arg[i].text)
            xp_out_json(o, args.arg[i].text);
        else
            xp_out_decimal(o, args.arg[i].value);
    }
    xp_puts(o, "}");
    const char *message = xp_message(f, e);
    if (message)
        text(o, "message", message);
    end(o);
}

static void on_end(void *u, struct xp_flow *f, uint64_t time)
{
    struct xp_out *o = line(u, f, "end", time);
    number(o, "events", (int64_t)f->events);
    if (f->lost_unknown)
        xp_puts(o, ",\"lost\":null");
    else
        number(o, "lost", (int64_t)f->lost);
    end(o);
}

static const struct xp_steps steps = {
    .change = on_change,
    .wake = on_wake,
    .interval = on_interval,
    .isr = on_isr,
    .hold = on_hold,
    .span = on_span,
    .gap = on_gap,
    .event = on_event,
    .end = on_end,
};

static int write_jsonl(struct xp_job *job, struct kymo_error *err)
{
    const struct kymo_info *info = kymo_get_info(job->trace);
    struct jsonl j = {.job = job};
    if (xp_out_open(&j.out, job->output, err) < 0)
        return -1;
    xp_puts(&j.out, "{\"type\":\"trace\",\"format\":1");
    text(&j.out, "image", info->image ? info->image : "");
    text(&j.out, "build_id", info->build_id ? info->build_id : "");
    number(&j.out, "clock_hz", (int64_t)info->clock_hz);
    number(&j.out, "harts", info->harts);
    end(&j.out);
    return xp_write_file(job, &j.out, &steps, &j, err);
}

const struct xp_format xp_jsonl = {
    "jsonl", ".jsonl", "all that the model says, one JSON object a line", true, write_jsonl,
};
