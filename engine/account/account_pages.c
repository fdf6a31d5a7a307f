/* The page of the own account; for the password see account_password.c. */
#include <string.h>

#include "account/account_factor.h"
#include "account/account_sql.h"
#include "base/name.h"
#include "base/text.h"

/* ---- My account ----------------------------------------------------------------------------- */

static enum err add_sessions(struct request *r, struct view *v) {
    struct view *list = view_list(v, "sessions");
    struct stmt *q = db_query(r->db, SQL_account_sessions, "ti", r->who->person_id, r->now_ms);
    int64_t count = 0;
    while (stmt_row(q)) {
        if (account_session_until(r->who->roles, stmt_int(q, 1), stmt_int(q, 3)) <= r->now_ms)
            continue;
        struct view *item = view_item(list);
        view_time(item, "began", stmt_int(q, 1), r->locale, r->zone);
        view_text(item, "client", stmt_text(q, 2, r->arena));
        view_bool(item, "is_this", str_eq(stmt_text(q, 0, r->arena), r->who->session_id));
        count++;
    }
    view_int(v, "session_count", count);
    view_bool(v, "has_others", count > 1);
    return stmt_end(q);
}

/* Offers a choice only when there are several languages. */
static void add_languages(struct request *r, struct view *v) {
    const char *const *names;
    size_t count = page_locales(r->app->site, &names, r->arena);
    if (count < 2) return;
    struct view *list = view_list(v, "languages");
    for (size_t i = 0; i < count; i++) {
        struct view *item = view_item(list);
        view_text(item, "code", names[i]);
        view_text(item, "name",
                  page_text(r->app->site, names[i], "site_language_name", NULL, r->arena));
        view_bool(item, "is_chosen", str_eq(names[i], r->locale));
    }
}

void account_add_error(struct request *r, struct view *v, const char *field, const char *problem) {
    struct view *item = view_item(view_list(v, "errors"));
    view_text(item, "field", field);
    view_text(item, "text", problem);
    view_text(v, arena_printf(r->arena, "%s_error", field), problem);
}

const char *account_wait_text(struct request *r, const char *key, int64_t wait_ms) {
    struct view *v = view_new(r->arena);
    int64_t seconds = (wait_ms + 999) / 1000;
    view_int(v, "seconds", seconds);
    http_header_out(r, "Retry-After", arena_printf(r->arena, "%lld", (long long)seconds));
    return page_text(r->app->site, r->locale, key, v, r->arena);
}

enum err account_profile_with(struct request *r, int status, const char *problem_field,
                              const char *problem) {
    struct view *v = view_new(r->arena);
    struct person me;
    enum err e = account_find(r->db, r->arena, r->who->person_id, &me);
    if (e == OK) e = add_sessions(r, v);
    if (e != OK) return e;
    view_text(v, "title",
              page_text(r->app->site, r->locale, "account_profile_title", NULL, r->arena));
    view_text(v, "name", me.name);
    view_text(v, "login", me.login);
    view_text(v, "email", me.email);
    struct factor f;
    e = factor_of(r->db, r->arena, r->who->person_id, &f);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    view_bool(v, "has_factor", e == OK && f.confirmed_ms);
    add_languages(r, v);
    const char *done = http_query(r, "done");
    if (str_eq(done, "password"))
        view_text(v, "notice",
                  page_text(r->app->site, r->locale, "account_password_done", NULL, r->arena));
    if (str_eq(done, "sessions"))
        view_text(v, "notice",
                  page_text(r->app->site, r->locale, "account_sessions_done", NULL, r->arena));
    if (problem) account_add_error(r, v, problem_field, problem);
    return http_page_status(r, status, "account_profile", v);
}

enum err account_profile_page(struct request *r) {
    return account_profile_with(r, 200, NULL, NULL);
}

const char *account_problem_text(struct request *r, const struct account_problem *problem) {
    struct view *v = view_new(r->arena);
    if (problem->character) view_text(v, "found", name_of_character(r->arena, problem->character));
    view_int(v, "login_min", ACCOUNT_LOGIN_MIN);
    view_int(v, "login_max", ACCOUNT_LOGIN_MAX);
    view_int(v, "name_max", ACCOUNT_NAME_LIMIT);
    view_int(v, "password_min", ACCOUNT_PASSWORD_MIN);
    view_int(v, "password_max", ACCOUNT_PASSWORD_MAX);
    return page_text(r->app->site, r->locale, problem->key, v, r->arena);
}

struct language {
    const char *person, *locale;
};

static enum err store_language(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    (void)now_ms;
    struct language *c = arg;
    return db_run(db, SQL_account_set_locale, "tt", c->person, c->locale);
}

static enum err language_stored(struct request *r, void *arg, enum err result) {
    (void)arg;
    return result == OK ? http_redirect(r, account_safe_next(http_field(r, "next"))) : result;
}

static enum err store_reading(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    (void)now_ms;
    struct language *c = arg;
    return db_run(db, SQL_account_set_reading, "tt", c->person, c->locale);
}

/* Any valid language: content may be in languages that the interface lacks. */
enum err account_reading_post(struct request *r) {
    const char *lang = page_language(r->arena, http_field(r, "lang"));
    if (!lang) return http_refuse(r, ERR_INVALID, "account_no_reading", NULL);
    struct language *c = NEW(r->arena, struct language);
    c->person = r->who->person_id;
    c->locale = lang;
    return http_write(r, store_reading, c, language_stored);
}

enum err account_language_post(struct request *r) {
    const char *locale = http_field(r, "locale");
    if (!locale || !page_locale_known(r->app->site, locale))
        return http_refuse(r, ERR_INVALID, "account_no_language", NULL);
    struct language *c = NEW(r->arena, struct language);
    c->person = r->who->person_id;
    c->locale = locale;
    return http_write(r, store_language, c, language_stored);
}
