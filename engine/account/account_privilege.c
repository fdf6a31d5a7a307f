/* Privileged actions: who may decide about whom, and asking for the password again
 * (re-authentication) before an account could be taken over. */
#include <string.h>

#include "account/account_private.h"
#include "account/account_sql.h"
#include "base/text.h"

#define PASSWORD_VALID_MS (10 * MS_MINUTE) /* a password counts as given for this long */

/* ---- About whom ----------------------------------------------------------------------------- */

enum err account_conflict(struct db *db, const char *actor_id, const char *person_id,
                          const char **conflict) {
    struct stmt *q;
    enum err e;
    *conflict = str_eq(actor_id, person_id) ? "self" : NULL;
    if (*conflict) return OK;
    if (!db_one(db, &q, &e, SQL_account_interest, "tt", actor_id, person_id))
        return e == ERR_NOT_FOUND ? OK : e;
    *conflict = "interest";
    return stmt_end(q);
}

const char *account_refusal(const char *conflict) {
    return str_eq(conflict, "self") ? "admin_refusal_self" : "admin_refusal_interest";
}

enum err account_may_change(struct db *db, struct arena *a, const char *actor_id,
                            const char *person_id, const char **refusal) {
    const char *conflict = NULL;
    enum err e = account_recheck_roles(db, a, actor_id, ROLE_ADMIN);
    if (e == OK) e = account_conflict(db, actor_id, person_id, &conflict);
    if (e != OK || !conflict) return e;
    *refusal = account_refusal(conflict);
    return ERR_DENIED;
}

enum err account_view_refusal(struct request *r, struct view *v, const char *person_id) {
    const char *conflict = NULL;
    enum err e = account_conflict(r->db, r->who->person_id, person_id, &conflict);
    if (e == OK && conflict)
        view_text(v, "refusal",
                  page_text(r->app->site, r->locale, account_refusal(conflict), NULL, r->arena));
    return e;
}

enum err account_answer(struct request *r, enum err result, const char *refusal) {
    return result == ERR_DENIED && refusal ? http_refuse(r, result, refusal, NULL) : result;
}

/* ---- The own password again ----------------------------------------------------------------- */

struct reauthentication {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    struct guess guess;
    const char *const *fields;
    enum err (*next)(struct request *r, void *arg);
    void *arg;
    const char *person, *session;
    struct login_throttle throttle;
    bool wrong;
    struct new_session fresh;
};

static enum err proof_page(struct request *r, const struct reauthentication *p, int status,
                           const char *problem) {
    struct view *v = view_new(r->arena), *kept = view_list(v, "kept");
    view_text(v, "title",
              page_text(r->app->site, r->locale, "account_proof_title", NULL, r->arena));
    view_text(v, "action", r->path);
    view_text(v, "login", r->who->login);
    for (size_t i = 0; p->fields[i]; i++) {
        const char *const *values;
        size_t count = http_fields(r, p->fields[i], &values);
        for (size_t n = 0; n < count; n++) {
            struct view *item = view_item(kept);
            view_text(item, "name", p->fields[i]);
            view_text(item, "value", values[n]);
        }
    }
    view_bool(v, "layout_focus", true);
    if (problem) {
        struct view *item = view_item(view_list(v, "errors"));
        view_text(item, "field", "proof");
        view_text(item, "text", problem);
        view_text(v, "proof_error", problem);
    }
    http_header_out(r, "Cache-Control", "no-store");
    return http_page_status(r, status, "account_proof", v);
}

static enum err must_wait(struct request *r, const struct reauthentication *p) {
    return proof_page(r, p, 429, account_wait_text(r, "account_login_wait", p->throttle.wait_ms));
}

static enum err renew(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct reauthentication *p = arg;
    const char *hash;
    enum err e = account_throttle_of(db, &p->guess, now_ms, &p->throttle);
    if (e != OK || p->throttle.wait_ms > 0) return e;
    e = account_latest_hash(db, a, p->person, &hash);
    if (e != OK) return e;
    p->wrong = !p->hash.matches || !str_eq(hash, p->hash.hash);
    e = account_note_guess(db, a, &p->guess, now_ms, !p->wrong);
    if (e != OK || p->wrong) return e;
    /* RULE session-renewed: whoever else holds the old cookie has not given the password. */
    e = db_run(db, SQL_account_session_end, "ti", p->session, now_ms);
    if (e == OK && db_changed_rows(db) == 0) return ERR_DENIED;
    return e == OK
               ? account_session_begin(db, a, now_ms, p->person, p->guess.client, true, &p->fresh)
               : e;
}

static enum err renewed(struct request *r, void *arg, enum err result) {
    struct reauthentication *p = arg;
    if (result == ERR_DENIED) return http_refuse(r, result, "account_session_ended", NULL);
    if (result == ERR_CONFLICT) return http_refuse(r, ERR_DENIED, ACCOUNT_FACTOR_CHANGED, NULL);
    if (result != OK) return result;
    if (p->throttle.wait_ms > 0) return must_wait(r, p);
    if (p->wrong)
        return proof_page(
            r, p, 403,
            page_text(r->app->site, r->locale, "account_password_wrong", NULL, r->arena));
    account_session_cookie(r, &p->fresh);
    /* The page that answers has forms, which need the CSRF token of the new session. */
    struct identity *who = NEW(r->arena, struct identity);
    *who = *r->who;
    who->session_id = p->fresh.id;
    who->csrf = p->fresh.csrf;
    r->who = who;
    return p->next(r, p->arg);
}

static enum err compared(struct request *r, void *arg, enum err result) {
    struct reauthentication *p = arg;
    if (result == ERR_LIMIT) {
        p->throttle.wait_ms = 2 * MS_SECOND;
        return must_wait(r, p);
    }
    return result == OK ? http_write(r, renew, p, renewed) : result;
}

static enum err password_is_recent(struct request *r, bool *yes) {
    struct stmt *q;
    enum err e;
    if (!db_one(r->db, &q, &e, SQL_account_session_began, "t", r->who->session_id)) return e;
    int64_t began_ms = stmt_int(q, 0);
    *yes = began_ms <= r->now_ms && r->now_ms - began_ms < PASSWORD_VALID_MS;
    return stmt_end(q);
}

enum err account_reauthenticate(struct request *r, const char *const *fields,
                                enum err (*next)(struct request *r, void *arg), void *arg) {
    const char *proof = http_field(r, "proof");
    bool yes = false;
    enum err e = password_is_recent(r, &yes);
    if (e != OK) return e;
    if (yes) return next(r, arg);
    struct reauthentication *p = NEW(r->arena, struct reauthentication);
    *p = (struct reauthentication){
        .fields = fields,
        .next = next,
        .arg = arg,
        .person = r->who->person_id,
        .session = r->who->session_id,
        .guess = {r->who->login, r->client, account_client_key(r->arena, r->client)}};
    if (!proof) return proof_page(r, p, 403, NULL);
    if (!*proof || strlen(proof) > 4 * ACCOUNT_PASSWORD_MAX)
        return proof_page(
            r, p, 403,
            page_text(r->app->site, r->locale, "account_password_wrong", NULL, r->arena));
    p->hash.entry.login = p->guess.login;
    p->hash.entry.known = true;
    p->hash.password = proof;
    e = account_throttle_of(r->db, &p->guess, r->now_ms, &p->throttle);
    if (e == OK && p->throttle.wait_ms > 0) return must_wait(r, p);
    if (e == OK) e = account_latest_hash(r->db, r->arena, p->person, &p->hash.hash);
    return e == OK ? http_wait(r, account_hash_start, p, compared) : e;
}
