/* SPDX-License-Identifier: MIT */
/* See cost_result.h. */
#include "cost_result.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const cost_metric_names[COST_METRICS] = {"instructions", "own",  "elapsed", "loads",
                                                     "stores",       "csrs", "off",     "masked"};

static void *grow(void *list, size_t count, size_t size)
{
    if (count & (count - 1))
        return list; /* room doubles at each power of two */
    list = realloc(list, (count ? 2 * count : 1) * size);
    if (!list)
        abort();
    return list;
}

static bool read_numbers(const char *p, struct cost_number *c, int count)
{
    for (int n = 0; count--; c++, p += n)
        if (sscanf(p, " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 "%n", &c->min, &c->median,
                   &c->max, &c->sum, &n) != 4)
            return false;
    return true;
}

static bool read_range(struct cost_result *r, const char *p)
{
    struct cost_range g = {0};
    int n = 0;
    if (sscanf(p, "%191s %" SCNu64 " %" SCNu64 " %" SCNu64 "%n", g.name, &g.calls, &g.abandoned,
               &g.unknown, &n) != 4)
        return false;
    if (!read_numbers(p + n, g.metric, COST_METRICS))
        return false;
    r->range = grow(r->range, r->ranges, sizeof *r->range);
    r->range[r->ranges++] = g;
    return true;
}

static bool read_writer(struct cost_result *r, const char *p)
{
    struct cost_writer w = {0};
    int n = 0;
    if (sscanf(p, "%x %d %d %" SCNu64 " %" SCNu64 "%n", &w.address, &w.code, &w.protects, &w.calls,
               &w.unknown, &n) != 5 ||
        !read_numbers(p + n, w.metric, COST_METRICS + 1)) /* `bytes` follows the metrics */
        return false;
    r->writer = grow(r->writer, r->writers, sizeof *r->writer);
    r->writer[r->writers++] = w;
    return true;
}

static bool read_stretch(struct cost_result *r, const char *p)
{
    struct cost_stretch s;
    if (sscanf(p, "%x %x %" SCNu64 " %" SCNu64 " %" SCNu64, &s.start, &s.end, &s.count, &s.least,
               &s.longest) != 5)
        return false;
    r->stretch = grow(r->stretch, r->stretches, sizeof *r->stretch);
    r->stretch[r->stretches++] = s;
    return true;
}

static bool read_totals(struct cost_result *r, const char *p)
{
    return sscanf(p,
                  "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                  " %" SCNu64,
                  &r->executed, &r->masked, &r->unknown, &r->lost, &r->illegal, &r->traps,
                  &r->interrupts, &r->threads) == 8;
}

static int by_place(const void *a, const void *b)
{
    const struct cost_writer *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return (x->code > y->code) - (x->code < y->code);
}

static int longest_first(const void *a, const void *b)
{
    const struct cost_stretch *x = a, *y = b;
    if (x->longest != y->longest)
        return x->longest < y->longest ? 1 : -1;
    return (x->start > y->start) - (x->start < y->start);
}

bool cost_result_read(struct cost_result *r, FILE *f)
{
    char line[2048];
    bool ok = true, end = false;
    while (ok && !end && fgets(line, sizeof line, f)) {
        if (strncmp(line, "totals ", 7) == 0)
            ok = read_totals(r, line + 7);
        else if (strncmp(line, "range ", 6) == 0)
            ok = read_range(r, line + 6);
        else if (strncmp(line, "writer ", 7) == 0)
            ok = read_writer(r, line + 7);
        else if (strncmp(line, "stretch ", 8) == 0)
            ok = read_stretch(r, line + 8);
        else
            end = strcmp(line, "end\n") == 0;
    }
    if (r->stretches)
        qsort(r->stretch, r->stretches, sizeof *r->stretch, longest_first);
    if (r->writers)
        qsort(r->writer, r->writers, sizeof *r->writer, by_place);
    return ok && end;
}

void cost_result_free(struct cost_result *r)
{
    free(r->range);
    free(r->writer);
    free(r->stretch);
}

bool cost_event_name(const struct capture_text *table, int code, char *name, char *klass)
{
    const char *p = table->data, *end = table->data + table->length;
    while (p < end && code >= 0) {
        unsigned first, sub;
        char line[96];
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((eol ? eol : end) - p);
        snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : sizeof line - 1), p);
        if (sscanf(line, "%x %u %39s %39s", &first, &sub, name, klass) == 4 && sub < 8 &&
            (unsigned)code >= first && (unsigned)code < first + (1u << sub))
            return true;
        p += n + 1;
    }
    return false;
}

/* "name+0x12" of the symbol that covers an address. */
static const char *place(const struct cost_result *r, uint32_t at, char *text, size_t size)
{
    const struct capture_symbol *best = NULL;
    for (size_t i = 0; i < r->symbols && r->symbol[i].address <= at; i++)
        if (r->symbol[i].function)
            best = &r->symbol[i];
    if (best && at > best->address)
        snprintf(text, size, "%s+0x%x", best->name, at - best->address);
    else
        snprintf(text, size, "%s", best ? best->name : "?");
    return text;
}

static void cell(FILE *f, const struct cost_number *n)
{
    char text[64];
    if (n->min == n->max)
        snprintf(text, sizeof text, "%" PRIu64, n->min);
    else
        snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu64 "/%" PRIu64, n->min, n->median, n->max);
    fprintf(f, " %14s", text);
}

static const int columns[] = {COST_INSTRUCTIONS, COST_OWN,  COST_ELAPSED, COST_LOADS,
                              COST_STORES,       COST_CSRS, COST_MASKED};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void row(FILE *f, const char *name, uint64_t calls, const struct cost_number *metric)
{
    fprintf(f, "%-44s %8" PRIu64, name, calls);
    for (int c = 0; c < COLUMNS; c++)
        cell(f, &metric[columns[c]]);
}

/* "task_switch at dispatch+0x12, any" */
static void writer_name(const struct cost_result *r, const struct cost_writer *w, char *text,
                        size_t size)
{
    char event[40], klass[40], at[128];
    if (!cost_event_name(r->table, w->code, event, klass))
        snprintf(event, sizeof event, w->code < 0 ? "nothing" : "0x%02x", (unsigned)w->code);
    snprintf(text, size, "%s at %s%s", event, place(r, w->address, at, sizeof at),
             w->protects ? ", any" : "");
}

/* The figures that recorders are compared by: what one recorded event executes and stores, on
 * average. */
static void per_event(const struct cost_result *r, FILE *f)
{
    uint64_t events = 0, instructions = 0, stores = 0;
    for (size_t i = 0; i < r->writers; i++) {
        const struct cost_writer *w = &r->writer[i];
        if (w->code < 0)
            continue;
        events += w->calls;
        instructions += w->metric[COST_INSTRUCTIONS].sum;
        stores += w->metric[COST_STORES].sum;
    }
    if (events)
        fprintf(f, "\nper event: %.1f instructions, %.1f stores (%" PRIu64 " events)\n",
                (double)instructions / (double)events, (double)stores / (double)events, events);
}

void cost_result_table(const struct cost_result *r, FILE *f)
{
    char a[256], b[128];
    fprintf(f, "%-44s %8s", "per call: min/median/max", "calls");
    for (int c = 0; c < COLUMNS; c++)
        fprintf(f, " %14s", cost_metric_names[columns[c]]);
    fputc('\n', f);
    for (size_t i = 0; i < r->ranges; i++) {
        const struct cost_range *g = &r->range[i];
        if (!g->calls)
            continue;
        row(f, g->name, g->calls, g->metric);
        fprintf(f, "%s\n", g->unknown ? "  masking unknown" : "");
    }
    for (size_t i = 0; i < r->writers; i++) {
        const struct cost_writer *w = &r->writer[i];
        writer_name(r, w, a, sizeof a);
        row(f, a, w->calls, w->metric);
        fprintf(f, "  %" PRIu64 " bytes%s\n", w->bytes.max, w->unknown ? "  masking unknown" : "");
    }
    per_event(r, f);
    fprintf(f,
            "\n%" PRIu64 " instructions, %" PRIu64 " with interrupts masked, %" PRIu64
            " of which nobody knows; %" PRIu64 " interrupts, %" PRIu64 " other traps\n",
            r->executed, r->masked, r->unknown, r->interrupts, r->traps);
    if (r->lost || r->illegal)
        fprintf(f,
                "the plugin lost the thread %" PRIu64 " times, and met %" PRIu64
                " instructions it does not know\n",
                r->lost, r->illegal);
    if (r->stretches)
        fprintf(f, "longest stretches with interrupts masked:\n");
    for (size_t i = 0; i < r->stretches && i < 5; i++)
        fprintf(f, "%8" PRIu64 "  %s to %s (%" PRIu64 " times, at least %" PRIu64 ")\n",
                r->stretch[i].longest, place(r, r->stretch[i].start, a, sizeof a),
                place(r, r->stretch[i].end, b, sizeof b), r->stretch[i].count, r->stretch[i].least);
}

static void json_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++)
        if (*s == '"' || *s == '\\' || (unsigned char)*s < 32)
            fprintf(f, "\\u%04x", (unsigned char)*s);
        else
            fputc(*s, f);
    fputc('"', f);
}

static void json_numbers(const struct cost_number *metric, FILE *f)
{
    for (int m = 0; m < COST_METRICS; m++) {
        const struct cost_number *n = &metric[m];
        fprintf(f,
                ",\n     \"%s\": {\"min\": %" PRIu64 ", \"median\": %" PRIu64 ", \"max\": %" PRIu64
                ", \"sum\": %" PRIu64 "}",
                cost_metric_names[m], n->min, n->median, n->max, n->sum);
    }
    fputc('}', f);
}

static void json_range(const struct cost_range *g, FILE *f)
{
    fprintf(f, "    {\"name\": ");
    json_string(f, g->name);
    fprintf(f, ", \"calls\": %" PRIu64 ", \"abandoned\": %" PRIu64 ", \"unknown\": %" PRIu64,
            g->calls, g->abandoned, g->unknown);
    json_numbers(g->metric, f);
}

void cost_result_json_writer(const struct cost_result *r, const struct cost_writer *w, FILE *f)
{
    char name[40], klass[40], at[128];
    bool named = cost_event_name(r->table, w->code, name, klass);
    fprintf(f, "    {\"address\": \"%08x\", \"place\": ", w->address);
    json_string(f, place(r, w->address, at, sizeof at));
    fprintf(f, ", \"code\": %d, \"event\": ", w->code);
    json_string(f, named ? name : "");
    fprintf(f, ", \"class\": ");
    json_string(f, named ? klass : "");
    fprintf(f,
            ", \"context\": \"%s\", \"calls\": %" PRIu64 ", \"unknown\": %" PRIu64
            ", \"bytes\": {\"min\": %" PRIu64 ", \"max\": %" PRIu64 "}",
            w->protects ? "any" : "off", w->calls, w->unknown, w->bytes.min, w->bytes.max);
    json_numbers(w->metric, f);
}

void cost_result_json(const struct cost_result *r, const char *image, FILE *f)
{
    char a[128], b[128];
    fprintf(f, "{\n  \"image\": ");
    json_string(f, image);
    fprintf(f,
            ",\n  \"executed\": %" PRIu64 ", \"masked\": %" PRIu64 ", \"unknown\": %" PRIu64
            ", \"lost\": %" PRIu64 ", \"illegal\": %" PRIu64 ",\n  \"interrupts\": %" PRIu64
            ", \"traps\": %" PRIu64 ", \"threads\": %" PRIu64 ",\n  \"ranges\": [\n",
            r->executed, r->masked, r->unknown, r->lost, r->illegal, r->interrupts, r->traps,
            r->threads);
    for (size_t i = 0; i < r->ranges; i++) {
        json_range(&r->range[i], f);
        fprintf(f, "%s\n", i + 1 < r->ranges ? "," : "");
    }
    fprintf(f, "  ],\n  \"writers\": [\n");
    for (size_t i = 0; i < r->writers; i++) {
        cost_result_json_writer(r, &r->writer[i], f);
        fprintf(f, "%s\n", i + 1 < r->writers ? "," : "");
    }
    fprintf(f, "  ],\n  \"stretches\": [\n");
    for (size_t i = 0; i < r->stretches; i++) {
        const struct cost_stretch *s = &r->stretch[i];
        fprintf(f, "    {\"start\": ");
        json_string(f, place(r, s->start, a, sizeof a));
        fprintf(f, ", \"end\": ");
        json_string(f, place(r, s->end, b, sizeof b));
        fprintf(f,
                ", \"count\": %" PRIu64 ", \"least\": %" PRIu64 ", \"longest\": %" PRIu64 "}%s\n",
                s->count, s->least, s->longest, i + 1 < r->stretches ? "," : "");
    }
    fprintf(f, "  ]\n}\n");
}

void cost_result_csv(const struct cost_result *r, FILE *f)
{
    fprintf(f, "name,calls,abandoned,unknown");
    for (int m = 0; m < COST_METRICS; m++)
        fprintf(f, ",%s_min,%s_median,%s_max,%s_sum", cost_metric_names[m], cost_metric_names[m],
                cost_metric_names[m], cost_metric_names[m]);
    fputc('\n', f);
    for (size_t i = 0; i < r->ranges; i++) {
        const struct cost_range *g = &r->range[i];
        fprintf(f, "\"%s\",%" PRIu64 ",%" PRIu64 ",%" PRIu64, g->name, g->calls, g->abandoned,
                g->unknown);
        for (int m = 0; m < COST_METRICS; m++)
            fprintf(f, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, g->metric[m].min,
                    g->metric[m].median, g->metric[m].max, g->metric[m].sum);
        fputc('\n', f);
    }
}
