/* SPDX-License-Identifier: MIT */
/* The container writer; see writer.h. */
#include "writer.h"

#include "lib/container.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void capture_writer_init(struct capture_writer *w, const char *path)
{
    *w = (struct capture_writer){.path = path, .fd = -1};
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

static bool fail(struct capture_writer *w, int error)
{
    w->error = error ? error : EIO;
    w->failed_at = w->length;
    if (w->fd >= 0 && ftruncate(w->fd, (off_t)w->length) != 0) {
        /* a pipe or a device: there is nothing to cut, and the failure is reported already */
    }
    return false;
}

static bool put(struct capture_writer *w, const uint8_t *p, size_t length)
{
    size_t left = length;
    while (left) {
        ssize_t n = write(w->fd, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(w, n < 0 ? errno : ENOSPC);
        p += n;
        left -= (size_t)n;
    }
    w->length += length;
    return true;
}

static bool create(struct capture_writer *w)
{
    struct stat st;
    bool exists = stat(w->path, &st) == 0;
    if (exists && S_ISREG(st.st_mode) && unlink(w->path) != 0)
        return fail(w, errno);
    w->fd = open(w->path,
                 exists && !S_ISREG(st.st_mode) ? O_WRONLY | O_CLOEXEC
                                                : O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                 0666);
    if (w->fd < 0)
        return fail(w, errno);
    uint8_t header[KYMO_FILE_HEADER] = {0};
    memcpy(header, KYMO_FILE_MAGIC, 8);
    put16(header + 8, 1);
    put16(header + 10, KYMO_FILE_HEADER);
    return put(w, header, sizeof header);
}

bool capture_packet2(struct capture_writer *w, unsigned type, unsigned hart, const void *a,
                     size_t a_length, const void *b, size_t b_length)
{
    size_t length = a_length + b_length, whole = KYMO_PACKET_HEADER + ((length + 7) & ~(size_t)7);
    assert(type && type <= UINT16_MAX && hart <= UINT16_MAX);
    if (w->error || (w->fd < 0 && !create(w)))
        return false;
    uint8_t *p = length <= UINT32_MAX - 64 ? calloc(1, whole) : NULL;
    if (!p)
        return fail(w, ENOMEM);
    put32(p, KYMO_PACKET_MAGIC);
    put16(p + 4, type);
    put16(p + 6, hart);
    put32(p + 8, (uint32_t)length);
    put32(p + 12, w->index);
    if (a_length)
        memcpy(p + KYMO_PACKET_HEADER, a, a_length);
    if (b_length)
        memcpy(p + KYMO_PACKET_HEADER + a_length, b, b_length);
    put32(p + 16, kymo_packet_crc(p, p + KYMO_PACKET_HEADER, length));
    bool ok = put(w, p, whole);
    free(p);
    w->index += ok;
    return ok;
}

bool capture_packet(struct capture_writer *w, unsigned type, unsigned hart, const void *data,
                    size_t length)
{
    return capture_packet2(w, type, hart, data, length, NULL, 0);
}

bool capture_writer_close(struct capture_writer *w)
{
    int fd = w->fd;
    w->fd = -1;
    if (fd >= 0 && close(fd) != 0 && !w->error) {
        w->error = errno;
        w->failed_at = w->length;
    }
    return !w->error;
}
