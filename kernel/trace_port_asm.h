/* SPDX-License-Identifier: MIT */
/* What the recorder's assembly needs from this kernel: TRACE_PORT_CONTEXT stores the words at 16
 * and 20 of a block header (SPEC.md, section 2) as trace_port_context() and trace_port_causes()
 * say, in two registers. Offsets are asserted in kernel/trace_port.c. */
#ifndef TRACE_PORT_ASM_H
#define TRACE_PORT_ASM_H
#define KCB_TASK_CURRENT 4
#define TCB_ID_WORD 72   /* id, trace_depth, prio_level */
#define SCHED_CAUSES 56

#ifdef __ASSEMBLER__
.macro TRACE_PORT_CONTEXT block, a, b
    lw \a, kernel_cb + KCB_TASK_CURRENT
    lw \a, TCB_ID_WORD(\a)
    lw \b, sched + SCHED_CAUSES
    sw \a, 16(\block)
    sw \b, 20(\block)
.endm
#endif
#endif
