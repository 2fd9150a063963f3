/* SPDX-License-Identifier: MIT */
/* Guest of the interpreter: trap entry as Documentation/porting.md tells a kernel to write it. */
#include "trace_trap.h"

    .section .text._start, "ax", @progbits
    .globl _start
_start:
    .option push
    .option norelax
    la gp, _gp
    .option pop
    la t0, trap_entry
    csrw mtvec, t0
    ret

.macro SAVED op
    \op ra, 0(sp)
    \op t0, 4(sp)
    \op t1, 8(sp)
    \op t2, 12(sp)
    \op a0, 16(sp)
    \op a1, 20(sp)
    \op a2, 24(sp)
    \op a3, 28(sp)
    \op a4, 32(sp)
    \op a5, 36(sp)
    \op a6, 40(sp)
    \op a7, 44(sp)
    \op t3, 48(sp)
    \op t4, 52(sp)
    \op t5, 56(sp)
    \op t6, 60(sp)
.endm

    .balign 4
    .globl trap_entry
    .type trap_entry, @function
trap_entry:
    addi sp, sp, -80
    SAVED sw
    TRACE_TRAP_ENTRY
    csrr t0, mepc
    sw t0, 64(sp)
    call handler
    lw t0, 64(sp)
    csrw mepc, t0
    li t0, 0x1880
    csrs mstatus, t0
    SAVED lw
    addi sp, sp, 80
    mret
    .size trap_entry, . - trap_entry
