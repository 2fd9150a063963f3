/* SPDX-License-Identifier: MIT */
/* The tables of a report for the whole run: what libkymo's statistics say (kymo_stat.h), in the
 * form that the page shows. The page computes the same for a stretch (web/stats.js). */
#include "report/report.h"

#include <math.h>

/* Bins of a histogram as it is drawn: 0, 1, 2^(1/2), 2, .. */
enum { BINS = 132 };

static unsigned bin_of(uint64_t value)
{
    if (value < 1)
        return 0;
    unsigned log = 63 - (unsigned)__builtin_clzll(value);
    return 1 + 2 * log + ((double)value >= ldexp(sqrt(2.0), (int)log));
}

static void bins_json(struct kr_buf *b, const struct kymo_dist *d)
{
    uint64_t sum[BINS] = {0}, low, width, count;
    bool first = true;
    for (unsigned bin = 0; kymo_dist_bin(d, &bin, &low, &width, &count);)
        sum[bin_of(low)] += count;
    kr_text(b, "\"bins\":[");
    for (unsigned i = 0; i < BINS; i++) {
        if (!sum[i])
            continue;
        kr_textf(b, "%s[%u,%llu]", first ? "" : ",", i, (unsigned long long)sum[i]);
        first = false;
    }
    kr_text(b, "]");
}

/* The longest is named by its beginning: that is where a reader wants to look. */
static void dist_json(struct kr_buf *b, const char *name, const struct kymo_dist *d, uint64_t start)
{
    kr_textf(b, ",\"%s\":{\"count\":%llu,\"unsure\":%llu,\"sum\":%llu,", name,
             (unsigned long long)d->count, (unsigned long long)d->unsure,
             (unsigned long long)d->sum);
    if (d->count)
        kr_textf(b, "\"mean\":%.3f,\"p99\":%llu,\"max\":%llu,\"maxAt\":%llu,", kymo_dist_mean(d),
                 (unsigned long long)kymo_dist_percentile(d, 99), (unsigned long long)d->max,
                 (unsigned long long)(d->max_at - d->max > start ? d->max_at - d->max - start : 0));
    else
        kr_text(b, "\"mean\":null,\"p99\":null,\"max\":null,\"maxAt\":null,");
    bins_json(b, d);
    kr_text(b, "}");
}

/* ---- rows, in the order of the index; what the statistics do not have is a row of zeros ---- */

const struct kymo_stat_task *kr_figures_task(const struct kr_survey *s, uint32_t i)
{
    for (unsigned k = 0; k < s->stat->tasks; k++)
        if (s->stat->task[k].id == s->rows.tasks[i].id)
            return &s->stat->task[k];
    return NULL;
}

static const struct kymo_stat_isr *isr_of(const struct kr_survey *s, const struct kr_isr *isr)
{
    for (unsigned k = 0; k < s->stat->isrs; k++)
        if (s->stat->isr[k].cause == isr->cause && s->stat->isr[k].source == isr->source)
            return &s->stat->isr[k];
    return NULL;
}

static const struct kymo_stat_object *object_of(const struct kr_survey *s, uint32_t addr)
{
    for (unsigned k = 0; k < s->stat->objects; k++)
        if (s->stat->object[k].addr == addr)
            return &s->stat->object[k];
    return NULL;
}

static void waits_json(struct kr_buf *b, struct kr_survey *s, const struct kymo_stat_task *t)
{
    kr_text(b, ",\"by\":[");
    for (unsigned i = 0; i < t->waits && i < 50; i++)
        kr_textf(b, "%s{\"object\":%d,\"holder\":%d,\"counts\":%llu}", i ? "," : "",
                 kr_object(&s->rows, t->wait[i].object), kr_task(&s->rows, t->wait[i].holder),
                 (unsigned long long)t->wait[i].time);
    kr_text(b, "]");
}

/* The wait that the trace's end cut: so long already; 0 none. */
static uint64_t open_wait(const struct kymo_stat_task *t)
{
    uint64_t longest = 0;
    for (unsigned i = 0; i < t->waits; i++)
        if (t->wait[i].open && t->wait[i].max > longest)
            longest = t->wait[i].max;
    return longest;
}

static void task_json(struct kr_buf *b, struct kr_survey *s, uint32_t i)
{
    static const struct kymo_stat_task none;
    const struct kymo_stat_task *known = kr_figures_task(s, i), *t = known ? known : &none;
    uint64_t cpu = t->running - t->irq;
    kr_textf(b,
             "%s{\"i\":%u,\"level\":%u,\"running\":%llu,\"cpu\":%llu,\"share\":%.9f,"
             "\"switches\":%llu,\"preemptions\":%llu,\"ready\":%llu,\"blocked\":%llu,"
             "\"unknown\":%llu,\"openResponse\":%llu,\"openWait\":%llu",
             i ? "," : "", i, s->rows.tasks[i].base, (unsigned long long)t->running,
             (unsigned long long)cpu, (double)cpu / (double)s->duration,
             (unsigned long long)t->switches, (unsigned long long)t->preempted,
             (unsigned long long)t->ready, (unsigned long long)t->blocked,
             (unsigned long long)t->unknown, (unsigned long long)t->open_response,
             (unsigned long long)open_wait(t));
    dist_json(b, "response", &t->response, s->start);
    dist_json(b, "readyWait", &t->ready_wait, s->start);
    dist_json(b, "blocking", &t->blocking, s->start);
    waits_json(b, s, t);
    kr_text(b, "}");
}

static void isr_json(struct kr_buf *b, struct kr_survey *s, uint32_t i)
{
    static const struct kymo_stat_isr none;
    const struct kymo_stat_isr *known = isr_of(s, &s->rows.isrs[i]), *isr = known ? known : &none;
    kr_textf(b, "%s{\"i\":%u,\"count\":%llu,\"own\":%llu,\"share\":%.9f", i ? "," : "", i,
             (unsigned long long)isr->count, (unsigned long long)isr->duration.sum,
             (double)isr->duration.sum / (double)s->duration);
    dist_json(b, "time", &isr->duration, s->start);
    kr_text(b, "}");
}

static void object_json(struct kr_buf *b, struct kr_survey *s, uint32_t i)
{
    static const struct kymo_stat_object none;
    const struct kymo_stat_object *known = object_of(s, s->rows.objects[i].addr);
    const struct kymo_stat_object *o = known ? known : &none;
    kr_textf(b, "%s{\"i\":%u,\"waits\":%llu", i ? "," : "", i, (unsigned long long)o->waits);
    dist_json(b, "holding", &o->holding, s->start);
    dist_json(b, "waiting", &o->waiting, s->start);
    kr_text(b, "}");
}

/* Busy and unknown counts of equal stretches, all harts together. */
static void load_json(struct kr_buf *b, const struct kr_survey *s)
{
    const struct kymo_stat *t = s->stat;
    uint64_t from = t->load_from > s->start ? t->load_from - s->start : 0;
    kr_textf(b, "],\"load\":{\"from\":%llu,\"width\":%llu,\"busy\":[", (unsigned long long)from,
             (unsigned long long)(t->load_width ? t->load_width : 1));
    for (unsigned i = 0; i < t->load_bins; i++)
        kr_textf(b, "%s%llu", i ? "," : "", (unsigned long long)t->load_busy[i]);
    kr_text(b, "],\"unknown\":[");
    for (unsigned i = 0; i < t->load_bins; i++)
        kr_textf(b, "%s%llu", i ? "," : "", (unsigned long long)t->load_unknown[i]);
    kr_text(b, "]}}");
}

void kr_figures_json(struct kr_buf *b, struct kr_survey *s)
{
    kr_textf(b, "{\"cut\":%s,\"tasks\":[", s->gaps_seen ? "true" : "false");
    for (uint32_t i = 0; i < s->rows.n_tasks; i++)
        task_json(b, s, i);
    kr_text(b, "],\"isrs\":[");
    for (uint32_t i = 0; i < s->rows.n_isrs; i++)
        isr_json(b, s, i);
    kr_text(b, "],\"objects\":[");
    for (uint32_t i = 0; i < s->rows.n_objects; i++)
        object_json(b, s, i);
    load_json(b, s);
}
