/* SPDX-License-Identifier: MIT */
/* A small interpreter of RV32IMC + Zicsr, machine mode: enough to run the recorder's compiled code
 * one instruction at a time, with an interrupt wherever a test wants one. Memory outside the one
 * given, an instruction it does not know, and a store that the guard refuses end the run with an
 * error. */
#ifndef RV32_H
#define RV32_H
#include <stdbool.h>
#include <stdint.h>

enum { RV32_BASE = 0x80000000u, RV32_SIZE = 1 << 17, RV32_RETURN = 0xDEAD0000u };

struct rv32 {
    uint32_t x[32], pc;
    uint32_t mstatus, mepc, mcause, mtvec;
    uint64_t cycle;     /* mcycle: one per instruction */
    uint32_t stores;    /* executed */
    uint32_t masked;    /* instructions executed with MIE clear */
    const char *error;  /* NULL while all is well */
    uint32_t error_at;
    uint8_t *memory;    /* RV32_SIZE bytes from RV32_BASE */
    bool (*guard)(const struct rv32 *m, uint32_t address, uint32_t size); /* may be stored to? */
};

/* Executes one instruction. False: error, or pc is RV32_RETURN. */
bool rv32_step(struct rv32 *m);
/* Takes a machine timer interrupt before the next instruction. Only with MIE set. */
void rv32_interrupt(struct rv32 *m);
static inline bool rv32_enabled(const struct rv32 *m)
{
    return m->mstatus & 8;
}
uint32_t rv32_load(const struct rv32 *m, uint32_t address);

/* Loads an ELF32 image; then symbols by name, 0 if there is none. Exits with a message if it
 * cannot. */
struct rv32_image {
    uint8_t *file;
    uint32_t size;
};
void rv32_open(struct rv32_image *image, const char *path, uint8_t *memory);
uint32_t rv32_symbol(const struct rv32_image *image, const char *name);
#endif
