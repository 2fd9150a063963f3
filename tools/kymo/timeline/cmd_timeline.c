/* SPDX-License-Identifier: MIT */
/* `kymo timeline`: a picture of a stretch in the terminal. Finds the stretch, fills a grid, draws
 * it. */
#include "command.h"
#include "grid.h"
#include "kymo_stat.h"
#include "lib/table.h"
#include "util/progress.h"
#include "util/show.h"
#include "view.h"

#include <getopt.h>
#include <stdlib.h>

static const char help[] =
    "usage: kymo timeline [OPTIONS] TRACE\n"
    "\n"
    "Draws who ran when: a row per task, by priority, and per mutex.\n"
    "\n"
    "  --from T, --to T   the stretch; T in seconds, or with ms, us, ns, or @counts\n"
    "  --around WHAT      the stretch around a moment:\n"
    "                       T              a time\n"
    "                       mark:TEXT      the first mark whose name contains TEXT\n"
    "                       event:NAME     the first event of that name\n"
    "                       worst:TASK     the longest response of a task\n"
    "                       blocked:TASK   its longest wait for a mutex\n"
    "                       end            the end of the trace\n"
    "  --span T           length of the stretch (default: what --around needs, else all)\n"
    "  --task NAME        only this task (repeatable)\n"
    "  --width N          columns in all (default: the terminal's, at most 1000)\n"
    "  --all              also tasks that do nothing in the stretch\n"
    "  --ascii            plain characters, as in a locale that is not UTF-8\n"
    "  --interactive      move and zoom with the keyboard (? lists the keys)\n"
    "  --color WHEN       auto, always, never; NO_COLOR is respected\n"
    "\n"
    "example: kymo timeline --around blocked:bus_task demo.kymo\n";

enum { TASKS = 16 };

struct options {
    const char *path, *from, *to, *around, *span, *color;
    const char *task[TASKS];
    unsigned tasks, width;
    bool all, ascii, interactive;
};

static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"from", 1, NULL, 'f'},        {"to", 1, NULL, 't'},    {"around", 1, NULL, 'a'},
        {"span", 1, NULL, 's'},        {"task", 1, NULL, 'T'},  {"width", 1, NULL, 'w'},
        {"all", 0, NULL, 'A'},         {"ascii", 0, NULL, 'i'}, {"color", 1, NULL, 'k'},
        {"interactive", 0, NULL, 'I'}, {"help", 0, NULL, 'h'},  {0}};
    optind = 1;
    for (int k; (k = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        switch (k) {
        case 'f': o->from = optarg; break;
        case 't': o->to = optarg; break;
        case 'a': o->around = optarg; break;
        case 's': o->span = optarg; break;
        case 'T':
            o->task[o->tasks] = optarg;
            o->tasks += o->tasks + 1 < TASKS;
            break;
        case 'w': o->width = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'A': o->all = true; break;
        case 'i': o->ascii = true; break;
        case 'I': o->interactive = true; break;
        case 'k': o->color = optarg; break;
        case 'h': fputs(help, stdout); return 1;
        default: return KYMO_EXIT_FAILED;
        }
    }
    if (optind + 1 != argc)
        return kymo_fail("timeline", "one trace is needed; `kymo timeline --help` says more");
    if (o->width && (o->width < 60 || o->width > GRID_COLUMNS))
        return kymo_fail("timeline", "--width: 60 to %d", GRID_COLUMNS);
    o->path = argv[optind];
    return 0;
}

/* ---- finding the stretch ---- */

struct find {
    const char *mark, *event;
    uint64_t at, first, last;
    bool found, any;
};

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    struct find *f = u;
    const kymo_trace *t = kymo_model_trace(m);
    f->first = f->any ? f->first : e->time;
    f->any = true;
    f->last = e->time;
    if (f->found)
        return;
    if (f->mark && e->code == KE_mark && kymo_known(t, e->code)) {
        const char *text = kymo_string(t, kv_mark_tag(e));
        f->found = text && strstr(text, f->mark);
    } else if (f->event) {
        f->found = strcmp(kymo_describe(t, e->code)->name, f->event) == 0;
    }
    f->at = f->found ? e->time : 0;
}

static void on_end(void *u, const kymo_model *m, uint64_t time)
{
    struct find *f = u;
    (void)m;
    f->last = time > f->last ? time : f->last;
}

static int scan(kymo_trace *t, struct find *f)
{
    static const struct kymo_sink sink = {.event = on_event, .end = on_end};
    struct kymo_error err;
    if (kymo_model_run(t, &sink, f, &err))
        return kymo_fail("timeline", "%s", err.text);
    if (!f->any)
        return kymo_fail("timeline", "the trace holds no event");
    return 0;
}

/* The longest response, or the longest wait for a mutex, of a task: [*from, *to). */
static int find_worst(kymo_trace *t, const char *task, bool blocked, uint64_t *from, uint64_t *to)
{
    struct kymo_error err;
    struct kymo_stat *s = kymo_stat_run(t, 0, UINT64_MAX, &err);
    int r = s ? 1 : kymo_fail("timeline", "%s", err.text);
    for (unsigned i = 0; r == 1 && i < s->tasks; i++) {
        const struct kymo_stat_task *k = &s->task[i];
        size_t n = strlen(task);
        if (strncmp(k->name, task, n) != 0 || (k->name[n] != 0 && k->name[n] != '/'))
            continue;
        uint64_t length = blocked ? 0 : k->response.max;
        *to = blocked ? 0 : k->response.max_at;
        for (unsigned w = 0; blocked && w < k->waits; w++)
            if (k->wait[w].holder != KYMO_TASK_NONE && k->wait[w].max > length) {
                length = k->wait[w].max;
                *to = k->wait[w].max_at;
            }
        *from = *to - length;
        r = length ? 0
                   : kymo_fail("timeline", "%s %s", task,
                               blocked ? "never waited for a mutex" : "has no response time");
    }
    kymo_stat_free(s);
    return r == 1 ? kymo_fail("timeline", "no task `%s` in the trace", task) : r;
}

static int around(kymo_trace *t, const struct options *o, struct grid *g, struct find *ends)
{
    uint64_t hz = g->hz, span = hz / 10, from = 0, to = 0;
    struct find f = {0};
    const char *w = o->around;
    if (strncmp(w, "mark:", 5) == 0)
        f.mark = w + 5;
    else if (strncmp(w, "event:", 6) == 0)
        f.event = w + 6;
    int r = scan(t, &f);
    if (r)
        return r;
    if (strncmp(w, "worst:", 6) == 0 || strncmp(w, "blocked:", 8) == 0) {
        r = find_worst(t, strchr(w, ':') + 1, *w == 'b', &from, &to);
        span = (to - from) * 3 / 2;
    } else if (f.mark || f.event) {
        from = to = f.at;
        r = f.found ? 0 : kymo_fail("timeline", "--around %s: the trace has none", w);
    } else if (strcmp(w, "end") == 0) {
        from = to = f.last;
    } else if (text_parse_time(w, hz, &from)) {
        to = from;
    } else {
        r = kymo_fail("timeline",
                      "--around %s: neither a time nor mark:, event:, worst:, blocked:, end", w);
    }
    if (!r && o->span && (!text_parse_time(o->span, hz, &span) || span == 0))
        r = kymo_fail("timeline", "--span %s: not a length of time", o->span);
    *ends = f;
    uint64_t middle = from + (to - from) / 2;
    g->from = middle > span / 2 ? middle - span / 2 : 0;
    g->to = g->from + span;
    if (g->to > f.last && f.last > span) { /* no columns after the end */
        g->to = f.last;
        g->from = f.last - span;
    }
    return r;
}

static int stretch(kymo_trace *t, const struct options *o, struct grid *g, struct find *ends)
{
    struct find f = {0};
    uint64_t span;
    if (o->around)
        return around(t, o, g, ends);
    int r = scan(t, &f);
    if (r)
        return r;
    *ends = f;
    g->from = f.first;
    g->to = f.last;
    if ((o->from && !text_parse_time(o->from, g->hz, &g->from)) ||
        (o->to && !text_parse_time(o->to, g->hz, &g->to)))
        return kymo_fail("timeline", "--from, --to: not a time");
    if (o->span && (!text_parse_time(o->span, g->hz, &span) || span == 0))
        return kymo_fail("timeline", "--span %s: not a length of time", o->span);
    if (o->span && !o->to)
        g->to = g->from + span;
    else if (o->span && !o->from)
        g->from = g->to > span ? g->to - span : 0;
    if (g->from >= g->to || g->from > f.last || g->to < f.first)
        return kymo_fail("timeline",
                         "the stretch holds nothing; the trace goes from %.6f to %.6f s",
                         (double)f.first / (double)g->hz, (double)f.last / (double)g->hz);
    return 0;
}

/* ---- the command ---- */

static int draw(kymo_trace *t, const struct options *o, struct grid_look *look)
{
    static struct text text;
    struct kymo_error err;
    unsigned width = o->width ? o->width : look->style.width;
    struct grid g = {.hz = kymo_get_info(t)->clock_hz};
    struct find ends = {0};
    int r = stretch(t, o, &g, &ends);
    if (r)
        return r;
    if (o->interactive) {
        kymo_on_progress(t, NULL, NULL);
        r = view_run(t, &g, look, ends.first, ends.last);
        grid_free(&g);
        return r;
    }
    g.columns = width > 52 ? width - 32 : 20;
    g.columns = g.columns > GRID_COLUMNS ? GRID_COLUMNS : g.columns;
    if (g.to - g.from < g.columns)
        g.to = g.from + g.columns;
    r = grid_fill(&g, t, &err);
    progress_done();
    r = r ? kymo_fail("timeline", "%s", err.text) : 0;
    if (!r) {
        text_open(&text, stdout);
        grid_draw(&text, &g, look);
        text_flush(&text);
    }
    grid_free(&g);
    return r;
}

int kymo_cmd_timeline(int argc, char **argv)
{
    struct options o = {.path = NULL};
    struct grid_look look = {.all = false};
    struct kymo_error err;
    kymo_trace *t;
    int r = parse(argc, argv, &o);
    if (r)
        return r == 1 ? kymo_finish("timeline", 0) : r;
    if (text_style(&look.style, stdout, o.color))
        return kymo_fail("timeline", "--color: auto, always or never, not `%s`", o.color);
    look.style.utf8 = look.style.utf8 && !o.ascii;
    look.all = o.all;
    look.task = o.task;
    look.tasks = o.tasks;
    if (kymo_open(&t, o.path, &err))
        return kymo_fail("timeline", "%s", err.text);
    progress_watch(t, "timeline");
    r = draw(t, &o, &look);
    show_warnings("timeline", o.path, t);
    kymo_close(t);
    return r ? r : kymo_finish("timeline", 0);
}
