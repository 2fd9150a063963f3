/* SPDX-License-Identifier: MIT */
/* Names for the trace: the SYMBOLS packet, and the global pointers that name heap objects.
 *
 * Functions and objects come from the symbol table. DWARF adds the source line of each, one line
 * per kernel object that lies inside another ("bus.lock", "pool[3]"), and the list of global
 * pointers to kernel objects. What a kernel object is, is known by the name of its type
 * (object_types); where a structure begins with one, the inner one gives the name. Paths are made
 * relative to where the image was compiled: a container names no folder of the machine.
 *
 * An image without DWARF keeps its symbols. The walk is bounded in depth and in lines, whatever the
 * file says. */
#include "elf_walk.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 6, ELEMENTS_MAX = 256, LINES_MAX = 20000, NAME_MAX_LENGTH = 200 };

/* Linmo's, and those of the kernels in ports/. */
static const char *const object_types[] = {"mutex_t", "cond_t",  "sem_t",         "mq_t",
                                           "pipe_t",  "k_mutex", "k_condvar",     "k_sem",
                                           "k_msgq",  "k_pipe",  "StaticQueue_t", "QueueHandle_t"};

struct place { /* file:line of a symbol */
    uint32_t address;
    char *text;
};

struct walk {
    struct capture_image *im;
    struct place *places;
    size_t place_count, place_room, pointer_room;
    struct capture_text members; /* symbol lines of structure members */
    unsigned lines;
    const char *folder; /* of the compilation unit */
    char here[320];     /* file:line of the variable being described */
};

static void source_line(struct walk *w, Dwarf_Die *die)
{
    const char *file = dwarf_decl_file(die);
    int line = 0;
    size_t n = w->folder ? strlen(w->folder) : 0;
    w->here[0] = 0;
    if (!file || dwarf_decl_line(die, &line) != 0)
        return;
    if (n && strncmp(file, w->folder, n) == 0 && file[n] == '/')
        file += n + 1;
    if (*file == '/')
        file = strrchr(file, '/') + 1;
    snprintf(w->here, sizeof w->here, "%s:%d", file, line);
}

static void add_place(struct walk *w, uint32_t address)
{
    if (!w->here[0])
        return;
    if (w->place_count == w->place_room) {
        w->place_room = w->place_room ? 2 * w->place_room : 256;
        w->places = realloc(w->places, w->place_room * sizeof *w->places);
    }
    char *copy = strdup(w->here);
    if (!w->places || !copy)
        abort();
    w->places[w->place_count++] = (struct place){address, copy};
}

static void add_line(struct capture_text *t, uint32_t address, uint32_t size, char kind,
                     const char *name, const char *place)
{
    char line[640];
    int n = snprintf(line, sizeof line, "%08x %x %c %.*s%s%s\n", address, size, kind,
                     NAME_MAX_LENGTH, name, place && *place ? " " : "", place ? place : "");
    text_add(t, line, (size_t)n);
}

static void add_pointer(struct walk *w, uint32_t at, const char *name)
{
    struct capture_image *im = w->im;
    if (w->lines++ >= LINES_MAX)
        return;
    if (im->pointer_count == w->pointer_room) {
        w->pointer_room = w->pointer_room ? 2 * w->pointer_room : 64;
        im->pointers = realloc(im->pointers, w->pointer_room * sizeof *im->pointers);
    }
    char *copy = strdup(name);
    if (!im->pointers || !copy)
        abort();
    im->pointers[im->pointer_count++] = (struct capture_pointer){at, copy};
}

static bool is_object_type(Dwarf_Die *type)
{
    const char *name = dwarf_diename(type);
    for (size_t i = 0; name && i < sizeof object_types / sizeof *object_types; i++)
        if (strcmp(name, object_types[i]) == 0)
            return true;
    return false;
}

/* The type of a variable, a member, an array's element or what a pointer points to, without
 * typedefs and qualifiers; *object: one of the names on the way is a kernel object's. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *type, bool *object)
{
    Dwarf_Attribute a;
    Dwarf_Die at = *die;
    *object = false;
    for (int i = 0; i < DEPTH_MAX; i++) {
        if (!dwarf_attr_integrate(&at, DW_AT_type, &a) || !dwarf_formref_die(&a, type))
            return false;
        int tag = dwarf_tag(type);
        *object = *object || is_object_type(type);
        if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type)
            return true;
        at = *type;
    }
    return false;
}

struct target { /* where a value lies, and what it is */
    Dwarf_Die type;
    bool object;
    uint32_t at;
    const char *name;
    int depth;
};

static void describe(struct walk *w, struct target t);

static void describe_members(struct walk *w, struct target t)
{
    Dwarf_Die m;
    if (dwarf_child(&t.type, &m) != 0)
        return;
    do {
        Dwarf_Attribute a;
        Dwarf_Word offset = 0;
        struct target in = {.depth = t.depth + 1};
        char full[NAME_MAX_LENGTH];
        const char *n = dwarf_diename(&m);
        if (dwarf_tag(&m) != DW_TAG_member || !n || !type_of(&m, &in.type, &in.object))
            continue;
        if (dwarf_attr(&m, DW_AT_data_member_location, &a) && dwarf_formudata(&a, &offset) != 0)
            continue;
        in.at = t.at + (uint32_t)offset;
        in.name = full;
        if (snprintf(full, sizeof full, "%s.%s", t.name, n) < (int)sizeof full)
            describe(w, in);
    } while (dwarf_siblingof(&m, &m) == 0);
}

static void describe_elements(struct walk *w, struct target t)
{
    struct target in = {.depth = t.depth + 1};
    Dwarf_Word all = 0, one = 0;
    char full[NAME_MAX_LENGTH];
    if (!type_of(&t.type, &in.type, &in.object) || dwarf_aggregate_size(&t.type, &all) != 0 ||
        dwarf_aggregate_size(&in.type, &one) != 0 || !one)
        return;
    in.name = full;
    for (Dwarf_Word i = 0; i < all / one && i < ELEMENTS_MAX; i++) {
        in.at = t.at + (uint32_t)(i * one);
        if (snprintf(full, sizeof full, "%s[%u]", t.name, (unsigned)i) < (int)sizeof full)
            describe(w, in);
    }
}

static void describe(struct walk *w, struct target t)
{
    int tag = dwarf_tag(&t.type);
    Dwarf_Word size = 0;
    Dwarf_Die to;
    bool object;
    if (t.depth > DEPTH_MAX || w->lines >= LINES_MAX)
        return;
    if (t.object && tag != DW_TAG_pointer_type && tag != DW_TAG_array_type) {
        w->lines++;
        if (t.depth && dwarf_aggregate_size(&t.type, &size) == 0)
            add_line(&w->members, t.at, (uint32_t)size, 'o', t.name, w->here);
    } else if (tag == DW_TAG_pointer_type) {
        if (t.object || (type_of(&t.type, &to, &object) && object))
            add_pointer(w, t.at, t.name);
    } else if (tag == DW_TAG_array_type) {
        describe_elements(w, t);
    } else if (tag == DW_TAG_structure_type) {
        describe_members(w, t);
    }
}

static bool static_address(Dwarf_Die *die, uint32_t *at)
{
    Dwarf_Attribute a;
    Dwarf_Op *op;
    size_t n;
    if (!dwarf_attr_integrate(die, DW_AT_location, &a) || dwarf_getlocation(&a, &op, &n) != 0 ||
        n != 1 || op->atom != DW_OP_addr)
        return false;
    *at = (uint32_t)op->number;
    return true;
}

static void walk_dies(struct walk *w, Dwarf_Die *first, int depth)
{
    Dwarf_Die die = *first, child;
    do {
        int tag = dwarf_tag(&die);
        Dwarf_Addr low;
        uint32_t at;
        const char *name = dwarf_diename(&die);
        if (tag == DW_TAG_subprogram && dwarf_lowpc(&die, &low) == 0) {
            source_line(w, &die);
            add_place(w, (uint32_t)low);
        } else if (tag == DW_TAG_variable && name && static_address(&die, &at)) {
            source_line(w, &die);
            add_place(w, at);
            struct target t = {.at = at, .name = name};
            if (type_of(&die, &t.type, &t.object))
                describe(w, t);
        }
        if ((tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block) && depth < DEPTH_MAX &&
            dwarf_child(&die, &child) == 0)
            walk_dies(w, &child, depth + 1);
    } while (dwarf_siblingof(&die, &die) == 0);
}

static void walk_units(struct walk *w, Dwarf *dw)
{
    size_t header;
    for (Dwarf_Off off = 0, next; dwarf_nextcu(dw, off, &next, &header, NULL, NULL, NULL) == 0;
         off = next) {
        Dwarf_Die unit, first;
        Dwarf_Attribute a;
        if (!dwarf_offdie(dw, off + header, &unit))
            continue;
        w->folder = dwarf_attr(&unit, DW_AT_comp_dir, &a) ? dwarf_formstring(&a) : NULL;
        if (dwarf_child(&unit, &first) == 0)
            walk_dies(w, &first, 0);
    }
}

static int by_address(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return strcmp(x->text, y->text);
}

static const char *place_of(const struct walk *w, uint32_t address)
{
    struct place key = {address, (char *)""};
    size_t low = 0, high = w->place_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (by_address(&w->places[mid], &key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < w->place_count && w->places[low].address == address ? w->places[low].text : NULL;
}

static void add_symbols(struct walk *w, struct elf_file *e)
{
    struct capture_symbol *list = NULL;
    size_t count = 0;
    elf_symbols(e, &list, &count);
    for (size_t i = 0; i < count; i++) {
        struct capture_symbol *s = &list[i];
        if (!strpbrk(s->name, " \n"))
            add_line(&w->im->symbols, s->address, s->size, s->function ? 'f' : 'o', s->name,
                     place_of(w, s->address));
        free(s->name);
    }
    free(list);
}

void dwarf_describe(struct elf_file *e, struct capture_image *im)
{
    struct walk w = {.im = im};
    Dwarf *dw = dwarf_begin_elf(e->elf, DWARF_C_READ, NULL);
    if (dw)
        walk_units(&w, dw);
    if (w.place_count)
        qsort(w.places, w.place_count, sizeof *w.places, by_address);
    add_symbols(&w, e);
    text_add(&im->symbols, w.members.data, w.members.length);
    for (size_t i = 0; i < w.place_count; i++)
        free(w.places[i].text);
    free(w.places);
    free(w.members.data);
    if (dw)
        dwarf_end(dw);
}
