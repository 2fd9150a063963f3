/* SPDX-License-Identifier: MIT */
/* Cost: what each call of a part of the image executes.
 *
 *   cost=FILE       the request (cost_ranges.c)
 *   out=FILE        the result (cost_out.c)
 *   start=ADDR      count from the first execution of this address on; without it from reset
 *   stop=ADDR       until this one
 *   shadow=FILE     before each instruction, the shadow's pc, mstatus and registers, each as
 *                   value and known bits (tests)
 *
 * Per call, as minimum, median and maximum:
 *   instructions    executed for it, callees included, interrupts and other tasks not
 *   own             of these, in the range itself
 *   elapsed         everything the hart executed between entry and return: what mcycle shows
 *                   under icount
 *   loads, stores, csrs
 *   off             with interrupts masked, whoever masked them
 *   masked          with interrupts masked by the call itself: 0 where they were masked at its
 *                   entry
 *
 * Every instruction calls back once; the shadow hart (rv32.h) tells what it does. Use icount and
 * one thread. */
#include "cost.h"
#include "plugin.h"

#include <stdlib.h>

static const char *request, *out;
static FILE *shadow;
static uint64_t start_at, stop_at;

bool cost_option(const char *arg, bool *ok)
{
    const char *value;
    if ((value = option_value(arg, "cost")) != NULL)
        request = strdup(value);
    else if ((value = option_value(arg, "out")) != NULL && request)
        out = strdup(value);
    else if ((value = option_value(arg, "shadow")) != NULL)
        *ok = (shadow = fopen(value, "w")) != NULL;
    else if ((value = option_value(arg, "start")) != NULL)
        *ok = option_number(value, &start_at);
    else if ((value = option_value(arg, "stop")) != NULL)
        *ok = option_number(value, &stop_at);
    return value != NULL;
}

bool cost_start(qemu_plugin_id_t id)
{
    char why[256];
    (void)id;
    if (!request)
        return true;
    if (!out || !cost_ranges_read(request, why, sizeof why)) {
        fprintf(stderr, "kymo-qemu: %s\n", out ? why : "cost= needs out=");
        return false;
    }
    cost_on = !start_at;
    return true;
}

/* ---- one description per instruction of the image, kept for ever ---- */

static struct {
    struct cost_insn **slot;
    size_t room, used;
} known;

static struct cost_insn **slot_of(uint32_t pc, uint32_t word)
{
    size_t at = (pc >> 1) * 2654435761u & (known.room - 1);
    while (known.slot[at] && (known.slot[at]->rv.pc != pc || known.slot[at]->word != word))
        at = (at + 1) & (known.room - 1);
    return &known.slot[at];
}

static void make_room(void)
{
    size_t room = known.room;
    struct cost_insn **old = known.slot;
    if (2 * known.used < known.room)
        return;
    known.room = room ? 2 * room : 4096;
    known.slot = calloc(known.room, sizeof *known.slot);
    if (!known.slot)
        abort();
    for (size_t i = 0; i < room; i++)
        if (old[i])
            *slot_of(old[i]->rv.pc, old[i]->word) = old[i];
    free(old);
}

static bool concerns(const struct range *r, uint32_t pc)
{
    for (unsigned i = 0; i < r->span_count; i++)
        if (r->kind == RANGE_PATH ? pc == r->spans[i].low || pc == r->spans[i].high
                                  : pc >= r->spans[i].low && pc < r->spans[i].high)
            return true;
    return false;
}

static void find_ranges(struct cost_insn *i, uint32_t pc)
{
    for (struct range *r = cost_ranges; r < cost_ranges + cost_range_count; r++) {
        if (!concerns(r, pc))
            continue;
        i->range = realloc(i->range, (i->range_count + 1) * sizeof *i->range);
        if (!i->range)
            abort();
        i->range[i->range_count++] = r;
    }
}

static struct cost_insn *describe(const struct qemu_plugin_insn *insn, uint32_t pc)
{
    uint32_t word = api_insn_word(insn);
    make_room();
    struct cost_insn **slot = slot_of(pc, word);
    if (*slot)
        return *slot;
    struct cost_insn *i = calloc(1, sizeof *i);
    if (!i)
        abort();
    known.used++;
    i->word = word;
    rv_decode(&i->rv, pc, word, (unsigned)qemu_plugin_insn_size(insn));
    find_ranges(i, pc);
    i->marks = cost_mark_at(pc);
    i->start = start_at && pc == start_at;
    i->stop = stop_at && pc == stop_at;
    return *slot = i;
}

static void on_insn(unsigned hart, void *i)
{
    cost_track_step(hart, i);
    if (shadow)
        cost_track_show(hart, shadow);
}

void cost_translate(struct qemu_plugin_insn *insn, uint32_t pc)
{
    if (request)
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS,
                                               describe(insn, pc));
}

void cost_exit(void)
{
    FILE *f = request ? fopen(out, "w") : NULL;
    if (!request)
        return;
    if (!f) {
        fprintf(stderr, "kymo-qemu: %s: cannot be written\n", out);
        return;
    }
    if (shadow)
        fclose(shadow);
    cost_track_finish();
    cost_write(f);
    fclose(f);
}
