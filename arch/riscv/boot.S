/* SPDX-License-Identifier: MIT */
/* The first instructions. Hart 0 goes on to kernel_main on the boot stack; the others wait for
 * ever. */
#include "asm.h"

FUNC _start
    csrw mie, zero
    csrci mstatus, 8
    csrr t0, mhartid
    bnez t0, park
    .option push
    .option norelax
    la gp, _gp
    .option pop
    la sp, _stack_top
    li tp, 0
    csrw mip, zero
    csrw mscratch, zero
    la t0, trap_entry
    csrw mtvec, t0
    csrw mcountinhibit, zero
    la t0, _sbss
    la t1, _ebss
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  la t0, _ssbss /* small zeroed data lie inside .data, to be near gp */
    la t1, _esbss
3:  bgeu t0, t1, 4f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 3b
4:  tail kernel_main
park:
    wfi
    j park
ENDFUNC _start
