/* SPDX-License-Identifier: MIT */
/* Owns the names that people read: a given name, else a symbol, else kind and number. Names come
 * from traces, so every byte that is not printable ASCII is shown as '?'. */
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const kinds[] = {"object", "sem", "mutex", "cond", "mq", "pipe", "timer"};

static char *clean(char *s)
{
    for (char *p = s; p && *p; p++)
        if (*p < 0x20 || *p > 0x7E)
            *p = '?';
    return s;
}

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *print(const char *format, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&s, format, ap);
    va_end(ap);
    return n < 0 ? NULL : clean(s);
}

static char *make_task_name(const kymo_model *m, uint32_t id, const struct km_task *t)
{
    uint32_t offset = 0;
    const char *symbol =
        t && t->pub.entry ? kymo_symbol(m->t, t->pub.entry, 'f', &offset, NULL) : NULL;
    if (t && t->name[0])
        return print("%s", t->name);
    if (id == KYMO_TASK_IDLE)
        return print("idle");
    if (id == KYMO_TASK_BOOT)
        return print("boot");
    if (symbol && offset)
        return print("%s+0x%x/%u", symbol, offset, id);
    return symbol ? print("%s/%u", symbol, id) : print("task %u", id);
}

static char *scratch(const kymo_model *m)
{
    kymo_model *w = (kymo_model *)m; /* a cache; the model's meaning does not change */
    w->turn = (w->turn + 1) % 8;
    return w->scratch[w->turn];
}

/* The cache is made anew when a name was given or an entry became known since. */
const char *kymo_task_name(const kymo_model *m, uint32_t id)
{
    struct km_task *t = id <= KYMO_TASK_BOOT ? kymo_ids_get(&m->task, id) : NULL;
    if (!t) {
        char *s = scratch(m);
        snprintf(s, sizeof m->scratch[0],
                 id == KYMO_TASK_IDLE   ? "idle"
                 : id == KYMO_TASK_BOOT ? "boot"
                 : id == KYMO_TASK_NONE ? "nobody"
                                        : "task %u",
                 id);
        return s;
    }
    if (!t->shown)
        t->shown = make_task_name(m, id, t);
    return t->shown ? t->shown : "task";
}

static char *make_object_name(const kymo_model *m, uint32_t addr, const struct km_object *o)
{
    uint32_t offset = 0;
    const char *symbol = kymo_symbol(m->t, addr, 'o', &offset, NULL);
    if (o && o->name[0])
        return print("%s", o->name);
    if (symbol)
        return offset ? print("%s+0x%x", symbol, offset) : print("%s", symbol);
    unsigned kind = o && o->pub.kind < sizeof kinds / sizeof *kinds ? o->pub.kind : 0;
    return print("%s 0x%08x", kinds[kind], addr);
}

const char *kymo_object_name(const kymo_model *m, uint32_t addr)
{
    struct km_object *o = km_find_object(m, addr);
    if (!o) {
        char *s = scratch(m), *made = make_object_name(m, addr, NULL);
        snprintf(s, sizeof m->scratch[0], "%s", made ? made : "object");
        free(made);
        return s;
    }
    if (!o->shown)
        o->shown = make_object_name(m, addr, o);
    return o->shown ? o->shown : "object";
}

const char *kymo_code_name(const kymo_model *m, uint32_t addr)
{
    uint32_t offset = 0;
    const char *symbol = kymo_symbol(m->t, addr, 'f', &offset, NULL);
    char *s = scratch(m);
    if (!symbol)
        snprintf(s, sizeof m->scratch[0], "0x%08x", addr);
    else if (offset)
        snprintf(s, sizeof m->scratch[0], "%.40s+0x%x", symbol, offset);
    else
        snprintf(s, sizeof m->scratch[0], "%.60s", symbol);
    return clean(s);
}

void km_forget_task_name(struct km_task *t)
{
    free(t->shown);
    t->shown = NULL;
}

void km_forget_object_name(struct km_object *o)
{
    free(o->shown);
    o->shown = NULL;
}

void km_free_names(kymo_model *m)
{
    for (unsigned i = 0; i < m->tasks; i++)
        km_forget_task_name(m->order[i]);
    for (struct km_object *o = m->first; o; o = o->next)
        km_forget_object_name(o);
}
