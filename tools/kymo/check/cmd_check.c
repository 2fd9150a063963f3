/* SPDX-License-Identifier: MIT */
/* `kymo check`: is the trace sound, did the scheduler keep its policy, are the user's rules kept.
 */
#include "check/check.h"
#include "command.h"
#include "lib/table.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { CHECKERS = 3 };

struct check_run {
    struct check_checker checker[CHECKERS];
    unsigned checkers;
    struct check_summary summary;
};

struct check_options {
    const char *rules, *junit, *trace;
    bool json, verbose, no_schedule;
};

static const char help[] =
    "usage: kymo check [OPTIONS] TRACE\n"
    "\n"
    "Asks three kinds of questions and answers each with held, vacuous (never had a chance to "
    "fail),\n"
    "undecidable (a gap hides the answer) or broken (with the event that broke it):\n"
    "  trace     is it well-formed: time, interrupt handlers, task life cycles, owners, counts, "
    "losses\n"
    "  schedule  did the kernel run whom its policy says (priorities, turns, slices)\n"
    "  rule      are the rules of FILE kept\n"
    "\n"
    "  -r, --rules FILE   rules of your own, one a line:\n"
    "                       never EVENT                    must EVENT [at least N] [at most N]\n"
    "                       after EVENT must EVENT within TIME      before EVENT must EVENT\n"
    "                       between EVENT and EVENT never EVENT     between EVENT and EVENT at "
    "most TIME\n"
    "                       span \"NAME\" [of TASK] at most TIME      task TASK ready at most "
    "TIME\n"
    "                       task TASK blocked [on OBJECT] at most TIME    task TASK runs every "
    "TIME\n"
    "                     EVENT is NAME [\"string\"] [(field = value, ..)] [by TASK]; # begins a "
    "comment\n"
    "  -v, --verbose      show the questions that are held, too\n"
    "      --json         results as JSON\n"
    "      --junit FILE   write results as JUnit XML as well\n"
    "      --no-schedule  leave the scheduler's policy out (for another kernel's traces)\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit status: 0 nothing broken or undecidable, 1 broken, 2 undecidable, 125 the trace cannot "
    "be read.\n";

/* ---- the sink: hand everything to every checker ---- */

#define EACH(u, call, ...)                                                                         \
    for (unsigned i = 0; i < (u)->checkers; i++)                                                   \
        if ((u)->checker[i].call)                                                                  \
    (u)->checker[i].call((u)->checker[i].state, __VA_ARGS__)

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct check_run *r = u;
    if (r->summary.events++ == 0)
        r->summary.start = kymo_model_start(m);
    EACH(r, event, m, e);
}

static void on_interval(void *u, const kymo_model *m, const struct kymo_interval *v)
{
    struct check_run *r = u;
    EACH(r, interval, m, v);
}

static void on_gap(void *u, const kymo_model *m, const struct kymo_gap *g)
{
    struct check_run *r = u;
    if (g->cause == KYMO_LOSS_STOPPED || g->cause == KYMO_LOSS_MASKED)
        r->summary.silences++;
    else if (g->events == UINT64_MAX)
        r->summary.lost_unknown = true;
    else
        r->summary.lost += g->events;
    EACH(r, gap, m, g);
}

static void on_end(void *u, const kymo_model *m, uint64_t time)
{
    struct check_run *r = u;
    EACH(r, end, m, time);
}

/* ---- the command ---- */

static int write_junit(const char *path, const struct check_summary *s)
{
    char tmp[4096];
    if ((size_t) snprintf(tmp, sizeof tmp, "%s.tmp", path) >= sizeof tmp)
        return kymo_fail("check", "%.100s...: the name is too long", path);
    FILE *f = fopen(tmp, "w");
    if (!f)
        return kymo_fail("check", "%s: %s", tmp, strerror(errno));
    check_print_junit(f, s);
    bool bad = ferror(f) != 0;
    bad |= fclose(f) != 0;
    if (bad || rename(tmp, path) != 0) {
        int saved = errno;
        unlink(tmp);
        return kymo_fail("check", "%s: %s", path, strerror(saved));
    }
    return 0;
}

/* The checkers know events by the numbers of this build's table; a trace made with another one
 * would be misread. */
static int same_table(const struct check_options *o, const kymo_trace *t)
{
    static const struct {
        uint8_t code;
        const char *name;
    } ours[] = {
#define TRACE_EVENT(code, sub, name, ...) {code, #name},
#include "events.def"
#undef TRACE_EVENT
    };
    for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++) {
        const struct kymo_event_desc *d = kymo_describe(t, ours[i].code);
        if (!d || strcmp(d->name, ours[i].name) != 0)
            return kymo_fail("check",
                             "%s: event 0x%02x is '%s' there and '%s' in this kymo; check it with "
                             "the kymo of its build",
                             o->trace, ours[i].code, d ? d->name : "unknown", ours[i].name);
    }
    return 0;
}

static int set_up(struct check_run *r, const struct check_options *o, const kymo_trace *t)
{
    struct kymo_error err;
    if (check_sound_new(&r->checker[r->checkers++], t) < 0)
        return kymo_fail("check", "not enough memory");
    if (!o->no_schedule && check_oracle_new(&r->checker[r->checkers++], t) < 0)
        return kymo_fail("check", "not enough memory");
    if (o->rules && check_rules_new(&r->checker[r->checkers++], t, o->rules, &err) < 0) {
        r->checkers--;
        return kymo_fail("check", "%s", err.text);
    }
    return 0;
}

static int verdict_status(const struct check_summary *s)
{
    switch (check_worst(s)) {
    case CHECK_BROKEN: return KYMO_EXIT_NO;
    case CHECK_UNDECIDABLE: return KYMO_EXIT_UNDECIDED;
    default: return KYMO_EXIT_OK;
    }
}

static int check_trace(const struct check_options *o, kymo_trace *t)
{
    static const struct kymo_sink sink = {
        .event = on_event, .interval = on_interval, .gap = on_gap, .end = on_end};
    struct check_run r = {0};
    struct kymo_error err;
    int status = same_table(o, t);
    status = status ? status : set_up(&r, o, t);
    if (!status && kymo_model_run(t, &sink, &r, &err) < 0)
        status = kymo_fail("check", "%s", err.text);
    if (!status) {
        r.summary.trace = o->trace;
        r.summary.checker = r.checker;
        r.summary.checkers = r.checkers;
        r.summary.clock_hz = kymo_get_info(t)->clock_hz;
        if (o->json)
            check_print_json(stdout, &r.summary);
        else
            check_print_text(stdout, &r.summary, o->verbose);
        if (o->junit)
            status = write_junit(o->junit, &r.summary);
        status = status ? status : kymo_finish("check", verdict_status(&r.summary));
    }
    for (unsigned i = 0; i < r.checkers; i++)
        if (r.checker[i].free)
            r.checker[i].free(r.checker[i].state);
    return status;
}

static int parse(struct check_options *o, int argc, char **argv)
{
    static const struct option option[] = {{"rules", 1, 0, 'r'},
                                           {"verbose", 0, 0, 'v'},
                                           {"json", 0, 0, 'j'},
                                           {"junit", 1, 0, 'J'},
                                           {"no-schedule", 0, 0, 'S'},
                                           {"help", 0, 0, 'h'},
                                           {0}};
    int c;
    while ((c = getopt_long(argc, argv, "r:vh", option, NULL)) != -1)
        switch (c) {
        case 'r': o->rules = optarg; break;
        case 'v': o->verbose = true; break;
        case 'j': o->json = true; break;
        case 'J': o->junit = optarg; break;
        case 'S': o->no_schedule = true; break;
        case 'h': fputs(help, stdout); return -1;
        default: return KYMO_EXIT_FAILED;
        }
    if (optind + 1 != argc)
        return kymo_fail("check", "one trace is needed; `kymo check --help` says more");
    o->trace = argv[optind];
    return 0;
}

int kymo_cmd_check(int argc, char **argv)
{
    struct check_options o = {0};
    int status = parse(&o, argc, argv);
    if (status)
        return status < 0 ? kymo_finish("check", 0) : status;
    kymo_trace *t;
    struct kymo_error err;
    if (kymo_open(&t, o.trace, &err) < 0)
        return kymo_fail("check", "%s", err.text);
    for (unsigned i = 0; i < kymo_warnings(t); i++)
        fprintf(stderr, "kymo check: warning: %s\n", kymo_warning(t, i));
    status = check_trace(&o, t);
    kymo_close(t);
    return status;
}
