/* SPDX-License-Identifier: MIT */
/* The common core of all exporters that write in the order of time.
 *
 * The model (kymo.h) reports a stretch of time when it ends; ftrace, CTF and VCD want each change
 * when it happens. The flow is a sink of the model that asks it, after every event, what has
 * changed, and hands on steps: switch, wake-up, interrupt in and out, priority, task seen, task
 * ended, state, loss. It decodes nothing: what runs, in which state and at which level comes from
 * the model, the fields of an event by name from the trace's own table.
 *
 * With a window (job->from, job->to) the events before it only bring the flow up to date: at its
 * beginning what is known then is handed on as if it began there, stretches are cut at its edges,
 * and reading stops at its end.
 *
 * Rules: steps come in the order of time, over all harts. Every member of xp_steps may be NULL. A
 * stretch nobody saw is not given to the task that ran before it: the flow switches to XP_TASK_LOST
 * at its beginning and away from it when the model knows again who runs. Those switches carry
 * `synthetic`, so that a consumer can leave them out of a count. */
#ifndef KYMO_EXPORT_FLOW_H
#define KYMO_EXPORT_FLOW_H
#include "kymo.h"

#define XP_TASK_LOST 0x10000u /* equals KYMO_TASK_NONE; tid 65536 in the formats that have tids */
#define XP_TASKS 0x10001u
#define XP_HARTS 64u
#define XP_NEST 16u /* deeper handlers have no stretch in the model either */
#define XP_ARGS (KYMO_MAX_WORDS + 4)
#define XP_NAME_MAX 64

struct xp_switch {
    uint64_t time;
    uint32_t prev, next;
    uint16_t hart;
    uint8_t prev_state;         /* enum kymo_state of `prev` from here on */
    bool preempted;             /* it could have gone on */
    bool synthetic;             /* edge of a stretch nobody saw */
    int prev_level, next_level; /* -1 unknown */
};

struct xp_priority {
    uint64_t time;
    uint32_t task;
    uint16_t hart;
    int old_level, level, base, why;
};

struct xp_irq {
    uint64_t time;
    uint16_t hart;
    unsigned irq;   /* xp_irq_number */
    unsigned depth; /* 0 the outermost */
    bool in;
};

struct xp_flow;

struct xp_steps {
    void (*task)(void *u, struct xp_flow *f, uint64_t time,
                 uint32_t task); /* first seen, or named anew */
    void (*ended)(void *u, struct xp_flow *f, uint64_t time, unsigned hart, uint32_t task);
    void (*change)(void *u, struct xp_flow *f, const struct xp_switch *s);
    void (*wake)(void *u, struct xp_flow *f, const struct kymo_wake *w,
                 bool fresh); /* fresh: it was just created */
    void (*priority)(void *u, struct xp_flow *f, const struct xp_priority *p);
    void (*irq)(void *u, struct xp_flow *f, const struct xp_irq *i);
    void (*state)(void *u, struct xp_flow *f, uint64_t time,
                  const struct kymo_task *t); /* NULL members never */
    void (*event)(void *u, struct xp_flow *f, const struct kymo_event *e,
                  unsigned use); /* every event, xp_use of it */
    void (*gap)(void *u, struct xp_flow *f, const struct kymo_gap *g);
    /* the model's own reports, in the order in which stretches end */
    void (*interval)(void *u, struct xp_flow *f, const struct kymo_interval *i);
    void (*isr)(void *u, struct xp_flow *f, const struct kymo_isr *i);
    void (*hold)(void *u, struct xp_flow *f, const struct kymo_hold *h);
    void (*span)(void *u, struct xp_flow *f, const struct kymo_user_span *s);
    void (*end)(void *u, struct xp_flow *f, uint64_t time);
};

/* What an event is to an exporter, found by its name in the trace's table. */
enum xp_use {
    XP_USE_OTHER, /* carried by nothing else: print it as itself */
    XP_USE_SCHED, /* switch, ready, create, destroy, priority: steps carry it */
    XP_USE_IRQ,   /* in and out: steps carry it */
    XP_USE_NAME,  /* names of tasks and objects */
    XP_USE_CLOCK, /* time_sync, tick */
    XP_USE_MARK,
    XP_USE_COUNTER,
    XP_USE_SPAN, /* begin or end: the model's spans carry it */
    XP_USE_LOG
};

struct xp_code { /* per code of the table, resolved once */
    const struct kymo_event_desc *desc;
    const struct kymo_field *task, *cause, *source, *why, *tag, *value, *obj;
    uint8_t use, step;
};

struct xp_hart {
    uint32_t running; /* as last handed on */
    bool preempted;   /* how the stretch of running that ended last did end */
    unsigned depth;   /* interrupts handed on as in */
    unsigned irq[XP_NEST];
    bool has_gap; /* one that reaches into the window, not told yet */
    struct kymo_gap gap;
};

struct text;

struct xp_flow {
    struct text *text;            /* storage of xp_message */
    const struct xp_steps *steps; /* none before the window, then `given` */
    const struct xp_steps *given;
    uint64_t from, to; /* the window */
    bool live, done;   /* it was entered; it was left */
    bool dead;         /* the trace cannot be read on: nothing more is handed on */
    void *u;
    const struct xp_job *job;
    kymo_trace *trace;
    const kymo_model *model; /* valid inside callbacks */
    struct xp_code code[256];
    struct xp_hart hart[XP_HARTS];
    uint64_t hz, scale,
        last; /* scale: ns per count if whole, else 0; last: time of the last callback */
    int16_t level[XP_TASKS]; /* as last handed on, -1 unknown */
    uint8_t seen[XP_TASKS];
    uint8_t state[XP_TASKS]; /* as last handed on */
    unsigned at_hart;        /* of the event or gap that is being handed on */
    uint32_t fresh;          /* task the last event created */
    uint32_t dirty[256];     /* tasks with a stretch that just ended */
    unsigned dirties;
    uint64_t read;         /* events, before the window too */
    uint64_t events, lost; /* of the window: events seen; counted as lost */
    bool lost_unknown;     /* some gap in it had no count */
    bool progress;         /* something was said about it on the terminal */
    double begun;          /* when, in seconds of some clock */
};

/* Runs the model over the job's trace, hands steps to `steps`, fills the job's counts. */
struct xp_job;
int xp_flow_run(struct xp_job *job, const struct xp_steps *steps, void *u, struct kymo_error *err);

/* Counts of the trace's clock to nanoseconds, rounded down. */
static inline uint64_t xp_ns(const struct xp_flow *f, uint64_t t)
{
    if (f->scale)
        return t * f->scale;
    return (uint64_t)((unsigned __int128)t * 1000000000u / f->hz);
}

/* One number for cause and source: 0 the machine timer, 16 + n external source n, else the
 * cause. */
unsigned xp_irq_number(unsigned cause, unsigned source);
/* Its name without spaces: "timer", "software", "ext10", "cause5". */
const char *xp_irq_name(unsigned irq, char text[XP_NAME_MAX]);
/* A task's name as the exporters show it; XP_TASK_LOST is "(lost)", boot "boot". */
const char *xp_task_name(const struct xp_flow *f, uint32_t task);
const char *xp_state_name(unsigned state);
const char *xp_loss_name(unsigned cause);
const char *xp_kind_name(unsigned kind);
const char *xp_certainty_name(unsigned certainty);

struct xp_arg {
    const char *name, *text; /* text NULL: a number */
    int64_t value;
};

/* Fields of an event with their names resolved; returns how many. Valid until the next call with
 * the same storage. */
struct xp_args {
    struct xp_arg arg[XP_ARGS];
    char text[XP_ARGS][XP_NAME_MAX];
    unsigned n;
};
void xp_args_of(const struct xp_flow *f, const struct kymo_event *e, struct xp_args *out);
/* The message of a log event, its format filled in; NULL for other events. Valid until the next
 * call. */
const char *xp_message(const struct xp_flow *f, const struct kymo_event *e);
/* What the wait of a task is: "blocked: mutex bus (held by weather)", "delayed", ... */
void xp_wait_text(const struct xp_flow *f, const struct kymo_interval *i, char *text, size_t size);
#endif
