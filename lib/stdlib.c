/* SPDX-License-Identifier: MIT */
/* Numbers in text, and random numbers. Pure code, but for random and srand, which share one
 * state: two tasks that race there repeat a number, nothing worse. */

#include <lib/libc.h>

int32_t abs(int32_t value)
{
    return value < 0 ? (int32_t) -(uint32_t) value : value;
}

static uint32_t digit_value(int ch)
{
    if (isdigit(ch))
        return (uint32_t) (ch - '0');
    if (isalpha(ch))
        return (uint32_t) ((ch | 0x20) - 'a' + 10);
    return 36; /* above every base */
}

/* What base 0 means, and an optional 0x before hexadecimal digits. */
static const char *detect_base(const char *text, int32_t *base)
{
    bool hex = text[0] == '0' && (text[1] | 0x20) == 'x' && digit_value(text[2]) < 16;

    if (*base == 0)
        *base = hex ? 16 : text[0] == '0' ? 8 : 10;
    return hex && *base == 16 ? text + 2 : text;
}

int32_t strtol(const char *str, char **stop, int32_t base)
{
    const char *text = str;
    if (stop)
        *stop = (char *) str;
    if (base < 0 || base == 1 || base > 36)
        return 0;

    while (isspace(*text))
        text++;
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    text = detect_base(text, &base);

    uint32_t limit = negative ? 0x80000000U : 0x7fffffffU;
    uint32_t value = 0;
    bool any = false;
    for (uint32_t digit; (digit = digit_value(*text)) < (uint32_t) base; text++) {
        any = true;
        value = value > (limit - digit) / (uint32_t) base ? limit : value * (uint32_t) base + digit;
    }
    if (stop && any)
        *stop = (char *) text;
    return (int32_t) (negative ? -value : value);
}

int32_t atoi(const char *str)
{
    return strtol(str, NULL, 10);
}

void itoa(int32_t value, char *buf, int32_t base)
{
    char reversed[32];
    uint32_t count = 0;
    bool negative = value < 0 && base == 10;
    uint32_t rest = negative ? -(uint32_t) value : (uint32_t) value;

    if (base >= 2 && base <= 36) {
        if (negative)
            *buf++ = '-';
        do {
            reversed[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % (uint32_t) base];
            rest /= (uint32_t) base;
        } while (rest);
    }
    while (count)
        *buf++ = reversed[--count];
    *buf = '\0';
}

static struct random_data random_state = {1};

/* A linear congruence modulo 2^32; its high bits are the good ones. */
int random_r(struct random_data *state, int32_t *result)
{
    if (!state || !result)
        return -1;
    state->state = state->state * 1664525U + 1013904223U;
    *result = (int32_t) (state->state >> 17) & RAND_MAX;
    return 0;
}

int32_t random(void)
{
    int32_t result;
    random_r(&random_state, &result);
    return result;
}

void srand(uint32_t seed)
{
    random_state.state = seed;
}
