/* SPDX-License-Identifier: MIT */
/* What a block header of the trace says about the instant at which the block was opened; see
 * trace_port.h. */
#include "sched.h"
#include "trace_port_asm.h"

#if CONFIG_DEBUG_TRACE
STATIC_ASSERT(__builtin_offsetof(kcb_t, task_current) == KCB_TASK_CURRENT, "trace_port_asm.h");
STATIC_ASSERT(__builtin_offsetof(tcb_t, id) == TCB_ID_WORD &&
                  __builtin_offsetof(tcb_t, prio_level) == TCB_ID_WORD + 3,
              "trace_port_asm.h");
STATIC_ASSERT(__builtin_offsetof(struct sched, causes) == SCHED_CAUSES, "trace_port_asm.h");

#if CONFIG_TRACE_CLOCK_MTIME
/* Tells the host which clock the stamps are of: a symbol's name, no bytes. */
__asm__(".globl trace_clock_is_mtime\n.set trace_clock_is_mtime, 1");
#endif

uint32_t trace_port_context(void)
{
    const tcb_t *cur = sched_current();
    return cur->id | (uint32_t) cur->trace_depth << 16 | (uint32_t) cur->prio_level << 24;
}

uint32_t trace_port_causes(void)
{
    return sched.causes;
}
#endif
