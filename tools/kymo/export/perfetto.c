/* SPDX-License-Identifier: MIT */
/* Perfetto's native trace: what its viewer shows as if a Linux kernel had recorded it, and what no
 * ftrace event says as tracks of our own.
 *
 *   ftrace bundles   one buffer per hart: sched_switch, sched_waking (pid is the waker, flag 0x08
 *                    in an interrupt), irq_handler_entry and _exit, sched_pi_setprio,
 *                    sched_process_exit. A bundle after a gap says lost_events.
 *   process tree     one process, the firmware; a packet per task when it is first seen or named
 *   per task         spans of the user and single events as instants; below it the track "waits":
 *                    why the task did not run, as slices and, for newer viewers, as a state track
 *   per mutex        a track of its holders
 *   per counter      a counter track
 *   losses           one track; each slice is a stretch in which nobody saw
 *
 * Field numbers are in Documentation/export.md and tests/export/perfetto.proto. Packets need no
 * order: the viewer sorts. */
#include <stdio.h>
#include <stdlib.h>

#include "format.h"
#include "pb.h"
#include "set.h"

enum { SEQUENCE = 1, PROCESS = 1, BUNDLE_SIZE = 1 << 16, COMMON_HARDIRQ = 0x08 };
enum { PREV_S = 1, PREV_D = 2, PREV_X = 16, PREV_PREEMPTED = 256 };
enum { EV_BEGIN = 1, EV_END = 2, EV_INSTANT = 3, EV_COUNTER = 4, EV_STATE = 5 };

/* Track numbers: a kind above, the task, address or tag below */
#define TRACK_THREAD (1ull << 32)
#define TRACK_WAITS (2ull << 32)
#define TRACK_STATE (3ull << 32)
#define TRACK_MUTEX (4ull << 32)
#define TRACK_COUNTER (5ull << 32)
#define TRACK_LOSS (6ull << 32)
#define TRACK_PROCESS (7ull << 32)

struct bundle {
    bool after_loss;
    size_t used;
    uint8_t data[BUNDLE_SIZE];
};

struct perfetto {
    struct xp_out out;
    struct xp_job *job;
    struct bundle *bundle[XP_HARTS];
    struct xp_set tracks; /* described tracks of mutexes, counters and losses */
    uint8_t packet[PB_ROOM];
};

/* ---- packets ---- */

static struct pb packet_begin(struct perfetto *p)
{
    struct pb b = {p->packet, p->packet + sizeof p->packet};
    pb_open(&b, 1);
    return b;
}

static void packet_end(struct perfetto *p, struct pb *b)
{
    pb_close(b, p->packet + 5); /* one byte of tag, four of length */
    xp_put(&p->out, p->packet, (size_t)(b->at - p->packet));
}

static void write_head(struct perfetto *p)
{
    const struct kymo_info *info = kymo_get_info(p->job->trace);
    struct pb b = packet_begin(p);
    pb_uint(&b, 10, SEQUENCE);
    pb_uint(&b, 13, 1);
    pb_uint(&b, 87, 1);
    uint8_t *system = pb_open(&b, 45), *uts = pb_open(&b, 1);
    pb_string(&b, 1,
              "Linux"); /* with a release of 4.14 or above: how the viewer reads prev_state */
    pb_string(&b, 2, info->image ? info->image : "");
    pb_string(&b, 3, "5.10.0-kymo");
    pb_string(&b, 4, "riscv32");
    pb_close(&b, uts);
    pb_close(&b, system);
    packet_end(p, &b);

    b = packet_begin(p);
    uint8_t *tree = pb_open(&b, 2), *process = pb_open(&b, 1);
    pb_uint(&b, 1, PROCESS);
    pb_uint(&b, 2, 0);
    pb_string(&b, 3, info->image && *info->image ? info->image : "firmware");
    pb_close(&b, process);
    pb_close(&b, tree);
    packet_end(p, &b);
}

/* ---- tracks ---- */

static void track_open(struct perfetto *p, struct pb *b, uint8_t **start, uint64_t uuid,
                       const char *name, uint64_t parent)
{
    *b = packet_begin(p);
    pb_uint(b, 10, SEQUENCE);
    *start = pb_open(b, 60);
    pb_uint(b, 1, uuid);
    if (name)
        pb_string(b, 2, name);
    if (parent)
        pb_uint(b, 5, parent);
}

static void track_close(struct perfetto *p, struct pb *b, uint8_t *start)
{
    pb_close(b, start);
    packet_end(p, b);
}

static void simple_track(struct perfetto *p, uint64_t uuid, const char *name, uint64_t parent,
                         unsigned marker)
{
    struct pb b;
    uint8_t *start;
    track_open(p, &b, &start, uuid, name, parent);
    if (marker)
        pb_close(&b, pb_open(&b, marker));
    track_close(p, &b, start);
}

static void thread_tracks(struct perfetto *p, uint32_t task, const char *name)
{
    struct pb b;
    uint8_t *start;
    track_open(p, &b, &start, TRACK_THREAD | task, NULL, 0);
    uint8_t *thread = pb_open(&b, 4);
    pb_uint(&b, 1, PROCESS);
    pb_uint(&b, 2, task);
    pb_string(&b, 5, name);
    pb_close(&b, thread);
    track_close(p, &b, start);
    simple_track(p, TRACK_WAITS | task, "waits", TRACK_THREAD | task, 0);
    simple_track(p, TRACK_STATE | task, "state", TRACK_THREAD | task, 18);
}

/* ---- track events ---- */

static uint8_t *event_open(struct perfetto *p, struct pb *b, uint64_t ns, unsigned type,
                           uint64_t track)
{
    *b = packet_begin(p);
    pb_uint(b, 8, ns);
    pb_uint(b, 10, SEQUENCE);
    uint8_t *start = pb_open(b, 11);
    pb_uint(b, 9, type);
    pb_uint(b, 11, track);
    return start;
}

static void event_close(struct perfetto *p, struct pb *b, uint8_t *start)
{
    pb_close(b, start);
    packet_end(p, b);
}

static void note_text(struct pb *b, const char *name, const char *text)
{
    uint8_t *start = pb_open(b, 4);
    pb_string(b, 10, name);
    pb_string(b, 6, text);
    pb_close(b, start);
}

static void note_number(struct pb *b, const char *name, int64_t v)
{
    uint8_t *start = pb_open(b, 4);
    pb_string(b, 10, name);
    pb_int(b, 4, v);
    pb_close(b, start);
}

static void event_name(struct pb *b, const char *category, const char *name)
{
    pb_string(b, 22, category);
    pb_string(b, 23, name);
}

static void end_slice(struct perfetto *p, uint64_t ns, uint64_t track)
{
    struct pb b;
    uint8_t *e = event_open(p, &b, ns, EV_END, track);
    event_close(p, &b, e);
}

static void state_event(struct perfetto *p, uint64_t ns, uint32_t task, const char *name)
{
    struct pb b;
    uint8_t *e = event_open(p, &b, ns, EV_STATE, TRACK_STATE | task);
    pb_string(&b, 23, name);
    event_close(p, &b, e);
}

/* ---- ftrace ---- */

static void bundle_flush(struct perfetto *p, unsigned hart)
{
    struct bundle *q = p->bundle[hart];
    uint8_t head[64];
    struct pb b = {head, head + sizeof head};
    if (!q || (q->used == 0 && !q->after_loss))
        return;
    pb_open(&b, 1);
    uint8_t *packet = b.at;
    uint8_t *bundle = pb_open(&b, 1);
    pb_uint(&b, 1, hart);
    if (q->after_loss)
        pb_uint(&b, 3, 1);
    size_t fixed = (size_t)(b.at - head);
    /* Both lengths end behind the events, which are not in `head`: close them as if they were. */
    uint8_t *starts[2] = {packet, bundle};
    for (int i = 0; i < 2; i++) {
        uint32_t n = (uint32_t)((size_t)(head + fixed - starts[i]) + q->used);
        for (int k = 0; k < 4; k++, n >>= 7)
            starts[i][k - 4] = (uint8_t)((n & 0x7F) | (k < 3 ? 0x80 : 0));
    }
    xp_put(&p->out, head, fixed);
    xp_put(&p->out, q->data, q->used);
    q->used = 0;
    q->after_loss = false;
}

/* An event of `hart` with room for its fields; NULL without memory, which write_file reports. */
static uint8_t *ftrace_open(struct perfetto *p, struct xp_flow *f, struct pb *b, unsigned hart,
                            uint64_t time, uint32_t pid)
{
    hart = hart < XP_HARTS ? hart : XP_HARTS - 1;
    struct bundle *q = p->bundle[hart];
    if (!q)
        q = p->bundle[hart] = calloc(1, sizeof *q);
    if (!q) {
        p->out.error = 12; /* ENOMEM */
        return NULL;
    }
    if (q->used > BUNDLE_SIZE - 1024)
        bundle_flush(p, hart);
    *b = (struct pb){q->data + q->used, q->data + BUNDLE_SIZE};
    uint8_t *start = pb_open(b, 2);
    pb_uint(b, 1, xp_ns(f, time));
    pb_uint(b, 2, pid);
    if (f->hart[hart].depth > 0)
        pb_uint(b, 5, COMMON_HARDIRQ);
    return start;
}

static void ftrace_close(struct perfetto *p, unsigned hart, struct pb *b, uint8_t *start)
{
    struct bundle *q = p->bundle[hart < XP_HARTS ? hart : XP_HARTS - 1];
    pb_close(b, start);
    q->used = (size_t)(b->at - q->data);
}

static int64_t prev_state(const struct xp_switch *s)
{
    switch (s->prev_state) {
    case KYMO_BLOCKED: return PREV_D;
    case KYMO_DELAYED:
    case KYMO_SUSPENDED: return PREV_S;
    case KYMO_DEAD: return PREV_X;
    default: return s->preempted ? PREV_PREEMPTED : 0;
    }
}

static void on_change(void *u, struct xp_flow *f, const struct xp_switch *s)
{
    struct perfetto *p = u;
    struct pb b;
    uint8_t *e = ftrace_open(p, f, &b, s->hart, s->time, s->prev);
    if (!e)
        return;
    uint8_t *sw = pb_open(&b, 4);
    pb_string(&b, 1, xp_task_name(f, s->prev));
    pb_uint(&b, 2, s->prev);
    pb_int(&b, 3, s->prev_level);
    pb_int(&b, 4, prev_state(s));
    pb_string(&b, 5, xp_task_name(f, s->next));
    pb_uint(&b, 6, s->next);
    pb_int(&b, 7, s->next_level);
    pb_close(&b, sw);
    ftrace_close(p, s->hart, &b, e);
}

static void on_wake(void *u, struct xp_flow *f, const struct kymo_wake *w, bool fresh)
{
    struct perfetto *p = u;
    struct pb b;
    (void)fresh;
    uint8_t *e =
        ftrace_open(p, f, &b, w->hart, w->time, f->hart[w->hart < XP_HARTS ? w->hart : 0].running);
    if (!e)
        return;
    uint8_t *wake = pb_open(&b, 20);
    pb_string(&b, 1, xp_task_name(f, w->task));
    pb_uint(&b, 2, w->task);
    pb_int(&b, 3, f->level[w->task]);
    pb_uint(&b, 4, 1);
    pb_uint(&b, 5, w->hart);
    pb_close(&b, wake);
    ftrace_close(p, w->hart, &b, e);
}

static void on_irq(void *u, struct xp_flow *f, const struct xp_irq *i)
{
    struct perfetto *p = u;
    struct pb b;
    char name[XP_NAME_MAX];
    uint8_t *e =
        ftrace_open(p, f, &b, i->hart, i->time, f->hart[i->hart < XP_HARTS ? i->hart : 0].running);
    if (!e)
        return;
    uint8_t *handler = pb_open(&b, i->in ? 36 : 37);
    pb_uint(&b, 1, i->irq);
    if (i->in)
        pb_string(&b, 2, xp_irq_name(i->irq, name));
    else
        pb_uint(&b, 2, 1);
    pb_close(&b, handler);
    ftrace_close(p, i->hart, &b, e);
}

static void on_priority(void *u, struct xp_flow *f, const struct xp_priority *q)
{
    struct perfetto *p = u;
    struct pb b;
    uint8_t *e =
        ftrace_open(p, f, &b, q->hart, q->time, f->hart[q->hart < XP_HARTS ? q->hart : 0].running);
    if (!e)
        return;
    uint8_t *set = pb_open(&b, 353);
    pb_string(&b, 1, xp_task_name(f, q->task));
    pb_int(&b, 2, q->level);
    pb_int(&b, 3, q->old_level);
    pb_uint(&b, 4, q->task);
    pb_close(&b, set);
    ftrace_close(p, q->hart, &b, e);
}

static void on_ended(void *u, struct xp_flow *f, uint64_t time, unsigned hart, uint32_t task)
{
    struct perfetto *p = u;
    struct pb b;
    uint8_t *e = ftrace_open(p, f, &b, hart, time, f->hart[hart < XP_HARTS ? hart : 0].running);
    if (!e)
        return;
    uint8_t *gone = pb_open(&b, 238);
    pb_string(&b, 1, xp_task_name(f, task));
    pb_uint(&b, 2, task);
    pb_uint(&b, 3, PROCESS);
    pb_int(&b, 4, f->level[task]);
    pb_close(&b, gone);
    ftrace_close(p, hart, &b, e);
}

/* ---- the rest ---- */

static void on_task(void *u, struct xp_flow *f, uint64_t time, uint32_t task)
{
    struct perfetto *p = u;
    const char *name = task == KYMO_TASK_IDLE ? "swapper" : xp_task_name(f, task);
    struct pb b = packet_begin(p);
    pb_uint(&b, 8, xp_ns(f, time));
    uint8_t *tree = pb_open(&b, 2), *thread = pb_open(&b, 2);
    pb_uint(&b, 1, task);
    pb_string(&b, 2, name);
    pb_uint(&b, 3, task == KYMO_TASK_IDLE ? 0 : PROCESS);
    pb_close(&b, thread);
    pb_close(&b, tree);
    packet_end(p, &b);
    if (task != KYMO_TASK_IDLE)
        thread_tracks(p, task, name);
}

static void on_interval(void *u, struct xp_flow *f, const struct kymo_interval *i)
{
    struct perfetto *p = u;
    char name[PB_STRING], irq[XP_NAME_MAX];
    struct pb b;
    if (i->task == KYMO_TASK_IDLE || i->task >= XP_TASK_LOST || i->state == KYMO_DEAD)
        return;
    xp_wait_text(f, i, name, sizeof name);
    state_event(p, xp_ns(f, i->from), i->task, name);
    if (i->state == KYMO_RUNNING || i->state == KYMO_UNKNOWN)
        return;
    uint8_t *e = event_open(p, &b, xp_ns(f, i->from), EV_BEGIN, TRACK_WAITS | i->task);
    event_name(&b, "wait", name);
    if (i->state == KYMO_READY && i->waker_irq)
        note_text(&b, "woken in interrupt", xp_irq_name(xp_irq_number(i->waker_irq - 1u, 0), irq));
    else if (i->state == KYMO_READY && i->waker < XP_TASK_LOST)
        note_text(&b, "woken by", xp_task_name(f, i->waker));
    if (i->certainty != KYMO_CERTAIN)
        note_text(&b, "certainty", xp_certainty_name(i->certainty));
    event_close(p, &b, e);
    end_slice(p, xp_ns(f, i->to), TRACK_WAITS | i->task);
}

static void on_hold(void *u, struct xp_flow *f, const struct kymo_hold *h)
{
    struct perfetto *p = u;
    uint64_t track = TRACK_MUTEX | h->object;
    char name[PB_STRING];
    struct pb b;
    if (xp_set_add(&p->tracks, track)) {
        snprintf(name, sizeof name, "mutex %.200s", kymo_object_name(f->model, h->object));
        simple_track(p, track, name, 0, 0);
    }
    uint8_t *e = event_open(p, &b, xp_ns(f, h->from), EV_BEGIN, track);
    event_name(&b, "mutex", xp_task_name(f, h->task));
    note_number(&b, "waiters", h->waiters);
    if (h->certainty != KYMO_CERTAIN)
        note_text(&b, "certainty", xp_certainty_name(h->certainty));
    event_close(p, &b, e);
    end_slice(p, xp_ns(f, h->to), track);
}

static void on_span(void *u, struct xp_flow *f, const struct kymo_user_span *s)
{
    struct perfetto *p = u;
    const char *name = kymo_string(f->trace, s->tag);
    struct pb b;
    if (s->task >= XP_TASK_LOST)
        return;
    uint8_t *e = event_open(p, &b, xp_ns(f, s->from), EV_BEGIN, TRACK_THREAD | s->task);
    event_name(&b, "span", name ? name : "span");
    if (s->certainty != KYMO_CERTAIN)
        note_text(&b, "certainty", xp_certainty_name(s->certainty));
    event_close(p, &b, e);
    end_slice(p, xp_ns(f, s->to), TRACK_THREAD | s->task);
}

static void on_gap(void *u, struct xp_flow *f, const struct kymo_gap *g)
{
    struct perfetto *p = u;
    unsigned hart = g->hart < XP_HARTS ? g->hart : XP_HARTS - 1;
    char name[PB_STRING];
    struct pb b;
    bundle_flush(p, hart);
    if (!p->bundle[hart])
        p->bundle[hart] = calloc(1, sizeof *p->bundle[hart]);
    if (p->bundle[hart])
        p->bundle[hart]->after_loss = true;
    if (xp_set_add(&p->tracks, TRACK_LOSS | hart)) {
        snprintf(name, sizeof name, "losses of hart %u", hart);
        simple_track(p, TRACK_LOSS | hart, name, 0, 0);
    }
    if (g->events == UINT64_MAX)
        snprintf(name, sizeof name, "lost: %s, not counted", xp_loss_name(g->cause));
    else
        snprintf(name, sizeof name, "lost: %s, %llu events", xp_loss_name(g->cause),
                 (unsigned long long)g->events);
    uint8_t *e = event_open(p, &b, xp_ns(f, g->from), EV_BEGIN, TRACK_LOSS | hart);
    event_name(&b, "loss", name);
    event_close(p, &b, e);
    end_slice(p, xp_ns(f, g->to), TRACK_LOSS | hart);
}

static void counter(struct perfetto *p, struct xp_flow *f, const struct kymo_event *e)
{
    const struct xp_code *c = &f->code[e->code];
    if (!c->tag || !c->value)
        return;
    uint32_t tag = kymo_value(e, c->tag, c->desc);
    const char *name = kymo_string(f->trace, tag);
    struct pb b;
    if (xp_set_add(&p->tracks, TRACK_COUNTER | tag))
        simple_track(p, TRACK_COUNTER | tag, name ? name : "counter", 0, 8);
    uint8_t *start = event_open(p, &b, xp_ns(f, e->time), EV_COUNTER, TRACK_COUNTER | tag);
    pb_int(&b, 30, (int32_t)kymo_value(e, c->value, c->desc));
    event_close(p, &b, start);
}

static void instant(struct perfetto *p, struct xp_flow *f, const struct kymo_event *e,
                    const char *category)
{
    const struct xp_code *c = &f->code[e->code];
    uint32_t task = f->hart[e->hart < XP_HARTS ? e->hart : 0].running;
    struct xp_args args;
    struct pb b;
    const char *tag = c->tag ? kymo_string(f->trace, kymo_value(e, c->tag, c->desc)) : NULL;
    xp_args_of(f, e, &args);
    uint8_t *start = event_open(
        p, &b, xp_ns(f, e->time), EV_INSTANT,
        task == KYMO_TASK_IDLE || task == XP_TASK_LOST ? TRACK_PROCESS : TRACK_THREAD | task);
    const char *message = xp_message(f, e);
    event_name(&b, category, message ? message : tag ? tag : c->desc ? c->desc->name : "event");
    for (unsigned i = 0; i < args.n; i++) {
        if (args.arg[i].text)
            note_text(&b, args.arg[i].name, args.arg[i].text);
        else
            note_number(&b, args.arg[i].name, args.arg[i].value);
    }
    event_close(p, &b, start);
}

static void on_event(void *u, struct xp_flow *f, const struct kymo_event *e, unsigned use)
{
    struct perfetto *p = u;
    if (use == XP_USE_COUNTER)
        counter(p, f, e);
    else if (use == XP_USE_MARK || use == XP_USE_LOG)
        instant(p, f, e, "user");
    else if (use == XP_USE_OTHER && !p->job->brief)
        instant(p, f, e, "kernel");
}

static void on_end(void *u, struct xp_flow *f, uint64_t time)
{
    struct perfetto *p = u;
    (void)f;
    (void)time;
    for (unsigned h = 0; h < XP_HARTS; h++)
        bundle_flush(p, h);
}

static const struct xp_steps steps = {
    .task = on_task,
    .ended = on_ended,
    .change = on_change,
    .wake = on_wake,
    .priority = on_priority,
    .irq = on_irq,
    .event = on_event,
    .gap = on_gap,
    .interval = on_interval,
    .hold = on_hold,
    .span = on_span,
    .end = on_end,
};

static void process_track(struct perfetto *p)
{
    struct pb b;
    uint8_t *start;
    track_open(p, &b, &start, TRACK_PROCESS, NULL, 0);
    uint8_t *process = pb_open(&b, 3);
    pb_uint(&b, 1, PROCESS);
    pb_close(&b, process);
    track_close(p, &b, start);
}

static int write_perfetto(struct xp_job *job, struct kymo_error *err)
{
    struct perfetto *p = calloc(1, sizeof *p);
    if (!p) {
        snprintf(err->text, sizeof err->text, "out of memory");
        return -1;
    }
    p->job = job;
    int r = xp_out_open(&p->out, job->output, err);
    if (r == 0) {
        write_head(p);
        process_track(p);
        r = xp_write_file(job, &p->out, &steps, p, err);
    }
    for (unsigned h = 0; h < XP_HARTS; h++)
        free(p->bundle[h]);
    xp_set_free(&p->tracks);
    free(p);
    return r;
}

const struct xp_format xp_perfetto = {
    "perfetto", ".pftrace", "Perfetto's native format, for ui.perfetto.dev", true, write_perfetto,
};
