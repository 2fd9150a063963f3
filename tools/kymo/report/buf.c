/* SPDX-License-Identifier: MIT */
/* Bytes, numbers, JSON strings and packed blocks (buf.h). */
#include "report/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FIRST_ROOM = 64, LEVEL = 6 };

void kr_buf_free(struct kr_buf *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

static bool reserve(struct kr_buf *b, size_t n)
{
    if (b->failed)
        return false;
    if (n <= b->room - b->len)
        return true;
    size_t room = b->room ? b->room : FIRST_ROOM;
    while (room - b->len < n && room < SIZE_MAX / 2)
        room *= 2;
    uint8_t *data = room - b->len < n ? NULL : realloc(b->data, room);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->room = room;
    return true;
}

void kr_put(struct kr_buf *b, const void *p, size_t n)
{
    if (n == 0 || !reserve(b, n))
        return;
    memcpy(b->data + b->len, p, n);
    b->len += n;
}

void kr_byte(struct kr_buf *b, uint8_t v)
{
    if (b->len < b->room && !b->failed)
        b->data[b->len++] = v;
    else
        kr_put(b, &v, 1);
}

void kr_number(struct kr_buf *b, uint64_t v)
{
    for (; v >= 128; v >>= 7)
        kr_byte(b, (uint8_t)(v | 128));
    kr_byte(b, (uint8_t)v);
}

void kr_signed(struct kr_buf *b, int64_t v)
{
    kr_number(b, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

void kr_text(struct kr_buf *b, const char *s)
{
    kr_put(b, s, strlen(s));
}

void kr_textf(struct kr_buf *b, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    assert(n >= 0 &&
           (size_t)n < sizeof text); /* for numbers and short words; names go through kr_json */
    kr_put(b, text, (size_t)n);
}

/* Bytes of the valid UTF-8 sequence at s, 0 if there is none: no overlong form, no surrogate,
 * nothing above U+10FFFF. */
static int utf8_length(const unsigned char *s)
{
    static const struct {
        unsigned char mask, lead, low, high; /* of the second byte */
        int n;
    } forms[] = {
        {0xFF, 0xE0, 0xA0, 0xBF, 3}, {0xFF, 0xED, 0x80, 0x9F, 3}, {0xFF, 0xF0, 0x90, 0xBF, 4},
        {0xFF, 0xF4, 0x80, 0x8F, 4}, {0xE0, 0xC0, 0x80, 0xBF, 2}, {0xF0, 0xE0, 0x80, 0xBF, 3},
        {0xFC, 0xF0, 0x80, 0xBF, 4},
    };
    if (*s < 0x80)
        return 1;
    if (*s == 0xC0 || *s == 0xC1)
        return 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if ((*s & forms[i].mask) != forms[i].lead)
            continue;
        if (s[1] < forms[i].low || s[1] > forms[i].high)
            return 0;
        for (int k = 2; k < forms[i].n; k++)
            if ((s[k] & 0xC0) != 0x80)
                return 0;
        return forms[i].n;
    }
    return 0;
}

void kr_json(struct kr_buf *b, const char *text)
{
    if (!text) {
        kr_text(b, "null");
        return;
    }
    kr_byte(b, '"');
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int n = utf8_length(s);
        if (n == 1 && (*s == '"' || *s == '\\'))
            kr_byte(b, '\\');
        if (n == 0 || *s < 0x20 || *s == 0x7F)
            kr_byte(b, '?');
        else
            kr_put(b, s, (size_t)n);
        s += n ? n : 1;
    }
    kr_byte(b, '"');
}

static void base64(struct kr_buf *out, const uint8_t *p, size_t n)
{
    static const char code[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!reserve(out, (n + 2) / 3 * 4))
        return;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v =
            (uint32_t)p[i] << 16 | (i + 1 < n ? p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        uint8_t *to = out->data + out->len;
        to[0] = (uint8_t)code[v >> 18];
        to[1] = (uint8_t)code[v >> 12 & 63];
        to[2] = i + 1 < n ? (uint8_t)code[v >> 6 & 63] : '=';
        to[3] = i + 2 < n ? (uint8_t)code[v & 63] : '=';
        out->len += 4;
    }
}

size_t kr_pack(struct kr_buf *out, const struct kr_buf *in)
{
    uLongf n = compressBound(in->len);
    uint8_t *packed = in->failed || out->failed ? NULL : malloc(n);
    size_t before = out->len;
    if (!packed || compress2(packed, &n, in->data ? in->data : packed, in->len, LEVEL) != Z_OK)
        out->failed = true;
    else
        base64(out, packed, n);
    free(packed);
    return out->failed ? 0 : out->len - before;
}
