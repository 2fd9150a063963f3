# SPDX-License-Identifier: MIT
# Functions whose cost can be read off the page. Each is followed by a line that tests/qemu/run.py
# reads:
#
#   #= NAME calls=N instructions=N own=N loads=N stores=N csrs=N masked=N
#      each a plain number, or min/median/max
#
# guest_c.c calls them, with a timer interrupt every few hundred instructions while known_long runs.
    .option norelax
    .macro function name
    .text
    .globl \name
    .type \name, @function
    .balign 4
\name:
    .endm
    .macro end name
    .size \name, . - \name
    .endm

    function known_empty
    ret
    end known_empty
#= known_empty calls=3 instructions=1 own=1 loads=0 stores=0 csrs=0 masked=0 off=1

    function known_seven
    la t0, cell             # 2
    lw t1, 0(t0)
    lh t2, 4(t0)
    addi t1, t1, 1
    sw t1, 0(t0)
    ret
    end known_seven
#= known_seven calls=6 instructions=7 own=7 loads=2 stores=1 csrs=0 masked=0

    function known_masked
    csrrci t0, mstatus, 8
    nop
    nop
    nop
    andi t0, t0, 8
    csrs mstatus, t0
    ret
    end known_masked       # once with interrupts on; the other two callers have masked them
#= known_masked calls=3 instructions=7 own=7 loads=0 stores=0 csrs=2 masked=0/0/5 off=5/7/7

    function known_stack    # the old state waits on the stack, and comes back by csrw
    addi sp, sp, -16
    csrr t0, mstatus
    sw t0, 0(sp)
    csrci mstatus, 8
    nop
    nop
    lw t1, 0(sp)
    csrw mstatus, t1
    addi sp, sp, 16
    ret
    end known_stack
#= known_stack calls=2 instructions=10 own=10 loads=1 stores=1 csrs=3 masked=4

    # masks, calls one that masks again and restores: still masked in between
    function known_nested
    addi sp, sp, -16
    sw ra, 12(sp)
    sw s0, 8(sp)
    csrrci s0, mstatus, 8
    jal known_masked        # 7 more, all masked
    andi s0, s0, 8
    csrs mstatus, s0
    lw s0, 8(sp)
    lw ra, 12(sp)
    addi sp, sp, 16
    ret
    end known_nested
#= known_nested calls=1 instructions=18 own=11 loads=2 stores=2 csrs=4 masked=10

    function known_callee
    addi sp, sp, -16
    sw ra, 12(sp)
    jal known_seven
    jal known_seven
    lw ra, 12(sp)
    addi sp, sp, 16
    ret
    end known_callee
#= known_callee calls=2 instructions=21 own=7 loads=5 stores=3 csrs=0 masked=0

    function known_loop     # a branch back to the first instruction is no call
    addi a0, a0, -1
    bnez a0, known_loop
    ret
    end known_loop
#= known_loop calls=3 instructions=3/21/201 own=3/21/201 loads=0 stores=0 csrs=0 masked=0

    function known_recursive
    beqz a0, 1f
    addi sp, sp, -16
    sw ra, 12(sp)
    addi a0, a0, -1
    jal known_recursive
    lw ra, 12(sp)
    addi sp, sp, 16
1:  ret
    end known_recursive
#= known_recursive calls=4 instructions=2/10/26 own=2/8/8 loads=0/1/3 stores=0/1/3 csrs=0 masked=0

    function known_tail     # the callee returns for it
    nop
    j known_seven
    end known_tail
#= known_tail calls=2 instructions=9 own=2 loads=2 stores=1 csrs=0 masked=0

    function known_call     # the trap handler counts as a callee: 13 instructions
    ecall
    ret
    end known_call
#= known_call calls=2 instructions=15 own=2 loads=2 stores=2 csrs=4 masked=13

    function known_atomic
    la t0, cell
    amoadd.w t1, t0, (t0)
    lr.w t1, (t0)
    sc.w t2, t1, (t0)
    ret
    end known_atomic
#= known_atomic calls=1 instructions=6 own=6 loads=2 stores=2 csrs=0 masked=0

    function known_long     # interrupts hit it; none of their instructions is its own
    li t2, 1000
1:  addi t2, t2, -1
    bnez t2, 1b
    ret
    end known_long
#= known_long calls=8 instructions=2002 own=2002 loads=0 stores=0 csrs=0 masked=0

    function known_switch   # a0: where to leave sp, a1: where to get it; returns on the other stack
    addi sp, sp, -16
    sw ra, 12(sp)
    sw s0, 8(sp)
    sw sp, 0(a0)
    lw sp, 0(a1)
    lw s0, 8(sp)
    lw ra, 12(sp)
    addi sp, sp, 16
    ret
    end known_switch
#= known_switch calls=7 abandoned=1 instructions=9 own=9 loads=3 stores=3 csrs=0 masked=0

    function known_unrolled # a path through compressed branches, shifts, divisions
    li a1, 100
    li a2, 7
    divu a3, a1, a2         # 14
    remu a4, a1, a2         # 2
    mul a3, a3, a4          # 28
    slli a3, a3, 3          # 224
    srai a3, a3, 4          # 14
    sub a3, a3, a2          # 7
    bne a3, a2, 1f
    nop
    jr ra
1:  ebreak
    end known_unrolled
#= known_unrolled calls=1 instructions=11 own=11 loads=0 stores=0 csrs=0 masked=0

# ecall: 13 instructions, 2 loads, 2 stores, 4 CSR accesses. An interrupt: more, and t0 and t1
# come back too.
    .text
    .globl trap_entry
    .type trap_entry, @function
    .balign 4
trap_entry:
    addi sp, sp, -16
    sw t0, 0(sp)
    sw t1, 4(sp)
    csrr t0, mcause
    bltz t0, 1f
    csrr t1, mepc
    addi t1, t1, 4
    csrw mepc, t1
    csrr t0, mcycle
    lw t1, 4(sp)
    lw t0, 0(sp)
    addi sp, sp, 16
    mret
1:  addi sp, sp, -64
    sw a0, 0(sp)
    sw a1, 4(sp)
    sw a2, 8(sp)
    sw a3, 12(sp)
    sw a4, 16(sp)
    sw a5, 20(sp)
    sw ra, 24(sp)
    sw t2, 28(sp)
    jal on_timer
    lw a0, 0(sp)
    lw a1, 4(sp)
    lw a2, 8(sp)
    lw a3, 12(sp)
    lw a4, 16(sp)
    lw a5, 20(sp)
    lw ra, 24(sp)
    lw t2, 28(sp)
    addi sp, sp, 64
    lw t1, 4(sp)
    lw t0, 0(sp)
    addi sp, sp, 16
    mret
    .size trap_entry, . - trap_entry

# Calls a1 with a0 and returns what mcycle counted from behind the first read to before the
# second, call included.
    function measured
    addi sp, sp, -16
    sw ra, 12(sp)
    csrr t3, mcycle
    jalr a1
    csrr a0, mcycle
    sub a0, a0, t3
    lw ra, 12(sp)
    addi sp, sp, 16
    ret
    end measured

    .data
    .balign 4
cell:
    .word 1, 0x12348765
