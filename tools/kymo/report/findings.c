/* SPDX-License-Identifier: MIT */
/* What is remarkable in a run: priority inversions, long waits for locks, slow activations,
 * deadlocks, losses, and how it ended. Each finding is a JSON object that web/findings.js puts into
 * words; it names moments, so that the reader can look for himself.
 *
 * An inversion is a wait of a task for a mutex that a less urgent task holds, in which others ran
 * on that task's hart although it was ready, and which are less urgent than the waiter. How long
 * they ran is counted from the newest HISTORY intervals; a wait that reaches further back is marked
 * possible. Chains are not followed: where the holder itself waits for another mutex, only its own
 * ready time counts. */
#include "report/report.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HISTORY = 1 << 15,
    MOST = 64,
    MOST_BY = 16,
    MOST_READY = 256,
    INVERSION_SHARE = 20, /* others ran for more than a twentieth of the wait */
};

struct ran { /* it ran, or was ready */
    uint64_t from, to;
    uint32_t task;
    uint16_t hart;
    uint8_t level;
    bool running;
};

struct waiting { /* per task: its present wait for a mutex, over the intervals that the model cuts
                    it into */
    uint64_t from;
    uint32_t object, holder;
    uint8_t level, certainty, state;
    uint8_t own_level; /* of any task: its base level last seen */
    uint16_t hart;     /* of any task: where it ran last */
    bool open, said;
};

struct kr_findings {
    struct kr_finding found[MOST];
    unsigned n;
    struct kr_finding top[2][KR_TOP]; /* inversions and waits, the longest */
    unsigned n_top[2];
    struct ran *ran;
    uint64_t n_ran;
    struct waiting *wait;
    uint32_t waits;
    uint64_t mark_at;
    uint32_t mark_task, mark_tag;
    char mark_name[24];
    bool marked;
    uint64_t panic_at;
    uint32_t panic_task;
    int32_t panic_code;
    bool panicked, inverted;
};

enum { INVERSION, WAIT };

struct kr_findings *kr_findings_new(void)
{
    struct kr_findings *f = calloc(1, sizeof *f);
    if (f && !(f->ran = calloc(HISTORY, sizeof *f->ran))) {
        free(f);
        return NULL;
    }
    return f;
}

/* ---- who ran during a wait ---- */

struct others {
    uint32_t task[MOST_BY];
    uint64_t counts[MOST_BY];
    uint8_t level[MOST_BY];
    unsigned n;
    uint64_t sum;
    bool whole;  /* the history reaches back to the wait's beginning */
    bool unsure; /* of some that ran the level is not known */
};

static void add_other(struct others *o, uint32_t task, uint8_t level, uint64_t counts)
{
    unsigned i = 0;
    while (i < o->n && o->task[i] != task)
        i++;
    if (i == MOST_BY)
        return; /* in the sum only */
    if (i == o->n) {
        o->n++;
        o->task[i] = task;
        o->counts[i] = 0;
    }
    o->counts[i] += counts;
    counts = o->counts[i];
    for (; i > 0 && counts > o->counts[i - 1]; i--) { /* the longest stays first */
        o->task[i] = o->task[i - 1];
        o->counts[i] = o->counts[i - 1];
        o->level[i] = o->level[i - 1];
    }
    o->task[i] = task;
    o->counts[i] = counts;
    o->level[i] = level;
}

/* Stretches of the wait in which the holder was ready: it could have run, and others did. */
struct held_up {
    uint64_t from[MOST_READY], to[MOST_READY];
    unsigned n;
};

/* The newest intervals of the history back to `from`, the newest first: k counts down to the
 * result. */
static uint64_t oldest(const struct kr_findings *f, uint64_t from, bool *whole)
{
    uint64_t k = f->n_ran, least = f->n_ran > HISTORY ? f->n_ran - HISTORY : 0;
    while (k > least && f->ran[(k - 1) % HISTORY].to > from)
        k--;
    *whole = k > least || least == 0;
    return k;
}

static uint64_t shared(uint64_t a, uint64_t b, uint64_t from, uint64_t to)
{
    uint64_t low = a > from ? a : from, high = b < to ? b : to;
    return high > low ? high - low : 0;
}

static uint64_t while_held_up(const struct held_up *h, uint64_t from, uint64_t to)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < h->n; i++)
        sum += shared(h->from[i], h->to[i], from, to);
    return sum;
}

/* Who ran on the holder's hart during the wait, though the holder was ready, and is less urgent
 * than the waiter. */
static struct others less_urgent(const struct kr_findings *f, const struct waiting *w,
                                 uint32_t waiter, uint16_t hart, uint64_t to)
{
    struct others o = {.whole = true};
    struct held_up h = {.n = 0};
    uint64_t first = oldest(f, w->from, &o.whole);
    for (uint64_t k = f->n_ran; k > first; k--) {
        const struct ran *r = &f->ran[(k - 1) % HISTORY];
        if (r->running || r->task != w->holder || !shared(r->from, r->to, w->from, to))
            continue;
        if (h.n == MOST_READY) {
            o.unsure = true;
            break;
        }
        h.from[h.n] = r->from > w->from ? r->from : w->from;
        h.to[h.n++] = r->to < to ? r->to : to;
    }
    for (uint64_t k = f->n_ran; k > first && h.n; k--) {
        const struct ran *r = &f->ran[(k - 1) % HISTORY];
        if (!r->running || r->task == w->holder || r->task == waiter || r->task == KYMO_TASK_IDLE ||
            r->hart != hart)
            continue;
        uint64_t counts = while_held_up(&h, r->from, r->to);
        if (!counts)
            continue;
        if (r->level == 0xFF)
            o.unsure = true; /* perhaps less urgent, perhaps not */
        if (r->level == 0xFF || r->level <= w->level)
            continue;
        o.sum += counts;
        add_other(&o, r->task, r->level, counts);
    }
    return o;
}

/* ---- findings ---- */

/* Keeps the greatest; returns the one to fill, or NULL if it is not among them. */
static struct kr_finding *place(struct kr_findings *f, int kind, uint64_t amount)
{
    struct kr_finding *top = f->top[kind];
    unsigned i = f->n_top[kind];
    if (i == KR_TOP && top[KR_TOP - 1].amount >= amount)
        return NULL;
    if (i == KR_TOP)
        kr_buf_free(&top[--i].json);
    else
        f->n_top[kind]++;
    for (; i > 0 && top[i - 1].amount < amount; i--)
        top[i] = top[i - 1];
    top[i] = (struct kr_finding){.amount = amount};
    return &top[i];
}

static void wait_json(struct kr_buf *b, struct kr_survey *s, const struct waiting *w, uint32_t task,
                      uint64_t to, bool open)
{
    kr_textf(b,
             "\"task\":%d,\"level\":%u,\"holder\":%d,\"object\":%d,\"from\":%llu,\"to\":%llu,"
             "\"open\":%s",
             kr_task(&s->rows, task), w->level, kr_task(&s->rows, w->holder),
             kr_object(&s->rows, w->object), (unsigned long long)(w->from - s->start),
             (unsigned long long)(to - s->start), open ? "true" : "false");
}

/* What is known of another task; a task that was never seen has no level and no hart. */
static struct waiting about(const struct kr_findings *f, struct kr_survey *s, uint32_t task)
{
    int32_t number = kr_task(&s->rows, task);
    if (number >= 0 && (uint32_t)number < f->waits)
        return f->wait[number];
    return (struct waiting){.own_level = 0xFF};
}

static void inversion(struct kr_findings *f, struct kr_survey *s, const struct waiting *w,
                      uint32_t task, uint64_t to, bool open)
{
    struct waiting holder = about(f, s, w->holder);
    if (holder.own_level <= w->level)
        return; /* the holder is the more urgent one: an ordinary wait */
    if (f->n_top[INVERSION] == KR_TOP && f->top[INVERSION][KR_TOP - 1].amount >= to - w->from)
        return; /* cannot be among the longest: do not look through the history */
    struct others o = less_urgent(f, w, task, holder.hart, to);
    struct kr_finding *found =
        o.sum * INVERSION_SHARE > to - w->from ? place(f, INVERSION, o.sum) : NULL;
    if (!found)
        return;
    found->from = w->from - s->start;
    found->to = to - s->start;
    kr_textf(&found->json,
             "\"kind\":\"inversion\",\"severity\":\"bad\",\"certainty\":%u,\"holderLevel\":%u,",
             o.whole && !o.unsure ? w->certainty : KYMO_POSSIBLE, holder.own_level);
    wait_json(&found->json, s, w, task, to, open);
    kr_text(&found->json, ",\"by\":[");
    for (unsigned i = 0; i < o.n; i++)
        kr_textf(&found->json, "%s[%d,%llu,%u]", i ? "," : "", kr_task(&s->rows, o.task[i]),
                 (unsigned long long)o.counts[i], o.level[i]);
    kr_text(&found->json, "]");
}

static void long_wait(struct kr_findings *f, struct kr_survey *s, const struct waiting *w,
                      uint32_t task, uint64_t to, bool open)
{
    struct kr_finding *found = place(f, WAIT, to - w->from);
    if (!found)
        return;
    found->from = w->from - s->start;
    found->to = to - s->start;
    kr_textf(&found->json, "\"kind\":\"wait\",\"severity\":\"%s\",\"certainty\":%u,",
             open ? "warn" : "info", w->certainty);
    wait_json(&found->json, s, w, task, to, open);
}

static void wait_over(struct kr_findings *f, struct kr_survey *s, struct waiting *w, uint32_t task,
                      uint64_t to, bool open)
{
    w->open = false;
    inversion(f, s, w, task, to, open);
    long_wait(f, s, w, task, to, open);
}

static struct waiting *wait_at(struct kr_findings *f, int32_t task)
{
    if (task < 0)
        return NULL;
    if ((uint32_t)task >= f->waits) {
        uint32_t want = (uint32_t)task * 2 + 8;
        struct waiting *wide = realloc(f->wait, want * sizeof *wide);
        if (!wide)
            return NULL;
        memset(wide + f->waits, 0, (want - f->waits) * sizeof *wide);
        f->wait = wide;
        f->waits = want;
    }
    return &f->wait[task];
}

void kr_findings_interval(struct kr_findings *f, struct kr_survey *s, const struct kymo_interval *i)
{
    struct waiting *w = wait_at(f, kr_task(&s->rows, i->task));
    if (!w)
        return;
    if (i->state == KYMO_RUNNING || i->state == KYMO_READY)
        f->ran[f->n_ran++ % HISTORY] =
            (struct ran){i->from, i->to, i->task, i->hart, i->level, i->state == KYMO_RUNNING};
    w->state = i->state;
    if (i->base != 0xFF)
        w->own_level = i->base;
    if (i->state == KYMO_RUNNING || i->state == KYMO_READY)
        w->hart = i->hart;
    if (i->state != KYMO_BLOCKED)
        w->open = false; /* if it still was, a gap hid how it ended */
    if (i->state != KYMO_BLOCKED || (i->holder == KYMO_TASK_NONE && !w->open))
        return;
    if (!w->open) {
        *w = (struct waiting){.from = i->from,
                              .object = i->object,
                              .holder = i->holder,
                              .level = i->level,
                              .state = i->state,
                              .certainty = i->certainty,
                              .own_level = w->own_level,
                              .hart = w->hart,
                              .open = true};
    }
    /* At the trace's end the wait stays open: kr_findings_end looks at it when all have been
     * closed. */
    if (i->next != KYMO_BLOCKED && i->next != KYMO_UNKNOWN)
        wait_over(f, s, w, i->task, i->to, false);
}

void kr_findings_event(struct kr_findings *f, struct kr_survey *s, const kymo_model *m,
                       const struct kymo_event *e)
{
    const struct kymo_event_desc *d = kymo_describe(s->trace, e->code);
    if (!d)
        return;
    if (strcmp(d->name, "panic") == 0) {
        f->panicked = true;
        f->panic_at = e->time - s->start;
        f->panic_task = kr_field(s->trace, e, "task");
        f->panic_code = (int32_t)kr_field(s->trace, e, "code");
    } else if (kr_event_kind(s->trace, e->code) == KR_MARK) {
        f->marked = true;
        f->mark_at = e->time - s->start;
        f->mark_task = kymo_model_running(m, e->hart);
        f->mark_tag = kr_field(s->trace, e, "tag");
        snprintf(f->mark_name, sizeof f->mark_name, "%s", d->name);
    }
}

/* ---- the end ---- */

static struct kr_finding *found(struct kr_findings *f, uint64_t from, uint64_t to)
{
    if (f->n == MOST)
        return NULL;
    struct kr_finding *one = &f->found[f->n++];
    *one = (struct kr_finding){.from = from, .to = to};
    return one;
}

static void last_words(struct kr_findings *f, struct kr_survey *s)
{
    bool bad = s->info->ended && s->info->end_exit > 0;
    struct kr_finding *one = f->panicked ? found(f, f->panic_at, f->panic_at) : NULL;
    if (one)
        kr_textf(&one->json,
                 "\"kind\":\"panic\",\"severity\":\"bad\",\"task\":%d,\"from\":%llu,\"code\":%d",
                 kr_task(&s->rows, f->panic_task), (unsigned long long)f->panic_at, f->panic_code);
    one = f->marked ? found(f, f->mark_at, f->mark_at) : NULL;
    if (!one)
        return;
    const char *text = kymo_string(s->trace, f->mark_tag);
    kr_textf(&one->json,
             "\"kind\":\"mark\",\"severity\":\"%s\",\"task\":%d,\"from\":%llu,\"text\":",
             bad ? "bad" : "info", kr_task(&s->rows, f->mark_task), (unsigned long long)f->mark_at);
    kr_json(&one->json, text && *text ? text : f->mark_name);
}

/* Follows holders from a task that waits; a chain that comes back to it is a deadlock. Each is
 * reported by its lowest number only. */
static void deadlock(struct kr_findings *f, struct kr_survey *s, uint32_t first)
{
    uint32_t chain[MOST_BY], n = 0;
    uint64_t since = 0;
    for (int32_t at = (int32_t)first; n < MOST_BY; at = kr_task(&s->rows, f->wait[at].holder)) {
        if (at < 0 || (uint32_t)at >= f->waits || !f->wait[at].open || (n && (uint32_t)at < first))
            return;
        if (n && (uint32_t)at == first)
            break;
        chain[n++] = (uint32_t)at;
        since = f->wait[at].from > since ? f->wait[at].from : since;
    }
    struct kr_finding *one = n < MOST_BY ? found(f, since - s->start, since - s->start) : NULL;
    if (!one)
        return;
    kr_textf(&one->json, "\"kind\":\"deadlock\",\"severity\":\"bad\",\"from\":%llu,\"tasks\":[",
             (unsigned long long)(since - s->start));
    for (uint32_t i = 0; i < n; i++)
        kr_textf(&one->json, "%s%u", i ? "," : "", chain[i]);
    kr_text(&one->json, "],\"objects\":[");
    for (uint32_t i = 0; i < n; i++)
        kr_textf(&one->json, "%s%d", i ? "," : "", kr_object(&s->rows, f->wait[chain[i]].object));
    kr_text(&one->json, "]");
}

static void losses(struct kr_findings *f, struct kr_survey *s)
{
    struct kr_finding *one =
        s->gaps_seen ? found(f, s->gaps[0].from > s->start ? s->gaps[0].from - s->start : 0, 0)
                     : NULL;
    if (!one)
        return;
    one->to = one->from;
    kr_textf(&one->json,
             "\"kind\":\"loss\",\"severity\":\"warn\",\"from\":%llu,\"gaps\":%llu,\"events\":",
             (unsigned long long)one->from, (unsigned long long)s->gaps_seen);
    if (s->lost_unknown)
        kr_text(&one->json, "null");
    else
        kr_textf(&one->json, "%llu", (unsigned long long)s->lost);
}

/* How much a task's slowest activation stands out from its others; 0 where it is a matter of course
 * or of less than a thousandth of the run. */
static double conspicuous(const struct kymo_stat_task *t, uint64_t span)
{
    const struct kymo_dist *r = t ? &t->response : NULL;
    bool enough = r && r->count >= 4 && r->sum && r->max > span / 1000;
    return enough ? (double)r->max * (double)r->count / (double)r->sum : 0;
}

static void slow_activation(struct kr_findings *f, const struct kr_survey *s, uint32_t task)
{
    const struct kymo_dist *r = &kr_figures_task(s, task)->response;
    uint64_t to = r->max_at - s->start;
    struct kr_finding *one = found(f, to - r->max, to);
    if (one)
        kr_textf(&one->json,
                 "\"kind\":\"response\",\"severity\":\"warn\",\"task\":%u,\"from\":%llu,"
                 "\"to\":%llu,\"count\":%llu,\"mean\":%.1f",
                 task, (unsigned long long)one->from, (unsigned long long)one->to,
                 (unsigned long long)r->count, kymo_dist_mean(r));
}

/* The most conspicuous ones first. */
static void slow_activations(struct kr_findings *f, struct kr_survey *s)
{
    for (int k = 0; k < 3; k++) {
        double most = 3;
        uint32_t task = s->rows.n_tasks;
        for (uint32_t i = 0; i < s->rows.n_tasks && i < f->waits; i++) {
            double by = f->wait[i].said ? 0 : conspicuous(kr_figures_task(s, i), s->duration);
            if (by <= most)
                continue;
            most = by;
            task = i;
        }
        if (task == s->rows.n_tasks)
            return;
        f->wait[task].said = true;
        slow_activation(f, s, task);
    }
}

static bool told(const struct kr_findings *f, const struct kr_finding *one)
{
    for (unsigned i = 0; i < f->n; i++)
        if (f->found[i].from == one->from && f->found[i].to == one->to && one->to > one->from)
            return true;
    return false;
}

/* The greatest of a kind, without what another finding tells already. */
static void take_top(struct kr_findings *f, int kind, unsigned most)
{
    for (unsigned i = 0; i < f->n_top[kind]; i++) {
        struct kr_finding *one = &f->top[kind][i];
        if (most && f->n < MOST && !told(f, one)) {
            f->found[f->n++] = *one;
            most--;
        } else {
            kr_buf_free(&one->json);
        }
    }
    f->n_top[kind] = 0;
}

void kr_findings_end(struct kr_findings *f, struct kr_survey *s, const kymo_model *m)
{
    uint64_t end = kymo_model_time(m);
    last_words(f, s);
    for (uint32_t i = 0; i < s->rows.n_tasks && i < f->waits; i++)
        if (f->wait[i].open)
            deadlock(f, s, i);
    for (uint32_t i = 0; i < s->rows.n_tasks && i < f->waits; i++)
        if (f->wait[i].open && f->wait[i].state == KYMO_BLOCKED)
            wait_over(f, s, &f->wait[i], s->rows.tasks[i].id, end, true);
    f->inverted = f->n_top[INVERSION] > 0;
    take_top(f, INVERSION, 3);
    losses(f, s);
}

void kr_findings_close(struct kr_findings *f, struct kr_survey *s)
{
    slow_activations(f, s);
    take_top(f, WAIT, f->inverted ? 1 : 2);
}

unsigned kr_findings_count(const struct kr_findings *f)
{
    return f->n;
}

const struct kr_finding *kr_finding(const struct kr_findings *f, unsigned i)
{
    assert(i < f->n);
    return &f->found[i];
}

void kr_findings_free(struct kr_findings *f)
{
    if (!f)
        return;
    for (unsigned i = 0; i < f->n; i++)
        kr_buf_free(&f->found[i].json);
    for (int k = 0; k < 2; k++)
        for (unsigned i = 0; i < f->n_top[k]; i++)
            kr_buf_free(&f->top[k][i].json);
    free(f->ran);
    free(f->wait);
    free(f);
}
