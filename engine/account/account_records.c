/* Whether what is on record about a person's powers and ties is what the audit log says: roles,
 * cohorts, interests. On them rests who may decide about whom. */
#include <string.h>

#include "account/account.h"
#include "account/account_sql.h"
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

struct logged_fact {
    const char *actor, *action;
    const json_t *detail;
};

static enum err fact_problem(struct db *db, const char *person_id, const struct logged_fact *f,
                             const char **problem) {
    bool there = true;
    enum err e = OK;
    if (str_eq(f->action, "cohort.join")) {
        const char *cohort = text_of(f->detail, "cohort"), *role = text_of(f->detail, "role");
        if (cohort && role)
            e = any_row(db, SQL_account_member_there, "ttt", cohort, person_id, role, &there);
        if (e == OK && !there)
            *problem = "a membership of a cohort that was logged is not on record";
    } else if (str_eq(f->action, "cert.interest")) {
        e = any_row(db, SQL_account_interest, "tt", f->actor, person_id, NULL, &there);
        if (e == OK && !there) *problem = "an interest that was logged is not on record";
    }
    return e;
}

/* Where somebody accepted a log whose end was lost, a person may have been added in what is gone:
 * they alone are not told. Roles that differ are: to set them anew logs them. */
static enum err roles_problem(struct db *db, struct arena *a, const struct person *p,
                              const char *logged, const char **problem) {
    bool lost = false;
    enum err e = OK;
    if (!logged) {
        if (!(p->roles & ~(unsigned)ROLE_LEARNER)) return OK; /* nobody got power so */
        e = any_row(db, SQL_account_log_accepted, "", NULL, NULL, NULL, &lost);
        if (e == OK && !lost) *problem = "roles are on record that were never logged";
    } else if (!str_eq(account_roles_text(a, p->roles), logged)) {
        *problem = "the roles are not those that were logged";
    }
    return e;
}

enum err account_record_problem(struct db *db, struct arena *a, const char *person_id,
                                const char **problem) {
    struct person p;
    struct logged_fact *facts = NULL;
    size_t count = 0;
    const char *roles = NULL, *why;
    enum err e = account_find(db, a, person_id, &p);
    if (e != OK) return e;
    struct stmt *q = db_query(db, SQL_account_logged, "t", person_id);
    while (stmt_row(q)) {
        const char *detail = stmt_text(q, 2, a);
        facts = list_more(a, facts, count, sizeof *facts);
        facts[count++] = (struct logged_fact){stmt_text(q, 0, a), stmt_text(q, 1, a),
                                              detail ? json_read(a, detail, strlen(detail), &why)
                                                     : NULL};
    }
    e = stmt_end(q);
    for (size_t i = 0; e == OK && !*problem && i < count; i++) {
        if (str_has_prefix(facts[i].action, "person.")) roles = text_of(facts[i].detail, "roles");
        e = fact_problem(db, person_id, &facts[i], problem);
    }
    if (e == OK && !*problem) e = roles_problem(db, a, &p, roles, problem);
    return e;
}
