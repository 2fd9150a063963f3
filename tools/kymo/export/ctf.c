/* SPDX-License-Identifier: MIT */
/* CTF 1.8 with the names of LTTng's kernel tracer, so that babeltrace, Trace Compass and
 * lttng-analyses know the schedule, and an event kymo_NAME for each event of the trace's table that
 * those names cannot say.
 *
 * A folder NAME/kernel holds `metadata` and one stream file per hart; lttng-analyses insists on the
 * name "kernel".
 *
 *   packet   magic, stream id | begin, end, content and packet size in bits, number, discarded so
 *            far, cpu_id | events
 *   event    u16 id, u32 low half of the clock | fields, all aligned to 8 bits
 *
 * Invariants
 *   C1  each stream begins with an empty packet whose discarded count is 0, else the first loss has
 *       no number
 *   C2  two events of one packet are less than 2^32 counts apart, because a reader completes the
 *       short stamp
 *   C3  a gap ends a packet and is followed by an empty one from its first to its last instant,
 *       which alone raises the discarded count: so the reader prints where the loss was. A gap
 *       nobody could count skips a packet number
 *   C4  files hold whole packets and nothing else */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctf.h"

enum { PACKET = 1 << 16, HEADER = 8 + 6 * 8 + 4, EVENT_MAX = 1280, COMM = 16, MESSAGE = 256 };
enum { TASK_NEW = 0, TASK_DEAD = 64 };

struct stream {
    struct xp_out out;
    bool open;
    uint64_t begin, last; /* of the packet; time of the last event or gap */
    uint64_t number, discarded;
    size_t used;
    uint8_t packet[PACKET];
};

struct ctf {
    struct xp_job *job;
    char folder[PATH_MAX]; /* .../kernel, under its temporary name */
    struct stream *stream[XP_HARTS];
    struct kymo_error *err;
    uint64_t scale; /* clock counts of the stream to one of the trace: see ctf_clock */
    bool failed;
};

/* ---- packets ---- */

static uint8_t *put(uint8_t *at, const void *p, size_t n)
{
    memcpy(at, p, n);
    return at + n;
}

static uint8_t *put8(uint8_t *at, unsigned v)
{
    *at = (uint8_t)v;
    return at + 1;
}

static uint8_t *put16(uint8_t *at, unsigned v)
{
    return put(at, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
    return put16(put16(at, v & 0xFFFF), v >> 16);
}

static uint8_t *put64(uint8_t *at, uint64_t v)
{
    return put32(put32(at, (uint32_t)v), (uint32_t)(v >> 32));
}

static void packet_write(struct stream *s, unsigned hart, uint64_t end)
{
    uint8_t *at = put32(put32(s->packet, 0xC1FC1FC1u), 0);
    at = put64(put64(at, s->begin), end);
    at = put64(put64(at, s->used * 8), s->used * 8);
    at = put64(put64(at, s->number++), s->discarded);
    at = put32(at, hart);
    assert(at == s->packet + HEADER);
    xp_put(&s->out, s->packet, s->used);
    s->used = HEADER;
    s->begin = end;
}

static void packet_empty(struct stream *s, unsigned hart, uint64_t from, uint64_t to)
{
    assert(s->used == HEADER);
    s->begin = from;
    packet_write(s, hart, to);
}

static struct stream *stream_of(struct ctf *c, unsigned hart, uint64_t time)
{
    hart = hart < XP_HARTS ? hart : XP_HARTS - 1;
    struct stream *s = c->stream[hart];
    if (s || c->failed)
        return c->failed ? NULL : s;
    char path[PATH_MAX];
    s = calloc(1, sizeof *s);
    bool named = (size_t)snprintf(path, sizeof path, "%s/hart_%u", c->folder, hart) < sizeof path;
    if (!s || !named || xp_out_open(&s->out, path, c->err) < 0) {
        if (!s || !named)
            snprintf(c->err->text, sizeof c->err->text, s ? "name too long" : "out of memory");
        free(s);
        c->failed = true;
        return NULL;
    }
    s->used = HEADER;
    s->last = time;
    packet_empty(s, hart, time, time); /* C1 */
    return c->stream[hart] = s;
}

/* Room for one event with its header written; NULL when the stream cannot be written. */
static uint8_t *event_begin(struct ctf *c, unsigned hart, uint64_t time, unsigned id)
{
    time *= c->scale;
    struct stream *s = stream_of(c, hart, time);
    if (!s)
        return NULL;
    if (s->used > HEADER && (s->used + EVENT_MAX > PACKET || time - s->last >= UINT32_MAX)) /* C2 */
        packet_write(s, hart, s->last);
    if (s->used == HEADER)
        s->begin = time;
    s->last = time;
    return put32(put16(s->packet + s->used, id), (uint32_t)time);
}

static void event_end(struct ctf *c, unsigned hart, const uint8_t *at)
{
    struct stream *s = c->stream[hart < XP_HARTS ? hart : XP_HARTS - 1];
    assert(at >= s->packet + s->used && at <= s->packet + s->used + EVENT_MAX);
    s->used = (size_t)(at - s->packet);
}

static uint8_t *put_comm(uint8_t *at, const struct xp_flow *f, uint32_t task, unsigned hart)
{
    char name[COMM] = {0};
    if (task == KYMO_TASK_IDLE) {
        snprintf(name, sizeof name, "swapper/%u", hart);
    } else {
        const char *s = xp_task_name(f, task);
        memcpy(name, s, strnlen(s, COMM - 1));
    }
    return put(at, name, COMM);
}

static uint8_t *put_string(uint8_t *at, const char *s, size_t most)
{
    size_t n = strnlen(s, most - 1);
    put(at, s, n);
    for (size_t i = 0; i < n; i++, at++)
        if (*at < ' ') /* a format's newline would break the readers' lines */
            *at = ' ';
    return put8(at, 0);
}

/* ---- LTTng's events ---- */

static uint32_t prev_state(const struct xp_switch *s)
{
    switch (s->prev_state) {
    case KYMO_BLOCKED: return 2;
    case KYMO_DELAYED:
    case KYMO_SUSPENDED: return 1;
    case KYMO_DEAD: return TASK_DEAD;
    default: return 0;
    }
}

static void on_change(void *u, struct xp_flow *f, const struct xp_switch *s)
{
    uint8_t *at = event_begin(u, s->hart, s->time, CTF_SWITCH);
    if (!at)
        return;
    at = put_comm(at, f, s->prev, s->hart);
    at = put32(put32(put32(at, s->prev), (uint32_t)s->prev_level), prev_state(s));
    at = put_comm(at, f, s->next, s->hart);
    at = put32(put32(at, s->next), (uint32_t)s->next_level);
    event_end(u, s->hart, at);
}

static void on_wake(void *u, struct xp_flow *f, const struct kymo_wake *w, bool fresh)
{
    (void)fresh;
    uint8_t *at = event_begin(u, w->hart, w->time, CTF_WAKING);
    if (!at)
        return;
    at = put_comm(at, f, w->task, w->hart);
    at = put32(put32(put32(at, w->task), (uint32_t)f->level[w->task]), w->hart);
    event_end(u, w->hart, at);
}

static void on_irq(void *u, struct xp_flow *f, const struct xp_irq *i)
{
    char name[XP_NAME_MAX];
    (void)f;
    uint8_t *at = event_begin(u, i->hart, i->time, i->in ? CTF_IRQ_IN : CTF_IRQ_OUT);
    if (!at)
        return;
    at = put32(at, i->irq);
    at = i->in ? put_string(at, xp_irq_name(i->irq, name), XP_NAME_MAX) : put32(at, 1);
    event_end(u, i->hart, at);
}

static void on_priority(void *u, struct xp_flow *f, const struct xp_priority *p)
{
    uint8_t *at = event_begin(u, p->hart, p->time, CTF_SETPRIO);
    if (!at)
        return;
    at = put_comm(at, f, p->task, p->hart);
    at = put32(put32(put32(at, p->task), (uint32_t)p->old_level), (uint32_t)p->level);
    event_end(u, p->hart, at);
}

static void on_ended(void *u, struct xp_flow *f, uint64_t time, unsigned hart, uint32_t task)
{
    uint8_t *at = event_begin(u, hart, time, CTF_EXIT);
    if (!at)
        return;
    at = put_comm(at, f, task, hart);
    event_end(u, hart, put32(put32(at, task), (uint32_t)f->level[task]));
}

static uint32_t status(const struct kymo_task *t)
{
    if (!t || t->state == KYMO_RUNNING)
        return 6;
    return t->state == KYMO_READY || t->state == KYMO_UNKNOWN ? 2 : 5;
}

/* A name for the task. Not sched_process_fork: a task may also be first seen, or named, long after
 * its creation. */
static void on_task(void *u, struct xp_flow *f, uint64_t time, uint32_t task)
{
    const struct kymo_task *t = task < XP_TASK_LOST ? kymo_model_task(f->model, task) : NULL;
    unsigned hart = f->at_hart;
    uint8_t *at = event_begin(u, hart, time, CTF_STATEDUMP);
    if (!at)
        return;
    uint32_t group = task == KYMO_TASK_IDLE ? 0 : 1;
    at = put32(put32(put32(put32(at, task), task), group), group);
    at = put_comm(put32(put32(at, 0), 0), f, task, hart);
    at = put32(put32(put32(put32(at, 0), 0), 0), status(t));
    event_end(u, hart, put32(put32(at, 0), hart));
}

/* ---- events of our own ---- */

static uint8_t *put_value(uint8_t *at, const struct xp_flow *f, const struct kymo_field *fd,
                          uint32_t v)
{
    at = put32(at, v);
    const char *s = NULL;
    if (strcmp(fd->type, "obj") == 0)
        s = v ? kymo_object_name(f->model, v) : "none";
    else if (strcmp(fd->type, "code") == 0)
        s = kymo_code_name(f->model, v);
    else if (strcmp(fd->type, "task") == 0)
        s = xp_task_name(f, v);
    else if (strcmp(fd->type, "tag") == 0)
        s = kymo_string(f->trace, v);
    return ctf_has_text(fd->type) ? put_string(at, s ? s : "", XP_NAME_MAX) : at;
}

static void on_event(void *u, struct xp_flow *f, const struct kymo_event *e, unsigned use)
{
    struct ctf *c = u;
    const struct kymo_event_desc *d = f->code[e->code].desc;
    if (!d || use == XP_USE_SCHED || use == XP_USE_IRQ || use == XP_USE_NAME ||
        ((use == XP_USE_OTHER || use == XP_USE_CLOCK) && c->job->brief))
        return;
    uint8_t *at = event_begin(u, e->hart, e->time, CTF_OWN + d->code);
    if (!at)
        return;
    for (unsigned i = 0; i < d->fields && i < CTF_FIELDS; i++) {
        const struct kymo_field *fd = &d->field[i];
        if (fd->kind != 'M') {
            at = put_value(at, f, fd, kymo_value(e, fd, d));
            continue;
        }
        unsigned n = e->words > fd->word ? (unsigned)(e->words - fd->word) : 0;
        at = put8(at, n);
        for (unsigned w = 0; w < n; w++)
            at = put32(at, e->word[fd->word + w]);
    }
    if (ctf_has_message(d)) {
        const char *message = xp_message(f, e);
        at = put_string(at, message ? message : "", MESSAGE);
    }
    event_end(u, e->hart, at);
}

static void on_gap(void *u, struct xp_flow *f, const struct kymo_gap *g)
{
    struct ctf *c = u;
    uint64_t from = g->from * c->scale, to = g->to * c->scale;
    struct stream *s = stream_of(c, g->hart, from);
    unsigned hart = g->hart < XP_HARTS ? g->hart : XP_HARTS - 1;
    (void)f;
    if (!s)
        return;
    from = from > s->last ? from : s->last; /* a gap by a mask is told at its end */
    to = to > from ? to : from;
    if (s->used > HEADER)
        packet_write(s, hart, from);
    if (g->events == UINT64_MAX)
        s->number++;
    else
        s->discarded += g->events;
    packet_empty(s, hart, from, to); /* C3 */
    s->last = to;
    uint8_t *at = event_begin(c, hart, g->to, CTF_LOST);
    at = put64(put8(put64(at, g->from * c->scale), g->cause), g->events);
    event_end(c, hart, at);
}

static void on_end(void *u, struct xp_flow *f, uint64_t time)
{
    struct ctf *c = u;
    (void)f;
    time *= c->scale;
    for (unsigned h = 0; h < XP_HARTS; h++) {
        struct stream *s = c->stream[h];
        if (s && s->used > HEADER)
            packet_write(s, h, time > s->last ? time : s->last);
    }
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
    .end = on_end,
};

/* ---- the folder ---- */

static int fail(struct kymo_error *err, const char *what, const char *path)
{
    snprintf(err->text, sizeof err->text, "%s %.300s: %s", what, path, strerror(errno));
    return -1;
}

/* Ends the stream files: all of them are in place under the temporary folder, or err says why
 * not. */
static int end_streams(struct ctf *c, int r)
{
    for (unsigned h = 0; h < XP_HARTS; h++) {
        struct stream *s = c->stream[h];
        if (!s)
            continue;
        if (r == 0)
            r = xp_out_commit(&s->out, c->err);
        else
            xp_out_abort(&s->out);
        free(s);
        c->stream[h] = NULL;
    }
    return r;
}

static int write_metadata(struct ctf *c)
{
    char path[PATH_MAX];
    struct xp_out out;
    if ((size_t)snprintf(path, sizeof path, "%s/metadata", c->folder) >= sizeof path ||
        xp_out_open(&out, path, c->err) < 0)
        return -1;
    ctf_metadata(&out, c->job->trace);
    return xp_out_commit(&out, c->err);
}

/* Removes a folder that holds an export of ours and nothing else; leaves any other alone. */
static void remove_export(const char *name)
{
    char path[PATH_MAX];
    for (unsigned h = 0; h < XP_HARTS; h++)
        if ((size_t)snprintf(path, sizeof path, "%s/kernel/hart_%u", name, h) < sizeof path)
            unlink(path);
    if ((size_t)snprintf(path, sizeof path, "%s/kernel/metadata", name) < sizeof path)
        unlink(path);
    if ((size_t)snprintf(path, sizeof path, "%s/kernel", name) < sizeof path)
        rmdir(path);
    rmdir(name);
}

static bool is_ours(const char *name)
{
    char path[PATH_MAX], line[64] = "";
    if ((size_t)snprintf(path, sizeof path, "%s/kernel/metadata", name) >= sizeof path)
        return false;
    FILE *f = fopen(path, "r");
    bool ours = f && fread(line, 1, sizeof line - 1, f) > 0 && strstr(line, CTF_MARK);
    if (f)
        fclose(f);
    return ours;
}

static int into_place(const char *temp, const char *final, struct kymo_error *err)
{
    if (access(final, F_OK) == 0) {
        if (!is_ours(final)) {
            snprintf(err->text, sizeof err->text,
                     "%.300s exists and is no CTF export of kymo: not replaced", final);
            return -1;
        }
        remove_export(final);
    }
    return rename(temp, final) == 0 ? 0 : fail(err, "cannot write", final);
}

/* The folder, with its streams under temporary names and under guard. */
static int fill(struct ctf *c, const char *temp)
{
    if ((size_t)snprintf(c->folder, sizeof c->folder, "%s/kernel", temp) >= sizeof c->folder)
        return fail(c->err, "name too long:", temp);
    if (mkdir(c->folder, 0777) != 0)
        return fail(c->err, "cannot write", c->folder);
    int guard = xp_guard_add(c->folder);
    xp_guard_hold(false);
    int r = xp_flow_run(c->job, &steps, c, c->err);
    xp_guard_hold(true);
    xp_guard_remove(guard);
    return r < 0 || c->failed ? -1 : 0;
}

/* Files get their names inside the temporary folder, where no guard knows them: signals wait. */
static int write_ctf(struct xp_job *job, struct kymo_error *err)
{
    char temp[PATH_MAX];
    struct ctf c = {.job = job, .err = err, .scale = ctf_scale(job->trace)};
    if ((size_t)snprintf(temp, sizeof temp, "%s.XXXXXX", job->output) >= sizeof temp)
        return fail(err, "name too long:", job->output);
    xp_guard_hold(true);
    int r = mkdtemp(temp) ? 0 : fail(err, "cannot create a folder beside", job->output);
    if (r == 0) {
        chmod(temp, 0777 & ~xp_umask());
        int guard = xp_guard_add(temp);
        r = end_streams(&c, fill(&c, temp));
        if (r == 0)
            r = write_metadata(&c);
        if (r == 0)
            r = into_place(temp, job->output, err);
        if (r != 0)
            remove_export(temp);
        xp_guard_remove(guard);
    }
    xp_guard_hold(false);
    return r;
}

const struct xp_format xp_ctf = {
    "ctf",
    ".ctf",
    "CTF 1.8 with LTTng's kernel names, for babeltrace2, Trace Compass, lttng-analyses",
    false,
    write_ctf,
};
