/* SPDX-License-Identifier: MIT */
/* The user's rules: what a line of a rules file becomes. The language, for users:
 * Documentation/check.md. */
#ifndef KYMO_CHECK_RULES_H
#define KYMO_CHECK_RULES_H
#include "check/check.h"
#include "check/pattern.h"

enum check_rule_kind {
    RULE_NEVER,   /* never A */
    RULE_MUST,    /* must A [at least N] [at most N] */
    RULE_AFTER,   /* after A must B within TIME;  between A and B at most TIME */
    RULE_BEFORE,  /* before A must B */
    RULE_BETWEEN, /* between A and B never C */
    RULE_SPAN,    /* span "NAME" [of TASK] at most TIME */
    RULE_BLOCKED, /* task TASK blocked [on OBJECT] at most TIME */
    RULE_READY,   /* task TASK ready at most TIME */
    RULE_RUNS,    /* task TASK runs every TIME */
};

enum { RULE_NO_LIMIT = -1 };

struct check_stretch { /* of one task: a span, or a state that may come in several intervals that
                          touch */
    uint64_t from, to;
    bool open, certain;
};

struct check_rule {
    enum check_rule_kind kind;
    struct check_pattern a, b, c;
    char task[PATTERN_TEXT], object[PATTERN_TEXT], span[PATTERN_TEXT];
    uint64_t limit;      /* clock counts */
    int64_t least, most; /* RULE_MUST; RULE_NO_LIMIT */

    /* while watching */
    uint64_t seen;                 /* RULE_MUST: A; RULE_BEFORE: B */
    bool armed;                    /* A came, B not yet */
    struct kymo_event since;       /* the event that armed it */
    struct check_stretch *stretch; /* by task id */
    uint32_t stretches;
    bool met; /* the task, object or span named was met */
};

struct check_rules {
    unsigned count;
    struct check_rule *rule;
    struct check_result *result; /* same index */
    bool whole;                  /* no gap so far, and from boot */
    bool gaps;
    uint32_t ran[64]; /* per hart: the task that ran before the present event */
    uint64_t clock_hz;
};

/* rules.c: reads one line into *r; NULL, or what is wrong with it. *empty is set for a line without
 * a rule. */
const char *check_rule_parse(struct check_rule *r, const char *line, const kymo_trace *t,
                             bool *empty);
/* watch.c: the checker's callbacks. */
void check_rules_watch(struct check_checker *c, struct check_rules *s);

#endif
