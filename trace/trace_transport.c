/* SPDX-License-Identifier: MIT */
/* Transports for the drain: a debug probe's up-buffer, and semihosting. Linked only where used. */
#include "trace_drain.h"
#if CONFIG_DEBUG_TRACE

#ifndef CONFIG_TRACE_RTT_SIZE
#define CONFIG_TRACE_RTT_SIZE 1024 /* bytes of the up-buffer; one of them stays free */
#endif

/* The layout that probes look for: 16 bytes of name, then the two numbers of buffers, then the
 * buffers. The probe writes `read`; we write `write`. */
struct trace_rtt_buffer {
    const char *name;
    uint8_t *bytes;
    uint32_t size;
    volatile uint32_t write, read;
    uint32_t flags;
};
struct trace_rtt {
    volatile char id[16];
    int32_t up_buffers, down_buffers;
    struct trace_rtt_buffer up;
};
extern struct trace_rtt _SEGGER_RTT;

static uint8_t trace_rtt_bytes[CONFIG_TRACE_RTT_SIZE];
struct trace_rtt _SEGGER_RTT = {
    {0}, 1, 0, {"kymo", trace_rtt_bytes, sizeof(trace_rtt_bytes), 0, 0, 0}};

/* The name is put in at run time and backwards, so that a probe finds it neither in the image nor
 * half-made. */
static void trace_rtt_announce(void)
{
    static const char name[] = "SEGGER RTT";
    for (unsigned i = sizeof(name); i-- > 0;)
        _SEGGER_RTT.id[i] = name[i];
}

uint32_t trace_rtt_put(void *to, const void *bytes, uint32_t n)
{
    struct trace_rtt_buffer *b = &_SEGGER_RTT.up;
    const uint8_t *p = bytes;
    uint32_t write = b->write, read = b->read, done = 0;
    (void) to;
    if (_SEGGER_RTT.id[0] == 0)
        trace_rtt_announce();
    if (read >= b->size)
        return 0; /* the probe wrote nonsense: send nothing, write nowhere */
    while (done < n) {
        uint32_t next = write + 1 == b->size ? 0 : write + 1;
        if (next == read)
            break;
        b->bytes[write] = p[done++];
        write = next;
    }
    __asm__ volatile("" ::: "memory"); /* the bytes before the offset that shows them */
    b->write = write;
    return done;
}

#if defined(__riscv)
static long trace_semihosting(long operation, const void *argument)
{
    register long a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    /* recognised as a sequence: uncompressed, and in one page */
    __asm__ volatile(".option push\n.option norvc\n.balign 16\n"
                     "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

uint32_t trace_semihosting_put(void *to, const void *bytes, uint32_t n)
{
    enum { SYS_OPEN = 1, SYS_WRITE = 5, MODE_WB = 5 };
    static long file = -1;
    const char *name = to;
    long length = 0;
    if (file < 0) {
        while (name[length])
            length++;
        const long open[3] = {(long) (uintptr_t) name, MODE_WB, length};
        file = trace_semihosting(SYS_OPEN, open);
        if (file < 0)
            return 0;
    }
    const long write[3] = {file, (long) (uintptr_t) bytes, (long) n};
    return n - (uint32_t) trace_semihosting(SYS_WRITE, write); /* it returns what was not written */
}
#endif
#endif
