/* SPDX-License-Identifier: MIT */
/* Owns the bytes of a trace file. Read with pread into a window, not mapped: a file that shrinks
 * under us is a short read instead of SIGBUS, and memory stays what the window is, whatever the
 * file's size. */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int kymo_set_error(struct kymo_error *err, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (err)
        vsnprintf(err->text, sizeof err->text, format, ap);
    va_end(ap);
    return -1;
}

/* A pipe cannot be read twice: its bytes go to an unnamed file first. */
static int spool(int from, const char *path, struct kymo_error *err)
{
    FILE *f = tmpfile();
    char buffer[1 << 16];
    ssize_t n = 1;
    while (f && n > 0) {
        n = read(from, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0 && fwrite(buffer, 1, (size_t)n, f) != (size_t)n)
            n = -1;
    }
    if (!f || n < 0 || fflush(f)) {
        kymo_set_error(err, "%s: cannot be kept in a temporary file: %s", path, strerror(errno));
        if (f)
            fclose(f);
        return -1;
    }
    int fd = dup(fileno(f));
    fclose(f);
    return fd < 0 ? kymo_set_error(err, "%s: %s", path, strerror(errno)) : fd;
}

int kymo_source_open(struct kymo_source *s, const char *path, struct kymo_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    struct stat st;
    *s = (struct kymo_source){.fd = standard ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)};
    s->path = strdup(standard ? "standard input" : path);
    if (s->fd < 0 || !s->path)
        return kymo_set_error(err, "%s: %s", path, strerror(errno));
    if (fstat(s->fd, &st))
        return kymo_set_error(err, "%s: %s", s->path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return kymo_set_error(err, "%s: is a folder, not a trace", s->path);
    if (!S_ISREG(st.st_mode)) {
        int fd = spool(s->fd, s->path, err);
        if (fd < 0)
            return -1;
        close(s->fd);
        s->fd = fd;
    }
    return kymo_source_refresh(s, err);
}

int kymo_source_refresh(struct kymo_source *s, struct kymo_error *err)
{
    struct stat st;
    if (fstat(s->fd, &st))
        return kymo_set_error(err, "%s: %s", s->path, strerror(errno));
    s->size = (uint64_t)st.st_size;
    return 0;
}

void kymo_source_close(struct kymo_source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    free(s->path);
    *s = (struct kymo_source){.fd = -1};
}

static int grow(struct kymo_window *w, size_t length)
{
    size_t room = length > KYMO_WINDOW ? length : KYMO_WINDOW;
    if (w->room >= room)
        return 0;
    uint8_t *p = realloc(w->data, room);
    if (!p)
        return -1;
    w->data = p;
    w->room = room;
    return 0;
}

const uint8_t *kymo_window_at(struct kymo_window *w, const struct kymo_source *s, uint64_t offset,
                              size_t length, struct kymo_error *err)
{
    if (offset >= w->offset && offset - w->offset <= w->length &&
        w->length - (size_t)(offset - w->offset) >= length)
        return w->data + (offset - w->offset);
    if (grow(w, length)) {
        kymo_set_error(err, "%s: no memory for %zu bytes at offset %llu", s->path, length,
                       (unsigned long long)offset);
        return NULL;
    }
    w->offset = offset;
    w->length = 0;
    while (w->length < w->room) {
        ssize_t n =
            pread(s->fd, w->data + w->length, w->room - w->length, (off_t)(offset + w->length));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            kymo_set_error(err, "%s: offset %llu: %s", s->path, (unsigned long long)offset,
                           strerror(errno));
            return NULL;
        }
        if (n == 0)
            break;
        w->length += (size_t)n;
    }
    if (w->length < length) {
        kymo_set_error(err, "%s: ended at offset %llu while it was read", s->path,
                       (unsigned long long)(offset + w->length));
        return NULL;
    }
    return w->data;
}
