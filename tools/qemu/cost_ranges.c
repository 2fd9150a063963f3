/* SPDX-License-Identifier: MIT */
/* The request: which parts of the image are measured. One line each:
 *
 *     function NAME LOW HIGH
 *     site NAME LOW HIGH [LOW HIGH]..      an inlined piece of code; its instructions may lie in
 *                                          several places
 *     path NAME FROM TO                    from one address to another, whoever runs in between
 *     mark ADDRESS KIND                    a writer of the recorder: 0 begins, 1 ends; 2 and 3
 *                                          the same of one that protects itself
 *     ctl ADDRESS                          of trace_ctl, for the writers
 *
 * Addresses are hexadecimal. A name has no blanks. */
#include "cost.h"

#include <stdlib.h>
#include <string.h>

struct range *cost_ranges;
unsigned cost_range_count;
uint32_t cost_ctl;

static struct {
    uint32_t at, kind;
} * marks;
static size_t mark_count;

int cost_mark_at(uint32_t pc)
{
    int bits = 0;
    for (size_t i = 0; i < mark_count; i++)
        if (marks[i].at == pc)
            bits |= 1 << marks[i].kind;
    return bits;
}

static bool parse_mark(const char *line)
{
    uint32_t at, kind;
    if (sscanf(line, "ctl %x", &cost_ctl) == 1)
        return true;
    if (sscanf(line, "mark %x %u", &at, &kind) != 2 || kind > 3)
        return false;
    marks = realloc(marks, (mark_count + 1) * sizeof *marks);
    if (!marks)
        abort();
    marks[mark_count].at = at;
    marks[mark_count++].kind = kind;
    return true;
}

static bool add_span(struct range *r, const char *low, const char *high)
{
    char *end1, *end2;
    struct span s = {(uint32_t)strtoul(low, &end1, 16), (uint32_t)strtoul(high, &end2, 16)};
    if (*end1 || *end2 || end1 == low || end2 == high || (r->kind != RANGE_PATH && s.low >= s.high))
        return false;
    r->spans = realloc(r->spans, (r->span_count + 1) * sizeof *r->spans);
    if (!r->spans)
        abort();
    r->spans[r->span_count++] = s;
    r->low = r->span_count == 1 || s.low < r->low ? s.low : r->low;
    r->high = r->span_count == 1 || s.high > r->high ? s.high : r->high;
    return true;
}

static bool parse(char *line)
{
    static const char *const kinds[] = {"function", "site", "path"};
    struct range r = {0};
    char *save, *kind = strtok_r(line, " \n", &save),
                *name = kind ? strtok_r(NULL, " \n", &save) : NULL;
    int k = 2;
    if (!kind)
        return true;
    while (k >= 0 && strcmp(kind, kinds[k]) != 0)
        k--;
    if (k < 0 || !name)
        return false;
    r.kind = (enum range_kind)k;
    r.name = strdup(name);
    for (char *low, *high; (low = strtok_r(NULL, " \n", &save)) != NULL;) {
        high = strtok_r(NULL, " \n", &save);
        if (!high || !add_span(&r, low, high))
            return false;
    }
    cost_ranges = realloc(cost_ranges, (cost_range_count + 1) * sizeof *cost_ranges);
    if (!cost_ranges || !r.name)
        abort();
    cost_ranges[cost_range_count++] = r;
    return r.span_count == 1 || (r.span_count && r.kind == RANGE_SITE);
}

bool cost_ranges_read(const char *path, char *why, size_t why_size)
{
    char *line = NULL;
    size_t room = 0;
    unsigned number = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        snprintf(why, why_size, "%s cannot be read", path);
        return false;
    }
    bool ok = true;
    while (ok && getline(&line, &room, f) > 0) {
        number++;
        ok = parse_mark(line) || parse(line);
    }
    if (!ok)
        snprintf(why, why_size, "%s:%u: not `function|site|path NAME LOW HIGH`", path, number);
    free(line);
    fclose(f);
    return ok;
}
