/* SPDX-License-Identifier: MIT */
/* Inside of the statistics: what is needed while they are collected. */
#ifndef KYMO_STAT_INSIDE_H
#define KYMO_STAT_INSIDE_H
#include "kymo_stat.h"
#include "private.h"

#include "ids.h"

struct km_stat_task {
    struct kymo_stat_task pub;
    uint64_t wake, executed, ready_from, blocked_so_far;
    bool active, started, period_known;
    bool in_mutex; /* its last stretch was a wait for a mutex: what follows is no beginning */
};

struct km_heap { /* live blocks of the target's heap */
    struct {
        uint32_t ptr, size; /* ptr 0: free */
    } * slot;
    unsigned slots, used;
};

/* False without memory. */
bool km_heap_alloc(struct km_heap *h, struct kymo_stat_heap *s, uint32_t ptr, uint32_t size,
                   uint64_t at);
/* `told`: an event said so. */
void km_heap_free(struct km_heap *h, struct kymo_stat_heap *s, uint32_t ptr, bool told);

struct km_stat {
    struct km_heap heap;
    struct kymo_stat *s;
    struct kymo_ids task; /* of struct km_stat_task */
    unsigned tasks;
    unsigned recent, recent_isr; /* the object and the handler met last */
    uint8_t tick_cause;
    bool any, no_memory;
};

static inline bool filter_in(const struct kymo_stat *s, uint64_t time)
{
    return time >= s->from && time <= s->to;
}

void kymo_dist_free(struct kymo_dist *d);

#endif
