/* SPDX-License-Identifier: MIT */
/* The user's side of system calls: nothing here touches a CSR, a device or a lock.
 *
 * The kernel's data can be read in user mode (no protection is promised at this version of the
 * API), so `syscall` asks the running task's flags which mode it is in: a user task's code runs
 * in machine mode only inside the kernel, and the kernel never comes here. Machine-mode code
 * gets the service by a plain call. */

#include <lib/libc.h>

#include <private/console.h>

#include <sys/syscall.h>

#include "../kernel/sched.h"

static int call_by_trap(int num, void *arg1, void *arg2, void *arg3)
{
    register uint32_t a0 __asm__("a0") = (uint32_t) arg1;
    register uint32_t a1 __asm__("a1") = (uint32_t) arg2;
    register uint32_t a2 __asm__("a2") = (uint32_t) arg3;
    register int a7 __asm__("a7") = num;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return (int) a0;
}

/* Weak: a board may bring another way in. */
__attribute__((weak)) int syscall(int num, void *arg1, void *arg2, void *arg3)
{
    if (sched_current()->flags & TASK_USER)
        return call_by_trap(num, arg1, arg2, arg3);
    return syscall_service((uint32_t) num, (uint32_t) arg1, (uint32_t) arg2, (uint32_t) arg3,
                           (uint32_t) __builtin_return_address(0), false);
}

/* The wrappers of 1 to 20 are weak: upstream declares them without defining them, so an
 * application may. */
#define POSIX __attribute__((weak))
#define ARG(value) ((void *) (uintptr_t) (value))
#define CALL0(name) syscall(SYS_##name, NULL, NULL, NULL)
#define CALL1(name, a) syscall(SYS_##name, ARG(a), NULL, NULL)
#define CALL2(name, a, b) syscall(SYS_##name, ARG(a), ARG(b), NULL)
#define CALL3(name, a, b, c) syscall(SYS_##name, ARG(a), ARG(b), ARG(c))

POSIX int sys_fork(void) { return CALL0(fork); }
POSIX int sys_exit(int status) { return CALL1(exit, status); }
POSIX int sys_wait(int *status) { return CALL1(wait, status); }
POSIX int sys_pipe(int *ends) { return CALL1(pipe, ends); }
POSIX int sys_kill(int pid, int sig) { return CALL2(kill, pid, sig); }
POSIX int sys_execve(char *path, char **argv, char **env) { return CALL3(execve, path, argv, env); }
POSIX int sys_dup(int fd) { return CALL1(dup, fd); }
POSIX int sys_getpid(void) { return CALL0(getpid); }
POSIX int sys_sbrk(int count) { return CALL1(sbrk, count); }
POSIX int sys_usleep(int usec) { return CALL1(usleep, usec); }
POSIX int sys_stat(char *path, struct stat *st) { return CALL2(stat, path, st); }
POSIX int sys_open(char *path, int flags) { return CALL2(open, path, flags); }
POSIX int sys_close(int fd) { return CALL1(close, fd); }
POSIX int sys_read(int fd, char *data, int count) { return CALL3(read, fd, data, count); }
POSIX int sys_write(int fd, char *data, int count) { return CALL3(write, fd, data, count); }
POSIX int sys_lseek(int fd, int offset, int whence) { return CALL3(lseek, fd, offset, whence); }
POSIX int sys_chdir(const char *path) { return CALL1(chdir, path); }
POSIX int sys_mknod(char *path, int mode, int dev) { return CALL3(mknod, path, mode, dev); }
POSIX int sys_unlink(char *path) { return CALL1(unlink, path); }
POSIX int sys_link(char *from, char *to) { return CALL2(link, from, to); }

int sys_tadd(void *entry, int stack) { return CALL2(tadd, entry, stack); }
int sys_tcancel(int id) { return CALL1(tcancel, id); }
int sys_tyield(void) { return CALL0(tyield); }
int sys_tdelay(int ticks) { return CALL1(tdelay, ticks); }
int sys_tsuspend(int id) { return CALL1(tsuspend, id); }
int sys_tresume(int id) { return CALL1(tresume, id); }
int sys_tpriority(int id, int priority) { return CALL2(tpriority, id, priority); }
int sys_tid(void) { return CALL0(tid); }
int sys_twfi(void) { return CALL0(twfi); }
int sys_tcount(void) { return CALL0(tcount); }
int sys_ticks(void) { return CALL0(ticks); }
int sys_uptime(void) { return CALL0(uptime); }
int sys_tputs(const char *text) { return CALL1(tputs, text); }
int sys_trace(uint32_t tag, uint32_t value) { return CALL2(trace, tag, value); }
