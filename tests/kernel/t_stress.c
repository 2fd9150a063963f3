/* SPDX-License-Identifier: MIT */
/* Everything at once: workers make random calls on shared objects and on each other, ticks come
 * after a random number of instructions, and a device interrupt gives tokens and messages. The
 * kernel executes its invariants at every switch, tick and unlock; the controller sees to it that
 * everybody gets on, and that the books of the semaphores agree in the end. */
#include "ktest.h"

#include "private/stdio.h"

/* 0, or what -device loader,addr=0x87C10004,data=N,data-len=4 adds: for a longer hunt by hand. */
#define MORE_SEED (*(volatile uint32_t *) 0x87C10004)

#define WORKERS 12
#define OBJECTS 3
#define CALLS 15000

static sem_t *sems[OBJECTS];
static mutex_t locks[OBJECTS];
static cond_t conds[OBJECTS];
static mq_t *mq;
static message_t message;
static uint16_t ids[WORKERS];
static volatile uint32_t calls, spawned, timeouts, handled;
static uint32_t state;

static const uint16_t prios[] = {TASK_PRIO_REALTIME, TASK_PRIO_HIGH,   TASK_PRIO_ABOVE,
                                 TASK_PRIO_NORMAL,   TASK_PRIO_BELOW, TASK_PRIO_LOW};

static uint32_t rnd(uint32_t below)
{
    CRITICAL_ENTER();
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    uint32_t r = state;
    CRITICAL_LEAVE();
    return r % below;
}

/* The next tick in 1 to 40 counts of mtime, 100 instructions each. */
static void hurry_tick(void)
{
    CRITICAL_ENTER();
    uint64_t at = hal_mtime() + 1 + rnd(40);
    hal_next_tick = at;
    HAL_REG(HAL_MTIMECMP + 4) = UINT32_MAX;
    HAL_REG(HAL_MTIMECMP) = (uint32_t) at;
    HAL_REG(HAL_MTIMECMP + 4) = (uint32_t) (at >> 32);
    CRITICAL_LEAVE();
}

static void received(void *arg)
{
    (void) *(volatile uint8_t *) HAL_UART;
    handled++;
    mo_sem_signal_isr(sems[handled % OBJECTS]);
    mo_mq_enqueue_isr(mq, &message);
}

static uint16_t somebody(void)
{
    return ids[rnd(WORKERS)];
}

/* Two locks in order, or one with a timeout; a wait on a condition half of the time. */
static void lock_some(void)
{
    uint32_t first = rnd(OBJECTS), second = first + 1;
    if (mo_mutex_timedlock(&locks[first], rnd(4)) != ERR_OK)
        return;
    CHECK(mo_mutex_owned_by_current(&locks[first]));
    if (rnd(2) && second < OBJECTS) {
        CHECK_EQ(mo_mutex_lock(&locks[second]), ERR_OK);
        if (rnd(3) == 0)
            mo_task_delay(1);
        CHECK_EQ(mo_mutex_unlock(&locks[second]), ERR_OK);
    } else if (rnd(2)) {
        int32_t result = mo_cond_timedwait(&conds[rnd(OBJECTS)], &locks[first], 1 + rnd(6));
        CHECK(result == ERR_OK || result == ERR_TIMEOUT);
    }
    CHECK(mo_mutex_owned_by_current(&locks[first]));
    CHECK_EQ(mo_mutex_unlock(&locks[first]), ERR_OK);
    CHECK_EQ(mo_mutex_unlock(&locks[first]), ERR_NOT_OWNER);
}

static void take_some(void)
{
    int32_t result;
    do { /* more than one, because tokens come from many sides */
        result = mo_sem_timedwait(sems[rnd(OBJECTS)], rnd(5));
        CHECK(result == ERR_OK || result == ERR_TIMEOUT);
    } while (result == ERR_OK && rnd(6));
    if (result == ERR_TIMEOUT)
        timeouts++;
}

static void touch_somebody(void)
{
    uint16_t id = somebody();
    switch (rnd(5)) {
    case 0:
        mo_task_suspend(id);
        break;
    case 1:
    case 2:
        mo_task_resume(id);
        break;
    case 3:
        mo_task_priority(id, prios[rnd(ARRAY_SIZE(prios))]);
        break;
    default:
        if (rnd(6) == 0)
            mo_task_cancel(id);
    }
}

static void one_call(void)
{
    switch (rnd(12)) {
    case 0:
    case 1:
        take_some();
        break;
    case 2:
        mo_sem_signal(sems[rnd(OBJECTS)]);
        break;
    case 3:
    case 4:
        lock_some();
        break;
    case 5:
        rnd(2) ? mo_cond_signal(&conds[rnd(OBJECTS)]) : mo_cond_broadcast(&conds[rnd(OBJECTS)]);
        break;
    case 6:
        mo_task_delay((uint16_t) (1 + rnd(4) * rnd(30)));
        break;
    case 7:
        mo_task_yield();
        break;
    case 8:
    case 9:
        touch_somebody();
        break;
    case 10:
        rnd(2) ? (void) mo_mq_receive(mq, rnd(3)) : (void) mo_mq_enqueue(mq, &message);
        break;
    default:
        NOSCHED_ENTER();
        *(volatile uint8_t *) HAL_UART = 'x'; /* looped back: a receive interrupt */
        mo_sem_signal(sems[rnd(OBJECTS)]);
        NOSCHED_LEAVE();
    }
}

static void worker(void)
{
    for (;;) {
        if (rnd(3) == 0)
            hurry_tick();
        one_call();
        calls++;
    }
}

/* Whoever was cancelled is replaced, whoever is suspended goes on. */
static void look_after(void)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        if (mo_task_resume(ids[i]) == ERR_TASK_NOT_FOUND) {
            ids[i] = (uint16_t) mo_task_spawn(worker, 1024);
            mo_task_priority(ids[i], prios[rnd(ARRAY_SIZE(prios))]);
            spawned++;
        }
    }
}

static void controller(void)
{
    mo_task_priority(mo_task_id(), TASK_PRIO_CRIT);
    while (calls < CALLS) {
        uint32_t before = calls;
        for (uint32_t wait = 0; calls < before + 40; wait++) {
            CHECK(wait < 3000); /* nobody gets on: a wake-up was lost */
            look_after();
            mo_task_delay(1);
        }
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        mo_task_cancel(ids[i]);
    for (uint32_t i = 0; i < OBJECTS; i++) {
        CHECK_EQ(mo_sem_waiting_count(sems[i]), 0);
        CHECK_EQ(mo_mutex_waiting_count(&locks[i]), 0);
        CHECK_EQ(mo_cond_waiting_count(&conds[i]), 0);
        CHECK_EQ(mo_mutex_destroy(&locks[i]), ERR_OK);
        CHECK_EQ(mo_cond_destroy(&conds[i]), ERR_OK);
        CHECK_EQ(mo_sem_destroy(sems[i]), ERR_OK);
    }
    CHECK_EQ(mo_task_count(), 2);
    *(volatile uint8_t *) (HAL_UART + 4) = 0; /* no loop back */
    _stdout_install(NULL);
    printf("%u calls, %u ticks, %u tasks, %u timeouts, %u device interrupts\n", calls, mo_ticks(),
           spawned, timeouts, handled);
    CHECK(handled > 20 && timeouts > 20 && spawned > WORKERS);
    PASS();
}

static int discard(int ch)
{
    return ch;
}

static int32_t stress(uint32_t seed)
{
    state = seed + MORE_SEED;
    mq = mo_mq_create(8);
    for (uint32_t i = 0; i < OBJECTS; i++) {
        sems[i] = mo_sem_create(WORKERS, 1);
        mo_mutex_init(&locks[i]);
        mo_cond_init(&conds[i]);
    }
    mo_mutex_set_inherit(&locks[OBJECTS - 1], false);
    mo_irq_attach(HAL_UART_IRQ, received, NULL);
    *(volatile uint8_t *) (HAL_UART + 4) = 0x10; /* loop back */
    *(volatile uint8_t *) (HAL_UART + 1) = 0x01; /* receive interrupt */
    mo_task_spawn(controller, 2048);
    _stdout_install(discard);
    return 1;
}

static int32_t stress_1(void)
{
    return stress(0x12345678);
}

static int32_t stress_2(void)
{
    return stress(0xDEADBEEF);
}

static int32_t stress_3(void)
{
    return stress(0x0BADCAFE);
}

static int32_t stress_4(void)
{
    return stress(0x31415926);
}

const struct ktest ktests[] = {
    TEST(stress_1),
    TEST(stress_2),
    TEST(stress_3),
    TEST(stress_4),
    {NULL, NULL, 0, NULL},
};
