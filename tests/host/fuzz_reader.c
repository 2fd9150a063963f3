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
#include "lib/container.h"
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
