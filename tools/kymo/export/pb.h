/* SPDX-License-Identifier: MIT */
/* Protocol-buffer encoding into a buffer of fixed size, as much of it as traces need.
 *
 * A nested message is opened by pb_open and closed by pb_close; its length is a varint of always
 * four bytes, which the format allows, so that nothing is moved. A message may thus hold up to 2^28
 * - 1 bytes. The caller sees to it that the buffer is large enough: PB_ROOM is an upper bound for
 * one packet, because strings are cut at PB_STRING. */
#ifndef KYMO_EXPORT_PB_H
#define KYMO_EXPORT_PB_H
#include <assert.h>
#include <stdint.h>
#include <string.h>

#define PB_STRING 256u
#define PB_ROOM 16384u

struct pb {
    uint8_t *at, *end;
};

static inline void pb_varint(struct pb *b, uint64_t v)
{
    assert(b->end - b->at >= 10);
    while (v >= 0x80) {
        *b->at++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *b->at++ = (uint8_t)v;
}

static inline void pb_uint(struct pb *b, unsigned field, uint64_t v)
{
    pb_varint(b, field << 3);
    pb_varint(b, v);
}

/* int32, int64 and bool: negative values take ten bytes */
static inline void pb_int(struct pb *b, unsigned field, int64_t v)
{
    pb_uint(b, field, (uint64_t)v);
}

static inline void pb_bytes(struct pb *b, unsigned field, const char *s, size_t n)
{
    n = n < PB_STRING ? n : PB_STRING;
    pb_varint(b, field << 3 | 2);
    pb_varint(b, n);
    assert((size_t)(b->end - b->at) >= n);
    memcpy(b->at, s, n);
    b->at += n;
}

static inline void pb_string(struct pb *b, unsigned field, const char *s)
{
    pb_bytes(b, field, s, strlen(s));
}

static inline uint8_t *pb_open(struct pb *b, unsigned field)
{
    pb_varint(b, field << 3 | 2);
    assert(b->end - b->at >= 4);
    b->at += 4;
    return b->at;
}

static inline void pb_close(struct pb *b, uint8_t *start)
{
    uint32_t n = (uint32_t)(b->at - start);
    assert(n < 1u << 28);
    for (int i = 0; i < 4; i++, n >>= 7)
        start[i - 4] = (uint8_t)((n & 0x7F) | (i < 3 ? 0x80 : 0));
}
#endif
