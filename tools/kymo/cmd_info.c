/* SPDX-License-Identifier: MIT */
/* `kymo info`: what a trace is. One pass, because counts and losses are known only then. */
#include "command.h"
#include "kymo.h"
#include "util/progress.h"
#include "util/show.h"
#include "util/text.h"

#include <getopt.h>
#include <stdlib.h>

static const char help[] =
    "usage: kymo info [--json] TRACE\n"
    "\n"
    "What the trace is: image, clock, length, events by class, tasks, losses, damage.\n";

enum { CLASSES_MAX = 32 };

struct info {
    uint64_t events, code[256], first, last;
    uint64_t lost[6], gaps[6], gap_time;
    bool uncounted[6], any;
    unsigned tasks, objects;
};

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct info *i = u;
    (void)m;
    i->first = i->any ? i->first : e->time;
    i->any = true;
    i->last = e->time;
    i->events++;
    i->code[e->code]++;
}

static void on_gap(void *u, const kymo_model *m, const struct kymo_gap *g)
{
    struct info *i = u;
    (void)m;
    i->gaps[g->cause]++;
    i->gap_time += g->to - g->from;
    if (g->events == UINT64_MAX)
        i->uncounted[g->cause] = true;
    else
        i->lost[g->cause] += g->events;
}

static void on_end(void *u, const kymo_model *m, uint64_t time)
{
    struct info *i = u;
    i->last = time > i->last ? time : i->last;
    for (const struct kymo_task *t = NULL; (t = kymo_model_next_task(m, t));)
        i->tasks += t->id != KYMO_TASK_IDLE && t->id != KYMO_TASK_BOOT;
    for (const struct kymo_object *o = NULL; (o = kymo_model_next_object(m, o));)
        i->objects++;
}

/* Sums the codes of each class, in the table's order. */
static unsigned classes(const kymo_trace *t, const struct info *i, const char **name,
                        uint64_t *count)
{
    unsigned n = 0;
    for (unsigned c = 0; c < 256; c++) {
        const struct kymo_event_desc *d = kymo_describe(t, (uint8_t)c);
        if (!d || !i->code[c])
            continue;
        unsigned k = 0;
        while (k < n && strcmp(name[k], d->klass) != 0)
            k++;
        if (k == CLASSES_MAX)
            continue;
        if (k == n) {
            name[n] = d->klass;
            count[n++] = 0;
        }
        count[k] += i->code[c];
    }
    return n;
}

static void print_losses(const struct info *i)
{
    bool any = false;
    for (unsigned c = 0; c < 6; c++) {
        if (!i->gaps[c])
            continue;
        any = true;
        printf("lost       ");
        if (i->uncounted[c])
            printf("at least ");
        printf("%llu events %s, in %llu place%s\n", (unsigned long long)i->lost[c], show_loss(c),
               (unsigned long long)i->gaps[c], i->gaps[c] == 1 ? "" : "s");
    }
    if (!any)
        printf("lost       nothing\n");
}

static void print_end(const struct kymo_info *k)
{
    if (!k->ended)
        printf("end        none: the capture was cut off, or is still running\n");
    else
        printf("end        %s, exit status %d\n", k->end_reason, k->end_exit);
}

static void print_text(const kymo_trace *t, const struct info *i, const char *path)
{
    const struct kymo_info *k = kymo_get_info(t);
    const char *name[CLASSES_MAX];
    uint64_t count[CLASSES_MAX];
    char span[TEXT_SPAN];
    printf("trace      %s\n", path);
    printf("image      %s, build id %s\n", k->image, *k->build_id ? k->build_id : "unknown");
    printf("capture    %s, clock %s at %llu Hz, %u hart%s\n", k->capture, k->clock,
           (unsigned long long)k->clock_hz, k->harts, k->harts == 1 ? "" : "s");
    printf(
        "table      %08x%s\n", k->table_hash,
        k->same_table
            ? ""
            : ", differs from this kymo's: its events are shown, those that differ not understood");
    print_end(k);
    printf("length     %s", text_span(span, k->clock_hz, i->last - i->first));
    printf(", from %llu to %llu\n", (unsigned long long)i->first, (unsigned long long)i->last);
    printf("tasks      %u, objects %u\n", i->tasks, i->objects);
    printf("events     %llu\n", (unsigned long long)i->events);
    unsigned n = classes(t, i, name, count);
    for (unsigned c = 0; c < n; c++)
        printf("  %-8s %llu\n", name[c], (unsigned long long)count[c]);
    print_losses(i);
    if (k->cost_executed)
        printf("recorder   %.3f %% of all instructions (%llu of %llu)\n",
               100 * (double)k->cost_tracer / (double)k->cost_executed,
               (unsigned long long)k->cost_tracer, (unsigned long long)k->cost_executed);
    if (!k->damaged)
        printf("damage     none\n");
    for (unsigned w = 0; w < kymo_warnings(t); w++)
        printf("damage     %s\n", kymo_warning(t, w));
}

static void json_text(struct text *x, const char *key, const char *value)
{
    text_format(x, "\"%s\":", key);
    text_json(x, value ? value : "");
    text_char(x, ',');
}

static void json_losses(struct text *x, const struct info *i)
{
    bool first = true;
    text_put(x, "\"lost\":[");
    for (unsigned c = 0; c < 6; c++) {
        if (!i->gaps[c])
            continue;
        text_format(x, "%s{\"cause\":\"%s\",\"events\":%llu,\"exact\":%s,\"places\":%llu}",
                    first ? "" : ",", show_loss(c), (unsigned long long)i->lost[c],
                    i->uncounted[c] ? "false" : "true", (unsigned long long)i->gaps[c]);
        first = false;
    }
    text_put(x, "],\"by_event\":{");
}

static void print_json(const kymo_trace *t, const struct info *i, struct text *x)
{
    const struct kymo_info *k = kymo_get_info(t);
    text_open(x, stdout);
    text_char(x, '{');
    json_text(x, "image", k->image);
    json_text(x, "build_id", k->build_id);
    json_text(x, "clock", k->clock);
    json_text(x, "capture", k->capture);
    text_format(x, "\"clock_hz\":%llu,\"harts\":%u,\"table_hash\":%u,\"same_table\":%s,",
                (unsigned long long)k->clock_hz, k->harts, k->table_hash,
                k->same_table ? "true" : "false");
    text_format(x, "\"ended\":%s,\"damaged\":%s,", k->ended ? "true" : "false",
                k->damaged ? "true" : "false");
    if (k->ended) {
        json_text(x, "end_reason", k->end_reason);
        text_format(x, "\"end_exit\":%d,", k->end_exit);
    }
    text_format(x, "\"first\":%llu,\"last\":%llu,\"tasks\":%u,\"objects\":%u,\"events\":%llu,",
                (unsigned long long)i->first, (unsigned long long)i->last, i->tasks, i->objects,
                (unsigned long long)i->events);
    if (k->cost_executed)
        text_format(x, "\"cost\":{\"executed\":%llu,\"tracer\":%llu},",
                    (unsigned long long)k->cost_executed, (unsigned long long)k->cost_tracer);
    json_losses(x, i);
    bool first = true;
    for (unsigned c = 0; c < 256; c++) {
        const struct kymo_event_desc *d = kymo_describe(t, (uint8_t)c);
        if (!d || d->code != c)
            continue;
        uint64_t n = 0;
        for (unsigned s = 0; s < 1u << d->sub; s++)
            n += i->code[c + s];
        if (n)
            text_format(x, "%s\"%.60s\":%llu", first ? "" : ",", d->name, (unsigned long long)n);
        first = first && !n;
    }
    text_put(x, "},\"warnings\":[");
    for (unsigned w = 0; w < kymo_warnings(t); w++) {
        text_put(x, w ? "," : "");
        text_json(x, kymo_warning(t, w));
    }
    text_put(x, "]}\n");
    text_flush(x);
}

int kymo_cmd_info(int argc, char **argv)
{
    static const struct option longs[] = {{"json", 0, NULL, 'j'}, {"help", 0, NULL, 'h'}, {0}};
    static const struct kymo_sink sink = {.event = on_event, .gap = on_gap, .end = on_end};
    static struct text text;
    struct info i = {0};
    struct kymo_error err;
    kymo_trace *t;
    bool json = false;
    optind = 1;
    for (int k; (k = getopt_long(argc, argv, "jh", longs, NULL)) != -1;) {
        if (k == 'h') {
            fputs(help, stdout);
            return kymo_finish("info", 0);
        }
        if (k != 'j')
            return KYMO_EXIT_FAILED;
        json = true;
    }
    if (optind + 1 != argc)
        return kymo_fail("info", "one trace is needed; `kymo info --help` says more");
    if (kymo_open(&t, argv[optind], &err))
        return kymo_fail("info", "%s", err.text);
    progress_watch(t, "info");
    int bad = kymo_model_run(t, &sink, &i, &err);
    progress_done();
    if (bad) {
        kymo_close(t);
        return kymo_fail("info", "%s", err.text);
    }
    if (json)
        print_json(t, &i, &text);
    else
        print_text(t, &i, argv[optind]);
    kymo_close(t);
    return kymo_finish("info", 0);
}
