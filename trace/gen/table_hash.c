/* SPDX-License-Identifier: MIT */
/* Host program of the build: prints the header with the table's hash (SPEC.md, section 4), or with -t its text. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "trace_text.h"

static const char text[] =
#define TRACE_EVENT TRACE_EVENT_TEXT
#include "events.def"
    ;

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "-t") == 0)
        return fputs(text, stdout) < 0;
    uint32_t hash = 2166136261u;
    for (const char *p = text; *p; p++)
        hash = (hash ^ (uint8_t) *p) * 16777619u;
    return printf("/* generated from events.def */\n#define TRACE_TABLE_HASH 0x%08Xu\n", hash) < 0;
}
