/* Inside the store: whether the tables, indexes, triggers and views of a file are those that the
 * migrations make. */
#ifndef GR_STORE_SCHEMA_H
#define GR_STORE_SCHEMA_H

#include "store/store_migrate.h"

/* RULE own-schema: a database holds what its migrations make, and nothing else: a trigger, view,
 * index or table that is foreign, or has another text, is refused before a statement of ours runs
 * that it could change. So is a table or index that is missing. A missing trigger is not: it only
 * kept rows from being changed, and changed rows are found by the log. `applied`: how many of
 * the migrations the file has. OK with a sentence in `*problem` (arena), NULL when there is nothing
 * to say; another error: it could not be compared, and `*why` says why. */
enum err schema_compare(sqlite3 *sql, const char *path, struct migration_list list, int applied,
                        struct arena *a, const char **problem, const char **why) MUST_USE;
/* The same for those who open a file: ERR_INVALID with the sentence in `*why`. */
enum err schema_check(sqlite3 *sql, const char *path, struct migration_list list, int applied,
                      struct arena *a, const char **why) MUST_USE;

#endif
