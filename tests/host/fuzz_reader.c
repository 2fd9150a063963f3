/* SPDX-License-Identifier: MIT */
/* libFuzzer target: any bytes as a trace, through reader, model, statistics and `kymo print`'s
 * formatting.
 *
 * A checksum stops random bytes at the door, so most inputs are repaired first: every packet that
 * can be one gets its right checksum, and blocks the table's hash. The first byte chooses: even
 * repaired, odd as it is.
 *
 *   clang -fsanitize=fuzzer,address,undefined ..     make fuzz builds and runs it, seeds from
 * kymo-synth */
#include "kymo_stat.h"
#include "lib/private.h"
#include "util/show.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct text text;

static void repair(uint8_t *p, size_t size)
{
    uint32_t length;
    for (size_t at = KYMO_FILE_HEADER; at + KYMO_PACKET_HEADER <= size;
         at += ((size_t)KYMO_PACKET_HEADER + length + 7) & ~(size_t)7) {
        static const uint32_t magic = KYMO_PACKET_MAGIC;
        memcpy(&length, p + at + 8, 4);
        if (length > size - at - KYMO_PACKET_HEADER) {
            length = (uint32_t)(size - at - KYMO_PACKET_HEADER);
            memcpy(p + at + 8, &length, 4);
        }
        memcpy(p + at, &magic, 4);
        uint32_t crc = kymo_packet_crc(p + at, p + at + KYMO_PACKET_HEADER, length);
        memcpy(p + at + 16, &crc, 4);
    }
}

static void on_event(void *u, const kymo_model *m, const struct kymo_event *e)
{
    (void)u;
    text.used = 0;
    show_fields(&text, m, e);
    show_fields_json(&text, m, e);
}

static void use(const char *path)
{
    static const struct kymo_sink sink = {.event = on_event};
    struct kymo_error err;
    kymo_trace *t;
    if (kymo_open(&t, path, &err))
        return;
    if (kymo_model_run(t, &sink, NULL, &err) == 0) {
        struct kymo_stat *s = kymo_stat_run(t, 0, UINT64_MAX, &err);
        for (unsigned i = 0; s && i < s->tasks; i++)
            if (s->task[i].irq > s->task[i].running)
                abort();
        kymo_stat_free(s);
    }
    kymo_close(t);
}

/* Table and symbols as they are: behind their hash and checksum few inputs would reach them. */
static void texts(const uint8_t *data, size_t size)
{
    struct kymo_table table = {{0}, {0}};
    struct kymo_symbols symbols = {0};
    const char *wrong;
    unsigned n;
    bool known[256];
    kymo_table_parse(&table, (const char *)data, size, &wrong, &n);
    kymo_table_known(&table, 0, known);
    kymo_table_free(&table);
    if (kymo_symbols_add(&symbols, data, size, &n) == 0)
        for (uint32_t at = 0; at < 4096; at += 255)
            kymo_symbols_find(&symbols, at * 0x1003, at & 1 ? 'f' : 0);
    kymo_symbols_free(&symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[64];
    if (size < 2)
        return 0;
    if (fd < 0) {
        fd = memfd_create("fuzz", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        text_open(&text, stdout);
    }
    if (data[0] % 4 == 3) {
        texts(data + 1, size - 1);
        return 0;
    }
    uint8_t *copy = malloc(size);
    if (!copy)
        return 0;
    memcpy(copy, data + 1, size - 1);
    if (data[0] % 2 == 0)
        repair(copy, size - 1);
    if (ftruncate(fd, 0) == 0 && pwrite(fd, copy, size - 1, 0) == (ssize_t)(size - 1))
        use(path);
    free(copy);
    return 0;
}
