/* SPDX-License-Identifier: MIT */
/* Rows into tables, several with one statement. The rules are in bulk.h. */
#ifdef HAVE_SQLITE3
#include "bulk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bulk_open(struct bulk *b, sqlite3 *db, const struct bulk_kind *kind, int *error)
{
    char sql[1024];
    size_t n = (size_t)snprintf(sql, sizeof sql, "%s", kind->head);
    assert(kind->columns <= BULK_COLUMNS && kind->rows <= BULK_ROWS);
    for (int i = 0; i < kind->rows && n < sizeof sql; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, "%s%s", i ? "," : " ", kind->tuple);
    assert(n < sizeof sql);
    b->kind = kind;
    b->error = error;
    b->text = malloc((size_t)kind->rows * BULK_TEXT);
    if (!b->text)
        return SQLITE_NOMEM;
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &b->s, NULL);
}

static int place(const struct bulk *b, int column)
{
    return b->row * b->kind->columns + column;
}

void bulk_int(struct bulk *b, int column, int64_t v)
{
    sqlite3_bind_int64(b->s, place(b, column), v);
}

void bulk_if(struct bulk *b, int column, int64_t v, bool known)
{
    if (known)
        sqlite3_bind_int64(b->s, place(b, column), v);
    else
        sqlite3_bind_null(b->s, place(b, column));
}

void bulk_real(struct bulk *b, int column, double v)
{
    sqlite3_bind_double(b->s, place(b, column), v);
}

/* SQLite keeps what is bound, so a word that is there already is not bound again. */
void bulk_word(struct bulk *b, int column, const char *word)
{
    if (word && b->word[b->row][column - 1] == word)
        return;
    b->word[b->row][column - 1] = word;
    sqlite3_bind_text(b->s, place(b, column), word, -1, SQLITE_STATIC);
}

void bulk_text(struct bulk *b, int column, const char *s, size_t n)
{
    char *copy = b->text + (size_t)b->row * BULK_TEXT;
    n = n < BULK_TEXT ? n : BULK_TEXT;
    memcpy(copy, s, n);
    sqlite3_bind_text(b->s, place(b, column), copy, (int)n, SQLITE_STATIC);
}

static void keep(struct bulk *b, int result)
{
    if (result != SQLITE_DONE && result != SQLITE_OK && !*b->error)
        *b->error = result;
}

static void step(struct bulk *b)
{
    b->row = 0;
    if (*b->error)
        return;
    keep(b, sqlite3_step(b->s));
    sqlite3_reset(b->s);
}

void bulk_row(struct bulk *b)
{
    b->total++;
    if (++b->row == b->kind->rows)
        step(b);
}

void bulk_close(struct bulk *b, sqlite3 *db)
{
    char sql[128];
    if (b->s && b->row) {
        step(b);
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE rowid > %lld", b->kind->table,
                 (long long)b->total);
        if (!*b->error)
            keep(b, sqlite3_exec(db, sql, NULL, NULL, NULL));
    }
    sqlite3_finalize(b->s);
    free(b->text);
    *b = (struct bulk){0};
}
#endif
