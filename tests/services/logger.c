/* SPDX-License-Identifier: MIT */
/* Deferred text: eight entries, then refused and counted; written at the next tick; written before
 * whatever is printed directly; direct mode; entries of 127 characters; from an interrupt. */
#include "verdict.h"

static void test_full(void)
{
    char line[] = "entry 0\n";
    CHECK_EQ(mo_logger_queue_depth(), 0);
    for (int32_t k = 0; k < LOG_QSIZE; k++) {
        line[6] = (char) ('0' + k);
        CHECK_EQ(mo_logger_enqueue(line, 8), ERR_OK);
    }
    CHECK_EQ(mo_logger_queue_depth(), LOG_QSIZE);
    CHECK_EQ(mo_logger_dropped_count(), 0);
    CHECK_EQ(mo_logger_enqueue(line, 8), ERR_TASK_BUSY);
    CHECK_EQ(mo_logger_dropped_count(), 1);
    mo_task_wfi();
    mo_task_wfi();
    CHECK_EQ(mo_logger_queue_depth(), 0);
    CHECK_EQ(mo_logger_enqueue(line, 0), ERR_FAIL);
    CHECK_EQ(mo_logger_enqueue(NULL, 5), ERR_FAIL);
}

static void test_order(void)
{
    mo_logger_enqueue("one\n", 4);
    printf("two\n");
    CHECK_EQ(mo_logger_queue_depth(), 0);
    mo_logger_enqueue("three\n", 6);
    puts("four");
    _putchar('5');
    _putchar('\n');
}

static void test_direct(void)
{
    CHECK(!mo_logger_direct_mode());
    mo_logger_enqueue("six\n", 4);
    mo_logger_flush();
    CHECK_EQ(mo_logger_queue_depth(), 0);
    CHECK(mo_logger_direct_mode());
    CHECK_EQ(mo_logger_enqueue("seven\n", 6), ERR_OK);
    CHECK_EQ(mo_logger_queue_depth(), 0);
    mo_logger_async_resume();
    CHECK(!mo_logger_direct_mode());
}

static void test_long(void)
{
    char line[200];
    memset(line, 'x', sizeof(line));
    CHECK_EQ(mo_logger_enqueue(line, sizeof(line)), ERR_OK);
    printf("\n");
}

static void log_in_interrupt(void)
{
    CHECK_EQ(mo_logger_enqueue("from an interrupt\n", 18), ERR_OK);
}

/* Text is copied: what the caller does to its buffer afterwards does not matter. */
static void test_copy(void)
{
    char line[] = "eight\n";
    mo_logger_enqueue(line, 6);
    memset(line, '!', 5);
    mo_task_wfi();
    mo_task_wfi();
}

void test_runner(void)
{
    test_full();
    test_order();
    test_direct();
    test_long();
    test_copy();
    in_interrupt(log_in_interrupt);
    mo_task_wfi();
    mo_task_wfi();
    CHECK_EQ(mo_logger_queue_depth(), 0);
    CHECK_EQ(mo_logger_init(), ERR_FAIL);
    verdict("logger");
}

int32_t app_main(void)
{
    mo_task_spawn(test_runner, 2048);
    return 1;
}
