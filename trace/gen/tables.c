/* SPDX-License-Identifier: MIT */
/* Host program of the build: what follows from events.def and cannot be said by the preprocessor.
 *
 *   tables hash    header with the table's hash (SPEC.md, section 4)
 *   tables text    the table's text
 *   tables empty   header for builds without tracing: each call becomes `0 ? call : nothing`, so
 *   that arguments are
 *                  checked and nothing of them reaches the optimiser. (An empty inline function is
 *                  not enough: a
 *                  dead load of an argument is enough to swap the operands of a later branch.) */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "trace_text.h"

static const char text[] =
#define TRACE_EVENT TRACE_EVENT_TEXT
#include "events.def"
#undef TRACE_EVENT
    ;

static const char *const names[] = {
#define TRACE_EVENT(code, sub, name, CLASS, text, ...) #name,
#include "events.def"
#undef TRACE_EVENT
};

static void print_hash(void)
{
    uint32_t hash = 2166136261u;
    for (const char *p = text; *p; p++)
        hash = (hash ^ (uint8_t) *p) * 16777619u;
    printf("/* generated from events.def */\n#define TRACE_TABLE_HASH 0x%08Xu\n", hash);
}

static void print_empty(const char *name)
{
    printf("#define %s(...) TRACE_NEVER(%s(__VA_ARGS__))\n", name, name);
}

static void print_empties(void)
{
    char name[80];
    printf("/* generated from events.def */\n");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(name, sizeof(name), "trace_%s_off", names[i]);
        print_empty(name);
        snprintf(name, sizeof(name), "trace_%s_any", names[i]);
        print_empty(name);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "hash") == 0) {
        print_hash();
    } else if (strcmp(what, "text") == 0) {
        fputs(text, stdout);
    } else if (strcmp(what, "empty") == 0) {
        print_empties();
    } else {
        fprintf(stderr, "usage: tables hash|text|empty\n");
        return 2;
    }
    return fflush(stdout) != 0;
}
