/* SPDX-License-Identifier: MIT */
/* What every command of `kymo` shares. A command is one function in a file of its own:
 *
 *     int kymo_cmd_NAME(int argc, char **argv);      argv[0] is the command's name
 *
 * plus one KYMO_COMMAND line in main.c. It returns the exit status of the process:
 *
 *     0            done
 *     1            done, and the answer is "no" (check: a rule is broken)
 *     2            done, and the answer cannot be known (check: a gap hides it)
 *     125          Kymo could not do it: bad usage, bad input, no space, no permission
 *     others       `kymo run` passes the guest's status through
 *
 * Rules: messages go to stderr, one line that names what and where; results go to stdout or to the
 * file the user named, never half-written (util/outfile.h). --help prints to stdout and returns 0.
 */
#ifndef KYMO_COMMAND_H
#define KYMO_COMMAND_H
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define KYMO_VERSION "0.1"

enum { KYMO_EXIT_OK = 0, KYMO_EXIT_NO = 1, KYMO_EXIT_UNDECIDED = 2, KYMO_EXIT_FAILED = 125 };

/* Prints "kymo COMMAND: text" on stderr and returns KYMO_EXIT_FAILED. */
int kymo_fail(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends a command that wrote to stdout: flushes, and says so when the reader did not get everything.
 * A closed pipe is silent, with status 125 replaced by 141 as a shell shows it; a full disk is a
 * failure. Returns `status` when all is well. */
int kymo_finish(const char *command, int status);

#endif
