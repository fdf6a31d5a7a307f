/* Asking for the password again (re-authentication) before an account could be taken over: the
 * page, and what its answer leads to. */
#include <string.h>

#include "account/account_private.h"

struct reauthentication {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    struct session_renewal renewal;
    const char *const *fields;
    enum err (*next)(struct request *r, void *arg);
    void *arg;
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
    return proof_page(r, p, 429,
                      account_wait_text(r, "account_login_wait", p->renewal.throttle.wait_ms));
}

static enum err renew(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct reauthentication *p = arg;
    return account_renew_session(db, a, &p->renewal, now_ms);
}

static enum err renewed(struct request *r, void *arg, enum err result) {
    struct reauthentication *p = arg;
    if (result == ERR_DENIED) return http_refuse(r, result, "account_session_ended", NULL);
    if (result == ERR_CONFLICT) return http_refuse(r, ERR_DENIED, ACCOUNT_FACTOR_CHANGED, NULL);
    if (result != OK) return result;
    if (p->renewal.throttle.wait_ms > 0) return must_wait(r, p);
    if (p->renewal.wrong)
        return proof_page(
            r, p, 403,
            page_text(r->app->site, r->locale, "account_password_wrong", NULL, r->arena));
    account_session_cookie(r, &p->renewal.fresh);
    /* The page that answers has forms, which need the CSRF token of the new session. */
    struct identity *who = NEW(r->arena, struct identity);
    *who = *r->who;
    who->session_id = p->renewal.fresh.id;
    who->csrf = p->renewal.fresh.csrf;
    r->who = who;
    return p->next(r, p->arg);
}

static enum err compared(struct request *r, void *arg, enum err result) {
    struct reauthentication *p = arg;
    if (result == ERR_LIMIT) {
        p->renewal.throttle.wait_ms = 2 * MS_SECOND;
        return must_wait(r, p);
    }
    p->renewal.matches = p->hash.matches;
    p->renewal.hash = p->hash.hash;
    return result == OK ? http_write(r, renew, p, renewed) : result;
}

enum err account_reauthenticate(struct request *r, const char *const *fields,
                                enum err (*next)(struct request *r, void *arg), void *arg) {
    const char *proof = http_field(r, "proof");
    bool yes = false;
    enum err e = account_password_recent(r->db, r->who->session_id, r->now_ms, &yes);
    if (e != OK) return e;
    if (yes) return next(r, arg);
    struct reauthentication *p = NEW(r->arena, struct reauthentication);
    *p = (struct reauthentication){
        .fields = fields,
        .next = next,
        .arg = arg,
        .renewal = {.person = r->who->person_id,
                    .session = r->who->session_id,
                    .guess = {r->who->login, r->client, account_client_key(r->arena, r->client)}}};
    if (!proof) return proof_page(r, p, 403, NULL);
    if (!*proof || strlen(proof) > 4 * ACCOUNT_PASSWORD_MAX)
        return proof_page(
            r, p, 403,
            page_text(r->app->site, r->locale, "account_password_wrong", NULL, r->arena));
    p->hash.entry.login = p->renewal.guess.login;
    p->hash.entry.known = true;
    p->hash.password = proof;
    e = account_throttle_of(r->db, &p->renewal.guess, r->now_ms, &p->renewal.throttle);
    if (e == OK && p->renewal.throttle.wait_ms > 0) return must_wait(r, p);
    if (e == OK) e = account_latest_hash(r->db, r->arena, p->renewal.person, &p->hash.hash);
    return e == OK ? http_wait(r, account_hash_start, p, compared) : e;
}
