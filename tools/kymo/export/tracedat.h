/* SPDX-License-Identifier: MIT */
/* What the writer of trace.dat's records (tracedat.c) and that of their descriptions
 * (tracedat_formats.c) must agree on. */
#ifndef KYMO_EXPORT_TRACEDAT_H
#define KYMO_EXPORT_TRACEDAT_H
#include "format.h"

enum dat_id {
    DAT_PRINT = 5,
    DAT_SWITCH = 300,
    DAT_WAKING,
    DAT_EXIT,
    DAT_SETPRIO,
    DAT_IRQ_IN,
    DAT_IRQ_OUT,
    DAT_LOST,
    DAT_OWN = 1024 /* plus the first code of the event */
};
enum { DAT_MORE = 7, DAT_FIELDS = 24 };
_Static_assert(8 + DAT_FIELDS * (4 + 4 + XP_NAME_MAX) <= 2048, "a record fits its buffer");

/* An event of our own is its table fields as 32-bit numbers; a field of kind M is DAT_MORE of
 * them. */
static inline unsigned dat_numbers(const struct kymo_event_desc *d)
{
    unsigned n = d->fields;
    if (n && d->field[n - 1].kind == 'M')
        n += DAT_MORE - 1;
    return n < DAT_FIELDS ? n : DAT_FIELDS;
}

static inline const struct kymo_field *dat_field(const struct kymo_event_desc *d, unsigned i)
{
    return &d->field[i < d->fields ? i : d->fields - 1u];
}

static inline bool dat_has_text(const struct kymo_field *f)
{
    return strcmp(f->type, "obj") == 0 || strcmp(f->type, "code") == 0 ||
           strcmp(f->type, "task") == 0 || strcmp(f->type, "tag") == 0;
}

/* All of the file from its first byte to the list of task names. */
void tracedat_head(struct xp_out *o, const kymo_trace *t);
#endif
