/* SPDX-License-Identifier: MIT */
/* The trace that a drain on the target sent (SPEC.md section 5, *stream*): packets between whatever
 * else a line carried. */
#ifndef KYMO_CAPTURE_STREAM_H
#define KYMO_CAPTURE_STREAM_H
#include "writer.h"

struct capture_stream {
    const uint8_t *data;
    uint64_t size;
    uint64_t at;               /* where the next packet is looked for */
    uint64_t foreign;          /* bytes so far that belong to no packet */
    uint64_t packets, missing; /* missing: numbers that never came */
    uint32_t next_index;
};

struct capture_stream_packet {
    unsigned type, hart;
    const uint8_t *payload;
    uint32_t length;
};

/* The next sound packet, wherever it begins; false at the end. */
bool capture_stream_next(struct capture_stream *s, struct capture_stream_packet *p);
/* Do the bytes hold a packet at all? */
bool capture_is_stream(const uint8_t *data, uint64_t size);

#endif
