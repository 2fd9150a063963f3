/* SPDX-License-Identifier: MIT */
/* Many tasks, and many switches. The invariants run at the end of each stretch. */
#include "ktest.h"

#include "private/stdio.h"

void kernel_check_all(const char *where);

static sem_t *sem;
static mutex_t lock;
static cond_t cond;
static volatile uint32_t runs, woken, arrived, tasks;
static uint8_t ran[1200];

static int discard(int ch)
{
    return ch;
}

static void crowd(void (*entry)(void), uint32_t n)
{
    _stdout_install(discard);
    for (uint32_t i = 0; i < n; i++)
        CHECK(mo_task_spawn(entry, 512) > 0);
    _stdout_install(NULL);
}

/* --- every one of n tasks runs, sleeps, waits and is woken --- */

static void member(void)
{
    uint16_t id = mo_task_id();
    ran[id] = 1;
    mo_task_delay(1 + id % 200);
    mo_mutex_lock(&lock);
    runs++;
    mo_mutex_unlock(&lock);
    mo_mutex_lock(&lock);
    arrived++;
    mo_cond_wait(&cond, &lock);
    woken++;
    mo_mutex_unlock(&lock);
    mo_sem_wait(sem);
    runs++;
}

static void judge(void)
{
    mo_task_priority(mo_task_id(), TASK_PRIO_CRIT);
    uint32_t first_id = mo_task_id() + 1u;
    crowd(member, tasks);
    CHECK_EQ(mo_task_count(), tasks + 2);
    mo_task_delay(250);
    kernel_check_all("asleep");
    CHECK_EQ(runs, tasks);
    CHECK_EQ(arrived, tasks);
    CHECK_EQ(mo_cond_waiting_count(&cond), tasks);
    for (uint32_t i = 0; i < tasks; i++)
        CHECK(ran[first_id + i]);
    mo_cond_broadcast(&cond);
    kernel_check_all("broadcast");
    CHECK_EQ(mo_cond_waiting_count(&cond), 0);
    mo_task_delay(10);
    CHECK_EQ(woken, tasks);
    CHECK_EQ(mo_sem_waiting_count(sem), tasks);
    kernel_check_all("waiting");
    for (uint32_t i = 0; i < tasks; i++)
        mo_sem_signal(sem);
    mo_task_delay(10);
    CHECK_EQ(runs, 2 * tasks);
    mo_task_delay(2);
    CHECK_EQ(mo_task_count(), 2);
    kernel_check_all("ended");
    PASS();
}

static int32_t scale(uint32_t n)
{
    tasks = n;
    sem = mo_sem_create((uint16_t) n, 0);
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    mo_task_spawn(judge, 4096);
    return 1;
}

static int32_t tasks_2(void)
{
    return scale(2);
}
static int32_t tasks_16(void)
{
    return scale(16);
}
static int32_t tasks_256(void)
{
    return scale(256);
}
static int32_t tasks_600(void)
{
    return scale(600);
}
static int32_t tasks_1000(void)
{
    return scale(1000);
}

/* --- a million switches --- */

#define SOAK 1000000

static volatile uint32_t switches;

static void soak_yield(void)
{
    for (;;) {
        switches++;
        mo_task_yield();
        if (switches % 50000 == 0)
            kernel_check_all("soak");
    }
}

static void soak_mixed(void)
{
    for (;;) {
        switches++;
        mo_mutex_lock(&lock);
        mo_task_yield();
        mo_mutex_unlock(&lock);
        mo_sem_signal(sem);
        mo_task_yield();
        mo_sem_wait(sem);
        switches += 2;
    }
}

static void soak_sleep(void)
{
    for (uint32_t i = 1;; i = i % 70 + 1) {
        mo_task_delay((uint16_t) i);
        switches += 2;
    }
}

static void soak_judge(void)
{
    while (switches < SOAK)
        if (kcb->preemptive)
            mo_task_delay(1);
        else
            mo_task_yield();
    kernel_check_all("soak");
    heap_info_t heap;
    mo_heap_walk(&heap);
    printf("%u switches, %u ticks\n", switches, mo_ticks());
    PASS();
}

static int32_t soak(int32_t mode)
{
    sem = mo_sem_create(20, 2);
    mo_mutex_init(&lock);
    for (uint32_t i = 0; i < 3; i++) {
        mo_task_spawn(soak_yield, 1024);
        mo_task_spawn(soak_mixed, 1024);
        mo_task_spawn(soak_sleep, 1024);
    }
    int32_t id = mo_task_spawn(soak_judge, 2048);
    if (mode)
        mo_task_priority((uint16_t) id, TASK_PRIO_HIGH);
    return mode;
}

static int32_t soak_preemptive(void)
{
    return soak(1);
}
static int32_t soak_cooperative(void)
{
    return soak(0);
}

/* --- 5,000 tasks come and go: ids grow, memory comes back --- */

static void short_lived(void)
{
    runs++;
}

static void judge_births(void)
{
    _stdout_install(discard);
    mo_task_spawn(short_lived, 512);
    mo_task_delay(2);
    heap_info_t before, after;
    mo_heap_walk(&before);
    int32_t last = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        int32_t id = mo_task_spawn(short_lived, 512);
        CHECK(id > last);
        last = id;
        if (i % 3 == 0)
            mo_task_cancel((uint16_t) id);
        else
            mo_task_yield();
    }
    mo_task_delay(2);
    mo_heap_walk(&after);
    _stdout_install(NULL);
    CHECK_BETWEEN(after.used_bytes, before.used_bytes,
                  before.used_bytes + 2100); /* at most one id page more */
    CHECK(last > 256);
    CHECK_EQ(mo_task_count(), 2);
    kernel_check_all("births");
    PASS();
}

static int32_t births(void)
{
    mo_task_spawn(judge_births, 2048);
    return 1;
}

const struct ktest ktests[] = {
    TEST(tasks_2),          TEST(tasks_16),   TEST(tasks_256),
    TEST(tasks_600),        TEST(tasks_1000), TEST(soak_preemptive),
    TEST(soak_cooperative), TEST(births),     {NULL, NULL, 0, NULL},
};
