/* Cohorts, for administrators: who teaches whom. It decides whose learners an instructor sees, and
 * who may never decide about whose certificate. */
#include <string.h>

#include "account/account.h"
#include "base/name.h"
#include "base/text.h"
#include "content/content.h"
#include "server/server.h"

#define LOGINS_AT_ONCE 500

static const char *text(struct request *r, const char *key) {
    return page_text(r->app->site, r->locale, key, NULL, r->arena);
}

static const char *programme_title(const struct content_snapshot *s, const char *id) {
    const struct content_programme *p = content_programme(s, id);
    return p ? p->title : id;
}

static enum err go(struct request *r, const char *cohort_id) {
    return http_redirect(r, arena_printf(r->arena, "/admin/cohorts/%s", cohort_id));
}

/* ---- All of them ----------------------------------------------------------------------------- */

static enum err list_page(struct request *r, const char *problem) {
    struct cohort_summary *all;
    size_t count;
    enum err e = account_cohorts(r->db, r->arena, NULL, &all, &count);
    if (e != OK) return e;
    const struct content_snapshot *s = content_of(r);
    struct view *v = view_new(r->arena), *list = view_list(v, "cohorts"),
                *programmes = view_list(v, "programmes");
    for (size_t i = 0; i < count; i++) {
        struct view *item = view_item(list);
        view_text(item, "href", arena_printf(r->arena, "/admin/cohorts/%s", all[i].id));
        view_text(item, "name", all[i].name);
        view_text(item, "programme", programme_title(s, all[i].programme_id));
        view_int(item, "learners", all[i].learners);
        view_int(item, "instructors", all[i].instructors);
        view_time(item, "made", all[i].created_ms, r->locale, r->zone);
    }
    for (size_t i = 0; i < content_programme_count(s); i++) {
        const struct content_programme *p = content_programme_at(s, i);
        struct view *item = view_item(programmes);
        view_text(item, "id", p->id);
        view_text(item, "title", p->title);
        view_bool(item, "chosen", problem && str_eq(http_field(r, "programme"), p->id));
    }
    struct view *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/admin", text(r, "admin_title"));
    view_crumb(crumbs, NULL, text(r, "cohorts_title"));
    view_text(v, "title", text(r, "cohorts_title"));
    if (problem) {
        const char *name = http_field(r, "name");
        uint32_t bad = name ? name_bad_character(name_clean(r->arena, name)) : 0;
        view_text(v, "found", bad ? name_of_character(r->arena, bad) : NULL);
        view_text(v, "problem", page_text(r->app->site, r->locale, problem, v, r->arena));
        view_text(v, "name", name);
    }
    view_bool(v, "layout_wide", true);
    return http_page_status(r, problem ? 400 : 200, "admin_cohorts", v);
}

enum err cohorts_page(struct request *r) { return list_page(r, NULL); }

struct adding {
    const char *actor, *name, *programme, *id;
};

static enum err add(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct adding *x = arg;
    enum err e = account_recheck_roles(db, a, x->actor, ROLE_ADMIN);
    return e == OK ? account_cohort_add(db, a, now_ms, x->actor, x->name, x->programme, &x->id) : e;
}

static enum err added(struct request *r, void *arg, enum err result) {
    const struct adding *x = arg;
    return result == OK ? go(r, x->id) : result;
}

enum err cohorts_post(struct request *r) {
    struct adding *x = NEW(r->arena, struct adding);
    const char *name = http_field(r, "name");
    x->actor = r->who->person_id;
    x->name = name ? name_clean(r->arena, name) : "";
    x->programme = http_field(r, "programme");
    size_t len = utf8_count(x->name);
    if (!name_is_visible(x->name) || len > ACCOUNT_COHORT_NAME_LIMIT)
        return list_page(r, "cohorts_name_problem");
    if (name_bad_character(x->name)) return list_page(r, "cohorts_name_hidden");
    if (!x->programme || !content_programme(content_of(r), x->programme))
        return list_page(r, "cohorts_programme_problem");
    return http_write(r, add, x, added);
}

/* ---- One of them ----------------------------------------------------------------------------- */

static enum err find(struct request *r, struct cohort_summary *out) {
    struct cohort_summary *list;
    size_t count;
    enum err e = account_cohorts(r->db, r->arena, r->param[0], &list, &count);
    if (e == OK && count == 0) e = ERR_NOT_FOUND;
    if (e == OK) *out = list[0];
    return e;
}

/* `problem`: a sentence, with which the form comes back as it was filled in; NULL: none. */
static enum err one_page(struct request *r, const char *problem) {
    struct cohort_summary c;
    struct cohort_member *members;
    size_t count;
    enum err e = find(r, &c);
    if (e == OK) e = account_cohort_members(r->db, r->arena, c.id, &members, &count);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/admin", text(r, "admin_title"));
    view_crumb(crumbs, "/admin/cohorts", text(r, "cohorts_title"));
    view_crumb(crumbs, NULL, c.name);
    view_text(v, "title", c.name);
    view_text(v, "cohort_id", c.id);
    view_text(v, "programme", programme_title(content_of(r), c.programme_id));
    struct view *list = view_list(v, "members");
    for (size_t i = 0; i < count; i++) {
        struct view *item = view_item(list);
        view_text(item, "person_id", members[i].person_id);
        view_text(item, "name", members[i].name);
        view_text(item, "login", members[i].login);
        view_bool(item, "is_instructor", members[i].instructor);
        view_text(item, "role", members[i].instructor ? "instructor" : "learner");
        view_time(item, "joined", members[i].joined_ms, r->locale, r->zone);
    }
    if (problem) {
        view_text(v, "problem", problem);
        view_text(v, "logins", http_field(r, "logins"));
        view_bool(v, "as_instructor", str_eq(http_field(r, "role"), "instructor"));
    }
    view_bool(v, "layout_wide", true);
    return http_page_status(r, problem ? 400 : 200, "admin_cohort", v);
}

enum err cohorts_one_page(struct request *r) { return one_page(r, NULL); }

struct joining {
    const char *actor, *cohort_id;
    const char **people;
    size_t count;
    bool instructor;
};

static enum err join(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct joining *j = arg;
    enum err e = account_recheck_roles(db, a, j->actor, ROLE_ADMIN);
    for (size_t i = 0; e == OK && i < j->count; i++)
        e = account_cohort_join(db, a, now_ms, j->actor, j->cohort_id, j->people[i], j->instructor);
    return e;
}

static enum err joined(struct request *r, void *arg, enum err result) {
    const struct joining *j = arg;
    return result == OK ? go(r, j->cohort_id) : result;
}

/* Reads all the logins that are named; or sets `*problem` to a sentence that lists those that
 * cannot be added, and nobody is. */
static enum err read_logins(struct request *r, struct joining *j, const char *logins,
                            const char **problem) {
    struct buf unknown;
    buf_init(&unknown, r->arena);
    for (const char *p = logins; *p;) {
        size_t n = strcspn(p, " ,;\t\r\n");
        if (n) {
            char *login = arena_copy(r->arena, p, n);
            struct person who;
            enum err e = account_find_login(r->db, r->arena, login, &who);
            if (e != OK && e != ERR_NOT_FOUND) return e;
            bool usable = e == OK && !who.deactivated_ms &&
                          (!j->instructor || who.roles & ROLE_INSTRUCTOR);
            if (!usable) buf_printf(&unknown, "%s%.64s", unknown.len ? ", " : "", login);
            else if (j->count < LOGINS_AT_ONCE) {
                j->people = list_more(r->arena, j->people, j->count, sizeof *j->people);
                j->people[j->count++] = who.id;
            }
        }
        p += n;
        p += *p != '\0';
    }
    struct view *v = view_new(r->arena);
    view_text(v, "logins", buf_text(&unknown));
    if (unknown.len)
        *problem = page_text(r->app->site, r->locale,
                             j->instructor ? "cohorts_no_instructors" : "cohorts_unknown", v,
                             r->arena);
    else if (j->count == 0) *problem = text(r, "cohorts_nobody");
    return OK;
}

enum err cohorts_join_post(struct request *r) {
    struct joining *j = NEW(r->arena, struct joining);
    struct cohort_summary c;
    const char *problem = NULL, *logins = http_field(r, "logins");
    enum err e = find(r, &c);
    if (e != OK) return e;
    j->actor = r->who->person_id;
    j->cohort_id = c.id;
    j->instructor = str_eq(http_field(r, "role"), "instructor");
    e = read_logins(r, j, logins ? logins : "", &problem);
    if (e != OK) return e;
    return problem ? one_page(r, problem) : http_write(r, join, j, joined);
}

static enum err leave(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct joining *j = arg;
    enum err e = account_recheck_roles(db, a, j->actor, ROLE_ADMIN);
    if (e == OK)
        e = account_cohort_leave(db, a, now_ms, j->actor, j->cohort_id, j->people[0],
                                 j->instructor);
    return e == ERR_NOT_FOUND ? OK : e; /* whoever has left already has left */
}

enum err cohorts_leave_post(struct request *r) {
    struct joining *j = NEW(r->arena, struct joining);
    struct cohort_summary c;
    const char *person = http_field(r, "person");
    enum err e = find(r, &c);
    if (e != OK) return e;
    if (!person) return ERR_INVALID;
    struct person who;
    e = account_find(r->db, r->arena, person, &who);
    if (e != OK) return e;
    j->actor = r->who->person_id;
    j->cohort_id = c.id;
    j->instructor = str_eq(http_field(r, "role"), "instructor");
    j->people = NEW_ARRAY(r->arena, const char *, 1);
    j->people[0] = person;
    return http_write(r, leave, j, joined);
}
