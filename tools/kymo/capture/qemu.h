/* SPDX-License-Identifier: MIT */
/* Starts QEMU for one image, in such a way that the same image gives the same run, and that no QEMU
 * and no file is left behind however this process ends: RAM and console are anonymous memory files
 * that QEMU opens by descriptor, and QEMU is killed by the kernel when this process dies. */
#ifndef KYMO_CAPTURE_QEMU_H
#define KYMO_CAPTURE_QEMU_H
#include "image.h"

#include <sys/types.h>

struct qemu_options {
    const char *image;  /* path */
    const char *binary; /* NULL: $KYMO_QEMU, else qemu-system-riscv32 from PATH */
    const char *plugin; /* path of the plugin, NULL none */
    const char
        *plugin_arg; /* "key=value,..."; "%" is not special; the descriptors are added here */
    int inherit[2];  /* more descriptors that QEMU keeps, 0 none */
    bool icount;
    unsigned shift;
    bool interactive; /* console on the terminal, input from stdin */
};

struct qemu_process {
    pid_t pid;
    int pidfd;   /* readable when QEMU has ended */
    int stream;  /* the plugin's pipe, -1 without plugin */
    int console; /* what the guest printed */
    int ram_fd;
    uint8_t *ram; /* mapped, ram_size bytes of the image */
    uint32_t ram_size;
};

/* False with one line in `why`. */
bool qemu_start(struct qemu_process *q, const struct qemu_options *o,
                const struct capture_image *im, char *why, size_t why_size);
void qemu_kill(struct qemu_process *q);
int qemu_wait(struct qemu_process *q); /* wait status */
void qemu_free(struct qemu_process *q);

/* Path of kymo-qemu.so: $KYMO_PLUGIN, beside the binary, or in ../lib/kymo; NULL with a line in
 * `why`. */
const char *qemu_plugin_path(char *why, size_t why_size);

#endif
