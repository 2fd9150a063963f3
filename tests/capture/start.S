# SPDX-License-Identifier: MIT
# Start-up code of the bare-metal guests of tests/capture and tests/qemu: stack, trap vector,
# main, power off with its value.
    .option norelax
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    csrr t0, mhartid
    bnez t0, park
    la sp, _stack_top
    la t0, trap_entry
    csrw mtvec, t0
    call main
    .globl guest_exit
    .type guest_exit, @function
guest_exit:                 # a0 0: power off; else the status
    li t0, 0x100000
    li t1, 0x5555
    beqz a0, 1f
    slli a0, a0, 16
    li t1, 0x3333
    or t1, t1, a0
1:  sw t1, 0(t0)
park:
    wfi
    j park
    .size guest_exit, . - guest_exit
    .weak trap_entry
    .balign 4
    .type trap_entry, @function
trap_entry:
    li a0, 99
    j guest_exit
    .size trap_entry, . - trap_entry
