/* SPDX-License-Identifier: MIT */
/* POSIX port: memory and clock. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "trace.h"

__thread struct trace_posix trace_posix_self;

/* Offsets count from one page before the ring, so that none is as small as TRACE_NO_TAIL. */
enum { BEFORE = 4096 };

__attribute__((weak)) uint64_t trace_posix_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

__attribute__((weak)) void trace_port_console(const char *text, uint32_t length)
{
    while (length) {
        ssize_t n = write(1, text, length);
        if (n <= 0)
            return;
        text += n;
        length -= (uint32_t) n;
    }
}

int trace_posix_attach(uint32_t hart, uint32_t bytes, uint32_t block_bytes, uint32_t mode)
{
    struct trace_posix *self = &trace_posix_self;
    unsigned char *memory = malloc(BEFORE + (size_t) bytes);
    struct trace_control *control = calloc(1, sizeof(*control));
    if (memory && control) {
        control->head = (uint32_t) TRACE_NO_HEAD;
        control->tail = TRACE_NO_TAIL;
        self->control = control;
        self->base = memory;
        self->context = 0xFF00FFFF;
        self->hart = hart;
        if (trace_init(memory + BEFORE, bytes, block_bytes, mode) == 0)
            return 0;
    }
    self->control = NULL;
    free(memory);
    free(control);
    return -1;
}

void trace_posix_detach(void)
{
    free((void *) trace_posix_self.control);
    free(trace_posix_self.base);
    trace_posix_self.control = NULL;
    trace_posix_self.base = NULL;
}
