/* The workflow's steps. Each is a job: it checks its rules inside the transaction that writes the fact, so that neither a
 * stale page nor two people at once get around them. */
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "cert/cert_private.h"

/* A certificate may be renewed when it ends within this time. */
#define RENEWAL_MS (90 * MS_DAY)

static enum err refuse(const char **refusal, enum err e, const char *key) {
    *refusal = key;
    return e;
}

static bool length_fits(const char *text, size_t least, size_t most) {
    if (!text || !utf8_valid(text, strlen(text))) return false;
    size_t blanks = strspn(text, " \t\r\n"), count = utf8_count(text + blanks);
    return count >= least && count <= most;
}

/* {"reason": …, "evidence_sha256": …}: the audit log pins what was known without repeating it. */
static const char *audit_detail(struct arena *a, const char *name, const char *value,
                                const char *evidence) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{\"%s\":", name);
    buf_json(&b, value);
    if (evidence)
        buf_printf(&b, ",\"evidence_sha256\":\"%s\"", sha256_hex(a, evidence, strlen(evidence)));
    buf_puts(&b, "}");
    return arena_dup(a, buf_text(&b));
}

static enum err find_level(const struct content_snapshot *content, const char *programme_id,
                           const char *level_id, const struct content_programme **programme,
                           const struct content_level **level) {
    *programme = content_programme(content, programme_id);
    *level = *programme ? content_level(*programme, level_id) : NULL;
    return *level ? OK : ERR_NOT_FOUND;
}

/* ---- Application --------------------------------------------------------------------------------- */
static enum err check_no_duplicate(struct db *db, struct arena *a, struct cert_apply *apply,
                                   int64_t now_ms) {
    struct stmt *q;
    enum err e;
    if (db_one(db, &q, &e, SQL_cert_application_open, "ttt", apply->person_id, apply->programme_id,
               apply->level_id)) {
        e = stmt_end(q);
        return e == OK ? refuse(&apply->refusal, ERR_CONFLICT, "cert_refusal_waiting") : e;
    }
    if (e != ERR_NOT_FOUND) return e;
    struct cert_summary *held;
    size_t count;
    e = cert_list(db, a, apply->person_id, NULL, now_ms, 100, 0, &held, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        if (!str_eq(held[i].programme_id, apply->programme_id) ||
            !str_eq(held[i].level_id, apply->level_id))
            continue;
        bool ends_soon = held[i].valid_until_ms && held[i].valid_until_ms - now_ms < RENEWAL_MS;
        if (str_eq(held[i].state, "valid") && !ends_soon)
            return refuse(&apply->refusal, ERR_CONFLICT, "cert_refusal_held");
        if (str_eq(held[i].state, "suspended"))
            return refuse(&apply->refusal, ERR_CONFLICT, "cert_refusal_suspended");
    }
    return e;
}

static enum err admit(struct db *db, struct arena *a, int64_t now_ms, const char *application_id,
                      const char *actor, const char *reason, const char *evidence) {
    enum err e = db_run(db, SQL_cert_eligibility_add, "ttttti", id_new(a, now_ms), application_id,
                        actor, reason, evidence, now_ms);
    return e == OK ? audit_append(db, a, now_ms, actor, "cert.admit", application_id,
                                  audit_detail(a, "reason", reason, evidence))
                   : e;
}

enum err cert_apply(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_apply *apply = arg;
    const struct content_programme *programme;
    const struct content_level *level;
    struct cert_level_status status;
    enum err e = find_level(apply->content, apply->programme_id, apply->level_id, &programme,
                            &level);
    if (e == OK)
        e = cert_status_of(apply->app, db, a, apply->content, level, apply->person_id, &status);
    if (e == OK) e = check_no_duplicate(db, a, apply, now_ms);
    if (e != OK) return e;
    bool stated = apply->statement && *apply->statement;
    if (!status.open) return refuse(&apply->refusal, ERR_CONFLICT, "cert_refusal_closed");
    if (!status.complete && !status.only_modules_missing)
        return refuse(&apply->refusal, ERR_CONFLICT, "cert_refusal_missing");
    if (!status.complete && !stated)
        return refuse(&apply->refusal, ERR_CONFLICT, "cert_refusal_missing");
    if (!status.complete && !length_fits(apply->statement, CERT_STATEMENT_MIN, CERT_REASON_MAX))
        return refuse(&apply->refusal, ERR_INVALID, "cert_refusal_statement");
    const char *basis = status.complete ? "training" : "experience";
    apply->application_id = id_new(a, now_ms);
    e = db_run(db, SQL_cert_application_add, "tttttttti", apply->application_id, apply->person_id,
               apply->programme_id, apply->level_id, programme->scheme_version, programme->version,
               basis, status.complete ? "" : apply->statement, now_ms);
    if (e == OK)
        e = audit_append(
            db, a, now_ms, apply->person_id, "cert.apply", apply->application_id,
            audit_detail(a, "level", arena_printf(a, "%s/%s", apply->programme_id, apply->level_id),
                         cert_evidence_json(a, &status)));
    if (e == OK && status.complete)
        e = admit(db, a, now_ms, apply->application_id, "system",
                  "every requirement of the level is met", cert_evidence_json(a, &status));
    return e;
}

/* ---- Marks --------------------------------------------------------------------------------------- */
static enum err check_marker(struct db *db, struct arena *a, struct cert_mark *mark,
                             const char *candidate_id) {
    struct person marker;
    bool taught = false;
    if (str_eq(candidate_id, mark->marker_id))
        return refuse(&mark->refusal, ERR_DENIED, "cert_refusal_self");
    enum err e = account_find(db, a, mark->marker_id, &marker);
    if (e == OK && marker.deactivated_ms)
        return refuse(&mark->refusal, ERR_DENIED, "cert_refusal_role");
    if (e != OK || (marker.roles & ROLE_ASSESSOR)) return e;
    e = account_taught(db, mark->marker_id, candidate_id, &taught);
    if (e == OK && !((marker.roles & ROLE_INSTRUCTOR) && taught))
        return refuse(&mark->refusal, ERR_DENIED, "cert_refusal_role");
    return e;
}

/* What is marked is the application, or a run of this candidate: a mark on anything else would stand in the way of a
 * grant without a work that it is about. */
static enum err check_subject(struct db *db, struct arena *a, struct cert_mark *mark,
                              const char *candidate_id) {
    bool fits = str_eq(mark->subject_kind, "application") &&
                str_eq(mark->subject_id, mark->application_id);
    enum err e = OK;
    if (str_eq(mark->subject_kind, "lab_run"))
        e = cert_lab_run_is_of(db, a, candidate_id, mark->subject_id, &fits);
    return e != OK || fits ? e : refuse(&mark->refusal, ERR_INVALID, "cert_refusal_subject");
}

enum err cert_mark(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_mark *mark = arg;
    struct cert_application application;
    enum err e = cert_application_find(db, a, mark->application_id, &application);
    if (e != OK) return e;
    if (application.outcome) return refuse(&mark->refusal, ERR_CONFLICT, "cert_refusal_decided");
    e = check_marker(db, a, mark, application.person_id);
    if (e != OK) return e;
    if (!length_fits(mark->comment, CERT_REASON_MIN, CERT_REASON_MAX))
        return refuse(&mark->refusal, ERR_INVALID, "cert_refusal_comment");
    e = check_subject(db, a, mark, application.person_id);
    if (e != OK) return e;
    const char *verdict = mark->sufficient ? "sufficient" : "insufficient", *id = id_new(a, now_ms);
    e = db_run(db, SQL_cert_mark_add, "tttttttti", id, mark->application_id, application.person_id,
               mark->marker_id, mark->subject_kind, mark->subject_id, verdict, mark->comment,
               now_ms);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, mark->marker_id, "cert.mark", mark->application_id,
                        audit_detail(a, verdict, mark->comment, NULL));
}

/* ---- Decision ------------------------------------------------------------------------------------ */
/* RULE four-eyes: whoever decides took no part in the candidate's training or examination (ISO/IEC 17024:2012, 9.4). */
static enum err check_independent(struct db *db, struct arena *a, struct cert_decide *d,
                                  const char *candidate_id, struct person *decider) {
    static const struct {
        const char *conflict, *key;
    } keys[] = {{"self", "cert_refusal_self"},
                {"taught", "cert_refusal_taught"},
                {"marked", "cert_refusal_marked"}};
    const char *conflict;
    enum err e = account_find(db, a, d->actor_id, decider);
    if (e == OK && (!(decider->roles & ROLE_ASSESSOR) || decider->deactivated_ms))
        return refuse(&d->refusal, ERR_DENIED, "cert_refusal_role");
    if (e == OK) e = cert_conflict(db, d->actor_id, candidate_id, &conflict);
    if (e != OK) return e;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (str_eq(conflict, keys[i].conflict)) return refuse(&d->refusal, ERR_DENIED, keys[i].key);
    BUG_IF(conflict != NULL);
    return OK;
}

/* Grants need every requirement, or accepted experience in place of modules; an insufficient mark stands in the way. */
static enum err check_grant(struct db *db, struct arena *a, struct cert_decide *d,
                            const struct cert_application *app,
                            const struct cert_level_status *status) {
    struct cert_mark_row *marks;
    size_t count;
    if (!status->complete && !(status->only_modules_missing && str_eq(app->basis, "experience")))
        return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_missing");
    if (!status->complete && !d->accept_experience)
        return refuse(&d->refusal, ERR_INVALID, "cert_refusal_experience");
    enum err e = cert_marks(db, a, app->id, &marks, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        bool last =
            true; /* of this marker on this subject: a later mark takes the place of an earlier one */
        for (size_t k = i + 1; k < count; k++)
            if (str_eq(marks[k].marker_id, marks[i].marker_id) &&
                str_eq(marks[k].subject_id, marks[i].subject_id))
                last = false;
        if (last && str_eq(marks[i].verdict, "insufficient"))
            return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_insufficient");
    }
    return e;
}

enum err cert_decide(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_decide *d = arg;
    struct cert_application app;
    struct person decider;
    struct cert_level_status status;
    const struct content_programme *programme;
    const struct content_level *level;
    enum err e = cert_application_find(db, a, d->application_id, &app);
    if (e != OK) return e;
    if (app.outcome) return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_decided");
    e = check_independent(db, a, d, app.person_id, &decider);
    if (e != OK) return e;
    if (!length_fits(d->reason, CERT_REASON_MIN, CERT_REASON_MAX))
        return refuse(&d->refusal, ERR_INVALID, "cert_refusal_reason");
    e = find_level(d->content, app.programme_id, app.level_id, &programme, &level);
    if (e != OK) return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_level_gone");
    e = cert_status_of(d->app, db, a, d->content, level, app.person_id, &status);
    if (e == OK && d->grant) e = check_grant(db, a, d, &app, &status);
    if (e != OK) return e;
    const char *evidence = cert_evidence_json(a, &status),
               *outcome = d->grant ? "granted" : "refused";
    if (d->grant && !cert_did_from_origin(a, d->origin))
        return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_origin");
    if (d->grant && !app.admitted_by)
        e = admit(db, a, now_ms, app.id, d->actor_id, d->reason, evidence);
    if (e == OK)
        e = db_run(db, SQL_cert_decision_add, "tttttti", id_new(a, now_ms), app.id, outcome,
                   d->actor_id, d->reason, evidence, now_ms);
    if (e == OK)
        e = audit_append(db, a, now_ms, d->actor_id, d->grant ? "cert.grant" : "cert.refuse",
                         app.id, audit_detail(a, "reason", d->reason, evidence));
    if (e != OK || !d->grant) return e;
    struct cert_issue issue = {d->app->certs, &app,      programme,   level,
                               &status,       d->origin, d->actor_id, decider.name};
    return cert_issue(db, a, &issue, now_ms, &d->number);
}

/* ---- Revoking, suspending, reinstating ------------------------------------------------------------- */
static enum err check_change(const struct cert_certificate *c, struct cert_change_status *change) {
    bool revoked = str_eq(c->last_status, "revoked"),
         suspended = str_eq(c->last_status, "suspended");
    if (revoked) return refuse(&change->refusal, ERR_CONFLICT, "cert_refusal_revoked");
    if (change->change == CERT_SUSPEND && suspended)
        return refuse(&change->refusal, ERR_CONFLICT, "cert_refusal_is_suspended");
    if (change->change == CERT_REINSTATE && !suspended)
        return refuse(&change->refusal, ERR_CONFLICT, "cert_refusal_not_suspended");
    return OK;
}

enum err cert_change_status(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    static const char *const kinds[] = {"revoked", "suspended", "reinstated"};
    static const char *const actions[] = {"cert.revoke", "cert.suspend", "cert.reinstate"};
    struct cert_change_status *change = arg;
    struct cert_certificate c;
    struct cert_credential_row current;
    struct person actor;
    const char *row_id;
    enum err e = cert_certificate_find(db, a, change->number, &c);
    if (e == OK) e = cert_credential_find(db, a, c.id, 0, &current);
    if (e == OK) e = account_find(db, a, change->actor_id, &actor);
    if (e != OK) return e;
    if (!(actor.roles & (ROLE_ASSESSOR | ROLE_ADMIN)) || actor.deactivated_ms)
        return refuse(&change->refusal, ERR_DENIED, "cert_refusal_role");
    if (str_eq(change->actor_id, c.person_id))
        return refuse(&change->refusal, ERR_DENIED, "cert_refusal_self");
    if (!length_fits(change->reason, CERT_REASON_MIN, CERT_REASON_MAX))
        return refuse(&change->refusal, ERR_INVALID, "cert_refusal_reason");
    e = check_change(&c, change);
    row_id = current.id;
    /* A set bit stays set: what begins again is a new credential. */
    if (e == OK && change->change == CERT_REINSTATE)
        e = cert_reissue(db, a, change->app->certs, &c, now_ms, &row_id);
    if (e == OK)
        e = db_run(db, SQL_cert_status_add, "tttttti", id_new(a, now_ms), c.id, row_id,
                   kinds[change->change], change->actor_id, change->reason, now_ms);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, change->actor_id, actions[change->change], c.application_id,
                        audit_detail(a, "reason", change->reason, c.number));
}
