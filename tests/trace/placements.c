/* SPDX-License-Identifier: MIT */
/* An interrupt that records, at every instruction of every compiled writer.
 *
 *   placements GUEST.elf                    all
 *   placements GUEST.elf TOKEN              one: WRITER/STATE/KIND/K or WRITER/STATE/any+KIND/K/K2
 *   placements GUEST.elf -c                 instructions per writer, without and with a block
 *   change
 *
 * A *state* is a fill of the ring before the write: block (0 first, 1 middle, 2 last, 5 last after
 * a lap), bytes free in it, and s for one-shot. For each writer and state the write is run once
 * without an interrupt, with the memory decoded after every instruction; then once for each
 * instruction K with an interrupt before it, whose handler does one of the kinds of guest/kinds.h;
 * then, two deep, with a second interrupt before the K2th instruction of the first handler.
 *
 * After each run: all records are whole, numbered without a gap, in an order that is possible,
 * none missing and none twice; losses are counted exactly; tp is 0, gp, sp, callee-saved registers
 * and the interrupt state are as before; nothing was stored outside the recorder's memory and the
 * stack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/kinds.h"
#include "rv32.h"
#include "trace_gen.h"
#include "twin.h"

enum {
    STACK = RV32_BASE + RV32_SIZE - 4096,
    VALUES = RV32_BASE + RV32_SIZE - 1024,
    ROOM = 256,
    BLOCK = 256
};

static struct rv32_image image;
static uint8_t memory[RV32_SIZE];
static uint32_t ctl, data_begin, data_end, ring, depth_word, causes_word, handler_kinds;
static char token[128];
static struct twin twin = {.token = token};
static unsigned long runs, steps;

/* ---- the table ---- */

struct field {
    char kind;
    unsigned bits, shift;
};
struct writer {
    const char *name;
    uint32_t code, sub;
    struct field field[8];
    int log_words; /* -1: not trace_log */
};
#define F(kind, ...) F_##kind(__VA_ARGS__),
#define F_NONE() {0, 0, 0}
#define F_SUB(name, bits, type) {'S', bits, 0}
#define F_ARG(name, bits, shift, type) {'A', bits, shift}
#define F_WORD(name, type) {'W', 32, 0}
#define F_MORE(name, type) {'M', 0, 0}
static const struct writer writers[] = {
#define TRACE_EVENT(code, sub, name, CLASS, text, ...)                                             \
    {#name, code, sub, {TRACE_MAP(F, TRACE_NOTHING, __VA_ARGS__)}, -1},
#include "events.def"
#undef TRACE_EVENT
    {"log0", 0xC0, 3, {{'A', 24, 0}}, 0},
    {"log3", 0xC0, 3, {{'A', 24, 0}}, 3},
    {"log7", 0xC0, 3, {{'A', 24, 0}}, 7},
};
enum { WRITERS = sizeof(writers) / sizeof(writers[0]) };

static bool real_time; /* value(0) is the clock's upper half: for time_sync */

static uint32_t value(unsigned i)
{
    if (i == 0 && real_time)
        return 1;
    return 0x9E3779B9u * (i + 1) ^ 0x5A5A;
}

/* What the writer called with value(0), value(1), .. must record. */
static struct twin_event expected(const struct writer *w)
{
    struct twin_event e = {.code = (uint8_t) w->code};
    unsigned i = 0;
    for (const struct field *f = w->field; f->kind; f++, i++) {
        uint32_t v = f->bits < 32 ? value(i) & ((1u << f->bits) - 1) : value(i);
        if (f->kind == 'S')
            e.code |= (uint8_t) v;
        else if (f->kind == 'A')
            e.arg |= v << f->shift;
        else if (f->kind == 'W')
            e.word[e.words++] = v;
    }
    if (w->log_words >= 0) {
        e.code |= (uint8_t) w->log_words;
        for (int k = 0; k < w->log_words; k++)
            e.word[e.words++] = value(1 + (unsigned) k);
    }
    return e;
}

/* ---- the machine ---- */

static bool guard(const struct rv32 *m, uint32_t a, uint32_t n)
{
    (void) m;
    return (a >= ctl && a + n <= ctl + 96) || (a >= ring && a + n <= ring + 3 * BLOCK) ||
           a == depth_word || a == causes_word || (a >= STACK - 2048 && a < STACK);
}

static void start(struct rv32 *m, uint32_t function, uint32_t argument, bool interrupts)
{
    uint64_t cycle = m->cycle;
    uint32_t mtvec = m->mtvec;
    memset(m, 0, sizeof(*m));
    for (unsigned i = 5; i < 32; i++)
        m->x[i] = 0xB0B00000 + i; /* any use of what nobody set shows */
    m->x[1] = RV32_RETURN;
    m->x[2] = STACK;
    m->x[3] = rv32_symbol(&image, "_gp");
    m->x[10] = argument;
    m->pc = function;
    m->mtvec = mtvec;
    m->cycle = cycle;
    m->memory = memory;
    m->mstatus = 0x1880 | (interrupts ? 8 : 0);
}

static uint32_t call(struct rv32 *m, const char *name, uint32_t argument)
{
    start(m, rv32_symbol(&image, name), argument, false);
    while (rv32_step(m))
        ;
    if (m->error)
        twin_die(&twin, "%s: %s at 0x%x", name, m->error, m->error_at);
    return m->x[10];
}

static void poke(uint32_t address, uint32_t v)
{
    memcpy(memory + (address - RV32_BASE), &v, 4);
}

static struct twin_ring decode(struct twin_event *out)
{
    struct twin_memory mem = {memory + (ring - RV32_BASE), ring, 3 * BLOCK};
    return twin_decode(&twin, memory + (ctl - RV32_BASE), &mem, out, ROOM);
}

/* ---- states ---- */

struct state {
    uint32_t block, free, one_shot;
};
static uint8_t saved[RV32_SIZE];
static struct rv32 saved_machine;
static struct twin_event prefix[ROOM]; /* in the ring when the write begins */
static struct twin_ring prefix_ring;

static uint32_t free_bytes(void)
{
    uint32_t head, tail;
    memcpy(&head, memory + (ctl + 8 - RV32_BASE), 4);
    memcpy(&tail, memory + (ctl + 12 - RV32_BASE), 4);
    return tail - head;
}

static void fill_to(struct rv32 *m, uint32_t target)
{
    while (free_bytes() != target) {
        uint32_t more = free_bytes() - target;
        call(m, more % 8 == 4 ? "off_tick" : "off_irq_out", VALUES);
    }
}

static void prepare(const struct state *s)
{
    struct rv32 m = {.cycle = 0xFFFFFF00u,
                     .memory = memory}; /* the clock's low half rolls over soon */
    static uint8_t fresh[RV32_SIZE];
    static bool loaded;
    if (!loaded)
        rv32_open(&image, getenv("GUEST"), fresh);
    loaded = true;
    memcpy(memory, fresh, sizeof(memory));
    for (unsigned i = 0; i < 16; i++)
        poke(VALUES + 4 * i, value(i));
    call(&m, "_start", 0);
    call(&m, "guest_init", s->one_shot);
    for (uint32_t b = 0; b < s->block; b++) {
        fill_to(&m, 0);
        call(&m, "off_irq_out", VALUES);
    }
    fill_to(&m, s->free);
    memcpy(saved, memory, sizeof(saved));
    saved_machine = m;
    prefix_ring = decode(prefix);
}

static void restore(struct rv32 *m)
{
    memcpy(memory + (data_begin - RV32_BASE), saved + (data_begin - RV32_BASE),
           data_end - data_begin);
    *m = saved_machine;
}

/* ---- what must come out ---- */

struct list {
    struct twin_event event[ROOM];
    uint32_t count;
};

static void add(struct list *l, uint32_t code, uint32_t arg, uint32_t words, uint32_t a, uint32_t b,
                uint32_t c)
{
    l->event[l->count++] = (struct twin_event){
        .code = (uint8_t) code, .arg = arg, .words = (uint8_t) words, .word = {a, b, c}};
}

static void add_kind(struct list *l, uint32_t kind)
{
    switch (kind) {
    case KIND_NARROW: add(l, 0x29, 0, 0, 0, 0, 0); break;
    case KIND_MIX:
        add(l, 0x28, 7 | 0x1234 << 8, 0, 0, 0, 0);
        add(l, 0x2A, 2 | 0x4321 << 8, 2, 0x11111111, 0x22222222, 0);
        add(l, 0x10, 777 | 5 << 16 | 1 << 19, 3, 1, 2, 3);
        add(l, 0x29, 0, 0, 0, 0, 0);
        break;
    case KIND_LAP:
        for (uint32_t i = 0; i < KIND_LAP_EVENTS; i++)
            add(l, 0x2C, i, 1, ~i, 0, 0);
        break;
    case KIND_STOP: add(l, 0x06, 1, 1, 0, 0, 0); break;
    case KIND_TOGGLE:
        add(l, 0x06, 3, 1, 3, 0, 0);
        add(l, 0x29, 0, 0, 0, 0, 0);
        add(l, 0x06, 3, 1, 0x3FF, 0, 0);
        break;
    }
}

static bool same(const struct twin_event *a, const struct twin_event *b)
{
    return a->code == b->code && a->arg == b->arg && a->words == b->words &&
           !memcmp(a->word, b->word, a->words * 4u);
}

/* Is what the ring holds the sequence prefix + want, or in a full one-shot ring the beginning of
 * it? */
static bool is(const struct list *want, const struct twin_event *got, struct twin_ring r)
{
    uint32_t total = prefix_ring.end + want->count, lost, mode;
    memcpy(&lost, memory + (ctl + 44 - RV32_BASE), 4);
    memcpy(&mode, memory + (ctl + 40 - RV32_BASE), 4);
    if (r.end + lost != total || (lost && !(mode & 2)))
        return false;
    for (uint32_t n = r.first; n != r.end; n++) {
        const struct twin_event *e = n < prefix_ring.end ? &prefix[n - prefix_ring.first]
                                                         : &want->event[n - prefix_ring.end];
        if (!same(e, &got[n - r.first]))
            return false;
    }
    return true;
}

static void append(struct list *l, const struct list *from)
{
    for (uint32_t i = 0; i < from->count; i++)
        l->event[l->count++] = from->event[i];
}

/* The event alone; before what the handler wrote; after it; or, if the handler stopped the
 * recorder, not at all. `inner` was written somewhere between the events of `outer`. */
static bool possible(const struct twin_event *event, const struct list *outer,
                     const struct list *inner, bool stopped, const struct twin_event *got,
                     struct twin_ring r)
{
    for (uint32_t split = 0; split <= (inner->count ? outer->count : 0); split++) {
        struct list handler = {.count = 0}, want;
        uint32_t first = inner->count ? split : outer->count;
        for (uint32_t i = 0; i < first; i++)
            handler.event[handler.count++] = outer->event[i];
        append(&handler, inner);
        for (uint32_t i = first; i < outer->count; i++)
            handler.event[handler.count++] = outer->event[i];
        for (unsigned order = 0; order < 2u + stopped; order++) {
            if (order == 1 && stopped)
                continue; /* never after the stop */
            want.count = 0;
            if (order == 0)
                want.event[want.count++] = *event;
            append(&want, &handler);
            if (order == 1)
                want.event[want.count++] = *event;
            if (is(&want, got, r))
                return true;
        }
    }
    return false;
}

static void print_events(const struct twin_event *got, struct twin_ring r)
{
    for (uint32_t n = r.first; n != r.end; n++) {
        const struct twin_event *e = &got[n - r.first];
        printf("  %4u %s 0x%02x 0x%06x", n, n < prefix_ring.end ? "before" : "      ", e->code,
               e->arg);
        for (unsigned i = 0; i < e->words; i++)
            printf(" 0x%x", e->word[i]);
        printf("\n");
    }
}

/* ---- one run ---- */

struct placement {
    const struct writer *writer;
    const char *how;
    uint32_t kind, inner;
    long at, at2; /* -1: no interrupt */
};

static void check_machine(const struct rv32 *m, bool interrupts)
{
    if (m->error)
        twin_die(&twin, "%s, at 0x%x", m->error, m->error_at);
    if (m->x[2] != STACK || m->x[3] != rv32_symbol(&image, "_gp") || m->x[4] != 0)
        twin_die(&twin, "sp, gp or tp is not as before (tp 0x%x)", m->x[4]);
    for (unsigned i = 8; i < 28; i++)
        if ((i < 10 || i >= 18) && m->x[i] != 0xB0B00000 + i)
            twin_die(&twin, "callee-saved register x%u is not as before", i);
    if (rv32_enabled(m) != interrupts)
        twin_die(&twin, "the interrupt state is not as before");
}

static void check_instant(uint32_t *end)
{
    static struct twin_event now[ROOM];
    struct twin_ring r = decode(now);
    if (r.end < *end)
        twin_die(&twin, "event %u was there and is gone", r.end);
    *end = r.end;
    for (uint32_t n = r.first; n < prefix_ring.end && n < r.end; n++)
        if (n >= prefix_ring.first && !same(&now[n - r.first], &prefix[n - prefix_ring.first]))
            twin_die(&twin, "event %u changed", n);
}

/* Runs the write. Returns how many instructions; *handler gets how many of the first handler's, 0
 * if it was not reached. */
static long run(const struct placement *p, bool instants, long *handler_steps)
{
    static struct twin_event got[ROOM];
    struct rv32 m;
    char function[64];
    bool interrupts = p->how[0] == 'a', taken = false, taken2 = false;
    long n = 0, in_handler = 0;
    uint32_t end = prefix_ring.end;
    snprintf(function, sizeof(function), "%s_%s", p->how, p->writer->name);
    restore(&m);
    real_time = strcmp(p->writer->name, "time_sync") == 0;
    poke(VALUES, value(0));
    poke(handler_kinds, p->kind);
    poke(handler_kinds + 4, p->inner);
    uint32_t address = rv32_symbol(&image, function);
    start(&m, address, VALUES, interrupts);
    m.guard = guard;
    runs++;
    for (;; n++) {
        uint32_t depth = rv32_load(&m, depth_word);
        if (!taken && n == p->at && rv32_enabled(&m)) {
            rv32_interrupt(&m);
            taken = true;
        } else if (taken && !taken2 && depth == 1 && p->at2 >= 0 && in_handler >= p->at2 &&
                   rv32_enabled(&m)) {
            if (in_handler > p->at2)
                break; /* this place has interrupts masked: nothing to try */
            rv32_interrupt(&m);
            taken2 = true;
        }
        if (instants)
            check_instant(&end);
        in_handler += taken && depth >= 1;
        steps++;
        if (!rv32_step(&m))
            break;
        if (n > 20000)
            twin_die(&twin, "does not end");
    }
    if (handler_steps)
        *handler_steps = in_handler;
    if (p->at2 >= 0 && !taken2)
        return n;
    check_machine(&m, interrupts);
    if (p->at < 0 && interrupts && m.masked)
        twin_die(&twin, "%u instructions with interrupts masked", m.masked);
    struct list outer = {.count = 0}, inner = {.count = 0};
    if (taken && p->kind == KIND_ANY) {
        add(&outer, 0xB8, 0x123456, 1, 42, 0, 0);
        add(&outer, 0x12, 0, 0, 0, 0, 0);
        add(&outer, 0x2A, 2 | 0x4321 << 8, 2, 0x11111111, 0x22222222, 0);
    } else if (taken) {
        add_kind(&outer, p->kind);
    }
    if (taken2)
        add_kind(&inner, p->inner);
    struct twin_event event = expected(p->writer);
    struct twin_ring r = decode(got);
    if (!possible(&event, &outer, &inner, taken && p->kind == KIND_STOP, got, r)) {
        print_events(got, r);
        twin_die(&twin, "the ring holds events %u to %u, and they are not what was written",
                 r.first, r.end);
    }
    return n;
}

static void name_token(const struct placement *p, const struct state *s)
{
    int n = snprintf(token, sizeof(token), "%s_%s/%u.%u%s", p->how, p->writer->name, s->block,
                     s->free, s->one_shot ? "s" : "");
    if (p->at2 >= 0)
        snprintf(token + n, sizeof(token) - (size_t) n, "/any+%u/%ld/%ld", p->inner, p->at, p->at2);
    else if (p->at >= 0)
        snprintf(token + n, sizeof(token) - (size_t) n, "/%u/%ld", p->kind, p->at);
}

/* Every placement of one writer in the prepared state. */
static void every_placement(struct placement p, const struct state *s, bool more)
{
    static const uint32_t few[] = {KIND_NARROW, KIND_MIX},
                          all[] = {KIND_NARROW, KIND_MIX, KIND_LAP,
                                   KIND_STOP,   KIND_ANY, KIND_TOGGLE};
    p.at = p.at2 = -1;
    name_token(&p, s);
    long length = run(&p, true, NULL);
    if (p.how[0] != 'a')
        return;
    for (unsigned k = 0; k < (more ? 6 : 2); k++) {
        p.kind = more ? all[k] : few[k];
        for (p.at = 0; p.at <= length; p.at++) {
            name_token(&p, s);
            run(&p, more && p.kind < KIND_LAP, NULL);
        }
    }
}

static void nested_placements(struct placement p, const struct state *s)
{
    p.kind = KIND_ANY;
    p.at = p.at2 = -1;
    name_token(&p, s);
    long length = run(&p, false, NULL), inside;
    for (p.at = 0; p.at <= length; p.at++) {
        p.at2 = -1;
        name_token(&p, s);
        run(&p, false, &inside);
        for (p.at2 = 0; p.at2 < inside; p.at2++)
            for (p.inner = KIND_NARROW; p.inner <= KIND_MIX; p.inner++) {
                name_token(&p, s);
                run(&p, false, NULL);
            }
    }
}

static bool one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

static const char *const thorough[] = {"task_yield", "mutex_acquired", "cond_wait",
                                       "mem_alloc",  "log7",           NULL};
static const char *const nested[] = {"task_yield", "mutex_acquired", "mem_alloc", NULL};
static const struct state first_states[] = {{0, 204 - 12, 0}};

static void in_state(struct state s, bool deep)
{
    prepare(&s);
    for (unsigned i = 0; i < WRITERS; i++) {
        if (strcmp(writers[i].name, "log") == 0)
            continue;
        struct placement p = {.writer = &writers[i], .how = "off"};
        every_placement(p, &s, false);
        p.how = "any";
        every_placement(p, &s, one_of(writers[i].name, thorough));
        if (deep && one_of(writers[i].name, nested))
            nested_placements(p, &s);
    }
}

static void everything(void)
{
    in_state(first_states[0], true);
    for (uint32_t block = 1; block <= 5; block += block == 2 ? 3 : 1)
        for (uint32_t left = 0; left <= 40; left += 4)
            in_state((struct state){block, left, 0}, left == 0 || left == 8 || left == 12);
    for (uint32_t left = 0; left <= 40; left += 4)
        in_state((struct state){2, left, 1}, left == 0 || left == 8 || left == 12);
}

static int rerun(const char *text)
{
    struct state s = {0, 0, 0};
    struct placement p = {.at = -1, .at2 = -1};
    char how[4], name[40], shot[2] = "", kind[16] = "";
    int n = sscanf(text, "%3[a-z]_%39[^/]/%u.%u%1[s]", how, name, &s.block, &s.free, shot);
    const char *rest = strchr(strchr(text, '/') + 1, '/');
    if (n < 4)
        return fprintf(stderr, "no such placement: %s\n", text), 2;
    s.one_shot = shot[0] == 's';
    if (rest && sscanf(rest, "/any+%u/%ld/%ld", &p.inner, &p.at, &p.at2) == 3)
        p.kind = KIND_ANY;
    else if (rest && sscanf(rest, "/%15[^/]/%ld", kind, &p.at) == 2)
        p.kind = (uint32_t) atoi(kind);
    p.how = how;
    for (unsigned i = 0; i < WRITERS; i++)
        if (strcmp(writers[i].name, name) == 0)
            p.writer = &writers[i];
    if (!p.writer)
        return fprintf(stderr, "no writer: %s\n", name), 2;
    prepare(&s);
    name_token(&p, &s);
    run(&p, true, NULL);
    printf("%s: as it should be\n", token);
    return 0;
}

static void counts(void)
{
    printf("%-20s %5s %5s   %5s %5s\n", "", "off", "full", "any", "full");
    for (unsigned i = 0; i < WRITERS; i++) {
        long n[4];
        if (strcmp(writers[i].name, "log") == 0)
            continue;
        for (unsigned k = 0; k < 4; k++) {
            struct state s = k & 1 ? (struct state){5, 0, 0} : first_states[0];
            struct placement p = {
                .writer = &writers[i], .how = k < 2 ? "off" : "any", .at = -1, .at2 = -1};
            prepare(&s);
            n[k] = run(&p, false, NULL);
        }
        printf("%-20s %5ld %5ld   %5ld %5ld\n", writers[i].name, n[0], n[1], n[2], n[3]);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: placements GUEST.elf [TOKEN | -c]\n");
        return 2;
    }
    setenv("GUEST", argv[1], 1);
    rv32_open(&image, argv[1], memory);
    ctl = rv32_symbol(&image, "trace_ctl");
    ring = rv32_symbol(&image, "ring");
    depth_word = rv32_symbol(&image, "handler_depth");
    causes_word = rv32_symbol(&image, "sched") + 52;
    handler_kinds = rv32_symbol(&image, "handler_kind");
    data_begin = rv32_symbol(&image, "_sdata");
    data_end = rv32_symbol(&image, "_ebss");
    if (argc > 2 && strcmp(argv[2], "-c") == 0)
        counts();
    else if (argc > 2)
        return rerun(argv[2]);
    else
        everything();
    printf("    %lu runs, %lu instructions\n", runs, steps);
    return 0;
}
