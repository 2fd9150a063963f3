/* SPDX-License-Identifier: MIT */
/* deadlock: two tasks, two locks, opposite order. It goes well for a while, then nothing moves
 * any more.
 *
 * The writer takes the journal, then the disk; the cleaner takes the disk, then the journal. Each
 * holds its first lock for a moment only, and their periods (7 and 5 ticks) keep them apart until
 * tick 35, when both begin at once: each then waits for what the other holds, for ever. The
 * kernel idles.
 *
 * What to look at: `kymo run --duration 1` says at the end what each task waits for, and `kymo
 * timeline` shows the last moment at which either ran. `kymo check` warns of the order already in
 * a run that was stopped before it happened. */
#include <linmo.h>

#include "private/error.h"

enum { WRITER_PERIOD = 7, CLEANER_PERIOD = 5 };

static mutex_t journal, disk;

/* Both locks, in the given order, with some work after the first. */
static void use_both(mutex_t *first, mutex_t *second)
{
    mo_mutex_lock(first);
    mo_task_delay(1);
    mo_mutex_lock(second);
    mo_mutex_unlock(second);
    mo_mutex_unlock(first);
}

static void writer_task(void)
{
    for (uint32_t next = WRITER_PERIOD;; next += WRITER_PERIOD) {
        mo_task_delay((uint16_t) (next - mo_ticks()));
        use_both(&journal, &disk);
        printf("writer: tick %u\n", mo_ticks());
    }
}

static void cleaner_task(void)
{
    for (uint32_t next = CLEANER_PERIOD;; next += CLEANER_PERIOD) {
        mo_task_delay((uint16_t) (next - mo_ticks()));
        use_both(&disk, &journal);
        printf("cleaner: tick %u\n", mo_ticks());
    }
}

int32_t app_main(void)
{
    if (mo_mutex_init(&journal) != ERR_OK || mo_mutex_init(&disk) != ERR_OK)
        return 1;
    mo_task_spawn(writer_task, DEFAULT_STACK_SIZE);
    mo_task_spawn(cleaner_task, DEFAULT_STACK_SIZE);
    return 1;
}
