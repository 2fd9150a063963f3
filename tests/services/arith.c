/* SPDX-License-Identifier: MIT */
/* The arithmetic that replaces libgcc, against slow and obvious twins: bit by bit for products,
 * shifts and counts; for quotients the two properties that define them. */
#include "verdict.h"

uint64_t __udivmoddi4(uint64_t a, uint64_t b, uint64_t *rest);
int64_t __divmoddi4(int64_t a, int64_t b, int64_t *rest);
int64_t __muldi3(int64_t a, int64_t b);
int64_t __ashldi3(int64_t a, int count);
int64_t __ashrdi3(int64_t a, int count);
int64_t __lshrdi3(int64_t a, int count);
int64_t __negdi2(int64_t a);
int __cmpdi2(int64_t a, int64_t b);
int __ucmpdi2(uint64_t a, uint64_t b);
int __clzdi2(uint64_t a);
int __ctzdi2(uint64_t a);
int __ffsdi2(int64_t a);
int __popcountdi2(uint64_t a);
uint64_t __bswapdi2(uint64_t a);

static uint32_t seed = 0xabcdef;

/* Values of every length, and the edges. */
static uint64_t any_value(void)
{
    uint64_t value = (uint64_t) dice(&seed, 0xffffffff) << 32 | dice(&seed, 0xffffffff);
    switch (dice(&seed, 6)) {
    case 0:
        return dice(&seed, 4);
    case 1:
        return ~0ULL - dice(&seed, 4);
    case 2:
        return (1ULL << 63) + dice(&seed, 3) - 1;
    default:
        return value >> dice(&seed, 64);
    }
}

static uint64_t slow_product(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    for (; b; b >>= 1, a += a) {
        if (b & 1)
            sum += a;
    }
    return sum;
}

static void test_products_and_quotients(uint64_t a, uint64_t b)
{
    uint64_t rest = 0;
    int64_t signed_rest = 0;
    CHECK((uint64_t) __muldi3((int64_t) a, (int64_t) b) == slow_product(a, b));
    if (!b)
        return;
    uint64_t quotient = __udivmoddi4(a, b, &rest);
    CHECK(rest < b && slow_product(quotient, b) + rest == a);
    CHECK(a / b == quotient && a % b == rest);
    int64_t sa = (int64_t) a, sb = (int64_t) b;
    int64_t sq = __divmoddi4(sa, sb, &signed_rest);
    CHECK(slow_product((uint64_t) sq, b) + (uint64_t) signed_rest == a);
    CHECK(signed_rest == 0 || (signed_rest < 0) == (sa < 0));
    CHECK((uint64_t) (signed_rest < 0 ? -signed_rest : signed_rest) < (sb < 0 ? -b : b));
}

static void test_shifts(uint64_t a)
{
    uint64_t left = a, right = a;
    int64_t arithmetic = (int64_t) a;
    for (int32_t count = 0; count < 64; count++) {
        CHECK((uint64_t) __ashldi3((int64_t) a, count) == left);
        CHECK((uint64_t) __lshrdi3((int64_t) a, count) == right);
        CHECK(__ashrdi3((int64_t) a, count) == arithmetic);
        left += left;
        right /= 2;
        arithmetic = (arithmetic - (arithmetic & 1)) / 2;
    }
}

static void test_bits(uint64_t a, uint64_t b)
{
    int32_t ones = 0, first = 64, last = -1;
    for (int32_t k = 0; k < 64; k++) {
        if (!((a >> k) & 1))
            continue;
        ones++;
        last = k;
        if (first == 64)
            first = k;
    }
    CHECK_EQ(__popcountdi2(a), ones);
    CHECK_EQ(__ctzdi2(a), first);
    CHECK_EQ(__clzdi2(a), 63 - last);
    CHECK_EQ(__ffsdi2((int64_t) a), a ? first + 1 : 0);
    CHECK_EQ(__ucmpdi2(a, b), a < b ? 0 : a == b ? 1 : 2);
    CHECK_EQ(__cmpdi2((int64_t) a, (int64_t) b), (int64_t) a < (int64_t) b ? 0 : a == b ? 1 : 2);
    CHECK((uint64_t) __negdi2((int64_t) a) + a == 0);
    CHECK(__bswapdi2(__bswapdi2(a)) == a && (uint8_t) __bswapdi2(a) == a >> 56);
}

int32_t app_main(void)
{
    for (int32_t round = 0; round < 3000; round++) {
        uint64_t a = any_value(), b = any_value();
        test_products_and_quotients(a, b);
        test_bits(a, b);
        if (round % 30 == 0)
            test_shifts(a);
    }
    uint64_t rest;
    CHECK(__udivmoddi4(1234567890123ULL, 0, &rest) == ~0ULL && rest == 1234567890123ULL);
    verdict("arith");
    return 0;
}
