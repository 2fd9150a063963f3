/* SPDX-License-Identifier: MIT */
/* Bench of the recorder's writers: one function for each event of the table and each of its two
 * writers, called ROUNDS times in a row with tracing started, with all classes masked off, and
 * stopped.
 *
 * The functions' arguments are in registers when the writer begins, as values are at a real site.
 * ROUNDS is more than the events of a block, so that each writer meets a block change. Nothing
 * else runs: no interrupt is enabled in mie, and the machine ends before the scheduler starts.
 * tests/cost/ledger.py counts. */
#include <linmo.h>
#include <sys/debug_trace.h>

#ifndef ROUNDS
#define ROUNDS 600
#endif

/* Arguments of a writer's call: a SUB field is a constant, as at a real site; the others are
 * parameters. */
#define BENCH_ARG(kind, ...) BENCH_ARG_##kind(__VA_ARGS__)
#define BENCH_ARG_NONE()
#define BENCH_ARG_SUB(name, bits, type) (2u & ((1u << (bits)) - 1))
#define BENCH_ARG_ARG(name, bits, shift, type) f_##name
#define BENCH_ARG_WORD(name, type) f_##name
#define BENCH_ARG_MORE(name, type) f_##name

#define BENCH(name, how, ...)                                                                      \
    __attribute__((noinline)) void bench_##how##_##name(                                           \
        TRACE_MAP(TRACE_P, TRACE_COMMA, __VA_ARGS__))                                              \
    {                                                                                              \
        trace_##name##_##how(TRACE_MAP(BENCH_ARG, TRACE_COMMA, __VA_ARGS__));                      \
    }
#define TRACE_EVENT(code, sub, name, CLASS, text, ...)                                             \
    BENCH(name, off, __VA_ARGS__) BENCH(name, any, __VA_ARGS__)
#include "events.def"
#undef TRACE_EVENT

/* Every parameter is one register wide, so one prototype calls them all. */
typedef void bench_fn(const void *, const void *, const void *, const void *, const void *,
                      const void *, const void *, const void *);

#define BENCH_FN(f) ((bench_fn *) (void (*)(void)) f)

struct bench {
    bench_fn *off, *any;
};

static const struct bench benches[] = {
#define TRACE_EVENT(code, sub, name, CLASS, text, ...)                                             \
    {BENCH_FN(bench_off_##name), BENCH_FN(bench_any_##name)},
#include "events.def"
#undef TRACE_EVENT
};

/* An argument that suits all: words to load for `log`, and low 8 bits of 0 as a shifted task id
 * has. */
static const uint32_t words[8] __attribute__((aligned(256))) = {1, 2, 3, 4, 5, 6, 7, 8};

static void call(bench_fn *f, int interrupts)
{
    if (interrupts)
        __asm__ volatile("csrsi mstatus, 8");
    for (int i = 0; i < ROUNDS; i++)
        f(words, words, words, words, words, words, words, words);
    __asm__ volatile("csrci mstatus, 8");
}

static void call_all(void)
{
    for (unsigned i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
        call(benches[i].off, 0);
        call(benches[i].any, 1);
    }
}

/* What the ledger tells the modes apart by: a counter in memory would cost instructions, a
 * function's address does not. */
__attribute__((noinline)) void bench_started(void)
{
    __asm__ volatile("");
}

__attribute__((noinline)) void bench_masked(void)
{
    __asm__ volatile("");
}

__attribute__((noinline)) void bench_stopped(void)
{
    __asm__ volatile("");
}

__attribute__((noinline)) void bench_end(void)
{
    __asm__ volatile("");
}

int32_t app_main(void)
{
    __asm__ volatile("csrw mie, zero\ncsrci mstatus, 8");
    bench_started();
    call_all();
    trace_set_mask(0); /* CORE stays */
    bench_masked();
    call_all();
    trace_stop();
    bench_stopped();
    call_all();
    bench_end();
    *(volatile uint32_t *) 0x100000 = 0x5555;
    return 0;
}
