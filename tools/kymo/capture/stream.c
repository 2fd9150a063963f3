/* SPDX-License-Identifier: MIT */
/* See stream.h. A line may lose bytes, carry a console beside the trace, or be listened to from the
 * middle on: a packet is what has the magic and a right checksum, at any offset. */
#include "stream.h"

#include "lib/container.h"

#include <string.h>

static uint32_t get(const uint8_t *p, unsigned bytes)
{
    uint32_t v = 0;
    memcpy(&v, p, bytes);
    return v;
}

/* A sound packet at `at`? */
static bool packet_at(const struct capture_stream *s, uint64_t at, struct capture_stream_packet *p)
{
    const uint8_t *h = s->data + at;
    if (s->size - at < KYMO_PACKET_HEADER || get(h, 4) != KYMO_PACKET_MAGIC)
        return false;
    uint32_t length = get(h + 8, 4);
    if (length > s->size - at - KYMO_PACKET_HEADER ||
        kymo_packet_crc(h, h + KYMO_PACKET_HEADER, length) != get(h + 16, 4))
        return false;
    *p = (struct capture_stream_packet){.type = get(h + 4, 2),
                                        .hart = get(h + 6, 2),
                                        .payload = h + KYMO_PACKET_HEADER,
                                        .length = length};
    return true;
}

bool capture_stream_next(struct capture_stream *s, struct capture_stream_packet *p)
{
    if (s->at == 0 && s->size >= KYMO_FILE_HEADER && memcmp(s->data, KYMO_FILE_MAGIC, 8) == 0)
        s->at = KYMO_FILE_HEADER;
    uint64_t begin = s->at;
    while (s->at < s->size) {
        const uint8_t *k = memchr(s->data + s->at, KYMO_PACKET_MAGIC & 0xFF, s->size - s->at);
        s->at = k ? (uint64_t)(k - s->data) : s->size;
        if (k && packet_at(s, s->at, p))
            break;
        s->at += k != NULL;
    }
    s->foreign += s->at - begin;
    if (s->at == s->size)
        return false;
    uint32_t index = get(s->data + s->at + 12, 4);
    if (s->packets++ && index - s->next_index < 1u << 31)
        s->missing += index - s->next_index;
    s->next_index = index + 1;
    uint64_t end = s->at + KYMO_PACKET_HEADER + p->length;
    for (unsigned i = 0; end < s->size && end % 8 != s->at % 8 && i < 7 && s->data[end] == 0; i++)
        end++; /* padding up to a multiple of 8 from the packet's beginning */
    s->at = end;
    return true;
}

bool capture_is_stream(const uint8_t *data, uint64_t size)
{
    struct capture_stream s = {.data = data, .size = size};
    struct capture_stream_packet p;
    return capture_stream_next(&s, &p);
}
