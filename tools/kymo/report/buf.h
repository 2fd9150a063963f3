/* SPDX-License-Identifier: MIT */
/* A growing run of bytes, and the numbers that the report's blocks are made of
 * (Documentation/report.md).
 *
 * The first allocation that fails sticks: `failed` is set, later puts do nothing. Whoever finishes
 * a block looks once. kr_buf_free is good for a zeroed one too. */
#ifndef KYMO_REPORT_BUF_H
#define KYMO_REPORT_BUF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kr_buf {
    uint8_t *data;
    size_t len, room;
    bool failed;
};

void kr_buf_free(struct kr_buf *b);
void kr_put(struct kr_buf *b, const void *p, size_t n);
void kr_byte(struct kr_buf *b, uint8_t v);
/* LEB128: seven bits a byte, the lowest first, the top bit says that more follow. */
void kr_number(struct kr_buf *b, uint64_t v);
/* The same of a zigzag: 0, -1, 1, -2 become 0, 1, 2, 3. */
void kr_signed(struct kr_buf *b, int64_t v);

/* JSON. A comma is put by kr_json_next where `first` is not. */
void kr_text(struct kr_buf *b, const char *s);
void kr_textf(struct kr_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A string in quotes. What is not valid UTF-8, and control characters, become '?'; NULL is null. */
void kr_json(struct kr_buf *b, const char *s);

/* Deflates in zlib's format and adds the result to `out` as base64. Returns the bytes of base64, 0
 * on failure. */
size_t kr_pack(struct kr_buf *out, const struct kr_buf *in);

#endif
