/* Impartiality: who may decide on whom, and declaring an interest. One place for all decisions. */
#include <string.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "cert/cert_sql.h"

static const struct {
    const char *conflict, *refusal;
} conflicts[] = {{"self", "cert_refusal_self"},
                 {"interest", "cert_refusal_interest"},
                 {"taught", "cert_refusal_taught"},
                 {"marked", "cert_refusal_marked"}};

static enum err any_row(struct db *db, int query, const char *x, const char *y, bool *there) {
    struct stmt *q;
    enum err e;
    *there = false;
    if (!db_one(db, &q, &e, query, "tt", x, y)) return e == ERR_NOT_FOUND ? OK : e;
    *there = stmt_int(q, 0) > 0;
    return stmt_end(q);
}

enum err cert_conflict(struct db *db, const char *actor_id, const char *candidate_id,
                       const char **conflict) {
    bool there = false;
    enum err e = account_conflict(db, actor_id, candidate_id, conflict);
    if (e != OK || *conflict) return e;
    e = account_taught(db, actor_id, candidate_id, &there);
    if (e == OK && there) *conflict = "taught";
    if (e != OK || there) return e;
    e = any_row(db, SQL_cert_marked, candidate_id, actor_id, &there);
    if (e == OK && there) *conflict = "marked";
    return e;
}

const char *cert_conflict_refusal(const char *conflict) {
    for (size_t i = 0; i < COUNT_OF(conflicts); i++)
        if (str_eq(conflict, conflicts[i].conflict)) return conflicts[i].refusal;
    return "cert_refusal_role"; /* one that this table does not know yet binds, too */
}

enum err cert_may_decide(struct db *db, struct arena *a, const char *actor_id, unsigned roles,
                         const char *person_id, struct person *actor, const char **refusal) {
    const char *conflict = NULL;
    enum err e = account_find(db, a, actor_id, actor);
    if (e != OK) return e;
    if (!(actor->roles & roles) || actor->deactivated_ms) {
        *refusal = "cert_refusal_role";
        return ERR_DENIED;
    }
    if (!audit_holds()) {
        *refusal = "cert_refusal_log";
        return ERR_CONFLICT;
    }
    e = cert_conflict(db, actor_id, person_id, &conflict);
    if (e != OK || !conflict) return e;
    *refusal = cert_conflict_refusal(conflict);
    return ERR_DENIED;
}

/* ---- Declaring an interest ------------------------------------------------------------------- */
#define NOTE_MAX 1000 /* characters */

enum err cert_declare(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_declare *d = arg;
    struct person actor, candidate;
    const char *conflict = NULL;
    enum err e = account_find(db, a, d->actor_id, &actor);
    if (e == OK) e = account_find(db, a, d->person_id, &candidate);
    if (e != OK) return e;
    if (!(actor.roles & (ROLE_ASSESSOR | ROLE_INSTRUCTOR | ROLE_ADMIN)) || actor.deactivated_ms) {
        d->refusal = "cert_refusal_role";
        return ERR_DENIED;
    }
    const char *note = d->note ? str_trim(a, d->note) : "";
    if (!utf8_valid(note, strlen(note)) || utf8_count(note) > NOTE_MAX) {
        d->refusal = "cert_refusal_note";
        return ERR_INVALID;
    }
    e = account_conflict(db, d->actor_id, d->person_id, &conflict);
    if (e == OK && str_eq(conflict, "self")) {
        d->refusal = "cert_refusal_interest_self";
        return ERR_CONFLICT;
    }
    if (e != OK || conflict) return e; /* declared already: that stands */
    e = db_run(db, SQL_cert_interest_add, "ttti", d->actor_id, d->person_id, note, now_ms);
    /* The log says that there is one, not which. */
    return e == OK ? audit_append(db, a, now_ms, d->actor_id, "cert.interest", d->person_id, NULL)
                   : e;
}

enum err cert_interests(struct db *db, struct arena *a, const char *actor_id,
                        struct cert_interest **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_interests_of, "t", actor_id);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[*count] = (struct cert_interest){stmt_text(q, 0, a), stmt_text(q, 1, a),
                                                stmt_text(q, 2, a), stmt_int(q, 3)};
    }
    return stmt_end(q);
}
