/* SPDX-License-Identifier: MIT */
/* Owns the picture of the target's heap: which blocks are handed out, so that what is in use and
 * its highest mark can be told. An open hash of the live blocks; it is as large as the target's
 * heap has blocks, not as the trace has events.
 *
 * A block that comes back without having been handed out before our eyes (a gap, or a trace that
 * begins late) only makes the figures lower bounds. */
#include "stat.h"

#include <stdlib.h>

static unsigned place(uint32_t ptr, unsigned slots)
{
    return (ptr * 2654435761u >> 5) & (slots - 1);
}

static bool grow(struct km_heap *h)
{
    struct km_heap n = {.slots = h->slots ? 2 * h->slots : 256};
    n.slot = calloc(n.slots, sizeof *n.slot);
    if (!n.slot)
        return false;
    for (unsigned i = 0; i < h->slots; i++) {
        unsigned k = place(h->slot[i].ptr, n.slots);
        if (!h->slot[i].ptr)
            continue;
        while (n.slot[k].ptr)
            k = (k + 1) & (n.slots - 1);
        n.slot[k] = h->slot[i];
    }
    free(h->slot);
    h->slot = n.slot;
    h->slots = n.slots;
    return true;
}

bool km_heap_alloc(struct km_heap *h, struct kymo_stat_heap *s, uint32_t ptr, uint32_t size,
                   uint64_t at)
{
    if (ptr == 0)
        return true;
    if (2 * h->used >= h->slots && !grow(h))
        return false;
    km_heap_free(h, s, ptr, false); /* its free was lost */
    unsigned k = place(ptr, h->slots);
    while (h->slot[k].ptr)
        k = (k + 1) & (h->slots - 1);
    h->slot[k].ptr = ptr;
    h->slot[k].size = size;
    h->used++;
    s->allocs++;
    s->live += size;
    s->live_blocks++;
    if (s->live > s->peak) {
        s->peak = s->live;
        s->peak_at = at;
    }
    return true;
}

/* Takes a block out and closes the hole, so that no search ends too early. */
void km_heap_free(struct km_heap *h, struct kymo_stat_heap *s, uint32_t ptr, bool told)
{
    s->frees += told;
    if (!h->slots || ptr == 0)
        return;
    unsigned mask = h->slots - 1, k = place(ptr, h->slots);
    while (h->slot[k].ptr != ptr) {
        if (!h->slot[k].ptr)
            return;
        k = (k + 1) & mask;
    }
    s->live -= h->slot[k].size;
    s->live_blocks--;
    h->used--;
    for (unsigned next = (k + 1) & mask; h->slot[next].ptr; next = (next + 1) & mask) {
        unsigned home = place(h->slot[next].ptr, h->slots);
        if (((next - home) & mask) < ((next - k) & mask))
            continue; /* it lies between the hole and itself: it stays */
        h->slot[k] = h->slot[next];
        k = next;
    }
    h->slot[k].ptr = 0;
}
