/* SPDX-License-Identifier: MIT */
/* The end of the machine: by polled output, with no lock and no memory, from any context and state.
 *
 * Exit status: 0 when the last application task has ended; 1 and up by the application's own store
 * to the finisher; 70 + n for panic codes (n = code - ERR_NO_TASKS: 70 no tasks .. 82 stack check,
 * 83 heap ..), 69 for another code; 100 + cause for an exception in machine mode. */
#include "sched.h"

#include <lib/libc.h>

#include "private/console.h"
#include "trap.h"

#define STATUS_PANIC 70
#define STATUS_OTHER 69
#define STATUS_EXCEPTION 100

static void say(const char *format, ...)
{
    char line[160];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    for (const char *p = line; *p; p++)
        hal_uart_put(*p);
}

void kernel_power_off(uint32_t status)
{
    console_drain();
    hal_power_off(status);
}

static const char *describe(int32_t code)
{
    const struct error_code *e = perror;
    while (e->code != code && e->code != ERR_UNKNOWN)
        e++;
    return e->desc;
}

/* A panic within a panic (a broken console, say) must not go round in circles. */
static bool begin(void)
{
    static bool begun;
    hal_irq_save();
    if (begun)
        return false;
    begun = true;
    console_drain();
    return true;
}

static void die(int32_t code, uint32_t pc)
{
    trace_panic_off(trace_id(sched_current()->id), (uint32_t) code, pc);
    trace_freeze();
    say("\n*** KERNEL PANIC (%d) - %s (task %u, pc %x, tick %u)\n", code, describe(code),
        sched_current()->id, pc, kernel_cb.ticks);
    hal_power_off(code >= ERR_NO_TASKS && code < ERR_UNKNOWN
                      ? STATUS_PANIC + (uint32_t) (code - ERR_NO_TASKS)
                      : STATUS_OTHER);
}

void panic(int32_t code)
{
    uint32_t pc = (uint32_t) (uintptr_t) __builtin_return_address(0);
    if (!begin())
        hal_power_off(STATUS_OTHER);
    die(code, pc);
    __builtin_unreachable();
}

void kernel_misuse(const char *call, const void *obj, const char *why, int32_t code)
{
    uint32_t pc = (uint32_t) (uintptr_t) __builtin_return_address(0);
    if (!begin())
        hal_power_off(STATUS_OTHER);
    say("\n*** %s: %s (object %x)", call, why, (uint32_t) (uintptr_t) obj);
    die(code, pc);
    __builtin_unreachable();
}

void kernel_in_handler(const char *call)
{
    kernel_misuse(call, NULL, "called in an interrupt handler", ERR_UNKNOWN);
}

void kernel_stack_smashed(const tcb_t *t)
{
    hal_irq_save();
    trace_stack_low_off(TRACE_ID(t), 0);
    if (!begin())
        hal_power_off(STATUS_OTHER);
    say("\n*** STACK CORRUPTION: task %u base=%x size=%u", t->id, (uint32_t) (uintptr_t) t->stack,
        (uint32_t) t->stack_sz);
    say("\n*** canary %x, at the base %x, sp %x", t->canary, *(uint32_t *) t->stack,
        (uint32_t) (uintptr_t) t->sp);
    die(ERR_STACK_CHECK, (uint32_t) (uintptr_t) __builtin_return_address(0));
    __builtin_unreachable();
}

static const char *const causes[] = {
    "Instruction address misaligned",
    "Instruction access fault",
    "Illegal instruction",
    "Breakpoint",
    "Load address misaligned",
    "Load access fault",
    "Store/AMO address misaligned",
    "Store/AMO access fault",
    "Environment call from U-mode",
    "Environment call from S-mode",
    "Reserved",
    "Environment call from M-mode",
    "Instruction page fault",
    "Load page fault",
    "Reserved",
    "Store/AMO page fault",
};

static const char *cause_name(uint32_t cause)
{
    return cause < ARRAY_SIZE(causes) ? causes[cause] : "Unknown";
}

void trap_exception(uint32_t cause, uint32_t pc, uint32_t tval, uint32_t sp, uint32_t ra,
                    uint32_t mstatus)
{
    trace_exc_off(cause, trace_id(sched_current()->id), pc, tval);
    trace_panic_off(trace_id(sched_current()->id), (uint32_t) ERR_UNKNOWN, pc);
    trace_freeze();
    if (!begin())
        hal_power_off(STATUS_EXCEPTION + (cause & 15));
    say("[EXCEPTION] %s PC=%08x\r\n", cause_name(cause), pc);
    say("task %u, tval %x, ra %x, sp %x, mstatus %x, mcause %x\n", sched_current()->id, tval, ra,
        sp, mstatus, cause);
    hal_power_off(STATUS_EXCEPTION + (cause & 15));
}

void trap_user_fault(uint32_t cause, uint32_t pc)
{
    char line[80];
    int32_t len = snprintf(line, sizeof(line), "[EXCEPTION] %s PC=%08x\r\n", cause_name(cause), pc);
    console_write(line, (uint32_t) len);
    mo_task_exit();
}
