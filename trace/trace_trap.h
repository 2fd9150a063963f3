/* SPDX-License-Identifier: MIT */
/* For the trap entry of an RV32 kernel, an assembly file: `any` writers mask nothing. One that a
 * trap interrupts starts over, or, if its event is complete, goes on.
 *
 * TRACE_TRAP_ENTRY comes once in the path of every trap out of machine mode: after t0 to t3 were
 * saved, before mepc is read or saved, with t4 as the trap found it, and before any code that may
 * record. One instruction when no writer was hit. It uses t0 to t3, and leaves tp = 0.
 *
 * Traps out of user mode: save the user's tp, set tp to 0, do not use the macro: a user task may
 * put anything there. Machine-mode code must not use tp for itself. */
#ifndef TRACE_TRAP_H
#define TRACE_TRAP_H
#ifndef CONFIG_DEBUG_TRACE
#define CONFIG_DEBUG_TRACE 1
#endif

.macro TRACE_TRAP_ENTRY
#if CONFIG_DEBUG_TRACE
    bnez    tp, 791f
    .subsection 1
791:
    la      t0, 792f
    j       trace_rv32_restart
    .previous
792:
#endif
.endm
#endif
