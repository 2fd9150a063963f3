/* SPDX-License-Identifier: MIT */
/* Chrome's JSON: slices, counters and instants on pseudo-threads, for viewers that read nothing
 * better. Process 1 holds the tasks (a thread each, its states as slices), process 2 the harts (who
 * ran; interrupts; losses), process 3 the mutexes. Times are microseconds with three decimals, that
 * is whole nanoseconds. */
#include <stdio.h>

#include "format.h"
#include "set.h"

enum { P_TASKS = 1, P_HARTS, P_MUTEXES, IRQ_ROW = 1000, LOSS_ROW = 2000 };

struct chrome {
    struct xp_job *job;
    struct xp_out out;
    struct xp_set mutexes;
    bool begun[XP_HARTS];
    uint64_t since[XP_HARTS];
};

static void micro(struct xp_out *o, uint64_t ns)
{
    char part[5] = {'.', (char)('0' + ns % 1000 / 100), (char)('0' + ns % 100 / 10),
                    (char)('0' + ns % 10), 0};
    xp_out_decimal(o, (int64_t)(ns / 1000));
    xp_puts(o, part);
}

static struct xp_out *begin(struct chrome *c, char type, unsigned process, uint64_t row,
                            const char *name)
{
    struct xp_out *o = &c->out;
    xp_puts(o, ",\n{\"ph\":\"");
    xp_putc(o, type);
    xp_puts(o, "\",\"pid\":");
    xp_out_decimal(o, process);
    xp_puts(o, ",\"tid\":");
    xp_out_decimal(o, (int64_t)row);
    xp_puts(o, ",\"name\":");
    xp_out_json(o, name);
    return o;
}

static void row_name(struct chrome *c, unsigned process, uint64_t row, const char *name)
{
    struct xp_out *o = begin(c, 'M', process, row, "thread_name");
    xp_puts(o, ",\"args\":{\"name\":");
    xp_out_json(o, name);
    xp_puts(o, "}}");
}

static void process_name(struct chrome *c, unsigned process, const char *name)
{
    struct xp_out *o = begin(c, 'M', process, 0, "process_name");
    xp_out_printf(o, ",\"args\":{\"name\":\"%s\"}}", name);
}

/* A whole slice without its end, so that arguments may follow. */
static struct xp_out *slice(struct chrome *c, unsigned process, uint64_t row, const char *name,
                            uint64_t from, uint64_t to)
{
    struct xp_out *o = begin(c, 'X', process, row, name);
    xp_puts(o, ",\"ts\":");
    micro(o, from);
    xp_puts(o, ",\"dur\":");
    micro(o, to - from);
    return o;
}

static void hart_rows(struct chrome *c, unsigned hart)
{
    char name[XP_NAME_MAX];
    snprintf(name, sizeof name, "hart %u", hart);
    row_name(c, P_HARTS, hart, name);
    snprintf(name, sizeof name, "hart %u interrupts", hart);
    row_name(c, P_HARTS, IRQ_ROW + hart, name);
    snprintf(name, sizeof name, "hart %u losses", hart);
    row_name(c, P_HARTS, LOSS_ROW + hart, name);
}

static void on_task(void *u, struct xp_flow *f, uint64_t time, uint32_t task)
{
    (void)time;
    row_name(u, P_TASKS, task, xp_task_name(f, task));
}

static void hart_slice(struct chrome *c, struct xp_flow *f, unsigned hart, uint32_t task,
                       uint64_t ns, const char *why)
{
    if (task == KYMO_TASK_IDLE || task == XP_TASK_LOST)
        return;
    struct xp_out *o = slice(c, P_HARTS, hart, xp_task_name(f, task), c->since[hart], ns);
    xp_out_printf(o, ",\"args\":{\"task\":%u,\"end\":\"%s\"}}", task, why);
}

static void on_change(void *u, struct xp_flow *f, const struct xp_switch *s)
{
    struct chrome *c = u;
    unsigned hart = s->hart < XP_HARTS ? s->hart : XP_HARTS - 1;
    uint64_t ns = xp_ns(f, s->time);
    if (!c->begun[hart])
        hart_rows(c, hart);
    else
        hart_slice(c, f, hart, s->prev, ns,
                   s->preempted ? "preempted" : xp_state_name(s->prev_state));
    c->begun[hart] = true;
    c->since[hart] = ns;
}

static void on_interval(void *u, struct xp_flow *f, const struct kymo_interval *i)
{
    char name[256];
    if (i->task == KYMO_TASK_IDLE || i->task >= XP_TASK_LOST || i->state == KYMO_DEAD)
        return;
    xp_wait_text(f, i, name, sizeof name);
    struct xp_out *o = slice(u, P_TASKS, i->task, name, xp_ns(f, i->from), xp_ns(f, i->to));
    xp_out_printf(o, ",\"args\":{\"level\":%d,\"certainty\":\"%s\"",
                  i->level == 0xFF ? -1 : i->level, xp_certainty_name(i->certainty));
    if (i->state == KYMO_READY && i->waker < XP_TASK_LOST) {
        xp_puts(o, ",\"woken by\":");
        xp_out_json(o, xp_task_name(f, i->waker));
    }
    xp_puts(o, "}}");
}

static void on_isr(void *u, struct xp_flow *f, const struct kymo_isr *i)
{
    char name[XP_NAME_MAX];
    const char *text = xp_irq_name(xp_irq_number(i->cause, i->source), name);
    xp_putc(slice(u, P_HARTS, IRQ_ROW + i->hart, text, xp_ns(f, i->from), xp_ns(f, i->to)), '}');
}

static void on_hold(void *u, struct xp_flow *f, const struct kymo_hold *h)
{
    struct chrome *c = u;
    if (xp_set_add(&c->mutexes, h->object))
        row_name(c, P_MUTEXES, h->object, kymo_object_name(f->model, h->object));
    struct xp_out *o = slice(c, P_MUTEXES, h->object, xp_task_name(f, h->task), xp_ns(f, h->from),
                             xp_ns(f, h->to));
    xp_out_printf(o, ",\"args\":{\"waiters\":%u}}", h->waiters);
}

static void on_span(void *u, struct xp_flow *f, const struct kymo_user_span *s)
{
    const char *name = kymo_string(f->trace, s->tag);
    struct xp_out *o =
        slice(u, P_TASKS, s->task, name ? name : "span", xp_ns(f, s->from), xp_ns(f, s->to));
    xp_puts(o, ",\"cat\":\"span\"}");
}

static void on_gap(void *u, struct xp_flow *f, const struct kymo_gap *g)
{
    char name[XP_NAME_MAX];
    snprintf(name, sizeof name, "lost: %s", xp_loss_name(g->cause));
    struct xp_out *o =
        slice(u, P_HARTS, LOSS_ROW + g->hart, name, xp_ns(f, g->from), xp_ns(f, g->to));
    xp_puts(o, ",\"args\":{\"events\":");
    if (g->events == UINT64_MAX)
        xp_puts(o, "null");
    else
        xp_out_decimal(o, (int64_t)g->events);
    xp_puts(o, "}}");
}

static void on_event(void *u, struct xp_flow *f, const struct kymo_event *e, unsigned use)
{
    const struct xp_code *x = &f->code[e->code];
    uint32_t task = f->hart[e->hart < XP_HARTS ? e->hart : 0].running;
    if ((use != XP_USE_MARK && use != XP_USE_COUNTER) || !x->tag || !x->value)
        return;
    const char *name = kymo_string(f->trace, kymo_value(e, x->tag, x->desc));
    int32_t value = (int32_t)kymo_value(e, x->value, x->desc);
    bool mark = use == XP_USE_MARK;
    struct xp_out *o =
        begin(u, mark ? 'i' : 'C', P_TASKS, mark ? task : 0, name ? name : x->desc->name);
    xp_puts(o, ",\"ts\":");
    micro(o, xp_ns(f, e->time));
    xp_out_printf(o, "%s,\"args\":{\"value\":%d}}", mark ? ",\"s\":\"t\"" : "", (int)value);
}

static void on_end(void *u, struct xp_flow *f, uint64_t time)
{
    struct chrome *c = u;
    for (unsigned h = 0; h < XP_HARTS; h++)
        if (c->begun[h])
            hart_slice(c, f, h, f->hart[h].running, xp_ns(f, time), "end");
    xp_puts(&c->out, "\n]}\n");
}

static const struct xp_steps steps = {
    .task = on_task,
    .change = on_change,
    .interval = on_interval,
    .isr = on_isr,
    .hold = on_hold,
    .span = on_span,
    .gap = on_gap,
    .event = on_event,
    .end = on_end,
};

static int write_chrome(struct xp_job *job, struct kymo_error *err)
{
    struct chrome c = {.job = job};
    if (xp_out_open(&c.out, job->output, err) < 0)
        return -1;
    xp_puts(&c.out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
                    "{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_name\",\"args\":{"
                    "\"name\":\"tasks\"}}");
    process_name(&c, P_HARTS, "harts");
    process_name(&c, P_MUTEXES, "mutexes");
    int r = xp_write_file(job, &c.out, &steps, &c, err);
    xp_set_free(&c.mutexes);
    return r;
}

const struct xp_format xp_chrome = {
    "chrome", ".json", "Chrome's JSON, for viewers that read nothing better", true, write_chrome,
};
