/* SPDX-License-Identifier: MIT */
/* Owns distributions: exact count, sum and extremes, and a histogram with bins of 1/64 of their
 * value.
 *
 * Values below 64 have a bin each (page 0). Above, a value with highest bit b (b >= 6) is in page b
 * - 5, sub-bin (value >> (b - 6)) - 64 .. Example: 200 = 0b11001000 has b = 7, page 2, sub-bin (200
 * >> 1) - 64 = 36, which holds 200 and 201. Pages are made when first used, so that a distribution
 * costs what it spans. */
#include "stat.h"

#include <math.h>
#include <stdlib.h>

static unsigned highest_bit(uint64_t v)
{
    return 63u - (unsigned)__builtin_clzll(v);
}

static void place(uint64_t v, unsigned *page, unsigned *sub)
{
    if (v < KYMO_DIST_SUB) {
        *page = 0;
        *sub = (unsigned)v;
        return;
    }
    unsigned b = highest_bit(v);
    *page = b - 5;
    *sub = (unsigned)(v >> (b - 6)) - KYMO_DIST_SUB;
}

static void count_one(struct kymo_dist *d, uint64_t value)
{
    unsigned page, sub;
    place(value, &page, &sub);
    if (!d->page[page])
        d->page[page] = calloc(KYMO_DIST_SUB, sizeof **d->page);
    if (d->page[page] && d->page[page][sub] != UINT32_MAX)
        d->page[page][sub]++;
}

/* Into the histogram; the first time the few samples before it too. */
static void count(struct kymo_dist *d, uint64_t value)
{
    bool first = !d->page;
    if (first && !(d->page = calloc(KYMO_DIST_PAGES, sizeof *d->page)))
        return;
    for (unsigned i = 0; first && i < KYMO_DIST_FEW; i++)
        count_one(d, d->few[i]);
    count_one(d, value);
}

void kymo_dist_add(struct kymo_dist *d, uint64_t value, uint64_t at)
{
    if (d->count == 0 || value < d->min)
        d->min = value;
    if (d->count == 0 || value > d->max) {
        d->max = value;
        d->max_at = at;
    }
    if (d->count++ == 0)
        d->base = value;
    d->sum += value;
    double off =
        (double)(int64_t)(value - d->base); /* small numbers, so that their squares add up well */
    d->off += off;
    d->off2 += off * off;
    if (d->count <= KYMO_DIST_FEW)
        d->few[d->count - 1] = value;
    else
        count(d, value);
}

/* The (*bin)-th smallest of the few. */
static bool few_bin(const struct kymo_dist *d, unsigned *bin, uint64_t *low)
{
    unsigned n = d->count < KYMO_DIST_FEW ? (unsigned)d->count : KYMO_DIST_FEW;
    for (unsigned i = 0; i < n; i++) {
        unsigned smaller = 0;
        for (unsigned k = 0; k < n; k++)
            smaller += d->few[k] < d->few[i] || (d->few[k] == d->few[i] && k < i);
        if (smaller == *bin) {
            *low = d->few[i];
            ++*bin;
            return true;
        }
    }
    return false;
}

bool kymo_dist_bin(const struct kymo_dist *d, unsigned *bin, uint64_t *low, uint64_t *width,
                   uint64_t *count)
{
    if (!d->page) {
        *width = *count = 1;
        return few_bin(d, bin, low);
    }
    for (; *bin < KYMO_DIST_PAGES * KYMO_DIST_SUB; ++*bin) {
        unsigned page = *bin / KYMO_DIST_SUB, sub = *bin % KYMO_DIST_SUB;
        if (!d->page[page]) {
            *bin += KYMO_DIST_SUB - 1 - sub;
            continue;
        }
        if (!d->page[page][sub])
            continue;
        *width = page ? 1ull << (page - 1) : 1;
        *low = page ? (uint64_t)(KYMO_DIST_SUB + sub) << (page - 1) : sub;
        *count = d->page[page][sub];
        ++*bin;
        return true;
    }
    return false;
}

uint64_t kymo_dist_percentile(const struct kymo_dist *d, double percent)
{
    uint64_t need = (uint64_t)ceil((double)d->count * percent / 100.0), seen = 0;
    uint64_t low, width, count;
    need = need ? need : 1;
    for (unsigned bin = 0; kymo_dist_bin(d, &bin, &low, &width, &count);) {
        seen += count;
        if (seen < need)
            continue;
        uint64_t top = low + width - 1;
        return top < d->min ? d->min : top > d->max ? d->max : top;
    }
    return d->max;
}

double kymo_dist_mean(const struct kymo_dist *d)
{
    return d->count ? (double)d->sum / (double)d->count : 0;
}

double kymo_dist_deviation(const struct kymo_dist *d)
{
    double n = (double)d->count,
           square = d->count > 1 ? (d->off2 - d->off * d->off / n) / (n - 1) : 0;
    return square > 0 ? sqrt(square) : 0;
}

void kymo_dist_free(struct kymo_dist *d)
{
    for (unsigned i = 0; d->page && i < KYMO_DIST_PAGES; i++)
        free(d->page[i]);
    free(d->page);
}
