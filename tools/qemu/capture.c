/* SPDX-License-Identifier: MIT */
/* Capture: each time the guest reaches trace_capture_point, the block that it has just closed
 * goes into a pipe.
 *
 * The guest pays nothing: it runs no instruction for it and does not see the time. Blocks arrive
 * whole and in order, since the guest stands still while its block is copied; a full pipe makes
 * the guest wait, in host time only.
 *
 *   capture=ADDR    address of trace_capture_point
 *   ctl=ADDR        address of trace_ctl
 *   fd=N            the pipe
 *   console=N       the file that holds what the guest printed (optional; its length goes into
 *                   each message)
 *   duration=NS     end the run at this guest time
 *   events=N        end the run right after event N was written (stores to trace_ctl.head are
 *                   watched for it)
 *
 * A run that ends here ends by SIGKILL from inside a callback: the guest executes nothing after
 * that point, so what its RAM holds then is the same in every run. */
#include "plugin.h"
#include "stream.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Offsets in the control block and in a block's header, and their sizes (SPEC.md 2 and 3) */
enum {
    CTL_SIZE = 4,
    CTL_HEAD = 8,
    CTL_TAIL = 12,
    CTL_BLOCK = 20,
    CTL_BLOCK_SIZE = 32,
    CTL_CLOSED = 36
};
enum {
    CTL_MIN = 64,
    CTL_MAX = 4096,
    BLOCK_EVENT_SEQ = 8,
    BLOCK_HEADER = 32,
    BLOCK_MAX = 32768,
    SLOT = 8,
    MAX_HARTS = 64
};
#define CTL_MAGIC 0x4B594D4Fu

static uint64_t point, ctl, fd = UINT64_MAX, console = UINT64_MAX, duration, events, harts = 1;
static uint64_t event_count[MAX_HARTS]; /* of each hart, over resets of the machine */
static uint32_t event_last[MAX_HARTS];

bool capture_option(const char *arg, bool *ok)
{
    static const struct {
        const char *key;
        uint64_t *to;
    } options[] = {{"capture", &point},   {"ctl", &ctl},           {"fd", &fd},
                   {"console", &console}, {"duration", &duration}, {"events", &events},
                   {"harts", &harts}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *value = option_value(arg, options[i].key);
        if (value) {
            *ok = option_number(value, options[i].to);
            return true;
        }
    }
    return false;
}

static bool put(const void *data, size_t length)
{
    const char *p = data;
    while (length) {
        ssize_t n = write((int)fd, p, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        length -= (size_t)n;
    }
    return true;
}

static uint64_t console_length(void)
{
    struct stat st;
    if (console == UINT64_MAX || fstat((int)console, &st) != 0)
        return 0;
    return (uint64_t)st.st_size;
}

/* A reader that has gone away ends the run: nobody else could use what follows. */
static void send_message(enum stream_kind kind, unsigned hart, const void *data, uint32_t length,
                         uint64_t time)
{
    struct stream_message m = {STREAM_MAGIC, kind, hart, length, console_length(), time};
    if (!put(&m, sizeof m) || !put(data, length))
        kill(getpid(), SIGKILL);
}

static void stop(enum stream_kind kind, uint64_t time)
{
    plugin_finish();
    send_message(kind, 0, NULL, 0, time);
    kill(getpid(), SIGKILL);
    pause(); /* the signal may be taken by another thread; this one must not go on */
}

static uint32_t word(uint32_t addr, bool *ok)
{
    uint32_t value = 0;
    *ok = *ok && guest_read(addr, &value, 4);
    return value;
}

/* Bytes from one hart's control block to the next, as the first one says; 0 before it is
 * initialised. */
static uint32_t ctl_stride(void)
{
    bool ok = true;
    if (word((uint32_t)ctl, &ok) != CTL_MAGIC || !ok)
        return 0;
    uint32_t stride = word((uint32_t)ctl + CTL_SIZE, &ok) >> 16;
    return ok && stride >= CTL_MIN && stride <= CTL_MAX ? stride : 0;
}

static bool ctl_of(unsigned hart, uint32_t *at)
{
    bool ok = hart < harts;
    uint32_t stride = ctl_stride();
    *at = (uint32_t)ctl + hart * stride;
    return ok && stride && word(*at, &ok) == CTL_MAGIC && ok;
}

static void on_capture_point(unsigned hart, void *unused)
{
    static uint8_t block[BLOCK_MAX];
    uint32_t at;
    (void)unused;
    if (!ctl_of(hart, &at))
        return;
    bool ok = true;
    uint32_t closed = word(at + CTL_CLOSED, &ok), size = word(at + CTL_BLOCK_SIZE, &ok);
    if (ok && closed && size >= BLOCK_HEADER && size <= BLOCK_MAX &&
        guest_read(closed, block, size))
        send_message(STREAM_BLOCK, hart, block, size, UINT64_MAX);
}

/* Events written by this hart since boot, or false while a block change is under way. */
static bool events_of(uint32_t at, uint32_t *count)
{
    bool ok = true;
    uint32_t head = word(at + CTL_HEAD, &ok), tail = word(at + CTL_TAIL, &ok),
             block = word(at + CTL_BLOCK, &ok);
    uint32_t size = word(at + CTL_BLOCK_SIZE, &ok);
    if (!ok || !block || head < block + BLOCK_HEADER || head > tail || tail > block + size)
        return false;
    *count = word(block + BLOCK_EVENT_SEQ, &ok) + (head - block - BLOCK_HEADER) / SLOT;
    return ok;
}

/* `head` was stored: a record is complete, or a block was opened. */
static void count_events(unsigned hart, uint32_t at)
{
    uint32_t now, step;
    uint64_t all = 0;
    if (!events_of(at, &now))
        return;
    step = now - event_last[hart];
    event_count[hart] +=
        step < UINT32_MAX / 2 ? step : now; /* fewer than before: the machine was reset */
    event_last[hart] = now;
    for (unsigned i = 0; i < harts; i++)
        all += event_count[i];
    if (all >= events)
        stop(STREAM_EVENTS,
             UINT64_MAX); /* the clock may not be read in the middle of a translation block */
}

static void on_store(unsigned hart, qemu_plugin_meminfo_t info, uint64_t vaddr, void *unused)
{
    uint32_t at;
    (void)info;
    (void)unused;
    if (vaddr >= ctl && vaddr - ctl < harts * CTL_MAX && ctl_of(hart, &at) &&
        vaddr == at + CTL_HEAD)
        count_events(hart, at);
}

static void on_duration(void *unused)
{
    (void)unused;
    stop(STREAM_DURATION, guest_time());
}

bool capture_start(qemu_plugin_id_t id)
{
    (void)id;
    if (fd == UINT64_MAX)
        return !point && !duration && !events;
    if (!harts || harts > MAX_HARTS || ((point || events) && !ctl))
        return false;
    if (duration && !guest_timer(duration, on_duration)) {
        fprintf(stderr,
                "kymo-qemu: this QEMU has no timer for plugins, so duration= cannot be kept\n");
        return false;
    }
    return true;
}

void capture_translate(struct qemu_plugin_insn *insn, uint32_t pc)
{
    static bool said_hello;
    if (!said_hello && fd != UINT64_MAX) {
        said_hello = true;
        send_message(STREAM_HELLO, 0, NULL, 0, 0);
    }
    if (point && pc == point)
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_capture_point, QEMU_PLUGIN_CB_NO_REGS,
                                               NULL);
    if (events)
        qemu_plugin_register_vcpu_mem_cb(insn, on_store, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W,
                                         NULL);
}

void capture_exit(void)
{
    if (fd != UINT64_MAX)
        send_message(STREAM_EXIT, 0, NULL, 0, guest_time());
}
