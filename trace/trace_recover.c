/* SPDX-License-Identifier: MIT */
/* Finding the trace of an earlier boot in memory that nobody cleared.
 *
 * The control block is gone: start-up code has overwritten it. The blocks' headers are enough:
 * they carry magic, version, table hash and event_seq. Only of the block that was open nobody
 * wrote down how full it was: its slots are walked for as long as they make sense, that is, a
 * known code, room for the payload, and a time that does not go back by more than the garbage of
 * an older lap would. */
#include "trace_drain.h"
#if CONFIG_DEBUG_TRACE
#include "trace_hash.h"

static struct trace_block *recover_at(const struct trace_recovered *r, uint32_t i)
{
    return (struct trace_block *) (void *) (r->ring + i * r->block_bytes);
}

/* Closes a block that was open; 0 if there is no whole event in it. */
static int recover_open(const struct trace_recovered *r, struct trace_block *h)
{
    const struct trace_slot *s = (const void *) (h + 1);
    uint32_t slots = 0, words = 0, base = h->time << 24, before = 0;
    for (;; slots++, s++) {
        uint32_t left = r->block_bytes - TRACE_HEADER - slots * TRACE_SLOT - words * 4;
        int n = left >= TRACE_SLOT ? trace_code_words(s->word & 0xFF) : -1;
        uint32_t since = s->stamp - base;
        if (n < 0 || left < TRACE_SLOT + (uint32_t) n * 4 || since < before)
            break;
        before = since;
        words += (uint32_t) n;
    }
    h->slots = (uint16_t) slots;
    h->words = (uint16_t) words;
    return slots != 0;
}

static int recover_fits(const struct trace_recovered *r, const struct trace_block *h)
{
    return h->magic == TRACE_BLOCK_MAGIC && h->version == TRACE_VERSION &&
           TRACE_HEADER + h->slots * TRACE_SLOT + h->words * 4u <= r->block_bytes;
}

/* The newest block, or the number of blocks if there is none. */
static uint32_t recover_newest(const struct trace_recovered *r, uint32_t count, int *foreign)
{
    uint32_t newest = count;
    for (uint32_t i = 0; i < count; i++) {
        struct trace_block *h = recover_at(r, i);
        if (!recover_fits(r, h))
            continue;
        if (h->table_hash != TRACE_TABLE_HASH) {
            *foreign = 1;
            continue;
        }
        if (newest == count || (int32_t) (h->event_seq - recover_at(r, newest)->event_seq) > 0)
            newest = i;
    }
    return newest;
}

int trace_recover(void *ring, uint32_t bytes, uint32_t block_bytes, struct trace_recovered *out)
{
    *out = (struct trace_recovered){.ring = ring, .bytes = bytes, .block_bytes = block_bytes};
    if (block_bytes < TRACE_BLOCK_MIN || block_bytes > TRACE_BLOCK_MAX ||
        (block_bytes & (block_bytes - 1)) || bytes % block_bytes || bytes / block_bytes < 2 ||
        (uintptr_t) ring % 4)
        return -1;
    uint32_t count = bytes / block_bytes;
    int foreign = 0;
    uint32_t i = out->newest = recover_newest(out, count, &foreign);
    if (i == count)
        return foreign ? -2 : 0;
    struct trace_block *h = recover_at(out, i);
    if (h->slots == 0 && !recover_open(out, h)) {
        i = out->newest =
            (i + count - 1) % count; /* opened, and nothing came: the one before is the last */
        h = recover_at(out, i);
        if (!recover_fits(out, h) || h->table_hash != TRACE_TABLE_HASH || h->slots == 0)
            return 0;
    }
    out->end_seq = h->event_seq + h->slots;
    /* back through the blocks that fit to each other without a gap */
    for (out->blocks = 1; out->blocks < count; out->blocks++) {
        uint32_t seq = h->event_seq;
        i = (i + count - 1) % count;
        struct trace_block *before = recover_at(out, i);
        if (!recover_fits(out, before) || before->slots == 0 ||
            before->table_hash != TRACE_TABLE_HASH || before->event_seq + before->slots != seq)
            break;
        h = before;
    }
    out->first_seq = h->event_seq;
    return (int) out->blocks;
}

const void *trace_recovered_block(const struct trace_recovered *r, uint32_t i)
{
    uint32_t count = r->bytes / r->block_bytes;
    return recover_at(r, (r->newest + count - (r->blocks - 1 - i)) % count);
}
#endif
