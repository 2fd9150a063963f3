/* SPDX-License-Identifier: MIT */
/* The recorder on bare-metal RV64, machine mode: the port that Documentation/porting.md builds step
 * by step. Everything trace/ needs from a kernel is here; the kernel itself (harness.c) only keeps
 * `rv64_context` up to date.
 *
 * Addresses in the control block have 32 bits: code and ring must lie below 4 GiB. For a ring
 * elsewhere define TRACE_PORT_BASE, as ports/posix does. */
#ifndef TRACE_PORT_H
#define TRACE_PORT_H
#include <stddef.h>
#include <stdint.h>

/* ---- interrupts: what was, is put back; never set ---- */

typedef unsigned long trace_irq_t;

static inline trace_irq_t trace_port_mask(void)
{
    unsigned long old;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(old)::"memory");
    return old;
}

static inline void trace_port_restore(trace_irq_t old)
{
    __asm__ volatile("csrs mstatus, %0" ::"r"(old & 8) : "memory");
}

/* An `off` writer with interrupts on is a bug of its site; a test build stops there. */
static inline void trace_port_assert_off(void)
{
#if CONFIG_TRACE_CHECK
    unsigned long mstatus;
    __asm__ volatile("csrr %0, mstatus" : "=r"(mstatus));
    if (mstatus & 8)
        __asm__ volatile("ebreak");
#endif
}

/* ---- the clock: one counter, in full and its low 32 bits ---- */

static inline uint64_t trace_port_clock(void)
{
    uint64_t now;
    __asm__ volatile("csrr %0, mcycle" : "=r"(now));
    return now;
}

static inline uint32_t trace_port_stamp(void)
{
    return (uint32_t) trace_port_clock();
}

/* ---- who runs; asked for at a block change only ---- */

extern volatile uint32_t rv64_context; /* running | depth << 16 | level << 24 */
extern volatile uint32_t rv64_causes;

static inline uint32_t trace_port_context(void)
{
    return rv64_context;
}

static inline uint32_t trace_port_causes(void)
{
    return rv64_causes;
}

static inline uint32_t trace_port_hart(void)
{
    return 0;
}

static inline uint32_t trace_port_address(const volatile void *p)
{
    return (uint32_t) (uintptr_t) p;
}

/* ---- text for people, and text that stays on the host ---- */

void trace_port_console(const char *text, uint32_t length);

/* Not loaded: the section's flags are hidden from the compiler by `#`. */
#define TRACE_PORT_TEXT_SECTION __attribute__((section(".trace_fmt,\"MS\",@progbits,1#")))
#define TRACE_PORT_TEXT_ADDRESS(text)                                                              \
    (__extension__({                                                                               \
        unsigned long address_;                                                                    \
        __asm__("lui %0, %%hi(%1)\n\taddi %0, %0, %%lo(%1)" : "=r"(address_) : "i"(text));         \
        (uint32_t) address_;                                                                       \
    }))
#endif
