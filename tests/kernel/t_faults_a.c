/* SPDX-License-Identifier: MIT */
/* Regression tests of the weaknesses measured in the kernel whose interface this one keeps, part A:
 * scheduling, waiting, stacks and the ends of tasks. */
#include "ktest.h"

#define STATUS_SEM_OPERATION 88
#define STATUS_STACK_CHECK 82

static sem_t *sem;
static mutex_t lock;
static cond_t cond;
static volatile uint32_t counter[4];
static volatile int32_t step;

static uint16_t spawn(void (*entry)(void), uint16_t prio)
{
    int32_t id = mo_task_spawn(entry, 2048);
    CHECK(id > 0);
    CHECK_EQ(mo_task_priority((uint16_t) id, prio), ERR_OK);
    return (uint16_t) id;
}

/* --- A1: priorities and slices take effect --- */

static void count0(void)
{
    for (;;)
        counter[0]++;
}

static void count1(void)
{
    for (;;)
        counter[1]++;
}

static void judge_priorities(void)
{
    mo_task_delay(20);
    CHECK(counter[0] > 1000);
    CHECK_EQ(counter[1], 0);
    PASS();
}

static int32_t a01_priority(void)
{
    spawn(count1, TASK_PRIO_IDLE);
    spawn(count0, TASK_PRIO_REALTIME);
    spawn(judge_priorities, TASK_PRIO_CRIT);
    return 1;
}

/* Two equal spinners share by turns of TASK_TIMESLICE_NORMAL ticks. */
static void judge_slices(void)
{
    uint32_t turns = 0, before = 0;
    for (uint32_t tick = 0; tick < 40; tick++) {
        uint32_t seen = counter[0];
        mo_task_wfi();
        uint32_t now = counter[0] != seen;
        if (tick && now != before)
            turns++;
        before = now;
    }
    CHECK_BETWEEN(turns, 40 / TASK_TIMESLICE_NORMAL - 1, 40 / TASK_TIMESLICE_NORMAL + 1);
    PASS();
}

static int32_t a01_slices(void)
{
    spawn(count0, TASK_PRIO_NORMAL);
    spawn(count1, TASK_PRIO_NORMAL);
    spawn(judge_slices, TASK_PRIO_CRIT);
    return 1;
}

/* --- A2: whoever runs after a block still gets its ticks --- */

static void block_on_sem(void)
{
    mo_sem_wait(sem);
}

static void own_and_sleep(void)
{
    mo_mutex_lock(&lock);
    mo_task_delay(60000);
}

static void block_on_mutex(void)
{
    mo_mutex_lock(&lock);
}

static void block_on_cond(void)
{
    static mutex_t own;
    mo_mutex_init(&own);
    mo_mutex_lock(&own);
    mo_cond_wait(&cond, &own);
}

static void block_on_delay(void)
{
    mo_task_delay(60000);
}

static void block_on_suspend(void)
{
    mo_task_suspend(mo_task_id());
}

static void judge_ticks(void)
{
    uint32_t first = mo_ticks();
    SPIN_MS(200);
    CHECK_BETWEEN(mo_ticks() - first, 19, 21);
    PASS();
}

static int32_t ticks_after(void (*blocker)(void))
{
    sem = mo_sem_create(4, 0);
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    if (blocker == block_on_mutex)
        spawn(own_and_sleep, TASK_PRIO_CRIT);
    spawn(blocker, TASK_PRIO_HIGH);
    spawn(judge_ticks, TASK_PRIO_NORMAL);
    return 1;
}

static int32_t a02_sem(void)
{
    return ticks_after(block_on_sem);
}
static int32_t a02_mutex(void)
{
    return ticks_after(block_on_mutex);
}
static int32_t a02_cond(void)
{
    return ticks_after(block_on_cond);
}
static int32_t a02_delay(void)
{
    return ticks_after(block_on_delay);
}
static int32_t a02_suspend(void)
{
    return ticks_after(block_on_suspend);
}

/* --- A3: a task that waits is never run --- */

static void wait_for_ever(void)
{
    step = 1;
    mo_sem_wait(sem);
    step = 2;
}

static void *judge_waiting(void *arg)
{
    CHECK_EQ(step, 1);
    CHECK_EQ(mo_sem_waiting_count(sem), 1);
    PASS();
    return NULL;
}

static int32_t a03_nothing_ready(void)
{
    sem = mo_sem_create(1, 0);
    spawn(wait_for_ever, TASK_PRIO_NORMAL);
    mo_timer_start((uint16_t) mo_timer_create(judge_waiting, 1000, NULL), TIMER_ONESHOT);
    return 1;
}

/* --- A4: delays keep their length when all tasks sleep --- */

static volatile uint32_t sleepers_left;

static void sleeper(void)
{
    static const uint16_t lengths[] = {50, 70, 100};
    uint16_t length = lengths[mo_task_id() % 3];
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t first = mo_ticks();
        mo_task_delay(length);
        CHECK_BETWEEN(mo_ticks() - first, length, length + 1);
    }
    if (--sleepers_left == 0)
        PASS();
}

static int32_t sleep_all(uint32_t tasks)
{
    sleepers_left = tasks;
    for (uint32_t i = 0; i < tasks; i++)
        spawn(sleeper, TASK_PRIO_NORMAL);
    return 1;
}

static int32_t a04_one(void)
{
    return sleep_all(1);
}
static int32_t a04_two(void)
{
    return sleep_all(2);
}
static int32_t a04_three(void)
{
    return sleep_all(3);
}
static int32_t a04_four(void)
{
    return sleep_all(4);
}

/* --- A5: a panic says so, after everything printed before it --- */

static void wait_on_null(void)
{
    mo_task_delay(20);
    printf("printed before\n");
    mo_sem_wait(NULL);
}

static int32_t a05_panic_text(void)
{
    spawn(wait_on_null, TASK_PRIO_NORMAL);
    return 1;
}

/* --- A6, A7: timeouts --- */

static void hold_then_unlock(void)
{
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    mo_task_delay(100);
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
}

static void timed_locker(void)
{
    uint32_t first = mo_ticks();
    CHECK_EQ(mo_mutex_timedlock(&lock, 20), ERR_TIMEOUT);
    CHECK_BETWEEN(mo_ticks() - first, 20, 21);
    CHECK_EQ(mo_mutex_waiting_count(&lock), 0);
    CHECK(!mo_mutex_owned_by_current(&lock));
    CHECK_EQ(mo_mutex_timedlock(&lock, 0), ERR_TASK_BUSY);
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    CHECK_EQ(mo_mutex_timedlock(&lock, 5), ERR_TASK_BUSY);
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
    PASS();
}

static int32_t a06_timedlock(void)
{
    mo_mutex_init(&lock);
    spawn(hold_then_unlock, TASK_PRIO_HIGH);
    spawn(timed_locker, TASK_PRIO_NORMAL);
    return 1;
}

static void timed_cond(void)
{
    mo_mutex_lock(&lock);
    CHECK_EQ(mo_cond_timedwait(&cond, &lock, 0), ERR_TIMEOUT);
    uint32_t first = mo_ticks();
    CHECK_EQ(mo_cond_timedwait(&cond, &lock, 20), ERR_TIMEOUT);
    CHECK_BETWEEN(mo_ticks() - first, 20, 21);
    CHECK(mo_mutex_owned_by_current(&lock));
    CHECK_EQ(mo_cond_waiting_count(&cond), 0);
    CHECK_EQ(mo_cond_signal(&cond), ERR_OK);
    CHECK_EQ(mo_cond_broadcast(&cond), ERR_OK);
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
    CHECK_EQ(mo_cond_wait(&cond, &lock), ERR_NOT_OWNER);
    PASS();
}

static int32_t a07_cond_timedwait(void)
{
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    spawn(timed_cond, TASK_PRIO_NORMAL);
    return 1;
}

/* --- A8: exactly max_waiters can wait, and wake in order --- */

static volatile uint32_t woken;

static void queue_up(void)
{
    mo_sem_wait(sem);
    CHECK_EQ(counter[0], mo_task_id()); /* what the signaller expects */
    woken++;
}

static void fill_semaphores(void)
{
    for (uint16_t n = 1; n <= 9; n++) {
        sem = mo_sem_create(n, 0);
        uint16_t first = 0;
        for (uint16_t i = 0; i < n; i++) {
            uint16_t id = spawn(queue_up, TASK_PRIO_HIGH);
            first = first ? first : id;
        }
        CHECK_EQ(mo_sem_waiting_count(sem), n);
        woken = 0;
        for (uint16_t i = 0; i < n; i++) {
            counter[0] = first + i;
            mo_sem_signal(sem);
            CHECK_EQ(woken, i + 1);
        }
        CHECK_EQ(mo_sem_getvalue(sem), 0);
        CHECK_EQ(mo_sem_destroy(sem), ERR_OK);
    }
    PASS();
}

static int32_t a08_max_waiters(void)
{
    spawn(fill_semaphores, TASK_PRIO_NORMAL);
    return 1;
}

static int32_t a08_one_too_many(void)
{
    sem = mo_sem_create(2, 0);
    for (uint32_t i = 0; i < 3; i++)
        spawn(block_on_sem, TASK_PRIO_NORMAL);
    return 1;
}

/* --- A10: a smashed canary is found at the next switch --- */

static void smash(void)
{
    uint32_t *low = NULL;
    for (list_node_t *n = list_next(kcb->tasks->head); n != kcb->tasks->tail; n = list_next(n))
        if (((tcb_t *) n->data)->id == mo_task_id())
            low = ((tcb_t *) n->data)->stack;
    printf("smashing %u\n", mo_ticks());
    *low = 0x12345678;
    mo_task_yield();
    mo_task_wfi();
    printf("not found\n");
}

static int32_t a10_canary(void)
{
    spawn(smash, TASK_PRIO_NORMAL);
    return 1;
}

/* --- A11: small stacks are raised to what a task needs --- */

static void tiny(void)
{
    mo_task_delay(1);
    if (++step == 5)
        PASS();
}

static int32_t a11_small_stacks(void)
{
    static const uint16_t sizes[] = {0, 1, 16, 256, 399};
    uint8_t *block[5];
    for (uint32_t i = 0; i < 5; i++) {
        block[i] = malloc(64);
        memset(block[i], 0xA5, 64);
        CHECK(mo_task_spawn(tiny, sizes[i]) > 0);
    }
    for (uint32_t i = 0; i < 5; i++)
        for (uint32_t j = 0; j < 64; j++)
            CHECK_EQ(block[i][j], 0xA5);
    return 1;
}

/* --- A12: a task that returns ends --- */

static void returns(void)
{
    counter[0]++;
    mo_task_delay(3);
}

static void judge_returned(void)
{
    uint16_t before = mo_task_count();
    mo_task_delay(5);
    for (uint32_t i = 0; i < 20; i++)
        mo_task_yield();
    CHECK_EQ(mo_task_count(), before - 1);
    CHECK_EQ(counter[0], 1);
    PASS();
}

static int32_t returning(int32_t mode)
{
    spawn(returns, TASK_PRIO_NORMAL);
    spawn(judge_returned, TASK_PRIO_NORMAL);
    return mode;
}

static int32_t a12_return_preemptive(void)
{
    return returning(1);
}
static int32_t a12_return_cooperative(void)
{
    return returning(0);
}

/* The machine stops when the last one has ended. */
static int32_t a12_last_task(void)
{
    spawn(returns, TASK_PRIO_NORMAL);
    printf("PASS %s\n", ktest_this->name);
    return 1;
}

/* --- A13: suspension and waiting are independent --- */

static void wait_once(void)
{
    mo_sem_wait(sem);
    step = 1;
}

static void suspend_waiter(void)
{
    uint16_t id = spawn(wait_once, TASK_PRIO_HIGH);
    CHECK_EQ(mo_task_suspend(id), ERR_OK);
    CHECK_EQ(mo_task_suspend(id), ERR_TASK_CANT_SUSPEND);
    CHECK_EQ(mo_task_resume(id), ERR_OK);
    CHECK_EQ(mo_task_resume(id), ERR_TASK_CANT_RESUME);
    CHECK_EQ(step, 0);
    CHECK_EQ(mo_sem_waiting_count(sem), 1);
    mo_sem_signal(sem);
    CHECK_EQ(step, 1);
    CHECK_EQ(mo_sem_getvalue(sem), 0);

    step = 0;
    id = spawn(wait_once,
               TASK_PRIO_HIGH); /* given the token while suspended: runs after the resume */
    CHECK_EQ(mo_task_suspend(id), ERR_OK);
    mo_sem_signal(sem);
    CHECK_EQ(mo_sem_waiting_count(sem), 0);
    CHECK_EQ(step, 0);
    CHECK_EQ(mo_task_resume(id), ERR_OK);
    CHECK_EQ(step, 1);
    CHECK_EQ(mo_sem_getvalue(sem), 0);
    PASS();
}

static int32_t a13_semaphore(void)
{
    sem = mo_sem_create(3, 0);
    spawn(suspend_waiter, TASK_PRIO_NORMAL);
    return 1;
}

static void delay_20(void)
{
    uint32_t first = mo_ticks();
    mo_task_delay(20);
    CHECK_BETWEEN(mo_ticks() - first, 20, 21);
    step = 1;
}

static void delay_20_late(void)
{
    uint32_t first = mo_ticks();
    mo_task_delay(20);
    CHECK_BETWEEN(mo_ticks() - first, 30, 31);
    PASS();
}

static void suspend_sleeper(void)
{
    uint16_t id = spawn(delay_20, TASK_PRIO_HIGH);
    mo_task_delay(5);
    CHECK_EQ(mo_task_suspend(id), ERR_OK);
    mo_task_delay(5);
    CHECK_EQ(mo_task_resume(id), ERR_OK);
    mo_task_delay(30);
    CHECK_EQ(step, 1);
    id = spawn(delay_20_late, TASK_PRIO_HIGH);
    CHECK_EQ(mo_task_suspend(id), ERR_OK);
    mo_task_delay(30);
    CHECK_EQ(mo_task_resume(id), ERR_OK);
}

static int32_t a13_delay(void)
{
    spawn(suspend_sleeper, TASK_PRIO_NORMAL);
    return 1;
}

static void lock_once(void)
{
    CHECK_EQ(mo_mutex_lock(&lock), ERR_OK);
    CHECK(mo_mutex_owned_by_current(&lock));
    step = 1;
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
}

static void suspend_locker(void)
{
    mo_mutex_lock(&lock);
    uint16_t id = spawn(lock_once, TASK_PRIO_HIGH);
    CHECK_EQ(mo_mutex_waiting_count(&lock), 1);
    CHECK_EQ(mo_task_suspend(id), ERR_OK);
    CHECK_EQ(mo_task_resume(id), ERR_OK);
    CHECK_EQ(step, 0);
    CHECK_EQ(mo_mutex_waiting_count(&lock), 1);
    CHECK_EQ(mo_mutex_unlock(&lock), ERR_OK);
    CHECK_EQ(step, 1);
    PASS();
}

static int32_t a13_mutex(void)
{
    mo_mutex_init(&lock);
    spawn(suspend_locker, TASK_PRIO_NORMAL);
    return 1;
}

static void cond_once(void)
{
    mo_mutex_lock(&lock);
    CHECK_EQ(mo_cond_wait(&cond, &lock), ERR_OK);
    CHECK(mo_mutex_owned_by_current(&lock));
    step = 1;
    mo_mutex_unlock(&lock);
}

static void suspend_cond(void)
{
    uint16_t id = spawn(cond_once, TASK_PRIO_HIGH);
    CHECK_EQ(mo_cond_waiting_count(&cond), 1);
    CHECK_EQ(mo_task_suspend(id), ERR_OK);
    CHECK_EQ(mo_task_resume(id), ERR_OK);
    CHECK_EQ(step, 0);
    CHECK_EQ(mo_cond_waiting_count(&cond), 1);
    CHECK_EQ(mo_cond_signal(&cond), ERR_OK);
    CHECK_EQ(step, 1);
    PASS();
}

static int32_t a13_cond(void)
{
    mo_mutex_init(&lock);
    mo_cond_init(&cond);
    spawn(suspend_cond, TASK_PRIO_NORMAL);
    return 1;
}

/* --- A14: a cancelled task leaves every queue, and its mutexes go on --- */

static void cancel_waiter(void)
{
    uint16_t id = spawn(wait_once, TASK_PRIO_HIGH);
    CHECK_EQ(mo_task_cancel(mo_task_id()), ERR_TASK_CANT_REMOVE);
    CHECK_EQ(mo_task_cancel(0), ERR_TASK_CANT_REMOVE);
    CHECK_EQ(mo_task_cancel(1), ERR_TASK_CANT_REMOVE);
    CHECK_EQ(mo_task_cancel(999), ERR_TASK_NOT_FOUND);
    CHECK_EQ(mo_task_cancel(id), ERR_OK);
    CHECK_EQ(mo_task_cancel(id), ERR_TASK_NOT_FOUND);
    CHECK_EQ(mo_sem_waiting_count(sem), 0);
    mo_sem_signal(sem);
    CHECK_EQ(mo_sem_getvalue(sem), 1);
    CHECK_EQ(step, 0);
    id = spawn(block_on_delay, TASK_PRIO_HIGH);
    CHECK_EQ(mo_task_cancel(id), ERR_OK);
    mo_task_delay(2);
    PASS();
}

static int32_t a14_waiter(void)
{
    sem = mo_sem_create(3, 0);
    spawn(cancel_waiter, TASK_PRIO_NORMAL);
    return 1;
}

static void cancel_owner(void)
{
    uint16_t owner = spawn(own_and_sleep, TASK_PRIO_CRIT);
    spawn(lock_once, TASK_PRIO_HIGH);
    spawn(lock_once, TASK_PRIO_HIGH);
    CHECK_EQ(mo_mutex_waiting_count(&lock), 2);
    CHECK_EQ(mo_task_cancel(owner), ERR_OK);
    CHECK_EQ(step, 1);
    CHECK_EQ(mo_mutex_waiting_count(&lock), 0);
    CHECK_EQ(mo_mutex_trylock(&lock), ERR_OK);
    owner = mo_task_id();
    PASS();
}

static int32_t a14_owner(void)
{
    mo_mutex_init(&lock);
    spawn(cancel_owner, TASK_PRIO_NORMAL);
    return 1;
}

/* A waiter that is cancelled takes back what it had lent. */
static void own_low(void)
{
    mo_mutex_lock(&lock);
    for (;;)
        counter[0]++;
}

static void count_in_the_middle(void)
{
    for (;;)
        counter[1]++;
}

static void cancel_lender(void)
{
    spawn(own_low, TASK_PRIO_LOW);
    mo_task_delay(2);
    uint16_t lender = spawn(block_on_mutex, TASK_PRIO_HIGH);
    spawn(count_in_the_middle, TASK_PRIO_NORMAL);
    mo_task_delay(3);
    CHECK(counter[0] > 0);
    CHECK_EQ(counter[1], 0);
    CHECK_EQ(mo_task_cancel(lender), ERR_OK);
    mo_task_delay(3);
    CHECK(counter[1] > 0);
    PASS();
}

static int32_t a14_lender(void)
{
    mo_mutex_init(&lock);
    spawn(cancel_lender, TASK_PRIO_CRIT);
    return 1;
}

const struct ktest ktests[] = {
    TEST(a01_priority),
    TEST(a01_slices),
    TEST(a02_sem),
    TEST(a02_mutex),
    TEST(a02_cond),
    TEST(a02_delay),
    TEST(a02_suspend),
    TEST(a03_nothing_ready),
    TEST(a04_one),
    TEST(a04_two),
    TEST(a04_three),
    TEST(a04_four),
    TEST_DIES(a05_panic_text, STATUS_SEM_OPERATION,
              "printed before\n[^$]*mo_sem_wait: not a semaphore.*\n.*PANIC .*task 2"),
    TEST(a06_timedlock),
    TEST(a07_cond_timedwait),
    TEST(a08_max_waiters),
    TEST_DIES(a08_one_too_many, STATUS_SEM_OPERATION, "mo_sem_wait: max_waiters wait already"),
    TEST_DIES(a10_canary, STATUS_STACK_CHECK, "STACK CORRUPTION: task 2 [^$]*PANIC .*tick 0"),
    TEST(a11_small_stacks),
    TEST(a12_return_preemptive),
    TEST(a12_return_cooperative),
    TEST(a12_last_task),
    TEST(a13_semaphore),
    TEST(a13_delay),
    TEST(a13_mutex),
    TEST(a13_cond),
    TEST(a14_waiter),
    TEST(a14_owner),
    TEST(a14_lender),
    {NULL, NULL, 0, NULL},
};
