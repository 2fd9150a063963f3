/* SPDX-License-Identifier: MIT */
/* `kymo report`: what its files share.
 *
 * A report is made in two passes over the trace. The *survey* numbers the rows, cuts the time into
 * chunks, computes figures and finds what is remarkable, in memory that does not grow with the
 * trace but for one number per chunk. Then the *detail* pass fills the chunks that are worth it and
 * the pyramid of summaries. index.c and page.c write what both found. Formats:
 * Documentation/report.md.
 *
 * Times in here are relative to the first event. */
#ifndef KYMO_REPORT_H
#define KYMO_REPORT_H
#include "kymo.h"
#include "kymo_stat.h"
#include "report/buf.h"
#include "report/rows.h"

enum {
    KR_CHUNK = 16384, /* events of a chunk, about */
    KR_TILE = 2048,   /* buckets of a tile */
    KR_GAPS = 2000,   /* gaps that are kept one by one */
    KR_TOP = 8,       /* findings of one kind that are kept */
};

/* ---- what a survey finds ---- */

struct kr_chunk {
    uint64_t from, first, events; /* begin, number of its first event, how many */
    bool wanted;                  /* in detail */
};

struct kr_finding {
    uint64_t from, to;
    uint64_t amount;    /* what it is ranked by */
    struct kr_buf json; /* its fields from "kind" on, without braces */
};

struct kr_findings;
struct kr_values;

struct kr_survey {
    kymo_trace *trace;
    const struct kymo_info *info;
    const char *title;
    struct kr_rows rows;
    uint64_t start, duration, events, marks;
    struct kr_chunk *chunks;
    uint32_t n_chunks;
    struct kymo_gap gaps[KR_GAPS];
    uint32_t n_gaps;
    uint64_t gaps_seen, lost;
    bool lost_unknown, no_memory;
    struct kr_findings *findings;
    struct kymo_stat *stat;
    struct kr_values *values;
};

/* Notes a gap. */
void kr_survey_gap(struct kr_survey *s, const struct kymo_gap *g);
int kr_survey_run(struct kr_survey *s, kymo_trace *t, const char *title, struct kymo_error *err);
void kr_survey_free(struct kr_survey *s);
/* The chunk that holds the moment t. */
uint32_t kr_chunk_at(const struct kr_survey *s, uint64_t t);
uint64_t kr_chunk_end(const struct kr_survey *s, uint32_t i);
/* Marks what overlaps [from, to] as wanted, with `around` chunks on both sides. */
void kr_want(struct kr_survey *s, uint64_t from, uint64_t to, uint32_t around);

/* Which events count as marks of the user, and which is a counter's. */
enum kr_event_kind { KR_OTHER, KR_MARK, KR_COUNTER };
enum kr_event_kind kr_event_kind(const kymo_trace *t, uint8_t code);
/* The value of a field by its name; 0 if the event has none. */
uint32_t kr_field(const kymo_trace *t, const struct kymo_event *e, const char *name);

/* ---- figures.c: the tables ---- */

/* The statistics of a row; NULL if there are none. */
const struct kymo_stat_task *kr_figures_task(const struct kr_survey *s, uint32_t i);
void kr_figures_json(struct kr_buf *b, struct kr_survey *s);

/* ---- findings.c: what is remarkable ---- */

struct kr_findings *kr_findings_new(void);
void kr_findings_interval(struct kr_findings *f, struct kr_survey *s,
                          const struct kymo_interval *i);
void kr_findings_event(struct kr_findings *f, struct kr_survey *s, const kymo_model *m,
                       const struct kymo_event *e);
void kr_findings_end(struct kr_findings *f, struct kr_survey *s, const kymo_model *m);
/* Slow activations, when the statistics are there; ends the collection. */
void kr_findings_close(struct kr_findings *f, struct kr_survey *s);
unsigned kr_findings_count(const struct kr_findings *f);
const struct kr_finding *kr_finding(const struct kr_findings *f, unsigned i);
void kr_findings_free(struct kr_findings *f);

/* ---- values.c: names of numbers that events carry ---- */

struct kr_values *kr_values_new(void);
void kr_values_event(struct kr_values *v, const kymo_trace *t, const struct kymo_event *e);
void kr_values_json(struct kr_buf *b, const struct kr_values *v);
void kr_values_keep(struct kr_values *v,
                    const kymo_model *m); /* at the end, while the model lives */
void kr_values_free(struct kr_values *v);

/* ---- detail.c and pyramid.c ---- */

struct kr_detail;
struct kr_pyramid;

/* A block of the page: what `sink` is told, name and unpacked bytes. Returns 0, or -1 to stop. */
typedef int kr_block_sink(void *u, const char *name, const struct kr_buf *bytes);

/* One chunk's contents while it is being filled. */
struct kr_pieces;
struct kr_pieces *kr_pieces_new(uint64_t from);
/* begin: when the interval's state began, where `continues` says it is older than the interval. */
void kr_pieces_interval(struct kr_pieces *p, struct kr_rows *r, const struct kymo_interval *i,
                        bool mutex, uint64_t begin, uint64_t start, uint64_t end);
void kr_pieces_isr(struct kr_pieces *p, struct kr_rows *r, const struct kymo_isr *i, uint64_t start,
                   uint64_t end);
void kr_pieces_hold(struct kr_pieces *p, struct kr_rows *r, const struct kymo_hold *h,
                    uint64_t start, uint64_t end);
void kr_pieces_span(struct kr_pieces *p, struct kr_rows *r, const struct kymo_user_span *s,
                    uint64_t start, uint64_t end);
void kr_pieces_counter(struct kr_pieces *p, int32_t counter, uint64_t t, int32_t value);
void kr_pieces_event(struct kr_pieces *p, const struct kymo_event *e, uint64_t start);
/* Adds the chunk's bytes to `out`; the pieces are sorted by it and stay valid. */
void kr_pieces_write(struct kr_pieces *p, const struct kr_rows *r, struct kr_buf *out);
struct kr_pieces *kr_pieces_copy(const struct kr_pieces *p); /* NULL without memory */
bool kr_pieces_failed(const struct kr_pieces *p);
uint64_t kr_pieces_events(const struct kr_pieces *p);
void kr_pieces_free(struct kr_pieces *p);

/* The second pass: blocks of wanted chunks ("c<number>") and of the pyramid ("l<level>-<tile>"). */
int kr_detail_run(struct kr_survey *s, kr_block_sink *sink, void *u, struct kymo_error *err);

struct kr_pyramid *kr_pyramid_new(const struct kr_survey *s);
void kr_pyramid_interval(struct kr_pyramid *p, struct kr_survey *s, const struct kymo_interval *i);
void kr_pyramid_isr(struct kr_pyramid *p, struct kr_survey *s, const struct kymo_isr *i);
void kr_pyramid_hold(struct kr_pyramid *p, struct kr_survey *s, const struct kymo_hold *h);
void kr_pyramid_span(struct kr_pyramid *p, struct kr_survey *s, const struct kymo_user_span *u);
void kr_pyramid_counter(struct kr_pyramid *p, int32_t counter, uint64_t t, int32_t value);
void kr_pyramid_mark(struct kr_pyramid *p, uint64_t t);
int kr_pyramid_write(struct kr_pyramid *p, kr_block_sink *sink, void *u);
void kr_pyramid_levels(struct kr_buf *b, const struct kr_survey *s); /* JSON of the levels */
void kr_pyramid_free(struct kr_pyramid *p);

/* ---- index.c ---- */

struct kr_diff { /* the first difference in scheduling order of two traces */
    bool valid, same;
    uint64_t switches;
    uint64_t t[2];
    uint32_t next[2]; /* the task each goes to; KYMO_TASK_NONE where a run had ended */
};

struct kr_bookmark {
    uint64_t t;
    const char *label;
};

struct kr_index_extra {
    const struct kr_diff *diff;
    const struct kr_bookmark *bookmarks;
    unsigned n_bookmarks;
    bool live;            /* the run goes on: no pyramid, no figures, chunks have versions */
    uint32_t first_chunk; /* number of the first chunk in the survey's list */
};

void kr_index_json(struct kr_buf *b, struct kr_survey *s, const struct kr_index_extra *x);

/* ---- compare.c ---- */

int kr_compare(struct kr_diff *d, const char *a, const char *b, struct kymo_error *err);

/* ---- the page itself, as the build made it (bundle.sh): its parts around the data ---- */

extern const char kr_page[];
extern const char kr_page_end[];

/* Everything before the data, and everything after it; kr_page_write does both. `connect` is added
 * to the page's security policy: what it may ask for, "" nothing. */
void kr_page_head(struct kr_buf *b, const char *connect);
void kr_page_tail(struct kr_buf *b);
void kr_page_write(struct kr_buf *b, const char *connect);

#endif
