/* SPDX-License-Identifier: MIT */
/* Traps. mscratch is 0 while machine-mode code runs, and the top of the task's kernel stack while
 * user code runs: so the first instruction tells the two apart and never stores through a stack
 * pointer that a user task controls.
 *
 *   tick in machine mode       16 caller-saved registers on the task's stack, and 32 bytes below
 *                              them for the tick's handler
 *   other interrupt            the same; the handler, which is the application's, on the interrupt
 *                              stack
 *   interrupt in user mode     the same, and the rest of what user code may have changed, on the
 *                              kernel stack
 *   system call, user fault    on the kernel stack, in C, where it may switch interrupts on and
 *                              block
 *   exception in machine mode  on the interrupt stack: it is fatal, and the task's sp may be what
 *                              is wrong
 *
 * mepc and mstatus are saved only when the handler asks for more work (sched_from_trap), because
 * only then can another trap come before the return. The handler runs with interrupts off, so the
 * interrupt stack is never in use twice. */
#include "asm.h"
#include "trace_trap.h"

#define CAUSE_TIMER_CODE 7
#define FRAME 80       /* 16 registers, mepc */
#define FRAME_MEPC 64
#define UFRAME 96      /* the same, and gp, tp, sp of the user */
#define UFRAME_GP 68
#define UFRAME_TP 72
#define UFRAME_SP 76

.macro CALLER_SAVED op
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

/* Calls trap_interrupt(mcause) on the interrupt stack; afterwards sp is as before. */
.macro CALL_HANDLER
    mv t0, sp
    lui sp, %hi(_isr_stack_top) /* its low 12 bits are 0 */
    addi sp, sp, -16
    sw t0, 0(sp)
    call trap_interrupt
    lw sp, 0(sp)
.endm

FUNC trap_entry
    csrrw sp, mscratch, sp
    bnez sp, trap_from_user
    csrr sp, mcause
    bgez sp, exception
    csrrw sp, mscratch, zero
    addi sp, sp, -FRAME
    CALLER_SAVED sw
    TRACE_TRAP_ENTRY /* a recorder's writer that was interrupted starts over: it masks nothing */
    csrr a0, mcause
    slli a1, a0, 1
    addi a1, a1, -2*CAUSE_TIMER_CODE
    bnez a1, other
    call sched_tick
    bnez a0, work
restore:
    CALLER_SAVED lw
    addi sp, sp, FRAME
    mret
other:
    CALL_HANDLER
    beqz a0, restore
work:
    csrr t0, mepc
    sw t0, FRAME_MEPC(sp)
    call sched_from_trap
    lw t0, FRAME_MEPC(sp)
    csrw mepc, t0
    li t0, 0x1880 /* MPP machine, MPIE on: an interrupt was taken, so interrupts were on */
    csrs mstatus, t0
    j restore

exception:
    lui sp, %hi(_isr_stack_top)
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    csrrw a3, mscratch, zero
    mv a4, ra
    csrr a5, mstatus
    li tp, 0
    tail trap_exception

    .size trap_entry, . - trap_entry
    .globl trap_from_user
    .type trap_from_user, @function
trap_from_user:
    addi sp, sp, -UFRAME
    CALLER_SAVED sw
    csrr t0, mepc
    sw t0, FRAME_MEPC(sp)
    sw gp, UFRAME_GP(sp)
    sw tp, UFRAME_TP(sp)
    csrrw t0, mscratch, zero
    sw t0, UFRAME_SP(sp)
    .option push
    .option norelax
    la gp, _gp
    .option pop
    li tp, 0
    csrr a0, mcause
    bgez a0, user_exception
    slli a1, a0, 1
    addi a1, a1, -2*CAUSE_TIMER_CODE
    bnez a1, user_other
    call sched_tick
    beqz a0, to_user
    call sched_from_trap
    j to_user
user_other:
    CALL_HANDLER
    beqz a0, to_user
    call sched_from_trap
    j to_user
user_exception:
    mv a1, sp
    call trap_user
to_user: /* interrupts are off */
    lw t0, FRAME_MEPC(sp)
    csrw mepc, t0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, 0x80
    csrs mstatus, t0
    addi t0, sp, UFRAME
    csrw mscratch, t0
    lw gp, UFRAME_GP(sp)
    lw tp, UFRAME_TP(sp)
    CALLER_SAVED lw
    lw sp, UFRAME_SP(sp)
    mret
ENDFUNC trap_from_user
