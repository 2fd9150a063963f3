/* SPDX-License-Identifier: MIT */
/* A small frame for tests that run on the target. One image holds many tests; which one runs is a
 * word that QEMU's loader writes into RAM (tests/kernel/run.py does). 0 prints the list.
 *
 * A test is a function that acts as app_main: it spawns tasks and returns the mode. It ends with
 * PASS() from any context, or by a check that fails, or, where a panic is what is asked for, with
 * the status and text that its line in the table says. Silence is a failure: the runner's time is
 * up then. */
#pragma once

#include <linmo.h>

#include "private/error.h"
#include "private/stdio.h"

#define KTEST_SELECT (*(volatile uint32_t *) 0x87C10000)

struct ktest {
    const char *name;
    int32_t (*run)(void);
    int status;       /* exit status of the machine */
    const char *text; /* a regular expression the output must match, or "" */
};

/* The image's table, ended by a NULL name. */
extern const struct ktest ktests[];

static const struct ktest *ktest_this;

static inline void ktest_end(uint32_t status)
{
    _di();
    hal_power_off(status);
}

#define PASS()                                                                                     \
    do {                                                                                           \
        printf("PASS %s\n", ktest_this->name);                                                     \
        ktest_end(0);                                                                              \
    } while (0)

static void __attribute__((noinline, unused))
ktest_fail(const char *file, int line, const char *what, int32_t a, int32_t b)
{
    _stdout_install(NULL); /* some tests throw text away */
    *(volatile uint8_t *) (HAL_UART + 4) = 0; /* or loop it back */
    printf("FAIL %s %s:%d: %s: %d, %d (task %u, tick %u)\n", ktest_this->name, file, line, what, a,
           b, mo_task_id(), mo_ticks());
    ktest_end(1);
}

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            ktest_fail(__FILE__, __LINE__, #cond, 0, 0);                                           \
    } while (0)

#define CHECK_EQ(a, b)                                                                             \
    do {                                                                                           \
        int32_t check_a_ = (int32_t) (a), check_b_ = (int32_t) (b);                                \
        if (check_a_ != check_b_)                                                                  \
            ktest_fail(__FILE__, __LINE__, #a " == " #b, check_a_, check_b_);                      \
    } while (0)

#define CHECK_BETWEEN(a, low, high)                                                                \
    do {                                                                                           \
        int32_t check_a_ = (int32_t) (a);                                                          \
        if (check_a_ < (int32_t) (low) || check_a_ > (int32_t) (high))                             \
            ktest_fail(__FILE__, __LINE__, #a " in " #low ".." #high, check_a_, 0);                \
    } while (0)

/* Holds the hart for `ms` of the machine's time. */
#define SPIN_MS(ms) delay_ms(ms)

int32_t app_main(void)
{
    uint32_t n = KTEST_SELECT;
    uint32_t count = 0;
    while (ktests[count].name)
        count++;
    if (n == 0 || n > count) {
        for (uint32_t i = 0; i < count; i++)
            printf("%s|%d|%s\n", ktests[i].name, ktests[i].status, ktests[i].text);
        ktest_end(0);
    }
    ktest_this = &ktests[n - 1];
    return ktest_this->run();
}

#define TEST(fn)                                                                                   \
    {                                                                                              \
#fn, fn, 0, ""                                                                             \
    }
#define TEST_DIES(fn, status, text)                                                                \
    {                                                                                              \
#fn, fn, status, text                                                                      \
    }
