/* SPDX-License-Identifier: MIT */
/* ELF side of the image: header, sections, symbols, build id. The DWARF side is in dwarf.c. See
 * image.h. */
#include "image.h"

#include "elf_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RAM_DEFAULT = 128 << 20, MIB = 1 << 20, HARTS_MAX = 8 };

bool elf_open(struct elf_file *e, const char *path, char *why, size_t why_size)
{
    *e = (struct elf_file){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (e->fd < 0) {
        snprintf(why, why_size, "%s", strerror(errno));
        return false;
    }
    elf_version(EV_CURRENT);
    e->elf = elf_begin(e->fd, ELF_C_READ, NULL);
    GElf_Ehdr head;
    if (!e->elf || elf_kind(e->elf) != ELF_K_ELF || !gelf_getehdr(e->elf, &head))
        snprintf(why, why_size, "not an ELF file");
    else if (head.e_machine != EM_RISCV || gelf_getclass(e->elf) != ELFCLASS32 ||
             head.e_type != ET_EXEC)
        snprintf(why, why_size, "not an executable for RV32");
    else
        return true;
    elf_close(e);
    return false;
}

void elf_close(struct elf_file *e)
{
    elf_end(e->elf);
    if (e->fd >= 0)
        close(e->fd);
    e->fd = -1;
}

void text_add(struct capture_text *t, const void *data, size_t length)
{
    if (!length)
        return;
    char *p = realloc(t->data, t->length + length);
    if (!p)
        abort();
    memcpy(p + t->length, data, length);
    t->data = p;
    t->length += length;
}

/* Bytes of a section in the file; false if it is absent or holds none. */
static bool section(struct elf_file *e, const char *name, const char **data, size_t *length)
{
    size_t names;
    if (elf_getshdrstrndx(e->elf, &names) != 0)
        return false;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(e->elf, s)) != NULL;) {
        GElf_Shdr h;
        const char *n = gelf_getshdr(s, &h) ? elf_strptr(e->elf, names, h.sh_name) : NULL;
        if (!n || strcmp(n, name) != 0 || h.sh_type == SHT_NOBITS)
            continue;
        Elf_Data *d = elf_rawdata(s, NULL);
        if (!d || !d->d_buf)
            return false;
        *data = d->d_buf;
        *length = d->d_size;
        return true;
    }
    return false;
}

/* The text of a table section: NUL bytes between lines go. */
static void add_table(struct elf_file *e, const char *name, struct capture_text *t)
{
    const char *p;
    size_t n;
    if (!section(e, name, &p, &n))
        return;
    for (size_t i = 0; i < n;) {
        size_t run = strnlen(p + i, n - i);
        text_add(t, p + i, run);
        i += run + 1;
    }
}

static void read_build_id(struct elf_file *e, struct capture_image *im)
{
    const char *p;
    size_t n;
    if (!section(e, ".note.gnu.build-id", &p, &n) || n < 16)
        return;
    uint32_t name, length;
    memcpy(&name, p, 4);
    memcpy(&length, p + 4, 4);
    if (name != 4 || memcmp(p + 12, "GNU", 4) != 0 || length > n - 16 || length > 64)
        return;
    for (uint32_t i = 0; i < length; i++)
        sprintf(im->build_id + 2 * i, "%02x", (unsigned char)p[16 + i]);
}

bool elf_each_symbol(struct elf_file *e, elf_symbol_fn *fn, void *u)
{
    for (Elf_Scn *s = NULL; (s = elf_nextscn(e->elf, s)) != NULL;) {
        GElf_Shdr h;
        if (!gelf_getshdr(s, &h) || h.sh_type != SHT_SYMTAB || !h.sh_entsize)
            continue;
        Elf_Data *d = elf_getdata(s, NULL);
        for (size_t i = 0; d && i < h.sh_size / h.sh_entsize; i++) {
            GElf_Sym sym;
            if (!gelf_getsym(d, (int)i, &sym))
                break;
            const char *name = elf_strptr(e->elf, h.sh_link, sym.st_name);
            if (name && *name && sym.st_shndx != SHN_UNDEF)
                fn(u, name, &sym);
        }
        return true;
    }
    return false;
}

static void known_symbol(void *u, const char *name, const GElf_Sym *sym)
{
    struct capture_image *im = u;
    uint32_t at = (uint32_t)sym->st_value;
    if (strcmp(name, "trace_ctl") == 0) {
        im->ctl = at;
    } else if (strcmp(name, "trace_harts") == 0) {
        im->harts = at;
    } else if (strcmp(name, "trace_capture_point") == 0) {
        im->point = at;
    } else if (strcmp(name, "_stack_top") == 0 && at > CAPTURE_RAM_BASE) {
        im->ram_size = (at - CAPTURE_RAM_BASE + MIB - 1) & ~(uint32_t)(MIB - 1);
    } else if (strcmp(name, "trace_clock_is_mtime") == 0) {
        im->mtime = true;
    }
}

static bool check(const struct capture_image *im, char *why, size_t why_size)
{
    bool ok = im->ram_size <= (2047u << 20) && im->harts && im->harts <= HARTS_MAX;
    if (!ok)
        snprintf(why, why_size,
                 "impossible: %u MiB of RAM (from _stack_top), %u harts (from trace_harts)",
                 im->ram_size >> 20, im->harts);
    return ok;
}

bool capture_image_read(struct capture_image *im, const char *path, char *why, size_t why_size)
{
    struct elf_file e;
    *im = (struct capture_image){.ram_size = RAM_DEFAULT, .harts = 1};
    const char *base = strrchr(path, '/');
    snprintf(im->name, sizeof im->name, "%s", base ? base + 1 : path);
    for (char *p = im->name; *p; p++)
        if ((unsigned char)*p < 32)
            *p = '?'; /* the name becomes a line of META */
    if (!elf_open(&e, path, why, why_size))
        return false;
    bool ok = elf_each_symbol(&e, known_symbol, im);
    if (!ok)
        snprintf(why, why_size, "it has no symbols (stripped?)");
    else if ((ok = check(im, why, why_size))) {
        const char *p;
        size_t n;
        add_table(&e, ".trace_info", &im->table);
        add_table(&e, ".trace_info_user", &im->table);
        if (section(&e, ".trace_fmt", &p, &n))
            text_add(&im->strings, p, n);
        if (section(&e, ".debug_trace_sites", &p, &n))
            text_add(&im->marks, p, n);
        read_build_id(&e, im);
        dwarf_describe(&e, im);
    }
    elf_close(&e);
    return ok;
}

void capture_image_free(struct capture_image *im)
{
    free(im->table.data);
    free(im->strings.data);
    free(im->symbols.data);
    free(im->marks.data);
    for (size_t i = 0; i < im->pointer_count; i++)
        free(im->pointers[i].name);
    free(im->pointers);
}

struct symbol_list {
    struct capture_symbol *list;
    size_t count, room;
};

static void collect_symbol(void *u, const char *name, const GElf_Sym *sym)
{
    struct symbol_list *l = u;
    int type = GELF_ST_TYPE(sym->st_info);
    if ((type != STT_FUNC && type != STT_OBJECT) || sym->st_value < CAPTURE_RAM_BASE)
        return; /* .trace_fmt and its like are not in the target's memory */
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 256;
        l->list = realloc(l->list, l->room * sizeof *l->list);
    }
    char *copy = strdup(name);
    if (!l->list || !copy)
        abort();
    l->list[l->count++] = (struct capture_symbol){(uint32_t)sym->st_value, (uint32_t)sym->st_size,
                                                  copy, type == STT_FUNC};
}

static int by_address(const void *a, const void *b)
{
    const struct capture_symbol *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return strcmp(x->name, y->name);
}

bool elf_symbols(struct elf_file *e, struct capture_symbol **list, size_t *count)
{
    struct symbol_list l = {0};
    bool ok = elf_each_symbol(e, collect_symbol, &l);
    if (l.count)
        qsort(l.list, l.count, sizeof *l.list, by_address);
    *list = l.list;
    *count = l.count;
    return ok;
}

bool capture_symbols_read(const char *path, struct capture_symbol **list, size_t *count, char *why,
                          size_t why_size)
{
    struct elf_file e;
    if (!elf_open(&e, path, why, why_size))
        return false;
    bool ok = elf_symbols(&e, list, count);
    if (!ok)
        snprintf(why, why_size, "it has no symbols (stripped?)");
    elf_close(&e);
    return ok;
}

void capture_symbols_free(struct capture_symbol *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].name);
    free(list);
}
