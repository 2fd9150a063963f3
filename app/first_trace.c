/* SPDX-License-Identifier: MIT */
/* Every way an application can put something into the trace, each used once or twice.
 *
 * A sensor task reads a value every 20 ms and hands it to a filter task, which smooths it. The
 * kernel's own events (who ran, who waited for whom) are there anyway; what the application adds
 * is what the kernel cannot know: what a stretch of work was for, what a number was, what a
 * moment meant.
 *
 *   make first_trace
 *   build/host/kymo run -o first.kymo build/image.elf
 *   build/host/kymo print first.kymo
 *
 * Ends by itself with status 0 after 25 values. */
#include <linmo.h>
#include <sys/debug_trace.h>

enum { PERIOD = 2, VALUES = 25, ALARM_ABOVE = 900 };

static sem_t *value_ready;
static uint32_t raw_value;

/* A stand-in for a device: the same values in every run. */
static uint32_t read_sensor(uint32_t n)
{
    return n * 677 % 1000;
}

static void sensor_task(void)
{
    for (uint32_t n = 1; n <= VALUES; n++) {
        mo_task_delay(PERIOD);
        raw_value = read_sensor(n);
        trace_counter("raw value", raw_value); /* a number over time: drawn as a curve */
        if (raw_value > ALARM_ABOVE)
            trace_mark("value too high", n);   /* a moment, with a number */
        mo_sem_signal(value_ready);
    }
}

static void filter_task(void)
{
    uint32_t smooth = 0;
    for (uint32_t n = 1; n <= VALUES; n++) {
        mo_sem_wait(value_ready);
        trace_span_begin("filter");            /* a stretch of work, with its interruptions */
        for (int i = 0; i < 1000; i++)
            smooth = (7 * smooth + raw_value + 4) / 8;
        trace_span_end("filter");
        trace_log("value %u became %u", raw_value, smooth); /* formatted on the host */
    }
    printf("first_trace: %u values filtered\n", (uint32_t) VALUES);
}

int32_t app_main(void)
{
    value_ready = mo_sem_create(1, 0);
    trace_name(value_ready, "value ready");    /* heap objects have no name of their own */
    mo_task_spawn(sensor_task, DEFAULT_STACK_SIZE);
    mo_task_spawn(filter_task, DEFAULT_STACK_SIZE);
    return 1; /* preemptive; when both tasks have returned the machine powers off with status 0 */
}
