/* SPDX-License-Identifier: MIT */
/* Tests by name of what follows an event: triggers, the drain with its transports, and a ring that
 * survives a reset. Run by faults.c. */
#include "bench.h"
#include "trace_drain.h"

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

const struct test stream_tests[] = {
    T(f06_flush_at_every_fill),
    T(f08_start_at_every_byte),
    T(f14_transport_fails_at_every_call),
    T(trigger_freezes_n_events_later),
    T(trigger_on_a_duration),
    T(drain_refuses_a_small_frame),
    T(rtt_up_buffer),
    T(ring_survives_a_reset),
    T(recovery_refuses_what_is_not_ours),
    {NULL, NULL},
};
