/* SPDX-License-Identifier: MIT */
/* `kymo stat A B`: two runs side by side, tasks matched by name (without the id that tells tasks of
 * one entry apart; the n-th of a name with the n-th). */
#include "stat.h"

#include <inttypes.h>
#include <stdlib.h>

/* The task of the other run that this one is compared with. */
static const struct kymo_stat_task *
partner(const struct stat_view *mine, const struct kymo_stat_task *t, const struct stat_view *other)
{
    const struct stat_name *own = stat_name_of(mine, t);
    const struct stat_name *n = own ? stat_find_name(other, t->name, own->rank) : NULL;
    return n ? n->task : NULL;
}

/* One figure of both runs and how it changed. */
static void figure(struct text *t, const struct stat_options *o, uint64_t hz_a, uint64_t a,
                   uint64_t hz_b, uint64_t b)
{
    char x[TEXT_SPAN], y[TEXT_SPAN];
    double sa = (double)a / (double)hz_a, sb = (double)b / (double)hz_b;
    text_format(t, " %9s %9s ", text_span(x, hz_a, a), text_span(y, hz_b, b));
    if (sa == 0 || sb == 0) {
        text_put(t, a == b ? "      =" : "       ");
        return;
    }
    double factor = sb / sa;
    bool much = factor > 1.05 || factor < 0.95;
    text_colour(t, &o->style, !much ? TEXT_PLAIN : factor > 1 ? TEXT_RED : TEXT_GREEN);
    if (factor >= 10 || factor <= 0.1)
        text_format(t, "%6.4gx", factor);
    else
        text_format(t, "%+6.1f%%", 100 * (factor - 1));
    text_colour(t, &o->style, TEXT_PLAIN);
}

static uint64_t blocked_on_mutexes(const struct kymo_stat_task *t)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < t->waits; i++)
        sum += t->wait[i].holder != KYMO_TASK_NONE ? t->wait[i].time : 0;
    return sum;
}

static uint64_t worst(const struct kymo_stat_task *t)
{
    return t->open_response > t->response.max ? t->open_response : t->response.max;
}

static void line(struct text *t, const struct stat_options *o, const struct stat_view v[2],
                 const struct kymo_stat_task *a, const struct kymo_stat_task *b)
{
    static const struct kymo_stat_task none;
    const struct kymo_stat_task *x = a ? a : &none, *y = b ? b : &none;
    uint64_t ha = v[0].s->clock_hz, hb = v[1].s->clock_hz;
    const char *name = a ? a->name : b->name;
    text_format(t, "%-18.*s", (int)(stat_name_length(name) > 18 ? 18 : stat_name_length(name)),
                name);
    figure(t, o, ha, x->running - x->irq, hb, y->running - y->irq);
    figure(t, o, ha, worst(x), hb, worst(y));
    figure(t, o, ha, blocked_on_mutexes(x), hb, blocked_on_mutexes(y));
    text_newline(t);
}

static void rates(struct text *t, const struct stat_view v[2])
{
    for (int i = 0; i < 2; i++) {
        const struct kymo_stat *s = v[i].s;
        uint64_t switches = 0;
        char span[TEXT_SPAN];
        for (unsigned k = 0; k < s->tasks; k++)
            switches += s->task[k].switches;
        text_format(t, "%c  %s: %s, %s, %" PRIu64 " events, %" PRIu64 " switches", 'A' + i,
                    v[i].path, v[i].info->image, text_span(span, s->clock_hz, s->to - s->from),
                    s->events, switches);
        if (s->unknown)
            text_format(t, ", %s unknown: figures are lower bounds",
                        text_span(span, s->clock_hz, s->unknown));
        if (v[i].info->ended)
            text_format(t, ", ended: %s %d", v[i].info->end_reason, v[i].info->end_exit);
        text_newline(t);
    }
}

void stat_compare(struct text *t, const struct stat_options *o, const struct stat_view v[2])
{
    rates(t, v);
    text_newline(t);
    text_colour(t, &o->style, TEXT_BOLD);
    text_put(t, "                           CPU time                 worst response            "
                "waiting for mutexes");
    text_newline(t);
    text_put(t, "task                      A         B                A         B                A "
                "        B");
    text_colour(t, &o->style, TEXT_PLAIN);
    text_newline(t);
    const struct kymo_stat *a = v[0].s, *b = v[1].s;
    for (unsigned i = 0; i < a->tasks; i++)
        if (stat_wants_task(o, &a->task[i]))
            line(t, o, v, &a->task[i], partner(&v[0], &a->task[i], &v[1]));
    for (unsigned i = 0; i < b->tasks; i++)
        if (stat_wants_task(o, &b->task[i]) && !partner(&v[1], &b->task[i], &v[0]))
            line(t, o, v, NULL, &b->task[i]);
}
