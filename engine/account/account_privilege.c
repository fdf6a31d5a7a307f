/* Privileged actions: who may decide about whom, and whether somebody has just given their password
 * (account_proof_pages.c asks for it before an account could be taken over). */
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

enum err account_password_recent(struct db *db, const char *session_id, int64_t now_ms, bool *yes) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_account_session_began, "t", session_id)) return e;
    int64_t began_ms = stmt_int(q, 0);
    *yes = began_ms <= now_ms && now_ms - began_ms < PASSWORD_VALID_MS;
    return stmt_end(q);
}

enum err account_renew_session(struct db *db, struct arena *a, void *renewal, int64_t now_ms) {
    struct session_renewal *x = renewal;
    const char *hash;
    enum err e = account_throttle_of(db, &x->guess, now_ms, &x->throttle);
    if (e != OK || x->throttle.wait_ms > 0) return e;
    e = account_latest_hash(db, a, x->person, &hash);
    if (e != OK) return e;
    x->wrong = !x->matches || !str_eq(hash, x->hash);
    e = account_note_guess(db, a, &x->guess, now_ms, !x->wrong);
    if (e != OK || x->wrong) return e;
    /* RULE session-renewed: whoever else holds the old cookie has not given the password. */
    e = db_run(db, SQL_account_session_end, "ti", x->session, now_ms);
    if (e == OK && db_changed_rows(db) == 0) return ERR_DENIED;
    return e == OK
               ? account_session_begin(db, a, now_ms, x->person, x->guess.client, true, &x->fresh)
               : e;
}
