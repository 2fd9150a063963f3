/* SPDX-License-Identifier: MIT */
/* Two tasks, two locks, opposite order: it goes well for a while, then nothing moves any more.
 *
 * The writer takes the journal, then the disk; the cleaner takes the disk, then the journal. Each
 * holds its first lock for one tick, and their periods of 7 and 5 ticks keep them apart at first.
 * At tick 14 the writer takes the journal; at tick 15 the cleaner takes the disk, a moment before
 * the writer asks for it. From then on each waits for what the other holds, and the kernel idles.
 *
 *   make deadlock
 *   build/host/kymo run --duration 1 -o deadlock.kymo build/image.elf
 *
 * says at the end what each task waits for and who holds it; `kymo timeline` shows the last moment
 * at which either ran. */
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
