/* SPDX-License-Identifier: MIT */
/* What the files of libkymo share and nobody else may use (tests excepted).
 *
 * The layers, each knowing only those before it: source.c (bytes of a file through a window),
 * packet.c (packets, with their checksums), table.c and symbols.c (what the trace says about
 * itself), cursor.c (blocks of one hart into events and gaps), reader.c (the public reader:
 * opening, several harts merged), model.c (states). */
#ifndef KYMO_PRIVATE_H
#define KYMO_PRIVATE_H
#include "container.h"
#include "kymo.h"

#include <string.h>

#define kymo_likely(x) __builtin_expect(!!(x), 1)
#define kymo_unlikely(x) __builtin_expect(!!(x), 0)

static inline uint16_t kymo_get16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}

static inline uint32_t kymo_get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "kymo_get reads little-endian bytes as they are");

/* Fills err->text; always returns -1. */
int kymo_set_error(struct kymo_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- table.c ---- */

struct kymo_table {
    const struct kymo_event_desc
        *desc[256];     /* NULL: no such code; the first of an event's codes owns it */
    uint8_t words[256]; /* payload words of the code */
};

/* Adds the lines of a table's text. -1: *wrong says what, *line where. The table may then be half
 * filled. */
int kymo_table_parse(struct kymo_table *t, const char *text, size_t length, const char **wrong,
                     unsigned *line);
void kymo_table_free(struct kymo_table *t);
/* known[code]: the table, whose kernel part has this hash, describes the code exactly as
 * trace/events.def does. Returns how many kernel events differ. */
unsigned kymo_table_known(const struct kymo_table *t, uint32_t hash, bool known[256]);
/* FNV-1a of the bytes that are not NUL. */
uint32_t kymo_table_hash(const void *text, size_t length);
/* Does the text, or its first lines, hash to `hash`? An application's own lines follow the hashed
 * ones. */
bool kymo_table_has_hash(const void *text, size_t length, uint32_t hash);

/* ---- symbols.c ---- */

struct kymo_symbol_entry {
    uint32_t addr, size;
    char kind;
    const char *name, *line; /* line NULL: none */
};

struct kymo_symbols {
    char *text, *more;               /* the packets' texts, cut into strings */
    struct kymo_symbol_entry *entry; /* sorted by address */
    size_t count;
};

/* Takes a copy of the text; lines that make no sense are left out, *bad counts them. */
int kymo_symbols_parse(struct kymo_symbols *s, const void *text, size_t length, unsigned *bad);
/* The same for the packet at the file's end, whose names were known only then; a third one is
 * ignored. */
int kymo_symbols_add(struct kymo_symbols *s, const void *text, size_t length, unsigned *bad);
const struct kymo_symbol_entry *kymo_symbols_find(const struct kymo_symbols *s, uint32_t addr,
                                                  char kind);
void kymo_symbols_free(struct kymo_symbols *s);

/* ---- source.c ---- */

struct kymo_source { /* one open file */
    int fd;
    char *path;
    uint64_t size;
};

struct kymo_window { /* one reader's view of it; at most KYMO_WINDOW bytes unless a packet is larger
                      */
    uint8_t *data;
    size_t room, length;
    uint64_t offset;
};

enum { KYMO_WINDOW = 1 << 18 };

int kymo_source_open(struct kymo_source *s, const char *path, struct kymo_error *err);
void kymo_source_close(struct kymo_source *s);
/* Looks at the size again, for a file that grows. */
int kymo_source_refresh(struct kymo_source *s, struct kymo_error *err);
/* `length` bytes at `offset`; NULL with *err set when they cannot be read. The caller has checked
 * that the file holds them; if it shrank meanwhile that is an error, not a fault. Valid until the
 * next call. */
const uint8_t *kymo_window_at(struct kymo_window *w, const struct kymo_source *s, uint64_t offset,
                              size_t length, struct kymo_error *err);

/* ---- packet.c ---- */

struct kymo_packet_view {
    uint16_t type, hart;
    uint32_t length;
    uint64_t offset; /* of the packet's header in the file */
    const uint8_t *payload;
};

enum kymo_packet_result {
    KYMO_PACKET_END_OF_FILE,
    KYMO_PACKET_OK,
    KYMO_PACKET_CUT,
    KYMO_PACKET_SKIPPED
};
enum { KYMO_PACKET_MAX = 1 << 26 };

/* The packet at *offset, which is moved past it.
 * CUT: the file ends inside a packet (it may be growing); *offset stays.
 * SKIPPED: bytes from view->offset up to the new *offset are no packet; call again. Negative: *err.
 */
int kymo_packet_read(struct kymo_window *w, const struct kymo_source *s, uint64_t *offset,
                     struct kymo_packet_view *view, struct kymo_error *err);

/* ---- cursor.c ---- */

struct kymo_cursor { /* the place of one hart in the file, and in its open block */
    struct kymo_window window;
    uint64_t offset; /* of the next packet */
    const uint8_t *slot, *slot_end;
    const uint8_t *word,
        *word_end;  /* payload: the next word lies at word - 4; they end at word_end */
    uint64_t time;  /* of the last event, or the block's base */
    uint64_t floor; /* no event is yielded with an earlier time */
    uint64_t seq;   /* of the next event */
    uint64_t block_offset;
    struct kymo_gap gap;
    uint16_t hart;
    uint16_t mask; /* class mask of the block */
    bool any;      /* an event was delivered or a block begun */
    bool has_gap, stopped, damage, done;
    uint32_t lost_full; /* told by the control block */
    uint32_t first_seq; /* likewise, from the one at the file's end */
    bool has_first_seq;
    uint32_t running; /* as the block's header says */
    uint32_t causes;
    uint8_t depth, level;
    bool fresh; /* a block was just begun; the model takes its header */
    int item;   /* merged traces: KYMO_EVENT or KYMO_GAP wait here to be the oldest */
    uint64_t item_time;
    struct kymo_event event;
    struct kymo_gap held_gap;
};

struct kymo_trace {
    struct kymo_source source;
    struct kymo_info info;
    struct kymo_table table;
    bool known[256];
    struct kymo_symbols symbols;
    char *meta, *strings, *end; /* bytes of the packets; info points into them */
    size_t strings_length;
    uint64_t first_offset; /* of the first packet that is no definition */
    bool follow;
    void (*progress)(void *u, double part);
    void *progress_u;
    unsigned cursors;
    struct kymo_cursor *cursor;
    struct kymo_cursor *last; /* the hart that delivered last */
    char **warning;
    unsigned warnings, dropped_warnings;
    uint64_t warned_to; /* damage before this offset was reported already */
};

enum { KYMO_WARNINGS_MAX = 50, KYMO_HARTS_MAX = 64 };

void kymo_warn(kymo_trace *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The next event or gap of one hart. KYMO_END: no more (now, if the trace is followed). */
int kymo_cursor_next(kymo_trace *t, struct kymo_cursor *c, struct kymo_event *e, struct kymo_gap *g,
                     struct kymo_error *err);

#endif
