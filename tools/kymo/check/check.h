/* SPDX-License-Identifier: MIT */
/* `kymo check`: what its files share.
 *
 * A *checker* watches the events of one trace and answers questions; each question is a
 * check_result with a verdict. Three checkers exist: sound.c (is the trace well-formed), oracle.c
 * (did the scheduler do what its policy says) and rules.c with watch.c (are the user's rules kept).
 * cmd_check.c feeds them, output.c prints.
 *
 * A verdict is one of four, and the order of the enum is the order of gravity in a summary:
 *   held         tested at least once, never broken, nothing hidden
 *   vacuous      never had a chance to fail: it proves nothing
 *   undecidable  not broken where we could look, but a gap hid at least one chance
 *   broken       with the event that broke it
 * A gap can turn held into undecidable, never broken into anything: evidence of a breach stays
 * evidence. */
#ifndef KYMO_CHECK_H
#define KYMO_CHECK_H
#include "kymo.h"

#include <stdarg.h>
#include <stdio.h>

enum check_verdict { CHECK_HELD, CHECK_VACUOUS, CHECK_UNDECIDABLE, CHECK_BROKEN };

#define CHECK_NO_EVENT UINT64_MAX

struct check_result {
    const char *group; /* "trace", "schedule" or "rule" */
    char id[12];       /* S1.., P1.., R<line> */
    char name[100];    /* the question, in words */
    uint64_t chances;  /* times it could have failed */
    uint64_t unknown;  /* of them, times a gap or missing events hid the answer */
    uint64_t breaches;
    uint64_t time; /* of the first breach */
    uint64_t seq;  /* event number of the first breach; CHECK_NO_EVENT: a moment between events */
    uint16_t hart;
    char text[400]; /* first breach in words; or why it is undecidable */
};

enum check_verdict check_verdict(const struct check_result *r);
const char *check_verdict_name(enum check_verdict v);

/* One more chance that was taken well. */
static inline void check_pass(struct check_result *r)
{
    r->chances++;
}

/* A chance that could not be judged; the first reason is kept. */
void check_unknown(struct check_result *r, const char *why);

/* A breach at event e; the first one is kept with its words, all are counted. */
void check_break(struct check_result *r, const struct kymo_event *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A checker. `results` are its rows, owned by it until `free`. */
struct check_checker {
    void *state;
    unsigned results;
    struct check_result *result;
    void (*event)(void *state, const kymo_model *m, const struct kymo_event *e);
    void (*interval)(void *state, const kymo_model *m, const struct kymo_interval *i);
    void (*gap)(void *state, const kymo_model *m, const struct kymo_gap *g);
    void (*end)(void *state, const kymo_model *m, uint64_t time);
    void (*free)(void *state);
};

/* Each returns 0, or -1 when memory is short. */
int check_sound_new(struct check_checker *c, const kymo_trace *t);
int check_oracle_new(struct check_checker *c, const kymo_trace *t);
/* Reads the rules file; -1 fills err with file, line and what is wrong with it. */
int check_rules_new(struct check_checker *c, const kymo_trace *t, const char *path,
                    struct kymo_error *err);

/* ---- output.c ---- */

struct check_summary {
    const char *trace; /* path as the user gave it */
    const struct check_checker *checker;
    unsigned checkers;
    uint64_t clock_hz, start;
    uint64_t events, lost;
    uint64_t silences; /* stretches in which the recorder was stopped or a class masked */
    bool lost_unknown; /* some losses have no count */
};

enum check_verdict check_worst(const struct check_summary *s);
void check_print_text(FILE *f, const struct check_summary *s, bool verbose);
void check_print_json(FILE *f, const struct check_summary *s);
void check_print_junit(FILE *f, const struct check_summary *s);

#endif
