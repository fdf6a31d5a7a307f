/* Rules: what the objects of a stack do by themselves. Kinds (labs/kinds/KIND.xml) describe them in
 * roles; a connector or a stack binds the roles to its objects and fields, and this is what comes
 * of it: SQL that names tables and columns, and steps that name objects and fields. A kind that is
 * bound twice gives its rules twice.
 *
 * In the SQL of a kind stand {role} for the table, {role.field} for the column, {role.*} for all
 * columns of its fields, {role:path} and {role:connector} for 'crm.contact' and 'crm' as text. Only
 * what authors wrote takes part in this; learners' values are bound when a statement runs. */
#ifndef GR_LAB_RULES_H
#define GR_LAB_RULES_H

#include <libxml/tree.h>

#include "doc/doc.h"
#include "labmodel/lab_pack.h"

/* RULE lab-rules: a stack has 10,000 rules at most, with all its bindings. */
#define LAB_RULES_MAX 10000
#define LAB_ROLES_MAX 16 /* of a kind */
#define LAB_DIAGRAM_TELLS 8
#define LAB_STEPS_DEPTH 8 /* of steps inside steps */

struct lab_statement {
    const char *text;
    const char *file; /* of the kind, for its errors */
    int line;
    int index; /* in the stack's statements */
};

enum lab_trigger {
    LAB_ON_CREATE, /* a record was made; what the rule sets in it is part of that */
    LAB_ON_UPDATE,
    LAB_ON_DELETE,
    LAB_ON_EVENT,    /* the event log got a line */
    LAB_ON_MERGE,    /* somebody merges two records: the rule does it */
    LAB_ON_ARRIVE,   /* the world brings a record: the rule stores it */
    LAB_ON_SCHEDULE, /* again and again */
    LAB_ON_DUE,      /* what <wait> has put off */
    LAB_ON_START, /* the run begins: for each record that it begins with, unheard by other rules */
    LAB_TRIGGERS
};

enum lab_verb {
    LAB_EACH,
    LAB_IF,
    LAB_CHOOSE,
    LAB_WHEN,
    LAB_OTHERWISE,
    LAB_DO_SET,
    LAB_DO_CREATE,
    LAB_DO_UPDATE,
    LAB_DO_PUT,
    LAB_DO_DELETE,
    LAB_DO_MERGE,
    LAB_DO_MERGE_GROUPS,
    LAB_DO_FIND,
    LAB_DO_MATCH,
    LAB_DO_SEND,
    LAB_DO_WAIT,
    LAB_DO_ASSIGN,
    LAB_DO_RAISE,
    LAB_DO_ASK,
    LAB_DO_CHARGE,
    LAB_DO_FAIL,
    LAB_VERBS
};

/* Attributes of steps that are SQL. */
enum lab_argument {
    LAB_ARG_SQL,
    LAB_ARG_RECORD,
    LAB_ARG_LOSER,
    LAB_ARG_FILL,
    LAB_ARG_KEY,
    LAB_ARG_RANK,
    LAB_ARG_MAPPINGS,
    LAB_ARG_OVERWRITE,
    LAB_ARG_WINNER,
    LAB_ARG_CREATE_LEFT,
    LAB_ARG_CREATE_RIGHT,
    LAB_ARG_ALLOWED,
    LAB_ARG_FOR,
    LAB_ARG_UNTIL,
    LAB_ARG_DATA,
    LAB_ARG_POOL,
    LAB_ARG_CALENDAR,
    LAB_ARG_TURN,
    LAB_ARG_OLD,
    LAB_ARG_NEW,
    LAB_ARG_DETAIL,
    LAB_ARG_VALUE,
    LAB_ARG_CALLS,
    LAB_ARGUMENTS
};

/* An object of the stack that a step works on. */
struct lab_place {
    const struct lab_object *object; /* NULL: none */
    int member;
};

struct lab_step {
    enum lab_verb verb;
    const char *as;         /* begins the names of the variables that it sets; NULL: it sets none */
    struct lab_place at;    /* of match: the left side */
    struct lab_place right; /* of match */
    const struct lab_field *field;       /* set, assign, fail; of match: the link */
    const char *event, *rejected, *full; /* kinds of events that it writes; NULL: none */
    const char *due;                     /* of wait: the name of the rule that goes on */
    enum lab_problem problem;            /* of fail */
    bool from_row;                       /* create, update: takes over what the row in hand has */
    struct lab_fields except;            /* ... but for these fields */
    const struct lab_statement *arg[LAB_ARGUMENTS]; /* NULL: not given */
    /* One statement for each key of the object, where the key is chosen when the rule runs; of
     * match for one record of each side, and for all of the left. */
    const struct lab_statement *by_key, *right_by_key, *all_by_key;
    const struct lab_transforms *transforms; /* of match */
    struct lab_step *steps;
    int step_count;
};

struct lab_rule {
    const char *kind, *binding; /* "sync", and how the stack or the connector calls it */
    enum lab_trigger on;
    struct lab_place at;               /* whose records; object NULL: any */
    const struct lab_field *field;     /* of an event: changes of this field only; NULL: any */
    const char *event;                 /* kind of event, or the name of what is due */
    const struct lab_statement *when;  /* NULL: always */
    const struct lab_statement *every; /* of a schedule: milliseconds, 0 or NULL = not now */
    struct lab_step *steps;
    int step_count;
    bool fails; /* it has a <fail> somewhere */
    int index;
};

/* Rows of learners that say which records of an object are meant. */
struct lab_filter {
    const char *id, *binding;
    struct lab_place over, rows;
    /* Of a row: whose it is, its group (rows of a group hold together), and what it asks. */
    const struct lab_field *of, *group, *field, *operator, * value;
    struct lab_place members; /* who passed when it was asked last; object NULL: nobody keeps it */
    const struct lab_field *member_of, *member_record;
};

/* Records of one object that follow each other, in one of another: the steps of a way. How it is
 * drawn and told; what they do is said by rules. */
struct lab_diagram {
    struct lab_place over, nodes;
    const struct lab_field *of, *order, *label, *next, *other; /* of a node; other: may be NULL */
    const struct lab_field *tells[LAB_DIAGRAM_TELLS]; /* what is said of it beside the label */
    int tell_count;
    const char *last;        /* a label behind which nothing follows; NULL: there is none */
    struct lab_place stands; /* records that stand at a node; object NULL: nobody does */
    const struct lab_field *stands_at, *stands_while;
    const char *stands_values; /* of stands_while, with blanks between */
};

/* Records that are queries, and boards that show some of them: their results as tables and charts.
 */
struct lab_chart {
    struct lab_place query, board, tiles;
    const struct lab_field *title, *sql, *unit;                     /* of a query */
    const struct lab_field *of, *order, *tile_title, *form, *shows; /* of a tile */
};

/* What somebody has against what another kind is about to do: a text, or NULL. ?1, ?2 and ?3 are
 * what the asker tells. */
struct lab_objection {
    const char *to;
    const struct lab_statement *sql;
};

/* How a value gets from one side of a mapping to the other. */
struct lab_transform {
    const char *id;
    const struct lab_statement *to_right, *to_left; /* NULL: it stays as it is */
    bool tidies; /* the same both ways, and twice is as once: the side that a value came from is
                    written, too */
    const char *keeps; /* a value that neither side loses once it has it; NULL: none */
};
struct lab_transforms {
    struct lab_transform *list;
    int count;
};

extern const char *const lab_trigger_names[LAB_TRIGGERS];
extern const char *const lab_verb_names[LAB_VERBS];

/* Adds the rules of all bindings of a stack: those of its connectors, then its own. `root`: the
 * <stack>. Kinds are looked for in `files`. False with diagnostics. */
bool lab_rules_read(struct lab_stack *stack, const struct lab_files *files, xmlNode *root,
                    const char *file, struct arena *a, struct diag_list *diags);

#endif
