/* SPDX-License-Identifier: MIT */
/* Software timers: ids, refusals, one context for all callbacks, which gets the hart from a spinner
 * (kernel-faults A17); no drift; timers that end, stop and restart themselves (B10); destroyed and
 * cancelled ones that never fire (B9); many at once, in the order of their deadlines. */
#include "verdict.h"

static volatile uint32_t fired[16], where[16], last_tick[16];
static int32_t ids[200];
static volatile bool spinning;

static void *note(void *arg)
{
    uint32_t which = (uint32_t) arg;
    fired[which]++;
    where[which] = mo_task_id();
    last_tick[which] = mo_ticks();
    return NULL;
}

static void forget(void)
{
    for (uint32_t k = 0; k < 16; k++)
        fired[k] = 0;
}

static void test_ids(void)
{
    for (int32_t k = 0; k < 3; k++)
        CHECK_EQ(ids[k] = mo_timer_create(note, 100, (void *) k), 0x6000 + k);
    CHECK_EQ(mo_timer_create(NULL, 100, NULL), ERR_FAIL);
    CHECK_EQ(mo_timer_create(note, 0, NULL), ERR_FAIL);
    CHECK_EQ(mo_timer_start(0x5fff, TIMER_ONESHOT), ERR_FAIL);
    CHECK_EQ(mo_timer_start(0x6003, TIMER_ONESHOT), ERR_FAIL);
    CHECK_EQ(mo_timer_start(0, TIMER_ONESHOT), ERR_FAIL);
    CHECK_EQ(mo_timer_start(0x6000, TIMER_DISABLED), ERR_FAIL);
    CHECK_EQ(mo_timer_start(0x6000, 3), ERR_FAIL);
    CHECK_EQ(mo_timer_cancel(0x6000), ERR_FAIL);
    CHECK_EQ(mo_timer_cancel(0xffff), ERR_FAIL);
    CHECK_EQ(mo_timer_destroy(0x7000), ERR_FAIL);
}

static void spin(void)
{
    while (spinning) {
    }
}

static void test_context(void)
{
    spinning = true;
    mo_task_spawn(spin, 1024);
    mo_task_spawn(spin, 1024);
    mo_task_wfi();
    uint32_t start = mo_ticks();
    CHECK_EQ(mo_timer_start(0x6000, TIMER_AUTORELOAD), ERR_OK);
    uint64_t until = mo_uptime() + 1050;
    while (mo_uptime() < until) {
    }
    CHECK_EQ(mo_timer_cancel(0x6000), ERR_OK);
    spinning = false;
    CHECK_EQ(fired[0], 10);
    CHECK_EQ(where[0], 1);
    CHECK_EQ(last_tick[0], start + 100);
    mo_task_delay(30);
    CHECK_EQ(fired[0], 10);
    forget();
}

static void test_one_shot(void)
{
    CHECK_EQ(mo_timer_start(0x6001, TIMER_ONESHOT), ERR_OK);
    mo_task_delay(35);
    CHECK_EQ(fired[1], 1);
    CHECK_EQ(mo_timer_cancel(0x6001), ERR_FAIL); /* not running any more */
    uint32_t start = mo_ticks();
    CHECK_EQ(mo_timer_start(0x6001, TIMER_ONESHOT), ERR_OK);
    mo_task_delay(5);
    CHECK_EQ(mo_timer_start(0x6001, TIMER_ONESHOT), ERR_OK); /* again, from now */
    mo_task_delay(8);
    CHECK_EQ(fired[1], 1);
    mo_task_delay(5);
    CHECK_EQ(fired[1], 2);
    CHECK_EQ(last_tick[1], start + 15);
    forget();
}

/* A callback that takes longer than its period skips periods and keeps the grid. */
static void *slow(void *arg)
{
    note(arg);
    if (fired[3] == 2)
        delay_ms(250);
    return NULL;
}

static void test_no_drift(void)
{
    int32_t id = mo_timer_create(slow, 100, (void *) 3);
    mo_task_wfi();
    uint32_t start = mo_ticks();
    mo_timer_start((uint16_t) id, TIMER_AUTORELOAD);
    mo_task_delay(75);
    CHECK((last_tick[3] - start) % 10 == 0 || fired[3] == 3);
    CHECK_EQ(last_tick[3], start + 70);
    CHECK_EQ(mo_timer_destroy((uint16_t) id), ERR_OK);
    forget();
}

/* What a callback may do to its own timer; arg chooses. */
static void *act(void *arg)
{
    uint32_t which = (uint32_t) arg;
    note(arg);
    switch (which) {
    case 4:
        CHECK_EQ(mo_timer_destroy((uint16_t) ids[which]), ERR_OK);
        break;
    case 5:
        CHECK_EQ(mo_timer_cancel((uint16_t) ids[which]), ERR_OK);
        break;
    case 6:
        if (fired[6] < 3)
            CHECK_EQ(mo_timer_start((uint16_t) ids[which], TIMER_ONESHOT), ERR_OK);
        break;
    case 7: /* destroys the one that is due in the same batch, behind it */
        mo_timer_destroy((uint16_t) ids[8]);
        break;
    case 9: /* the same, cancelled, and its memory asked for again */
        mo_timer_cancel((uint16_t) ids[10]);
        break;
    }
    return NULL;
}

static void test_self_treatment(void)
{
    heap_info_t before, after;
    mo_heap_walk(&before);
    for (int32_t k = 4; k <= 10; k++)
        ids[k] = mo_timer_create(act, 50, (void *) k);
    for (int32_t k = 4; k <= 10; k++)
        mo_timer_start((uint16_t) ids[k], k == 6 ? TIMER_ONESHOT : TIMER_AUTORELOAD);
    mo_task_delay(18);
    CHECK_EQ(fired[4], 1);
    CHECK_EQ(fired[5], 1);
    CHECK_EQ(fired[6], 3);
    CHECK_EQ(fired[7], 3);
    CHECK_EQ(fired[8], 0);
    CHECK_EQ(fired[9], 3);
    CHECK_EQ(fired[10], 0);
    CHECK_EQ(mo_timer_start((uint16_t) ids[4], TIMER_ONESHOT), ERR_FAIL);
    for (int32_t k = 5; k <= 10; k++)
        CHECK_EQ(mo_timer_destroy((uint16_t) ids[k]), k == 8 ? ERR_FAIL : ERR_OK);
    mo_task_wfi();
    mo_heap_walk(&after);
    CHECK_EQ(after.used_bytes, before.used_bytes);
    forget();
}

static uint32_t sequence, in_order, previous;

static void *in_sequence(void *arg)
{
    in_order += (uint32_t) arg >= previous;
    previous = (uint32_t) arg;
    sequence++;
    return NULL;
}

/* Random deadlines, some cancelled, some destroyed: the rest fire in order. */
static void test_many(void)
{
    uint32_t seed = 3, expected = 0;
    mo_task_wfi();
    for (int32_t k = 0; k < 200; k++) {
        uint32_t ticks = 10 + dice(&seed, 40);
        ids[k] = mo_timer_create(in_sequence, ticks * 10, (void *) ticks);
        CHECK(ids[k] > 0);
    }
    uint32_t start = mo_ticks();
    for (int32_t k = 0; k < 200; k++)
        mo_timer_start((uint16_t) ids[k], TIMER_ONESHOT);
    CHECK_EQ(mo_ticks(), start);
    for (int32_t k = 0; k < 200; k++) {
        uint32_t fate = dice(&seed, 4);
        if (fate == 0)
            CHECK_EQ(mo_timer_cancel((uint16_t) ids[k]), ERR_OK);
        if (fate == 1)
            CHECK_EQ(mo_timer_destroy((uint16_t) ids[k]), ERR_OK);
        expected += fate > 1;
        ids[k] = fate == 1 ? 0 : ids[k];
    }
    mo_task_delay(60);
    CHECK_EQ(sequence, expected);
    CHECK_EQ(in_order, expected);
    for (int32_t k = 0; k < 200; k++) {
        if (ids[k])
            CHECK_EQ(mo_timer_destroy((uint16_t) ids[k]), ERR_OK);
    }
}

static void start_in_interrupt(void)
{
    CHECK_EQ(mo_timer_start_isr(0x6002, TIMER_ONESHOT), ERR_OK);
    CHECK_EQ(mo_timer_start_isr(0x9999, TIMER_ONESHOT), ERR_FAIL);
}

static void test_interrupt(void)
{
    in_interrupt(start_in_interrupt);
    mo_task_delay(15);
    CHECK_EQ(fired[2], 1);
    CHECK_EQ(where[2], 1);
}

void test_runner(void)
{
    test_context();
    test_one_shot();
    test_no_drift();
    test_self_treatment();
    test_many();
    test_interrupt();
    verdict("timer");
}

int32_t app_main(void)
{
    test_ids();
    mo_task_spawn(test_runner, 2048);
    return 1;
}
