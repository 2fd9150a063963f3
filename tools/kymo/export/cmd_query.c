/* SPDX-License-Identifier: MIT */
/* `kymo query`: SQL over a trace. Finds or builds the trace's data base (cache.h), runs one
 * question, prints the answer. The data base is opened read-only: a question cannot change what the
 * next one reads. Documentation/query.md is the manual. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "command.h"
#include "out.h"

#ifdef HAVE_SQLITE3
#include <sqlite3.h>

enum style { STYLE_TABLE, STYLE_CSV, STYLE_TSV, STYLE_JSON };
enum { LOOK_AHEAD = 200, COLUMNS_MAX = 200 };

struct query {
    enum style style;
    bool fresh, header;
    const char *trace, *sql;
};

static void usage(FILE *to)
{
    fprintf(to, "usage: kymo query [OPTIONS] TRACE SQL\n"
                "       kymo query [OPTIONS] TRACE VIEW\n"
                "       kymo query [OPTIONS] TRACE -       (SQL from standard input)\n"
                "       kymo query TRACE --list\n\n"
                "Asks a trace in SQL. The data base is built on the first question and kept as "
                "TRACE.sqlite.\n\n"
                "  -j, --json       an array of objects\n"
                "  -c, --csv        comma-separated values with a header line\n"
                "  -T, --tsv        tab-separated values with a header line\n"
                "  -H, --no-header  without the header line\n"
                "  -l, --list       the tables and views, and their columns\n"
                "  -f, --fresh      build the data base anew\n"
                "  -h, --help       this text\n\n"
                "for example:\n"
                "  kymo query t.kymo cpu_time\n"
                "  kymo query t.kymo 'SELECT task, object, holder, dur FROM blocked ORDER BY dur "
                "DESC LIMIT 5'\n\n"
                "Tables, views and ten worked examples are in Documentation/query.md.\n");
}

/* ---- the answer ---- */

struct printer {
    const struct query *q;
    sqlite3_stmt *s;
    struct xp_out *out;
    int columns;
    uint64_t rows;
};

static void csv_text(struct xp_out *o, const char *s)
{
    if (!strpbrk(s, ",\"\r\n")) {
        xp_puts(o, s);
        return;
    }
    xp_putc(o, '"');
    for (; *s; s++) {
        if (*s == '"')
            xp_putc(o, '"');
        xp_putc(o, *s);
    }
    xp_putc(o, '"');
}

static void tsv_text(struct xp_out *o, const char *s)
{
    for (; *s; s++) {
        if (*s == '\t' || *s == '\n' || *s == '\\') {
            xp_putc(o, '\\');
            xp_putc(o, *s == '\t' ? 't' : *s == '\n' ? 'n' : '\\');
        } else {
            xp_putc(o, *s);
        }
    }
}

static const char *cell(const struct printer *p, int i)
{
    const unsigned char *s = sqlite3_column_text(p->s, i);
    return s ? (const char *)s : "";
}

static void json_cell(struct printer *p, int i)
{
    int type = sqlite3_column_type(p->s, i);
    xp_out_json(p->out, sqlite3_column_name(p->s, i));
    xp_putc(p->out, ':');
    if (type == SQLITE_NULL)
        xp_puts(p->out, "null");
    else if (type == SQLITE_TEXT || type == SQLITE_BLOB)
        xp_out_json(p->out, cell(p, i));
    else if (type == SQLITE_FLOAT && strpbrk(cell(p, i), "In")) /* Inf: not in JSON */
        xp_puts(p->out, "null");
    else
        xp_puts(p->out, cell(p, i));
}

static void put_row(struct printer *p)
{
    if (p->q->style == STYLE_JSON)
        xp_puts(p->out, p->rows ? ",\n {" : "[\n {");
    for (int i = 0; i < p->columns; i++) {
        if (i)
            xp_putc(p->out, p->q->style == STYLE_TSV ? '\t' : ',');
        if (p->q->style == STYLE_JSON)
            json_cell(p, i);
        else if (p->q->style == STYLE_TSV)
            tsv_text(p->out, cell(p, i));
        else
            csv_text(p->out, cell(p, i));
    }
    xp_puts(p->out, p->q->style == STYLE_JSON ? "}" : "\n");
}

static void put_header(struct printer *p)
{
    for (int i = 0; i < p->columns; i++) {
        if (i)
            xp_putc(p->out, p->q->style == STYLE_TSV ? '\t' : ',');
        csv_text(p->out, sqlite3_column_name(p->s, i));
    }
    xp_putc(p->out, '\n');
}

static int print_plain(struct printer *p)
{
    int r;
    if (p->q->header && p->q->style != STYLE_JSON)
        put_header(p);
    for (; (r = sqlite3_step(p->s)) == SQLITE_ROW && !p->out->error; p->rows++)
        put_row(p);
    if (p->q->style == STYLE_JSON)
        xp_puts(p->out, p->rows ? "\n]\n" : "[]\n");
    return r;
}

/* ---- as a table: widths come from the first LOOK_AHEAD rows, later ones may be wider ---- */

struct table {
    char **cell; /* LOOK_AHEAD rows and before them the header */
    bool *number;
    int *width, rows;
};

/* Characters, not bytes: names may be UTF-8. */
static int width(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += (*s & 0xC0) != 0x80;
    return n;
}

static void put_cell(struct printer *p, const struct table *t, int i, const char *s)
{
    int pad = t->width[i] - width(s);
    bool right = t->number[i];
    if (i)
        xp_puts(p->out, "  ");
    for (int k = 0; right && k < pad; k++)
        xp_putc(p->out, ' ');
    xp_puts(p->out, s);
    for (int k = 0; !right && k < pad && i + 1 < p->columns; k++)
        xp_putc(p->out, ' ');
    if (i + 1 == p->columns)
        xp_putc(p->out, '\n');
}

static bool keep_cell(struct printer *p, struct table *t, int i, const char *s)
{
    char *copy = strdup(s);
    t->cell[t->rows * p->columns + i] = copy;
    if (copy && width(copy) > t->width[i])
        t->width[i] = width(copy);
    return copy != NULL;
}

static int fill_table(struct printer *p, struct table *t)
{
    int r = SQLITE_ROW;
    for (int i = 0; i < p->columns; i++) {
        t->number[i] = true;
        if (!keep_cell(p, t, i, sqlite3_column_name(p->s, i)))
            return SQLITE_NOMEM;
    }
    for (t->rows = 1; t->rows <= LOOK_AHEAD && (r = sqlite3_step(p->s)) == SQLITE_ROW; t->rows++) {
        for (int i = 0; i < p->columns; i++) {
            int type = sqlite3_column_type(p->s, i);
            t->number[i] &= type != SQLITE_TEXT && type != SQLITE_BLOB;
            if (!keep_cell(p, t, i, cell(p, i)))
                return SQLITE_NOMEM;
        }
    }
    return r;
}

static int print_table(struct printer *p)
{
    size_t cells = (size_t)p->columns * (LOOK_AHEAD + 1);
    bool number[COLUMNS_MAX];
    int widths[COLUMNS_MAX] = {0};
    struct table t = {.cell = calloc(cells, sizeof(char *)), .number = number, .width = widths};
    if (!t.cell)
        return SQLITE_NOMEM;
    int r = fill_table(p, &t);
    for (int y = p->q->header ? 0 : 1; y < t.rows && r != SQLITE_NOMEM; y++)
        for (int i = 0; i < p->columns; i++)
            put_cell(p, &t, i, t.cell[y * p->columns + i]);
    while (r == SQLITE_ROW && !p->out->error && (r = sqlite3_step(p->s)) == SQLITE_ROW)
        for (int i = 0; i < p->columns; i++)
            put_cell(p, &t, i, cell(p, i));
    for (size_t i = 0; i < cells; i++)
        free(t.cell[i]);
    free(t.cell);
    return r;
}

static int print_answer(const struct query *q, sqlite3 *db, sqlite3_stmt *s)
{
    struct kymo_error err = {{0}};
    struct xp_out out;
    if (xp_out_open(&out, "-", &err) < 0)
        return kymo_fail("query", "%s", err.text);
    struct printer p = {.q = q, .s = s, .out = &out, .columns = sqlite3_column_count(s)};
    int r = p.columns > COLUMNS_MAX   ? SQLITE_TOOBIG
            : q->style == STYLE_TABLE ? print_table(&p)
                                      : print_plain(&p);
    if (r != SQLITE_DONE && !out.error) {
        xp_out_flush(&out);
        xp_out_abort(&out);
        return kymo_fail("query", "%s",
                         r == SQLITE_TOOBIG ? "too many columns" : sqlite3_errmsg(db));
    }
    return xp_out_commit(&out, &err) < 0 ? kymo_fail("query", "%s", err.text) : KYMO_EXIT_OK;
}

/* ---- the question ---- */

/* A single word is a table or view. */
static bool is_name(const char *sql)
{
    return *sql && strspn(sql, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(sql);
}

static int ask(const struct query *q, const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    const char *rest = "";
    char select[256];
    int r = KYMO_EXIT_FAILED;
    if (is_name(q->sql) && strlen(q->sql) < 200)
        snprintf(select, sizeof select, "SELECT * FROM %s", q->sql);
    else
        select[0] = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, *select ? select : q->sql, -1, &s, &rest) != SQLITE_OK)
        kymo_fail("query", "%s", db ? sqlite3_errmsg(db) : "out of memory");
    else if (!s || sqlite3_column_count(s) == 0)
        kymo_fail("query", "this is no question: use SELECT");
    else if (rest[strspn(rest, " \t\r\n;")] != 0)
        kymo_fail("query", "one question at a time: `%.60s` is left over",
                  rest + strspn(rest, " \t\r\n;"));
    else
        r = print_answer(q, db, s);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return r;
}

static char *from_stdin(void)
{
    size_t used = 0, room = 4096;
    char *text = malloc(room);
    while (text) {
        used += fread(text + used, 1, room - used - 1, stdin);
        text[used] = 0;
        if (used + 1 < room)
            return text;
        char *bigger = realloc(text, room *= 2);
        if (!bigger)
            free(text);
        text = bigger;
    }
    return NULL;
}

static int run(struct query *q)
{
    struct kymo_error err = {{0}};
    struct xp_cache cache;
    char *text = NULL;
    if (strcmp(q->sql, "-") == 0 && !(q->sql = text = from_stdin()))
        return kymo_fail("query", "out of memory");
    xp_guard_signals();
    if (xp_cache_find(&cache, q->trace, q->fresh, &err) < 0) {
        free(text);
        return kymo_fail("query", "%s", err.text);
    }
    int r = ask(q, cache.path);
    if (cache.temporary)
        unlink(cache.path);
    free(text);
    return r;
}

static const char list_sql[] = "SELECT m.type AS kind, m.name, group_concat(p.name, ' ') AS "
                               "columns FROM sqlite_master m, pragma_table_info(m.name) p "
                               "WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'kymo_%' "
                               "GROUP BY m.name ORDER BY m.type, m.name";

int kymo_cmd_query(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},      {"csv", no_argument, NULL, 'c'},
        {"tsv", no_argument, NULL, 'T'},       {"list", no_argument, NULL, 'l'},
        {"no-header", no_argument, NULL, 'H'}, {"fresh", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},      {NULL, 0, NULL, 0},
    };
    struct query q = {.header = true};
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "jcTlHfh", options, NULL)) != -1) {
        if (c == 'j' || c == 'c' || c == 'T')
            q.style = c == 'j' ? STYLE_JSON : c == 'c' ? STYLE_CSV : STYLE_TSV;
        else if (c == 'l')
            q.sql = list_sql;
        else if (c == 'H')
            q.header = false;
        else if (c == 'f')
            q.fresh = true;
        else if (c == 'h')
            return usage(stdout), kymo_finish("query", KYMO_EXIT_OK);
        else
            return KYMO_EXIT_FAILED;
    }
    int want = q.sql ? 1 : 2;
    if (argc - optind != want)
        return kymo_fail("query", "name a trace and one question; `kymo query --help` shows how");
    q.trace = argv[optind];
    if (!q.sql)
        q.sql = argv[optind + 1];
    return run(&q);
}
#else
int kymo_cmd_query(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return kymo_fail("query",
                     "this build of kymo was made without SQLite (package libsqlite3-dev)");
}
#endif
