/* SPDX-License-Identifier: MIT */
/* The reader against damage: a small container is cut at every byte and has every bit flipped, and
 * a few sorts of malice besides. Whatever is left must be an error with one line of text, or events
 * that really were in the trace, with every missing one accounted for or the trace marked as
 * damaged. Never a crash, a hang or an invented event.
 *
 * Usage: reader-test [TOKEN | brief]; tokens are reader-test:cut:BYTES, reader-test:flip:BIT,
 * reader-test:zero:BYTE,
 * reader-test:forge:BIT. */
#include "lib/container.h"
#include "kymo_stat.h"
#include "synth.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { EVENTS_MAX = 4096 };

struct seen {
    struct kymo_event event[EVENTS_MAX];
    unsigned count;
    uint64_t lost;
    bool uncounted, damaged, ended;
    struct kymo_error err;
    int result;
};

static struct seen original, now;
static uint8_t *bytes;
static size_t size;
static int fd;
static char path[64];
static unsigned passed, failed;
static const char *only;
static bool brief; /* every 16th case: sanitizers are slow */

static void put(size_t length)
{
    if (ftruncate(fd, (off_t)length) || pwrite(fd, bytes, length, 0) != (ssize_t)length)
        abort();
}

static bool digest(kymo_trace *t);

static void look(struct seen *s)
{
    kymo_trace *t;
    struct kymo_gap g;
    *s = (struct seen){.result = -1};
    if (kymo_open(&t, path, &s->err))
        return;
    while (s->count < EVENTS_MAX) {
        s->result = kymo_next(t, &s->event[s->count], &g, &s->err);
        if (s->result <= 0)
            break;
        if (s->result == KYMO_EVENT) {
            s->count++;
            continue;
        }
        if (g.from > g.to)
            s->result = -99;
        if (g.events == UINT64_MAX)
            s->uncounted = true;
        else
            s->lost += g.events;
    }
    if (s->result == 0 && (s->count != original.count || s->lost || s->uncounted) && !digest(t))
        s->result = -98;
    s->damaged = kymo_get_info(t)->damaged;
    s->ended = kymo_get_info(t)->ended;
    kymo_close(t);
}

/* The model and the statistics must take whatever the reader yields. */
static bool digest(kymo_trace *t)
{
    struct kymo_error err;
    struct kymo_stat *s = kymo_stat_run(t, 0, UINT64_MAX, &err);
    bool good = s != NULL;
    uint64_t told = 0;
    for (unsigned i = 0; s && i < s->tasks; i++) {
        const struct kymo_stat_task *k = &s->task[i];
        told += k->running;
        good = good && k->irq <= k->running &&
               k->running + k->ready + k->blocked + k->suspended + k->delayed + k->unknown <=
                   s->to - s->from;
    }
    good = good && told <= s->to - s->from;
    kymo_stat_free(s);
    return good;
}

static bool same_event(const struct kymo_event *a, const struct kymo_event *b)
{
    return a->seq == b->seq && a->time == b->time && a->code == b->code && a->arg == b->arg &&
           a->words == b->words && memcmp(a->word, b->word, 4u * a->words) == 0;
}

/* What is wrong with `now`, or NULL. */
static const char *judge(void)
{
    if (now.result == -99)
        return "a gap that ends before it begins";
    if (now.result == -98)
        return "figures that cannot be";
    if (now.result < 0)
        return now.err.text[0] && !strchr(now.err.text, '\n') ? NULL
                                                              : "an error without one line of text";
    unsigned k = 0;
    for (unsigned i = 0; i < now.count; i++) {
        if (i && now.event[i].time < now.event[i - 1].time)
            return "time goes back";
        while (k < original.count && !same_event(&original.event[k], &now.event[i]))
            k++;
        if (k++ == original.count)
            return "an event that never was, or out of order";
    }
    bool whole = now.count == original.count && now.lost == 0 && !now.uncounted;
    if (whole)
        return NULL;
    if (!now.damaged && now.ended)
        return "events are missing and the trace is not marked";
    if (!now.uncounted && now.ended && now.count + now.lost != original.count)
        return "the losses do not add up";
    return NULL;
}

static void one(const char *kind, size_t which)
{
    char token[64];
    snprintf(token, sizeof token, "reader-test:%s:%zu", kind, which);
    if ((only && strcmp(only, token) != 0) || (brief && which % 16))
        return;
    look(&now);
    const char *wrong = judge();
    if (wrong) {
        failed++;
        printf("FAIL %s: %s (%u of %u events, %llu lost%s%s) %s\n", token, wrong, now.count,
               original.count, (unsigned long long)now.lost, now.damaged ? ", damaged" : "",
               now.uncounted ? ", uncounted" : "", now.err.text);
    } else {
        passed++;
    }
}

static void cuts(void)
{
    for (size_t n = 0; n < size; n++) {
        put(n);
        one("cut", n);
    }
    put(size);
}

static void flips(void)
{
    for (size_t bit = 0; bit < 8 * size; bit++) {
        uint8_t *p = &bytes[bit / 8];
        *p ^= (uint8_t)(1 << bit % 8);
        if (pwrite(fd, p, 1, (off_t)(bit / 8)) != 1)
            abort();
        one("flip", bit);
        *p ^= (uint8_t)(1 << bit % 8);
        if (pwrite(fd, p, 1, (off_t)(bit / 8)) != 1)
            abort();
    }
}

/* 64 bytes of zeros at every offset, as a disk or a copy might leave them. */
static void zeros(void)
{
    static const uint8_t zero[64];
    for (size_t at = 0; at + 64 <= size; at += 8) {
        if (pwrite(fd, zero, 64, (off_t)at) != 64)
            abort();
        one("zero", at);
        if (pwrite(fd, bytes + at, 64, (off_t)at) != 64)
            abort();
    }
}

/* A lie with a right checksum: the bits of blocks and control blocks, which the reader has to doubt
 * itself. The events may be any, but time and figures stay possible. */
static void forged(size_t bit)
{
    char token[64];
    snprintf(token, sizeof token, "reader-test:forge:%zu", bit);
    if ((only && strcmp(only, token) != 0) || (brief && bit % 7))
        return;
    look(&now);
    const char *wrong = NULL;
    for (unsigned i = 1; i < now.count && !wrong; i++)
        wrong = now.event[i].time < now.event[i - 1].time ? "time goes back" : NULL;
    if (now.result <= -98 || (now.result < 0 && !now.err.text[0]))
        wrong = "gap, figures or error that cannot be";
    failed += wrong != NULL;
    passed += wrong == NULL;
    if (wrong)
        printf("FAIL %s: %s\n", token, wrong);
}

static void write_packet(size_t at, uint32_t length)
{
    uint32_t crc = kymo_packet_crc(bytes + at, bytes + at + KYMO_PACKET_HEADER, length);
    memcpy(bytes + at + 16, &crc, 4);
    if (pwrite(fd, bytes + at, KYMO_PACKET_HEADER + length, (off_t)at) < 0)
        abort();
}

static void forge(void)
{
    uint32_t length;
    for (size_t at = KYMO_FILE_HEADER; at < size; at += (KYMO_PACKET_HEADER + length + 7) & ~7u) {
        memcpy(&length, bytes + at + 8, 4);
        if (bytes[at + 4] != KYMO_PACKET_BLOCK && bytes[at + 4] != KYMO_PACKET_OPEN)
            continue;
        for (size_t i = 0; i < 8 * length; i += i < 8 * 100 ? 1 : 5) {
            uint8_t *p = &bytes[at + KYMO_PACKET_HEADER + i / 8], mask = (uint8_t)(1 << i % 8);
            *p ^= mask;
            write_packet(at, length);
            forged(8 * at + i);
            *p ^= mask;
            write_packet(at, length);
        }
    }
}

/* A run in which time leaps, so that a time_sync is among the events. */
static bool make(uint64_t seed)
{
    struct synth_config c = SYNTH_DEFAULT;
    c.events = 120;
    c.tasks = 3;
    c.block_size = 256;
    c.leap = true;
    c.seed = seed;
    char *p;
    FILE *f = open_memstream(&p, &size);
    if (!f || !synth_run(&c, f, NULL) || fclose(f))
        abort();
    free(bytes);
    bytes = (uint8_t *)p;
    put(size);
    look(&original);
    if (original.result || original.damaged || !original.ended || original.lost ||
        original.count < 100)
        abort();
    for (unsigned i = 0; i < original.count; i++)
        if (original.event[i].code == 1)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    brief = argc > 1 && strcmp(argv[1], "brief") == 0;
    only = argc > 1 && !brief ? argv[1] : NULL;
    fd = memfd_create("trace", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (uint64_t seed = 1; !make(seed); seed++)
        ;
    cuts();
    flips();
    zeros();
    forge();
    printf("reader-test: %u passed, %u failed\n", passed, failed);
    free(bytes);
    return failed || !passed;
}
