/* SPDX-License-Identifier: MIT */
/* Is the trace well-formed? Facts that hold for every run of a correct kernel and a correct
 * recorder, whatever the policy: a breach means that an event is missing, doubled, or says
 * something that was not so.
 *
 *   S1  time never runs backwards on a hart
 *   S2  every interrupt handler that ends had begun
 *   S3  a switch leaves one task for another
 *   S4  a task exists when it is named, and is not named after its end
 *   S5  a task is made ready only when it was neither ready nor running
 *   S6  a mutex has one owner: taken when free or handed over, given up by its owner
 *   S7  a semaphore's count moves by one
 *   S8  every code is in the event table
 *   S9  every loss has a count, unless the recorder was stopped or masked: an event says so then
 *
 * A gap forgets all of it; what the events after it prove is used again. */
#include "check/check.h"
#include "lib/table.h"

#include <stdlib.h>
#include <string.h>

enum { S1, S2, S3, S4, S5, S6, S7, S8, S9, QUESTIONS };
enum task_now { T_UNKNOWN, T_NOT_READY, T_READY, T_ENDED };
enum { FREE = 0, OWNER_UNKNOWN = 0xFFFFFFFF, COUNT_UNKNOWN = 0xFFFFFFFF, COUNT_MASK = 0xFFFFFF };

struct thing {     /* a mutex or a semaphore */
    uint32_t addr; /* 0: empty place */
    uint32_t owner;
    uint32_t count;
};

struct shart {
    uint64_t time;
    uint32_t running;
    unsigned depth;
    bool whole;
    bool leaving;  /* the running task waits; its wait may end before it has left */
    uint8_t *task; /* enum task_now by id; 65,536 of them */
};

struct sound {
    struct check_result result[QUESTIONS];
    struct shart *hart;
    unsigned harts;
    struct thing *thing; /* open addressing, a power of two */
    uint32_t things, room;
    bool short_of_memory;
};

enum { TASKS = 0x10000 };

/* ---- objects ---- */

static struct thing *thing_slot(struct thing *table, uint32_t room, uint32_t addr)
{
    uint32_t i = (addr >> 2) * 2654435761u & (room - 1);
    while (table[i].addr && table[i].addr != addr)
        i = (i + 1) & (room - 1);
    return &table[i];
}

static bool thing_grow(struct sound *s)
{
    uint32_t room = s->room ? s->room * 2 : 64;
    struct thing *table = calloc(room, sizeof *table);
    if (!table)
        return false;
    for (uint32_t i = 0; i < s->room; i++)
        if (s->thing[i].addr)
            *thing_slot(table, room, s->thing[i].addr) = s->thing[i];
    free(s->thing);
    s->thing = table;
    s->room = room;
    return true;
}

/* The object; NULL when memory is short (then nothing is said about it). */
static struct thing *thing_of(struct sound *s, uint32_t addr)
{
    if (s->things * 2 >= s->room && !thing_grow(s)) {
        s->short_of_memory = true;
        return NULL;
    }
    struct thing *t = thing_slot(s->thing, s->room, addr);
    if (!t->addr && addr) {
        *t = (struct thing){addr, OWNER_UNKNOWN, COUNT_UNKNOWN};
        s->things++;
    }
    return addr ? t : NULL;
}

static void forget(struct sound *s, struct shart *h)
{
    memset(h->task, T_UNKNOWN, TASKS);
    h->running = KYMO_TASK_NONE;
    h->depth = 0;
    h->whole = h->leaving = false;
    for (uint32_t i = 0; i < s->room; i++)
        s->thing[i].owner = s->thing[i].count = OWNER_UNKNOWN;
}

/* ---- tasks ---- */

static const char cut[] = "a gap, or the start of the trace, hides what was before";

/* S4: id is named by an event that says it exists. */
static void named(struct sound *s, struct shart *h, const kymo_model *m, const struct kymo_event *e,
                  uint32_t id)
{
    struct check_result *r = &s->result[S4];
    if (id == KYMO_TASK_IDLE || id >= KYMO_TASK_BOOT)
        return;
    if (h->task[id] == T_ENDED)
        check_break(r, e, "%s (id %u) is named after its end", kymo_task_name(m, id), id);
    else if (h->task[id] == T_UNKNOWN && h->whole)
        check_break(r, e, "task %u is named but was never created", id);
    else
        check_pass(r);
}

static void on_create(struct sound *s, struct shart *h, const struct kymo_event *e)
{
    uint32_t id = kv_task_create_task(e);
    if (id && h->task[id] != T_UNKNOWN)
        check_break(&s->result[S4], e, "task %u is created a second time", id);
    h->task[id] = T_NOT_READY;
}

static void on_ready(struct sound *s, struct shart *h, const kymo_model *m,
                     const struct kymo_event *e)
{
    uint32_t id = kv_task_ready_task(e);
    named(s, h, m, e, id);
    bool runs = id == h->running && !h->leaving;
    if (h->task[id] == T_READY || runs)
        check_break(&s->result[S5], e, "%s was made ready but %s", kymo_task_name(m, id),
                    runs ? "runs" : "is ready");
    else if (h->task[id] == T_UNKNOWN)
        check_unknown(&s->result[S5], cut);
    else
        check_pass(&s->result[S5]);
    h->task[id] = id == h->running ? T_NOT_READY : T_READY; /* the switch will tell */
}

static void on_switch(struct sound *s, struct shart *h, const kymo_model *m,
                      const struct kymo_event *e)
{
    uint32_t next = kv_task_switch_next(e), prev = h->running;
    named(s, h, m, e, next);
    if (prev == next)
        check_break(&s->result[S3], e, "%s is left for itself", kymo_task_name(m, next));
    else if (prev == KYMO_TASK_NONE)
        check_unknown(&s->result[S3], cut);
    else
        check_pass(&s->result[S3]);
    if (prev < KYMO_TASK_BOOT && h->task[prev] != T_ENDED)
        h->task[prev] = kv_task_switch_state(e) == 1 ? T_READY
                        : kv_task_switch_state(e)    ? T_NOT_READY
                                                     : T_ENDED;
    h->task[next] = T_NOT_READY; /* it runs: neither waits to */
    h->running = next;
    h->leaving = false;
}

static void on_irq_out(struct sound *s, struct shart *h, const struct kymo_event *e)
{
    if (h->depth) {
        h->depth--;
        check_pass(&s->result[S2]);
    } else if (h->whole) {
        check_break(&s->result[S2], e, "an interrupt handler ends that never began");
    } else {
        check_unknown(&s->result[S2], cut);
    }
}

/* ---- mutexes and semaphores ---- */

static void mutex_take(struct sound *s, struct shart *h, const kymo_model *m,
                       const struct kymo_event *e, uint32_t addr)
{
    struct thing *t = thing_of(s, addr);
    if (!t)
        return;
    if (t->owner == OWNER_UNKNOWN)
        check_unknown(&s->result[S6], cut);
    else if (t->owner != FREE)
        check_break(&s->result[S6], e, "%s was taken although %s holds it",
                    kymo_object_name(m, addr), kymo_task_name(m, t->owner));
    else
        check_pass(&s->result[S6]);
    t->owner = h->running == KYMO_TASK_NONE ? OWNER_UNKNOWN : h->running;
}

static void mutex_give(struct sound *s, struct shart *h, const kymo_model *m,
                       const struct kymo_event *e, uint32_t addr, uint32_t next)
{
    struct thing *t = thing_of(s, addr);
    if (!t)
        return;
    bool abandoned = e->code == KE_mutex_abandon; /* by whoever ended its owner */
    if (t->owner == OWNER_UNKNOWN || h->running == KYMO_TASK_NONE)
        check_unknown(&s->result[S6], cut);
    else if (!abandoned && t->owner != h->running)
        check_break(&s->result[S6], e, "%s was given up by %s, which does not hold it",
                    kymo_object_name(m, addr), kymo_task_name(m, h->running));
    else
        check_pass(&s->result[S6]);
    t->owner = next;
}

static void sem_moves(struct sound *s, const kymo_model *m, const struct kymo_event *e,
                      uint32_t addr, uint32_t now, int step)
{
    struct thing *t = thing_of(s, addr);
    if (!t)
        return;
    if (t->count == COUNT_UNKNOWN)
        check_unknown(&s->result[S7], cut);
    else if (((t->count + (uint32_t) step) & COUNT_MASK) != now)
        check_break(&s->result[S7], e, "%s went from %u to %u", kymo_object_name(m, addr), t->count,
                    now);
    else
        check_pass(&s->result[S7]);
    t->count = now;
}

static void born(struct sound *s, uint32_t addr, uint32_t count)
{
    struct thing *t = thing_of(s, addr);
    if (!t)
        return;
    t->owner = FREE;
    t->count = count & COUNT_MASK;
}

static bool begins_wait(uint8_t code)
{
    return code == KE_task_delay || code == KE_task_wfi || code == KE_sem_block ||
           code == KE_mutex_block || code == KE_cond_wait || code == KE_mq_block ||
           (code >= KE_pipe_block && code <= KE_pipe_block_LAST);
}

static void on_object(struct sound *s, struct shart *h, const kymo_model *m,
                      const struct kymo_event *e)
{
    struct thing *t;
    switch (e->code) {
    case KE_mutex_init: born(s, kv_mutex_init_obj(e), 0); break;
    case KE_sem_create: born(s, kv_sem_create_obj(e), kv_sem_create_initial(e)); break;
    case KE_mutex_lock: mutex_take(s, h, m, e, kv_mutex_lock_obj(e)); break;
    case KE_mutex_unlock:
        mutex_give(s, h, m, e, kv_mutex_unlock_obj(e), kv_mutex_unlock_next(e));
        break;
    case KE_mutex_abandon:
        mutex_give(s, h, m, e, kv_mutex_abandon_obj(e), kv_mutex_abandon_next(e));
        break;
    case KE_mutex_block:
        if ((t = thing_of(s, kv_mutex_block_obj(e))) && t->owner == OWNER_UNKNOWN)
            t->owner = kv_mutex_block_owner(e);
        break;
    case KE_sem_take: sem_moves(s, m, e, kv_sem_take_obj(e), kv_sem_take_count(e), -1); break;
    case KE_sem_signal: sem_moves(s, m, e, kv_sem_signal_obj(e), kv_sem_signal_count(e), 1); break;
    default: break;
    }
}

/* ---- all events ---- */

static void sound_event(void *state, const kymo_model *m, const struct kymo_event *e)
{
    struct sound *s = state;
    if (e->hart >= s->harts)
        return;
    struct shart *h = &s->hart[e->hart];
    if (e->time < h->time)
        check_break(&s->result[S1], e, "%llu counts before the event ahead of it",
                    (unsigned long long) (h->time - e->time));
    else
        check_pass(&s->result[S1]);
    h->time = e->time;
    h->leaving |= begins_wait(e->code);

    if (e->code >= KE_task_switch && e->code <= KE_task_switch_LAST)
        on_switch(s, h, m, e);
    else if (e->code >= KE_task_ready && e->code <= KE_task_ready_LAST)
        on_ready(s, h, m, e);
    else
        switch (e->code) {
        case KE_boot:
            forget(s, h);
            h->whole = true;
            h->running = KYMO_TASK_BOOT;
            break;
        case KE_task_create: on_create(s, h, e); break;
        case KE_task_destroy:
            named(s, h, m, e, kv_task_destroy_task(e));
            h->task[kv_task_destroy_task(e)] = T_ENDED;
            break;
        case KE_task_suspend:
            named(s, h, m, e, kv_task_suspend_task(e));
            h->task[kv_task_suspend_task(e)] = T_NOT_READY;
            break;
        case KE_task_resume: named(s, h, m, e, kv_task_resume_task(e)); break;
        case KE_task_priority: /* an ended task's inheritance is undone after its end */
            if (h->task[kv_task_priority_task(e)] != T_ENDED)
                named(s, h, m, e, kv_task_priority_task(e));
            break;
        case KE_irq_in: h->depth++; break;
        case KE_irq_out: on_irq_out(s, h, e); break;
        default: on_object(s, h, m, e); break;
        }
    if (kymo_describe(kymo_model_trace(m), e->code))
        check_pass(&s->result[S8]);
    else
        check_break(&s->result[S8], e, "code 0x%02x is not in the trace's event table", e->code);
}

static void sound_gap(void *state, const kymo_model *m, const struct kymo_gap *g)
{
    (void) m;
    struct sound *s = state;
    bool asked_for = g->cause == KYMO_LOSS_STOPPED || g->cause == KYMO_LOSS_MASKED;
    if (g->events == UINT64_MAX && !asked_for)
        check_unknown(&s->result[S9], "a loss could not be counted");
    else
        check_pass(&s->result[S9]);
    if (g->hart < s->harts)
        forget(s, &s->hart[g->hart]);
}

static void sound_end(void *state, const kymo_model *m, uint64_t time)
{
    (void) m;
    (void) time;
    struct sound *s = state;
    if (s->short_of_memory)
        check_unknown(&s->result[S6], "memory was short, some objects were not followed");
}

static void sound_free(void *state)
{
    struct sound *s = state;
    for (unsigned i = 0; i < s->harts; i++)
        free(s->hart[i].task);
    free(s->hart);
    free(s->thing);
    free(s);
}

int check_sound_new(struct check_checker *c, const kymo_trace *t)
{
    static const char *const name[QUESTIONS] = {[S1] = "time never runs backwards",
                                                [S2] = "every handler that ends had begun",
                                                [S3] = "a switch leaves one task for another",
                                                [S4] = "a task exists when it is named",
                                                [S5] = "no task is made ready twice",
                                                [S6] = "a mutex has one owner",
                                                [S7] = "a semaphore's count moves by one",
                                                [S8] = "every code is in the event table",
                                                [S9] = "every loss has a count"};
    struct sound *s = calloc(1, sizeof *s);
    if (!s)
        return -1;
    s->harts = kymo_get_info(t)->harts;
    s->hart = calloc(s->harts ? s->harts : 1, sizeof *s->hart);
    bool ok = s->hart && thing_grow(s);
    for (unsigned i = 0; ok && i < s->harts; i++) {
        ok = (s->hart[i].task = malloc(TASKS)) != NULL;
        if (ok)
            forget(s, &s->hart[i]);
    }
    if (!ok) {
        if (!s->hart)
            s->harts = 0;
        sound_free(s);
        return -1;
    }
    for (int i = 0; i < QUESTIONS; i++) {
        s->result[i].group = "trace";
        snprintf(s->result[i].id, sizeof s->result[i].id, "S%d", i + 1);
        snprintf(s->result[i].name, sizeof s->result[i].name, "%s", name[i]);
    }
    *c = (struct check_checker){.state = s,
                                .results = QUESTIONS,
                                .result = s->result,
                                .event = sound_event,
                                .gap = sound_gap,
                                .end = sound_end,
                                .free = sound_free};
    return 0;
}
