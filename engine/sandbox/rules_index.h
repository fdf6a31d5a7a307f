/* The rules of a run by what they listen to, and those that wait for their turn. */
#ifndef GR_SANDBOX_RULES_INDEX_H
#define GR_SANDBOX_RULES_INDEX_H

#include "sandbox/filters.h"
#include "sandbox/rules.h"

struct rule_slot {
    uint64_t hash; /* of what is listened to; 0: the slot is free */
    int first, last;
};

/* A rule that waits for its turn in the running action. */
struct rule_pending {
    const struct lab_rule *rule;
    struct record row; /* scratch */
    bool has_row;
    const struct state_event *event; /* scratch */
    int64_t cause;
    int depth;
};

/* The condition of a filter (filters.h); malloc. */
struct filter_statement {
    char *sql;
    sqlite3_stmt *q;
};

/* The condition that was asked last by the statement that runs: it asks the same of many records.
 */
struct filter_asked {
    const struct lab_filter *filter; /* NULL: none */
    char owner[64];
    sqlite3_stmt *q; /* one of those that are kept; NULL: it holds for nobody */
};

struct rules {
    struct filter_statement filters[FILTER_STATEMENTS]; /* the one that was asked last first */
    struct filter_asked asked;
    const char *binding; /* of the rule whose SQL runs */
    struct rule_slot *slots;
    unsigned slot_count;       /* a power of two */
    int *next;                 /* by rule: the next one that listens to the same; -1 */
    sqlite3_stmt **statements; /* by lab_statement.index */
    bool silent;               /* nothing is noted */
    struct rule_run *run;      /* of the rule whose turn it is */
    struct rule_pending
        *pending; /* scratch, a ring is not needed: it is emptied after each action */
    int pending_count, pending_at;
    bool full; /* pending_count has been at its limit */
    int depth; /* of the rule that runs; 0: none does */
};

#endif
