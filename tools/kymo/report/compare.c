/* SPDX-License-Identifier: MIT */
/* Where two runs begin to schedule differently: both traces are read in step, switch by switch. A
 * switch is its hart, the task it goes to by number, and the state the task before it is left in.
 */
#include "report/report.h"

#include <stdio.h>
#include <string.h>

struct side {
    kymo_trace *t;
    struct kymo_event e;
    uint64_t start;
    uint32_t state, next;
    bool any, end;
};

/* Reads on to the next switch. */
static int step(struct side *s, struct kymo_error *err)
{
    struct kymo_gap gap;
    for (;;) {
        int what = kymo_next(s->t, &s->e, &gap, err);
        if (what < 0)
            return -1;
        s->end = what == KYMO_END;
        if (s->end)
            return 0;
        if (what != KYMO_EVENT)
            continue;
        if (!s->any)
            s->start = s->e.time;
        s->any = true;
        const struct kymo_event_desc *d = kymo_describe(s->t, s->e.code);
        if (!d || strcmp(d->name, "task_switch") != 0)
            continue;
        s->state = kr_field(s->t, &s->e, "state");
        s->next = kr_field(s->t, &s->e, "next");
        return 0;
    }
}

static bool same(const struct side *a, const struct side *b)
{
    return a->e.hart == b->e.hart && a->state == b->state && a->next == b->next;
}

static int walk(struct kr_diff *d, struct side s[2], struct kymo_error *err)
{
    for (;; d->switches++) {
        if (step(&s[0], err) < 0 || step(&s[1], err) < 0)
            return -1;
        if (s[0].end || s[1].end || !same(&s[0], &s[1]))
            break;
    }
    d->same = s[0].end && s[1].end;
    d->valid = true;
    for (int k = 0; k < 2; k++) {
        d->t[k] = s[k].any ? s[k].e.time - s[k].start : 0;
        d->next[k] = s[k].end ? KYMO_TASK_NONE : s[k].next;
    }
    return 0;
}

/* The page draws both over one ruler. */
static int same_clock(const struct side s[2], const char *a, const char *b, struct kymo_error *err)
{
    uint64_t hz[2] = {kymo_get_info(s[0].t)->clock_hz, kymo_get_info(s[1].t)->clock_hz};
    if (hz[0] == hz[1])
        return 0;
    snprintf(err->text, sizeof err->text,
             "%.200s and %.200s have clocks of %llu and %llu Hz: they cannot share a timeline", a,
             b, (unsigned long long)hz[0], (unsigned long long)hz[1]);
    return -1;
}

int kr_compare(struct kr_diff *d, const char *a, const char *b, struct kymo_error *err)
{
    struct side s[2] = {{0}, {0}};
    memset(d, 0, sizeof *d);
    int status = kymo_open(&s[0].t, a, err);
    if (status >= 0)
        status = kymo_open(&s[1].t, b, err);
    if (status >= 0)
        status = same_clock(s, a, b, err);
    if (status >= 0)
        status = walk(d, s, err);
    for (int k = 0; k < 2; k++)
        if (s[k].t)
            kymo_close(s[k].t);
    return status < 0 ? -1 : 0;
}
