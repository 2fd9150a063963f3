/* SPDX-License-Identifier: MIT */
/* Between: how many instructions the hart executes from one address to another.
 *
 *   between=FROM:TO    addresses; counted from FROM (included) to TO (not included); a second
 *                      FROM starts again
 *   out=FILE           one line per pair when QEMU ends: FROM TO count min median max
 *
 * Every instruction executed in between counts, interrupts and other tasks included: it is the
 * plain distance. Counting is exact (one counter per instruction, none per block), for one
 * hart. */
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_PAIRS = 64 };

static struct pair {
    uint64_t from, to, start;
    bool open;
    uint64_t *sample;
    size_t count, room;
} pairs[MAX_PAIRS];
static unsigned pair_count;
static const char *out;
static uint64_t executed;

bool between_option(const char *arg, bool *ok)
{
    const char *value = option_value(arg, "between");
    if (value) {
        char from[32];
        const char *colon = strchr(value, ':');
        *ok = pair_count < MAX_PAIRS && colon && (size_t)(colon - value) < sizeof from;
        if (*ok) {
            struct pair *p = &pairs[pair_count++];
            memcpy(from, value, (size_t)(colon - value));
            from[colon - value] = 0;
            *ok = option_number(from, &p->from) && option_number(colon + 1, &p->to);
        }
        return true;
    }
    value = option_value(arg, "out");
    if (value)
        out = strdup(value);
    return value != NULL;
}

bool between_start(qemu_plugin_id_t id)
{
    (void)id;
    return !pair_count || out;
}

static void on_from(unsigned hart, void *p)
{
    (void)hart;
    ((struct pair *)p)->open = true;
    ((struct pair *)p)->start = executed;
}

static void on_to(unsigned hart, void *data)
{
    struct pair *p = data;
    (void)hart;
    if (!p->open)
        return;
    p->open = false;
    if (p->count == p->room) {
        p->room = p->room ? 2 * p->room : 1024;
        p->sample = realloc(p->sample, p->room * sizeof *p->sample);
        if (!p->sample)
            abort();
    }
    p->sample[p->count++] = executed - p->start;
}

void between_translate(struct qemu_plugin_insn *insn, uint32_t pc)
{
    if (!pair_count)
        return;
    for (struct pair *p = pairs; p < pairs + pair_count;
         p++) { /* TO before FROM: a loop's end is its next start */
        if (pc == p->to)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_to, QEMU_PLUGIN_CB_NO_REGS, p);
        if (pc == p->from)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_from, QEMU_PLUGIN_CB_NO_REGS, p);
    }
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &executed, 1);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void between_exit(void)
{
    if (!pair_count)
        return;
    FILE *f = fopen(out, "w");
    if (!f) {
        fprintf(stderr, "kymo-qemu: %s: cannot be written\n", out);
        return;
    }
    for (struct pair *p = pairs; p < pairs + pair_count; p++) {
        if (p->count)
            qsort(p->sample, p->count, sizeof *p->sample, compare);
        const uint64_t *s = p->sample;
        fprintf(f, "%08" PRIx64 " %08" PRIx64 " %zu", p->from, p->to, p->count);
        if (p->count)
            fprintf(f, " %" PRIu64 " %" PRIu64 " %" PRIu64, s[0], s[(p->count - 1) / 2],
                    s[p->count - 1]);
        fputc('\n', f);
    }
    fclose(f);
}
