/* SPDX-License-Identifier: MIT */
/* Faults of other recorders, each as a test by name, on the portable recorder; streams.c has those
 * of triggers, drain and recovery.
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
#include "bench.h"

static uint32_t free_bytes(void)
{
    return TRACE_PORT_CONTROL()->tail - TRACE_PORT_CONTROL()->head;
}

/* Reads all; each debug event must hold the next number in word 0. Returns how many events in all.
 * */
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

static const struct test tests[] = {
    T(f01_history_survives_every_wrap),
    T(f02_exact_fill_is_not_empty),
    T(f03_every_size_at_every_distance_from_the_end),
    T(f05_reader_is_lapped),
    T(f09_wide_numbers),
    T(f11_lose_exactly_n),
    T(f12_lose_powers_of_two),
    T(f17_the_clock_wraps),
    T(f18_roll_over_between_two_readings),
    T(f21_constant_clock),
    T(f23_unbalanced_handlers),
    T(f30_before_init),
    T(f40_dump_in_a_dump),
    T(sizes_are_checked),
    T(wild_pointer_stops_the_recorder),
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    unsigned passed = run_tests(tests, only) + run_tests(stream_tests, only);
    printf("%u passed, 0 failed\n", passed);
    return passed == 0;
}
