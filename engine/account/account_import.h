/* Private to account/: importing people from a table of another program, for the command line and
 * the page.
 *
 * Three steps: read the file (pure), plan what would happen (reads the store), apply it (in a job).
 * Each finding has its line, and all findings of a file are reported together. */
#ifndef GR_ACCOUNT_ACCOUNT_IMPORT_H
#define GR_ACCOUNT_ACCOUNT_IMPORT_H

#include "account/account.h"
#include "base/csv.h"

/* ---- People --------------------------------------------------------------------------------- */
#define IMPORT_ROWS 100000    /* of the command line */
#define IMPORT_ROWS_PAGE 2000 /* of the page */

struct import_finding {
    int line;
    bool warning;
    const char *key;              /* of an interface text */
    const char *found, *expected; /* its parameters; NULL when it has none */
    int other_line;               /* its parameter `line` */
    size_t order;                 /* in which they were found */
};

struct import_row {
    int line;
    const char *login, *name, *email; /* clean; NULL when the row lacks the cell */
    unsigned roles;                   /* 0: the file says nothing about them */
    bool faulty;
    enum { IMPORT_ADD, IMPORT_UPDATE, IMPORT_SAME } action;
    struct person was; /* of IMPORT_UPDATE and IMPORT_SAME */
    const char *password,
        *hash; /* of those who are added: the caller makes them before import_apply */
};

struct import {
    struct arena *arena;
    bool update;       /* people who are there already are changed, not refused */
    const char *actor; /* who is bound by RULE four-eyes; NULL: whoever runs the server */
    struct import_row *rows;
    size_t count;
    struct import_finding *findings; /* by line, within a line as found */
    size_t finding_count;
    size_t faulty; /* rows with errors; SIZE_MAX when the file as a whole is refused */
    size_t added, updated, same; /* by the plan */
};

/* Why a file or a row is no table: the key of an interface text. */
const char *import_fault_key(enum csv_fault fault);
/* The rows of a file. Pure. */
void import_read(struct import *x, const void *bytes, size_t len, size_t row_limit);
/* After import_plan: whether it gives or takes a role other than a learner's. */
bool import_changes_privileges(const struct import *x);
/* What would happen to each row. May be called again, in a later snapshot or in the job. Not OK:
 * the store cannot be read. */
enum err import_plan(struct import *x, struct db *db) MUST_USE;
/* In a job: does what import_plan (called in the same job) says. ERR_CONFLICT when it would leave
 * no administrator, or when somebody is to be added who has no hash. */
enum err import_apply(struct import *x, struct db *db, int64_t now_ms, const char *actor) MUST_USE;

/* ---- Texts of the command line (account_english.c) ------------------------------------------- */
/* The command line has no catalogue and speaks English: the English sentence of an interface text's
 * key. */
const char *account_english(struct arena *a, const char *key, const char *found,
                            const char *expected, int line);
const char *account_problem_english(struct arena *a, const struct account_problem *problem);

#endif
