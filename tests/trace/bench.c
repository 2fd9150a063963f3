/* SPDX-License-Identifier: MIT */
#include "bench.h"

static char token[80];
struct twin twin = {.token = token};
uint64_t now, step;
uint64_t trace_posix_now(void)
{
    return now += step;
}

char console[1 << 16];
uint32_t console_used;
void trace_port_console(const char *text, uint32_t n)
{
    if (console_used + n < sizeof(console)) {
        memcpy(console + console_used, text, n);
        console_used += n;
        console[console_used] = 0;
    }
}

void begin(uint32_t blocks, uint32_t block_bytes, uint32_t mode)
{
    step = 1;
    CHECK(trace_posix_attach(0, blocks * block_bytes, block_bytes, mode) == 0);
}

void end(void)
{
    CHECK(trace_check() == 0);
    trace_posix_detach();
}

struct trace_stats stats(void)
{
    struct trace_stats s;
    trace_get_stats(&s);
    return s;
}

struct twin_event decoded[1 << 16];
struct twin_ring decode(void)
{
    volatile struct trace_control *c = TRACE_PORT_CONTROL();
    struct twin_memory m = {TRACE_PORT_BASE() + c->ring, c->ring, c->ring_size};
    return twin_decode(&twin, (const uint8_t *) c, &m, decoded, 1 << 16);
}

unsigned run_tests(const struct test *tests, const char *only)
{
    unsigned passed = 0;
    for (; tests->name; tests++) {
        if (only && strcmp(only, tests->name))
            continue;
        snprintf(token, sizeof(token), "faults:%s", tests->name);
        now = 1000;
        tests->run();
        passed++;
    }
    return passed;
}
