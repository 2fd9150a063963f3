/* SPDX-License-Identifier: MIT */
/* The first pass over a trace: rows, chunks, losses; figures and findings are fed on the way
 * (report.h). */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kr_event_kind kr_event_kind(const kymo_trace *t, uint8_t code)
{
    const struct kymo_event_desc *d = kymo_describe(t, code);
    if (!d || strcmp(d->klass, "USER") != 0 || strncmp(d->name, "span_", 5) == 0)
        return KR_OTHER;
    return strcmp(d->name, "counter") == 0 ? KR_COUNTER : KR_MARK;
}

uint32_t kr_field(const kymo_trace *t, const struct kymo_event *e, const char *name)
{
    const struct kymo_event_desc *d = kymo_describe(t, e->code);
    for (unsigned i = 0; d && i < d->fields; i++)
        if (strcmp(d->field[i].name, name) == 0)
            return kymo_value(e, &d->field[i], d);
    return 0;
}

/* ---- chunks ---- */

/* A chunk begins at the first event that is later than all of the chunk before it: a moment belongs
 * to one. */
static void chunk_event(struct kr_survey *s, uint64_t t)
{
    struct kr_chunk *last = s->n_chunks ? &s->chunks[s->n_chunks - 1] : NULL;
    if (last && (last->events < KR_CHUNK || t == last->from)) {
        last->events++;
        return;
    }
    if ((s->n_chunks & (s->n_chunks - 1)) == 0) {
        size_t room = s->n_chunks ? 2 * (size_t)s->n_chunks : 1;
        struct kr_chunk *wide = realloc(s->chunks, room * sizeof *wide);
        if (!wide) {
            s->no_memory = true;
            return;
        }
        s->chunks = wide;
    }
    s->chunks[s->n_chunks++] =
        (struct kr_chunk){.from = last ? t : 0, .first = s->events, .events = 1};
}

uint32_t kr_chunk_at(const struct kr_survey *s, uint64_t t)
{
    uint32_t low = 0, high = s->n_chunks;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (s->chunks[mid].from <= t)
            low = mid;
        else
            high = mid;
    }
    return low;
}

uint64_t kr_chunk_end(const struct kr_survey *s, uint32_t i)
{
    return i + 1 < s->n_chunks ? s->chunks[i + 1].from : s->duration;
}

void kr_want(struct kr_survey *s, uint64_t from, uint64_t to, uint32_t around)
{
    if (!s->n_chunks)
        return;
    uint32_t first = kr_chunk_at(s, from), last = kr_chunk_at(s, to);
    first = first > around ? first - around : 0;
    last = s->n_chunks - 1 - last > around ? last + around : s->n_chunks - 1;
    for (uint32_t i = first; i <= last; i++)
        s->chunks[i].wanted = true;
}

/* ---- the sink ---- */

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct kr_survey *s = u;
    s->start = kymo_model_start(m);
    chunk_event(s, e->time - s->start);
    s->events++;
    enum kr_event_kind kind = kr_event_kind(s->trace, e->code);
    if (kind == KR_COUNTER)
        kr_counter(&s->rows, kr_field(s->trace, e, "tag"));
    s->marks += kind == KR_MARK;
    kr_values_event(s->values, s->trace, e);
    kr_findings_event(s->findings, s, m, e);
}

static void on_interval(void *u, const kymo_model *m, const struct kymo_interval *i)
{
    struct kr_survey *s = u;
    s->start = kymo_model_start(m);
    kr_task(&s->rows, i->task);
    if (i->state == KYMO_BLOCKED) {
        int32_t object = kr_object(&s->rows, i->object);
        if (object >= 0)
            s->rows.objects[object].used = true;
        kr_task(&s->rows, i->holder);
    }
    if (i->state == KYMO_READY)
        kr_task(&s->rows, i->waker);
    kr_findings_interval(s->findings, s, i);
}

static void on_isr(void *u, const kymo_model *m, const struct kymo_isr *i)
{
    (void)m;
    struct kr_survey *s = u;
    kr_isr(&s->rows, i->cause, i->source);
    kr_task(&s->rows, i->task);
}

static void on_hold(void *u, const kymo_model *m, const struct kymo_hold *h)
{
    (void)m;
    struct kr_survey *s = u;
    int32_t object = kr_object(&s->rows, h->object);
    kr_task(&s->rows, h->task);
    if (object >= 0)
        s->rows.objects[object].used = true;
}

static void on_span(void *u, const kymo_model *m, const struct kymo_user_span *span)
{
    (void)m;
    struct kr_survey *s = u;
    kr_span(&s->rows, span->task, span->tag);
}

void kr_survey_gap(struct kr_survey *s, const struct kymo_gap *g)
{
    s->gaps_seen++;
    if (g->events == UINT64_MAX)
        s->lost_unknown = true;
    else
        s->lost += g->events;
    if (s->n_gaps < KR_GAPS)
        s->gaps[s->n_gaps++] = *g;
    else
        s->gaps[KR_GAPS - 1].to = g->to; /* the last one stands for all that follow */
}

static void on_gap(void *u, const kymo_model *m, const struct kymo_gap *g)
{
    (void)m;
    kr_survey_gap(u, g);
}

static void on_end(void *u, const kymo_model *m, uint64_t time)
{
    struct kr_survey *s = u;
    s->start = kymo_model_start(m);
    s->duration = time > s->start ? time - s->start : 1;
    kr_rows_name(&s->rows, m);
    kr_values_keep(s->values, m);
    kr_findings_end(s->findings, s, m);
}

static int ready(const struct kr_survey *s, struct kymo_error *err)
{
    if (s->findings && s->values && !s->no_memory && !s->rows.no_memory)
        return 0;
    snprintf(err->text, sizeof err->text, "%s: out of memory", s->title);
    return -1;
}

int kr_survey_run(struct kr_survey *s, kymo_trace *t, const char *title, struct kymo_error *err)
{
    static const struct kymo_sink sink = {.event = on_event,
                                          .interval = on_interval,
                                          .isr = on_isr,
                                          .hold = on_hold,
                                          .span = on_span,
                                          .gap = on_gap,
                                          .end = on_end};
    memset(s, 0, sizeof *s);
    s->trace = t;
    s->title = title;
    s->info = kymo_get_info(t);
    kr_rows_init(&s->rows);
    kr_task(&s->rows, KYMO_TASK_IDLE);
    s->findings = kr_findings_new();
    s->values = kr_values_new();
    if (ready(s, err) < 0 || kymo_model_run(t, &sink, s, err) < 0 || kymo_rewind(t, err) < 0)
        return -1;
    s->stat = kymo_stat_run(t, 0, UINT64_MAX, err);
    if (!s->stat)
        return -1;
    kr_findings_close(s->findings, s);
    return ready(s, err);
}

void kr_survey_free(struct kr_survey *s)
{
    kr_findings_free(s->findings);
    kr_values_free(s->values);
    kymo_stat_free(s->stat);
    kr_rows_free(&s->rows);
    free(s->chunks);
    memset(s, 0, sizeof *s);
}
