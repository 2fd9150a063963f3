/* SPDX-License-Identifier: MIT */
/* The recorder's naive twin: a list of every event in the order written, and a decoder of the
 * memory layout that knows Documentation/SPEC.md and no code of trace/. Used by tests on the host.
 * */
#ifndef TWIN_H
#define TWIN_H
#include <stdint.h>

struct twin_event {
    uint64_t time;
    uint32_t arg, word[16];
    uint8_t code, words;
};

struct twin {
    struct twin_event *event; /* number n is at event[n] */
    uint32_t count, room;
    const char *token;        /* what a failure prints */
};

void twin_add(struct twin *t, uint64_t time, uint8_t code, uint32_t arg, unsigned n,
              const uint32_t *w);

/* A control block and an address space: bytes [base_address, base_address + size) at `base`. */
struct twin_memory {
    const uint8_t *base;
    uint32_t address, size;
};

/* What the memory says. first_seq..end_seq is contiguous or the decoding fails. */
struct twin_ring {
    uint32_t first, end, open;
};

/* Decodes the whole ring into out (room for `room` events); they carry their numbers from first
 * on. Dies with the token if a time runs backwards, a block does not fit to the one before it, or
 * bits make no sense. */
struct twin_ring twin_decode(const struct twin *t, const uint8_t *control,
                             const struct twin_memory *m, struct twin_event *out, uint32_t room);
/* The same for one block; returns how many events. */
uint32_t twin_decode_block(const struct twin *t, const uint8_t *block, uint32_t block_size,
                           uint32_t slots, uint32_t words, struct twin_event *out, uint32_t room);

/* Decodes the whole ring and compares each event with the twin's; dies with the token if one
 * differs, a time runs backwards, or a block does not fit to the one before it. */
struct twin_ring twin_compare(const struct twin *t, const uint8_t *control,
                              const struct twin_memory *m);
/* The same for one closed block alone; returns the number after its last event. */
uint32_t twin_compare_block(const struct twin *t, const uint8_t *block, uint32_t block_size,
                            uint32_t slots, uint32_t words);

uint32_t twin_random(uint64_t *state);
void twin_die(const struct twin *t, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
#endif
