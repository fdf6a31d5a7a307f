/* SQL of people: the learner's console, the authors' checks. */
#ifndef GR_LAB_CONSOLE_H
#define GR_LAB_CONSOLE_H

#include "lab/sandbox/state.h"

#define CONSOLE_ROWS 500
#define CONSOLE_CELL 2000 /* bytes of a cell that are shown */
#define CONSOLE_OPERATIONS                                                                         \
    20000000 /* of SQLite's machine: counted, not timed, so that it is the same anywhere */
#define CHECK_OPERATIONS 200000000

/* The table names that a learner may read, for the screen: connector tables and `event`. */
bool console_table_allowed(const struct lab_state *s, const char *table);
/* Runs one SELECT and appends {"columns":[…],"rows":[[…]],"truncated":bool}. False with a sentence in `*why`
 * (arena of `out`). `learner`: the authorizer guards it. */
bool console_query(struct lab_state *s, const char *sql, bool learner, int64_t operations,
                   struct buf *out, const char **why);

#endif
