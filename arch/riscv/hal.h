/* SPDX-License-Identifier: MIT */
/* The machine: QEMU's `virt` board, one RV32 hart, machine mode (user mode for tasks made by
 * spawn_user).
 *
 * Only what depends on the hart or the board is here and in arch/riscv. Everything here needs
 * machine mode. */
#pragma once

#include <types.h>

#define F_CPU 10000000 /* mtime counts per second */
#define F_TIMER 100    /* ticks per second */
#define USART_BAUD 57600
#define DEFAULT_STACK_SIZE 8192

#define HAL_TICK_COUNTS (F_CPU / F_TIMER)

#define HAL_UART 0x10000000u
#define HAL_CLINT 0x02000000u
#define HAL_MTIMECMP (HAL_CLINT + 0x4000u)
#define HAL_MTIME (HAL_CLINT + 0xBFF8u)
#define HAL_FINISHER 0x00100000u
#define HAL_PLIC 0x0C000000u
#define HAL_PLIC_SOURCES 128
#define HAL_UART_IRQ 10

/* mstatus, mie, mcause */
#define MSTATUS_MIE 8u
#define MIE_MTIE 0x80u
#define MIE_MEIE 0x800u
#define CAUSE_INTERRUPT 0x80000000u
#define CAUSE_SOFTWARE (CAUSE_INTERRUPT | 3)
#define CAUSE_TIMER (CAUSE_INTERRUPT | 7)
#define CAUSE_EXTERNAL (CAUSE_INTERRUPT | 11)

#define read_csr(reg)                                                                              \
    __extension__({                                                                                \
        uint32_t csr_value_;                                                                       \
        __asm__ volatile("csrr %0, " #reg : "=r"(csr_value_)::"memory");                           \
        csr_value_;                                                                                \
    })
#define write_csr(reg, v)                                                                          \
    __extension__({ __asm__ volatile("csrw " #reg ", %0" ::"rK"(v) : "memory"); })

/* Switches interrupts off; the result goes to hal_irq_restore(). Two such pairs nest: restore never
 * switches on what was off. The result is mstatus as it was; setting its other bits again changes
 * nothing that matters, because they are either still set or rewritten by the hart at the next
 * trap. */
static inline uint32_t hal_irq_save(void)
{
    uint32_t before;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(before)::"memory");
    return before;
}

static inline void hal_irq_restore(uint32_t before)
{
    __asm__ volatile("csrs mstatus, %0" ::"r"(before) : "memory");
}

/* The previous MIE, 0 or 1, after switching interrupts off or on. */
int32_t hal_interrupt_set(int32_t enable);
#define _di() hal_interrupt_set(0)
#define _ei() hal_interrupt_set(1)

/* The word at a device register. */
#define HAL_REG(addr) (*(volatile uint32_t *) (addr))
#define HAL_REG8(addr) (*(volatile uint8_t *) (addr))

static inline uint32_t hal_mtime_low(void)
{
    return HAL_REG(HAL_MTIME);
}

uint64_t hal_mtime(void); /* 0.1 us each */
uint64_t _read_us(void);  /* since the machine started */
void delay_ms(uint32_t);  /* busy wait; holds the hart unless preempted */

/* Console device, by polling: from any context. */
void hal_uart_put(int32_t ch);
int32_t hal_uart_try_put(int32_t ch); /* -1 while the transmitter is busy */
int32_t hal_uart_get(void);           /* waits */
int32_t hal_uart_ready(void);         /* non-zero when a character waits */

/* Ends the machine. Status 0 to 255. */
void hal_power_off(uint32_t status) __attribute__((noreturn));
void hal_panic(void) __attribute__((noreturn)); /* power off with status 1 */
void hal_cpu_idle(void);                        /* waits for an interrupt */

void hal_hardware_init(void);
extern uint64_t hal_next_tick;

/* The next tick is one period after the last one, however late this is. Interrupts off: between the
 * two stores the comparison may hold for an instant. */
static inline void hal_tick_advance(void)
{
    uint32_t *word = (uint32_t *) &hal_next_tick; /* little-endian */
    uint32_t low = word[0] + HAL_TICK_COUNTS;
    word[0] = low;
    HAL_REG(HAL_MTIMECMP) = low;
    if (__builtin_expect(low < HAL_TICK_COUNTS, 0)) /* once in 7 minutes the low word wraps */
        HAL_REG(HAL_MTIMECMP + 4) = ++word[1];
}

void hal_timer_start(void); /* first tick one period from now */
void hal_timer_enable(void);
void hal_timer_disable(void);
void hal_timer_irq_enable(void);
void hal_timer_irq_disable(void);

/* Platform interrupt controller; kernel/irq.c. */
void hal_plic_enable(uint32_t source, int32_t on);
uint32_t hal_plic_claim(void);
void hal_plic_complete(uint32_t source);

/* s0 to s11, ra, sp, gp, tp, mstatus */
typedef uint32_t jmp_buf[17];
int32_t setjmp(jmp_buf) __attribute__((returns_twice));
void longjmp(jmp_buf, int32_t) __attribute__((noreturn));

/* --- contexts; arch/riscv/switch.S --- */

struct tcb;

/* Lays the first context of a task on its stack: it will call `entry` in machine mode, or in user
 * mode with stack `user_sp`. Returns what belongs in tcb.sp. */
void *hal_context_first(void *stack_top, void (*entry)(void), uint32_t user_sp);

/* Saves the caller's context in `from`, continues `to`; interrupts off. When `from` runs again,
 * returns its wait_result, and sets the mstatus bits of `irq`. */
int32_t hal_switch(struct tcb *from, struct tcb *to, uint32_t irq);

/* Continues `to`; the caller's context is gone. */
void hal_switch_first(struct tcb *to) __attribute__((noreturn));

/* Linker symbols. Take their addresses. */
extern uint32_t _stext, _etext, _sdata, _edata, _sbss, _ebss, _end, _gp;
extern uint32_t _stack_top, _stack, _stack_bottom, _stack_size;
extern uint32_t _heap_start, _heap_end, _heap_size;
