/* SPDX-License-Identifier: MIT */
/* What a block header of the trace says about the instant at which the block was opened; see trace_port.h. */
#include "sched.h"

#if CONFIG_DEBUG_TRACE
uint32_t trace_port_context(void)
{
    const tcb_t *cur = sched_current();
    uint32_t depth = 0;
    for (uint32_t causes = sched.causes; causes; causes >>= 8)
        depth++;
    return cur->id | depth << 16 | (cur == &sched_boot ? 0xFFu : cur->prio_level) << 24;
}

uint32_t trace_port_causes(void)
{
    return sched.causes;
}
#endif
