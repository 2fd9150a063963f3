/* SPDX-License-Identifier: MIT */
/* Owns the event tables at run time: parses the text that a trace carries (SPEC.md section 4) into
 * descriptors, and holds the text of the table this tool was built with. Input is untrusted: a line
 * that breaks a rule is refused with its number, so that no later code has to doubt a descriptor.
 */
#include "table.h"
#include "private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define KT_TEXT(x, f) KT_OPEN(KT_TEXT_, x, f)
#define KT_TEXT_NONE(x)
#define KT_TEXT_SUB(x, name, bits, type) " S:" #name ":" #bits ":" #type
#define KT_TEXT_ARG(x, name, bits, shift, type) " A:" #name ":" #bits ":" #shift ":" #type
#define KT_TEXT_WORD(x, name, type) " W:" #name ":" #type
#define KT_TEXT_MORE(x, name, type) " M:" #name ":" #type
#define TRACE_EVENT(code, sub, name, klass, text, ...) \
#code " " #sub " " #name " " #klass KT_MAP(KT_TEXT, name, __VA_ARGS__) "\n"
const char kymo_builtin_table[] =
#include "events.def"
    ;
#undef TRACE_EVENT

enum { FIELDS_MAX = 24, LINE_MAX_ = 1024, FIRST_USER_CODE = 0xC8 };

static bool is_name(const char *s)
{
    if (!isalpha((unsigned char)*s) && *s != '_')
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return false;
    return true;
}

static bool number(const char *s, int base, unsigned long max, unsigned long *out)
{
    char *end;
    if (!isxdigit((unsigned char)*s))
        return false;
    *out = strtoul(s, &end, base);
    return *end == 0 && *out <= max;
}

/* Splits `text` at `mark` into at most `max` parts; returns how many there are, max + 1 when too
 * many. */
static int split(char *text, const char *mark, char **part, int max)
{
    int n = 0;
    char *save = NULL;
    for (char *p = strtok_r(text, mark, &save); p; p = strtok_r(NULL, mark, &save)) {
        if (n == max)
            return max + 1;
        part[n++] = p;
    }
    return n;
}

/* One field: its parts are checked here so that getters need no check. Returns NULL, or what is
 * wrong. */
static const char *parse_field(char *text, struct kymo_field *f, unsigned sub, unsigned *words)
{
    char *part[6];
    unsigned long bits = 32, shift = 0;
    char kind = text[0];
    int n = split(text, ":", part, 5);
    int want = kind == 'S' ? 4 : kind == 'A' ? 5 : kind == 'W' || kind == 'M' ? 3 : 0;
    if (n != want || part[0][1] != 0 || !is_name(part[1]) || !is_name(part[n - 1]))
        return "bad field";
    if (kind == 'S' && (!number(part[2], 10, 7, &bits) || bits != sub))
        return "SUB bits differ from the event's";
    if (kind == 'A' && (!number(part[2], 10, 24, &bits) || !number(part[3], 10, 23, &shift) ||
                        bits == 0 || bits + shift > 24))
        return "argument field outside its 24 bits";
    if (kind == 'W' && *words >= KYMO_MAX_WORDS)
        return "too many words";
    *f = (struct kymo_field){.kind = (uint8_t)kind, .bits = (uint8_t)bits, .shift = (uint8_t)shift};
    f->word = kind == 'W' || kind == 'M' ? (uint8_t)*words : 0;
    *words += kind == 'W';
    f->name = strdup(part[1]);
    f->type = strdup(part[n - 1]);
    return f->name && f->type ? NULL : "no memory";
}

static void free_desc(struct kymo_event_desc *d)
{
    for (int i = 0; i < d->fields; i++) {
        free((char *)d->field[i].name);
        free((char *)d->field[i].type);
    }
    free((struct kymo_field *)d->field);
    free((char *)d->name);
    free((char *)d->klass);
    free(d);
}

/* Enters a finished descriptor for its codes. `more` tells that SUB counts further words. */
static const char *enter(struct kymo_table *t, struct kymo_event_desc *d, unsigned words, bool more)
{
    unsigned n = 1u << d->sub;
    if (d->code % n || d->code == 0 || d->code + n > 0xFF)
        return "code not allowed";
    if (more && words + n - 1 > KYMO_MAX_WORDS)
        return "too many words";
    for (unsigned i = 0; i < n; i++)
        if (t->desc[d->code + i])
            return "code given twice";
    for (unsigned i = 0; i < n; i++) {
        t->desc[d->code + i] = d;
        t->words[d->code + i] = (uint8_t)(words + (more ? i : 0));
    }
    return NULL;
}

static const char *parse_line(struct kymo_table *t, char *line)
{
    char *part[4 + FIELDS_MAX];
    unsigned long code, sub;
    unsigned words = 0;
    bool more = false;
    int n = split(line, " ", part, 4 + FIELDS_MAX);
    if (n < 4 || n > 4 + FIELDS_MAX)
        return "not `code sub name CLASS field..`";
    if (!number(part[0], 16, 0xFE, &code) || !number(part[1], 10, 7, &sub) || !is_name(part[2]) ||
        !is_name(part[3]))
        return "bad code, sub, name or class";
    struct kymo_event_desc *d = calloc(1, sizeof *d);
    struct kymo_field *f = calloc((size_t)n - 3, sizeof *f);
    if (!d || !f) {
        free(d);
        free(f);
        return "no memory";
    }
    *d = (struct kymo_event_desc){.name = strdup(part[2]),
                                  .klass = strdup(part[3]),
                                  .code = (uint8_t)code,
                                  .sub = (uint8_t)sub,
                                  .field = f};
    const char *wrong = d->name && d->klass ? NULL : "no memory";
    for (int i = 4; i < n && !wrong; i++, d->fields++) {
        wrong =
            more ? "a field after MORE" : parse_field(part[i], &f[i - 4], (unsigned)sub, &words);
        more = more || f[i - 4].kind == 'M';
    }
    if (!wrong)
        wrong = enter(t, d, words, more);
    if (wrong)
        free_desc(d);
    return wrong;
}

int kymo_table_parse(struct kymo_table *t, const char *text, size_t length, const char **wrong,
                     unsigned *line_no)
{
    char line[LINE_MAX_];
    size_t n = 0;
    *line_no = 1;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == 0)
            continue;
        if (c != '\n') {
            if (n + 1 >= sizeof line || (unsigned char)c < 0x20 || (unsigned char)c > 0x7E) {
                *wrong = n + 1 >= sizeof line ? "line too long" : "byte that is no text";
                return -1;
            }
            line[n++] = c;
            continue;
        }
        line[n] = 0;
        *wrong = n ? parse_line(t, line) : NULL;
        if (*wrong)
            return -1;
        n = 0;
        ++*line_no;
    }
    *wrong = n ? "last line does not end" : NULL;
    return n ? -1 : 0;
}

void kymo_table_free(struct kymo_table *t)
{
    for (unsigned c = 256; c-- > 0;) /* the first of its codes owns it: downwards it goes last */
        if (t->desc[c] && t->desc[c]->code == c)
            free_desc((struct kymo_event_desc *)t->desc[c]);
    memset(t, 0, sizeof *t);
}

static bool same_desc(const struct kymo_event_desc *a, const struct kymo_event_desc *b)
{
    if (strcmp(a->name, b->name) || a->code != b->code || a->sub != b->sub ||
        a->fields != b->fields)
        return false;
    for (int i = 0; i < a->fields; i++) {
        const struct kymo_field *x = &a->field[i], *y = &b->field[i];
        if (strcmp(x->name, y->name) || strcmp(x->type, y->type) || x->kind != y->kind ||
            x->bits != y->bits || x->shift != y->shift || x->word != y->word)
            return false;
    }
    return true;
}

unsigned kymo_table_known(const struct kymo_table *t, uint32_t hash, bool known[256])
{
    struct kymo_table own = {0};
    const char *wrong;
    unsigned line, differ = 0;
    memset(known, 0, 256);
    if (hash == kymo_table_hash(kymo_builtin_table, strlen(kymo_builtin_table))) {
        for (unsigned c = 0; c < FIRST_USER_CODE; c++)
            known[c] = t->desc[c] != NULL; /* the same text */
        return 0;
    }
    if (kymo_table_parse(&own, kymo_builtin_table, strlen(kymo_builtin_table), &wrong, &line) == 0)
        for (unsigned c = 0; c < FIRST_USER_CODE; c++) {
            known[c] = t->desc[c] && own.desc[c] && same_desc(t->desc[c], own.desc[c]);
            differ += t->desc[c] && t->desc[c]->code == c && !known[c];
        }
    kymo_table_free(&own);
    return differ;
}

static uint32_t hash_on(uint32_t h, uint8_t byte)
{
    return byte ? (h ^ byte) * 16777619u : h;
}

uint32_t kymo_table_hash(const void *text, size_t length)
{
    const uint8_t *p = text;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < length; i++)
        h = hash_on(h, p[i]);
    return h;
}

bool kymo_table_has_hash(const void *text, size_t length, uint32_t hash)
{
    const uint8_t *p = text;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < length; i++) {
        h = hash_on(h, p[i]);
        if (p[i] == '\n' && h == hash)
            return true;
    }
    return false;
}
