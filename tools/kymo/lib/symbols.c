/* SPDX-License-Identifier: MIT */
/* Owns the symbols a trace carries: from address to name (SPEC.md section 5, packet SYMBOLS). */
#include "private.h"

#include <stdlib.h>

static int by_address(const void *a, const void *b)
{
    const struct kymo_symbol_entry *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    return x->size < y->size ? 1 : x->size > y->size ? -1 : strcmp(x->name, y->name);
}

/* `addr size kind name[ file:line]`, cut in place. */
static bool parse_line(char *line, struct kymo_symbol_entry *e)
{
    char *p = line;
    unsigned long long addr = strtoull(p, &p, 16), size;
    if (p == line || *p != ' ' || addr > UINT32_MAX)
        return false;
    char *q = p + 1;
    size = strtoull(q, &p, 16);
    if (p == q || *p != ' ' || size > UINT32_MAX || (p[1] != 'f' && p[1] != 'o') || p[2] != ' ' ||
        p[3] == 0)
        return false;
    *e = (struct kymo_symbol_entry){
        .addr = (uint32_t)addr, .size = (uint32_t)size, .kind = p[1], .name = p + 3};
    char *line_part = strchr(p + 3, ' ');
    if (line_part) {
        *line_part = 0;
        e->line = line_part + 1;
    }
    return true;
}

int kymo_symbols_parse(struct kymo_symbols *s, const void *text, size_t length, unsigned *bad)
{
    size_t lines = 1;
    *bad = 0;
    kymo_symbols_free(s);
    for (size_t i = 0; i < length; i++)
        lines += ((const char *)text)[i] == '\n';
    s->text = malloc(length + 1);
    s->entry = calloc(lines, sizeof *s->entry);
    if (!s->text || !s->entry) {
        kymo_symbols_free(s);
        return -1;
    }
    memcpy(s->text, text, length);
    s->text[length] = 0;
    for (size_t i = 0; i < length; i++) /* names of a trace are anybody's bytes */
        if ((s->text[i] < 0x20 || s->text[i] > 0x7E) && s->text[i] != '\n')
            s->text[i] = '?';
    char *save = NULL;
    for (char *line = strtok_r(s->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (parse_line(line, &s->entry[s->count]))
            s->count++;
        else
            ++*bad;
    }
    qsort(s->entry, s->count, sizeof *s->entry, by_address);
    return 0;
}

int kymo_symbols_add(struct kymo_symbols *s, const void *text, size_t length, unsigned *bad)
{
    struct kymo_symbols more = {0};
    if (s->more || kymo_symbols_parse(&more, text, length, bad))
        return s->more ? 0 : -1;
    struct kymo_symbol_entry *all = realloc(s->entry, (s->count + more.count + 1) * sizeof *all);
    if (!all) {
        kymo_symbols_free(&more);
        return -1;
    }
    if (more.count)
        memcpy(all + s->count, more.entry, more.count * sizeof *all);
    s->entry = all;
    s->count += more.count;
    s->more = more.text;
    free(more.entry);
    qsort(s->entry, s->count, sizeof *s->entry, by_address);
    return 0;
}

const struct kymo_symbol_entry *kymo_symbols_find(const struct kymo_symbols *s, uint32_t addr,
                                                  char kind)
{
    size_t low = 0, high = s->count; /* entries before `low` begin at or before addr */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->entry[mid].addr <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    /* The nearest that covers wins, so a member before its structure; but at a structure's very
     * beginning the structure wins, because its first member has the same address and a lock is
     * named by its own name, not by that of its first field. It may lie a few entries back: those
     * between are of the other kind or end before the address. */
    const struct kymo_symbol_entry *found = NULL;
    for (size_t i = low, tries = 0; i-- > 0 && tries < 64; tries++) {
        const struct kymo_symbol_entry *e = &s->entry[i];
        bool covers = addr - e->addr < e->size || addr == e->addr;
        if (found && (e->addr != addr || e->kind != 'o'))
            break;
        if (covers && (kind == 0 || e->kind == kind)) {
            found = e;
            if (e->addr != addr || e->kind != 'o')
                break;
        }
    }
    return found;
}

void kymo_symbols_free(struct kymo_symbols *s)
{
    free(s->text);
    free(s->more);
    free(s->entry);
    *s = (struct kymo_symbols){0};
}
