/* SPDX-License-Identifier: MIT */
/* Events that are masked unless asked for, or need a special state: the hook's choice, slices that
 * end, polls of an empty queue, a backlog of timers, names. Reads the ring back and counts them;
 * with tracing compiled out there is nothing to count. */
#include "verdict.h"

#include <sys/debug_trace.h>

#define TIMERS 20
#define CODES 256

static uint32_t seen[CODES];
static volatile int32_t running = 2;
static int32_t fired, hooked;

static void *count(void *arg)
{
    fired++;
    return NULL;
}

static void spin(void)
{
    uint32_t until = mo_ticks() + 12;
    while ((int32_t) (mo_ticks() - until) < 0) {
    }
    running--;
}

static int32_t choose(void)
{
    hooked++;
    return hooked == 3 ? 9999 : -1; /* an id that cannot run is refused */
}

static void read_ring(struct trace_reader *reader)
{
    struct trace_record record;
    while (trace_read(reader, &record))
        seen[record.code]++;
}

static void poll_queue(void)
{
    mq_t *queue = mo_mq_create(1);
    mo_mq_dequeue(queue);
    mo_mq_receive(queue, 0);
    mo_mq_peek(queue);
    mo_mq_destroy(queue);
}

static void start_timers(struct trace_reader *reader)
{
    for (int32_t k = 0; k < TIMERS; k++) {
        int32_t id = mo_timer_create(count, 10, NULL);
        mo_timer_start((uint16_t) id, TIMER_ONESHOT);
        read_ring(reader); /* it is small */
    }
}

#define SEEN(name, times)                                       \
    do {                                                        \
        if (CONFIG_DEBUG_TRACE)                                 \
            CHECK_EQ(seen[CODE_##name], times);                 \
    } while (0)

enum {
#define TRACE_EVENT(code, sub, name, ...) CODE_##name = code,
#include "events.def"
#undef TRACE_EVENT
};

void test_runner(void)
{
    struct trace_reader reader;
    trace_set_mask(TRACE_CLASS_ALL | TRACE_CLASS_VERBOSE);
    trace_name_task(mo_task_id(), "runner");
    trace_clear();
    trace_reader_init(&reader);
    poll_queue();
    read_ring(&reader);
    SEEN(mq_empty, 2);
    SEEN(mq_peek, 1);

    mo_task_wfi();
    start_timers(&reader);
    mo_task_delay(3);
    read_ring(&reader);
    CHECK_EQ(fired, TIMERS);
    SEEN(timer_create, TIMERS);
    SEEN(timer_expire, TIMERS);
    SEEN(timer_callback_out, TIMERS);
    SEEN(timer_backlog, 2); /* batches of 8, 8 and 4 */

    mo_task_spawn(spin, 1024);
    mo_task_spawn(spin, 1024);
    while (running)
        mo_task_delay(1);
    read_ring(&reader);
    if (CONFIG_DEBUG_TRACE)
        CHECK(seen[CODE_slice_end] >= 2);

    int32_t (*declines)(void) = kcb->rt_sched;
    kcb->rt_sched = choose;
    mo_task_delay(5);
    kcb->rt_sched = declines;
    read_ring(&reader);
    CHECK(hooked > 5);
    if (CONFIG_DEBUG_TRACE)
        CHECK_EQ(seen[CODE_rt_pick], 1); /* when it declines it chooses nothing */
    verdict("rare");
}

int32_t app_main(void)
{
    mo_task_spawn(test_runner, 2048);
    return 1;
}
