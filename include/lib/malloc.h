/* SPDX-License-Identifier: MIT */
/* The heap. How it works and what it checks: lib/malloc.c.
 *
 * Context: task, app_main or interrupt handler, machine mode; interrupts are off for a bounded
 * number of instructions per call, whatever the state of the heap. Results are aligned to 8
 * bytes. */
#pragma once

#include <types.h>

/* NULL for size 0, for size > 0x7FFFFFFF and when no block is large enough. */
void *malloc(uint32_t size);
/* `count` objects of `size` bytes, zeroed; NULL also when the product overflows. */
void *calloc(uint32_t count, uint32_t size);
/* NULL acts as malloc; size 0 frees and returns NULL; on failure the old block stays as it is. */
void *realloc(void *ptr, uint32_t size);
/* NULL does nothing. A pointer that is no live block, or a broken header: panic
 * ERR_HEAP_CORRUPT. */
void free(void *ptr);

/* Takes over `len` bytes at `zone` and forgets any heap before. Called once by boot code. */
void mo_heap_init(size_t *zone, uint32_t len);

/* What the heap looks like; used by tests. The walk checks every header and panics on a broken
 * one. Its time grows with the number of blocks and interrupts are off meanwhile: for tests and
 * post-mortem only. */
typedef struct {
    uint32_t used_blocks, used_bytes; /* bytes the callers can use, without headers */
    uint32_t free_blocks, free_bytes, largest_free;
} heap_info_t;
void mo_heap_walk(heap_info_t *info);
