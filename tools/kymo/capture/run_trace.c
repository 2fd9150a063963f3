/* SPDX-License-Identifier: MIT */
/* What `kymo run` writes into the container besides blocks: definitions first, console bytes
 * between blocks, at the end what the guest's RAM still has, names of heap objects, the ledger, and
 * how the run ended. */
#include "run.h"

#include "command.h"
#include "cost_job.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Code of an event of the table's text, -1 if it has none. */
int run_code_of(const struct capture_text *table, const char *name)
{
    const char *p = table->data, *end = table->data + table->length;
    while (p < end) {
        unsigned code, sub;
        char line[64], found[40];
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((eol ? eol : end) - p);
        snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : sizeof line - 1), p);
        if (sscanf(line, "%x %u %39s", &code, &sub, found) == 3 && strcmp(found, name) == 0)
            return (int)code;
        p += n + 1;
    }
    return -1;
}

static bool put_meta(struct run *r)
{
    char text[1024];
    uint32_t block_size = 0, hash = 0;
    struct capture_ram ram = {r->q.ram, r->q.ram_size};
    const char *clock = r->image.mtime ? "mtime" : r->qemu.icount ? "mcycle" : "host";
    capture_ctl(&r->image, &ram, 0, &block_size, &hash);
    int n = snprintf(text, sizeof text,
                     "format=1\nkymo=%s\nimage=%s\nbuild_id=%s\ntable_hash=%08x\nclock=%s\nclock_"
                     "hz=%u\nblock_size=%u\nharts=%u\n"
                     "capture=%s\n",
                     KYMO_VERSION, r->image.name, r->image.build_id, hash, clock,
                     r->image.mtime ? 10000000u : 1000000000u, block_size, r->image.harts,
                     r->mode == CAPTURE_PLUGIN ? "plugin" : "ram");
    if (r->qemu.icount)
        n += snprintf(text + n, sizeof text - (size_t)n, "icount_shift=%u\n", r->qemu.shift);
    return capture_packet(&r->w, KYMO_PACKET_META, 0, text, (size_t)n);
}

/* The packets every container begins with; nothing if they are there. */
bool run_begin(struct run *r)
{
    struct capture_image *im = &r->image;
    return r->w.fd >= 0 ||
           (put_meta(r) &&
            capture_packet(&r->w, KYMO_PACKET_TABLE, 0, im->table.data, im->table.length) &&
            capture_packet(&r->w, KYMO_PACKET_STRINGS, 0, im->strings.data, im->strings.length) &&
            capture_packet(&r->w, KYMO_PACKET_SYMBOLS, 0, im->symbols.data, im->symbols.length));
}

/* Gives back the memory of what is in packets and on stdout: a guest may print for days. */
static void forget_console(const struct run *r)
{
    uint64_t done =
        r->console_kept < r->console_passed || r->console_off ? r->console_kept : r->console_passed;
    if (!r->qemu.interactive && done)
        fallocate(r->q.console, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)done);
}

/* Console bytes up to `upto` that are in no packet yet. */
bool run_keep_console(struct run *r, uint64_t upto)
{
    char data[65536];
    while (r->console_kept < upto) {
        uint64_t want = upto - r->console_kept;
        ssize_t n = pread(r->q.console, data, want < sizeof data ? (size_t)want : sizeof data,
                          (off_t)r->console_kept);
        if (n <= 0)
            break;
        if (!capture_packet(&r->w, KYMO_PACKET_CONSOLE, 0, data, (size_t)n))
            return false;
        r->console_kept += (uint64_t)n;
    }
    forget_console(r);
    return true;
}

/* The same run again, counted. Only runs that end by themselves or at an exact point can be
 * repeated. */
static bool put_cost(struct run *r)
{
    char why[512], extra[160];
    size_t length = 0;
    struct cost_job j = {.path = r->qemu.image,
                         .image = &r->image,
                         .qemu = r->qemu.binary,
                         .shift = r->qemu.shift,
                         .extra = extra,
                         .timeout = r->timeout,
                         .out = -1};
    bool exact =
        !r->reason || strcmp(r->reason, "duration") == 0 || strcmp(r->reason, "events") == 0;
    if (!r->cost)
        return true;
    if (!exact || !r->qemu.icount) {
        fprintf(stderr, "kymo run: no cost: this run cannot be repeated\n");
        return true;
    }
    int n = snprintf(extra, sizeof extra, ",ctl=%u,harts=%u", r->image.ctl, r->image.harts);
    if (r->duration)
        n += snprintf(extra + n, sizeof extra - (size_t)n, ",duration=%" PRIu64, r->duration);
    if (r->events)
        snprintf(extra + n, sizeof extra - (size_t)n, ",events=%" PRIu64, r->events);
    strcpy(why, "it took too long");
    char *text =
        cost_job_open(&j, why, sizeof why) ? cost_own_ledger(&j, &length, why, sizeof why) : NULL;
    if (!text)
        fprintf(stderr, "kymo run: no cost: %s\n", why);
    bool ok = !text || capture_packet(&r->w, KYMO_PACKET_COST, 0, text, length);
    cost_job_close(&j);
    free(text);
    return ok;
}

static bool put_end(struct run *r, int status)
{
    char text[160];
    uint64_t time = r->end_time;
    const char *reason = r->reason;
    bool panic = false;
    if (time == UINT64_MAX || !r->qemu.icount)
        time = 0;
    if (r->image.mtime)
        time /= 100;
    for (unsigned i = 0; i < r->image.harts; i++) {
        panic |= r->seen[i].panic;
        time = time > r->seen[i].time ? time : r->seen[i].time;
    }
    if (!reason)
        reason = WIFSIGNALED(status) ? "killed" : panic && status ? "panic" : "poweroff";
    int n = snprintf(text, sizeof text, "reason=%s\nexit=%d\ntime=%" PRIu64 "\n", reason,
                     WIFEXITED(status) ? WEXITSTATUS(status) : 0, time);
    return capture_packet(&r->w, KYMO_PACKET_END, 0, text, (size_t)n);
}

bool run_finish(struct run *r, int status)
{
    struct capture_ram ram = {r->q.ram, r->q.ram_size};
    char note[160];
    if (!run_begin(r) || !run_keep_console(r, UINT64_MAX))
        return false;
    for (unsigned i = 0; i < r->image.harts; i++) {
        if (!capture_tail(&r->w, &r->image, &ram, i, &r->seen[i], r->panic_code, note, sizeof note))
            return false;
        if (*note)
            fprintf(stderr, "kymo run: hart %u: %s\n", i, note);
    }
    return capture_put_pointers(&r->w, &r->image, &ram) && put_cost(r) && put_end(r, status);
}
