/* SPDX-License-Identifier: MIT */
/* What the on-target tests of library and services share: counted checks, the end, a random source,
 * and an interrupt on demand. A program ends by verdict(): it prints `NAME: PASS` or `NAME: FAIL`
 * and powers off with status 0 or 1. tests/services/run.py runs it. */
#pragma once

#include <linmo.h>

#include "private/error.h"

static int32_t checks_done, checks_failed;

#define CHECK(what) check_line(!!(what), #what, __LINE__)
#define CHECK_EQ(got, expected) check_equal((int32_t) (got), (int32_t) (expected), #got, __LINE__)

static inline void check_line(bool right, const char *what, int32_t line)
{
    checks_done++;
    if (right)
        return;
    if (++checks_failed <= 20)
        printf("line %d: not so: %s\n", line, what);
}

static inline void check_equal(int32_t got, int32_t expected, const char *what, int32_t line)
{
    checks_done++;
    if (got == expected)
        return;
    if (++checks_failed <= 20)
        printf("line %d: %s is %d, expected %d\n", line, what, got, expected);
}

static inline void power_off(uint32_t status)
{
    *(volatile uint32_t *) HAL_FINISHER = status ? status << 16 | 0x3333 : 0x5555;
    for (;;) {
    }
}

static inline void verdict(const char *name)
{
    bool pass = checks_done > 0 && checks_failed == 0;
    printf("%d checks, %d failed\n", checks_done, checks_failed);
    printf("%s: %s\n", name, pass ? "PASS" : "FAIL");
    power_off(pass ? 0 : 1);
}

/* xorshift32 with a seed of its own: the same run every time. */
static inline uint32_t dice(uint32_t *seed, uint32_t sides)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed % sides;
}

/* Runs `handler` in an interrupt: the transmitter of the UART, which is always ready, asks for
 * one. */
#define UART_ENABLE HAL_REG8(HAL_UART + 1)

static void (*irq_body)(void);

static inline void irq_once(void *arg)
{
    UART_ENABLE = 0;
    irq_body();
}

static inline void in_interrupt(void (*handler)(void))
{
    irq_body = handler;
    mo_irq_attach(HAL_UART_IRQ, irq_once, NULL);
    UART_ENABLE = 2;
    for (volatile int32_t k = 0; k < 100 && UART_ENABLE; k++) {
    }
    CHECK(UART_ENABLE == 0);
}
