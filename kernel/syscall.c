/* SPDX-License-Identifier: MIT */
/* The kernel's side of system calls.
 *
 * The gate, syscall_service, runs on the caller's kernel stack with interrupts as the caller had
 * them, so a service may block like any task code. Numbers and ids from user mode are checked
 * here, pointers by user_range: what a user task hands over must lie in its own world, see
 * there. Calls from machine mode are trusted as mo_ calls are.
 *
 * 1 to 20 answer in the POSIX way, -1 and errno; the others return a negated error number. */

#include <lib/malloc.h>

#include <private/console.h>
#include <private/stdio.h>

#include <sys/syscall.h>

#include "trace.h"

#include "sched.h"

int errno;
static char *no_environment[] = {NULL};
char **environ = no_environment;

struct request {
    uint32_t a0, a1, a2;
    bool user;
};

typedef int32_t service_t(const struct request *);

static int32_t fail(int number)
{
    errno = number;
    return -1;
}

/* --- pointers from user mode --- */

/* The application's part of .data and .bss, in the order of the linker script. */
extern char _sapp_sdata[], _eapp_sdata[], _sapp_sbss[], _eapp_sbss[];
extern char _sapp_data[], _eapp_data[], _sapp_bss[], _eapp_bss[];

struct range {
    const char *first, *last; /* last is the address behind */
};

/* A user task's world: code and constants (to read), the application's variables, and its own
 * stack. Not the kernel's variables, the heap (control blocks and others' stacks lie there) or a
 * device. The range that holds `at`, empty if none does. */
static struct range user_range(const char *at, bool writes)
{
    const tcb_t *self = sched_current();
    const struct range world[] = {
        {(char *) self->stack, (char *) self->stack + self->stack_sz},
        {_sapp_sdata, _eapp_sdata},
        {_sapp_sbss, _eapp_sbss},
        {_sapp_data, _eapp_data},
        {_sapp_bss, _eapp_bss},
        {(char *) &_stext, writes ? (char *) &_stext : (char *) &_etext},
    };
    for (uint32_t k = 0; k < ARRAY_SIZE(world); k++) {
        if (at >= world[k].first && at < world[k].last)
            return world[k];
    }
    return (struct range){at, at};
}

/* Whether the caller may hand over `count` bytes at `address`. */
static bool buffer_ok(const struct request *r, uint32_t address, uint32_t count, bool writes)
{
    const char *at = (const char *) address;
    if (!r->user)
        return at != NULL;
    return count <= (uint32_t) (user_range(at, writes).last - at);
}

#define TEXT_MAX 254 /* as puts */

/* Copies a text of the caller's, cut at TEXT_MAX. Its length, or a negative error number. */
static int32_t copy_text(const struct request *r, uint32_t address, char *to)
{
    const char *from = (const char *) address;
    uint32_t room = r->user ? (uint32_t) (user_range(from, false).last - from) : TEXT_MAX + 1;
    uint32_t length = 0;
    if (!from || !room)
        return -EFAULT;
    while (length < TEXT_MAX && length < room && from[length]) {
        to[length] = from[length];
        length++;
    }
    /* No terminator in all the room: the text goes on where the caller may not read. */
    return length == room ? -EFAULT : (int32_t) length;
}

/* --- 1 to 20 --- */

static int32_t serve_none(const struct request *r)
{
    return fail(ENOSYS);
}

static int32_t serve_exit(const struct request *r)
{
    mo_task_exit();
}

static int32_t serve_wait(const struct request *r)
{
    return fail(ECHILD);
}

static int32_t serve_getpid(const struct request *r)
{
    return 1;
}

/* The memory behind the image is the kernel's heap. */
static int32_t serve_sbrk(const struct request *r)
{
    return fail(ENOMEM);
}

static void sleep_ticks(uint32_t ticks)
{
    for (; ticks > UINT16_MAX; ticks -= UINT16_MAX)
        mo_task_delay(UINT16_MAX);
    mo_task_delay((uint16_t) ticks);
}

static int32_t serve_usleep(const struct request *r)
{
    const uint32_t tick_us = 1000000 / F_TIMER;
    if ((int32_t) r->a0 < 0)
        return fail(EINVAL);
    sleep_ticks((r->a0 + tick_us - 1) / tick_us);
    return 0;
}

static int32_t serve_stat(const struct request *r)
{
    if (!buffer_ok(r, r->a1, sizeof(struct stat), true))
        return fail(EFAULT);
    *(struct stat *) r->a1 = (struct stat){.st_mode = S_IFCHR};
    return 0;
}

static int32_t serve_file(const struct request *r)
{
    return fail(ENOENT);
}

static int32_t serve_descriptor(const struct request *r)
{
    return fail(EBADF);
}

/* Waits for the first character, as a task that sleeps, and takes what else is there. */
static int32_t serve_read(const struct request *r)
{
    char *to = (char *) r->a1;
    int32_t wanted = (int32_t) r->a2, count = 0;
    if (r->a0 != 0)
        return fail(EBADF);
    if (wanted < 0)
        return fail(EINVAL);
    if (!buffer_ok(r, r->a1, r->a2, true))
        return fail(EFAULT);
    while (count < wanted && (count == 0 || _kbhit()))
        to[count++] = (char) _getchar();
    return count;
}

static int32_t serve_write(const struct request *r)
{
    if (r->a0 != 1 && r->a0 != 2)
        return fail(EBADF);
    if ((int32_t) r->a2 < 0)
        return fail(EINVAL);
    if (!buffer_ok(r, r->a1, r->a2, false))
        return fail(EFAULT);
    console_write((const char *) r->a1, r->a2);
    return (int32_t) r->a2;
}

static int32_t serve_lseek(const struct request *r)
{
    return r->a0 <= 2 ? 0 : fail(EBADF);
}

/* --- tasks --- */

static bool id_ok(uint32_t id)
{
    return id - 1 < UINT16_MAX;
}

/* Spawning panics when memory or ids run out; a user task must not be able to bring that about. */
static bool can_spawn(uint32_t stack)
{
    void *probe = malloc(stack + 4096);
    free(probe);
    return probe && kernel_cb.next_tid < UINT16_MAX - 1;
}

/* The new task never has more rights than the caller. */
static int32_t serve_tadd(const struct request *r)
{
    int32_t stack = (int32_t) r->a1;
    if (!r->a0 || (r->a0 & 1) || stack < 0 || stack > UINT16_MAX)
        return -EINVAL;
    sched_lock(); /* nobody takes what the test has found */
    int32_t id = -EAGAIN;
    if (can_spawn((uint32_t) stack))
        id = sched_spawn((void *) r->a0, (uint32_t) stack, r->user);
    sched_unlock();
    return id;
}

static int32_t serve_tcancel(const struct request *r)
{
    return id_ok(r->a0) ? mo_task_cancel((uint16_t) r->a0) : -EINVAL;
}

static int32_t serve_tyield(const struct request *r)
{
    mo_task_yield();
    return 0;
}

static int32_t serve_tdelay(const struct request *r)
{
    if ((int32_t) r->a0 < 0)
        return -EINVAL;
    sleep_ticks(r->a0);
    return 0;
}

static int32_t serve_tsuspend(const struct request *r)
{
    return id_ok(r->a0) ? mo_task_suspend((uint16_t) r->a0) : -EINVAL;
}

static int32_t serve_tresume(const struct request *r)
{
    return id_ok(r->a0) ? mo_task_resume((uint16_t) r->a0) : -EINVAL;
}

static int32_t serve_tpriority(const struct request *r)
{
    if (!id_ok(r->a0) || r->a1 > UINT16_MAX)
        return -EINVAL;
    return mo_task_priority((uint16_t) r->a0, (uint16_t) r->a1);
}

static int32_t serve_tid(const struct request *r)
{
    return mo_task_id();
}

static int32_t serve_twfi(const struct request *r)
{
    mo_task_wfi();
    return 0;
}

static int32_t serve_tcount(const struct request *r)
{
    return mo_task_count();
}

static int32_t serve_ticks(const struct request *r)
{
    return (int32_t) mo_ticks();
}

static int32_t serve_uptime(const struct request *r)
{
    return (int32_t) mo_uptime();
}

static int32_t serve_tputs(const struct request *r)
{
    char text[TEXT_MAX + 2];
    int32_t length = copy_text(r, r->a0, text);
    if (length < 0)
        return length;
    text[length] = '\n';
    console_write(text, (uint32_t) length + 1);
    return 0;
}

static int32_t serve_trace(const struct request *r)
{
    trace_mark_any(r->a0, r->a1);
    return 0;
}

/* --- the gate --- */

static service_t *const services[SYS_COUNT] = {
    [SYS_fork] = serve_none,
    [SYS_exit] = serve_exit,
    [SYS_wait] = serve_wait,
    [SYS_pipe] = serve_none,
    [SYS_kill] = serve_none,
    [SYS_execve] = serve_none,
    [SYS_dup] = serve_descriptor,
    [SYS_getpid] = serve_getpid,
    [SYS_sbrk] = serve_sbrk,
    [SYS_usleep] = serve_usleep,
    [SYS_stat] = serve_stat,
    [SYS_open] = serve_file,
    [SYS_close] = serve_descriptor,
    [SYS_read] = serve_read,
    [SYS_write] = serve_write,
    [SYS_lseek] = serve_lseek,
    [SYS_chdir] = serve_file,
    [SYS_mknod] = serve_none,
    [SYS_unlink] = serve_file,
    [SYS_link] = serve_file,
    [SYS_tadd] = serve_tadd,
    [SYS_tcancel] = serve_tcancel,
    [SYS_tyield] = serve_tyield,
    [SYS_tdelay] = serve_tdelay,
    [SYS_tsuspend] = serve_tsuspend,
    [SYS_tresume] = serve_tresume,
    [SYS_tpriority] = serve_tpriority,
    [SYS_tid] = serve_tid,
    [SYS_twfi] = serve_twfi,
    [SYS_tcount] = serve_tcount,
    [SYS_ticks] = serve_ticks,
    [SYS_uptime] = serve_uptime,
    [SYS_tputs] = serve_tputs,
    [SYS_trace] = serve_trace,
};

int32_t syscall_service(uint32_t number, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t pc,
                        bool user)
{
    const struct request request = {a0, a1, a2, user};
    service_t *service = number < SYS_COUNT ? services[number] : NULL;
    if (user)
        trace_syscall_in_any(number, a0, a1, pc);
    int32_t result = service ? service(&request) : -ENOSYS;
    if (user)
        trace_syscall_out_any(number, (uint32_t) result);
    return result;
}
