/* SPDX-License-Identifier: MIT */
/* The tables of a report for the whole run, by the definitions of `kymo stat`
 * (Documentation/report.md, "Figures"). The page computes the same for a stretch (web/stats.js);
 * the tests compare the three.
 *
 * A duration counts as a wait, a hold or a response only if both its ends were seen: not at a gap,
 * not at the trace's ends. Its time counts in the sums all the same. */
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct by { /* time blocked, by object and holder */
    int32_t object, holder;
    uint64_t counts;
};

struct task_figures {
    uint64_t cpu, ready, blocked, switches, preemptions, activations;
    struct kr_spread response, ready_wait, blocking;
    struct by *by;
    uint32_t n_by;
    uint64_t state_from, act_from; /* of the open stretch of one state, of the open activation */
    uint8_t state;                 /* of the interval before */
    bool any, state_known, act_open, act_known;
};

struct object_figures {
    uint64_t held, waited;
    struct kr_spread holds;
};

struct isr_figures {
    uint64_t own;
    struct kr_spread time;
};

struct kr_figures {
    struct kr_rows *rows;
    struct task_figures *task;
    struct object_figures *object;
    struct isr_figures *isr;
    uint32_t tasks, objects, isrs;
    bool no_memory;
};

/* ---- spreads ---- */

unsigned kr_bin(uint64_t value)
{
    if (value < 1)
        return 0;
    unsigned log = 63 - (unsigned)__builtin_clzll(value);
    /* value * value >= 2^(2 log + 1), without overflow */
    bool upper = (double)value >= ldexp(sqrt(2.0), (int)log);
    return 1 + 2 * log + upper;
}

uint64_t kr_bin_from(unsigned bin)
{
    if (bin == 0)
        return 0;
    double from = ldexp(bin % 2 ? 1.0 : sqrt(2.0), (int)(bin - 1) / 2);
    return from >= 0x1p64 ? UINT64_MAX : (uint64_t)ceil(from);
}

void kr_spread_add(struct kr_spread *s, uint64_t value, uint64_t at)
{
    if (s->count == 0 || value > s->max) {
        s->max = value;
        s->max_at = at;
    }
    s->count++;
    s->total += value;
    s->bin[kr_bin(value)]++;
}

/* The upper limit of the bin that holds the value of this rank, at most the maximum. */
static uint64_t percentile(const struct kr_spread *s, double share)
{
    uint64_t rank = (uint64_t)ceil(share * (double)s->count), seen = 0;
    for (unsigned b = 0; b < KR_BINS; b++) {
        seen += s->bin[b];
        if (seen < rank || !s->bin[b])
            continue;
        uint64_t to = kr_bin_from(b + 1);
        return to < s->max ? to : s->max;
    }
    return s->max;
}

void kr_spread_json(struct kr_buf *b, const struct kr_spread *s)
{
    if (!s->count) {
        kr_text(b,
                "{\"count\":0,\"mean\":null,\"p99\":null,\"max\":null,\"maxAt\":null,\"bins\":[]}");
        return;
    }
    kr_textf(b, "{\"count\":%llu,\"mean\":%.3f,\"p99\":%llu,\"max\":%llu,\"maxAt\":%llu,\"bins\":[",
             (unsigned long long)s->count, (double)s->total / (double)s->count,
             (unsigned long long)percentile(s, 0.99), (unsigned long long)s->max,
             (unsigned long long)s->max_at);
    bool first = true;
    for (unsigned i = 0; i < KR_BINS; i++) {
        if (!s->bin[i])
            continue;
        kr_textf(b, "%s[%u,%u]", first ? "" : ",", i, s->bin[i]);
        first = false;
    }
    kr_text(b, "]}");
}

/* ---- collecting ---- */

/* list[number], the list grown and zeroed as needed; NULL without memory. */
static void *at(void **list, uint32_t *n, int32_t number, size_t size)
{
    if (number < 0)
        return NULL;
    if ((uint32_t)number >= *n) {
        uint32_t want = (uint32_t)number + 1 + *n / 2;
        char *wide = realloc(*list, want * size);
        if (!wide)
            return NULL;
        memset(wide + *n * size, 0, (want - *n) * size);
        *list = wide;
        *n = want;
    }
    return (char *)*list + (size_t)number * size;
}

static struct task_figures *task_at(struct kr_figures *f, int32_t i)
{
    return at((void **)&f->task, &f->tasks, i, sizeof *f->task);
}

static struct object_figures *object_at(struct kr_figures *f, int32_t i)
{
    return at((void **)&f->object, &f->objects, i, sizeof *f->object);
}

static void add_by(struct kr_figures *f, struct task_figures *t, int32_t object, int32_t holder,
                   uint64_t counts)
{
    for (uint32_t i = 0; i < t->n_by; i++) {
        if (t->by[i].object != object || t->by[i].holder != holder)
            continue;
        t->by[i].counts += counts;
        return;
    }
    struct by *wide = realloc(t->by, (t->n_by + 1) * sizeof *wide);
    if (!wide) {
        f->no_memory = true;
        return;
    }
    t->by = wide;
    t->by[t->n_by++] = (struct by){object, holder, counts};
}

/* Does this state end an activation? Waiting for a mutex does not: the work goes on when it is
 * there. */
static bool ends_activation(const struct kymo_interval *i)
{
    if (i->state == KYMO_BLOCKED)
        return i->holder == KYMO_TASK_NONE;
    return i->state != KYMO_READY && i->state != KYMO_RUNNING;
}

static void activation(struct task_figures *t, const struct kymo_interval *i, uint64_t from,
                       bool known)
{
    bool ends = ends_activation(i);
    if (ends && t->act_open && t->act_known && i->state != KYMO_UNKNOWN)
        kr_spread_add(&t->response, from - t->act_from, t->act_from);
    if (!ends && !t->act_open) {
        t->act_from = from;
        t->act_known = known;
        t->activations += known;
    }
    t->act_open = !ends;
}

/* A stretch of one state, which the model may cut where level or holder change. */
static void stretch(struct task_figures *t, const struct kymo_interval *i, uint64_t from,
                    uint64_t to, bool known)
{
    if (!i->continues) {
        t->state_from = from;
        t->state_known = known;
        t->switches += i->state == KYMO_RUNNING && known;
        t->preemptions += i->state == KYMO_READY && i->preempted && known;
    }
    if (i->next == i->state || i->next == KYMO_UNKNOWN || !t->state_known)
        return;
    if (i->state == KYMO_READY)
        kr_spread_add(&t->ready_wait, to - t->state_from, t->state_from);
    if (i->state == KYMO_BLOCKED)
        kr_spread_add(&t->blocking, to - t->state_from, t->state_from);
}

void kr_figures_interval(struct kr_figures *f, const struct kymo_interval *i, uint64_t start)
{
    struct task_figures *t = task_at(f, kr_task(f->rows, i->task));
    if (!t) {
        f->no_memory |= i->task < KYMO_TASK_NONE;
        return;
    }
    uint64_t from = i->from - start, to = i->to - start, counts = to - from;
    bool known = t->any ? t->state != KYMO_UNKNOWN : from > 0;
    if (i->task != KYMO_TASK_IDLE)
        activation(t, i, from, known);
    stretch(t, i, from, to, known);
    if (i->state == KYMO_RUNNING)
        t->cpu += counts - (i->irq_time < counts ? i->irq_time : counts);
    if (i->state == KYMO_READY)
        t->ready += counts;
    if (i->state == KYMO_BLOCKED) {
        int32_t object = kr_object(f->rows, i->object);
        struct object_figures *o = object_at(f, object);
        t->blocked += counts;
        add_by(f, t, object, kr_task(f->rows, i->holder), counts);
        if (o)
            o->waited += counts;
    }
    t->state = i->state;
    t->any = true;
}

void kr_figures_isr(struct kr_figures *f, const struct kymo_isr *i, uint64_t start)
{
    struct isr_figures *isr =
        at((void **)&f->isr, &f->isrs, kr_isr(f->rows, i->cause, i->source), sizeof *f->isr);
    if (!isr)
        return;
    isr->own += i->own;
    if (i->certainty == KYMO_CERTAIN)
        kr_spread_add(&isr->time, i->to - i->from, i->from - start);
}

void kr_figures_hold(struct kr_figures *f, const struct kymo_hold *h, uint64_t start)
{
    struct object_figures *o = object_at(f, kr_object(f->rows, h->object));
    if (!o)
        return;
    o->held += h->to - h->from;
    if (h->certainty == KYMO_CERTAIN)
        kr_spread_add(&o->holds, h->to - h->from, h->from - start);
}

const struct kr_spread *kr_figures_response(const struct kr_figures *f, uint32_t task)
{
    return task < f->tasks && f->task[task].response.count ? &f->task[task].response : NULL;
}

/* ---- JSON ---- */

static int by_counts(const void *a, const void *b)
{
    const struct by *x = a, *y = b;
    return x->counts < y->counts ? 1 : x->counts > y->counts ? -1 : 0;
}

static void task_json(struct kr_buf *b, uint32_t i, const struct kr_task *task,
                      const struct task_figures *t, double span)
{
    kr_textf(b,
             "%s{\"i\":%u,\"level\":%u,\"cpu\":%llu,\"share\":%.9f,\"switches\":%llu,"
             "\"preemptions\":%llu,\"activations\":%llu,"
             "\"ready\":%llu,\"blocked\":%llu,\"name\":",
             i ? "," : "", i, task->base, (unsigned long long)t->cpu, (double)t->cpu / span,
             (unsigned long long)t->switches, (unsigned long long)t->preemptions,
             (unsigned long long)t->activations, (unsigned long long)t->ready,
             (unsigned long long)t->blocked);
    kr_json(b, task->name);
    kr_text(b, ",\"response\":");
    kr_spread_json(b, &t->response);
    kr_text(b, ",\"readyWait\":");
    kr_spread_json(b, &t->ready_wait);
    kr_text(b, ",\"blocking\":");
    kr_spread_json(b, &t->blocking);
    kr_text(b, ",\"by\":[");
    if (t->n_by)
        qsort(t->by, t->n_by, sizeof *t->by, by_counts);
    for (uint32_t k = 0; k < t->n_by && k < 20; k++)
        kr_textf(b, "%s{\"object\":%d,\"holder\":%d,\"counts\":%llu}", k ? "," : "",
                 t->by[k].object, t->by[k].holder, (unsigned long long)t->by[k].counts);
    kr_text(b, "]}");
}

void kr_figures_json(struct kr_buf *b, const struct kr_figures *f, const struct kr_survey *s)
{
    static const struct task_figures no_task;
    static const struct object_figures no_object;
    static const struct isr_figures no_isr;
    double span = (double)s->duration;
    kr_textf(b, "{\"cut\":%s,\"tasks\":[", s->gaps_seen ? "true" : "false");
    for (uint32_t i = 0; i < s->rows.n_tasks; i++)
        task_json(b, i, &s->rows.tasks[i], i < f->tasks ? &f->task[i] : &no_task, span);
    kr_text(b, "],\"isrs\":[");
    for (uint32_t i = 0; i < s->rows.n_isrs; i++) {
        const struct isr_figures *isr = i < f->isrs ? &f->isr[i] : &no_isr;
        kr_textf(b, "%s{\"i\":%u,\"own\":%llu,\"share\":%.9f,\"time\":", i ? "," : "", i,
                 (unsigned long long)isr->own, (double)isr->own / span);
        kr_spread_json(b, &isr->time);
        kr_text(b, "}");
    }
    kr_text(b, "],\"objects\":[");
    for (uint32_t i = 0; i < s->rows.n_objects; i++) {
        const struct object_figures *o = i < f->objects ? &f->object[i] : &no_object;
        kr_textf(b, "%s{\"i\":%u,\"held\":%llu,\"waited\":%llu,\"holds\":", i ? "," : "", i,
                 (unsigned long long)o->held, (unsigned long long)o->waited);
        kr_spread_json(b, &o->holds);
        kr_text(b, "}");
    }
    kr_text(b, "]}");
}

struct kr_figures *kr_figures_new(struct kr_rows *rows)
{
    struct kr_figures *f = calloc(1, sizeof *f);
    if (f)
        f->rows = rows;
    return f;
}

void kr_figures_free(struct kr_figures *f)
{
    for (uint32_t i = 0; f && i < f->tasks; i++)
        free(f->task[i].by);
    if (f) {
        free(f->task);
        free(f->object);
        free(f->isr);
    }
    free(f);
}
