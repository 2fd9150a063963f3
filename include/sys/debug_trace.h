/* SPDX-License-Identifier: MIT */
/* Event tracing, as an application sees it.
 *
 *   trace_mark("sensor ready", value);        a point in time with a number
 *   trace_counter("queue depth", n);          a number over time
 *   trace_span_begin("encode");               a stretch of work; ends in the same task
 *   trace_span_end("encode");
 *   trace_log("moved %u of %u", n, total);    formatted on the host; at most 7 arguments of 32 bits
 *   trace_name(&lock, "bus lock");            what the host calls an object; trace_name_task(id,
 *   ..) a task
 *
 * Texts are string literals. They stay in the image and cost the target nothing; a record holds
 * their offset. All of these may be used in a task or a handler in machine mode, with interrupts
 * on or off; none waits, and all leave the interrupt state as it was. A user-mode task marks
 * through sys_trace().
 *
 * With -DCONFIG_DEBUG_TRACE=0 everything here is an empty inline function.
 *
 * debug_trace_event(), debug_clear_events() and debug_dump_events() are the names of the first
 * proposal. */
#ifndef SYS_DEBUG_TRACE_H
#define SYS_DEBUG_TRACE_H
#include "trace.h"

/* How many of the newest events survive, whatever their kind up to 16 bytes. 16 bytes each, plus
 * headers, plus one block. 0 is not allowed. */
#ifndef DEBUG_EVENT_BUFFER_SIZE
#define DEBUG_EVENT_BUFFER_SIZE 256
#endif

/* Bytes of a block: a power of two, 256 to 32768. */
#ifndef CONFIG_TRACE_BLOCK_SIZE
#define CONFIG_TRACE_BLOCK_SIZE (DEBUG_EVENT_BUFFER_SIZE >= 1024 ? 2048 : 512)
#endif

/* A block holds at least this many events of 16 bytes: at its end up to 15 bytes are too few for
 * one more. */
#define TRACE_BLOCK_EVENTS ((CONFIG_TRACE_BLOCK_SIZE - TRACE_HEADER - 15) / 16)
#define TRACE_RING_BYTES                                                                           \
    (CONFIG_TRACE_BLOCK_SIZE *                                                                     \
     ((DEBUG_EVENT_BUFFER_SIZE + TRACE_BLOCK_EVENTS - 1) / TRACE_BLOCK_EVENTS + 1))

#if CONFIG_DEBUG_TRACE
/* For the kernel's boot code: gives the recorder its ring and starts it. As soon as .data and .bss
 * are valid. */
void debug_trace_init(void);

/* One event of any type, out of line: 8 bits of type, two words. */
void debug_trace_event(uint8_t type, uint32_t p1, uint32_t p2);
/* Empties the ring; counts start at 0. */
void debug_clear_events(void);
/* Stops recording, writes the ring to the console by polling, oldest first, with a line of totals,
 * and goes on as before. Needs no other task; works in a panic. */
void debug_dump_events(void);

/* At most 16 characters of the name are kept. `kind` as in SPEC.md, 0 unknown. */
void trace_name_kind(const volatile void *object, uint32_t kind, const char *name);
void trace_name_task(uint32_t task, const char *name);

/* The offset of a string literal in .trace_fmt. Equal literals have equal offsets. */
#ifndef TRACE_TAG
#define TRACE_TAG(text)                                                                            \
    (__extension__({                                                                               \
        static const char trace_tag_text[] TRACE_PORT_TEXT_SECTION = text;                         \
        TRACE_PORT_TEXT_ADDRESS(trace_tag_text);                                                  \
    }))
#endif
#else
static inline void debug_trace_init(void) {}
static inline void debug_trace_event(uint8_t type, uint32_t p1, uint32_t p2) {}
static inline void debug_clear_events(void) {}
static inline void debug_dump_events(void) {}
static inline void trace_name_kind(const volatile void *object, uint32_t kind, const char *name) {}
static inline void trace_name_task(uint32_t task, const char *name) {}
#define debug_trace_init() TRACE_NEVER(debug_trace_init())
#define debug_trace_event(type, p1, p2) TRACE_NEVER(debug_trace_event(type, p1, p2))
#define debug_clear_events() TRACE_NEVER(debug_clear_events())
#define debug_dump_events() TRACE_NEVER(debug_dump_events())
#define trace_name_kind(object, kind, name) TRACE_NEVER(trace_name_kind(object, kind, name))
#define trace_name_task(task, name) TRACE_NEVER(trace_name_task(task, name))
#define TRACE_TAG(text) ((void) ("" text), 0u)
#endif

#define trace_name(object, name) trace_name_kind(object, 0, name)
#define trace_mark(text, value) trace_mark_any(TRACE_TAG(text), (uint32_t) (value))
#define trace_counter(text, value) trace_counter_any(TRACE_TAG(text), (uint32_t) (value))
#define trace_span_begin(text) trace_span_begin_any(TRACE_TAG(text))
#define trace_span_end(text) trace_span_end_any(TRACE_TAG(text))

/* Only for the compiler's check of the format. */
__attribute__((format(printf, 1, 2))) TRACE_INLINE void trace_log_check(const char *format, ...)
{
}

#define TRACE_COUNT_(_0, _1, _2, _3, _4, _5, _6, _7, n, ...) n
#define TRACE_COUNT(...) TRACE_COUNT_(0, ##__VA_ARGS__, 7, 6, 5, 4, 3, 2, 1, 0)
#define TRACE_ARG_0()
#define TRACE_ARG_1(a) (uint32_t) (a),
#define TRACE_ARG_2(a, ...) (uint32_t) (a), TRACE_ARG_1(__VA_ARGS__)
#define TRACE_ARG_3(a, ...) (uint32_t) (a), TRACE_ARG_2(__VA_ARGS__)
#define TRACE_ARG_4(a, ...) (uint32_t) (a), TRACE_ARG_3(__VA_ARGS__)
#define TRACE_ARG_5(a, ...) (uint32_t) (a), TRACE_ARG_4(__VA_ARGS__)
#define TRACE_ARG_6(a, ...) (uint32_t) (a), TRACE_ARG_5(__VA_ARGS__)
#define TRACE_ARG_7(a, ...) (uint32_t) (a), TRACE_ARG_6(__VA_ARGS__)
#define TRACE_ARGS__(n, ...) TRACE_ARG_##n(__VA_ARGS__)
#define TRACE_ARGS_(n, ...) TRACE_ARGS__(n, ##__VA_ARGS__)
#define TRACE_ARGS(...) TRACE_ARGS_(TRACE_COUNT(__VA_ARGS__), ##__VA_ARGS__)

#define trace_log(format, ...)                                                                     \
    do {                                                                                           \
        const uint32_t trace_log_args[] = {TRACE_ARGS(__VA_ARGS__) 0};                             \
        if (0)                                                                                     \
            trace_log_check(format, ##__VA_ARGS__);                                                \
        trace_log_any(TRACE_COUNT(__VA_ARGS__), TRACE_TAG(format), trace_log_args);                \
    } while (0)
#endif
