/* SPDX-License-Identifier: MIT */
/* The format language of printf, checked through snprintf in app_main; the scheduler never runs. */
#include <linmo.h>

static int32_t passed, failed;

static void verdict(const char *text, int32_t length, const char *expected, int32_t expected_length)
{
    bool right = length == expected_length && !strcmp(text, expected);
    printf("%s \"%s\"\n", right ? "PASS" : "FAIL", text);
    if (right)
        passed++;
    else
        failed++;
}

#define TEST(expected, ...)                                               \
    do {                                                                  \
        char got[32];                                                     \
        int32_t length = snprintf(got, sizeof(got), __VA_ARGS__);         \
        verdict(got, length, expected, (int32_t) sizeof(expected) - 1);   \
    } while (0)

void test_numbers(void)
{
    TEST("42 -42 0", "%d %d %d", 42, -42, 0);
    TEST("-2147483648", "%d", INT32_MIN);
    TEST("4294967295", "%u", UINT32_MAX);
    TEST("ff FF", "%x FF", 255);
    TEST("ff", "%X", 255);
    TEST("    abcd", "%p", (void *) 0xabcd);
    TEST("   42", "%5d", 42);
    TEST("00042", "%05d", 42);
    TEST("-  42", "%5d", -42);
    TEST("-0042", "%05d", -42);
    TEST("-5", "%ld", -5L);
    TEST("ff", "%lx", 255L);
    TEST("-1234567890123", "%lld", -1234567890123LL);
}

void test_text(void)
{
    TEST("ab", "%s", "ab");
    TEST("<NULL>", "%s", (char *) NULL);
    TEST("ab", "%2s", "abcdef");
    TEST("ab   |", "%5s|", "ab");
    TEST("x%", "%c%%", 'x');
}

void test_limits(void)
{
    char small[5];
    int32_t length = snprintf(small, sizeof(small), "%d", 1234567);
    verdict(small, length, "1234", 7);
    verdict("", snprintf(NULL, 0, "abc"), "", 3);
    verdict("", snprintf(NULL, 4, "abc"), "", -1);
}

int32_t app_main(void)
{
    test_numbers();
    test_text();
    test_limits();
    printf("%d passed, %d failed\ntest_libc: %s\n", passed, failed, failed ? "FAIL" : "PASS");
    *(volatile uint32_t *) 0x100000U = failed ? 1 << 16 | 0x3333 : 0x5555;
    for (;;) {
    }
}
