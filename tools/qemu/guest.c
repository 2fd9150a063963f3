/* SPDX-License-Identifier: MIT */
/* Guest memory and guest time as the plugin sees them.
 *
 * The interface has no call for either. RAM is one host mapping, so any instruction fetched from it gives its base. Time
 * comes from functions that the QEMU binary exports for its own modules; they are looked up at run time, and a QEMU
 * without them only loses the exact end of a run that was limited in guest time. They must not be called from a
 * translation block's middle (icount allows the clock to be read only where I/O is allowed): the callers are timers and exit. */
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

bool guest_timer(uint64_t ns, void (*fn)(void *))
{
    /* timer_init_full(timer, group or NULL, clock, scale, attributes, callback, argument) */
    void (*init)(void *, void *, int, int, int, void (*)(void *), void *) =
        (void (*)(void *, void *, int, int, int, void (*)(void *), void *))dlsym(RTLD_DEFAULT, "timer_init_full");
    void (*mod)(void *, int64_t) = (void (*)(void *, int64_t))dlsym(RTLD_DEFAULT, "timer_mod");
    if (!init || !mod)
        return false;
    void *timer = calloc(1, 512); /* QEMUTimer is 64 bytes; it lives as long as QEMU */
    if (!timer)
        return false;
    init(timer, NULL, CLOCK_VIRTUAL, 1, 0, fn, NULL);
    mod(timer, (int64_t)ns);
    return true;
}
