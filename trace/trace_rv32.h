/* SPDX-License-Identifier: MIT */
/* The hot path's RV32 parts: fields by name, so that each access is one gp-relative instruction,
 * and the slow path by `jal t0`, so that a function with a trace point stays a leaf, and the
 * writer for tasks as one restartable sequence.
 *
 * Needs gp within 2 KiB of trace_ctl (see Documentation/porting.md); a test of the image asserts
 * it, because without it every event costs two instructions more. */
#ifndef TRACE_RV32_H
#define TRACE_RV32_H

/* Parts of trace_ctl under names of their own (trace.c): the compiler would put the address of
 * a struct into a register first. */
extern volatile uint32_t trace_ctl_head, trace_ctl_tail;
#define TRACE_REG(field) trace_ctl_##field

#define TRACE_CLASS(name, bit) extern volatile uint8_t trace_ctl_on_##name;
#include "classes.def"
#undef TRACE_CLASS
#define TRACE_ON(CLASS) (&trace_ctl_on_##CLASS)

/* Room for an event, or a jump to `drop`. The routine wants head and tail as they are in memory,
 * and comes back behind the `j` if there is room. */
#define TRACE_ROOM(head, tail, n, drop)                                                            \
    do {                                                                                           \
        register uint32_t head_ __asm__("t1") = head, end_ __asm__("t2") = tail + 4 * (n);         \
        register uint32_t tail_ __asm__("t5");                                                     \
        __asm__ goto("jal t0, trace_rv32_room_t1t2\n"                                              \
                     ".option push\n.option norvc\nj %l[" #drop "]\n.option pop"                  \
                     : "+r"(head_), "+r"(end_), "=r"(tail_)                                        \
                     :                                                                             \
                     : "t0", "t3", "t4", "t6"                                                      \
                     : drop);                                                                      \
        head = head_;                                                                              \
        tail = tail_ - 4 * (n); /* a fresh block has room for any event */                         \
    } while (0)

/* The addresses of each inlined writer, in a section that is not loaded: address, kind.
 * Kinds: 0 and 1 first instruction of an `off` writer and the one after its last, 2 and 3 the
 * same of an `any` writer. The event is known from the record that results. The name begins with
 * .debug, because the linker then keeps the section without keeping the code it points to. */
#ifdef __OPTIMIZE__
#define TRACE_SITE_TEXT(kind)                                                                      \
    "770:\n.pushsection .debug_trace_sites,\"\",@progbits\n.word 770b, " kind "\n.popsection\n"
#define TRACE_SITE(kind) __asm__ volatile(TRACE_SITE_TEXT("%0")::"i"(kind))

/* A writer for tasks that masks nothing. tp holds the address of its first instruction while it
 * runs; trap entry (trace_trap.h) sends it back there, unless its event is committed. So: inputs
 * stay untouched, t0 to t6 are all that changes, and head is stored last, from t4, just before tp
 * is cleared. The test of the class is inside: a writer that starts over after a stop writes
 * nothing. */
#define TRACE_PORT_PUT_ANY 1
#define TRACE_ANY(n, payload, ...)                                                                 \
    __asm__ volatile(TRACE_SITE_TEXT("2")                                                          \
                     "auipc tp, 0\n"                                                               \
                     "lbu t1, %[on]\n"                                                             \
                     "beqz t1, 773f\n"                                                             \
                     "lw t1, trace_ctl_head\n"                                                     \
                     "lw t2, trace_ctl_tail\n"                                                     \
                     "addi t4, t1, 8\n" TRACE_ANY_TAIL(n)                                          \
                     "bltu " TRACE_ANY_LIMIT(n) ", t4, 774f\n"                                     \
                     "772:\n" payload                                                              \
                     TRACE_PORT_STAMP_ASM("t5")                                                    \
                     "sw t5, 0(t1)\n"                                                              \
                     "sw %[word], 4(t1)\n" TRACE_ANY_COMMIT_TAIL(n)                                \
                     ".option push\n.option norvc\n"                                               \
                     "sw t4, trace_ctl_head, t6\n"                                                 \
                     ".option pop\n"                                                               \
                     "773:\n.option push\n.option rvc\nc.li tp, 0\n.option pop\n"                  \
                     TRACE_SITE_TEXT("3")                                                          \
                     ".subsection 1\n"                                                             \
                     "774:\n"                                                                      \
                     "jal t0, trace_rv32_room_t1t2\n"                                              \
                     ".option push\n.option norvc\nj 773b\n.option pop\n"                          \
                     "addi t4, t1, 8\n" TRACE_ANY_TAIL_ROOM(n)                                     \
                     "j 772b\n"                                                                    \
                     ".previous\n" ::[on] "i"(on), [word] "r"(word)                                \
                     __VA_ARGS__                                                                   \
                     : "t0", "t1", "t2", "t3", "t4", "t5", "t6")
/* An event without payload leaves tail alone. */
#define TRACE_ANY_TAIL(n) TRACE_IF_PAYLOAD_##n("addi t3, t2, -4*" #n "\n", "")
#define TRACE_ANY_TAIL_ROOM(n) TRACE_IF_PAYLOAD_##n("addi t3, t5, -4*" #n "\n", "")
#define TRACE_ANY_LIMIT(n) TRACE_IF_PAYLOAD_##n("t3", "t2")
#define TRACE_ANY_COMMIT_TAIL(n) TRACE_IF_PAYLOAD_##n("sw t3, trace_ctl_tail, t6\n", "")
#define TRACE_IF_PAYLOAD_0(yes, no) no
#define TRACE_IF_PAYLOAD_1(yes, no) yes
#define TRACE_IF_PAYLOAD_2(yes, no) yes
#define TRACE_IF_PAYLOAD_3(yes, no) yes
#define TRACE_IF_PAYLOAD_4(yes, no) yes
#define TRACE_IF_PAYLOAD_5(yes, no) yes
#define TRACE_IF_PAYLOAD_6(yes, no) yes
#define TRACE_IF_PAYLOAD_7(yes, no) yes

void trace_words_too_many(void) __attribute__((error("more than 7 payload words")));

TRACE_INLINE void trace_put_any(const volatile uint8_t *on, uint32_t word, unsigned n,
                                const uint32_t *w)
{
    if (n == 0)
        TRACE_ANY(0, "");
    else if (n == 1)
        TRACE_ANY(1, "sw %[a], 0(t3)\n", , [a] "r"(w[0]));
    else if (n == 2)
        TRACE_ANY(2, "sw %[a], 4(t3)\nsw %[b], 0(t3)\n", , [a] "r"(w[0]), [b] "r"(w[1]));
    else if (n == 3)
        TRACE_ANY(3, "sw %[a], 8(t3)\nsw %[b], 4(t3)\nsw %[c], 0(t3)\n",
                  , [a] "r"(w[0]), [b] "r"(w[1]), [c] "r"(w[2]));
    else if (n == 4)
        TRACE_ANY(4, "sw %[a], 12(t3)\nsw %[b], 8(t3)\nsw %[c], 4(t3)\nsw %[d], 0(t3)\n",
                  , [a] "r"(w[0]), [b] "r"(w[1]), [c] "r"(w[2]), [d] "r"(w[3]));
    else if (n == 5)
        TRACE_ANY(5,
                  "sw %[a], 16(t3)\nsw %[b], 12(t3)\nsw %[c], 8(t3)\nsw %[d], 4(t3)\n"
                  "sw %[e], 0(t3)\n",
                  , [a] "r"(w[0]), [b] "r"(w[1]), [c] "r"(w[2]), [d] "r"(w[3]), [e] "r"(w[4]));
    else if (n == 6)
        TRACE_ANY(6,
                  "sw %[a], 20(t3)\nsw %[b], 16(t3)\nsw %[c], 12(t3)\nsw %[d], 8(t3)\n"
                  "sw %[e], 4(t3)\nsw %[f], 0(t3)\n",
                  , [a] "r"(w[0]), [b] "r"(w[1]), [c] "r"(w[2]), [d] "r"(w[3]),
                  [e] "r"(w[4]), [f] "r"(w[5]));
    else if (n == 7)
        TRACE_ANY(7,
                  "sw %[a], 24(t3)\nsw %[b], 20(t3)\nsw %[c], 16(t3)\nsw %[d], 12(t3)\n"
                  "sw %[e], 8(t3)\nsw %[f], 4(t3)\nsw %[g], 0(t3)\n",
                  , [a] "r"(w[0]), [b] "r"(w[1]), [c] "r"(w[2]), [d] "r"(w[3]),
                  [e] "r"(w[4]), [f] "r"(w[5]),
                  [g] "r"(w[6]));
    else
        trace_words_too_many();
}
#else
#define TRACE_SITE(kind) ((void) 0)
#endif
#endif
