/* SPDX-License-Identifier: MIT */
/* Where the compiler put the inlined copies of a function: known from DWARF, so that an inlined
 * writer is measured without a byte of code at its site. */
#include "elf_walk.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 40 };

struct search {
    const char *pattern;
    struct capture_site *list;
    size_t count;
};

static void add_spans(struct capture_site *s, Dwarf_Die *die)
{
    Dwarf_Addr base, low, high, entry = 0;
    bool has_entry = dwarf_entrypc(die, &entry) == 0;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &low, &high)) > 0 && s->spans < 64;) {
        if (low >= high)
            continue;
        s->span[s->spans][0] = (uint32_t)low;
        s->span[s->spans++][1] = (uint32_t)high;
    }
    for (unsigned i = 0; has_entry && i < s->spans; i++)
        if (entry >= s->span[i][0] && entry < s->span[i][1]) {
            uint32_t first[2];
            memcpy(first, s->span[i], sizeof first);
            memmove(s->span[1], s->span[0], i * sizeof s->span[0]);
            memcpy(s->span[0], first, sizeof first);
        }
}

static void add_site(struct search *f, Dwarf_Die *die, const char *name, const char *caller)
{
    struct capture_site s = {0};
    Dwarf_Attribute a;
    Dwarf_Word line = 0;
    if (dwarf_attr(die, DW_AT_call_line, &a))
        dwarf_formudata(&a, &line);
    add_spans(&s, die);
    if (!s.spans)
        return;
    f->list = realloc(f->list, (f->count + 1) * sizeof *f->list);
    if (!f->list || asprintf(&s.name, "%s@%s:%u", name, caller ? caller : "?", (unsigned)line) < 0)
        abort();
    f->list[f->count++] = s;
}

static void walk(struct search *f, Dwarf_Die *first, const char *caller, int depth)
{
    Dwarf_Die die = *first, child;
    do {
        int tag = dwarf_tag(&die);
        const char *name = dwarf_diename(&die), *in = tag == DW_TAG_subprogram ? name : caller;
        if (tag == DW_TAG_inlined_subroutine && name && fnmatch(f->pattern, name, 0) == 0)
            add_site(f, &die, name, caller);
        if (depth < DEPTH_MAX && dwarf_child(&die, &child) == 0)
            walk(f, &child, in, depth + 1);
    } while (dwarf_siblingof(&die, &die) == 0);
}

bool capture_sites_read(const char *path, const char *pattern, struct capture_site **list,
                        size_t *count, char *why, size_t why_size)
{
    struct elf_file e;
    struct search f = {.pattern = pattern};
    if (!elf_open(&e, path, why, why_size))
        return false;
    Dwarf *dw = dwarf_begin_elf(e.elf, DWARF_C_READ, NULL);
    size_t header;
    for (Dwarf_Off off = 0, next;
         dw && dwarf_nextcu(dw, off, &next, &header, NULL, NULL, NULL) == 0; off = next) {
        Dwarf_Die unit, first;
        if (dwarf_offdie(dw, off + header, &unit) && dwarf_child(&unit, &first) == 0)
            walk(&f, &first, NULL, 0);
    }
    if (!dw)
        snprintf(why, why_size, "it has no debug information (compile with -g)");
    bool ok = dw != NULL;
    dwarf_end(dw);
    elf_close(&e);
    *list = f.list;
    *count = f.count;
    return ok;
}
