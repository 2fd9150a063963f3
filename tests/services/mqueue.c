/* SPDX-License-Identifier: MIT */
/* Message queues: capacity (kernel-faults A9), order, refusals, blocking receive with timeouts,
 * direct hand-over in the order of waiting, cancelled and suspended waiters, sends from an
 * interrupt handler. */
#include "verdict.h"

static message_t pool[64];
static mq_t *queue;
static int32_t got[8], order, results[8];

static void test_capacity(void)
{
    for (uint16_t n = 1; n <= 17; n++) {
        mq_t *q = mo_mq_create(n);
        for (int32_t lap = 0; lap < 100; lap++) {
            for (int32_t k = 0; k < n; k++)
                CHECK_EQ(mo_mq_enqueue(q, &pool[k]), ERR_OK);
            CHECK_EQ(mo_mq_items(q), n);
            CHECK(mo_mq_peek(q) == &pool[0]);
            for (int32_t k = 0; k < n; k++)
                CHECK(mo_mq_dequeue(q) == &pool[k]);
        }
        int32_t stored = 0;
        while (mo_mq_enqueue(q, &pool[0]) == ERR_OK)
            stored++;
        CHECK(stored >= n && mo_mq_items(q) == stored);
        CHECK_EQ(mo_mq_destroy(q), ERR_MQ_NOTEMPTY);
        while (mo_mq_dequeue(q))
            stored--;
        CHECK_EQ(stored, 0);
        CHECK_EQ(mo_mq_destroy(q), ERR_OK);
    }
}

static void test_refusals(void)
{
    mq_t fake = {NULL};
    CHECK(!mo_mq_create(0));
    CHECK_EQ(mo_mq_destroy(NULL), ERR_OK);
    CHECK_EQ(mo_mq_destroy(&fake), ERR_FAIL);
    CHECK_EQ(mo_mq_enqueue(NULL, &pool[0]), ERR_FAIL);
    CHECK_EQ(mo_mq_enqueue(&fake, &pool[0]), ERR_FAIL);
    CHECK_EQ(mo_mq_enqueue(queue, NULL), ERR_FAIL);
    CHECK(!mo_mq_dequeue(NULL) && !mo_mq_peek(NULL) && !mo_mq_dequeue(&fake));
    CHECK_EQ(mo_mq_items(NULL), 0);
    CHECK(!mo_mq_dequeue(queue) && !mo_mq_peek(queue));
    CHECK_EQ(mo_mq_enqueue(queue, (message_t *) 3), ERR_OK); /* a token: never followed */
    CHECK(mo_mq_dequeue(queue) == (message_t *) 3);
}

static void waiter(void)
{
    int32_t self = order++;
    message_t *m = mo_mq_receive(queue, UINT32_MAX);
    got[self] = m ? (int32_t) (m - pool) : -1;
    results[self] = 1;
}

static void test_timeouts(void)
{
    CHECK(!mo_mq_receive(queue, 0));
    for (uint32_t ticks = 1; ticks <= 5; ticks += 2) {
        mo_task_wfi();
        uint32_t before = mo_ticks();
        CHECK(!mo_mq_receive(queue, ticks));
        uint32_t took = mo_ticks() - before;
        CHECK(took == ticks || took == ticks + 1);
    }
    CHECK_EQ(mo_mq_enqueue(queue, &pool[5]), ERR_OK); /* no stale waiter takes it */
    CHECK(mo_mq_receive(queue, 0) == &pool[5]);
}

static void test_order(void)
{
    order = 0;
    for (int32_t k = 0; k < 4; k++)
        mo_task_spawn(waiter, 1024);
    mo_task_delay(2);
    CHECK_EQ(mo_mq_destroy(queue), ERR_TASK_BUSY);
    for (int32_t k = 0; k < 4; k++)
        CHECK_EQ(mo_mq_enqueue(queue, &pool[10 + k]), ERR_OK);
    CHECK_EQ(mo_mq_items(queue), 0); /* handed over, not stored */
    mo_task_delay(2);
    for (int32_t k = 0; k < 4; k++)
        CHECK_EQ(got[k], 10 + k);
}

/* A cancelled waiter leaves; a suspended one keeps its place and runs after the resume. */
static void test_cancel_and_suspend(void)
{
    order = 0;
    memset(results, 0, sizeof(results));
    int32_t first = mo_task_spawn(waiter, 1024);
    mo_task_delay(1);
    int32_t second = mo_task_spawn(waiter, 1024);
    mo_task_delay(1);
    mo_task_spawn(waiter, 1024);
    mo_task_delay(1);
    CHECK_EQ(mo_task_cancel((uint16_t) first), ERR_OK);
    CHECK_EQ(mo_task_suspend((uint16_t) second), ERR_OK);
    mo_mq_enqueue(queue, &pool[20]);
    mo_mq_enqueue(queue, &pool[21]);
    mo_task_delay(2);
    CHECK(!results[0] && !results[1] && results[2]);
    CHECK_EQ(got[2], 21);
    CHECK_EQ(mo_task_resume((uint16_t) second), ERR_OK);
    mo_task_delay(2);
    CHECK_EQ(got[1], 20);
    CHECK_EQ(mo_mq_items(queue), 0);
}

static void send_in_interrupt(void)
{
    CHECK_EQ(mo_mq_enqueue_isr(queue, &pool[30]), ERR_OK);
    CHECK_EQ(mo_mq_enqueue_isr(queue, &pool[31]), ERR_OK);
}

static void test_interrupt(void)
{
    order = 0;
    int32_t id = mo_task_spawn(waiter, 1024);
    mo_task_priority((uint16_t) id, TASK_PRIO_HIGH);
    mo_task_delay(1);
    in_interrupt(send_in_interrupt);
    CHECK_EQ(got[0], 30); /* woken when the handler ended, before this line */
    CHECK(mo_mq_dequeue(queue) == &pool[31]);
}

/* A higher receiver runs inside the send, an equal one does not. */
static void test_priority(void)
{
    order = 0;
    got[0] = -1;
    mo_task_spawn(waiter, 1024);
    mo_task_delay(1);
    mo_mq_enqueue(queue, &pool[40]);
    CHECK_EQ(got[0], -1);
    mo_task_yield();
    CHECK_EQ(got[0], 40);
    order = 0;
    int32_t id = mo_task_spawn(waiter, 1024);
    mo_task_priority((uint16_t) id, TASK_PRIO_HIGH);
    mo_task_delay(1);
    mo_mq_enqueue(queue, &pool[41]);
    CHECK_EQ(got[0], 41);
}

static void test_memory(void)
{
    heap_info_t before, after;
    mo_task_delay(2); /* what ended tasks left is freed */
    mo_heap_walk(&before);
    for (int32_t k = 0; k < 500; k++)
        mo_mq_receive(queue, 1);
    mo_heap_walk(&after);
    CHECK_EQ(after.used_bytes, before.used_bytes);
}

void test_runner(void)
{
    test_timeouts();
    test_order();
    test_cancel_and_suspend();
    test_interrupt();
    test_priority();
    test_memory();
    CHECK_EQ(mo_mq_destroy(queue), ERR_OK);
    verdict("mqueue");
}

int32_t app_main(void)
{
    queue = mo_mq_create(8);
    test_capacity();
    test_refusals();
    mo_task_spawn(test_runner, 2048);
    return 1;
}
