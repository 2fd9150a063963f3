/* SPDX-License-Identifier: MIT */
/* `kymo stat`, its inside: one struct kymo_stat, shown in several ways. */
#ifndef KYMO_CMD_STAT_H
#define KYMO_CMD_STAT_H
#include "kymo_stat.h"
#include "util/text.h"

enum { STAT_TASK_MAX = 16 };

struct stat_options {
    const char *path[2];
    const char *task[STAT_TASK_MAX], *object[STAT_TASK_MAX];
    unsigned paths, tasks, objects;
    const char *from, *to, *color, *sort;
    bool json, csv, histogram, brief, all;
    struct text_style style;
};

struct stat_name { /* a task among those of its name, the "/id" that tells them apart left out */
    const struct kymo_stat_task *task;
    unsigned rank; /* 0 for the smallest id of the name */
    unsigned same; /* how many there are */
};

struct stat_view { /* one trace and its figures */
    const char *path;
    const struct kymo_info *info;
    const struct kymo_stat *s;
    struct stat_name *name; /* of every task, by name, then id */
};

/* Fills view->name; false without memory. The tasks must not move afterwards. */
bool stat_name_all(struct stat_view *v);
/* The task of that name and rank; NULL if there is none. O(log tasks). */
const struct stat_name *stat_find_name(const struct stat_view *v, const char *full, unsigned rank);
/* The entry of a task of the view. */
const struct stat_name *stat_name_of(const struct stat_view *v, const struct kymo_stat_task *t);

bool stat_wants_task(const struct stat_options *o, const struct kymo_stat_task *t);
bool stat_wants_object(const struct stat_options *o, const struct kymo_stat_object *x);
/* A name without the "/id" that tells tasks of one entry apart. */
size_t stat_name_length(const char *name);

void stat_text(struct text *t, const struct stat_options *o, const struct stat_view *v);
void stat_histograms(struct text *t, const struct stat_options *o, const struct stat_view *v);
void stat_compare(struct text *t, const struct stat_options *o, const struct stat_view v[2]);
void stat_json(struct text *t, const struct stat_options *o, const struct stat_view *v);
void stat_csv(struct text *t, const struct stat_options *o, const struct stat_view *v);

#endif
