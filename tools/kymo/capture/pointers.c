/* SPDX-License-Identifier: MIT */
/* Names of heap objects: what the image's global pointers hold when the trace is taken. */
#include "ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool capture_put_pointers(struct capture_writer *w, const struct capture_image *im,
                          const struct capture_ram *ram)
{
    struct capture_text text = {0};
    for (size_t i = 0; i < im->pointer_count; i++) {
        uint32_t value;
        char line[320];
        const struct capture_pointer *p = &im->pointers[i];
        if (!capture_word(ram, p->at, &value) || value < CAPTURE_RAM_BASE ||
            value - CAPTURE_RAM_BASE >= ram->size)
            continue;
        int n = snprintf(line, sizeof line, "%08x 0 o %s\n", value, p->name);
        char *grown = realloc(text.data, text.length + (size_t)n);
        if (!grown)
            abort();
        memcpy(grown + text.length, line, (size_t)n);
        text = (struct capture_text){grown, text.length + (size_t)n};
    }
    bool ok = !text.length || capture_packet(w, KYMO_PACKET_SYMBOLS, 0, text.data, text.length);
    free(text.data);
    return ok;
}
