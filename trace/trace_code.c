/* SPDX-License-Identifier: MIT */
/* What a reader on the target must know about a code: payload words, and the table's line. Linked
 * only where used. */
#include "trace.h"
#if CONFIG_DEBUG_TRACE
#include "trace_text.h"

/* MORE: as many words as the SUB bits say */
#undef TRACE_N_MORE
#define TRACE_N_MORE(name, type) +32
int trace_code_words(uint32_t code)
{
    int n;
    switch (code) {
#define TRACE_EVENT(code_, sub, name, CLASS, text, ...)                                            \
    case (code_) ... (code_) + (1 << (sub)) - 1:                                                   \
        n = 0 TRACE_MAP(TRACE_N, TRACE_NOTHING, __VA_ARGS__);                                      \
        return n < 32 ? n : (int) (code - (code_));
#include "events.def"
#undef TRACE_EVENT
    default:
        return -1;
    }
}

const char *trace_code_text(uint32_t code)
{
    switch (code) {
#define TRACE_EVENT(code_, sub, name, CLASS, text, ...)                                            \
    case (code_) ... (code_) + (1 << (sub)) - 1:                                                   \
        return TRACE_EVENT_TEXT(code_, sub, name, CLASS, text, __VA_ARGS__);
#include "events.def"
#undef TRACE_EVENT
    default:
        return "? ? unknown";
    }
}
#endif
