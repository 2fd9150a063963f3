/* SPDX-License-Identifier: MIT */
/* `kymo cost`: boots an image under the counting plugin and says what its functions, inlined sites
 * and paths execute.
 *
 * The request goes to the plugin, and the result comes back, through memory files that QEMU
 * inherits. See tools/qemu/cost.c for what each figure means. */
#include "command.h"
#include "cost_job.h"

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct cost {
    const char *path, *json, *csv, *start, *stop;
    uint64_t duration;
    struct capture_image image;
    struct capture_symbol *symbol;
    size_t symbols;
    struct cost_job job;
    unsigned wanted; /* lines in the request */
};

static void usage(FILE *out)
{
    fprintf(
        out,
        "usage: kymo cost [OPTIONS] IMAGE\n"
        "\n"
        "Boots IMAGE in QEMU, counts, and prints per call (min/median/max): instructions with "
        "callees (interrupts and\n"
        "other tasks not), own, elapsed (everything), loads, stores, CSR accesses, and those "
        "executed while the call\n"
        "itself had interrupts masked.\n"
        "\n"
        "  -f, --function PATTERN  functions to measure (shell pattern, may repeat; default: all)\n"
        "  -s, --site PATTERN      inlined functions, at each place where they were inlined\n"
        "  -w, --writers           the recorder's writers, at each place, by the event they "
        "record\n"
        "  -p, --path FROM..TO     from one address to another; symbol, symbol+0x10 or 0x80000000\n"
        "      --start PLACE       count only from there on\n"
        "      --stop PLACE        and only until there\n"
        "      --json FILE, --csv FILE   also write the figures there (- for stdout, without the "
        "table)\n"
        "      --duration S        end after S seconds of guest time\n"
        "      --timeout S         end after S seconds of real time, with status 124\n"
        "      --console           show what the guest prints (on stderr)\n"
        "\n"
        "Status: 0; 2 if for some instruction nobody knows whether interrupts were masked, or the "
        "plugin lost the\n"
        "thread; 124 timeout; 125 failed.\n");
}

/* ---- the request ---- */

static bool number(const char *text, uint32_t *to)
{
    char *end;
    *to = (uint32_t)strtoul(text, &end, 0);
    return end != text && !*end;
}

static bool find_place(const struct cost *c, const char *text, uint32_t *at)
{
    char name[192];
    uint32_t offset = 0;
    const char *plus = strrchr(text, '+');
    if (number(text, at))
        return true;
    snprintf(name, sizeof name, "%.*s", plus ? (int)(plus - text) : (int)strlen(text), text);
    if (plus && !number(plus + 1, &offset))
        return false;
    for (size_t i = 0; i < c->symbols; i++)
        if (strcmp(c->symbol[i].name, name) == 0) {
            *at = c->symbol[i].address + offset;
            return true;
        }
    return false;
}

static int no_match(const struct cost *c, const char *what, const char *text)
{
    return kymo_fail("cost", "%s: no %s `%s`", c->path, what, text);
}

static int want_functions(struct cost *c, const char *pattern)
{
    unsigned before = c->wanted;
    for (size_t i = 0; i < c->symbols; i++) {
        const struct capture_symbol *s = &c->symbol[i];
        if (!s->function || !s->size || fnmatch(pattern, s->name, 0) != 0)
            continue;
        fprintf(c->job.request, "function %s %x %x\n", s->name, s->address, s->address + s->size);
        c->wanted++;
    }
    return c->wanted > before ? 0 : no_match(c, "function", pattern);
}

static int want_sites(struct cost *c, const char *pattern)
{
    struct capture_site *list;
    size_t count;
    char why[256];
    if (!capture_sites_read(c->path, pattern, &list, &count, why, sizeof why))
        return kymo_fail("cost", "%s: %s", c->path, why);
    for (size_t i = 0; i < count; i++) {
        fprintf(c->job.request, "site %s", list[i].name);
        for (unsigned n = 0; n < list[i].spans; n++)
            fprintf(c->job.request, " %x %x", list[i].span[n][0], list[i].span[n][1]);
        fputc('\n', c->job.request);
        free(list[i].name);
        c->wanted++;
    }
    free(list);
    return count ? 0 : no_match(c, "inlined function", pattern);
}

static int want_path(struct cost *c, const char *text)
{
    char from[192];
    uint32_t low, high;
    const char *dots = strstr(text, "..");
    snprintf(from, sizeof from, "%.*s", dots ? (int)(dots - text) : 0, text);
    if (!dots || !find_place(c, from, &low) || !find_place(c, dots + 2, &high))
        return no_match(c, "path", text);
    fprintf(c->job.request, "path %s %x %x\n", text, low, high);
    c->wanted++;
    return 0;
}

static int want_writers(struct cost *c)
{
    if (!cost_job_writers(&c->job))
        return kymo_fail(
            "cost", "%s: no .debug_trace_sites: it records nothing, or is not optimized", c->path);
    c->wanted++;
    return 0;
}

/* ---- command line ---- */

enum { O_START = 256, O_STOP, O_JSON, O_CSV, O_DURATION, O_TIMEOUT, O_CONSOLE };

static const struct option long_options[] = {{"function", 1, NULL, 'f'},
                                             {"site", 1, NULL, 's'},
                                             {"path", 1, NULL, 'p'},
                                             {"writers", 0, NULL, 'w'},
                                             {"start", 1, NULL, O_START},
                                             {"stop", 1, NULL, O_STOP},
                                             {"json", 1, NULL, O_JSON},
                                             {"csv", 1, NULL, O_CSV},
                                             {"duration", 1, NULL, O_DURATION},
                                             {"timeout", 1, NULL, O_TIMEOUT},
                                             {"console", 0, NULL, O_CONSOLE},
                                             {"help", 0, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static bool set_option(struct cost *c, int option, const char *value)
{
    char *end = NULL;
    double s = 1;
    if (option == O_DURATION || option == O_TIMEOUT) {
        s = strtod(value, &end);
        if (end == value || *end || !(s > 0 && s < 1e9))
            return false;
    }
    switch (option) {
    case O_START: c->start = value; return true;
    case O_STOP: c->stop = value; return true;
    case O_JSON: c->json = value; return true;
    case O_CSV: c->csv = value; return true;
    case O_DURATION: c->duration = (uint64_t)(s * 1e9 + 0.5); return true;
    case O_TIMEOUT: c->job.timeout = s; return true;
    case O_CONSOLE: c->job.show_console = true; return true;
    default: return true; /* f, s, p: on the second pass, when the image is known */
    }
}

static int parse(struct cost *c, int argc, char **argv)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":f:s:p:wh", long_options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return kymo_finish("cost", 0);
        }
        if (option == ':' || option == '?')
            return kymo_fail("cost", "%s: %s; see `kymo cost --help`", argv[optind - 1],
                             option == ':' ? "needs a value" : "no such option");
        if (!set_option(c, option, optarg))
            return kymo_fail("cost", "`%s` is not allowed; see `kymo cost --help`", optarg);
    }
    if (argc - optind != 1)
        return kymo_fail("cost", argc == optind ? "which image?" : "one image at a time");
    c->path = c->job.path = argv[optind];
    return -1;
}

static int make_request(struct cost *c, int argc, char **argv)
{
    int option, status = 0;
    optind = 1;
    while (!status && (option = getopt_long(argc, argv, ":f:s:p:wh", long_options, NULL)) != -1)
        status = option == 'f'   ? want_functions(c, optarg)
                 : option == 's' ? want_sites(c, optarg)
                 : option == 'p' ? want_path(c, optarg)
                 : option == 'w' ? want_writers(c)
                                 : 0;
    if (!status && !c->wanted)
        status = want_functions(c, "*");
    return status;
}

/* ---- the run ---- */

static bool plugin_argument(const struct cost *c, char *text, size_t size, const char **missing)
{
    uint32_t at;
    int n = 0;
    const char *const places[][2] = {{"start", c->start}, {"stop", c->stop}};
    *text = 0;
    for (int i = 0; i < 2; i++) {
        if (!places[i][1])
            continue;
        *missing = places[i][1];
        if (!find_place(c, places[i][1], &at))
            return false;
        n += snprintf(text + n, size - (size_t)n, ",%s=%u", places[i][0], at);
    }
    if (c->duration)
        snprintf(text + n, size - (size_t)n, ",duration=%llu", (unsigned long long)c->duration);
    return true;
}

static int write_to(const struct cost *c, const struct cost_result *r, const char *path, bool json)
{
    FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (!f)
        return kymo_fail("cost", "%s: %s", path, strerror(errno));
    if (json)
        cost_result_json(r, c->image.name, f);
    else
        cost_result_csv(r, f);
    if (f != stdout && (fflush(f) != 0 || fclose(f) != 0))
        return kymo_fail("cost", "%s: %s", path, strerror(errno));
    return 0;
}

static int show(const struct cost *c, const struct cost_result *r)
{
    int status = 0;
    if (!(c->json && *c->json == '-') && !(c->csv && *c->csv == '-'))
        cost_result_table(r, stdout);
    if (c->json)
        status = write_to(c, r, c->json, true);
    if (!status && c->csv)
        status = write_to(c, r, c->csv, false);
    if (!status && (r->unknown || r->lost || r->illegal))
        status = KYMO_EXIT_UNDECIDED;
    return kymo_finish("cost", status);
}

static int run(struct cost *c)
{
    char why[512], extra[256];
    const char *missing = "";
    struct cost_result r = {.symbol = c->symbol, .symbols = c->symbols, .table = &c->image.table};
    int status = KYMO_EXIT_FAILED;
    if (!plugin_argument(c, extra, sizeof extra, &missing))
        return no_match(c, "place", missing);
    c->job.extra = extra;
    switch (cost_job_run(&c->job, &r, why, sizeof why)) {
    case COST_DONE: status = show(c, &r); break;
    case COST_TIMEOUT:
        kymo_fail("cost", "%s: not ended after %g s; --duration ends a guest that goes on for ever",
                  c->path, c->job.timeout);
        status = 124;
        break;
    case COST_FAILED: kymo_fail("cost", "%s", why); break;
    }
    cost_result_free(&r);
    return status;
}

int kymo_cmd_cost(int argc, char **argv)
{
    static struct cost c;
    char why[256];
    c = (struct cost){.job = {.out = -1, .image = &c.image}};
    int status = parse(&c, argc, argv);
    if (status >= 0)
        return status;
    if (!capture_image_read(&c.image, c.path, why, sizeof why) ||
        !capture_symbols_read(c.path, &c.symbol, &c.symbols, why, sizeof why))
        return kymo_fail("cost", "%s: %s", c.path, why);
    if (cost_job_open(&c.job, why, sizeof why))
        status = make_request(&c, argc, argv);
    else
        status = kymo_fail("cost", "%s", why);
    if (!status)
        status = run(&c);
    cost_job_close(&c.job);
    capture_symbols_free(c.symbol, c.symbols);
    capture_image_free(&c.image);
    return status;
}
