/* The tables of a run and the limits of its database. This is all that a worker and the check of
 * authors' SQL (author_sql.h) have in common, and all of the state that a process that is not
 * confined has. */
#ifndef GR_SANDBOX_TABLES_H
#define GR_SANDBOX_TABLES_H

#include <sqlite3.h>
#include <stdbool.h>

#include "labmodel/lab_model.h"

/* Statements that make the simulation's own tables, NULL at the end. */
extern const char *const tables_own[];
/* The statement that makes the table of an object. Arena. */
const char *tables_object(const struct lab_object *o, struct arena *a);
/* The statement that makes its nth index; NULL behind the last. A key is one, so that looking for
 * it is no walk through the table. Arena. */
const char *tables_index(const struct lab_object *o, int n, struct arena *a);
/* All of a stack's tables in any database, for a check before there is a run. False when one cannot
 * be made; `*bad` is the object behind it (a field that is called like a word of SQL), NULL = none.
 */
bool tables_try(sqlite3 *db, const struct lab_stack *stack, struct arena *a,
                const struct lab_object **bad);
/* Sets limits that still let people work, and switches off all that reaches outside. */
void tables_harden(sqlite3 *db);

#endif
