/* SPDX-License-Identifier: MIT */
/* Tasks by name. Two tasks of one entry function are called "entry/3" and "entry/7"; in a table of
 * one the number is noise unless there are two, and between two runs the numbers need not agree, so
 * tasks are matched by name and rank. Sorted once, because a trace may have 65,535 tasks. */
#include "stat.h"

#include <stdlib.h>

static int by_text(const char *a, size_t na, const char *b, size_t nb)
{
    size_t n = na < nb ? na : nb;
    int r = memcmp(a, b, n);
    return r ? r : (na > nb) - (na < nb);
}

static int by_name(const void *pa, const void *pb)
{
    const struct kymo_stat_task *a = ((const struct stat_name *)pa)->task;
    const struct kymo_stat_task *b = ((const struct stat_name *)pb)->task;
    int r = by_text(a->name, stat_name_length(a->name), b->name, stat_name_length(b->name));
    return r ? r : (a->id > b->id) - (a->id < b->id);
}

static bool same_name(const struct stat_name *a, const struct stat_name *b)
{
    size_t n = stat_name_length(a->task->name);
    return n == stat_name_length(b->task->name) && memcmp(a->task->name, b->task->name, n) == 0;
}

bool stat_name_all(struct stat_view *v)
{
    unsigned n = v->s->tasks;
    v->name = calloc(n + 1, sizeof *v->name);
    if (!v->name)
        return false;
    for (unsigned i = 0; i < n; i++)
        v->name[i].task = &v->s->task[i];
    qsort(v->name, n, sizeof *v->name, by_name);
    for (unsigned i = 0, end; i < n; i = end) {
        for (end = i; end < n && same_name(&v->name[i], &v->name[end]); end++)
            v->name[end].rank = end - i;
        for (unsigned k = i; k < end; k++)
            v->name[k].same = end - i;
    }
    return true;
}

const struct stat_name *stat_find_name(const struct stat_view *v, const char *full, unsigned rank)
{
    unsigned low = 0, high = v->s->tasks;
    size_t n = stat_name_length(full);
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        const struct stat_name *x = &v->name[mid];
        int r = by_text(x->task->name, stat_name_length(x->task->name), full, n);
        if (r == 0 && x->rank == rank)
            return x;
        if (r < 0 || (r == 0 && x->rank < rank))
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct stat_name *stat_name_of(const struct stat_view *v, const struct kymo_stat_task *t)
{
    const struct stat_name key = {.task = t};
    return bsearch(&key, v->name, v->s->tasks, sizeof key, by_name);
}
