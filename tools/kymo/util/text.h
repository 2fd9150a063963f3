/* SPDX-License-Identifier: MIT */
/* Text for people and machines: a fast buffer for output, times, JSON, colour and what the terminal
 * can do.
 *
 * A `text` collects bytes and writes them to a stdio stream when full. A write error is kept by the
 * stream (ferror) and found by kymo_finish; nothing here prints messages. */
#ifndef KYMO_TEXT_H
#define KYMO_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_ROOM = 1 << 16, TEXT_ONE = 4096 };

struct text {
    FILE *out;
    size_t used;
    size_t line; /* where the present line begins, for text_to_column */
    char data[TEXT_ROOM];
};

void text_open(struct text *t, FILE *out);
void text_flush(struct text *t);
/* Makes sure that TEXT_ONE bytes fit; called once per line by the appenders' users. */
static inline void text_room(struct text *t)
{
    if (t->used > TEXT_ROOM - TEXT_ONE)
        text_flush(t);
}

/* Appenders. A single string longer than TEXT_ONE / 2 is cut: names come from untrusted traces. */
void text_put(struct text *t, const char *s);
void text_bytes(struct text *t, const char *s, size_t n);
void text_char(struct text *t, char c);
void text_u64(struct text *t, uint64_t n);
void text_i32(struct text *t, int32_t n);
void text_hex(struct text *t, uint32_t n, unsigned digits); /* 0x and at least `digits` */
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_to_column(struct text *t, size_t column); /* blanks up to it, at least one */
void text_newline(struct text *t);
void text_json(struct text *t, const char *s); /* quoted and escaped */

/* Times: counts of the trace's clock as seconds with as many digits as the clock resolves, at
 * most 9. */
struct text_clock {
    uint64_t hz, scale; /* scale: 10^digits */
    unsigned digits, whole;
};

void text_clock(struct text_clock *c, uint64_t hz);
void text_seconds(struct text *t, const struct text_clock *c, uint64_t counts);
/* A duration a person likes: "1.25 ms", at most 10 characters. Returns `buffer`. */
enum { TEXT_SPAN = 24 };
const char *text_span(char buffer[TEXT_SPAN], uint64_t hz, uint64_t counts);
/* "1.5", "1.5s", "200ms", "30us", "4ns", "@123" (counts). False: it is no time. */
bool text_parse_time(const char *s, uint64_t hz, uint64_t *counts);

/* The terminal behind a stream. */
struct text_style {
    bool colour, utf8;
    unsigned width;
};

/* Colour: a terminal, TERM not dumb, NO_COLOR unset or empty; `force` as in
 * --color=auto|always|never. */
int text_style(struct text_style *s, FILE *out, const char *force);

enum text_colour {
    TEXT_PLAIN,
    TEXT_BOLD,
    TEXT_DIM,
    TEXT_RED,
    TEXT_GREEN,
    TEXT_YELLOW,
    TEXT_BLUE,
    TEXT_MAGENTA,
    TEXT_CYAN
};
void text_colour(struct text *t, const struct text_style *s, enum text_colour c);

#endif
