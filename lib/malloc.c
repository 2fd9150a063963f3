/* SPDX-License-Identifier: MIT */
/* The heap: two-level segregated free lists, so that every call takes a bounded number of
 * instructions whatever the heap looks like, and interrupts can simply be off meanwhile. No lock
 * is taken; any machine-mode context may call.
 *
 * A block is a header of 8 bytes and its payload. Blocks lie back to back from `heap.first` to a
 * sentinel, a used block without payload. A free block keeps its two list links in the payload.
 *
 * A class holds the free blocks of one range of sizes: below 64 bytes one size each (8, 16, ..
 * 56), above that the power of two is cut into 8 equal parts. Allocation takes the first block
 * of the first class whose every block is large enough; only when there is none does it look at
 * the head of the request's own class. So a request may be refused although a block deep in its
 * own class would do: by at most an eighth of its size.
 *
 * Invariants (mo_heap_walk checks 1 to 5; every free and realloc checks 1 and 2 around its block):
 *   1 next(b)->prev == b for each block but the sentinel; the first block's prev is NULL
 *   2 sizes are multiples of 8 and at least 8; the blocks fill the zone exactly
 *   3 no two free blocks are neighbours
 *   4 a block is on the list of its class exactly if its USED bit is clear
 *   5 a bit of the maps is set exactly if the list behind it is not empty
 *
 * A write past the end of a block hits the next header's `prev` first: invariant 1 finds it when
 * either is freed. */

#include <lib/libc.h>
#include <lib/malloc.h>

#include <private/error.h>
#include <private/utils.h>

#include <sys/task.h>

#include "trace.h"

#ifndef CONFIG_HEAP_POISON
#define CONFIG_HEAP_POISON 0 /* 1, for tests: freed payloads are filled */
#endif
#define POISON 0xa5

#define USED 1U
#define GOING 2U /* with USED: a block on its way back, between the two halves of free */
#define FLAGS 7U
#define GRAIN 8U
#define MAX_REQUEST 0x7fffffffU
#define PARTS 8U                 /* classes per power of two */
#define ROWS 26U                 /* row 0: below 64 bytes; row r: 2^(r+5) up to 2^(r+6) */
#define CLASSES (ROWS * PARTS)

typedef struct block {
    struct block *prev;       /* the neighbour before, NULL for the first */
    uint32_t size;            /* payload bytes, and flags in the low bits */
    struct block *next_free;  /* only while free */
    struct block **link_free; /* only while free: what points to this block */
} block_t;

enum { HEADER = __builtin_offsetof(block_t, next_free) };
STATIC_ASSERT(HEADER == GRAIN && sizeof(block_t) == 2 * GRAIN, "links fit the least payload");

static struct {
    block_t *first, *sentinel;
    uint32_t rows;          /* bit r: row r has a free block */
    uint8_t parts[ROWS];    /* bit p of row r: class r * PARTS + p has one */
    block_t *list[CLASSES]; /* heads */
} heap;

static inline uint32_t payload_size(const block_t *b)
{
    return b->size & ~FLAGS;
}

static inline void *payload(block_t *b)
{
    return (char *) b + HEADER;
}

static inline block_t *block_of(void *ptr)
{
    return (block_t *) ((char *) ptr - HEADER);
}

static inline block_t *next_block(const block_t *b)
{
    return (block_t *) ((char *) b + HEADER + payload_size(b));
}

/* Position of the highest set bit, v != 0. By halving: the hart has no instruction for it. */
static inline uint32_t highest_bit(uint32_t v)
{
    uint32_t n = 0;
    if (v >> 16)
        n += 16, v >>= 16;
    if (v >> 8)
        n += 8, v >>= 8;
    if (v >> 4)
        n += 4, v >>= 4;
    if (v >> 2)
        n += 2, v >>= 2;
    return n + (v >> 1);
}

/* The class that holds free blocks of `size`. Worked: 56 -> 7; 64 -> row 1 part 0; 72 -> row 1
 * part 1; 200 = 128 + 4 * 16 + 8 -> row 2 part 4. */
static inline uint32_t class_of(uint32_t size)
{
    if (size < 64)
        return size / GRAIN;
    uint32_t top = highest_bit(size);
    return (top - 5) * PARTS + ((size >> (top - 3)) & (PARTS - 1));
}

/* The first class whose every block holds `size`. */
static inline uint32_t class_for(uint32_t size)
{
    if (size < 64)
        return size / GRAIN;
    return class_of(size - 1 + (1U << (highest_bit(size) - 3)));
}

static void link_block(block_t *b)
{
    uint32_t at = class_of(b->size);
    b->next_free = heap.list[at];
    b->link_free = &heap.list[at];
    if (b->next_free)
        b->next_free->link_free = &b->next_free;
    heap.list[at] = b;
    heap.parts[at / PARTS] |= (uint8_t) (1U << at % PARTS);
    heap.rows |= 1U << at / PARTS;
}

static void unlink_block(block_t *b)
{
    *b->link_free = b->next_free;
    if (b->next_free) {
        b->next_free->link_free = b->link_free;
        return;
    }
    uint32_t at = (uint32_t) (b->link_free - heap.list);
    if (at >= CLASSES)
        return; /* the last of several: the list keeps its head */
    uint32_t row = at / PARTS;
    heap.parts[row] &= (uint8_t) ~(1U << at % PARTS);
    if (!heap.parts[row])
        heap.rows &= ~(1U << row);
}

/* The first block of the first non-empty class from `at` on; NULL if none. */
static block_t *find_from(uint32_t at)
{
    uint32_t row = at / PARTS;
    uint32_t parts = at < CLASSES ? heap.parts[row] & (0xffU << at % PARTS) : 0;
    if (!parts) {
        uint32_t rows = row < ROWS ? heap.rows & (0xfffffffeU << row) : 0;
        if (!rows)
            return NULL;
        row = highest_bit(rows & -rows);
        parts = heap.parts[row];
    }
    return heap.list[row * PARTS + highest_bit(parts & -parts)];
}

/* The size of a block in the highest class that has one: less than an eighth below the largest.
 * For the trace. */
static inline uint32_t largest_listed(void)
{
    if (!heap.rows)
        return 0;
    uint32_t row = highest_bit(heap.rows);
    return heap.list[row * PARTS + highest_bit(heap.parts[row])]->size;
}

static block_t *find_block(uint32_t size, uint32_t at)
{
    block_t *b = find_from(at);
    if (b)
        return b;
    uint32_t own = class_of(size);
    b = own < CLASSES ? heap.list[own] : NULL;
    return b && b->size >= size ? b : NULL;
}

/* Makes a used block of `size` out of `b`, which is on no list; what is left over becomes free. */
static void take(block_t *b, uint32_t size)
{
    uint32_t whole = payload_size(b);
    b->size = whole | USED;
    if (whole - size < HEADER + GRAIN)
        return;
    b->size = size | USED;
    block_t *rest = next_block(b);
    rest->prev = b;
    rest->size = whole - size - HEADER;
    next_block(rest)->prev = rest;
    link_block(rest);
}

/* Lets `b`, on no list, swallow the free block after it. */
static void absorb_next(block_t *b)
{
    block_t *after = next_block(b);
    if (after->size & USED)
        return;
    unlink_block(after);
    b->size += HEADER + after->size;
    next_block(b)->prev = b;
}

static bool sound(const block_t *b)
{
    if (b < heap.first || b >= heap.sentinel || ((uintptr_t) b & (GRAIN - 1)))
        return false;
    uint32_t room = (uint32_t) ((const char *) heap.sentinel - (const char *) b) - HEADER;
    if (payload_size(b) - GRAIN > room - GRAIN || next_block(b)->prev != b)
        return false;
    return b == heap.first ? !b->prev
                           : b->prev >= heap.first && b->prev < b && !((uintptr_t) b->prev & 3) &&
                                 next_block(b->prev) == b;
}

static void corrupt(const block_t *b)
{
    trace_mem_corrupt_any((uint32_t) payload((block_t *) b));
    panic(ERR_HEAP_CORRUPT);
}

/* The caller's live block at `ptr`. */
static block_t *checked_block(void *ptr)
{
    block_t *b = block_of(ptr);
    if (unlikely(!sound(b) || (b->size & FLAGS) != USED))
        corrupt(b);
    return b;
}

static uint32_t round_size(uint32_t size)
{
    return (size + GRAIN - 1) & ~(GRAIN - 1);
}

static void *allocate(uint32_t request, void *pc)
{
    if (request == 0 || request > MAX_REQUEST)
        return NULL;
    uint32_t size = round_size(request);
    uint32_t at = class_for(size);

    uint32_t irq = hal_irq_save();
    block_t *b = find_block(size, at);
    if (b) {
        unlink_block(b);
        take(b, size);
        trace_mem_alloc_off((uint32_t) payload(b), payload_size(b), (uint32_t) pc);
    } else {
        trace_mem_fail_off(size, largest_listed());
    }
    hal_irq_restore(irq);
    return b ? payload(b) : NULL;
}

/* The first half of free: with what comes after it. The block still counts as used. */
static void begin_release(block_t *b)
{
    if (CONFIG_HEAP_POISON)
        memset(payload(b), POISON, payload_size(b));
    b->size |= GOING;
    absorb_next(b);
}

/* The second: with what comes before it, and onto its list. */
static void finish_release(block_t *b)
{
    b->size &= ~FLAGS;
    if (b->prev && !(b->prev->size & USED)) {
        block_t *before = b->prev;
        unlink_block(before);
        before->size += HEADER + b->size;
        next_block(before)->prev = before;
        b = before;
    }
    link_block(b);
}

/* In two halves, so that interrupts wait for one of them only. All invariants hold in between. */
static void give_back(void *ptr, void *pc)
{
    uint32_t irq = hal_irq_save();
    block_t *b = checked_block(ptr);
    trace_mem_free_off((uint32_t) ptr, (uint32_t) pc);
    begin_release(b);
    hal_irq_restore(irq);

    hal_irq_save();
    finish_release(b);
    hal_irq_restore(irq);
}

/* Resizes in place if the neighbour allows it. */
static bool resize(block_t *b, uint32_t size)
{
    uint32_t have = payload_size(b);
    block_t *after = next_block(b);
    uint32_t more = after->size & USED ? 0 : HEADER + after->size;
    if (size > have + more)
        return false;
    absorb_next(b);
    take(b, size);
    return true;
}

void *malloc(uint32_t size)
{
    return allocate(size, __builtin_return_address(0));
}

void free(void *ptr)
{
    if (ptr)
        give_back(ptr, __builtin_return_address(0));
}

void *calloc(uint32_t count, uint32_t size)
{
    if (size && count > MAX_REQUEST / size)
        return NULL;
    void *ptr = allocate(count * size, __builtin_return_address(0));
    return ptr ? memset(ptr, 0, count * size) : NULL;
}

void *realloc(void *ptr, uint32_t size)
{
    void *pc = __builtin_return_address(0);
    if (!ptr)
        return allocate(size, pc);
    if (!size) {
        give_back(ptr, pc);
        return NULL;
    }
    if (size > MAX_REQUEST)
        return NULL;

    uint32_t irq = hal_irq_save();
    block_t *b = checked_block(ptr);
    uint32_t have = payload_size(b);
    bool done = resize(b, round_size(size));
    hal_irq_restore(irq);
    if (done)
        return ptr;

    /* The old block stays the caller's own meanwhile: no lock is needed to copy. */
    void *fresh = allocate(size, pc);
    if (fresh) {
        memcpy(fresh, ptr, have);
        give_back(ptr, pc);
    }
    return fresh;
}

void mo_heap_init(size_t *zone, uint32_t len)
{
    uintptr_t low = ((uintptr_t) zone + GRAIN - 1) & ~(GRAIN - 1);
    uintptr_t high = ((uintptr_t) zone + len) & ~(GRAIN - 1);
    memset(&heap, 0, sizeof(heap));
    if (len < 8 * GRAIN)
        panic(ERR_KCB_ALLOC);

    heap.first = (block_t *) low;
    heap.sentinel = (block_t *) (high - HEADER);
    heap.first->prev = NULL;
    heap.first->size = (uint32_t) (high - low) - 2 * HEADER;
    heap.sentinel->prev = heap.first;
    heap.sentinel->size = USED;
    link_block(heap.first);
}

static void check_list(const block_t *b)
{
    uint32_t at = class_of(b->size);
    if (*b->link_free != b || (b->next_free && b->next_free->link_free != &b->next_free))
        corrupt(b);
    if (!(heap.parts[at / PARTS] >> at % PARTS & 1) || !(heap.rows >> at / PARTS & 1))
        corrupt(b);
}

static uint32_t count_listed(void)
{
    uint32_t listed = 0;
    for (uint32_t at = 0; at < CLASSES; at++) {
        bool bit = heap.parts[at / PARTS] >> at % PARTS & 1;
        if (bit != !!heap.list[at])
            corrupt(heap.list[at]);
        for (const block_t *b = heap.list[at]; b; b = b->next_free, listed++) {
            if (b->size & USED || class_of(b->size) != at)
                corrupt(b);
        }
    }
    return listed;
}

void mo_heap_walk(heap_info_t *info)
{
    *info = (heap_info_t){0};
    uint32_t irq = hal_irq_save();
    block_t *b = heap.first;
    for (bool before_free = false; b != heap.sentinel; b = next_block(b)) {
        if (!sound(b))
            corrupt(b);
        if (b->size & USED) {
            info->used_blocks++;
            info->used_bytes += payload_size(b);
        } else {
            if (before_free)
                corrupt(b); /* invariant 3 */
            check_list(b);
            info->free_blocks++;
            info->free_bytes += b->size;
            info->largest_free = max(info->largest_free, b->size);
        }
        before_free = !(b->size & USED);
    }
    if (count_listed() != info->free_blocks)
        corrupt(b); /* invariant 4 */
    hal_irq_restore(irq);
}
