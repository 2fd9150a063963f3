/* SPDX-License-Identifier: MIT */
/* 64-bit arithmetic without libgcc: products, quotients, remainders and shifts, each against a
 * value computed by hand. The operands are volatile, so that the compiler cannot do the work. */
#include <linmo.h>

static int32_t failed;

static void check(const char *what, uint64_t got, uint64_t expected)
{
    if (got != expected)
        failed++;
    printf("%s = %08lx%08lx %s\n", what, (uint32_t) (got >> 32), (uint32_t) got,
           got == expected ? "ok" : "WRONG");
}

void task(void)
{
    volatile uint64_t a = 0x123456789abcdef0ULL, b = 0x1000003ULL;
    volatile int64_t s = -1234567890123LL;
    volatile int32_t n = 36;

    check("a * b", a * b, 0xaf37c048c0369cd0ULL);
    check("a / b", a / b, 0x12345641fdULL);
    check("a % b", a % b, a - 0x12345641fdULL * b);
    check("a / 1000", a / 1000, 1311768467463790ULL);
    check("a % 1000", a % 1000, 320);
    check("a / a", a / a, 1);
    check("s / 1000", (uint64_t) (s / 1000), (uint64_t) -1234567890LL);
    check("s % 1000", (uint64_t) (s % 1000), (uint64_t) -123LL);
    check("a << n", a << n, 0xabcdef0000000000ULL);
    check("a >> n", a >> n, 0x1234567ULL);
    check("s >> n", (uint64_t) (s >> n), (uint64_t) -18LL);
    printf("test64: %s\n", failed ? "FAIL" : "PASS");
}

int32_t app_main()
{
    mo_task_spawn(task, DEFAULT_STACK_SIZE);
    return 1;
}
