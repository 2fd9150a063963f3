/* SPDX-License-Identifier: MIT */
/* See outfile.h. One file at a time is known to the signal handler; that is all a command needs. */
#include "outfile.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *volatile pending; /* the temporary name that a signal must remove */

static void on_signal(int number)
{
    if (pending)
        unlink(pending);
    signal(number, SIG_DFL);
    raise(number);
}

static int fail(struct outfile *o, const char *what, struct kymo_error *err)
{
    snprintf(err->text, sizeof err->text, "%s: %s: %s", o->path ? o->path : "standard output", what,
             strerror(errno));
    return -1;
}

int outfile_open(struct outfile *o, const char *path, struct kymo_error *err)
{
    *o = (struct outfile){.f = stdout};
    if (strcmp(path, "-") == 0)
        return 0;
    o->path = strdup(path);
    if (!o->path || asprintf(&o->temporary, "%s.XXXXXX", path) < 0) {
        snprintf(err->text, sizeof err->text, "%s: no memory", path);
        return -1;
    }
    int fd = mkstemp(o->temporary);
    if (fd < 0) {
        fail(o, "cannot be created", err);
        free(o->temporary);
        free(o->path);
        *o = (struct outfile){0};
        return -1;
    }
    pending = o->temporary;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
    o->f = fdopen(fd, "wb");
    if (o->f)
        return 0;
    fail(o, "cannot be opened", err);
    close(fd);
    outfile_abandon(o);
    return -1;
}

void outfile_abandon(struct outfile *o)
{
    if (o->f && o->temporary)
        fclose(o->f);
    if (o->temporary)
        unlink(o->temporary);
    pending = NULL;
    free(o->temporary);
    free(o->path);
    *o = (struct outfile){0};
}

int outfile_close(struct outfile *o, struct kymo_error *err)
{
    bool bad = fflush(o->f) != 0 || ferror(o->f);
    if (!o->temporary)
        return bad ? fail(o, "write error", err) : 0;
    bad = fclose(o->f) != 0 || bad;
    o->f = NULL;
    if (bad || rename(o->temporary, o->path)) {
        fail(o, bad ? "cannot be written" : "cannot be renamed to its name", err);
        outfile_abandon(o);
        return -1;
    }
    pending = NULL;
    free(o->temporary);
    free(o->path);
    *o = (struct outfile){0};
    return 0;
}
