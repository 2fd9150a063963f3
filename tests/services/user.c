/* SPDX-License-Identifier: MIT */
/* A hostile user task: numbers out of range, pointers it may not hand over (kernel-faults B14),
 * sbrk (B16), tasks with more rights than its own (A16), exit (B15). The kernel survives, gives
 * errors, and leaks nothing; a machine-mode task watches and gives the verdict. */
#include "verdict.h"

#include "kernel/sched.h"

static volatile int32_t answers[64];
static volatile int32_t asked, stolen, child_ran;
static char own[8] = "own", buffer[4];
static struct stat status_of;

/* Checks in user mode only store; printing and judging is the watcher's work. */
static void answer(int32_t value)
{
    answers[asked++] = value;
}

static void thief(void)
{
    child_ran = 1;
    uint32_t mstatus;
    __asm__ volatile("csrr %0, mstatus" : "=r"(mstatus));
    stolen = 1;
}

static void ask_numbers(void)
{
    answer(syscall(0, NULL, NULL, NULL));
    answer(syscall(-1, NULL, NULL, NULL));
    answer(syscall(21, NULL, NULL, NULL));
    answer(syscall(SYS_COUNT, NULL, NULL, NULL));
    answer(syscall(1000000, NULL, NULL, NULL));
    answer(sys_tcancel(0));
    answer(sys_tcancel(-5));
    answer(sys_tcancel(65536));
    answer(sys_tdelay(-1));
    answer(sys_tpriority(2, -1));
    answer(sys_tadd(NULL, 1024));
    answer(sys_tadd(thief, -1));
    answer(sys_tadd(thief, 70000));
}

static void ask_pointers(void)
{
    answer(sys_tputs(NULL));
    answer(sys_tputs((char *) HAL_UART));
    answer(sys_tputs((char *) &kernel_cb));
    answer(sys_tputs((char *) kernel_cb.task_current));
    answer(sys_tputs((char *) 0x87ffffff));
    answer(sys_tputs((char *) 0x88000000));
    answer(sys_tputs((char *) 0xffffffff));
    answer(sys_write(1, (char *) &kernel_cb, 4));
    answer(sys_write(1, own, 0x7fffffff));
    answer(sys_write(1, own, -1));
    answer(sys_write(9, own, 1));
    answer(sys_read(0, (char *) thief, 4));
    answer(sys_read(0, (char *) &kernel_cb, 4));
    answer(sys_stat(own, (struct stat *) &kernel_cb));
}

static void ask_posix(void)
{
    answer(sys_sbrk(4096));
    answer(errno);
    answer(sys_getpid());
    answer(sys_fork());
    answer(sys_stat(own, &status_of));
    answer(sys_lseek(1, 0, 0));
    answer(sys_usleep(1));
    answer(sys_usleep(-1));
    answer(sys_open(own, 0));
    answer(sys_write(1, own, 3));
    answer(sys_tputs(own));
    answer(sys_trace(5, 7));
}

void umode_validation_task(void)
{
    ask_numbers();
    ask_pointers();
    ask_posix();
    answer(sys_tadd(thief, 1024));
    sys_tdelay(3);
    sys_exit(0);
    stolen = 2;
}

static const int32_t expected[] = {
    /* numbers */
    -ENOSYS, -ENOSYS, -ENOSYS, -ENOSYS, -ENOSYS, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL,
    -EINVAL, -EINVAL, -EINVAL,
    /* pointers */
    -EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT, -EFAULT, -1, -1, -1, -1, -1, -1, -1,
    /* POSIX */
    -1, ENOMEM, 1, -1, 0, 0, 0, -1, -1, 3, 0, 0,
    /* the child */
    4,
};

static volatile int32_t user_id;

void monitor_task(void)
{
    heap_info_t before, after;
    mo_heap_walk(&before);
    user_id = mo_task_spawn_user(umode_validation_task, 2048);
    mo_task_delay(12);
    CHECK_EQ(asked, ARRAY_SIZE(expected));
    for (int32_t k = 0; k < asked; k++) {
        if (answers[k] != expected[k])
            printf("answer %d\n", k);
        CHECK_EQ(answers[k], expected[k]);
    }
    CHECK_EQ(child_ran, 1);
    CHECK_EQ(stolen, 0);
    CHECK_EQ(mo_task_count(), 2); /* the kernel's task and this one */
    mo_task_delay(2);
    mo_heap_walk(&after);
    CHECK_EQ(after.used_bytes, before.used_bytes);
    CHECK_EQ(sys_tputs(NULL), -EFAULT); /* from machine mode as well */
    CHECK(buffer[0] == 0 && status_of.st_mode == S_IFCHR);
    verdict("user");
}

int32_t app_main(void)
{
    CHECK_EQ(sys_tid(), 0); /* from app_main a plain call */
    CHECK_EQ(sys_ticks(), 0);
    mo_task_spawn(monitor_task, 2048);
    return 1;
}
