/* SPDX-License-Identifier: MIT */
/* Owns the container's packets: finds them, checks them, and finds the next sound one after damage
 * (SPEC.md section 5). Nothing in a packet is believed before its checksum was right. */
#include "private.h"

#include <zlib.h>

uint32_t kymo_packet_crc(const void *header16, const void *payload, size_t length)
{
    uLong crc = crc32_z(0, header16, 16);
    return (uint32_t)crc32_z(crc, payload, length);
}

static uint64_t padded(uint32_t length)
{
    return ((uint64_t)length + 7) & ~7ull;
}

enum look { LOOK_OK, LOOK_NONE, LOOK_CUT, LOOK_ERROR };

/* Is there a sound packet at `offset`? CUT: it may be one, but the file ends before it does. */
static enum look look(struct kymo_window *w, const struct kymo_source *s, uint64_t offset,
                      struct kymo_packet_view *view, struct kymo_error *err)
{
    if (s->size - offset < KYMO_PACKET_HEADER)
        return LOOK_CUT;
    const uint8_t *h = kymo_window_at(w, s, offset, KYMO_PACKET_HEADER, err);
    if (!h)
        return LOOK_ERROR;
    uint32_t length = kymo_get32(h + 8);
    if (kymo_get32(h) != KYMO_PACKET_MAGIC || length > KYMO_PACKET_MAX)
        return LOOK_NONE;
    if (s->size - offset - KYMO_PACKET_HEADER < length)
        return LOOK_CUT;
    h = kymo_window_at(w, s, offset, KYMO_PACKET_HEADER + length, err);
    if (!h)
        return LOOK_ERROR;
    if (kymo_packet_crc(h, h + KYMO_PACKET_HEADER, length) != kymo_get32(h + 16))
        return LOOK_NONE;
    *view = (struct kymo_packet_view){.type = kymo_get16(h + 4),
                                      .hart = kymo_get16(h + 6),
                                      .length = length,
                                      .offset = offset,
                                      .payload = h + KYMO_PACKET_HEADER};
    return LOOK_OK;
}

/* Damage at `from`: the next offset where a sound packet begins, or the file's end. Packets begin
 * at multiples of 8. */
static int resync(struct kymo_window *w, const struct kymo_source *s, uint64_t from,
                  uint64_t *found, struct kymo_error *err)
{
    struct kymo_packet_view v;
    for (uint64_t at = from + 8; at + KYMO_PACKET_HEADER <= s->size; at += 8) {
        const uint8_t *p = kymo_window_at(w, s, at, 4, err);
        if (!p)
            return -1;
        if (kymo_get32(p) != KYMO_PACKET_MAGIC)
            continue;
        enum look r = look(w, s, at, &v, err);
        if (r == LOOK_ERROR)
            return -1;
        if (r == LOOK_OK) {
            *found = at;
            return 0;
        }
    }
    *found = s->size;
    return 0;
}

int kymo_packet_read(struct kymo_window *w, const struct kymo_source *s, uint64_t *offset,
                     struct kymo_packet_view *view, struct kymo_error *err)
{
    uint64_t at = *offset, found;
    if (at >= s->size)
        return KYMO_PACKET_END_OF_FILE;
    enum look r = look(w, s, at, view, err);
    if (r == LOOK_OK) {
        uint64_t next = at + KYMO_PACKET_HEADER + padded(view->length);
        *offset = next < s->size ? next : s->size;
        return KYMO_PACKET_OK;
    }
    if (r == LOOK_ERROR || resync(w, s, at, &found, err))
        return -1;
    view->offset = at;
    if (r == LOOK_CUT && found == s->size)
        return KYMO_PACKET_CUT;
    *offset = found;
    return KYMO_PACKET_SKIPPED;
}
