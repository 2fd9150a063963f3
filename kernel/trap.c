/* SPDX-License-Identifier: MIT */
/* Traps, after the assembly has saved what must be saved. */
#include "trap.h"

#include "private/console.h"

#include "sched.h"

#define CAUSE_ECALL_USER 8
#define ECALL_SIZE 4

uint32_t trap_interrupt(uint32_t cause)
{
    sched.in_handler = true;
    irq_handle(cause);
    sched.in_handler = false;
    if (sched.pending && sched.slow == 0)
        return true;
    sched_irq_out();
    return false;
}

void trap_user(uint32_t cause, struct user_frame *frame)
{
    uint32_t tval = read_csr(mtval);
    hal_irq_restore(MSTATUS_MIE);
    if (cause != CAUSE_ECALL_USER) {
        trace_exc_any(cause, trace_id(sched_current()->id), frame->mepc, tval);
        trap_user_fault(cause, frame->mepc);
    }
    uint32_t pc = frame->mepc;
    frame->mepc = pc + ECALL_SIZE;
    frame->a0 = (uint32_t) syscall_service(frame->a7, frame->a0, frame->a1, frame->a2, pc, true);
    hal_irq_save();
}
