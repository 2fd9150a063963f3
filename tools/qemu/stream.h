/* SPDX-License-Identifier: MIT */
/* What the plugin tells `kymo run` through the inherited pipe; both are built from this file on one
 * machine, so the numbers have the host's byte order.
 *
 * A message is the header and `length` bytes. QEMU may die at any byte of it: the reader drops a
 * message that is cut and takes what it held from the guest's RAM. HELLO comes first, right before
 * the guest's first instruction; STOP is the last one if the plugin itself ended the run. */
#ifndef KYMO_QEMU_STREAM_H
#define KYMO_QEMU_STREAM_H
#include <stdint.h>

#define STREAM_MAGIC 0x534D594Bu

enum stream_kind {
    STREAM_HELLO = 1, /* the guest is about to run */
    STREAM_BLOCK,     /* a closed block, as it was in guest memory */
    STREAM_DURATION,  /* the guest's clock reached duration=; the guest does not run any more */
    STREAM_EVENTS,    /* events= were written; the guest does not run any more */
    STREAM_EXIT       /* QEMU ends by itself */
};

struct stream_message {
    uint32_t magic;
    uint32_t kind;
    uint32_t hart;
    uint32_t length;  /* payload bytes, at most the largest block */
    uint64_t console; /* bytes the guest had printed when this happened */
    uint64_t time;    /* guest nanoseconds, UINT64_MAX if QEMU does not say */
};
#endif
