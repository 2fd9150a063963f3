/* SPDX-License-Identifier: MIT */
/* The cached data base of a trace. The rules are in cache.h. */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite.h"

enum { PIECE = 4096, SAMPLES = 1024 };
#define WHOLE (64ull << 20)
#define STAMP_SIZE 128

static uint64_t mix(uint64_t h, const uint8_t *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        h = (h ^ v) * 0x9E3779B97F4A7C15ull;
        h ^= h >> 29;
    }
    for (; n; p++, n--)
        h = (h ^ *p) * 0x100000001B3ull;
    return h;
}

/* Hash of the bytes from `at` on, at most n of them. */
static int piece(int fd, uint64_t at, size_t n, uint64_t *h)
{
    static uint8_t buffer[1 << 16];
    while (n > 0) {
        ssize_t got = pread(fd, buffer, n < sizeof buffer ? n : sizeof buffer, (off_t)at);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        *h = mix(*h, buffer, (size_t)got);
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

static int content(int fd, uint64_t size, uint64_t *h)
{
    *h = size;
    if (size <= WHOLE)
        return piece(fd, 0, (size_t)size, h);
    for (uint64_t i = 0; i < SAMPLES; i++)
        if (piece(fd, (size - PIECE) / (SAMPLES - 1) * i, PIECE, h) < 0)
            return -1;
    return piece(fd, size - PIECE, PIECE, h);
}

static int stamp_of(const char *trace, char stamp[STAMP_SIZE], struct kymo_error *err)
{
    struct stat st;
    uint64_t hash = 0;
    int fd = open(trace, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || content(fd, (uint64_t)st.st_size, &hash) < 0) {
        snprintf(err->text, sizeof err->text, "%.300s: %s", trace, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    close(fd);
    snprintf(stamp, STAMP_SIZE, "%d %jd %jd.%09ld %016" PRIx64, SQL_VERSION, (intmax_t)st.st_size,
             (intmax_t)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec, hash);
    return 0;
}

#ifdef HAVE_SQLITE3
#include <sqlite3.h>

/* May the file be replaced? Not if it is something else that only has the name: no data base, or
 * one without our table. A data base that is broken cannot be told from a broken cache, and
 * goes. */
static bool foreign(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    struct stat st;
    if (stat(path, &st) != 0 || st.st_size == 0)
        return false;
    int r = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    if (r == SQLITE_OK)
        r = sqlite3_prepare_v2(db, "SELECT version, stamp FROM kymo_cache", -1, &s, NULL);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return r == SQLITE_ERROR || r == SQLITE_NOTADB || r == SQLITE_CANTOPEN;
}

static bool fits(const char *path, const char *stamp)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    bool ok = access(path, R_OK) == 0 &&
              sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(db, "SELECT 1 FROM kymo_cache WHERE version = ? AND stamp = ?", -1,
                                 &s, NULL) == SQLITE_OK;
    if (ok) {
        sqlite3_bind_int(s, 1, SQL_VERSION);
        sqlite3_bind_text(s, 2, stamp, -1, SQLITE_STATIC);
        ok = sqlite3_step(s) == SQLITE_ROW;
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    return ok;
}
#else
static bool foreign(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool fits(const char *path, const char *stamp)
{
    (void)path;
    (void)stamp;
    return false;
}
#endif

static int build(const char *trace, const char *path, const char *stamp, struct kymo_error *err)
{
    struct xp_job job = {.input = trace, .output = path};
    if (kymo_open(&job.trace, trace, err) < 0)
        return -1;
    int r = sql_write(&job, stamp, err);
    kymo_close(job.trace);
    return r;
}

/* A name of ours in TMPDIR; the empty file holds it until the data base is renamed over it. */
static int temporary(struct xp_cache *c, struct kymo_error *err)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(c->path, sizeof c->path, "%s/kymo-query.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    int fd = mkstemp(c->path);
    if (fd < 0) {
        snprintf(err->text, sizeof err->text, "%.300s: %s", c->path, strerror(errno));
        return -1;
    }
    close(fd);
    c->temporary = true;
    return 0;
}

static bool folder_writable(const char *trace)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(trace, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - trace + 1) : 1,
             slash ? trace : ".");
    return access(folder, W_OK) == 0;
}

int xp_cache_find(struct xp_cache *c, const char *trace, bool fresh, struct kymo_error *err)
{
    char stamp[STAMP_SIZE];
    *c = (struct xp_cache){.built = true};
    if (stamp_of(trace, stamp, err) < 0)
        return -1;
    if ((size_t)snprintf(c->path, sizeof c->path, "%s.sqlite", trace) >= sizeof c->path) {
        snprintf(err->text, sizeof err->text, "name too long: %.100s...", trace);
        return -1;
    }
    if (!fresh && fits(c->path, stamp)) {
        c->built = false;
        return 0;
    }
    if ((!folder_writable(trace) || foreign(c->path)) && temporary(c, err) < 0)
        return -1;
    if (build(trace, c->path, stamp, err) == 0)
        return 0;
    if (c->temporary)
        unlink(c->path);
    return -1;
}
