/* The model that a lab runs on: connectors (neutral), dialects (the API of one fictional vendor),
 * and the stack of a scenario (which connectors it has, how they are wired, what data they begin
 * with, and which faults occur).
 *
 * All of it is data read from XML; no dialect has code of its own. Everything lives in one arena.
 */
#ifndef GR_LAB_MODEL_H
#define GR_LAB_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "labmodel/lab_body.h"
#include "labmodel/lab_fields.h"

/* RULE lab-connectors: a stack has 16 connectors at most. */
#define LAB_CONNECTORS_MAX 16
/* RULE lab-objects: a connector has 64 objects at most; sets of them are a number. */
#define LAB_OBJECTS_MAX 64
#define LAB_HORIZON_DAYS 120 /* simulated time that a run may take */

/* ---- Connector ------------------------------------------------------------------------------- */
enum lab_type {
    LAB_TEXT,
    LAB_EMAIL, /* text with one @ and a dot behind it */
    LAB_INTEGER,
    LAB_BOOLEAN,    /* 0 or 1 */
    LAB_TIME,       /* milliseconds of UTC */
    LAB_PICKLIST,   /* one of field.values */
    LAB_REFERENCE,  /* id of a record of field.of ("crm.contact") */
    LAB_FIELD_NAME, /* name of a field of field.of */
    LAB_VALUE_NAME, /* a value of a field that another record names: field.of is a reference of
                       this row and a field-name of the record it leads to ("mapping_id.left_field")
                     */
};

enum lab_operation {
    LAB_LIST = 1,
    LAB_GET = 2,
    LAB_CREATE = 4,
    LAB_UPDATE = 8,
    LAB_DELETE = 16,
    LAB_MERGE = 32,
};

struct lab_field {
    const char *id, *title, *help;
    enum lab_type type;
    bool required, read_only;
    bool sticky;         /* a merge keeps true when any of the merged records says true */
    int max;             /* characters of text */
    const char *of;      /* see enum lab_type */
    const char **values; /* of a picklist */
    int value_count;
    bool indexed; /* looked for often */
    int index;
};

/* A way to say which records are about the same: an SQL expression over the columns of the object's
 * table; records with equal values are, those without one are not. */
struct lab_key {
    const char *id, *sql;
};

struct lab_object {
    const char *id, *title, *plural, *about;
    bool setup; /* what the system is set up with, not what it is for */
    struct lab_key *keys;
    int key_count;
    unsigned operations; /* enum lab_operation, or-ed */
    struct lab_field *fields;
    int field_count;
    const char *table; /* "crm_contact": its table in the state */
    int index;
};

struct lab_event {
    const char *id, *about;
};

struct lab_connector {
    const char *id, *title, *about, *file;
    struct lab_object *objects;
    int object_count;
    struct lab_event *events;
    int event_count;
    struct _xmlNode *root; /* <connector>: its bindings and transforms are read with the stack */
};

/* ---- Dialect --------------------------------------------------------------------------------- */
enum lab_auth { LAB_AUTH_BEARER, LAB_AUTH_KEY, LAB_AUTH_QUERY, LAB_AUTH_BASIC, LAB_AUTH_OAUTH };
enum lab_paging { LAB_PAGE_OFFSET, LAB_PAGE_TOKEN, LAB_PAGE_CURSOR };
enum lab_date {
    LAB_DATE_ISO,
    LAB_DATE_SECONDS,
    LAB_DATE_MILLISECONDS,
    LAB_DATE_DAY_FIRST,
    LAB_DATE_MONTH_FIRST
};
enum lab_truth { LAB_TRUTH_JSON, LAB_TRUTH_YES_NO, LAB_TRUTH_ONE_ZERO };
/* Whether records have tags, and whether nothing is changed without one. */
enum lab_etag { LAB_ETAG_NONE, LAB_ETAG_OFFERED, LAB_ETAG_REQUIRED };
enum lab_empty { LAB_EMPTY_NULL, LAB_EMPTY_TEXT, LAB_EMPTY_OMIT };

/* What can go wrong; each dialect says it in its own status, code and words. */
enum lab_problem {
    LAB_PROBLEM_NONE,
    LAB_PROBLEM_UNAUTHENTICATED,
    LAB_PROBLEM_EXPIRED,
    LAB_PROBLEM_UNKNOWN_PATH,
    LAB_PROBLEM_UNKNOWN_RECORD,
    LAB_PROBLEM_BAD_METHOD,
    LAB_PROBLEM_BAD_JSON,
    LAB_PROBLEM_UNKNOWN_FIELD,
    LAB_PROBLEM_INVALID_VALUE,
    LAB_PROBLEM_REQUIRED,
    LAB_PROBLEM_READ_ONLY,
    LAB_PROBLEM_CONFLICT,
    LAB_PROBLEM_BURST,
    LAB_PROBLEM_DAILY,
    LAB_PROBLEM_OUTAGE,
    LAB_PROBLEM_TOO_MANY,
    LAB_PROBLEM_TOO_MANY_FILTERS,
    /* Those from here on belong to traits (lab_dialect_problems). */
    LAB_PROBLEM_CHANGED,       /* the record is not the one that If-Match names */
    LAB_PROBLEM_UNCONDITIONAL, /* a change without If-Match */
    LAB_PROBLEM_KEY_REUSED,    /* a key of another call */
    LAB_PROBLEM_GRANT,         /* no token is given: for a scope or a refresh token that is none */
    LAB_PROBLEM_SCOPE,         /* the token is not for this */
    LAB_PROBLEM_JOB_STATE,     /* a bulk job's state does not allow this */
    LAB_PROBLEM_OVER_LIMIT,    /* more than a bulk job or a composite call takes */
    LAB_PROBLEM_NESTED,        /* an operation that a composite call does not do */
    LAB_PROBLEM_UNDONE,        /* it was taken back, since another operation failed */
    LAB_PROBLEM_COUNT,
};
/* The values of the attribute `when` of a dialect's <error>. */
extern const char *const lab_problem_names[LAB_PROBLEM_COUNT];
/* A set of problems is a number with a bit for each. */
#define LAB_PROBLEM_BIT(problem) (1u << LAB_PROBLEM_##problem)

struct lab_error {
    int status;
    const char *code, *message; /* message may hold {field}, {value}, {seconds} */
};

struct lab_value_name {
    const char *neutral, *as;
};

struct lab_field_name {
    const char *as, *title; /* in JSON; on the screen */
    struct lab_value_name *values;
    int value_count;
};

struct lab_object_name {
    const char *path, *title, *plural;
    const char *id_as, *created_as, *updated_as; /* names of the fields that every record has */
    unsigned operations;                         /* those of the object's that the dialect has */
    struct lab_field_name *fields;               /* by the neutral field's index */
};

/* What a token is for. */
#define LAB_SCOPES_MAX 30
struct lab_scope {
    const char *as;
    bool read, write, hooks; /* hooks: what belongs to subscriptions */
    uint64_t objects;        /* by their index */
};

/* Webhooks: what a system sends by itself when records change. */
#define LAB_HOOK_RETRIES_MAX 10
struct lab_hooks {
    const char *path; /* of the subscriptions, below the base */
    /* Members of a subscription, and of the body that asks to be echoed. */
    const char *id_as, *address_as, *state_as, *secret_as, *challenge_as;
    const char *rotate, *log; /* last parts of paths: a new secret, what was sent */
    int overlap_minutes;      /* an old secret still signs, beside the new one */
    const char *id_header, *time_header, *signature_header;
    const char *signature;                   /* pattern of {signature} */
    const char *created, *changed, *deleted; /* words for what happened */
    int retry_seconds[LAB_HOOK_RETRIES_MAX]; /* after the first attempt, the second, … */
    int retry_count;
};

/* Bulk jobs: rows that are sent in parts, and written later by the system itself. */
enum lab_bulk_operation { LAB_BULK_CREATE, LAB_BULK_UPDATE, LAB_BULK_DELETE, LAB_BULK_OPERATIONS };
enum lab_bulk_state {
    LAB_BULK_OPEN,
    LAB_BULK_WAITING,
    LAB_BULK_RUNNING,
    LAB_BULK_FINISHED,
    LAB_BULK_STATES
};
struct lab_bulk {
    const char *path;                            /* of the jobs, below the base */
    const char *object_as, *operation_as;        /* members of what asks for a job */
    const char *operations[LAB_BULK_OPERATIONS]; /* the dialect's words; NULL: not offered */
    const char *states[LAB_BULK_STATES];
    const char *rows, *close, *done, *failed; /* last parts of paths */
    const char *method;                       /* of the upload */
    bool csv;                                 /* the rows; else JSON, one object a line */
    int max_rows, max_parts, part_bytes, max_open;
    int slice_rows, slice_seconds; /* so many rows are done in so much time */
};

/* Several operations in one call. */
struct lab_composite {
    const char *path;                             /* below the base */
    const char *list_as;                          /* the member that holds the operations */
    const char *method_as, *address_as, *body_as; /* members of one */
    const char *all_as; /* the member that says whether all or none are done; NULL: `all` says */
    bool all;
    int max, status;
};

/* What was deleted: path of the feed, before that of the object; for how many days it is known. */
struct lab_deleted {
    const char *path, *since_param;
    int days;
};

/* How a filter compares; the attribute `of` of an element <operator> names them. */
enum lab_operator {
    LAB_NOT,
    LAB_LESS,
    LAB_AT_MOST,
    LAB_MORE,
    LAB_AT_LEAST,
    LAB_CONTAINS,
    LAB_BEGINS,
    LAB_OPERATOR_COUNT,
};
extern const char *const lab_operator_names[LAB_OPERATOR_COUNT];

/* What lists take beside size, place and plain filters; NULL: they do not. Patterns: lab_pattern.h.
 */
struct lab_query {
    const char *sort_param, *ascending, *descending; /* "sort", "{field}", "-{field}" */
    const char *fields_param, *since_param;
    /* One of the two when there are operators: "{field}[{operator}]", "{operator}:{value}". */
    const char *filter_name, *filter_value;
    const char *operators[LAB_OPERATOR_COUNT]; /* the dialect's words */
};

struct lab_dialect {
    const char *id, *connector_id, *title, *about, *file;
    const char *base;                 /* "/desk/v3" */
    const char *update_method;        /* PATCH, PUT or POST */
    int create_status, update_status; /* 204: no body */
    enum lab_empty empty;
    const char *batch; /* name of the array that carries records, NULL = one bare record */
    int batch_max;
    const char *merge_path, *merge_field;
    bool head, options; /* HEAD where GET is; OPTIONS and 405 tell the methods in Allow */
    bool link;          /* the next page in a header Link too (RFC 8288) */
    const char *id_prefix;

    enum lab_auth auth;
    const char *auth_header, *auth_scheme, *auth_path, *auth_param;
    int token_minutes, refresh_days; /* 0 days: no refresh tokens */
    const struct lab_scope *scopes;
    int scope_count;
    const char *rotate_path; /* of keys, below the base; NULL: they never change */
    int rotate_minutes;      /* that the old key is still good */

    enum lab_paging paging;
    const char *size_param, *position_param;
    int page_default, page_max;
    struct lab_query query;
    enum lab_etag etag;
    const char *once_header; /* of a key that makes a repeated call no second one; NULL: none */
    const struct lab_hooks *hooks; /* NULL: none, as of those that follow */
    const struct lab_bulk *bulk;
    const struct lab_composite *composite;
    const struct lab_deleted *deleted;

    int burst, burst_seconds, daily, latency_ms;
    const char *limit_header, *remaining_header, *reset_header;
    bool retry_after;

    struct lab_body bodies[LAB_BODY_COUNT];
    struct lab_error errors[LAB_PROBLEM_COUNT];

    enum lab_date date;
    int date_offset_minutes;
    enum lab_truth truth;
    struct lab_object_name *objects; /* by the neutral object's index */
};

/* The problems that a dialect must have words for: those of every dialect and of its traits. */
unsigned lab_dialect_problems(const struct lab_dialect *d);

/* ---- Stack ----------------------------------------------------------------------------------- */
struct lab_member {
    const struct lab_connector *connector;
    const char *title;
    const struct lab_dialect **dialects; /* those that the scenario allows */
    int dialect_count;
};

struct lab_seed {
    const char *object, *file;
};

/* RULE lab-variant: which rows are distorted, and how, follows from the run's seed. Choose puts one
 * of the values into the field, whatever stood there. */
enum lab_distortion { LAB_CASE, LAB_PAD, LAB_BLANK, LAB_DRIFT, LAB_ONE_OF, LAB_CAPITAL };
struct lab_distort {
    const char *object, *field;
    enum lab_distortion kind;
    int permille;
    const char *from;    /* drift: which value */
    const char **values; /* drift, choose: what it turns into */
    int value_count;
};

struct lab_lookup_pair {
    const char *left, *right;
};
struct lab_lookup {
    const char *id;
    struct lab_lookup_pair *pairs;
    int pair_count;
};

/* What a person who comes again writes otherwise than the record has it. */
struct lab_retype {
    const char *field;
    enum lab_distortion kind; /* blank or capital */
    int permille;
};
struct lab_arrivals {
    const char *object, *file;
    int per_day, returning_permille;
    struct lab_retype *retypes;
    int retype_count;
};
struct lab_edits {
    const char *object, *field;
    int per_day;
};
struct lab_stack {
    int64_t start_ms;
    struct lab_member members[LAB_CONNECTORS_MAX];
    int member_count;
    struct lab_rule *rules; /* lab_rules.h */
    int rule_count;
    struct lab_filter *filters;
    int filter_count;
    struct lab_diagram *diagrams;
    int diagram_count;
    struct lab_chart *charts;
    int chart_count;
    struct lab_objection *objections;
    int objection_count;
    const struct lab_statement **statements; /* all SQL of the rules, by its index */
    int statement_count;
    struct lab_seed *seeds;
    int seed_count;
    struct lab_distort *distorts;
    int distort_count;
    struct lab_lookup *lookups;
    int lookup_count;
    struct lab_arrivals *arrivals;
    int arrivals_count;
    struct lab_edits *edits;
    int edits_count;
    const struct lab_world *world;       /* lab_world.h; NULL: nobody acts */
    const struct lab_timeline *timeline; /* lab_timeline.h; never NULL */
};

const struct lab_object *lab_object_find(const struct lab_connector *c, const char *id);
/* The first object that is no setup. */
const struct lab_object *lab_object_first(const struct lab_connector *c);
/* The field that says what a record of the object is called: the first of its first four that is
 * text or an address. NULL: records go by their ids. */
const struct lab_field *lab_object_name(const struct lab_object *o);
/* The key's place in the object's keys, -1. */
int lab_key_find(const struct lab_object *o, const char *id);
/* Where the values of a field of type value-name come from: the row's field that refers to the
 * naming record, the object of that record, its field that names, and the object whose field is
 * named. False when `f` leads nowhere. */
struct lab_value_path {
    const struct lab_field *reference, *names;
    const struct lab_object *naming, *of;
    int of_member;
};
bool lab_value_path(const struct lab_stack *s, const struct lab_object *o,
                    const struct lab_field *f, struct lab_value_path *out);
const struct lab_field *lab_field_find(const struct lab_object *o, const char *id);
/* The same, and beside the object's own fields those that every record has: id, created_ms and
 * updated_ms. */
const struct lab_field *lab_column_find(const struct lab_object *o, const char *id);
/* The field whose name in the dialect is `as`; NULL when unknown. */
const struct lab_field *lab_field_named(const struct lab_object *o, const struct lab_dialect *d,
                                        const char *as);
int lab_member_find(const struct lab_stack *s, const char *connector_id); /* -1 */
const struct lab_dialect *lab_dialect_find(const struct lab_member *m, const char *id);
/* "crm.contact"; NULL when unknown. `member` may be NULL. */
const struct lab_object *lab_object_by_path(const struct lab_stack *s, const char *path,
                                            int *member);
bool lab_value_known(const struct lab_field *f, const char *value);

#endif
