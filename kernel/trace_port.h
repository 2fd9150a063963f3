/* SPDX-License-Identifier: MIT */
/* What the recorder needs from this kernel (contract: Documentation/porting.md). All of it is
 * inline and calls nothing that has a trace point.
 *
 * Which task runs, and which interrupts, is asked for at a block change only
 * (kernel/trace_port.c): keeping a copy up to date would cost every switch. */
#ifndef TRACE_PORT_H
#define TRACE_PORT_H
#include "types.h"

#define TRACE_PORT_RV32 1

#ifndef CONFIG_TRACE_CLOCK_MTIME
#define CONFIG_TRACE_CLOCK_MTIME 0 /* 1: QEMU without icount, where mcycle follows the host */
#endif
#ifndef CONFIG_TRACE_CHECK
#define CONFIG_TRACE_CHECK 0       /* 1: `off` writers stop the machine when MIE is set */
#endif

typedef uint32_t trace_irq_t;

static inline __attribute__((always_inline)) trace_irq_t trace_port_mask(void)
{
    uint32_t old;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(old)::"memory");
    return old;
}

/* Restores, never sets: with MIE clear before, it stays clear. */
static inline __attribute__((always_inline)) void trace_port_restore(trace_irq_t old)
{
    __asm__ volatile("csrs mstatus, %0" ::"r"(old) : "memory");
}

#if CONFIG_TRACE_CLOCK_MTIME
static inline __attribute__((always_inline)) uint32_t trace_port_stamp(void)
{
    return *(volatile uint32_t *) 0x0200BFF8;
}
#define TRACE_PORT_STAMP_ASM(reg) "lui " reg ", 0x200C\nlw " reg ", -8(" reg ")\n"
static inline uint64_t trace_port_clock(void)
{
    volatile uint32_t *mtime = (volatile uint32_t *) 0x0200BFF8;
    uint32_t high, low;
    do {
        high = mtime[1];
        low = mtime[0];
    } while (mtime[1] != high);
    return (uint64_t) high << 32 | low;
}
#else
static inline __attribute__((always_inline)) uint32_t trace_port_stamp(void)
{
    uint32_t low;
    __asm__ volatile("csrr %0, mcycle" : "=r"(low));
    return low;
}
#define TRACE_PORT_STAMP_ASM(reg) "csrr " reg ", mcycle\n"
static inline uint64_t trace_port_clock(void)
{
    uint32_t high, low, again;
    do {
        __asm__ volatile("csrr %0, mcycleh\ncsrr %1, mcycle\ncsrr %2, mcycleh"
                         : "=&r"(high), "=&r"(low), "=&r"(again));
    } while (high != again);
    return (uint64_t) high << 32 | low;
}
#endif

/* running | depth << 16 | level << 24; running is 0xFFFF before the scheduler runs */
uint32_t trace_port_context(void);
uint32_t trace_port_causes(void);  /* of the active interrupt handlers, innermost in the low byte */

/* Text for people, by polling; debug_dump_events(). */
void console_write(const char *text, uint32_t len);
#define trace_port_console console_write

/* String literals of trace points: not loaded, equal ones merged. The `#` hides the compiler's own
 * flags. */
#define TRACE_PORT_TEXT_SECTION __attribute__((section(".trace_fmt,\"MS\",@progbits,1#")))

/* The address of such a text. By assembly, because the compiler would reach one text from the
 * address of another, and the linker moves them when it merges. */
#define TRACE_PORT_TEXT_ADDRESS(text)                                                              \
    (__extension__({                                                                               \
        uint32_t address_;                                                                         \
        __asm__("lui %0, %%hi(%1)\n\taddi %0, %0, %%lo(%1)" : "=r"(address_) : "i"(text));         \
        address_;                                                                                  \
    }))

static inline uint32_t trace_port_hart(void)
{
    return 0;
}

static inline uint32_t trace_port_address(const volatile void *p)
{
    return (uint32_t) p;
}

static inline __attribute__((always_inline)) void trace_port_assert_off(void)
{
#if CONFIG_TRACE_CHECK
    uint32_t mstatus;
    __asm__ volatile("csrr %0, mstatus" : "=r"(mstatus));
    if (mstatus & 8)
        __asm__ volatile("ebreak");
#endif
}
#endif
