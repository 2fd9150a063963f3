/* SPDX-License-Identifier: MIT */
/* For the assembly files: symbols with a type and a size (the cost plugin and gdb name code by
 * them), and the offsets of tcb_t that kernel/task.c checks. */
#define TCB_SP 8
#define TCB_WAIT_RESULT 12

/* What hal_switch leaves on a stack: ra, s0 to s11, and the interrupt state of the caller. */
#define SWITCH_FRAME 64
#define SWITCH_RA 0
#define SWITCH_S0 4
#define SWITCH_IRQ 52

#ifdef __ASSEMBLER__
.macro FUNC name
    .section .text.\name, "ax", @progbits
    .balign 4
    .globl \name
    .type \name, @function
\name:
.endm
.macro ENDFUNC name
    .size \name, . - \name
.endm
#endif
