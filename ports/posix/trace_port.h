/* SPDX-License-Identifier: MIT */
/* The recorder in a POSIX process: each thread is a hart with a ring of its own; a signal handler
 * is an interrupt. Link ports/posix/trace_posix.c and the .c files of trace/.
 *
 * Threads: call trace_posix_attach() first; what a thread records before is dropped. Readers
 * (trace_read, trace_snapshot, trace_get_stats) work on the calling thread's ring.
 * Signals: `any` writers block signals only if TRACE_POSIX_SIGNALS is 1 (two system calls an
 * event); with 0, which is the default, signal handlers must not record. */
#ifndef TRACE_PORT_H
#define TRACE_PORT_H
#include <stddef.h>
#include <stdint.h>
#if TRACE_POSIX_SIGNALS
#include <signal.h>
#endif

#define TRACE_PORT_OWN_CONTROL 1

struct trace_control;

/* What is private to a thread. `base` is what the 32-bit addresses of the control block count
 * from. */
struct trace_posix {
    volatile struct trace_control *control;
    unsigned char *base;
    uint32_t context; /* running | depth << 16 | level << 24 */
    uint32_t causes;
    uint32_t hart;
};
extern __thread struct trace_posix trace_posix_self;

#define TRACE_PORT_CONTROL() (trace_posix_self.control)
#define TRACE_PORT_BASE() (trace_posix_self.base)

/* Nanoseconds of CLOCK_MONOTONIC; a test links its own. */
uint64_t trace_posix_now(void);

static inline uint32_t trace_port_stamp(void)
{
    return (uint32_t) trace_posix_now();
}
static inline uint64_t trace_port_clock(void)
{
    return trace_posix_now();
}

#if TRACE_POSIX_SIGNALS
typedef sigset_t trace_irq_t;
static inline trace_irq_t trace_port_mask(void)
{
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    return old;
}
static inline void trace_port_restore(trace_irq_t old)
{
    sigprocmask(SIG_SETMASK, &old, NULL);
}
#else
typedef int trace_irq_t;
static inline trace_irq_t trace_port_mask(void)
{
    return 0;
}
static inline void trace_port_restore(trace_irq_t old)
{
    (void) old;
}
#endif

static inline uint32_t trace_port_context(void)
{
    return trace_posix_self.context;
}
static inline uint32_t trace_port_causes(void)
{
    return trace_posix_self.causes;
}
static inline uint32_t trace_port_hart(void)
{
    return trace_posix_self.hart;
}
static inline uint32_t trace_port_address(const volatile void *p)
{
    return (uint32_t) ((const volatile unsigned char *) p - trace_posix_self.base);
}
static inline void trace_port_assert_off(void) {}

void trace_port_console(const char *text, uint32_t length);

/* Loaded here: a process has memory, and its own symbols are at hand. */
#define TRACE_PORT_TEXT_SECTION __attribute__((section("trace_fmt")))
extern const char __start_trace_fmt[] __attribute__((weak));
#define TRACE_PORT_TEXT_ADDRESS(text) ((uint32_t) ((const char *) (text) - __start_trace_fmt))
#define TRACE_PORT_INFO_SECTION(name) __attribute__((used))

/* A ring for the calling thread, which is hart number `hart` (each number once), and a start. 0,
 * or -1. */
int trace_posix_attach(uint32_t hart, uint32_t bytes, uint32_t block_bytes, uint32_t mode);
/* Gives the thread's ring back. */
void trace_posix_detach(void);
#endif
