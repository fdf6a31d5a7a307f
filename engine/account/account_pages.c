/* Sign-in, sign-out, and what a person may change about the own account. */
#include <string.h>

#include "account/account_private.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"

#define THROTTLE_WINDOW_MS (15 * MS_MINUTE)
#define KNOWN_CLIENT_MS (30 * MS_DAY)

/* ---- Sign-in ----------------------------------------------------------------------------------- */

struct sign_in {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    const char *login, *next, *client, *client_key;
    struct person person;
    bool known, succeeded;
    int64_t wait_ms; /* out: too many wrong ones before this one; its password was not looked at */
    const char *token, *session;
};

/* Only a path of ours: anything else would let a link send people elsewhere after signing in. */
static const char *safe_next(const char *next) {
    if (!next || next[0] != '/' || next[1] == '/' || next[1] == '\\' || strlen(next) > 1000)
        return "/";
    for (const char *p = next; *p; p++)
        if ((unsigned char)*p <= 0x20 || *p == 0x7f || *p == '\\') return "/";
    return next;
}

static enum err login_form(struct request *r, int status, const char *login, const char *next,
                           const char *problem) {
    struct view *v = view_new(r->arena);
    view_text(v, "title",
              page_text(r->app->site, r->locale, "account_login_title", NULL, r->arena));
    view_text(v, "login", login ? login : "");
    view_text(v, "next", safe_next(next));
    view_bool(v, "layout_plain", true);
    if (problem) {
        struct view *e = view_item(view_list(v, "errors"));
        view_text(e, "field", "login");
        view_text(e, "text", problem);
        view_text(v, "login_error", problem);
    }
    return http_page_status(r, status, "account_login", v);
}

enum err account_login_page(struct request *r) {
    if (r->who) return http_redirect(r, safe_next(http_query(r, "next")));
    return login_form(r, 200, NULL, http_query(r, "next"), NULL);
}

static enum err count_failures(struct db *db, enum sql_id query, const char *a, const char *b,
                               int64_t since, int64_t *count, int64_t *last) {
    struct stmt *q;
    enum err e;
    bool row = b ? db_one(db, &q, &e, query, "tti", a, b, since)
                 : db_one(db, &q, &e, query, "ti", a, since);
    if (!row) return e;
    *count = stmt_int(q, 0);
    *last = stmt_int(q, 1);
    return stmt_end(q);
}

/* Has this person signed in from here lately? */
static enum err known_here(struct db *db, const char *login, const char *client, int64_t since,
                           bool *known) {
    struct stmt *q;
    enum err e;
    *known = false;
    if (!db_one(db, &q, &e, SQL_account_known_client, "tti", login, client, since))
        return e == ERR_NOT_FOUND ? OK : e;
    *known = true;
    return stmt_end(q);
}

static enum err throttle(struct db *db, const char *login, const char *client,
                         const char *client_key, int64_t now_ms, int64_t *wait_ms) {
    struct login_history h = {0};
    int64_t since = now_ms - THROTTLE_WINDOW_MS;
    enum err e = count_failures(db, SQL_account_attempts_pair, login, client_key, since,
                                &h.pair_failures, &h.pair_last_ms);
    if (e == OK)
        e = count_failures(db, SQL_account_attempts_login, login, NULL, since, &h.login_failures,
                           &h.login_last_ms);
    if (e == OK)
        e = count_failures(db, SQL_account_attempts_client, client_key, NULL, since,
                           &h.client_failures, &h.client_last_ms);
    if (e == OK) e = known_here(db, login, client, now_ms - KNOWN_CLIENT_MS, &h.known_client);
    *wait_ms = e == OK ? account_throttle_ms(&h, now_ms) : 0;
    return e;
}

static enum err latest_hash(struct db *db, struct arena *a, const char *person_id,
                            const char **hash) {
    struct stmt *q;
    enum err e;
    *hash = NULL;
    if (!db_one(db, &q, &e, SQL_account_password, "t", person_id))
        return e == ERR_NOT_FOUND ? OK : e;
    *hash = stmt_text(q, 0, a);
    return stmt_end(q);
}

/* Hashing takes its time: a password that was changed, or a person who was deactivated meanwhile, lets nobody in. */
static enum err still_fits(struct db *db, struct arena *a, struct sign_in *s) {
    const char *hash;
    struct person now;
    enum err e = account_find(db, a, s->person.id, &now);
    if (e == OK) e = latest_hash(db, a, s->person.id, &hash);
    if (e == OK) s->succeeded = !now.deactivated_ms && str_eq(hash, s->hash.hash);
    return e;
}

/* Of a hundred tries at once each was let through by a page that saw none of the others: here they stand in a row, and
 * from the one on that must wait, none is told whether it was right. */
static enum err record_sign_in(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct sign_in *s = arg;
    enum err e = throttle(db, s->login, s->client, s->client_key, now_ms, &s->wait_ms);
    if (e != OK || s->wait_ms > 0) return e;
    if (s->succeeded) e = still_fits(db, a, s);
    if (e == OK)
        e = db_run(db, SQL_account_attempt_add, "tttii", id_new(a, now_ms), s->login, s->client_key,
                   now_ms, (int64_t)s->succeeded);
    if (e != OK || !s->succeeded) return e;
    s->token = random_token(a, 32);
    s->session = sha256_hex(a, s->token, strlen(s->token));
    e = db_run(db, SQL_account_session_add, "tttiit", s->session, s->person.id, random_token(a, 32),
               now_ms, now_ms + SESSION_DAYS * MS_DAY, s->client);
    return e == OK ? audit_append(db, a, now_ms, s->person.id, "session.begin", s->person.id, NULL)
                   : e;
}

static enum err must_wait(struct request *r, const struct sign_in *s) {
    struct view *v = view_new(r->arena);
    view_int(v, "seconds", (s->wait_ms + 999) / 1000);
    http_header_out(r, "Retry-After",
                    arena_printf(r->arena, "%lld", (long long)(s->wait_ms + 999) / 1000));
    return login_form(r, 429, s->login, s->next,
                      page_text(r->app->site, r->locale, "account_login_wait", v, r->arena));
}

static enum err signed_in(struct request *r, void *arg, enum err result) {
    struct sign_in *s = arg;
    if (result != OK) return result;
    if (s->wait_ms > 0) return must_wait(r, s);
    if (!s->succeeded)
        return login_form(
            r, 403, s->login, s->next,
            page_text(r->app->site, r->locale, "account_login_wrong", NULL, r->arena));
    http_cookie_out(r, SESSION_COOKIE, s->token, SESSION_DAYS * 24 * 3600);
    return http_redirect(r, safe_next(s->next));
}

static enum err password_checked(struct request *r, void *arg, enum err result) {
    struct sign_in *s = arg;
    if (result != OK) return result;
    s->succeeded = s->known && s->hash.matches && !s->person.deactivated_ms;
    return http_write(r, record_sign_in, s, signed_in);
}

enum err account_login_post(struct request *r) {
    const char *login = http_field(r, "login"), *password = http_field(r, "password"),
               *next = http_field(r, "next");
    if (!login || !password || strlen(login) > 64 || strlen(password) > 4 * ACCOUNT_PASSWORD_MAX)
        return login_form(
            r, 400, NULL, next,
            page_text(r->app->site, r->locale, "account_login_wrong", NULL, r->arena));
    struct sign_in *s = NEW(r->arena, struct sign_in);
    s->login = str_trim(r->arena, login);
    s->next = next;
    s->client = r->client;
    s->client_key = account_client_key(r->arena, r->client);
    enum err e = throttle(r->db, s->login, s->client, s->client_key, r->now_ms, &s->wait_ms);
    if (e != OK) return e;
    if (s->wait_ms > 0) return must_wait(r, s);
    e = account_find_login(r->db, r->arena, s->login, &s->person);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    s->known = e == OK;
    s->hash.password = password;
    if (s->known && (e = latest_hash(r->db, r->arena, s->person.id, &s->hash.hash)) != OK) return e;
    return http_wait(r, account_hash_start, s, password_checked);
}

/* ---- Sign-out ---------------------------------------------------------------------------------- */

struct ending {
    const char *person,
        *session; /* session: the one that ends, or the one that stays when `others` */
    bool others;
};

static enum err end_sessions(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct ending *x = arg;
    enum err e = x->others
                     ? db_run(db, SQL_account_sessions_end, "tit", x->person, now_ms, x->session)
                     : db_run(db, SQL_account_session_end, "ti", x->session, now_ms);
    return e == OK ? audit_append(db, a, now_ms, x->person,
                                  x->others ? "session.end_others" : "session.end", x->person, NULL)
                   : e;
}

static enum err signed_out(struct request *r, void *arg, enum err result) {
    (void)arg;
    if (result != OK) return result;
    http_cookie_out(r, SESSION_COOKIE, "", -1);
    return http_redirect(r, "/");
}

enum err account_logout_post(struct request *r) {
    struct ending *x = NEW(r->arena, struct ending);
    *x = (struct ending){.person = r->who->person_id, .session = r->who->session_id};
    return http_write(r, end_sessions, x, signed_out);
}

static enum err others_ended(struct request *r, void *arg, enum err result) {
    (void)arg;
    return result == OK ? http_redirect(r, "/me?done=sessions") : result;
}

enum err account_end_sessions_post(struct request *r) {
    struct ending *x = NEW(r->arena, struct ending);
    bool everywhere = http_field(r, "everywhere") != NULL;
    *x = (struct ending){.person = r->who->person_id,
                         .session = everywhere ? "" : r->who->session_id,
                         .others = true};
    return http_write(r, end_sessions, x, everywhere ? signed_out : others_ended);
}

/* ---- My account -------------------------------------------------------------------------------- */

static enum err add_sessions(struct request *r, struct view *v) {
    struct view *list = view_list(v, "sessions");
    struct stmt *q = db_query(r->db, SQL_account_sessions, "ti", r->who->person_id, r->now_ms);
    int64_t count = 0;
    while (stmt_row(q)) {
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

/* A choice only where there is one. */
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

enum err account_profile_with(struct request *r, const char *problem_field, const char *problem) {
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
    add_languages(r, v);
    const char *done = http_query(r, "done");
    if (str_eq(done, "password"))
        view_text(v, "notice",
                  page_text(r->app->site, r->locale, "account_password_done", NULL, r->arena));
    if (str_eq(done, "sessions"))
        view_text(v, "notice",
                  page_text(r->app->site, r->locale, "account_sessions_done", NULL, r->arena));
    if (problem) {
        struct view *item = view_item(view_list(v, "errors"));
        view_text(item, "field", problem_field);
        view_text(item, "text", problem);
        view_text(v, arena_printf(r->arena, "%s_error", problem_field), problem);
    }
    return http_page_status(r, problem ? 400 : 200, "account_profile", v);
}

enum err account_profile_page(struct request *r) { return account_profile_with(r, NULL, NULL); }

struct change {
    struct hash_job hash; /* first, as above */
    const char *person, *session, *locale, *login, *client, *client_key;
    int64_t wait_ms; /* out, as above */
    bool refused;    /* out: not the password, or not any more */
};

/* Guesses count like those of a sign-in: whoever sits at another's open session has no more of them. */
static enum err store_password(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct change *c = arg;
    const char *hash;
    struct stmt *q;
    enum err e = throttle(db, c->login, c->client, c->client_key, now_ms, &c->wait_ms);
    if (e != OK || c->wait_ms > 0) return e;
    if (!db_one(db, &q, &e, SQL_account_session, "ti", c->session, now_ms))
        return e == ERR_NOT_FOUND ? ERR_DENIED : e;
    e = stmt_end(q);
    if (e == OK) e = latest_hash(db, a, c->person, &hash);
    if (e != OK) return e;
    c->refused = !c->hash.matches || !str_eq(hash, c->hash.hash);
    if (c->refused)
        return db_run(db, SQL_account_attempt_add, "tttii", id_new(a, now_ms), c->login,
                      c->client_key, now_ms, (int64_t)0);
    e = account_set_password(db, a, now_ms, c->person, c->person, c->hash.made);
    /* Whoever knew the old password is out. */
    return e == OK ? db_run(db, SQL_account_sessions_end, "tit", c->person, now_ms, c->session) : e;
}

const char *account_problem_text(struct request *r, const char *problem) {
    struct view *v = view_new(r->arena);
    view_int(v, "login_min", ACCOUNT_LOGIN_MIN);
    view_int(v, "login_max", ACCOUNT_LOGIN_MAX);
    view_int(v, "name_max", ACCOUNT_NAME_LIMIT);
    view_int(v, "password_min", ACCOUNT_PASSWORD_MIN);
    view_int(v, "password_max", ACCOUNT_PASSWORD_MAX);
    return page_text(r->app->site, r->locale, problem, v, r->arena);
}

static enum err password_must_wait(struct request *r, const struct change *c) {
    struct view *v = view_new(r->arena);
    view_int(v, "seconds", (c->wait_ms + 999) / 1000);
    return account_profile_with(
        r, "current", page_text(r->app->site, r->locale, "account_login_wait", v, r->arena));
}

static enum err password_stored(struct request *r, void *arg, enum err result) {
    struct change *c = arg;
    if (result == ERR_DENIED) return http_refuse(r, result, "account_session_ended", NULL);
    if (result != OK) return result;
    if (c->wait_ms > 0) return password_must_wait(r, c);
    if (!c->refused) return http_redirect(r, "/me?done=password");
    return account_profile_with(
        r, "current", page_text(r->app->site, r->locale, "account_password_wrong", NULL, r->arena));
}

static enum err old_password_checked(struct request *r, void *arg, enum err result) {
    struct change *c = arg;
    if (result != OK) return result;
    if (c->hash.matches && !c->hash.made) return ERR_BUSY;
    return http_write(r, store_password, c, password_stored);
}

enum err account_password_post(struct request *r) {
    const char *current = http_field(r, "current"), *wanted = http_field(r, "new"),
               *again = http_field(r, "again");
    if (!current || !*current || strlen(current) > 4 * ACCOUNT_PASSWORD_MAX)
        return account_profile_with(
            r, "current",
            page_text(r->app->site, r->locale, "account_password_wrong", NULL, r->arena));
    const char *problem = account_password_problem(wanted, r->who->login);
    if (problem) return account_profile_with(r, "new", account_problem_text(r, problem));
    if (!str_eq(wanted, again))
        return account_profile_with(
            r, "again",
            page_text(r->app->site, r->locale, "account_password_differs", NULL, r->arena));
    struct change *c = NEW(r->arena, struct change);
    c->person = r->who->person_id;
    c->session = r->who->session_id;
    c->login = r->who->login;
    c->client = r->client;
    c->client_key = account_client_key(r->arena, r->client);
    c->hash.password = current;
    c->hash.new_password = wanted;
    enum err e = throttle(r->db, c->login, c->client, c->client_key, r->now_ms, &c->wait_ms);
    if (e != OK) return e;
    if (c->wait_ms > 0) return password_must_wait(r, c);
    e = latest_hash(r->db, r->arena, c->person, &c->hash.hash);
    if (e != OK) return e;
    return http_wait(r, account_hash_start, c, old_password_checked);
}

static enum err store_language(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    (void)now_ms;
    struct change *c = arg;
    return db_run(db, SQL_account_set_locale, "tt", c->person, c->locale);
}

static enum err language_stored(struct request *r, void *arg, enum err result) {
    (void)arg;
    return result == OK ? http_redirect(r, safe_next(http_field(r, "next"))) : result;
}

enum err account_language_post(struct request *r) {
    const char *locale = http_field(r, "locale");
    if (!locale || !page_locale_known(r->app->site, locale))
        return http_refuse(r, ERR_INVALID, "account_no_language", NULL);
    struct change *c = NEW(r->arena, struct change);
    c->person = r->who->person_id;
    c->locale = locale;
    return http_write(r, store_language, c, language_stored);
}
