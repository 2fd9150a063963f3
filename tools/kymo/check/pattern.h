/* SPDX-License-Identifier: MIT */
/* Patterns: which events a rule speaks of. In text:
 *
 *     EVENT ["string"] [(field = value, ..)] [by TASK]
 *
 * EVENT is a name of the event table. "string" is short for its tag field (mark "reset"). A value
 * is a number, or the name of a task (with or without its id), object, function or string, as `kymo
 * print` shows it. `by TASK`: the task that ran when the event was recorded; in a switch, the one
 * that is left. */
#ifndef KYMO_CHECK_PATTERN_H
#define KYMO_CHECK_PATTERN_H
#include "kymo.h"

enum { PATTERN_CONDITIONS = 4, PATTERN_TEXT = 64 };

struct check_condition {
    const struct kymo_field *field;
    bool by_name;
    uint32_t number;
    char text[PATTERN_TEXT];
    bool met; /* some event of this kind had this value: the rule speaks of something that exists */
};

struct check_pattern {
    const struct kymo_event_desc *desc; /* NULL: matches nothing */
    unsigned conditions;
    struct check_condition condition[PATTERN_CONDITIONS];
    char by[PATTERN_TEXT]; /* empty: anybody */
    bool by_met;
};

/* A cursor over one line of a rules file; tokens are words, "strings" and the signs ( ) = , */
struct check_tokens {
    const char *at;
    char token[128];
    bool string; /* the token stood in quotes */
};

/* Reads the next token into c->token; false at the line's end or a comment. */
bool check_token(struct check_tokens *c);
/* True, and the token is consumed, if the next one is the word. */
bool check_word(struct check_tokens *c, const char *word);

/* Reads a pattern. Returns NULL, or what is wrong (valid until the next call). */
const char *check_pattern_parse(struct check_pattern *p, struct check_tokens *c,
                                const kymo_trace *t);
/* Does e match? `ran` is the task that ran when it was recorded. */
bool check_pattern_match(struct check_pattern *p, const kymo_model *m, const struct kymo_event *e,
                         uint32_t ran);
/* Is the task called that? A name is a task's own ("worker/3"), or without its id that of all its
 * likes ("worker"). */
bool check_task_is(const kymo_model *m, uint32_t id, const char *wanted);
/* NULL if everything the pattern names was met in the trace or its image, else the name that was
 * not. */
const char *check_pattern_unmet(const struct check_pattern *p, const kymo_trace *t);

#endif
