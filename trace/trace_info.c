/* SPDX-License-Identifier: MIT */
/* The event table as text for the host, in a section that is not loaded (SPEC.md, section 4), and
 * its checks at compile time. */
#include "trace.h"
#if CONFIG_DEBUG_TRACE
#include "trace_text.h"

#define TRACE_EVENT TRACE_EVENT_CHECK
#include "events.def"
#undef TRACE_EVENT

/* Two events with one code: a duplicate case. */
__attribute__((unused)) static void trace_codes_are_unique(unsigned code)
{
    switch (code) {
#define TRACE_EVENT(code, sub, name, CLASS, text, ...) case code ... (code) + (1 << (sub)) - 1:
#include "events.def"
#undef TRACE_EVENT
    default:
        break;
    }
}

#ifndef TRACE_PORT_INFO_SECTION
/* The `#` makes the assembler ignore the flags that the compiler adds. */
#define TRACE_PORT_INFO_SECTION(name) __attribute__((used, section(name ",\"\",@progbits#")))
#endif
TRACE_PORT_INFO_SECTION(".trace_info")
const char trace_info_text[] =
#define TRACE_EVENT TRACE_EVENT_TEXT
#include "events.def"
#undef TRACE_EVENT
    ;
#endif
