/* SPDX-License-Identifier: MIT */
/* A call refused with an error code is one event in the trace. Its `call` is the code of the
 * event that the call would have written had it done its work: so the event table names the
 * calls as well. */
#pragma once

#include "trace.h"

enum {
#define TRACE_EVENT(code, sub, name, ...) CALL_##name = code,
#include "events.def"
#undef TRACE_EVENT
};

/* Records it and returns `result`. Machine mode, interrupts on or off. */
static inline int32_t refuse(uint32_t call, const void *obj, int32_t result)
{
    trace_refused_any(call, obj, (uint32_t) result);
    return result;
}
