/* SPDX-License-Identifier: MIT */
/* Rows into SQLite tables, several with one statement: starting and ending a statement costs as
 * much as the row, so eight rows a statement make a load a third faster.
 *
 * Per row: one call per column (what is not set keeps what it had BULK_ROWS rows ago: set all),
 * then bulk_row. bulk_close fills up the last statement and deletes what it wrote too much, so a
 * table must have rows by bulk only, and no other rows may follow. */
#ifndef KYMO_EXPORT_BULK_H
#define KYMO_EXPORT_BULK_H
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BULK_ROWS = 8, BULK_COLUMNS = 12, BULK_TEXT = 2048 };

struct bulk_kind {
    const char *table, *head, *tuple; /* "INSERT INTO t VALUES", "(1,?,?)" */
    int columns;                      /* question marks of the tuple */
    int rows;                         /* per statement: BULK_ROWS, or 1 */
};

struct bulk {
    const struct bulk_kind *kind;
    sqlite3_stmt *s;
    int row;       /* of the statement: the one that is being set */
    int64_t total; /* rows so far */
    int *error;    /* first result that was none of success, shared: nothing is written after it */
    const char *word[BULK_ROWS][BULK_COLUMNS]; /* bound last, if it was a word */
    char *text; /* BULK_TEXT bytes a row, for its one text that may change */
};

/* 0, or SQLite's result. */
int bulk_open(struct bulk *b, sqlite3 *db, const struct bulk_kind *kind, int *error);
void bulk_int(struct bulk *b, int column, int64_t v);
void bulk_if(struct bulk *b, int column, int64_t v, bool known); /* else NULL */
void bulk_real(struct bulk *b, int column, double v);
/* A text that never changes while the bulk is open. */
void bulk_word(struct bulk *b, int column, const char *word);
/* Any other text, at most one a row; cut at BULK_TEXT. */
void bulk_text(struct bulk *b, int column, const char *s, size_t n);
void bulk_row(struct bulk *b);
/* Ends it, unless it is all zero; what goes wrong is in *error. */
void bulk_close(struct bulk *b, sqlite3 *db);
#endif
