/* SPDX-License-Identifier: MIT */
/* kymo-script: a trace from a script, one event a line, for tests that need exactly these events.
 *
 *   kymo-script -o FILE < script
 *
 *   TIME EVENT VALUE ..      all fields of the event in the table's order; TIME in counts, or
 * +COUNTS gap N                    N events are lost here # comment */
#include "lib/table.h"
#include "synth_write.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned code;
} event[] = {
#define TRACE_EVENT(code, sub, name, ...) {#name, code},
#include "events.def"
#undef TRACE_EVENT
};

struct script {
    struct synth_ring ring;
    struct synth_now now;
    unsigned line;
};

static int wrong(const struct script *s, const char *what)
{
    fprintf(stderr, "kymo-script: line %u: %s\n", s->line, what);
    return -1;
}

static int find(const char *name)
{
    for (size_t i = 0; i < sizeof event / sizeof *event; i++)
        if (strcmp(event[i].name, name) == 0)
            return (int) event[i].code;
    return -1;
}

static int play(struct script *s, char *text)
{
    char *word = strtok(text, " \t\n");
    if (!word || *word == '#')
        return 0;
    if (strcmp(word, "gap") == 0) {
        char *count = strtok(NULL, " \t\n");
        synth_ring_lose(&s->ring, count ? strtoull(count, NULL, 0) : 1);
        return 0;
    }
    uint64_t time = strtoull(word + (*word == '+'), NULL, 0);
    s->now.time = *word == '+' ? s->now.time + time : time;
    char *name = strtok(NULL, " \t\n");
    int code = name ? find(name) : -1;
    uint32_t value[KYMO_MAX_WORDS];
    unsigned values = 0;
    if (code < 0)
        return wrong(s, "no such event");
    while ((word = strtok(NULL, " \t\n")) && *word != '#' && values < KYMO_MAX_WORDS)
        value[values++] = (uint32_t) strtoul(word, NULL, 0);
    synth_event(&s->ring, (unsigned) code, value, values);
    return 0;
}

int main(int argc, char **argv)
{
    FILE *out = argc == 3 && strcmp(argv[1], "-o") == 0 ? fopen(argv[2], "wb") : NULL;
    if (!out) {
        fprintf(stderr, "usage: kymo-script -o FILE < script\n");
        return 125;
    }
    struct synth_config c = SYNTH_DEFAULT;
    struct synth_file file;
    struct script s = {.now = {.running = KYMO_TASK_BOOT, .level = 0xFF, .mask = 0x3FF}};
    char text[512];
    int status = 0;
    synth_file_open(&file, out, &c);
    synth_ring_open(&s.ring, &file, &c, &s.now, 0);
    while (!status && fgets(text, sizeof text, stdin)) {
        s.line++;
        status = play(&s, text);
    }
    synth_ring_close(&s.ring);
    synth_file_close(&file, s.now.time, &c);
    return fclose(out) || status ? 125 : 0;
}
