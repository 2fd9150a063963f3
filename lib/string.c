/* SPDX-License-Identifier: MIT */
/* Memory and strings. Pure code, for any context and mode. The compiler emits calls of the four
 * memory functions by itself, so their names and meanings are fixed; word loops keep them short
 * for aligned data. */

#include <lib/libc.h>

/* A word that may alias anything: without it the word loops break the aliasing rules. */
typedef uint32_t __attribute__((may_alias)) word_t;

#define WORD_ALIGNED(a, b) ((((uintptr_t) (a) | (uintptr_t) (b)) & 3) == 0)

/* The compiler must not turn these loops back into calls of the functions they implement. */
#define NO_IDIOM __attribute__((optimize("no-tree-loop-distribute-patterns")))

NO_IDIOM void *memcpy(void *dst, const void *src, uint32_t count)
{
    char *to = dst;
    const char *from = src;

    if (WORD_ALIGNED(to, from)) {
        for (; count >= 4; count -= 4, to += 4, from += 4)
            *(word_t *) to = *(const word_t *) from;
    }
    while (count--)
        *to++ = *from++;
    return dst;
}

NO_IDIOM void *memmove(void *dst, const void *src, uint32_t count)
{
    char *to = dst;
    const char *from = src;

    if ((uintptr_t) to - (uintptr_t) from >= count)
        return memcpy(dst, src, count); /* dst does not begin inside src: forward is safe */
    while (count--)
        to[count] = from[count];
    return dst;
}

int32_t memcmp(const void *left, const void *right, uint32_t count)
{
    const uint8_t *a = left, *b = right;

    for (; count; count--, a++, b++) {
        if (*a != *b)
            return *a - *b;
    }
    return 0;
}

NO_IDIOM void *memset(void *dst, int32_t value, uint32_t count)
{
    uint8_t *to = dst;

    if (WORD_ALIGNED(to, 0)) {
        uint32_t word = (uint8_t) value * 0x01010101U;
        for (; count >= 4; count -= 4, to += 4)
            *(word_t *) to = word;
    }
    while (count--)
        *to++ = (uint8_t) value;
    return dst;
}

size_t strlen(const char *str)
{
    const char *last = str;
    while (*last)
        last++;
    return (size_t) (last - str);
}

char *strcpy(char *dst, const char *src)
{
    char *to = dst;
    while ((*to++ = *src++)) {
    }
    return dst;
}

char *strncpy(char *dst, const char *src, int32_t count)
{
    int32_t k = 0;
    for (; k < count && src[k]; k++)
        dst[k] = src[k];
    for (; k < count; k++)
        dst[k] = '\0';
    return dst;
}

char *strcat(char *dst, const char *src)
{
    strcpy(dst + strlen(dst), src);
    return dst;
}

char *strncat(char *dst, const char *src, int32_t count)
{
    char *to = dst + strlen(dst);
    while (count-- > 0 && *src)
        *to++ = *src++;
    *to = '\0';
    return dst;
}

int32_t strcmp(const char *left, const char *right)
{
    while (*left && *left == *right) {
        left++;
        right++;
    }
    return (uint8_t) *left - (uint8_t) *right;
}

int32_t strncmp(const char *left, const char *right, int32_t count)
{
    for (; count > 0; count--, left++, right++) {
        if (*left != *right || !*left)
            return (uint8_t) *left - (uint8_t) *right;
    }
    return 0;
}

char *strchr(const char *str, int32_t ch)
{
    for (; *str != (char) ch; str++) {
        if (!*str)
            return NULL;
    }
    return (char *) str;
}

char *strpbrk(const char *str, const char *set)
{
    for (; *str; str++) {
        if (strchr(set, *str))
            return (char *) str;
    }
    return NULL;
}

char *strstr(const char *str, const char *part)
{
    int32_t length = (int32_t) strlen(part);
    for (; strncmp(str, part, length); str++) {
        if (!*str)
            return NULL;
    }
    return (char *) str;
}

char *strsep(char **rest, const char *set)
{
    char *token = *rest;
    if (!token)
        return NULL;
    char *last = strpbrk(token, set);
    if (last)
        *last++ = '\0';
    *rest = last;
    return token;
}

char *strtok_r(char *str, const char *set, char **rest)
{
    char *token = str ? str : *rest;
    while (token && *token && strchr(set, *token))
        token++;
    if (!token || !*token) {
        *rest = NULL;
        return NULL;
    }
    *rest = token;
    return strsep(rest, set);
}

/* One position for the whole system: tasks that tokenize at the same time use strtok_r. */
char *strtok(char *str, const char *set)
{
    static char *strtok_rest;
    return strtok_r(str, set, &strtok_rest);
}
