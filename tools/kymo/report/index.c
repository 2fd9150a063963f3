/* SPDX-License-Identifier: MIT */
/* The index of a report: everything but the detail and the summaries, as JSON
 * (Documentation/report.md, "Index"). Times are numbers; all stay below 2^53 for any run of less
 * than a hundred days at 1 GHz. */
#include "report/report.h"

#include "command.h"
#include "util/show.h"
#include "util/text.h"

static const char *flag(bool v)
{
    return v ? "true" : "false";
}

static void info_json(struct kr_buf *b, const struct kr_survey *s)
{
    const struct kymo_info *i = s->info;
    kr_text(b, "{\"image\":");
    kr_json(b, i->image);
    kr_text(b, ",\"buildId\":");
    kr_json(b, i->build_id);
    kr_text(b, ",\"clock\":");
    kr_json(b, i->clock);
    kr_text(b, ",\"capture\":");
    kr_json(b, i->capture);
    kr_text(b, ",\"reason\":");
    kr_json(b, i->end_reason);
    kr_textf(b, ",\"damaged\":%s,\"ended\":%s,\"exit\":%d},\"warnings\":[", flag(i->damaged),
             flag(i->ended), i->end_exit);
    for (unsigned k = 0; k < kymo_warnings(s->trace) && k < 20; k++) {
        kr_text(b, k ? "," : "");
        kr_json(b, kymo_warning(s->trace, k));
    }
    kr_text(b, "]");
}

/* ---- rows ---- */

static void tasks_json(struct kr_buf *b, const struct kr_rows *r)
{
    kr_text(b, ",\"tasks\":[");
    for (uint32_t i = 0; i < r->n_tasks; i++) {
        kr_textf(b, "%s{\"id\":%u,\"base\":%u,\"user\":%s,\"name\":", i ? "," : "", r->tasks[i].id,
                 r->tasks[i].base, flag(r->tasks[i].user));
        kr_json(b, r->tasks[i].name);
        kr_text(b, "}");
    }
    kr_text(b, "],\"objects\":[");
    for (uint32_t i = 0; i < r->n_objects; i++) {
        kr_textf(b, "%s{\"addr\":%u,\"kind\":%u,\"used\":%s,\"name\":", i ? "," : "",
                 r->objects[i].addr, r->objects[i].kind, flag(r->objects[i].used));
        kr_json(b, r->objects[i].name);
        kr_text(b, "}");
    }
    kr_text(b, "]");
}

static void isrs_json(struct kr_buf *b, const struct kr_rows *r)
{
    kr_text(b, ",\"isrs\":[");
    for (uint32_t i = 0; i < r->n_isrs; i++) {
        const struct kr_isr *isr = &r->isrs[i];
        char text[TEXT_SPAN], name[TEXT_SPAN + 16];
        snprintf(name, sizeof name, isr->source ? "%s %u" : "%s", show_cause(text, isr->cause),
                 isr->source);
        kr_textf(b, "%s{\"cause\":%u,\"source\":%u,\"name\":", i ? "," : "", isr->cause,
                 isr->source);
        kr_json(b, name);
        kr_text(b, "}");
    }
    kr_text(b, "],\"spans\":[");
    for (uint32_t i = 0; i < r->n_spans; i++) {
        kr_textf(b, "%s{\"task\":%d,\"tag\":%u,\"name\":", i ? "," : "", r->spans[i].task,
                 r->spans[i].tag);
        kr_json(b, r->spans[i].name);
        kr_text(b, "}");
    }
    kr_text(b, "],\"counters\":[");
    for (uint32_t i = 0; i < r->n_counters; i++) {
        kr_textf(b, "%s{\"tag\":%u,\"name\":", i ? "," : "", r->counters[i].tag);
        kr_json(b, r->counters[i].name);
        kr_text(b, "}");
    }
    kr_text(b, "]");
}

static void combos_json(struct kr_buf *b, const struct kr_rows *r)
{
    kr_text(b, ",\"combos\":[");
    for (uint32_t i = 0; i < r->n_combos; i++)
        for (int k = 0; k < KR_COMBO; k++)
            kr_textf(b, "%s%d", i || k ? "," : "", r->combos[i].field[k]);
    kr_text(b, "]");
}

/* ---- the event table ---- */

static void event_json(struct kr_buf *b, const struct kymo_event_desc *d)
{
    kr_textf(b, "{\"code\":%u,\"sub\":%u,\"name\":", d->code, d->sub);
    kr_json(b, d->name);
    kr_text(b, ",\"klass\":");
    kr_json(b, d->klass);
    kr_text(b, ",\"fields\":[");
    for (unsigned i = 0; i < d->fields; i++) {
        const struct kymo_field *f = &d->field[i];
        kr_text(b, i ? ",{\"name\":" : "{\"name\":");
        kr_json(b, f->name);
        kr_text(b, ",\"type\":");
        kr_json(b, f->type);
        kr_textf(b, ",\"kind\":\"%c\",\"bits\":%u,\"shift\":%u,\"word\":%u}", f->kind, f->bits,
                 f->shift, f->word);
    }
    kr_text(b, "]}");
}

static void table_json(struct kr_buf *b, const kymo_trace *t)
{
    const struct kymo_event_desc *before = NULL;
    kr_text(b, ",\"table\":[");
    for (unsigned code = 0; code < 256; code++) {
        const struct kymo_event_desc *d = kymo_describe(t, (uint8_t)code);
        if (!d || d == before)
            continue;
        kr_text(b, before ? "," : "");
        event_json(b, d);
        before = d;
    }
    kr_text(b, "]");
}

/* ---- places ---- */

static void gaps_json(struct kr_buf *b, const struct kr_survey *s)
{
    kr_text(b, ",\"gaps\":[");
    for (uint32_t i = 0; i < s->n_gaps; i++) {
        const struct kymo_gap *g = &s->gaps[i];
        uint64_t from = g->from > s->start ? g->from - s->start : 0,
                 to = g->to > s->start ? g->to - s->start : 0;
        kr_textf(b, "%s[%u,%llu,%llu,", i ? "," : "", g->hart, (unsigned long long)from,
                 (unsigned long long)(to > from ? to : from));
        if (g->events == UINT64_MAX)
            kr_textf(b, "null,%d]", g->cause);
        else
            kr_textf(b, "%llu,%d]", (unsigned long long)g->events, g->cause);
    }
    kr_text(b, "]");
}

static double detail_share(const struct kr_survey *s)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->n_chunks; i++)
        sum += s->chunks[i].wanted ? kr_chunk_end(s, i) - s->chunks[i].from : 0;
    return (double)sum / (double)s->duration;
}

static void chunks_json(struct kr_buf *b, const struct kr_survey *s, const struct kr_index_extra *x)
{
    bool first = true, complete = true;
    kr_text(b, ",\"chunks\":[");
    for (uint32_t i = 0; i < s->n_chunks; i++) {
        const struct kr_chunk *c = &s->chunks[i];
        complete &= c->wanted;
        if (!c->wanted)
            continue;
        kr_textf(b, "%s[%llu,%llu,%llu,%llu,%u", first ? "" : ",", (unsigned long long)c->from,
                 (unsigned long long)kr_chunk_end(s, i), (unsigned long long)c->first,
                 (unsigned long long)c->events, i + x->first_chunk);
        /* The open chunk of a live trace changes with every event: so does its version. */
        if (x->live && i + 1 == s->n_chunks)
            kr_textf(b, ",%llu", (unsigned long long)c->events);
        kr_text(b, "]");
        first = false;
    }
    kr_textf(b, "],\"complete\":%s,\"detailShare\":%.6f", flag(complete), detail_share(s));
}

static void extra_json(struct kr_buf *b, const struct kr_survey *s, const struct kr_index_extra *x)
{
    kr_text(b, ",\"bookmarks\":[");
    for (unsigned i = 0; i < x->n_bookmarks; i++) {
        uint64_t t = x->bookmarks[i].t > s->start ? x->bookmarks[i].t - s->start : 0;
        kr_textf(b, "%s[%llu,", i ? "," : "", (unsigned long long)t);
        kr_json(b, x->bookmarks[i].label);
        kr_text(b, "]");
    }
    kr_textf(b, "],\"live\":%s", flag(x->live));
    if (!x->diff || !x->diff->valid)
        return;
    kr_textf(b, ",\"diff\":{\"same\":%s,\"switches\":%llu", flag(x->diff->same),
             (unsigned long long)x->diff->switches);
    for (int k = 0; k < 2; k++)
        kr_textf(b, ",\"%c\":{\"t\":%llu,\"next\":%u}", 'a' + k, (unsigned long long)x->diff->t[k],
                 x->diff->next[k]);
    kr_text(b, "}");
}

static void findings_json(struct kr_buf *b, const struct kr_survey *s)
{
    kr_text(b, ",\"findings\":[");
    for (unsigned i = 0; i < kr_findings_count(s->findings); i++) {
        const struct kr_finding *f = kr_finding(s->findings, i);
        kr_text(b, i ? ",{" : "{");
        kr_put(b, f->json.data, f->json.len);
        kr_text(b, "}");
    }
    kr_text(b, "]");
}

void kr_index_json(struct kr_buf *b, struct kr_survey *s, const struct kr_index_extra *x)
{
    kr_text(b, "{\"format\":1,\"kymo\":\"" KYMO_VERSION "\",\"title\":");
    kr_json(b, s->title);
    kr_textf(b,
             ",\"hz\":%llu,\"start\":%llu,\"duration\":%llu,\"events\":%llu,\"harts\":%u,\"marks\":"
             "%llu,\"info\":",
             (unsigned long long)(s->info->clock_hz ? s->info->clock_hz : 1),
             (unsigned long long)s->start, (unsigned long long)s->duration,
             (unsigned long long)s->events, s->info->harts ? s->info->harts : 1,
             (unsigned long long)s->marks);
    info_json(b, s);
    tasks_json(b, &s->rows);
    isrs_json(b, &s->rows);
    combos_json(b, &s->rows);
    table_json(b, s->trace);
    kr_text(b, ",\"names\":");
    kr_values_json(b, s->values);
    gaps_json(b, s);
    chunks_json(b, s, x);
    kr_text(b, ",\"levels\":");
    if (x->live)
        kr_text(b, "[],\"stat\":null");
    else
        kr_pyramid_levels(b, s);
    if (!x->live) {
        kr_text(b, ",\"stat\":");
        kr_figures_json(b, s);
    }
    findings_json(b, s);
    extra_json(b, s, x);
    kr_text(b, "}");
}
