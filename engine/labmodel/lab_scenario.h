/* A scenario: its brief, its stack, its checks; from the tree or from a pack that the store kept.
 */
#ifndef GR_LAB_SCENARIO_H
#define GR_LAB_SCENARIO_H

#include "labmodel/lab_pack.h"

#define LAB_CHECKS_MAX 40
#define LAB_HINTS_MAX 6

#define LAB_CONDITIONS_MAX 5

/* An SQL condition over the rows of `event`, or a value of each (`same`). */
struct lab_condition {
    const char *name, *sql;
    int line, column; /* in checks.md */
};

struct lab_check {
    const char *id, *title, *pass, *fail;
    const char *sql;    /* one row: ok, and the columns that its sentences quote */
    int line, sql_line; /* in checks.md, of its heading and of its query's first line */
    int pass_line, fail_line, partial_line;
    bool never; /* checks all events of the run, not its state */
    int64_t within_ms;
    struct lab_condition conditions[LAB_CONDITIONS_MAX]; /* that its query was made of */
    int condition_count;
    int points;
    const char *partial, *partial_of; /* columns, the second perhaps a number; NULL: all or nothing
                                       */
    int hint_points;                  /* what each opened hint takes from its points */
    const char *hints[LAB_HINTS_MAX];
    int hint_count;
};

struct lab_scenario {
    const char *id, *title, *summary, *level, *programme, *persona;
    const char *lang; /* BCP 47; NULL: the programme's */
    const char **objectives;
    size_t objective_count;
    int64_t minutes;
    int64_t limit_minutes; /* checking ends so long after the start; 0: it does not */
    bool certify_hints;    /* a certifying run may open hints; they are counted */
    const char *version;   /* 16 hex digits */
    const char *pack;      /* the bytes behind it */
    size_t pack_len;
    struct lab_files files;
    struct doc doc; /* scenario.md */
    struct lab_stack stack;
    struct lab_check checks[LAB_CHECKS_MAX];
    int check_count;
    int points; /* of all checks */
};

/* Reads labs/scenarios/ID with the connectors and dialects that it names, validating XML against
 * labs/schema. ERR_NOT_FOUND, ERR_INVALID with diagnostics. */
enum err lab_scenario_load(struct lab_scenario *out, const char *root, const char *id,
                           struct arena *a, struct diag_list *diags) MUST_USE;
/* From a pack (bytes must outlive it). */
enum err lab_scenario_from_pack(struct lab_scenario *out, const char *pack, size_t len,
                                struct arena *a, struct diag_list *diags) MUST_USE;
/* Ids of all folders in labs/scenarios, sorted. Arena. */
size_t lab_scenario_ids(const char *root, const char ***ids, struct arena *a);

/* ---- Check results -------------------------------------------------------------------------- */
struct lab_verdict {
    const struct lab_check *check;
    bool passed;
    int points;           /* without regard to hints */
    const char *sentence; /* of the outcome, numbers and the dialect's words filled in */
    const char *error;    /* the check itself failed: an author's mistake; NULL */
};
/* The view question (sandbox/view.h) whose answer lab_verdicts_read reads. Arena. */
char *lab_checks_question(const struct lab_scenario *s, struct arena *a);
/* `verdicts` has room for check_count; `dialects` by member, NULL: the neutral words. Returns how
 * many passed. */
int lab_verdicts_read(const struct lab_scenario *s, const struct lab_dialect *const *dialects,
                      const char *answer, size_t len, struct lab_verdict *verdicts,
                      struct arena *a);
/* What is kept of a checking, as JSON; `hints`: how many were opened of each check, NULL: none.
 * Returns the points. */
int lab_verdicts_write(const struct lab_verdict *verdicts, int count, const int *hints,
                       struct buf *out);
/* RULE lab-hint-points: hints take points only where the author says so, and never more than the
 * check gave. */
int lab_points_after_hints(const struct lab_check *c, int points, int hints);
/* The points of all checks that could be evaluated. */
int lab_points_reachable(const struct lab_verdict *verdicts, int count);

/* "crm=aurelia,map=heron" in the stack's order, from any order; NULL when a member is missing or
 * not allowed. */
const char *lab_choice_normal(const struct lab_stack *s, const char *choice, struct arena *a);
/* Reads the chosen dialects, by member; false when one is missing or not allowed. */
bool lab_choice_read(const struct lab_stack *s, const char *choice,
                     const struct lab_dialect **dialects, struct arena *a);

#endif
