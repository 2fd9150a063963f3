/* SPDX-License-Identifier: MIT */
/* What the tasks of the simulated kernel do, and the scenarios. */
#include "synth_kernel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENTRY_BUS = 0x80001000,
    ENTRY_WEATHER = 0x80001100,
    ENTRY_COMM = 0x80001200,
    ENTRY_WORKER = 0x80001400
};
enum { MARK_TICK = 1, SPAN_LOAD = 6, COUNT_FRAME = 11, LOG_VALUE = 17 };

static uint64_t due(const struct sk *k)
{
    return k->next_tick < k->next_irq ? k->next_tick : k->next_irq;
}

static struct sk_object *pick_object(struct sk *k, int kind)
{
    unsigned n = (unsigned)sk_rand(k, k->objects);
    for (unsigned i = 0; i < k->objects; i++) {
        struct sk_object *o = &k->object[(n + i) % k->objects];
        if (o->kind == kind)
            return o;
    }
    return NULL;
}

/* ---- interrupts ---- */

static void device(struct sk *k)
{
    sk_irq_in(k, 11, 1 + (unsigned)sk_rand(k, 3));
    k->now.time += sk_rand(k, 300);
    if (k->now.depth < 3 && sk_rand(k, 4) == 0)
        device(k);
    unsigned what = (unsigned)sk_rand(k, 4);
    if (what == 0)
        sk_sem_signal(k, pick_object(k, KYMO_OBJ_SEM));
    if (what == 1)
        sk_send(k, pick_object(k, KYMO_OBJ_MQ));
    sk_irq_out(k);
}

static void serve(struct sk *k)
{
    if (k->next_tick <= k->next_irq) {
        sk_tick(k);
        while (k->next_tick <= k->now.time)
            k->next_tick += SK_TICK;
        return;
    }
    device(k);
    k->next_irq = k->now.time + 2000 + sk_rand(k, SK_TICK);
}

/* The running task computes, or idle sleeps, up to the next interrupt. */
static void pass(struct sk *k)
{
    struct sk_task *t = k->running;
    uint64_t room = due(k) > k->now.time ? due(k) - k->now.time : 0;
    bool idle = t == &k->task[0];
    uint64_t d = idle || t->left > room ? room : t->left;
    k->now.time += d;
    if (!idle)
        t->left -= d;
    if (k->now.time >= due(k))
        serve(k);
}

/* ---- the random program ---- */

/* A block comes back as often as it is handed out; some come back that never were, as after a loss.
 */
static void memory(struct sk *k, uint32_t v)
{
    uint32_t ptr = 0x80500000 + v % 64 * 2048;
    if (v % 2)
        EMIT(k, KE_mem_alloc, ptr, v, 0x80001410);
    else
        EMIT(k, KE_mem_free, ptr + 2048, 0x80001410);
}

static void noise(struct sk *k)
{
    uint32_t v = (uint32_t)sk_rand(k, 1000);
    switch (sk_rand(k, 8)) {
    case 0: EMIT(k, KE_mark, MARK_TICK, v); break;
    case 1: EMIT(k, KE_counter, COUNT_FRAME, v); break;
    case 2: EMIT(k, KE_span_begin, SPAN_LOAD); break;
    case 3: EMIT(k, KE_span_end, SPAN_LOAD); break;
    case 4: EMIT(k, KE_log, 2, LOG_VALUE, v, 1000); break;
    case 5: memory(k, v); break;
    case 6: EMIT(k, KE_debug, 7, v, v); break;
    default: EMIT(k, KE_refused, 3, 0x80100000, (uint32_t)-16373); break;
    }
}

static void locks(struct sk *k)
{
    struct sk_task *t = k->running;
    for (unsigned i = 0; i < k->objects; i++)
        if (k->object[i].owner == t && sk_rand(k, 3)) {
            struct sk_object *c = pick_object(k, KYMO_OBJ_COND);
            if (t->held == 1 && c && sk_rand(k, 4) == 0)
                sk_cond_wait(k, c, &k->object[i]);
            else
                sk_unlock(k, &k->object[i]);
            return;
        }
    struct sk_object *m = pick_object(k, KYMO_OBJ_MUTEX);
    bool ordered = true; /* locks are taken in the order of addresses, so that no run deadlocks */
    for (unsigned i = 0; i < k->objects; i++)
        ordered = ordered && !(k->object[i].owner == t && k->object[i].addr >= m->addr);
    if (ordered)
        sk_lock(k, m, sk_rand(k, 3) ? 0 : 1 + (unsigned)sk_rand(k, 3));
    else
        EMIT(k, KE_mutex_busy, m->owner ? m->owner->id : 0, m->addr);
}

static void others(struct sk *k)
{
    struct sk_task *o = &k->task[1 + sk_rand(k, k->tasks)];
    bool self = o == k->running;
    if (!o->used)
        return;
    switch (sk_rand(k, 8)) {
    case 0:
        if (o->state == ST_SUSPENDED || o->held || sk_rand(k, 3))
            break;
        sk_suspend(k, o);
        break;
    case 1:
    case 2:
    case 3:
        for (unsigned i = 1; i <= k->tasks; i++)
            if (k->task[i].used && k->task[i].state == ST_SUSPENDED) {
                sk_resume(k, &k->task[i]);
                break;
            }
        break;
    case 4:
        if (!self && o->state != ST_SUSPENDED)
            sk_priority(k, o, (unsigned)sk_rand(k, SK_LEVELS));
        break;
    case 5:
        if (k->tasks < 600)
            sk_create(k, ENTRY_WORKER + 16 * (uint32_t)sk_rand(k, 8),
                      (unsigned)sk_rand(k, SK_LEVELS), sk_rand(k, 2));
        break;
    case 6:
        if (k->tasks > k->c->tasks && o->id > k->first_id + k->c->tasks && o->state != ST_SUSPENDED)
            sk_cancel(k, o);
        break;
    default: break;
    }
}

static void mixed_step(struct sk *k)
{
    struct sk_task *t = k->running;
    t->left = 50 + sk_rand(k, 4000);
    switch (sk_rand(k, 12)) {
    case 0: sk_yield(k); break;
    case 1:
        if (!t->held)
            sk_delay(k, 1 + (unsigned)sk_rand(k, 3));
        break;
    case 2: sk_sem_wait(k, pick_object(k, KYMO_OBJ_SEM), sk_rand(k, 4) ? 0 : 2); break;
    case 3: sk_sem_signal(k, pick_object(k, KYMO_OBJ_SEM)); break;
    case 4:
    case 5: locks(k); break;
    case 6: sk_cond_signal(k, pick_object(k, KYMO_OBJ_COND)); break;
    case 7: sk_send(k, pick_object(k, KYMO_OBJ_MQ)); break;
    case 8:
        if (!t->held)
            sk_receive(k, pick_object(k, KYMO_OBJ_MQ));
        break;
    case 9: others(k); break;
    case 10:
        if (!t->held)
            sk_wfi(k);
        break;
    default: noise(k); break;
    }
}

static void mixed_boot(struct sk *k)
{
    static const int kind[] = {KYMO_OBJ_MUTEX, KYMO_OBJ_MUTEX, KYMO_OBJ_SEM,
                               KYMO_OBJ_SEM,   KYMO_OBJ_MQ,    KYMO_OBJ_COND};
    static const uint32_t addr[] = {0x80100000, 0x80100020, 0x80101000,
                                    0x80101020, 0x80102000, 0x80103000};
    for (unsigned i = 0; i < 6; i++)
        sk_object(k, kind[i], addr[i] + 0x10000 * k->ring.hart, kind[i] == KYMO_OBJ_SEM ? 2 : 0,
                  k->c->inherit);
    for (unsigned i = 0; i < k->c->tasks; i++)
        sk_create(k, ENTRY_WORKER + 16 * i, i % SK_LEVELS, i % 2);
    k->next_irq = 5000;
}

/* ---- pathfinder: a high and a low task share a lock, a middle one computes for long ---- */

static void path_step(struct sk *k)
{
    struct sk_task *t = k->running;
    struct sk_object *m = &k->object[0];
    unsigned who = t->id - k->first_id, step = t->step++;
    if (who == 1) { /* bus: every 4 ticks */
        switch (step % 3) {
        case 0:
            EMIT(k, KE_span_begin, SPAN_LOAD);
            sk_lock(k, m, 0);
            t->left = 30000;
            break;
        case 1:
            sk_unlock(k, m);
            t->left = 5000;
            break;
        default:
            EMIT(k, KE_span_end, SPAN_LOAD);
            sk_delay(k, 4);
            break;
        }
    } else if (who == 2) { /* weather */
        switch (step % 3) {
        case 0:
            sk_lock(k, m, 0);
            t->left = 90000;
            break;
        case 1:
            sk_unlock(k, m);
            t->left = 40000;
            break;
        default: sk_delay(k, 1); break;
        }
    } else { /* communication: rare and long */
        t->left = step % 2 ? 500000 : 0;
        if (step % 2 == 0)
            sk_delay(k, 9);
    }
}

static void path_boot(struct sk *k)
{
    static const char name[][16] = {"bus", "weather", "comm"};
    static const uint32_t entry[] = {ENTRY_BUS, ENTRY_WEATHER, ENTRY_COMM};
    static const unsigned level[] = {1, 6, 3};
    sk_object(k, KYMO_OBJ_MUTEX, 0x80100000, 0, k->c->inherit);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t w[4];
        struct sk_task *t = sk_create(k, entry[i], level[i], false);
        memcpy(w, name[i], 16);
        EMIT(k, KE_name_task, t->id, w[0], w[1], w[2], w[3]);
    }
    k->next_irq = UINT64_MAX;
}

/* ---- switch: two equal tasks yield to each other; the densest stream of switches ---- */

static void switch_step(struct sk *k)
{
    k->running->left = 40;
    sk_yield(k);
}

static void switch_boot(struct sk *k)
{
    for (unsigned i = 0; i < k->c->tasks; i++)
        sk_create(k, ENTRY_WORKER + 16 * i, 4, false);
    k->next_irq = UINT64_MAX;
}

static const struct scenario {
    const char *name;
    void (*boot)(struct sk *k);
    void (*step)(struct sk *k);
} scenarios[] = {{"mixed", mixed_boot, mixed_step},
                 {"pathfinder", path_boot, path_step},
                 {"switch", switch_boot, switch_step}};

static const struct scenario *find(const char *name)
{
    for (unsigned i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

static void step(struct sk *k, const struct scenario *s)
{
    struct sk_task *t = k->running;
    if (k->now.time >= due(k))
        serve(k);
    else if (t == &k->task[0] || t->left)
        pass(k);
    else if (!sk_after(k))
        s->step(k);
    if (k->c->leap && sk_rand(k, 400) == 0)
        k->now.time += (5ull << 32) + sk_rand(k, 1000);
    if (k->tasks < 50 &&
        (k->c->events < 200000 || k->written % 64 == 0)) /* long traces: now and then */
        sk_check(k);
}

uint64_t synth_run(const struct synth_config *c, FILE *out, const struct synth_oracle *o)
{
    const struct scenario *s = find(c->scenario);
    struct sk *k = calloc(c->harts, sizeof *k);
    struct synth_file f;
    uint64_t written = 0, time = 0;
    if (!s || !k)
        return 0;
    synth_file_open(&f, out, c);
    for (unsigned h = 0; h < c->harts; h++) {
        sk_init(&k[h], c, o, &f, h);
        EMIT(&k[h], KE_boot, 1);
        EMIT(&k[h], KE_app_enter);
        s->boot(&k[h]);
        EMIT(&k[h], KE_app_leave, 1);
        sk_start(&k[h]);
    }
    while (written < c->events) { /* the hart that is behind goes on */
        struct sk *b = &k[0];
        for (unsigned h = 1; h < c->harts; h++)
            if (k[h].now.time < b->now.time)
                b = &k[h];
        uint64_t before = b->written;
        step(b, s);
        written += b->written - before;
    }
    written = 0;
    for (unsigned h = 0; h < c->harts; h++)
        time = k[h].now.time > time ? k[h].now.time : time;
    for (unsigned h = 0; h < c->harts; h++) {
        sk_finish(&k[h], time);
        written += k[h].ring.seq;
    }
    synth_file_close(&f, time, c);
    free(k);
    return written;
}
