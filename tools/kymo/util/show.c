/* SPDX-License-Identifier: MIT */
/* See show.h. A field's type (trace/events.def) decides how its number is shown; types that this
 * file does not know are shown as numbers, so that an application's own table needs no code here.
 */
#include "show.h"

#include "lib/table.h"

#include <stdlib.h>

static const char *pick(const char *const *names, unsigned count, unsigned n)
{
    return n < count ? names[n] : "?";
}
#define PICK(names, n) pick(names, sizeof names / sizeof *names, n)

const char *show_state(unsigned state)
{
    static const char *const name[] = {"unknown",   "ready",   "running", "blocked",
                                       "suspended", "delayed", "ended"};
    return PICK(name, state);
}

const char *show_loss(enum kymo_loss cause)
{
    static const char *const name[] = {"overwritten", "full",      "stopped",
                                       "masked",      "transport", "damaged"};
    return PICK(name, cause);
}

const char *show_kind(unsigned kind)
{
    static const char *const name[] = {"object", "sem", "mutex", "cond", "mq", "pipe", "timer"};
    return PICK(name, kind);
}

const char *show_reason(unsigned reason)
{
    static const char *const name[] = {"created", "object", "delay over",  "timed out",
                                       "resumed", "tick",   "object gone", "?"};
    return PICK(name, reason);
}

const char *show_cause(char buffer[TEXT_SPAN], unsigned cause)
{
    switch (cause & 0x7F) {
    case 3: return "software";
    case 7: return "timer";
    case 11: return "external";
    default: snprintf(buffer, TEXT_SPAN, "irq %u", cause); return buffer;
    }
}

/* Numbers of type `state` in events (SPEC.md section 1). */
static const char *event_state(unsigned n)
{
    static const char *const name[] = {"ended",     "ready",   "running", "blocked",
                                       "suspended", "delayed", "?",       "?"};
    return PICK(name, n);
}

static const char *event_reason(uint8_t code, unsigned n)
{
    static const char *const why[] = {"set", "inherited", "restored", "?"};
    return code == KE_task_priority ? PICK(why, n) : show_reason(n);
}

static const char *result_name(int32_t n)
{
    static const char *const kernel[] = {
        "NO_TASKS",     "KCB_ALLOC",    "TCB_ALLOC",   "STACK_ALLOC",   "CANT_REMOVE",
        "NOT_FOUND",    "CANT_SUSPEND", "CANT_RESUME", "INVALID_PRIO",  "INVALID_ENTRY",
        "BUSY",         "NOT_OWNER",    "STACK_CHECK", "HEAP_CORRUPT",  "PIPE_ALLOC",
        "PIPE_DEALLOC", "SEM_ALLOC",    "SEM_DEALLOC", "SEM_OPERATION", "MQ_NOTEMPTY",
        "TIMEOUT",      "UNKNOWN"};
    return n >= -16383 && n < -16383 + 22 ? kernel[n + 16383] : NULL;
}

static void show_result(struct text *t, int32_t n)
{
    const char *name = result_name(n);
    text_i32(t, n);
    if (name)
        text_format(t, " (%s)", name);
}

static void show_code(struct text *t, const kymo_model *m, uint32_t addr)
{
    const char *line = NULL;
    text_put(t, kymo_code_name(m, addr));
    if (kymo_symbol(kymo_model_trace(m), addr, 'f', NULL, &line) && line)
        text_format(t, " (%.80s)", line);
}

static void show_string(struct text *t, const kymo_model *m, uint32_t tag)
{
    const char *s = kymo_string(kymo_model_trace(m), tag);
    if (!s) {
        text_hex(t, tag, 0);
        return;
    }
    text_char(t, '"');
    for (unsigned n = 0; *s && n < 120; s++, n++)
        text_char(t, *s < 0x20 || *s > 0x7E || *s == '"' ? '?' : *s);
    text_char(t, '"');
}

/* Where an object names a task, 0 is nobody, not idle: idle waits for nothing. */
static void show_task(struct text *t, const kymo_model *m, const struct kymo_event_desc *d,
                      uint32_t v)
{
    bool object = strcmp(d->klass, "SYNC") == 0 || strcmp(d->klass, "IPC") == 0;
    text_put(t, v == KYMO_TASK_IDLE && object ? "nobody" : kymo_task_name(m, v));
}

void show_value(struct text *t, const kymo_model *m, const struct kymo_event *e,
                const struct kymo_event_desc *d, const struct kymo_field *f)
{
    uint32_t v = kymo_value(e, f, d);
    char buffer[TEXT_SPAN];
    switch (f->type[0] << 8 | f->type[1]) {
    case 't' << 8 | 'a':
        if (f->type[2] == 's')
            show_task(t, m, d, v);
        else
            show_string(t, m, v);
        break;
    case 'o' << 8 | 'b': text_put(t, kymo_object_name(m, v)); break;
    case 'c' << 8 | 'o':
        if (f->type[2] == 'd')
            show_code(t, m, v);
        else
            text_u64(t, v);
        break;
    case 'c' << 8 | 'a': text_put(t, show_cause(buffer, v)); break;
    case 's' << 8 | 't': text_put(t, event_state(v)); break;
    case 'r' << 8 | 'e':
        if (f->type[2] == 'a')
            text_put(t, event_reason(d->code, v));
        else
            show_result(t, (int32_t)v);
        break;
    case 'f' << 8 | 'l': text_put(t, v ? "yes" : "no"); break;
    case 'h' << 8 | 'e': text_hex(t, v, 0); break;
    case 'a' << 8 | 'd': text_hex(t, v, 8); break;
    default: text_u64(t, v); break;
    }
}

/* ---- trace_log ---- */

static void show_argument(struct text *t, const char *spec, size_t n, char kind, uint32_t v)
{
    char format[24];
    if (n >= sizeof format - 2)
        return;
    memcpy(format, spec, n);
    format[n] = kind == 'p' ? 'x' : kind;
    format[n + 1] = 0;
    if (kind == 'd' || kind == 'i')
        text_format(t, format[n] == 'i' ? "%d" : format, (int)v);
    else if (kind == 'c')
        text_char(t, v >= 0x20 && v < 0x7F ? (char)v : '?');
    else if (kind == 's')
        text_hex(t, v, 8);
    else
        text_format(t, format, v);
}

/* printf's language for 32-bit arguments. The string comes from a trace: nothing but flags, width
 * and a known conversion reaches a formatter, and at most 32 columns of it. */
static void show_log(struct text *t, const kymo_model *m, const struct kymo_event *e)
{
    const char *s = kymo_string(kymo_model_trace(m), kv_log_tag(e));
    unsigned used = 0;
    if (!s) {
        text_hex(t, kv_log_tag(e), 0);
        return;
    }
    for (unsigned left = 200; *s && left; left--) {
        if (*s != '%') {
            text_char(t, *s < 0x20 || *s > 0x7E ? ' ' : *s);
            s++;
            continue;
        }
        size_t n = 1 + strspn(s + 1, "0-+ #");
        size_t width = strspn(s + n, "0123456789");
        size_t size = strspn(s + n + width, "lhz");
        char kind = s[n + width + size];
        if (kind == '%')
            text_char(t, '%');
        else if (!kind || !strchr("diuxXcps", kind) || width > 2 || n > 6)
            text_put(t, "%?");
        else if (used == e->words)
            text_put(t, "%(none)");
        else
            show_argument(t, s, n + (atoi(s + n) <= 32 ? width : 0), kind, e->word[used++]);
        if (!kind)
            return;
        s += n + width + size + 1;
    }
}

/* ---- whole events ---- */

/* Four `text` words make one string. */
static void show_text_words(struct text *t, const struct kymo_event *e, const struct kymo_field *f)
{
    for (unsigned i = 0; i < 16 && f->word + i / 4 < e->words; i++) {
        char c = (char)(e->word[f->word + i / 4] >> 8 * (i % 4));
        if (!c)
            break;
        text_char(t, c < 0x20 || c > 0x7E ? '?' : c);
    }
}

static bool is_text(const struct kymo_field *f)
{
    return strcmp(f->type, "text") == 0;
}

static void show_generic(struct text *t, const kymo_model *m, const struct kymo_event *e,
                         const struct kymo_event_desc *d)
{
    for (unsigned i = 0, shown = 0; i < d->fields; i++) {
        const struct kymo_field *f = &d->field[i];
        if (is_text(f) && i && is_text(&d->field[i - 1]))
            continue;
        if (f->kind == 'M') {
            for (unsigned w = f->word; w < e->words; w++) {
                text_char(t, ' ');
                text_hex(t, e->word[w], 0);
            }
            continue;
        }
        if (strcmp(f->type, "flag") == 0 && kymo_value(e, f, d) == 0)
            continue; /* a flag is shown when it is set, by its name */
        if (shown++)
            text_char(t, ' ');
        if (is_text(f)) {
            show_text_words(t, e, f);
            continue;
        }
        text_put(t, f->name);
        if (strcmp(f->type, "flag") == 0)
            continue;
        text_char(t, '=');
        show_value(t, m, e, d, f);
    }
}

static void show_priority(struct text *t, const kymo_model *m, const struct kymo_event *e)
{
    text_format(t, "%s level=%u base=%u %s", kymo_task_name(m, kv_task_priority_task(e)),
                kv_task_priority_level(e), kv_task_priority_base(e),
                event_reason(KE_task_priority, kv_task_priority_why(e)));
}

void show_fields(struct text *t, const kymo_model *m, const struct kymo_event *e)
{
    const struct kymo_event_desc *d = kymo_describe(kymo_model_trace(m), e->code);
    if (!kymo_known(kymo_model_trace(m), e->code)) {
        show_generic(t, m, e, d);
        return;
    }
    switch (d->code) { /* the commonest events, as one would say them */
    case KE_task_switch:
        text_put(t, "-> ");
        text_put(t, kymo_task_name(m, kv_task_switch_next(e)));
        text_put(t, " (left ");
        text_put(t, event_state(kv_task_switch_state(e)));
        text_char(t, ')');
        break;
    case KE_task_ready:
        text_put(t, kymo_task_name(m, kv_task_ready_task(e)));
        text_put(t, ": ");
        text_put(t, show_reason(kv_task_ready_reason(e)));
        break;
    case KE_task_priority: show_priority(t, m, e); break;
    case KE_log: show_log(t, m, e); break;
    default: show_generic(t, m, e, d); break;
    }
}

void show_warnings(const char *command, const char *path, const kymo_trace *t)
{
    unsigned n = kymo_warnings(t), most = n > 8 ? 5 : n;
    for (unsigned i = 0; i < most; i++)
        fprintf(stderr, "kymo %s: warning: %s: %s\n", command, path, kymo_warning(t, i));
    if (n > most)
        fprintf(stderr, "kymo %s: warning: %s: and %u more; `kymo info` lists them\n", command,
                path, n - most);
}

static void json_name(struct text *t, const kymo_model *m, const struct kymo_event *e,
                      const struct kymo_field *f, uint32_t v)
{
    const char *s = strcmp(f->type, "task") == 0    ? kymo_task_name(m, v)
                    : strcmp(f->type, "obj") == 0   ? kymo_object_name(m, v)
                    : strcmp(f->type, "code") == 0  ? kymo_code_name(m, v)
                    : strcmp(f->type, "tag") == 0   ? kymo_string(kymo_model_trace(m), v)
                    : strcmp(f->type, "state") == 0 ? event_state(v)
                    : strcmp(f->type, "reason") == 0
                        ? event_reason(kymo_describe(kymo_model_trace(m), e->code)->code, v)
                        : NULL;
    if (!s)
        return;
    text_format(t, ",\"%s_name\":", f->name);
    char clean[200];
    size_t n = 0;
    for (; s[n] && n < sizeof clean - 1; n++)
        clean[n] = s[n] < 0x20 || s[n] > 0x7E ? '?' : s[n];
    clean[n] = 0;
    text_json(t, clean);
}

void show_fields_json(struct text *t, const kymo_model *m, const struct kymo_event *e)
{
    const struct kymo_event_desc *d = kymo_describe(kymo_model_trace(m), e->code);
    for (unsigned i = 0; i < d->fields; i++) {
        const struct kymo_field *f = &d->field[i];
        if (i)
            text_char(t, ',');
        text_format(t, "\"%s\":", f->name);
        if (f->kind == 'M') {
            text_char(t, '[');
            for (unsigned w = f->word; w < e->words; w++) {
                if (w > f->word)
                    text_char(t, ',');
                text_u64(t, e->word[w]);
            }
            text_char(t, ']');
            continue;
        }
        uint32_t v = kymo_value(e, f, d);
        if (strcmp(f->type, "result") == 0)
            text_i32(t, (int32_t)v);
        else
            text_u64(t, v);
        json_name(t, m, e, f, v);
    }
}
