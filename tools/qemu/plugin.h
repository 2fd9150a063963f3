/* SPDX-License-Identifier: MIT */
/* What the files of the plugin share. Each mode is a file with an `_option` function that takes its
 * arguments, a `_start` function that runs once when all arguments are known, and hooks that main.c
 * calls. A mode that got no argument costs nothing.
 *
 * QEMU 7.2 and icount run all harts in one thread, so nothing here locks. */
#ifndef KYMO_QEMU_PLUGIN_H
#define KYMO_QEMU_PLUGIN_H
#include "api.h"

#define GUEST_RAM 0x80000000u

/* Guest memory. guest_learn() is called by main.c with every translated instruction until it knows
 * where RAM is. */
void guest_learn(const struct qemu_plugin_insn *insn);
bool guest_read(uint32_t addr, void *to,
                uint32_t length); /* false: not RAM, or RAM not known yet */
extern uint32_t guest_ram_size;   /* ram= argument, else 128 MiB */

/* Guest time in nanoseconds; UINT64_MAX if this QEMU does not export it. */
uint64_t guest_time(void);
/* Calls fn once when guest time reaches `ns`, exactly there under icount. False if this QEMU
 * cannot. */
bool guest_timer(uint64_t ns, void (*fn)(void *));

/* The run ends here and now: the other modes write their results, QEMU's own exit does not happen.
 */
void plugin_finish(void);

/* "key=value" with this key: the value; else NULL. */
const char *option_value(const char *arg, const char *key);
bool option_number(const char *text, uint64_t *to);

/* Capture: copies closed blocks into the pipe (capture.c). */
bool capture_option(const char *arg, bool *ok);
bool capture_start(qemu_plugin_id_t id);
void capture_translate(struct qemu_plugin_insn *insn, uint32_t pc);
void capture_exit(void);

/* Between: instructions from one address to another (between.c). */
bool between_option(const char *arg, bool *ok);
bool between_start(qemu_plugin_id_t id);
void between_translate(struct qemu_plugin_insn *insn, uint32_t pc);
void between_exit(void);

/* Cost: calls of functions, inlined sites and paths (cost.c). */
bool cost_option(const char *arg, bool *ok);
bool cost_start(qemu_plugin_id_t id);
void cost_translate(struct qemu_plugin_insn *insn, uint32_t pc);
void cost_exit(void);
#endif
