/* SPDX-License-Identifier: MIT */
/* Reading the ring on the target: records one by one, a snapshot, statistics.
 *
 * A reader takes nothing from the writers: it copies, then looks whether the block it copied from
 * is still the same one (slots and words are zeroed, event_seq changes, before anything else is
 * overwritten). If not, it counts what it missed and goes on with the oldest block left. */
#include "trace.h"
#if CONFIG_DEBUG_TRACE
#include "trace_private.h"

typedef volatile struct trace_control control;
typedef volatile struct trace_block block;

/* What one block holds at one instant. */
struct view {
    uint32_t seq, slots, words;
};

static int trace_block_ok(control *c, uint32_t b)
{
    return b >= c->ring && b < c->end && (b - c->ring) % c->block_size == 0;
}

/* 0: nothing usable in it. */
static int trace_view(control *c, uint32_t b, struct view *v)
{
    block *h = TRACE_AT(struct trace_block, b);
    trace_irq_t irq = trace_port_mask();
    v->seq = h->event_seq;
    v->slots = h->slots;
    v->words = h->words;
    int ok = h->magic == TRACE_BLOCK_MAGIC;
    if (b == c->block && v->slots == 0) {
        if (c->head <= c->tail) {
            v->slots = (c->head - b - TRACE_HEADER) / TRACE_SLOT;
            v->words = (b + c->block_size - c->tail) / 4;
        }
    } else {
        ok = ok && v->slots != 0;
    }
    trace_port_restore(irq);
    return ok && TRACE_HEADER + v->slots * TRACE_SLOT + v->words * 4 <= c->block_size;
}

static uint32_t trace_after(control *c, uint32_t b)
{
    b += c->block_size;
    return b == c->end ? c->ring : b;
}

/* The block after the open one, if it was ever used, else the next that was. In a ring that is not
 * full that is the first; while a block change is under way, the one after that. */
uint32_t trace_oldest(control *c)
{
    struct view v;
    uint32_t open = c->block ? c->block : c->closed;
    if (!open || !trace_block_ok(c, open))
        return 0;
    for (uint32_t b = trace_after(c, open); b != open; b = trace_after(c, b))
        if (trace_view(c, b, &v))
            return b;
    return open;
}

uint32_t trace_end_seq(control *c)
{
    struct view v;
    uint32_t b = c->block ? c->block : c->closed;
    if (!b || !trace_block_ok(c, b) || !trace_view(c, b, &v))
        return c->first_seq;
    return v.seq + v.slots;
}

void trace_get_stats(struct trace_stats *s)
{
    control *c = TRACE_PORT_CONTROL();
    struct view v = {c->first_seq, 0, 0};
    uint32_t oldest = trace_oldest(c);
    if (oldest && !trace_view(c, oldest, &v))
        v.seq = c->first_seq;
    uint32_t end = trace_end_seq(c);
    s->lost_full = c->lost_full;
    s->lost_drain = c->lost_drain;
    s->overwritten = v.seq - c->first_seq;
    s->kept = end - v.seq;
    s->written = end - c->first_seq + s->lost_full;
}

void trace_reader_init(struct trace_reader *r)
{
    r->block = 0;
    r->lost = r->index = r->words = 0;
    r->next_seq = TRACE_PORT_CONTROL()->first_seq;
}

/* Copies record `index`; the caller checks afterwards that the block is still the same. 0: not a
 * record. */
static int trace_copy_record(control *c, const struct trace_reader *r, const struct view *v,
                             struct trace_record *out)
{
    volatile struct trace_slot *s =
        TRACE_AT(struct trace_slot, r->block + TRACE_HEADER + r->index * TRACE_SLOT);
    uint32_t word = s->word;
    out->stamp = s->stamp;
    out->code = (uint8_t) word;
    out->arg = word >> 8;
    int n = trace_code_words(out->code);
    if (n < 0 || r->words + (uint32_t) n > v->words)
        return 0;
    out->words = (uint8_t) n;
    volatile uint32_t *w = TRACE_AT(uint32_t, r->block + c->block_size - 4 * r->words);
    for (int i = 0; i < n; i++)
        out->word[i] = *--w;
    return 1;
}

/* Goes to the block that has next_seq, or, if that is overwritten, to the oldest; what lies
 * between is lost. The records before next_seq in its block are walked, because payload words have
 * no index. */
static int trace_reader_seek(control *c, struct trace_reader *r)
{
    struct view v;
    struct trace_record skipped;
    uint32_t b = trace_oldest(c);
    if (!b || !trace_view(c, b, &v))
        return 0;
    if ((int32_t) (c->first_seq - r->next_seq) > 0)
        r->next_seq = c->first_seq; /* cleared, which is not lost */
    if ((int32_t) (v.seq - r->next_seq) > 0) {
        r->lost += v.seq - r->next_seq;
        r->next_seq = v.seq;
    }
    while (r->next_seq - v.seq > v.slots || (r->next_seq - v.seq == v.slots && b != c->block)) {
        b = trace_after(c, b);
        if (b == trace_oldest(c) || !trace_view(c, b, &v))
            return 0;
    }
    r->block = b;
    r->words = 0;
    for (r->index = 0; r->index < r->next_seq - v.seq; r->index++) {
        if (!trace_copy_record(c, r, &v, &skipped))
            return 0;
        r->words += skipped.words;
    }
    return 1;
}

int trace_read(struct trace_reader *r, struct trace_record *out)
{
    control *c = TRACE_PORT_CONTROL();
    for (uint32_t tries = 0; tries < 2 * (c->ring_size / TRACE_BLOCK_MIN) + 2; tries++) {
        struct view v, again;
        if (!r->block && !trace_reader_seek(c, r))
            return 0;
        if (!trace_view(c, r->block, &v) || v.seq + r->index != r->next_seq || r->index > v.slots) {
            r->block = 0; /* overwritten or cleared */
            continue;
        }
        if (r->index == v.slots) {
            if (r->block == c->block || (!c->block && r->block == c->closed))
                return 0;
            /* it may have been open when it was viewed, and have been filled up since */
            if (!trace_view(c, r->block, &again) || again.seq != v.seq || again.slots != v.slots)
                continue;
            r->block = trace_after(c, r->block);
            r->index = r->words = 0;
            continue;
        }
        int whole = trace_copy_record(c, r, &v, out);
        if (!trace_view(c, r->block, &again) || again.seq != v.seq || again.slots < v.slots) {
            r->block = 0;
            continue;
        }
        r->index++;
        r->next_seq++;
        if (!whole)
            return -1;
        r->words += out->words;
        return 1;
    }
    return 0;
}

static void trace_copy(uint32_t *to, uint32_t from, uint32_t bytes)
{
    volatile uint32_t *p = TRACE_AT(uint32_t, from);
    for (uint32_t i = 0; i < bytes / 4; i++)
        to[i] = p[i];
}

/* One try: bytes used; 0 if they do not fit; 1 if writers came round to the block that was open. */
static uint32_t trace_snapshot_once(control *c, uint32_t *to, uint32_t size)
{
    uint32_t used = 64, copy[16];
    trace_irq_t irq = trace_port_mask();
    const volatile uint32_t *from = (const volatile uint32_t *) c;
    for (unsigned i = 0; i < 16; i++)
        copy[i] = from[i];
    uint32_t open = copy[20 / 4] ? copy[20 / 4] : copy[36 / 4];
    uint32_t newest = TRACE_AT(struct trace_block, open)->event_seq;
    trace_port_restore(irq);
    for (unsigned i = 0; i < 16; i++)
        to[i] = copy[i];
    uint32_t b = trace_after(c, open);
    for (;; b = trace_after(c, b)) {
        struct view v, again;
        int whole = trace_view(c, b, &v) && (int32_t) (v.seq - newest) <= 0;
        if (whole) {
            if (used + c->block_size > size)
                return 0;
            trace_copy(to + used / 4, b, c->block_size);
            whole = trace_view(c, b, &again) && again.seq == v.seq;
            used += whole ? c->block_size : 0;
        }
        if (b == open)
            return whole && v.seq == newest ? used : 1;
    }
}

uint32_t trace_snapshot(void *out, uint32_t size)
{
    control *c = TRACE_PORT_CONTROL();
    if (size < 64 || c->magic != TRACE_CTL_MAGIC || !trace_oldest(c))
        return 0;
    for (unsigned tries = 0; tries < 4; tries++) {
        uint32_t used = trace_snapshot_once(c, out, size);
        if (used != 1)
            return used;
    }
    return 0;
}

static int trace_check_chain(control *c, uint32_t open)
{
    struct view v;
    uint32_t b = trace_oldest(c), seq = 0, first = 1;
    for (;; b = trace_after(c, b)) {
        if (!trace_view(c, b, &v))
            return b == open ? 3 : 4;
        if (!first && v.seq != seq)
            return 4;
        first = 0;
        seq = v.seq + v.slots;
        if (b == open)
            return 0;
    }
}

static int trace_check_masked(control *c)
{
    if (c->magic != TRACE_CTL_MAGIC || c->end != c->ring + c->ring_size || (c->mode & TRACE_BROKEN))
        return 1;
    for (unsigned i = 0; i < TRACE_CLASSES; i++)
        if (c->on[i] != (c->mask >> i & 1))
            return 5;
    if (!c->block)
        return c->mode & TRACE_FULL && c->tail == TRACE_NO_TAIL ? 0 : 2;
    if (!trace_block_ok(c, c->block))
        return 1;
    if (c->head < c->block + TRACE_HEADER || c->head > c->tail ||
        c->tail > c->block + c->block_size || c->tail % 4 || (c->head - c->block) % 8)
        return 2;
    block *h = TRACE_AT(struct trace_block, c->block);
    if (h->slots || h->words || h->magic != TRACE_BLOCK_MAGIC)
        return 3;
    return trace_check_chain(c, c->block);
}

int trace_check(void)
{
    trace_irq_t irq = trace_port_mask();
    int broken = trace_check_masked(TRACE_PORT_CONTROL());
    trace_port_restore(irq);
    return broken;
}
#endif
