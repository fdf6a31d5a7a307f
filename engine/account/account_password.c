/* Changing a password: with the old one, or at the first sign-in with one that was handed over. */
#include <string.h>

#include "account/account_private.h"
#include "account/account_sql.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

struct change {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    struct guess guess;
    const char *person, *session;
    struct login_throttle throttle; /* out: it has to wait after too many wrong ones */
    bool first; /* at the first sign-in, in place of a password that was handed over */
    /* Out: the old password is wrong or was changed meanwhile; with `first`: the new one is the
     * same. */
    bool refused;
    struct new_session fresh; /* out */
};

enum err account_latest_hash(struct db *db, struct arena *a, const char *person_id,
                             const char **hash) {
    struct stmt *q;
    enum err e;
    *hash = NULL;
    if (!db_one(db, &q, &e, SQL_account_password, "t", person_id))
        return e == ERR_NOT_FOUND ? OK : e;
    const char *found = stmt_text(q, 0, a), *problem = NULL;
    e = stmt_end(q);
    if (e == OK) e = account_password_problem_logged(db, a, person_id, found, &problem);
    if (problem)
        log_say(LOG_ERROR, "records_changed",
                "the person %s cannot sign in: %s: see gradus audit verify", person_id, problem);
    if (e == OK && !problem) *hash = found;
    return e;
}

/* ---- Storing -------------------------------------------------------------------------------- */

static enum err session_still(struct db *db, const struct change *c, int64_t now_ms) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_account_session, "ti", c->session, now_ms))
        return e == ERR_NOT_FOUND ? ERR_DENIED : e;
    return stmt_end(q);
}

/* RULE session-renewed: whoever knew the old password is out, and so is whoever has seen the token
 * of this session. */
static enum err renew(struct db *db, struct arena *a, struct change *c, int64_t now_ms) {
    enum err e = account_set_password(db, a, now_ms, c->person, c->person, c->hash.made);
    if (e == OK) e = db_run(db, SQL_account_sessions_end, "tit", c->person, now_ms, "");
    return e == OK
               ? account_session_begin(db, a, now_ms, c->person, c->guess.client, true, &c->fresh)
               : e;
}

/* Wrong guesses count like those at a sign-in, so that an open session gives no more of them. */
static enum err store_password(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct change *c = arg;
    const char *hash;
    enum err e = OK;
    if (!c->first) e = account_throttle_of(db, &c->guess, now_ms, &c->throttle);
    if (e != OK || c->throttle.wait_ms > 0) return e;
    e = session_still(db, c, now_ms);
    if (e == OK) e = account_latest_hash(db, a, c->person, &hash);
    if (e != OK) return e;
    if (!hash || !str_eq(hash, c->hash.hash)) {
        c->refused = true; /* changed meanwhile, or past the program */
        return OK;
    }
    c->refused = c->hash.matches == c->first;
    if (!c->refused) return renew(db, a, c, now_ms);
    return c->first ? OK : account_note_guess(db, a, &c->guess, now_ms, false);
}

static enum err form(struct request *r, const struct change *c, int status, const char *field,
                     const char *problem) {
    return c->first ? account_first_password_with(r, status, field, problem)
                    : account_profile_with(r, status, field, problem);
}

static enum err form_key(struct request *r, const struct change *c, const char *field,
                         const char *key) {
    return form(r, c, 400, field, page_text(r->app->site, r->locale, key, NULL, r->arena));
}

static enum err must_wait(struct request *r, const struct change *c) {
    return form(r, c, 429, "current",
                account_wait_text(r, "account_login_wait", c->throttle.wait_ms));
}

static enum err password_stored(struct request *r, void *arg, enum err result) {
    struct change *c = arg;
    if (result == ERR_DENIED) return http_refuse(r, result, "account_session_ended", NULL);
    if (result == ERR_CONFLICT) return http_refuse(r, ERR_DENIED, ACCOUNT_FACTOR_CHANGED, NULL);
    if (result != OK) return result;
    if (c->throttle.wait_ms > 0) return must_wait(r, c);
    if (c->refused)
        return form_key(r, c, c->first ? "new" : "current",
                        c->first ? "account_password_same" : "account_password_wrong");
    account_session_cookie(r, &c->fresh);
    return http_redirect(r, c->first ? "/" : "/me?done=password");
}

static enum err hashed(struct request *r, void *arg, enum err result) {
    struct change *c = arg;
    if (result == ERR_LIMIT) {
        c->throttle.wait_ms = 2 * MS_SECOND;
        return must_wait(r, c);
    }
    if (result != OK) return result;
    if (c->hash.matches != c->first && !c->hash.made) return ERR_BUSY;
    return http_write(r, store_password, c, password_stored);
}

/* ---- Asking --------------------------------------------------------------------------------- */

/* True when the new password is refused; `*answer` is then the form with the problem. */
static bool refuses_new(struct request *r, const struct change *c, enum err *answer) {
    const char *wanted = http_field(r, "new"), *again = http_field(r, "again");
    const struct account_problem *problem = account_password_problem(wanted, r->who->login);
    if (problem) *answer = form(r, c, 400, "new", account_problem_text(r, problem));
    else if (!str_eq(wanted, again)) *answer = form_key(r, c, "again", "account_password_differs");
    else return false;
    return true;
}

static enum err change(struct request *r, const char *given, bool first) {
    struct change *c = NEW(r->arena, struct change);
    enum err e;
    *c = (struct change){
        .first = first,
        .person = r->who->person_id,
        .session = r->who->session_id,
        .guess = {r->who->login, r->client, account_client_key(r->arena, r->client)}};
    if (!given || !*given || strlen(given) > 4 * ACCOUNT_PASSWORD_MAX)
        return form_key(r, c, "current", "account_password_wrong");
    if (refuses_new(r, c, &e)) return e;
    if (!first && str_eq(given, http_field(r, "new")))
        return form_key(r, c, "new", "account_password_same");
    c->hash.entry.login = c->guess.login;
    c->hash.entry.known = true;
    c->hash.password = given;
    c->hash.new_password = http_field(r, "new");
    c->hash.make_unless = first;
    e = first ? OK : account_throttle_of(r->db, &c->guess, r->now_ms, &c->throttle);
    if (e == OK && c->throttle.wait_ms > 0) return must_wait(r, c);
    if (e == OK) e = account_latest_hash(r->db, r->arena, c->person, &c->hash.hash);
    return e == OK ? http_wait(r, account_hash_start, c, hashed) : e;
}

enum err account_password_post(struct request *r) {
    return change(r, http_field(r, "current"), false);
}

/* ---- At the first sign-in ------------------------------------------------------------------- */

enum err account_first_password_with(struct request *r, int status, const char *problem_field,
                                     const char *problem) {
    struct view *v = view_new(r->arena);
    view_text(v, "title",
              page_text(r->app->site, r->locale, "account_first_title", NULL, r->arena));
    view_text(v, "login", r->who->login);
    view_bool(v, "layout_focus", true);
    if (problem) account_add_error(r, v, problem_field, problem);
    return http_page_status(r, status, "account_first", v);
}

/* RULE first-password: only as long as the password is one that was handed over. */
static bool is_due(struct request *r) { return str_eq(r->who->only_path, ACCOUNT_FIRST_PATH); }

enum err account_first_password_page(struct request *r) {
    return is_due(r) ? account_first_password_with(r, 200, NULL, NULL) : http_redirect(r, "/me");
}

enum err account_first_password_post(struct request *r) {
    return is_due(r) ? change(r, http_field(r, "new"), true) : http_redirect(r, "/me");
}
