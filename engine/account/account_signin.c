/* Sign-in and sign-out. */
#include <stddef.h>
#include <string.h>

#include "account/account_private.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"

/* ---- Sign-in -------------------------------------------------------------------------------- */

struct sign_in {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    struct delay delay;
    struct guess guess;
    const char *typed, *next;
    struct person person;
    bool known, succeeded;
    /* With wait_ms there were too many wrong guesses before this one, and its password was not
     * checked. */
    struct login_throttle throttle;
    struct new_session session;
};

/* Only a path of this server: else a link could send people elsewhere after they sign in. */
const char *account_safe_next(const char *next) {
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
    view_text(v, "next", account_safe_next(next));
    view_bool(v, "layout_plain", true);
    if (problem) {
        struct view *e = view_item(view_list(v, "errors"));
        view_text(e, "field", "login");
        view_text(e, "text", problem);
        view_text(v, "login_error", problem);
    }
    return http_page_status(r, status, "account_login", v);
}

/* A page of another person that is still open leads here with `other`: several people share the
 * device. */
static enum err other_form(struct request *r) {
    struct view *v = view_new(r->arena), *names = view_new(r->arena);
    view_text(names, "name", r->who->name);
    view_text(v, "title",
              page_text(r->app->site, r->locale, "account_login_title", NULL, r->arena));
    view_text(v, "notice",
              page_text(r->app->site, r->locale, "account_login_other", names, r->arena));
    view_bool(v, "layout_plain", true);
    return http_page_status(r, 200, "account_other", v);
}

enum err account_login_page(struct request *r) {
    if (r->who && http_query(r, "other")) return other_form(r);
    if (r->who) return http_redirect(r, account_safe_next(http_query(r, "next")));
    return login_form(r, 200, NULL, http_query(r, "next"), NULL);
}

/* The password may have been changed, or the person deactivated, while it was hashed: then it lets
 * nobody in. */
static enum err still_fits(struct db *db, struct arena *a, struct sign_in *s) {
    const char *hash;
    struct person now;
    enum err e = account_find(db, a, s->person.id, &now);
    if (e == OK) e = account_latest_hash(db, a, s->person.id, &hash);
    if (e == OK) s->succeeded = !now.deactivated_ms && str_eq(hash, s->hash.hash);
    return e;
}

/* A hundred simultaneous guesses all passed the check of their request, which saw none of the
 * others. Jobs run one after the other: from the guess on that has to wait, none is told whether it
 * was right. */
static enum err record_sign_in(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct sign_in *s = arg;
    enum err e = account_throttle_of(db, &s->guess, now_ms, &s->throttle);
    if (e != OK || s->throttle.wait_ms > 0) return e;
    if (s->succeeded) e = still_fits(db, a, s);
    if (e == OK) e = account_note_guess(db, a, &s->guess, now_ms, s->succeeded);
    if (e != OK || !s->succeeded) return e;
    return account_session_begin(db, a, now_ms, s->person.id, s->guess.client, false, &s->session);
}

/* 429 is about this account and this address; 503 is about the whole academy, and says so. */
static enum err must_wait(struct request *r, const struct sign_in *s) {
    return login_form(r, 429, s->typed, s->next,
                      account_wait_text(r, "account_login_wait", s->throttle.wait_ms));
}

static enum err overloaded(struct request *r, const struct sign_in *s) {
    return login_form(r, 503, s->typed, s->next,
                      account_wait_text(r, "account_login_busy", 5 * MS_SECOND));
}

/* The address of the page that asks for the code, with the one that follows it. */
static const char *code_address(struct request *r, const char *next) {
    return arena_printf(r->arena, ACCOUNT_CODE_PATH "?next=%s",
                        percent_encode(r->arena, account_safe_next(next), "/"));
}

static enum err signed_in(struct request *r, void *arg, enum err result) {
    struct sign_in *s = arg;
    if (result == ERR_BUSY) return overloaded(r, s);
    if (result == ERR_CONFLICT)
        return login_form(
            r, 403, s->typed, s->next,
            page_text(r->app->site, r->locale, ACCOUNT_FACTOR_CHANGED, NULL, r->arena));
    if (result != OK) return result;
    if (s->throttle.wait_ms > 0) return must_wait(r, s);
    if (!s->succeeded)
        return login_form(
            r, 403, s->typed, s->next,
            page_text(r->app->site, r->locale, "account_login_wrong", NULL, r->arena));
    account_session_cookie(r, &s->session);
    return http_redirect(r, s->session.awaits_code ? code_address(r, s->next)
                                                   : account_safe_next(s->next));
}

static enum err password_checked(struct request *r, void *arg, enum err result) {
    struct sign_in *s = arg;
    if (result == ERR_LIMIT) {
        s->throttle.wait_ms = 2 * MS_SECOND;
        return must_wait(r, s);
    }
    if (result == ERR_BUSY) return overloaded(r, s);
    if (result != OK) return result;
    s->succeeded = s->known && s->hash.matches && !s->person.deactivated_ms;
    return http_write(r, record_sign_in, s, signed_in);
}

static enum err check_password(struct request *r, struct sign_in *s) {
    enum err e = OK;
    if (s->known) e = account_latest_hash(r->db, r->arena, s->person.id, &s->hash.hash);
    s->hash.entry.login = s->guess.login;
    s->hash.entry.known = s->throttle.known;
    return e == OK ? http_wait(r, account_hash_start, s, password_checked) : e;
}

/* After the delay the throttle is read again: others may have guessed meanwhile. */
static enum err delayed(struct request *r, void *arg, enum err result) {
    struct sign_in *s = (struct sign_in *)((char *)arg - offsetof(struct sign_in, delay));
    if (result == ERR_BUSY) return overloaded(r, s);
    if (result != OK) return result;
    enum err e = account_throttle_of(r->db, &s->guess, r->now_ms, &s->throttle);
    if (e != OK) return e;
    return s->throttle.wait_ms > 0 ? must_wait(r, s) : check_password(r, s);
}

/* The account whose password is guessed, whether its login or its address was typed. */
static enum err find_whom(struct request *r, struct sign_in *s) {
    enum err e = account_find_login(r->db, r->arena, s->typed, &s->person);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    s->known = e == OK;
    s->guess.login = s->known ? s->person.login : account_login_clean(r->arena, s->typed);
    return OK;
}

enum err account_login_post(struct request *r) {
    const char *login = http_field(r, "login"), *password = http_field(r, "password"),
               *next = http_field(r, "next");
    if (!login || !password || strlen(login) > LOGIN_TYPED_MAX ||
        strlen(password) > 4 * ACCOUNT_PASSWORD_MAX)
        return login_form(
            r, 400, NULL, next,
            page_text(r->app->site, r->locale, "account_login_wrong", NULL, r->arena));
    struct sign_in *s = NEW(r->arena, struct sign_in);
    s->typed = login;
    s->next = next;
    s->guess.client = r->client;
    s->guess.client_key = account_client_key(r->arena, r->client);
    s->hash.password = password;
    enum err e = find_whom(r, s);
    if (e == OK) e = account_throttle_of(r->db, &s->guess, r->now_ms, &s->throttle);
    if (e != OK) return e;
    if (s->throttle.wait_ms > DELAY_MAX_MS) return must_wait(r, s);
    s->delay.wait_ms = s->throttle.wait_ms > s->throttle.hold_ms ? s->throttle.wait_ms
                                                                 : s->throttle.hold_ms;
    return s->delay.wait_ms > 0 ? http_wait(r, account_delay_start, &s->delay, delayed)
                                : check_password(r, s);
}

/* ---- Sign-out ------------------------------------------------------------------------------- */

struct ending {
    const char *person;
    const char *session; /* the one that ends, or with `others` the one that stays */
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
    http_host_cookie_out(r, SESSION_COOKIE, "", -1);
    /* Clears the browser's cache. Not "storage", which may hold answers of an exam that could not
     * be sent yet; not "cookies", which hold language and theme, and those of other programs of
     * this domain. */
    http_header_out(r, "Clear-Site-Data", "\"cache\"");
    return http_redirect(r, account_safe_next(http_field(r, "next")));
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
