/* SPDX-License-Identifier: MIT */
/* The drain: copies a block while writers go on, checks that it was not overwritten meanwhile,
 * wraps it into a packet, and hands it to the transport in as many pieces as that likes. */
#include "trace_drain.h"
#if CONFIG_DEBUG_TRACE
#include "trace_private.h"

enum { FILE_HEADER = 16, PACKET_HEADER = 24, OPEN_HEADER = 64, TYPE_BLOCK = 5, TYPE_OPEN = 6 };

typedef volatile struct trace_control control;
typedef volatile struct trace_block block;

static uint32_t trace_crc(uint32_t crc, const uint8_t *p, uint32_t n)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    for (; n; n--) {
        crc ^= *p++;
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return crc;
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t) v;
    p[1] = (uint8_t) (v >> 8);
}
static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

/* Header and checksum of the packet whose payload lies behind them already. */
static void trace_drain_seal(struct trace_drain *d, uint32_t type, uint32_t hart, uint32_t payload)
{
    uint8_t *p = d->frame;
    put32(p, 0x4B50594B);
    put16(p + 4, type);
    put16(p + 6, hart);
    put32(p + 8, payload);
    put32(p + 12, d->index++);
    uint32_t crc = trace_crc(0xFFFFFFFF, p, 16);
    put32(p + 16, ~trace_crc(crc, p + PACKET_HEADER, payload));
    put32(p + 20, 0);
    d->sent = 0;
    d->size = PACKET_HEADER + payload; /* blocks are multiples of 8 */
}

int trace_drain_init(struct trace_drain *d, void *frame, uint32_t bytes, trace_drain_put *put,
                     void *to)
{
    static const uint8_t file[FILE_HEADER] = {0x89, 'K',  'Y', 'M', 'O', '\r',
                                              '\n', 0x1A, 1,   0,   16,  0};
    control *c = TRACE_PORT_CONTROL();
    if (bytes < TRACE_DRAIN_BYTES(c->block_size))
        return -1;
    *d = (struct trace_drain){
        .frame = frame, .room = bytes, .put = put, .to = to, .size = FILE_HEADER};
    for (unsigned i = 0; i < FILE_HEADER; i++)
        d->frame[i] = file[i];
    d->next_seq = d->open_end = c->first_seq;
    return 0;
}

static void trace_drain_copy(uint8_t *to, uint32_t from, uint32_t bytes)
{
    volatile uint32_t *p = TRACE_AT(uint32_t, from);
    uint32_t *out = (uint32_t *) (void *) to;
    for (uint32_t i = 0; i < bytes / 4; i++)
        out[i] = p[i];
}

/* The closed block that begins with next_seq, or the first one after it; 0: none. What lies
 * between is lost, but for events that went out with the block when it was still open. */
static uint32_t trace_drain_find(struct trace_drain *d, control *c)
{
    uint32_t b = trace_oldest(c);
    if ((int32_t) (c->first_seq - d->next_seq) > 0)
        d->next_seq = d->open_end = c->first_seq; /* cleared, which is not lost */
    for (uint32_t n = c->block_size ? c->ring_size / c->block_size : 0; b && n; n--) {
        block *h = TRACE_AT(struct trace_block, b);
        uint32_t seq = h->event_seq, slots = h->slots;
        if (h->magic == TRACE_BLOCK_MAGIC && slots && (int32_t) (seq + slots - d->next_seq) > 0) {
            uint32_t sent = (int32_t) (d->open_end - d->next_seq) > 0 ? d->open_end : d->next_seq;
            uint32_t missed = (int32_t) (seq - sent) > 0 ? seq - sent : 0;
            d->lost += missed;
            trace_irq_t irq = trace_port_mask();
            c->lost_drain += missed;
            trace_port_restore(irq);
            d->next_seq = seq;
            return b;
        }
        b += c->block_size;
        if (b == c->end)
            b = c->ring;
    }
    return 0;
}

/* Makes the next closed block the frame. 0: there is none. */
static int trace_drain_next(struct trace_drain *d, control *c)
{
    uint32_t b = trace_drain_find(d, c);
    if (!b)
        return 0;
    block *h = TRACE_AT(struct trace_block, b);
    uint32_t seq = h->event_seq, slots = h->slots;
    trace_drain_copy(d->frame + PACKET_HEADER, b, c->block_size);
    if (h->event_seq != seq || h->slots != slots || seq != d->next_seq)
        return 1; /* overwritten while it was copied: find again */
    d->next_seq = seq + slots;
    d->open_end = d->next_seq;
    trace_drain_seal(d, TYPE_BLOCK, h->hart, c->block_size);
    return 1;
}

/* The open block with the control block before it, if it has anything new. */
static int trace_drain_open(struct trace_drain *d, control *c)
{
    uint32_t end = trace_end_seq(c), words[OPEN_HEADER / 4];
    if (!c->block || end == d->open_end || (int32_t) (end - d->next_seq) <= 0)
        return 0;
    trace_irq_t irq = trace_port_mask();
    const volatile uint32_t *from = (const volatile uint32_t *) c;
    for (unsigned i = 0; i < OPEN_HEADER / 4; i++)
        words[i] = from[i];
    trace_port_restore(irq);
    uint32_t b = words[20 / 4];
    block *h = TRACE_AT(struct trace_block, b);
    uint32_t seq = h->event_seq;
    for (unsigned i = 0; i < OPEN_HEADER / 4; i++)
        put32(d->frame + PACKET_HEADER + 4 * i, words[i]);
    trace_drain_copy(d->frame + PACKET_HEADER + OPEN_HEADER, b, c->block_size);
    if (h->event_seq != seq || words[8 / 4] > words[12 / 4] || seq != d->next_seq)
        return 0; /* it was closed meanwhile, and comes as a block */
    d->open_end = seq + (words[8 / 4] - b - TRACE_HEADER) / TRACE_SLOT;
    trace_drain_seal(d, TYPE_OPEN, h->hart, OPEN_HEADER + c->block_size);
    return 1;
}

uint32_t trace_drain_step(struct trace_drain *d, int flush)
{
    control *c = TRACE_PORT_CONTROL();
    uint32_t took = 0;
    if (c->block_size > d->room - TRACE_DRAIN_BYTES(0))
        return 0;
    if (d->sent == d->size && !trace_drain_next(d, c) && flush)
        trace_drain_open(d, c);
    if (d->sent < d->size) {
        took = d->put(d->to, d->frame + d->sent, d->size - d->sent);
        d->sent += took < d->size - d->sent ? took : d->size - d->sent;
    }
    return took;
}

uint32_t trace_drain_lost(struct trace_drain *d)
{
    trace_drain_find(d, TRACE_PORT_CONTROL());
    return d->lost;
}

int trace_drain_idle(const struct trace_drain *d)
{
    control *c = TRACE_PORT_CONTROL();
    block *h = TRACE_AT(struct trace_block, c->closed ? c->closed : c->ring);
    return d->sent == d->size &&
           (!c->closed || (int32_t) (h->event_seq + h->slots - d->next_seq) <= 0);
}

int trace_drain_block(struct trace_drain *d, const void *from, uint32_t block_bytes, uint16_t hart)
{
    const uint8_t *p = from;
    if (d->sent != d->size || d->room < TRACE_DRAIN_BYTES(block_bytes))
        return 0;
    for (uint32_t i = 0; i < block_bytes; i++)
        d->frame[PACKET_HEADER + i] = p[i];
    trace_drain_seal(d, TYPE_BLOCK, hart, block_bytes);
    return 1;
}
#endif
