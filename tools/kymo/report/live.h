/* SPDX-License-Identifier: MIT */
/* The last seconds of a run that goes on, in memory, as blocks of the report's page.
 *
 * One thread feeds (kr_live_feed), others ask (kr_live_block); a lock inside makes that safe.
 * Memory is bounded by KR_LIVE_CHUNKS chunks, whatever the run does and however slow a reader is:
 * nothing is kept for a reader. */
#ifndef KYMO_REPORT_LIVE_H
#define KYMO_REPORT_LIVE_H
#include "report/report.h"

enum {
    KR_LIVE_EVENTS = 4096, /* events of a chunk */
    KR_LIVE_CHUNKS = 128,  /* chunks that are kept at most */
    KR_LIVE_BYTES = 8,     /* at most this many MiB for one block */
};

struct kr_live;

/* Follows `t` (which the caller closes after kr_live_free); keeps `seconds` of the clock's time.
 * NULL and *err without memory. */
struct kr_live *kr_live_new(kymo_trace *t, const char *title, double seconds,
                            struct kymo_error *err);
/* Takes in what there is, at most `limit` events. As kymo_model_feed. */
int kr_live_feed(struct kr_live *l, uint64_t limit, struct kymo_error *err);
/* The run is over: closes what is open. `reason` and `exit` are shown; NULL if nobody knows. */
void kr_live_end(struct kr_live *l, const char *reason, int exit);
/* A block by its name ("index", "c12", "c12.345"), to be freed with kr_buf_free; false if there is
 * none. */
bool kr_live_block(struct kr_live *l, const char *name, struct kr_buf *out);
uint64_t kr_live_events(struct kr_live *l);
void kr_live_free(struct kr_live *l);

#endif
