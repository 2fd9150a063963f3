/* SPDX-License-Identifier: MIT */
/* Names of the numbers that events carry: objects, code addresses and tags. Collected while the
 * trace is read, looked up when it has ended (a name may come after its first use), written into
 * the index.
 *
 * At most MOST different values of a kind are named; the page shows the others as numbers. */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

enum { OBJ, CODE, TAG, KINDS, MOST = 20000 };
static const char *const type_name[KINDS] = {"obj", "code", "tag"};

struct kr_values {
    struct kr_map map[KINDS];
    char **name[KINDS];
    uint32_t *value[KINDS];
    uint32_t kept[KINDS]; /* of them, named */
    uint8_t seen[256];    /* code: 1 has fields to name, 2 has none */
};

struct kr_values *kr_values_new(void)
{
    return calloc(1, sizeof(struct kr_values));
}

static int kind_of(const char *type)
{
    for (int k = 0; k < KINDS; k++)
        if (strcmp(type, type_name[k]) == 0)
            return k;
    return -1;
}

void kr_values_event(struct kr_values *v, const kymo_trace *t, const struct kymo_event *e)
{
    if (v->seen[e->code] == 2)
        return;
    const struct kymo_event_desc *d = kymo_describe(t, e->code);
    v->seen[e->code] = 2;
    for (unsigned i = 0; d && i < d->fields; i++) {
        int k = kind_of(d->field[i].type);
        if (k < 0)
            continue;
        v->seen[e->code] = 1;
        if (v->map[k].used < MOST)
            kr_map_add(&v->map[k], kymo_value(e, &d->field[i], d));
    }
}

static const char *name_of(const kymo_model *m, int kind, uint32_t value)
{
    if (kind == OBJ)
        return kymo_object_name(m, value);
    return kind == CODE ? kymo_code_name(m, value) : kymo_string(kymo_model_trace(m), value);
}

static void forget_names(struct kr_values *v, int k)
{
    for (uint32_t i = 0; v->name[k] && i < v->kept[k]; i++)
        free(v->name[k][i]);
    free(v->name[k]);
    free(v->value[k]);
    v->name[k] = NULL;
    v->value[k] = NULL;
}

void kr_values_keep(struct kr_values *v, const kymo_model *m)
{
    for (int k = 0; k < KINDS; k++) {
        forget_names(v, k);
        v->kept[k] = v->map[k].used;
        const struct kr_map *map = &v->map[k];
        v->name[k] = calloc(map->used + 1, sizeof *v->name[k]);
        v->value[k] = calloc(map->used + 1, sizeof *v->value[k]);
        if (!v->name[k] || !v->value[k])
            continue;
        for (uint32_t s = 0; s < map->slots; s++) {
            if (!map->value[s])
                continue;
            const char *text = name_of(m, k, (uint32_t)map->key[s]);
            v->value[k][map->value[s] - 1] = (uint32_t)map->key[s];
            v->name[k][map->value[s] - 1] = text ? strdup(text) : NULL;
        }
    }
}

void kr_values_json(struct kr_buf *b, const struct kr_values *v)
{
    kr_text(b, "{");
    for (int k = 0; k < KINDS; k++) {
        bool first = true;
        kr_textf(b, "%s\"%s\":{", k ? "," : "", type_name[k]);
        for (uint32_t i = 0; v->name[k] && v->value[k] && i < v->kept[k]; i++) {
            if (!v->name[k][i])
                continue;
            kr_textf(b, "%s\"%u\":", first ? "" : ",", v->value[k][i]);
            kr_json(b, v->name[k][i]);
            first = false;
        }
        kr_text(b, "}");
    }
    kr_text(b, "}");
}

void kr_values_free(struct kr_values *v)
{
    for (int k = 0; v && k < KINDS; k++) {
        forget_names(v, k);
        kr_map_free(&v->map[k]);
    }
    free(v);
}
