/* Running SQL that people wrote: in the learner's console, and in authors' checks. */
#ifndef GR_SANDBOX_CONSOLE_H
#define GR_SANDBOX_CONSOLE_H

#include "sandbox/state.h"

#define CONSOLE_ROWS 500
#define CONSOLE_CELL 2000                   /* bytes of a cell that are shown */
#define CONSOLE_BYTES ((size_t)1024 * 1024) /* of a result; then its rows are cut */
/* What a learner's query may take, whichever comes first. Operations of SQLite's machine are
 * counted, so that what they stop is the same anywhere; one operation can be a call of a function,
 * whose work the length of values bounds (functions.h has those for which it does not, and charges
 * them); processor time is what remains. It is looked at where the query turns back, and a query is
 * CONSOLE_PROGRAM operations long; what is still too slow ends with its worker after
 * CONSOLE_WATCH_MS (watch.h). Who asks the worker keeps a watch on the whole. */
#define CONSOLE_OPERATIONS 10000000
#define CONSOLE_VALUE_BYTES (64 * 1024)
#define CONSOLE_PATTERN_BYTES 100                      /* of LIKE and GLOB */
#define CONSOLE_HEAP_BYTES ((int64_t)32 * 1024 * 1024) /* on top of what the state takes */
#define CONSOLE_CPU_MS 500
#define CONSOLE_WATCH_MS 1000
#define CONSOLE_PROGRAM 10000
#define CONSOLE_UNTIL_OPERATIONS 100000000 /* of the condition of a step of the clock, all told */
#define CONSOLE_TOO_LONG                                                                           \
    "The query took too long and was stopped. Ask for less: a WHERE, fewer joins, shorter texts."
#define CHECK_OPERATIONS 200000000

/* The table names that a learner may read, for the screen: connector tables, `event` and
 * `message`. */
bool console_table_allowed(const struct lab_state *s, const char *table);
/* Runs one SELECT and appends {"columns":[…],"rows":[[…]],"truncated":bool}. False with a sentence
 * in `*why` (arena of `out`), and in `*cut` by which bound it was stopped, as step.h names it;
 * NULL: by none. `learner`: the authorizer guards it, and all bounds above hold; an author's has
 * its operations only. */
bool console_query(struct lab_state *s, const char *sql, bool learner, int64_t operations,
                   struct buf *out, const char **why, const char **cut);

/* ---- Conditions ------------------------------------------------------------------------------
 * A SELECT of the learner's that is asked again and again: it holds when the first column of its
 * first row is a number other than 0. Only operations bound it, for what it says decides a state.
 */
enum console_holds { CONSOLE_HOLDS_NOT, CONSOLE_HOLDS, CONSOLE_HOLDS_STEPS, CONSOLE_HOLDS_ERROR };
/* NULL with a sentence (`a`). The caller ends it with sqlite3_finalize. */
sqlite3_stmt *console_condition(struct lab_state *s, const char *sql, struct arena *a,
                                const char **why);
/* Takes what it needs off the operations. */
enum console_holds console_holds(struct lab_state *s, sqlite3_stmt *q, int64_t *operations);

#endif
