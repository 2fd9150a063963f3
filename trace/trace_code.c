/* SPDX-License-Identifier: MIT */
/* What a reader on the target must know about a code: payload words, and the table's line. Linked
 * only where used. An application's own table (sys/trace_user.h) comes in by two weak names. */
#include "trace.h"
#if CONFIG_DEBUG_TRACE
#include "trace_text.h"

int trace_user_code_words(uint32_t code) __attribute__((weak));
const char *trace_user_code_text(uint32_t code) __attribute__((weak));

int trace_code_words(uint32_t code)
{
    switch (code) {
#define TRACE_EVENT TRACE_EVENT_CASE_WORDS
#include "events.def"
#undef TRACE_EVENT
    default:
        return trace_user_code_words ? trace_user_code_words(code) : -1;
    }
}

const char *trace_code_text(uint32_t code)
{
    switch (code) {
#define TRACE_EVENT TRACE_EVENT_CASE_TEXT
#include "events.def"
#undef TRACE_EVENT
    default:
        return trace_user_code_text ? trace_user_code_text(code) : "? ? unknown";
    }
}
#endif
