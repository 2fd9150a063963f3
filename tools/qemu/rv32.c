/* SPDX-License-Identifier: MIT */
/* The shadow hart: executes on values whose bits may be unknown. See rv32.h. */
#include "rv32.h"

#include <stddef.h>

enum {
    CSR_MSTATUS = 0x300,
    CSR_MTVEC = 0x305,
    CSR_MSCRATCH = 0x340,
    CSR_MEPC = 0x341,
    CSR_MHARTID = 0xF14
};
enum { RAM = 0x80000000u };

static const struct rv_value unknown = {0, 0};

static struct rv_value known(uint32_t v)
{
    return (struct rv_value){v, UINT32_MAX};
}

void rv_reset(struct rv_hart *h, unsigned id)
{
    *h = (struct rv_hart){.id = id, .privilege = 3, .mtvec = known(0)};
    h->x[0] = known(0);
    h->mstatus = (struct rv_value){0, RV_MIE | RV_MPIE | RV_MPP};
}

static void set(struct rv_hart *h, unsigned rd, struct rv_value v)
{
    if (rd) {
        v.v &= v.k;
        h->x[rd] = v;
    }
}

static uint32_t divide(enum rv_alu op, uint32_t a, uint32_t b)
{
    bool overflow = a == 0x80000000u && b == UINT32_MAX;
    switch (op) {
    case ALU_DIV: return !b ? UINT32_MAX : overflow ? a : (uint32_t)((int32_t)a / (int32_t)b);
    case ALU_DIVU: return b ? a / b : UINT32_MAX;
    case ALU_REM: return !b ? a : overflow ? 0 : (uint32_t)((int32_t)a % (int32_t)b);
    default: return b ? a % b : a;
    }
}

static uint32_t compute(enum rv_alu op, uint32_t a, uint32_t b)
{
    int32_t sa = (int32_t)a, sb = (int32_t)b;
    switch (op) {
    case ALU_ADD: return a + b;
    case ALU_SUB: return a - b;
    case ALU_SLL: return a << (b & 31);
    case ALU_SRL: return a >> (b & 31);
    case ALU_SRA: return (uint32_t)(sa >> (b & 31));
    case ALU_SLT: return sa < sb;
    case ALU_SLTU: return a < b;
    case ALU_XOR: return a ^ b;
    case ALU_OR: return a | b;
    case ALU_AND: return a & b;
    case ALU_MUL: return a * b;
    case ALU_MULH: return (uint32_t)(((int64_t)sa * sb) >> 32);
    case ALU_MULHSU: return (uint32_t)(((int64_t)sa * (int64_t)(uint64_t)b) >> 32);
    case ALU_MULHU: return (uint32_t)(((uint64_t)a * b) >> 32);
    default: return divide(op, a, b);
    }
}

static struct rv_value shift(enum rv_alu op, struct rv_value a, unsigned n)
{
    if (op == ALU_SLL)
        return (struct rv_value){a.v << n, a.k << n | ((1u << n) - 1)};
    if (op == ALU_SRL)
        return (struct rv_value){a.v >> n, a.k >> n | ~(UINT32_MAX >> n)};
    return (struct rv_value){
        (uint32_t)((int32_t)a.v >> n),
        (uint32_t)((int32_t)a.k >> n)}; /* the sign's copies are as known as it */
}

/* Bit by bit where the operation allows it: that is how a saved mstatus keeps its known bits on its
 * way through andi, or, slli. */
static struct rv_value combine(enum rv_alu op, struct rv_value a, struct rv_value b)
{
    if (a.k == UINT32_MAX && b.k == UINT32_MAX)
        return known(compute(op, a.v, b.v));
    switch (op) {
    case ALU_AND: return (struct rv_value){a.v & b.v, (a.k & b.k) | (a.k & ~a.v) | (b.k & ~b.v)};
    case ALU_OR: return (struct rv_value){a.v | b.v, (a.k & b.k) | (a.k & a.v) | (b.k & b.v)};
    case ALU_XOR: return (struct rv_value){a.v ^ b.v, a.k & b.k};
    case ALU_ADD: /* mv is addi with 0, or add with x0 */
        if (rv_known(b) && !b.v)
            return a;
        return rv_known(a) && !a.v ? b : unknown;
    case ALU_SLL:
    case ALU_SRL:
    case ALU_SRA: return rv_known(b) ? shift(op, a, b.v & 31) : unknown;
    default: return unknown;
    }
}

static struct rv_value load(struct rv_value base, const struct rv_insn *i,
                            bool (*read)(uint32_t, void *, uint32_t))
{
    static const uint8_t width[8] = {1, 2, 4, 0, 1, 2, 0, 0};
    uint32_t v = 0, n = width[i->op & 7];
    if (!rv_known(base) || !n || !read(base.v + (uint32_t)i->imm, &v, n))
        return unknown;
    if (i->op == 0)
        v = (uint32_t)(int32_t)(int8_t)v;
    if (i->op == 1)
        v = (uint32_t)(int32_t)(int16_t)v;
    return known(v);
}

/* False: cannot be decided. */
static bool compare(const struct rv_hart *h, const struct rv_insn *i, bool *taken)
{
    struct rv_value a = h->x[i->rs1], b = h->x[i->rs2];
    if (i->op < 2 && ((a.v ^ b.v) & a.k & b.k)) { /* one known bit that differs is enough */
        *taken = i->op == 1;
        return true;
    }
    if (!rv_known(a) || !rv_known(b))
        return false;
    bool less = i->op & 2 ? a.v < b.v : (int32_t)a.v < (int32_t)b.v;
    *taken = (i->op < 2 ? a.v == b.v : less) != (i->op & 1);
    return true;
}

static struct rv_value *csr(struct rv_hart *h, int32_t number)
{
    switch (number) {
    case CSR_MSTATUS: return &h->mstatus;
    case CSR_MTVEC: return &h->mtvec;
    case CSR_MEPC: return &h->mepc;
    case CSR_MSCRATCH: return &h->mscratch;
    default: return NULL;
    }
}

static void access_csr(struct rv_hart *h, const struct rv_insn *i)
{
    struct rv_value *c = csr(h, i->imm), operand = i->use_imm ? known(i->rs1) : h->x[i->rs1];
    struct rv_value old = c ? *c : i->imm == CSR_MHARTID ? known(h->id) : unknown;
    if (c && i->op == 1)
        *c = operand;
    else if (c && i->op == 2)
        *c = combine(ALU_OR, old, operand);
    else if (c)
        *c = combine(ALU_AND, old, (struct rv_value){~operand.v & operand.k, operand.k});
    if (c == &h->mstatus)
        c->k &= RV_MIE | RV_MPIE |
                RV_MPP; /* the others have rules of their own, and nobody asks for them */
    if (c)
        c->v &= c->k;
    set(h, i->rd, old);
}

static void return_from_trap(struct rv_hart *h)
{
    struct rv_value m = h->mstatus;
    bool mpp = (m.k & RV_MPP) == RV_MPP, mpie = m.k & RV_MPIE;
    h->privilege = mpp ? (int)(m.v >> 11 & 3) : -1;
    m.v = (m.v & ~(uint32_t)(RV_MIE | RV_MPIE | RV_MPP)) | (m.v & RV_MPIE ? RV_MIE : 0) | RV_MPIE;
    m.k = (m.k & ~(uint32_t)RV_MIE) | (mpie ? RV_MIE : 0) | RV_MPIE | RV_MPP;
    h->mstatus = m;
}

void rv_trap(struct rv_hart *h, uint32_t epc, bool epc_known)
{
    struct rv_value m = h->mstatus;
    h->mepc = epc_known ? known(epc) : unknown;
    m.v = (m.v & ~(uint32_t)(RV_MIE | RV_MPIE | RV_MPP)) | (m.v & RV_MIE ? RV_MPIE : 0);
    m.k = (m.k & ~(uint32_t)(RV_MPIE | RV_MPP)) | (m.k & RV_MIE ? RV_MPIE : 0) | RV_MIE;
    if (h->privilege >= 0) {
        m.v |= (uint32_t)h->privilege << 11;
        m.k |= RV_MPP;
    }
    h->mstatus = m;
    h->privilege = 3;
}

bool rv_execute(struct rv_hart *h, const struct rv_insn *i,
                bool (*read)(uint32_t, void *, uint32_t), uint32_t *next)
{
    struct rv_value base = h->x[i->rs1];
    bool taken = false;
    *next = i->pc + i->size;
    switch ((enum rv_kind)i->kind) {
    case RV_CONST: set(h, i->rd, known((uint32_t)i->imm)); return true;
    case RV_ALU:
        set(h, i->rd,
            combine((enum rv_alu)i->op, base, i->use_imm ? known((uint32_t)i->imm) : h->x[i->rs2]));
        return true;
    case RV_LOAD: set(h, i->rd, load(base, i, read)); return true;
    case RV_LR: set(h, i->rd, load(base, i, read)); return true;
    case RV_AMO: /* memory has the new value by now */
    case RV_SC:
    case RV_FP: set(h, i->rd, unknown); return true;
    case RV_CSR: access_csr(h, i); return true;
    case RV_JAL:
        set(h, i->rd, known(*next));
        *next = (uint32_t)i->imm;
        return true;
    case RV_JALR:
        set(h, i->rd, known(*next));
        *next = (base.v + (uint32_t)i->imm) & ~1u;
        return rv_known(base);
    case RV_BRANCH:
        if (!compare(h, i, &taken))
            return false;
        *next = taken ? (uint32_t)i->imm : *next;
        return true;
    case RV_MRET:
        *next = h->mepc.v & ~1u;
        return_from_trap(h);
        return rv_known(h->mepc);
    default: return true; /* stores, fences, wfi: no register changes */
    }
}

bool rv_is_trap_entry(const struct rv_hart *h, uint32_t pc)
{
    uint32_t base = h->mtvec.v & ~3u;
    bool vectored = (h->mtvec.v & 3) == 1;
    return rv_known(h->mtvec) &&
           (pc == base || (vectored && pc - base < 4 * 32 && (pc - base) % 4 == 0));
}

bool rv_may_fault(const struct rv_hart *h, const struct rv_insn *i,
                  bool (*read)(uint32_t, void *, uint32_t))
{
    uint32_t at = h->x[i->rs1].v + (uint32_t)i->imm, byte;
    switch ((enum rv_kind)i->kind) {
    case RV_ECALL:
    case RV_EBREAK:
    case RV_ILLEGAL: return true;
    case RV_CSR: return h->privilege != 3;
    case RV_LOAD:
    case RV_STORE: /* devices lie above the first 4 KiB; RAM faults only for user code, behind PMP
                    */
        return rv_known(h->x[i->rs1]) &&
               (at < 0x1000 || (at >= RAM && !read(at, &byte, 1)) || h->privilege != 3);
    default: return false;
    }
}

enum rv_mask rv_masked(const struct rv_hart *h)
{
    if (h->privilege < 0 || (h->privilege == 3 && !(h->mstatus.k & RV_MIE)))
        return RV_UNKNOWN;
    return h->privilege == 3 && !(h->mstatus.v & RV_MIE) ? RV_MASKED : RV_ENABLED;
}
