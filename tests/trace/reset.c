/* SPDX-License-Identifier: MIT */
/* The trace survives a reset: this image boots twice. The first boot records into memory that
 * nobody clears and resets the machine in the middle of a block, as a watchdog would; the second
 * finds the events there, reads them, sends them by the drain into a buffer, and says what it
 * found. */
#include <linmo.h>
#include <sys/debug_trace.h>

#include "trace_drain.h"

enum { BLOCK = 1024, MARKS = 5000 };
extern uint8_t _keep_start[], _keep_size[];

static uint32_t frame[TRACE_DRAIN_WORDS(BLOCK)];
static uint32_t sent;

static uint32_t count_bytes(void *to, const void *bytes, uint32_t n)
{
    sent += n;
    return n;
}

static void finisher(uint32_t value)
{
    mo_logger_flush();
    *(volatile uint32_t *) 0x00100000 = value;
    for (;;)
        ;
}

/* Numbers in the marks of one block, oldest first; false if one is not the next. */
static bool check_block(const uint8_t *block, uint32_t *next)
{
    const struct trace_block *h = (const void *) block;
    const struct trace_slot *s = (const void *) (h + 1);
    const uint32_t *payload = (const uint32_t *) (const void *) (block + BLOCK);
    for (uint32_t i = 0; i < h->slots; i++) {
        int32_t words = trace_code_words(s[i].word & 0xFF);
        if (words < 0)
            return false;
        payload -= words;
        if ((s[i].word & 0xFF) != 0xB8)
            continue;
        if (*next != UINT32_MAX && payload[0] != *next)
            return false;
        *next = payload[0] + 1;
    }
    return true;
}

static void second_boot(const struct trace_recovered *r)
{
    struct trace_drain d;
    uint32_t next = UINT32_MAX;
    bool good = r->end_seq - r->first_seq > 1000;
    trace_drain_init(&d, frame, sizeof(frame), count_bytes, NULL);
    while (!trace_drain_idle(&d) && trace_drain_step(&d, 0))
        ;
    sent = 0;
    for (uint32_t i = 0; i < r->blocks; i++) {
        const uint8_t *block = trace_recovered_block(r, i);
        good = good && check_block(block, &next) && trace_drain_block(&d, block, BLOCK, 0);
        while (trace_drain_step(&d, 0))
            if (sent % (24 + BLOCK) == 0)
                break;
    }
    good = good && next == MARKS && sent == r->blocks * (24 + BLOCK);
    printf("found %u blocks, events %u to %u, the last mark is %u\n", r->blocks, r->first_seq,
           r->end_seq, next - 1);
    printf("reset: %s\n", good ? "PASS" : "FAIL");
    finisher(good ? 0x5555 : 0x13333);
}

int32_t app_main(void)
{
    struct trace_recovered found;
    int32_t blocks = trace_recover(_keep_start, (uint32_t) _keep_size, BLOCK, &found);
    if (blocks > 0) {
        trace_init(frame, 0, 0, 0); /* refused: nothing may be written into what was found */
        second_boot(&found);
    }
    printf("first boot: nothing found (%d)\n", blocks);
    trace_init(_keep_start, (uint32_t) _keep_size, BLOCK, 0);
    for (uint32_t i = 0; i < MARKS; i++)
        trace_mark("alive", i);
    finisher(0x7777);
    return 0;
}
