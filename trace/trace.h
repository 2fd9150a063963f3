/* SPDX-License-Identifier: MIT */
/* Kymo's recorder: what a kernel includes to record events.
 *
 * For each line of events.def there are two writers; the table says what an event means and when
 * to emit it:
 *
 *   trace_task_yield_any();                          from a task, interrupts on or off
 *   trace_task_switch_off(state, next->trace_id);    interrupts are off already
 *
 * With CONFIG_DEBUG_TRACE=0 all of them are empty inline functions: arguments are checked by the
 * compiler and cost nothing, provided they have no side effect, read no volatile and call nothing.
 * Statements and fields that exist only for tracing go through TRACE_ONLY().
 *
 * Context: the control functions below may be called from a task, a handler, or boot code, unless
 * they say otherwise; each masks interrupts itself for a bounded time and restores what it found.
 * */
#ifndef TRACE_H
#define TRACE_H
#include "trace_core.h"
#include "trace_gen.h"

#if CONFIG_DEBUG_TRACE
#define TRACE_ONLY(...) __VA_ARGS__
#include "trace_put.h"
#define TRACE_EVENT TRACE_EVENT_WRITERS
#else
#define TRACE_ONLY(...)
#define TRACE_EVENT TRACE_EVENT_EMPTY
#endif
#include "events.def"
#undef TRACE_EVENT

/* One line for each control function: real, or empty when tracing is compiled out */
#if CONFIG_DEBUG_TRACE
#define TRACE_CONTROL(type, name, params, ...) type name params;
#else
#define TRACE_CONTROL(type, name, params, ...) static inline type name params __VA_ARGS__
#endif

/* Gives the recorder its memory and starts it. Called once per hart, as early as .data and .bss
 * are valid.
 *   ring    word-aligned; bytes: a multiple of block_bytes, at least two blocks
 *   block_bytes  a power of two, 256 to 32768
 *   mode    0 overwrite the oldest, TRACE_ONE_SHOT stop when full
 * 0, or -1: a size that is not allowed; then nothing is recorded. */
TRACE_CONTROL(int, trace_init, (void *ring, uint32_t bytes, uint32_t block_bytes, uint32_t mode),
              { return 0; })

/* start: record the classes of the last mask. stop: record nothing. Both record a `control` event.
 * */
TRACE_CONTROL(void, trace_start, (void), {})
TRACE_CONTROL(void, trace_stop, (void), {})
/* Which classes to record (TRACE_CLASS_*; CORE is always in). Takes effect at start if stopped. */
TRACE_CONTROL(void, trace_set_mask, (uint32_t mask), {})
/* Throws away what is in the ring, after offering the open block to a capture. Loss counts start
 * at 0. */
TRACE_CONTROL(void, trace_clear, (void), {})
/* Like stop, and start does not undo it; clear does. For panics and triggers. */
TRACE_CONTROL(void, trace_freeze, (void), {})
/* 1 if the mask is not 0 */
TRACE_CONTROL(int, trace_running, (void), { return 0; })
/* Chooses overwrite (0) or TRACE_ONE_SHOT; clears the ring. */
TRACE_CONTROL(void, trace_set_mode, (uint32_t mode), {})

/* The age of the clock's upper half. Call trace_sync_check() at every tick and at every pass of a
 * cooperative scheduler: at least every 2^31 counts of the clock. Where the hart may have slept
 * for longer, call trace_sync_now() before anything is recorded. Any context. */
TRACE_CONTROL(void, trace_sync_now, (void), {})
TRACE_INLINE void trace_sync_check(void)
{
#if CONFIG_DEBUG_TRACE
    if (TRACE_UNLIKELY((int32_t) (trace_port_stamp() - TRACE_PORT_CONTROL()->time_low) < 0))
        trace_sync_now();
#endif
}

/* A trigger: freezes the ring `after` events after one that matches. Needs CONFIG_TRACE_TRIGGER=1,
 * which costs each event two instructions. An event matches if its slot's second half (code,
 * argument << 8) is `word` in the bits of word_mask, its payload word number `index` (if that is 0
 * or more) compares as asked, and, if `limit` is not 0, more than `limit` counts of the clock have
 * passed since the last event that is `from` in the bits of from_mask. The match leaves `control`
 * with op 5, the freeze one with op 4. NULL disarms. */
enum trace_compare { TRACE_EQUAL, TRACE_ABOVE };
struct trace_trigger {
    uint32_t word_mask, word;
    int32_t index;
    enum trace_compare compare;
    uint32_t value;
    uint32_t from_mask, from, limit;
    uint32_t after;
};
TRACE_CONTROL(void, trace_set_trigger, (const struct trace_trigger *t), {})

/* Walks ring and control block; 0 if all invariants of trace_core.h hold, else the number of the
 * first that does not. Interrupts are masked for the walk: for tests and after a crash. */
TRACE_CONTROL(int, trace_check, (void), { return 0; })

/* Events since the last clear: written (lost ones included), still in the ring, lost and why. */
struct trace_stats {
    uint32_t written, kept, overwritten, lost_full, lost_drain;
};
TRACE_CONTROL(void, trace_get_stats, (struct trace_stats *s),
              { *s = (struct trace_stats){0, 0, 0, 0, 0}; })

/* A reader of the ring. Several may exist; none slows a writer. Reads oldest first, also while
 * events are written. */
struct trace_reader {
    uint32_t next_seq;      /* event_seq of the next event to read */
    uint32_t lost;          /* events overwritten before this reader came to them */
    uint32_t block;         /* address of the block that is being read */
    uint32_t index, words;  /* slots and payload words of it already read */
};
struct trace_record {
    uint32_t stamp, arg, word[TRACE_MAX_WORDS];
    uint8_t code, words;
};
TRACE_CONTROL(void, trace_reader_init, (struct trace_reader *r),
              { *r = (struct trace_reader){0, 0, 0, 0, 0}; })
/* 1 and the next event, or 0: none yet. */
TRACE_CONTROL(int, trace_read, (struct trace_reader *r, struct trace_record *out), { return 0; })
/* Copies ring and control block as they are at one instant, while events are written: first the
 * control block (64 bytes), then whole blocks, oldest first, the open one last. Bytes used, 0 if
 * size is too small. */
TRACE_CONTROL(uint32_t, trace_snapshot, (void *out, uint32_t size), { return 0; })
/* Words of payload that an event with this code has; -1 for a code that is in no table. */
TRACE_CONTROL(int, trace_code_words, (uint32_t code), { return -1; })
/* An event's line of the table as text (trace_text.h). */
TRACE_CONTROL(const char *, trace_code_text, (uint32_t code), { return ""; })
#undef TRACE_CONTROL

#if !CONFIG_DEBUG_TRACE
/* Checked by the compiler, never seen by the optimiser: not even an empty inline function leaves
 * code quite alone. */
#define TRACE_NEVER(call) ((void) (0 ? call : (void) 0))
#define trace_start() TRACE_NEVER(trace_start())
#define trace_stop() TRACE_NEVER(trace_stop())
#define trace_set_mask(mask) TRACE_NEVER(trace_set_mask(mask))
#define trace_set_mode(mode) TRACE_NEVER(trace_set_mode(mode))
#define trace_clear() TRACE_NEVER(trace_clear())
#define trace_freeze() TRACE_NEVER(trace_freeze())
#define trace_sync_check() TRACE_NEVER(trace_sync_check())
#if defined(__has_include)
#if __has_include("trace_empty.h")
#include "trace_empty.h" /* the same for all writers; generated by trace/gen */
#endif
#endif
#endif
#endif
