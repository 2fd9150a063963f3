/* SPDX-License-Identifier: MIT */
/* `kymo report`: one HTML file with the timeline, figures and findings of one trace, or of two.
 *
 * The file is written block by block under a temporary name and renamed when it is whole
 * (export/out.h). */
#include "command.h"
#include "export/out.h"
#include "report/report.h"
#include "util/progress.h"
#include "util/show.h"
#include "util/text.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_MOMENTS = 64 };

static const char help[] =
    "usage: kymo report TRACE [TRACE2] -o FILE.html\n"
    "\n"
    "Writes one HTML file that any browser opens, without a network: timeline, figures and "
    "findings.\n"
    "With two traces they stand one above the other, and the first difference in scheduling order "
    "is\n"
    "marked.\n"
    "\n"
    "  -o, --output FILE     where to (required; - is standard output)\n"
    "      --around T        keep full detail around this moment (repeatable); T in seconds, or "
    "with\n"
    "                        ms, us, ns, or @counts\n"
    "      --bookmark T[=LABEL]\n"
    "                        a bookmark, with full detail around it (repeatable)\n"
    "      --detail N        keep full detail of the whole run up to N events (default 1500000);\n"
    "                        above, detail is kept at findings, bookmarks, --around and both ends\n"
    "      --max-size MIB    at most this large (default 38); detail is left out to keep it\n"
    "      --title TEXT      shown instead of the file's name\n"
    "  -h, --help            this text\n"
    "\n"
    "Exit status: 0 written, 125 not.\n";

struct options {
    const char *trace[2], *output, *title;
    unsigned traces;
    const char *around[MOST_MOMENTS], *bookmark[MOST_MOMENTS];
    unsigned arounds, bookmarks;
    uint64_t detail, max_size;
};

/* ---- writing blocks into the page ---- */

struct writer {
    struct xp_out *out;
    struct kr_survey *s;
    char prefix;
    uint64_t limit; /* bytes of detail that may still be written */
    uint64_t left_out;
};

static int write_block(void *u, const char *name, const struct kr_buf *bytes)
{
    struct writer *w = u;
    struct kr_buf packed = {0};
    int status = 0;
    if (kr_pack(&packed, bytes) == 0) {
        status = -1;
    } else if (name[0] == 'c' && packed.len > w->limit) {
        w->s->chunks[strtoul(name + 1, NULL, 10)].wanted = false; /* the index will not name it */
        w->left_out++;
    } else {
        w->limit -= name[0] == 'c' ? packed.len : 0;
        xp_out_printf(w->out, "<script type=\"text/plain\" id=\"%c-%s\">", w->prefix, name);
        xp_put(w->out, packed.data, packed.len);
        xp_out_printf(w->out, "</script>\n");
    }
    kr_buf_free(&packed);
    return status;
}

/* ---- what gets full detail ---- */

/* A moment as the other commands take it; up to an `=`, if `rest` is wanted. -1 if it is none. */
static int moment(const struct kr_survey *s, const char *text, uint64_t *t, const char **rest)
{
    char copy[64];
    size_t n = rest ? strcspn(text, "=") : strlen(text);
    if (n >= sizeof copy)
        return -1;
    memcpy(copy, text, n);
    copy[n] = 0;
    if (rest)
        *rest = text + n;
    return text_parse_time(copy, s->info->clock_hz ? s->info->clock_hz : 1, t) ? 0 : -1;
}

static void want_at(struct kr_survey *s, uint64_t t)
{
    uint64_t at = t > s->start ? t - s->start : 0;
    kr_want(s, at, at, 1);
}

static int want_moments(struct kr_survey *s, const struct options *o, struct kr_bookmark *marks)
{
    uint64_t t;
    for (unsigned i = 0; i < o->arounds; i++) {
        if (moment(s, o->around[i], &t, NULL) < 0)
            return kymo_fail("report", "--around %s: not a moment, such as 1.25s, 30ms or @123",
                             o->around[i]);
        want_at(s, t);
    }
    for (unsigned i = 0; i < o->bookmarks; i++) {
        const char *rest = "";
        if (moment(s, o->bookmark[i], &t, &rest) < 0)
            return kymo_fail("report",
                             "--bookmark %s: not a moment, such as 1.25s, or MOMENT=LABEL",
                             o->bookmark[i]);
        want_at(s, t);
        marks[i] = (struct kr_bookmark){t, *rest == '=' ? rest + 1 : "bookmark"};
    }
    return 0;
}

/* Everything when the trace is small; else both ends and what findings point at, then the newest
 * that fits. */
static void want_detail(struct kr_survey *s, uint64_t most)
{
    uint64_t events = 0;
    if (!s->n_chunks)
        return;
    if (s->events <= most) {
        kr_want(s, 0, s->duration, 0);
        return;
    }
    kr_want(s, 0, 0, 1);
    kr_want(s, s->duration, s->duration, 1);
    for (unsigned i = 0; i < kr_findings_count(s->findings); i++) {
        const struct kr_finding *f = kr_finding(s->findings, i);
        bool near = kr_chunk_at(s, f->to) - kr_chunk_at(s, f->from) <= 16;
        kr_want(s, f->from, near ? f->to : f->from, 1);
        kr_want(s, f->to, f->to, 1);
    }
    for (uint32_t i = 0; i < s->n_chunks; i++)
        events += s->chunks[i].wanted ? s->chunks[i].events : 0;
    for (uint32_t i = s->n_chunks; i-- > 0 && events < most;) {
        events += s->chunks[i].wanted ? 0 : s->chunks[i].events;
        s->chunks[i].wanted = true;
    }
}

/* ---- one trace ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int write_trace(struct xp_out *out, const struct options *o, unsigned k,
                       const struct kr_diff *diff)
{
    kymo_trace *t = NULL;
    struct kymo_error err = {""};
    if (kymo_open(&t, o->trace[k], &err) < 0)
        return kymo_fail("report", "%s", err.text);
    progress_watch(t, "report");
    struct kr_survey *s = calloc(1, sizeof *s);
    struct kr_buf index = {0};
    struct kr_bookmark marks[MOST_MOMENTS];
    struct writer w = {
        .out = out, .s = s, .prefix = (char)('a' + k), .limit = o->max_size / o->traces};
    struct kr_index_extra extra = {
        .diff = diff, .bookmarks = marks, .n_bookmarks = k ? 0 : o->bookmarks};
    int status = KYMO_EXIT_FAILED;
    if (!s || kr_survey_run(s, t, o->title ? o->title : base_name(o->trace[k]), &err) < 0) {
        kymo_fail("report", "%s", s ? err.text : "out of memory");
    } else if (want_moments(s, o, marks) == 0) {
        want_detail(s, o->detail / o->traces);
        if (kr_detail_run(s, write_block, &w, &err) < 0) {
            kymo_fail("report", "%s", err.text);
        } else {
            kr_index_json(&index, s, &extra);
            status = write_block(&w, "index", &index) < 0 ? kymo_fail("report", "out of memory")
                                                          : KYMO_EXIT_OK;
        }
    }
    progress_done();
    show_warnings("report", o->trace[k], t);
    if (status == KYMO_EXIT_OK && w.left_out)
        fprintf(stderr,
                "kymo report: %s: detail of %llu of %u stretches was left out to stay below "
                "--max-size\n",
                s->title, (unsigned long long)w.left_out, s->n_chunks);
    kr_buf_free(&index);
    if (s)
        kr_survey_free(s);
    free(s);
    kymo_close(t);
    return status;
}

/* ---- the page around them ---- */

static int write_page(struct xp_out *out, const struct options *o, const struct kr_diff *diff)
{
    struct kr_buf text = {0};
    kr_page_head(&text, "");
    xp_put(out, text.data, text.len);
    bool failed = text.failed;
    kr_buf_free(&text);
    for (unsigned k = 0; k < o->traces; k++) {
        int status = write_trace(out, o, k, diff);
        if (status != KYMO_EXIT_OK)
            return status;
    }
    kr_page_tail(&text);
    xp_put(out, text.data, text.len);
    failed |= text.failed;
    kr_buf_free(&text);
    return failed ? kymo_fail("report", "out of memory") : KYMO_EXIT_OK;
}

static int report(const struct options *o)
{
    struct kymo_error err = {""};
    struct kr_diff diff = {0};
    struct xp_out out;
    if (o->traces == 2 && kr_compare(&diff, o->trace[0], o->trace[1], &err) < 0)
        return kymo_fail("report", "%s", err.text);
    if (xp_out_open(&out, o->output, &err) < 0)
        return kymo_fail("report", "%s", err.text);
    int status = write_page(&out, o, &diff);
    if (status != KYMO_EXIT_OK)
        xp_out_abort(&out);
    else if (xp_out_commit(&out, &err) < 0)
        status = kymo_fail("report", "%s", err.text);
    return status;
}

/* ---- options ---- */

static int number(const char *name, const char *text, double most, double *value)
{
    char *end;
    *value = strtod(text, &end);
    if (end != text && !*end && *value >= 0 && *value <= most)
        return 0;
    return kymo_fail("report", "--%s %s: a number from 0 to %.0f is wanted", name, text, most);
}

static int one_option(struct options *o, int c)
{
    double v;
    if (c == 'o')
        o->output = optarg;
    else if (c == 't')
        o->title = optarg;
    else if (c == 'a' && o->arounds < MOST_MOMENTS)
        o->around[o->arounds++] = optarg;
    else if (c == 'b' && o->bookmarks < MOST_MOMENTS)
        o->bookmark[o->bookmarks++] = optarg;
    else if (c == 'a' || c == 'b')
        return kymo_fail("report", "at most %d moments of a kind", MOST_MOMENTS);
    else if (c == 'd') {
        if (number("detail", optarg, 1e9, &v))
            return KYMO_EXIT_FAILED;
        o->detail = (uint64_t)v;
    } else if (c == 'm') {
        if (number("max-size", optarg, 4096, &v))
            return KYMO_EXIT_FAILED;
        o->max_size = (uint64_t)(v * 1048576);
    } else
        return kymo_fail("report", "bad usage; `kymo report --help` tells how");
    return 0;
}

int kymo_cmd_report(int argc, char **argv)
{
    static const struct option names[] = {{"output", 1, NULL, 'o'},   {"around", 1, NULL, 'a'},
                                          {"bookmark", 1, NULL, 'b'}, {"detail", 1, NULL, 'd'},
                                          {"max-size", 1, NULL, 'm'}, {"title", 1, NULL, 't'},
                                          {"help", 0, NULL, 'h'},     {0}};
    struct options o = {.detail = 1500000, .max_size = 38u << 20};
    optind = 0;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "o:h", names, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return kymo_finish("report", KYMO_EXIT_OK);
        }
        if (one_option(&o, c) != 0)
            return KYMO_EXIT_FAILED;
    }
    for (; optind < argc && o.traces < 2; optind++)
        o.trace[o.traces++] = argv[optind];
    if (!o.traces || optind < argc || !o.output)
        return kymo_fail("report",
                         "a trace (or two) and -o FILE are wanted; `kymo report --help` tells how");
    return report(&o);
}
