/* SPDX-License-Identifier: MIT */
/* RV32: the block change (portable form and state diagram: trace_block.c), and what trap entry
 * does when it interrupts a writer.
 *
 * Registers. A writer's site gives up t0 to t6 and nothing else, so that it stays a leaf and may
 * be entered again from its first instruction: nothing here uses the stack, and the site's inputs
 * are never in t0 to t6. At every site t4 holds the new head, the last store is a 4-byte
 * instruction that stores it, and a 2-byte `c.li tp, 0` follows: trap entry knows by that whether
 * an event is about to be committed.
 *
 * The kernel gives TRACE_PORT_CONTEXT in trace_port_asm.h. */
#ifndef CONFIG_DEBUG_TRACE
#define CONFIG_DEBUG_TRACE 1
#endif
#if CONFIG_DEBUG_TRACE && defined(__riscv) && __riscv_xlen == 32
#include "trace_port_asm.h"

/* Fields under names of their own (trace.c): the linker must see 96 bytes of trace_ctl + 8 within
 * reach of gp before it addresses that through gp, but only the word itself of trace_ctl_head. */
#define HEAD        trace_ctl_head
#define TAIL        trace_ctl_tail
#define BLOCK_WORD  trace_ctl_block_word
#define BLOCK       trace_ctl_block
#define BLOCK_SIZE  trace_ctl_block_size
#define CLOSED      trace_ctl_closed
#define MODE        trace_ctl_mode
#define LOST_FULL   trace_ctl_lost_full
#define TIME        trace_ctl_time
#define END         trace_ctl_end
#define WRAP        trace_ctl_wrap
#define ON          trace_ctl_on_CORE
#define MODE_FULL   2
#define MODE_BROKEN 8
#define NO_HEAD     -16
#define NO_TAIL     64
#define HEADER      32

/* Called by `jal t0` with head in t1 and tail in t2 (trace_rv32_room loads them first).
 * Room:  returns to t0 + 4 with head in t1, tail in t5.
 * None:  returns to t0, where a 4-byte jump stands; the event was counted as lost.
 * A trap between any two instructions lets the writer start over; see the states in trace_block.c.
 * */
    .section .text.trace_rv32_room, "ax", @progbits
    .globl  trace_rv32_room, trace_rv32_room_t1t2
    .type   trace_rv32_room, @function
    .type   trace_rv32_room_t1t2, @function
    .balign 4
trace_rv32_room:
    lw      t1, HEAD
    lw      t2, TAIL
trace_rv32_room_t1t2:
    lw      t3, BLOCK               /* B */
    bltu    t2, t1, not_open
    lw      t4, BLOCK_SIZE
    sub     t1, t1, t3
    addi    t1, t1, -HEADER         /* bytes of slots */
    bgeu    t1, t4, broken          /* head is not in B: before anything is written */
    add     t5, t3, t4
    sub     t2, t5, t2              /* bytes of payload */
    srli    t1, t1, 3
    slli    t2, t2, 14              /* words << 16 */
    or      t2, t2, t1
    sw      t2, 0(t3)               /* slots, words: B is final */
    sw      t4, TAIL, t2            /* -> CLOSING: any value below the ring */
closing:                            /* t3 B, t1 its slots, t4 block size, t5 end of B */
    lw      t2, END
    bne     t5, t2, 1f
    lw      t5, WRAP
    beqz    t5, full
1:  sw      zero, 0(t5)             /* t5 C; its old contents are gone for a reader */
    lw      t2, 8(t3)
    add     t2, t2, t1
    sw      t2, 8(t5)               /* event_seq */
    lw      t2, TIME
    sw      t2, 12(t5)
    lw      t2, BLOCK_WORD
    sw      t2, 4(t5)               /* magic, mask */
    TRACE_PORT_CONTEXT t5, t1, t2   /* stores words 16 and 20 */
    sw      t3, CLOSED, t2
    addi    t1, t5, HEADER
    sw      t1, HEAD, t2            /* -> MOVED */
    sw      t5, BLOCK, t2           /* -> CURRENT */
current:                            /* t5 C, t1 its first slot, t4 block size */
    add     t5, t5, t4
    .size   trace_rv32_room, . - trace_rv32_room

/* A capture outside the target takes the block at `closed` when this is executed. */
    .globl  trace_capture_point
    .type   trace_capture_point, @function
trace_capture_point:
    sw      t5, TAIL, t2            /* -> OPEN */
    jr      4(t0)
    .size   trace_capture_point, . - trace_capture_point

    .type   trace_rv32_room_rare, @function
trace_rv32_room_rare:
not_open:                           /* t3 B, t1 head */
    beqz    t3, count
    lw      t4, BLOCK_SIZE
    addi    t2, t3, HEADER
    bne     t1, t2, 1f
    mv      t5, t3                  /* CURRENT: only tail is missing */
    j       current
1:  lhu     t1, 0(t3)               /* CLOSING or MOVED: again from B */
    beqz    t1, broken              /* neither: B was not closed */
    add     t5, t3, t4
    j       closing

full:                               /* one-shot: t3 is the last block */
    sw      t3, CLOSED, t2
    li      t5, NO_TAIL
    mv      t6, t0
    jal     t0, trace_capture_point /* comes back 4 bytes further on */
    .word   0                       /* never executed */
    mv      t0, t6
    lw      t2, MODE
    ori     t2, t2, MODE_FULL
    sw      t2, MODE, t1
    li      t2, NO_HEAD
    sw      t2, HEAD, t1
    sw      zero, BLOCK, t1         /* -> FULL */
count:                              /* a trap before the store counts again, one after it not */
    lw      t2, LOST_FULL
    addi    t2, t2, 1
    sw      t2, LOST_FULL, t1
    .option push
    .option norvc
    li      tp, 0                   /* 4 bytes here: what is before it is not a commit */
    .option pop
    jr      t0

broken:
    sw      zero, ON, t1
    sw      zero, ON + 4, t1
    sw      zero, ON + 8, t1
    sh      zero, BLOCK_WORD + 2, t1
    lw      t2, MODE
    ori     t2, t2, MODE_BROKEN
    sw      t2, MODE, t1
    jr      t0
    .size   trace_rv32_room_rare, . - trace_rv32_room_rare

/* void trace_pass_capture(void): the capture point as a C function; leaves tail = NO_TAIL. */
    .section .text.trace_pass_capture, "ax", @progbits
    .globl  trace_pass_capture
    .type   trace_pass_capture, @function
trace_pass_capture:
    li      t5, NO_TAIL
    addi    t0, ra, -4
    j       trace_capture_point
    .size   trace_pass_capture, . - trace_pass_capture

/* A trap hit machine-mode code with tp not 0: a writer that is not done (trace_trap.h). In: t0
 * where to go on; t4 as it was; t1, t2, t3 free. Out: mepc where the writer goes on, tp = 0. */
    .section .text.trace_rv32_restart, "ax", @progbits
    .globl  trace_rv32_restart
    .type   trace_rv32_restart, @function
    .balign 4
trace_rv32_restart:
    csrr    t1, mepc
    lhu     t2, 0(t1)
    li      t3, 0x4201              /* c.li tp, 0: the event is committed */
    beq     t2, t3, 2f
    lhu     t2, 4(t1)
    bne     t2, t3, 1f
    sw      t4, HEAD, t2            /* the store of head is next, and tail is stored: finish */
    addi    t1, t1, 4
    j       2f
1:  lhu     t2, 8(t1)               /* an image whose gp does not reach head: auipc t6, then sw */
    bne     t2, t3, 1f
    lhu     t2, 0(t1)
    slli    t2, t2, 20
    li      t3, 0xF97 << 20
    bne     t2, t3, 1f
    sw      t4, HEAD, t2
    addi    t1, t1, 8
    j       2f
1:  lhu     t2, 0(t1)
    li      t3, 0x0213              /* li tp, 0 in 4 bytes: the event is counted as lost */
    beq     t2, t3, 2f
    mv      t1, tp                  /* start over */
2:  csrw    mepc, t1
    li      tp, 0
    jr      t0
    .size   trace_rv32_restart, . - trace_rv32_restart
#endif
