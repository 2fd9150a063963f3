/* SPDX-License-Identifier: MIT */
/* The command `kymo`: finds the command's function and calls it. Adding a command is one
 * KYMO_COMMAND line here and a file with its function. The functions are weak, so that a build
 * without a room (no QEMU, no browser) still links and says what is missing. */
#include "command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KYMO_COMMANDS                                                                      \
    KYMO_COMMAND(run, "boot an image in QEMU and capture its trace")                       \
    KYMO_COMMAND(recover, "make a trace of a memory dump, an ELF core or a RAM file")      \
    KYMO_COMMAND(cost, "count what functions and trace points of an image execute") \
    KYMO_COMMAND(info, "what a trace is: image, clock, events, losses")                    \
    KYMO_COMMAND(print, "one line an event, names resolved")                               \
    KYMO_COMMAND(stat, "CPU time, switches, response and blocking times")                  \
    KYMO_COMMAND(timeline, "draw a stretch of the schedule in the terminal")               \
    KYMO_COMMAND(check, "is the trace sound, the schedule allowed, the user's rules kept") \
    KYMO_COMMAND(export, "write the trace for another viewer")                             \
    KYMO_COMMAND(query, "ask a trace in SQL")                                              \
    KYMO_COMMAND(report, "one HTML file with timeline and figures")                        \
    KYMO_COMMAND(live, "watch a running guest in the browser")

#define KYMO_COMMAND(name, text) int kymo_cmd_##name(int argc, char **argv) __attribute__((weak));
KYMO_COMMANDS
#undef KYMO_COMMAND

struct command {
    const char *name, *text;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
#define KYMO_COMMAND(name, text) {#name, text, kymo_cmd_##name},
    KYMO_COMMANDS
#undef KYMO_COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *out)
{
    fprintf(out, "usage: kymo COMMAND [OPTIONS] [FILE]\n\ncommands:\n");
    for (int i = 0; i < COMMANDS; i++)
        if (commands[i].run)
            fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].text);
    fprintf(out, "\n`kymo COMMAND --help` says more, `kymo --version` prints the version.\n");
}

int kymo_fail(const char *command, const char *format, ...)
{
    va_list ap;
    fflush(stdout);
    fprintf(stderr, "kymo %s: ", command);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return KYMO_EXIT_FAILED;
}

int kymo_finish(const char *command, int status)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (errno == EPIPE || (poll(&p, 1, 0) == 1 && (p.revents & POLLERR)))
        return 128 + SIGPIPE; /* an earlier write may have met it, and its errno is gone */
    return kymo_fail(command, "standard output: %s", errno ? strerror(errno) : "write error");
}

static const struct command *find(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        usage(argc > 1 ? stdout : stderr);
        return argc > 1 ? kymo_finish("help", KYMO_EXIT_OK) : KYMO_EXIT_FAILED;
    }
    if (strcmp(name, "--version") == 0) {
        printf("kymo %s\n", KYMO_VERSION);
        return kymo_finish("version", KYMO_EXIT_OK);
    }
    const struct command *c = find(name);
    if (!c)
        return kymo_fail(name, "no such command; `kymo --help` lists them");
    if (!c->run)
        return kymo_fail(name, "this build of kymo was made without it");
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error, which kymo_finish reports */
    return c->run(argc - 1, argv + 1);
}
