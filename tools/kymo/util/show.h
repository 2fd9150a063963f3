/* SPDX-License-Identifier: MIT */
/* How events and their fields are shown to people: one place, so that print, check and timeline
 * agree. */
#ifndef KYMO_SHOW_H
#define KYMO_SHOW_H
#include "kymo.h"
#include "text.h"

/* The event's fields as text: "-> weather/3 blocked". Nothing for an event without fields. */
void show_fields(struct text *t, const kymo_model *m, const struct kymo_event *e);
/* One field's value as its type says. */
void show_value(struct text *t, const kymo_model *m, const struct kymo_event *e,
                const struct kymo_event_desc *d, const struct kymo_field *f);
/* The fields as members of a JSON object: "next":3,"state":"blocked". Numbers stay numbers; names
 * are added as "FIELD_name". */
void show_fields_json(struct text *t, const kymo_model *m, const struct kymo_event *e);

const char *show_state(unsigned kymo_state); /* "running" */
const char *show_loss(enum kymo_loss cause); /* "overwritten" */
const char *show_kind(unsigned kymo_kind);   /* "mutex" */
const char *show_reason(unsigned reason);    /* of task_ready */
/* "timer", "external", "software" or "irq 20". Returns `buffer` or a constant. */
const char *show_cause(char buffer[TEXT_SPAN], unsigned cause);
/* What the reader complained about, on stderr; after the pass. */
void show_warnings(const char *command, const char *path, const kymo_trace *t);

#endif
