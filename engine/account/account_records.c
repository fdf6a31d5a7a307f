/* Compares what the store holds about a person with the audit log: roles, cohorts and interests,
 * which decide who may decide about whom, and the name, which certificates show. */
#include <string.h>

#include "account/account.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/buf.h"
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

/* The last values in the log. */
struct logged_person {
    const char *roles, *name; /* NULL: never */
};

static enum err fact_problem(struct db *db, struct arena *a, const char *person_id,
                             const struct audit_row *row, struct logged_person *logged,
                             const char **problem) {
    const char *why;
    const json_t *detail = row->detail ? json_read(a, row->detail, strlen(row->detail), &why)
                                       : NULL;
    bool there = true;
    enum err e = OK;
    if (str_eq(row->action, "person.name")) logged->name = text_of(detail, "is");
    else if (str_has_prefix(row->action, "person.")) logged->roles = text_of(detail, "roles");
    if (str_eq(row->action, "person.add")) logged->name = text_of(detail, "name");
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
    return e;
}
