/* SPDX-License-Identifier: MIT */
/* A guest that needs neither kernel nor recorder: it writes SPEC.md's control block and blocks by
 * hand, in the plainest way, so that capture is tested against the specification and not against
 * trace/. Every event is a `mark` whose value counts 0, 1, 2, ..: any trace of this guest is
 * checked by counting.
 *
 *   EVENTS      how many marks (0: for ever)
 *   END         power off with this status afterwards; -1 sleep for ever; -2 spin for ever
 *   SAY_EVERY   print a line each so many marks
 *   BLOCKS      in the ring, of BLOCK_SIZE bytes
 *   PANIC       write a `panic` event before the end
 *   BROKEN      spoil the control block before the end
 *   RESET       reset the machine once before the end
 *   ECHO        print what is typed, until a q
 *   UNTRACED    call it by another name, as an image without recorder */
#include <stdint.h>

#ifndef EVENTS
#define EVENTS 10000u
#endif
#ifndef END
#define END 0
#endif
#ifndef SAY_EVERY
#define SAY_EVERY 1000u
#endif
#ifndef BLOCKS
#define BLOCKS 4
#endif
#ifndef BLOCK_SIZE
#define BLOCK_SIZE 2048u
#endif

struct block {
    uint16_t slots, words, magic, mask;
    uint32_t event_seq, time;
    uint16_t running;
    uint8_t depth, level;
    uint32_t causes;
    uint16_t hart, version;
    uint32_t table_hash;
    uint8_t data[BLOCK_SIZE - 32];
};

struct ctl {
    uint32_t magic;
    uint16_t version, size;
    uint32_t head, tail;
    uint16_t block_magic, mask;
    uint32_t block, ring, ring_size, block_size, closed, mode, lost_full, lost_drain, first_seq,
        table_hash, saved_mask;
};

typedef struct { /* the name makes it a kernel object for the host */
    struct {
        int a, b;
    } inside[1];
} mutex_t;
struct thing {
    mutex_t lock, pair[2];
    int number;
    mutex_t *heap;
};

#ifdef UNTRACED
#define trace_ctl nothing
#endif

struct thing board;
mutex_t alone;
struct ctl trace_ctl;
static struct block ring[BLOCKS] __attribute__((aligned(4)));
static uint32_t events, blocks;

#define TABLE                                                      \
    "0x07 0 panic CORE A:task:16:0:task W:code:result W:pc:code\n" \
    "0xB8 0 mark USER A:tag:24:0:tag W:value:count\n"
__attribute__((used, section(".trace_info,\"\",@progbits#"))) static const char table[] = TABLE;
__attribute__((used, section(".trace_fmt,\"\",@progbits#"))) static const char strings[] =
    "none\0ping";

static uint64_t clock64(void)
{
    uint32_t high, low, again;
    do
        __asm__ volatile("csrr %0, mcycleh\n csrr %1, mcycle\n csrr %2, mcycleh"
                         : "=r"(high), "=r"(low), "=r"(again));
    while (high != again);
    return (uint64_t)high << 32 | low;
}

static void say(const char *s)
{
    for (; *s; s++)
        *(volatile uint8_t *)0x10000000 = (uint8_t)*s;
}

static void say_number(uint32_t n)
{
    char text[12], *p = text + sizeof text;
    *--p = 0;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    say(p);
}

__attribute__((noinline)) void trace_capture_point(void)
{
    __asm__ volatile("");
}

static void open_block(void)
{
    volatile struct block *b = &ring[blocks++ % BLOCKS];
    b->slots = b->words = 0;
    b->magic = trace_ctl.block_magic;
    b->mask = trace_ctl.mask;
    b->event_seq = events;
    b->time = (uint32_t)(clock64() >> 24);
    b->running = 0xFFFF;
    b->level = 0xFF;
    b->version = 1;
    b->table_hash = trace_ctl.table_hash;
    *(volatile uint32_t *)&trace_ctl.block = (uint32_t)b;
    *(volatile uint32_t *)&trace_ctl.head = (uint32_t)b->data;
    *(volatile uint32_t *)&trace_ctl.tail = (uint32_t)(b + 1);
}

static void close_block(void)
{
    volatile struct block *b = (struct block *)trace_ctl.block;
    b->words = (uint16_t)(((uint32_t)(b + 1) - trace_ctl.tail) / 4);
    b->slots = (uint16_t)((trace_ctl.head - (uint32_t)b->data) / 8);
    *(volatile uint32_t *)&trace_ctl.tail = 0;
    *(volatile uint32_t *)&trace_ctl.closed = (uint32_t)b;
    trace_capture_point();
}

static void event(uint32_t code, uint32_t argument, uint32_t words, uint32_t w0, uint32_t w1)
{
    volatile struct ctl *c = &trace_ctl;
    if (c->tail - c->head < 8 + 4 * words) {
        close_block();
        open_block();
    }
    volatile uint32_t *slot = (uint32_t *)c->head, *word = (uint32_t *)c->tail;
    slot[0] = (uint32_t)clock64();
    slot[1] = code | argument << 8;
    *--word = w0;
    if (words == 2)
        *--word = w1;
    c->tail = (uint32_t)word;
    c->head = (uint32_t)(slot + 2);
    events++;
}

int main(void)
{
    const char *t = TABLE;
    uint32_t hash = 2166136261u;
    for (; *t; t++)
        hash = (hash ^ (uint8_t)*t) * 16777619u;
    trace_ctl = (struct ctl){.magic = 0x4B594D4F,
                             .version = 1,
                             .size = sizeof trace_ctl,
                             .block_magic = 0x4B42,
                             .mask = 0xFFFF,
                             .ring = (uint32_t)ring,
                             .ring_size = sizeof ring,
                             .block_size = BLOCK_SIZE,
                             .table_hash = hash,
                             .saved_mask = 0xFFFF};
    alone.inside[0].a = 1;
    board.heap = (mutex_t *)0x80800000; /* nothing is there: only the pointer's value matters */
    open_block();
    for (uint32_t i = 0; i != (EVENTS ? EVENTS : ~0u); i++) {
        event(0xB8, 5, 1, i, 0);
        if (i % SAY_EVERY == 0) {
            say("mark ");
            say_number(i);
            say("\n");
        }
    }
#ifdef PANIC
    event(0x07, 1, 2, (uint32_t)-7, (uint32_t)main);
#endif
#ifdef RESET
    volatile uint32_t *again = (uint32_t *)0x80F00000; /* outside the image: a reset leaves it */
    if (*again != 0x12345678) {
        *again = 0x12345678;
        *(volatile uint32_t *)0x100000 = 0x7777;
        for (;;)
            ;
    }
#endif
#ifdef ECHO
    for (char text[2] = "";; say(text)) {
        while (!(*(volatile uint8_t *)0x10000005 & 1))
            ;
        text[0] = *(volatile char *)0x10000000;
        if (text[0] == 'q')
            break;
    }
#endif
#ifdef BROKEN
    trace_ctl.block_size = 3;
#endif
    while (END == -1)
        __asm__ volatile("wfi");
    while (END == -2)
        ;
    return END;
}
