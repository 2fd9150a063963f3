/* SPDX-License-Identifier: MIT */
/* What the files of libkymo share and nobody else may use (tests excepted). */
#ifndef KYMO_PRIVATE_H
#define KYMO_PRIVATE_H
#include "kymo.h"

/* ---- table.c ---- */

struct kymo_table {
    const struct kymo_event_desc *desc[256]; /* NULL: no such code; the first of an event's codes owns it */
    uint8_t words[256];                      /* payload words of the code */
};

/* Adds the lines of a table's text. -1: *wrong says what, *line where. The table may then be half filled. */
int kymo_table_parse(struct kymo_table *t, const char *text, size_t length, const char **wrong, unsigned *line);
void kymo_table_free(struct kymo_table *t);
/* known[code]: the table describes the code exactly as trace/events.def does. Returns how many kernel events differ. */
unsigned kymo_table_known(const struct kymo_table *t, bool known[256]);
/* FNV-1a of the bytes that are not NUL. */
uint32_t kymo_table_hash(const void *text, size_t length);

#endif
