/* SPDX-License-Identifier: MIT */
/* Reads control block and ring out of guest memory and appends what is there to a container:
 * everything that a flight recorder left, or what followed the last block that the plugin sent.
 *
 * The memory may be in any state: the guest may have died between any two stores, or a wild pointer
 * may have gone through it. Nothing is believed before it was checked; what cannot be used is left
 * out and reported. */
#ifndef KYMO_CAPTURE_RING_H
#define KYMO_CAPTURE_RING_H
#include "image.h"
#include "lib/container.h"
#include "writer.h"

struct capture_ram {
    const uint8_t *data;
    uint32_t size;
};

struct capture_seen { /* of one hart: the newest block that is in the container already */
    uint32_t length;  /* of `block`, 0 none */
    uint8_t block[KYMO_BLOCK_MAX];
    uint64_t events; /* written to the container so far */
    uint64_t time;   /* of the newest event in it */
    bool panic;      /* its newest block holds a panic event */
};

/* Checks and takes note of a block; false if it is none, or the one before offered again. `length`
 * is its size in memory. */
bool capture_note_block(struct capture_seen *seen, const uint8_t *block, uint32_t length,
                        int panic_code);

/* Appends BLOCK packets for closed blocks that are newer than `seen`, then the OPEN packet. False
 * if the container could not be written; `note` is empty or says in one line what was wrong with
 * the guest's memory. */
bool capture_tail(struct capture_writer *w, const struct capture_image *im,
                  const struct capture_ram *ram, unsigned hart, struct capture_seen *seen,
                  int panic_code, char *note, size_t note_size);

/* Block size and table hash as the recorder in memory has them; false if it was not initialised. */
bool capture_ctl(const struct capture_image *im, const struct capture_ram *ram, unsigned hart,
                 uint32_t *block_size, uint32_t *table_hash);

/* Value of a word of guest memory; false if it is not RAM. */
bool capture_word(const struct capture_ram *ram, uint32_t at, uint32_t *value);

/* Appends a SYMBOLS packet that names heap objects by the global pointers that hold them. */
bool capture_put_pointers(struct capture_writer *w, const struct capture_image *im,
                          const struct capture_ram *ram);

#endif
