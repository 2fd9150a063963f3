/* SPDX-License-Identifier: MIT */
/* VCD, and a view file (.gtkw) that opens it ready-made in GTKWave.
 *
 * A VCD declares all its signals before the first change, so the changes are spooled beside the
 * output while signals are found. Per task: `state` as text ("running", "blocked:bus"), `code` the
 * same as a number for viewers without text (enum kymo_state), `level` its priority. Per hart: who
 * runs, the depth of interrupts, and `lost`, high where nobody saw. Per interrupt and hart a wire,
 * per mutex its owner, per counter its value, per mark an event.
 *
 * Invariants: V1 times never fall. V2 a change is written only if the value changed. V3 text has no
 * spaces. */
#include <stdio.h>
#include <stdlib.h>

#include "format.h"

enum kind {
    SIG_STATE,
    SIG_CODE,
    SIG_LEVEL,
    SIG_RUNNING,
    SIG_DEPTH,
    SIG_LOST,
    SIG_IRQ,
    SIG_OWNER,
    SIG_COUNTER,
    SIG_MARK,
    KINDS
};

static const struct {
    const char *scope, *type;
    unsigned bits;
    int format; /* of GTKWave: 20 text, 28 binary, 24 decimal */
} kinds[KINDS] = {
    [SIG_STATE] = {"tasks", "string", 1, 20},    [SIG_CODE] = {"tasks", "reg", 3, 24},
    [SIG_LEVEL] = {"tasks", "integer", 32, 24},  [SIG_RUNNING] = {"harts", "string", 1, 20},
    [SIG_DEPTH] = {"harts", "integer", 32, 24},  [SIG_LOST] = {"harts", "wire", 1, 28},
    [SIG_IRQ] = {"irq", "wire", 1, 28},          [SIG_OWNER] = {"mutexes", "string", 1, 20},
    [SIG_COUNTER] = {"user", "integer", 32, 24}, [SIG_MARK] = {"user", "event", 1, 28},
};

struct signal {
    uint64_t key; /* kind << 40 | hart or number; 0 free */
    uint32_t id;
    bool known;
    int64_t last; /* value written last, or a hash of the text */
    char name[XP_NAME_MAX];
};

struct vcd {
    struct xp_job *job;
    struct xp_out body, out;
    bool begun;
    uint64_t now;          /* ns of the last time mark */
    struct signal *signal; /* open addressing over room slots */
    size_t room, count;
    bool no_memory;
};

/* ---- signals ---- */

static size_t place(const struct signal *s, size_t room, uint64_t key)
{
    size_t i = (size_t)((key * 0x9E3779B97F4A7C15ull) >> 20) & (room - 1);
    while (s[i].key && s[i].key != key)
        i = (i + 1) & (room - 1);
    return i;
}

static bool grow(struct vcd *v)
{
    size_t room = v->room ? v->room * 2 : 256;
    struct signal *bigger = calloc(room, sizeof *bigger);
    if (!bigger)
        return false;
    for (size_t i = 0; i < v->room; i++)
        if (v->signal[i].key)
            bigger[place(bigger, room, v->signal[i].key)] = v->signal[i];
    free(v->signal);
    v->signal = bigger;
    v->room = room;
    return true;
}

/* The signal of a thing; *fresh tells that it needs a name. NULL without memory. */
static struct signal *signal_of(struct vcd *v, enum kind kind, uint64_t number, bool *fresh)
{
    uint64_t key = (uint64_t)(kind + 1) << 40 | number;
    *fresh = false;
    if (v->count * 2 >= v->room && !grow(v)) {
        v->no_memory = true;
        return NULL;
    }
    struct signal *s = &v->signal[place(v->signal, v->room, key)];
    if (!s->key) {
        *s = (struct signal){.key = key, .id = (uint32_t)v->count++};
        *fresh = true;
    }
    return s;
}

/* Printable, no blank, none of the bytes that FST escapes: V3. */
static void clean(char *to, size_t size, const char *from)
{
    size_t n = 0;
    for (; *from && n + 1 < size; from++)
        to[n++] = *from > ' ' && *from < 127 && !strchr("\"\\?", *from) ? *from : '_';
    to[n] = 0;
}

static void set_name(struct signal *s, const char *name)
{
    clean(s->name, sizeof s->name, name);
    for (char *c = s->name; *c; c++)
        if (strchr(".:[]{}$", *c)) /* GTKWave splits or quotes names at these */
            *c = '_';
}

static const char *id_text(uint32_t id, char text[8])
{
    char *p = text;
    do {
        *p++ = (char)('!' + id % 94);
        id /= 94;
    } while (id);
    *p = 0;
    return text;
}

/* ---- changes ---- */

static void at(struct vcd *v, uint64_t ns)
{
    if (v->begun && ns <= v->now)
        return;
    v->begun = true;
    v->now = ns;
    xp_putc(&v->body, '#');
    xp_out_decimal(&v->body, (int64_t)ns);
    xp_putc(&v->body, '\n');
}

static bool changed(struct signal *s, int64_t value)
{
    if (s->known && s->last == value)
        return false;
    s->known = true;
    s->last = value;
    return true;
}

static void put_id(struct vcd *v, const struct signal *s)
{
    char id[8];
    xp_puts(&v->body, id_text(s->id, id));
    xp_putc(&v->body, '\n');
}

static void put_wire(struct vcd *v, struct signal *s, uint64_t ns, unsigned value)
{
    if (!s || !changed(s, value))
        return;
    at(v, ns);
    xp_putc(&v->body, value ? '1' : '0');
    put_id(v, s);
}

static void put_number(struct vcd *v, struct signal *s, uint64_t ns, int32_t value, unsigned bits)
{
    if (!s || !changed(s, value))
        return;
    at(v, ns);
    xp_putc(&v->body, 'b');
    for (unsigned i = bits; i-- > 0;)
        xp_putc(&v->body, (uint32_t)value >> i & 1 ? '1' : '0');
    xp_putc(&v->body, ' ');
    put_id(v, s);
}

static void put_text(struct vcd *v, struct signal *s, uint64_t ns, const char *text)
{
    char plain[2 * XP_NAME_MAX];
    uint64_t hash = 1469598103934665603ull;
    for (const char *c = text; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 1099511628211ull;
    if (!s || !changed(s, (int64_t)hash))
        return;
    at(v, ns);
    clean(plain, sizeof plain, text);
    xp_putc(&v->body, 's');
    xp_puts(&v->body, plain);
    xp_putc(&v->body, ' ');
    put_id(v, s);
}

/* ---- steps ---- */

static struct signal *task_signal(struct vcd *v, struct xp_flow *f, enum kind kind, uint32_t task)
{
    static const char *const part[] = {"state", "code", "level"};
    char name[XP_NAME_MAX * 2];
    bool fresh;
    struct signal *s = signal_of(v, kind, task, &fresh);
    if (fresh) {
        snprintf(name, sizeof name, "%.40s#%u/%s", xp_task_name(f, task), task, part[kind]);
        set_name(s, name);
    }
    return s;
}

static struct signal *hart_signal(struct vcd *v, enum kind kind, unsigned hart)
{
    char name[XP_NAME_MAX];
    bool fresh;
    struct signal *s = signal_of(v, kind, hart, &fresh);
    if (fresh) {
        const char *part = kind == SIG_RUNNING ? "running"
                           : kind == SIG_DEPTH ? "irq_depth"
                                               : "lost";
        snprintf(name, sizeof name, "hart%u/%s", hart, part);
        set_name(s, name);
    }
    return s;
}

static void on_task(void *u, struct xp_flow *f, uint64_t time, uint32_t task)
{
    struct vcd *v = u;
    static const char *const part[] = {"state", "code", "level"};
    char name[XP_NAME_MAX * 2];
    (void)time;
    if (task >= KYMO_TASK_BOOT)
        return;
    for (enum kind k = SIG_STATE; k <= SIG_LEVEL;
         k++) { /* the name given last wins: it is written at the end */
        struct signal *s = task_signal(v, f, k, task);
        snprintf(name, sizeof name, "%.40s#%u/%s", xp_task_name(f, task), task, part[k]);
        if (s)
            set_name(s, name);
    }
}

static void task_state(struct vcd *v, struct xp_flow *f, uint64_t ns, const struct kymo_task *t)
{
    char text[XP_NAME_MAX * 2];
    if (t->state == KYMO_BLOCKED && t->object)
        snprintf(text, sizeof text, "blocked:%.60s", kymo_object_name(f->model, t->object));
    else
        snprintf(text, sizeof text, "%s", xp_state_name(t->state));
    put_text(v, task_signal(v, f, SIG_STATE, t->id), ns, text);
    put_number(v, task_signal(v, f, SIG_CODE, t->id), ns, t->state, 3);
    put_number(v, task_signal(v, f, SIG_LEVEL, t->id), ns, t->level == 0xFF ? -1 : t->level, 32);
}

static void on_state(void *u, struct xp_flow *f, uint64_t time, const struct kymo_task *t)
{
    if (t->id < KYMO_TASK_BOOT)
        task_state(u, f, xp_ns(f, time), t);
}

static void on_priority(void *u, struct xp_flow *f, const struct xp_priority *p)
{
    put_number(u, task_signal(u, f, SIG_LEVEL, p->task), xp_ns(f, p->time), p->level, 32);
}

static void on_change(void *u, struct xp_flow *f, const struct xp_switch *s)
{
    struct vcd *v = u;
    uint64_t ns = xp_ns(f, s->time);
    const char *name = s->next == KYMO_TASK_IDLE ? "idle" : xp_task_name(f, s->next);
    put_text(v, hart_signal(v, SIG_RUNNING, s->hart), ns, name);
    put_wire(v, hart_signal(v, SIG_LOST, s->hart), ns, s->next == XP_TASK_LOST);
}

static void on_irq(void *u, struct xp_flow *f, const struct xp_irq *i)
{
    struct vcd *v = u;
    char name[XP_NAME_MAX], text[XP_NAME_MAX];
    bool fresh;
    struct signal *s = signal_of(v, SIG_IRQ, (uint64_t)i->hart << 20 | i->irq, &fresh);
    if (fresh) {
        snprintf(name, sizeof name, "%.40s/hart%u", xp_irq_name(i->irq, text), i->hart);
        set_name(s, name);
    }
    put_wire(v, s, xp_ns(f, i->time), i->in);
    put_number(v, hart_signal(v, SIG_DEPTH, i->hart), xp_ns(f, i->time),
               (int32_t)(i->in ? i->depth + 1 : i->depth), 32);
}

static void owner(struct vcd *v, struct xp_flow *f, const struct kymo_event *e, uint32_t addr)
{
    const struct kymo_object *o = kymo_model_object(f->model, addr);
    bool fresh;
    if (!o || o->kind != KYMO_OBJ_MUTEX)
        return;
    struct signal *s = signal_of(v, SIG_OWNER, addr, &fresh);
    if (s && (fresh || !s->known))
        set_name(s, kymo_object_name(f->model, addr));
    const char *who = o->owner > KYMO_TASK_BOOT ? "-" : xp_task_name(f, o->owner);
    put_text(v, s, xp_ns(f, e->time), who);
}

static struct signal *tag_signal(struct vcd *v, struct xp_flow *f, enum kind kind, uint32_t tag)
{
    bool fresh;
    struct signal *s = signal_of(v, kind, tag, &fresh);
    const char *name = kymo_string(f->trace, tag);
    if (fresh)
        set_name(s, name && *name ? name : "unnamed");
    return s;
}

static void on_event(void *u, struct xp_flow *f, const struct kymo_event *e, unsigned use)
{
    struct vcd *v = u;
    const struct xp_code *c = &f->code[e->code];
    if (use == XP_USE_COUNTER && c->tag && c->value) {
        struct signal *s = tag_signal(v, f, SIG_COUNTER, kymo_value(e, c->tag, c->desc));
        put_number(v, s, xp_ns(f, e->time), (int32_t)kymo_value(e, c->value, c->desc), 32);
    } else if (use == XP_USE_MARK && c->tag) {
        struct signal *s = tag_signal(v, f, SIG_MARK, kymo_value(e, c->tag, c->desc));
        if (s) {
            at(v, xp_ns(f, e->time));
            xp_putc(&v->body, '1');
            put_id(v, s);
        }
    } else if (c->obj) {
        owner(v, f, e, kymo_value(e, c->obj, c->desc));
    }
}

static void on_end(void *u, struct xp_flow *f, uint64_t time)
{
    at(u, xp_ns(f, time));
}

static const struct xp_steps steps = {
    .task = on_task,
    .change = on_change,
    .priority = on_priority,
    .irq = on_irq,
    .state = on_state,
    .event = on_event,
    .end = on_end,
};

/* ---- the files ---- */

static int by_id(const void *a, const void *b)
{
    const struct signal *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

/* The table, dense and in the order of kind and number. */
static void sort_signals(struct vcd *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->room; i++)
        if (v->signal[i].key)
            v->signal[n++] = v->signal[i];
    if (n)
        qsort(v->signal, n, sizeof *v->signal, by_id);
}

static enum kind kind_of(const struct signal *s)
{
    return (enum kind)((s->key >> 40) - 1);
}

static void write_head(struct vcd *v)
{
    const char *scope = NULL;
    char id[8];
    xp_puts(&v->out, "$version kymo $end\n$timescale 1 ns $end\n");
    for (size_t i = 0; i < v->count; i++) {
        const struct signal *s = &v->signal[i];
        enum kind k = kind_of(s);
        if (!scope || strcmp(scope, kinds[k].scope) != 0) {
            xp_out_printf(&v->out, "%s$scope module %s $end\n", scope ? "$upscope $end\n" : "",
                          kinds[k].scope);
            scope = kinds[k].scope;
        }
        xp_out_printf(&v->out, "$var %s %u %s %s $end\n", kinds[k].type, kinds[k].bits,
                      id_text(s->id, id), s->name);
    }
    xp_out_printf(&v->out, "%s$enddefinitions $end\n", scope ? "$upscope $end\n" : "");
}

static void view_row(struct xp_out *o, const struct signal *s, int *format)
{
    static const char *const bits[] = {[SIG_CODE] = "[2:0]", [SIG_MARK] = ""};
    enum kind k = kind_of(s);
    if (kinds[k].format != *format)
        xp_out_printf(o, "@%d\n", *format = kinds[k].format);
    xp_out_printf(o, "%s.%s%s\n", kinds[k].scope, s->name,
                  k < sizeof bits / sizeof *bits && bits[k] ? bits[k] : "");
}

/* Tasks' states first, then who runs, interrupts, owners, the user's signals; codes are for other
 * viewers. */
static int write_view(struct vcd *v, struct kymo_error *err)
{
    static const enum kind order[] = {SIG_STATE, SIG_RUNNING, SIG_LOST, SIG_IRQ,
                                      SIG_OWNER, SIG_COUNTER, SIG_MARK, SIG_LEVEL};
    const char *out = v->job->output, *slash = strrchr(out, '/'), *dot = strrchr(out, '.');
    char path[PATH_MAX];
    struct xp_out o;
    int stem = dot && dot > (slash ? slash : out) ? (int)(dot - out) : (int)strlen(out), format = 0;
    if ((size_t)snprintf(path, sizeof path, "%.*s.gtkw", stem, out) >= sizeof path ||
        xp_out_open(&o, path, err) < 0)
        return -1;
    xp_out_printf(&o, "[dumpfile] \"%.3000s\"\n[timestart] 0\n", slash ? slash + 1 : out);
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (size_t i = 0; i < v->count; i++)
            if (kind_of(&v->signal[i]) == order[k])
                view_row(&o, &v->signal[i], &format);
    return xp_out_commit(&o, err);
}

static int write_file(struct vcd *v, struct kymo_error *err)
{
    if (xp_out_open(&v->out, v->job->output, err) < 0)
        return -1;
    bool file = v->out.temp != NULL;
    sort_signals(v);
    write_head(v);
    if (xp_out_append(&v->out, &v->body, err) < 0) {
        xp_out_abort(&v->out);
        return -1;
    }
    if (xp_out_commit(&v->out, err) < 0)
        return -1;
    return file ? write_view(v, err) : 0;
}

static int write_vcd(struct xp_job *job, struct kymo_error *err)
{
    struct vcd v = {.job = job};
    if (xp_out_spool(&v.body, job->output, err) < 0)
        return -1;
    int r = xp_flow_run(job, &steps, &v, err);
    if (r >= 0 && v.no_memory) {
        snprintf(err->text, sizeof err->text, "out of memory");
        r = -1;
    }
    if (r >= 0)
        r = write_file(&v, err);
    xp_out_abort(&v.body);
    free(v.signal);
    return r;
}

const struct xp_format xp_vcd = {
    "vcd", ".vcd", "VCD, with a .gtkw view beside it, for GTKWave", true, write_vcd,
};
