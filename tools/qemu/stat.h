/* SPDX-License-Identifier: MIT */
/* Distribution of a count: exact minimum, median and maximum of any number of samples, in memory
 * that grows with the number of different values only. */
#ifndef KYMO_QEMU_STAT_H
#define KYMO_QEMU_STAT_H
#include <stdint.h>
#include <stddef.h>

struct stat_entry {
    uint64_t value, count;
};

struct stat_counts {
    struct stat_entry *entry; /* hash table, count 0: free */
    size_t room, used;
    uint64_t samples, sum;
};

struct stat_summary {
    uint64_t min, median, max; /* the median of an even number is the lower of the middle two */
};

void stat_add(struct stat_counts *s, uint64_t value);
struct stat_summary stat_summary(const struct stat_counts *s); /* zeros without samples */
#endif
