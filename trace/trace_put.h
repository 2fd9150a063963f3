/* SPDX-License-Identifier: MIT */
/* The hot path: put one event of n payload words into the open block.
 *
 *   trace_put_off   interrupts are off: in a trap, or masked by the caller
 *   trace_put_any   a task with interrupts on or off; protects itself
 *
 * Both return with the interrupt state they found. Neither allocates, blocks or calls the kernel.
 *
 * How an event becomes visible: payload words, slot, then tail (if it has payload), then head.
 * Until head moves, the event does not exist: a reader sees the ring without it, and a writer that
 * starts over writes over it. The wrap test comes before all stores: an interrupt between them
 * may change the block. */
#ifndef TRACE_PUT_H
#define TRACE_PUT_H
#include "trace_core.h"

/* The slow path, portable: closes the open block and opens the next. Returns the address of the
 * next slot, or 0 when the event must be dropped (then it has been counted). Interrupts are off. */
uint32_t trace_room_c(void);

#ifdef TRACE_PORT_RV32
#include "trace_rv32.h"
#else
#define TRACE_REG(field) (TRACE_PORT_CONTROL()->field)
#define TRACE_ON(CLASS) (&TRACE_PORT_CONTROL()->on[TRACE_BIT_##CLASS])
#define TRACE_ROOM(head, tail, n, drop)                                              \
    do {                                                                             \
        head = trace_room_c();                                                       \
        if (!head)                                                                   \
            goto drop;                                                               \
        tail = TRACE_REG(tail) - 4 * (n); /* a fresh block has room for any event */ \
    } while (0)
#define TRACE_SITE(kind) ((void) 0)
#endif

TRACE_INLINE void trace_words(uint32_t tail, unsigned n, const uint32_t *w)
{
    volatile uint32_t *p = TRACE_AT(uint32_t, tail);
#define TRACE_W(i) if (n > i) p[n - 1 - i] = w[i];
    TRACE_W(0) TRACE_W(1) TRACE_W(2) TRACE_W(3) TRACE_W(4) TRACE_W(5) TRACE_W(6) TRACE_W(7)
    TRACE_W(8) TRACE_W(9) TRACE_W(10) TRACE_W(11) TRACE_W(12) TRACE_W(13) TRACE_W(14) TRACE_W(15)
#undef TRACE_W
}

/* on: the class's enable byte; word: the slot's second half; n: a constant. */
TRACE_INLINE void trace_put_masked(const volatile uint8_t *on, uint32_t word, unsigned n,
                                   const uint32_t *w)
{
    if (TRACE_UNLIKELY(!*on))
        return;
    uint32_t head = TRACE_REG(head), tail = TRACE_REG(tail) - 4 * n;
    if (TRACE_UNLIKELY(head + TRACE_SLOT > tail))
        TRACE_ROOM(head, tail, n, drop);
    if (n)
        trace_words(tail, n, w);
    TRACE_AT(struct trace_slot, head)->stamp = trace_port_stamp();
    TRACE_AT(struct trace_slot, head)->word = word;
    if (n)
        TRACE_REG(tail) = tail;
    TRACE_REG(head) = head + TRACE_SLOT;
drop:;
}

#ifndef CONFIG_TRACE_TRIGGER
/* 1: events may freeze the ring; costs each of them two instructions */
#define CONFIG_TRACE_TRIGGER 0
#endif
#if CONFIG_TRACE_TRIGGER
void trace_trigger_look(uint32_t word, unsigned n, const uint32_t *w);
#define TRACE_TRIGGER_LOOK(word, n, w)                                                             \
    do {                                                                                           \
        if (TRACE_UNLIKELY(TRACE_PORT_CONTROL()->armed))                                           \
            trace_trigger_look(word, n, w);                                                        \
    } while (0)
#else
#define TRACE_TRIGGER_LOOK(word, n, w) ((void) 0)
#endif

TRACE_INLINE void trace_put_off(const volatile uint8_t *on, uint32_t word, unsigned n,
                                const uint32_t *w)
{
    trace_port_assert_off();
#ifdef TRACE_PORT_PUT_ANY
    /* More words than the compiler has registers for: the writer that is written by hand is
     * shorter, and right with interrupts off as well. It takes at most seven. */
    if (n > 4 && n <= 7) {
        trace_put_any(on, word, n, w);
        return;
    }
#endif
    TRACE_SITE(0);
    trace_put_masked(on, word, n, w);
    TRACE_SITE(1);
}

#ifndef TRACE_PORT_PUT_ANY
TRACE_INLINE void trace_put_any(const volatile uint8_t *on, uint32_t word, unsigned n,
                                const uint32_t *w)
{
    TRACE_SITE(2);
    trace_irq_t irq = trace_port_mask();
    trace_put_masked(on, word, n, w);
    trace_port_restore(irq);
    TRACE_SITE(3);
}
#endif
#endif
