/* SPDX-License-Identifier: MIT */
/* The tick at every instruction of the critical ways. In each test `subject` makes one call again
 * and again, and the timer's deadline moves forward by one instruction each time, from before the
 * call to after its end; the tick wakes `intruder`, of higher priority, who works on the same
 * object. Kernel invariants run at every switch and tick, and each test has a balance that a lost
 * wake-up, a lost token or a task in two places would break. */
#include "ktest.h"

#include "force.h"
#include "private/stdio.h"

static sem_t *sem;
static mutex_t lock;
static cond_t cond;
static volatile uint32_t intrusions, tokens, at, partner_runs, flag;

void kernel_check_all(const char *where);

static uint16_t spawn(void (*entry)(void), uint16_t prio, uint16_t size)
{
    int32_t id = mo_task_spawn(entry, size);
    CHECK(id > 0);
    mo_task_priority((uint16_t) id, prio);
    return (uint16_t) id;
}

/* Which instructions of the image a tick has interrupted. */
static uint8_t interrupted[1 << 16];
static uint32_t places;

static void mark_interrupted(uint32_t pc)
{
    uint32_t i = (pc - (uint32_t) (uintptr_t) &_stext) / 2;
    if (i < sizeof(interrupted) && !interrupted[i]) {
        interrupted[i] = 1;
        places++;
    }
}

/* Runs `call` with the tick after 0, 1, 2 .. `length` instructions. Unless the call waits for the
 * tick, the last ones must have come after its end: then no instruction of it was left out. Masked
 * ones are interrupted when the mask is lifted. */
static void sweep(void (*call)(void), uint32_t length, bool waits)
{
    uint32_t inside = 0, after = 0;
    for (at = 0; at < length; at++) {
        uint32_t ticks = kcb->ticks;
        uint32_t due = tick_in(at, HAL_TICK_COUNTS);
        call();
        if (kcb->ticks != ticks) {
            inside++;
            mark_interrupted(probe_pc);
        } else {
            after++;
        }
        while ((int32_t) (NOW() - due) < 200 || kcb->ticks == ticks)
            ;
        kernel_check_all("forced");
    }
    CHECK(inside > 20 && (waits || after > 20));
    CHECK(places > 8);
    printf("ticks inside the call %u, after it %u; interrupted at %u instructions\n", inside, after,
           places);
}

/* --- semaphore: a token given and taken while the intruder does the same --- */

static void intrude_tokens(void)
{
    for (;;) {
        mo_task_delay(1);
        intrusions++;
        if (mo_sem_trywait(sem) == ERR_OK)
            mo_sem_signal(sem);
        mo_sem_signal(sem);
        mo_sem_wait(sem);
    }
}

static void signal_and_wait(void)
{
    mo_sem_signal(sem);
    mo_sem_wait(sem);
    CHECK_BETWEEN(mo_sem_getvalue(sem), 0, 1);
}

static void subject_tokens(void)
{
    CHECK(force_begin());
    sweep(signal_and_wait, 600, false);
    CHECK_EQ(mo_sem_getvalue(sem), 0);
    CHECK(intrusions >= 600);
    PASS();
}

static int32_t forced_sem_free(void)
{
    sem = mo_sem_create(4, 0);
    spawn(intrude_tokens, TASK_PRIO_HIGH, 1024);
    spawn(subject_tokens, TASK_PRIO_NORMAL, 2048);
    return 1;
}

/* --- semaphore: the wake-up that comes at any moment of the wait --- */

static void intrude_signal(void)
{
    for (;;) {
        mo_task_delay(1);
        intrusions++;
        mo_sem_signal(sem);
    }
}

static void wait_only(void)
{
    mo_sem_wait(sem); /* the only signal is the intruder's */
    tokens++;
}

static void subject_wait(void)
{
    CHECK(force_begin());
    mo_task_delay(1);
    while (mo_sem_trywait(sem) == ERR_OK)
        ;
    sweep(wait_only, 600, true);
    CHECK_EQ(tokens, 600);
    CHECK_BETWEEN(mo_sem_getvalue(sem), 0, 1);
    PASS();
}

static void timed_wait_only(void)
{
    if (mo_sem_timedwait(sem, 1) ==
        ERR_OK) /* the token and the end of the time come with one tick */
        tokens++;
    else
        flag++;
}

static void subject_timed_wait(void)
{
    CHECK(force_begin());
    mo_task_delay(1);
    uint32_t before = intrusions;
    while (mo_sem_trywait(sem) == ERR_OK)
        ;
    sweep(timed_wait_only, 600, true);
    mo_task_delay(3);
    uint32_t left = (uint32_t) mo_sem_getvalue(sem);
    CHECK_EQ(tokens + left, intrusions - before);
    CHECK(tokens > 100);
    PASS();
}

static int32_t forced_sem_wait(void)
{
    sem = mo_sem_create(4, 0);
    spawn(intrude_signal, TASK_PRIO_HIGH, 1024);
    spawn(subject_wait, TASK_PRIO_NORMAL, 2048);
    return 1;
}

static int32_t forced_sem_timedwait(void)
{
    sem = mo_sem_create(4, 0);
    spawn(intrude_signal, TASK_PRIO_HIGH, 1024);
    spawn(subject_timed_wait, TASK_PRIO_NORMAL, 2048);
    return 1;
}

/* --- semaphore: giving to a waiter --- */

static void wait_for_token(void)
{
    for (;;) {
        mo_sem_wait(sem);
        tokens++;
    }
}

static void give_token(void)
{
    uint32_t before = tokens;
    mo_sem_signal(sem);
    CHECK_EQ(tokens, before + 1);
}

static void intrude_only(void)
{
    for (;;) {
        mo_task_delay(1);
        intrusions++;
    }
}

static void subject_give(void)
{
    CHECK(force_begin());
    sweep(give_token, 600, false);
    CHECK_EQ(tokens, 600);
    PASS();
}

static int32_t forced_sem_give(void)
{
    sem = mo_sem_create(4, 0);
    spawn(intrude_only, TASK_PRIO_CRIT, 1024);
    spawn(wait_for_token, TASK_PRIO_HIGH, 1024);
    spawn(subject_give, TASK_PRIO_NORMAL, 2048);
    return 1;
}

/* --- mutex: mutual exclusion and inheritance --- */

static volatile uint32_t inside;

static void section(void)
{
    CHECK_EQ(inside, 0);
    inside = 1;
    for (volatile uint32_t i = 0; i < 5; i++)
        ;
    CHECK_EQ(inside, 1);
    inside = 0;
}

static void intrude_lock(void)
{
    for (;;) {
        mo_task_delay(1);
        intrusions++;
        CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
        section();
        CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
    }
}

static void lock_and_unlock(void)
{
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    section();
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
}

static void subject_mutex(void)
{
    CHECK(force_begin());
    sweep(lock_and_unlock, 600, false);
    CHECK_EQ(mo_mutex_waiting_count(&lock), 0);
    CHECK(intrusions >= 600);
    PASS();
}

static int32_t forced_mutex(void)
{
    mo_mutex_init(&lock);
    spawn(intrude_lock, TASK_PRIO_HIGH, 1024);
    spawn(subject_mutex, TASK_PRIO_NORMAL, 2048);
    return 1;
}

/* The subject holds the mutex when a high task asks for it: every instruction of raise, hand-over
 * and lowering. */
static void partner_lock(void)
{
    for (;;) {
        mo_sem_wait(sem);
        CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
        section();
        CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
        partner_runs++;
    }
}

static void contended(void)
{
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    mo_sem_signal(sem);
    section();
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
}

static void subject_contended(void)
{
    CHECK(force_begin());
    sweep(contended, 2000, false);
    CHECK_EQ(partner_runs, 2000);
    PASS();
}

static int32_t forced_mutex_contended(void)
{
    sem = mo_sem_create(4, 0);
    mo_mutex_init(&lock);
    spawn(intrude_lock, TASK_PRIO_CRIT, 1024);
    spawn(partner_lock, TASK_PRIO_HIGH, 1024);
    spawn(subject_contended, TASK_PRIO_NORMAL, 2048);
    return 1;
}

static void timed_lock(void)
{
    int32_t got = mo_mutex_timedlock(&lock, 1);
    if (got == ERR_OK) {
        section();
        CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
        tokens++;
    } else {
        CHECK_EQ(got, ERR_TIMEOUT);
        flag++;
    }
}

/* Holds the mutex for a tick at a time, so that the subject's time ends when the mutex comes free.
 */
static void hold_by_ticks(void)
{
    for (;;) {
        mo_mutex_lock(&lock);
        mo_task_delay(1);
        mo_mutex_unlock(&lock);
        mo_task_delay(1);
    }
}

static void subject_timed_lock(void)
{
    CHECK(force_begin());
    sweep(timed_lock, 1000, true);
    CHECK_EQ(tokens + flag, 1000);
    CHECK(tokens > 50 && flag > 50);
    PASS();
}

static int32_t forced_mutex_timedlock(void)
{
    mo_mutex_init(&lock);
    spawn(hold_by_ticks, TASK_PRIO_HIGH, 1024);
    spawn(subject_timed_lock, TASK_PRIO_NORMAL, 2048);
    return 1;
}

/* --- condition variable (B5): the mutex is never owned by a blocked waiter, no signal is lost ---
 */

static void intrude_cond(void)
{
    for (;;) {
        mo_task_delay(1);
        intrusions++;
        CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
        flag = 1;
        CHECK_EQ(mo_cond_signal(&cond), ERR_OK);
        CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
    }
}

static void wait_for_flag(void)
{
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    while (!flag) {
        CHECK_EQ(mo_cond_wait(&cond, &lock), ERR_OK);
        CHECK(mo_mutex_owned_by_current(&lock));
    }
    flag = 0;
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
}

static void subject_cond(void)
{
    CHECK(force_begin());
    mo_task_delay(1);
    flag = 0;
    sweep(wait_for_flag, 1000, true);
    PASS();
}

static int32_t forced_cond_wait(void)
{
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    spawn(intrude_cond, TASK_PRIO_HIGH, 1024);
    spawn(subject_cond, TASK_PRIO_NORMAL, 2048);
    return 1;
}

/* --- delay: its length, whenever the tick falls --- */

static void delay_one(void)
{
    uint32_t before = kcb->ticks;
    mo_task_delay(1);
    CHECK_BETWEEN(kcb->ticks - before, 1, 2);
}

static void subject_delay(void)
{
    CHECK(force_begin());
    sweep(delay_one, 600, true);
    PASS();
}

static int32_t forced_delay(void)
{
    spawn(intrude_only, TASK_PRIO_HIGH, 1024);
    spawn(subject_delay, TASK_PRIO_NORMAL, 2048);
    return 1;
}

/* --- switch: three equals yield in a ring while a fourth intrudes --- */

static volatile uint32_t turns[3];

static void ring1(void)
{
    for (;;) {
        turns[1]++;
        mo_task_yield();
    }
}

static void ring2(void)
{
    for (;;) {
        turns[2]++;
        mo_task_yield();
    }
}

static void yield_once(void)
{
    turns[0]++;
    mo_task_yield();
}

static void subject_switch(void)
{
    CHECK(force_begin());
    turns[0] = turns[1] = turns[2] = 0;
    sweep(yield_once, 700, false);
    /* Ticks end slices too, so the others may have had a few turns more, never fewer. */
    CHECK_BETWEEN(turns[1], turns[0] - 1, turns[0] + 400);
    CHECK_BETWEEN(turns[2], turns[0] - 1, turns[0] + 400);
    PASS();
}

static int32_t forced_switch(void)
{
    spawn(intrude_only, TASK_PRIO_HIGH, 1024);
    spawn(subject_switch, TASK_PRIO_NORMAL, 2048);
    spawn(ring1, TASK_PRIO_NORMAL, 1024);
    spawn(ring2, TASK_PRIO_NORMAL, 1024);
    return 1;
}

/* --- spawn (B8), suspend, resume, priority, cancel --- */

static void victim(void)
{
    partner_runs++;
    for (;;)
        mo_task_delay(1);
}

static int discard(int ch)
{
    return ch;
}

static void whole_life(void)
{
    uint32_t before = partner_runs;
    uint16_t id = (uint16_t) mo_task_spawn(victim, 512);
    CHECK_EQ(mo_task_priority(id, TASK_PRIO_ABOVE), ERR_OK);
    CHECK_EQ(partner_runs, before + 1);
    CHECK_EQ(mo_task_suspend(id), ERR_OK);
    CHECK_EQ(mo_task_priority(id, TASK_PRIO_LOW), ERR_OK);
    CHECK_EQ(mo_task_resume(id), ERR_OK);
    CHECK_EQ(mo_task_cancel(id), ERR_OK);
}

static void subject_life(void)
{
    _stdout_install(discard);
    CHECK(force_begin());
    sweep(whole_life, 12000, false);
    _stdout_install(NULL);
    CHECK_EQ(partner_runs, 12000);
    PASS();
}

static int32_t forced_life(void)
{
    spawn(intrude_only, TASK_PRIO_HIGH, 1024);
    spawn(subject_life, TASK_PRIO_NORMAL, 2048);
    return 1;
}

const struct ktest ktests[] = {
    TEST(forced_sem_free),        TEST(forced_sem_wait),  TEST(forced_sem_timedwait),
    TEST(forced_sem_give),        TEST(forced_mutex),     TEST(forced_mutex_contended),
    TEST(forced_mutex_timedlock), TEST(forced_cond_wait), TEST(forced_delay),
    TEST(forced_switch),          TEST(forced_life),      {NULL, NULL, 0, NULL},
};
