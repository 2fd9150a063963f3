/* SPDX-License-Identifier: MIT */
/* Numbers for everything a report refers to (rows.h). */
#include "report/rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the map: open addressing, at most half full ---- */

static uint32_t home(uint64_t key, uint32_t slots)
{
    key *= 0x9E3779B97F4A7C15u;
    return (uint32_t)(key >> 32) & (slots - 1);
}

static uint32_t slot_of(const struct kr_map *m, uint64_t key)
{
    uint32_t s = home(key, m->slots);
    while (m->value[s] && m->key[s] != key)
        s = (s + 1) & (m->slots - 1);
    return s;
}

int32_t kr_map_find(const struct kr_map *m, uint64_t key)
{
    return m->slots ? m->value[slot_of(m, key)] - 1 : KR_NONE;
}

static bool grow(struct kr_map *m)
{
    struct kr_map wide = {.slots = m->slots ? m->slots * 2 : 64, .used = m->used};
    wide.key = malloc(wide.slots * sizeof *wide.key);
    wide.value = calloc(wide.slots, sizeof *wide.value);
    if (!wide.key || !wide.value) {
        kr_map_free(&wide);
        return false;
    }
    for (uint32_t i = 0; i < m->slots; i++) {
        if (!m->value[i])
            continue;
        uint32_t s = slot_of(&wide, m->key[i]);
        wide.key[s] = m->key[i];
        wide.value[s] = m->value[i];
    }
    kr_map_free(m);
    *m = wide;
    return true;
}

int32_t kr_map_add(struct kr_map *m, uint64_t key)
{
    int32_t known = kr_map_find(m, key);
    if (known >= 0)
        return known;
    if (m->used >= KR_MOST || (m->used * 2 >= m->slots && !grow(m)))
        return KR_NONE;
    uint32_t s = slot_of(m, key);
    m->key[s] = key;
    m->value[s] = (int32_t)++m->used;
    assert(m->used * 2 <= m->slots);
    return (int32_t)m->used - 1;
}

void kr_map_free(struct kr_map *m)
{
    free(m->key);
    free(m->value);
    memset(m, 0, sizeof *m);
}

/* ---- kinds of rows ---- */

/* Room for one more element; doubles at powers of two. */
static void *room(void *list, uint32_t n, size_t size)
{
    if (n & (n - 1))
        return list;
    return realloc(list, (n ? n * 2 : 1) * size);
}

/* Adds key to map; when it is new, puts *fresh at the end of *list. */
static int32_t add(struct kr_rows *r, struct kr_map *map, uint64_t key, void **list, uint32_t *n,
                   const void *fresh, size_t size)
{
    int32_t number = kr_map_add(map, key);
    if (number < 0) {
        r->left_out++;
        return KR_NONE;
    }
    if ((uint32_t)number < *n)
        return number;
    void *wide = r->no_memory ? NULL : room(*list, *n, size);
    if (!wide) {
        r->no_memory = true;
        return KR_NONE;
    }
    *list = wide;
    memcpy((char *)wide + *n * size, fresh, size);
    ++*n;
    return number;
}

int32_t kr_task(struct kr_rows *r, uint32_t id)
{
    if (id >= KYMO_TASK_NONE)
        return KR_NONE;
    struct kr_task fresh = {.id = id, .base = 0xFF};
    return add(r, &r->task_map, id, (void **)&r->tasks, &r->n_tasks, &fresh, sizeof fresh);
}

int32_t kr_object(struct kr_rows *r, uint32_t addr)
{
    struct kr_object fresh = {.addr = addr};
    return addr ? add(r, &r->object_map, addr, (void **)&r->objects, &r->n_objects, &fresh,
                      sizeof fresh)
                : KR_NONE;
}

int32_t kr_isr(struct kr_rows *r, uint8_t cause, uint16_t source)
{
    struct kr_isr fresh = {cause, source};
    return add(r, &r->isr_map, (uint64_t)cause << 16 | source, (void **)&r->isrs, &r->n_isrs,
               &fresh, sizeof fresh);
}

int32_t kr_span(struct kr_rows *r, uint32_t task, uint32_t tag)
{
    struct kr_named fresh = {.tag = tag, .task = kr_task(r, task)};
    return add(r, &r->span_map, (uint64_t)task << 32 | tag, (void **)&r->spans, &r->n_spans, &fresh,
               sizeof fresh);
}

int32_t kr_counter(struct kr_rows *r, uint32_t tag)
{
    struct kr_named fresh = {.tag = tag, .task = KR_NONE};
    return add(r, &r->counter_map, tag, (void **)&r->counters, &r->n_counters, &fresh,
               sizeof fresh);
}

/* ---- combinations: the hash of the fields is the key; equal hashes of different fields probe on
 * ---- */

static uint64_t combo_hash(const struct kr_combo *c)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (int i = 0; i < KR_COMBO; i++)
        h = (h ^ (uint32_t)c->field[i]) * 0x100000001B3u;
    return h;
}

static int32_t combo_number(struct kr_rows *r, const struct kr_combo *c)
{
    for (uint64_t key = combo_hash(c);; key++) {
        int32_t number =
            add(r, &r->combo_map, key, (void **)&r->combos, &r->n_combos, c, sizeof *c);
        if (number < 0)
            return 0;
        if (memcmp(&r->combos[number], c, sizeof *c) == 0)
            return number;
    }
}

int32_t kr_combo(struct kr_rows *r, const struct kymo_interval *i, bool mutex)
{
    bool blocked = i->state == KYMO_BLOCKED, ready = i->state == KYMO_READY;
    bool woken = ready && i->reason != 0xFF;
    struct kr_combo c = {{i->state, i->certainty, i->level, i->base,
                          (ready && i->preempted) | (blocked && mutex) << 1,
                          blocked ? kr_object(r, i->object) : KR_NONE,
                          blocked ? kr_task(r, i->holder) : KR_NONE,
                          woken ? kr_task(r, i->waker) : KR_NONE, woken ? i->waker_irq : 0, i->hart,
                          ready ? i->reason : 0xFF}};
    return combo_number(r, &c);
}

void kr_rows_init(struct kr_rows *r)
{
    struct kr_combo none = {
        {KYMO_DEAD, KYMO_CERTAIN, 0xFF, 0xFF, 0, KR_NONE, KR_NONE, KR_NONE, 0, 0, 0xFF}};
    memset(r, 0, sizeof *r);
    combo_number(r, &none);
}

/* ---- names ---- */

static void set_name(struct kr_rows *r, char **name, const char *text)
{
    free(*name);
    *name = strdup(text);
    r->no_memory |= !*name;
}

static void name_tag(struct kr_rows *r, struct kr_named *n, const char *kind, const kymo_trace *t)
{
    char plain[32];
    const char *text = kymo_string(t, n->tag);
    snprintf(plain, sizeof plain, "%s %u", kind, n->tag);
    set_name(r, &n->name, text && *text ? text : plain);
}

void kr_rows_name(struct kr_rows *r, const kymo_model *m)
{
    const kymo_trace *t = kymo_model_trace(m);
    for (uint32_t i = 0; i < r->n_tasks; i++) {
        struct kr_task *task = &r->tasks[i];
        const struct kymo_task *known = kymo_model_task(m, task->id);
        set_name(r, &task->name, kymo_task_name(m, task->id));
        task->base = known ? known->base : 0xFF;
        task->user = known && known->user;
    }
    for (uint32_t i = 0; i < r->n_objects; i++) {
        const struct kymo_object *known = kymo_model_object(m, r->objects[i].addr);
        set_name(r, &r->objects[i].name, kymo_object_name(m, r->objects[i].addr));
        r->objects[i].kind = known ? known->kind : KYMO_OBJ_NONE;
    }
    for (uint32_t i = 0; i < r->n_spans; i++)
        name_tag(r, &r->spans[i], "span", t);
    for (uint32_t i = 0; i < r->n_counters; i++)
        name_tag(r, &r->counters[i], "counter", t);
}

void kr_rows_free(struct kr_rows *r)
{
    struct kr_map *maps[] = {&r->task_map, &r->object_map,  &r->isr_map,
                             &r->span_map, &r->counter_map, &r->combo_map};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        kr_map_free(maps[i]);
    for (uint32_t i = 0; i < r->n_tasks; i++)
        free(r->tasks[i].name);
    for (uint32_t i = 0; i < r->n_objects; i++)
        free(r->objects[i].name);
    for (uint32_t i = 0; i < r->n_spans; i++)
        free(r->spans[i].name);
    for (uint32_t i = 0; i < r->n_counters; i++)
        free(r->counters[i].name);
    free(r->tasks);
    free(r->objects);
    free(r->isrs);
    free(r->spans);
    free(r->counters);
    free(r->combos);
    memset(r, 0, sizeof *r);
}
