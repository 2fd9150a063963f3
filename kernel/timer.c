/* SPDX-License-Identifier: MIT */
/* Software timers.
 *
 * Two sides. Any context changes what a timer is meant to do: its public fields and `dead`,
 * interrupts off, a few instructions each; then it hands the timer to task 1 on the list of
 * changes. Task 1 alone owns the order: a skew heap by deadline, which nobody else touches and
 * which therefore needs no mask. It also runs callbacks and frees.
 *
 *        create          start             task 1        due            callback
 *   (none) ---> disabled ---> on the changes ---> HEAP ---> DUE (a batch) ---> HEAP, or disabled
 *
 *   destroy, from anywhere: off the id table at once, and dead; task 1 frees it when nothing of it
 *   is on its way any more
 *
 * Invariants: T1 a timer on the list of changes has `posted` set and is there once. T2 place !=
 * NONE or posted while the timer may fire; before a callback runs the meaning (mode, dead,
 * deadline) is looked at again, interrupts off: so a cancelled or destroyed timer never fires.
 * T3 only task 1 frees, and only what is dead, not posted and at NONE.
 * T4 in the heap no node is before its parent, by signed difference of `key`, then by `order`. */

#include <lib/malloc.h>

#include <private/console.h>

#include <sys/timer.h>

#include "refuse.h"
#include "sched.h"
#include "service.h"

#define FIRST_ID 0x6000
#define PAGE 256 /* ids per page of the id table */
#define PAGES ((0x10000 - FIRST_ID) / PAGE)
#define BATCH 8 /* callbacks before equals of task 1 get a turn */

enum place { NONE, HEAP, DUE };

struct timer {
    timer_t pub; /* interrupts off */
    bool dead, posted;
    struct timer *next_change;

    /* task 1 */
    enum place place;
    uint32_t key, order; /* the deadline it is sorted by */
    struct timer *left, *right, *parent, *next_due;
};

/* id -> timer, NULL when destroyed. Interrupts off. */
static struct timer **pages[PAGES];

static struct {
    uint32_t created;
    struct timer *changes, **last_change; /* interrupts off */

    /* task 1 */
    struct timer *heap;
    struct timer *due, **last_due;
    uint32_t due_count, order;
} timers = {.last_change = &timers.changes, .last_due = &timers.due};

static uint32_t period_ticks(const struct timer *t)
{
    uint32_t ms = t->pub.period_ms;
    /* MS_TO_TICKS without overflow */
    uint32_t ticks = ms / 1000 * F_TIMER + ms % 1000 * F_TIMER / 1000;
    return ticks ? ticks : 1;
}

/* --- the order; task 1 --- */

static bool before(const struct timer *a, const struct timer *b)
{
    int32_t distance = (int32_t) (a->key - b->key);
    return distance ? distance < 0 : (int32_t) (a->order - b->order) < 0;
}

/* Merges two heaps: walks down the right edges, taking the earlier root each time, and swaps the
 * children of each node on the way; that keeps the edges short on average. */
static struct timer *merge(struct timer *a, struct timer *b)
{
    struct timer *root = NULL, **link = &root, *parent = NULL;
    while (a && b) {
        if (before(b, a)) {
            struct timer *swap = a;
            a = b;
            b = swap;
        }
        struct timer *rest = a->right;
        a->right = a->left;
        a->parent = parent;
        *link = a;
        link = &a->left;
        parent = a;
        a = rest;
    }
    *link = a ? a : b;
    if (*link)
        (*link)->parent = parent;
    return root;
}

static void heap_insert(struct timer *t, uint32_t key)
{
    t->key = key;
    t->order = timers.order++;
    t->left = t->right = t->parent = NULL;
    t->place = HEAP;
    timers.heap = merge(timers.heap, t);
}

static void heap_remove(struct timer *t)
{
    struct timer *above = t->parent;
    struct timer *rest = merge(t->left, t->right);
    if (rest)
        rest->parent = above;
    if (!above)
        timers.heap = rest;
    else if (above->left == t)
        above->left = rest;
    else
        above->right = rest;
    t->place = NONE;
}

static void due_append(struct timer *t)
{
    t->place = DUE;
    t->next_due = NULL;
    *timers.last_due = t;
    timers.last_due = &t->next_due;
    timers.due_count++;
}

static struct timer *due_take(void)
{
    struct timer *t = timers.due;
    timers.due = t->next_due;
    if (!timers.due)
        timers.last_due = &timers.due;
    timers.due_count--;
    t->place = NONE;
    return t;
}

/* The node after t in depth-first order. */
static struct timer *heap_next(struct timer *t)
{
    if (t->left)
        return t->left;
    if (t->right)
        return t->right;
    while (t->parent && (t->parent->right == t || !t->parent->right))
        t = t->parent;
    return t->parent ? t->parent->right : NULL;
}

static bool in_order(const struct timer *t)
{
    const struct timer *above = t->parent;
    if (!above)
        return t == timers.heap;
    return !before(t, above) && (above->left == t || above->right == t);
}

/* T4, in test builds, now and then: it takes a while. */
static void check(void)
{
    if (!CONFIG_KERNEL_CHECK || timers.order % 16)
        return;
    for (struct timer *t = timers.heap; t; t = heap_next(t)) {
        if (t->place != HEAP || !in_order(t))
            kernel_misuse("timers", t, "T4: the order is broken", ERR_UNKNOWN);
    }
}

/* --- what task 1 does --- */

static struct timer *change_take(void)
{
    uint32_t irq = hal_irq_save();
    struct timer *t = timers.changes;
    if (t) {
        timers.changes = t->next_change;
        if (!timers.changes)
            timers.last_change = &timers.changes;
        t->posted = false;
    }
    hal_irq_restore(irq);
    return t;
}

/* Brings the order in line with what the timer is meant to do. */
static void settle(struct timer *t)
{
    if (t->place == DUE)
        return; /* fire() looks at it anyway */
    if (t->place == HEAP)
        heap_remove(t);

    uint32_t irq = hal_irq_save();
    bool gone = t->dead && !t->posted;
    bool armed = !t->dead && t->pub.mode != TIMER_DISABLED;
    uint32_t deadline = t->pub.deadline_ticks;
    hal_irq_restore(irq);
    if (gone)
        free(t);
    else if (armed)
        heap_insert(t, deadline);
}

static void settle_changes(void)
{
    struct timer *t;
    while ((t = change_take()))
        settle(t);
}

/* The next deadline on the grid of the first one that lies ahead: a late service skips periods,
 * it does not shift them and does not run callbacks back to back. */
static void advance(struct timer *t, uint32_t now)
{
    uint32_t period = period_ticks(t);
    uint32_t behind = now - t->pub.deadline_ticks;
    t->pub.last_expected_fire_tick = t->pub.deadline_ticks + behind / period * period;
    t->pub.deadline_ticks = t->pub.last_expected_fire_tick + period;
}

/* Whether the timer may fire at this moment; if so its next deadline is set. Interrupts off. */
static bool expire(struct timer *t)
{
    uint32_t now = kernel_cb.ticks;
    uint32_t late = now - t->pub.deadline_ticks;
    if (t->dead || t->pub.mode == TIMER_DISABLED || (int32_t) late < 0)
        return false;
    trace_timer_expire_off(t->pub.id, late < 255 ? late : 255);
    if (t->pub.mode == TIMER_AUTORELOAD) {
        advance(t, now);
    } else {
        t->pub.last_expected_fire_tick = t->pub.deadline_ticks;
        t->pub.mode = TIMER_DISABLED;
    }
    return true;
}

static void fire(struct timer *t)
{
    uint32_t irq = hal_irq_save();
    bool fires = expire(t);
    void *(*callback)(void *) = t->pub.callback;
    void *arg = t->pub.arg;
    TRACE_ONLY(uint32_t id = t->pub.id;)
    hal_irq_restore(irq);

    settle(t); /* first, because the callback may restart or destroy it: that posts a change */
    if (!fires)
        return;
    TRACE_ONLY(trace_timer_callback_in_any(id);)
    callback(arg);
    TRACE_ONLY(trace_timer_callback_out_any(id);)
}

static void collect_due(void)
{
    uint32_t now = kernel_cb.ticks;
    while (timers.heap && (int32_t) (now - timers.heap->key) >= 0) {
        struct timer *t = timers.heap;
        heap_remove(t);
        due_append(t);
    }
}

void timer_service(void)
{
    settle_changes();
    check();
    collect_due();
    for (uint32_t count = 0; timers.due && count < BATCH; count++)
        fire(due_take());
    if (timers.due) {
        trace_timer_backlog_any(timers.due_count);
        mo_task_yield();
    }
}

uint32_t timer_wait(void)
{
    if (timers.changes || timers.due)
        return 0;
    if (!timers.heap || !kernel_cb.preemptive)
        return SCHED_FOREVER;
    int32_t ticks = (int32_t) (timers.heap->key - kernel_cb.ticks);
    return ticks > 0 ? (uint32_t) ticks : 0;
}

/* --- what anybody does; interrupts off --- */

static struct timer **slot_of(uint32_t id)
{
    uint32_t at = id - FIRST_ID;
    return id >= FIRST_ID && at < timers.created ? &pages[at / PAGE][at % PAGE] : NULL;
}

static struct timer *find(uint32_t id)
{
    struct timer **slot = slot_of(id);
    return slot ? *slot : NULL;
}

/* What the trace names as the object of a refused call. */
static inline const void *timer_obj(uint32_t id)
{
    return (const void *) id;
}

/* Hands the timer to task 1; ends the section. */
static void post(struct timer *t, uint32_t irq)
{
    if (!t->posted) {
        t->posted = true;
        t->next_change = NULL;
        *timers.last_change = t;
        timers.last_change = &t->next_change;
    }
    service_kick(irq);
}

/* --- the API --- */

/* Puts `t` into the id table. `page` is fresh memory for one page, used when the id begins one. */
static int32_t publish(struct timer *t, struct timer ***page)
{
    uint32_t irq = hal_irq_save();
    uint32_t at = timers.created;
    int32_t id = ERR_FAIL;
    if (at < PAGES * PAGE) {
        if (!pages[at / PAGE]) {
            pages[at / PAGE] = *page;
            *page = NULL;
        }
        if (pages[at / PAGE]) {
            id = (int32_t) (FIRST_ID + at);
            t->pub.id = (uint16_t) id;
            pages[at / PAGE][at % PAGE] = t;
            timers.created++;
            trace_timer_create_off((uint32_t) id, t->pub.period_ms, (uint32_t) t->pub.callback);
        }
    }
    hal_irq_restore(irq);
    return id;
}

int32_t mo_timer_create(void *(*callback)(void *), uint32_t period_ms, void *arg)
{
    kernel_not_in_handler("mo_timer_create");
    struct timer *t = callback && period_ms ? calloc(1, sizeof(*t)) : NULL;
    if (!t)
        return refuse(CALL_timer_create, (void *) callback, ERR_FAIL);
    t->pub = (timer_t){.period_ms = period_ms, .callback = callback, .arg = arg};

    /* Most calls need no page; allocate one when the next id begins one, and give it back if
     * another was faster. */
    struct timer **page = timers.created % PAGE == 0 ? calloc(PAGE, sizeof(*page)) : NULL;
    int32_t id = publish(t, &page);
    free(page);
    if (id > 0)
        return id;
    free(t);
    return refuse(CALL_timer_create, (void *) callback, ERR_FAIL);
}

int32_t mo_timer_destroy(uint16_t id)
{
    kernel_not_in_handler("mo_timer_destroy");
    uint32_t irq = hal_irq_save();
    struct timer *t = find(id);
    if (!t) {
        hal_irq_restore(irq);
        return refuse(CALL_timer_destroy, timer_obj(id), ERR_FAIL);
    }
    *slot_of(id) = NULL;
    t->dead = true;
    trace_timer_destroy_off(id);
    post(t, irq);
    return ERR_OK;
}

int32_t mo_timer_start_isr(uint16_t id, uint8_t mode)
{
    uint32_t irq = hal_irq_save();
    struct timer *t = find(id);
    if (!t || (mode != TIMER_ONESHOT && mode != TIMER_AUTORELOAD)) {
        hal_irq_restore(irq);
        return refuse(CALL_timer_start, timer_obj(id), ERR_FAIL);
    }
    t->pub.mode = mode;
    t->pub.last_expected_fire_tick = kernel_cb.ticks;
    t->pub.deadline_ticks = kernel_cb.ticks + period_ticks(t);
    trace_timer_start_off(id, mode, t->pub.deadline_ticks);
    post(t, irq);
    return ERR_OK;
}

/* Nothing in it waits, and a wake in a handler takes effect at its end: so one code is both. */
int32_t mo_timer_start(uint16_t id, uint8_t mode)
{
    kernel_debug_not_in_handler("mo_timer_start");
    return mo_timer_start_isr(id, mode);
}

/* Task 1 is not woken: it finds out when the old deadline comes. */
int32_t mo_timer_cancel(uint16_t id)
{
    uint32_t irq = hal_irq_save();
    struct timer *t = find(id);
    bool running = t && t->pub.mode != TIMER_DISABLED;
    if (running) {
        t->pub.mode = TIMER_DISABLED;
        trace_timer_cancel_off(id);
    }
    hal_irq_restore(irq);
    return running ? ERR_OK : refuse(CALL_timer_cancel, timer_obj(id), ERR_FAIL);
}
