/* SPDX-License-Identifier: MIT */
/* kymo-synth: a trace on demand, from a simulated kernel. */
#include "synth.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: kymo-synth [OPTIONS] -o FILE\n"
                           "  --scenario S   mixed (default), pathfinder, switch\n"
                           "  --seed N       another run (default 1)\n"
                           "  --events N     about how many (default 10000)\n"
                           "  --tasks N      how many at start (default 6)\n"
                           "  --harts N      1 to 4\n"
                           "  --block N      bytes of a block, a power of two (default 2048)\n"
                           "  --keep N       flight recorder: the newest N blocks only\n"
                           "  --drop N       lose N of 1000 blocks\n"
                           "  --mask HEX     class mask\n"
                           "  --no-inherit   mutexes do not inherit\n"
                           "  --leap         time leaps by more than 2^32 now and then\n"
                           "  --no-end       no END packet\n";

int main(int argc, char **argv)
{
    static const struct option opts[] = {{"scenario", 1, NULL, 's'}, {"seed", 1, NULL, 'S'},
                                         {"events", 1, NULL, 'e'},   {"tasks", 1, NULL, 't'},
                                         {"harts", 1, NULL, 'H'},    {"block", 1, NULL, 'b'},
                                         {"keep", 1, NULL, 'k'},     {"drop", 1, NULL, 'd'},
                                         {"mask", 1, NULL, 'm'},     {"no-inherit", 0, NULL, 'i'},
                                         {"leap", 0, NULL, 'l'},     {"no-end", 0, NULL, 'n'},
                                         {"help", 0, NULL, 'h'},     {0}};
    struct synth_config c = SYNTH_DEFAULT;
    const char *path = NULL;
    int o;
    while ((o = getopt_long(argc, argv, "o:h", opts, NULL)) != -1) {
        unsigned long long n = optarg ? strtoull(optarg, NULL, o == 'm' ? 16 : 10) : 0;
        switch (o) {
        case 'o': path = optarg; break;
        case 's': c.scenario = optarg; break;
        case 'S': c.seed = n; break;
        case 'e': c.events = n; break;
        case 't': c.tasks = (unsigned)n; break;
        case 'H': c.harts = (unsigned)n; break;
        case 'b': c.block_size = (uint32_t)n; break;
        case 'k': c.keep = (unsigned)n; break;
        case 'd': c.drop = (unsigned)n; break;
        case 'm': c.mask = (uint32_t)n; break;
        case 'i': c.inherit = false; break;
        case 'l': c.leap = true; break;
        case 'n': c.no_end = true; break;
        case 'h': fputs(help, stdout); return 0;
        default: return 125;
        }
    }
    FILE *f = path ? fopen(path, "wb") : NULL;
    if (!f) {
        fputs(help, stderr);
        return 125;
    }
    uint64_t n = synth_run(&c, f, NULL);
    if (fclose(f) || n == 0) {
        fprintf(stderr, "kymo-synth: %s: could not be written, or no such scenario\n", path);
        return 125;
    }
    printf("%llu events\n", (unsigned long long)n);
    return 0;
}
