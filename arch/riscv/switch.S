/* SPDX-License-Identifier: MIT */
/* Contexts. A task that does not run has a SWITCH_FRAME on its stack and its sp in tcb.sp, whether
 * it gave the hart up itself or was preempted: a preempted task has its trap frame below, and its
 * hal_switch returns into the trap code. So there is one way to switch, and a voluntary switch
 * saves only what a call must preserve. */
#include "asm.h"

.macro SAVED op
    \op ra, SWITCH_RA(sp)
    \op s0, SWITCH_S0(sp)
    \op s1, SWITCH_S0+4(sp)
    \op s2, SWITCH_S0+8(sp)
    \op s3, SWITCH_S0+12(sp)
    \op s4, SWITCH_S0+16(sp)
    \op s5, SWITCH_S0+20(sp)
    \op s6, SWITCH_S0+24(sp)
    \op s7, SWITCH_S0+28(sp)
    \op s8, SWITCH_S0+32(sp)
    \op s9, SWITCH_S0+36(sp)
    \op s10, SWITCH_S0+40(sp)
    \op s11, SWITCH_S0+44(sp)
.endm

/* int32_t hal_switch(from, to, irq) */
FUNC hal_switch
    addi sp, sp, -SWITCH_FRAME
    SAVED sw
    sw a2, SWITCH_IRQ(sp)
    sw sp, TCB_SP(a0)
    mv a0, a1
    .globl hal_switch_first
    .type hal_switch_first, @function
hal_switch_first: /* (to) */
    lw sp, TCB_SP(a0)
    lw a0, TCB_WAIT_RESULT(a0)
    SAVED lw
    lw t0, SWITCH_IRQ(sp)
    addi sp, sp, SWITCH_FRAME
    csrs mstatus, t0
    ret
    .size hal_switch_first, . - hal_switch_first
ENDFUNC hal_switch

/* Where the first hal_switch to a task returns: s0 its entry. Interrupts are on. */
FUNC hal_task_start
    jalr s0
    call mo_task_exit
ENDFUNC hal_task_start

/* The same for a user task: s0 its entry, s1 its stack. sp is the top of its kernel stack. */
FUNC hal_user_start
    csrci mstatus, 8
    csrw mscratch, sp
    csrw mepc, s0
    li t0, 0x1800 /* MPP: user */
    csrc mstatus, t0
    li t0, 0x80 /* MPIE: interrupts on */
    csrs mstatus, t0
    mv sp, s1
    la ra, hal_user_return
    li s0, 0 /* gp stays: user code is linked with the kernel and uses it */
    li s1, 0
    li a0, 0
    li t0, 0
    mret
ENDFUNC hal_user_start

/* A user task whose entry returned: sys_exit(0). */
FUNC hal_user_return
    li a0, 0
    li a7, 2
    ecall
    j hal_user_return
ENDFUNC hal_user_return

/* void *hal_context_first(stack_top, entry, user_sp) */
FUNC hal_context_first
    andi a0, a0, -16
    addi a0, a0, -SWITCH_FRAME
    la t0, hal_task_start
    beqz a2, 1f
    la t0, hal_user_start
1:  sw t0, SWITCH_RA(a0)
    sw a1, SWITCH_S0(a0)
    sw a2, SWITCH_S0+4(a0)
    li t0, 8 /* interrupts on */
    sw t0, SWITCH_IRQ(a0)
    ret
ENDFUNC hal_context_first

FUNC setjmp
    sw ra, 48(a0)
    sw sp, 52(a0)
    sw gp, 56(a0)
    sw tp, 60(a0)
    csrr t0, mstatus
    sw t0, 64(a0)
    sw s0, 0(a0)
    sw s1, 4(a0)
    sw s2, 8(a0)
    sw s3, 12(a0)
    sw s4, 16(a0)
    sw s5, 20(a0)
    sw s6, 24(a0)
    sw s7, 28(a0)
    sw s8, 32(a0)
    sw s9, 36(a0)
    sw s10, 40(a0)
    sw s11, 44(a0)
    li a0, 0
    ret
ENDFUNC setjmp

/* Restores the interrupt state too: switches on what was on, and off what was off. */
FUNC longjmp
    csrci mstatus, 8
    lw ra, 48(a0)
    lw sp, 52(a0)
    lw t0, 64(a0)
    lw s0, 0(a0)
    lw s1, 4(a0)
    lw s2, 8(a0)
    lw s3, 12(a0)
    lw s4, 16(a0)
    lw s5, 20(a0)
    lw s6, 24(a0)
    lw s7, 28(a0)
    lw s8, 32(a0)
    lw s9, 36(a0)
    lw s10, 40(a0)
    lw s11, 44(a0)
    andi t0, t0, 8
    csrs mstatus, t0
    mv a0, a1
    bnez a0, 1f
    li a0, 1
1:  ret
ENDFUNC longjmp
