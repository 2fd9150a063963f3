/* SPDX-License-Identifier: MIT */
/* The POSIX port with interrupts, for tests: whenever the recorder unmasks, one may come. */
#ifndef TEST_TRACE_PORT_H
#define TEST_TRACE_PORT_H
#define trace_port_restore trace_port_restore_plain
#include "../../../ports/posix/trace_port.h"
#undef trace_port_restore

void test_interrupt(void);
static inline void trace_port_restore(trace_irq_t old)
{
    trace_port_restore_plain(old);
    test_interrupt();
}
#endif
