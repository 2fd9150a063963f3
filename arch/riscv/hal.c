/* SPDX-License-Identifier: MIT */
/* Board support for QEMU `virt`; see hal.h. */
#include "hal.h"

#include <lib/libc.h>

/* UART NS16550A, byte registers */
#define UART_DATA (HAL_UART + 0)
#define UART_DIVISOR_HIGH (HAL_UART + 1)
#define UART_LINE (HAL_UART + 3)
#define UART_STATUS (HAL_UART + 5)
#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define STATUS_RECEIVED 0x01
#define STATUS_ROOM 0x20
#define UART_CLOCK 3686400

#define PLIC_PRIORITY(source) (HAL_PLIC + 4 * (source))
#define PLIC_ENABLE(source) (HAL_PLIC + 0x2000 + 4 * ((source) / 32))
#define PLIC_THRESHOLD (HAL_PLIC + 0x200000)
#define PLIC_CLAIM (HAL_PLIC + 0x200004)

#define FINISHER_PASS 0x5555
#define FINISHER_FAIL 0x3333

void hal_uart_put(int32_t ch)
{
    while (hal_uart_try_put(ch) < 0)
        ;
}

int32_t hal_uart_try_put(int32_t ch)
{
    if (!(HAL_REG8(UART_STATUS) & STATUS_ROOM))
        return -1;
    HAL_REG8(UART_DATA) = (uint8_t) ch;
    return 0;
}

int32_t hal_uart_ready(void)
{
    return HAL_REG8(UART_STATUS) & STATUS_RECEIVED;
}

int32_t hal_uart_get(void)
{
    while (!hal_uart_ready())
        ;
    return HAL_REG8(UART_DATA);
}

static void uart_init(void)
{
    uint32_t divisor = UART_CLOCK / (16 * USART_BAUD);
    HAL_REG8(UART_LINE) = LINE_DIVISOR;
    HAL_REG8(UART_DATA) = (uint8_t) divisor;
    HAL_REG8(UART_DIVISOR_HIGH) = (uint8_t) (divisor >> 8);
    HAL_REG8(UART_LINE) = LINE_8N1;
    /* The FIFO stays off: switching it on throws away what was typed before the kernel was up. */
}

uint64_t hal_mtime(void)
{
    uint32_t high, low;
    do { /* again when the low word wrapped between the two reads */
        high = HAL_REG(HAL_MTIME + 4);
        low = HAL_REG(HAL_MTIME);
    } while (high != HAL_REG(HAL_MTIME + 4));
    return (uint64_t) high << 32 | low;
}

uint64_t _read_us(void)
{
    return hal_mtime() / (F_CPU / 1000000);
}

/* Between two looks at the clock, because a device register costs an emulator a thousand times what
 * an instruction does. Short enough that a slow hart overshoots by microseconds. */
#define SPIN 256
static void spin(uint32_t rounds)
{
    for (; rounds; rounds--)
        __asm__ volatile("");
}

void delay_ms(uint32_t ms)
{
    uint64_t until = hal_mtime() + (uint64_t) ms * (F_CPU / 1000);
    while (hal_mtime() < until)
        spin(SPIN);
}

int32_t hal_interrupt_set(int32_t enable)
{
    uint32_t before = hal_irq_save();
    if (enable)
        hal_irq_restore(MSTATUS_MIE);
    return (before & MSTATUS_MIE) != 0;
}

void hal_power_off(uint32_t status)
{
    hal_irq_save();
    HAL_REG(HAL_FINISHER) = status ? status << 16 | FINISHER_FAIL : FINISHER_PASS;
    for (;;)
        hal_cpu_idle();
}

void hal_panic(void)
{
    hal_power_off(1);
}

void hal_cpu_idle(void)
{
    __asm__ volatile("wfi");
}

/* When the next tick is due. It moves forward from its previous value, so that ticks never drift.
 */
uint64_t hal_next_tick;

static void mtimecmp_write(uint64_t at)
{
    HAL_REG(HAL_MTIMECMP + 4) = UINT32_MAX; /* no early tick between the two halves */
    HAL_REG(HAL_MTIMECMP) = (uint32_t) at;
    HAL_REG(HAL_MTIMECMP + 4) = (uint32_t) (at >> 32);
}

void hal_timer_start(void)
{
    hal_next_tick = hal_mtime() + HAL_TICK_COUNTS;
    mtimecmp_write(hal_next_tick);
}

void hal_timer_irq_enable(void)
{
    __asm__ volatile("csrs mie, %0" ::"r"(MIE_MTIE));
}

void hal_timer_irq_disable(void)
{
    __asm__ volatile("csrc mie, %0" ::"r"(MIE_MTIE));
}

void hal_timer_enable(void)
{
    hal_timer_start();
    hal_timer_irq_enable();
}

void hal_timer_disable(void)
{
    hal_timer_irq_disable();
}

void hal_plic_enable(uint32_t source, int32_t on)
{
    uint32_t bit = 1u << source % 32;
    HAL_REG(PLIC_PRIORITY(source)) = on != 0;
    if (on)
        HAL_REG(PLIC_ENABLE(source)) |= bit;
    else
        HAL_REG(PLIC_ENABLE(source)) &= ~bit;
    __asm__ volatile("csrs mie, %0" ::"r"(MIE_MEIE));
}

uint32_t hal_plic_claim(void)
{
    return HAL_REG(PLIC_CLAIM);
}

void hal_plic_complete(uint32_t source)
{
    HAL_REG(PLIC_CLAIM) = source;
}

/* Grants user mode all of memory: the API promises no more protection than that of privileged
 * registers. */
static void pmp_open(void)
{
    write_csr(pmpaddr0, -1);
    write_csr(pmpcfg0, 0x0F);
}

void hal_hardware_init(void)
{
    uart_init();
    mtimecmp_write(UINT64_MAX);
    pmp_open();
    HAL_REG(PLIC_THRESHOLD) = 0;
}
