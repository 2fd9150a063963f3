/* SPDX-License-Identifier: MIT */
/* `kymo stat --json` and `--csv`: the same figures for machines, all times in counts of the clock.
 * Members are only ever added. */
#include "stat.h"
#include "util/show.h"

#include <inttypes.h>

/* The buffer is emptied only before a member: the comma before it stays, so end() never misses one.
 */
static void number(struct text *t, const char *key, uint64_t n)
{
    text_room(t);
    text_format(t, "\"%s\":%" PRIu64 ",", key, n);
}

static void string(struct text *t, const char *key, const char *s)
{
    text_room(t);
    text_format(t, "\"%s\":", key);
    text_json(t, s ? s : "");
    text_char(t, ',');
}

/* Ends an object or array whose members were written with a comma after each. */
static void end(struct text *t, char mark)
{
    if (t->used && t->data[t->used - 1] == ',')
        t->used--;
    text_char(t, mark);
    text_char(t, ',');
}

static void dist(struct text *t, const char *key, const struct kymo_dist *d)
{
    text_format(t, "\"%s\":{", key);
    number(t, "count", d->count);
    number(t, "unsure", d->unsure);
    number(t, "sum", d->sum);
    if (d->count) {
        number(t, "min", d->min);
        number(t, "max", d->max);
        number(t, "max_at", d->max_at);
        number(t, "p50", kymo_dist_percentile(d, 50));
        number(t, "p90", kymo_dist_percentile(d, 90));
        number(t, "p99", kymo_dist_percentile(d, 99));
        number(t, "p999", kymo_dist_percentile(d, 99.9));
        text_format(t, "\"mean\":%.3f,\"deviation\":%.3f,", kymo_dist_mean(d),
                    kymo_dist_deviation(d));
    }
    end(t, '}');
}

static void task(struct text *t, const struct kymo_stat_task *k)
{
    text_char(t, '{');
    number(t, "id", k->id);
    string(t, "name", k->name);
    text_format(t, "\"user\":%s,\"alive\":%s,", k->user ? "true" : "false",
                k->alive ? "true" : "false");
    string(t, "state", show_state(k->state));
    if (k->level != 0xFF)
        number(t, "level", k->level);
    if (k->base != 0xFF)
        number(t, "base", k->base);
    number(t, "running", k->running);
    number(t, "irq", k->irq);
    number(t, "cpu", k->running - k->irq);
    number(t, "ready", k->ready);
    number(t, "blocked", k->blocked);
    number(t, "suspended", k->suspended);
    number(t, "delayed", k->delayed);
    number(t, "unknown", k->unknown);
    number(t, "switches", k->switches);
    text_format(t,
                "\"left\":{\"preempted\":%" PRIu64 ",\"yielded\":%" PRIu64 ",\"blocked\":%" PRIu64
                ",\"delayed\":%" PRIu64 ",\"suspended\":%" PRIu64 ",\"ended\":%" PRIu64 "},",
                k->preempted, k->yielded, k->waited, k->slept, k->suspends, k->ended);
    if (k->stack_size)
        number(t, "stack_size", k->stack_size);
    if (k->stack_left != UINT32_MAX)
        number(t, "stack_left", k->stack_left);
    number(t, "open_response", k->open_response);
    dist(t, "response", &k->response);
    dist(t, "execution", &k->execution);
    dist(t, "latency", &k->latency);
    dist(t, "period", &k->period);
    dist(t, "blocking", &k->blocking);
    dist(t, "ready_wait", &k->ready_wait);
    text_put(t, "\"blocked_by\":[");
    for (unsigned i = 0; i < k->waits; i++) {
        const struct kymo_stat_wait *w = &k->wait[i];
        text_char(t, '{');
        number(t, "object", w->object);
        string(t, "object_name", w->object_name);
        string(t, "kind", show_kind(w->kind));
        if (w->holder_name) {
            number(t, "holder", w->holder);
            string(t, "holder_name", w->holder_name);
        }
        number(t, "count", w->count);
        number(t, "time", w->time);
        number(t, "max", w->max);
        number(t, "max_at", w->max_at);
        text_format(t, "\"open\":%s,", w->open ? "true" : "false");
        end(t, '}');
    }
    end(t, ']');
    end(t, '}');
}

static void losses(struct text *t, const struct kymo_stat *s)
{
    text_put(t, "\"lost\":[");
    for (unsigned c = 0; c < 6; c++)
        if (s->gaps[c])
            text_format(
                t, "{\"cause\":\"%s\",\"events\":%" PRIu64 ",\"exact\":%s,\"places\":%" PRIu64 "},",
                show_loss(c), s->lost[c], s->uncounted[c] ? "false" : "true", s->gaps[c]);
    end(t, ']');
}

static void objects(struct text *t, const struct stat_options *o, const struct kymo_stat *s)
{
    text_put(t, "\"objects\":[");
    for (unsigned i = 0; i < s->objects; i++) {
        const struct kymo_stat_object *x = &s->object[i];
        if (!stat_wants_object(o, x))
            continue;
        text_char(t, '{');
        number(t, "addr", x->addr);
        string(t, "name", x->name);
        string(t, "kind", show_kind(x->kind));
        number(t, "waits", x->waits);
        number(t, "max_waiters", x->max_waiters);
        number(t, "longest", x->longest);
        dist(t, "waiting", &x->waiting);
        dist(t, "holding", &x->holding);
        end(t, '}');
    }
    end(t, ']');
}

static void heap(struct text *t, const struct kymo_stat_heap *h)
{
    text_put(t, "\"heap\":{");
    number(t, "allocs", h->allocs);
    number(t, "frees", h->frees);
    number(t, "fails", h->fails);
    number(t, "live", h->live);
    number(t, "live_blocks", h->live_blocks);
    number(t, "peak", h->peak);
    number(t, "peak_at", h->peak_at);
    text_format(t, "\"certain\":%s,", h->certain ? "true" : "false");
    end(t, '}');
}

static void isrs(struct text *t, const struct kymo_stat *s)
{
    text_put(t, "\"isrs\":[");
    for (unsigned i = 0; i < s->isrs; i++) {
        text_char(t, '{');
        number(t, "cause", s->isr[i].cause);
        number(t, "source", s->isr[i].source);
        number(t, "count", s->isr[i].count);
        number(t, "nested", s->isr[i].nested);
        dist(t, "duration", &s->isr[i].duration);
        dist(t, "late", &s->isr[i].late);
        end(t, '}');
    }
    end(t, ']');
}

static void load(struct text *t, const struct kymo_stat *s)
{
    text_format(t, "\"load\":{\"from\":%" PRIu64 ",\"width\":%" PRIu64 ",\"busy\":[", s->load_from,
                s->load_width);
    for (unsigned i = 0; i < s->load_bins; i++)
        text_format(t, "%" PRIu64 ",", s->load_busy[i]);
    end(t, ']');
    text_put(t, "\"unknown\":[");
    for (unsigned i = 0; i < s->load_bins; i++)
        text_format(t, "%" PRIu64 ",", s->load_unknown[i]);
    end(t, ']');
    end(t, '}');
}

static void spans(struct text *t, const struct kymo_stat *s)
{
    text_put(t, "\"spans\":[");
    for (unsigned i = 0; i < s->spans; i++) {
        text_char(t, '{');
        string(t, "name", s->span[i].name);
        number(t, "task", s->span[i].task);
        dist(t, "duration", &s->span[i].duration);
        end(t, '}');
    }
    end(t, ']');
}

void stat_json(struct text *t, const struct stat_options *o, const struct stat_view *v)
{
    const struct kymo_stat *s = v->s;
    text_char(t, '{');
    string(t, "trace", v->path);
    string(t, "image", v->info->image);
    string(t, "build_id", v->info->build_id);
    number(t, "clock_hz", s->clock_hz);
    text_format(t, "\"damaged\":%s,\"ended\":%s,", v->info->damaged ? "true" : "false",
                v->info->ended ? "true" : "false");
    number(t, "from", s->from);
    number(t, "to", s->to);
    number(t, "events", s->events);
    number(t, "idle", s->idle);
    number(t, "boot", s->boot);
    number(t, "irq", s->irq);
    number(t, "unknown", s->unknown);
    if (v->info->cost_executed)
        text_format(t, "\"cost\":{\"executed\":%" PRIu64 ",\"tracer\":%" PRIu64 "},",
                    v->info->cost_executed, v->info->cost_tracer);
    losses(t, s);
    text_put(t, "\"tasks\":[");
    for (unsigned i = 0; i < s->tasks; i++)
        if (stat_wants_task(o, &s->task[i]))
            task(t, &s->task[i]);
    end(t, ']');
    isrs(t, s);
    objects(t, o, s);
    heap(t, &s->heap);
    spans(t, s);
    load(t, s);
    end(t, '}');
    t->used--; /* the comma after the last brace */
}

static void csv_name(struct text *t, const char *s)
{
    text_char(t, '"');
    for (; *s; s++) {
        if (*s == '"')
            text_char(t, '"');
        text_char(t, *s);
    }
    text_char(t, '"');
}

void stat_csv(struct text *t, const struct stat_options *o, const struct stat_view *v)
{
    const struct kymo_stat *s = v->s;
    text_put(
        t,
        "trace,id,task,level,base,running,irq,cpu,ready,blocked,suspended,delayed,unknown,switches,"
        "preempted,"
        "yielded,waited,slept,activations,response_max,response_max_at,response_p50,response_p99,"
        "execution_max,latency_max,period_min,period_max,blocking_max");
    text_newline(t);
    for (unsigned i = 0; i < s->tasks; i++) {
        const struct kymo_stat_task *k = &s->task[i];
        if (!stat_wants_task(o, k))
            continue;
        csv_name(t, v->path);
        text_format(t, ",%u,", k->id);
        csv_name(t, k->name);
        const uint64_t n[] = {k->level,
                              k->base,
                              k->running,
                              k->irq,
                              k->running - k->irq,
                              k->ready,
                              k->blocked,
                              k->suspended,
                              k->delayed,
                              k->unknown,
                              k->switches,
                              k->preempted,
                              k->yielded,
                              k->waited,
                              k->slept,
                              k->response.count,
                              k->response.max,
                              k->response.max_at,
                              kymo_dist_percentile(&k->response, 50),
                              kymo_dist_percentile(&k->response, 99),
                              k->execution.max,
                              k->latency.max,
                              k->period.min,
                              k->period.max,
                              k->blocking.max};
        for (unsigned c = 0; c < sizeof n / sizeof *n; c++)
            text_format(t, ",%" PRIu64, n[c]);
        text_newline(t);
    }
}
