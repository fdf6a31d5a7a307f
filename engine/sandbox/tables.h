/* The tables of a run and the limits of its database: all that the worker and a check of authors'
 * SQL (prepare.h) have in common, and all that a process outside of the cell has of the state. */
#ifndef GR_SANDBOX_TABLES_H
#define GR_SANDBOX_TABLES_H

#include <sqlite3.h>
#include <stdbool.h>

#include "labmodel/lab_model.h"

/* Statements that make the simulation's own tables, NULL at the end. */
extern const char *const tables_own[];
/* The statement that makes the table of an object. Arena. */
const char *tables_object(const struct lab_object *o, struct arena *a);
/* All of a stack's tables in any database, for a check before there is a run. False when one cannot
 * be made; `*bad` is the object behind it (a field that is called like a word of SQL), NULL = none.
 */
bool tables_try(sqlite3 *db, const struct lab_stack *stack, struct arena *a,
                const struct lab_object **bad);
/* Limits that still let people work, and nothing that reaches outside. */
void tables_harden(sqlite3 *db);

#endif
