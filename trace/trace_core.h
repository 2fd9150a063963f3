/* SPDX-License-Identifier: MIT */
/* The recorder's memory: control block, block header, record. Bits are in Documentation/SPEC.md.
 *
 * Who may write what:
 *   head, tail, block, closed        the writers (trace_put.h, trace_block.c or the port's own)
 *   the rest of the control block    trace.c, interrupts masked
 *   a closed block                   nobody, until it is overwritten as a whole
 *
 * Invariants, checked by trace_check():
 *   I1  ring <= block < ring + ring_size, block - ring a multiple of block_size; or block == 0
 *   I2  block + HEADER <= head <= tail <= block + block_size: the open block can be written
 *       or tail < ring: every writer takes the slow path (a block change, full, not initialised)
 *   I3  the open block's header has slots == words == 0; every other one that has the magic
 *       has slots >= 1
 *   I4  event_seq of a block = event_seq + slots of the block before it
 *   I5  an enable byte is set if and only if its bit of the mask is */
#ifndef TRACE_CORE_H
#define TRACE_CORE_H
#include "trace_port.h"

#ifndef CONFIG_DEBUG_TRACE
#define CONFIG_DEBUG_TRACE 1
#endif

enum {
    TRACE_CTL_MAGIC = 0x4B594D4F,
    TRACE_BLOCK_MAGIC = 0x4B42,
    TRACE_VERSION = 1,
    TRACE_HEADER = 32,    /* bytes of a block header */
    TRACE_SLOT = 8,       /* bytes of an event without payload */
    TRACE_MAX_WORDS = 16, /* payload words of one event, at most */
    TRACE_DEPTH_FROM_CAUSES =
        0xFF, /* a block header's depth: as many as `causes` has nonzero bytes */
    TRACE_BLOCK_MIN = 256,
    TRACE_BLOCK_MAX = 32768,
    /* head and tail while no block can be written: whatever a writer adds to the one and takes
     * from the other, head stays above tail, and neither wraps */
    TRACE_NO_HEAD = -16,
    TRACE_NO_TAIL = 4 * TRACE_MAX_WORDS,
};

enum { TRACE_ONE_SHOT = 1, TRACE_FULL = 2, TRACE_FROZEN = 4, TRACE_BROKEN = 8 };

enum trace_op {
    TRACE_OP_START, TRACE_OP_STOP, TRACE_OP_CLEAR, TRACE_OP_MASK, TRACE_OP_FREEZE, TRACE_OP_TRIGGER
};

enum {
#define TRACE_CLASS(name, bit) TRACE_BIT_##name = bit, TRACE_CLASS_##name = 1u << bit,
#include "classes.def"
#undef TRACE_CLASS
    TRACE_CLASSES = 10,     /* bits in use */
    TRACE_CLASS_ALL = 0x2FF & ~(1 << 8), /* what boot starts with: all but VERBOSE */
};

/* A task id as the record holds it: shifted, so that a writer only adds the event's code. */
typedef struct {
    uint32_t id8;
} trace_id_t;

static inline trace_id_t trace_id(uint32_t id)
{
    trace_id_t t = {(id & 0xFFFF) << 8};
    return t;
}

struct trace_slot {
    uint32_t stamp;
    uint32_t word;          /* code, argument << 8 */
};

struct trace_block {        /* header; slots and words follow */
    uint16_t slots, words;
    uint16_t magic, mask;
    uint32_t event_seq;
    uint32_t time;
    uint32_t context;       /* running, depth, level */
    uint32_t causes;
    uint16_t hart, version;
    uint32_t table_hash;
};

struct trace_control {
    uint32_t magic;
    uint16_t version, size;
    uint32_t head, tail;
    uint16_t block_magic, mask;
    uint32_t block, ring, ring_size, block_size, closed, mode;
    uint32_t lost_full, lost_drain, first_seq, table_hash, saved_mask;
    /* from here on private: a reader of another build must not rely on it */
    uint32_t time;          /* bits 24 to 55 of the clock at the last time check */
    uint32_t time_low;      /* bits 0 to 31 then */
    uint32_t end;           /* address after the last block */
    uint32_t wrap;          /* the block after the last: ring, or 0 in one-shot mode */
    uint8_t on[16];         /* enable byte of each class */
    uint32_t armed;         /* trigger: 0 none, 1 and 3 wait, 2 counts down to stop_seq */
    uint32_t stop_seq;
    uint32_t from_time;     /* stamp of the last `from` match */
};

_Static_assert(sizeof(struct trace_block) == TRACE_HEADER, "SPEC.md, section 2");
_Static_assert(__builtin_offsetof(struct trace_control, head) == 8 &&
               __builtin_offsetof(struct trace_control, tail) == 12 &&
               __builtin_offsetof(struct trace_control, block) == 20 &&
               __builtin_offsetof(struct trace_control, saved_mask) == 60, "SPEC.md, section 3");
_Static_assert(__builtin_offsetof(struct trace_control, on) == 80, "trace_rv32.S");

/* An address of the control block as a pointer. A 32-bit target has the address itself; a wider one
 * gives TRACE_PORT_BASE, which the 32 bits count from. */
#ifdef TRACE_PORT_BASE
#define TRACE_AT(type, a) ((volatile type *) (TRACE_PORT_BASE() + (a)))
#else
#define TRACE_AT(type, a) ((volatile type *) (uintptr_t) (a))
#endif

/* The control block of the running hart. */
#ifndef TRACE_PORT_CONTROL
extern volatile struct trace_control trace_ctl;
#define TRACE_PORT_CONTROL() (&trace_ctl)
#endif

#define TRACE_INLINE static inline __attribute__((always_inline))
#define TRACE_LIKELY(x) __builtin_expect(!!(x), 1)
#define TRACE_UNLIKELY(x) __builtin_expect(!!(x), 0)
#endif
