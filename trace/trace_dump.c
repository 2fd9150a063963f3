/* SPDX-License-Identifier: MIT */
/* The recorder's out-of-line face (include/sys/debug_trace.h): generic event, names, and the ring
 * as text on the console.
 *
 * The dump uses one line of stack and the port's polled console, never printf: it runs on small
 * stacks and in a panic. Recording stops meanwhile, so the dump does not see itself. */
#include <sys/debug_trace.h>

#if CONFIG_DEBUG_TRACE
#include "trace_private.h"

#ifndef TRACE_PORT_OWN_CONTROL
static uint32_t trace_ring[TRACE_RING_BYTES / 4];

void debug_trace_init(void)
{
    _Static_assert(DEBUG_EVENT_BUFFER_SIZE > 0, "DEBUG_EVENT_BUFFER_SIZE must be at least 1");
    _Static_assert(CONFIG_TRACE_BLOCK_SIZE >= TRACE_BLOCK_MIN &&
                       CONFIG_TRACE_BLOCK_SIZE <= TRACE_BLOCK_MAX &&
                       (CONFIG_TRACE_BLOCK_SIZE & (CONFIG_TRACE_BLOCK_SIZE - 1)) == 0,
                   "CONFIG_TRACE_BLOCK_SIZE must be a power of two from 256 to 32768");
    trace_init(trace_ring, sizeof(trace_ring), CONFIG_TRACE_BLOCK_SIZE, 0);
    trace_boot_any(0);
}
#endif

void debug_trace_event(uint8_t type, uint32_t p1, uint32_t p2)
{
    trace_debug_any(type, p1, p2);
}

void debug_clear_events(void)
{
    trace_clear();
}

/* 16 characters, the rest zeros. */
static void trace_pack(const char *name, uint32_t word[4])
{
    for (unsigned i = 0; i < 4; i++)
        word[i] = 0;
    for (unsigned i = 0; i < 16 && name && name[i]; i++)
        word[i / 4] |= (uint32_t) (uint8_t) name[i] << (8 * (i % 4));
}

void trace_name_kind(const volatile void *object, uint32_t kind, const char *name)
{
    uint32_t w[4];
    trace_pack(name, w);
    trace_name_object_any(kind, object, w[0], w[1], w[2], w[3]);
}

void trace_name_task(uint32_t task, const char *name)
{
    uint32_t w[4];
    trace_pack(name, w);
    trace_name_task_any(trace_id(task), w[0], w[1], w[2], w[3]);
}

/* ---- the dump ---- */

struct line {
    uint32_t used;
    char text[120];
};

static void line_text(struct line *l, const char *s, char until)
{
    while (*s && *s != until && l->used < sizeof(l->text) - 2)
        l->text[l->used++] = *s++;
}

/* Decimal, or hexadecimal with 0x; right-aligned to `width`. */
static void line_number(struct line *l, uint32_t v, uint32_t base, uint32_t width)
{
    char digits[12];
    uint32_t n = 0;
    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    if (base == 16) {
        digits[n++] = 'x';
        digits[n++] = '0';
    }
    for (; width > n; width--)
        line_text(l, " ", 0);
    while (n && l->used < sizeof(l->text) - 2)
        l->text[l->used++] = digits[--n];
}

static void line_out(struct line *l)
{
    l->text[l->used++] = '\n';
    trace_port_console(l->text, l->used);
    l->used = 0;
}

static const char *skip_to(const char *s, char c)
{
    while (*s && *s != '\n' && *s != c)
        s++;
    return *s == c ? s + 1 : s;
}

static uint32_t number(const char *s)
{
    uint32_t v = 0;
    while (*s >= '0' && *s <= '9')
        v = v * 10 + (uint32_t) (*s++ - '0');
    return v;
}

/* One field of a table line: "A:next:16:0:task". */
static void dump_field(struct line *l, const char *f, const struct trace_record *r, uint32_t *word)
{
    const char *bits = skip_to(f + 2, ':'), *shift = skip_to(bits, ':');
    line_text(l, " ", 0);
    line_text(l, f + 2, ':');
    line_text(l, "=", 0);
    if (f[0] == 'S')
        line_number(l, r->code & ((1u << number(bits)) - 1), 10, 0);
    else if (f[0] == 'A')
        line_number(l, r->arg >> number(shift) & ((1u << number(bits)) - 1), 10, 0);
    else if (f[0] == 'W')
        line_number(l, r->word[(*word)++], 16, 0);
    else
        for (; *word < r->words; line_text(l, " ", 0))
            line_number(l, r->word[(*word)++], 16, 0);
}

static void dump_record(struct line *l, uint32_t seq, const struct trace_record *r)
{
    const char *text = trace_code_text(r->code);
    uint32_t word = 0;
    line_number(l, seq, 10, 7);
    line_number(l, r->stamp, 10, 12);
    line_text(l, "  ", 0);
    text = skip_to(skip_to(text, ' '), ' ');
    line_text(l, text, ' ');
    for (text = skip_to(skip_to(text, ' '), ' '); *text && *text != '\n'; text = skip_to(text, ' '))
        dump_field(l, text, r, &word);
    line_out(l);
}

void debug_dump_events(void)
{
    struct trace_stats s;
    struct trace_reader reader;
    struct trace_record r;
    struct line l = {0, {0}};
    int running = trace_running(), got;
    trace_stop();
    trace_get_stats(&s);
    trace_reader_init(&reader);
    while ((got = trace_read(&reader, &r)) > 0)
        dump_record(&l, reader.next_seq - 1, &r);
    line_text(&l, got < 0 ? "ring damaged; " : "", 0);
    line_text(&l, "events: written ", 0);
    line_number(&l, s.written, 10, 0);
    line_text(&l, ", kept ", 0);
    line_number(&l, s.kept, 10, 0);
    line_text(&l, ", overwritten ", 0);
    line_number(&l, s.overwritten, 10, 0);
    line_text(&l, ", lost because full ", 0);
    line_number(&l, s.lost_full, 10, 0);
    line_out(&l);
    if (running)
        trace_start();
}
#endif
