/* People and roles, for administrators. */
#include <string.h>

#include "account/account_private.h"
#include "audit/audit.h"
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
    const char *problem;                  /* of the form, which then keeps what was typed */
    const char *new_login, *new_password; /* to hand over, once */
};

static enum err people_page(struct request *r, const struct people_page *with) {
    const char *match = http_query(r, "q");
    int64_t page = 1;
    if (http_query(r, "page") && !parse_i64(http_query(r, "page"), 1, 100000, &page)) page = 1;
    struct person *people;
    size_t count;
    enum err e = account_list(r->db, r->arena, match && *match ? match : NULL, PAGE_SIZE + 1,
                              (int)(page - 1) * PAGE_SIZE, &people, &count);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *list = view_list(v, "people");
    for (size_t i = 0; i < count && i < PAGE_SIZE; i++) add_person_view(r, list, &people[i]);
    view_bool(v, "empty", count == 0);
    view_text(v, "title", page_text(r->app->site, r->locale, "admin_people_title", NULL, r->arena));
    view_text(v, "q", match ? match : "");
    view_int(v, "page", page);
    if (page > 1) view_int(v, "previous_page", page - 1);
    if (count > PAGE_SIZE) view_int(v, "next_page", page + 1);
    view_bool(v, "layout_wide", true);
    if (with->problem) view_text(v, "problem", with->problem);
    /* The form of a new person; its first showing proposes a learner. */
    struct view *typed = view_object(v, "typed");
    bool adding = with->problem && http_field(r, "login");
    static const char *const fields[] = {"name", "login", "email"};
    for (size_t i = 0; adding && i < COUNT_OF(fields); i++)
        view_text(typed, fields[i], http_field(r, fields[i]));
    roles_view(typed, adding ? roles_from_form(r) : ROLE_LEARNER);
    if (with->new_password) {
        struct view *fresh = view_object(v, "fresh");
        view_text(fresh, "login", with->new_login);
        view_text_apart(fresh, "password",
                        with->new_password); /* not compressed with what was searched for */
        http_header_out(r, "Cache-Control", "no-store");
    }
    return http_page_status(r, with->problem ? 400 : 200, "account_people", v);
}

enum err account_people_page(struct request *r) { return people_page(r, &(struct people_page){0}); }

/* ---- Changes ----------------------------------------------------------------------------------- */

struct admin_change {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    const char *actor, *login, *name, *email, *password, *person, *id;
    unsigned roles;
    bool adding;
};

static enum err store_change(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct admin_change *c = arg;
    enum err e = account_still(db, a, c->actor, ROLE_ADMIN);
    if (e != OK) return e;
    if (c->adding)
        return account_add(db, a, now_ms, c->actor, c->login, c->name, c->email, c->roles,
                           c->hash.made, &c->id);
    e = account_set_password(db, a, now_ms, c->actor, c->person, c->hash.made);
    return e == OK ? db_run(db, SQL_account_sessions_end, "tit", c->person, now_ms, "") : e;
}

static enum err change_stored(struct request *r, void *arg, enum err result) {
    struct admin_change *c = arg;
    if (result == ERR_CONFLICT)
        return people_page(
            r, &(struct people_page){.problem = page_text(r->app->site, r->locale,
                                                          "admin_login_taken", NULL, r->arena)});
    if (result != OK) return result;
    return people_page(r,
                       &(struct people_page){.new_login = c->login, .new_password = c->password});
}

static enum err change_hashed(struct request *r, void *arg, enum err result) {
    struct admin_change *c = arg;
    if (result != OK) return result;
    return c->hash.made ? http_write(r, store_change, c, change_stored) : ERR_BUSY;
}

enum err account_add_post(struct request *r) {
    struct admin_change *c = NEW(r->arena, struct admin_change);
    c->adding = true;
    c->actor = r->who->person_id;
    c->login = http_field(r, "login");
    c->name = http_field(r, "name");
    c->email = http_field(r, "email");
    c->roles = roles_from_form(r);
    const char *problem = account_person_problem(r->arena, c->login, c->name, c->email);
    if (!problem && !c->roles) problem = "admin_role_missing";
    if (problem)
        return people_page(r, &(struct people_page){.problem = account_problem_text(r, problem)});
    c->password = account_random_password(r->arena);
    c->hash.new_password = c->password;
    return http_wait(r, account_hash_start, c, change_hashed);
}

enum err account_reset_post(struct request *r) {
    struct admin_change *c = NEW(r->arena, struct admin_change);
    struct person p;
    enum err e = account_find(r->db, r->arena, r->param[0], &p);
    if (e != OK) return e;
    c->actor = r->who->person_id;
    c->person = p.id;
    c->login = p.login;
    c->password = account_random_password(r->arena);
    c->hash.new_password = c->password;
    return http_wait(r, account_hash_start, c, change_hashed);
}

static enum err store_roles(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct admin_change *c = arg;
    enum err e = account_still(db, a, c->actor, ROLE_ADMIN);
    return e == OK ? account_set_roles(db, a, now_ms, c->actor, c->person, c->roles) : e;
}

static enum err roles_stored(struct request *r, void *arg, enum err result) {
    (void)arg;
    if (result == ERR_CONFLICT)
        return people_page(
            r, &(struct people_page){.problem = page_text(r->app->site, r->locale,
                                                          "admin_last_admin", NULL, r->arena)});
    return result == OK ? http_redirect(r, "/admin/people") : result;
}

enum err account_roles_post(struct request *r) {
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
    return http_write(r, store_roles, c, roles_stored);
}

/* ---- A name ------------------------------------------------------------------------------------ */

/* A wedding, a misspelling: the name is printed on certificates from now on. What was issued stays as it was signed. */
static enum err name_page(struct request *r, const char *typed, const char *problem) {
    struct person p;
    enum err e = account_find(r->db, r->arena, r->param[0], &p);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs"), *up = view_item(crumbs);
    view_text(up, "href", "/admin/people");
    view_text(up, "text", page_text(r->app->site, r->locale, "admin_people_title", NULL, r->arena));
    view_text(view_item(crumbs), "text", p.name);
    view_text(v, "title", page_text(r->app->site, r->locale, "admin_name_title", NULL, r->arena));
    view_text(v, "person_id", p.id);
    view_text(v, "login", p.login);
    view_text(v, "name", typed ? typed : p.name);
    if (problem) view_text(v, "problem", problem);
    return http_page_status(r, problem ? 400 : 200, "account_name", v);
}

enum err account_name_page(struct request *r) { return name_page(r, NULL, NULL); }

struct renaming {
    struct person person;
    const char *actor, *name;
};

static enum err rename_person(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct renaming *x = arg;
    struct buf detail;
    enum err e = account_still(db, a, x->actor, ROLE_ADMIN);
    if (e == OK) e = db_run(db, SQL_account_set_name, "tt", x->person.id, x->name);
    if (e != OK) return e;
    buf_init(&detail, a);
    buf_puts(&detail, "{\"is\":");
    buf_json(&detail, x->name);
    buf_puts(&detail, ",\"was\":");
    buf_json(&detail, x->person.name);
    buf_puts(&detail, "}");
    return audit_append(db, a, now_ms, x->actor, "person.name", x->person.id, buf_text(&detail));
}

static enum err renamed(struct request *r, void *arg, enum err result) {
    const struct renaming *x = arg;
    return result == OK
               ? http_redirect(r, arena_printf(r->arena, "/admin/people?q=%s", x->person.login))
               : result;
}

enum err account_name_post(struct request *r) {
    struct renaming *x = NEW(r->arena, struct renaming);
    enum err e = account_find(r->db, r->arena, r->param[0], &x->person);
    if (e != OK) return e;
    const char *typed = http_field(r, "name");
    x->actor = r->who->person_id;
    x->name = typed ? str_trim(r->arena, typed) : "";
    const char *problem = account_person_problem(r->arena, x->person.login, x->name,
                                                 x->person.email);
    return problem ? name_page(r, typed, account_problem_text(r, problem))
                   : http_write(r, rename_person, x, renamed);
}
