/* People and roles, for administrators. */
#include <string.h>

#include "account/account_factor.h"
#include "account/account_private.h"
#include "account/account_sql.h"
#include "base/codec.h"
#include "base/text.h"

#define PAGE_SIZE 50

static void roles_view(struct view *v, unsigned roles) {
    view_bool(v, "is_learner", roles & ROLE_LEARNER);
    view_bool(v, "is_instructor", roles & ROLE_INSTRUCTOR);
    view_bool(v, "is_assessor", roles & ROLE_ASSESSOR);
    view_bool(v, "is_admin", roles & ROLE_ADMIN);
}

static void add_person_view(struct request *r, struct view *list, const struct person *p) {
    struct view *item = view_item(list);
    view_bool(item, "is_self", str_eq(p->id, r->who->person_id));
    view_text(item, "id", p->id);
    view_text(item, "name", p->name);
    view_text(item, "login", p->login);
    view_text(item, "email", p->email);
    view_time(item, "created", p->created_ms, r->locale, r->zone);
    roles_view(item, p->roles);
}

static unsigned roles_from_form(struct request *r) {
    const char *const *values;
    size_t count = http_fields(r, "roles[]", &values);
    unsigned roles = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned one;
        if (!strchr(values[i], ',') && account_roles_parse(values[i], &one)) roles |= one;
    }
    return roles;
}

struct people_page {
    const char *problem;                  /* of a change to somebody who is there */
    const char *field, *field_problem;    /* of the form, which then keeps what was typed */
    const char *new_login, *new_password; /* to hand over; shown once */
};

/* The way to the list of people, and from there to `below`; NULL: to the list itself. */
static void people_crumbs(struct request *r, struct view *crumbs, const char *below) {
    struct site *site = r->app->site;
    view_crumb(crumbs, "/admin", page_text(site, r->locale, "admin_title", NULL, r->arena));
    view_crumb(crumbs, below ? "/admin/people" : NULL,
               page_text(site, r->locale, "admin_people_title", NULL, r->arena));
    if (below) view_crumb(crumbs, NULL, below);
}

/* What the administrator was looking for in the list. */
static const char *wanted_people(struct request *r) {
    const char *q = http_query(r, "q") ? http_query(r, "q") : http_field(r, "q");
    return q && *q ? q : NULL;
}

static const char *people_href(struct request *r) {
    const char *q = wanted_people(r);
    return q ? arena_printf(r->arena, "/admin/people?q=%s", percent_encode(r->arena, q, ""))
             : "/admin/people";
}

static enum err people_page(struct request *r, const struct people_page *with) {
    const char *match = wanted_people(r);
    const char *after = http_query(r, "after");
    struct people people;
    enum err e = account_list(r->db, r->arena, match, after, PAGE_SIZE, &people);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *list = view_list(v, "people");
    for (size_t i = 0; i < people.count; i++) add_person_view(r, list, &people.list[i]);
    view_bool(v, "empty", people.count == 0 && !people.next);
    const char *title = page_text(r->app->site, r->locale, "admin_people_title", NULL, r->arena);
    people_crumbs(r, view_list(v, "crumbs"), NULL);
    view_text(v, "title", title);
    view_text(v, "q", match ? match : "");
    if (match) view_text(v, "q_part", percent_encode(r->arena, match, ""));
    if (after) view_bool(v, "later", true);
    if (people.next) view_text(v, "next", percent_encode(r->arena, people.next, ""));
    view_bool(v, "layout_wide", true);
    if (with->problem) view_text(v, "problem", with->problem);
    /* The form of a new person; its first showing proposes a learner. */
    struct view *typed = view_object(v, "typed");
    bool adding = with->field != NULL;
    if (adding) {
        struct view *error = view_item(view_list(v, "errors"));
        view_text(error, "field", with->field);
        view_text(error, "text", with->field_problem);
        view_text(typed, arena_printf(r->arena, "%s_error", with->field), with->field_problem);
    }
    static const char *const fields[] = {"name", "login", "email"};
    for (size_t i = 0; adding && i < COUNT_OF(fields); i++)
        view_text(typed, fields[i], http_field(r, fields[i]));
    roles_view(typed, adding ? roles_from_form(r) : ROLE_LEARNER);
    if (with->new_password) {
        struct view *fresh = view_object(v, "fresh");
        view_text(fresh, "login", with->new_login);
        /* Personal: it must not be compressed together with the search text. */
        view_text_personal(fresh, "password", with->new_password);
        http_header_out(r, "Cache-Control", "no-store");
    }
    return http_page_status(r, with->problem || with->field ? 400 : 200, "account_people", v);
}

enum err account_people_page(struct request *r) { return people_page(r, &(struct people_page){0}); }

/* ---- Changes -------------------------------------------------------------------------------- */

struct admin_change {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    const char *actor, *login, *name, *email, *password, *person, *id;
    const char *refusal; /* out */
    unsigned roles;
    bool adding;
};

static enum err store_change(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct admin_change *c = arg;
    enum err e = account_recheck_roles(db, a, c->actor, ROLE_ADMIN);
    if (e != OK) return e;
    if (c->adding) {
        e = account_add(db, a, now_ms, c->actor, c->login, c->name, c->email, c->roles,
                        c->hash.issued_made[0], &c->id);
        return e == OK ? account_password_issued(db, c->id) : e;
    }
    e = account_set_password(db, a, now_ms, c->actor, c->person, c->hash.issued_made[0]);
    if (e == OK) e = account_password_issued(db, c->person);
    return e == OK ? db_run(db, SQL_account_sessions_end, "tit", c->person, now_ms, "") : e;
}

/* Says who has this login or address already; an administrator may know. */
static const char *who_has(struct request *r, const char *login, const char *email,
                           const char *except, const char **field) {
    struct view *v = view_new(r->arena);
    struct person other;
    bool is_login = login && account_taken(r->db, r->arena, login, NULL, except, &other) == OK;
    *field = is_login ? "login" : "email";
    if (!is_login && account_taken(r->db, r->arena, NULL, email, except, &other) == OK)
        view_text(v, "login", other.login);
    return page_text(r->app->site, r->locale, is_login ? "admin_login_taken" : "admin_email_taken",
                     v, r->arena);
}

static enum err change_stored(struct request *r, void *arg, enum err result) {
    struct admin_change *c = arg;
    if (result == ERR_CONFLICT && c->adding) {
        struct people_page with = {
            .field_problem = who_has(r, c->login, c->email, NULL, &with.field)};
        return people_page(r, &with);
    }
    if (result != OK) return result;
    return people_page(r,
                       &(struct people_page){.new_login = c->login, .new_password = c->password});
}

static enum err change_hashed(struct request *r, void *arg, enum err result) {
    struct admin_change *c = arg;
    if (result != OK) return result;
    return c->hash.issued_made ? http_write(r, store_change, c, change_stored) : ERR_BUSY;
}

static enum err hash_change(struct request *r, void *arg) {
    return http_wait(r, account_hash_start, arg, change_hashed);
}

static void issue_password(struct request *r, struct admin_change *c) {
    c->password = account_random_password(r->arena);
    c->hash.issued = &c->password;
    c->hash.issued_count = 1;
}

/* The form field that a problem is about. */
static const char *field_of(const struct account_problem *problem) {
    if (str_eq(problem->key, "account_problem_login")) return "login";
    if (str_eq(problem->key, "account_problem_email")) return "email";
    return str_eq(problem->key, "admin_role_missing") ? "roles" : "name";
}

enum err account_add_post(struct request *r) {
    struct admin_change *c = NEW(r->arena, struct admin_change);
    c->adding = true;
    c->actor = r->who->person_id;
    c->login = http_field(r, "login");
    c->name = http_field(r, "name");
    c->email = http_field(r, "email");
    c->roles = roles_from_form(r);
    const struct account_problem *problem = account_person_problem(r->arena, c->login, c->name,
                                                                   c->email);
    static const struct account_problem no_role = {.key = "admin_role_missing"};
    if (!problem && !c->roles) problem = &no_role;
    if (problem)
        return people_page(
            r, &(struct people_page){.field = field_of(problem),
                                     .field_problem = account_problem_text(r, problem)});
    c->login = account_login_clean(r->arena, c->login);
    issue_password(r, c);
    static const char *const fields[] = {"name", "login", "email", "roles[]", NULL};
    return c->roles & ~(unsigned)ROLE_LEARNER ? account_reauthenticate(r, fields, hash_change, c)
                                              : hash_change(r, c);
}

/* RULE own-account: an open session is not enough to change its own password. */
static enum err find_other(struct request *r, struct person *p) {
    enum err e = account_find(r->db, r->arena, r->param[0], p);
    if (e != OK) return e;
    return str_eq(p->id, r->who->person_id) ? http_refuse(r, ERR_DENIED, "admin_own_account", NULL)
                                            : OK;
}

/* RULE ask-first: what ends somebody's sessions or cannot be undone has a page of its own, which
 * says whom it is about and what happens, before a button does it. */
enum err account_reset_page(struct request *r) {
    struct person p;
    enum err e = find_other(r, &p);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    const char *title = page_text(r->app->site, r->locale, "admin_reset", NULL, r->arena);
    people_crumbs(r, view_list(v, "crumbs"), title);
    view_text(v, "title", title);
    view_text(v, "person_id", p.id);
    view_text(v, "name", p.name);
    view_text(v, "login", p.login);
    view_text(v, "q", http_query(r, "q"));
    view_text(v, "list_href", people_href(r));
    return http_page(r, "account_reset", v);
}

enum err account_reset_post(struct request *r) {
    static const char *const fields[] = {"q", NULL};
    struct admin_change *c = NEW(r->arena, struct admin_change);
    struct person p;
    enum err e = find_other(r, &p);
    if (e != OK) return e;
    c->actor = r->who->person_id;
    c->person = p.id;
    c->login = p.login;
    issue_password(r, c);
    return account_reauthenticate(r, fields, hash_change, c);
}

/* The role of a learner decides nothing: administrators may give it to anybody, also to themselves.
 */
static enum err store_roles(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct admin_change *c = arg;
    struct person was;
    enum err e = account_find(db, a, c->person, &was);
    if (e != OK) return e;
    bool decides = (was.roles ^ c->roles) & ~(unsigned)ROLE_LEARNER;
    e = decides ? account_may_change(db, a, c->actor, c->person, &c->refusal)
                : account_recheck_roles(db, a, c->actor, ROLE_ADMIN);
    return e == OK ? account_set_roles(db, a, now_ms, c->actor, c->person, c->roles) : e;
}

static enum err roles_stored(struct request *r, void *arg, enum err result) {
    const struct admin_change *c = arg;
    if (result == ERR_CONFLICT)
        return people_page(
            r, &(struct people_page){.problem = page_text(r->app->site, r->locale,
                                                          "admin_last_admin", NULL, r->arena)});
    return result == OK ? http_redirect(r, people_href(r)) : account_answer(r, result, c->refusal);
}

static enum err change_roles(struct request *r, void *arg) {
    return http_write(r, store_roles, arg, roles_stored);
}

enum err account_roles_post(struct request *r) {
    static const char *const fields[] = {"roles[]", "q", NULL};
    struct admin_change *c = NEW(r->arena, struct admin_change);
    struct person p;
    enum err e = account_find(r->db, r->arena, r->param[0], &p);
    if (e != OK) return e;
    c->actor = r->who->person_id;
    c->person = p.id;
    c->roles = roles_from_form(r);
    if (!c->roles)
        return people_page(
            r, &(struct people_page){.problem = page_text(r->app->site, r->locale,
                                                          "admin_role_missing", NULL, r->arena)});
    return account_reauthenticate(r, fields, change_roles, c);
}

/* ---- Name and address ----------------------------------------------------------------------- */

/* The name is printed on certificates that are issued from now on; issued ones stay as they were
 * signed. */
static enum err name_page(struct request *r, bool typed, const char *problem) {
    struct person p;
    enum err e = account_find(r->db, r->arena, r->param[0], &p);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    people_crumbs(r, view_list(v, "crumbs"), p.name);
    view_text(v, "title", page_text(r->app->site, r->locale, "admin_name_title", NULL, r->arena));
    view_text(v, "person_id", p.id);
    view_text(v, "login", p.login);
    struct factor f = {0};
    const char *changed;
    e = factor_problem(r->db, r->arena, p.id, &changed);
    if (e == OK) e = factor_of(r->db, r->arena, p.id, &f);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    /* RULE logged-factor: also one that only the log tells can be ended here. */
    if (f.confirmed_ms || changed) {
        struct view *factor = view_object(v, "factor");
        if (!changed) view_time(factor, "since", f.confirmed_ms, r->locale, r->zone);
        if (changed)
            view_text(factor, "changed",
                      page_text(r->app->site, r->locale, "factor_admin_changed", NULL, r->arena));
    }
    view_text(v, "name", typed ? http_field(r, "name") : p.name);
    view_text(v, "email", typed && http_field(r, "email") ? http_field(r, "email") : p.email);
    if (problem) view_text(v, "problem", problem);
    view_bool(v, "is_self", str_eq(p.id, r->who->person_id));
    e = account_view_refusal(r, v, p.id);
    return e == OK ? http_page_status(r, problem ? 400 : 200, "account_name", v) : e;
}

enum err account_name_page(struct request *r) { return name_page(r, false, NULL); }

struct renaming {
    struct person person;
    const char *actor, *name, *email;
    const char *refusal; /* out */
};

/* Certificates show the name, so nobody corrects their own. The e-mail address is only for contact.
 */
static enum err rename_person(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct renaming *x = arg;
    bool renames = !str_eq(account_name_clean(a, x->name), x->person.name);
    enum err e = renames ? account_may_change(db, a, x->actor, x->person.id, &x->refusal)
                         : account_recheck_roles(db, a, x->actor, ROLE_ADMIN);
    return e == OK ? account_set_fields(db, a, now_ms, x->actor, &x->person, x->name, x->email) : e;
}

static enum err renamed(struct request *r, void *arg, enum err result) {
    const struct renaming *x = arg;
    if (result == ERR_CONFLICT)
        return name_page(r, true, who_has(r, NULL, x->email, x->person.id, &(const char *){NULL}));
    return result == OK
               ? http_redirect(r, arena_printf(r->arena, "/admin/people?q=%s", x->person.login))
               : account_answer(r, result, x->refusal);
}

enum err account_name_post(struct request *r) {
    struct renaming *x = NEW(r->arena, struct renaming);
    enum err e = account_find(r->db, r->arena, r->param[0], &x->person);
    if (e != OK) return e;
    x->actor = r->who->person_id;
    x->name = http_field(r, "name");
    x->email = http_field(r, "email") ? http_field(r, "email") : x->person.email;
    const struct account_problem *problem = account_person_problem(r->arena, x->person.login,
                                                                   x->name, x->email);
    return problem ? name_page(r, true, account_problem_text(r, problem))
                   : http_write(r, rename_person, x, renamed);
}
