/* SPDX-License-Identifier: MIT */
/* Calls the functions of known.S, and two inlined sites; prints what mcycle says of known_long,
 * call by call. */
#include <stdint.h>

void known_empty(void), known_seven(void), known_masked(void), known_stack(void),
    known_nested(void), known_callee(void), known_tail(void), known_call(void), known_atomic(void),
    known_unrolled(void), known_long(void);
void known_loop(uint32_t n), known_recursive(uint32_t n),
    known_switch(uint32_t *leave, uint32_t *take);
uint32_t measured(uint32_t argument, void (*f)(void));

static uint32_t stack_a, stack_b, stack[256], interrupts;
volatile uint32_t site_data[8], choice;

static void say(const char *s)
{
    for (; *s; s++)
        *(volatile uint8_t *)0x10000000 = (uint8_t)*s;
}

static void say_number(uint32_t n)
{
    char text[12], *p = text + sizeof text;
    *--p = 0;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    say(p);
    say("\n");
}

/* mtime runs at 10 MHz: 100 instructions a count. */
static void next_interrupt(uint32_t counts)
{
    volatile uint32_t *compare = (uint32_t *)0x2004000;
    uint32_t now = *(volatile uint32_t *)0x200BFF8;
    compare[1] = 0;
    compare[0] = now + counts;
}

void on_timer(void)
{
    next_interrupt(interrupts++ % 7 + 3);
}

/* Two inlined writers, as a recorder's are: three stores; and two of which one is skipped when
 * choice is 0. */
static inline __attribute__((always_inline)) void site_three(uint32_t v)
{
    site_data[0] = v;
    site_data[1] = v;
    site_data[2] = v;
}

static inline __attribute__((always_inline)) void site_choice(uint32_t v)
{
    if (choice)
        site_data[3] = v;
    site_data[4] = v;
}

__attribute__((noinline)) void uses_sites(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        site_three(i);
        choice = i & 1;
        site_choice(i);
    }
}

static void other_side(void)
{
    for (;;)
        known_switch(&stack_b, &stack_a);
}

__attribute__((noinline)) void switch_back_and_forth(void)
{
    known_switch(&stack_a, &stack_b);
}

static void masking(void)
{
    known_masked();
    known_stack();
    known_stack();
    known_nested();
    __asm__ volatile("csrci mstatus, 8");
    known_masked(); /* masked already: none of it is its own */
    __asm__ volatile("csrsi mstatus, 8");
}

int main(void)
{
    for (int i = 0; i < 3; i++)
        known_empty();
    known_callee();
    known_callee();
    known_tail();
    known_tail();
    known_loop(1);
    known_loop(10);
    known_loop(100);
    known_recursive(3);
    known_atomic();
    known_unrolled();
    uses_sites(10);
    __asm__ volatile("csrsi mstatus, 8");
    masking();
    known_call();
    known_call();
    stack[254] = 0;
    stack[255] = (uint32_t)other_side; /* where known_switch finds ra */
    stack_b = (uint32_t)&stack[252];
    for (int i = 0; i < 4; i++)
        switch_back_and_forth();
    next_interrupt(1);
    __asm__ volatile("csrs mie, %0" : : "r"(0x80));
    for (int i = 0; i < 8; i++)
        say_number(measured(0, known_long));
    __asm__ volatile("csrci mstatus, 8");
    return 0;
}
