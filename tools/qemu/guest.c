/* SPDX-License-Identifier: MIT */
/* Guest memory and guest time as the plugin sees them.
 *
 * The interface has no call for either. RAM is one host mapping, so any instruction fetched from it
 * gives its base. Time comes from functions that the QEMU binary exports for its own modules; they
 * are looked up at run time, and a QEMU without them only loses the exact end of a run that was
 * limited in guest time. They must not be called from a translation block's middle (icount allows
 * the clock to be read only where I/O is allowed): the callers are timers and exit. */
#include "plugin.h"

#include <dlfcn.h>
#include <stdlib.h>

uint32_t guest_ram_size = 128u << 20;

static uint8_t *ram;

void guest_learn(const struct qemu_plugin_insn *insn)
{
    uint64_t at = qemu_plugin_insn_vaddr(insn);
    uint8_t *host = qemu_plugin_insn_haddr(insn);
    if (!ram && host && at >= GUEST_RAM && at - GUEST_RAM < guest_ram_size)
        ram = host - (at - GUEST_RAM);
}

bool guest_read(uint32_t addr, void *to, uint32_t length)
{
    uint32_t offset = addr - GUEST_RAM;
    if (!ram || addr < GUEST_RAM || offset >= guest_ram_size || length > guest_ram_size - offset)
        return false;
    memcpy(to, ram + offset, length);
    return true;
}

enum { CLOCK_VIRTUAL = 1 }; /* QEMU_CLOCK_VIRTUAL */

uint64_t guest_time(void)
{
    static int64_t (*get)(int);
    if (!get)
        get = (int64_t(*)(int))dlsym(RTLD_DEFAULT, "qemu_clock_get_ns");
    return get ? (uint64_t)get(CLOCK_VIRTUAL) : UINT64_MAX;
}

static struct {
    void *timer;
    int64_t at;
    void (*mod)(void *timer, int64_t at);
} alarm_clock;

/* The machine is complete and no instruction has run: the first time slice will already know the
 * alarm. */
static void on_vm_state(void *unused, bool running, int state)
{
    (void)unused;
    (void)state;
    if (running && alarm_clock.at) {
        alarm_clock.mod(alarm_clock.timer, alarm_clock.at);
        alarm_clock.at = 0;
    }
}

bool guest_timer(uint64_t ns, void (*fn)(void *))
{
    /* timer_init_full(timer, group or NULL, clock, scale, attributes, callback, argument) */
    void (*init)(void *, void *, int, int, int, void (*)(void *), void *) =
        (void (*)(void *, void *, int, int, int, void (*)(void *), void *))dlsym(RTLD_DEFAULT,
                                                                                 "timer_init_full");
    void *(*watch)(void (*)(void *, bool, int), void *) =
        (void *(*)(void (*)(void *, bool, int), void *))dlsym(RTLD_DEFAULT,
                                                              "qemu_add_vm_change_state_handler");
    alarm_clock.mod = (void (*)(void *, int64_t))dlsym(RTLD_DEFAULT, "timer_mod");
    alarm_clock.timer = calloc(1, 512); /* QEMUTimer is 64 bytes; it lives as long as QEMU */
    alarm_clock.at = (int64_t)ns;
    if (!init || !watch || !alarm_clock.mod || !alarm_clock.timer)
        return false;
    init(alarm_clock.timer, NULL, CLOCK_VIRTUAL, 1, 0, fn, NULL);
    watch(on_vm_state, NULL);
    return true;
}
