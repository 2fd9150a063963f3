/* SPDX-License-Identifier: MIT */
/* What runs where: from the stream of instructions to activations of ranges.
 *
 * Vocabulary
 *   thread      a stack. Known by the stack pointer: a write to sp other than adding to it (lw,
 *               mv, csrrw) leaves the thread at the old value and continues the one that was left
 *               at the new value, or begins one.
 *   level       of a thread: its own code, and one more for each interrupt that hit it.
 *               Interrupts are found where an instruction is not one of those that could follow,
 *               but the trap vector; mret to the interrupted address ends the level.
 *   activation  one execution of a range on a level: from its first instruction to the return to
 *               the caller's address with the caller's sp.
 *
 * Counts live in levels, so what an interrupt or another thread executes is in no activation of
 * the interrupted one. A system call (ecall) is no level: the handler counts as a callee. An
 * example, f interrupted in the middle, the handler switching tasks:
 *
 *   thread A: level 0 [f ...........]  level 1 (irq) [handler .. saves sp]
 *   thread B:                                                     level 0 [g ... yields, lw sp]
 *   thread A:                                                                    level 1 [..
 *                                                                                mret]  level 0
 *                                                                                [f ... ret]
 *
 * f's own 20 instructions are all that f is charged with; `elapsed` has the rest.
 *
 * Rules: at most one activation per range and level is the innermost (recursion stacks). Whatever
 * does not fit (a return past several activations, a stack that is never continued) ends as
 * `abandoned`, never as a sample. */
#include "cost.h"
#include "plugin.h"

#include <assert.h>
#include <stdlib.h>

enum { LEVELS = 8, ACTIVATIONS = 128, HARTS = 8, NEAR = 1024, REACH = 4 };

struct activation {
    struct range *range;
    uint32_t ret, sp; /* where it returns to */
    bool ret_known;
    unsigned level;
    bool masked_before; /* interrupts were masked when it was entered */
    struct counts start;
    uint64_t elapsed_start, own, masked;
    bool away; /* SITE: in a callee; back at `back` with `sp` */
    uint32_t back;
    struct counts site; /* SITE: counts of its own instructions and callees */
};

struct open_writer { /* a writer of the recorder that has begun */
    bool open, masked_before;
    uint32_t address, head, tail;
    int kind;
    struct counts start;
    uint64_t elapsed_start;
};

struct level {
    struct counts counts;
    struct open_writer writer;
    uint32_t epc;       /* the interrupted address */
    struct rv_value sp; /* then */
    unsigned first;     /* index of its first activation */
};

struct thread {
    uint32_t sp; /* when it was left */
    unsigned levels, activations;
    struct level level[LEVELS];
    struct activation act[ACTIVATIONS];
};

struct hart {
    struct rv_hart rv;
    bool started;
    const struct cost_insn *last;
    bool no_successor; /* nothing is known of what follows `last` */
    struct thread **thread;
    size_t thread_count;
    struct thread *now;
    uint64_t masked_run; /* instructions in a row with interrupts masked */
    uint32_t masked_start, masked_last;
    bool unmasked_once; /* before the first unmasking it is boot code */
};

bool cost_on = true;
struct totals cost_totals;

static struct hart harts[HARTS];
static struct {
    bool open;
    uint64_t executed;
    struct counts counts;
} * paths;                      /* one per range */
static bool any_site, any_path; /* the request has one: else their bookkeeping is skipped */
static struct counts all;       /* of every thread and level, for paths */
static struct stretch *stretches;
static size_t stretch_count;

/* ---- threads ---- */

static struct thread *new_thread(struct hart *h)
{
    struct thread *t = calloc(1, sizeof *t);
    h->thread = realloc(h->thread, (h->thread_count + 1) * sizeof *h->thread);
    if (!t || !h->thread)
        abort();
    t->levels = 1;
    h->thread[h->thread_count++] = t;
    cost_totals.threads++;
    return t;
}

static void abandon(struct thread *t, unsigned down_to)
{
    while (t->activations > down_to)
        t->act[--t->activations].range->abandoned++;
}

/* A stack was left at `from` and another is used from `to` on. The same stack: a frame pointer's
 * worth of distance. */
static void switch_stack(struct hart *h, uint32_t from, uint32_t to)
{
    h->now->sp = from;
    for (size_t i = 0; i < h->thread_count; i++)
        if (h->thread[i] != h->now && h->thread[i]->sp == to) {
            h->now = h->thread[i];
            return;
        }
    if (to - from + NEAR >= 2 * NEAR)
        h->now = new_thread(h);
}

static struct counts *counts_now(struct hart *h)
{
    return &h->now->level[h->now->levels - 1].counts;
}

/* ---- traps ---- */

static void enter_interrupt(struct hart *h, uint32_t epc)
{
    struct thread *t = h->now;
    cost_totals.interrupts++;
    if (t->levels == LEVELS)
        return; /* deeper than any real nesting: its instructions count for the level below */
    t->level[t->levels++] = (struct level){.epc = epc, .sp = h->rv.x[2], .first = t->activations};
}

static void leave_interrupt(struct hart *h, uint32_t to)
{
    struct thread *t = h->now;
    const struct level *l = &t->level[t->levels - 1];
    bool same_stack = rv_known(l->sp) && rv_known(h->rv.x[2]) && l->sp.v == h->rv.x[2].v;
    if (t->levels < 2 ||
        (l->epc != to && !same_stack)) /* a handler may move the address: restartable sequences */
        return;                        /* the end of a system call, or the start of a task */
    abandon(t, l->first);
    t->levels--;
}

/* ---- activations ---- */

static void add_counts(struct counts *c, const struct cost_insn *i, enum rv_mask m)
{
    bool both = i->rv.kind == RV_AMO;
    c->instructions++;
    c->loads += both || i->rv.kind == RV_LOAD || i->rv.kind == RV_LR || i->rv.kind == RV_FP_LOAD;
    c->stores += both || i->rv.kind == RV_STORE || i->rv.kind == RV_SC || i->rv.kind == RV_FP_STORE;
    c->csrs += i->rv.kind == RV_CSR;
    c->off += m == RV_MASKED;
    c->unknown += m == RV_UNKNOWN;
}

static void sample(struct range *r, const struct counts *from, const struct counts *to,
                   uint64_t own, uint64_t elapsed, uint64_t masked)
{
    const uint64_t values[METRICS] = {
        [M_INSTRUCTIONS] = to->instructions - from->instructions,
        [M_OWN] = own,
        [M_ELAPSED] = elapsed,
        [M_LOADS] = to->loads - from->loads,
        [M_STORES] = to->stores - from->stores,
        [M_CSRS] = to->csrs - from->csrs,
        [M_OFF] = to->off - from->off,
        [M_MASKED] = masked,
    };
    r->calls++;
    r->unknown += to->unknown - from->unknown;
    for (int m = 0; m < METRICS; m++)
        stat_add(&r->metric[m], values[m]);
}

static void finish(struct hart *h, struct activation *a)
{
    static const struct counts zero;
    uint64_t elapsed = cost_totals.executed - a->elapsed_start;
    const struct counts *now = counts_now(h);
    if (a->range->kind == RANGE_SITE)
        sample(a->range, &zero, &a->site, a->own, elapsed, a->masked_before ? 0 : a->site.off);
    else
        sample(a->range, &a->start, now, a->own, elapsed,
               a->masked_before ? 0 : now->off - a->start.off);
}

static void begin(struct hart *h, struct range *r, enum rv_mask m)
{
    struct thread *t = h->now;
    struct rv_value ra = h->rv.x[1], sp = h->rv.x[2];
    if (t->activations == ACTIVATIONS) {
        r->abandoned++;
        return;
    }
    t->act[t->activations++] = (struct activation){.range = r,
                                                   .ret = ra.v & ~1u,
                                                   .sp = sp.v,
                                                   .ret_known = rv_known(ra) && rv_known(sp),
                                                   .level = t->levels - 1,
                                                   .masked_before = m != RV_ENABLED,
                                                   .start = *counts_now(h),
                                                   .elapsed_start = cost_totals.executed};
}

static bool returns(const struct hart *h, const struct activation *a, uint32_t pc)
{
    return a->range->kind == RANGE_FUNCTION && a->ret_known && a->ret == pc &&
           rv_known(h->rv.x[2]) && h->rv.x[2].v == a->sp;
}

/* After a jump: ends the activations of this level that return to here; a whole chain of tail calls
 * does. Sites inside a function that returns end with it. */
static void end_returning(struct hart *h, uint32_t pc)
{
    struct thread *t = h->now;
    unsigned first = t->level[t->levels - 1].first, keep = t->activations;
    for (unsigned i = t->activations; i-- > first;)
        if (returns(h, &t->act[i], pc))
            keep = i;
    while (t->activations > keep) {
        struct activation *a = &t->act[--t->activations];
        if (a->range->kind == RANGE_SITE || returns(h, a, pc))
            finish(h, a);
        else
            a->range->abandoned++;
    }
}

static bool inside(const struct range *r, uint32_t pc)
{
    for (unsigned i = 0; i < r->span_count; i++)
        if (pc >= r->spans[i].low && pc < r->spans[i].high)
            return true;
    return false;
}

static bool is_call(const struct rv_insn *i)
{
    return (i->kind == RV_JAL || i->kind == RV_JALR) && i->rd == 1;
}

/* ---- functions ---- */

/* A function is entered at its first instruction, by a jump from outside or a call from inside; a
 * branch back to it is a loop. */
static bool enters(const struct hart *h, const struct range *r, uint32_t pc)
{
    const struct cost_insn *last = h->last;
    return pc == r->low && (!last || is_call(&last->rv) || !inside(r, last->rv.pc));
}

static void count_function(struct hart *h, struct range *r, uint32_t pc, enum rv_mask m)
{
    struct thread *t = h->now;
    if (enters(h, r, pc))
        begin(h, r, m);
    for (unsigned i = t->activations; i-- > t->level[t->levels - 1].first;)
        if (t->act[i].range == r) {
            t->act[i].own++;
            return;
        }
}

/* ---- sites ---- */

static struct activation *open_site(struct hart *h, const struct range *r)
{
    struct thread *t = h->now;
    for (unsigned i = t->activations; i-- > t->level[t->levels - 1].first;)
        if (t->act[i].range == r)
            return &t->act[i];
    return NULL;
}

static void close_site(struct hart *h, struct activation *a)
{
    struct thread *t = h->now;
    unsigned at = (unsigned)(a - t->act);
    finish(h, a);
    memmove(a, a + 1, (--t->activations - at) * sizeof *a);
}

/* A site begins at its first instruction that is executed, and again at its lowest address. */
static void enter_site(struct hart *h, struct range *r, uint32_t pc, enum rv_mask m)
{
    struct activation *a = open_site(h, r);
    bool again = a && pc == r->spans[0].low && !a->away && (!h->last || h->last->rv.pc != pc);
    if (again)
        close_site(h, a);
    if (!a || again)
        begin(h, r, m);
}

/* For every open site: is this instruction its own, a callee's, or what surrounds it? */
static void count_sites(struct hart *h, const struct cost_insn *i, enum rv_mask m)
{
    struct thread *t = h->now;
    uint32_t pc = i->rv.pc;
    for (unsigned n = t->activations; n-- > t->level[t->levels - 1].first;) {
        struct activation *a = &t->act[n];
        if (a->range->kind != RANGE_SITE)
            continue;
        if (a->away && pc == a->back)
            a->away = false;
        bool own = inside(a->range, pc);
        if (!a->away && !own && h->last && is_call(&h->last->rv) &&
            inside(a->range, h->last->rv.pc)) {
            a->away = true;
            a->back = h->last->rv.pc + h->last->rv.size;
        }
        if (own || a->away) {
            a->own += own;
            add_counts(&a->site, i, m);
        } else if (pc < a->range->low || pc >= a->range->high) {
            close_site(h, a);
        }
    }
}

/* ---- paths ---- */

static void count_path(struct range *r, uint32_t pc)
{
    size_t n = (size_t)(r - cost_ranges);
    if (pc == r->spans[0].high && paths[n].open) {
        uint64_t elapsed = cost_totals.executed - paths[n].executed;
        sample(r, &paths[n].counts, &all, elapsed, elapsed, all.off - paths[n].counts.off);
        paths[n].open = false;
    }
    if (pc == r->spans[0].low) {
        r->abandoned += paths[n].open;
        paths[n].open = true;
        paths[n].executed = cost_totals.executed;
        paths[n].counts = all;
    }
}

/* ---- writers of the recorder ---- */

enum { CTL_HEAD = 8, CTL_TAIL = 12, SLOT = 8 };
static struct writer **writers; /* entries stay where they are */
static size_t writer_count;

static struct writer *find_writer(uint32_t address, int code, bool protects)
{
    for (size_t i = 0; i < writer_count; i++)
        if (writers[i]->address == address && writers[i]->code == code)
            return writers[i];
    writers = realloc(writers, (writer_count + 1) * sizeof *writers);
    struct writer *w = calloc(1, sizeof *w);
    if (!writers || !w)
        abort();
    *w = (struct writer){.address = address, .code = code, .protects = protects};
    return writers[writer_count++] = w;
}

struct writer *const *cost_writers(size_t *count)
{
    *count = writer_count;
    return writers;
}

static void read_ring(uint32_t *head, uint32_t *tail)
{
    *head = *tail = 0;
    guest_read(cost_ctl + CTL_HEAD, head, 4);
    guest_read(cost_ctl + CTL_TAIL, tail, 4);
}

/* The code of the record that appeared since the writer began; -1 none. After a block change it is
 * in another block. */
static int recorded(const struct open_writer *w, uint32_t head)
{
    uint8_t code;
    return head != w->head && guest_read(head - SLOT + 4, &code, 1) ? code : -1;
}

static void end_writer(struct hart *h)
{
    struct level *l = &h->now->level[h->now->levels - 1];
    struct open_writer *o = &l->writer;
    uint32_t head, tail;
    if (!o->open)
        return;
    o->open = false;
    read_ring(&head, &tail);
    struct writer *w = find_writer(o->address, recorded(o, head), o->kind == 2);
    uint64_t elapsed = cost_totals.executed - o->elapsed_start;
    sample(&w->cost, &o->start, &l->counts, elapsed, elapsed,
           o->masked_before ? 0 : l->counts.off - o->start.off);
    if (head - o->head == SLOT)
        stat_add(&w->bytes, head - o->head + o->tail - tail);
}

static void begin_writer(struct hart *h, uint32_t pc, int kind, enum rv_mask m)
{
    struct level *l = &h->now->level[h->now->levels - 1];
    uint32_t head, tail;
    read_ring(&head, &tail);
    if (l->writer.open && l->writer.address == pc && l->writer.head == head)
        return; /* it starts over: an interrupt came in between, and all that it executes counts */
    l->writer = (struct open_writer){true,      m != RV_ENABLED,     pc, head, tail, kind,
                                     l->counts, cost_totals.executed};
}

static void count_writers(struct hart *h, const struct cost_insn *i, enum rv_mask m)
{
    if (i->marks & (1 << 1 | 1 << 3))
        end_writer(h);
    if (cost_on && i->marks & (1 << 0 | 1 << 2))
        begin_writer(h, i->rv.pc, i->marks & 1 << 2 ? 2 : 0, m);
}

/* ---- masked stretches ---- */

static struct stretch *find_stretch(uint32_t start)
{
    for (size_t i = 0; i < stretch_count; i++)
        if (stretches[i].start == start)
            return &stretches[i];
    stretches = realloc(stretches, (stretch_count + 1) * sizeof *stretches);
    if (!stretches)
        abort();
    stretches[stretch_count] = (struct stretch){.start = start, .least = UINT64_MAX};
    return &stretches[stretch_count++];
}

static void count_masked(struct hart *h, uint32_t pc, enum rv_mask m)
{
    if (m == RV_MASKED) {
        if (!h->masked_run++)
            h->masked_start = pc;
        h->masked_last = pc;
        return;
    }
    if (h->masked_run && h->unmasked_once && cost_on) {
        struct stretch *s = find_stretch(h->masked_start);
        s->count++;
        s->least = h->masked_run < s->least ? h->masked_run : s->least;
        if (h->masked_run > s->longest) {
            s->longest = h->masked_run;
            s->end = h->masked_last;
        }
    }
    h->masked_run = 0;
    h->unmasked_once = true;
}

const struct stretch *cost_stretches(size_t *count)
{
    *count = stretch_count;
    return stretches;
}

/* ---- the stream ---- */

static bool moves_stack(const struct rv_insn *i)
{
    return i->rd == 2 &&
           (i->kind == RV_LOAD || i->kind == RV_CSR || (i->kind == RV_ALU && i->rs1 != 2));
}

/* The shadow is of no use any more: a reset, or code that the translator did not show. */
static void lose(struct hart *h)
{
    unsigned id = h->rv.id;
    if (h->last)
        cost_totals.lost++;
    rv_reset(&h->rv, id);
    for (unsigned r = 1; r < 32; r++)
        h->rv.x[r].k = 0;
}

static bool could_follow(const struct rv_insn *last, uint32_t pc)
{
    if (last->kind == RV_BRANCH)
        return pc == last->pc + last->size || pc == (uint32_t)last->imm;
    return last->kind == RV_JALR || last->kind == RV_MRET;
}

/* What the instruction before this one did, now that its successor shows it. */
static void settle(struct hart *h, uint32_t pc)
{
    const struct rv_insn *last = &h->last->rv;
    uint32_t next, sp = h->rv.x[2].v;
    bool sp_known = rv_known(h->rv.x[2]), entry = rv_is_trap_entry(&h->rv, pc);
    if (entry && rv_may_fault(&h->rv, last,
                              guest_read)) { /* not completed; the handler counts as a callee */
        cost_totals.traps++;
        rv_trap(&h->rv, last->pc, true);
        return;
    }
    bool known = rv_execute(&h->rv, last, guest_read, &next);
    if (moves_stack(last) && sp_known && rv_known(h->rv.x[2]) && h->rv.x[2].v != sp)
        switch_stack(h, sp, h->rv.x[2].v);
    if (last->kind == RV_MRET)
        leave_interrupt(h, known ? next : pc);
    if (known ? pc == next : could_follow(last, pc) && !entry)
        return;
    if (rv_is_trap_entry(&h->rv, pc)) {
        enter_interrupt(h, known ? next : 0);
        rv_trap(&h->rv, next, known);
    } else {
        lose(h);
    }
}

/* Once, before the first instruction. */
static void start_all(void)
{
    if (paths)
        return;
    paths = calloc(cost_range_count + 1, sizeof *paths);
    if (!paths)
        abort();
    for (unsigned i = 0; i < cost_range_count; i++) {
        any_site |= cost_ranges[i].kind == RANGE_SITE;
        any_path |= cost_ranges[i].kind == RANGE_PATH;
    }
}

static bool jumped(const struct cost_insn *last, uint32_t pc)
{
    return last && last->rv.pc + last->rv.size != pc;
}

void cost_track_step(unsigned id, const struct cost_insn *i)
{
    struct hart *h = &harts[id % HARTS];
    uint32_t pc = i->rv.pc;
    if (!h->started) {
        h->started = true;
        rv_reset(&h->rv, id);
        for (unsigned r = 1; r < 32; r++)
            h->rv.x[r].k = 0;
        h->now = new_thread(h);
        start_all();
    } else {
        settle(h, pc);
    }
    if (i->start)
        cost_on = true;
    if (i->stop)
        cost_on = false;
    enum rv_mask m = rv_masked(&h->rv);
    count_masked(h, pc, m);
    if (jumped(h->last, pc))
        end_returning(h, pc);
    if (cost_on) {
        for (unsigned n = 0; n < i->range_count; n++) {
            struct range *r = i->range[n];
            if (r->kind == RANGE_FUNCTION)
                count_function(h, r, pc, m);
            else if (r->kind == RANGE_SITE)
                enter_site(h, r, pc, m);
            else
                count_path(r, pc);
        }
        cost_totals.executed++;
        cost_totals.masked += m == RV_MASKED;
        cost_totals.unknown += m == RV_UNKNOWN;
        cost_totals.illegal += i->rv.kind == RV_ILLEGAL;
    }
    if (i->marks)
        count_writers(h, i, m);
    if (any_site)
        count_sites(h, i, m);
    add_counts(counts_now(h), i, m);
    if (any_path)
        add_counts(&all, i, m);
    h->last = i;
}

void cost_track_show(unsigned id, FILE *f)
{
    const struct hart *h = &harts[id % HARTS];
    fprintf(f, "%x %x %x", h->last->rv.pc, h->rv.mstatus.v, h->rv.mstatus.k);
    for (int r = 0; r < 32; r++)
        fprintf(f, " %x %x", h->rv.x[r].v, h->rv.x[r].k);
    fputc('\n', f);
}

void cost_track_finish(void)
{
    for (struct hart *h = harts; h < harts + HARTS; h++)
        for (size_t i = 0; i < h->thread_count; i++)
            abandon(h->thread[i], 0);
}
