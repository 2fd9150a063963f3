/* SPDX-License-Identifier: MIT */
/* See filter.h. Codes are decided once per trace, names when a task or object is met. */
#include "filter.h"

#include "text.h"

#include <fnmatch.h>
#include <stdlib.h>

static bool add(const char **list, unsigned *n, char *value)
{
    if (*n < FILTER_MAX)
        list[(*n)++] = value;
    return true;
}

bool filter_option(struct filter *f, int key, char *value)
{
    switch (key) {
    case FILTER_FROM: f->from_text = value; return true;
    case FILTER_TO: f->to_text = value; return true;
    case FILTER_TASK: return add(f->task, &f->tasks, value);
    case FILTER_OBJECT: return add(f->object, &f->objects, value);
    case FILTER_EVENT: return add(f->event, &f->events, value);
    case FILTER_CLASS: return add(f->klass, &f->classes, value);
    default: return false;
    }
}

static bool matches(const char *const *list, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (fnmatch(list[i], name, 0) == 0)
            return true;
    return n == 0;
}

/* A filter that no event of the table can pass is a slip of the pen. */
static const char *unknown_name(const kymo_trace *t, const char *const *list, unsigned n,
                                bool klass)
{
    for (unsigned i = 0; i < n; i++) {
        bool found = false;
        for (unsigned c = 0; c < 256 && !found; c++) {
            const struct kymo_event_desc *d = kymo_describe(t, (uint8_t)c);
            found = d && fnmatch(list[i], klass ? d->klass : d->name, 0) == 0;
        }
        if (!found)
            return list[i];
    }
    return NULL;
}

int filter_resolve(struct filter *f, const kymo_trace *t, const char **wrong)
{
    uint64_t hz = kymo_get_info(t)->clock_hz;
    f->to = UINT64_MAX;
    *wrong = f->from_text;
    if (f->from_text && !text_parse_time(f->from_text, hz, &f->from))
        return -1;
    *wrong = f->to_text;
    if (f->to_text && !text_parse_time(f->to_text, hz, &f->to))
        return -1;
    if (f->to < f->from)
        return -1;
    *wrong = unknown_name(t, f->event, f->events, false);
    if (!*wrong)
        *wrong = unknown_name(t, f->klass, f->classes, true);
    for (unsigned c = 0; c < 256; c++) {
        const struct kymo_event_desc *d = kymo_describe(t, (uint8_t)c);
        f->code[c] =
            d && matches(f->event, f->events, d->name) && matches(f->klass, f->classes, d->klass);
    }
    return *wrong ? -1 : 0;
}

/* Names carry "/id" when they come from a symbol: without it matches as well. */
static bool same_name(const char *wanted, const char *name)
{
    const char *slash = strrchr(name, '/');
    size_t n = slash ? (size_t)(slash - name) : 0;
    return strcmp(wanted, name) == 0 || (n && strlen(wanted) == n && strncmp(wanted, name, n) == 0);
}

bool filter_task(const struct filter *f, const kymo_model *m, uint32_t id)
{
    char *end;
    for (unsigned i = 0; i < f->tasks; i++) {
        unsigned long n = strtoul(f->task[i], &end, 0);
        if ((*f->task[i] && !*end && n == id) || same_name(f->task[i], kymo_task_name(m, id)))
            return true;
    }
    return f->tasks == 0;
}

bool filter_object(const struct filter *f, const kymo_model *m, uint32_t addr)
{
    char *end;
    for (unsigned i = 0; i < f->objects; i++) {
        unsigned long n = strtoul(f->object[i], &end, 0);
        if ((*f->object[i] && !*end && n == addr) ||
            strcmp(f->object[i], kymo_object_name(m, addr)) == 0)
            return true;
    }
    return f->objects == 0;
}

/* Does a field of this type name what the filter wants? */
static bool field_matches(const struct filter *f, const kymo_model *m, const struct kymo_event *e,
                          const char *type)
{
    const struct kymo_event_desc *d = kymo_describe(kymo_model_trace(m), e->code);
    for (unsigned i = 0; i < d->fields; i++) {
        const struct kymo_field *x = &d->field[i];
        if (strcmp(x->type, type) != 0)
            continue;
        uint32_t v = kymo_value(e, x, d);
        if (*type == 't' ? filter_task(f, m, v) : filter_object(f, m, v))
            return true;
    }
    return false;
}

bool filter_event(const struct filter *f, const kymo_model *m, const struct kymo_event *e,
                  uint32_t context)
{
    if (!f->code[e->code] || !filter_time(f, e->time))
        return false;
    if (f->tasks && !filter_task(f, m, context) && !field_matches(f, m, e, "task"))
        return false;
    return !f->objects || field_matches(f, m, e, "obj");
}
