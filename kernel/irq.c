/* SPDX-License-Identifier: MIT */
/* External interrupts: who is called for which source. The timer is not one of them
 * (kernel/sched.c). */
#include "trap.h"

#include "private/error.h"

#include "sched.h"

struct attachment {
    void (*handler)(void *);
    void *arg;
};

static struct attachment attached[HAL_PLIC_SOURCES];

int32_t mo_irq_attach(uint32_t irq, void (*handler)(void *), void *arg)
{
    kernel_not_in_handler("mo_irq_attach");
    if (irq == 0 || irq >= HAL_PLIC_SOURCES)
        return ERR_FAIL;
    uint32_t state = hal_irq_save();
    attached[irq] = (struct attachment){handler, arg};
    hal_plic_enable(irq, handler != NULL);
    hal_irq_restore(state);
    return ERR_OK;
}

/* Only attached sources are enabled, so another one means that the hardware, or the kernel, is not
 * what it seems. */
static void spurious(uint32_t cause, uint32_t source)
{
    trace_irq_spurious_off(cause & 0xFF);
    kernel_misuse("interrupt", (void *) (uintptr_t) source, "nobody is attached to it",
                  ERR_UNKNOWN);
}

void irq_handle(uint32_t cause)
{
    uint32_t source = cause == CAUSE_EXTERNAL ? hal_plic_claim() : 0;
    sched_irq_in(cause, source);
    if (source == 0 && cause == CAUSE_EXTERNAL)
        return; /* withdrawn between the trap and the claim */
    const struct attachment *a = &attached[source % HAL_PLIC_SOURCES];
    if (!a->handler)
        spurious(cause, source);
    a->handler(a->arg);
    hal_plic_complete(source);
}
