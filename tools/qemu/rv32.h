/* SPDX-License-Identifier: MIT */
/* A shadow of one RV32IMAC hart: what its registers hold, as far as that can be known from outside.
 *
 * The plugin interface reads no registers, but it shows every instruction before it is executed,
 * and guest memory is readable. So the shadow executes the same instructions on values of which
 * each bit is known or not: constants, arithmetic and loads from RAM are known, what comes out of
 * devices and counters is not. That is enough to follow mstatus through registers, stack and mret,
 * to know where a return goes, and to tell a trap from a jump.
 *
 * Invariants: a bit whose `k` is set has the value the hart's register has (tests compare with
 * QEMU's own log); x0 is 0 and known. Unknown never becomes known except by a load, a constant or a
 * mask. */
#ifndef KYMO_QEMU_RV32_H
#define KYMO_QEMU_RV32_H
#include <stdbool.h>
#include <stdint.h>

enum rv_kind {
    RV_ALU,
    RV_CONST,
    RV_JAL,
    RV_JALR,
    RV_BRANCH,
    RV_LOAD,
    RV_STORE,
    RV_AMO,
    RV_LR,
    RV_SC,
    RV_CSR,
    RV_ECALL,
    RV_EBREAK,
    RV_MRET,
    RV_WFI,
    RV_FENCE,
    RV_FP,
    RV_FP_LOAD,
    RV_FP_STORE,
    RV_ILLEGAL
};

enum rv_alu {
    ALU_ADD,
    ALU_SLL,
    ALU_SLT,
    ALU_SLTU,
    ALU_XOR,
    ALU_SRL,
    ALU_OR,
    ALU_AND, /* funct3's order */
    ALU_SUB,
    ALU_SRA,
    ALU_MUL,
    ALU_MULH,
    ALU_MULHSU,
    ALU_MULHU,
    ALU_DIV,
    ALU_DIVU,
    ALU_REM,
    ALU_REMU
};

struct rv_insn {
    uint32_t pc;
    int32_t imm; /* offset, constant, target (JAL, BRANCH), CSR number, or the 5-bit operand of
                    csrr?i */
    uint8_t size;
    uint8_t kind; /* enum rv_kind */
    uint8_t op;   /* enum rv_alu; funct3 of loads, stores, branches and CSR instructions */
    uint8_t rd, rs1, rs2;
    bool use_imm; /* ALU: second operand is imm; CSR: first operand is rs1's number */
};

void rv_decode(struct rv_insn *i, uint32_t pc, uint32_t word, unsigned size);

struct rv_value {
    uint32_t v, k; /* bits, and which of them are known */
};

struct rv_hart {
    struct rv_value x[32];
    struct rv_value mstatus, mtvec, mepc, mscratch;
    int privilege; /* 3 machine, 1, 0 user; -1 unknown */
    unsigned id;
};

enum { RV_MIE = 1 << 3, RV_MPIE = 1 << 7, RV_MPP = 3 << 11 };

void rv_reset(struct rv_hart *h, unsigned id);

/* Executes an instruction that completed. Returns true and the address of the next one, or false if
 * that depends on something unknown. `read` gives guest memory, false if it is not RAM. */
bool rv_execute(struct rv_hart *h, const struct rv_insn *i,
                bool (*read)(uint32_t, void *, uint32_t), uint32_t *next);
/* The hart takes a trap with this return address; `known` false: nobody knows it. */
void rv_trap(struct rv_hart *h, uint32_t epc, bool known);
/* Whether this address is a trap's entry as mtvec stands. */
bool rv_is_trap_entry(const struct rv_hart *h, uint32_t pc);
/* Whether the instruction, if it was followed by a trap, had faulted instead of being completed. */
bool rv_may_fault(const struct rv_hart *h, const struct rv_insn *i,
                  bool (*read)(uint32_t, void *, uint32_t));

enum rv_mask { RV_ENABLED, RV_MASKED, RV_UNKNOWN };
enum rv_mask rv_masked(const struct rv_hart *h);

static inline bool rv_known(struct rv_value a)
{
    return a.k == UINT32_MAX;
}
#endif
