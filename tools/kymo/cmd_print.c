/* SPDX-License-Identifier: MIT */
/* `kymo print`: one line an event. A sink of the model; the context of an event is the task that
 * ran when it was written, so it is taken from the model before the event changes it. */
#include "command.h"
#include "kymo.h"
#include "lib/table.h"
#include "util/filter.h"
#include "util/pager.h"
#include "util/progress.h"
#include "util/show.h"
#include "util/text.h"

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "usage: kymo print [OPTIONS] TRACE\n"
    "\n"
    "One line an event: time, [hart,] who ran (and in which interrupt), event, what it says.\n"
    "\n" FILTER_HELP "  --context N        also N events before and after each that matches\n"
    "  --limit N          stop after N events\n"
    "  --seq              show each event's number\n"
    "  --counts           times as counts of the clock\n"
    "  --delta            time since the line before\n"
    "  --json             one JSON object a line\n"
    "  --follow           wait for more at the end of a trace that is being written\n"
    "  --color WHEN       auto, always, never; NO_COLOR is respected\n"
    "  --no-pager         on a terminal: not through $KYMO_PAGER, $PAGER or less\n"
    "\n"
    "example: kymo print --task bus_task --event 'mutex_*' demo.kymo\n";

enum { CONTEXT_MAX = 1000, HARTS = 64 };

struct printer {
    struct filter filter;
    struct text_clock clock;
    struct text_style style;
    struct text *text;
    bool json, counts, seq, delta, harts, all;
    uint64_t limit, shown, last;
    unsigned context;        /* events before and after a match */
    uint64_t after;          /* still to show after the last match */
    struct kymo_event *ring; /* the last `context` events that were not shown */
    uint32_t *ring_task;
    unsigned *ring_depth;
    uint64_t ring_count;
    bool skipped;
    uint32_t running[HARTS]; /* before the event */
    unsigned depth[HARTS], cause[HARTS];
};

static enum text_colour colour_of(const char *klass)
{
    switch (klass[0] << 8 | klass[1]) {
    case 'S' << 8 | 'C': return TEXT_GREEN;
    case 'S' << 8 | 'Y': return klass[2] == 'N' ? TEXT_YELLOW : TEXT_BLUE;
    case 'I' << 8 | 'R': return TEXT_MAGENTA;
    case 'I' << 8 | 'P': return TEXT_YELLOW;
    case 'U' << 8 | 'S': return TEXT_CYAN;
    case 'C' << 8 | 'O': return TEXT_BOLD;
    default: return TEXT_PLAIN;
    }
}

static void put_time(struct printer *p, uint64_t time)
{
    if (p->counts)
        text_format(p->text, "%14llu", (unsigned long long)time);
    else
        text_seconds(p->text, &p->clock, time);
    if (!p->delta)
        return;
    char span[TEXT_SPAN];
    uint64_t d = p->shown && time >= p->last ? time - p->last : 0;
    text_format(p->text, " +%-9s", text_span(span, p->clock.hz, d));
}

static void line(struct printer *p, const kymo_model *m, const struct kymo_event *e, uint32_t task,
                 unsigned depth)
{
    const struct kymo_event_desc *d = kymo_describe(kymo_model_trace(m), e->code);
    struct text *t = p->text;
    put_time(p, e->time);
    if (p->seq)
        text_format(t, " %9llu", (unsigned long long)e->seq);
    if (p->harts)
        text_format(t, " [%u]", e->hart);
    text_bytes(t, "  ", 2);
    size_t at = t->used - t->line;
    text_colour(t, &p->style, TEXT_DIM);
    for (unsigned i = 0; i < depth && i < 4; i++)
        text_char(t, '^');
    text_put(t, kymo_task_name(m, task));
    text_colour(t, &p->style, TEXT_PLAIN);
    text_to_column(t, at + 20);
    text_colour(t, &p->style, colour_of(d->klass));
    text_put(t, d->name);
    text_colour(t, &p->style, TEXT_PLAIN);
    if (d->fields) {
        text_to_column(t, at + 36);
        show_fields(t, m, e);
    }
    text_newline(t);
}

static void json_line(struct printer *p, const kymo_model *m, const struct kymo_event *e,
                      uint32_t task, unsigned depth)
{
    const struct kymo_event_desc *d = kymo_describe(kymo_model_trace(m), e->code);
    struct text *t = p->text;
    text_put(t, "{\"time\":");
    text_u64(t, e->time);
    text_put(t, ",\"hart\":");
    text_u64(t, e->hart);
    text_put(t, ",\"seq\":");
    text_u64(t, e->seq);
    if (task != KYMO_TASK_NONE) {
        text_put(t, ",\"task\":");
        text_u64(t, task);
        text_put(t, ",\"task_name\":");
        text_json(t, kymo_task_name(m, task));
    }
    text_put(t, ",\"irq_depth\":");
    text_u64(t, depth);
    text_put(t, ",\"event\":");
    text_json(t, d->name);
    text_put(t, ",\"class\":");
    text_json(t, d->klass);
    text_put(t, ",\"fields\":{");
    show_fields_json(t, m, e);
    text_put(t, "}}");
    text_newline(t);
}

static void show(struct printer *p, const kymo_model *m, const struct kymo_event *e, uint32_t task,
                 unsigned depth)
{
    if (p->skipped && p->context && p->shown && !p->json) {
        text_put(p->text, "--");
        text_newline(p->text);
    }
    p->skipped = false;
    if (p->json)
        json_line(p, m, e, task, depth);
    else
        line(p, m, e, task, depth);
    p->last = e->time;
    p->shown++;
}

/* The events before a match wait in a ring. Their names are looked up late, which is right: a name
 * that was learned meanwhile is better than none. */
static void show_before(struct printer *p, const kymo_model *m)
{
    uint64_t n = p->ring_count < p->context ? p->ring_count : p->context;
    for (uint64_t i = p->ring_count - n; i < p->ring_count; i++) {
        unsigned k = (unsigned)(i % p->context);
        show(p, m, &p->ring[k], p->ring_task[k], p->ring_depth[k]);
    }
    p->ring_count = 0;
}

static void consider(struct printer *p, const kymo_model *m, const struct kymo_event *e,
                     uint32_t task, unsigned depth)
{
    if (p->limit && p->shown >= p->limit)
        return;
    bool match = p->all || filter_event(&p->filter, m, e, task);
    if (match && p->context)
        show_before(p, m);
    if (match || p->after) {
        p->after = match ? p->context : p->after - 1;
        show(p, m, e, task, depth);
        return;
    }
    p->skipped = p->skipped || p->ring_count >= p->context;
    if (!p->context)
        return;
    unsigned k = (unsigned)(p->ring_count++ % p->context);
    p->ring[k] = *e;
    p->ring_task[k] = task;
    p->ring_depth[k] = depth;
}

static void on_block(void *u, const kymo_model *m, const struct kymo_block_state *b)
{
    struct printer *p = u;
    if (kymo_model_running(m, b->hart) == KYMO_TASK_NONE) {
        p->running[b->hart] = b->running;
        p->depth[b->hart] = b->depth;
    }
}

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct printer *p = u;
    consider(p, m, e, p->running[e->hart], p->depth[e->hart]);
    p->running[e->hart] = kymo_model_running(m, e->hart);
    p->depth[e->hart] = kymo_model_depth(m, e->hart);
}

static void json_gap(struct printer *p, const struct kymo_gap *g)
{
    text_format(p->text, "{\"gap\":\"%s\",\"hart\":%u,\"from\":%llu,\"to\":%llu,\"events\":",
                show_loss(g->cause), g->hart, (unsigned long long)g->from,
                (unsigned long long)g->to);
    if (g->events == UINT64_MAX)
        text_put(p->text, "null}");
    else
        text_format(p->text, "%llu}", (unsigned long long)g->events);
    text_newline(p->text);
}

static void on_gap(void *u, const kymo_model *m, const struct kymo_gap *g)
{
    struct printer *p = u;
    (void)m;
    p->running[g->hart] = KYMO_TASK_NONE;
    p->depth[g->hart] = 0;
    if (g->to < p->filter.from || g->from > p->filter.to || (p->limit && p->shown >= p->limit))
        return;
    if (p->json) {
        json_gap(p, g);
        return;
    }
    char span[TEXT_SPAN];
    put_time(p, g->from);
    text_colour(p->text, &p->style, TEXT_RED);
    text_put(p->text, "  ---- lost: ");
    if (g->events == UINT64_MAX)
        text_put(p->text, "nobody knows how many");
    else
        text_u64(p->text, g->events);
    text_format(p->text, " events (%s), %s ----", show_loss(g->cause),
                text_span(span, p->clock.hz, g->to - g->from));
    text_colour(p->text, &p->style, TEXT_PLAIN);
    text_newline(p->text);
}

/* ---- the command ---- */

struct options {
    const char *path, *color;
    bool follow, no_pager;
};

static int parse(int argc, char **argv, struct printer *p, struct options *o)
{
    static const struct option longs[] = {FILTER_OPTIONS,           {"context", 1, NULL, 'C'},
                                          {"limit", 1, NULL, 'n'},  {"seq", 0, NULL, 's'},
                                          {"counts", 0, NULL, 'c'}, {"delta", 0, NULL, 'd'},
                                          {"json", 0, NULL, 'j'},   {"follow", 0, NULL, 'f'},
                                          {"color", 1, NULL, 'k'},  {"no-pager", 0, NULL, 'P'},
                                          {"help", 0, NULL, 'h'},   {0}};
    optind = 1;
    for (int k; (k = getopt_long(argc, argv, "C:n:scdjfh", longs, NULL)) != -1;) {
        if (filter_option(&p->filter, k, optarg))
            continue;
        switch (k) {
        case 'C': p->context = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'n': p->limit = strtoull(optarg, NULL, 10); break;
        case 's': p->seq = true; break;
        case 'c': p->counts = true; break;
        case 'd': p->delta = true; break;
        case 'j': p->json = true; break;
        case 'f': o->follow = true; break;
        case 'P': o->no_pager = true; break;
        case 'k': o->color = optarg; break;
        case 'h': fputs(help, stdout); return 1;
        default: return KYMO_EXIT_FAILED;
        }
    }
    if (optind + 1 != argc)
        return kymo_fail("print", "one trace is needed; `kymo print --help` says more");
    if (p->context > CONTEXT_MAX)
        return kymo_fail("print", "--context: at most %d", CONTEXT_MAX);
    o->path = argv[optind];
    return 0;
}

static int run(kymo_trace *t, struct printer *p, bool follow)
{
    static const struct kymo_sink sink = {.block = on_block, .event = on_event, .gap = on_gap};
    struct kymo_error err;
    int r;
    kymo_follow(t, follow);
    kymo_model *m = kymo_model_begin(t, &sink, p, &err);
    if (!m)
        return kymo_fail("print", "%s", err.text);
    while ((r = kymo_model_feed(m, 1 << 16, &err)) == KYMO_EVENT || (r == KYMO_END && follow)) {
        if (ferror(stdout) || (p->limit && p->shown >= p->limit))
            break;
        if (r == KYMO_END) {
            text_flush(p->text);
            fflush(stdout);
            usleep(100000);
        }
    }
    if (r >= 0)
        kymo_model_end(m);
    text_flush(p->text);
    return r < 0 ? kymo_fail("print", "%s", err.text) : 0;
}

static int prepare(kymo_trace *t, struct printer *p)
{
    const char *wrong;
    if (filter_resolve(&p->filter, t, &wrong))
        return kymo_fail("print", "`%s` is no time of this trace, no event or class of its table",
                         wrong);
    text_clock(&p->clock, kymo_get_info(t)->clock_hz);
    p->harts = kymo_get_info(t)->harts > 1;
    p->all = !p->filter.tasks && !p->filter.objects && !p->filter.events && !p->filter.classes &&
             !p->filter.from_text && !p->filter.to_text;
    for (unsigned i = 0; i < HARTS; i++)
        p->running[i] = KYMO_TASK_NONE;
    p->text = malloc(sizeof *p->text);
    p->ring = calloc(p->context + 1, sizeof *p->ring);
    p->ring_task = calloc(p->context + 1, sizeof *p->ring_task);
    p->ring_depth = calloc(p->context + 1, sizeof *p->ring_depth);
    if (!p->text || !p->ring || !p->ring_task || !p->ring_depth)
        return kymo_fail("print", "no memory");
    text_open(p->text, stdout);
    return 0;
}

int kymo_cmd_print(int argc, char **argv)
{
    struct printer p = {.json = false};
    struct options o = {.path = NULL};
    struct kymo_error err;
    kymo_trace *t;
    int r = parse(argc, argv, &p, &o);
    if (r)
        return r == 1 ? kymo_finish("print", 0) : r;
    if (text_style(&p.style, stdout, o.color))
        return kymo_fail("print", "--color: auto, always or never, not `%s`", o.color);
    if (kymo_open(&t, o.path, &err))
        return kymo_fail("print", "%s", err.text);
    r = prepare(t, &p);
    if (!r && !o.follow && !o.no_pager)
        pager_begin();
    if (!o.follow && !isatty(STDOUT_FILENO))
        progress_watch(t, "print");
    if (!r)
        r = run(t, &p, o.follow);
    progress_done();
    int status = r ? r : kymo_finish("print", 0);
    pager_end();
    show_warnings("print", o.path, t);
    kymo_close(t);
    free(p.text);
    free(p.ring);
    free(p.ring_task);
    free(p.ring_depth);
    return status;
}
