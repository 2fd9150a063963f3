/* SPDX-License-Identifier: MIT */
/* Shared by image.c and dwarf.c only: an open ELF file and how its symbols are walked. */
#ifndef KYMO_CAPTURE_ELF_WALK_H
#define KYMO_CAPTURE_ELF_WALK_H
#include "image.h"

#include <gelf.h>
#include <libelf.h>

struct elf_file {
    int fd;
    Elf *elf;
};

typedef void elf_symbol_fn(void *u, const char *name, const GElf_Sym *sym);

bool elf_open(struct elf_file *e, const char *path, char *why, size_t why_size);
void elf_close(struct elf_file *e);
bool elf_each_symbol(struct elf_file *e, elf_symbol_fn *fn, void *u); /* false: no symbol table */
bool elf_symbols(struct elf_file *e, struct capture_symbol **list, size_t *count);

void text_add(struct capture_text *t, const void *data,
              size_t length); /* aborts when memory is out */

/* Fills im->symbols and im->pointers: from the symbol table, and from DWARF where the image has it.
 */
void dwarf_describe(struct elf_file *e, struct capture_image *im);

#endif
