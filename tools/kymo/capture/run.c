/* SPDX-License-Identifier: MIT */
/* `kymo run`: boots an image in QEMU, passes its console through, and writes its trace.
 *
 *     QEMU + plugin --(pipe: closed blocks)--> this process --> container
 *          guest RAM, a shared memory file ----(the rest, at the end)--^
 *
 * The pipe carries blocks as they are closed; whatever ends the run, the part of the trace that was
 * not closed or not sent is read from the guest's RAM, which outlives QEMU. Under icount nothing
 * that goes into the container depends on when this process runs: console bytes are placed by the
 * count of bytes the guest had printed when a block was closed. */
#include "command.h"
#include "lib/container.h"
#include "run.h"
#include "../../qemu/stream.h"
#include "waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONSOLE_POLL_MS = 20, EXIT_TIMEOUT = 124, EXIT_GUEST_MAX = 123 };

static void usage(FILE *out)
{
    fprintf(
        out,
        "usage: kymo run [OPTIONS] IMAGE\n"
        "\n"
        "Boots IMAGE (an RV32 ELF) in QEMU, passes its console through and writes its trace.\n"
        "\n"
        "  -o, --output FILE    the trace; default: name of the image, with .kymo, in this folder\n"
        "      --capture HOW    plugin: everything, at no cost to the guest (default)\n"
        "                       ram: flight recorder, what the ring holds at the end\n"
        "                       none: only run it\n"
        "      --duration S     end after S seconds of guest time\n"
        "      --events N       end right after N events were written\n"
        "      --timeout S      end after S seconds of real time, with status 124\n"
        "      --cost           run again, count what the recorder's writers execute, and keep it\n"
        "                       in the trace (some 15 times slower)\n"
        "      --keep-ram FILE  copy the guest's RAM there at the end; `kymo recover` reads it\n"
        "      --no-icount      let the guest's clock follow the host's: two runs then differ\n"
        "      --shift N        one instruction takes 2^N ns of guest time (default 0)\n"
        "  -i, --interactive    console on this terminal, with input (Ctrl-A x ends QEMU)\n"
        "      --qemu FILE      the QEMU to use (default $KYMO_QEMU, else qemu-system-riscv32)\n"
        "  -q, --quiet          no summary\n"
        "\n"
        "The same image gives the same trace, byte for byte, unless --no-icount, --timeout, "
        "--interactive or a\n"
        "signal came in between. Status: the guest's own if 1 to 123, 123 if it is larger, 124 "
        "after --timeout,\n"
        "125 if Kymo could not do it, 128 + N after signal N.\n");
}

static int fail(const char *what, const char *why)
{
    return kymo_fail("run", "%s: %s", what, why);
}

/* ---- command line ---- */

static bool seconds(const char *text, double max, double *to)
{
    char *end;
    errno = 0;
    *to = strtod(text, &end);
    return !errno && end != text && !*end && *to > 0 && *to <= max;
}

static bool whole(const char *text, uint64_t max, uint64_t *to)
{
    char *end;
    errno = 0;
    *to = strtoull(text, &end, 10);
    return !errno && end != text && !*end && *text >= '0' && *text <= '9' && *to <= max;
}

enum {
    O_CAPTURE = 256,
    O_DURATION,
    O_EVENTS,
    O_TIMEOUT,
    O_NO_ICOUNT,
    O_SHIFT,
    O_QEMU,
    O_COST,
    O_KEEP_RAM
};

static const struct option long_options[] = {{"output", 1, NULL, 'o'},
                                             {"capture", 1, NULL, O_CAPTURE},
                                             {"duration", 1, NULL, O_DURATION},
                                             {"events", 1, NULL, O_EVENTS},
                                             {"timeout", 1, NULL, O_TIMEOUT},
                                             {"no-icount", 0, NULL, O_NO_ICOUNT},
                                             {"shift", 1, NULL, O_SHIFT},
                                             {"interactive", 0, NULL, 'i'},
                                             {"qemu", 1, NULL, O_QEMU},
                                             {"quiet", 0, NULL, 'q'},
                                             {"cost", 0, NULL, O_COST},
                                             {"keep-ram", 1, NULL, O_KEEP_RAM},
                                             {"help", 0, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static bool set_mode(struct run *r, const char *text)
{
    static const char *const names[] = {"plugin", "ram", "none"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            r->mode = (enum capture_mode)i;
            return true;
        }
    return false;
}

static bool set_option(struct run *r, int option, const char *value)
{
    double s;
    uint64_t n;
    switch (option) {
    case 'o': r->out = value; return *value != 0;
    case 'i': return r->qemu.interactive = true;
    case 'q': return r->quiet = true;
    case O_KEEP_RAM: r->keep_ram = value; return *value != 0;
    case O_COST: return r->cost = true;
    case O_CAPTURE: return set_mode(r, value);
    case O_DURATION:
        if (!seconds(value, 1e9, &s))
            return false;
        r->duration = (uint64_t)(s * 1e9 + 0.5);
        return true;
    case O_EVENTS: return whole(value, UINT64_MAX, &r->events) && r->events;
    case O_TIMEOUT: return seconds(value, 1e9, &r->timeout);
    case O_NO_ICOUNT: r->qemu.icount = false; return true;
    case O_SHIFT:
        if (!whole(value, 10, &n))
            return false;
        r->qemu.shift = (unsigned)n;
        return true;
    case O_QEMU: r->qemu.binary = value; return *value != 0;
    default: return false;
    }
}

/* -1: go on; else the status to end with. */
static int parse(struct run *r, int argc, char **argv)
{
    int option, index;
    optind = 1;
    while (index = -1, (option = getopt_long(argc, argv, ":o:iqh", long_options, &index)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return kymo_finish("run", 0);
        }
        const char *name = index >= 0 ? long_options[index].name : NULL;
        if (option == ':')
            return kymo_fail("run", "%s needs a value; see `kymo run --help`", argv[optind - 1]);
        if (option == '?')
            return kymo_fail("run", "%s is not an option; see `kymo run --help`", argv[optind - 1]);
        if (!set_option(r, option, optarg))
            return kymo_fail("run", "--%s: `%s` is not allowed; see `kymo run --help`",
                             name ? name : "output", optarg);
    }
    if (argc - optind != 1)
        return kymo_fail("run", argc == optind ? "which image? (`make APP` builds build/image.elf)"
                                               : "one image at a time");
    r->qemu.image = argv[optind];
    return -1;
}

static const char *default_output(const char *image)
{
    static char name[NAME_MAX + 16];
    size_t n = strlen(image);
    if (n > 4 && strcmp(image + n - 4, ".elf") == 0)
        n -= 4;
    snprintf(name, sizeof name, "%.*s.kymo", (int)n, image);
    return name;
}

/* The guest's output goes to our stdout as it comes. A reader that left is no reason to end a
 * capture. */
static void pass_console(struct run *r)
{
    char data[65536];
    ssize_t n;
    while (!r->qemu.interactive && !r->console_off &&
           (n = pread(r->q.console, data, sizeof data, (off_t)r->console_passed)) > 0) {
        r->console_passed += (uint64_t)n;
        for (ssize_t done = 0, m; done < n; done += m) {
            m = write(STDOUT_FILENO, data + done, (size_t)(n - done));
            if (m < 0 && errno == EINTR)
                m = 0;
            else if (m <= 0) {
                r->console_off = true;
                return;
            }
        }
    }
}

static bool put_block(struct run *r, const struct stream_message *m, const uint8_t *block)
{
    if (!capture_note_block(&r->seen[m->hart], block, m->length, r->panic_code))
        return true;
    return run_begin(r) && run_keep_console(r, m->console) &&
           capture_packet(&r->w, KYMO_PACKET_BLOCK, m->hart, block, m->length);
}

/* ---- the plugin's messages ---- */

static bool take_message(struct run *r, const struct stream_message *m, const uint8_t *data)
{
    r->hello = r->hello || m->kind == STREAM_HELLO;
    if (m->kind == STREAM_BLOCK)
        return r->mode != CAPTURE_PLUGIN || put_block(r, m, data);
    if (m->kind == STREAM_DURATION || m->kind == STREAM_EVENTS)
        r->reason = m->kind == STREAM_EVENTS ? "events" : "duration";
    if (m->kind != STREAM_HELLO)
        r->end_time = m->time;
    return true;
}

static bool take_messages(struct run *r)
{
    size_t at = 0;
    struct stream_message m;
    bool ok = true;
    while (ok && r->filled - at >= sizeof m) {
        memcpy(&m, r->buffer + at, sizeof m);
        if (m.magic != STREAM_MAGIC || m.length > KYMO_BLOCK_MAX || m.hart >= HARTS)
            return false;
        if (r->filled - at < sizeof m + m.length)
            break;
        ok = take_message(r, &m, r->buffer + at + sizeof m);
        at += sizeof m + m.length;
    }
    memmove(r->buffer, r->buffer + at, r->filled - at);
    r->filled -= at;
    return ok;
}

/* Reads what the pipe has: 1 more may come, 0 the plugin is gone, -1 the container could not be
 * written. */
static int read_stream(struct run *r)
{
    ssize_t n = read(r->q.stream, r->buffer + r->filled, r->room - r->filled);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 1;
    if (n <= 0)
        return 0;
    r->filled += (size_t)n;
    return take_messages(r) ? 1 : -1;
}

/* ---- the run ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void end_by(struct run *r, const char *reason)
{
    if (!r->reason)
        r->reason = reason;
    qemu_kill(&r->q);
}

static void take_signal(struct run *r, int fd)
{
    struct signalfd_siginfo s;
    if (read(fd, &s, sizeof s) != sizeof s)
        return;
    r->signal = (int)s.ssi_signo;
    end_by(r, "signal");
}

/* Until QEMU and the plugin are gone. False if the container could not be written. */
static bool follow(struct run *r, int signals)
{
    double end = r->timeout > 0 ? now() + r->timeout : 0;
    bool piped = r->q.stream >= 0, alive = true, ok = true;
    while (piped || alive) {
        struct pollfd p[3] = {{piped ? r->q.stream : -1, POLLIN, 0},
                              {alive ? r->q.pidfd : -1, POLLIN, 0},
                              {signals, POLLIN, 0}};
        poll(p, 3, CONSOLE_POLL_MS);
        if (p[2].revents)
            take_signal(r, signals);
        int got = p[0].revents ? read_stream(r) : 1;
        piped = piped && got > 0;
        if (got < 0) {
            ok = false;
            qemu_kill(&r->q);
        }
        if (p[1].revents)
            alive = false;
        pass_console(r);
        if (end > 0 && alive && now() >= end)
            end_by(r, "timeout");
    }
    return ok;
}

static int exit_status(const struct run *r, int status)
{
    if (r->signal)
        return 128 + r->signal;
    if (r->reason)
        return strcmp(r->reason, "timeout") == 0 ? EXIT_TIMEOUT : 0;
    if (WIFSIGNALED(status))
        return kymo_fail("run", "QEMU died of signal %d%s", WTERMSIG(status),
                         r->mode == CAPTURE_NONE ? "" : "; the trace holds everything up to then");
    int code = WEXITSTATUS(status);
    return code > EXIT_GUEST_MAX ? EXIT_GUEST_MAX : code;
}

static void summary(const struct run *r)
{
    uint64_t events = 0;
    for (unsigned i = 0; i < r->image.harts; i++)
        events += r->seen[i].events;
    if (!r->quiet)
        fprintf(stderr, "kymo run: %s: %" PRIu64 " events, %" PRIu64 " bytes%s%s\n", r->out, events,
                r->w.length, r->reason ? "; ended by " : "", r->reason ? r->reason : "");
}

static int write_failed(struct run *r)
{
    capture_writer_close(&r->w);
    return kymo_fail("run", "%s: %s at offset %" PRIu64 "; what is before it is valid", r->out,
                     strerror(r->w.error ? r->w.error : EPROTO), r->w.failed_at);
}

/* Pages that the guest never wrote stay holes. */
static bool keep_ram(const struct run *r, char *why, size_t why_size)
{
    int fd = open(r->keep_ram, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && ftruncate(fd, r->q.ram_size) == 0;
    for (off_t at = 0; ok && (at = lseek(r->q.ram_fd, at, SEEK_DATA)) >= 0;) {
        off_t end = lseek(r->q.ram_fd, at, SEEK_HOLE);
        ok = end > at && pwrite(fd, r->q.ram + at, (size_t)(end - at), at) == end - at;
        at = end;
    }
    if (!ok)
        snprintf(why, why_size, "%s: %s", r->keep_ram, strerror(errno ? errno : EIO));
    if (fd >= 0 && close(fd) != 0)
        ok = false;
    return ok;
}

static int conduct(struct run *r, int signals)
{
    bool ok = follow(r, signals);
    char why[512];
    int status = qemu_wait(&r->q);
    pass_console(r);
    if (r->q.stream >= 0 ? !r->hello
                         : WIFEXITED(status) && WEXITSTATUS(status) == 1 &&
                               r->console_passed == 0 && !r->q.ram[0])
        return kymo_fail("run", "QEMU ended before the guest ran; what it said is above");
    if (r->keep_ram && !keep_ram(r, why, sizeof why))
        return kymo_fail("run", "%s", why);
    if (r->mode == CAPTURE_NONE)
        return exit_status(r, status);
    if (!ok || !run_finish(r, status) || !capture_writer_close(&r->w))
        return write_failed(r);
    summary(r);
    if (r->reason && !r->quiet)
        capture_tell_waiting(r->out);
    return exit_status(r, status);
}

static bool plugin_argument(const struct run *r, char *text, size_t size)
{
    int n = snprintf(text, size, "ctl=%u,harts=%u", r->image.ctl, r->image.harts);
    if (r->mode == CAPTURE_PLUGIN)
        n += snprintf(text + n, size - (size_t)n, ",capture=%u", r->image.point);
    if (r->duration)
        n += snprintf(text + n, size - (size_t)n, ",duration=%" PRIu64, r->duration);
    if (r->events)
        n += snprintf(text + n, size - (size_t)n, ",events=%" PRIu64, r->events);
    return r->mode == CAPTURE_PLUGIN || r->duration || r->events;
}

static int start_and_conduct(struct run *r)
{
    char why[512], argument[256];
    sigset_t set;
    if (plugin_argument(r, argument, sizeof argument)) {
        r->qemu.plugin = qemu_plugin_path(why, sizeof why);
        r->qemu.plugin_arg = argument;
        if (!r->qemu.plugin)
            return kymo_fail("run", "%s", why);
    }
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file size is an error of write() */
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (!qemu_start(&r->q, &r->qemu, &r->image, why, sizeof why))
        return kymo_fail("run", "%s", why);
    int status = conduct(r, signals);
    close(signals);
    return status;
}

static int check_image(struct run *r)
{
    const char *path = r->qemu.image;
    if (r->mode == CAPTURE_NONE)
        return -1;
    if (!r->image.ctl)
        return fail(path, "it records nothing (no trace_ctl: built with CONFIG_DEBUG_TRACE=0?); "
                          "`--capture none` only runs it");
    if (!r->image.table.length)
        return fail(path, "it has no event table (.trace_info), so its trace could not be read");
    if (r->mode == CAPTURE_PLUGIN && !r->image.point)
        return fail(path, "it has no trace_capture_point; `--capture ram` works without");
    return -1;
}

int kymo_cmd_run(int argc, char **argv)
{
    static struct run r;
    char why[256];
    r = (struct run){.qemu = {.icount = true},
                     .end_time = UINT64_MAX,
                     .room = 1 << 20,
                     .q = {.pidfd = -1, .stream = -1, .console = -1, .ram_fd = -1}};
    int status = parse(&r, argc, argv);
    if (status >= 0)
        return status;
    if (!capture_image_read(&r.image, r.qemu.image, why, sizeof why))
        return fail(r.qemu.image, why);
    status = check_image(&r);
    if (status < 0) {
        if (!r.out)
            r.out = default_output(r.image.name);
        capture_writer_init(&r.w, r.out);
        r.panic_code = run_code_of(&r.image.table, "panic");
        r.buffer = malloc(r.room);
        status = r.buffer ? start_and_conduct(&r) : fail("memory", strerror(ENOMEM));
    }
    qemu_free(&r.q);
    free(r.buffer);
    capture_image_free(&r.image);
    return status;
}
