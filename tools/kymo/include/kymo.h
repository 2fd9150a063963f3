/* SPDX-License-Identifier: MIT */
/* libkymo: read a Kymo trace and turn its events into states.
 *
 * Two layers. The *reader* (kymo_open, kymo_next) yields events with 64-bit times, in time order
 * over all harts, and the gaps between them. The *model* (kymo_model_run) feeds on the reader and
 * calls a sink with what the events mean: closed intervals of task states with their causes,
 * interrupt handlers, wake-ups, object ownership, loss. Every command, export and report is a sink;
 * none decodes events on its own.
 *
 * Rules: a trace and what was made of it belong to one thread at a time. One pass; memory is
 * bounded by tasks and objects, never by events. Pointers given to a callback are valid until it
 * returns. Times are counts of the trace's clock (kymo_info.clock_hz), 64 bits, as the target saw
 * them. Nothing here prints or exits: a function that fails returns a negative value and fills
 * kymo_error with one line that names file and offset. */
#ifndef KYMO_H
#define KYMO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KYMO_TASK_IDLE 0u
#define KYMO_TASK_BOOT 0xFFFFu  /* before the scheduler ran */
#define KYMO_TASK_NONE 0x10000u /* no task, or not known */
#define KYMO_MAX_WORDS 16

struct kymo_error {
    char text[512];
};

/* ---- reader ---- */

typedef struct kymo_trace kymo_trace;

struct kymo_info { /* strings live as long as the trace; printable ASCII, "" if it does not say */
    const char *image, *build_id, *clock, *capture;
    uint64_t clock_hz; /* 1 to 10^12 */
    uint32_t table_hash;
    uint32_t harts; /* 1 to 64 */
    bool damaged;   /* packets were skipped or the tail is cut: kymo_warnings. Final after a pass */
    bool ended;     /* an END packet is there; else the capture was cut off or still runs */
    const char *end_reason; /* NULL if not ended */
    int end_exit;
    uint64_t end_time; /* clock at the end, 0 unknown */
    /* Instructions of the run, and the recorder's of them; 0 unless `kymo run --cost` counted. */
    uint64_t cost_executed, cost_tracer;
    bool same_table; /* the trace's events are those this library was built with; else kymo_known */
};

struct kymo_field { /* one line's field in the event table */
    const char *name, *type;
    uint8_t kind; /* 'S' sub, 'A' argument, 'W' word, 'M' more words */
    uint8_t bits, shift, word;
};

struct kymo_event_desc {
    const char *name, *klass;
    uint8_t code, sub;
    uint8_t fields;
    const struct kymo_field *field;
};

struct kymo_event {
    uint64_t time;
    uint64_t seq; /* number since boot, per hart */
    uint32_t arg; /* 24 bits */
    uint16_t hart;
    uint8_t code; /* as recorded, SUB included */
    uint8_t words;
    uint32_t word[KYMO_MAX_WORDS];
};

enum kymo_loss {
    KYMO_LOSS_OVERWRITTEN,
    KYMO_LOSS_FULL,
    KYMO_LOSS_STOPPED,
    KYMO_LOSS_MASKED,
    KYMO_LOSS_TRANSPORT,
    KYMO_LOSS_DAMAGED
};

struct kymo_gap {      /* between the event before and the one after */
    uint64_t from, to; /* last known time before, first after */
    uint64_t events;   /* exact count, or UINT64_MAX when nobody could count */
    enum kymo_loss cause;
    uint16_t hart;
};

enum { KYMO_END = 0, KYMO_EVENT = 1, KYMO_GAP = 2 }; /* kymo_next, or negative */

/* Opens a container; "-" is standard input. 0, or -1 with *err set and *out NULL: it cannot be
 * read, is no trace, is of another version, does not name its clock, or its event table is not its
 * image's. */
int kymo_open(kymo_trace **out, const char *path, struct kymo_error *err);
void kymo_close(kymo_trace *t); /* t may be NULL */
const struct kymo_info *kymo_get_info(const kymo_trace *t);
/* The next event (KYMO_EVENT fills *ev) or loss (KYMO_GAP fills *gap). Of an event only its first
 * `words` words are set. Times never decrease, over all harts; a gap comes at its beginning, before
 * the event that ends it. KYMO_END at the end, also when called again. -1: a read error; damage is
 * none, it is told as a gap and by kymo_warnings. */
int kymo_next(kymo_trace *t, struct kymo_event *ev, struct kymo_gap *gap, struct kymo_error *err);
/* From the beginning again; gives the same. */
int kymo_rewind(kymo_trace *t, struct kymo_error *err);
/* A file that is still written: KYMO_END then means "nothing new yet", a packet that is not
 * complete is no damage, and kymo_next may be called again later. */
int kymo_follow(kymo_trace *t, bool on);
/* What was wrong with the file so far: at most 50 lines, each once, with offsets. NULL beyond. */
unsigned kymo_warnings(const kymo_trace *t);
const char *kymo_warning(const kymo_trace *t, unsigned i);

/* Calls `fn` now and then while kymo_model_run or kymo_stat_run read the trace; part is 0 to 1.
 * NULL: no more. */
void kymo_on_progress(kymo_trace *t, void (*fn)(void *u, double part), void *u);
/* Does this library understand the event of this code as the trace's own table describes it? The
 * model takes only these in. */
bool kymo_known(const kymo_trace *t, uint8_t code);
/* Value of a META key; NULL if the trace has none. */
const char *kymo_meta(const kymo_trace *t, const char *key);
/* Description of a code; NULL if the table has none. */
const struct kymo_event_desc *kymo_describe(const kymo_trace *t, uint8_t code);
/* Value of a field of an event (zero-extended; type "result" is the caller's to sign-extend). */
uint32_t kymo_value(const struct kymo_event *ev, const struct kymo_field *f,
                    const struct kymo_event_desc *d);
/* Symbol that covers an address: its name and the offset in it; NULL if none. kind 'f', 'o' or 0
 * for both. */
const char *kymo_symbol(const kymo_trace *t, uint32_t addr, char kind, uint32_t *offset,
                        const char **file_line);
/* String at an offset of .trace_fmt, as it is in the image: any bytes. NULL if none. */
const char *kymo_string(const kymo_trace *t, uint32_t tag);

/* ---- model ---- */

typedef struct kymo_model kymo_model;

enum kymo_state {
    KYMO_UNKNOWN,
    KYMO_READY,
    KYMO_RUNNING,
    KYMO_BLOCKED,
    KYMO_SUSPENDED,
    KYMO_DELAYED,
    KYMO_DEAD
};
enum kymo_certainty { KYMO_CERTAIN, KYMO_POSSIBLE, KYMO_NOT_KNOWN };
enum kymo_kind {
    KYMO_OBJ_NONE,
    KYMO_OBJ_SEM,
    KYMO_OBJ_MUTEX,
    KYMO_OBJ_COND,
    KYMO_OBJ_MQ,
    KYMO_OBJ_PIPE,
    KYMO_OBJ_TIMER
};

struct kymo_interval { /* a stretch in which a task's state, cause, level and the holder it waits
                          for did not change */
    uint64_t from, to;
    uint32_t task; /* KYMO_TASK_IDLE has intervals only while it runs, KYMO_TASK_BOOT one at most */
    uint16_t hart; /* where it runs or ran last */
    uint8_t state; /* enum kymo_state; KYMO_UNKNOWN where a gap hides it */
    uint8_t certainty;
    uint8_t level, base; /* effective and base priority level; 0xFF unknown */
    uint8_t waker_irq; /* READY: made so by the handler of this interrupt cause, + 1; 0 by a task */
    uint8_t reason;    /* READY: the reason of task_ready; 0xFF if it was preempted or yielded */
    uint8_t next;      /* the state that follows; KYMO_UNKNOWN at a gap and at the trace's end */
    bool preempted;    /* READY: it was running and could have gone on. RUNNING: it ended so */
    bool continues;    /* same state as the interval before: only level, base or holder changed */
    uint32_t object;   /* BLOCKED: on what; 0 not known */
    uint32_t holder;   /* BLOCKED on a mutex: its owner, KYMO_TASK_NONE otherwise */
    uint32_t waker;    /* READY: who ran when it became so, KYMO_TASK_NONE if nobody made it so */
    uint64_t irq_time; /* RUNNING: of it, time spent in interrupt handlers */
};

struct kymo_isr { /* a finished interrupt handler */
    uint64_t from, to;
    uint64_t own;  /* without handlers nested in it */
    uint32_t task; /* interrupted */
    uint16_t hart, source;
    uint8_t cause, depth, certainty;
};

struct kymo_wake {
    uint64_t time;
    uint32_t task, waker, object;
    uint16_t hart;
    uint8_t reason, waker_irq;
};

struct kymo_hold { /* a mutex was held */
    uint64_t from, to;
    uint32_t object, task;
    uint32_t waiters; /* most that waited at one time */
    uint8_t certainty;
};

struct kymo_user_span {
    uint64_t from, to;
    uint32_t task, tag;
    uint8_t certainty;
};

struct kymo_block_state { /* what a block's header says about the instant it was opened */
    uint64_t time;        /* of the block's first event */
    uint64_t seq;
    uint32_t running, causes;
    uint16_t hart, mask;
    uint8_t depth, level;
};

struct kymo_sink { /* every member may be NULL */
    void (*block)(void *u, const kymo_model *m,
                  const struct kymo_block_state *b); /* before the model takes it in */
    void (*event)(void *u, const kymo_model *m,
                  const struct kymo_event *e); /* after the model took it in */
    void (*interval)(void *u, const kymo_model *m, const struct kymo_interval *i);
    void (*isr)(void *u, const kymo_model *m, const struct kymo_isr *i);
    void (*wake)(void *u, const kymo_model *m, const struct kymo_wake *w);
    void (*hold)(void *u, const kymo_model *m, const struct kymo_hold *h);
    void (*span)(void *u, const kymo_model *m, const struct kymo_user_span *s);
    void (*gap)(void *u, const kymo_model *m, const struct kymo_gap *g);
    void (*end)(void *u, const kymo_model *m,
                uint64_t time); /* after all open intervals were closed */
};

struct kymo_task {
    uint32_t id;
    uint8_t state, level, base, certainty;
    bool user, alive;
    uint32_t entry, stack, stack_size;
    uint64_t since; /* of the present state */
    uint32_t object, waker;
};

struct kymo_object {
    uint32_t addr;
    uint8_t kind;
    bool alive;
    uint32_t owner; /* mutex */
    uint32_t waiters;
};

/* The whole trace from its beginning. */
int kymo_model_run(kymo_trace *t, const struct kymo_sink *sink, void *u, struct kymo_error *err);

/* The same in steps, for a trace that grows (kymo_follow): begin, feed whenever there may be more,
 * end. feed reads at most `limit` events (0 all there are) and returns KYMO_END when it needs more
 * file, KYMO_EVENT when the limit stopped it, negative on error. end closes what is open, calls
 * sink->end and frees the model; m may be NULL. */
kymo_model *kymo_model_begin(kymo_trace *t, const struct kymo_sink *sink, void *u,
                             struct kymo_error *err);
int kymo_model_feed(kymo_model *m, uint64_t limit, struct kymo_error *err);
void kymo_model_end(kymo_model *m);

/* What the model knows at this instant; for use in callbacks. Ids and addresses that no event named
 * give NULL. Idle is one task here although each hart has its own. */
const kymo_trace *kymo_model_trace(const kymo_model *m);
uint64_t kymo_model_start(const kymo_model *m);                  /* time of the first event */
uint64_t kymo_model_time(const kymo_model *m);                   /* time of the last event */
uint32_t kymo_model_running(const kymo_model *m, unsigned hart); /* KYMO_TASK_NONE: not known */
unsigned kymo_model_depth(const kymo_model *m, unsigned hart);
const struct kymo_task *kymo_model_task(const kymo_model *m, uint32_t id);
const struct kymo_task *kymo_model_next_task(const kymo_model *m, const struct kymo_task *prev);
const struct kymo_object *kymo_model_object(const kymo_model *m, uint32_t addr);
const struct kymo_object *kymo_model_next_object(const kymo_model *m,
                                                 const struct kymo_object *prev);
/* Names, never NULL: given name, else symbol, else kind and number. Untrusted bytes are replaced by
 * '?'. */
const char *kymo_task_name(const kymo_model *m, uint32_t id);
const char *kymo_object_name(const kymo_model *m, uint32_t addr);
const char *kymo_code_name(const kymo_model *m, uint32_t addr);

#endif
