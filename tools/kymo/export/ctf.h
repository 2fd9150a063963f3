/* SPDX-License-Identifier: MIT */
/* What the writer of CTF streams (ctf.c) and that of their metadata (ctf_metadata.c) must agree on.
 * The fields of each event stand in ctf_metadata.c in the order in which ctf.c writes them. */
#ifndef KYMO_EXPORT_CTF_H
#define KYMO_EXPORT_CTF_H
#include "format.h"

#define CTF_MARK                                                                                   \
    "written by kymo"  /* in the first line of metadata: how an export of ours is known again */
#define CTF_FIELDS 14u /* of one event; more are not written and not declared */

enum ctf_id {
    CTF_SWITCH,
    CTF_WAKING,
    CTF_IRQ_IN,
    CTF_IRQ_OUT,
    CTF_SETPRIO,
    CTF_EXIT,
    CTF_STATEDUMP,
    CTF_LOST,
    CTF_OWN = 256 /* plus the first code of the event */
};

/* Fields of this type are followed by a string, their name. */
static inline bool ctf_has_text(const char *type)
{
    return strcmp(type, "obj") == 0 || strcmp(type, "code") == 0 || strcmp(type, "task") == 0 ||
           strcmp(type, "tag") == 0;
}

/* The formatted message follows the fields of a log event. */
static inline bool ctf_has_message(const struct kymo_event_desc *d)
{
    return strcmp(d->name, "log") == 0;
}

/* The stream's clock runs at 1 GHz if the trace's divides that: babeltrace2 turns counts into
 * nanoseconds with a double, which is a nanosecond off after a while at any other rate. Else the
 * stream has the trace's counts. */
static inline uint64_t ctf_scale(const kymo_trace *t)
{
    uint64_t hz = kymo_get_info(t)->clock_hz;
    return hz && 1000000000u % hz == 0 ? 1000000000u / hz : 1;
}

void ctf_metadata(struct xp_out *o, const kymo_trace *t);
#endif
