/* SPDX-License-Identifier: MIT */
/* The user's rules: watching the trace. Each kind of rule has one small function per thing it
 * listens to.
 *
 * What a gap does: an obligation that is open when it begins can neither be kept nor broken any
 * more, so it counts as hidden; `never`, `must` and `before`, which speak of the whole trace, are
 * hidden as a whole if there was any. */
#include "check/rules.h"
#include "lib/table.h"

#include <stdlib.h>
#include <string.h>

static const char gap_text[] = "a gap, or the start of the trace, hides events the rule needs";

static double ms(const struct check_rules *s, uint64_t counts)
{
    return (double) counts * 1e3 / (double) s->clock_hz;
}

/* A breach that is not tied to an event: at a time. */
static struct kymo_event moment(uint64_t time, uint16_t hart)
{
    return (struct kymo_event){.time = time, .hart = hart, .seq = CHECK_NO_EVENT};
}

/* ---- stretches of time ---- */

static struct check_stretch *stretch_of(struct check_rule *r, uint32_t task)
{
    if (task >= r->stretches) {
        uint32_t want = task < 16 ? 16 : task * 2;
        struct check_stretch *n = realloc(r->stretch, want * sizeof *n);
        if (!n)
            return NULL;
        memset(n + r->stretches, 0, (want - r->stretches) * sizeof *n);
        r->stretch = n;
        r->stretches = want;
    }
    return &r->stretch[task];
}

static void judge(struct check_rules *s, unsigned i, uint64_t from, uint64_t to, bool certain,
                  uint16_t hart, const char *what)
{
    struct kymo_event e = moment(from, hart);
    if (certain && to - from > s->rule[i].limit)
        check_break(&s->result[i], &e, "%s for %.3f ms", what, ms(s, to - from));
    else if (!certain)
        check_unknown(&s->result[i], gap_text);
    else
        check_pass(&s->result[i]);
}

/* ---- rules about events ---- */

static void expire(struct check_rules *s, unsigned i, uint64_t now)
{
    struct check_rule *r = &s->rule[i];
    if (!r->armed || now - r->since.time <= r->limit)
        return;
    check_break(&s->result[i], &r->since, "'%s' did not follow within %.3f ms", r->b.desc->name,
                ms(s, r->limit));
    r->armed = false;
}

static void event_after(struct check_rules *s, unsigned i, const kymo_model *m,
                        const struct kymo_event *e, uint32_t ran)
{
    struct check_rule *r = &s->rule[i];
    expire(s, i, e->time);
    if (r->armed && check_pattern_match(&r->b, m, e, ran)) {
        check_pass(&s->result[i]);
        r->armed = false;
    }
    if (!r->armed && check_pattern_match(&r->a, m, e, ran)) {
        r->armed = true;
        r->since = *e;
    }
}

static void event_between(struct check_rules *s, unsigned i, const kymo_model *m,
                          const struct kymo_event *e, uint32_t ran)
{
    struct check_rule *r = &s->rule[i];
    if (r->armed && check_pattern_match(&r->c, m, e, ran)) {
        check_break(&s->result[i], e, "'%s' came %.3f ms after '%s'", r->c.desc->name,
                    ms(s, e->time - r->since.time), r->a.desc->name);
        r->armed = false;
    }
    if (r->armed && check_pattern_match(&r->b, m, e, ran)) {
        check_pass(&s->result[i]);
        r->armed = false;
    }
    if (!r->armed && check_pattern_match(&r->a, m, e, ran)) {
        r->armed = true;
        r->since = *e;
    }
}

static void event_before(struct check_rules *s, unsigned i, const kymo_model *m,
                         const struct kymo_event *e, uint32_t ran)
{
    struct check_rule *r = &s->rule[i];
    if (check_pattern_match(&r->a, m, e, ran)) {
        if (r->seen)
            check_pass(&s->result[i]);
        else if (s->whole)
            check_break(&s->result[i], e, "'%s' came without '%s' before it", r->a.desc->name,
                        r->b.desc->name);
        else
            check_unknown(&s->result[i], gap_text);
    }
    r->seen += check_pattern_match(&r->b, m, e, ran);
}

static void event_count(struct check_rules *s, unsigned i, const kymo_model *m,
                        const struct kymo_event *e, uint32_t ran)
{
    struct check_rule *r = &s->rule[i];
    if (!check_pattern_match(&r->a, m, e, ran))
        return;
    r->seen++;
    if (r->kind == RULE_NEVER)
        check_break(&s->result[i], e, "'%s' came%s%s", r->a.desc->name,
                    ran < KYMO_TASK_BOOT ? " from " : "",
                    ran < KYMO_TASK_BOOT ? kymo_task_name(m, ran) : "");
    else if (r->most != RULE_NO_LIMIT && r->seen == (uint64_t) r->most + 1)
        check_break(&s->result[i], e, "'%s' came more than %lld times", r->a.desc->name,
                    (long long) r->most);
}

/* Spans are followed by their events, not by the model's finished spans: one that never ends is the
 * worst. */
static void event_span(struct check_rules *s, unsigned i, const kymo_model *m,
                       const struct kymo_event *e, uint32_t ran)
{
    struct check_rule *r = &s->rule[i];
    if ((e->code != KE_span_begin && e->code != KE_span_end) || ran >= KYMO_TASK_NONE)
        return;
    const char *name = kymo_string(kymo_model_trace(m), kv_span_begin_tag(e));
    struct check_stretch *t = stretch_of(r, ran);
    if (!t || !name || strcmp(name, r->span) != 0 ||
        (r->task[0] && !check_task_is(m, ran, r->task)))
        return;
    r->met = true;
    if (e->code == KE_span_begin) {
        *t = (struct check_stretch){.from = e->time, .open = true, .certain = true};
    } else if (t->open) {
        judge(s, i, t->from, e->time, true, e->hart, "the span lasted");
        t->open = false;
    } else {
        check_unknown(&s->result[i], gap_text);
    }
}

static void watch_event(void *state, const kymo_model *m, const struct kymo_event *e)
{
    struct check_rules *s = state;
    uint32_t *ran = &s->ran[e->hart % 64];
    s->whole |= e->code == KE_boot && !s->gaps;
    for (unsigned i = 0; i < s->count; i++)
        switch (s->rule[i].kind) {
        case RULE_NEVER:
        case RULE_MUST: event_count(s, i, m, e, *ran); break;
        case RULE_AFTER: event_after(s, i, m, e, *ran); break;
        case RULE_BEFORE: event_before(s, i, m, e, *ran); break;
        case RULE_BETWEEN: event_between(s, i, m, e, *ran); break;
        case RULE_SPAN: event_span(s, i, m, e, *ran); break;
        default: break;
        }
    *ran = kymo_model_running(m, e->hart);
}

/* ---- rules about states ---- */

/* Blocked or ready: intervals that touch (the level changed in between) are one stretch. */
static void interval_state(struct check_rules *s, unsigned i, const kymo_model *m,
                           const struct kymo_interval *v, uint8_t state)
{
    struct check_rule *r = &s->rule[i];
    struct check_stretch *t = stretch_of(r, v->task);
    if (!t)
        return;
    bool wanted = v->state == state &&
                  (!r->object[0] || strcmp(kymo_object_name(m, v->object), r->object) == 0);
    bool goes_on = wanted && t->open && t->to == v->from;
    if (t->open && !goes_on) {
        judge(s, i, t->from, t->to, t->certain, v->hart,
              state == KYMO_BLOCKED ? "blocked" : "ready but not running");
        t->open = false;
    }
    if (!wanted)
        return;
    if (!goes_on)
        *t = (struct check_stretch){.from = v->from, .open = true, .certain = true};
    t->to = v->to;
    t->certain &= v->certainty == KYMO_CERTAIN;
}

static void interval_runs(struct check_rules *s, unsigned i, const struct kymo_interval *v)
{
    struct check_stretch *t = stretch_of(&s->rule[i], v->task);
    if (!t)
        return;
    if (!t->open) /* counts from when the task is first seen */
        *t = (struct check_stretch){.from = v->from, .to = v->from, .open = true, .certain = true};
    t->certain &= v->certainty == KYMO_CERTAIN && v->state != KYMO_UNKNOWN;
    if (v->state != KYMO_RUNNING && v->state != KYMO_DEAD)
        return;
    judge(s, i, t->to, v->from, t->certain, v->hart, "did not run");
    t->to = v->to;
    t->certain = true;
}

static void watch_interval(void *state, const kymo_model *m, const struct kymo_interval *v)
{
    struct check_rules *s = state;
    for (unsigned i = 0; i < s->count; i++) {
        struct check_rule *r = &s->rule[i];
        if (r->kind < RULE_BLOCKED || !check_task_is(m, v->task, r->task))
            continue;
        r->met = true;
        if (r->kind == RULE_RUNS)
            interval_runs(s, i, v);
        else
            interval_state(s, i, m, v, r->kind == RULE_BLOCKED ? KYMO_BLOCKED : KYMO_READY);
    }
}

/* ---- gaps and the end ---- */

static void gap_span(struct check_rules *s, unsigned i)
{
    struct check_rule *r = &s->rule[i];
    for (uint32_t id = 0; id < r->stretches; id++) {
        if (r->stretch[id].open)
            check_unknown(&s->result[i], gap_text);
        r->stretch[id].open = false;
    }
}

static void watch_gap(void *state, const kymo_model *m, const struct kymo_gap *g)
{
    (void) m;
    struct check_rules *s = state;
    s->whole = false;
    s->gaps = true;
    s->ran[g->hart % 64] = KYMO_TASK_NONE;
    for (unsigned i = 0; i < s->count; i++) {
        struct check_rule *r = &s->rule[i];
        if (r->armed)
            check_unknown(&s->result[i], gap_text);
        r->armed = false;
        if (r->kind == RULE_SPAN)
            gap_span(s, i);
    }
}

/* never, must, before: they speak of the whole trace. */
static void end_whole(struct check_rules *s, unsigned i, const kymo_model *m, uint64_t time)
{
    struct check_rule *r = &s->rule[i];
    struct check_result *row = &s->result[i];
    struct kymo_event e = moment(time, 0);
    const char *unmet = check_pattern_unmet(&r->a, kymo_model_trace(m));
    if (row->breaches)
        return;
    if (r->kind == RULE_MUST && r->least > 0 && r->seen < (uint64_t) r->least && s->whole)
        check_break(row, &e, "'%s' came %llu times", r->a.desc->name, (unsigned long long) r->seen);
    else if (!s->whole &&
             !(r->kind == RULE_MUST && r->most == RULE_NO_LIMIT && r->seen >= (uint64_t) r->least))
        check_unknown(row, gap_text);
    else if (unmet)
        snprintf(row->text, sizeof row->text, "nothing in this trace is called '%.64s'", unmet);
    else
        check_pass(row);
}

/* What still lasts at the end is judged when it is too long already; a stretch of a state ends with
 * the trace. */
static void end_stretches(struct check_rules *s, unsigned i, uint64_t time)
{
    static const char *const what[] = {[RULE_SPAN] = "the span had lasted, at the trace's end,",
                                       [RULE_RUNS] = "did not run",
                                       [RULE_BLOCKED] = "blocked, until the trace's end,",
                                       [RULE_READY] =
                                           "ready but not running, until the trace's end,"};
    struct check_rule *r = &s->rule[i];
    for (uint32_t id = 0; id < r->stretches; id++) {
        struct check_stretch *t = &r->stretch[id];
        bool state = r->kind == RULE_BLOCKED || r->kind == RULE_READY;
        uint64_t from = r->kind == RULE_RUNS ? t->to : t->from, to = state ? t->to : time;
        if (t->open && (state || to - from > r->limit))
            judge(s, i, from, to, t->certain, 0, what[r->kind]);
    }
}

static void watch_end(void *state, const kymo_model *m, uint64_t time)
{
    struct check_rules *s = state;
    for (unsigned i = 0; i < s->count; i++) {
        struct check_rule *r = &s->rule[i];
        if (r->kind == RULE_NEVER || r->kind == RULE_MUST)
            end_whole(s, i, m, time);
        else if (r->kind == RULE_AFTER)
            expire(s, i, time);
        else if (r->kind >= RULE_SPAN)
            end_stretches(s, i, time);
        if (r->kind >= RULE_SPAN && !r->met)
            snprintf(s->result[i].text, sizeof s->result[i].text,
                     "nothing in this trace is called '%.64s'",
                     r->kind == RULE_SPAN ? r->span : r->task);
    }
}

void check_rules_watch(struct check_checker *c, struct check_rules *s)
{
    *c = (struct check_checker){.state = s,
                                .results = s->count,
                                .result = s->result,
                                .event = watch_event,
                                .interval = watch_interval,
                                .gap = watch_gap,
                                .end = watch_end};
}
