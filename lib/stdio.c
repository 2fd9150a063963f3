/* SPDX-License-Identifier: MIT */
/* Formatted output.
 *
 *   %[0][width][l|ll]conversion
 *
 *   c        one character, padded on the left
 *   s        text; width is its least and its greatest length, padded on the right; NULL prints
 *            <NULL>
 *   d u      signed, unsigned decimal
 *   x X      hexadecimal, lower case both
 *   p        hexadecimal, 8 wide, padded with blanks
 *   %        a percent sign
 *   0        pad a number with zeros instead of blanks; the sign comes before either padding
 *   l, ll    the argument has 4, 8 bytes; without one it has 4
 *
 * Nothing else exists: no precision, no flags - + * and no %i %o %f. An unknown conversion
 * letter is dropped and takes no argument. Where C says something for the same text it says the
 * same, but for upper case %X, the width of %s, and the place of the sign before blanks:
 * applications depend on these three.
 *
 * Pure code, for any context and mode; printf and puts need machine mode (private/console.h). */

#include <lib/libc.h>

#include <private/console.h>

#include <sys/syscall.h>

#define PRINTF_BUFFER 256       /* printf cuts at one character less */
#define WIDTH_LIMIT 0x00ffffff  /* keeps the sum of all lengths far from overflow */

/* Where text goes: `len` counts all of it, what fits in `size` is stored. */
struct sink {
    char *buf;
    uint32_t size, len;
};

struct spec {
    uint32_t width;
    bool zeros;
    int longs; /* number of l */
};

static void put(struct sink *out, char ch)
{
    if (out->len < out->size)
        out->buf[out->len] = ch;
    out->len++;
}

static void put_text(struct sink *out, const char *text, uint32_t count)
{
    while (count--)
        put(out, *text++);
}

/* Counts what does not fit instead of looping over it: a width may be huge. */
static void pad(struct sink *out, char ch, uint32_t used, uint32_t width)
{
    if (used >= width)
        return;
    uint32_t count = width - used;
    uint32_t room = out->len < out->size ? out->size - out->len : 0;
    uint32_t stored = count < room ? count : room;
    for (uint32_t k = 0; k < stored; k++)
        out->buf[out->len + k] = ch;
    out->len += count;
}

/* The digits of `value`, right-aligned in the 20 bytes before `last`; the first one. 64-bit
 * division is a loop in software, so leave it as soon as the value fits a word. */
static char *digits(char *last, uint64_t value, uint32_t base)
{
    while (value >> 32) {
        *--last = "0123456789abcdef"[value % base];
        value /= base;
    }
    uint32_t low = (uint32_t) value;
    do {
        *--last = "0123456789abcdef"[low % base];
        low /= base;
    } while (low);
    return last;
}

static void put_number(struct sink *out, const struct spec *spec, uint64_t value, uint32_t base,
                       bool negative)
{
    char text[20];
    char *first = digits(text + sizeof(text), negative ? -value : value, base);
    uint32_t length = (uint32_t) (text + sizeof(text) - first);

    if (negative)
        put(out, '-');
    pad(out, spec->zeros ? '0' : ' ', length + negative, spec->width);
    put_text(out, first, length);
}

static void put_string(struct sink *out, const struct spec *spec, const char *text)
{
    if (!text)
        text = "<NULL>";
    uint32_t length = 0;
    while (text[length] && (!spec->width || length < spec->width))
        length++;
    put_text(out, text, length);
    pad(out, ' ', length, spec->width);
}

/* va_list is passed by reference so that the caller sees what was taken. */
struct arguments {
    va_list list;
};

static uint64_t take_unsigned(struct arguments *args, const struct spec *spec)
{
    return spec->longs >= 2 ? va_arg(args->list, uint64_t) : va_arg(args->list, uint32_t);
}

static int64_t take_signed(struct arguments *args, const struct spec *spec)
{
    return spec->longs >= 2 ? va_arg(args->list, int64_t) : va_arg(args->list, int32_t);
}

static const char *parse_spec(const char *fmt, struct spec *spec)
{
    *spec = (struct spec){0, false, 0};
    if (*fmt == '0') {
        spec->zeros = true;
        fmt++;
    }
    while (isdigit(*fmt)) {
        spec->width = spec->width * 10 + (uint32_t) (*fmt++ - '0');
        if (spec->width > WIDTH_LIMIT)
            spec->width = WIDTH_LIMIT;
    }
    while (*fmt == 'l') {
        spec->longs++;
        fmt++;
    }
    return fmt;
}

static void convert(struct sink *out, char conversion, struct spec *spec, struct arguments *args)
{
    switch (conversion) {
    case 'd': {
        int64_t value = take_signed(args, spec);
        put_number(out, spec, (uint64_t) value, 10, value < 0);
        break;
    }
    case 'u':
        put_number(out, spec, take_unsigned(args, spec), 10, false);
        break;
    case 'x':
    case 'X':
        put_number(out, spec, take_unsigned(args, spec), 16, false);
        break;
    case 'p':
        if (!spec->width)
            spec->width = 8;
        put_number(out, spec, (uint32_t) va_arg(args->list, void *), 16, false);
        break;
    case 'c':
        pad(out, ' ', 1, spec->width);
        put(out, (char) va_arg(args->list, int));
        break;
    case 's':
        put_string(out, spec, va_arg(args->list, const char *));
        break;
    case '%':
        put(out, '%');
        break;
    default: /* dropped: applications rely on silence */
        break;
    }
}

int vsnprintf(char *str, size_t size, const char *fmt, va_list list)
{
    if (!fmt || (size && !str))
        return -1;

    struct sink out = {str, size, 0};
    struct arguments args;
    va_copy(args.list, list);
    while (*fmt) {
        if (*fmt != '%') {
            put(&out, *fmt++);
            continue;
        }
        struct spec spec;
        fmt = parse_spec(fmt + 1, &spec);
        if (!*fmt)
            break; /* a % that ends the format */
        convert(&out, *fmt++, &spec, &args);
    }
    va_end(args.list);

    if (size)
        str[out.len < size ? out.len : size - 1] = '\0';
    return (int) out.len;
}

int32_t snprintf(char *str, size_t size, const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    int32_t length = vsnprintf(str, size, fmt, list);
    va_end(list);
    return length;
}

int32_t printf(const char *fmt, ...)
{
    char text[PRINTF_BUFFER];
    va_list list;
    va_start(list, fmt);
    int32_t length = vsnprintf(text, sizeof(text), fmt, list);
    va_end(list);

    if (length > 0)
        console_write(text, length < PRINTF_BUFFER ? (uint32_t) length : PRINTF_BUFFER - 1);
    return length;
}

int32_t puts(const char *str)
{
    char text[PRINTF_BUFFER];
    struct sink out = {text, PRINTF_BUFFER - 2, 0};

    if (!str)
        str = "<NULL>";
    while (*str && out.len < out.size)
        put(&out, *str++);
    text[out.len] = '\n';
    console_write(text, out.len + 1);
    return 0;
}

/* For user mode: formats in the caller's own memory; the kernel writes it and adds a newline. */
int32_t umode_printf(const char *fmt, ...)
{
    char text[PRINTF_BUFFER];
    va_list list;
    va_start(list, fmt);
    int32_t length = vsnprintf(text, sizeof(text), fmt, list);
    va_end(list);

    sys_tputs(text);
    return length;
}
