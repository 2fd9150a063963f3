/* SPDX-License-Identifier: MIT */
/* Interrupts at chosen instructions. Needs `-icount shift=0`: an instruction is a nanosecond,
 * mcycle counts them, and 100 of them are one count of mtime. force_begin() puts a probe in front
 * of the trap vector; tick_in() arms the timer.
 *
 * One test image includes this once. */
#pragma once

#include <linmo.h>

#define PER_MTIME 100

#define NOW()                                                                                      \
    __extension__({                                                                                \
        uint32_t now_;                                                                             \
        __asm__ volatile("csrr %0, mcycle" : "=r"(now_)::"memory");                                \
        now_;                                                                                      \
    })

/* --- the probe: reads the clock at a trap's entry, then goes on to the kernel's --- */

volatile uint32_t
    probe_time[3]; /* of the last trap, of the one before; and what the last one interrupted */
#define probe_pc probe_time[2]
void probe_entry(void);
#define PROBE_BEFORE 4 /* instructions of the probe before the reading, and from it on */
#define PROBE_AFTER 13
__asm__(
    ".section .text.probe_entry,\"ax\",@progbits\n.balign 4\n"
    ".globl probe_entry\n.type probe_entry,@function\n"
    "probe_entry:\n"
    "addi sp, sp, -16\n sw t0, 0(sp)\n sw t1, 4(sp)\n sw t2, 8(sp)\n"
    "csrr t0, mcycle\n"
    ".option push\n.option norelax\n"
    "lui t1, %hi(probe_time)\n addi t1, t1, %lo(probe_time)\n .option pop\n"
    "lw t2, 0(t1)\n sw t2, 4(t1)\n sw t0, 0(t1)\n csrr t0, mepc\n sw t0, 8(t1)\n"
    "lw t0, 0(sp)\n lw t1, 4(sp)\n lw t2, 8(sp)\n addi sp, sp, 16\n"
    ".option push\n.option norelax\n j trap_entry\n.option pop\n"
    ".size probe_entry, . - probe_entry\n.text\n");

/* QEMU places a deadline `count` mtime counts, of 100 instructions each, after the instruction that
 * stores it: so its phase is that of the store, which begins `store_phase` instructions after the
 * clock was read in front of it. */
static uint32_t store_phase, latency; /* latency: of an interrupt that nothing delays */
extern char sled_end[];
__asm__(
    ".section .text.sled,\"ax\",@progbits\n.balign 4\n"
    ".globl sled_run\n.type sled_run,@function\nsled_run:\n"
    "la t0, sled_end\n slli a0, a0, 1\n sub t0, t0, a0\n jr t0\n"
    ".rept 400\n c.nop\n.endr\nsled_end:\n ret\n.size sled_run, . - sled_run\n.text\n");
void sled_run(uint32_t nops);

/* The next tick will be due `instructions` after this returns, more or less; the one after it
 * `second` mtime counts later. Returns the deadline as a value of mcycle. */
static uint32_t tick_in(uint32_t instructions, uint32_t second)
{
    uint64_t now = hal_mtime();
    uint64_t at = now + 12 + instructions / PER_MTIME;
    hal_next_tick = at - HAL_TICK_COUNTS + second;
    HAL_REG(HAL_MTIMECMP + 4) = UINT32_MAX;
    HAL_REG(HAL_MTIMECMP) = (uint32_t) at;
    uint32_t stored;
    __asm__ volatile("csrr %0, mcycle\n sw %1, 0(%2)"
                     : "=&r"(stored)
                     : "r"((uint32_t) (at >> 32)), "r"(HAL_MTIMECMP + 4)
                     : "memory");
    uint32_t due = (uint32_t) at * PER_MTIME + (stored + store_phase) % PER_MTIME;
    while (due - NOW() > instructions + 120)
        ;
    uint32_t rest = due - NOW() - instructions;
    sled_run(rest > 30 ? rest - 30 : 0);
    return due;
}

static void __attribute__((unused)) no_tick(void)
{
    hal_next_tick = hal_mtime() + 1000;
    tick_in(0, HAL_TICK_COUNTS);
}

/* Finds store_phase and latency. False: nothing fits, the machine is not what this file assumes. */
static bool force_calibrate(void)
{
    uint32_t best = UINT32_MAX, best_phase = 0;
    for (store_phase = 0; store_phase < 8; store_phase++) {
        uint32_t least = UINT32_MAX, most = 0;
        for (uint32_t round = 0; round < 300; round++) {
            sled_run(round % PER_MTIME); /* the store at every phase */
            uint32_t due = tick_in(round, HAL_TICK_COUNTS);
            while ((int32_t) (NOW() - due) < 500)
                ;
            uint32_t late = probe_time[0] - PROBE_BEFORE - due + 1000;
            least = late < least ? late : least;
            most = late > most ? late : most;
        }
        if (most - least < best) {
            best = most - least;
            best_phase = store_phase;
            latency = least - 1000;
        }
    }
    store_phase = best_phase;
    return best < 4 && latency < 8;
}

/* From here on every trap goes through the probe. */
static bool force_begin(void)
{
    write_csr(mtvec, (uint32_t) (uintptr_t) probe_entry);
    return force_calibrate();
}
