/* SPDX-License-Identifier: MIT */
/* `kymo stat`: the figures of a trace, or of two side by side. The figures come from libkymo's
 * statistics; this folder only shows them. */
#include "command.h"
#include "stat.h"
#include "util/progress.h"
#include "util/show.h"

#include <getopt.h>
#include <stdlib.h>

static const char help[] =
    "usage: kymo stat [OPTIONS] TRACE [TRACE]\n"
    "\n"
    "CPU time, switches, response, blocking and handler times. With two traces: both and the\n"
    "difference, tasks matched by name.\n"
    "\n"
    "  --from T, --to T   only this stretch; T in seconds, or with ms, us, ns, or @counts\n"
    "  --task NAME|ID     only this task (repeatable)\n"
    "  --object NAME      only this object (repeatable)\n"
    "  --sort KEY         cpu (default), name, id, response, blocked, switches\n"
    "  --brief            only the table of tasks and who blocked whom\n"
    "  --all              also percentiles, periods and spans\n"
    "  --histogram        how response and blocking times are spread\n"
    "  --json, --csv      for machines; times in counts of the clock\n"
    "  --color WHEN       auto, always, never; NO_COLOR is respected\n"
    "\n"
    "A response time runs from the moment a task is made ready to its next wait; waiting for a\n"
    "mutex is part of it. Where a gap hides states, shares are ranges and sums lower bounds.\n"
    "Percentiles are at most 1.6 % too high, all other figures exact.\n"
    "\n"
    "example: kymo stat inheritance-off.kymo inheritance-on.kymo\n";

size_t stat_name_length(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash && slash != name ? (size_t)(slash - name) : strlen(name);
}

static bool named(const char *const *list, unsigned n, const char *name, bool whole)
{
    size_t length = whole ? strlen(name) : stat_name_length(name);
    for (unsigned i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0 ||
            (strlen(list[i]) == length && strncmp(list[i], name, length) == 0))
            return true;
    return n == 0;
}

bool stat_wants_task(const struct stat_options *o, const struct kymo_stat_task *t)
{
    char id[16];
    snprintf(id, sizeof id, "%u", t->id);
    for (unsigned i = 0; i < o->tasks; i++)
        if (strcmp(o->task[i], id) == 0)
            return true;
    return named(o->task, o->tasks, t->name, false);
}

bool stat_wants_object(const struct stat_options *o, const struct kymo_stat_object *x)
{
    return named(o->object, o->objects, x->name, true);
}

static int parse(int argc, char **argv, struct stat_options *o)
{
    static const struct option longs[] = {{"from", 1, NULL, 'f'},
                                          {"to", 1, NULL, 't'},
                                          {"task", 1, NULL, 'T'},
                                          {"object", 1, NULL, 'O'},
                                          {"sort", 1, NULL, 's'},
                                          {"brief", 0, NULL, 'b'},
                                          {"all", 0, NULL, 'a'},
                                          {"histogram", 0, NULL, 'H'},
                                          {"json", 0, NULL, 'j'},
                                          {"csv", 0, NULL, 'c'},
                                          {"color", 1, NULL, 'k'},
                                          {"help", 0, NULL, 'h'},
                                          {0}};
    optind = 1;
    for (int k; (k = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        switch (k) {
        case 'f': o->from = optarg; break;
        case 't': o->to = optarg; break;
        case 'T':
            o->task[o->tasks] = optarg;
            o->tasks += o->tasks + 1 < STAT_TASK_MAX;
            break;
        case 'O':
            o->object[o->objects] = optarg;
            o->objects += o->objects + 1 < STAT_TASK_MAX;
            break;
        case 's': o->sort = optarg; break;
        case 'b': o->brief = true; break;
        case 'a': o->all = true; break;
        case 'H': o->histogram = true; break;
        case 'j': o->json = true; break;
        case 'c': o->csv = true; break;
        case 'k': o->color = optarg; break;
        case 'h': fputs(help, stdout); return 1;
        default: return KYMO_EXIT_FAILED;
        }
    }
    o->paths = (unsigned)(argc - optind);
    if (o->paths < 1 || o->paths > 2)
        return kymo_fail("stat", "one or two traces are needed; `kymo stat --help` says more");
    o->path[0] = argv[optind];
    o->path[1] = o->paths == 2 ? argv[optind + 1] : NULL;
    return 0;
}

/* ---- order ---- */

enum sort { SORT_CPU, SORT_NAME, SORT_ID, SORT_RESPONSE, SORT_BLOCKED, SORT_SWITCHES };
static enum sort sort_by;

static int down(uint64_t a, uint64_t b)
{
    return a > b ? -1 : a < b;
}

static int compare(const void *pa, const void *pb)
{
    const struct kymo_stat_task *a = pa, *b = pb;
    int r = 0;
    switch (sort_by) {
    case SORT_CPU: r = down(a->running - a->irq, b->running - b->irq); break;
    case SORT_NAME: r = strcmp(a->name, b->name); break;
    case SORT_RESPONSE: r = down(a->response.max, b->response.max); break;
    case SORT_BLOCKED: r = down(a->blocked, b->blocked); break;
    case SORT_SWITCHES: r = down(a->switches, b->switches); break;
    case SORT_ID: break;
    }
    return r ? r : (a->id > b->id) - (a->id < b->id);
}

static int find_sort(const char *name)
{
    static const char *const keys[] = {"cpu", "name", "id", "response", "blocked", "switches"};
    for (unsigned i = 0; name && i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], name) == 0)
            return (int)i;
    return name ? -1 : SORT_CPU;
}

/* ---- the command ---- */

static struct kymo_stat *collect(const struct stat_options *o, const char *path, kymo_trace **t)
{
    struct kymo_error err;
    uint64_t from = 0, to = UINT64_MAX;
    if (kymo_open(t, path, &err)) {
        kymo_fail("stat", "%s", err.text);
        return NULL;
    }
    uint64_t hz = kymo_get_info(*t)->clock_hz;
    if ((o->from && !text_parse_time(o->from, hz, &from)) ||
        (o->to && !text_parse_time(o->to, hz, &to)) || from > to) {
        kymo_fail("stat", "--from %s --to %s: no stretch of time", o->from ? o->from : "0",
                  o->to ? o->to : "end");
        return NULL;
    }
    progress_watch(*t, "stat");
    struct kymo_stat *s = kymo_stat_run(*t, from, to, &err);
    progress_done();
    if (!s) {
        kymo_fail("stat", "%s", err.text);
        return NULL;
    }
    show_warnings("stat", path, *t);
    qsort(s->task, s->tasks, sizeof *s->task, compare);
    return s;
}

static void show(const struct stat_options *o, const struct stat_view *v)
{
    static struct text t;
    text_open(&t, stdout);
    for (unsigned i = 0; o->json && i < o->paths; i++) {
        text_put(&t, o->paths == 1 ? "" : i ? "," : "[");
        stat_json(&t, o, &v[i]);
    }
    for (unsigned i = 0; o->csv && !o->json && i < o->paths; i++)
        stat_csv(&t, o, &v[i]);
    if (o->json)
        text_put(&t, o->paths == 2 ? "]\n" : "\n");
    else if (!o->csv && o->paths == 2)
        stat_compare(&t, o, v);
    else if (!o->csv)
        stat_text(&t, o, v);
    for (unsigned i = 0; o->histogram && !o->csv && !o->json && i < o->paths; i++)
        stat_histograms(&t, o, &v[i]);
    text_flush(&t);
}

int kymo_cmd_stat(int argc, char **argv)
{
    struct stat_options o = {.sort = NULL};
    struct stat_view v[2] = {{0}};
    struct kymo_stat *s[2] = {NULL, NULL};
    kymo_trace *t[2] = {NULL, NULL};
    int r = parse(argc, argv, &o);
    if (r)
        return r == 1 ? kymo_finish("stat", 0) : r;
    int sort = find_sort(o.sort);
    if (sort < 0)
        return kymo_fail("stat", "--sort: `%s` is no key; `kymo stat --help` lists them", o.sort);
    sort_by = (enum sort)sort;
    if (text_style(&o.style, stdout, o.color))
        return kymo_fail("stat", "--color: auto, always or never, not `%s`", o.color);
    for (unsigned i = 0; i < o.paths && !r; i++) {
        s[i] = collect(&o, o.path[i], &t[i]);
        r = s[i] ? 0 : KYMO_EXIT_FAILED;
        if (!s[i])
            break;
        v[i] = (struct stat_view){.path = o.path[i], .info = kymo_get_info(t[i]), .s = s[i]};
        if (!stat_name_all(&v[i]))
            r = kymo_fail("stat", "no memory");
    }
    if (!r)
        show(&o, v);
    for (unsigned i = 0; i < 2; i++) {
        free(v[i].name);
        kymo_stat_free(s[i]);
        kymo_close(t[i]);
    }
    return r ? r : kymo_finish("stat", 0);
}
