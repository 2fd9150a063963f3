/* SPDX-License-Identifier: MIT */
/* `kymo export`: picks the format, names the output, runs the format's writer, says what was
 * written. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "format.h"
#include "util/text.h"

static const struct xp_format *const formats[] = {
    &xp_perfetto, &xp_ctf, &xp_tracedat,  &xp_vcd,    &xp_sqlite,
    &xp_tsv,      &xp_csv, &xp_rowbinary, &xp_chrome, &xp_jsonl,
};
enum { FORMATS = sizeof formats / sizeof *formats };

const struct xp_format *xp_format_find(const char *name)
{
    for (int i = 0; i < FORMATS; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

int xp_write_file(struct xp_job *job, struct xp_out *out, const struct xp_steps *steps, void *u,
                  struct kymo_error *err)
{
    if (xp_flow_run(job, steps, u, err) < 0) {
        xp_out_abort(out);
        return -1;
    }
    return xp_out_commit(out, err);
}

static void usage(FILE *to)
{
    fprintf(
        to,
        "usage: kymo export --to FORMAT [OPTIONS] TRACE\n\n"
        "Writes a trace for another viewer or data base.\n\n"
        "  -t, --to FORMAT     one of the formats below\n"
        "  -o, --output NAME   file or folder to write; `-` is standard output where the "
        "format is one stream\n"
        "                      (default: TRACE with the format's ending)\n"
        "  -b, --brief         only what shows the schedule, without single events\n"
        "      --since T       only from here on; T in seconds, or with ms, us, ns, or @counts\n"
        "      --until T       only to here\n"
        "      --trace-id N    first column of rows, 1 unless given\n"
        "  -q, --quiet         say nothing when all went well\n"
        "  -h, --help          this text\n\nformats:\n");
    for (int i = 0; i < FORMATS; i++)
        fprintf(to, "  %-10s %-9s %s\n", formats[i]->name, formats[i]->suffix, formats[i]->text);
    fprintf(to, "\nWhat each format can and cannot carry is in Documentation/export.md.\n");
}

/* TRACE without its ending, plus the format's. */
static void default_name(const char *input, const char *suffix, char *name, size_t size)
{
    const char *slash = strrchr(input, '/'), *dot = strrchr(input, '.');
    size_t stem = dot && dot > (slash ? slash + 1 : input) ? (size_t)(dot - input) : strlen(input);
    snprintf(name, size, "%.*s%s", (int)stem, input, suffix);
}

static void say_done(const struct xp_job *job)
{
    fprintf(stderr, "%s: %llu events", job->output, (unsigned long long)job->events);
    if (job->lost_unknown)
        fprintf(stderr, ", at least %llu lost", (unsigned long long)job->lost);
    else if (job->lost)
        fprintf(stderr, ", %llu lost", (unsigned long long)job->lost);
    fputc('\n', stderr);
    for (unsigned i = 0; i < kymo_warnings(job->trace) && i < 5; i++)
        fprintf(stderr, "kymo export: warning: %s\n", kymo_warning(job->trace, i));
}

struct options {
    const char *to, *since, *until;
    struct xp_job job;
};

/* The window needs the trace's clock, so it is read when the trace is open. 0, or a status. */
static int window(struct options *o)
{
    uint64_t hz = kymo_get_info(o->job.trace)->clock_hz;
    if (o->since && !text_parse_time(o->since, hz, &o->job.from))
        return kymo_fail("export", "--since: `%s` is no time", o->since);
    if (o->until && !text_parse_time(o->until, hz, &o->job.to))
        return kymo_fail("export", "--until: `%s` is no time", o->until);
    if (o->until && (o->job.to <= o->job.from))
        return kymo_fail("export", "the stretch ends before it begins");
    return 0;
}

static int run(const struct xp_format *format, struct options *o)
{
    struct xp_job *job = &o->job;
    struct kymo_error err = {{0}};
    if (kymo_open(&job->trace, job->input, &err) < 0)
        return kymo_fail("export", "%s", err.text);
    int status = window(o);
    if (status == 0) {
        xp_guard_signals();
        if (format->write(job, &err) < 0)
            status = kymo_fail("export", "%s", err.text);
        else if (!job->quiet)
            say_done(job);
    }
    kymo_close(job->trace);
    return status;
}

static bool trace_id(const char *text, uint32_t *id)
{
    char *end;
    unsigned long long v = strtoull(text, &end, 10);
    *id = (uint32_t)v;
    return *text >= '0' && *text <= '9' && *end == 0 && v <= UINT32_MAX;
}

/* Reads the options; -1 go on, else the status to end with. */
static int parse(struct options *o, int argc, char **argv)
{
    static const struct option options[] = {
        {"to", required_argument, NULL, 't'},
        {"output", required_argument, NULL, 'o'},
        {"brief", no_argument, NULL, 'b'},
        {"quiet", no_argument, NULL, 'q'},
        {"since", required_argument, NULL, 's'},
        {"until", required_argument, NULL, 'u'},
        {"trace-id", required_argument, NULL, 'i'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "t:o:bqh", options, NULL)) != -1) {
        switch (c) {
        case 't': o->to = optarg; break;
        case 'o': o->job.output = optarg; break;
        case 'b': o->job.brief = true; break;
        case 'q': o->job.quiet = true; break;
        case 's': o->since = optarg; break;
        case 'u': o->until = optarg; break;
        case 'i':
            if (!trace_id(optarg, &o->job.trace_id))
                return kymo_fail("export", "--trace-id: `%s` is no number below 2^32", optarg);
            break;
        case 'h': usage(stdout); return kymo_finish("export", KYMO_EXIT_OK);
        default: return KYMO_EXIT_FAILED;
        }
    }
    return -1;
}

int kymo_cmd_export(int argc, char **argv)
{
    struct options o = {.job.trace_id = 1};
    char name[PATH_MAX];
    int status = parse(&o, argc, argv);
    if (status >= 0)
        return status;
    if (!o.to)
        return kymo_fail("export", "say the format with --to; `kymo export --help` lists them");
    const struct xp_format *format = xp_format_find(o.to);
    if (!format)
        return kymo_fail("export", "no format `%s`; `kymo export --help` lists them", o.to);
    if (optind + 1 != argc)
        return kymo_fail("export",
                         optind < argc ? "one trace at a time" : "name the trace to export");
    o.job.input = argv[optind];
    default_name(o.job.input, format->suffix, name, sizeof name);
    if (!o.job.output)
        o.job.output = name;
    if (strcmp(o.job.output, "-") == 0 && !format->stream)
        return kymo_fail("export", "%s is no single stream: name an output with -o", format->name);
    if (strcmp(o.job.output, "-") == 0 && isatty(STDOUT_FILENO))
        return kymo_fail("export", "not to a terminal: name a file with -o");
    return run(format, &o);
}
