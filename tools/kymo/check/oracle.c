/* SPDX-License-Identifier: MIT */
/* The scheduler oracle: replays the kernel's documented policy from the events alone and names
 * the first decision that the policy does not allow. It shares no code with the model, so that a
 * fault in one shows in the other.
 *
 * The policy (Documentation/DESIGN.md, "Who runs"), as five questions:
 *   P1  a switch goes to a ready task of the highest level that has one; to idle only when none
 *       is ready
 *   P2  inside a level the one that waited longest runs: woken, yielding and used-up tasks join
 *       at the tail, a preempted one at the head
 *   P3  in preemptive mode, a wake of a higher task is followed by the switch before the running
 *       task does anything else
 *   P4  a task that is not ready never runs
 *   P5  no task runs on past its slice while an equal is ready (needs tick events)
 *
 * What a gap does: everything known about who is ready is forgotten, since wake-ups may be
 * missing. Events after it rebuild the knowledge, and a decision is judged only from what is
 * certain: a task *known* to be ready and higher than the chosen one is a breach even then; a
 * choice that only unknown tasks could contradict counts as hidden. */
#include "check/check.h"
#include "lib/table.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS = 8, IDLE_LEVEL = 8, LEVEL_UNKNOWN = 0xFF, NO_TASK = 0xFFFFFFFF };
enum { STATE_ENDED = 0, STATE_READY = 1 }; /* of SPEC.md, as in task_switch */
enum { P1, P2, P3, P4, P5, QUESTIONS };

static const uint8_t slice_ticks[LEVELS] = {1, 2, 3, 4, 5, 7, 10, 15};

enum knowledge { UNKNOWN, READY, RUNNING, WAITING, ENDED };

struct otask {
    uint8_t level;          /* effective */
    uint8_t now;            /* enum knowledge */
    bool loose;             /* READY, but the events do not tell its place inside the level */
    uint32_t before, after; /* neighbours in its level's queue */
};

struct ohart {
    struct otask *task;
    uint32_t tasks;
    uint32_t first[LEVELS], last[LEVELS];
    uint32_t running;
    unsigned depth;
    bool whole; /* nothing is missing since boot */
    bool preemptive;
    bool hooked;      /* rt_sched chose: its choice is not ours to judge */
    bool yielded;     /* the running task offered the hart */
    bool ticked;      /* the handler that runs took a tick */
    bool woke_itself; /* the wait of the running task ended before it had left the hart */
    uint32_t pending; /* woken, higher than the running task, not yet switched to */
    unsigned ticks;   /* taken by the running task since it got the hart */
};

struct oracle {
    struct check_result result[QUESTIONS];
    struct ohart *hart;
    unsigned harts;
};

/* ---- tasks and their queues ---- */

static bool hart_grow(struct ohart *h, uint32_t id)
{
    if (id < h->tasks)
        return true;
    uint32_t want = id < 64 ? 64 : (id + 1) * 2;
    struct otask *t = realloc(h->task, want * sizeof *t);
    if (!t)
        return false;
    for (uint32_t i = h->tasks; i < want; i++)
        t[i] = (struct otask){.level = LEVEL_UNKNOWN, .before = NO_TASK, .after = NO_TASK};
    h->task = t;
    h->tasks = want;
    return true;
}

/* The task, or NULL for boot, nobody, or want of memory (then the oracle says less, never something
 * wrong). */
static struct otask *task_of(struct ohart *h, uint32_t id)
{
    if (id >= KYMO_TASK_BOOT || !hart_grow(h, id))
        return NULL;
    return &h->task[id];
}

static uint8_t level_of(struct ohart *h, uint32_t id)
{
    if (id == KYMO_TASK_IDLE)
        return IDLE_LEVEL;
    struct otask *t = task_of(h, id);
    return t ? t->level : LEVEL_UNKNOWN;
}

static void queue_remove(struct ohart *h, uint32_t id)
{
    struct otask *t = task_of(h, id);
    if (!t || t->now != READY)
        return;
    t->now = UNKNOWN;
    if (t->level >= LEVELS)
        return; /* it is in no queue: nobody knows which */
    if (t->before == NO_TASK)
        h->first[t->level] = t->after;
    else
        h->task[t->before].after = t->after;
    if (t->after == NO_TASK)
        h->last[t->level] = t->before;
    else
        h->task[t->after].before = t->before;
    t->before = t->after = NO_TASK;
}

/* Takes the task out of where it is and puts it between two neighbours of its level. */
static void queue_put(struct ohart *h, uint32_t id, bool at_head)
{
    struct otask *t = task_of(h, id);
    if (!t || id == KYMO_TASK_IDLE)
        return;
    queue_remove(h, id);
    t->now = READY;
    t->loose = false;
    if (t->level >= LEVELS)
        return;
    t->before = at_head ? NO_TASK : h->last[t->level];
    t->after = at_head ? h->first[t->level] : NO_TASK;
    *(t->before == NO_TASK ? &h->first[t->level] : &h->task[t->before].after) = id;
    *(t->after == NO_TASK ? &h->last[t->level] : &h->task[t->after].before) = id;
}

static void queue_tail(struct ohart *h, uint32_t id)
{
    queue_put(h, id, false);
}

static void queue_head(struct ohart *h, uint32_t id)
{
    queue_put(h, id, true);
}

/* Head of the highest level that is known to have a ready task; NO_TASK if none. */
static uint32_t best_ready(const struct ohart *h)
{
    for (int level = 0; level < LEVELS; level++)
        if (h->first[level] != NO_TASK)
            return h->first[level];
    return NO_TASK;
}

static void forget(struct ohart *h)
{
    for (uint32_t i = 0; i < h->tasks; i++) {
        h->task[i] = (struct otask){.level = LEVEL_UNKNOWN, .before = NO_TASK, .after = NO_TASK};
    }
    for (int level = 0; level < LEVELS; level++)
        h->first[level] = h->last[level] = NO_TASK;
    h->running = KYMO_TASK_NONE;
    h->pending = NO_TASK;
    h->yielded = h->hooked = h->ticked = h->woke_itself = h->whole = false;
    h->depth = h->ticks = 0;
}

/* ---- the questions ---- */

/* "name (level 3)"; two buffers, because a message names two tasks. */
static const char *who(struct ohart *h, const kymo_model *m, uint32_t id)
{
    static char buffer[2][80];
    static unsigned turn;
    char *s = buffer[turn++ & 1];
    uint8_t level = level_of(h, id);
    if (id == KYMO_TASK_IDLE)
        snprintf(s, sizeof buffer[0], "idle");
    else if (level == LEVEL_UNKNOWN)
        snprintf(s, sizeof buffer[0], "%.60s", kymo_task_name(m, id));
    else
        snprintf(s, sizeof buffer[0], "%.60s (level %u)", kymo_task_name(m, id), level);
    return s;
}

static const char hidden[] = "a gap, or the start of the trace, hides who was ready";

static void ask_highest(struct oracle *o, struct ohart *h, const kymo_model *m,
                        const struct kymo_event *e, uint32_t next)
{
    struct check_result *r = &o->result[P1];
    uint32_t best = best_ready(h);
    uint8_t level = level_of(h, next);
    if (level == LEVEL_UNKNOWN)
        check_unknown(r, hidden);
    else if (best != NO_TASK && level_of(h, best) < level)
        check_break(r, e, "%s got the hart although %s was ready", who(h, m, next),
                    who(h, m, best));
    else if (!h->whole)
        check_unknown(r, hidden);
    else
        check_pass(r);
}

static void ask_ready(struct oracle *o, struct ohart *h, const kymo_model *m,
                      const struct kymo_event *e, uint32_t next)
{
    static const char *const why[] = {"", "", "", "is not ready", "has ended"};
    struct check_result *r = &o->result[P4];
    const struct otask *t = task_of(h, next);
    if (next == KYMO_TASK_IDLE)
        return; /* always ready; whether it was its turn is P1's question */
    if (!t || t->now == UNKNOWN)
        check_unknown(r, hidden);
    else if (t->now != READY)
        check_break(r, e, "%s got the hart but %s", who(h, m, next), why[t->now]);
    else
        check_pass(r);
}

/* The first of the level whose place is documented must be the chosen one. */
static void ask_order(struct oracle *o, struct ohart *h, const kymo_model *m,
                      const struct kymo_event *e, uint32_t next)
{
    struct check_result *r = &o->result[P2];
    struct otask *t = task_of(h, next);
    if (!t || next == KYMO_TASK_IDLE || t->level >= LEVELS || t->now != READY)
        return; /* P1 and P4 have spoken */
    uint32_t head = h->first[t->level];
    while (head != next && head != NO_TASK && h->task[head].loose)
        head = h->task[head].after;
    if (head == next || t->loose)
        check_pass(r);
    else
        check_break(r, e, "%s got the hart although %s waited longer", who(h, m, next),
                    who(h, m, head));
}

/* ---- events ---- */

static void leave(struct ohart *h, uint32_t prev, unsigned state, uint32_t next)
{
    struct otask *t = task_of(h, prev);
    if (!t || prev == KYMO_TASK_IDLE || t->now == ENDED)
        return;
    if (state != STATE_READY) {
        queue_remove(h, prev);
        t->now = state == STATE_ENDED ? ENDED : WAITING;
        return;
    }
    if (h->woke_itself)
        return; /* its wait ended before it had left: it has its place */
    bool preempted = h->preemptive && !h->yielded && level_of(h, next) < t->level;
    if (!preempted) {
        queue_tail(h, prev);
        /* a slice that ends with a tick ends before or after that tick's wake-ups: the kernel's
         * choice; one that ended while the scheduler was locked took effect at that tick */
        bool deferred = !h->yielded && h->depth == 0 && h->ticks > 0;
        t->loose = h->ticked || deferred || level_of(h, next) == LEVEL_UNKNOWN;
        return;
    }
    queue_head(h, prev);
    t->loose = h->ticked; /* its slice may have ended with the same tick that woke a higher task */
}

static void on_switch(struct oracle *o, struct ohart *h, const kymo_model *m,
                      const struct kymo_event *e)
{
    uint32_t next = kv_task_switch_next(e);
    if (h->running != KYMO_TASK_NONE)
        leave(h, h->running, kv_task_switch_state(e), next);
    if (!h->hooked) {
        ask_highest(o, h, m, e, next);
        ask_order(o, h, m, e, next);
    }
    ask_ready(o, h, m, e, next);
    if (h->pending != NO_TASK && h->pending == next)
        check_pass(&o->result[P3]);
    queue_remove(h, next);
    struct otask *t = task_of(h, next);
    if (t)
        t->now = RUNNING;
    h->running = next;
    h->pending = NO_TASK;
    h->yielded = h->hooked = h->woke_itself = false;
    h->ticks = 0;
}

static void on_ready(struct ohart *h, const struct kymo_event *e)
{
    uint32_t id = kv_task_ready_task(e);
    struct otask *t = task_of(h, id);
    if (!t || t->now == READY)
        return; /* sound.c complains about a second one */
    queue_tail(h, id);
    h->woke_itself |= id == h->running;
    uint8_t running = level_of(h, h->running);
    bool judged = h->preemptive && h->running != KYMO_TASK_BOOT && running != LEVEL_UNKNOWN;
    if (judged && t->level < running &&
        (h->pending == NO_TASK || t->level < level_of(h, h->pending)))
        h->pending = id;
}

/* A suspended task leaves its queue; whoever was to preempt may be the one that is gone. */
static void on_gone(struct ohart *h, uint32_t id, uint8_t now)
{
    struct otask *t = task_of(h, id);
    if (!t)
        return;
    queue_remove(h, id);
    if (id != h->running)
        t->now = now;
    if (h->pending == id)
        h->pending = NO_TASK;
}

static void on_level(struct ohart *h, uint32_t id, uint8_t level)
{
    struct otask *t = task_of(h, id);
    if (!t)
        return;
    bool queued = t->now == READY;
    queue_remove(h, id);
    t->level = level;
    if (queued) {
        queue_tail(h, id);
        t->loose = true;
    }
    uint8_t running = level_of(h, h->running);
    if (h->pending != NO_TASK && running != LEVEL_UNKNOWN && level_of(h, h->pending) >= running)
        h->pending = NO_TASK; /* the running task was raised: nobody is to preempt it any more */
}

static void on_create(struct ohart *h, const struct kymo_event *e)
{
    struct otask *t = task_of(h, kv_task_create_task(e));
    if (t)
        *t = (struct otask){.level = (uint8_t) kv_task_create_level(e),
                            .now = WAITING,
                            .before = NO_TASK,
                            .after = NO_TASK};
}

static void on_tick(struct oracle *o, struct ohart *h, const kymo_model *m,
                    const struct kymo_event *e)
{
    struct check_result *r = &o->result[P5];
    uint8_t level = level_of(h, h->running);
    h->ticked = true;
    if (level >= LEVELS || h->first[level] == NO_TASK || h->hooked) {
        h->ticks = 0;
        return;
    }
    if (++h->ticks <=
        slice_ticks[level] + 1u) /* the first tick may fall right after it got the hart */
        check_pass(r);
    else
        check_break(r, e, "%s took %u ticks in one go, its slice has %u, and %s was ready",
                    who(h, m, h->running), h->ticks, slice_ticks[level],
                    who(h, m, h->first[level]));
}

/* What may stand between a wake-up and the switch it forces: more wake-ups of the same call or
 * handler, their bookkeeping, interrupts that come in between, and a hook. Anything else is the
 * running task going on. */
static bool may_precede_switch(uint8_t code)
{
    switch (code) {
    case KE_time_sync:
    case KE_control:
    case KE_task_create:
    case KE_task_priority:
    case KE_rt_pick:
    case KE_slice_end:
    case KE_irq_in:
    case KE_tick:
    case KE_name_object:
    case KE_name_task:
    case KE_sem_give:
    case KE_sem_signal:
    case KE_mutex_unlock:
    case KE_mutex_abandon:
    case KE_cond_signal:
    case KE_cond_broadcast:
    case KE_mq_give:
    case KE_task_resume:
    case KE_task_destroy:
    case KE_syscall_out:
    case KE_timer_expire:
    case KE_irq_spurious:
    case KE_sem_destroy:
    case KE_cond_wait:
    case KE_timer_backlog:
    case KE_mem_free: return true;
    default:
        return (code >= KE_task_ready && code <= KE_task_ready_LAST) ||
               (code >= KE_pipe_read && code <= KE_pipe_write_LAST) ||
               (code >= KE_mq_send && code <= KE_mq_send_LAST);
    }
}

static void ask_preempts(struct oracle *o, struct ohart *h, const kymo_model *m,
                         const struct kymo_event *e)
{
    if (h->pending == NO_TASK || h->depth || may_precede_switch(e->code))
        return;
    check_break(&o->result[P3], e, "%s went on although %s was woken", who(h, m, h->running),
                who(h, m, h->pending));
    h->pending = NO_TASK;
}

/* Events that may stand between a yield, or the early end of a wait, and the switch. */
static bool keeps_offer(uint8_t code)
{
    return (code >= KE_task_switch && code <= KE_task_switch_LAST) ||
           (code >= KE_task_ready && code <= KE_task_ready_LAST) || code == KE_task_priority ||
           code == KE_rt_pick || code == KE_time_sync;
}

/* The running task does something: it did not leave the hart after all. */
static void goes_on(struct ohart *h)
{
    struct otask *t = task_of(h, h->running);
    h->yielded = false;
    if (!h->woke_itself || !t)
        return;
    h->woke_itself = false;
    queue_remove(h, h->running);
    t->now = RUNNING;
}

static void oracle_event(void *state, const kymo_model *m, const struct kymo_event *e)
{
    struct oracle *o = state;
    if (e->hart >= o->harts)
        return;
    struct ohart *h = &o->hart[e->hart];
    if (!keeps_offer(e->code))
        goes_on(h);
    if (e->code >= KE_task_switch && e->code <= KE_task_switch_LAST) {
        on_switch(o, h, m, e);
        return;
    }
    if (e->code >= KE_task_ready && e->code <= KE_task_ready_LAST) {
        on_ready(h, e);
        return;
    }
    switch (e->code) {
    case KE_boot:
        forget(h);
        h->whole = true;
        h->running = KYMO_TASK_BOOT;
        break;
    case KE_sched_start: h->preemptive = kv_sched_start_preemptive(e); break;
    case KE_task_create: on_create(h, e); break;
    case KE_task_destroy: on_gone(h, kv_task_destroy_task(e), ENDED); break;
    case KE_task_suspend: on_gone(h, kv_task_suspend_task(e), WAITING); break;
    case KE_task_yield: h->yielded = true; break;
    case KE_task_priority:
        on_level(h, kv_task_priority_task(e), (uint8_t) kv_task_priority_level(e));
        break;
    case KE_rt_pick:
        h->hooked = kv_rt_pick_task(e) != KYMO_TASK_BOOT && !kv_rt_pick_refused(e);
        break;
    case KE_irq_in: h->depth++; break;
    case KE_irq_out:
        h->depth -= h->depth > 0;
        h->ticked = false;
        ask_preempts(o, h, m, e);
        break;
    case KE_tick: on_tick(o, h, m, e); break;
    default: ask_preempts(o, h, m, e); break;
    }
}

static void oracle_gap(void *state, const kymo_model *m, const struct kymo_gap *g)
{
    (void) m;
    struct oracle *o = state;
    if (g->hart < o->harts)
        forget(&o->hart[g->hart]);
}

static void oracle_free(void *state)
{
    struct oracle *o = state;
    for (unsigned i = 0; i < o->harts; i++)
        free(o->hart[i].task);
    free(o->hart);
    free(o);
}

int check_oracle_new(struct check_checker *c, const kymo_trace *t)
{
    static const char *const name[QUESTIONS] = {
        [P1] = "a switch goes to the highest ready task",
        [P2] = "equals run in turn",
        [P3] = "a higher task that wakes runs at once",
        [P4] = "only ready tasks run",
        [P5] = "nobody exceeds its slice while an equal waits"};
    unsigned harts = kymo_get_info(t)->harts;
    struct oracle *o = calloc(1, sizeof *o);
    if (!o || !(o->hart = calloc(harts ? harts : 1, sizeof *o->hart))) {
        free(o);
        return -1;
    }
    o->harts = harts;
    for (unsigned i = 0; i < harts; i++)
        forget(&o->hart[i]);
    for (int i = 0; i < QUESTIONS; i++) {
        o->result[i].group = "schedule";
        snprintf(o->result[i].id, sizeof o->result[i].id, "P%d", i + 1);
        snprintf(o->result[i].name, sizeof o->result[i].name, "%s", name[i]);
    }
    *c = (struct check_checker){.state = o,
                                .results = QUESTIONS,
                                .result = o->result,
                                .event = oracle_event,
                                .gap = oracle_gap,
                                .free = oracle_free};
    return 0;
}
