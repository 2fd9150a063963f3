/* SPDX-License-Identifier: MIT */
/* What `kymo run` needs to know about an image before it boots it: read once, by libelf and libdw,
 * and checked here, so that nobody after it meets a hostile ELF. */
#ifndef KYMO_CAPTURE_IMAGE_H
#define KYMO_CAPTURE_IMAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_RAM_BASE 0x80000000u

struct capture_text { /* bytes; owned by the image */
    char *data;
    size_t length;
};

struct capture_pointer { /* a global pointer, whose value at the end names a heap object */
    uint32_t at;
    char *name;
};

struct capture_image {
    char name[256];     /* file name without folder */
    char build_id[129]; /* hexadecimal; empty if the image has none */
    uint32_t ram_size;
    uint32_t ctl;   /* address of trace_ctl, 0 if the image records nothing */
    uint32_t harts; /* value of the absolute symbol trace_harts, else 1 */
    uint32_t point; /* address of trace_capture_point, 0 none */
    bool mtime;     /* stamps are mtime, not mcycle (symbol trace_clock_is_mtime) */
    struct capture_text table, strings, symbols;
    struct capture_text marks; /* .debug_trace_sites: address and kind of the beginning or end of a
                                  writer, 8 bytes each */
    struct capture_pointer *pointers;
    size_t pointer_count;
};

/* Reads an RV32 executable. On failure returns false and puts one line into `why` (without the
 * path). */
bool capture_image_read(struct capture_image *im, const char *path, char *why, size_t why_size);
void capture_image_free(struct capture_image *im);

/* Address and size of a symbol; false if there is none. For `kymo cost`. */
struct capture_symbol {
    uint32_t address, size;
    char *name;
    bool function;
};
/* All function and object symbols in the target's memory, by address. */
bool capture_symbols_read(const char *path, struct capture_symbol **list, size_t *count, char *why,
                          size_t why_size);

void capture_symbols_free(struct capture_symbol *list, size_t count);

/* Inlined copies of a function, from DWARF: where the instructions of each one lie. */
struct capture_site {
    char *name;           /* FUNCTION@CALLER:LINE */
    uint32_t span[64][2]; /* low, high; the entry first */
    unsigned spans;
};
/* All inlined copies of functions whose names match a shell pattern. */
bool capture_sites_read(const char *path, const char *pattern, struct capture_site **list,
                        size_t *count, char *why, size_t why_size);

#endif
