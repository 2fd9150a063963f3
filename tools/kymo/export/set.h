/* SPDX-License-Identifier: MIT */
/* A set of non-zero 64-bit numbers, open addressing, grows by doubling; zero-initialised is
 * empty. */
#ifndef KYMO_EXPORT_SET_H
#define KYMO_EXPORT_SET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct xp_set {
    uint64_t *slot;
    size_t room, count; /* room is 0 or a power of two, more than twice count */
};

static inline bool xp_set_place(uint64_t *slot, size_t room, uint64_t key)
{
    size_t i = (size_t)((key * 0x9E3779B97F4A7C15ull) >> 20) & (room - 1);
    while (slot[i] && slot[i] != key)
        i = (i + 1) & (room - 1);
    bool fresh = slot[i] == 0;
    slot[i] = key;
    return fresh;
}

/* True the first time a key is added. Without memory also later: callers only describe a thing
 * twice then. */
static inline bool xp_set_add(struct xp_set *s, uint64_t key)
{
    if (s->count * 2 >= s->room) {
        size_t room = s->room ? s->room * 2 : 256;
        uint64_t *bigger = calloc(room, sizeof *bigger);
        if (!bigger)
            return true;
        for (size_t i = 0; i < s->room; i++)
            if (s->slot[i])
                xp_set_place(bigger, room, s->slot[i]);
        free(s->slot);
        s->slot = bigger;
        s->room = room;
    }
    bool fresh = xp_set_place(s->slot, s->room, key);
    s->count += fresh;
    return fresh;
}

static inline void xp_set_free(struct xp_set *s)
{
    free(s->slot);
    *s = (struct xp_set){0};
}
#endif
