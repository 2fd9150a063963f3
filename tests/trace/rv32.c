/* SPDX-License-Identifier: MIT */
/* The interpreter. Compressed instructions are expanded into their long form first. */
#include "rv32.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(struct rv32 *m, const char *why)
{
    if (!m->error) {
        m->error = why;
        m->error_at = m->pc;
    }
    return false;
}

static bool inside(uint32_t a, uint32_t n)
{
    return a >= RV32_BASE && a - RV32_BASE <= RV32_SIZE - n;
}

static uint32_t get(struct rv32 *m, uint32_t a, uint32_t n)
{
    uint32_t v = 0;
    if (!inside(a, n) || a % n) {
        fail(m, "load from a bad address");
        return 0;
    }
    memcpy(&v, m->memory + (a - RV32_BASE), n);
    return v;
}

static void put(struct rv32 *m, uint32_t a, uint32_t n, uint32_t v)
{
    if (!inside(a, n) || a % n)
        fail(m, "store to a bad address");
    else if (m->guard && !m->guard(m, a, n))
        fail(m, "store to memory that is not the recorder's");
    else
        memcpy(m->memory + (a - RV32_BASE), &v, n);
    m->stores++;
}

uint32_t rv32_load(const struct rv32 *m, uint32_t a)
{
    uint32_t v = 0;
    if (inside(a, 4))
        memcpy(&v, m->memory + (a - RV32_BASE), 4);
    return v;
}

/* ---- compressed ---- */

static uint32_t bits(uint32_t v, unsigned high, unsigned low)
{
    return v >> low & ((1u << (high - low + 1)) - 1);
}
static int32_t sign(uint32_t v, unsigned width)
{
    return (int32_t) (v << (32 - width)) >> (32 - width);
}
static uint32_t i_type(uint32_t op, uint32_t f3, uint32_t rd, uint32_t rs1, int32_t imm)
{
    return op | rd << 7 | f3 << 12 | rs1 << 15 | (uint32_t) imm << 20;
}
static uint32_t r_type(uint32_t f3, uint32_t f7, uint32_t rd, uint32_t rs1, uint32_t rs2)
{
    return 0x33 | rd << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | f7 << 25;
}
static uint32_t s_type(uint32_t rs1, uint32_t rs2, uint32_t imm)
{
    return 0x23 | (imm & 31) << 7 | 2 << 12 | rs1 << 15 | rs2 << 20 | imm >> 5 << 25;
}
static uint32_t b_type(uint32_t f3, uint32_t rs1, int32_t imm)
{
    uint32_t u = (uint32_t) imm;
    return 0x63 | bits(u, 11, 11) << 7 | bits(u, 4, 1) << 8 | f3 << 12 | rs1 << 15 |
           bits(u, 10, 5) << 25 | bits(u, 12, 12) << 31;
}
static uint32_t j_type(uint32_t rd, int32_t imm)
{
    uint32_t u = (uint32_t) imm;
    return 0x6F | rd << 7 | bits(u, 19, 12) << 12 | bits(u, 11, 11) << 20 | bits(u, 10, 1) << 21 |
           bits(u, 20, 20) << 31;
}

static int32_t cj_offset(uint32_t c)
{
    return sign(bits(c, 12, 12) << 11 | bits(c, 11, 11) << 4 | bits(c, 10, 9) << 8 |
                    bits(c, 8, 8) << 10 | bits(c, 7, 7) << 6 | bits(c, 6, 6) << 7 |
                    bits(c, 5, 3) << 1 | bits(c, 2, 2) << 5,
                12);
}
static int32_t cb_offset(uint32_t c)
{
    return sign(bits(c, 12, 12) << 8 | bits(c, 11, 10) << 3 | bits(c, 6, 5) << 6 |
                    bits(c, 4, 3) << 1 | bits(c, 2, 2) << 5,
                9);
}

static uint32_t expand_arithmetic(uint32_t c, int32_t imm6)
{
    uint32_t rd = 8 + bits(c, 9, 7), rs2 = 8 + bits(c, 4, 2);
    switch (bits(c, 11, 10)) {
    case 0: return i_type(0x13, 5, rd, rd, imm6 & 31);
    case 1: return i_type(0x13, 5, rd, rd, (imm6 & 31) | 0x400);
    case 2: return i_type(0x13, 7, rd, rd, imm6);
    }
    if (bits(c, 12, 12))
        return 0;
    switch (bits(c, 6, 5)) {
    case 0: return r_type(0, 32, rd, rd, rs2);
    case 1: return r_type(4, 0, rd, rd, rs2);
    case 2: return r_type(6, 0, rd, rd, rs2);
    default: return r_type(7, 0, rd, rd, rs2);
    }
}

static uint32_t expand_quadrant1(uint32_t c)
{
    uint32_t rd = bits(c, 11, 7);
    int32_t imm6 = sign(bits(c, 12, 12) << 5 | bits(c, 6, 2), 6);
    switch (bits(c, 15, 13)) {
    case 0: return i_type(0x13, 0, rd, rd, imm6);
    case 1: return j_type(1, cj_offset(c));
    case 2: return i_type(0x13, 0, rd, 0, imm6);
    case 3:
        if (rd == 2)
            return i_type(0x13, 0, 2, 2,
                          sign(bits(c, 12, 12) << 9 | bits(c, 6, 6) << 4 | bits(c, 5, 5) << 6 |
                                   bits(c, 4, 3) << 7 | bits(c, 2, 2) << 5,
                               10));
        return 0x37 | rd << 7 | (uint32_t) imm6 << 12;
    case 4: return expand_arithmetic(c, imm6);
    case 5: return j_type(0, cj_offset(c));
    case 6: return b_type(0, 8 + bits(c, 9, 7), cb_offset(c));
    default: return b_type(1, 8 + bits(c, 9, 7), cb_offset(c));
    }
}

static uint32_t expand_quadrant2(uint32_t c)
{
    uint32_t rd = bits(c, 11, 7), rs2 = bits(c, 6, 2);
    switch (bits(c, 15, 13)) {
    case 0: return i_type(0x13, 1, rd, rd, (int32_t) rs2);
    case 2:
        return i_type(0x03, 2, rd, 2,
                      (int32_t) (bits(c, 12, 12) << 5 | bits(c, 6, 4) << 2 | bits(c, 3, 2) << 6));
    case 4:
        if (rs2 == 0)
            return rd == 0 ? 0x00100073 : i_type(0x67, 0, bits(c, 12, 12), rd, 0);
        return r_type(0, 0, rd, bits(c, 12, 12) ? rd : 0, rs2);
    case 6: return s_type(2, rs2, bits(c, 12, 9) << 2 | bits(c, 8, 7) << 6);
    default: return 0;
    }
}

static uint32_t expand(uint32_t c)
{
    uint32_t word = bits(c, 12, 10) << 3 | bits(c, 6, 6) << 2 | bits(c, 5, 5) << 6;
    uint32_t rs1 = 8 + bits(c, 9, 7), rd = 8 + bits(c, 4, 2);
    if ((c & 3) == 1)
        return expand_quadrant1(c);
    if ((c & 3) == 2)
        return expand_quadrant2(c);
    switch (bits(c, 15, 13)) {
    case 0:
        return c == 0 ? 0
                      : i_type(0x13, 0, rd, 2,
                               (int32_t) (bits(c, 12, 11) << 4 | bits(c, 10, 7) << 6 |
                                          bits(c, 6, 6) << 2 | bits(c, 5, 5) << 3));
    case 2: return i_type(0x03, 2, rd, rs1, (int32_t) word);
    case 6: return s_type(rs1, rd, word);
    default: return 0;
    }
}

/* ---- execution ---- */

static uint32_t multiply(uint32_t f3, uint32_t a, uint32_t b)
{
    int32_t sa = (int32_t) a, sb = (int32_t) b;
    switch (f3) {
    case 0: return a * b;
    case 1: return (uint32_t) ((int64_t) sa * sb >> 32);
    case 2: return (uint32_t) ((int64_t) sa * (int64_t) b >> 32);
    case 3: return (uint32_t) ((uint64_t) a * b >> 32);
    case 4: return b == 0 ? 0xFFFFFFFF : a == 0x80000000 && sb == -1 ? a : (uint32_t) (sa / sb);
    case 5: return b == 0 ? 0xFFFFFFFF : a / b;
    case 6: return b == 0 ? a : a == 0x80000000 && sb == -1 ? 0 : (uint32_t) (sa % sb);
    default: return b == 0 ? a : a % b;
    }
}

static uint32_t compute(uint32_t f3, bool alternative, uint32_t a, uint32_t b)
{
    switch (f3) {
    case 0: return alternative ? a - b : a + b;
    case 1: return a << (b & 31);
    case 2: return (int32_t) a < (int32_t) b;
    case 3: return a < b;
    case 4: return a ^ b;
    case 5: return alternative ? (uint32_t) ((int32_t) a >> (b & 31)) : a >> (b & 31);
    case 6: return a | b;
    default: return a & b;
    }
}

static bool branch_taken(uint32_t f3, uint32_t a, uint32_t b)
{
    switch (f3) {
    case 0: return a == b;
    case 1: return a != b;
    case 4: return (int32_t) a < (int32_t) b;
    case 5: return (int32_t) a >= (int32_t) b;
    case 6: return a < b;
    default: return a >= b;
    }
}

static uint32_t *csr(struct rv32 *m, uint32_t number)
{
    static uint32_t sink;
    switch (number) {
    case 0x300: return &m->mstatus;
    case 0x305: return &m->mtvec;
    case 0x341: return &m->mepc;
    case 0x342: return &m->mcause;
    case 0xB00: sink = (uint32_t) m->cycle; return &sink;
    case 0xB80: sink = (uint32_t) (m->cycle >> 32); return &sink;
    default: fail(m, "a csr the interpreter does not know"); return &sink;
    }
}

static void system_instruction(struct rv32 *m, uint32_t i, uint32_t *next, uint32_t rd)
{
    uint32_t f3 = bits(i, 14, 12), rs1 = bits(i, 19, 15);
    if (i == 0x30200073) { /* mret: MIE from MPIE */
        m->mstatus = (m->mstatus & ~8u) | (m->mstatus >> 4 & 8) | 0x80;
        *next = m->mepc;
        return;
    }
    if ((f3 & 3) == 0) {
        fail(m, "ecall, ebreak or wfi");
        return;
    }
    uint32_t *c = csr(m, i >> 20), old = *c, v = f3 & 4 ? rs1 : m->x[rs1];
    if ((f3 & 3) == 1)
        *c = v;
    else if (rs1 && (f3 & 3) == 2)
        *c |= v;
    else if (rs1)
        *c &= ~v;
    if (rd)
        m->x[rd] = old;
}

static void load_instruction(struct rv32 *m, uint32_t i, uint32_t rd, uint32_t a)
{
    uint32_t f3 = bits(i, 14, 12), v = get(m, a, 1u << (f3 & 3));
    if (f3 == 0)
        v = (uint32_t) sign(v, 8);
    if (f3 == 1)
        v = (uint32_t) sign(v, 16);
    if (rd)
        m->x[rd] = v;
}

static void execute(struct rv32 *m, uint32_t i, uint32_t length)
{
    uint32_t rd = bits(i, 11, 7), f3 = bits(i, 14, 12), a = m->x[bits(i, 19, 15)],
             b = m->x[bits(i, 24, 20)];
    uint32_t next = m->pc + length, imm = (uint32_t) ((int32_t) i >> 20), v = 0;
    bool write = true;
    switch (i & 0x7F) {
    case 0x37: v = i & 0xFFFFF000; break;
    case 0x17: v = m->pc + (i & 0xFFFFF000); break;
    case 0x6F:
        v = next;
        next = m->pc + (uint32_t) sign(bits(i, 31, 31) << 20 | bits(i, 30, 21) << 1 |
                                           bits(i, 20, 20) << 11 | bits(i, 19, 12) << 12,
                                       21);
        break;
    case 0x67:
        v = next;
        next = (a + imm) & ~1u;
        break;
    case 0x63:
        write = false;
        if (branch_taken(f3, a, b))
            next = m->pc + (uint32_t) sign(bits(i, 31, 31) << 12 | bits(i, 30, 25) << 5 |
                                               bits(i, 11, 8) << 1 | bits(i, 7, 7) << 11,
                                           13);
        break;
    case 0x03:
        load_instruction(m, i, rd, a + imm);
        write = false;
        break;
    case 0x23:
        put(m, a + (uint32_t) sign(bits(i, 31, 25) << 5 | bits(i, 11, 7), 12), 1u << f3, b);
        write = false;
        break;
    case 0x13: v = compute(f3, f3 == 5 && bits(i, 30, 30), a, imm); break;
    case 0x33: v = bits(i, 25, 25) ? multiply(f3, a, b) : compute(f3, bits(i, 30, 30), a, b); break;
    case 0x0F: write = false; break;
    case 0x73:
        system_instruction(m, i, &next, rd);
        write = false;
        break;
    default: fail(m, "an instruction the interpreter does not know"); return;
    }
    if (write && rd)
        m->x[rd] = v;
    m->pc = next;
}

bool rv32_step(struct rv32 *m)
{
    if (m->error || m->pc == RV32_RETURN)
        return false;
    uint32_t low = get(m, m->pc, 2), i = low, length = 2;
    if ((low & 3) == 3) {
        i = low | get(m, m->pc + 2, 2) << 16;
        length = 4;
    } else {
        i = expand(low);
    }
    if (m->error)
        return false;
    m->masked += !rv32_enabled(m);
    m->cycle++;
    execute(m, i, length);
    m->x[0] = 0;
    return !m->error && m->pc != RV32_RETURN;
}

void rv32_interrupt(struct rv32 *m)
{
    m->mepc = m->pc;
    m->mcause = 0x80000007;
    m->mstatus = (m->mstatus & ~0x88u) | (m->mstatus & 8) << 4 | 0x1800;
    m->pc = m->mtvec;
}

/* ---- image ---- */

static void die(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(2);
}

void rv32_open(struct rv32_image *image, const char *path, uint8_t *memory)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        die(path, "cannot be opened");
    image->file = calloc(1, 1 << 22);
    image->size = (uint32_t) fread(image->file, 1, 1 << 22, f);
    fclose(f);
    const Elf32_Ehdr *e = (const void *) image->file;
    if (image->size < sizeof(*e) || memcmp(e->e_ident, ELFMAG "\1\1", 6))
        die(path, "is not a 32-bit ELF file");
    const Elf32_Phdr *p = (const void *) (image->file + e->e_phoff);
    memset(memory, 0, RV32_SIZE);
    for (unsigned i = 0; i < e->e_phnum; i++, p++) {
        if (p->p_type != PT_LOAD)
            continue;
        if (!inside(p->p_paddr, p->p_memsz))
            die(path, "does not fit into the interpreter's memory");
        memcpy(memory + (p->p_paddr - RV32_BASE), image->file + p->p_offset, p->p_filesz);
    }
}

uint32_t rv32_symbol(const struct rv32_image *image, const char *name)
{
    const Elf32_Ehdr *e = (const void *) image->file;
    const Elf32_Shdr *s = (const void *) (image->file + e->e_shoff);
    for (unsigned i = 0; i < e->e_shnum; i++) {
        if (s[i].sh_type != SHT_SYMTAB)
            continue;
        const Elf32_Sym *y = (const void *) (image->file + s[i].sh_offset);
        const char *text = (const char *) image->file + s[s[i].sh_link].sh_offset;
        for (unsigned n = 0; n < s[i].sh_size / sizeof(*y); n++)
            if (y[n].st_shndx && strcmp(text + y[n].st_name, name) == 0)
                return y[n].st_value;
    }
    return 0;
}
