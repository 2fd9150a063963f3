/* SPDX-License-Identifier: MIT */
/* Guest of the interpreter: one function for each writer of each event, compiled with the kernel's
 * flags and port, and an interrupt handler that records. Linked with the recorder's objects as the
 * kernel has them.
 *
 *   off_NAME(values), any_NAME(values)   records the event with these field values, in the table's
 *   order
 *   guest_init(one_shot)                 a ring of three blocks of 256 bytes
 *   handler_kind[depth]                  what the handler does at its first and second level */
#include <sys/debug_trace.h>

#include "kinds.h"

/* ---- the kernel that trace_port_asm.h knows ---- */

static uint32_t task[20] = {[18] = 0x0102 | 0xFFu << 16 | 3u << 24};
uint32_t kernel_cb[4] = {0, (uint32_t) task};
volatile uint32_t sched[32];

uint32_t trace_port_causes(void)
{
    return sched[13];
}
uint32_t trace_port_context(void)
{
    return task[18];
}
void console_write(const char *text, uint32_t len) {}

/* ---- a function for each writer ---- */

#define SEMICOLON() ;
#define L(kind, ...) L_##kind(__VA_ARGS__)
#define L_NONE()
#define L_SUB(name, bits, type) uint32_t l_##name = *v++
#define L_ARG(name, bits, shift, type) uint32_t l_##name = *v++
#define L_WORD(name, type) uint32_t l_##name = *v++
#define L_MORE(name, type) const uint32_t *l_##name = v
#define U(kind, ...) U_##kind(__VA_ARGS__)
#define U_NONE()
#define U_SUB(name, bits, type) l_##name
#define U_ARG(name, bits, shift, type) ARG_##type(l_##name)
#define U_WORD(name, type) WORD_##type(l_##name)
#define U_MORE(name, type) l_##name
#define ARG_task(x) trace_id(x)
#define ARG_result(x) x
#define ARG_count(x) x
#define ARG_ticks(x) x
#define ARG_bytes(x) x
#define ARG_level(x) x
#define ARG_cause(x) x
#define ARG_flag(x) x
#define ARG_state(x) x
#define ARG_reason(x) x
#define ARG_tag(x) x
#define ARG_hex(x) x
#define WORD_obj(x) ((void *) (x))
#define WORD_code(x) x
#define WORD_addr(x) x
#define WORD_result(x) x
#define WORD_count(x) x
#define WORD_ticks(x) x
#define WORD_bytes(x) x
#define WORD_hex(x) x
#define WORD_text(x) x

#define WRITER(how, name, ...)                                                                     \
    __attribute__((noinline)) void how##_##name(const uint32_t *v)                                 \
    {                                                                                              \
        TRACE_MAP(L, SEMICOLON, __VA_ARGS__);                                                      \
        trace_##name##_##how(TRACE_MAP(U, TRACE_COMMA, __VA_ARGS__));                              \
    }
#define TRACE_EVENT(code, sub, name, CLASS, text, ...)                                             \
    WRITER_##sub(name, __VA_ARGS__)
/* trace_log takes as many words as its SUB says, which must be a constant */
#define WRITER_0(name, ...) WRITER(off, name, __VA_ARGS__) WRITER(any, name, __VA_ARGS__)
#define WRITER_1 WRITER_0
#define WRITER_3(name, ...) WRITER_3_##name(name, __VA_ARGS__)
#define WRITER_3_task_switch WRITER_0
#define WRITER_3_task_ready WRITER_0
#define WRITER_3_log(name, ...)                                                                    \
    LOG(off, 0) LOG(off, 3) LOG(off, 7) LOG(any, 0) LOG(any, 3) LOG(any, 7)
#define LOG(how, n)                                                                                \
    __attribute__((noinline)) void how##_log##n(const uint32_t *v)                                 \
    {                                                                                              \
        trace_log_##how(n, v[0], v + 1);                                                           \
    }
#include "events.def"
#undef TRACE_EVENT

/* ---- the handler ---- */

volatile uint32_t handler_kind[3], handler_depth;

static void handler_mix(void)
{
    trace_irq_in_off(7, 0x1234);
    trace_exc_off(2, trace_id(0x4321), 0x11111111, 0x22222222);
    trace_task_create_off(trace_id(777), 5, 1, 1, 2, 3);
    trace_irq_out_off();
}

static void handler_any(void)
{
    __asm__ volatile("csrsi mstatus, 8");
    trace_mark_any(0x123456, 42);
    trace_task_yield_any();
    trace_exc_any(2, trace_id(0x4321), 0x11111111, 0x22222222);
    __asm__ volatile("csrci mstatus, 8");
}

void handler(void)
{
    uint32_t kind = handler_kind[handler_depth++], causes = sched[13];
    sched[13] = causes << 8 | 7;
    switch (kind) {
    case KIND_NARROW: trace_irq_out_off(); break;
    case KIND_MIX: handler_mix(); break;
    case KIND_LAP:
        for (uint32_t i = 0; i < KIND_LAP_EVENTS; i++)
            trace_tick_off(i, ~i);
        break;
    case KIND_STOP: trace_stop(); break;
    case KIND_ANY: handler_any(); break;
    case KIND_TOGGLE:
        trace_set_mask(TRACE_CLASS_IRQ);
        trace_irq_out_off();
        trace_set_mask((1 << TRACE_CLASSES) - 1);
        break;
    }
    sched[13] = causes;
    handler_depth--;
}

static uint32_t ring[3 * 256 / 4];

int guest_init(uint32_t one_shot)
{
    int result = trace_init(ring, sizeof(ring), 256, one_shot);
    trace_set_mask((1 << TRACE_CLASSES) - 1);
    return result;
}
