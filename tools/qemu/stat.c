/* SPDX-License-Identifier: MIT */
/* See stat.h. */
#include "stat.h"

#include <stdlib.h>
#include <string.h>

static struct stat_entry *find(const struct stat_counts *s, uint64_t value)
{
    size_t at = (size_t)(value * 0x9E3779B97F4A7C15u >> 32) & (s->room - 1);
    while (s->entry[at].count && s->entry[at].value != value)
        at = (at + 1) & (s->room - 1);
    return &s->entry[at];
}

static void grow(struct stat_counts *s)
{
    struct stat_counts old = *s;
    s->room = old.room ? 2 * old.room : 16;
    s->entry = calloc(s->room, sizeof *s->entry);
    if (!s->entry)
        abort();
    for (size_t i = 0; i < old.room; i++)
        if (old.entry[i].count)
            *find(s, old.entry[i].value) = old.entry[i];
    free(old.entry);
}

void stat_add(struct stat_counts *s, uint64_t value)
{
    if (2 * (s->used + 1) > s->room)
        grow(s);
    struct stat_entry *e = find(s, value);
    s->used += !e->count;
    e->value = value;
    e->count++;
    s->samples++;
    s->sum += value;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = ((const struct stat_entry *)a)->value, y = ((const struct stat_entry *)b)->value;
    return (x > y) - (x < y);
}

struct stat_summary stat_summary(const struct stat_counts *s)
{
    struct stat_summary r = {0};
    if (!s->samples)
        return r;
    struct stat_entry *sorted = malloc(s->used * sizeof *sorted);
    if (!sorted)
        abort();
    size_t n = 0;
    for (size_t i = 0; i < s->room; i++)
        if (s->entry[i].count)
            sorted[n++] = s->entry[i];
    qsort(sorted, n, sizeof *sorted, by_value);
    uint64_t middle = (s->samples - 1) / 2, seen = 0;
    size_t at = 0;
    while (seen + sorted[at].count <= middle)
        seen += sorted[at++].count;
    r = (struct stat_summary){sorted[0].value, sorted[at].value, sorted[n - 1].value};
    free(sorted);
    return r;
}
