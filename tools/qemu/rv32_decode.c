/* SPDX-License-Identifier: MIT */
/* RV32IMAC instructions to struct rv_insn; compressed ones become the instruction they stand for.
 */
#include "rv32.h"

static uint32_t bits(uint32_t w, unsigned high, unsigned low)
{
    return w >> low & ((2u << (high - low)) - 1);
}

static int32_t sign(uint32_t v, unsigned width)
{
    return (int32_t)(v << (32 - width)) >> (32 - width);
}

static void alu(struct rv_insn *i, unsigned op, unsigned rd, unsigned rs1, unsigned rs2)
{
    i->kind = RV_ALU;
    i->op = (uint8_t)op;
    i->rd = (uint8_t)rd;
    i->rs1 = (uint8_t)rs1;
    i->rs2 = (uint8_t)rs2;
}

static void alu_imm(struct rv_insn *i, unsigned op, unsigned rd, unsigned rs1, int32_t imm)
{
    alu(i, op, rd, rs1, 0);
    i->use_imm = true;
    i->imm = imm;
}

static void constant(struct rv_insn *i, unsigned rd, uint32_t value)
{
    i->kind = RV_CONST;
    i->rd = (uint8_t)rd;
    i->imm = (int32_t)value;
}

static void memory(struct rv_insn *i, enum rv_kind kind, unsigned width, unsigned data,
                   unsigned base, int32_t offset)
{
    i->kind = (uint8_t)kind;
    i->op = (uint8_t)width;
    i->rs1 = (uint8_t)base;
    i->imm = offset;
    if (kind == RV_STORE || kind == RV_FP_STORE)
        i->rs2 = (uint8_t)data;
    else
        i->rd = (uint8_t)data;
}

static void jump(struct rv_insn *i, unsigned rd, int32_t offset)
{
    i->kind = RV_JAL;
    i->rd = (uint8_t)rd;
    i->imm = (int32_t)(i->pc + (uint32_t)offset);
}

static void branch(struct rv_insn *i, unsigned op, unsigned rs1, unsigned rs2, int32_t offset)
{
    i->kind = RV_BRANCH;
    i->op = (uint8_t)op;
    i->rs1 = (uint8_t)rs1;
    i->rs2 = (uint8_t)rs2;
    i->imm = (int32_t)(i->pc + (uint32_t)offset);
}

static void jump_register(struct rv_insn *i, unsigned rd, unsigned rs1, int32_t offset)
{
    i->kind = RV_JALR;
    i->rd = (uint8_t)rd;
    i->rs1 = (uint8_t)rs1;
    i->imm = offset;
}

/* ---- 32 bits ---- */

static void system_insn(struct rv_insn *i, uint32_t w)
{
    unsigned f3 = bits(w, 14, 12);
    if (f3 == 0) {
        i->kind = w == 0x00000073   ? RV_ECALL
                  : w == 0x00100073 ? RV_EBREAK
                  : w == 0x30200073 ? RV_MRET
                  : w == 0x10500073 ? RV_WFI
                                    : RV_FENCE; /* sfence.vma; sret does not occur without S-mode */
        return;
    }
    i->kind = f3 == 4 ? RV_ILLEGAL : RV_CSR;
    i->op = (uint8_t)(f3 & 3);
    i->use_imm = f3 & 4;
    i->rd = (uint8_t)bits(w, 11, 7);
    i->rs1 = (uint8_t)bits(w, 19, 15);
    i->imm = (int32_t)bits(w, 31, 20);
}

static void atomic(struct rv_insn *i, uint32_t w)
{
    unsigned f5 = bits(w, 31, 27);
    i->kind = f5 == 2 ? RV_LR : f5 == 3 ? RV_SC : RV_AMO;
    i->op = 2;
    i->rd = (uint8_t)bits(w, 11, 7);
    i->rs1 = (uint8_t)bits(w, 19, 15);
    i->rs2 = (uint8_t)bits(w, 24, 20);
}

static void register_register(struct rv_insn *i, uint32_t w)
{
    unsigned f3 = bits(w, 14, 12), f7 = bits(w, 31, 25);
    unsigned op = f7 == 1                 ? ALU_MUL + f3
                  : f7 == 0x20 && f3 == 0 ? ALU_SUB
                  : f7 == 0x20 && f3 == 5 ? ALU_SRA
                                          : f3;
    alu(i, op, bits(w, 11, 7), bits(w, 19, 15), bits(w, 24, 20));
    if (f7 != 0 && f7 != 1 && f7 != 0x20)
        i->kind = RV_ILLEGAL;
}

static void register_constant(struct rv_insn *i, uint32_t w)
{
    unsigned f3 = bits(w, 14, 12);
    bool shift = f3 == 1 || f3 == 5;
    unsigned op = f3 == 5 && bits(w, 30, 30) ? ALU_SRA : f3;
    alu_imm(i, op, bits(w, 11, 7), bits(w, 19, 15),
            shift ? (int32_t)bits(w, 24, 20) : sign(bits(w, 31, 20), 12));
}

static void decode32(struct rv_insn *i, uint32_t w)
{
    unsigned rd = bits(w, 11, 7), rs1 = bits(w, 19, 15), rs2 = bits(w, 24, 20),
             f3 = bits(w, 14, 12);
    int32_t offset = sign(bits(w, 31, 20), 12), store = sign(bits(w, 31, 25) << 5 | rd, 12);
    switch (w & 127) {
    case 0x37: constant(i, rd, w & 0xFFFFF000); break;
    case 0x17: constant(i, rd, i->pc + (w & 0xFFFFF000)); break;
    case 0x6F:
        jump(i, rd,
             sign(bits(w, 31, 31) << 20 | bits(w, 19, 12) << 12 | bits(w, 20, 20) << 11 |
                      bits(w, 30, 21) << 1,
                  21));
        break;
    case 0x67: jump_register(i, rd, rs1, offset); break;
    case 0x63:
        branch(i, f3, rs1, rs2,
               sign(bits(w, 31, 31) << 12 | bits(w, 7, 7) << 11 | bits(w, 30, 25) << 5 |
                        bits(w, 11, 8) << 1,
                    13));
        break;
    case 0x03: memory(i, RV_LOAD, f3, rd, rs1, offset); break;
    case 0x23: memory(i, RV_STORE, f3, rs2, rs1, store); break;
    case 0x07: memory(i, RV_FP_LOAD, f3, 0, rs1, offset); break;
    case 0x27: memory(i, RV_FP_STORE, f3, 0, rs1, store); break;
    case 0x13: register_constant(i, w); break;
    case 0x33: register_register(i, w); break;
    case 0x2F: atomic(i, w); break;
    case 0x0F: i->kind = RV_FENCE; break;
    case 0x73: system_insn(i, w); break;
    case 0x43:
    case 0x47:
    case 0x4B:
    case 0x4F: i->kind = RV_FENCE; break; /* fused multiply: no integer register */
    case 0x53:
        i->kind = RV_FP;
        i->rd = (uint8_t)rd;
        break;
    default: i->kind = RV_ILLEGAL;
    }
}

/* ---- 16 bits ---- */

static void quadrant0(struct rv_insn *i, uint32_t w)
{
    unsigned rd = 8 + bits(w, 4, 2), rs1 = 8 + bits(w, 9, 7);
    uint32_t offset4 = bits(w, 12, 10) << 3 | bits(w, 6, 6) << 2 | bits(w, 5, 5) << 6;
    uint32_t offset8 = bits(w, 12, 10) << 3 | bits(w, 6, 5) << 6;
    uint32_t stack =
        bits(w, 12, 11) << 4 | bits(w, 10, 7) << 6 | bits(w, 6, 6) << 2 | bits(w, 5, 5) << 3;
    switch (bits(w, 15, 13)) {
    case 0:
        alu_imm(i, ALU_ADD, rd, 2, (int32_t)stack);
        if (!w)
            i->kind = RV_ILLEGAL;
        break;
    case 1: memory(i, RV_FP_LOAD, 3, 0, rs1, (int32_t)offset8); break;
    case 2: memory(i, RV_LOAD, 2, rd, rs1, (int32_t)offset4); break;
    case 3: memory(i, RV_FP_LOAD, 2, 0, rs1, (int32_t)offset4); break;
    case 5: memory(i, RV_FP_STORE, 3, 0, rs1, (int32_t)offset8); break;
    case 6: memory(i, RV_STORE, 2, rd, rs1, (int32_t)offset4); break;
    case 7: memory(i, RV_FP_STORE, 2, 0, rs1, (int32_t)offset4); break;
    default: i->kind = RV_ILLEGAL;
    }
}

static void quadrant1_arithmetic(struct rv_insn *i, uint32_t w, int32_t imm)
{
    static const uint8_t ops[4] = {ALU_SUB, ALU_XOR, ALU_OR, ALU_AND};
    unsigned rd = 8 + bits(w, 9, 7), rs2 = 8 + bits(w, 4, 2);
    switch (bits(w, 11, 10)) {
    case 0: alu_imm(i, ALU_SRL, rd, rd, imm & 31); break;
    case 1: alu_imm(i, ALU_SRA, rd, rd, imm & 31); break;
    case 2: alu_imm(i, ALU_AND, rd, rd, imm); break;
    default: alu(i, ops[bits(w, 6, 5)], rd, rd, rs2);
    }
}

static void quadrant1(struct rv_insn *i, uint32_t w)
{
    unsigned rd = bits(w, 11, 7), rs1 = 8 + bits(w, 9, 7);
    int32_t imm = sign(bits(w, 12, 12) << 5 | bits(w, 6, 2), 6);
    int32_t far = sign(bits(w, 12, 12) << 11 | bits(w, 11, 11) << 4 | bits(w, 10, 9) << 8 |
                           bits(w, 8, 8) << 10 | bits(w, 7, 7) << 6 | bits(w, 6, 6) << 7 |
                           bits(w, 5, 3) << 1 | bits(w, 2, 2) << 5,
                       12);
    int32_t near = sign(bits(w, 12, 12) << 8 | bits(w, 11, 10) << 3 | bits(w, 6, 5) << 6 |
                            bits(w, 4, 3) << 1 | bits(w, 2, 2) << 5,
                        9);
    int32_t stack = sign(bits(w, 12, 12) << 9 | bits(w, 6, 6) << 4 | bits(w, 5, 5) << 6 |
                             bits(w, 4, 3) << 7 | bits(w, 2, 2) << 5,
                         10);
    switch (bits(w, 15, 13)) {
    case 0: alu_imm(i, ALU_ADD, rd, rd, imm); break;
    case 1: jump(i, 1, far); break;
    case 2: constant(i, rd, (uint32_t)imm); break;
    case 3:
        if (rd == 2)
            alu_imm(i, ALU_ADD, 2, 2, stack);
        else
            constant(i, rd, (uint32_t)imm << 12);
        break;
    case 4: quadrant1_arithmetic(i, w, imm); break;
    case 5: jump(i, 0, far); break;
    case 6: branch(i, 0, rs1, 0, near); break;
    case 7: branch(i, 1, rs1, 0, near); break;
    }
}

static void quadrant2(struct rv_insn *i, uint32_t w)
{
    unsigned rd = bits(w, 11, 7), rs2 = bits(w, 6, 2);
    uint32_t load = bits(w, 12, 12) << 5 | bits(w, 6, 4) << 2 | bits(w, 3, 2) << 6;
    uint32_t store = bits(w, 12, 9) << 2 | bits(w, 8, 7) << 6;
    bool high = bits(w, 12, 12);
    switch (bits(w, 15, 13)) {
    case 0: alu_imm(i, ALU_SLL, rd, rd, (int32_t)rs2); break;
    case 1:
        memory(i, RV_FP_LOAD, 3, 0, 2, 0);
        break; /* the offset of an FP access is of no use here */
    case 2: memory(i, RV_LOAD, 2, rd, 2, (int32_t)load); break;
    case 3: memory(i, RV_FP_LOAD, 2, 0, 2, (int32_t)load); break;
    case 4:
        if (rs2)
            alu(i, ALU_ADD, rd, high ? rd : 0, rs2);
        else if (rd)
            jump_register(i, high, rd, 0);
        else
            i->kind = high ? RV_EBREAK : RV_ILLEGAL;
        break;
    case 5: memory(i, RV_FP_STORE, 3, 0, 2, 0); break;
    case 6: memory(i, RV_STORE, 2, rs2, 2, (int32_t)store); break;
    case 7: memory(i, RV_FP_STORE, 2, 0, 2, (int32_t)store); break;
    }
}

void rv_decode(struct rv_insn *i, uint32_t pc, uint32_t word, unsigned size)
{
    *i = (struct rv_insn){.pc = pc, .size = (uint8_t)size};
    if (size == 4)
        decode32(i, word);
    else if ((word & 3) == 0)
        quadrant0(i, word);
    else if ((word & 3) == 1)
        quadrant1(i, word);
    else
        quadrant2(i, word);
}
