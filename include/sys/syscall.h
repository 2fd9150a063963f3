/* SPDX-License-Identifier: MIT */
/* System calls: the way of user mode into the kernel.
 *
 * Convention: `ecall` with the number in a7, arguments in a0 to a2, the result in a0; a negative
 * one is a negated number of <sys/errno.h>. A number without a service gives -ENOSYS. From
 * machine mode a system call is served as well, as if the caller had made the mo_ call. Pointers
 * are checked: what a user task could not use itself, or must not reach, gives -EFAULT. */
#pragma once

#include <types.h>

#include <sys/errno.h>
#include <sys/stat.h>

/* _(name, number, type, arguments). 1 to 20 keep the numbers of the POSIX calls; this kernel has
 * no processes and no files, so most of them only set errno. */
#define SYSCALL_TABLE                                       \
    _(fork, 1, int, (void) )                                \
    _(exit, 2, int, (int) )                                 \
    _(wait, 3, int, (int *) )                               \
    _(pipe, 4, int, (int *) )                               \
    _(kill, 5, int, (int, int) )                            \
    _(execve, 6, int, (char *, char **, char **) )          \
    _(dup, 7, int, (int) )                                  \
    _(getpid, 8, int, (void) )                              \
    _(sbrk, 9, int, (int) )                                 \
    _(usleep, 10, int, (int) )                              \
    _(stat, 11, int, (char *, struct stat *) )              \
    _(open, 12, int, (char *, int) )                        \
    _(close, 13, int, (int) )                               \
    _(read, 14, int, (int, char *, int) )                   \
    _(write, 15, int, (int, char *, int) )                  \
    _(lseek, 16, int, (int, int, int) )                     \
    _(chdir, 17, int, (const char *) )                      \
    _(mknod, 18, int, (char *, int, int) )                  \
    _(unlink, 19, int, (char *) )                           \
    _(link, 20, int, (char *, char *) )                     \
    _(tadd, 32, int, (void *, int) )                        \
    _(tcancel, 33, int, (int) )                             \
    _(tyield, 34, int, (void) )                             \
    _(tdelay, 35, int, (int) )                              \
    _(tsuspend, 36, int, (int) )                            \
    _(tresume, 37, int, (int) )                             \
    _(tpriority, 38, int, (int, int) )                      \
    _(tid, 39, int, (void) )                                \
    _(twfi, 40, int, (void) )                               \
    _(tcount, 41, int, (void) )                             \
    _(ticks, 42, int, (void) )                              \
    _(uptime, 43, int, (void) )                             \
    _(tputs, 44, int, (const char *) )                      \
    _(trace, 45, int, (uint32_t, uint32_t) )

enum {
#define _(name, number, type, args) SYS_##name = number,
    SYSCALL_TABLE
#undef _
    SYS_COUNT = 46,
};

/* The wrappers: usable in user mode and in machine mode.
 *
 * sys_tadd      a task of the caller's own mode: from user mode always a user task
 * sys_exit      ends the calling task; does not return
 * sys_sbrk      -1, errno ENOMEM: the memory behind the image belongs to the kernel's heap
 * sys_read      waits for the console without holding the hart; fd 0 only
 * sys_tputs     writes the text and a newline
 * sys_trace     records a mark: tag (24 bits) and value */
#define _(name, number, type, args) type sys_##name args;
SYSCALL_TABLE
#undef _

int syscall(int num, void *arg1, void *arg2, void *arg3);
