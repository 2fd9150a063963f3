/* SPDX-License-Identifier: MIT */
/* Buffered output of one exported file.
 *
 * A file is written under a temporary name in the folder of its final name and renamed by
 * xp_out_commit, so that a reader never sees half of it. The first error sticks: later puts do
 * nothing, and commit reports it. Whoever opens an output ends it with exactly one of xp_out_commit
 * and xp_out_abort. A signal that ends the program removes what is unfinished (xp_out_guard). "-"
 * is standard output: nothing is renamed, nothing can be taken back. */
#ifndef KYMO_EXPORT_OUT_H
#define KYMO_EXPORT_OUT_H
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kymo.h"

#define XP_OUT_BUFFER (1u << 18)

struct xp_out {
    int fd;
    int error;         /* errno of the first failure, 0 none */
    size_t used;       /* bytes in the buffer */
    uint64_t flushed;  /* bytes handed to the kernel */
    int guard;         /* slot in the list of unfinished names, -1 none */
    char *path, *temp; /* final and temporary name; temp is NULL for standard output */
    uint8_t *buffer;
};

/* Fills err and returns -1 when the folder cannot be written. */
int xp_out_open(struct xp_out *o, const char *path, struct kymo_error *err);
/* An unnamed spool file beside `path`, to be copied into another output by xp_out_append. */
int xp_out_spool(struct xp_out *o, const char *path, struct kymo_error *err);
int xp_out_commit(struct xp_out *o, struct kymo_error *err);
void xp_out_abort(struct xp_out *o);
/* All bytes of a spool; the spool is ended. */
int xp_out_append(struct xp_out *o, struct xp_out *spool, struct kymo_error *err);
void xp_out_flush(struct xp_out *o);
void xp_out_printf(struct xp_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void xp_out_decimal(struct xp_out *o, int64_t v);
/* The number as text; returns where in `text` it begins. */
#define XP_DECIMAL 24
const char *xp_decimal(int64_t v, char text[XP_DECIMAL]);
/* Text as a JSON string, quotes included; bytes that are no UTF-8 become '?'. */
void xp_out_json(struct xp_out *o, const char *s);

static inline uint64_t xp_out_size(const struct xp_out *o)
{
    return o->flushed + o->used;
}

static inline void xp_put(struct xp_out *o, const void *p, size_t n)
{
    while (n > XP_OUT_BUFFER - o->used) {
        size_t part = XP_OUT_BUFFER - o->used;
        memcpy(o->buffer + o->used, p, part);
        o->used += part;
        p = (const char *)p + part;
        n -= part;
        xp_out_flush(o);
    }
    memcpy(o->buffer + o->used, p, n);
    o->used += n;
}

static inline void xp_puts(struct xp_out *o, const char *s)
{
    xp_put(o, s, strlen(s));
}

static inline void xp_putc(struct xp_out *o, char c)
{
    xp_put(o, &c, 1);
}

/* The process's umask, for names that mkstemp and mkdtemp made too private. */
unsigned xp_umask(void);

/* Names that a signal or an error exit must remove: a file, or the folder of a folder format. */
int xp_guard_add(const char *path);
/* Holds those signals back (true) while a name exists that no guard knows; pairs may nest. */
void xp_guard_hold(bool on);
void xp_guard_remove(int slot);
/* Installs handlers for the signals that end a program and ignores SIGPIPE, so that a closed pipe
 * is an error of write. */
void xp_guard_signals(void);
#endif
