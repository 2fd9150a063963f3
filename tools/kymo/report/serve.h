/* SPDX-License-Identifier: MIT */
/* The small web server of `kymo live`: the page and its blocks, on the loopback interface only.
 *
 * It runs in a thread of its own, which waits for readers; nobody waits for it. At most
 * KR_SERVE_CONNECTIONS at a time, each cut off after KR_SERVE_TIMEOUT seconds without progress.
 * Requests that name another host than this one are refused, so that a foreign page cannot read the
 * trace through a name that it points here. */
#ifndef KYMO_REPORT_SERVE_H
#define KYMO_REPORT_SERVE_H
#include "report/live.h"

enum { KR_SERVE_CONNECTIONS = 16, KR_SERVE_TIMEOUT = 15 };

struct kr_serve;

/* port 0 takes a free one; *port becomes the one in use. NULL and *err on failure. */
struct kr_serve *kr_serve_start(struct kr_live *l, uint16_t *port, struct kymo_error *err);
void kr_serve_stop(struct kr_serve *s);

#endif
