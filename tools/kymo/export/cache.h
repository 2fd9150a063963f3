/* SPDX-License-Identifier: MIT */
/* The data base of a trace, kept beside it as TRACE.sqlite so that the second question is quick.
 *
 * It is used again only if its stamp fits: schema version, the trace's size, its time of change and
 * a hash of its bytes (all of them up to 64 MiB, 1,024 samples of 4 KiB above that). It is made
 * under a temporary name and renamed, so two queries at once do no harm. Where the folder cannot be
 * written the data base lives in TMPDIR and goes with the query. */
#ifndef KYMO_EXPORT_CACHE_H
#define KYMO_EXPORT_CACHE_H
#include <limits.h>

#include "kymo.h"

struct xp_cache {
    char path[PATH_MAX];
    bool temporary; /* the caller unlinks it */
    bool built;     /* by this call */
};

/* 0, or -1 with err filled. `fresh` builds it anew even if it fits. */
int xp_cache_find(struct xp_cache *c, const char *trace, bool fresh, struct kymo_error *err);
#endif
