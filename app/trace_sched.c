/* SPDX-License-Identifier: MIT */
/* trace_sched: does the trace of the scheduler say what happened?
 *
 *   make trace_sched                                      preemptive
 *   make trace_sched CFLAGS=-DTRACE_SCHED_COOPERATIVE=1   cooperative
 *   make trace_sched CFLAGS=-DCONFIG_DEBUG_TRACE=0        says "Tracing disabled build: PASS"
 *
 * Parts: a scripted scenario whose every event is known beforehand, with its parameters; classes
 * and stop; the ring written round and round; one-shot mode; task ids above 255. Ends with
 * "Overall: PASS" and status 0, or dumps the events, and ends with status 1. */
#include <linmo.h>
#include <sys/debug_trace.h>

#include "private/error.h"

#ifndef TRACE_SCHED_COOPERATIVE
#define TRACE_SCHED_COOPERATIVE 0
#endif

static void power_off(uint32_t status)
{
    volatile uint32_t *finisher = (volatile uint32_t *) 0x00100000;
    mo_logger_flush();
    *finisher = status ? status << 16 | 0x3333 : 0x5555;
    for (;;)
        ;
}

#if CONFIG_DEBUG_TRACE

static uint32_t checks, failures;

static void check(bool ok, const char *what)
{
    checks++;
    if (ok)
        return;
    failures++;
    printf("FAILED: %s\n", what);
}

/* ---- the scenario ----
 *
 * director  highest level; its steps are in director()
 * worker    runs when the director sleeps
 * helper    is suspended by the director, resumed by the worker, suspends itself, is resumed again
 * victim    never runs: created and cancelled */
#if TRACE_SCHED_COOPERATIVE
/* passes through the scheduler: each task that gives the hart up makes one */
enum { LONG = 20, SHORT = 4 };
#else
enum { LONG = 3, SHORT = 1 };  /* ticks */
#endif

static uint16_t director_id, worker_id, helper_id, victim_id;
static struct stack {
    uint32_t at, size;
} worker_stack, helper_stack, victim_stack;

static struct stack stack_of(uint16_t id)
{
    struct stack s = {0, 0};
    for (list_node_t *n = kcb->tasks->head->next; n != kcb->tasks->tail; n = n->next) {
        tcb_t *t = n->data;
        if (t->id == id)
            s = (struct stack){(uint32_t) t->stack, (uint32_t) t->stack_sz};
    }
    return s;
}

static void worker(void)
{
    mo_task_yield(); /* nobody is its equal */
    mo_task_resume(helper_id);
    mo_task_delay(SHORT);
    mo_task_resume(helper_id);
}

static void helper(void)
{
    mo_task_yield();
    mo_task_suspend(mo_task_id());
}

static void victim(void) {}

static void play(void)
{
    worker_id = (uint16_t) mo_task_spawn(worker, 1024);
    worker_stack = stack_of(worker_id);
    mo_task_priority(worker_id, TASK_PRIO_ABOVE);
    helper_id = (uint16_t) mo_task_spawn(helper, 1024);
    helper_stack = stack_of(helper_id);
    mo_task_suspend(helper_id);
    mo_task_delay(LONG);
    victim_id = (uint16_t) mo_task_spawn(victim, 1024);
    victim_stack = stack_of(victim_id);
    mo_task_cancel(victim_id);
    mo_task_suspend(victim_id); /* refused: not an event of the scheduler */
}

/* What SPEC.md and the event table promise for it, in order. Ids and addresses are filled in
 * afterwards. */
enum { STOPPED, READY, RUNNING, BLOCKED, SUSPENDED, ASLEEP };
enum { CREATED, BY_OBJECT, DELAY_OVER, TIMED_OUT, RESUMED };
enum { HIGHEST = 0, ABOVE = 3, NORMAL = 4, IDLE = 0 };

#define EVENTS_OF_SCENARIO(E)                                                                      \
    /* the worker is created at NORMAL, and raised */                                              \
    E(0x10, worker_id | NORMAL << 16, 3, (uint32_t) worker, worker_stack.at, worker_stack.size) \
    E(0x18 + CREATED, worker_id, 0, 0, 0, 0)                                                       \
    E(0x16, worker_id | ABOVE << 16 | ABOVE << 19, 0, 0, 0, 0)                                     \
    /* the helper is created and suspended */                                                      \
    E(0x10, helper_id | NORMAL << 16, 3, (uint32_t) helper, helper_stack.at, helper_stack.size) \
    E(0x18 + CREATED, helper_id, 0, 0, 0, 0)                                                       \
    E(0x14, helper_id | READY << 16, 0, 0, 0, 0)                                                   \
    /* the director sleeps: the worker runs, yields to nobody, resumes the helper, sleeps */       \
    E(0x13, LONG, 0, 0, 0, 0)                                                                      \
    E(0x08 + ASLEEP, worker_id, 0, 0, 0, 0)                                                        \
    E(0x12, 0, 0, 0, 0, 0)                                                                         \
    E(0x15, helper_id | READY << 16, 0, 0, 0, 0)                                                   \
    E(0x18 + RESUMED, helper_id, 0, 0, 0, 0)                                                       \
    E(0x13, SHORT, 0, 0, 0, 0)                                                                     \
    E(0x08 + ASLEEP, helper_id, 0, 0, 0, 0)                                                        \
    /* the helper yields to nobody and suspends itself: idle */                                    \
    E(0x12, 0, 0, 0, 0, 0)                                                                         \
    E(0x14, helper_id | RUNNING << 16, 0, 0, 0, 0)                                                 \
    E(0x08 + SUSPENDED, IDLE, 0, 0, 0, 0)                                                          \
    /* its time is up: the worker wakes, resumes the helper, ends; the helper ends; idle */        \
    E(0x18 + DELAY_OVER, worker_id, 0, 0, 0, 0)                                                    \
    E(0x08 + READY, worker_id, 0, 0, 0, 0)                                                         \
    E(0x15, helper_id | READY << 16, 0, 0, 0, 0)                                                   \
    E(0x18 + RESUMED, helper_id, 0, 0, 0, 0)                                                       \
    E(0x11, worker_id | RUNNING << 16, 0, 0, 0, 0)                                                 \
    E(0x08 + STOPPED, helper_id, 0, 0, 0, 0)                                                       \
    E(0x11, helper_id | RUNNING << 16, 0, 0, 0, 0)                                                 \
    E(0x08 + STOPPED, IDLE, 0, 0, 0, 0)                                                            \
    /* the director wakes; the victim is created and cancelled */                                  \
    E(0x18 + DELAY_OVER, director_id, 0, 0, 0, 0)                                                  \
    E(0x08 + READY, director_id, 0, 0, 0, 0)                                                       \
    E(0x10, victim_id | NORMAL << 16, 3, (uint32_t) victim, victim_stack.at, victim_stack.size) \
    E(0x18 + CREATED, victim_id, 0, 0, 0, 0)                                                       \
    E(0x11, victim_id | READY << 16, 0, 0, 0, 0)

struct expected {
    uint32_t code, arg, words, word[3];
};

static uint32_t expect_scenario(struct expected *e)
{
    uint32_t n = 0;
#define E(code_, arg_, words_, a, b, c)                                                            \
    e[n++] = (struct expected){code_, (uint32_t) (arg_), words_, {a, b, c}};
    EVENTS_OF_SCENARIO(E)
#undef E
    return n;
}

static bool same(const struct expected *e, const struct trace_record *r)
{
    if (e->code != r->code || e->arg != r->arg || e->words != r->words)
        return false;
    for (uint32_t i = 0; i < e->words; i++)
        if (e->word[i] != r->word[i])
            return false;
    return true;
}

/* Only the classes of `mask`, from an empty ring, without the events that say so. */
static void record_only(uint32_t mask, struct trace_reader *r)
{
    struct trace_record control;
    trace_stop();
    trace_set_mask(mask);
    trace_clear();
    trace_start();
    trace_reader_init(r);
    trace_read(r, &control); /* time_sync, control: start */
    trace_read(r, &control);
}

static void test_scenario(void)
{
    static struct expected expected[40];
    struct trace_reader r;
    struct trace_record got;
    uint32_t at = 0, before = 0, backwards = 0, wrong = 0;
    record_only(TRACE_CLASS_SCHED, &r);
    play();
    trace_stop();
    uint32_t count = expect_scenario(expected);
    while (trace_read(&r, &got) > 0 && got.code != 0x06) { /* control: stop */
        if (at && (int32_t) (got.stamp - before) < 0)
            backwards++;
        before = got.stamp;
        if (at >= count || !same(&expected[at], &got)) {
            if (wrong++ == 0)
                printf("event %u of the scenario: code 0x%x argument 0x%x, expected 0x%x 0x%x\n",
                       at, got.code, got.arg, at < count ? expected[at].code : 0,
                       at < count ? expected[at].arg : 0);
        }
        at++;
    }
    check(wrong == 0, "scenario: every event as expected, in order");
    check(at == count, "scenario: no event more, none less");
    check(backwards == 0, "scenario: time never runs backwards");
    check(r.lost == 0, "scenario: nothing lost");
    printf("scenario: %u events, %u expected\n", at, count);
    if (wrong || at != count)
        debug_dump_events();
}

/* ---- stop and classes ---- */

static void test_control(void)
{
    struct trace_reader r;
    struct trace_record got;
    struct trace_stats s;
    record_only(TRACE_CLASS_USER, &r);
    mo_task_yield(); /* of a class that is off */
    debug_trace_event(7, 1, 2);
    trace_stop();
    debug_trace_event(8, 1, 2);
    mo_task_yield();
    check(trace_read(&r, &got) == 1 && got.code == 0xBC && got.arg == 7 && got.word[0] == 1 &&
              got.word[1] == 2,
          "classes: the event of the class that is on");
    check(trace_read(&r, &got) == 1 && got.code == 0x06 && got.arg == 1 && got.word[0] == 0,
          "stop says so");
    check(trace_read(&r, &got) == 0, "stopped: nothing is recorded");
    debug_clear_events();
    trace_get_stats(&s);
    check(s.kept == 0 && s.written == 0 && s.overwritten == 0, "clear: empty");
    check(trace_check() == 0, "invariants after clear");
}

/* ---- round and round ---- */

static void test_wrap(uint32_t events)
{
    struct trace_reader r;
    struct trace_record got;
    struct trace_stats s;
    uint32_t read = 0, next = 0, out_of_order = 0, backwards = 0, before = 0;
    record_only(TRACE_CLASS_USER, &r);
    trace_reader_init(&r);
    for (uint32_t i = 0; i < events; i++)
        debug_trace_event((uint8_t) i, i, ~i);
    trace_stop();
    while (trace_read(&r, &got) > 0) {
        if (read++ && (int32_t) (got.stamp - before) < 0)
            backwards++;
        before = got.stamp;
        if (got.code != 0xBC)
            continue;
        if (next && got.word[0] != next)
            out_of_order++;
        if (got.arg != (got.word[0] & 0xFF) || got.word[1] != ~got.word[0])
            out_of_order++;
        next = got.word[0] + 1;
    }
    trace_get_stats(&s);
    check(out_of_order == 0, "wrap: what is left is in order and whole");
    check(next == events, "wrap: what is left is the newest");
    check(backwards == 0, "wrap: time never runs backwards");
    /* the events, and time_sync, start and stop */
    check(read + r.lost == events + 3, "wrap: survivors and losses add up to what was written");
    check(s.written == events + 3 && s.kept == read && s.overwritten == r.lost && s.lost_full == 0,
          "wrap: the recorder's own count agrees");
    check(events + 3 < DEBUG_EVENT_BUFFER_SIZE ? r.lost == 0 : read >= DEBUG_EVENT_BUFFER_SIZE,
          "wrap: at least as many survive as asked for");
    check(trace_check() == 0, "invariants after the wrap");
    printf("wrap: %u written, %u kept, %u overwritten\n", s.written, s.kept, s.overwritten);
}

static void test_one_shot(uint32_t events)
{
    struct trace_reader r;
    struct trace_record got;
    struct trace_stats s;
    uint32_t read = 0, next = 0, wrong = 0;
    trace_set_mode(TRACE_ONE_SHOT);
    record_only(TRACE_CLASS_USER, &r);
    for (uint32_t i = 0; i < events; i++)
        debug_trace_event((uint8_t) i, i, ~i);
    while (trace_read(&r, &got) > 0) {
        wrong += got.code != 0xBC || got.word[0] != next;
        next++;
        read++;
    }
    trace_get_stats(&s);
    check(wrong == 0 && r.lost == 0, "one-shot: what is left is the oldest, in order");
    check(read < events && read + s.lost_full == events, "one-shot: survivors and losses add up");
    check(s.written == events + 2 && s.overwritten == 0,
          "one-shot: the recorder's own count agrees");
    trace_set_mode(0);
    check(trace_check() == 0, "invariants after one-shot");
    printf("one-shot: %u written, %u kept, %u lost because full\n", s.written, s.kept, s.lost_full);
}

/* ---- ids of more than 8 bits ---- */

static void test_ids(void)
{
    struct trace_reader r;
    struct trace_record got;
    uint16_t last = 0;
    uint32_t created = 0, destroyed = 0, seen = 0;
    record_only(TRACE_CLASS_SCHED, &r);
    do {
        last = (uint16_t) mo_task_spawn(victim, 512);
        mo_task_cancel(last);
    } while (last < 300);
    trace_stop();
    while (trace_read(&r, &got) > 0) {
        if (got.code == 0x10 && (got.arg & 0xFFFF) > 255)
            created++;
        if (got.code == 0x11 && (got.arg & 0xFFFF) > 255)
            destroyed++;
        if (got.code == 0x11)
            seen = got.arg & 0xFFFF;
    }
    check(seen == last && last > 255, "ids: the last task's id survives");
    check(created >= 20 && destroyed >= 20, "ids: above 255");
    printf("ids: up to %u\n", seen);
}

static void director(void)
{
    director_id = mo_task_id();
    test_scenario();
    test_control();
    test_wrap(20);
    test_wrap(3 * DEBUG_EVENT_BUFFER_SIZE + 17);
    test_wrap(10000);
    test_one_shot(2 * DEBUG_EVENT_BUFFER_SIZE);
    test_ids();
    printf("checks: %u, failures: %u\n", checks, failures);
    printf("Overall: %s\n", failures ? "FAIL" : "PASS");
    power_off(failures ? 1 : 0);
}

int32_t app_main(void)
{
    uint16_t id = (uint16_t) mo_task_spawn(director, 4096);
    mo_task_priority(id, TASK_PRIO_CRIT);
    return !TRACE_SCHED_COOPERATIVE;
}

#else /* compiled out: the same calls, no effect */

static void director(void)
{
    struct trace_stats s;
    trace_start();
    debug_trace_event(1, 2, 3);
    trace_mark("nobody sees this", 1);
    trace_log("nor this: %u", 1u);
    debug_dump_events();
    debug_clear_events();
    trace_get_stats(&s);
    bool ok = s.written == 0 && s.kept == 0 && !trace_running();
    printf("Tracing disabled build: %s\n", ok ? "PASS" : "FAIL");
    power_off(ok ? 0 : 1);
}

int32_t app_main(void)
{
    mo_task_spawn(director, 1024);
    return !TRACE_SCHED_COOPERATIVE;
}
#endif
