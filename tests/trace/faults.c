/* SPDX-License-Identifier: MIT */
/* Faults of other recorders, each as a test by name, on the portable recorder; and triggers,
 * drain, recovery.
 *
 *   faults              all
 *   faults NAME         one
 *
 * Some faults are tested where they can be better: at every instruction of the compiled code
 * (placements.c: interrupts between stamp and store, nested writers, a writer stalled for a lap,
 * filters toggled in a handler, the interrupt state, dumps at any instruction, all ids and sizes),
 * with threads (threads.c), on the whole kernel (tests/kernel, tests/check: balanced pairs, golden
 * traces, values after the call), by the host's reader (tests/host: damage, decoding from any
 * event). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/debug_trace.h>
#include "trace_drain.h"
#include "twin.h"

static char token[80];
static struct twin twin = {.token = token};
static uint64_t now, step; /* the clock, and how far each reading moves it */
uint64_t trace_posix_now(void)
{
    return now += step;
}

static char console[1 << 16];
static uint32_t console_used;
void trace_port_console(const char *text, uint32_t n)
{
    if (console_used + n < sizeof(console)) {
        memcpy(console + console_used, text, n);
        console_used += n;
        console[console_used] = 0;
    }
}

#define CHECK(x)                                                                                   \
    do {                                                                                           \
        if (!(x))                                                                                  \
            twin_die(&twin, "line %d: %s", __LINE__, #x);                                          \
    } while (0)

/* ---- helpers ---- */

static void begin(uint32_t blocks, uint32_t block_bytes, uint32_t mode)
{
    step = 1;
    CHECK(trace_posix_attach(0, blocks * block_bytes, block_bytes, mode) == 0);
}

static void end(void)
{
    CHECK(trace_check() == 0);
    trace_posix_detach();
}

static uint32_t free_bytes(void)
{
    return TRACE_PORT_CONTROL()->tail - TRACE_PORT_CONTROL()->head;
}

static struct trace_stats stats(void)
{
    struct trace_stats s;
    trace_get_stats(&s);
    return s;
}

/* Reads all; each event of code `code` must hold the next number in word 0. Returns how many
 * events in all. */
static uint32_t read_all(struct trace_reader *r, uint32_t *next)
{
    struct trace_record e;
    uint32_t n = 0;
    int got;
    for (; (got = trace_read(r, &e)) > 0; n++) {
        if (e.code != 0xBC)
            continue;
        if (*next != UINT32_MAX)
            CHECK(e.word[0] == *next);
        *next = e.word[0] + 1;
    }
    CHECK(got == 0);
    return n;
}

static struct twin_event decoded[1 << 16];
static struct twin_ring decode(void)
{
    volatile struct trace_control *c = TRACE_PORT_CONTROL();
    struct twin_memory m = {TRACE_PORT_BASE() + c->ring, c->ring, c->ring_size};
    return twin_decode(&twin, (const uint8_t *) c, &m, decoded, 1 << 16);
}

/* ---- ring ---- */

/* 1: an overwrite threw the whole history away. However full, all but the oldest block survives. */
static void f01_history_survives_every_wrap(void)
{
    uint64_t seed = 7;
    uint32_t w[7] = {0};
    begin(5, 256, 0);
    for (uint32_t i = 0; i < 300000; i++) {
        if (twin_random(&seed) & 1)
            trace_log_any(5, i, w);
        else
            trace_task_yield_any();
        if (i < 1000)
            continue;
        volatile struct trace_control *c = TRACE_PORT_CONTROL();
        uint32_t live = (uint32_t) (c->head - c->block) + (c->block + 256 - c->tail), blocks = 0;
        for (uint32_t b = c->ring; b != c->end; b += 256)
            blocks += TRACE_AT(struct trace_block, b)->slots != 0;
        CHECK(blocks == 4 && live >= TRACE_HEADER);
    }
    end();
}

/* 2: an exact fill made a full ring look empty. */
static void f02_exact_fill_is_not_empty(void)
{
    begin(2, 256, 0);
    while (free_bytes() >= 16)
        debug_trace_event(1, stats().kept, 0);
    while (free_bytes())
        free_bytes() % 8 ? trace_sem_block_any(NULL) : trace_task_yield_any();
    CHECK(free_bytes() == 0);
    struct trace_stats s = stats();
    CHECK(s.kept == s.written && s.overwritten == 0 && decode().end == s.written);
    debug_trace_event(1, 99, 0);
    CHECK(stats().kept == s.kept + 1 && decode().end == s.written + 1);
    end();
}

/* 3, 4, 9: odd sizes, records split by the end. Here a record never is: each size at each distance
 * from the end. */
static void f03_every_size_at_every_distance_from_the_end(void)
{
    for (uint32_t words = 0; words <= 7; words++)
        for (uint32_t left = 0; left <= 48; left += 4) {
            uint32_t w[7] = {1, 2, 3, 4, 5, 6, 7};
            begin(3, 256, 0);
            while (free_bytes() != left)
                (free_bytes() - left) % 8 ? trace_sem_block_any(NULL) : trace_task_yield_any();
            uint32_t before = stats().written;
            trace_log_any(words, 0x123456, w);
            struct twin_ring r = decode();
            struct twin_event *e = &decoded[before - r.first];
            CHECK(r.end == before + 1 && e->code == 0xC0 + words && e->arg == 0x123456);
            CHECK(memcmp(e->word, w, words * 4) == 0);
            end();
        }
}

/* 5: an overflow larger than the ring went unseen. The writers lap the reader once, twice, many
 * times. */
static void f05_reader_is_lapped(void)
{
    static const uint32_t laps[] = {1, 2, 3, 17, 1000};
    for (unsigned k = 0; k < 5; k++) {
        struct trace_reader r;
        uint32_t next = UINT32_MAX, n = 0, before;
        begin(4, 256, 0);
        trace_reader_init(&r);
        CHECK(read_all(&r, &next) == 2);
        before = stats().written;
        while (stats().written < before + laps[k] * 56)
            debug_trace_event(0, n++, 0);
        uint32_t read = read_all(&r, &next);
        CHECK(read + r.lost == n && next == n);
        CHECK(r.next_seq == stats().written);
        end();
    }
}

/* 9: ids and lengths of 8 bits. */
static void f09_wide_numbers(void)
{
    struct twin_ring r;
    begin(2, 256, 0);
    uint32_t at = stats().written;
    trace_irq_in_off(11, 256);
    trace_task_switch_off(3, trace_id(0xFFFE));
    trace_exc_off(2, trace_id(300), 0xFFFFFFFF, 0x80000000);
    trace_task_delay_off(0xFFFFFF);
    r = decode();
    CHECK(decoded[at - r.first].arg == (11 | 256 << 8));
    CHECK(decoded[at + 1 - r.first].arg == 0xFFFE);
    CHECK(decoded[at + 2 - r.first].arg == (2 | 300 << 8) &&
          decoded[at + 2 - r.first].word[0] == 0xFFFFFFFF);
    CHECK(decoded[at + 3 - r.first].arg == 0xFFFFFF);
    end();
}

/* ---- loss ---- */

/* 10: after one loss every event carried a drop counter. 11: the first lost event was not counted.
 * */
static void f11_lose_exactly_n(void)
{
    for (uint32_t n = 0; n < 40; n++) {
        begin(2, 256, TRACE_ONE_SHOT);
        while (!(TRACE_PORT_CONTROL()->mode & TRACE_FULL)) /* the last one of these is lost */
            trace_task_yield_any();
        uint32_t kept = stats().kept;
        for (uint32_t i = 0; i < n; i++)
            i & 1 ? debug_trace_event(1, 2, 3) : trace_task_yield_any();
        CHECK(stats().lost_full == n + 1 && stats().kept == kept &&
              stats().written == kept + n + 1);
        trace_clear();
        CHECK(stats().lost_full == 0 && stats().kept == 2);
        trace_task_yield_any();
        CHECK(stats().kept == 3);
        end();
    }
}

/* 12: losing a multiple of 65,536 or 4,096 was invisible. */
static void f12_lose_powers_of_two(void)
{
    for (unsigned k = 12; k <= 20; k += 4) {
        struct trace_reader r;
        uint32_t next = UINT32_MAX;
        begin(3, 256, 0);
        trace_reader_init(&r);
        read_all(&r, &next);
        while (stats().overwritten < 2)
            trace_task_yield_any();
        uint32_t have = stats().overwritten;
        while (stats().overwritten < have + (1u << k))
            for (unsigned i = 0; i < 28; i++)
                trace_task_yield_any();
        uint32_t lost = stats().overwritten - 2;
        CHECK(read_all(&r, &next) == stats().kept && r.lost == lost);
        end();
    }
}

/* ---- time ---- */

/* 17: 32-bit stamps wrap; sleep for longer than a wrap. */
static void f17_the_clock_wraps(void)
{
    now = 0xFFFFFFFFull - 1000;
    begin(4, 256, 0);
    uint64_t want[40];
    uint32_t at = stats().written, n = 0;
    for (unsigned i = 0; i < 10; i++) {
        trace_task_yield_any();
        want[n++] = now;
        now += 300;
    }
    now += 5ull << 32; /* asleep for longer than a wrap */
    trace_sync_now();
    want[n++] = now;
    trace_task_yield_any();
    want[n++] = now;
    struct twin_ring r = decode();
    for (uint32_t i = 0; i < n; i++)
        CHECK(decoded[at + i - r.first].time == want[i]);
    end();
}

/* 18, 19: the clock's halves are read while it rolls over. */
static void f18_roll_over_between_two_readings(void)
{
    for (uint64_t before = 0; before < 12; before++) {
        now = (3ull << 32) - before;
        begin(2, 256, 0);
        struct twin_ring r = decode();
        CHECK(r.end == 2 && decoded[0].time >= (3ull << 32) - before && decoded[1].time <= now);
        end();
    }
}

/* 21, 22: a clock that stands still, or is too coarse: order is by number. */
static void f21_constant_clock(void)
{
    struct trace_reader r;
    uint32_t next = 0;
    now = 5;
    begin(4, 256, 0);
    step = 0;
    trace_clear();
    for (uint32_t i = 0; i < 200; i++)
        debug_trace_event(0, i, 0);
    trace_reader_init(&r);
    next = UINT32_MAX;
    CHECK(read_all(&r, &next) == stats().kept && next == 200);
    end();
}

/* ---- context and control ---- */

/* 23: an exit without an entry corrupted the nest. The recorder keeps none. */
static void f23_unbalanced_handlers(void)
{
    begin(2, 256, 0);
    for (unsigned i = 0; i < 100; i++)
        trace_irq_out_off();
    for (unsigned i = 0; i < 300; i++)
        trace_irq_in_off(7, 0);
    CHECK(stats().written == 402);
    end();
}

/* 30: a hook fires before anything is set up. */
static void f30_before_init(void)
{
    volatile struct trace_control zero = {.head = (uint32_t) TRACE_NO_HEAD, .tail = TRACE_NO_TAIL};
    trace_posix_self.control = &zero;
    trace_task_yield_any();
    debug_trace_event(1, 2, 3);
    trace_irq_in_off(1, 2);
    trace_start();
    trace_stop();
    trace_clear();
    trace_sync_check();
    trace_freeze();
    CHECK(!trace_running() && zero.head == (uint32_t) TRACE_NO_HEAD && zero.block == 0);
    debug_dump_events();
    trace_posix_self.control = NULL;
}

/* Sizes that are not allowed are refused, and nothing is recorded. */
static void sizes_are_checked(void)
{
    static const struct {
        uint32_t bytes, block, mode;
    } bad[] = {{1024, 128, 0}, {65536 * 2, 65536, 0}, {1000, 250, 0}, {1024, 768, 0}, {256, 256, 0},
               {1100, 256, 0}, {0, 256, 0},           {1024, 0, 0},   {1024, 256, 2}};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(trace_posix_attach(0, bad[i].bytes, bad[i].block, bad[i].mode) == -1);
}

/* A ring overwritten by a wild pointer is detected, and not written to any more. */
static void wild_pointer_stops_the_recorder(void)
{
    begin(3, 256, 0);
    TRACE_PORT_CONTROL()->head += 0x10000; /* as a wild store would */
    trace_task_yield_any();
    CHECK(TRACE_PORT_CONTROL()->mode & TRACE_BROKEN);
    CHECK(trace_check() != 0 && !trace_running());
    trace_start();
    CHECK(!trace_running());
    trace_posix_detach();
    begin(3, 256, 0);
    for (unsigned i = 0; i < 100; i++)
        trace_task_yield_any();
    TRACE_AT(struct trace_block, TRACE_PORT_CONTROL()->ring)->magic = 0x1234;
    TRACE_AT(struct trace_block, TRACE_PORT_CONTROL()->ring + 256)->slots = 9;
    CHECK(trace_check() != 0);
    struct trace_reader r;
    struct trace_record e;
    trace_reader_init(&r);
    for (unsigned i = 0; i < 1000 && trace_read(&r, &e) > 0; i++)
        ;
    trace_posix_detach();
}

/* 40: the dump ran inside a dump. */
static void f40_dump_in_a_dump(void)
{
    begin(2, 256, 0);
    trace_task_create_off(trace_id(300), 4, 0, 1, 2, 3);
    console_used = 0;
    debug_dump_events();
    CHECK(
        strstr(console, "task_create task=300 level=4 user=0 entry=0x1 stack=0x2 stack_size=0x3"));
    CHECK(strstr(console, "events: written 4, kept 4, overwritten 0"));
    CHECK(trace_running());
    trace_stop();
    debug_dump_events();
    debug_dump_events();
    CHECK(!trace_running());
    end();
}

/* ---- triggers ---- */

static void trigger_freezes_n_events_later(void)
{
    for (uint32_t after = 0; after < 70; after += 3) {
        struct trace_trigger t = {.word_mask = 0xFFFFFF,
                                  .word = 0xBC | 7 << 8,
                                  .index = 0,
                                  .compare = TRACE_ABOVE,
                                  .value = 100,
                                  .after = after};
        begin(4, 256, 0);
        trace_set_trigger(&t);
        for (uint32_t i = 90; i < 300; i++)
            debug_trace_event(i & 1 ? 7 : 8, i, 0);
        CHECK(!trace_running() && (TRACE_PORT_CONTROL()->mode & TRACE_FROZEN));
        struct twin_ring r = decode();
        uint32_t last = r.end - r.first - 1;
        CHECK(decoded[last].code == 0x06 && decoded[last].arg == TRACE_OP_FREEZE);
        for (uint32_t i = 0; i < after && i < last; i++)
            CHECK(decoded[last - 1 - i].code == 0xBC &&
                  decoded[last - 1 - i].word[0] == 101 + after - i);
        if (last > after + 2) {
            CHECK(decoded[last - 1 - after].code == 0x06 &&
                  decoded[last - 1 - after].arg == TRACE_OP_TRIGGER);
            CHECK(decoded[last - 2 - after].word[0] == 101);
        }
        trace_start();
        CHECK(!trace_running());
        trace_clear();
        CHECK(trace_running());
        end();
    }
}

static void trigger_on_a_duration(void)
{
    struct trace_trigger t = {
        .word_mask = 0xFF, .word = 0xBB, .index = -1, .from_mask = 0xFF, .from = 0xBA, .limit = 50};
    begin(4, 256, 0);
    trace_set_trigger(&t);
    trace_span_end_any(1);
    for (unsigned i = 0; i < 5; i++) {
        trace_span_begin_any(1);
        now += 40;
        trace_span_end_any(1);
        now += 1000;
    }
    CHECK(trace_running());
    trace_span_begin_any(1);
    now += 60;
    trace_span_end_any(1);
    CHECK(!trace_running());
    trace_clear();
    trace_set_trigger(NULL);
    trace_span_end_any(1);
    CHECK(trace_running());
    end();
}

/* ---- drain ---- */

static struct sink {
    uint8_t bytes[1 << 20];
    uint32_t used, calls, fail_at, most;
    uint64_t seed;
} sink;

static uint32_t sink_put(void *to, const void *bytes, uint32_t n)
{
    (void) to;
    uint32_t take = sink.most ? twin_random(&sink.seed) % (sink.most + 1) : n;
    if (++sink.calls == sink.fail_at)
        return 0;
    if (take > n)
        take = n;
    CHECK(sink.used + take <= sizeof(sink.bytes));
    memcpy(sink.bytes + sink.used, bytes, take);
    sink.used += take;
    return take;
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static uint32_t crc_slow(const uint8_t *p, uint32_t n, uint32_t crc)
{
    while (n--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return crc;
}

/* Decodes what was sent: the numbers of debug events in order, gaps as event_seq says. Returns the
 * events seen. */
static uint32_t check_stream(uint32_t from, uint32_t block_bytes, uint32_t *gaps)
{
    uint32_t events = 0, expected_seq = 0, at = from;
    static struct twin_event e[4096];
    *gaps = 0;
    if (from == 0) {
        CHECK(sink.used >= 16 && memcmp(sink.bytes, "\x89KYMO\r\n\x1A", 8) == 0);
        at = 16;
    }
    for (; at + 24 <= sink.used;) {
        const uint8_t *p = sink.bytes + at;
        uint32_t length = get32(p + 8);
        if (get32(p) != 0x4B50594B || at + 24 + length > sink.used ||
            ~crc_slow(p + 24, length, crc_slow(p, 16, 0xFFFFFFFF)) != get32(p + 16)) {
            CHECK(from ||
                  at + 24 + length >
                      sink.used); /* begun in the middle: look on; else only the end is cut */
            at++;
            continue;
        }
        const uint8_t *b = p + 24 + (p[4] == 6 ? 64 : 0);
        uint32_t slots = b[0] | b[1] << 8, words = b[2] | b[3] << 8, seq = get32(b + 8);
        if (p[4] == 6) {
            slots = (get32(p + 24 + 8) - get32(p + 24 + 20) - 32) / 8;
            words = (get32(p + 24 + 20) + block_bytes - get32(p + 24 + 12)) / 4;
        }
        uint32_t n = twin_decode_block(&twin, b, block_bytes, slots, words, e, 4096);
        if (seq > expected_seq)
            *gaps += seq - expected_seq;
        if (seq + n > expected_seq) {
            events += seq + n - (seq > expected_seq ? seq : expected_seq);
            expected_seq = seq + n;
        }
        for (uint32_t i = 0; i < n; i++)
            if (e[i].code == 0xBC)
                CHECK(e[i].word[1] == ~e[i].word[0]);
        at += 24 + length;
    }
    return events;
}

static uint32_t frame[TRACE_DRAIN_WORDS(512)];

/* 6: the last slot was flushed one off. Flush at every fill. */
static void f06_flush_at_every_fill(void)
{
    for (uint32_t n = 0; n < 80; n++) {
        struct trace_drain d;
        uint32_t gaps;
        begin(4, 512, 0);
        memset(&sink, 0, sizeof(sink));
        CHECK(trace_drain_init(&d, frame, sizeof(frame), sink_put, NULL) == 0);
        for (uint32_t i = 0; i < n; i++)
            debug_trace_event(0, i, ~i);
        while (trace_drain_step(&d, 1))
            ;
        CHECK(check_stream(0, 512, &gaps) == n + 2 && gaps == 0);
        uint32_t used = sink.used;
        CHECK(trace_drain_step(&d, 1) == 0 && sink.used == used && trace_drain_idle(&d));
        end();
    }
}

/* 13, 14: the drop count stayed on the target; the transport fails at every single call. */
static void f14_transport_fails_at_every_call(void)
{
    for (uint32_t fail = 0; fail < 60; fail++) {
        struct trace_drain d;
        uint32_t gaps, written;
        begin(3, 512, 0);
        memset(&sink, 0, sizeof(sink));
        sink.fail_at = fail;
        sink.most = 100;
        sink.seed = fail + 1;
        CHECK(trace_drain_init(&d, frame, sizeof(frame), sink_put, NULL) == 0);
        for (uint32_t i = 0; i < 2000; i++) {
            debug_trace_event(0, i, ~i);
            if (i % 7 == 0)
                trace_drain_step(&d, 0);
        }
        for (uint32_t i = 0; i < 2000; i++)
            trace_drain_step(&d, 1);
        written = stats().written;
        uint32_t seen = check_stream(0, 512, &gaps);
        CHECK(seen + gaps == written && gaps == stats().lost_drain && gaps == d.lost && gaps > 0);
        end();
    }
}

/* 8: decoding that starts at any byte of the stream. */
static void f08_start_at_every_byte(void)
{
    struct trace_drain d;
    uint32_t gaps;
    begin(3, 256, 0);
    memset(&sink, 0, sizeof(sink));
    trace_drain_init(&d, frame, sizeof(frame), sink_put, NULL);
    for (uint32_t i = 0; i < 60; i++) {
        debug_trace_event(0, i, ~i);
        while (trace_drain_step(&d, 0))
            ;
    }
    uint32_t all = check_stream(0, 256, &gaps);
    for (uint32_t from = 1; from < sink.used; from += 5) {
        uint32_t seen = check_stream(from, 256, &gaps);
        CHECK(seen <= all && (from > sink.used - 2 * 280 || seen > 0));
    }
    end();
}

static void drain_refuses_a_small_frame(void)
{
    struct trace_drain d;
    begin(2, 1024, 0);
    CHECK(trace_drain_init(&d, frame, sizeof(frame), sink_put, NULL) == -1);
    end();
}

/* A probe reads the up-buffer slowly, and once writes nonsense into it. */
static void rtt_up_buffer(void)
{
    extern struct {
        char id[16];
        int32_t up, down;
        const char *name;
        uint8_t *bytes;
        uint32_t size, write, read, flags;
    } _SEGGER_RTT;
    struct trace_drain d;
    uint32_t gaps, i = 0;
    begin(4, 512, 0);
    memset(&sink, 0, sizeof(sink));
    trace_drain_init(&d, frame, sizeof(frame), trace_rtt_put, NULL);
    for (uint32_t turn = 0; turn < 4000; turn++) {
        if (turn < 2000 && turn % 40 == 0)
            debug_trace_event(0, i, ~i), i++;
        trace_drain_step(&d, turn > 2000);
        for (uint32_t n = turn % 90; n && _SEGGER_RTT.read != _SEGGER_RTT.write; n--) {
            sink.bytes[sink.used++] = _SEGGER_RTT.bytes[_SEGGER_RTT.read];
            _SEGGER_RTT.read = (_SEGGER_RTT.read + 1) % _SEGGER_RTT.size;
        }
    }
    CHECK(strcmp(_SEGGER_RTT.id, "SEGGER RTT") == 0 && _SEGGER_RTT.up == 1);
    uint32_t seen = 0;
    for (uint32_t k = 0; k + 8 < sink.used; k++)
        seen += get32(sink.bytes + k) == 0x4B50594B;
    CHECK(seen > 0 && sink.used >= 16 && trace_drain_idle(&d));
    (void) gaps;
    _SEGGER_RTT.read = 0x7FFFFFFF;
    CHECK(trace_rtt_put(NULL, "x", 1) == 0);
    _SEGGER_RTT.read = _SEGGER_RTT.write;
    end();
}

/* ---- a ring that survives a reset ---- */

static void ring_survives_a_reset(void)
{
    for (uint32_t n = 0; n < 140; n += 1) {
        struct trace_recovered rec;
        begin(4, 256, 0);
        for (uint32_t i = 0; i < n; i++)
            debug_trace_event(0, i, ~i);
        uint32_t first = decode().first, last = decode().end, seq;
        static uint8_t memory[1024];
        memcpy(memory, (const void *) (TRACE_PORT_BASE() + TRACE_PORT_CONTROL()->ring), 1024);
        end();
        /* reset: the control block is gone */
        int blocks = trace_recover(memory, 1024, 256, &rec);
        CHECK(blocks >= 1 && rec.first_seq == first && rec.end_seq == last);
        seq = first;
        for (uint32_t k = 0; k < rec.blocks; k++) {
            const uint8_t *b = trace_recovered_block(&rec, k);
            CHECK(get32(b + 8) == seq);
            seq +=
                twin_decode_block(&twin, b, 256, b[0] | b[1] << 8, b[2] | b[3] << 8, decoded, 1000);
        }
        CHECK(seq == last);
    }
}

static void recovery_refuses_what_is_not_ours(void)
{
    struct trace_recovered rec;
    static uint8_t memory[1024];
    uint64_t seed = 3;
    for (unsigned turn = 0; turn < 2000; turn++) {
        for (unsigned i = 0; i < sizeof(memory); i++)
            memory[i] = (uint8_t) twin_random(&seed);
        if (turn & 1) /* half-made headers */
            for (unsigned b = 0; b < 4; b++)
                memcpy(memory + 256 * b + 4, "\x42\x4B", 2);
        int blocks = trace_recover(memory, 1024, 256, &rec);
        CHECK(blocks == 0 || blocks == -2);
    }
    memset(memory, 0, sizeof(memory));
    CHECK(trace_recover(memory, 1024, 256, &rec) == 0);
    CHECK(trace_recover(memory, 1024, 100, &rec) == -1 &&
          trace_recover(memory, 256, 256, &rec) == -1);
    begin(4, 256, 0);
    memcpy(memory, (const void *) (TRACE_PORT_BASE() + TRACE_PORT_CONTROL()->ring), 1024);
    end();
    for (unsigned b = 0; b < 4; b++)
        memory[256 * b + 28] ^= 1; /* the table of another build */
    CHECK(trace_recover(memory, 1024, 256, &rec) == -2);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
#define T(name) {#name, name}
    T(f01_history_survives_every_wrap),
    T(f02_exact_fill_is_not_empty),
    T(f03_every_size_at_every_distance_from_the_end),
    T(f05_reader_is_lapped),
    T(f06_flush_at_every_fill),
    T(f08_start_at_every_byte),
    T(f09_wide_numbers),
    T(f11_lose_exactly_n),
    T(f12_lose_powers_of_two),
    T(f14_transport_fails_at_every_call),
    T(f17_the_clock_wraps),
    T(f18_roll_over_between_two_readings),
    T(f21_constant_clock),
    T(f23_unbalanced_handlers),
    T(f30_before_init),
    T(f40_dump_in_a_dump),
    T(sizes_are_checked),
    T(wild_pointer_stops_the_recorder),
    T(trigger_freezes_n_events_later),
    T(trigger_on_a_duration),
    T(drain_refuses_a_small_frame),
    T(rtt_up_buffer),
    T(ring_survives_a_reset),
    T(recovery_refuses_what_is_not_ours),
};

int main(int argc, char **argv)
{
    unsigned passed = 0;
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (argc > 1 && strcmp(argv[1], tests[i].name))
            continue;
        snprintf(token, sizeof(token), "faults:%s", tests[i].name);
        now = 1000;
        tests[i].run();
        passed++;
    }
    printf("%u passed, 0 failed\n", passed);
    return passed == 0;
}
