/* SPDX-License-Identifier: MIT */
/* Forms of a table line other than its writers.
 *
 * As text: "0x08 3 task_switch SCHED S:state:3:state A:next:16:0:task\n".
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

/* As cases of a switch over `code`: payload words (MORE: as many as the SUB bits say), and text.
 * Two events with one code do not compile. */
#define TRACE_K(kind, ...) TRACE_K_##kind(__VA_ARGS__)
#define TRACE_K_NONE()
#define TRACE_K_SUB(name, bits, type)
#define TRACE_K_ARG(name, bits, shift, type)
#define TRACE_K_WORD(name, type) +1
#define TRACE_K_MORE(name, type) +32
#define TRACE_EVENT_CASE_WORDS(code_, sub, name, CLASS, text, ...)                                 \
    case (code_) ... (code_) + (1 << (sub)) - 1: {                                                 \
        const int n = 0 TRACE_MAP(TRACE_K, TRACE_NOTHING, __VA_ARGS__);                            \
        return n < 32 ? n : (int) (code - (code_));                                                \
    }
#define TRACE_EVENT_CASE_TEXT(code_, sub, name, CLASS, text, ...)                                  \
    case (code_) ... (code_) + (1 << (sub)) - 1:                                                   \
        return TRACE_EVENT_TEXT(code_, sub, name, CLASS, text, __VA_ARGS__);

#ifndef TRACE_PORT_INFO_SECTION
/* Not loaded. The `#` makes the assembler ignore the flags that the compiler adds. */
#define TRACE_PORT_INFO_SECTION(name) __attribute__((used, section(name ",\"\",@progbits#")))
#endif
#endif
