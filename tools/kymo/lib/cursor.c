/* SPDX-License-Identifier: MIT */
/* Owns the blocks of one hart: finds the next one in the file, checks it, yields its events with
 * 64-bit times, and accounts for every event that should have been there (SPEC.md sections 1 to
 * 3).
 *
 * Invariants:
 *   C1  slot <= slot_end and word >= word_end, and both lie in the window that the cursor owns
 *   C2  times that were yielded never decrease
 *   C3  seq is the number that the next event must have if nothing is lost; each jump is reported
 *       as a gap before the event after it, or at the end
 *   C4  no event is yielded twice, however often its block is offered */
#include "private.h"

enum { CODE_TIME_SYNC = 0x01, CODE_CONTROL = 0x06 };

/* Where a block's events are, whether it was captured closed or open. */
struct block {
    const uint8_t *bytes;
    uint32_t size, slots, words;
};

static bool size_allowed(uint32_t n)
{
    return n >= KYMO_BLOCK_MIN && n <= KYMO_BLOCK_MAX && (n & (n - 1)) == 0;
}

static const char *closed_block(const struct kymo_packet_view *v, struct block *b)
{
    if (!size_allowed(v->length))
        return "a block of a size that is not allowed";
    *b = (struct block){.bytes = v->payload,
                        .size = v->length,
                        .slots = kymo_get16(v->payload),
                        .words = kymo_get16(v->payload + 2)};
    return NULL;
}

/* The open block: its extent comes from the control block, unless a block change was under way. */
static const char *open_block(struct kymo_cursor *c, const struct kymo_packet_view *v,
                              struct block *b)
{
    const uint8_t *ctl = v->payload;
    if (v->length < KYMO_CTL_SIZE || kymo_get32(ctl) != KYMO_CTL_MAGIC)
        return "a control block that is none";
    c->lost_full = kymo_get32(ctl + 44);
    *b = (struct block){.bytes = NULL};
    uint32_t head = kymo_get32(ctl + 8), tail = kymo_get32(ctl + 12), base = kymo_get32(ctl + 20);
    if (base == 0 || v->length == KYMO_CTL_SIZE)
        return NULL;
    if (!size_allowed(v->length - KYMO_CTL_SIZE))
        return "an open block of a size that is not allowed";
    b->bytes = v->payload + KYMO_CTL_SIZE;
    b->size = v->length - KYMO_CTL_SIZE;
    b->slots = kymo_get16(b->bytes);
    b->words = kymo_get16(b->bytes + 2);
    if (tail - base <= b->size && tail - base >= KYMO_BLOCK_HEADER) {
        if (head - base < KYMO_BLOCK_HEADER || head - base > b->size || (head - base) % 8 ||
            (tail - base) % 4)
            return "a control block whose head or tail lies outside the block";
        b->slots = (head - base - KYMO_BLOCK_HEADER) / 8;
        b->words = (b->size - (tail - base)) / 4;
    }
    return NULL;
}

static const char *check_block(const kymo_trace *t, const struct kymo_cursor *c,
                               const struct block *b)
{
    if (kymo_get16(b->bytes + 4) != KYMO_BLOCK_MAGIC)
        return "a block without its magic";
    if (kymo_get16(b->bytes + 26) != 1)
        return "a block of a version that this kymo does not read";
    if (kymo_get16(b->bytes + 24) != c->hart)
        return "a block of another hart than its packet says";
    if (kymo_get32(b->bytes + 28) != t->info.table_hash)
        return "a block written with another event table than the trace carries";
    if (KYMO_BLOCK_HEADER + 8ull * b->slots + 4ull * b->words > b->size)
        return "a block whose events do not fit in it";
    return NULL;
}

static void put_gap(struct kymo_cursor *c, uint64_t to, uint64_t events, enum kymo_loss cause)
{
    uint64_t last = c->time > c->floor ? c->time : c->floor;
    to = to > last ? to : last;
    c->gap = (struct kymo_gap){
        .from = c->any ? last : to, .to = to, .events = events, .cause = cause, .hart = c->hart};
    c->has_gap = true;
}

static enum kymo_loss loss_cause(const kymo_trace *t, const struct kymo_cursor *c)
{
    if (c->damage)
        return KYMO_LOSS_DAMAGED;
    const char *how = t->info.capture;
    return strcmp(how, "stream") == 0 || strcmp(how, "plugin") == 0 ? KYMO_LOSS_TRANSPORT
                                                                    : KYMO_LOSS_OVERWRITTEN;
}

/* Walks over the first `n` events, which were yielded from an earlier copy of the block. False: it
 * is broken. */
static bool skip_events(const kymo_trace *t, struct kymo_cursor *c, uint32_t n)
{
    for (; n; n--, c->slot += 8) {
        uint8_t code = c->slot[4];
        unsigned words = t->table.words[code];
        if (!t->table.desc[code] || c->word - c->word_end < 4 * (ptrdiff_t)words)
            return false;
        c->word -= 4 * words;
    }
    return true;
}

/* What is lost before a block whose first event has number `first`. */
static void account(const kymo_trace *t, struct kymo_cursor *c, uint32_t first, uint64_t base)
{
    uint64_t at = base + (uint32_t)(kymo_get32(c->slot) - (uint32_t)base);
    uint64_t lost = (uint32_t)(first - (uint32_t)c->seq);
    uint64_t told = lost;
    if (!c->any && c->has_first_seq && (uint32_t)(first - c->first_seq) < lost)
        told = first - c->first_seq; /* what a clear threw away was not lost */
    if (told)
        put_gap(c, at, told, loss_cause(t, c));
    c->seq += lost;
}

static uint8_t nonzero_bytes(uint32_t v)
{
    uint8_t n = 0;
    for (; v; v >>= 8)
        n += (v & 0xFF) != 0;
    return n;
}

/* Makes `b` the block that the cursor reads. Returns what is wrong with it, or NULL; it may have
 * nothing new. */
static const char *take_block(kymo_trace *t, struct kymo_cursor *c, const struct block *b)
{
    if (!b->bytes || b->slots == 0)
        return NULL;
    const char *wrong = check_block(t, c, b);
    if (wrong)
        return wrong;
    uint32_t first = kymo_get32(b->bytes + 8);
    uint32_t ahead = (uint32_t)c->seq - first; /* events of it that are old */
    bool old = c->any && ahead > 0 && ahead < 1u << 31;
    if (old && ahead >= b->slots)
        return NULL; /* C4 */
    c->slot = b->bytes + KYMO_BLOCK_HEADER;
    c->slot_end = c->slot + 8 * b->slots;
    c->word = b->bytes + b->size;
    c->word_end = c->word - 4 * b->words;
    uint64_t base = (uint64_t)kymo_get32(b->bytes + 12) << 24;
    if (old) {
        if (!skip_events(t, c, ahead)) {
            c->slot = c->slot_end;
            return "a block with an event that the table does not know";
        }
        return NULL; /* time goes on from the last event of the earlier copy */
    }
    account(t, c, first, base);
    c->damage = false;
    c->mask = kymo_get16(b->bytes + 6);
    c->running = kymo_get16(b->bytes + 16);
    c->level = b->bytes[19];
    c->causes = kymo_get32(b->bytes + 20);
    c->depth = b->bytes[18] == 0xFF ? nonzero_bytes(c->causes) : b->bytes[18];
    c->fresh = true;
    uint64_t at = base + (uint32_t)(kymo_get32(c->slot) - (uint32_t)base);
    if (c->any && at < c->time) {
        kymo_warn(t, "offset %llu: hart %u: time goes back by %llu; the later time is kept",
                  (unsigned long long)c->block_offset, c->hart, (unsigned long long)(c->time - at));
        c->floor = c->time > c->floor ? c->time : c->floor; /* C2 */
    }
    c->time = base;
    c->any = true;
    return NULL;
}

static void take_packet(kymo_trace *t, struct kymo_cursor *c, const struct kymo_packet_view *v)
{
    struct block b = {0};
    const char *wrong = NULL;
    if (v->hart != c->hart || (v->type != KYMO_PACKET_BLOCK && v->type != KYMO_PACKET_OPEN))
        return;
    c->block_offset = v->offset;
    wrong = v->type == KYMO_PACKET_BLOCK ? closed_block(v, &b) : open_block(c, v, &b);
    if (!wrong)
        wrong = take_block(t, c, &b);
    if (wrong) {
        kymo_warn(t, "offset %llu: hart %u: %s; left out", (unsigned long long)v->offset, c->hart,
                  wrong);
        c->damage = true;
    }
}

/* No more packets: what was lost at the end is told once. */
static int finish(kymo_trace *t, struct kymo_cursor *c)
{
    uint64_t end = t->info.end_time > c->time ? t->info.end_time : c->time;
    if (t->follow || c->done)
        return KYMO_END;
    c->done = true;
    if (c->lost_full)
        put_gap(c, end, c->lost_full, KYMO_LOSS_FULL);
    else if (c->damage)
        put_gap(c, end, UINT64_MAX, KYMO_LOSS_DAMAGED);
    else if (c->stopped)
        put_gap(c, end, UINT64_MAX, KYMO_LOSS_STOPPED);
    return KYMO_END;
}

/* Reads packets until there are events, or a gap to tell. */
static int refill(kymo_trace *t, struct kymo_cursor *c, struct kymo_error *err)
{
    struct kymo_packet_view v;
    while (c->slot == c->slot_end) {
        int r = kymo_packet_read(&c->window, &t->source, &c->offset, &v, err);
        if (r < 0)
            return r;
        if (r == KYMO_PACKET_OK) {
            take_packet(t, c, &v);
            continue;
        }
        if (r == KYMO_PACKET_SKIPPED) {
            c->damage = true;
            if (v.offset >= t->warned_to)
                kymo_warn(t, "offset %llu: %llu bytes are no packet with a right checksum; skipped",
                          (unsigned long long)v.offset, (unsigned long long)(c->offset - v.offset));
            t->warned_to = c->offset > t->warned_to ? c->offset : t->warned_to;
            continue;
        }
        if (r == KYMO_PACKET_CUT && !t->follow && !c->done) {
            c->damage = true;
            if (v.offset >= t->warned_to)
                kymo_warn(t, "offset %llu: the file ends inside a packet; the packet is lost",
                          (unsigned long long)v.offset);
            t->warned_to = t->source.size > t->warned_to ? t->source.size : t->warned_to;
        }
        return finish(t, c);
    }
    return KYMO_EVENT;
}

/* The rest of the block cannot be read; its events count as lost when the next block tells its
 * number. */
static void abandon(kymo_trace *t, struct kymo_cursor *c, const char *why)
{
    kymo_warn(t, "offset %llu: hart %u: event %llu: %s; the block's last %td events are lost",
              (unsigned long long)c->block_offset, c->hart, (unsigned long long)c->seq, why,
              (c->slot_end - c->slot) / 8);
    c->damage = true;
    c->slot = c->slot_end;
}

/* Bits 32 to 55 of the clock. A sync that would turn time back is not believed. */
static uint64_t sync_time(kymo_trace *t, struct kymo_cursor *c, uint32_t high, uint32_t stamp,
                          uint64_t plain)
{
    uint64_t at = (plain & ~((1ull << 56) - 1)) | (uint64_t)high << 32 | stamp;
    if (at >= c->time)
        return at;
    kymo_warn(t, "offset %llu: hart %u: event %llu: time_sync goes back; ignored",
              (unsigned long long)c->block_offset, c->hart, (unsigned long long)c->seq);
    return plain;
}

int kymo_cursor_next(kymo_trace *t, struct kymo_cursor *c, struct kymo_event *e, struct kymo_gap *g,
                     struct kymo_error *err)
{
    for (;;) {
        if (kymo_unlikely(c->slot == c->slot_end)) {
            int r = refill(t, c, err);
            if (r < 0 || (r == KYMO_END && !c->has_gap))
                return r;
        }
        if (kymo_unlikely(c->has_gap)) {
            c->has_gap = false;
            *g = c->gap;
            return KYMO_GAP;
        }
        uint32_t stamp = kymo_get32(c->slot), rest = kymo_get32(c->slot + 4);
        uint8_t code = (uint8_t)rest;
        unsigned words = t->table.words[code];
        if (kymo_unlikely(!t->table.desc[code] || c->word - c->word_end < 4 * (ptrdiff_t)words)) {
            abandon(t, c,
                    t->table.desc[code] ? "payload outside the block"
                                        : "the table does not know its code");
            continue;
        }
        uint64_t time = c->time + (uint32_t)(stamp - (uint32_t)c->time);
        if (kymo_unlikely(code == CODE_TIME_SYNC))
            time = sync_time(t, c, rest >> 8, stamp, time);
        if (kymo_unlikely(c->stopped)) {
            c->stopped = false;
            put_gap(c, time, UINT64_MAX, KYMO_LOSS_STOPPED);
            continue;
        }
        c->time = time;
        e->time = kymo_unlikely(time < c->floor) ? c->floor : time;
        e->seq = c->seq++;
        e->arg = rest >> 8;
        e->hart = c->hart;
        e->code = code;
        e->words = (uint8_t)words;
        for (unsigned i = 0; i < words; i++)
            e->word[i] = kymo_get32(c->word -= 4);
        c->slot += 8;
        if (kymo_unlikely(code == CODE_CONTROL))
            c->stopped = words == 1 && e->word[0] == 0;
        return KYMO_EVENT;
    }
}
