/* SPDX-License-Identifier: MIT */
/* own_events: an application with an event table of its own (app/own_events.def). The recorded
 * events are read back on the target here; `kymo run`, `kymo print` show them by name and
 * field. */
#include <linmo.h>

#define TRACE_USER_TABLE "app/own_events.def"
#define TRACE_USER_DEFINE 1
#include <sys/trace_user.h>

enum { VALUES = 20, LIMIT = 50 };

static int32_t value_of(int32_t i)
{
    return i * 37 % 101;
}

static void filter(void)
{
    int32_t before = 0;
    for (int32_t i = 0; i < VALUES; i++) {
        int32_t value = value_of(i);
        if ((value > LIMIT) != (before > LIMIT))
            trace_filter_edge_any(value > LIMIT);
        trace_filtered_any((uint32_t) i & 3, (uint32_t) value);
        before = value;
    }
}

/* Reads them back: each value once, in order. */
static bool read_back(void)
{
#if CONFIG_DEBUG_TRACE
    struct trace_reader r;
    struct trace_record e;
    int32_t next = 0;
    trace_reader_init(&r);
    while (trace_read(&r, &e) > 0) {
        if (e.code != 0xC8)
            continue;
        if (e.arg != ((uint32_t) next & 3) || (int32_t) e.word[0] != value_of(next))
            return false;
        next++;
    }
    return next == VALUES;
#else
    return true;
#endif
}

static void task(void)
{
    trace_clear();
    filter();
    printf("own_events: %s\n", read_back() ? "PASS" : "FAIL");
    volatile uint32_t *finisher = (volatile uint32_t *) 0x00100000;
    mo_logger_flush();
    *finisher = read_back() ? 0x5555 : 0x13333;
}

int32_t app_main(void)
{
    mo_task_spawn(task, 2048);
    return 1;
}
