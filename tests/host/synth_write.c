/* SPDX-License-Identifier: MIT */
#include "synth_write.h"

#include "lib/container.h"
#include "lib/private.h"
#include "lib/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

uint64_t synth_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* ---- container ---- */

void synth_packet(struct synth_file *f, unsigned type, unsigned hart, const void *data,
                  uint32_t length)
{
    uint8_t h[KYMO_PACKET_HEADER] = {0}, zero[8] = {0};
    put32(h, KYMO_PACKET_MAGIC);
    put16(h + 4, type);
    put16(h + 6, hart);
    put32(h + 8, length);
    put32(h + 12, f->index++);
    put32(h + 16, kymo_packet_crc(h, data, length));
    fwrite(h, 1, sizeof h, f->out);
    fwrite(data, 1, length, f->out);
    fwrite(zero, 1, -length & 7, f->out);
}

static const char symbols[] = "80001000 100 f bus_task app/synth.c:10\n"
                              "80001100 100 f weather_task app/synth.c:40\n"
                              "80001200 100 f comm_task app/synth.c:70\n"
                              "80001300 100 f watchdog_task app/synth.c:95\n"
                              "80001400 c00 f worker app/synth.c:120\n"
                              "80100000 20 o bus_mutex\n"
                              "80100020 20 o shared.lock\n"
                              "80101000 20 o ready_sem\n"
                              "80102000 20 o inbox\n";

static const char strings[] = "\0tick\0load\0frame\0value %d of %d\n\0";

void synth_file_open(struct synth_file *f, FILE *out, const struct synth_config *c)
{
    uint8_t head[KYMO_FILE_HEADER] = {0};
    char meta[512];
    uint32_t hash = kymo_table_hash(kymo_builtin_table, strlen(kymo_builtin_table));
    *f = (struct synth_file){.out = out};
    memcpy(head, KYMO_FILE_MAGIC, 8);
    put16(head + 8, 1);
    put16(head + 10, KYMO_FILE_HEADER);
    fwrite(head, 1, sizeof head, out);
    int n = snprintf(
        meta, sizeof meta,
        "format=1\nkymo=0.1\nimage=synth-%s\nbuild_id=%016llx\ntable_hash=%08x\nclock=mcycle\n"
        "clock_hz=10000000\nblock_size=%u\nharts=%u\ncapture=%s\n",
        c->scenario, (unsigned long long)c->seed, hash, c->block_size, c->harts,
        c->keep ? "ram" : "plugin");
    synth_packet(f, KYMO_PACKET_META, 0, meta, (uint32_t)n);
    synth_packet(f, KYMO_PACKET_TABLE, 0, kymo_builtin_table, (uint32_t)strlen(kymo_builtin_table));
    synth_packet(f, KYMO_PACKET_STRINGS, 0, strings, sizeof strings - 1);
    synth_packet(f, KYMO_PACKET_SYMBOLS, 0, symbols, sizeof symbols - 1);
}

void synth_file_close(struct synth_file *f, uint64_t time, const struct synth_config *c)
{
    char text[128];
    int n = snprintf(text, sizeof text, "reason=poweroff\nexit=0\ntime=%llu\n",
                     (unsigned long long)time);
    if (!c->no_end)
        synth_packet(f, KYMO_PACKET_END, 0, text, (uint32_t)n);
}

/* ---- ring ---- */

void synth_ring_open(struct synth_ring *r, struct synth_file *f, const struct synth_config *c,
                     const struct synth_now *now, uint16_t hart)
{
    *r = (struct synth_ring){
        .file = f, .c = c, .now = now, .hart = hart, .random = (c->seed ^ 0xB10C) + hart};
    if (c->keep) {
        r->kept = calloc(c->keep, sizeof *r->kept);
        assert(r->kept);
    }
}

static void open_block(struct synth_ring *r)
{
    const struct synth_now *n = r->now;
    r->block = calloc(1, r->c->block_size);
    assert(r->block);
    uint8_t *b = r->block;
    put16(b + 4, KYMO_BLOCK_MAGIC);
    put16(b + 6, n->mask);
    put32(b + 8, (uint32_t)r->seq);
    put32(b + 12, (uint32_t)(n->time >> 24));
    put16(b + 16, n->running);
    b[18] = n->depth;
    b[19] = n->level;
    put32(b + 20, n->causes);
    put16(b + 24, r->hart);
    put16(b + 26, 1);
    put32(b + 28, kymo_table_hash(kymo_builtin_table, strlen(kymo_builtin_table)));
    r->slots = r->words = 0;
    r->last = n->time;
}

static void close_block(struct synth_ring *r)
{
    put16(r->block, r->slots);
    put16(r->block + 2, r->words);
    if (r->kept) {
        uint8_t **place = &r->kept[r->closed % r->c->keep];
        free(*place);
        *place = r->block;
    } else {
        if (synth_random(&r->random) % 1000 >= r->c->drop)
            synth_packet(r->file, KYMO_PACKET_BLOCK, r->hart, r->block, r->c->block_size);
        free(r->block);
    }
    r->closed++;
    r->block = NULL;
}

static void write_open(struct synth_ring *r)
{
    uint32_t size = KYMO_CTL_SIZE + r->c->block_size, base = 0x80200000;
    uint8_t *p = calloc(1, size);
    assert(p);
    put32(p, KYMO_CTL_MAGIC);
    put16(p + 4, 1);
    put16(p + 6, KYMO_CTL_SIZE);
    put32(p + 8, base + KYMO_BLOCK_HEADER + 8 * r->slots);
    put32(p + 12, base + r->c->block_size - 4 * r->words);
    put16(p + 16, KYMO_BLOCK_MAGIC);
    put16(p + 18, r->now->mask);
    put32(p + 20, base);
    put32(p + 24, base);
    put32(p + 28, r->c->block_size * 4);
    put32(p + 32, r->c->block_size);
    put32(p + 56, kymo_table_hash(kymo_builtin_table, strlen(kymo_builtin_table)));
    memcpy(p + KYMO_CTL_SIZE, r->block, r->c->block_size);
    synth_packet(r->file, KYMO_PACKET_OPEN, r->hart, p, size);
    free(p);
}

void synth_ring_lose(struct synth_ring *r, uint64_t events)
{
    if (r->block)
        close_block(r);
    r->seq += events;
}

void synth_ring_close(struct synth_ring *r)
{
    if (r->kept)
        for (uint64_t i = r->closed > r->c->keep ? r->closed - r->c->keep : 0; i < r->closed; i++) {
            synth_packet(r->file, KYMO_PACKET_BLOCK, r->hart, r->kept[i % r->c->keep],
                         r->c->block_size);
            free(r->kept[i % r->c->keep]);
        }
    free(r->kept);
    if (r->block)
        write_open(r);
    free(r->block);
}

static void put_event(struct synth_ring *r, unsigned code, uint32_t arg, const uint32_t *word,
                      unsigned words)
{
    uint32_t room = r->c->block_size - KYMO_BLOCK_HEADER;
    if (r->block && 8 * (r->slots + 1) + 4 * (r->words + words) > room)
        close_block(r);
    if (!r->block)
        open_block(r);
    uint8_t *slot = r->block + KYMO_BLOCK_HEADER + 8 * r->slots++;
    put32(slot, (uint32_t)r->now->time);
    put32(slot + 4, code | arg << 8);
    for (unsigned i = 0; i < words; i++)
        put32(r->block + r->c->block_size - 4 * ++r->words, word[i]);
    r->seq++;
    r->last = r->now->time;
}

static const struct kymo_table *builtin(void)
{
    static struct kymo_table t;
    const char *wrong;
    unsigned line;
    if (!t.desc[KE_boot]) {
        int bad =
            kymo_table_parse(&t, kymo_builtin_table, strlen(kymo_builtin_table), &wrong, &line);
        assert(!bad);
        (void)bad;
    }
    return &t;
}

void synth_event(struct synth_ring *r, unsigned code, const uint32_t *value, unsigned values)
{
    const struct kymo_event_desc *d = builtin()->desc[code];
    uint32_t arg = 0, word[KYMO_MAX_WORDS];
    unsigned sub = 0, words = 0, i = 0;
    for (; i < d->fields; i++) {
        const struct kymo_field *f = &d->field[i];
        if (f->kind == 'M')
            break;
        assert(i < values && (f->bits == 32 || value[i] >> f->bits == 0));
        if (f->kind == 'S')
            sub = value[i];
        else if (f->kind == 'A')
            arg |= value[i] << f->shift;
        else
            word[words++] = value[i];
    }
    for (; i < values; i++)
        word[words++] = value[i];
    assert(words == builtin()->words[d->code + sub]);
    if (r->block && r->now->time - r->last >= 1u << 31)
        put_event(r, KE_time_sync, (uint32_t)(r->now->time >> 32) & 0xFFFFFF, NULL, 0);
    put_event(r, d->code + sub, arg, word, words);
}
