/* SPDX-License-Identifier: MIT */
/* What a report's rows and references are numbered by: tasks, objects, interrupts, spans, counters,
 * and *combinations* (all that an interval says except its times, each different one kept once).
 *
 * Numbers are given in order of appearance and never change, so the second pass finds what the
 * first numbered. -1 (KR_NONE) is no such thing. Memory grows with the number of different things,
 * at most KR_MOST of each kind; what comes after that has no row (kr_rows.left_out counts). */
#ifndef KYMO_REPORT_ROWS_H
#define KYMO_REPORT_ROWS_H
#include "kymo.h"

enum { KR_NONE = -1, KR_MOST = 1 << 20, KR_COMBO = 11 };

/* A hash from 64-bit keys to numbers. Zeroed is empty. */
struct kr_map {
    uint64_t *key;
    int32_t *value; /* number + 1; 0 free */
    uint32_t slots, used;
};

/* The number of key, or KR_NONE. */
int32_t kr_map_find(const struct kr_map *m, uint64_t key);
/* The number of key; a new one is m->used. Returns KR_NONE when it is full or out of memory. */
int32_t kr_map_add(struct kr_map *m, uint64_t key);
void kr_map_free(struct kr_map *m);

struct kr_task {
    uint32_t id;
    uint8_t base;
    bool user;
    char *name;
};

struct kr_object {
    uint32_t addr;
    uint8_t kind;
    bool used; /* it was held or waited for */
    char *name;
};

struct kr_isr {
    uint8_t cause;
    uint16_t source;
};

struct kr_named { /* a span of a task, or a counter */
    uint32_t tag;
    int32_t task;
    char *name;
};

struct kr_combo {
    int32_t
        field[KR_COMBO]; /* state certainty level base flags object holder waker waker_irq hart */
};

struct kr_rows {
    struct kr_map task_map, object_map, isr_map, span_map, counter_map, combo_map;
    struct kr_task *tasks;
    struct kr_object *objects;
    struct kr_isr *isrs;
    struct kr_named *spans, *counters;
    struct kr_combo *combos;
    uint32_t n_tasks, n_objects, n_isrs, n_spans, n_counters, n_combos;
    uint64_t left_out;
    bool no_memory;
};

void kr_rows_init(struct kr_rows *r); /* makes combination 0: the task does not exist */
void kr_rows_free(struct kr_rows *r);
int32_t kr_task(struct kr_rows *r, uint32_t id); /* adds it; KYMO_TASK_NONE gives KR_NONE */
int32_t kr_object(struct kr_rows *r, uint32_t addr);
int32_t kr_isr(struct kr_rows *r, uint8_t cause, uint16_t source);
int32_t kr_span(struct kr_rows *r, uint32_t task, uint32_t tag);
int32_t kr_counter(struct kr_rows *r, uint32_t tag);
/* mutex: the object it waits for is one. */
int32_t kr_combo(struct kr_rows *r, const struct kymo_interval *i, bool mutex);

/* Names, priorities and kinds as the model knows them now; to be called when the trace has ended.
 */
void kr_rows_name(struct kr_rows *r, const kymo_model *m);

#endif
