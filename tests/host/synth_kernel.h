/* SPDX-License-Identifier: MIT */
/* The simulated kernel itself: state, scheduler and system calls. Inner part of synth;
 * synth_play.c decides what the tasks do.
 *
 * Invariants (sk_check asserts them after every call):
 *   K1  the running task is in state RUNNING and in no queue; every READY task is in exactly one
 *       place of the ready order
 *   K2  a task with wait != NULL is in that object's waiters and is BLOCKED, or SUSPENDED out of
 *       BLOCKED
 *   K3  a mutex has waiters only if it has an owner
 *   K4  level == min(base, levels of all waiters of inheriting mutexes it owns) */
#ifndef KYMO_SYNTH_KERNEL_H
#define KYMO_SYNTH_KERNEL_H
#include "lib/table.h"
#include "synth_write.h"

enum { SK_TASKS = 4096, SK_OBJECTS = 32, SK_LEVELS = 8, SK_TICK = 100000, SK_IDLE_LEVEL = 8 };
enum { ST_STOPPED, ST_READY, ST_RUNNING, ST_BLOCKED, ST_SUSPENDED, ST_DELAYED };
enum { SK_WHY_CREATED, SK_WHY_OBJECT, SK_WHY_DELAY, SK_WHY_TIMEOUT, SK_WHY_RESUMED, SK_WHY_WFI };

struct sk_object {
    uint32_t addr;
    int kind;              /* enum kymo_kind */
    int count;             /* tokens, messages, bytes used */
    struct sk_task *owner; /* mutex */
    uint64_t held_since;
    unsigned held_waiters;
    bool inherit;
};

struct sk_task {
    uint16_t id;
    bool used, user;
    uint8_t state, under; /* `under` a suspension: the state it returns to */
    uint8_t level, base;
    unsigned slice; /* ticks left */
    uint64_t order; /* place in the ready order of its level: smaller first */
    uint64_t wait_order;
    struct sk_object *wait;   /* waiting on */
    uint64_t wake_tick;       /* 0 none */
    struct sk_object *relock; /* cond: mutex to take again */
    unsigned after;           /* code of the event that it writes when it runs again; 0 none */
    struct sk_object *after_obj;
    unsigned held; /* how many mutexes it owns */
    unsigned step; /* of its program */
    uint64_t left; /* counts it still computes before the next step */
    /* the truth */
    struct kymo_interval now;
    uint32_t waker;
    uint8_t waker_irq;
    bool preempted;
};

struct sk {
    const struct synth_config *c;
    const struct synth_oracle *o;
    struct synth_ring ring;
    struct synth_now now;
    uint64_t random, written;
    struct sk_task task[SK_TASKS]; /* [0] idle */
    unsigned tasks, first_id;
    struct sk_task *running;
    struct sk_object object[SK_OBJECTS];
    unsigned objects;
    uint64_t order, tick, next_tick;
    uint64_t next_irq;
    bool started, need_switch, used_up;
    struct {
        uint64_t from, nested;
        uint8_t cause;
        uint16_t source;
        uint32_t task;
    } irq[4];
};

void sk_init(struct sk *k, const struct synth_config *c, const struct synth_oracle *o,
             struct synth_file *f, unsigned hart);
void sk_finish(struct sk *k, uint64_t end);
void sk_check(const struct sk *k);
uint64_t sk_rand(struct sk *k, uint64_t below);
void sk_emit(struct sk *k, unsigned code, unsigned n, const uint32_t *v);
#define EMIT(k, code, ...)                                           \
    sk_emit(k, code, sizeof((uint32_t[]){0, ##__VA_ARGS__}) / 4 - 1, \
            (uint32_t[]){0, ##__VA_ARGS__} + 1)

/* Calls of the running task. Those that may block return after the switch: what follows runs in
 * another task. */
struct sk_object *sk_object(struct sk *k, int kind, uint32_t addr, int count, bool inherit);
struct sk_task *sk_create(struct sk *k, uint32_t entry, unsigned level, bool user);
void sk_cancel(struct sk *k, struct sk_task *t);
void sk_yield(struct sk *k);
void sk_delay(struct sk *k, unsigned ticks);
void sk_wfi(struct sk *k);
void sk_suspend(struct sk *k, struct sk_task *t);
void sk_resume(struct sk *k, struct sk_task *t);
void sk_priority(struct sk *k, struct sk_task *t, unsigned level);
void sk_sem_wait(struct sk *k, struct sk_object *s, unsigned ticks);
void sk_sem_signal(struct sk *k, struct sk_object *s);
void sk_lock(struct sk *k, struct sk_object *m, unsigned ticks);
void sk_unlock(struct sk *k, struct sk_object *m);
void sk_cond_wait(struct sk *k, struct sk_object *c, struct sk_object *m);
void sk_cond_signal(struct sk *k, struct sk_object *c);
void sk_send(struct sk *k, struct sk_object *q);
void sk_receive(struct sk *k, struct sk_object *q);
/* Writes the event that ends the running task's wait, if one is due; true if it had one. */
bool sk_after(struct sk *k);

/* Inside, shared by synth_kernel.c and synth_irq.c. */
struct sk_task *sk_best(struct sk *k);
void sk_to_tail(struct sk *k, struct sk_task *t);
void sk_set_state(struct sk *k, struct sk_task *t, unsigned state);
void sk_switch(struct sk *k, unsigned state);
void sk_preempt(struct sk *k);
void sk_make_ready(struct sk *k, struct sk_task *t, unsigned why);
void sk_inherit(struct sk *k);
unsigned sk_want_level(struct sk *k, const struct sk_task *t);

/* Interrupts. */
void sk_irq_in(struct sk *k, unsigned cause, unsigned source);
void sk_irq_out(struct sk *k);
void sk_tick(struct sk *k);
/* Boot is over: the scheduler takes the hart. */
void sk_start(struct sk *k);

#endif
