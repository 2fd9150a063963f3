/* SPDX-License-Identifier: MIT */
/* `kymo live`: the report's page, fed while the guest runs.
 *
 * The guest is a child, `kymo run`, which writes its trace into a file; this process follows the
 * file and serves the page. So nothing that a browser does, or does not do, reaches the guest. */
#include "command.h"
#include "report/serve.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: kymo live [OPTIONS] IMAGE [-- OPTIONS OF kymo run]\n"
    "       kymo live [OPTIONS] TRACE\n"
    "\n"
    "Runs IMAGE and shows its schedule in the browser while it runs, or follows a TRACE that\n"
    "something else writes. The page is served on 127.0.0.1 only; the address is printed.\n"
    "\n"
    "  -o, --output FILE  keep the trace here (IMAGE only; default: a temporary file, removed)\n"
    "      --last S       keep the last S seconds of the guest's time (default 10)\n"
    "      --port N       the port (default: a free one)\n"
    "      --stay S       go on serving for S seconds after the run has ended (default: until\n"
    "                     Ctrl-C)\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit status: that of the guest as `kymo run` gives it; 125 if Kymo could not do it.\n";

struct options {
    const char *subject, *output;
    char **run_options;
    int run_count;
    double last, stay;
    uint16_t port;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void nap(void)
{
    struct timespec t = {.tv_nsec = 50 * 1000 * 1000};
    nanosleep(&t, NULL);
}

/* ---- the guest ---- */

struct guest {
    pid_t pid; /* 0: none, a trace is followed */
    int status;
    bool over;
    char trace[64];
    bool remove;
};

static bool is_trace(const char *path)
{
    static const unsigned char magic[4] = {0x89, 'K', 'Y', 'M'};
    unsigned char head[4] = {0};
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    if (f)
        fclose(f);
    return n == sizeof head && memcmp(head, magic, sizeof magic) == 0;
}

static void become_run(const struct options *o, const char *trace)
{
    char **argv = calloc((size_t)o->run_count + 8, sizeof *argv);
    int n = 0;
    if (!argv)
        _exit(KYMO_EXIT_FAILED);
    argv[n++] = (char *)(uintptr_t) "kymo";
    argv[n++] = (char *)(uintptr_t) "run";
    argv[n++] = (char *)(uintptr_t) "--quiet";
    argv[n++] = (char *)(uintptr_t) "-o";
    argv[n++] = (char *)(uintptr_t)trace;
    for (int i = 0; i < o->run_count; i++)
        argv[n++] = o->run_options[i];
    argv[n] = (char *)(uintptr_t)o->subject;
    execv("/proc/self/exe", argv);
    fprintf(stderr, "kymo live: cannot start kymo run: %s\n", strerror(errno));
    _exit(KYMO_EXIT_FAILED);
}

static int start_guest(struct guest *g, const struct options *o)
{
    const char *trace = o->output;
    if (!trace) {
        const char *folder = getenv("TMPDIR");
        int n = snprintf(g->trace, sizeof g->trace, "%s/kymo-live.XXXXXX",
                         folder && *folder && strlen(folder) < 40 ? folder : "/tmp");
        int fd = n < (int)sizeof g->trace ? mkstemp(g->trace) : -1;
        if (fd < 0)
            return kymo_fail("live", "%s: %s", g->trace, strerror(errno));
        close(fd);
        g->remove = true;
        trace = g->trace;
    } else {
        unlink(trace); /* or an old trace would be taken for the new one */
    }
    g->pid = fork();
    if (g->pid == 0)
        become_run(o, trace);
    return g->pid < 0 ? kymo_fail("live", "cannot start kymo run: %s", strerror(errno)) : 0;
}

/* Notes the guest's end; true when it has ended. */
static bool guest_over(struct guest *g)
{
    int status;
    if (g->pid && !g->over && waitpid(g->pid, &status, WNOHANG) == g->pid) {
        g->over = true;
        g->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return g->over;
}

static void end_guest(struct guest *g)
{
    if (g->pid && !g->over) {
        int status = 0;
        kill(g->pid, SIGINT);
        waitpid(g->pid, &status, 0);
        g->over = true;
        g->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (g->remove)
        unlink(g->trace);
}

/* ---- following ---- */

/* Opens the trace as soon as it says enough about itself; NULL when that will not happen. */
static kymo_trace *open_trace(struct guest *g, const char *path, struct kymo_error *err)
{
    kymo_trace *t = NULL;
    while (!stop) {
        bool over = guest_over(g);
        if (kymo_open(&t, path, err) >= 0)
            return t;
        if (!g->pid || over)
            return NULL;
        nap();
    }
    snprintf(err->text, sizeof err->text, "interrupted before the guest wrote anything");
    return NULL;
}

/* Has the writer of a followed trace put its END there? */
static bool trace_ended(const char *path, const char **reason, int *exit)
{
    static char text[32];
    kymo_trace *t = NULL;
    struct kymo_error err;
    if (kymo_open(&t, path, &err) < 0)
        return false;
    const struct kymo_info *i = kymo_get_info(t);
    bool ended = i->ended;
    snprintf(text, sizeof text, "%s", i->end_reason ? i->end_reason : "");
    *reason = *text ? text : NULL;
    *exit = i->end_exit;
    kymo_close(t);
    return ended;
}

static int follow(struct kr_live *l, kymo_trace *t, struct guest *g, const char *path)
{
    struct kymo_error err = {""};
    const char *reason = NULL;
    int exit = 0, idle = 0;
    for (bool last = false; !stop;) {
        int r = kr_live_feed(l, 1 << 14, &err);
        if (r < 0)
            return kymo_fail("live", "%s", err.text);
        if (r == KYMO_EVENT) {
            idle = 0;
            continue;
        }
        if (last)
            break; /* all was read after the end was known */
        last = g->pid ? guest_over(g) : idle % 20 == 0 && trace_ended(path, &reason, &exit);
        if (last) {
            trace_ended(path, &reason, &exit);
            kymo_follow(t, false); /* what is incomplete now stays so: it is to be told */
        } else {
            nap();
        }
        idle++;
    }
    kr_live_end(l, reason, exit);
    return 0;
}

static int serve(const struct options *o, struct guest *g, const char *path, kymo_trace *t)
{
    struct kymo_error err = {""};
    uint16_t port = o->port;
    const char *slash = strrchr(o->subject, '/');
    struct kr_live *l = kr_live_new(t, slash ? slash + 1 : o->subject, o->last, &err);
    struct kr_serve *s = l ? kr_serve_start(l, &port, &err) : NULL;
    int status = s ? 0 : kymo_fail("live", "%s", err.text);
    if (s) {
        fprintf(stderr, "kymo live: http://127.0.0.1:%u/\n", port);
        status = follow(l, t, g, path);
    }
    double until = seconds_now() + o->stay;
    if (status == 0 && !stop && o->stay > 0)
        fprintf(stderr, "kymo live: %llu events, the run has ended; Ctrl-C ends the server too\n",
                (unsigned long long)kr_live_events(l));
    while (status == 0 && !stop && seconds_now() < until)
        nap();
    kr_serve_stop(s);
    kr_live_free(l);
    return status;
}

static int live(const struct options *o)
{
    struct guest g = {0};
    struct kymo_error err = {""};
    struct sigaction a = {.sa_handler = on_signal};
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    bool followed = is_trace(o->subject);
    if (followed && (o->output || o->run_count))
        return kymo_fail("live", "%s is a trace: it takes no -o and no options of kymo run",
                         o->subject);
    int status = followed ? 0 : start_guest(&g, o);
    const char *path = followed ? o->subject : o->output ? o->output : g.trace;
    kymo_trace *t = status == 0 ? open_trace(&g, path, &err) : NULL;
    if (t) {
        kymo_follow(t, true);
        status = serve(o, &g, path, t);
        kymo_close(t);
    } else if (status == 0) {
        status = kymo_fail("live", "%s", err.text);
    }
    end_guest(&g);
    return status == 0 && g.pid ? g.status : status;
}

/* ---- options ---- */

static int number(const char *name, const char *text, double most, double *value)
{
    char *end;
    *value = strtod(text, &end);
    if (end != text && !*end && *value >= 0 && *value <= most)
        return 0;
    return kymo_fail("live", "--%s %s: a number from 0 to %.0f is wanted", name, text, most);
}

int kymo_cmd_live(int argc, char **argv)
{
    static const struct option names[] = {{"output", 1, NULL, 'o'}, {"last", 1, NULL, 'l'},
                                          {"port", 1, NULL, 'p'},   {"stay", 1, NULL, 's'},
                                          {"help", 0, NULL, 'h'},   {0}};
    struct options o = {.last = 10, .stay = 1e12};
    double port = 0;
    optind = 0;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, "o:h", names, NULL)) != -1;) {
        int bad = 0;
        switch (c) {
        case 'h': fputs(help, stdout); return kymo_finish("live", KYMO_EXIT_OK);
        case 'o': o.output = optarg; break;
        case 'l': bad = number("last", optarg, 1e6, &o.last); break;
        case 'p': bad = number("port", optarg, 65535, &port); break;
        case 's': bad = number("stay", optarg, 1e9, &o.stay); break;
        default: return kymo_fail("live", "bad usage; `kymo live --help` tells how");
        }
        if (bad)
            return bad;
    }
    o.port = (uint16_t)port;
    if (optind >= argc)
        return kymo_fail("live", "an image or a trace is wanted; `kymo live --help` tells how");
    o.subject = argv[optind++];
    o.run_options = argv + optind;
    o.run_count = argc - optind;
    return live(&o);
}
