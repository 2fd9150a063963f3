/* SPDX-License-Identifier: MIT */
/* Objects are made with no memory left, and with just enough for the first, the second block of
 * each: an error, nothing leaked, and the kernel goes on. Blocking, waking and printing need no
 * memory at all. */
#include "verdict.h"

#define PIECES 200

static void *pieces[PIECES];
static uint32_t count;

/* Takes everything, from large to small. */
static void take_all(void)
{
    for (uint32_t size = 1U << 26; size >= 8; size /= 2) {
        void *piece;
        while (count < PIECES && (piece = malloc(size)))
            pieces[count++] = piece;
    }
}

static void give_all(void)
{
    while (count)
        free(pieces[--count]);
}

static void *nothing(void *arg)
{
    return arg;
}

static uint32_t used(void)
{
    heap_info_t info;
    mo_heap_walk(&info);
    return info.used_bytes;
}

/* With one hole of `size` bytes. What needs more fails, and leaves the hole as it was. */
static void test_hole(uint32_t size)
{
    void *hole = malloc(size);
    void *fence = malloc(8);
    take_all();
    free(hole);
    uint32_t before = used();
    mq_t *queue = mo_mq_create(1000);
    pipe_t *pipe1 = mo_pipe_create(4096);
    list_t *list = list_create();
    CHECK(!queue && !pipe1);
    if (list)
        list_destroy(list);
    CHECK(!calloc(1, 5000) && !realloc(NULL, 5000));
    CHECK_EQ(used(), before);
    CHECK_EQ(sys_tadd(NULL, 0), -EINVAL);
    give_all();
    free(fence);
}

static mq_t *full_queue;
static pipe_t *full_pipe;
static int32_t woken;

static void waiter(void)
{
    char bytes[8];
    CHECK(mo_mq_receive(full_queue, UINT32_MAX) != NULL);
    CHECK_EQ(mo_pipe_read(full_pipe, bytes, 8), 8);
    CHECK(!mo_mq_receive(full_queue, 2));
    woken++;
    mo_task_suspend(mo_task_id());
}

static void idle(void)
{
    mo_task_suspend(mo_task_id());
}

/* Everything that waits and wakes, with not a byte free. */
static void test_waiting(void)
{
    message_t note = {NULL, 0, 0};
    int32_t timer1 = mo_timer_create(nothing, 10, NULL);
    full_queue = mo_mq_create(2);
    full_pipe = mo_pipe_create(4);
    mo_task_spawn(waiter, 1024);
    mo_task_delay(1);
    take_all();
    uint32_t before = used();
    CHECK(!malloc(8));
    CHECK_EQ(mo_timer_create(nothing, 10, NULL), ERR_FAIL);
    mo_mq_enqueue(full_queue, &note);
    mo_pipe_write(full_pipe, "abcdefgh", 8);
    CHECK_EQ(mo_timer_start((uint16_t) timer1, TIMER_ONESHOT), ERR_OK);
    mo_task_delay(6);
    CHECK_EQ(woken, 1);
    CHECK_EQ(sys_tadd(idle, 1024), -EAGAIN); /* a panic would be the end of all */
    CHECK_EQ(used(), before);
    give_all();
}

void test_runner(void)
{
    heap_info_t info;
    for (uint32_t size = 8; size <= 2048; size *= 2)
        test_hole(size);
    test_waiting();
    mo_heap_walk(&info);
    CHECK(info.free_blocks >= 1);
    verdict("exhausted");
}

int32_t app_main(void)
{
    mo_task_spawn(test_runner, 2048);
    return 1;
}
