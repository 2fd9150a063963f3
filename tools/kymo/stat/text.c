/* SPDX-License-Identifier: MIT */
/* `kymo stat` for people: tables that fit in 100 columns. */
#include "stat.h"
#include "util/show.h"

#include <inttypes.h>

enum { NAME_ROOM = 64 };

struct page { /* what every line needs */
    struct text *t;
    const struct stat_options *o;
    const struct kymo_stat *s;
    const struct stat_view *v;
};

static const char *span(char b[TEXT_SPAN], const struct page *p, uint64_t counts)
{
    return text_span(b, p->s->clock_hz, counts);
}

static double seconds(const struct page *p, uint64_t counts)
{
    return (double)counts / (double)p->s->clock_hz;
}

static void heading(const struct page *p, const char *text)
{
    text_colour(p->t, &p->o->style, TEXT_BOLD);
    text_put(p->t, text);
    text_colour(p->t, &p->o->style, TEXT_PLAIN);
    text_newline(p->t);
}

/* A task's name, without the "/id" where no other task has the same. */
static const char *name_of(char out[NAME_ROOM], const struct page *p, const char *full)
{
    const struct stat_name *n = stat_find_name(p->v, full, 0);
    bool alone = n && n->same == 1;
    snprintf(out, NAME_ROOM, "%.*s", alone ? (int)stat_name_length(full) : NAME_ROOM - 1, full);
    return out;
}

static bool is_application(const struct kymo_stat_task *t)
{
    return t->id != KYMO_TASK_IDLE && t->id != KYMO_TASK_BOOT;
}

/* ---- the head ---- */

static void head(const struct page *p, const struct stat_view *v)
{
    const struct kymo_stat *s = v->s;
    char b[TEXT_SPAN];
    bool lost = false;
    text_format(p->t, "%s: %s, %" PRIu64 " events in %s", v->path, v->info->image, s->events,
                span(b, p, s->to - s->from));
    for (unsigned c = 0; c < 6; c++) {
        if (!s->gaps[c])
            continue;
        lost = true;
        text_format(p->t, ", %s%" PRIu64 " lost (%s)", s->uncounted[c] ? "at least " : "",
                    s->lost[c], show_loss(c));
    }
    text_put(p->t, lost ? "" : ", none lost");
    text_newline(p->t);
    if (v->info->damaged || !v->info->ended) {
        text_colour(p->t, &p->o->style, TEXT_RED);
        text_put(p->t, v->info->damaged
                           ? "The trace is damaged: figures cover what is left of it."
                           : "The trace has no end: it was cut off, or is still written.");
        text_colour(p->t, &p->o->style, TEXT_PLAIN);
        text_newline(p->t);
    }
}

/* ---- tasks ---- */

/* "12.3 %", or "12.3..14.0 %" when a gap hides what the task did. */
static void share(const struct page *p, const struct kymo_stat_task *t, char out[TEXT_SPAN])
{
    double all = (double)(p->s->to - p->s->from), own = (double)(t->running - t->irq);
    if (all <= 0)
        snprintf(out, TEXT_SPAN, "-");
    else if (t->unknown)
        snprintf(out, TEXT_SPAN, "%.1f..%.1f", 100 * own / all,
                 100 * (own + (double)t->unknown) / all);
    else
        snprintf(out, TEXT_SPAN, "%.1f", 100 * own / all);
}

static void level(const struct kymo_stat_task *t, char out[TEXT_SPAN])
{
    if (t->base == 0xFF && t->level == 0xFF)
        snprintf(out, TEXT_SPAN, "?");
    else if (t->base == 0xFF || t->base == t->level)
        snprintf(out, TEXT_SPAN, "%u", t->level);
    else
        snprintf(out, TEXT_SPAN, "%u<%u", t->level, t->base);
}

/* The longest response; with ">" one that had not ended when the trace did, if it is longer
 * already. */
static void put_worst(const struct page *p, const struct kymo_stat_task *t)
{
    char b[TEXT_SPAN], worst[TEXT_SPAN + 1] = ">";
    if (t->open_response > t->response.max)
        text_format(p->t, " %9s %11s", strcat(worst, span(b, p, t->open_response)), "not over");
    else if (t->response.count)
        text_format(p->t, " %9s %11.6f", span(b, p, t->response.max),
                    seconds(p, t->response.max_at));
    else
        text_format(p->t, " %9s %11s", "-", "-");
}

static void task_line(const struct page *p, const struct kymo_stat_task *t)
{
    char cpu[TEXT_SPAN], part[TEXT_SPAN], prio[TEXT_SPAN], blocked[TEXT_SPAN], ready[TEXT_SPAN];
    char name[NAME_ROOM];
    share(p, t, part);
    level(t, prio);
    text_format(p->t, "%-22.22s %5s %9s %11s %9" PRIu64, name_of(name, p, t->name),
                is_application(t) ? prio : "-", span(cpu, p, t->running - t->irq), part,
                t->switches);
    if (is_application(t)) {
        put_worst(p, t);
        text_format(p->t, " %9s %9s", span(ready, p, t->ready), span(blocked, p, t->blocked));
    }
    text_newline(p->t);
}

/* What of the run was the recorder itself, if `kymo run --cost` counted it. */
static void recorder_line(const struct page *p)
{
    const struct kymo_info *i = p->v->info;
    if (!i->cost_executed)
        return;
    text_format(p->t, "%-22s %5s %9s %11.2f  of all instructions, in the lines above", "recorder",
                "-", "", 100 * (double)i->cost_tracer / (double)i->cost_executed);
    text_newline(p->t);
}

static void total_line(const struct page *p)
{
    char irq[TEXT_SPAN], hidden[TEXT_SPAN];
    double all = (double)(p->s->to - p->s->from);
    if (all <= 0)
        return;
    text_format(p->t, "%-22s %5s %9s %11.1f", "interrupt handlers", "-", span(irq, p, p->s->irq),
                100 * (double)p->s->irq / all);
    text_newline(p->t);
    if (!p->s->unknown)
        return;
    text_colour(p->t, &p->o->style, TEXT_RED);
    text_format(p->t, "%-22s %5s %9s %11.1f  nobody knows who ran: sums are lower bounds",
                "unknown", "-", span(hidden, p, p->s->unknown), 100 * (double)p->s->unknown / all);
    text_colour(p->t, &p->o->style, TEXT_PLAIN);
    text_newline(p->t);
}

static void tasks(const struct page *p)
{
    text_newline(p->t);
    heading(p, "task                    prio       CPU      % time  switches  response     at (s)  "
               "    ready   blocked");
    heading(p, "                                                             (worst)               "
               " (sum)     (sum)");
    for (unsigned i = 0; i < p->s->tasks; i++)
        if (stat_wants_task(p->o, &p->s->task[i]) && is_application(&p->s->task[i]))
            task_line(p, &p->s->task[i]);
    for (unsigned i = 0; i < p->s->tasks; i++)
        if (stat_wants_task(p->o, &p->s->task[i]) && !is_application(&p->s->task[i]))
            task_line(p, &p->s->task[i]);
    if (!p->o->tasks) {
        total_line(p);
        recorder_line(p);
    }
}

/* ---- who blocked whom ---- */

static void wait_line(const struct page *p, const struct kymo_stat_task *t,
                      const struct kymo_stat_wait *w)
{
    char sum[TEXT_SPAN], worst[TEXT_SPAN], name[NAME_ROOM], holder[NAME_ROOM];
    text_format(p->t, "%-22.22s %-22.22s %-22.22s %6" PRIu64 " %9s %9s %11.6f",
                name_of(name, p, t->name), w->object_name,
                w->holder_name ? name_of(holder, p, w->holder_name) : "-", w->count,
                span(sum, p, w->time), span(worst, p, w->max), seconds(p, w->max_at));
    if (w->open)
        text_put(p->t, " not over");
    text_newline(p->t);
}

static void waits(const struct page *p)
{
    bool any = false;
    for (int pass = 0; pass < 2; pass++) { /* mutexes first: there somebody is to blame */
        for (unsigned i = 0; i < p->s->tasks; i++) {
            const struct kymo_stat_task *t = &p->s->task[i];
            for (unsigned k = 0; k < t->waits && stat_wants_task(p->o, t); k++) {
                if ((t->wait[k].holder == KYMO_TASK_NONE) != pass || t->wait[k].time == 0 ||
                    (t->wait[k].object == 0 && !p->o->all))
                    continue;
                if (!any) {
                    text_newline(p->t);
                    heading(p, "waiting task           for                    held by              "
                               "   times       sum"
                               "   longest  until (s)");
                }
                any = true;
                wait_line(p, t, &t->wait[k]);
            }
        }
    }
}

/* ---- the rest ---- */

static void isrs(const struct page *p)
{
    char mean[TEXT_SPAN], worst[TEXT_SPAN], sum[TEXT_SPAN], cause[TEXT_SPAN];
    if (!p->s->isrs)
        return;
    text_newline(p->t);
    heading(p, "interrupt              source     times    nested       sum      mean   longest    "
               " at (s)");
    for (unsigned i = 0; i < p->s->isrs; i++) {
        const struct kymo_stat_isr *r = &p->s->isr[i];
        const struct kymo_dist *d = &r->duration;
        text_format(p->t, "%-22.22s %6u %9" PRIu64 " %9" PRIu64 " %9s %9s %9s %11.6f",
                    show_cause(cause, r->cause), r->source, r->count, r->nested,
                    span(sum, p, d->sum), span(mean, p, d->count ? d->sum / d->count : 0),
                    span(worst, p, d->max), seconds(p, d->max_at));
        if (r->late.count)
            text_format(p->t, "  late by at most %" PRIu64 " of mtime", r->late.max);
        text_newline(p->t);
    }
}

static void objects(const struct page *p)
{
    char wait[TEXT_SPAN], hold[TEXT_SPAN], sum[TEXT_SPAN];
    bool any = false;
    for (unsigned i = 0; i < p->s->objects; i++) {
        const struct kymo_stat_object *x = &p->s->object[i];
        if (!stat_wants_object(p->o, x))
            continue;
        if (!any) {
            text_newline(p->t);
            heading(p, "object                 kind       waits longest wait      held  held (sum) "
                       "  longest     at (s)");
        }
        any = true;
        text_format(p->t, "%-22.22s %-6s %9" PRIu64 " %12s", x->name, show_kind(x->kind), x->waits,
                    span(wait, p, x->longest));
        if (x->kind == KYMO_OBJ_MUTEX)
            text_format(p->t, " %9" PRIu64 " %11s %9s %11.6f", x->holding.count,
                        span(sum, p, x->holding.sum), span(hold, p, x->holding.max),
                        seconds(p, x->holding.max_at));
        text_newline(p->t);
    }
}

static void memory(const struct page *p)
{
    const struct kymo_stat_heap *h = &p->s->heap;
    for (unsigned i = 0; i < p->s->tasks; i++) {
        const struct kymo_stat_task *t = &p->s->task[i];
        if (t->stack_left == UINT32_MAX)
            continue;
        text_newline(p->t);
        text_format(p->t, "stack of %s: at least once only %u of %u bytes left", t->name,
                    t->stack_left, t->stack_size);
    }
    if (h->allocs) {
        text_newline(p->t);
        text_format(p->t,
                    "heap: %s%" PRIu64 " bytes in use at most, at %.6f s; %" PRIu64 " in %" PRIu64
                    " blocks at the end; %" PRIu64 " allocations, %" PRIu64 " refused",
                    h->certain ? "" : "at least ", h->peak, seconds(p, h->peak_at), h->live,
                    h->live_blocks, h->allocs, h->fails);
        text_newline(p->t);
    }
}

static void load(const struct page *p)
{
    static const char *const bar[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                      "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char plain[] = " .:-=+*#@";
    char b[TEXT_SPAN];
    if (p->s->load_bins < 2)
        return;
    text_newline(p->t);
    text_format(p->t, "load, %s a column, from %.6f s: ", span(b, p, p->s->load_width),
                seconds(p, p->s->load_from));
    text_newline(p->t);
    text_char(p->t, '|');
    for (unsigned i = 0; i < p->s->load_bins; i++) {
        uint64_t part = p->s->load_busy[i] * 8 / p->s->load_width;
        part = part > 8 ? 8 : part;
        if (p->s->load_unknown[i] * 4 > p->s->load_width)
            text_char(p->t, '?');
        else if (p->o->style.utf8)
            text_put(p->t, bar[part]);
        else
            text_char(p->t, plain[part]);
    }
    text_char(p->t, '|');
    text_newline(p->t);
}

static void dist_line(const struct page *p, const char *who, const char *what,
                      const struct kymo_dist *d)
{
    char b[6][TEXT_SPAN];
    if (!d->count)
        return;
    text_format(p->t, "%-22.22s %-10s %8" PRIu64 " %9s %9s %9s %9s %9s %9s", who, what, d->count,
                span(b[0], p, d->min), span(b[1], p, kymo_dist_percentile(d, 50)),
                span(b[2], p, kymo_dist_percentile(d, 90)),
                span(b[3], p, kymo_dist_percentile(d, 99)), span(b[4], p, d->max),
                span(b[5], p, (uint64_t)kymo_dist_deviation(d)));
    if (d->unsure)
        text_format(p->t, "  %" PRIu64 " more hidden", d->unsure);
    text_newline(p->t);
}

static void distributions(const struct page *p)
{
    text_newline(p->t);
    heading(p, "task                   what          count       min    median      90 %      99 % "
               "      max deviation");
    for (unsigned i = 0; i < p->s->tasks; i++) {
        const struct kymo_stat_task *t = &p->s->task[i];
        if (!stat_wants_task(p->o, t) || !is_application(t))
            continue;
        dist_line(p, t->name, "response", &t->response);
        dist_line(p, "", "execution", &t->execution);
        dist_line(p, "", "latency", &t->latency);
        dist_line(p, "", "ready wait", &t->ready_wait);
        dist_line(p, "", "blocking", &t->blocking);
        dist_line(p, "", "period", &t->period);
        text_format(p->t,
                    "%-22s left       preempted %" PRIu64 ", yielded %" PRIu64 ", waited %" PRIu64
                    ", slept %" PRIu64 ", suspended %" PRIu64,
                    "", t->preempted, t->yielded, t->waited, t->slept, t->suspends);
        text_newline(p->t);
    }
    for (unsigned i = 0; i < p->s->spans; i++)
        dist_line(p, p->s->span[i].name, p->s->span[i].task_name, &p->s->span[i].duration);
}

void stat_text(struct text *t, const struct stat_options *o, const struct stat_view *v)
{
    struct page p = {.t = t, .o = o, .s = v->s, .v = v};
    head(&p, v);
    if (!o->objects || o->tasks)
        tasks(&p);
    if (!o->objects || o->tasks)
        waits(&p);
    if (o->brief)
        return;
    if (!o->tasks && !o->objects)
        isrs(&p);
    if (!o->tasks || o->objects)
        objects(&p);
    if (o->all)
        distributions(&p);
    if (!o->tasks && !o->objects) {
        memory(&p);
        load(&p);
    }
}

/* ---- histograms ---- */

/* At most 20 rows; a row covers a factor, so that rare long times are seen beside frequent short
 * ones. */
static void histogram(const struct page *p, const char *who, const char *what,
                      const struct kymo_dist *d)
{
    uint64_t row[64] = {0}, most = 1, low, width, count;
    char b[TEXT_SPAN];
    if (!d->count)
        return;
    for (unsigned bin = 0; kymo_dist_bin(d, &bin, &low, &width, &count);)
        row[low ? 63 - __builtin_clzll(low) : 0] += count;
    text_newline(p->t);
    text_format(p->t, "%s of %s, %" PRIu64 " times", what, who, d->count);
    text_newline(p->t);
    for (unsigned i = 0; i < 64; i++)
        most = row[i] > most ? row[i] : most;
    for (unsigned i = 0; i < 64; i++) {
        if (!row[i])
            continue;
        text_format(p->t, "  %9s.. %9" PRIu64 " ", span(b, p, 1ull << i), row[i]);
        for (uint64_t k = 0; k < (row[i] * 50 + most - 1) / most; k++)
            text_put(p->t, p->o->style.utf8 ? "\u2588" : "#");
        text_newline(p->t);
    }
}

void stat_histograms(struct text *t, const struct stat_options *o, const struct stat_view *v)
{
    struct page p = {.t = t, .o = o, .s = v->s, .v = v};
    for (unsigned i = 0; i < v->s->tasks; i++) {
        const struct kymo_stat_task *k = &v->s->task[i];
        if (!stat_wants_task(o, k) || !is_application(k))
            continue;
        histogram(&p, k->name, "response times", &k->response);
        histogram(&p, k->name, "blocking times", &k->blocking);
    }
}
