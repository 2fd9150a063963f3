/* SPDX-License-Identifier: MIT */
/* From a line of an event table to its two writers: trace_NAME_off(fields..),
 * trace_NAME_any(fields..).
 *
 * Includer: defines TRACE_EVENT as TRACE_EVENT_WRITERS (or TRACE_EVENT_EMPTY where tracing is
 * compiled out) and includes the table. Parameters have the table's order. Their types:
 *   ARG of type task     trace_id_t, the id as the record holds it (trace_id(n) makes one)
 *   WORD of type obj     a pointer
 *   all others           uint32_t; bits that do not fit into an ARG field are cut off
 *   MORE                 const uint32_t *, of as many words as the SUB field says
 * SUB values should be constants: then the code is one too. */
#ifndef TRACE_GEN_H
#define TRACE_GEN_H

/* TRACE_MAP(m, (..), (..)): m(..) for each tuple, joined by `sep` */
#define TRACE_MAP_1(m, sep, f) m f
#define TRACE_MAP_2(m, sep, f, ...) m f sep() TRACE_MAP_1(m, sep, __VA_ARGS__)
#define TRACE_MAP_3(m, sep, f, ...) m f sep() TRACE_MAP_2(m, sep, __VA_ARGS__)
#define TRACE_MAP_4(m, sep, f, ...) m f sep() TRACE_MAP_3(m, sep, __VA_ARGS__)
#define TRACE_MAP_5(m, sep, f, ...) m f sep() TRACE_MAP_4(m, sep, __VA_ARGS__)
#define TRACE_MAP_6(m, sep, f, ...) m f sep() TRACE_MAP_5(m, sep, __VA_ARGS__)
#define TRACE_MAP_7(m, sep, f, ...) m f sep() TRACE_MAP_6(m, sep, __VA_ARGS__)
#define TRACE_MAP_8(m, sep, f, ...) m f sep() TRACE_MAP_7(m, sep, __VA_ARGS__)
#define TRACE_PICK(_1, _2, _3, _4, _5, _6, _7, _8, name, ...) name
#define TRACE_MAP(m, sep, ...)                                                                     \
    TRACE_PICK(__VA_ARGS__, TRACE_MAP_8, TRACE_MAP_7, TRACE_MAP_6, TRACE_MAP_5, TRACE_MAP_4,       \
               TRACE_MAP_3, TRACE_MAP_2, TRACE_MAP_1, 0)                                           \
    (m, sep, __VA_ARGS__)
#define TRACE_COMMA() ,
#define TRACE_NOTHING()

/* Parameter of a field */
#define TRACE_P(kind, ...) TRACE_P_##kind(__VA_ARGS__)
#define TRACE_P_NONE() void
#define TRACE_P_SUB(name, bits, type) uint32_t f_##name
#define TRACE_P_ARG(name, bits, shift, type) TRACE_ARGTYPE_##type f_##name
#define TRACE_P_WORD(name, type) TRACE_WORDTYPE_##type f_##name
#define TRACE_P_MORE(name, type) const uint32_t *f_##name

/* Its share of the slot's second half */
#define TRACE_A(kind, ...) TRACE_A_##kind(__VA_ARGS__)
#define TRACE_A_NONE()
#define TRACE_A_SUB(name, bits, type) | (f_##name & ((1u << (bits)) - 1))
#define TRACE_A_ARG(name, bits, shift, type) | TRACE_ARGBITS_##type(f_##name, bits, shift)
#define TRACE_A_WORD(name, type)
#define TRACE_A_MORE(name, type)

/* Number of payload words */
#define TRACE_N(kind, ...) TRACE_N_##kind(__VA_ARGS__)
#define TRACE_N_NONE()
#define TRACE_N_SUB(name, bits, type)
#define TRACE_N_ARG(name, bits, shift, type)
#define TRACE_N_WORD(name, type) +1
#define TRACE_N_MORE(name, type) +f_argc

/* The payload words, each followed by a comma */
#define TRACE_V(kind, ...) TRACE_V_##kind(__VA_ARGS__)
#define TRACE_V_NONE()
#define TRACE_V_SUB(name, bits, type)
#define TRACE_V_ARG(name, bits, shift, type)
#define TRACE_V_WORD(name, type) TRACE_WORDBITS_##type(f_##name),
#define TRACE_V_MORE(name, type)                                                                   \
    f_argc > 0 ? f_##name[0] : 0, f_argc > 1 ? f_##name[1] : 0, f_argc > 2 ? f_##name[2] : 0,      \
    f_argc > 3 ? f_##name[3] : 0, f_argc > 4 ? f_##name[4] : 0, f_argc > 5 ? f_##name[5] : 0,      \
    f_argc > 6 ? f_##name[6] : 0,

/* Types of the table: task and obj are special, the rest are numbers */
#define TRACE_NUMBER(v, bits, shift) ((uint32_t) ((v) & ((1u << (bits)) - 1)) << ((shift) + 8))
#define TRACE_WORD_NUMBER(v) ((uint32_t) (v))
#define TRACE_ARGTYPE_task trace_id_t
#define TRACE_ARGBITS_task(v, bits, shift) ((v).id8 << (shift))
#define TRACE_WORDTYPE_obj const volatile void *
#define TRACE_WORDBITS_obj(v) ((uint32_t) (uintptr_t) (v))

#define TRACE_ARGTYPE_code uint32_t
#define TRACE_ARGTYPE_addr uint32_t
#define TRACE_ARGTYPE_result uint32_t
#define TRACE_ARGTYPE_count uint32_t
#define TRACE_ARGTYPE_ticks uint32_t
#define TRACE_ARGTYPE_bytes uint32_t
#define TRACE_ARGTYPE_level uint32_t
#define TRACE_ARGTYPE_cause uint32_t
#define TRACE_ARGTYPE_flag uint32_t
#define TRACE_ARGTYPE_state uint32_t
#define TRACE_ARGTYPE_reason uint32_t
#define TRACE_ARGTYPE_tag uint32_t
#define TRACE_ARGTYPE_hex uint32_t
#define TRACE_ARGBITS_code TRACE_NUMBER
#define TRACE_ARGBITS_addr TRACE_NUMBER
#define TRACE_ARGBITS_result TRACE_NUMBER
#define TRACE_ARGBITS_count TRACE_NUMBER
#define TRACE_ARGBITS_ticks TRACE_NUMBER
#define TRACE_ARGBITS_bytes TRACE_NUMBER
#define TRACE_ARGBITS_level TRACE_NUMBER
#define TRACE_ARGBITS_cause TRACE_NUMBER
#define TRACE_ARGBITS_flag TRACE_NUMBER
#define TRACE_ARGBITS_state TRACE_NUMBER
#define TRACE_ARGBITS_reason TRACE_NUMBER
#define TRACE_ARGBITS_tag TRACE_NUMBER
#define TRACE_ARGBITS_hex TRACE_NUMBER
#define TRACE_WORDTYPE_code uint32_t
#define TRACE_WORDTYPE_addr uint32_t
#define TRACE_WORDTYPE_result uint32_t
#define TRACE_WORDTYPE_count uint32_t
#define TRACE_WORDTYPE_ticks uint32_t
#define TRACE_WORDTYPE_bytes uint32_t
#define TRACE_WORDTYPE_hex uint32_t
#define TRACE_WORDTYPE_text uint32_t
#define TRACE_WORDTYPE_task uint32_t
#define TRACE_WORDTYPE_tag uint32_t
#define TRACE_WORDTYPE_flag uint32_t
#define TRACE_WORDBITS_code TRACE_WORD_NUMBER
#define TRACE_WORDBITS_addr TRACE_WORD_NUMBER
#define TRACE_WORDBITS_result TRACE_WORD_NUMBER
#define TRACE_WORDBITS_count TRACE_WORD_NUMBER
#define TRACE_WORDBITS_ticks TRACE_WORD_NUMBER
#define TRACE_WORDBITS_bytes TRACE_WORD_NUMBER
#define TRACE_WORDBITS_hex TRACE_WORD_NUMBER
#define TRACE_WORDBITS_text TRACE_WORD_NUMBER
#define TRACE_WORDBITS_task TRACE_WORD_NUMBER
#define TRACE_WORDBITS_tag TRACE_WORD_NUMBER
#define TRACE_WORDBITS_flag TRACE_WORD_NUMBER

#define TRACE_WRITER(code, name, CLASS, how, ...)                                                  \
    TRACE_INLINE void trace_##name##_##how(TRACE_MAP(TRACE_P, TRACE_COMMA, __VA_ARGS__))           \
    {                                                                                              \
        const uint32_t words[] = {TRACE_MAP(TRACE_V, TRACE_NOTHING, __VA_ARGS__) 0};               \
        trace_put_##how(TRACE_ON(CLASS),                                                   \
                        (uint32_t) (code) TRACE_MAP(TRACE_A, TRACE_NOTHING, __VA_ARGS__),          \
                        0 TRACE_MAP(TRACE_N, TRACE_NOTHING, __VA_ARGS__), words);                  \
        TRACE_TRIGGER_LOOK((uint32_t) (code) TRACE_MAP(TRACE_A, TRACE_NOTHING, __VA_ARGS__),       \
                           0 TRACE_MAP(TRACE_N, TRACE_NOTHING, __VA_ARGS__), words);               \
    }
#define TRACE_EVENT_WRITERS(code, sub, name, CLASS, text, ...)                                     \
    TRACE_WRITER(code, name, CLASS, off, __VA_ARGS__)                                              \
    TRACE_WRITER(code, name, CLASS, any, __VA_ARGS__)

#define TRACE_EVENT_EMPTY(code, sub, name, CLASS, text, ...)                                       \
    TRACE_INLINE void trace_##name##_off(TRACE_MAP(TRACE_P, TRACE_COMMA, __VA_ARGS__)) {}          \
    TRACE_INLINE void trace_##name##_any(TRACE_MAP(TRACE_P, TRACE_COMMA, __VA_ARGS__)) {}

/* Layout checks of a table line: codes aligned, fields inside their space, no two events on one
 * code (a duplicate case in trace_info.c) */
#define TRACE_C(kind, ...) TRACE_C_##kind(__VA_ARGS__)
#define TRACE_C_NONE()
#define TRACE_C_SUB(name, bits, type)
#define TRACE_C_ARG(name, bits, shift, type) && (bits) + (shift) <= 24
#define TRACE_C_WORD(name, type)
#define TRACE_C_MORE(name, type)
#define TRACE_S(kind, ...) TRACE_S_##kind(__VA_ARGS__)
#define TRACE_S_NONE()
#define TRACE_S_SUB(name, bits, type) +(bits)
#define TRACE_S_ARG(name, bits, shift, type)
#define TRACE_S_WORD(name, type)
#define TRACE_S_MORE(name, type)
#define TRACE_EVENT_CHECK(code, sub, name, CLASS, text, ...)                                       \
    _Static_assert((code) > 0 && (code) + (1 << (sub)) - 1 < 0xFF &&                               \
                   ((code) & ((1 << (sub)) - 1)) == 0, #name ": code not aligned to its SUB");     \
    _Static_assert((sub) == 0 TRACE_MAP(TRACE_S, TRACE_NOTHING, __VA_ARGS__), #name ": SUB bits"); \
    _Static_assert(1 TRACE_MAP(TRACE_C, TRACE_NOTHING, __VA_ARGS__), #name ": argument too wide");
#endif
