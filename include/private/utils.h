/* SPDX-License-Identifier: MIT */
/* Small helpers without a home of their own. */
#pragma once

#include <types.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define UNUSED __attribute__((unused))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define ALIGN4(x) (((x) + 3) & ~3U)

static inline int32_t ispowerof2(uint32_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

/* The smallest power of two that is not below v; 1 for 0; 0 above 0x80000000. */
static inline uint32_t nextpowerof2(uint32_t v)
{
    if (v <= 1)
        return 1;
    v--;
    v |= v >> 1;
    v |= v >> 2;
    v |= v >> 4;
    v |= v >> 8;
    v |= v >> 16;
    return v + 1;
}
