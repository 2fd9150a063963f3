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
    fprintf(to, "usage: kymo export --to FORMAT [OPTIONS] TRACE\n\n"
                "Writes a trace for another viewer or data base.\n\n"
                "  -t, --to FORMAT     one of the formats below\n"
                "  -o, --output NAME   file or folder to write; `-` is standard output where the "
                "format is one stream\n"
                "                      (default: TRACE with the format's ending)\n"
                "  -b, --brief         only what shows the schedule, without single events\n"
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

static int run(const struct xp_format *format, struct xp_job *job)
{
    struct kymo_error err = {{0}};
    if (kymo_open(&job->trace, job->input, &err) < 0)
        return kymo_fail("export", "%s", err.text);
    xp_guard_signals();
    int r = format->write(job, &err);
    if (r == 0 && !job->quiet)
        say_done(job);
    kymo_close(job->trace);
    return r == 0 ? KYMO_EXIT_OK : kymo_fail("export", "%s", err.text);
}

static bool trace_id(const char *text, uint32_t *id)
{
    char *end;
    unsigned long long v = strtoull(text, &end, 10);
    *id = (uint32_t)v;
    return *text >= '0' && *text <= '9' && *end == 0 && v <= UINT32_MAX;
}

int kymo_cmd_export(int argc, char **argv)
{
    static const struct option options[] = {
        {"to", required_argument, NULL, 't'},
        {"output", required_argument, NULL, 'o'},
        {"brief", no_argument, NULL, 'b'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {"trace-id", required_argument, NULL, 'i'},
        {NULL, 0, NULL, 0},
    };
    const char *to = NULL;
    struct xp_job job = {.trace_id = 1};
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "t:o:bqh", options, NULL)) != -1) {
        if (c == 't')
            to = optarg;
        else if (c == 'o')
            job.output = optarg;
        else if (c == 'b')
            job.brief = true;
        else if (c == 'q')
            job.quiet = true;
        else if (c == 'i' && !trace_id(optarg, &job.trace_id))
            return kymo_fail("export", "--trace-id: `%s` is no number below 2^32", optarg);
        else if (c == 'i')
            continue;
        else if (c == 'h')
            return usage(stdout), kymo_finish("export", KYMO_EXIT_OK);
        else
            return KYMO_EXIT_FAILED;
    }
    if (!to)
        return kymo_fail("export", "say the format with --to; `kymo export --help` lists them");
    const struct xp_format *format = xp_format_find(to);
    if (!format)
        return kymo_fail("export", "no format `%s`; `kymo export --help` lists them", to);
    if (optind + 1 != argc)
        return kymo_fail("export",
                         optind < argc ? "one trace at a time" : "name the trace to export");
    char name[PATH_MAX];
    job.input = argv[optind];
    default_name(job.input, format->suffix, name, sizeof name);
    if (!job.output)
        job.output = name;
    if (strcmp(job.output, "-") == 0 && !format->stream)
        return kymo_fail("export", "%s is no single stream: name an output with -o", format->name);
    if (strcmp(job.output, "-") == 0 && isatty(STDOUT_FILENO))
        return kymo_fail("export", "not to a terminal: name a file with -o");
    return run(format, &job);
}
