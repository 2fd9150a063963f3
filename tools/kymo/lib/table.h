/* SPDX-License-Identifier: MIT */
/* The event table at compile time: everything here is generated from trace/events.def, nothing is
 * written by hand.
 *
 *   KE_task_switch                    first code of the event
 *   KE_task_switch_LAST               last code of the event (SUB included)
 *   kv_task_switch_next(e)            value of a field of struct kymo_event *e, zero-extended
 *   kymo_builtin_table                the table as text, as an image built from the same file
 * carries it
 *
 * A getter may be used on an event only if the trace's own table says the same about this event as
 * ours; kymo_table_known (private.h) tells, and the model ignores the events for which it does not.
 */
#ifndef KYMO_TABLE_H
#define KYMO_TABLE_H
#include "kymo.h"

/* KT_MAP(m, x, a, b, ..) calls m(x, a) m(x, b) ..; at most eight fields. */
#define KT_MAP(m, x, ...) \
    KT_PICK(__VA_ARGS__, KT_8, KT_7, KT_6, KT_5, KT_4, KT_3, KT_2, KT_1, )(m, x, __VA_ARGS__)
#define KT_PICK(a, b, c, d, e, f, g, h, i, ...) i
#define KT_1(m, x, a) m(x, a)
#define KT_2(m, x, a, ...) m(x, a) KT_1(m, x, __VA_ARGS__)
#define KT_3(m, x, a, ...) m(x, a) KT_2(m, x, __VA_ARGS__)
#define KT_4(m, x, a, ...) m(x, a) KT_3(m, x, __VA_ARGS__)
#define KT_5(m, x, a, ...) m(x, a) KT_4(m, x, __VA_ARGS__)
#define KT_6(m, x, a, ...) m(x, a) KT_5(m, x, __VA_ARGS__)
#define KT_7(m, x, a, ...) m(x, a) KT_6(m, x, __VA_ARGS__)
#define KT_8(m, x, a, ...) m(x, a) KT_7(m, x, __VA_ARGS__)
/* KT_OPEN(P, x, (KIND, ..)) becomes P##KIND(x, ..). */
#define KT_OPEN(p, x, f) KT_JOIN(p, x, KT_STRIP f)
#define KT_STRIP(...) __VA_ARGS__
#define KT_JOIN(p, x, ...) KT_CALL(p, x, __VA_ARGS__)
#define KT_CALL(p, x, kind, ...) p##kind(x, ##__VA_ARGS__)

/* Codes. */
enum kymo_code {
#define TRACE_EVENT(code, sub, name, ...) \
    KE_##name = code, KE_##name##_LAST = code + (1 << sub) - 1,
#include "events.def"
#undef TRACE_EVENT
};

/* Index of each payload word. */
#define KT_INDEX(x, f) KT_OPEN(KT_INDEX_, x, f)
#define KT_INDEX_NONE(x)
#define KT_INDEX_SUB(x, name, bits, type)
#define KT_INDEX_ARG(x, name, bits, shift, type)
#define KT_INDEX_WORD(x, name, type) KW_##x##_##name,
#define KT_INDEX_MORE(x, name, type)
#define TRACE_EVENT(code, sub, name, klass, text, ...) \
    enum { KW_##name##_first_ = -1, KT_MAP(KT_INDEX, name, __VA_ARGS__) KW_##name##_count_ };
#include "events.def"
#undef TRACE_EVENT

/* Getters. */
#define KT_GET(x, f) KT_OPEN(KT_GET_, x, f)
#define KT_GET_NONE(x)
#define KT_GET_FN(x, name, expr)                                       \
    static inline uint32_t kv_##x##_##name(const struct kymo_event *e) \
    {                                                                  \
        return (expr);                                                 \
    }
#define KT_GET_SUB(x, name, bits, type) KT_GET_FN(x, name, e->code &((1u << bits) - 1))
#define KT_GET_ARG(x, name, bits, shift, type) \
    KT_GET_FN(x, name, e->arg >> shift & ((1u << bits) - 1))
#define KT_GET_WORD(x, name, type) KT_GET_FN(x, name, e->word[KW_##x##_##name])
#define KT_GET_MORE(x, name, type)
#define TRACE_EVENT(code, sub, name, klass, text, ...) KT_MAP(KT_GET, name, __VA_ARGS__)
#include "events.def"
#undef TRACE_EVENT

extern const char kymo_builtin_table[];

#endif
