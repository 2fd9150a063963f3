/* SPDX-License-Identifier: MIT */
/* A piece of console text: what kernel/console.c writes whole. Private to console and logger. */
#pragma once

#include <lib/libc.h>

struct piece {
    struct piece *next;
    const struct piece *self; /* proves that the memory is still a piece */
    const char *at, *end;     /* what is left to write; not empty when appended */
    volatile bool done;
};

/* `p` belongs to the console until p->done. Any context. */
void piece_append(struct piece *p);

/* Whether text waits to be written. Interrupts off. */
bool console_pending(void);
