/* SPDX-License-Identifier: MIT */
/* Pipes: FIFOs of bytes. Several readers or writers may share one; their bytes then interleave per
 * chunk. Readers are served in the order in which they came, writers too. All calls: task or
 * app_main, those that block only in a task; the three questions also in interrupt handlers. */
#pragma once

#include <lib/libc.h>

#define PIPE_MAGIC 0x50495045 /* "PIPE" */
#define PIPE_MIN_SIZE 4
#define PIPE_MAX_SIZE 32768

typedef struct pipe {
    char *buf;
    uint16_t mask; /* capacity - 1 */
    volatile uint16_t head, tail, used;
    uint32_t magic;
} pipe_t;

/* `size` is clamped to 4..32768 and rounded up to a power of two; all of it is usable. NULL
 * without memory. */
pipe_t *mo_pipe_create(uint16_t size);
/* NULL gives ERR_OK; ERR_TASK_BUSY while tasks wait; ERR_FAIL for a broken one. */
int32_t mo_pipe_destroy(pipe_t *pipe);

void mo_pipe_flush(pipe_t *pipe); /* throws the stored bytes away; blocked writers go on */

/* Bytes stored / capacity / room; -1 for a broken pipe. */
int32_t mo_pipe_size(pipe_t *pipe);
int32_t mo_pipe_capacity(pipe_t *pipe);
int32_t mo_pipe_free_space(pipe_t *pipe);

/* Block until all n bytes moved and return n; ERR_FAIL for NULL, a broken pipe or n = 0. */
int32_t mo_pipe_read(pipe_t *pipe, char *data, uint16_t n);
int32_t mo_pipe_write(pipe_t *pipe, const char *data, uint16_t n);

/* Move what is possible now: 0..n; ERR_FAIL as above. Never block. */
int32_t mo_pipe_nbread(pipe_t *pipe, char *data, uint16_t n);
int32_t mo_pipe_nbwrite(pipe_t *pipe, const char *data, uint16_t n);
