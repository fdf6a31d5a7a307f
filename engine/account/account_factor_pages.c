/* The second factor: asked for at the sign-in, set up and ended on a page of the own account. */
#include <string.h>

#include "account/account_factor.h"
#include "account/account_sql.h"
#include "base/text.h"

static const char *text_of(struct request *r, const char *key) {
    return page_text(r->app->site, r->locale, key, NULL, r->arena);
}

static const char *wait_text(struct request *r, int64_t wait_ms) {
    return account_wait_text(r, "account_login_wait", wait_ms);
}

/* Wrong codes are counted like wrong passwords, but separately. */
static struct guess code_guess(struct request *r) {
    return (struct guess){arena_printf(r->arena, "code:%s", r->who->login), r->client,
                          account_client_key(r->arena, r->client)};
}

/* ---- At the sign-in ------------------------------------------------------------------------- */

struct asking {
    struct guess guess;
    const char *person, *session, *code;
    struct login_throttle throttle;
    bool right;
    struct new_session fresh;
};

static enum err code_form(struct request *r, int status, const char *problem) {
    struct view *v = view_new(r->arena);
    const char *next = http_query(r, "next") ? http_query(r, "next") : http_field(r, "next");
    view_text(v, "title", text_of(r, "factor_code_title"));
    view_text(v, "next", account_safe_next(next));
    view_bool(v, "layout_focus", true);
    if (problem) account_add_error(r, v, "code", problem);
    return http_page_status(r, status, "account_code", v);
}

static bool awaits_code(struct request *r) { return str_eq(r->who->only_path, ACCOUNT_CODE_PATH); }

enum err account_code_page(struct request *r) {
    return awaits_code(r) ? code_form(r, 200, NULL) : http_redirect(r, "/");
}

static enum err take_code(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct asking *x = arg;
    enum err e = account_throttle_of(db, &x->guess, now_ms, &x->throttle);
    if (e != OK || x->throttle.wait_ms > 0) return e;
    e = factor_use_code(db, a, now_ms, x->person, x->code, &x->right);
    if (e == OK) e = account_note_guess(db, a, &x->guess, now_ms, x->right);
    if (e != OK || !x->right) return e;
    /* RULE session-renewed: the half of a session that the password alone has opened ends here. */
    e = db_run(db, SQL_account_session_end, "ti", x->session, now_ms);
    if (e == OK && db_changed_rows(db) == 0) return ERR_DENIED;
    return e == OK
               ? account_session_begin(db, a, now_ms, x->person, x->guess.client, true, &x->fresh)
               : e;
}

static enum err code_taken(struct request *r, void *arg, enum err result) {
    struct asking *x = arg;
    if (result == ERR_DENIED) return http_refuse(r, result, "account_session_ended", NULL);
    if (result == ERR_CONFLICT) return http_refuse(r, ERR_DENIED, ACCOUNT_FACTOR_CHANGED, NULL);
    if (result != OK) return result;
    if (x->throttle.wait_ms > 0) return code_form(r, 429, wait_text(r, x->throttle.wait_ms));
    if (!x->right) return code_form(r, 403, text_of(r, "factor_code_wrong"));
    account_session_cookie(r, &x->fresh);
    return http_redirect(r, account_safe_next(http_field(r, "next")));
}

enum err account_code_post(struct request *r) {
    if (!awaits_code(r)) return http_redirect(r, "/");
    struct asking *x = NEW(r->arena, struct asking);
    const char *code = http_field(r, "code");
    if (!code || !*code || strlen(code) > 100)
        return code_form(r, 403, text_of(r, "factor_code_wrong"));
    *x = (struct asking){.guess = code_guess(r),
                         .person = r->who->person_id,
                         .session = r->who->session_id,
                         .code = code};
    return http_write(r, take_code, x, code_taken);
}

/* ---- Of the own account --------------------------------------------------------------------- */

struct factor_change {
    struct hash_job hash; /* first: account_hash_start takes it by this address */
    struct guess guess;
    const char *person, *code;
    bool ends, right;
    struct login_throttle throttle;
    const char *codes[FACTOR_RECOVERY];
};

static enum err factor_page(struct request *r, int status, const char *field, const char *problem,
                            const char *const *codes) {
    struct factor f = {0};
    const char *changed;
    enum err e = factor_problem(r->db, r->arena, r->who->person_id, &changed);
    if (e == OK) e = factor_of(r->db, r->arena, r->who->person_id, &f);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    struct view *v = view_new(r->arena);
    if (changed) view_text(v, "problem", text_of(r, ACCOUNT_FACTOR_CHANGED));
    view_text(v, "title", text_of(r, "factor_title"));
    view_text(v, "login", r->who->login);
    view_bool(v, "layout_focus", r->who->only_path != NULL);
    view_bool(v, "required", r->who->only_path != NULL);
    if (problem) account_add_error(r, v, field, problem);
    if (e == ERR_NOT_FOUND) view_bool(v, "none", true);
    else if (!f.confirmed_ms) {
        struct view *begun = view_object(v, "begun");
        const char *uri = factor_uri(r->arena, &f, r->who->login, r->origin);
        const char *drawing = uri ? factor_qr_svg(r->arena, uri) : NULL;
        if (!drawing) return ERR_BUSY;
        view_html(begun, "drawing", drawing);
        view_text(begun, "letters", factor_secret_base32(r->arena, &f, true));
    } else {
        struct view *there = view_object(v, "there");
        view_time(there, "since", f.confirmed_ms, r->locale, r->zone);
        view_int(there, "codes_left", f.codes_left);
        struct view *list = codes ? view_list(there, "codes") : NULL;
        for (int i = 0; codes && i < FACTOR_RECOVERY; i++) view_item_text(list, codes[i]);
    }
    return http_page_status(r, status, "account_factor", v);
}

enum err account_factor_page(struct request *r) { return factor_page(r, 200, NULL, NULL, NULL); }

static enum err store_factor(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factor_change *x = arg;
    const char *hash;
    enum err e = account_throttle_of(db, &x->guess, now_ms, &x->throttle);
    if (e != OK || x->throttle.wait_ms > 0) return e;
    e = account_latest_hash(db, a, x->person, &hash);
    if (e != OK) return e;
    x->right = x->hash.matches && str_eq(hash, x->hash.hash);
    if (!x->right) return account_note_guess(db, a, &x->guess, now_ms, false);
    return x->ends ? factor_end(db, a, now_ms, x->person, x->person)
                   : factor_begin(db, a, now_ms, x->person);
}

static enum err factor_stored(struct request *r, void *arg, enum err result) {
    struct factor_change *x = arg;
    if (result != OK && result != ERR_CONFLICT) return result;
    if (x->throttle.wait_ms > 0)
        return factor_page(r, 429, "current", wait_text(r, x->throttle.wait_ms), NULL);
    if (!x->right && result == OK)
        return factor_page(r, 400, "current", text_of(r, "account_password_wrong"), NULL);
    return http_redirect(r, ACCOUNT_FACTOR_PATH);
}

static enum err factor_hashed(struct request *r, void *arg, enum err result) {
    struct factor_change *x = arg;
    if (result == ERR_LIMIT)
        return factor_page(r, 429, "current", wait_text(r, 2 * MS_SECOND), NULL);
    return result == OK ? http_write(r, store_factor, x, factor_stored) : result;
}

/* Setting up and ending a factor asks for the password, so that an open session is not enough. */
static enum err with_password(struct request *r, struct factor_change *x) {
    const char *current = http_field(r, "current");
    if (!current || !*current || strlen(current) > 4 * ACCOUNT_PASSWORD_MAX)
        return factor_page(r, 400, "current", text_of(r, "account_password_wrong"), NULL);
    x->guess = (struct guess){r->who->login, r->client, account_client_key(r->arena, r->client)};
    x->hash.entry.login = x->guess.login;
    x->hash.entry.known = true;
    x->hash.password = current;
    enum err e = account_throttle_of(r->db, &x->guess, r->now_ms, &x->throttle);
    if (e == OK && x->throttle.wait_ms > 0)
        return factor_page(r, 429, "current", wait_text(r, x->throttle.wait_ms), NULL);
    if (e == OK) e = account_latest_hash(r->db, r->arena, x->person, &x->hash.hash);
    return e == OK ? http_wait(r, account_hash_start, x, factor_hashed) : e;
}

static enum err store_confirmed(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factor_change *x = arg;
    enum err e = account_throttle_of(db, &x->guess, now_ms, &x->throttle);
    if (e != OK || x->throttle.wait_ms > 0) return e;
    e = factor_confirm(db, a, now_ms, x->person, x->code, &x->right, x->codes);
    return e == OK ? account_note_guess(db, a, &x->guess, now_ms, x->right) : e;
}

static enum err confirmed(struct request *r, void *arg, enum err result) {
    struct factor_change *x = arg;
    if (result == ERR_CONFLICT || result == ERR_NOT_FOUND)
        return http_redirect(r, ACCOUNT_FACTOR_PATH);
    if (result != OK) return result;
    if (x->throttle.wait_ms > 0)
        return factor_page(r, 429, "code", wait_text(r, x->throttle.wait_ms), NULL);
    return x->right ? factor_page(r, 200, NULL, NULL, x->codes)
                    : factor_page(r, 400, "code", text_of(r, "factor_code_wrong"), NULL);
}

enum err account_factor_post(struct request *r) {
    struct factor_change *x = NEW(r->arena, struct factor_change);
    const char *action = http_field(r, "action");
    x->person = r->who->person_id;
    x->ends = str_eq(action, "end");
    if (!str_eq(action, "confirm")) return with_password(r, x);
    x->code = http_field(r, "code");
    if (!x->code || strlen(x->code) > 100)
        return factor_page(r, 400, "code", text_of(r, "factor_code_wrong"), NULL);
    x->guess = code_guess(r);
    return http_write(r, store_confirmed, x, confirmed);
}

/* ---- For administrators --------------------------------------------------------------------- */

struct ending {
    const char *actor, *person, *login;
};

static enum err end_factor(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct ending *x = arg;
    enum err e = account_recheck_roles(db, a, x->actor, ROLE_ADMIN);
    return e == OK ? factor_end(db, a, now_ms, x->actor, x->person) : e;
}

static enum err factor_ended(struct request *r, void *arg, enum err result) {
    const struct ending *x = arg;
    return result == OK
               ? http_redirect(r, arena_printf(r->arena, "/admin/people/%s/name", x->person))
               : result;
}

static enum err begin_ending(struct request *r, void *arg) {
    return http_write(r, end_factor, arg, factor_ended);
}

/* For a person who has lost the telephone and the recovery codes. */
enum err account_factor_end_post(struct request *r) {
    static const char *const fields[] = {NULL};
    struct ending *x = NEW(r->arena, struct ending);
    struct person p;
    enum err e = account_find(r->db, r->arena, r->param[0], &p);
    if (e != OK) return e;
    /* RULE own-account */
    if (str_eq(p.id, r->who->person_id))
        return http_refuse(r, ERR_DENIED, "admin_own_account", NULL);
    *x = (struct ending){r->who->person_id, p.id, p.login};
    return account_reauthenticate(r, fields, begin_ending, x);
}
