/* People, roles, sessions and cohorts in the store. */
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"

static const unsigned all_roles[] = {ROLE_LEARNER, ROLE_INSTRUCTOR, ROLE_ASSESSOR, ROLE_ADMIN};

static void read_person(struct stmt *q, struct arena *a, struct person *out) {
    const char *roles = stmt_text(q, 7, a);
    *out = (struct person){.id = stmt_text(q, 0, a),
                           .login = stmt_text(q, 1, a),
                           .name = stmt_text(q, 2, a),
                           .email = stmt_text(q, 3, a),
                           .locale = stmt_text(q, 4, a),
                           .created_ms = stmt_int(q, 5),
                           .deactivated_ms = stmt_int(q, 6)};
    if (roles) (void)account_roles_parse(roles, &out->roles);
}

static enum err find(struct db *db, struct arena *a, enum sql_id query, const char *key,
                     struct person *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, query, "t", key)) return e;
    read_person(q, a, out);
    return stmt_end(q);
}

enum err account_find(struct db *db, struct arena *a, const char *person_id, struct person *out) {
    return find(db, a, SQL_account_person, person_id, out);
}

enum err account_find_login(struct db *db, struct arena *a, const char *login, struct person *out) {
    return find(db, a, SQL_account_person_by_login, login, out);
}

enum err account_list(struct db *db, struct arena *a, const char *match, int limit, int offset,
                      struct person **people, size_t *count) {
    struct person *list = NEW_ARRAY(a, struct person, (size_t)limit);
    size_t n = 0;
    struct stmt *q = db_query(db, SQL_account_people, "tii", match, (int64_t)limit,
                              (int64_t)offset);
    while (n < (size_t)limit && stmt_row(q)) read_person(q, a, &list[n++]);
    *people = list;
    *count = n;
    return stmt_end(q);
}

static enum err add_role(struct db *db, int64_t now_ms, const char *actor, const char *person,
                         const char *role) {
    return db_run(db, SQL_account_role_add, "ttit", person, role, now_ms, actor);
}

enum err account_add(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                     const char *login, const char *name, const char *email, unsigned roles,
                     const char *password_hash, const char **id) {
    if (account_person_problem(a, login, name, email)) return ERR_INVALID;
    *id = id_new(a, now_ms);
    enum err e = db_run(db, SQL_account_person_add, "tttti", *id, login, str_trim(a, name), email,
                        now_ms);
    for (size_t i = 0; e == OK && i < COUNT_OF(all_roles); i++)
        if (roles & all_roles[i])
            e = add_role(db, now_ms, actor, *id, account_roles_text(a, all_roles[i]));
    if (e == OK && password_hash)
        e = db_run(db, SQL_account_password_add, "tit", *id, now_ms, password_hash);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, actor, "person.add", *id,
                        arena_printf(a, "{\"login\":\"%s\",\"roles\":\"%s\"}", login,
                                     account_roles_text(a, roles)));
}

enum err account_still(struct db *db, struct arena *a, const char *person_id, unsigned roles) {
    struct person p;
    enum err e = account_find(db, a, person_id, &p);
    return e == OK && (!(p.roles & roles) || p.deactivated_ms) ? ERR_DENIED : e;
}

enum err account_set_password(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                              const char *person_id, const char *password_hash) {
    /* Two changes within a millisecond are still two facts. */
    struct stmt *q;
    enum err e;
    int64_t at = now_ms;
    if (db_one(db, &q, &e, SQL_account_password_last_ms, "t", person_id)) {
        if (!stmt_null(q, 0) && stmt_int(q, 0) >= at) at = stmt_int(q, 0) + 1;
        e = stmt_end(q);
    }
    if (e == OK) e = db_run(db, SQL_account_password_add, "tit", person_id, at, password_hash);
    return e == OK ? audit_append(db, a, now_ms, actor, "password.set", person_id, NULL) : e;
}

enum err account_set_roles(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                           const char *person_id, unsigned roles) {
    enum err e = OK;
    for (size_t i = 0; e == OK && i < COUNT_OF(all_roles); i++) {
        const char *role = account_roles_text(a, all_roles[i]);
        if (roles & all_roles[i]) e = add_role(db, now_ms, actor, person_id, role);
        else e = db_run(db, SQL_account_role_remove, "tt", person_id, role);
    }
    struct stmt *q;
    if (e == OK && db_one(db, &q, &e, SQL_account_admins, "")) {
        bool none = stmt_int(q, 0) == 0;
        e = stmt_end(q);
        if (none) return ERR_CONFLICT; /* an academy without an administrator cannot mend itself */
    }
    if (e != OK) return e;
    return audit_append(db, a, now_ms, actor, "person.roles", person_id,
                        arena_printf(a, "{\"roles\":\"%s\"}", account_roles_text(a, roles)));
}

/* ---- Cohorts --------------------------------------------------------------------------------- */

enum err account_cohort_add(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                            const char *name, const char *programme, const char **id) {
    *id = id_new(a, now_ms);
    enum err e = db_run(db, SQL_account_cohort_add, "ttti", *id, name, programme, now_ms);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, actor, "cohort.add", *id,
                        arena_printf(a, "{\"programme\":\"%s\"}", programme));
}

static enum err note_member(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                            const char *action, const char *cohort_id, const char *person_id,
                            const char *role) {
    return audit_append(db, a, now_ms, actor, action, person_id,
                        arena_printf(a, "{\"cohort\":\"%s\",\"role\":\"%s\"}", cohort_id, role));
}

enum err account_cohort_join(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                             const char *cohort_id, const char *person_id, bool instructor) {
    const char *role = instructor ? "instructor" : "learner";
    enum err e = db_run(db, SQL_account_cohort_join, "ttti", cohort_id, person_id, role, now_ms);
    return e == OK ? note_member(db, a, now_ms, actor, "cohort.join", cohort_id, person_id, role)
                   : e;
}

enum err account_cohort_leave(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                              const char *cohort_id, const char *person_id, bool instructor) {
    const char *role = instructor ? "instructor" : "learner";
    enum err e = db_run(db, SQL_account_cohort_leave, "ttti", cohort_id, person_id, role, now_ms);
    if (e == OK && db_changes(db) == 0) e = ERR_NOT_FOUND;
    return e == OK ? note_member(db, a, now_ms, actor, "cohort.leave", cohort_id, person_id, role)
                   : e;
}

enum err account_cohorts(struct db *db, struct arena *a, const char *id,
                         struct cohort_summary **list, size_t *count) {
    struct stmt *q = db_query(db, SQL_account_cohorts, "t", id);
    *list = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *list = list_more(a, *list, *count, sizeof **list);
        (*list)[*count] = (struct cohort_summary){.id = stmt_text(q, 0, a),
                                                  .name = stmt_text(q, 1, a),
                                                  .programme_id = stmt_text(q, 2, a),
                                                  .created_ms = stmt_int(q, 3),
                                                  .learners = stmt_int(q, 4),
                                                  .instructors = stmt_int(q, 5)};
    }
    return stmt_end(q);
}

enum err account_cohort_members(struct db *db, struct arena *a, const char *cohort_id,
                                struct cohort_member **list, size_t *count) {
    struct stmt *q = db_query(db, SQL_account_cohort_members, "t", cohort_id);
    *list = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *list = list_more(a, *list, *count, sizeof **list);
        (*list)[*count] = (struct cohort_member){.person_id = stmt_text(q, 0, a),
                                                 .name = stmt_text(q, 1, a),
                                                 .login = stmt_text(q, 2, a),
                                                 .instructor = stmt_int(q, 3),
                                                 .joined_ms = stmt_int(q, 4)};
    }
    return stmt_end(q);
}

enum err account_taught(struct db *db, const char *teacher, const char *learner, bool *taught) {
    struct stmt *q;
    enum err e;
    *taught = true; /* in doubt, the stricter answer */
    if (!db_one(db, &q, &e, SQL_account_taught, "tt", teacher, learner)) return e;
    *taught = stmt_int(q, 0) > 0;
    return stmt_end(q);
}

enum err account_learners_of(struct db *db, struct arena *a, const char *instructor,
                             struct cohort_learner **learners, size_t *count) {
    struct cohort_learner *list = NULL;
    size_t n = 0;
    struct stmt *q = db_query(db, SQL_account_learners_of, "t", instructor);
    while (stmt_row(q)) {
        list = list_more(a, list, n, sizeof *list);
        list[n++] = (struct cohort_learner){.person_id = stmt_text(q, 0, a),
                                            .name = stmt_text(q, 1, a),
                                            .cohort_id = stmt_text(q, 2, a),
                                            .cohort = stmt_text(q, 3, a),
                                            .programme_id = stmt_text(q, 4, a)};
    }
    *learners = list;
    *count = n;
    return stmt_end(q);
}
