/* SPDX-License-Identifier: MIT */
/* The heap: its documented answers, a long random run in which every block has its own pattern
 * and a walk checks all invariants, exhaustion, and two tasks that resize and free under
 * preemption (kernel-faults B11). */
#include "verdict.h"

#define BLOCKS 200
#define ROUNDS 20000

static struct {
    uint8_t *at;
    uint32_t size;
} live[BLOCKS];
static uint32_t seed = 0x1234567;

static uint8_t pattern(uint32_t which, uint32_t at)
{
    return (uint8_t) (which * 37 + at * 11 + 1);
}

static void fill(uint32_t which)
{
    for (uint32_t k = 0; k < live[which].size; k++)
        live[which].at[k] = pattern(which, k);
}

static bool intact(uint32_t which, uint32_t bytes)
{
    for (uint32_t k = 0; k < bytes; k++) {
        if (live[which].at[k] != pattern(which, k))
            return false;
    }
    return true;
}

static uint32_t any_size(void)
{
    uint32_t shift = dice(&seed, 14);
    return 1 + dice(&seed, 2U << shift);
}

static void resize(uint32_t which)
{
    uint32_t before = live[which].size, size = any_size();
    live[which].at = realloc(live[which].at, size);
    live[which].size = size;
    CHECK(live[which].at != NULL);
    CHECK(intact(which, before < size ? before : size));
    fill(which);
}

static void step(uint32_t which)
{
    if (!live[which].at) {
        live[which].size = any_size();
        live[which].at = malloc(live[which].size);
        CHECK(live[which].at && !((uintptr_t) live[which].at & 7));
        fill(which);
    } else if (dice(&seed, 3) == 0) {
        resize(which);
    } else {
        CHECK(intact(which, live[which].size));
        free(live[which].at);
        live[which].at = NULL;
    }
}

static void test_random(void)
{
    heap_info_t before, now;
    mo_heap_walk(&before);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        step(dice(&seed, BLOCKS));
        if (round % 100 == 0)
            mo_heap_walk(&now);
    }
    for (uint32_t which = 0; which < BLOCKS; which++) {
        free(live[which].at);
        live[which].at = NULL;
    }
    mo_heap_walk(&now);
    CHECK_EQ(now.used_bytes, before.used_bytes);
    CHECK_EQ(now.free_bytes, before.free_bytes);
    CHECK_EQ(now.free_blocks, before.free_blocks);
}

static void test_answers(void)
{
    CHECK(!malloc(0));
    CHECK(!malloc(0x80000000));
    CHECK(!malloc(0x7fffffff));
    CHECK(!calloc(0x10000, 0x10000));
    CHECK(!calloc(0xffffffff, 2));
    free(NULL);
    uint32_t *zeros = calloc(25, 4);
    for (uint32_t k = 0; k < 25; k++)
        CHECK(zeros[k] == 0);
    CHECK(!realloc(zeros, 0));
    char *text = realloc(NULL, 10);
    strcpy(text, "123456789");
    CHECK(!realloc(text, 0xffffffff));
    text = realloc(text, 100000);
    CHECK(text && !strcmp(text, "123456789"));
    text = realloc(text, 10);
    CHECK(!strcmp(text, "123456789"));
    free(text);
}

/* Takes the heap apart in pieces of one size, and gives it back from both ends to the middle. */
static void test_exhaustion(void)
{
    heap_info_t before, now;
    mo_heap_walk(&before);
    uint32_t size = before.largest_free / 100 & ~7U, count = 0;
    void **pieces = malloc(128 * sizeof(*pieces));
    while (count < 128 && (pieces[count] = malloc(size)))
        count++;
    CHECK(count >= 98 && count <= 101);
    CHECK(!malloc(size));
    mo_heap_walk(&now);
    CHECK(now.largest_free < size);
    for (uint32_t k = 0; k < count; k++)
        free(pieces[k % 2 ? k / 2 : count - 1 - k / 2]);
    free(pieces);
    mo_heap_walk(&now);
    CHECK_EQ(now.free_bytes, before.free_bytes);

    void *whole = malloc(before.largest_free); /* only the list's own class can give it */
    CHECK(whole != NULL);
    free(whole);
}

static volatile int32_t finished;

static void churn(void)
{
    uint32_t own = 77 + mo_task_id();
    uint8_t *blocks[20] = {NULL};
    for (int32_t round = 0; round < 3000; round++) {
        uint32_t which = dice(&own, 20);
        if (dice(&own, 3) == 0) {
            free(blocks[which]);
            blocks[which] = NULL;
        } else {
            uint8_t *block = realloc(blocks[which], 1 + dice(&own, 500));
            CHECK(block != NULL);
            *block = (uint8_t) which;
            blocks[which] = block;
        }
        if (round % 500 == 0)
            mo_task_wfi();
    }
    for (uint32_t which = 0; which < 20; which++)
        free(blocks[which]);
    finished++;
}

static void watch(void)
{
    heap_info_t info;
    while (finished < 2) {
        mo_heap_walk(&info);
        mo_task_wfi();
    }
    verdict("heap");
}

int32_t app_main(void)
{
    test_answers();
    test_random();
    test_exhaustion();
    mo_task_spawn(churn, 1024);
    mo_task_spawn(churn, 1024);
    mo_task_spawn(watch, 1024);
    return 1;
}
