/* SPDX-License-Identifier: MIT */
/* The simulated kernel's interrupts, its tick, and its life from boot to the end of the trace. */
#include "synth_kernel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- interrupts ---- */

void sk_irq_in(struct sk *k, unsigned cause, unsigned source)
{
    EMIT(k, KE_irq_in, cause, source);
    k->irq[k->now.depth].from = k->now.time;
    k->irq[k->now.depth].nested = 0;
    k->irq[k->now.depth].cause = (uint8_t)cause;
    k->irq[k->now.depth].source = (uint16_t)source;
    k->irq[k->now.depth].task = k->now.running;
    k->now.causes = k->now.causes << 8 | cause;
    k->now.depth++;
}

void sk_irq_out(struct sk *k)
{
    if (k->now.depth == 1 && k->need_switch)
        sk_preempt(k);
    EMIT(k, KE_irq_out);
    unsigned d = --k->now.depth;
    k->now.causes >>= 8;
    uint64_t all = k->now.time - k->irq[d].from;
    if (d)
        k->irq[d - 1].nested += all;
    if (k->o && k->o->isr)
        k->o->isr(k->o->u, &(struct kymo_isr){.from = k->irq[d].from,
                                              .to = k->now.time,
                                              .own = all - k->irq[d].nested,
                                              .task = k->irq[d].task,
                                              .hart = k->ring.hart,
                                              .source = k->irq[d].source,
                                              .cause = k->irq[d].cause,
                                              .depth = (uint8_t)(d + 1)});
}

static void wake_due(struct sk *k, struct sk_task *t)
{
    if (!t->wait) {
        sk_make_ready(k, t, SK_WHY_DELAY);
        return;
    }
    t->after |= 1; /* the timed-out form of the event that ends the wait */
    sk_make_ready(k, t, SK_WHY_TIMEOUT);
    sk_inherit(k);
}

void sk_tick(struct sk *k)
{
    sk_irq_in(k, 7, 0);
    k->tick++;
    EMIT(k, KE_tick, (uint32_t)k->tick & 0xFFFFFF, (uint32_t)sk_rand(k, 50));
    for (unsigned i = 1; i <= k->tasks; i++)
        if (k->task[i].used && k->task[i].wake_tick && k->task[i].wake_tick <= k->tick)
            wake_due(k, &k->task[i]);
    struct sk_task *r = k->running, *b = sk_best(k);
    k->need_switch = true;
    k->used_up = r != &k->task[0] && r->slice && --r->slice == 0;
    if (k->used_up) {
        EMIT(k, KE_slice_end);
        sk_to_tail(k, r);
        if (b && b->level == r->level) {
            r->preempted = true;
            sk_switch(k, ST_READY);
        }
    }
    sk_irq_out(k);
    k->used_up = false;
}

/* ---- life ---- */

void sk_check(const struct sk *k)
{
    for (unsigned i = 1; i <= k->tasks; i++) {
        const struct sk_task *t = &k->task[i];
        assert((t->state == ST_RUNNING) == (t == k->running) || !t->used);                  /* K1 */
        assert(!t->used || !t->wait || t->state == ST_BLOCKED || t->state == ST_SUSPENDED); /* K2 */
        assert(!t->used || !t->wait || t->wait->kind != KYMO_OBJ_MUTEX || t->wait->owner);  /* K3 */
        assert(!t->used || t->level == sk_want_level((struct sk *)k, t));                   /* K4 */
    }
}

void sk_start(struct sk *k)
{
    EMIT(k, KE_sched_start, 1);
    k->started = true;
    struct sk_task *b = sk_best(k);
    EMIT(k, KE_task_switch, ST_STOPPED, b ? b->id : 0);
    k->running = b ? b : &k->task[0];
    k->now.running = k->running->id;
    k->now.level = b ? b->level : 0xFF;
    sk_set_state(k, k->running, ST_RUNNING);
}

void sk_init(struct sk *k, const struct synth_config *c, const struct synth_oracle *o,
             struct synth_file *f, unsigned hart)
{
    memset(k, 0, sizeof *k);
    k->c = c;
    k->o = o;
    k->random = c->seed * 1000003 + hart;
    k->first_id = hart * 10000;
    k->next_tick = SK_TICK;
    k->now = (struct synth_now){
        .time = 1000, .mask = c->mask ? c->mask : 0xFFFF, .running = KYMO_TASK_BOOT, .level = 0xFF};
    synth_ring_open(&k->ring, f, c, &k->now, (uint16_t)hart);
    k->task[0] = (struct sk_task){.used = true, .now = {.state = KYMO_UNKNOWN}};
    k->running = &k->task[0];
}

void sk_finish(struct sk *k, uint64_t end)
{
    synth_ring_close(&k->ring);
    k->now.time = end;
    for (unsigned i = 0; i <= k->tasks; i++) {
        struct kymo_interval *n = &k->task[i].now;
        n->to = k->now.time;
        if (k->o && k->o->interval && n->state != KYMO_UNKNOWN)
            k->o->interval(k->o->u, n);
    }
}
