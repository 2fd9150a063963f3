/* SPDX-License-Identifier: MIT */
/* Events of an application's own: one line each, typed and checked like the kernel's.
 *
 * 1. A table, app/NAME_events.def, in the language of trace/events.def, with codes 0xC8 to 0xFE:
 *
 *      TRACE_EVENT(0xC8, 0, filtered, USER, "a value passed the filter",
 *                  (ARG, channel, 8, 0, count), (WORD, value, result))
 *
 * 2. In each source file that records them:
 *
 *      #define TRACE_USER_TABLE "app/NAME_events.def"
 *      #include <sys/trace_user.h>
 *
 *    gives trace_filtered_any(channel, value) and trace_filtered_off(..).
 *
 * 3. In exactly one of these files, before the #include, also
 *
 *      #define TRACE_USER_DEFINE 1
 *
 *    puts the table's text into the image for the host, and its sizes into the target's own
 *    reader. */
#ifndef SYS_TRACE_USER_H
#define SYS_TRACE_USER_H
#include <sys/debug_trace.h>

#ifndef TRACE_USER_TABLE
#error "define TRACE_USER_TABLE, the name of the application's event table, first"
#endif

#if CONFIG_DEBUG_TRACE
#define TRACE_EVENT TRACE_EVENT_WRITERS
#else
#define TRACE_EVENT TRACE_EVENT_EMPTY
#endif
#include TRACE_USER_TABLE
#undef TRACE_EVENT

#define TRACE_EVENT(code, sub, name, CLASS, text, ...)                                             \
    _Static_assert((code) >= 0xC8, #name ": codes below 0xC8 are not the application's");          \
    TRACE_EVENT_CHECK(code, sub, name, CLASS, text, __VA_ARGS__)
#include TRACE_USER_TABLE
#undef TRACE_EVENT

#if CONFIG_DEBUG_TRACE && defined(TRACE_USER_DEFINE)
#include "trace_text.h"

TRACE_PORT_INFO_SECTION(".trace_info_user")
const char trace_info_user_text[] =
#define TRACE_EVENT TRACE_EVENT_TEXT
#include TRACE_USER_TABLE
#undef TRACE_EVENT
    ;

int trace_user_code_words(uint32_t code);
int trace_user_code_words(uint32_t code)
{
    switch (code) {
#define TRACE_EVENT TRACE_EVENT_CASE_WORDS
#include TRACE_USER_TABLE
#undef TRACE_EVENT
    default:
        return -1;
    }
}

const char *trace_user_code_text(uint32_t code);
const char *trace_user_code_text(uint32_t code)
{
    switch (code) {
#define TRACE_EVENT TRACE_EVENT_CASE_TEXT
#include TRACE_USER_TABLE
#undef TRACE_EVENT
    default:
        return "? ? unknown";
    }
}
#endif
#endif
