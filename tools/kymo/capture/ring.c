/* SPDX-License-Identifier: MIT */
/* The ring in guest memory; see ring.h. Offsets are SPEC.md's, sections 2 and 3. */
#include "ring.h"

#include "lib/container.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CTL_STRIDE = 6,
    CTL_HEAD = 8,
    CTL_TAIL = 12,
    CTL_BLOCK = 20,
    CTL_RING = 24,
    CTL_RING_SIZE = 28,
    CTL_BLOCK_SIZE = 32,
    CTL_HASH = 56
};
enum { B_SLOTS = 0, B_WORDS = 2, B_MAGIC = 4, B_SEQ = 8, B_TIME = 12, SLOT = 8, SLOT_CODE = 4 };

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t get16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

/* `length` bytes of guest memory, or NULL when they are not all RAM. */
static const uint8_t *at(const struct capture_ram *ram, uint32_t addr, uint32_t length)
{
    uint32_t offset = addr - CAPTURE_RAM_BASE;
    if (addr < CAPTURE_RAM_BASE || offset >= ram->size || length > ram->size - offset)
        return NULL;
    return ram->data + offset;
}

bool capture_word(const struct capture_ram *ram, uint32_t addr, uint32_t *value)
{
    const uint8_t *p = at(ram, addr, 4);
    if (p)
        *value = get32(p);
    return p != NULL;
}

/* Time of the last of a block's slots, and whether one of them has this code. */
static void look_at_slots(struct capture_seen *seen, const uint8_t *block, uint32_t slots,
                          int panic_code)
{
    uint64_t time = (uint64_t)get32(block + B_TIME) << 24;
    seen->panic = false;
    for (uint32_t i = 0; i < slots; i++) {
        const uint8_t *s = block + KYMO_BLOCK_HEADER + i * SLOT;
        time += (uint32_t)(get32(s) - (uint32_t)time);
        seen->panic |= s[SLOT_CODE] == panic_code;
    }
    seen->time = slots && time > seen->time ? time : seen->time;
    seen->events += slots;
}

static bool is_closed_block(const uint8_t *b, uint32_t size)
{
    uint32_t slots = get16(b + B_SLOTS), words = get16(b + B_WORDS);
    return get16(b + B_MAGIC) == KYMO_BLOCK_MAGIC && slots &&
           KYMO_BLOCK_HEADER + slots * SLOT + words * 4 <= size;
}

bool capture_note_block(struct capture_seen *seen, const uint8_t *b, uint32_t size, int panic_code)
{
    if (size < KYMO_BLOCK_HEADER || size > sizeof seen->block || !is_closed_block(b, size))
        return false;
    if (seen->length == size && memcmp(seen->block, b, size) == 0)
        return false;
    memcpy(seen->block, b, size);
    seen->length = size;
    look_at_slots(seen, b, get16(b + B_SLOTS), panic_code);
    return true;
}

struct ctl {
    uint32_t head, tail, block, ring, ring_size, block_size;
};

static bool read_ctl(const struct capture_image *im, const struct capture_ram *ram, unsigned hart,
                     const uint8_t **raw, struct ctl *c)
{
    const uint8_t *first = at(ram, im->ctl, KYMO_CTL_SIZE), *p = first;
    if (first && hart)
        p = at(ram, im->ctl + hart * get16(first + CTL_STRIDE), KYMO_CTL_SIZE);
    *raw = p;
    if (!p || get32(p) != KYMO_CTL_MAGIC)
        return false;
    *c = (struct ctl){get32(p + CTL_HEAD), get32(p + CTL_TAIL),      get32(p + CTL_BLOCK),
                      get32(p + CTL_RING), get32(p + CTL_RING_SIZE), get32(p + CTL_BLOCK_SIZE)};
    uint32_t size = c->block_size;
    return size >= KYMO_BLOCK_MIN && size <= KYMO_BLOCK_MAX && !(size & (size - 1)) &&
           c->ring_size >= size && c->ring_size % size == 0 &&
           at(ram, c->ring, c->ring_size) != NULL;
}

bool capture_ctl(const struct capture_image *im, const struct capture_ram *ram, unsigned hart,
                 uint32_t *block_size, uint32_t *table_hash)
{
    const uint8_t *raw;
    struct ctl c;
    if (!read_ctl(im, ram, hart, &raw, &c))
        return false;
    *block_size = c.block_size;
    *table_hash = get32(raw + CTL_HASH);
    return true;
}

/* Sequence numbers wrap: the later of two is less than half their range ahead. */
static bool newer(const uint8_t *a, const uint8_t *b)
{
    uint32_t ahead = get32(a + B_SEQ) - get32(b + B_SEQ);
    return ahead && ahead < 0x80000000u;
}

static int by_seq(const void *a, const void *b)
{
    const uint8_t *x = *(const uint8_t *const *)a, *y = *(const uint8_t *const *)b;
    return newer(x, y) - newer(y, x);
}

/* Closed blocks that are newer than `newest` (NULL: all), oldest first, without the one at
 * trace_ctl.block: its counts may be half written, and the OPEN packet has it. The caller frees the
 * list. */
static size_t closed_blocks(const struct capture_ram *ram, const struct ctl *c,
                            const uint8_t *newest, const uint8_t ***list)
{
    size_t n = 0;
    *list = malloc(c->ring_size / c->block_size * sizeof **list);
    if (!*list)
        abort();
    for (uint32_t offset = 0; offset < c->ring_size; offset += c->block_size) {
        const uint8_t *b = at(ram, c->ring, c->ring_size) + offset;
        if (c->ring + offset != c->block && is_closed_block(b, c->block_size) &&
            (!newest || newer(b, newest)))
            (*list)[n++] = b;
    }
    qsort(*list, n, sizeof **list, by_seq);
    return n;
}

static bool put_closed(struct capture_writer *w, const struct capture_ram *ram, const struct ctl *c,
                       unsigned hart, struct capture_seen *seen, int panic_code)
{
    const uint8_t **list;
    size_t n = closed_blocks(ram, c, seen->length ? seen->block : NULL, &list);
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++)
        if (capture_note_block(seen, list[i], c->block_size, panic_code))
            ok = capture_packet(w, KYMO_PACKET_BLOCK, hart, list[i], c->block_size);
    free(list);
    return ok;
}

/* The block at trace_ctl.block. While a block change is under way it is a closed one; the reader
 * knows that case too. */
static const uint8_t *open_block(const struct capture_ram *ram, const struct ctl *c, char *note,
                                 size_t note_size)
{
    uint32_t offset = c->block - c->ring;
    if (!c->block)
        return NULL;
    if (offset >= c->ring_size || offset % c->block_size) {
        snprintf(note, note_size, "trace_ctl.block 0x%08x is not in the ring", c->block);
        return NULL;
    }
    const uint8_t *b = at(ram, c->block, c->block_size);
    if (b && get16(b + B_MAGIC) == KYMO_BLOCK_MAGIC)
        return b;
    snprintf(note, note_size, "the open block 0x%08x is broken", c->block);
    return NULL;
}

/* Slots of the block at trace_ctl.block; when a block change is under way, its header has them. */
static uint32_t open_slots(const struct ctl *c, const uint8_t *b)
{
    uint32_t first = c->block + KYMO_BLOCK_HEADER, end = c->block + c->block_size;
    if (c->tail > c->block && c->tail <= end)
        return c->head >= first && c->head <= c->tail ? (c->head - first) / SLOT : 0;
    return is_closed_block(b, c->block_size) ? get16(b + B_SLOTS) : 0;
}

bool capture_tail(struct capture_writer *w, const struct capture_image *im,
                  const struct capture_ram *ram, unsigned hart, struct capture_seen *seen,
                  int panic_code, char *note, size_t note_size)
{
    const uint8_t *raw;
    struct ctl c;
    *note = 0;
    if (!read_ctl(im, ram, hart, &raw, &c)) {
        if (raw && get32(raw) == 0)
            snprintf(note, note_size,
                     "the recorder was not started (no trace_init before the end)");
        else
            snprintf(note, note_size,
                     "trace_ctl is broken: only blocks that were captured before are in the trace");
        return true;
    }
    if (!put_closed(w, ram, &c, hart, seen, panic_code))
        return false;
    const uint8_t *open = open_block(ram, &c, note, note_size);
    if (open && (!seen->length || newer(open, seen->block))) {
        bool panic = seen->panic;
        look_at_slots(seen, open, open_slots(&c, open), panic_code);
        seen->panic |= panic;
    }
    return capture_packet2(w, KYMO_PACKET_OPEN, hart, raw, KYMO_CTL_SIZE, open,
                           open ? c.block_size : 0);
}
