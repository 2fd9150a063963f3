/* SPDX-License-Identifier: MIT */
/* The hot path's RV32 parts: fields by name, so that each access is one gp-relative instruction, and
 * the slow path by `jal t0`, so that a function with a trace point stays a leaf.
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

#define TRACE_ROOM() trace_rv32_room()

TRACE_INLINE uint32_t trace_rv32_room(void)
{
    register uint32_t head __asm__("t1");
    __asm__ volatile("jal t0, trace_rv32_room_off"
                     : "=r"(head), "+m"(trace_ctl_head), "+m"(trace_ctl_tail)
                     :
                     : "t0", "t2", "t3", "t4", "t5", "t6");
    return head;
}

/* The addresses of each inlined writer, in a section that is not loaded: address, then kind | code
 * << 8. Kinds: 0 and 1 first instruction of an `off` writer and the one after its last, 2 and 3 the
 * same of an `any` writer. The event is known from the record that results. The name begins with .debug, because the linker then
 * keeps the section without keeping the code it points to. */
#ifdef __OPTIMIZE__
#define TRACE_SITE(kind, word)                                                                     \
    __asm__ volatile("770:\n.pushsection .debug_trace_sites,\"\",@progbits\n"                            \
                     ".word 770b, %0\n.popsection" ::"i"(kind))
#else
#define TRACE_SITE(kind, word) ((void) 0)
#endif
#endif
