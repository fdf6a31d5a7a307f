/* Compares what the store holds about a person with the audit log: roles, cohorts and interests,
 * which decide who may decide about whom, and the name, which certificates show. */
#include <string.h>

#include "account/account_factor.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"

static const char *text_of(const json_t *object, const char *member) {
    return json_string_value(json_object_get(object, member));
}

static enum err any_row(struct db *db, int query, const char *types, const char *x, const char *y,
                        const char *z, bool *there) {
    struct stmt *q;
    enum err e;
    *there = false;
    if (!db_one(db, &q, &e, query, types, x, y, z)) return e == ERR_NOT_FOUND ? OK : e;
    *there = true;
    return stmt_end(q);
}

#define ROLES 4 /* bits of ROLE_ANY */

/* The last values in the log. */
struct logged_person {
    const char *roles, *name, *password; /* NULL: never; of the password, a digest of its hash */
    bool added;                          /* from its beginning */
    struct granted {
        int64_t at_ms;
        const char *by;
    } granted[ROLES]; /* as the row has it that gave the role; `by` is NULL: it has none */
};

static void note_roles(const struct audit_row *row, struct logged_person *l) {
    unsigned roles = 0;
    if (l->roles) (void)account_roles_parse(l->roles, &roles);
    for (size_t i = 0; i < ROLES; i++) {
        if (!(roles & 1u << i)) l->granted[i] = (struct granted){0};
        else if (!l->granted[i].by) l->granted[i] = (struct granted){row->at_ms, row->actor};
    }
}

static enum err fact_problem(struct db *db, struct arena *a, const char *person_id,
                             const struct audit_row *row, struct logged_person *logged,
                             const char **problem) {
    const char *why;
    const json_t *detail = row->detail ? json_read(a, row->detail, strlen(row->detail), &why)
                                       : NULL;
    bool there = true;
    enum err e = OK;
    bool added = str_eq(row->action, "person.add");
    logged->added |= added;
    if (str_eq(row->action, "person.name")) logged->name = text_of(detail, "is");
    if (added) logged->name = text_of(detail, "name");
    if (added || str_eq(row->action, "person.password"))
        logged->password = text_of(detail, "password_sha256");
    if (added || str_eq(row->action, "person.roles")) {
        logged->roles = text_of(detail, "roles");
        note_roles(row, logged);
    }
    if (str_eq(row->action, "cohort.join")) {
        const char *cohort = text_of(detail, "cohort"), *role = text_of(detail, "role");
        if (cohort && role)
            e = any_row(db, SQL_account_member_there, "ttt", cohort, person_id, role, &there);
        if (e == OK && !there)
            *problem = "a membership of a cohort that was logged is not on record";
    } else if (str_eq(row->action, "cert.interest")) {
        e = any_row(db, SQL_account_interest, "tt", row->actor, person_id, NULL, &there);
        if (e == OK && !there) *problem = "an interest that was logged is not on record";
    }
    return e;
}

/* Where somebody accepted a log whose end was lost, a person may have been added in what is gone:
 * those who were there then are not told (RULE accepted-people). Roles that differ are: to set them
 * anew logs them. */
static enum err roles_problem(struct db *db, struct arena *a, const struct person *p,
                              const char *logged, const char **problem) {
    bool lost = false;
    enum err e = OK;
    if (!logged) {
        if (!(p->roles & ~(unsigned)ROLE_LEARNER)) return OK; /* nobody got power so */
        e = audit_accepted(db, a, p->id, account_roles_text(a, p->roles), &lost);
        if (e == OK && !lost) *problem = "roles are on record that were never logged";
    } else if (!str_eq(account_roles_text(a, p->roles), logged)) {
        *problem = "the roles are not those that were logged";
    }
    return e;
}

/* RULE logged-power: each role was given by whom and when the log says. Where a log was accepted
 * whose end was lost, it does not tell of all. */
static enum err grants_problem(struct db *db, struct arena *a, const char *person_id,
                               const struct logged_person *logged, const char **problem) {
    struct stmt *q;
    enum err e;
    if (!logged->added) return OK;
    if (db_one(db, &q, &e, SQL_account_log_accepted, "")) return stmt_end(q);
    if (e != ERR_NOT_FOUND) return e;
    q = db_query(db, SQL_account_roles_granted, "t", person_id);
    while (stmt_row(q)) {
        unsigned role = 0;
        const char *name = stmt_text(q, 0, a);
        if (!name || !account_roles_parse(name, &role)) continue;
        const struct granted *g = &logged->granted[__builtin_ctz(role)];
        if (g->by && (g->at_ms != stmt_int(q, 1) || !str_eq(g->by, stmt_text(q, 2, a))))
            *problem = "a role was given by somebody else, or at another time, than was logged";
    }
    return stmt_end(q);
}

/* RULE logged-password: the password is the one whose setting was logged, by a digest of its hash,
 * which is salted: it helps nobody to guess. Of those that an older program set, nothing is
 * told. `hash` NULL: there is none. */
static bool password_differs(struct arena *a, const char *hash, const char *logged) {
    return logged && (!hash || !str_eq(sha256_hex(a, hash, strlen(hash)), logged));
}

#define NOBODYS_PASSWORD                                                                           \
    "the password was set by nobody: it is not the one whose setting was logged"

enum err account_password_problem_logged(struct db *db, struct arena *a, const char *person_id,
                                         const char *hash, const char **problem) {
    struct stmt *q;
    enum err e;
    const char *key, *why;
    *problem = NULL;
    if (!db_one(db, &q, &e, SQL_account_password_logged, "t", person_id))
        return e == ERR_NOT_FOUND ? OK : e;
    const struct audit_row row = audit_row_read(q, a);
    e = stmt_end(q);
    if (e == OK) e = audit_row_signed(db, a, &row, &key, problem);
    if (e != OK || *problem || !row.detail) return e;
    const json_t *detail = json_read(a, row.detail, strlen(row.detail), &why);
    if (password_differs(a, hash, text_of(detail, "password_sha256"))) *problem = NOBODYS_PASSWORD;
    return OK;
}

static enum err password_problem(struct db *db, struct arena *a, const char *person_id,
                                 const struct logged_person *logged, const char **problem) {
    struct stmt *q;
    enum err e;
    if (!logged->password) return OK;
    bool there = db_one(db, &q, &e, SQL_account_password, "t", person_id);
    const char *hash = there ? stmt_text(q, 0, a) : NULL;
    if (there) e = stmt_end(q);
    else if (e == ERR_NOT_FOUND) e = OK;
    if (e == OK && password_differs(a, hash, logged->password)) *problem = NOBODYS_PASSWORD;
    return e;
}

static enum err read_logged(struct db *db, struct arena *a, const char *person_id,
                            struct audit_row **rows, size_t *count) {
    struct stmt *q = db_query(db, SQL_account_logged, "t", person_id);
    *rows = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *rows = list_more(a, *rows, *count, sizeof **rows);
        (*rows)[*count] = audit_row_read(q, a);
    }
    return stmt_end(q);
}

enum err account_unlogged(struct db *db, struct arena *a, const char **out) {
    struct stmt *q = db_query(db, SQL_account_powerful, "");
    const char **ids = NULL;
    size_t count = 0, told = 0;
    struct buf b;
    while (stmt_row(q)) {
        ids = list_more(a, ids, count, sizeof *ids);
        ids[count++] = stmt_text(q, 0, a);
    }
    enum err e = stmt_end(q);
    buf_init(&b, a);
    for (size_t i = 0; e == OK && i < count; i++) {
        struct audit_row *rows;
        size_t row_count;
        struct person p;
        bool logged = false;
        e = account_find(db, a, ids[i], &p);
        if (e == OK) e = read_logged(db, a, ids[i], &rows, &row_count);
        for (size_t k = 0; e == OK && k < row_count; k++)
            logged |= str_eq(rows[k].action, "person.add") ||
                      str_eq(rows[k].action, "person.roles");
        if (e != OK || logged) continue;
        buf_puts(&b, told++ ? "," : "{");
        buf_json(&b, p.id);
        buf_putc(&b, ':');
        buf_json(&b, account_roles_text(a, p.roles));
    }
    if (told) buf_putc(&b, '}');
    *out = told ? buf_text(&b) : NULL;
    return e;
}

enum err account_record_problem(struct db *db, struct arena *a, const char *person_id,
                                const char **problem) {
    struct person p;
    struct audit_row *rows = NULL;
    size_t count = 0;
    struct logged_person logged = {0};
    enum err e = account_find(db, a, person_id, &p);
    if (e != OK) return e;
    e = read_logged(db, a, person_id, &rows, &count);
    if (e == OK && !*problem) e = audit_rows_signed(db, a, rows, count, problem);
    for (size_t i = 0; e == OK && !*problem && i < count; i++)
        e = fact_problem(db, a, person_id, &rows[i], &logged, problem);
    if (e == OK && !*problem) e = roles_problem(db, a, &p, logged.roles, problem);
    if (e == OK && !*problem && logged.name && !str_eq(p.name, logged.name))
        *problem = "the name is not the one that was logged";
    if (e == OK && !*problem && p.deactivated_ms)
        *problem = "it is deactivated on record, which was never logged";
    if (e == OK && !*problem) e = grants_problem(db, a, person_id, &logged, problem);
    if (e == OK && !*problem) e = password_problem(db, a, person_id, &logged, problem);
    return e == OK && !*problem ? factor_problem(db, a, person_id, problem) : e;
}
