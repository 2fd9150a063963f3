/* SPDX-License-Identifier: MIT */
#include "twin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace_text.h"

static int code_words(unsigned code)
{
    switch (code) {
#define TRACE_EVENT TRACE_EVENT_CASE_WORDS
#include "events.def"
#undef TRACE_EVENT
    default:
        return -1;
    }
}

void twin_die(const struct twin *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("FAIL %s: ", t->token);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    fflush(stdout);
#ifdef FUZZ
    abort(); /* the fuzzer then keeps the input */
#endif
    _Exit(1);
}

uint32_t twin_random(uint64_t *state) /* xorshift64* */
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t) (*state * 0x2545F4914F6CDD1Dull >> 32);
}

void twin_add(struct twin *t, uint64_t time, uint8_t code, uint32_t arg, unsigned n,
              const uint32_t *w)
{
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 1024;
        t->event = realloc(t->event, t->room * sizeof(*t->event));
    }
    struct twin_event *e = &t->event[t->count++];
    memset(e, 0, sizeof(*e));
    e->time = time;
    e->code = code;
    e->arg = arg & 0xFFFFFF;
    e->words = (uint8_t) n;
    if (n)
        memcpy(e->word, w, n * 4);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}
static uint32_t u16(const uint8_t *p)
{
    return (uint32_t) p[0] | (uint32_t) p[1] << 8;
}

static const uint8_t *at(const struct twin *t, const struct twin_memory *m, uint32_t a,
                         uint32_t size)
{
    if (a < m->address || a - m->address > m->size - size)
        twin_die(t, "address 0x%x outside memory", a);
    return m->base + (a - m->address);
}

uint32_t twin_decode_block(const struct twin *t, const uint8_t *b, uint32_t size, uint32_t slots,
                           uint32_t words, struct twin_event *out, uint32_t room)
{
    uint32_t seq = u32(b + 8), used = 0;
    uint64_t now = (uint64_t) u32(b + 12) << 24;
    if (u16(b + 4) != 0x4B42)
        twin_die(t, "block without magic");
    if (32 + slots * 8 + words * 4 > size)
        twin_die(t, "block of event %u: %u slots and %u words do not fit", seq, slots, words);
    if (slots > room)
        twin_die(t, "more events than there can be");
    for (uint32_t i = 0; i < slots; i++, seq++, out++) {
        const uint8_t *s = b + 32 + i * 8;
        uint32_t stamp = u32(s), code = s[4];
        int n = code_words(code);
        if (n < 0)
            twin_die(t, "event %u: code 0x%02x", seq, code);
        now += (uint32_t) (stamp - (uint32_t) now);
        if (code == 0x01)
            now = (uint64_t) (u32(s + 4) >> 8) << 32 | stamp;
        out->time = now;
        out->code = (uint8_t) code;
        out->arg = u32(s + 4) >> 8;
        out->words = (uint8_t) n;
        for (int k = 0; k < n; k++) {
            if (++used > words)
                twin_die(t, "event %u: payload missing", seq);
            out->word[k] = u32(b + size - 4 * used);
        }
    }
    return slots;
}

struct twin_ring twin_decode(const struct twin *t, const uint8_t *control,
                             const struct twin_memory *m, struct twin_event *out, uint32_t room)
{
    uint32_t head = u32(control + 8), tail = u32(control + 12), open = u32(control + 20),
             ring = u32(control + 24);
    uint32_t bytes = u32(control + 28), size = u32(control + 32), closed = u32(control + 36),
             count = 0;
    struct twin_ring r = {0, 0, 0};
    if (u32(control) != 0x4B594D4F)
        twin_die(t, "control block without magic");
    uint32_t last = open ? open : closed, blocks = bytes / size;
    int moving = open && !(tail >= open + 32 && tail <= open + size);
    if (!last)
        twin_die(t, "no block");
    /* the blocks after the open one, in the ring's order, are the oldest; the open one is the last
     * */
    for (uint32_t i = 1; i <= blocks; i++) {
        uint32_t a = ring + (last - ring + i * size) % bytes;
        const uint8_t *b = at(t, m, a, size);
        uint32_t slots = u16(b), words = u16(b + 2);
        if (a == open && !moving) {
            slots = (head - a - 32) / 8;
            words = (a + size - tail) / 4;
        } else if (u16(b + 4) != 0x4B42 || (i == 1 && moving && a != last) ||
                   (slots == 0 && a != last)) {
            if (count)
                twin_die(t, "hole in the ring at block 0x%x", a);
            continue;
        }
        if (count && u32(b + 8) != r.first + count)
            twin_die(t, "block 0x%x begins with event %u, expected %u", a, u32(b + 8),
                     r.first + count);
        if (!count)
            r.first = u32(b + 8);
        count += twin_decode_block(t, b, size, slots, words, out + count, room - count);
    }
    for (uint32_t i = 1; i < count; i++)
        if (out[i].time < out[i - 1].time)
            twin_die(t, "time runs backwards at event %u", r.first + i);
    r.end = r.first + count;
    r.open = open;
    return r;
}

static void compare(const struct twin *t, uint32_t seq, const struct twin_event *got)
{
    if (seq >= t->count)
        twin_die(t, "event %u was never written", seq);
    const struct twin_event *e = &t->event[seq];
    if (e->code != got->code || e->arg != got->arg || e->words != got->words)
        twin_die(t, "event %u: code 0x%02x arg 0x%x, expected 0x%02x 0x%x", seq, got->code,
                 got->arg, e->code, e->arg);
    if (e->time != got->time)
        twin_die(t, "event %u (code 0x%02x): time 0x%llx, expected 0x%llx", seq, e->code,
                 (unsigned long long) got->time, (unsigned long long) e->time);
    for (int k = 0; k < e->words; k++)
        if (e->word[k] != got->word[k])
            twin_die(t, "event %u: word %d is 0x%x, expected 0x%x", seq, k, got->word[k],
                     e->word[k]);
}

enum { ROOM = 1 << 16 };
static struct twin_event decoded[ROOM];

uint32_t twin_compare_block(const struct twin *t, const uint8_t *b, uint32_t size, uint32_t slots,
                            uint32_t words)
{
    uint32_t seq = u32(b + 8), count = twin_decode_block(t, b, size, slots, words, decoded, ROOM);
    for (uint32_t i = 0; i < count; i++)
        compare(t, seq + i, &decoded[i]);
    return seq + count;
}

struct twin_ring twin_compare(const struct twin *t, const uint8_t *control,
                              const struct twin_memory *m)
{
    struct twin_ring r = twin_decode(t, control, m, decoded, ROOM);
    for (uint32_t i = r.first; i != r.end; i++)
        compare(t, i, &decoded[i - r.first]);
    return r;
}
