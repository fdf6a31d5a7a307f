/* Authors' SQL, compiled against the tables of a stack before there is a run. Unlike a
 * step it works in the process of whoever asks: nothing is executed but the making of empty
 * tables, in a database of its own. */
#ifndef GR_SANDBOX_PREPARE_H
#define GR_SANDBOX_PREPARE_H

#include "base/arena.h"
#include "labmodel/lab_model.h"

struct prepare;

/* Lives as long as the arena. NULL with a sentence when the tables cannot be made; `*bad` is the
 * object behind it, NULL = none. */
struct prepare *prepare_new(const struct lab_stack *stack, struct arena *a,
                            const struct lab_object **bad, const char **why);
/* One statement that only reads. False with a sentence, and where in the text (bytes) as far as it
 * is known, else 0. */
bool prepare_sql(struct prepare *p, const char *sql, const char **why, size_t *offset);
/* The same of a check: its first column is called ok. */
bool prepare_check(struct prepare *p, const char *sql, const char **why, size_t *offset);

#endif
