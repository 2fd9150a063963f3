/* SPDX-License-Identifier: MIT */
/* A map from 16-bit ids to pointers: two loads to look up, and memory only for the pages of 256 ids
 * that are in use, because most traces have ten tasks and some have 65,535. */
#ifndef KYMO_IDS_H
#define KYMO_IDS_H
#include <stdint.h>
#include <stdlib.h>

struct kymo_ids {
    void **page[256];
};

static inline void *kymo_ids_get(const struct kymo_ids *m, uint32_t id)
{
    void **p = m->page[id >> 8 & 0xFF];
    return p ? p[id & 0xFF] : NULL;
}

/* Where the pointer of an id is kept; NULL without memory. */
static inline void **kymo_ids_place(struct kymo_ids *m, uint32_t id)
{
    void ***p = &m->page[id >> 8 & 0xFF];
    if (!*p)
        *p = calloc(256, sizeof **p);
    return *p ? *p + (id & 0xFF) : NULL;
}

/* The first pointer whose id is *id or larger; *id becomes its id. NULL: there is none. */
static inline void *kymo_ids_next(const struct kymo_ids *m, uint32_t *id)
{
    for (; *id <= 0xFFFF; ++*id) {
        if (!m->page[*id >> 8])
            *id |= 0xFF;
        else if (m->page[*id >> 8][*id & 0xFF])
            return m->page[*id >> 8][*id & 0xFF];
    }
    return NULL;
}

static inline void kymo_ids_free(struct kymo_ids *m)
{
    for (unsigned i = 0; i < 256; i++)
        free(m->page[i]);
    *m = (struct kymo_ids){{0}};
}

#endif
