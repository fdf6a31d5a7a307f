/* A rule that runs, for its steps (verbs.c and those that they call) and their SQL (rule_sql.c). */
#ifndef GR_SANDBOX_RULE_RUN_H
#define GR_SANDBOX_RULE_RUN_H

#include "sandbox/rules.h"

#define RULE_VARIABLES 64
#define RULE_ROWS_MAX 20000 /* of an <each> */
/* RULE lab-asked: a learner's query that a rule asks has 500,000 operations of SQLite's machine. */
#define RULE_ASK_OPERATIONS 500000

struct rule_variable {
    const char *name, *text; /* "g_keep"; text NULL = empty, or a number */
    bool is_number;
    int64_t number;
};

struct rule_run {
    struct lab_state *s;
    const struct lab_rule *rule;
    struct record row; /* the record in hand; id NULL: it is not stored, or there is none */
    bool has_row;
    int64_t person; /* who brings it */
    const struct state_event *event;
    const char *data; /* of what fell due */
    struct rule_variable variables[RULE_VARIABLES];
    int variable_count;
    int64_t left;        /* operations */
    const char *stopped; /* a sentence: the rule goes no further */
    bool failed;
    struct rule_failure failure;
};

/* Borrowed, name and all: for steps that set the same ones again and again. */
void rule_push(struct rule_run *r, struct rule_variable v);
/* Sets AS_NAME; NULL `as`: nobody wants to know. Strings are borrowed for the step. */
void rule_set_text(struct rule_run *r, const char *as, const char *name, const char *value);
void rule_set_number(struct rule_run *r, const char *as, const char *name, int64_t value);
void rule_stop(struct rule_run *r, const char *why);

/* ---- SQL ------------------------------------------------------------------------------------ */
/* The statement, compiled once; NULL with a sentence. Its parameters are not bound. */
sqlite3_stmt *rule_statement(struct lab_state *s, const struct lab_statement *sql,
                             const char **why);
/* The statement with its parameters bound, ready for its first row; NULL when the rule is stopped.
 * Nothing else is written before rule_sql_end. */
sqlite3_stmt *rule_sql_begin(struct rule_run *r, const struct lab_statement *sql);
bool rule_sql_row(struct rule_run *r, sqlite3_stmt *q);
void rule_sql_end(struct rule_run *r, sqlite3_stmt *q);
/* A column as a value of a record; bytes are empty. RULE lab-whole-numbers: a number with a
 * fraction loses it. Scratch. */
const char *rule_column(struct rule_run *r, sqlite3_stmt *q, int column);
/* The first column of the first row; NULL and false when there is none, or no such SQL. */
const char *rule_text(struct rule_run *r, const struct lab_statement *sql);
int64_t rule_number(struct rule_run *r, const struct lab_statement *sql, int64_t fallback);
bool rule_true(struct rule_run *r, const struct lab_statement *sql);

/* ---- Steps ---------------------------------------------------------------------------------- */
void rule_steps(struct rule_run *r, const struct lab_step *steps, int count);
void rule_merge_groups(struct rule_run *r, const struct lab_step *step);
void rule_match(struct rule_run *r, const struct lab_step *step);

/* The sentence for a value that an object does not take. */
const char *rule_refusal(const struct record_problem *p);
/* RULE lab-room, for sentences. Scratch. */
const char *rule_no_room(struct lab_state *s);

#endif
