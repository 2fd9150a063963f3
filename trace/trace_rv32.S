/* SPDX-License-Identifier: MIT */
/* RV32: the slow path's calling convention. */
#ifndef CONFIG_DEBUG_TRACE
#define CONFIG_DEBUG_TRACE 1
#endif
#if CONFIG_DEBUG_TRACE && defined(__riscv) && __riscv_xlen == 32

/* In: t0 return address. Out: t1 as trace_room_c. Clobbers t0, t2 to t6 only. Interrupts are off. */
    .section .text.trace_rv32_room_off, "ax", @progbits
    .globl  trace_rv32_room_off
    .type   trace_rv32_room_off, @function
trace_rv32_room_off:
    addi    sp, sp, -48
    sw      t0, 0(sp)
    sw      ra, 4(sp)
    sw      a0, 8(sp)
    sw      a1, 12(sp)
    sw      a2, 16(sp)
    sw      a3, 20(sp)
    sw      a4, 24(sp)
    sw      a5, 28(sp)
    sw      a6, 32(sp)
    sw      a7, 36(sp)
    call    trace_room_c
    mv      t1, a0
    lw      t0, 0(sp)
    lw      ra, 4(sp)
    lw      a0, 8(sp)
    lw      a1, 12(sp)
    lw      a2, 16(sp)
    lw      a3, 20(sp)
    lw      a4, 24(sp)
    lw      a5, 28(sp)
    lw      a6, 32(sp)
    lw      a7, 36(sp)
    addi    sp, sp, 48
    jr      t0
    .size   trace_rv32_room_off, . - trace_rv32_room_off
#endif
