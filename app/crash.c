/* SPDX-License-Identifier: MIT */
/* A program that ends in a panic, and what the trace says about the moments before it.
 *
 * A reader takes samples under a semaphore. A cleaner decides after a while that nobody needs the
 * semaphore any more, and destroys it. The reader, who slept meanwhile, comes back and uses it.
 *
 *   make crash
 *   build/host/kymo run -o crash.kymo build/image.elf         ends with the panic's status
 *   build/host/kymo timeline --around end --span 100ms crash.kymo
 *   build/host/kymo print --object samples crash.kymo         who did what to it last
 *
 * The panic names the call, the object and the task. The trace adds what a panic cannot know: who
 * destroyed the object, and when. It is whole although the kernel stopped in the middle of a
 * call. */
#include <linmo.h>
#include <sys/debug_trace.h>

enum { SAMPLE_PERIOD = 3, CLEAN_AT = 16 };

static sem_t *samples;

static void reader_task(void)
{
    for (uint32_t n = 1;; n++) {
        mo_task_delay(SAMPLE_PERIOD);
        mo_sem_wait(samples);
        trace_mark("sample", n);
        mo_sem_signal(samples);
    }
}

static void cleaner_task(void)
{
    mo_task_delay(CLEAN_AT);
    trace_mark("nobody needs this any more", 0);
    mo_sem_destroy(samples);
}

int32_t app_main(void)
{
    samples = mo_sem_create(1, 1);
    trace_name(samples, "samples");
    mo_task_spawn(reader_task, DEFAULT_STACK_SIZE);
    mo_task_spawn(cleaner_task, DEFAULT_STACK_SIZE);
    return 1;
}
