/* SPDX-License-Identifier: MIT */
/* A user task makes thousands of system calls with random numbers and arguments, most of them
 * nasty: addresses of the kernel, of devices, of nothing, huge counts. Some of its children die
 * at once. The kernel survives, its variables and the heap stay sound, and nothing is left
 * behind. */
#include "verdict.h"

#include "kernel/sched.h"

#define CALLS 20000

static volatile int32_t made, ended;
static uint32_t user_seed = 77;
static char own[16] = "own";

static uint32_t any(uint32_t sides)
{
    user_seed ^= user_seed << 13;
    user_seed ^= user_seed >> 17;
    user_seed ^= user_seed << 5;
    return user_seed % sides;
}

static void dies(void)
{
    __asm__ volatile("csrw mstatus, zero");
}

static uint32_t nasty(void)
{
    switch (any(16)) {
    case 0:
        return 0;
    case 1:
        return (uint32_t) any;
    case 2:
        return (uint32_t) own;
    case 3:
        return (uint32_t) &kernel_cb;
    case 4:
        return (uint32_t) kernel_cb.task_current;
    case 5:
        return HAL_UART + any(8);
    case 6:
        return HAL_FINISHER;
    case 7:
        return (uint32_t) &_stack_top - any(8);
    case 8:
        return 0xffffffff - any(16);
    case 9:
        return 0x80000000 + any(8);
    case 10:
        return (uint32_t) &_heap_start + any(65536);
    case 11:
        return (uint32_t) own + 16 - any(4);
    case 12:
        return any(70000);
    case 13:
        return (uint32_t) &_etext - any(8);
    default:
        return any(0xffffffff);
    }
}

/* Not the calls that end, stop or delay whom this test needs, and no read: nobody types. */
static uint32_t any_number(void)
{
    for (;;) {
        uint32_t number = any(4) ? any(60) : nasty();
        switch (number) {
        case SYS_exit:
        case SYS_read:
        case SYS_usleep:
        case SYS_tcancel:
        case SYS_tdelay:
        case SYS_tsuspend:
        case SYS_tpriority:
        case SYS_tadd:
        case SYS_twfi:
            continue;
        default:
            return number;
        }
    }
}

static void call_at_random(void)
{
    while (made < CALLS) {
        uint32_t number = any_number();
        uint32_t count = number == SYS_write ? any(2) * 0x80000000 + any(3) : nasty();
        syscall((int) number, (void *) nasty(), (void *) nasty(), (void *) count);
        if (any(500) == 0)
            sys_tadd(dies, (int) any(70000) - 2000);
        if (any(64) == 0)
            sys_tpriority(7000 + (int) any(60000), (int) nasty());
        made++;
    }
    ended = 1;
}

void monitor_task(void)
{
    heap_info_t before, after;
    mo_heap_walk(&before);
    CHECK(mo_task_spawn_user(call_at_random, 1024) > 0);
    for (int32_t ticks = 0; ticks < 5000 && !ended; ticks++) {
        mo_task_delay(1);
        mo_heap_walk(&after); /* panics when a header is broken */
    }
    CHECK_EQ(made, CALLS);
    mo_task_delay(10);
    CHECK_EQ(mo_task_count(), 2);
    mo_heap_walk(&after);
    CHECK_EQ(after.used_bytes, before.used_bytes);
    CHECK(!memcmp(own, "own\0\0\0\0\0\0\0\0\0\0\0\0", 16));
    printf("\n");
    verdict("user_fuzz");
}

int32_t app_main(void)
{
    mo_task_spawn(monitor_task, 2048);
    return 1;
}
