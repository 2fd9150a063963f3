/* SPDX-License-Identifier: MIT */
/* See text.h. Numbers are written by hand because `kymo print` spends its time here. */
#include "text.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

void text_open(struct text *t, FILE *out)
{
    t->out = out;
    t->used = t->line = 0;
}

void text_flush(struct text *t)
{
    if (t->used)
        fwrite(t->data, 1, t->used, t->out);
    t->line = t->line > t->used ? t->line - t->used : 0;
    t->used = 0;
}

void text_bytes(struct text *t, const char *s, size_t n)
{
    if (n > TEXT_ONE / 2)
        n = TEXT_ONE / 2;
    if (n > TEXT_ROOM - t->used)
        text_flush(t);
    memcpy(t->data + t->used, s, n);
    t->used += n;
}

void text_put(struct text *t, const char *s)
{
    text_bytes(t, s, strlen(s));
}

void text_char(struct text *t, char c)
{
    if (t->used == TEXT_ROOM)
        text_flush(t);
    t->data[t->used++] = c;
}

void text_u64(struct text *t, uint64_t n)
{
    char digit[20];
    size_t i = sizeof digit;
    do {
        digit[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    text_bytes(t, digit + i, sizeof digit - i);
}

void text_i32(struct text *t, int32_t n)
{
    if (n < 0)
        text_char(t, '-');
    text_u64(t, n < 0 ? (uint64_t) - (int64_t)n : (uint64_t)n);
}

void text_hex(struct text *t, uint32_t n, unsigned digits)
{
    char s[10] = "0x";
    unsigned want = 1;
    while (want < 8 && n >> 4 * want)
        want++;
    want = want > digits ? want : digits > 8 ? 8 : digits;
    for (unsigned i = 0; i < want; i++)
        s[2 + i] = "0123456789abcdef"[n >> 4 * (want - 1 - i) & 15];
    text_bytes(t, s, 2 + want);
}

void text_format(struct text *t, const char *format, ...)
{
    char s[TEXT_ONE / 2];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(s, sizeof s, format, ap);
    va_end(ap);
    if (n > 0)
        text_bytes(t, s, (size_t)n < sizeof s ? (size_t)n : sizeof s - 1);
}

void text_to_column(struct text *t, size_t column)
{
    size_t at = t->used - t->line;
    size_t n = at < column ? column - at : 1;
    text_bytes(t,
               "                                                                                ",
               n < 80 ? n : 80);
}

void text_newline(struct text *t)
{
    text_char(t, '\n');
    text_room(t);
    t->line = t->used;
}

void text_json(struct text *t, const char *s)
{
    text_char(t, '"');
    for (size_t n = 0; *s && n < TEXT_ONE / 8; s++, n++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            text_char(t, '\\');
        if (c < 0x20)
            text_format(t, "\\u%04x", c);
        else
            text_char(t, (char)c);
    }
    text_char(t, '"');
}

/* ---- times ---- */

void text_clock(struct text_clock *c, uint64_t hz)
{
    *c = (struct text_clock){.hz = hz, .scale = 1, .whole = 6};
    while (c->scale < hz && c->digits < 9) {
        c->scale *= 10;
        c->digits++;
    }
}

void text_seconds(struct text *t, const struct text_clock *c, uint64_t counts)
{
    uint64_t whole = counts / c->hz, rest = counts % c->hz;
    rest = c->hz == c->scale ? rest : (uint64_t)((unsigned __int128)rest * c->scale / c->hz);
    char s[40];
    size_t i = sizeof s;
    for (unsigned d = 0; d < c->digits; d++, rest /= 10)
        s[--i] = (char)('0' + rest % 10);
    s[--i] = '.';
    do {
        s[--i] = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole);
    while (i > sizeof s - c->digits - 1 - c->whole)
        s[--i] = ' ';
    text_bytes(t, s + i, sizeof s - i);
}

const char *text_span(char buffer[TEXT_SPAN], uint64_t hz, uint64_t counts)
{
    double s = (double)counts / (double)hz;
    if (counts == 0)
        snprintf(buffer, TEXT_SPAN, "0");
    else if (s >= 0.9995)
        snprintf(buffer, TEXT_SPAN, "%.4g s", s);
    else if (s >= 0.9995e-3)
        snprintf(buffer, TEXT_SPAN, "%.4g ms", s * 1e3);
    else if (s >= 0.9995e-6)
        snprintf(buffer, TEXT_SPAN, "%.4g us", s * 1e6);
    else
        snprintf(buffer, TEXT_SPAN, "%.4g ns", s * 1e9);
    return buffer;
}

bool text_parse_time(const char *s, uint64_t hz, uint64_t *counts)
{
    static const struct {
        const char *name;
        double scale;
    } unit[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};
    char *end;
    if (*s == '@') {
        *counts = strtoull(s + 1, &end, 10);
        return s[1] && !*end;
    }
    if ((*s < '0' || *s > '9') && *s != '.')
        return false;
    double n = strtod(s, &end);
    for (unsigned i = 0; i < sizeof unit / sizeof *unit; i++)
        if (strcmp(end, unit[i].name) == 0 && n * unit[i].scale * (double)hz < 1.8e19) {
            *counts = (uint64_t)(n * unit[i].scale * (double)hz + 0.5);
            return true;
        }
    return false;
}

/* ---- the terminal ---- */

int text_style(struct text_style *s, FILE *out, const char *force)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM"), *columns = getenv("COLUMNS");
    struct winsize w;
    bool terminal = isatty(fileno(out));
    setlocale(LC_CTYPE, "");
    *s = (struct text_style){.width = 80};
    s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (terminal && ioctl(fileno(out), TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
        s->width = w.ws_col;
    else if (columns && atoi(columns) >= 20 && atoi(columns) <= 1000)
        s->width = (unsigned)atoi(columns);
    if (!force || strcmp(force, "auto") == 0)
        s->colour = terminal && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
    else if (strcmp(force, "always") == 0)
        s->colour = true;
    else if (strcmp(force, "never") != 0)
        return -1;
    return 0;
}

void text_colour(struct text *t, const struct text_style *s, enum text_colour c)
{
    static const char *const code[] = {"\033[0m",  "\033[1m",  "\033[2m",  "\033[31m", "\033[32m",
                                       "\033[33m", "\033[34m", "\033[35m", "\033[36m"};
    if (!s->colour)
        return;
    text_put(t, code[c]);
    t->line += strlen(code[c]); /* takes no column */
}
