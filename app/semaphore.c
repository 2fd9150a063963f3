/* SPDX-License-Identifier: MIT */
/* The semaphore calls that never block, checked in app_main; the scheduler never runs. The
 * machine is powered off by a store right after the last line, so all output must be out by
 * then. */
#include <linmo.h>

#include "private/error.h"

static int32_t passed, failed;

static void check(bool right, const char *what)
{
    printf("%s %s\n", right ? "PASS" : "FAIL", what);
    if (right)
        passed++;
    else
        failed++;
}

static void test_create(void)
{
    check(!mo_sem_create(0, 1), "no waiters allowed: refused");
    check(!mo_sem_create(5, -1), "negative count: refused");
    check(!mo_sem_create(5, SEM_MAX_COUNT + 1), "count above the maximum: refused");
    sem_t *s = mo_sem_create(5, SEM_MAX_COUNT);
    check(s != NULL, "count at the maximum: accepted");
    check(mo_sem_destroy(s) == ERR_OK, "destroy");
}

static void test_take(void)
{
    sem_t *s = mo_sem_create(5, 2);
    check(mo_sem_getvalue(s) == 2, "initial count");
    mo_sem_wait(s);
    check(mo_sem_getvalue(s) == 1, "wait takes one");
    check(mo_sem_trywait(s) == ERR_OK, "trywait takes one");
    check(mo_sem_trywait(s) == ERR_FAIL, "trywait on an empty one");
    mo_sem_signal(s);
    check(mo_sem_getvalue(s) == 1, "signal gives one");
    check(mo_sem_waiting_count(s) == 0, "nobody waits");
    check(mo_sem_destroy(s) == ERR_OK, "destroy");
}

static void test_limits(void)
{
    sem_t *s = mo_sem_create(1, SEM_MAX_COUNT);
    mo_sem_signal(s);
    check(mo_sem_getvalue(s) == SEM_MAX_COUNT, "the count saturates");
    check(mo_sem_destroy(s) == ERR_OK, "destroy");
    check(mo_sem_destroy(NULL) == ERR_OK, "destroy nothing");
    check(mo_sem_trywait(NULL) == ERR_FAIL, "trywait on nothing");
    check(mo_sem_getvalue(NULL) == -1, "value of nothing");
    check(mo_sem_waiting_count(NULL) == -1, "waiters of nothing");
}

void print_test_results(void)
{
    printf("%d passed, %d failed\n", passed, failed);
    printf("semaphore: %s\n", failed ? "FAIL" : "PASS");
}

int32_t app_main(void)
{
    test_create();
    test_take();
    test_limits();
    print_test_results();
    *(volatile uint32_t *) 0x100000U = failed ? 1 << 16 | 0x3333 : 0x5555;
    return 0;
}
