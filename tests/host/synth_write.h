/* SPDX-License-Identifier: MIT */
/* Writes rings and containers exactly as SPEC.md says, from events given one by one. Inner part of
 * synth. */
#ifndef KYMO_SYNTH_WRITE_H
#define KYMO_SYNTH_WRITE_H
#include "synth.h"

struct synth_now { /* what a block header says about the instant it is opened */
    uint64_t time;
    uint32_t causes, mask;
    uint16_t running;
    uint8_t depth, level;
};

struct synth_file {
    FILE *out;
    uint32_t index;
};

struct synth_ring {
    struct synth_file *file;
    const struct synth_config *c;
    const struct synth_now *now;
    uint16_t hart;
    uint8_t *block; /* NULL before the first */
    uint32_t slots, words;
    uint64_t seq;  /* of the next event */
    uint64_t last; /* time of the event before */
    uint64_t random;
    uint8_t **kept; /* flight recorder */
    uint64_t closed;
};

void synth_file_open(struct synth_file *f, FILE *out, const struct synth_config *c);
void synth_file_close(struct synth_file *f, uint64_t time, const struct synth_config *c);
void synth_packet(struct synth_file *f, unsigned type, unsigned hart, const void *data,
                  uint32_t length);

void synth_ring_open(struct synth_ring *r, struct synth_file *f, const struct synth_config *c,
                     const struct synth_now *now, uint16_t hart);
void synth_ring_close(struct synth_ring *r);
/* That many events are lost here, as if the blocks that held them had been overwritten. */
void synth_ring_lose(struct synth_ring *r, uint64_t events);
/* Values of all fields of the event in the table's order; for `log` the words follow the tag. */
void synth_event(struct synth_ring *r, unsigned code, const uint32_t *value, unsigned values);

uint64_t synth_random(uint64_t *state);

#endif
