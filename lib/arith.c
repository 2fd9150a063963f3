/* SPDX-License-Identifier: MIT */
/* The arithmetic that compilers call by name, so that nothing needs libgcc (this toolchain's is
 * for another ABI). The hart multiplies and divides 32 bits; the rest is made of that. Pure
 * code, for any context and mode.
 *
 * Division by zero gives what the hart's own instruction gives: all ones, and the dividend as
 * remainder. */

#include <types.h>

typedef union {
    uint64_t whole;
    struct {
        uint32_t low, high;
    } part;
} pair_t;

int32_t __mulsi3(int32_t a, int32_t b);
int64_t __mulsidi3(int32_t a, int32_t b);
uint64_t __muldsi3(uint32_t a, uint32_t b);
int64_t __muldi3(int64_t a, int64_t b);
int32_t __divsi3(int32_t a, int32_t b);
int32_t __modsi3(int32_t a, int32_t b);
uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divmodsi4(int32_t a, int32_t b, int32_t *rest);
uint32_t __udivmodsi4(uint32_t a, uint32_t b, uint32_t *rest);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __moddi3(int64_t a, int64_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divmoddi4(int64_t a, int64_t b, int64_t *rest);
uint64_t __udivmoddi4(uint64_t a, uint64_t b, uint64_t *rest);
int64_t __ashldi3(int64_t a, int count);
int64_t __ashrdi3(int64_t a, int count);
int64_t __lshrdi3(int64_t a, int count);
int64_t __negdi2(int64_t a);
int __cmpdi2(int64_t a, int64_t b);
int __ucmpdi2(uint64_t a, uint64_t b);
int __clzsi2(uint32_t a);
int __clzdi2(uint64_t a);
int __ctzsi2(uint32_t a);
int __ctzdi2(uint64_t a);
int __ffssi2(int32_t a);
int __ffsdi2(int64_t a);
int __popcountsi2(uint32_t a);
int __popcountdi2(uint64_t a);
int __paritysi2(uint32_t a);
uint32_t __bswapsi2(uint32_t a);
uint64_t __bswapdi2(uint64_t a);

/* 32 bits: one instruction each. */

int32_t __mulsi3(int32_t a, int32_t b)
{
    return (int32_t) ((uint32_t) a * (uint32_t) b);
}

int32_t __divsi3(int32_t a, int32_t b)
{
    return a / b;
}

int32_t __modsi3(int32_t a, int32_t b)
{
    return a % b;
}

uint32_t __udivsi3(uint32_t a, uint32_t b)
{
    return a / b;
}

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
    return a % b;
}

int32_t __divmodsi4(int32_t a, int32_t b, int32_t *rest)
{
    *rest = a % b;
    return a / b;
}

uint32_t __udivmodsi4(uint32_t a, uint32_t b, uint32_t *rest)
{
    *rest = a % b;
    return a / b;
}

/* Products of 64 bits. */

uint64_t __muldsi3(uint32_t a, uint32_t b)
{
    return (uint64_t) a * b; /* mul and mulhu */
}

int64_t __mulsidi3(int32_t a, int32_t b)
{
    return (int64_t) a * b;
}

int64_t __muldi3(int64_t a, int64_t b)
{
    pair_t x = {(uint64_t) a}, y = {(uint64_t) b};
    pair_t product = {(uint64_t) x.part.low * y.part.low};
    product.part.high += x.part.high * y.part.low + x.part.low * y.part.high;
    return (int64_t) product.whole;
}

/* Shifts by 0 to 63. */

int64_t __ashldi3(int64_t a, int count)
{
    pair_t x = {(uint64_t) a};
    if (count & 32) {
        x.part.high = x.part.low << (count & 31);
        x.part.low = 0;
    } else if (count) {
        x.part.high = x.part.high << count | x.part.low >> (32 - count);
        x.part.low <<= count;
    }
    return (int64_t) x.whole;
}

int64_t __lshrdi3(int64_t a, int count)
{
    pair_t x = {(uint64_t) a};
    if (count & 32) {
        x.part.low = x.part.high >> (count & 31);
        x.part.high = 0;
    } else if (count) {
        x.part.low = x.part.low >> count | x.part.high << (32 - count);
        x.part.high >>= count;
    }
    return (int64_t) x.whole;
}

int64_t __ashrdi3(int64_t a, int count)
{
    pair_t x = {(uint64_t) a};
    int32_t high = (int32_t) x.part.high;
    if (count & 32) {
        x.part.low = (uint32_t) (high >> (count & 31));
        x.part.high = (uint32_t) (high >> 31);
    } else if (count) {
        x.part.low = x.part.low >> count | x.part.high << (32 - count);
        x.part.high = (uint32_t) (high >> count);
    }
    return (int64_t) x.whole;
}

int64_t __negdi2(int64_t a)
{
    pair_t x = {(uint64_t) a};
    x.part.low = -x.part.low;
    x.part.high = ~x.part.high + !x.part.low;
    return (int64_t) x.whole;
}

/* Comparison: 0, 1, 2 for less, equal, greater. */

int __ucmpdi2(uint64_t a, uint64_t b)
{
    pair_t x = {a}, y = {b};
    if (x.part.high != y.part.high)
        return x.part.high < y.part.high ? 0 : 2;
    return x.part.low == y.part.low ? 1 : x.part.low < y.part.low ? 0 : 2;
}

int __cmpdi2(int64_t a, int64_t b)
{
    const uint64_t sign = 1ULL << 63;
    return __ucmpdi2((uint64_t) a ^ sign, (uint64_t) b ^ sign);
}

/* Division of 64 bits. */

/* By a divisor below 2^16: long division with digits of 16 bits, each step within one machine
 * word. */
static uint64_t divide_short(pair_t x, uint32_t b, uint64_t *rest)
{
    pair_t quotient;
    quotient.part.high = x.part.high / b;
    uint32_t left = x.part.high % b;
    uint32_t middle = left << 16 | x.part.low >> 16;
    uint32_t last = (middle % b) << 16 | (x.part.low & 0xffff);
    quotient.part.low = (middle / b) << 16 | last / b; /* digits below 2^16: left < b */
    *rest = last % b;
    return quotient.whole;
}

/* By any divisor: one bit of the quotient per step. `left` stays below b; `carry` is its 65th
 * bit. */
static uint64_t divide_long(uint64_t a, uint64_t b, uint64_t *rest)
{
    uint64_t left = 0, quotient = 0;
    for (int k = 0; k < 64; k++) {
        uint64_t carry = left >> 63;
        left = left << 1 | a >> 63;
        a <<= 1;
        quotient <<= 1;
        if (carry || left >= b) {
            left -= b;
            quotient |= 1;
        }
    }
    *rest = left;
    return quotient;
}

uint64_t __udivmoddi4(uint64_t a, uint64_t b, uint64_t *rest)
{
    pair_t x = {a}, y = {b};
    uint64_t unused;

    if (!rest)
        rest = &unused;
    if (y.part.high || !y.part.low)
        return divide_long(a, b, rest);
    if (!x.part.high) {
        *rest = x.part.low % y.part.low;
        return x.part.low / y.part.low;
    }
    return y.part.low < 0x10000 ? divide_short(x, y.part.low, rest) : divide_long(a, b, rest);
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
    return __udivmoddi4(a, b, 0);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
    uint64_t rest;
    __udivmoddi4(a, b, &rest);
    return rest;
}

static uint64_t magnitude(int64_t a)
{
    return a < 0 ? -(uint64_t) a : (uint64_t) a;
}

int64_t __divmoddi4(int64_t a, int64_t b, int64_t *rest)
{
    uint64_t left;
    uint64_t quotient = __udivmoddi4(magnitude(a), magnitude(b), &left);

    *rest = (int64_t) (a < 0 ? -left : left);
    if (!b)
        return -1;
    return (int64_t) ((a < 0) != (b < 0) ? -quotient : quotient);
}

int64_t __divdi3(int64_t a, int64_t b)
{
    int64_t rest;
    return __divmoddi4(a, b, &rest);
}

int64_t __moddi3(int64_t a, int64_t b)
{
    int64_t rest;
    __divmoddi4(a, b, &rest);
    return rest;
}

/* Bits. The hart has no instruction for these; 0 gives 32, 64. */

int __clzsi2(uint32_t a)
{
    int zeros = 0;
    if (!a)
        return 32;
    for (int step = 16; step; step >>= 1) {
        if (!(a >> (32 - step))) {
            zeros += step;
            a <<= step;
        }
    }
    return zeros;
}

int __ctzsi2(uint32_t a)
{
    return a ? 31 - __clzsi2(a & -a) : 32;
}

int __clzdi2(uint64_t a)
{
    pair_t x = {a};
    return x.part.high ? __clzsi2(x.part.high) : 32 + __clzsi2(x.part.low);
}

int __ctzdi2(uint64_t a)
{
    pair_t x = {a};
    return x.part.low ? __ctzsi2(x.part.low) : 32 + __ctzsi2(x.part.high);
}

int __ffssi2(int32_t a)
{
    return a ? __ctzsi2((uint32_t) a) + 1 : 0;
}

int __ffsdi2(int64_t a)
{
    return a ? __ctzdi2((uint64_t) a) + 1 : 0;
}

int __popcountsi2(uint32_t a)
{
    a -= a >> 1 & 0x55555555;
    a = (a & 0x33333333) + (a >> 2 & 0x33333333);
    a = (a + (a >> 4)) & 0x0f0f0f0f;
    return (int) (a * 0x01010101 >> 24);
}

int __popcountdi2(uint64_t a)
{
    pair_t x = {a};
    return __popcountsi2(x.part.high) + __popcountsi2(x.part.low);
}

int __paritysi2(uint32_t a)
{
    return __popcountsi2(a) & 1;
}

uint32_t __bswapsi2(uint32_t a)
{
    return a << 24 | (a & 0xff00) << 8 | (a >> 8 & 0xff00) | a >> 24;
}

uint64_t __bswapdi2(uint64_t a)
{
    pair_t x = {a}, y;
    y.part.high = __bswapsi2(x.part.low);
    y.part.low = __bswapsi2(x.part.high);
    return y.whole;
}
