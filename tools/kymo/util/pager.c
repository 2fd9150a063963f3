/* SPDX-License-Identifier: MIT */
/* See pager.h. */
#include "pager.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void be_pager(int from, const char *command)
{
    dup2(from, STDIN_FILENO);
    close(from);
    setenv("LESS", "FRX", 0); /* end at once if it fits, keep colours, leave the screen as it is */
    signal(SIGPIPE, SIG_DFL);
    execlp("sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void pager_begin(void)
{
    const char *command = getenv("KYMO_PAGER");
    int p[2];
    command = command ? command : getenv("PAGER");
    command = command ? command : "less";
    if (!isatty(STDOUT_FILENO) || !*command || strcmp(command, "cat") == 0 || pipe(p))
        return;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        close(p[1]);
        be_pager(p[0], command);
    }
    close(p[0]);
    if (child > 0)
        dup2(p[1], STDOUT_FILENO);
    close(p[1]);
    if (child > 0)
        signal(SIGINT, SIG_IGN); /* the pager's: it ends, and our next write fails */
}

void pager_end(void)
{
    int status;
    if (child <= 0)
        return;
    fflush(stdout);
    close(STDOUT_FILENO);
    while (waitpid(child, &status, 0) < 0)
        ;
    child = 0;
}
