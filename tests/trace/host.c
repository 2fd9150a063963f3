/* SPDX-License-Identifier: MIT */
/* The portable recorder on the host against its twin: random events, control calls, clocks and
 * ring sizes.
 *
 *   host            all cases
 *   host random:SEED[:MODE]   one of them; a failure prints this token */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/debug_trace.h>
#include "trace_drain.h"
#include "twin.h"

static uint64_t now;
uint64_t trace_posix_now(void)
{
    return now;
}

static struct twin twin;
static uint64_t seed;
static const uint8_t *fuzz;   /* choices from a fuzzer instead of seed */
static size_t fuzz_left;
static uint32_t captured; /* events in blocks that the capture point offered */
static uint32_t block_bytes;

static uint32_t rnd(uint32_t n)
{
    if (!fuzz)
        return twin_random(&seed) % n;
    uint32_t v = 0;
    for (uint32_t most = n - 1; most; most >>= 8, fuzz_left -= fuzz_left != 0)
        v = v << 8 | (fuzz_left ? *fuzz++ : 0);
    return v % n;
}

/* A whole capture: every block must arrive, in order, at least once. */
void trace_capture_point(void)
{
    volatile struct trace_control *c = TRACE_PORT_CONTROL();
    const uint8_t *b = TRACE_PORT_BASE() + c->closed;
    uint32_t seq, slots = b[0] | b[1] << 8, words = b[2] | b[3] << 8;
    memcpy(&seq, b + 8, 4);
    if (seq > captured)
        twin_die(&twin, "capture: block begins with %u, expected %u", seq, captured);
    uint32_t end = twin_compare_block(&twin, b, block_bytes, slots, words);
    if (end > captured)
        captured = end;
}

static int interrupts;        /* 1: they may come; never while a control call changes the ring */
static uint32_t interrupt_rate, interrupt_depth;
static int cleared;           /* since the reader and the drain looked last */

/* The model of the ring, from SPEC.md alone: where blocks begin, what is lost. */
static struct {
    uint32_t blocks, one_shot;    /* of the ring */
    uint32_t free, used;          /* bytes left in the open block; blocks used since the clear */
    uint32_t begin[4096];         /* first event of each block since the clear, modulo */
    uint32_t first, lost;         /* event of the clear; lost because full */
    int on, full;
    uint32_t mask;
    uint32_t time_low;            /* of the last time check */
} model;

static void model_clear(void)
{
    model.free = block_bytes - 32;
    model.used = 1;
    model.begin[0] = model.first = twin.count;
    model.lost = 0;
    model.full = 0;
}

static void model_put(uint8_t code, uint32_t arg, unsigned n, const uint32_t *w)
{
    if (model.full) {
        model.lost++;
        return;
    }
    if (model.free < 8 + 4 * n) {
        if (model.one_shot && model.used == model.blocks) {
            model.full = 1;
            model.lost++;
            return;
        }
        model.free = block_bytes - 32;
        model.begin[model.used++ % 4096] = twin.count;
    }
    model.free -= 8 + 4 * n;
    twin_add(&twin, now, code, arg, n, w);
}

/* An event of a class, if that is on. */
static void model_event(uint32_t bit, uint8_t code, uint32_t arg, unsigned n, const uint32_t *w)
{
    if (model.on && (model.mask >> bit & 1))
        model_put(code, arg, n, w);
}

static void model_control(uint32_t op, uint32_t mask)
{
    if (!model.on && mask) {
        model.time_low = (uint32_t) now;
        model_put(0x01, (uint32_t) (now >> 32), 0, NULL);
    }
    if (model.on || mask)
        model_put(0x06, op, 1, &mask);
    model.on = mask != 0;
}

static void write_random(void)
{
    uint32_t w[8], a = rnd(1 << 24), id = rnd(65536);
    for (unsigned i = 0; i < 8; i++)
        w[i] = rnd(0xFFFFFFFF);
    const void *obj = (const void *) (uintptr_t) w[0];
#define WRITE(bit, code, arg, n, call) (model_event(bit, code, arg, n, w), call)
    switch (rnd(12)) {
    case 0: WRITE(TRACE_BIT_SCHED, 0x0B, id, 0, trace_task_switch_off(3, trace_id(id))); break;
    case 1: WRITE(TRACE_BIT_SCHED, 0x12, 0, 0, trace_task_yield_any()); break;
    case 2: WRITE(TRACE_BIT_SCHED, 0x13, a, 0, trace_task_delay_off(a)); break;
    case 3: WRITE(TRACE_BIT_SYNC, 0x42, 0, 1, trace_mutex_lock_off(obj)); break;
    case 4: WRITE(TRACE_BIT_SYNC, 0x32, a, 1, trace_sem_take_off(a, obj)); break;
    case 5:
        WRITE(TRACE_BIT_USER, 0xBC, a & 0xFF, 2, debug_trace_event((uint8_t) a, w[0], w[1]));
        break;
    case 6:
        WRITE(TRACE_BIT_SCHED, 0x10, id | (a & 7) << 16 | 1 << 19, 3,
              trace_task_create_off(trace_id(id), a & 7, 1, w[0], w[1], w[2]));
        break;
    case 7:
        WRITE(TRACE_BIT_CORE, 0xB0, 2, 5, trace_name_object_any(2, obj, w[1], w[2], w[3], w[4]));
        break;
    case 8: WRITE(TRACE_BIT_IRQ, 0x28, 11 | (a & 0xFFFF) << 8, 0, trace_irq_in_off(11, a)); break;
    case 9:
        WRITE(TRACE_BIT_IRQ, 0x2A, 2 | id << 8, 2, trace_exc_off(2, trace_id(id), w[0], w[1]));
        break;
    case 10: WRITE(TRACE_BIT_USER, 0xC5, a, 5, trace_log_any(5, a, w)); break;
    case 11: WRITE(TRACE_BIT_USER, 0xC0, a, 0, trace_log_any(0, a, w)); break;
    }
}

static void control_random(void)
{
    uint32_t mask = rnd(1 << TRACE_CLASSES) | TRACE_CLASS_CORE;
    switch (rnd(5)) {
    case 0:
        model_control(TRACE_OP_STOP, 0);
        trace_stop();
        break;
    case 1:
        if (!model.on)
            model_control(TRACE_OP_START, model.mask);
        trace_start();
        break;
    case 2: {
        int was = model.on;
        model_clear();
        model.on = 0;
        model_control(TRACE_OP_CLEAR, was ? model.mask : 0);
        trace_clear();
        cleared = 3;
        break;
    }
    case 3:
        model.mask = mask;
        if (model.on)
            model_control(TRACE_OP_MASK, mask);
        trace_set_mask(mask);
        break;
    case 4: {
        int was = model.on;
        model.one_shot = rnd(2);
        model_clear();
        model.on = 0;
        model_control(TRACE_OP_CLEAR, was ? model.mask : 0);
        trace_set_mode(model.one_shot);
        cleared = 3;
        break;
    }
    }
}

/* The tick of a real kernel: never more than 2^31 counts between two checks. */
static void advance(void)
{
    static const uint32_t most[] = {1, 3, 100, 1 << 16, 1 << 24, 1u << 31};
    now += rnd(most[rnd(rnd(40) ? 4 : 6)]);
    if ((uint32_t) now - model.time_low >= 1u << 31) {
        model.time_low = (uint32_t) now;
        model_event(TRACE_BIT_CORE, 0x01, (uint32_t) (now >> 32), 0, NULL);
    }
    trace_sync_check();
}

static void check_stats(void)
{
    struct trace_stats s;
    uint32_t oldest = model.used <= model.blocks ? 0 : model.used - model.blocks;
    uint32_t first = model.begin[oldest % 4096];
    trace_get_stats(&s);
    if (s.lost_full != model.lost || s.overwritten != first - model.first ||
        s.kept != twin.count - first || s.written != twin.count - model.first + model.lost)
        twin_die(&twin, "stats: written %u kept %u overwritten %u full %u, expected %u %u %u %u",
                 s.written, s.kept, s.overwritten, s.lost_full,
                 twin.count - model.first + model.lost, twin.count - first, first - model.first,
                 model.lost);
    int broken = trace_check();
    if (broken)
        twin_die(&twin, "invariant %d", broken);
}

static void check_ring(void)
{
    volatile struct trace_control *c = TRACE_PORT_CONTROL();
    struct twin_memory m = {TRACE_PORT_BASE() + c->ring, c->ring, c->ring_size};
    struct twin_ring r = twin_compare(&twin, (const uint8_t *) c, &m);
    if (r.end != twin.count)
        twin_die(&twin, "ring ends at event %u, expected %u", r.end, twin.count);
    check_stats();
}

/* The target's own reader, some events at a time, sometimes lapped by the writers. */
/* Comes wherever the recorder unmasks: records a few events, or more than the ring holds. */
void test_interrupt(void)
{
    if (!interrupts || interrupt_depth == 2 || rnd(interrupt_rate))
        return;
    interrupt_depth++;
    for (uint32_t n = rnd(200) ? rnd(4) : rnd(3000); n; n--) {
        now += rnd(100);
        write_random();
    }
    interrupt_depth--;
}

static uint32_t reader_before; /* number of the last event read + 1 */

static void check_reader(struct trace_reader *r, uint32_t most)
{
    struct trace_record e;
    int got;
    uint32_t lost = r->lost;
    interrupts = 1;
    for (; most && (got = trace_read(r, &e)) != 0; most--) {
        uint32_t n = r->next_seq - 1;
        if (got < 0 || n >= twin.count || n < reader_before)
            twin_die(&twin, "reader: event %u after %u", n, reader_before);
        if (n - reader_before != r->lost - lost && !cleared)
            twin_die(&twin, "reader: at event %u %u were skipped and %u lost", n, n - reader_before,
                     r->lost - lost);
        cleared &= ~1;
        lost = r->lost;
        reader_before = n + 1;
        const struct twin_event *want = &twin.event[n];
        if (e.code != want->code || e.arg != want->arg || e.words != want->words ||
            e.stamp != (uint32_t) want->time || memcmp(e.word, want->word, e.words * 4u))
            twin_die(&twin, "reader: event %u differs", n);
    }
    interrupts = 0;
}

static void check_snapshot(void)
{
    static uint32_t copy[(1 << 18) / 4];
    volatile struct trace_control *c = TRACE_PORT_CONTROL();
    uint32_t before = twin.count, was_open = c->block != 0;
    interrupts = 1;
    uint32_t bytes = trace_snapshot(copy, sizeof(copy)), seq = 0, blocks;
    interrupts = 0;
    uint8_t *b = (uint8_t *) copy + 64;
    if (bytes == 0 && twin.count - before > 4 * block_bytes * model.blocks / 44)
        return; /* lapped again and again */
    if (bytes < 64 || (bytes - 64) % block_bytes)
        twin_die(&twin, "snapshot of %u bytes", bytes);
    blocks = (bytes - 64) / block_bytes;
    for (uint32_t i = 0; i < blocks; i++, b += block_bytes) {
        uint32_t slots = b[0] | b[1] << 8, words = b[2] | b[3] << 8;
        if (i == blocks - 1 && copy[5] && was_open) {
            slots = (copy[2] - copy[5] - 32) / 8;
            words = (copy[5] + block_bytes - copy[3]) / 4;
        }
        uint32_t first;
        memcpy(&first, b + 8, 4);
        if (i && (first < seq || (first > seq && twin.count == before)))
            twin_die(&twin, "snapshot: hole before event %u", first);
        seq = twin_compare_block(&twin, b, block_bytes, slots, words);
    }
    if (seq < before || seq > twin.count)
        twin_die(&twin, "snapshot ends at event %u, expected %u to %u", seq, before, twin.count);
}

/* ---- a drain whose transport takes what it likes ---- */

static struct {
    uint8_t bytes[1 << 17];
    uint32_t used, header, next; /* bytes held; 16 once the file header is gone; number expected */
    uint32_t gaps;
} sink;

static uint32_t word_at(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

/* Takes whole packets out of what has come so far. */
static void sink_packets(void)
{
    uint32_t skip = sink.header ? 0 : 16, length;
    while (sink.used >= skip + 24 &&
           sink.used >= skip + 24 + (length = word_at(sink.bytes + skip + 8))) {
        const uint8_t *p = sink.bytes + skip, *b = p + 24 + (p[4] == 6 ? 64 : 0);
        uint32_t slots = b[0] | b[1] << 8, words = b[2] | b[3] << 8, first = word_at(b + 8);
        if (p[4] == 6) {
            slots = (word_at(p + 24 + 8) - word_at(p + 24 + 20) - 32) / 8;
            words = (word_at(p + 24 + 20) + block_bytes - word_at(p + 24 + 12)) / 4;
        }
        if (first > sink.next)
            sink.gaps += first - sink.next;
        uint32_t end = twin_compare_block(&twin, b, block_bytes, slots, words);
        if (end > sink.next)
            sink.next = end;
        skip += 24 + length;
        sink.header = 1;
    }
    if (sink.header || skip > 16) {
        memmove(sink.bytes, sink.bytes + skip, sink.used - skip);
        sink.used -= skip;
        sink.header = 1;
    }
}

static uint32_t sink_put(void *to, const void *bytes, uint32_t n)
{
    (void) to;
    uint32_t take = rnd(3) ? rnd(n + 1) : n;
    if (sink.used + take > sizeof(sink.bytes))
        return 0;
    memcpy(sink.bytes + sink.used, bytes, take);
    sink.used += take;
    sink_packets();
    return take;
}

static void step_drain(struct trace_drain *d)
{
    interrupts = 1;
    for (uint32_t n = rnd(20); n; n--)
        trace_drain_step(d, rnd(4) == 0);
    interrupts = 0;
}

static void finish_drain(struct trace_drain *d)
{
    for (uint32_t n = 0; n < 100000 && !(trace_drain_idle(d) && sink.next == twin.count); n++)
        trace_drain_step(d, 1);
    if (sink.next != twin.count && twin.count != model.first) /* cleared, and nothing came since */
        twin_die(&twin, "drain ends at event %u, expected %u", sink.next, twin.count);
    if (!(cleared & 2) && sink.gaps != d->lost)
        twin_die(&twin, "drain: gaps of %u events, and %u lost", sink.gaps, d->lost);
}

/* ---- a case ---- */

static void begin(struct trace_reader *reader, struct trace_drain *drain)
{
    static uint32_t frame[TRACE_DRAIN_WORDS(32768)];
    twin.count = captured = 0;
    block_bytes = 256u << rnd(rnd(4) ? 3 : 8);
    memset(&model, 0, sizeof(model));
    memset(&sink, 0, sizeof(sink));
    cleared = interrupts = 0;
    reader_before = 0;
    interrupt_rate = rnd(2) ? 1000 : 20;
    model.blocks = 2 + rnd(block_bytes < 4096 ? 30 : 4);
    model.one_shot = rnd(4) == 0;
    model.mask = TRACE_CLASS_ALL;
    now = (uint64_t) rnd(0xFFFFFFFF) << rnd(24);
    model_clear();
    model_control(TRACE_OP_START, model.mask);
    if (trace_posix_attach(0, block_bytes * model.blocks, block_bytes, model.one_shot))
        twin_die(&twin, "attach");
    trace_reader_init(reader);
    if (trace_drain_init(drain, frame, sizeof(frame), sink_put, NULL))
        twin_die(&twin, "drain");
}

static void run_case(uint32_t events)
{
    struct trace_reader reader;
    struct trace_drain drain;
    begin(&reader, &drain);
    uint32_t calm = rnd(2) ? 1000 : 20;
    for (uint32_t i = 0; i < events && (!fuzz || fuzz_left); i++) {
        advance();
        if (rnd(calm)) {
            interrupts = 1;
            write_random();
            interrupts = 0;
        } else {
            control_random();
        }
        if (rnd(32) == 0)
            check_reader(&reader, rnd(200));
        if (rnd(32) == 0)
            step_drain(&drain);
        if (rnd(64) == 0)
            check_ring();
        if (rnd(200) == 0)
            check_snapshot();
    }
    check_ring();
    interrupt_rate = 0xFFFFFFFF;
    check_reader(&reader, 0xFFFFFFFF);
    if (reader.next_seq != twin.count)
        twin_die(&twin, "reader stopped at %u of %u", reader.next_seq, twin.count);
    finish_drain(&drain);
    trace_posix_detach();
}

#ifdef FUZZ
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz = data;
    fuzz_left = size;
    twin.token = "fuzz";
    run_case(2000);
    return 0;
}
#else
static void random_case(uint64_t n, uint32_t events)
{
    static char token[64];
    snprintf(token, sizeof(token), "random:%llu", (unsigned long long) n);
    seed = n * 0x9E3779B97F4A7C15ull + 1;
    twin.token = token;
    run_case(events);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        char *colon = strchr(argv[1], ':');
        random_case(strtoull(colon ? colon + 1 : argv[1], NULL, 0), 20000);
        return 0;
    }
    for (unsigned i = 1; i <= 200; i++)
        random_case(i, 20000);
    printf("200 passed, 0 failed\n");
    return 0;
}
#endif
