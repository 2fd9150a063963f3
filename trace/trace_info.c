/* SPDX-License-Identifier: MIT */
/* The event table as text for the host, in a section that is not loaded (SPEC.md, section 4), and
 * its checks at compile time. (That no two events share a code shows in trace_code.c.) */
#include "trace.h"
#if CONFIG_DEBUG_TRACE
#include "trace_text.h"

#define TRACE_EVENT TRACE_EVENT_CHECK
#include "events.def"
#undef TRACE_EVENT

TRACE_PORT_INFO_SECTION(".trace_info")
const char trace_info_text[] =
#define TRACE_EVENT TRACE_EVENT_TEXT
#include "events.def"
#undef TRACE_EVENT
    ;
#endif
