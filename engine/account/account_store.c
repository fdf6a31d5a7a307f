/* People, roles, sessions and cohorts in the store. */
#include <string.h>

#include "account/account_private.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
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

static enum err find(struct db *db, struct arena *a, int query, const char *key,
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

/* RULE sign-in-name: no login holds an at sign, so that what is typed can only be one of the two.
 */
enum err account_find_login(struct db *db, struct arena *a, const char *login, struct person *out) {
    bool address = strchr(login, '@') != NULL;
    const char *key = address ? account_email_key(a, account_email_clean(a, login))
                              : account_login_clean(a, login);
    if (!key) return ERR_NOT_FOUND;
    return find(db, a, address ? SQL_account_person_by_email : SQL_account_person_by_login, key,
                out);
}

enum err account_taken(struct db *db, struct arena *a, const char *login, const char *email,
                       const char *except, struct person *out) {
    enum err e = ERR_NOT_FOUND;
    if (login) e = find(db, a, SQL_account_person_by_login, account_login_clean(a, login), out);
    if (e == OK && str_eq(out->id, except)) e = ERR_NOT_FOUND;
    const char *key = email ? account_email_key(a, account_email_clean(a, email)) : NULL;
    if (e == ERR_NOT_FOUND && key) e = find(db, a, SQL_account_person_by_email, key, out);
    return e == OK && str_eq(out->id, except) ? ERR_NOT_FOUND : e;
}

const struct find_table account_word_index = {
    SQL_account_find_count,  SQL_account_find_range,   SQL_account_find_first, SQL_account_find_add,
    SQL_account_find_forget, SQL_account_find_unfound, SQL_account_find_filled};

static enum err list_found(struct db *db, struct arena *a, const char *match, const char *after,
                           size_t limit, struct people *out) {
    struct found found;
    enum err e = find_rows(db, a, &account_word_index, match, after, limit, &found);
    for (size_t i = 0; e == OK && i < found.count; i++)
        e = account_find(db, a, found.ids[i], &out->list[out->count++]);
    out->next = found.next;
    return e;
}

enum err account_list(struct db *db, struct arena *a, const char *match, const char *after,
                      size_t limit, struct people *out) {
    *out = (struct people){.list = NEW_ARRAY(a, struct person, limit + 1)};
    if (match) return list_found(db, a, match, after, limit, out);
    struct list_cursor at = list_cursor_parse(a, after);
    struct stmt *q = db_query(db, SQL_account_people, "tti", at.key, at.id, (int64_t)limit + 1);
    while (out->count <= limit && stmt_row(q)) read_person(q, a, &out->list[out->count++]);
    if (out->count > limit) {
        const struct person *last = &out->list[--out->count - 1];
        out->next = list_cursor_format(a, last->name, last->id);
    }
    return stmt_end(q);
}

static enum err make_findable(struct db *db, struct arena *a, const char *id, const char *name,
                              const char *login, const char *email) {
    const char *const texts[FIND_TEXTS] = {name, login, email};
    return find_put(db, a, &account_word_index, id, texts);
}

static enum err add_role(struct db *db, int64_t now_ms, const char *actor, const char *person,
                         const char *role) {
    return db_run(db, SQL_account_role_add, "ttit", person, role, now_ms, actor);
}

enum err account_add(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                     const char *login, const char *name, const char *email, unsigned roles,
                     const char *password_hash, const char **id) {
    if (account_person_problem(a, login, name, email)) return ERR_INVALID;
    login = account_login_clean(a, login);
    email = account_email_clean(a, email);
    *id = id_new(a, now_ms);
    enum err e = db_run(db, SQL_account_person_add, "ttttit", *id, login,
                        account_name_clean(a, name), email, now_ms, account_email_key(a, email));
    if (e == OK) e = make_findable(db, a, *id, account_name_clean(a, name), login, email);
    for (size_t i = 0; e == OK && i < COUNT_OF(all_roles); i++)
        if (roles & all_roles[i])
            e = add_role(db, now_ms, actor, *id, account_roles_text(a, all_roles[i]));
    if (e == OK && password_hash)
        e = db_run(db, SQL_account_password_add, "tit", *id, now_ms, password_hash);
    if (e != OK) return e;
    struct buf detail;
    buf_init(&detail, a);
    buf_printf(&detail, "{\"login\":\"%s\",\"name\":", login);
    buf_json(&detail, account_name_clean(a, name));
    buf_printf(&detail, ",\"roles\":\"%s\"", account_roles_text(a, roles));
    if (password_hash)
        buf_printf(&detail, ",\"password_sha256\":\"%s\"",
                   sha256_hex(a, password_hash, strlen(password_hash)));
    buf_putc(&detail, '}');
    return audit_append(db, a, now_ms, actor, "person.add", *id, buf_text(&detail));
}

static enum err note_change(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                            const char *action, const char *person_id, const char *is,
                            const char *was) {
    struct buf detail;
    buf_init(&detail, a);
    buf_puts(&detail, "{\"is\":");
    buf_json(&detail, is);
    buf_puts(&detail, ",\"was\":");
    buf_json(&detail, was);
    buf_puts(&detail, "}");
    return audit_append(db, a, now_ms, actor, action, person_id, buf_text(&detail));
}

enum err account_set_fields(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                            const struct person *was, const char *name, const char *email) {
    if (account_person_problem(a, was->login, name, email)) return ERR_INVALID;
    name = account_name_clean(a, name);
    email = account_email_clean(a, email);
    enum err e = db_run(db, SQL_account_set_fields, "tttt", was->id, name, email,
                        account_email_key(a, email));
    if (e == OK) e = make_findable(db, a, was->id, name, was->login, email);
    if (e == OK && !str_eq(name, was->name))
        e = note_change(db, a, now_ms, actor, "person.name", was->id, name, was->name);
    if (e == OK && !str_eq(email, was->email))
        e = note_change(db, a, now_ms, actor, "person.email", was->id, email, was->email);
    return e;
}

/* ---- Keys of addresses ---------------------------------------------------------------------- */

/* The migration, in SQL, folds ASCII alone. An address that somebody else already has stays without
 * a key. */
enum err account_make_email_keys(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct email_keys *keys = arg;
    struct {
        const char *id, *key;
    } *rows = NULL;
    size_t n = 0;
    (void)now_ms;
    struct stmt *q = db_query(db, SQL_account_without_key, "t", keys->after_id);
    keys->last_id = keys->after_id;
    for (keys->read = 0; stmt_row(q); keys->read++) {
        const char *id = stmt_text(q, 0, a), *key = account_email_key(a, stmt_text(q, 1, a));
        keys->last_id = id;
        if (!key) continue;
        rows = list_more(a, rows, n, sizeof *rows);
        rows[n].id = id;
        rows[n++].key = key;
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && i < n; i++)
        e = db_run(db, SQL_account_set_key, "tt", rows[i].id, rows[i].key);
    return e;
}

enum err account_recheck_roles(struct db *db, struct arena *a, const char *person_id,
                               unsigned roles) {
    struct person p;
    enum err e = account_find(db, a, person_id, &p);
    if (e != OK) return e;
    if (!(p.roles & roles) || p.deactivated_ms) return ERR_DENIED;
    const char *problem = NULL;
    e = account_record_problem(db, a, person_id, &problem);
    if (e != OK || !problem) return e;
    log_say(LOG_ERROR, "records_changed", "the person %s did not get through: %s", person_id,
            problem);
    return ERR_DENIED;
}

enum err account_set_password(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                              const char *person_id, const char *password_hash) {
    /* Two changes within a millisecond are two rows, since set_ms is part of the key. */
    struct stmt *q;
    enum err e;
    int64_t at = now_ms;
    if (db_one(db, &q, &e, SQL_account_password_last_ms, "t", person_id)) {
        if (!stmt_null(q, 0) && stmt_int(q, 0) >= at) at = stmt_int(q, 0) + 1;
        e = stmt_end(q);
    }
    if (e == OK) e = db_run(db, SQL_account_password_add, "tit", person_id, at, password_hash);
    /* RULE password-forgotten: the one that was replaced is nobody's any more. That there was a
     * change, the log tells. */
    if (e == OK) e = db_run(db, SQL_account_password_forget, "ti", person_id, at);
    return e == OK ? audit_append(db, a, now_ms, actor, "person.password", person_id,
                                  arena_printf(a, "{\"password_sha256\":\"%s\"}",
                                               sha256_hex(a, password_hash, strlen(password_hash))))
                   : e;
}

enum err account_password_issued(struct db *db, const char *person_id) {
    return db_run(db, SQL_account_password_issued, "t", person_id);
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
        if (none) return ERR_CONFLICT; /* refused: nobody could administer the academy any more */
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
    if (e == OK && db_changed_rows(db) == 0) e = ERR_NOT_FOUND;
    return e == OK ? note_member(db, a, now_ms, actor, "cohort.leave", cohort_id, person_id, role)
                   : e;
}

enum err account_cohorts(struct db *db, struct arena *a, const char *id,
                         struct cohort_summary **list, size_t *count) {
    struct stmt *q = id ? db_query(db, SQL_account_cohort, "t", id)
                        : db_query(db, SQL_account_cohorts, "");
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
    *taught = true; /* on an error, the stricter answer */
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
