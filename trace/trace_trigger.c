/* SPDX-License-Identifier: MIT */
/* Triggers: freeze the ring a number of events after a match (trace.h says what matches).
 *
 * Writers look here after their event is in the ring, so a match is itself recorded. `armed` is 0
 * while this file works: the events that it writes do not look. */
#include "trace.h"
#if CONFIG_DEBUG_TRACE
#include "trace_private.h"

typedef volatile struct trace_control control;

static struct trace_trigger trigger;

void trace_set_trigger(const struct trace_trigger *t)
{
    control *c = TRACE_PORT_CONTROL();
    trace_irq_t irq = trace_port_mask();
    c->armed = 0;
    if (t) {
        trigger = *t;
        c->from_time = trace_port_stamp();
        c->armed = t->limit ? 3 : 1; /* 3: waits for a first `from` */
    }
    trace_port_restore(irq);
}

#if CONFIG_TRACE_TRIGGER
static int trace_trigger_matches(control *c, uint32_t word, unsigned n, const uint32_t *w)
{
    if ((word ^ trigger.word) & trigger.word_mask)
        return 0;
    if (trigger.index >= 0) {
        if ((uint32_t) trigger.index >= n)
            return 0;
        uint32_t v = w[trigger.index];
        if (trigger.compare == TRACE_ABOVE ? v <= trigger.value : v != trigger.value)
            return 0;
    }
    return !trigger.limit || trace_port_stamp() - c->from_time > trigger.limit;
}

void trace_trigger_look(uint32_t word, unsigned n, const uint32_t *w)
{
    control *c = TRACE_PORT_CONTROL();
    trace_irq_t irq = trace_port_mask();
    uint32_t armed = c->armed;
    c->armed = 0;
    if (!c->mask) {
        trace_port_restore(irq); /* stopped or frozen meanwhile: disarmed */
        return;
    }
    if (armed == 1 && trace_trigger_matches(c, word, n, w)) {
        trace_control_off(TRACE_OP_TRIGGER, c->mask);
        c->stop_seq = trace_end_seq(c) + trigger.after;
        armed = 2;
    }
    if ((armed & 1) && trigger.limit && !((word ^ trigger.from) & trigger.from_mask)) {
        c->from_time = trace_port_stamp();
        armed = 1;
    }
    if (armed == 2 && (int32_t) (trace_end_seq(c) - c->stop_seq) >= 0)
        trace_freeze();
    else
        c->armed = armed;
    trace_port_restore(irq);
}
#endif
#endif
