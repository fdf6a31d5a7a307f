/* SQL functions that replace SQLite's own where one call can do more work than the length of its
 * values bounds. */
#ifndef GR_SANDBOX_FUNCTIONS_H
#define GR_SANDBOX_FUNCTIONS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUNCTION_WIDTH_MAX 1000   /* of a width or a precision of printf() */
#define FUNCTION_SET_BYTES 200    /* of the characters that trim() takes away */
#define FUNCTION_FORMAT_BYTES 200 /* of all arguments of strftime() */
/* RULE lab-charge: a call counts as many operations as its bytes of work make of these; it takes
 * them off before it works, and fails when they are not there. */
#define FUNCTION_OPERATION_BYTES 16

/* Operations that a query has left. */
struct function_work {
    int64_t left;
};
#define FUNCTION_WORK_UNBOUNDED ((struct function_work){INT64_MAX})

/* printf(), format(), trim(), ltrim(), rtrim(), instr(), replace(), like(), glob(), strftime(),
 * each as SQLite documents it within the limits above and an error beyond them. False when one
 * cannot be registered. `work` outlives the connection. */
bool functions_register(sqlite3 *db, struct function_work *work);

/* Between functions.c and text_functions.c: sets the error and returns false when the work is not
 * allowed any more. */
bool function_charge(sqlite3_context *c, struct function_work *work, size_t bytes);
bool text_functions_register(sqlite3 *db, struct function_work *work);
/* What the SQL of rules and keys has beyond SQLite's own: tidy(text), digits(text), filled(…),
 * local_minute(ms, zone), local_day(ms, zone). All whole numbers and text. */
bool rule_functions_register(sqlite3 *db, struct function_work *work);

#endif
