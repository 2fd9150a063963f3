/* SPDX-License-Identifier: MIT */
/* What the kernel's operations cost, in instructions: run under `-icount shift=0`, where mcycle
 * counts instructions and 100 of them are one count of mtime.
 *
 * Prints `op NAME TASKS MIN MEDIAN MAX` and `masked NAME TASKS LONGEST` lines. A masked stretch is
 * measured from outside: the timer's deadline is put at every instruction of the operation in turn,
 * and a probe in front of the trap vector reads how late the interrupt is. The kernel itself is as
 * it ships. TASKS is how many other tasks there are: asleep, or, for NAMEs that say so, ready or
 * waiting for the same thing. */
#include <linmo.h>

#include <sys/debug_trace.h>

#include "private/stdio.h"

#include "../force.h"

/* QEMU's loader writes them: how many other tasks there are, and whether the recorder, if it is
 * compiled in, runs. */
#define SELECT (*(volatile uint32_t *) 0x87C10000)
#define TRACED (*(volatile uint32_t *) 0x87C10004)
#define ROUNDS 300
/* --- samples --- */

static volatile uint32_t begun, begun_tick;
static uint32_t samples[ROUNDS], used, others, bias;

#define BEGIN()                                                                                    \
    do {                                                                                           \
        begun_tick = kcb->ticks;                                                                   \
        begun = NOW();                                                                             \
    } while (0)

static void add(uint32_t n)
{
    if (used < ROUNDS)
        samples[used++] = n;
}

/* One sample, unless a tick fell into it. */
#define END()                                                                                      \
    do {                                                                                           \
        uint32_t end_ = NOW();                                                                     \
        if (begun_tick == kcb->ticks)                                                              \
            add(end_ - begun - bias);                                                              \
    } while (0)

static void report(const char *name)
{
    for (uint32_t i = 1; i < used; i++)
        for (uint32_t j = i; j && samples[j - 1] > samples[j]; j--) {
            uint32_t larger = samples[j - 1];
            samples[j - 1] = samples[j];
            samples[j] = larger;
        }
    if (used)
        printf("op %s %u %u %u %u\n", name, others, samples[0], samples[used / 2],
               samples[used - 1]);
    else
        printf("none %s %u\n", name, others);
    used = 0;
}

/* --- masked stretches --- */

/* The longest an interrupt had to wait during `op`, wherever in it it became pending. */
static void masked(const char *name, void (*op)(void), uint32_t length)
{
    uint32_t longest = 0;
    for (uint32_t at = 0; at < length; at++) {
        uint32_t due = tick_in(at, HAL_TICK_COUNTS);
        op();
        while ((int32_t) (NOW() - due) < 300)
            ;
        uint32_t late = probe_time[0] - PROBE_BEFORE - latency - due;
        if (late < 100000 && late > longest)
            longest = late;
    }
    printf("masked %s %u %u\n", name, others, longest);
}

/* Of the tick itself: a second one is due already when the first begins, and comes in at the first
 * instruction with interrupts on. */
static void masked_tick(const char *name, void (*prepare)(void))
{
    uint32_t longest = 0;
    for (uint32_t round = 0; round < 130; round++) {
        prepare();
        uint32_t due = tick_in(round, 0);
        while ((int32_t) (NOW() - due) < 3000)
            ;
        uint32_t length = probe_time[0] - probe_time[1] - PROBE_BEFORE - PROBE_AFTER;
        if (length < 100000 && length > longest)
            longest = length;
    }
    printf("masked %s %u %u\n", name, others, longest);
}

static void calibrate(void)
{
    bias = 0;
    BEGIN();
    END();
    bias = samples[0];
    used = 0;
    if (!force_begin()) {
        printf("the clock is not what was expected\n");
        hal_power_off(1);
    }
}

/* --- tasks --- */

static uint16_t helper_ids[1100];
static uint32_t helper_count;

static void quiet_spawn(int32_t on);

static void help(void (*entry)(void), uint16_t prio)
{
    quiet_spawn(1);
    uint16_t id = (uint16_t) mo_task_spawn(entry, 512);
    quiet_spawn(0);
    helper_ids[helper_count++] = id;
    mo_task_priority(id, prio);
}

static void dismiss(uint32_t down_to)
{
    while (helper_count > down_to)
        mo_task_cancel(helper_ids[--helper_count]);
}

static sem_t *sem, *turn;
static mutex_t lock;
static mq_t *mq;
static message_t message;

static void sleep_long(void)
{
    for (;;)
        mo_task_delay((uint16_t) (40000 + (mo_task_id() * 37u & 0x3FFF)));
}

/* yield */
static void yielder(void)
{
    mo_task_yield();
    for (;;) {
        BEGIN();
        mo_task_yield();
        END();
    }
}

static void until_full(void)
{
    while (used < ROUNDS)
        mo_task_delay(1);
}

static void measure_yield(void)
{
    uint32_t keep = helper_count;
    for (uint32_t i = 0; i < (others < 2 ? 2 : others); i++)
        help(yielder, TASK_PRIO_BELOW);
    until_full();
    dismiss(keep);
    report("yield_ready");
}

static void yield_back(void)
{
    for (;;)
        mo_task_yield();
}

static void measure_masked_yield(void)
{
    uint32_t keep = helper_count;
    help(yield_back, TASK_PRIO_NORMAL);
    masked("yield_ready", mo_task_yield, 250);
    dismiss(keep);
}

/* semaphore */
static void give_free(void)
{
    mo_sem_signal(sem);
}

static void take_free(void)
{
    mo_sem_wait(sem);
}

static void measure_free_semaphore(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        BEGIN();
        mo_sem_signal(sem);
        END();
    }
    report("sem_give");
    for (uint32_t i = 0; i < ROUNDS; i++) {
        BEGIN();
        mo_sem_wait(sem);
        END();
    }
    report("sem_take");
    masked("sem_give", give_free, 60);
    masked("sem_take", take_free, 60);
}

static volatile bool count_block;

static void sem_waiter(void)
{
    for (;;) {
        BEGIN();
        mo_sem_wait(sem);
        if (!count_block)
            END();
    }
}

static void give_wake(void)
{
    mo_sem_signal(sem);
}

static void measure_give(void)
{
    uint32_t keep = helper_count;
    help(sem_waiter, TASK_PRIO_REALTIME);
    mo_task_delay(1);
    used = 0;
    count_block = false;
    for (uint32_t i = 0; i < ROUNDS + 20; i++) {
        BEGIN();
        mo_sem_signal(sem);
    }
    report("sem_give_wake");
    count_block = true;
    for (uint32_t i = 0; i < ROUNDS + 20; i++) {
        mo_sem_signal(sem);
        END();
    }
    report("sem_take_block");
    masked("sem_give_wake", give_wake, 400);
    dismiss(keep);
}

/* mutex */
static void lock_unlock(void)
{
    mo_mutex_lock(&lock);
    mo_mutex_unlock(&lock);
}

static void measure_free_mutex(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        BEGIN();
        mo_mutex_lock(&lock);
        mo_mutex_unlock(&lock);
        END();
    }
    report("mutex_pair");
    masked("mutex_pair", lock_unlock, 120);
}

static void locker(void)
{
    for (;;) {
        mo_sem_wait(turn);
        BEGIN();
        mo_mutex_lock(&lock);
        if (!count_block)
            END();
        mo_mutex_unlock(&lock);
    }
}

static void contend(void)
{
    mo_mutex_lock(&lock);
    mo_sem_signal(turn);
    mo_mutex_unlock(&lock);
}

static void measure_mutex(void)
{
    uint32_t keep = helper_count;
    help(locker, TASK_PRIO_REALTIME);
    mo_task_delay(1);
    used = 0;
    count_block = true;
    for (uint32_t i = 0; i < ROUNDS + 20; i++) {
        mo_mutex_lock(&lock);
        mo_sem_signal(turn);
        END();
        mo_mutex_unlock(&lock);
    }
    report("mutex_lock_block");
    count_block = false;
    for (uint32_t i = 0; i < ROUNDS + 20; i++) {
        mo_mutex_lock(&lock);
        mo_sem_signal(turn);
        BEGIN();
        mo_mutex_unlock(&lock);
    }
    report("mutex_hand_over");
    masked("mutex_hand_over", contend, 1300);
    dismiss(keep);
}

/* message queue */
static void receiver(void)
{
    for (;;) {
        mo_mq_receive(mq, UINT32_MAX);
        END();
    }
}

static void send(void)
{
    mo_mq_enqueue(mq, &message);
}

static void measure_message(void)
{
    uint32_t keep = helper_count;
    help(receiver, TASK_PRIO_REALTIME);
    mo_task_delay(1);
    used = 0;
    for (uint32_t i = 0; i < ROUNDS + 20; i++) {
        BEGIN();
        mo_mq_enqueue(mq, &message);
    }
    report("message");
    masked("message", send, 400);
    dismiss(keep);
}

/* tick: the loop below has a constant length, so that what it takes more was the tick */
static void nothing(void)
{
}

static uint32_t gap_around(uint32_t due)
{
    uint32_t usual = 0, last = NOW(), gap = 0;
    while (!gap) {
        uint32_t now = NOW();
        if (usual && now - last > usual + 20)
            gap = now - last - usual;
        usual = usual && usual < now - last ? usual : now - last;
        last = now;
    }
    return gap;
}

static void measure_tick(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t due = tick_in(300, HAL_TICK_COUNTS);
        add(gap_around(due) - PROBE_BEFORE - PROBE_AFTER);
    }
    report("tick_idle");
    masked_tick("tick_idle", nothing);
}

/* wake from a tick */
static void tick_sleeper(void)
{
    for (;;) {
        BEGIN();
        mo_task_delay(1);
        uint32_t now = NOW();
        if (!count_block)
            add(now - probe_time[0] - PROBE_AFTER);
        mo_sem_wait(turn);
    }
}

static void delay_block(void)
{
    mo_sem_signal(turn);
}

static void measure_wake(void)
{
    uint32_t keep = helper_count;
    help(tick_sleeper, TASK_PRIO_REALTIME);
    mo_task_delay(2);
    count_block = false;
    used = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        mo_sem_signal(turn);
        uint32_t due = tick_in(300, HAL_TICK_COUNTS);
        while ((int32_t) (NOW() - due) < 1500)
            ;
    }
    report("tick_wake");
    count_block = true;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        mo_sem_signal(turn);
        END();
        uint32_t due = tick_in(300, HAL_TICK_COUNTS);
        while ((int32_t) (NOW() - due) < 1500)
            ;
    }
    report("delay_block");
    masked_tick("tick_wake", delay_block);
    masked("delay_block", delay_block, 400);
    dismiss(keep);
}

/* many woken by one tick, by a broadcast; many waiting on a mutex */
static void herd_member(void)
{
    for (;;) {
        mo_sem_wait(turn);
        mo_task_delay(1);
    }
}

static void measure_herd(void)
{
    uint32_t keep = helper_count;
    uint32_t longest = 0;
    sem_t *mine = turn;
    turn = mo_sem_create(2000, 0);
    for (uint32_t i = 0; i < others; i++)
        help(herd_member, TASK_PRIO_HIGH);
    mo_task_delay(2);
    for (uint32_t round = 0; round < 40; round++) {
        no_tick();
        for (uint32_t i = 0; i < others; i++)
            mo_sem_signal(turn);
        uint32_t second = round * (others * 60 + 400) / 40 / PER_MTIME;
        uint32_t due = tick_in(round * 3, second);
        while ((int32_t) (NOW() - due) < (int32_t) (others * 600 + 20000))
            ;
        uint32_t due2 = due + second * PER_MTIME;
        uint32_t late = probe_time[0] - PROBE_BEFORE - latency - due2;
        if ((int32_t) (due2 - probe_time[1]) < 0)
            late = probe_time[0] - probe_time[1] - PROBE_BEFORE - PROBE_AFTER;
        if (late < 1000000 && late > longest)
            longest = late;
    }
    printf("masked tick_wakes_all %u %u\n", others, longest);
    dismiss(keep);
    turn = mine;
}

static cond_t cond;

static void cond_member(void)
{
    mo_mutex_lock(&lock);
    for (;;)
        mo_cond_wait(&cond, &lock);
}

static void broadcast(void)
{
    mo_cond_broadcast(&cond);
}

static void mutex_member(void)
{
    mo_mutex_lock(&lock);
    mo_mutex_unlock(&lock);
    mo_task_suspend(mo_task_id());
}

static void measure_crowd(void)
{
    uint32_t keep = helper_count;
    mo_cond_init(&cond);
    for (uint32_t i = 0; i < others; i++)
        help(cond_member, TASK_PRIO_HIGH);
    mo_task_delay(1);
    uint32_t longest = 0;
    for (uint32_t round = 0; round < 60; round++) {
        uint32_t due = tick_in(round * (others * 80 + 200) / 60, HAL_TICK_COUNTS);
        broadcast();
        while ((int32_t) (NOW() - due) < 1000)
            ;
        uint32_t late = probe_time[0] - PROBE_BEFORE - latency - due;
        if (late < 1000000 && late > longest)
            longest = late;
    }
    printf("masked cond_broadcast %u %u\n", others, longest);
    dismiss(keep);
    mo_mutex_lock(&lock);
    for (uint32_t i = 0; i < others; i++)
        help(mutex_member, TASK_PRIO_HIGH);
    mo_task_delay(1);
    longest = 0;
    uint32_t due = tick_in(40, HAL_TICK_COUNTS);
    mo_mutex_unlock(&lock);
    while ((int32_t) (NOW() - due) < 1000)
        ;
    longest = probe_time[0] - PROBE_BEFORE - latency - due;
    printf("masked mutex_crowd %u %u\n", others, longest);
    dismiss(keep);
}

static void one_spawn(void)
{
    uint16_t id = (uint16_t) mo_task_spawn(sleep_long, 512);
    mo_task_suspend(id);
    mo_task_priority(id, TASK_PRIO_LOW);
    mo_task_resume(id);
    mo_task_cancel(id);
}

static void measure_life(void)
{
    uint32_t longest = 0;
    for (uint32_t at = 0; at < 4200; at += 3) {
        uint32_t due = tick_in(at, HAL_TICK_COUNTS);
        one_spawn();
        while ((int32_t) (NOW() - due) < 300)
            ;
        uint32_t late = probe_time[0] - PROBE_BEFORE - latency - due;
        if (late < 100000 && late > longest)
            longest = late;
    }
    printf("masked task_life %u %u\n", others, longest);
}

static int discard(int ch)
{
    return ch;
}

static void quiet_spawn(int32_t on)
{
    _stdout_install(on ? discard : NULL);
}

static void start(void)
{
    others = SELECT;
    quiet_spawn(1);
    for (uint32_t i = 0; i < others; i++)
        help(sleep_long, TASK_PRIO_HIGH);
    mo_task_delay(2);
    quiet_spawn(0);
    calibrate();
    printf("store phase %u, latency %u, bias %u\n", store_phase, latency, bias);
}

static void bench_main(void)
{
    start();
    measure_free_semaphore();
    measure_free_mutex();
    measure_yield();
    measure_masked_yield();
    measure_give();
    measure_mutex();
    measure_message();
    measure_tick();
    measure_wake();
    measure_herd();
    measure_crowd();
    measure_life();
    printf("op tcb 0 %u %u %u\n", sizeof(tcb_t), sizeof(tcb_t), sizeof(tcb_t));
    printf("done\n");
    _di();
    hal_power_off(0);
}

int32_t app_main(void)
{
    sem = mo_sem_create(2000, 0);
    turn = mo_sem_create(2000, 0);
    mo_mutex_init(&lock);
    mq = mo_mq_create(4);
    if (!TRACED)
        trace_stop();
    mo_task_spawn(bench_main, 4096);
    return 1;
}
