/* SPDX-License-Identifier: MIT */
/* Integer types of the kernel and its applications.
 *
 * int32_t is `int` here, because applications print it with %d and with %ld and hand it to both;
 * newlib's <stdint.h> says `long`. So never include <stdint.h> beside this file: the two do not
 * agree.
 *
 * int8_t is plain char, as applications expect it, and plain char is unsigned on RISC-V: never
 * keep a negative number in one. */
#pragma once

typedef char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

typedef __SIZE_TYPE__ size_t;
typedef int ssize_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef int intptr_t;
typedef unsigned int uintptr_t;

#define INT8_MIN (-128)
#define INT8_MAX 127
#define UINT8_MAX 255
#define INT16_MIN (-32767 - 1)
#define INT16_MAX 32767
#define UINT16_MAX 65535
#define INT32_MIN (-2147483647 - 1)
#define INT32_MAX 2147483647
#define UINT32_MAX 4294967295U
#define INT64_MIN (-9223372036854775807LL - 1)
#define INT64_MAX 9223372036854775807LL
#define UINT64_MAX 18446744073709551615ULL

#define STATIC_ASSERT(cond, msg) _Static_assert(cond, msg)

STATIC_ASSERT(sizeof(int32_t) == 4 && sizeof(long) == 4 && sizeof(void *) == 4, "the ABI is ilp32");
STATIC_ASSERT(sizeof(int64_t) == 8 && sizeof(size_t) == 4, "the ABI is ilp32");
