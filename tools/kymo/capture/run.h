/* SPDX-License-Identifier: MIT */
/* State of one `kymo run`, shared by run.c (command line, QEMU, the plugin's messages, status) and
 * run_trace.c (what goes into the container, and in which order). Nobody else includes it. */
#ifndef KYMO_CAPTURE_RUN_H
#define KYMO_CAPTURE_RUN_H
#include "qemu.h"
#include "ring.h"

enum { HARTS = 8 };
enum capture_mode { CAPTURE_PLUGIN, CAPTURE_RAM, CAPTURE_NONE };

struct run {
    struct qemu_options qemu;
    enum capture_mode mode;
    const char *out;
    double timeout;    /* host seconds, 0 none */
    uint64_t duration; /* guest nanoseconds, 0 none */
    uint64_t events;
    bool quiet;
    const char *keep_ram; /* copy the guest's RAM here at the end, NULL no */
    bool cost;            /* count the recorder's own share in a second run */

    struct capture_image image;
    struct qemu_process q;
    struct capture_writer w;
    struct capture_seen seen[HARTS];
    int panic_code;

    uint8_t *buffer; /* of the pipe */
    size_t filled, room;
    bool hello;
    uint64_t console_kept;   /* bytes that are in CONSOLE packets */
    uint64_t console_passed; /* bytes that went to stdout */
    bool console_off;        /* stdout was closed by its reader */

    const char *reason; /* of the end, NULL while QEMU runs or when it ended by itself */
    int signal;         /* that ended us */
    uint64_t end_time;  /* guest ns, UINT64_MAX unknown */
};

/* Code of an event in the image's table, -1 none. */
int run_code_of(const struct capture_text *table, const char *name);
/* The packets that every container begins with, if they are not there yet. */
bool run_begin(struct run *r);
/* A CONSOLE packet for what the guest printed up to this count of bytes and is in no packet yet. */
bool run_keep_console(struct run *r, uint64_t upto);
/* Everything that follows the last block the plugin sent. All false: the container could not be
 * written. */
bool run_finish(struct run *r, int wait_status);

#endif
