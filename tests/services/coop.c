/* SPDX-License-Identifier: MIT */
/* Cooperative mode: pipe users that block are woken (kernel-faults A15), in both roles; messages
 * too; a system call is a plain call; deferred text comes out. */
#include "verdict.h"

static pipe_t *pipe1;
static mq_t *queue;
static message_t note = {NULL, 7, 0};
static int32_t events[16], count;

static void event(int32_t what)
{
    events[count++] = what;
}

static void reader(void)
{
    char bytes[8];
    event(1);
    CHECK_EQ(mo_pipe_read(pipe1, bytes, 6), 6); /* waits first */
    CHECK(!memcmp(bytes, "abcdef", 6));
    event(5);
    message_t *m = mo_mq_receive(queue, UINT32_MAX);
    CHECK(m == &note);
    event(7);
}

static void writer(void)
{
    event(2);
    for (int32_t k = 0; k < 3; k++)
        mo_task_yield();
    CHECK_EQ(mo_pipe_write(pipe1, "abc", 3), 3);
    event(3);
    mo_task_yield();
    CHECK_EQ(mo_pipe_write(pipe1, "defghijk", 8), 8); /* more than fits: blocks until drained */
    event(6);
    CHECK_EQ(sys_tid(), mo_task_id());
    CHECK_EQ(mo_logger_enqueue("deferred\n", 9), ERR_OK);
    mo_mq_enqueue(queue, &note);
    mo_task_yield();
    mo_task_yield();
    CHECK_EQ(mo_logger_queue_depth(), 0);
    static const int32_t expected[] = {1, 2, 3, 5, 4, 6, 7};
    CHECK_EQ(count, ARRAY_SIZE(expected));
    for (int32_t k = 0; k < count; k++)
        CHECK_EQ(events[k], expected[k]);
    CHECK_EQ(mo_ticks(), 0);
    verdict("coop");
}

static void drainer(void)
{
    char bytes[8];
    while (count < 4)
        mo_task_yield();
    event(4);
    CHECK_EQ(mo_pipe_read(pipe1, bytes, 4), 4);
    CHECK(!memcmp(bytes, "ghij", 4));
    for (;;)
        mo_task_yield();
}

int32_t app_main(void)
{
    pipe1 = mo_pipe_create(4);
    queue = mo_mq_create(1);
    mo_task_spawn(reader, 1024);
    mo_task_spawn(writer, 1024);
    mo_task_spawn(drainer, 1024);
    return 0;
}
