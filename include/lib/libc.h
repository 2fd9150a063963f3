/* SPDX-License-Identifier: MIT */
/* The C library of the kernel: the subset that applications may use, and nothing hosted.
 *
 * Context: strings, memory, numbers, snprintf and random_r are pure code and run anywhere, user
 * mode included. printf, puts and _putchar write to the console (rules in private/console.h) and
 * need machine mode; a user task prints with umode_printf. getchar, gets, fgets and getline wait
 * for the UART: task or app_main only.
 *
 * No format attribute and no builtin on purpose: applications print int32_t with %ld, and 64-bit
 * values as the last argument of %d, which a checking compiler refuses. */
#ifndef LIB_LIBC_H
#define LIB_LIBC_H

#include <stdarg.h>

#include <types.h>

#include "hal.h"

#ifndef NULL
#define NULL ((void *) 0)
#endif

#ifndef __cplusplus
typedef _Bool bool;
#define true 1
#define false 0
#endif

/* Strings. Lengths are int32_t: a negative one counts as 0. */
char *strcpy(char *, const char *);
char *strncpy(char *, const char *, int32_t);
char *strcat(char *, const char *);
char *strncat(char *, const char *, int32_t);
int32_t strcmp(const char *, const char *);
int32_t strncmp(const char *, const char *, int32_t);
char *strstr(const char *, const char *);
char *strchr(const char *, int32_t);
char *strpbrk(const char *, const char *);
size_t strlen(const char *);
char *strsep(char **, const char *);
char *strtok(char *, const char *);
char *strtok_r(char *, const char *, char **);

/* Memory */
void *memcpy(void *, const void *, uint32_t);
void *memmove(void *, const void *, uint32_t);
int32_t memcmp(const void *, const void *, uint32_t);
void *memset(void *, int32_t, uint32_t);

/* Numbers. strtol saturates at INT32_MIN and INT32_MAX; base 0, or 2 to 36, else 0. itoa's
 * buffer needs up to 34 bytes (base 2, sign, terminator); only base 10 is signed; another base
 * than 2 to 36 gives "". */
int32_t abs(int32_t);
int32_t strtol(const char *, char **, int32_t);
int32_t atoi(const char *);
void itoa(int32_t, char *, int32_t);

/* Random numbers in 0 to RAND_MAX. Not for secrets. */
#define RAND_MAX 32767
struct random_data {
    uint32_t state;
};
int32_t random(void);
void srand(uint32_t);
int random_r(struct random_data *, int32_t *); /* -1 for NULL */

/* Output. The format language is in lib/stdio.c. printf cuts at 255 characters and returns the
 * length before the cut. snprintf as C99; size > 0 with NULL gives -1. puts cuts at 254, adds a
 * newline, returns 0. */
int32_t printf(const char *, ...);
int32_t snprintf(char *, size_t, const char *, ...);
int vsnprintf(char *, size_t, const char *, va_list);
int32_t puts(const char *);
int _putchar(int);
int32_t umode_printf(const char *, ...);

/* Input. gets and getline trust the buffer; fgets stores at most its size - 1 characters. All
 * three stop at CR or LF, which gets and getline leave out. The last argument of fgets is
 * ignored. */
int getchar(void);
char *gets(char *);
char *fgets(char *, int, void *);
char *getline(char *);

/* Character classes (ASCII); the argument is evaluated once. */
static inline int libc_between(int ch, int first, int last)
{
    return (unsigned) ch - (unsigned) first <= (unsigned) last - (unsigned) first;
}
static inline int libc_isspace(int ch)
{
    return ch == ' ' || libc_between(ch, '\t', '\r');
}
#define isprint(c) libc_between((c), 0x20, 0x7e)
#define isspace(c) libc_isspace(c)
#define isdigit(c) libc_between((c), '0', '9')
#define islower(c) libc_between((c), 'a', 'z')
#define isupper(c) libc_between((c), 'A', 'Z')
#define isalpha(c) libc_between((c) | 0x20, 'a', 'z')
#define isalnum(c) libc_isalnum(c)
static inline int libc_isalnum(int ch)
{
    return isalpha(ch) || isdigit(ch);
}

/* Byte order: the target is little-endian. By shifts, because the compiler's builtin is a call
 * into libgcc. */
static inline uint16_t libc_swap16(uint16_t v)
{
    return (uint16_t) (v << 8 | v >> 8);
}
static inline uint32_t libc_swap32(uint32_t v)
{
    return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}
static inline uint64_t libc_swap64(uint64_t v)
{
    return (uint64_t) libc_swap32((uint32_t) v) << 32 | libc_swap32((uint32_t) (v >> 32));
}
#define htons(v) libc_swap16(v)
#define ntohs(v) libc_swap16(v)
#define htonl(v) libc_swap32(v)
#define ntohl(v) libc_swap32(v)
#define htonll(v) libc_swap64(v)
#define ntohll(v) libc_swap64(v)

#endif

/* Outside the guard: linmo.h takes these two away again, because applications use the names for
 * things of their own; whoever includes this header after linmo.h gets them back. */
#ifndef min
#define min(a, b)                               \
    __extension__({                             \
        __typeof__(a) min_a_ = (a);             \
        __typeof__(b) min_b_ = (b);             \
        min_a_ < min_b_ ? min_a_ : min_b_;      \
    })
#define max(a, b)                               \
    __extension__({                             \
        __typeof__(a) max_a_ = (a);             \
        __typeof__(b) max_b_ = (b);             \
        max_a_ > max_b_ ? max_a_ : max_b_;      \
    })
#endif
