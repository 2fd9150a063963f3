/* SPDX-License-Identifier: MIT */
/* A line of an event table as text: "0x08 3 task_switch SCHED S:state:3:state A:next:16:0:task\n".
 * */
#ifndef TRACE_TEXT_H
#define TRACE_TEXT_H
#include "trace_gen.h"

#define TRACE_T(kind, ...) TRACE_T_##kind(__VA_ARGS__)
#define TRACE_T_NONE()
#define TRACE_T_SUB(name, bits, type) " S:" #name ":" #bits ":" #type
#define TRACE_T_ARG(name, bits, shift, type) " A:" #name ":" #bits ":" #shift ":" #type
#define TRACE_T_WORD(name, type) " W:" #name ":" #type
#define TRACE_T_MORE(name, type) " M:" #name ":" #type
#define TRACE_EVENT_TEXT(code, sub, name, CLASS, text, ...)                                        \
    #code " " #sub " " #name " " #CLASS TRACE_MAP(TRACE_T, TRACE_NOTHING, __VA_ARGS__) "\n"
#endif
