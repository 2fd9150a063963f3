/* SPDX-License-Identifier: MIT */
/* The head of a trace.dat: which fields the pages, the records and each event have, as the texts a
 * Linux kernel would show. */
#include "tracedat.h"

#include <stdio.h>

static const char page_text[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
                                "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
                                "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
                                "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";

static const char event_text[] =
    "# compressed entry header\n"
    "\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n"
    "\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max "
    "type_len  == 28\n";

struct text {
    size_t used;
    char at[8192];
};

/* A description that does not fit lacks its end: the limits of kymo_open's tables exclude it. */
static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(t->at + t->used, sizeof t->at - t->used, fmt, ap);
    va_end(ap);
    if (n > 0 &&
        (size_t)n <
            sizeof t->at -
                t->used)
        t->used += (size_t)n;
}

static void begin(struct text *t, const char *name, unsigned id)
{
    t->used = 0;
    add(t, "name: %.200s\nID: %u\nformat:\n", name, id);
    add(t, "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
           "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
           "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
           "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n");
}

static void field(struct text *t, const char *type, const char *name, const char *array,
                  unsigned at, unsigned size, int is_signed)
{
    add(t, "\tfield:%s %.100s%s;\toffset:%u;\tsize:%u;\tsigned:%d;\n", type, name, array, at, size,
        is_signed);
}

static void end(struct xp_out *o, const struct text *t)
{
    uint64_t n = t->used;
    uint8_t le[8];
    for (int i = 0; i < 8; i++)
        le[i] = (uint8_t)(n >> 8 * i);
    xp_put(o, le, sizeof le);
    xp_put(o, t->at, t->used);
}

static void out32(struct xp_out *o, uint32_t v)
{
    uint8_t le[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    xp_put(o, le, sizeof le);
}

static void sized(struct xp_out *o, const char *name, const char *text)
{
    struct text t = {0};
    xp_put(o, name, strlen(name) + 1);
    add(&t, "%s", text);
    end(o, &t);
}

static void write_print(struct xp_out *o)
{
    struct text t;
    begin(&t, "print", DAT_PRINT);
    field(&t, "unsigned long", "ip", "", 8, 8, 0);
    field(&t, "char", "buf", "[]", 16, 0, 0);
    add(&t, "\nprint fmt: \"%%ps: %%s\", (void *)REC->ip, REC->buf\n");
    end(o, &t);
}

static void write_switch(struct xp_out *o)
{
    struct text t;
    begin(&t, "sched_switch", DAT_SWITCH);
    field(&t, "char", "prev_comm", "[16]", 8, 16, 0);
    field(&t, "pid_t", "prev_pid", "", 24, 4, 1);
    field(&t, "int", "prev_prio", "", 28, 4, 1);
    field(&t, "long", "prev_state", "", 32, 8, 1);
    field(&t, "char", "next_comm", "[16]", 40, 16, 0);
    field(&t, "pid_t", "next_pid", "", 56, 4, 1);
    field(&t, "int", "next_prio", "", 60, 4, 1);
    add(&t, "\nprint fmt: \"prev_comm=%%s prev_pid=%%d prev_prio=%%d prev_state=%%ld ==> "
            "next_comm=%%s next_pid=%%d "
            "next_prio=%%d\", REC->prev_comm, REC->prev_pid, REC->prev_prio, REC->prev_state, "
            "REC->next_comm, "
            "REC->next_pid, REC->next_prio\n");
    end(o, &t);
}

static void write_task_event(struct xp_out *o, const char *name, unsigned id, const char *a,
                             const char *b)
{
    struct text t;
    begin(&t, name, id);
    field(&t, "char", "comm", "[16]", 8, 16, 0);
    field(&t, "pid_t", "pid", "", 24, 4, 1);
    field(&t, "int", a, "", 28, 4, 1);
    if (b)
        field(&t, "int", b, "", 32, 4, 1);
    add(&t, "\nprint fmt: \"comm=%%s pid=%%d %s=%%d", a);
    if (b)
        add(&t, " %s=%%d", b);
    add(&t, "\", REC->comm, REC->pid, REC->%s", a);
    if (b)
        add(&t, ", REC->%s", b);
    add(&t, "\n");
    end(o, &t);
}

static void write_irq(struct xp_out *o)
{
    struct text t;
    begin(&t, "irq_handler_entry", DAT_IRQ_IN);
    field(&t, "int", "irq", "", 8, 4, 1);
    field(&t, "__data_loc char[]", "name", "", 12, 4, 0);
    add(&t, "\nprint fmt: \"irq=%%d name=%%s\", REC->irq, __get_str(name)\n");
    end(o, &t);
    begin(&t, "irq_handler_exit", DAT_IRQ_OUT);
    field(&t, "int", "irq", "", 8, 4, 1);
    field(&t, "int", "ret", "", 12, 4, 1);
    add(&t, "\nprint fmt: \"irq=%%d ret=%%s\", REC->irq, REC->ret ? \"handled\" : \"unhandled\"\n");
    end(o, &t);
}

static void write_lost(struct xp_out *o)
{
    struct text t;
    begin(&t, "lost", DAT_LOST);
    field(&t, "unsigned long long", "since", "", 8, 8, 0);
    field(&t, "unsigned long long", "events", "", 16, 8, 0);
    field(&t, "unsigned int", "cause", "", 24, 4, 0);
    add(&t, "\nprint fmt: \"since=%%llu events=%%lld cause=%%s\", REC->since, REC->events, "
            "__print_symbolic(REC->cause, {0, \"overwritten\"}, {1, \"full\"}, {2, \"stopped\"}, "
            "{3, \"masked\"}, "
            "{4, \"transport\"}, {5, \"damaged\"})\n");
    end(o, &t);
}

/* Name of number i: the field's, with the index behind it for the words of a field of kind M. */
static const char *number_name(const struct kymo_event_desc *d, unsigned i, char text[128])
{
    const struct kymo_field *f = dat_field(d, i);
    if (f->kind == 'M')
        snprintf(text, 128, "%.100s%u", f->name, i - (d->fields - 1u));
    else
        snprintf(text, 128, "%.100s", f->name);
    return text;
}

static void write_own(struct xp_out *o, const struct kymo_event_desc *d)
{
    struct text t;
    char name[128];
    unsigned n = dat_numbers(d), at = 8;
    begin(&t, d->name, DAT_OWN + d->code);
    for (unsigned i = 0; i < n; i++, at += 4) {
        bool is_signed = strcmp(dat_field(d, i)->type, "result") == 0;
        field(&t, is_signed ? "int" : "unsigned int", number_name(d, i, name), "", at, 4,
              is_signed);
    }
    for (unsigned i = 0; i < n; i++) {
        if (!dat_has_text(dat_field(d, i)))
            continue;
        number_name(d, i, name);
        strncat(name, "_name", sizeof name - strlen(name) - 1);
        field(&t, "__data_loc char[]", name, "", at, 4, 0);
        at += 4;
    }
    add(&t, "\nprint fmt: \"");
    for (unsigned i = 0; i < n; i++) {
        const struct kymo_field *f = dat_field(d, i);
        const char *how = dat_has_text(f)                                               ? "%s"
                          : strcmp(f->type, "result") == 0                              ? "%d"
                          : strcmp(f->type, "hex") == 0 || strcmp(f->type, "addr") == 0 ? "0x%x"
                                                                                        : "%u";
        add(&t, "%s%s=%s", i ? " " : "", number_name(d, i, name), how);
    }
    add(&t, "\"");
    for (unsigned i = 0; i < n; i++) {
        const char *s = number_name(d, i, name);
        add(&t, dat_has_text(dat_field(d, i)) ? ", __get_str(%s_name)" : ", REC->%s", s);
    }
    add(&t, "\n");
    end(o, &t);
}

static unsigned own_events(const kymo_trace *t, struct xp_out *o)
{
    const struct kymo_event_desc *last = NULL;
    unsigned n = 0;
    for (unsigned c = 0; c < 256; c++) {
        const struct kymo_event_desc *d = kymo_describe(t, (uint8_t)c);
        if (d && (!last || d->code != last->code)) {
            n++;
            if (o)
                write_own(o, d);
        }
        last = d;
    }
    return n;
}

static void system_head(struct xp_out *o, const char *name, unsigned events)
{
    xp_put(o, name, strlen(name) + 1);
    out32(o, events);
}

void tracedat_head(struct xp_out *o, const kymo_trace *t)
{
    xp_put(o,
           "\x17\x08\x44tracing"
           "6\0\0\x08",
           14);
    out32(o, 4096);
    sized(o, "header_page", page_text);
    sized(o, "header_event", event_text);
    out32(o, 1);
    write_print(o);
    out32(o, 3);
    system_head(o, "sched", 4);
    write_switch(o);
    write_task_event(o, "sched_waking", DAT_WAKING, "prio", "target_cpu");
    write_task_event(o, "sched_process_exit", DAT_EXIT, "prio", NULL);
    write_task_event(o, "sched_pi_setprio", DAT_SETPRIO, "oldprio", "newprio");
    system_head(o, "irq", 2);
    write_irq(o);
    system_head(o, "kymo", own_events(t, NULL) + 1);
    write_lost(o);
    own_events(t, o);
    out32(o, 0); /* kallsyms */
    out32(o, 0); /* printk formats */
}
