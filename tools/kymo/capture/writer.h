/* SPDX-License-Identifier: MIT */
/* Writes a container (SPEC.md 5): append-only, each packet with one write call, nothing ever
 * changed.
 *
 * The file gets its final name at once, so that a run that is killed leaves what it had; but it is
 * created only by the first packet, so that a run that never started leaves nothing. A regular file
 * that was there is unlinked, not truncated: a reader that has it mapped keeps it. After a failed
 * write the file is cut back to its last whole packet. */
#ifndef KYMO_CAPTURE_WRITER_H
#define KYMO_CAPTURE_WRITER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture_writer {
    const char *path;
    int fd;             /* -1: not created yet */
    uint32_t index;     /* of the next packet */
    uint64_t length;    /* of the file, up to its last whole packet */
    int error;          /* errno of the first failure; nothing is written after it */
    uint64_t failed_at; /* file offset of that failure */
};

void capture_writer_init(struct capture_writer *w, const char *path);
/* Appends one packet whose payload is a and then b. False after any failure. */
bool capture_packet2(struct capture_writer *w, unsigned type, unsigned hart, const void *a,
                     size_t a_length, const void *b, size_t b_length);
bool capture_packet(struct capture_writer *w, unsigned type, unsigned hart, const void *data,
                    size_t length);
/* Closes the file; false if that, or anything before, failed. */
bool capture_writer_close(struct capture_writer *w);

#endif
