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
#include "twin.h"

static uint64_t now;
uint64_t trace_posix_now(void)
{
    return now;
}

static struct twin twin;
static uint64_t seed;
static uint32_t captured; /* events in blocks that the capture point offered */
static uint32_t block_bytes;

static uint32_t rnd(uint32_t n)
{
    return twin_random(&seed) % n;
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
static void check_reader(struct trace_reader *r, uint32_t most)
{
    struct trace_record e;
    int got;
    while (most-- && (got = trace_read(r, &e)) != 0) {
        uint32_t n = r->next_seq - 1;
        if (got < 0 || n >= twin.count)
            twin_die(&twin, "reader: event %u", n);
        const struct twin_event *want = &twin.event[n];
        if (e.code != want->code || e.arg != want->arg || e.words != want->words ||
            e.stamp != (uint32_t) want->time || memcmp(e.word, want->word, e.words * 4u))
            twin_die(&twin, "reader: event %u differs", n);
    }
}

static void check_snapshot(void)
{
    static uint32_t copy[(1 << 18) / 4];
    volatile struct trace_control *c = TRACE_PORT_CONTROL();
    uint32_t bytes = trace_snapshot(copy, sizeof(copy)), seq = 0, blocks;
    uint8_t *b = (uint8_t *) copy + 64;
    if (bytes < 64 || (bytes - 64) % block_bytes)
        twin_die(&twin, "snapshot of %u bytes", bytes);
    blocks = (bytes - 64) / block_bytes;
    for (uint32_t i = 0; i < blocks; i++, b += block_bytes) {
        uint32_t slots = b[0] | b[1] << 8, words = b[2] | b[3] << 8;
        if (i == blocks - 1 && c->block) {
            slots = (copy[2] - copy[5] - 32) / 8;
            words = (copy[5] + block_bytes - copy[3]) / 4;
        }
        uint32_t first;
        memcpy(&first, b + 8, 4);
        if (i && first != seq)
            twin_die(&twin, "snapshot: hole before event %u", first);
        seq = twin_compare_block(&twin, b, block_bytes, slots, words);
    }
    if (seq != twin.count)
        twin_die(&twin, "snapshot ends at event %u, expected %u", seq, twin.count);
}

static void random_case(uint64_t n, uint32_t events)
{
    static char token[64];
    struct trace_reader reader;
    snprintf(token, sizeof(token), "random:%llu", (unsigned long long) n);
    seed = n * 0x9E3779B97F4A7C15ull + 1;
    twin.token = token;
    twin.count = captured = 0;
    block_bytes = 256u << rnd(rnd(4) ? 3 : 8);
    memset(&model, 0, sizeof(model));
    model.blocks = 2 + rnd(block_bytes < 4096 ? 30 : 4);
    model.one_shot = rnd(4) == 0;
    model.mask = TRACE_CLASS_ALL;
    now = (uint64_t) rnd(0xFFFFFFFF) << rnd(24);
    model_clear();
    model_control(TRACE_OP_START, model.mask);
    if (trace_posix_attach(0, block_bytes * model.blocks, block_bytes, model.one_shot))
        twin_die(&twin, "attach");
    trace_reader_init(&reader);
    uint32_t calm = rnd(2) ? 1000 : 20;
    for (uint32_t i = 0; i < events; i++) {
        advance();
        if (rnd(calm))
            write_random();
        else
            control_random();
        if (rnd(32) == 0)
            check_reader(&reader, rnd(200));
        if (rnd(64) == 0)
            check_ring();
        if (rnd(200) == 0)
            check_snapshot();
    }
    check_ring();
    check_reader(&reader, 0xFFFFFFFF);
    if (reader.next_seq != twin.count)
        twin_die(&twin, "reader stopped at %u of %u", reader.next_seq, twin.count);
    trace_posix_detach();
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
