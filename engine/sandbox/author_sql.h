/* Checks authors' SQL: it is compiled against the tables of a stack before there is a run. Unlike a
 * step this works in the process of whoever asks: nothing is executed but the making of empty
 * tables, in a database of its own. */
#ifndef GR_SANDBOX_AUTHOR_SQL_H
#define GR_SANDBOX_AUTHOR_SQL_H

#include "base/arena.h"
#include "labmodel/lab_model.h"

struct author_sql;

/* Makes the empty tables of a stack; lives as long as the arena. NULL with a sentence when they
 * cannot be made; `*bad` is the object behind it, NULL = none. */
struct author_sql *author_sql_new(const struct lab_stack *stack, struct arena *a,
                                  const struct lab_object **bad, const char **why);
/* Checks that `sql` is one statement that only reads. False with a sentence, and where in the text
 * (bytes) as far as it is known, else 0. */
bool author_sql_check(struct author_sql *p, const char *sql, const char **why, size_t *offset);
/* The same for a check's query, whose first column must be called ok. `*columns` receives the names
 * of all, with commas between. */
bool author_sql_check_verdict(struct author_sql *p, const char *sql, const char **columns,
                              const char **why, size_t *offset);

#endif
