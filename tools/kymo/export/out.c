/* SPDX-License-Identifier: MIT */
/* Buffered output, temporary names and their removal. The rules are in out.h. */
#include "out.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Unfinished names. A slot is filled before its flag is set and its flag is cleared before it is
 * freed, so the handler, which may run at any instruction, only ever reads whole names. */
#define GUARDS 16
static char guard_name[GUARDS][PATH_MAX];
static volatile sig_atomic_t guard_live[GUARDS];

int xp_guard_add(const char *path)
{
    for (int i = 0; i < GUARDS; i++) {
        if (guard_live[i] || strlen(path) >= PATH_MAX)
            continue;
        strcpy(guard_name[i], path);
        guard_live[i] = 1;
        return i;
    }
    return -1; /* not guarded: a signal then leaves the temporary file, nothing worse */
}

void xp_guard_remove(int slot)
{
    if (slot >= 0)
        guard_live[slot] = 0;
}

static void guard_handler(int sig)
{
    for (int i = GUARDS - 1; i >= 0; i--) { /* files before the folder that holds them */
        if (guard_live[i] && unlink(guard_name[i]) != 0)
            rmdir(guard_name[i]);
    }
    signal(sig, SIG_DFL);
    raise(sig);
}

static const int guard_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { GUARD_SIGNALS = sizeof guard_signals / sizeof *guard_signals };

void xp_guard_hold(bool on)
{
    static unsigned depth;
    static sigset_t before;
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < GUARD_SIGNALS; i++)
        sigaddset(&set, guard_signals[i]);
    if (on && depth++ == 0)
        sigprocmask(SIG_BLOCK, &set, &before);
    else if (!on && --depth == 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
}

void xp_guard_signals(void)
{
    struct sigaction sa = {.sa_handler = guard_handler};
    for (int i = 0; i < GUARD_SIGNALS; i++)
        sigaction(guard_signals[i], &sa, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a size limit is an error of write */
    signal(SIGPIPE, SIG_IGN);
}

static int fail(struct kymo_error *err, const char *what, const char *path)
{
    snprintf(err->text, sizeof err->text, "%s %.300s: %s", what, path, strerror(errno));
    return -1;
}

unsigned xp_umask(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return mask;
}

static int make_temp(struct xp_out *o, struct kymo_error *err)
{
    size_t n = strlen(o->path) + 16;
    o->temp = malloc(n);
    if (!o->temp)
        return fail(err, "cannot write", o->path);
    snprintf(o->temp, n, "%s.XXXXXX", o->path);
    o->fd = mkstemp(o->temp);
    if (o->fd < 0)
        return fail(err, "cannot create a file beside", o->path);
    fchmod(o->fd, 0666 & ~xp_umask()); /* mkstemp's 0600 is not what a user expects of an export */
    return 0;
}

/* Devices and pipes are written in place: renaming over /dev/null would replace it. */
static bool in_place(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int open_named(struct xp_out *o, const char *path, struct kymo_error *err)
{
    if (strcmp(path, "-") == 0) {
        o->fd = STDOUT_FILENO;
        return 0;
    }
    if (in_place(path)) {
        o->fd = open(path, O_WRONLY | O_CLOEXEC);
        return o->fd < 0 ? fail(err, "cannot write", path) : 0;
    }
    xp_guard_hold(true);
    int r = make_temp(o, err);
    if (r == 0)
        o->guard = xp_guard_add(o->temp);
    xp_guard_hold(false);
    return r;
}

int xp_out_open(struct xp_out *o, const char *path, struct kymo_error *err)
{
    *o = (struct xp_out){.fd = -1, .guard = -1};
    o->path = strdup(path);
    o->buffer = malloc(XP_OUT_BUFFER);
    if (!o->path || !o->buffer) {
        fail(err, "cannot write", path);
        xp_out_abort(o);
        return -1;
    }
    if (open_named(o, path, err) != 0) {
        xp_out_abort(o);
        return -1;
    }
    return 0;
}

int xp_out_spool(struct xp_out *o, const char *path, struct kymo_error *err)
{
    bool pipe = strcmp(path, "-") == 0 || in_place(path);
    const char *tmp = getenv("TMPDIR");
    char near[PATH_MAX];
    if (pipe)
        snprintf(near, sizeof near, "%s/kymo-spool", tmp && *tmp ? tmp : "/tmp");
    else
        snprintf(near, sizeof near, "%s", path);
    if (xp_out_open(o, near, err) != 0)
        return -1;
    assert(o->temp);
    unlink(o->temp);
    xp_guard_remove(o->guard);
    o->guard = -1;
    return 0;
}

void xp_out_flush(struct xp_out *o)
{
    size_t done = 0;
    while (done < o->used && !o->error) {
        ssize_t n = write(o->fd, o->buffer + done, o->used - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno != EINTR)
            o->error = errno;
    }
    o->flushed += o->used;
    o->used = 0;
}

static void release(struct xp_out *o)
{
    xp_guard_remove(o->guard);
    if (o->fd >= 0 && o->fd != STDOUT_FILENO)
        close(o->fd);
    free(o->path);
    free(o->temp);
    free(o->buffer);
    *o = (struct xp_out){.fd = -1, .guard = -1};
}

int xp_out_commit(struct xp_out *o, struct kymo_error *err)
{
    xp_out_flush(o);
    if (!o->error && o->temp && o->fd >= 0) {
        int fd = o->fd;
        o->fd = -1;
        if (close(fd) != 0) /* a network file system reports a full disk here */
            o->error = errno;
    }
    if (!o->error && o->temp && rename(o->temp, o->path) != 0)
        o->error = errno;
    if (o->error) {
        errno = o->error;
        fail(err, "cannot write", strcmp(o->path, "-") ? o->path : "standard output");
        xp_out_abort(o);
        return -1;
    }
    release(o);
    return 0;
}

void xp_out_abort(struct xp_out *o)
{
    if (o->temp && o->fd >= 0)
        unlink(o->temp);
    else if (o->temp && o->error)
        unlink(o->temp);
    release(o);
}

int xp_out_append(struct xp_out *o, struct xp_out *spool, struct kymo_error *err)
{
    xp_out_flush(spool);
    xp_out_flush(o);
    if (!spool->error && lseek(spool->fd, 0, SEEK_SET) < 0)
        spool->error = errno;
    while (!spool->error && !o->error) {
        ssize_t n = read(spool->fd, o->buffer, XP_OUT_BUFFER);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            spool->error = errno;
        o->used = n > 0 ? (size_t)n : 0;
        xp_out_flush(o);
    }
    if (spool->error) {
        errno = spool->error;
        fail(err, "cannot use a temporary file beside", spool->path);
    }
    int bad = spool->error;
    release(spool);
    return bad ? -1 : 0;
}

void xp_out_printf(struct xp_out *o, const char *fmt, ...)
{
    char line[4096];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    assert(n >= 0 && (size_t)n < sizeof line);
    xp_put(o, line, (size_t)n);
}

const char *xp_decimal(int64_t v, char text[XP_DECIMAL])
{
    char *p = text + XP_DECIMAL - 1;
    uint64_t n = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    *p = 0;
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    if (v < 0)
        *--p = '-';
    return p;
}

void xp_out_decimal(struct xp_out *o, int64_t v)
{
    char text[XP_DECIMAL];
    const char *s = xp_decimal(v, text);
    xp_put(o, s, (size_t)(text + XP_DECIMAL - 1 - s));
}

/* Length of the well-formed UTF-8 sequence at s, 0 if there is none. Overlong forms and surrogates
 * are not told apart: the reader has replaced foreign bytes already, this is the second line of
 * defence. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80   ? 1
               : s[0] < 0xC2 ? 0
               : s[0] < 0xE0 ? 2
               : s[0] < 0xF0 ? 3
               : s[0] < 0xF5 ? 4
                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

void xp_out_json(struct xp_out *o, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    xp_putc(o, '"');
    for (;;) {
        size_t run = 0;
        while (plain(s[run]))
            run++;
        xp_put(o, s, run);
        s += run;
        if (!*s)
            break;
        size_t n = utf8_length(s);
        if (n == 0)
            xp_putc(o, '?');
        else if (*s == '"' || *s == '\\')
            xp_out_printf(o, "\\%c", *s);
        else if (*s < 0x20 || *s == 0x7F)
            xp_out_printf(o, "\\u%04x", *s);
        else
            xp_put(o, s, n);
        s += n ? n : 1;
    }
    xp_putc(o, '"');
}
