/* SPDX-License-Identifier: MIT */
/* The data base of a trace: its schema and views (sqlite_schema.c) and its writer (sqlite.c).
 * Documentation/query.md is its manual. Raise SQL_VERSION with every change of schema, views or
 * meaning: a cached data base of another version is built anew. */
#ifndef KYMO_EXPORT_SQLITE_H
#define KYMO_EXPORT_SQLITE_H
#include "format.h"

#define SQL_VERSION 4

extern const char sql_schema[]; /* tables, created before loading */
extern const char sql_views[];  /* indices and views, created after it */

/* Writes the job's trace to job->output under a temporary name and renames it; `stamp` goes into
 * table kymo_cache and tells what it was made of (NULL: none). */
int sql_write(struct xp_job *job, const char *stamp, struct kymo_error *err);
#endif
