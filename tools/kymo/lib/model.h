/* SPDX-License-Identifier: MIT */
/* The model's inside, shared by model.c (life, tasks, intervals, loss), model_events.c (what each
 * event means) and names.c.
 *
 * Invariants, at the return of every callback:
 *   M1  a task's open interval `now` began at or before the last event; intervals of a task
 *       follow each other without overlap and, from its first one on, without holes, except where
 *       it does not exist or is idle
 *   M2  hart.running is NULL (not known) or a task in state RUNNING on that hart
 *   M3  a task is in the wait list of `wait` if and only if wait is not NULL
 *   M4  after a gap of one hart every task that does not run on another is UNKNOWN until an event
 *       or a block header says what it is, and no level is known
 *   M5  nothing here is as long as the trace: tasks, objects and their names only */
#ifndef KYMO_MODEL_H
#define KYMO_MODEL_H
#include "ids.h"
#include "private.h"

enum { KM_DEPTH = 16, KM_SPANS = 8, KM_NAME = 17 };

struct km_object;

struct km_task {
    struct kymo_task pub;
    struct kymo_interval now; /* the open one; state UNKNOWN too */
    struct km_object *wait;   /* waits for it, also while suspended */
    struct km_task *wait_next, *wait_prev;
    struct km_object *pending; /* it said it would wait for this; the switch makes it so */
    uint64_t irq_mark;         /* the hart's interrupt time when it began to run */
    bool open;                 /* `now` is valid */
    bool ended;                /* task_destroy was seen while it ran */
    unsigned spans;
    struct {
        uint64_t from;
        uint32_t tag;
    } span[KM_SPANS];
    char name[KM_NAME]; /* given by name_task */
    char *shown;        /* cache of kymo_task_name */
};

struct km_object {
    struct kymo_object pub;
    struct km_task *owner, *first; /* mutex; wait list */
    uint64_t held_from;
    uint32_t held_waiters;
    uint8_t held_certainty;
    bool owner_known; /* else a gap hid who owns it */
    char name[KM_NAME];
    char *shown;
    struct km_object *next; /* all objects, in order of appearance */
};

struct km_frame { /* an active interrupt handler */
    uint64_t from, nested;
    uint32_t task;
    uint16_t source;
    uint8_t cause;
    bool known; /* its beginning was seen */
};

struct km_hart {
    struct km_task *running;
    struct km_task *idle;
    uint64_t irq_total, irq_since; /* time in handlers so far; since when in one now */
    unsigned depth;
    uint64_t yield; /* number of the event after a task_yield, if it can still be the switch it asks
                       for */
    bool yield_held; /* an interrupt came between the two */
    bool masked;     /* scheduler events are masked off */
    uint64_t masked_since;
    struct km_frame frame[KM_DEPTH];
};

struct kymo_model {
    kymo_trace *t;
    struct kymo_sink sink;
    void *u;
    uint64_t start, time;   /* of the first and of the last event */
    uint64_t unknown_since; /* a task that was never named is unknown since then */
    bool any;
    struct km_hart hart[KYMO_HARTS_MAX];
    struct kymo_ids task;
    struct km_task **order; /* in order of appearance */
    unsigned order_room;
    unsigned tasks;
    struct km_object **slot; /* hash table of objects by address */
    unsigned slots, objects;
    struct km_object *first, *last;
    bool no_memory;
    char scratch[8][64]; /* names made on the fly; each lives for eight calls */
    unsigned turn;
};

/* model.c */
struct km_task *km_task(kymo_model *m, uint32_t id,
                        unsigned hart); /* made if new; NULL only without memory */
struct km_object *km_object(kymo_model *m, uint32_t addr, unsigned kind);
struct km_object *km_find_object(const kymo_model *m, uint32_t addr);
void km_set(kymo_model *m, struct km_task *t,
            struct kymo_interval n); /* closes `now`, opens n at m->time */
struct kymo_interval km_base(const kymo_model *m, const struct km_task *t, unsigned state,
                             unsigned hart);
void km_levels(kymo_model *m, struct km_task *t, unsigned level, unsigned base);
void km_wait(struct km_task *t, struct km_object *o);
void km_unwait(struct km_task *t);
void km_lose(kymo_model *m, uint64_t from, unsigned hart); /* M4; a gap of this hart */
uint64_t km_irq_time(const kymo_model *m, const struct km_hart *h);

/* model_events.c */
void km_event(kymo_model *m, const struct kymo_event *e);
void km_header(kymo_model *m, const struct kymo_block_state *b);

/* names.c */
void km_forget_task_name(struct km_task *t); /* the cache; a name or entry was just learned */
void km_forget_object_name(struct km_object *o);
void km_free_names(kymo_model *m);

#endif
