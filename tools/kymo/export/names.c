/* SPDX-License-Identifier: MIT */
/* Words and values as all exporters show them; declared in flow.h. */
#include <stdio.h>
#include <string.h>

#include "flow.h"
#include "out.h"
#include "util/show.h"

unsigned xp_irq_number(unsigned cause, unsigned source)
{
    return cause == 11 ? 16 + source : cause == 7 ? 0 : cause;
}

const char *xp_irq_name(unsigned irq, char text[XP_NAME_MAX])
{
    if (irq == 0)
        return "timer";
    if (irq == 3)
        return "software";
    char number[XP_DECIMAL];
    strcpy(text, irq >= 16 ? "ext" : "cause");
    return strcat(text, xp_decimal(irq >= 16 ? irq - 16 : irq, number));
}

const char *xp_task_name(const struct xp_flow *f, uint32_t task)
{
    if (task >= XP_TASK_LOST)
        return "(lost)";
    if (task == KYMO_TASK_BOOT)
        return "boot";
    return kymo_task_name(f->model, task);
}

static const char *word(const char *const *words, unsigned n, unsigned i)
{
    return i < n ? words[i] : "unknown";
}

const char *xp_state_name(unsigned state)
{
    static const char *const words[] = {"unknown",   "ready",   "running", "blocked",
                                        "suspended", "delayed", "dead"};
    return word(words, 7, state);
}

const char *xp_loss_name(unsigned cause)
{
    static const char *const words[] = {"overwritten", "full",      "stopped",
                                        "masked",      "transport", "damaged"};
    return word(words, 6, cause);
}

const char *xp_kind_name(unsigned kind)
{
    static const char *const words[] = {"object", "semaphore", "mutex", "condition",
                                        "queue",  "pipe",      "timer"};
    return word(words, 7, kind);
}

const char *xp_certainty_name(unsigned certainty)
{
    static const char *const words[] = {"certain", "possible", "unknown"};
    return word(words, 3, certainty);
}

static const char *type_text(const struct xp_flow *f, const char *type, uint32_t v,
                             char text[XP_NAME_MAX])
{
    if (strcmp(type, "task") == 0)
        return v <= KYMO_TASK_BOOT ? xp_task_name(f, v) : NULL;
    if (strcmp(type, "obj") == 0)
        return v ? kymo_object_name(f->model, v) : "none";
    if (strcmp(type, "code") == 0)
        return kymo_code_name(f->model, v);
    if (strcmp(type, "tag") == 0)
        return kymo_string(f->trace, v);
    if (strcmp(type, "text") != 0)
        return NULL;
    for (unsigned i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)(v >> 8 * i);
        text[i] = c == 0 ? 0 : c >= 0x20 && c < 0x7F ? (char)c : '?';
    }
    text[4] = 0;
    return text;
}

static void add(const struct xp_flow *f, struct xp_args *out, const char *name, const char *type,
                uint32_t v)
{
    if (out->n == XP_ARGS)
        return;
    unsigned n = out->n++;
    const char *text = type_text(f, type, v, out->text[n]);
    if (text && text != out->text[n]) {
        size_t length = strnlen(text, XP_NAME_MAX - 1);
        memcpy(out->text[n], text, length);
        out->text[n][length] = 0;
        text = out->text[n];
    }
    bool is_signed = strcmp(type, "result") == 0;
    out->arg[n] =
        (struct xp_arg){.name = name, .text = text, .value = is_signed ? (int32_t)v : (int64_t)v};
}

void xp_args_of(const struct xp_flow *f, const struct kymo_event *e, struct xp_args *out)
{
    static const char *const more[] = {
        "arg0", "arg1", "arg2",  "arg3",  "arg4",  "arg5",  "arg6",  "arg7",
        "arg8", "arg9", "arg10", "arg11", "arg12", "arg13", "arg14", "arg15",
    };
    const struct kymo_event_desc *d = f->code[e->code].desc;
    out->n = 0;
    for (unsigned i = 0; d && i < d->fields; i++) {
        const struct kymo_field *fd = &d->field[i];
        if (fd->kind != 'M') {
            add(f, out, fd->name, fd->type, kymo_value(e, fd, d));
            continue;
        }
        for (unsigned w = fd->word, k = 0; w < e->words && w < KYMO_MAX_WORDS && k < 16; w++, k++)
            add(f, out, more[k], fd->type, e->word[w]);
    }
}

const char *xp_message(const struct xp_flow *f, const struct kymo_event *e)
{
    if (f->code[e->code].use != XP_USE_LOG)
        return NULL;
    text_open(f->text, NULL); /* far larger than a message: it is never flushed */
    show_fields(f->text, f->model, e);
    f->text->data[f->text->used] = 0;
    return f->text->data;
}

static void blocked_text(const struct xp_flow *f, const struct kymo_interval *i, char *text,
                         size_t size)
{
    const struct kymo_object *o = i->object ? kymo_model_object(f->model, i->object) : NULL;
    if (!i->object) {
        snprintf(text, size, "blocked");
        return;
    }
    int n = snprintf(text, size, "blocked: %s %.64s", xp_kind_name(o ? o->kind : 0),
                     kymo_object_name(f->model, i->object));
    if (i->holder < KYMO_TASK_BOOT && i->holder != KYMO_TASK_IDLE && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, " (held by %.64s)", xp_task_name(f, i->holder));
}

void xp_wait_text(const struct xp_flow *f, const struct kymo_interval *i, char *text, size_t size)
{
    if (i->state == KYMO_BLOCKED)
        blocked_text(f, i, text, size);
    else if (i->state == KYMO_READY && i->preempted)
        snprintf(text, size, "preempted");
    else
        snprintf(text, size, "%s", xp_state_name(i->state));
}
