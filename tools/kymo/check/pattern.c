/* SPDX-License-Identifier: MIT */
/* Patterns: reading and matching. The language is described in pattern.h. */
#include "check/pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char wrong[256];

static const char *complain(const char *what, const char *which)
{
    snprintf(wrong, sizeof wrong, "%s%s%.100s%s", what, *which ? " '" : "", which,
             *which ? "'" : "");
    return wrong;
}

/* ---- tokens ---- */

static bool is_sign(char ch)
{
    return strchr("()=,:", ch) != NULL;
}

static bool token_string(struct check_tokens *c)
{
    size_t n = 0;
    for (c->at++; *c->at && *c->at != '"'; c->at++)
        if (n < sizeof c->token - 1)
            c->token[n++] = *c->at;
    if (*c->at == '"')
        c->at++;
    c->token[n] = 0;
    return c->string = true;
}

bool check_token(struct check_tokens *c)
{
    size_t n = 0;
    c->string = false;
    c->token[0] = 0;
    while (isspace((unsigned char) *c->at))
        c->at++;
    if (!*c->at || *c->at == '#')
        return false;
    if (*c->at == '"')
        return token_string(c);
    if (is_sign(*c->at))
        c->token[n++] = *c->at++;
    else
        while (*c->at && !isspace((unsigned char) *c->at) && !is_sign(*c->at) && *c->at != '"') {
            if (n < sizeof c->token - 1)
                c->token[n++] = *c->at;
            c->at++;
        }
    c->token[n] = 0;
    return true;
}

bool check_word(struct check_tokens *c, const char *word)
{
    struct check_tokens saved = *c;
    if (check_token(c) && !c->string && strcmp(c->token, word) == 0)
        return true;
    *c = saved;
    return false;
}

/* ---- reading ---- */

static const struct kymo_event_desc *event_named(const kymo_trace *t, const char *name)
{
    for (unsigned code = 0; code < 256; code++) {
        const struct kymo_event_desc *d = kymo_describe(t, (uint8_t) code);
        if (d && strcmp(d->name, name) == 0)
            return d;
    }
    return NULL;
}

static const struct kymo_field *field_named(const struct kymo_event_desc *d, const char *name)
{
    for (unsigned i = 0; i < d->fields; i++)
        if (strcmp(d->field[i].name, name) == 0)
            return &d->field[i];
    return NULL;
}

static const struct kymo_field *field_typed(const struct kymo_event_desc *d, const char *type)
{
    for (unsigned i = 0; i < d->fields; i++)
        if (strcmp(d->field[i].type, type) == 0)
            return &d->field[i];
    return NULL;
}

static const char *add(struct check_pattern *p, const struct kymo_field *f,
                       const struct check_tokens *c)
{
    if (p->conditions == PATTERN_CONDITIONS)
        return complain("too many conditions at", c->token);
    if (strlen(c->token) >= PATTERN_TEXT)
        return complain("the name is too long:", c->token);
    struct check_condition *k = &p->condition[p->conditions++];
    char *end;
    *k = (struct check_condition){.field = f};
    k->number = (uint32_t) strtoll(c->token, &end, 0);
    k->by_name = c->string || !*c->token || *end;
    snprintf(k->text, sizeof k->text, "%s", c->token);
    if (k->by_name && !strstr(" task obj tag code ", f->type))
        return complain("a number is needed instead of", c->token);
    return NULL;
}

static const char *read_conditions(struct check_pattern *p, struct check_tokens *c)
{
    do {
        if (!check_token(c))
            return "a field is missing after '('";
        const struct kymo_field *f = field_named(p->desc, c->token);
        if (!f)
            return complain("the event has no field", c->token);
        if (!check_word(c, "="))
            return complain("'=' is missing after the field", f->name);
        if (!check_token(c))
            return complain("a value is missing for the field", f->name);
        const char *why = add(p, f, c);
        if (why)
            return why;
    } while (check_word(c, ","));
    return check_word(c, ")") ? NULL : "')' is missing";
}

const char *check_pattern_parse(struct check_pattern *p, struct check_tokens *c,
                                const kymo_trace *t)
{
    *p = (struct check_pattern){0};
    if (!check_token(c))
        return "an event is missing";
    p->desc = event_named(t, c->token);
    if (!p->desc)
        return complain("no such event in the trace's table:", c->token);
    struct check_tokens saved = *c;
    const char *why = NULL;
    if (check_token(c) && c->string) {
        const struct kymo_field *tag = field_typed(p->desc, "tag");
        why = tag ? add(p, tag, c) : complain("this event carries no string:", p->desc->name);
    } else {
        *c = saved;
    }
    if (!why && check_word(c, "("))
        why = read_conditions(p, c);
    if (!why && check_word(c, "by")) {
        if (!check_token(c) || strlen(c->token) >= PATTERN_TEXT)
            return "a task is missing after 'by'";
        snprintf(p->by, sizeof p->by, "%s", c->token);
    }
    return why;
}

/* ---- matching ---- */

bool check_task_is(const kymo_model *m, uint32_t id, const char *wanted)
{
    const char *name = kymo_task_name(m, id);
    size_t n = strlen(wanted);
    if (strncmp(name, wanted, n) != 0)
        return false;
    char number[16];
    snprintf(number, sizeof number, "/%u", id);
    return !name[n] || strcmp(name + n, number) == 0;
}

static bool condition_holds(struct check_condition *k, const struct check_pattern *p,
                            const kymo_model *m, const struct kymo_event *e)
{
    uint32_t v = kymo_value(e, k->field, p->desc);
    const char *name, *type = k->field->type;
    if (!k->by_name)
        return v == k->number;
    if (strcmp(type, "task") == 0)
        name = check_task_is(m, v, k->text) ? k->text : NULL;
    else if (strcmp(type, "obj") == 0)
        name = kymo_object_name(m, v);
    else if (strcmp(type, "tag") == 0)
        name = kymo_string(kymo_model_trace(m), v);
    else
        name = kymo_code_name(m, v);
    bool same = name && strcmp(name, k->text) == 0;
    k->met |= same;
    return same;
}

bool check_pattern_match(struct check_pattern *p, const kymo_model *m, const struct kymo_event *e,
                         uint32_t ran)
{
    const struct kymo_event_desc *d = p->desc;
    if (!d || e->code < d->code || e->code >= d->code + (1u << d->sub))
        return false;
    bool all = true;
    for (unsigned i = 0; i < p->conditions; i++)
        all &= condition_holds(&p->condition[i], p, m, e);
    if (p->by[0]) {
        bool same = check_task_is(m, ran, p->by);
        p->by_met |= same;
        all &= same;
    }
    return all;
}

static bool string_exists(const kymo_trace *t, const char *text)
{
    const char *s;
    for (uint32_t at = 0; (s = kymo_string(t, at)); at += (uint32_t) strlen(s) + 1)
        if (strcmp(s, text) == 0)
            return true;
    return false;
}

const char *check_pattern_unmet(const struct check_pattern *p, const kymo_trace *t)
{
    for (unsigned i = 0; i < p->conditions; i++) {
        const struct check_condition *k = &p->condition[i];
        bool tag = strcmp(k->field->type, "tag") == 0;
        if (k->by_name && !k->met && !(tag && string_exists(t, k->text)))
            return k->text;
    }
    return p->by[0] && !p->by_met ? p->by : NULL;
}
