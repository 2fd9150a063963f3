/* SPDX-License-Identifier: MIT */
/* The stretches of all tasks as rows, for column stores: TSV, CSV and ClickHouse's RowBinary, one
 * column order for all:
 *
 *   trace_id u32, ts i64, dur i64 (ns), cpu u8, utid u32, end_state string, priority i16 (-1
 *       unknown)
 *
 * A row is what table sched of the SQLite export holds. Stretches nobody saw are rows of utid
 * 65536 with the state "lost", so that sums over time stay whole. trace_id is 1, or what
 * --trace-id says. */
#include <stdio.h>

#include "format.h"

enum style { ROWS_TSV, ROWS_CSV, ROWS_BINARY };

struct rows {
    struct xp_job *job;
    struct xp_out out;
    enum style style;
    bool begun[XP_HARTS];
    uint64_t since[XP_HARTS];
    int level[XP_HARTS];
};

static void put_number(struct rows *r, uint64_t v, unsigned bytes)
{
    uint8_t le[8];
    for (unsigned i = 0; i < bytes; i++)
        le[i] = (uint8_t)(v >> 8 * i);
    xp_put(&r->out, le, bytes);
}

static void row_binary(struct rows *r, unsigned hart, uint64_t dur, uint32_t task,
                       const char *state)
{
    size_t n = strlen(state); /* below 128: its varint is one byte */
    put_number(r, r->job->trace_id, 4);
    put_number(r, r->since[hart], 8);
    put_number(r, dur, 8);
    put_number(r, hart, 1);
    put_number(r, task, 4);
    put_number(r, n, 1);
    xp_put(&r->out, state, n);
    put_number(r, (uint64_t)(int64_t)r->level[hart], 2);
}

static void row_text(struct rows *r, unsigned hart, uint64_t dur, uint32_t task, const char *state)
{
    char gap = r->style == ROWS_TSV ? '\t' : ',';
    const int64_t number[] = {r->job->trace_id, (int64_t)r->since[hart], (int64_t)dur, hart, task};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        xp_out_decimal(&r->out, number[i]);
        xp_putc(&r->out, gap);
    }
    xp_puts(&r->out, state); /* words of ours: nothing to quote */
    xp_putc(&r->out, gap);
    xp_out_decimal(&r->out, r->level[hart]);
    xp_putc(&r->out, '\n');
}

static void row(struct rows *r, unsigned hart, uint64_t ns, uint32_t task, const char *state)
{
    if (r->style == ROWS_BINARY)
        row_binary(r, hart, ns - r->since[hart], task, state);
    else
        row_text(r, hart, ns - r->since[hart], task, state);
}

static void on_change(void *u, struct xp_flow *f, const struct xp_switch *s)
{
    struct rows *r = u;
    unsigned hart = s->hart < XP_HARTS ? s->hart : XP_HARTS - 1;
    uint64_t ns = xp_ns(f, s->time);
    if (r->begun[hart])
        row(r, hart, ns, s->prev,
            s->prev == XP_TASK_LOST ? "lost"
            : s->preempted          ? "preempted"
                                    : xp_state_name(s->prev_state));
    r->begun[hart] = true;
    r->since[hart] = ns;
    r->level[hart] = s->next == XP_TASK_LOST ? -1 : s->next_level;
}

static void on_end(void *u, struct xp_flow *f, uint64_t time)
{
    struct rows *r = u;
    for (unsigned h = 0; h < XP_HARTS; h++)
        if (f->hart[h].running != XP_TASK_LOST)
            row(r, h, xp_ns(f, time), f->hart[h].running, "end");
}

static const struct xp_steps steps = {.change = on_change, .end = on_end};

static int write_rows(struct xp_job *job, enum style style, struct kymo_error *err)
{
    struct rows r = {.job = job, .style = style};
    if (xp_out_open(&r.out, job->output, err) < 0)
        return -1;
    if (style == ROWS_CSV)
        xp_puts(&r.out, "trace_id,ts,dur,cpu,utid,end_state,priority\n");
    return xp_write_file(job, &r.out, &steps, &r, err);
}

static int write_tsv(struct xp_job *job, struct kymo_error *err)
{
    return write_rows(job, ROWS_TSV, err);
}

static int write_csv(struct xp_job *job, struct kymo_error *err)
{
    return write_rows(job, ROWS_CSV, err);
}

static int write_binary(struct xp_job *job, struct kymo_error *err)
{
    return write_rows(job, ROWS_BINARY, err);
}

const struct xp_format xp_tsv = {"tsv", ".tsv", "rows of the schedule, tab-separated, no header",
                                 true, write_tsv};
const struct xp_format xp_csv = {
    "csv", ".csv", "rows of the schedule, comma-separated, with a header", true, write_csv};
const struct xp_format xp_rowbinary = {"rowbinary", ".bin", "rows of the schedule for ClickHouse",
                                       true, write_binary};
