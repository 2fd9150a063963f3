/* SPDX-License-Identifier: MIT */
/* trace.dat, version 6, for trace-cmd and KernelShark: the ring-buffer pages of a Linux kernel and,
 * before them, the text that says what the events' fields are.
 *
 * The pages of a hart are spooled beside the output while the trace is read, because the file wants
 * the names of all tasks and every hart's size ahead of them. A page: u64 time, u64 bytes of data
 * and flags, then records of `u32 type_len:5 | delta:27` and data. Invariants
 *   D1  a page's time is that of its first record, whose delta is 0; later records say the distance
 *       from the one before
 *   D2  a distance of 2^27 ns or more is a record of its own (type 30) before the event
 *   D3  the page after a gap carries flag 31 and, if the loss was counted, flag 30 and the count
 *       behind its data
 *   D4  common_pid is the task that ran; flag 0x08 says that an interrupt handler did */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tracedat.h"

enum {
    PAGE = 4096,
    PAGE_HEAD = 16,
    ROOM = PAGE - PAGE_HEAD - 8,
    HARDIRQ = 0x08,
    COMM = 16,
    MESSAGE = 256
};
#define MISSED (1ull << 31)
#define MISSED_COUNT (1ull << 30)

struct ring {
    struct xp_out spool;
    uint64_t last;   /* ns of the last record */
    uint64_t missed; /* before this page */
    bool after_loss, counted;
    size_t used; /* bytes of data in the page */
    uint8_t page[PAGE];
};

struct dat {
    struct xp_job *job;
    struct xp_out out;
    struct kymo_error *err;
    bool failed;
    struct ring *ring[XP_HARTS];
    char (*comm)[COMM]; /* by task, XP_TASKS of them */
    uint8_t record[2048]; /* header, DAT_FIELDS numbers, references and names fit */
};

static void put(uint8_t **at, const void *p, size_t n)
{
    memcpy(*at, p, n);
    *at += n;
}

static void put16(uint8_t **at, unsigned v)
{
    put(at, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void put32(uint8_t **at, uint32_t v)
{
    put16(at, v & 0xFFFF);
    put16(at, v >> 16);
}

static void put64(uint8_t **at, uint64_t v)
{
    put32(at, (uint32_t)v);
    put32(at, (uint32_t)(v >> 32));
}

/* ---- pages ---- */

static void page_write(struct ring *r)
{
    uint8_t *at = r->page + 8;
    uint64_t commit = r->used;
    if (r->after_loss)
        commit |= MISSED | (r->counted ? MISSED_COUNT : 0);
    put64(&at, commit);
    at = r->page + PAGE_HEAD + r->used;
    if (r->after_loss && r->counted)
        put64(&at, r->missed);
    memset(at, 0, (size_t)(r->page + PAGE - at));
    xp_put(&r->spool, r->page, PAGE);
    r->used = 0;
    r->after_loss = r->counted = false;
    r->missed = 0;
}

static struct ring *ring_of(struct dat *d, unsigned hart)
{
    hart = hart < XP_HARTS ? hart : XP_HARTS - 1;
    struct ring *r = d->ring[hart];
    if (r || d->failed)
        return d->failed ? NULL : r;
    r = calloc(1, sizeof *r);
    if (!r || xp_out_spool(&r->spool, d->job->output, d->err) < 0) {
        if (!r)
            snprintf(d->err->text, sizeof d->err->text, "out of memory");
        free(r);
        d->failed = true;
        return NULL;
    }
    return d->ring[hart] = r;
}

static void record_write(struct dat *d, unsigned hart, uint64_t ns, size_t n)
{
    struct ring *r = ring_of(d, hart);
    size_t words = (n + 3) / 4, head = words > 28 ? 8 : 4;
    if (!r)
        return;
    memset(d->record + n, 0, words * 4 - n);
    if (r->used && r->used + 8 + head + words * 4 > ROOM)
        page_write(r);
    uint8_t *at = r->page + PAGE_HEAD + r->used;
    uint64_t delta = r->used ? ns - r->last : 0;
    if (r->used == 0) { /* D1 */
        uint8_t *page = r->page;
        put64(&page, ns);
    }
    if (delta >= 1u << 27) { /* D2 */
        put32(&at, 30u | (uint32_t)(delta & 0x7FFFFFF) << 5);
        put32(&at, (uint32_t)(delta >> 27));
        delta = 0;
    }
    put32(&at, (words > 28 ? 0u : (uint32_t)words) | (uint32_t)delta << 5);
    if (words > 28)
        put32(&at, (uint32_t)words * 4 + 4);
    put(&at, d->record, words * 4);
    r->used = (size_t)(at - r->page) - PAGE_HEAD;
    assert(r->used <= ROOM);
    r->last = ns;
}

/* ---- records ---- */

static uint8_t *record_begin(struct dat *d, struct xp_flow *f, unsigned id, unsigned hart,
                             uint32_t pid)
{
    uint8_t *at = d->record;
    put16(&at, id);
    *at++ = f->hart[hart < XP_HARTS ? hart : 0].depth ? HARDIRQ : 0;
    *at++ = 0;
    put32(&at, pid);
    return at;
}

static uint32_t running(struct xp_flow *f, unsigned hart)
{
    return f->hart[hart < XP_HARTS ? hart : 0].running;
}

static void put_comm(struct dat *d, uint8_t **at, uint32_t task)
{
    static const char idle[COMM] = "<idle>", lost[COMM] = "(lost)";
    put(at, task == KYMO_TASK_IDLE ? idle : task == XP_TASK_LOST ? lost : d->comm[task], COMM);
}

static void record_end(struct dat *d, struct xp_flow *f, unsigned hart, uint64_t time,
                       const uint8_t *at)
{
    record_write(d, hart, xp_ns(f, time), (size_t)(at - d->record));
}

static uint32_t prev_state(const struct xp_switch *s)
{
    switch (s->prev_state) {
    case KYMO_BLOCKED: return 2;
    case KYMO_DELAYED:
    case KYMO_SUSPENDED: return 1;
    case KYMO_DEAD: return 16;
    default: return 0;
    }
}

static void on_task(void *u, struct xp_flow *f, uint64_t time, uint32_t task)
{
    struct dat *d = u;
    const char *s = xp_task_name(f, task);
    (void)time;
    memset(d->comm[task], 0, COMM);
    memcpy(d->comm[task], s, strnlen(s, COMM - 1));
    for (char *c = d->comm[task]; *c; c++)
        if (*c == '\n') /* the list of names is one line each */
            *c = '?';
}

static void on_change(void *u, struct xp_flow *f, const struct xp_switch *s)
{
    struct dat *d = u;
    uint8_t *at = record_begin(d, f, DAT_SWITCH, s->hart, s->prev);
    put_comm(d, &at, s->prev);
    put32(&at, s->prev);
    put32(&at, (uint32_t)s->prev_level);
    put64(&at, prev_state(s));
    put_comm(d, &at, s->next);
    put32(&at, s->next);
    put32(&at, (uint32_t)s->next_level);
    record_end(d, f, s->hart, s->time, at);
}

static void on_wake(void *u, struct xp_flow *f, const struct kymo_wake *w, bool fresh)
{
    struct dat *d = u;
    (void)fresh;
    uint8_t *at = record_begin(d, f, DAT_WAKING, w->hart, running(f, w->hart));
    put_comm(d, &at, w->task);
    put32(&at, w->task);
    put32(&at, (uint32_t)f->level[w->task]);
    put32(&at, w->hart);
    record_end(d, f, w->hart, w->time, at);
}

static void on_irq(void *u, struct xp_flow *f, const struct xp_irq *i)
{
    struct dat *d = u;
    char name[XP_NAME_MAX];
    uint8_t *at =
        record_begin(d, f, i->in ? DAT_IRQ_IN : DAT_IRQ_OUT, i->hart, running(f, i->hart));
    put32(&at, i->irq);
    if (i->in) {
        const char *s = xp_irq_name(i->irq, name);
        put32(&at, (uint32_t)(strlen(s) + 1) << 16 | 16);
        put(&at, s, strlen(s) + 1);
    } else {
        put32(&at, 1);
    }
    record_end(d, f, i->hart, i->time, at);
}

static void on_priority(void *u, struct xp_flow *f, const struct xp_priority *p)
{
    struct dat *d = u;
    uint8_t *at = record_begin(d, f, DAT_SETPRIO, p->hart, running(f, p->hart));
    put_comm(d, &at, p->task);
    put32(&at, p->task);
    put32(&at, (uint32_t)p->old_level);
    put32(&at, (uint32_t)p->level);
    record_end(d, f, p->hart, p->time, at);
}

static void on_ended(void *u, struct xp_flow *f, uint64_t time, unsigned hart, uint32_t task)
{
    struct dat *d = u;
    uint8_t *at = record_begin(d, f, DAT_EXIT, hart, running(f, hart));
    put_comm(d, &at, task);
    put32(&at, task);
    put32(&at, (uint32_t)f->level[task]);
    record_end(d, f, hart, time, at);
}

static void put_arg(struct dat *d, uint8_t **fixed, uint8_t **text, const char *s)
{
    size_t n = s ? strnlen(s, XP_NAME_MAX - 1) : 0;
    put32(fixed, (uint32_t)(n + 1) << 16 | (uint32_t)(*text - d->record));
    for (size_t i = 0; i < n; i++) /* a format's newline would break the report's lines */
        *(*text)++ = (uint8_t)((uint8_t)s[i] < ' ' ? ' ' : s[i]);
    *(*text)++ = 0;
}

/* Numbers first, in the order of the table, then a reference per named field, then the names: as
 * tracedat_formats says. */
static void own(struct dat *d, struct xp_flow *f, const struct kymo_event *e,
                const struct kymo_event_desc *desc)
{
    uint32_t v[DAT_FIELDS];
    unsigned hart = e->hart, names = 0, n = dat_numbers(desc);
    uint8_t *at = record_begin(d, f, DAT_OWN + desc->code, hart, running(f, hart));
    for (unsigned i = 0; i < n; i++) {
        const struct kymo_field *fd = dat_field(desc, i);
        if (fd->kind != 'M')
            v[i] = kymo_value(e, fd, desc);
        else
            v[i] = fd->word + i - (desc->fields - 1u) < e->words
                       ? e->word[fd->word + i - (desc->fields - 1u)]
                       : 0;
        put32(&at, v[i]);
        names += dat_has_text(fd);
    }
    uint8_t *text = at + 4 * names;
    for (unsigned i = 0; i < n; i++) {
        const struct kymo_field *fd = dat_field(desc, i);
        if (!dat_has_text(fd))
            continue;
        if (strcmp(fd->type, "obj") == 0)
            put_arg(d, &at, &text, v[i] ? kymo_object_name(f->model, v[i]) : "none");
        else if (strcmp(fd->type, "code") == 0)
            put_arg(d, &at, &text, kymo_code_name(f->model, v[i]));
        else if (strcmp(fd->type, "task") == 0)
            put_arg(d, &at, &text, xp_task_name(f, v[i]));
        else
            put_arg(d, &at, &text, kymo_string(f->trace, v[i]));
    }
    record_end(d, f, hart, e->time, text);
}

/* A log event is what trace_printk would have written. */
static void print(struct dat *d, struct xp_flow *f, const struct kymo_event *e, const char *message)
{
    uint8_t *at = record_begin(d, f, DAT_PRINT, e->hart, running(f, e->hart));
    size_t n = strnlen(message, MESSAGE);
    put64(&at, 0);
    put(&at, message, n);
    *at++ = 0;
    record_end(d, f, e->hart, e->time, at);
}

static void on_event(void *u, struct xp_flow *f, const struct kymo_event *e, unsigned use)
{
    struct dat *d = u;
    const struct kymo_event_desc *desc = f->code[e->code].desc;
    if (!desc || use == XP_USE_SCHED || use == XP_USE_IRQ || use == XP_USE_NAME ||
        ((use == XP_USE_OTHER || use == XP_USE_CLOCK) && d->job->brief))
        return;
    const char *message = xp_message(f, e);
    if (message)
        print(d, f, e, message);
    else
        own(d, f, e, desc);
}

static void on_gap(void *u, struct xp_flow *f, const struct kymo_gap *g)
{
    struct dat *d = u;
    struct ring *r = ring_of(d, g->hart);
    if (!r)
        return;
    if (r->used)
        page_write(r);
    r->counted =
        g->events != UINT64_MAX && (r->counted || !r->after_loss); /* D3; two gaps may meet */
    r->after_loss = true;
    r->missed += g->events != UINT64_MAX ? g->events : 0;
    uint8_t *at = record_begin(d, f, DAT_LOST, g->hart, XP_TASK_LOST);
    put64(&at, xp_ns(f, g->from));
    put64(&at, g->events);
    put32(&at, g->cause);
    record_end(d, f, g->hart, g->to, at);
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
};

/* ---- the file ---- */

static void out16(struct xp_out *o, unsigned v)
{
    xp_put(o, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void out32(struct xp_out *o, uint32_t v)
{
    out16(o, v & 0xFFFF);
    out16(o, v >> 16);
}

static void out64(struct xp_out *o, uint64_t v)
{
    out32(o, (uint32_t)v);
    out32(o, (uint32_t)(v >> 32));
}

static void option(struct xp_out *o, unsigned id, const void *data, size_t n)
{
    out16(o, id);
    out32(o, (uint32_t)n);
    xp_put(o, data, n);
}

static int write_names(struct dat *d)
{
    struct kymo_error *err = d->err;
    struct xp_out names;
    if (xp_out_spool(&names, d->job->output, err) < 0)
        return -1;
    for (uint32_t t = 1; t < XP_TASKS; t++)
        if (d->comm[t][0])
            xp_out_printf(&names, "%u %s\n", t, d->comm[t]);
    out64(&d->out, xp_out_size(&names));
    return xp_out_append(&d->out, &names, err);
}

static void write_options(struct dat *d, unsigned harts)
{
    static const char clock[] = "[mono] local global", uname[] = "Linux kymo 5.10.0 riscv32",
                      version[] = "kymo";
    struct xp_out *o = &d->out;
    uint8_t count[4] = {(uint8_t)harts, 0, 0, 0};
    xp_put(o, "options  ", 10);
    option(o, 4, clock, sizeof clock);
    option(o, 5, uname, sizeof uname);
    option(o, 8, count, sizeof count);
    option(o, 9, version, sizeof version);
    out16(o, 0);
}

static unsigned hart_count(const struct dat *d)
{
    unsigned n = 1;
    for (unsigned h = 0; h < XP_HARTS; h++)
        if (d->ring[h])
            n = h + 1;
    return n;
}

static int write_data(struct dat *d, unsigned harts)
{
    struct xp_out *o = &d->out;
    xp_put(o, "flyrecord", 10);
    uint64_t at = xp_out_size(o) + 16 * harts;
    uint64_t pad = -at & (PAGE - 1);
    at += pad;
    for (unsigned h = 0; h < harts; h++) {
        uint64_t size = d->ring[h] ? xp_out_size(&d->ring[h]->spool) : 0;
        out64(o, at);
        out64(o, size);
        at += size;
    }
    for (; pad; pad--)
        xp_putc(o, 0);
    for (unsigned h = 0; h < harts; h++)
        if (d->ring[h] && xp_out_append(o, &d->ring[h]->spool, d->err) < 0)
            return -1;
    return 0;
}

static int write_all(struct dat *d)
{
    unsigned harts = hart_count(d);
    for (unsigned h = 0; h < harts; h++)
        if (d->ring[h] && d->ring[h]->used)
            page_write(d->ring[h]);
    tracedat_head(&d->out, d->job->trace);
    if (write_names(d) < 0)
        return -1;
    out32(&d->out, harts);
    write_options(d, harts);
    return write_data(d, harts);
}

static int run(struct dat *d)
{
    if (xp_flow_run(d->job, &steps, d, d->err) < 0 || d->failed)
        return -1;
    if (xp_out_open(&d->out, d->job->output, d->err) < 0)
        return -1;
    if (write_all(d) == 0)
        return xp_out_commit(&d->out, d->err);
    xp_out_abort(&d->out);
    return -1;
}

static int write_tracedat(struct xp_job *job, struct kymo_error *err)
{
    struct dat *d = calloc(1, sizeof *d);
    char(*comm)[COMM] = calloc(XP_TASKS, COMM);
    int r = -1;
    if (d && comm) {
        d->job = job;
        d->err = err;
        d->comm = comm;
        r = run(d);
        for (unsigned h = 0; h < XP_HARTS; h++) {
            if (d->ring[h])
                xp_out_abort(&d->ring[h]->spool);
            free(d->ring[h]);
        }
    } else {
        snprintf(err->text, sizeof err->text, "out of memory");
    }
    free(comm);
    free(d);
    return r;
}

const struct xp_format xp_tracedat = {
    "tracedat", ".dat", "trace.dat version 6, for trace-cmd and KernelShark", true, write_tracedat,
};
