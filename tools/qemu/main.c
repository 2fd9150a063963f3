/* SPDX-License-Identifier: MIT */
/* The plugin's door: arguments, translation, exit. `kymo run` and `kymo cost` load it; by hand:
 *
 *     qemu-system-riscv32 ... -plugin kymo-qemu.so,between=0x80000100:0x80000140,out=counts.txt
 *
 * A wrong argument is one line and QEMU does not start. */
#include "plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static const struct mode {
    bool (*option)(const char *arg, bool *ok);
    bool (*start)(qemu_plugin_id_t id);
    void (*translate)(struct qemu_plugin_insn *insn, uint32_t pc);
    void (*exit)(void);
} modes[] = {
    {capture_option, capture_start, capture_translate, capture_exit},
    {cost_option, cost_start, cost_translate, cost_exit}, /* before between: both take out= */
    {between_option, between_start, between_translate, between_exit},
};

enum { MODES = sizeof modes / sizeof *modes };

const char *option_value(const char *arg, const char *key)
{
    size_t length = strlen(key);
    return strncmp(arg, key, length) == 0 && arg[length] == '=' ? arg + length + 1 : NULL;
}

bool option_number(const char *text, uint64_t *to)
{
    char *end;
    errno = 0;
    *to = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == 0 && *text != '-';
}

static bool take(const char *arg)
{
    bool ok = true;
    uint64_t size;
    const char *value = option_value(arg, "ram");
    if (value) {
        ok = option_number(value, &size) && size && size <= UINT32_MAX;
        guest_ram_size = (uint32_t)size;
        return ok;
    }
    for (int i = 0; i < MODES; i++)
        if (modes[i].option(arg, &ok))
            return ok;
    return false;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        guest_learn(insn);
        for (int m = 0; m < MODES; m++)
            modes[m].translate(insn, (uint32_t)qemu_plugin_insn_vaddr(insn));
    }
}

void plugin_finish(void)
{
    for (int m = 1; m < MODES; m++) /* all but capture, which calls this */
        modes[m].exit();
}

static void on_exit_qemu(qemu_plugin_id_t id, void *unused)
{
    (void)id;
    (void)unused;
    for (int m = 0; m < MODES; m++)
        modes[m].exit();
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    if (!info->system_emulation || strcmp(info->target_name, "riscv32") != 0) {
        fprintf(stderr, "kymo-qemu: only for qemu-system-riscv32\n");
        return -1;
    }
    for (int i = 0; i < argc; i++)
        if (!take(argv[i])) {
            fprintf(stderr, "kymo-qemu: bad argument `%s`\n", argv[i]);
            return -1;
        }
    for (int m = 0; m < MODES; m++)
        if (!modes[m].start(id)) {
            fprintf(stderr, "kymo-qemu: arguments are missing (see the head of the mode's file)\n");
            return -1;
        }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_qemu, NULL);
    return 0;
}
