/* SPDX-License-Identifier: MIT */
/* See cost_job.h. */
#include "cost_job.h"

#include "qemu.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool cost_job_open(struct cost_job *j, char *why, size_t why_size)
{
    int in = memfd_create("kymo-request", MFD_CLOEXEC);
    j->out = memfd_create("kymo-cost", MFD_CLOEXEC);
    j->request = in >= 0 ? fdopen(in, "w+") : NULL;
    if (!j->request || j->out < 0)
        snprintf(why, why_size, "memory: %s", strerror(errno));
    return j->request && j->out >= 0;
}

void cost_job_close(struct cost_job *j)
{
    if (j->request)
        fclose(j->request);
    if (j->out >= 0)
        close(j->out);
}

bool cost_job_writers(struct cost_job *j)
{
    const struct capture_text *m = &j->image->marks;
    if (m->length < 16 || !j->image->ctl)
        return false;
    fprintf(j->request, "ctl %x\n", j->image->ctl);
    for (size_t i = 0; i + 8 <= m->length; i += 8) {
        uint32_t mark[2];
        memcpy(mark, m->data + i, sizeof mark);
        if (mark[0] >= CAPTURE_RAM_BASE && mark[1] < 4) /* 0: the linker dropped the function */
            fprintf(j->request, "mark %x %u\n", mark[0], mark[1]);
    }
    return true;
}

/* Until QEMU ends; true if it had to be ended. The plugin's pipe carries nothing that is needed. */
static bool wait_for_end(const struct cost_job *j, struct qemu_process *q)
{
    char data[4096];
    int left = j->timeout > 0 ? (int)(j->timeout * 1000) : -1;
    for (;;) {
        struct pollfd p[2] = {{q->pidfd, POLLIN, 0}, {q->stream, POLLIN, 0}};
        int step = left < 0 || left > 100 ? 100 : left, n = poll(p, 2, step);
        if (p[1].revents && read(q->stream, data, sizeof data) <= 0) {
            close(q->stream);
            q->stream = -1;
        }
        if (p[0].revents)
            return false;
        if (n == 0 && left >= 0 && (left -= step) <= 0) {
            qemu_kill(q);
            return true;
        }
    }
}

static void show_console(const struct cost_job *j, struct qemu_process *q)
{
    char data[4096];
    ssize_t n;
    for (off_t at = 0; j->show_console && (n = pread(q->console, data, sizeof data, at)) > 0;
         at += n)
        fwrite(data, 1, (size_t)n, stderr);
}

static enum cost_end read_result(const struct cost_job *j, struct cost_result *r, char *why,
                                 size_t why_size)
{
    FILE *f = fdopen(dup(j->out), "r");
    if (f)
        rewind(f);
    bool ok = f && cost_result_read(r, f);
    if (f)
        fclose(f);
    if (!ok)
        snprintf(why, why_size, "%s: QEMU ended without a result", j->path);
    return ok ? COST_DONE : COST_FAILED;
}

enum cost_end cost_job_run(struct cost_job *j, struct cost_result *r, char *why, size_t why_size)
{
    char argument[512];
    struct qemu_process q;
    struct qemu_options o = {.image = j->path,
                             .binary = j->qemu,
                             .plugin = qemu_plugin_path(why, why_size),
                             .plugin_arg = argument,
                             .inherit = {fileno(j->request), j->out},
                             .icount = true,
                             .shift = j->shift};
    snprintf(argument, sizeof argument, "cost=/proc/self/fd/%d,out=/proc/self/fd/%d%s",
             fileno(j->request), j->out, j->extra);
    if (fflush(j->request) != 0) {
        snprintf(why, why_size, "memory: %s", strerror(errno));
        return COST_FAILED;
    }
    if (!o.plugin || !qemu_start(&q, &o, j->image, why, why_size))
        return COST_FAILED;
    bool killed = wait_for_end(j, &q);
    qemu_wait(&q);
    show_console(j, &q);
    qemu_free(&q);
    return killed ? COST_TIMEOUT : read_result(j, r, why, why_size);
}

static void put_own(FILE *f, const struct cost_result *r)
{
    uint64_t all = 0;
    for (size_t i = 0; i < r->writers; i++)
        all += r->writer[i].metric[COST_INSTRUCTIONS].sum;
    fprintf(f, "{\"executed\": %" PRIu64 ", \"tracer\": %" PRIu64 ", \"writers\": [\n", r->executed,
            all);
    for (size_t i = 0; i < r->writers; i++) {
        cost_result_json_writer(r, &r->writer[i], f);
        fprintf(f, "%s\n", i + 1 < r->writers ? "," : "");
    }
    fprintf(f, "]}\n");
}

char *cost_own_ledger(struct cost_job *j, size_t *length, char *why, size_t why_size)
{
    struct capture_symbol *symbols = NULL;
    size_t count = 0;
    char *text = NULL;
    capture_symbols_read(j->path, &symbols, &count, why, why_size); /* without: no places */
    struct cost_result r = {.table = &j->image->table, .symbol = symbols, .symbols = count};
    FILE *f = NULL;
    if (!cost_job_writers(j))
        snprintf(why, why_size, "%s: no marks of its writers (.debug_trace_sites)", j->path);
    else if (cost_job_run(j, &r, why, why_size) == COST_DONE)
        f = open_memstream(&text, length);
    if (f) {
        put_own(f, &r);
        fclose(f);
    }
    cost_result_free(&r);
    capture_symbols_free(symbols, count);
    return text;
}
