/* The workflow's steps. Each is a job: it checks its rules inside the transaction that writes the
 * fact, so that neither a stale page nor two people at once get around them. */
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "cert/cert_records.h"
#include "cert/cert_sql.h"

static enum err refuse(const char **refusal, enum err e, const char *key) {
    *refusal = key;
    return e;
}

static bool length_fits(const char *text, size_t least, size_t most) {
    if (!text || !utf8_valid(text, strlen(text))) return false;
    size_t blanks = strspn(text, " \t\r\n"), count = utf8_count(text + blanks);
    return count >= least && count <= most;
}

bool cert_reason_fits(const char *reason) {
    return length_fits(reason, CERT_REASON_MIN, CERT_REASON_MAX);
}

/* {"reason": …, "evidence_sha256": …}: the audit log pins what was known without repeating it. */
static const char *audit_detail(struct arena *a, const char *name, const char *value,
                                const char *evidence) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{\"%s\":", name);
    buf_json(&b, value);
    buf_printf(&b, ",\"evidence_sha256\":\"%s\"}", sha256_hex(a, evidence, strlen(evidence)));
    return arena_dup(a, buf_text(&b));
}

static enum err find_level(const struct content_snapshot *content, const char *programme_id,
                           const char *level_id, const struct content_programme **programme,
                           const struct content_level **level) {
    *programme = content_programme(content, programme_id);
    *level = *programme ? content_level(*programme, level_id) : NULL;
    return *level ? OK : ERR_NOT_FOUND;
}

/* ---- Application ----------------------------------------------------------------------------- */
/* RULE may-apply */
static enum err check_standing(const struct cert_standing *standing, const char **refusal) {
    static const char *const keys[] = {[CERT_MAY_WAITS] = "cert_refusal_waiting",
                                       [CERT_MAY_HELD] = "cert_refusal_held",
                                       [CERT_MAY_SUSPENDED] = "cert_refusal_suspended",
                                       [CERT_MAY_REVOKED] = "cert_refusal_after_revocation",
                                       [CERT_MAY_REFUSED] = "cert_refusal_after_refusal"};
    if (standing->may == CERT_MAY_APPLY) return OK;
    return refuse(refusal, ERR_CONFLICT, keys[standing->may]);
}

static enum err admit(struct db *db, struct arena *a, int64_t now_ms, const char *application_id,
                      const char *actor, const char *reason, const char *evidence) {
    enum err e = db_run(db, SQL_cert_eligibility_add, "ttttti", id_new(a, now_ms), application_id,
                        actor, reason, evidence, now_ms);
    return e == OK ? audit_append(db, a, now_ms, actor, "cert.admit", application_id,
                                  audit_detail(a, "reason", reason, evidence))
                   : e;
}

/* What the log keeps of an application, without its statement: that is the candidate's, and many
 * read the log. */
static const char *application_detail(struct arena *a, const struct cert_apply *apply,
                                      const char *scheme, const char *basis, const char *statement,
                                      const char *evidence) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "{\"level\":");
    buf_json(&b, arena_printf(a, "%s/%s", apply->programme_id, apply->level_id));
    buf_puts(&b, ",\"scheme\":");
    buf_json(&b, scheme);
    buf_printf(&b, ",\"basis\":\"%s\",\"statement_sha256\":\"%s\",\"evidence_sha256\":\"%s\"}",
               basis, sha256_hex(a, statement, strlen(statement)),
               sha256_hex(a, evidence, strlen(evidence)));
    return arena_dup(a, buf_text(&b));
}

enum err cert_apply(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_apply *apply = arg;
    const struct content_programme *programme;
    const struct content_level *level;
    struct cert_level_status status;
    struct cert_standing standing;
    enum err e = find_level(apply->content, apply->programme_id, apply->level_id, &programme,
                            &level);
    if (e != OK) return e;
    struct cert_standing_query asked = {apply->person_id, apply->programme_id, level, NULL, 0};
    e = cert_standing_of(apply->app, db, a, apply->content, &asked, now_ms, &standing, &status);
    if (e == OK) e = check_standing(&standing, &apply->refusal);
    if (e != OK) return e;
    const char *problem = NULL;
    e = cert_records_past(db, a, apply->person_id, NULL, &problem);
    if (e != OK) return e;
    if (problem) {
        log_say(LOG_ERROR, "records_changed",
                "person %s: does not apply: %s: see gradus audit verify", apply->person_id,
                problem);
        return refuse(&apply->refusal, ERR_CONFLICT, "cert_refusal_records");
    }
    bool stated = apply->statement && *apply->statement;
    if (status.changed && !status.complete)
        return refuse(&apply->refusal, ERR_CONFLICT, "cert_refusal_records");
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
    /* RULE waiting-list: an application stands there until it is decided, and through no other job.
     */
    if (e == OK)
        e = db_run(db, SQL_cert_waiting_add, "tti", apply->application_id, apply->person_id,
                   now_ms);
    if (e == OK)
        e = audit_append(db, a, now_ms, apply->person_id, "cert.apply", apply->application_id,
                         application_detail(a, apply, programme->scheme_version, basis,
                                            status.complete ? "" : apply->statement,
                                            cert_evidence_json(a, &status)));
    /* An application whose records are not as they were logged is not admitted by the program: a
     * person has to look into it. */
    if (e == OK) e = cert_records_results(db, a, &status, &problem);
    if (e == OK && status.complete && !status.changed && !problem && audit_holds())
        e = admit(db, a, now_ms, apply->application_id, "system",
                  "every requirement of the level is met", cert_evidence_json(a, &status));
    return e;
}

/* ---- Marks ----------------------------------------------------------------------------------- */
static enum err check_marker(struct db *db, struct arena *a, struct cert_mark *mark,
                             const char *candidate_id) {
    struct person marker;
    const char *conflict = NULL;
    bool taught = false;
    /* Teaching and marking go together; being the candidate, or having an interest, does not. */
    enum err e = cert_conflict(db, mark->marker_id, candidate_id, &conflict);
    if (e == OK && (str_eq(conflict, "self") || str_eq(conflict, "interest")))
        return refuse(&mark->refusal, ERR_DENIED, cert_conflict_refusal(conflict));
    if (e == OK) e = account_find(db, a, mark->marker_id, &marker);
    if (e == OK && marker.deactivated_ms)
        return refuse(&mark->refusal, ERR_DENIED, "cert_refusal_role");
    if (e != OK || (marker.roles & ROLE_ASSESSOR)) return e;
    e = account_taught(db, mark->marker_id, candidate_id, &taught);
    if (e == OK && !((marker.roles & ROLE_INSTRUCTOR) && taught))
        return refuse(&mark->refusal, ERR_DENIED, "cert_refusal_role");
    return e;
}

/* What is marked is the application, or a run of this candidate: a mark on anything else would
 * stand in the way of a grant without a work that it is about. */
static enum err check_subject(struct db *db, struct arena *a, struct cert_mark *mark,
                              const char *candidate_id) {
    bool fits = str_eq(mark->subject_kind, "application") &&
                str_eq(mark->subject_id, mark->application_id);
    enum err e = OK;
    if (str_eq(mark->subject_kind, "lab_run"))
        e = cert_lab_run_is_of(db, a, candidate_id, mark->subject_id, &fits);
    return e != OK || fits ? e : refuse(&mark->refusal, ERR_INVALID, "cert_refusal_subject");
}

static const char *mark_detail(struct arena *a, const char *verdict, const struct cert_mark *mark) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{\"%s\":", verdict);
    buf_json(&b, mark->comment);
    buf_printf(&b, ",\"kind\":\"%s\",\"subject\":", mark->subject_kind);
    buf_json(&b, mark->subject_id);
    buf_puts(&b, "}");
    return arena_dup(a, buf_text(&b));
}

enum err cert_mark(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_mark *mark = arg;
    struct cert_application application;
    enum err e = cert_application_find(db, a, mark->application_id, &application);
    if (e != OK) return e;
    if (application.outcome) return refuse(&mark->refusal, ERR_CONFLICT, "cert_refusal_decided");
    if (!audit_holds()) return refuse(&mark->refusal, ERR_CONFLICT, "cert_refusal_log");
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
                        mark_detail(a, verdict, mark));
}

/* ---- Decision -------------------------------------------------------------------------------- */
/* Grants need every requirement, or accepted experience in place of modules; an insufficient mark
 * stands in the way. */
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
        bool last = true; /* of this marker on this subject: a later mark takes the place of an
                             earlier one */
        for (size_t k = i + 1; k < count; k++)
            if (str_eq(marks[k].marker_id, marks[i].marker_id) &&
                str_eq(marks[k].subject_id, marks[i].subject_id))
                last = false;
        if (last && str_eq(marks[i].verdict, "insufficient"))
            return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_insufficient");
    }
    return e;
}

/* RULE logged-evidence: nobody decides on a case, or as somebody, whose records are not what was
 * logged; and on evidence that is not, nothing is granted. */
static enum err check_records(struct db *db, struct arena *a, struct cert_decide *d,
                              const struct cert_application *app,
                              const struct cert_level_status *status) {
    const char *problem = NULL;
    enum err e = cert_records_case(db, a, app, d->actor_id, &problem);
    if (e == OK && !problem && d->grant) e = cert_records_results(db, a, status, &problem);
    if (e != OK || (!problem && !(d->grant && status->changed))) return e;
    log_say(LOG_ERROR, "records_changed", "case %s: not decided: %s: see gradus audit verify",
            app->id, problem ? problem : "an exam or a lab is not what was logged");
    return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_records");
}

enum err cert_decide(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_decide *d = arg;
    struct cert_application app;
    struct person decider;
    struct cert_level_status status;
    struct cert_standing standing;
    const struct content_programme *programme;
    const struct content_level *level;
    enum err e = cert_application_find(db, a, d->application_id, &app);
    if (e != OK) return e;
    if (app.outcome) return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_decided");
    e = cert_may_decide(db, a, d->actor_id, ROLE_ASSESSOR, app.person_id, &decider, &d->refusal);
    if (e != OK) return e;
    if (!cert_reason_fits(d->reason))
        return refuse(&d->refusal, ERR_INVALID, "cert_refusal_reason");
    e = find_level(d->content, app.programme_id, app.level_id, &programme, &level);
    if (e != OK) return refuse(&d->refusal, ERR_CONFLICT, "cert_refusal_level_gone");
    struct cert_standing_query asked = {app.person_id, app.programme_id, level, app.id, app.at_ms};
    e = cert_standing_of(d->app, db, a, d->content, &asked, now_ms, &standing, &status);
    /* What has become of an earlier certificate since the application was made: RULE one-valid
     * holds at the grant. */
    if (e == OK && d->grant && standing.may != CERT_MAY_REFUSED)
        e = check_standing(&standing, &d->refusal);
    if (e == OK) e = check_records(db, a, d, &app, &status);
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
    if (e == OK) e = db_run(db, SQL_cert_waiting_remove, "t", app.id);
    if (e == OK)
        e = audit_append(db, a, now_ms, d->actor_id, d->grant ? "cert.grant" : "cert.refuse",
                         app.id, audit_detail(a, "reason", d->reason, evidence));
    if (e != OK || !d->grant) return e;
    struct cert_issue issue = {d->app->certs, &app,      programme,   level,
                               &status,       d->origin, d->actor_id, decider.name};
    return cert_issue(db, a, &issue, now_ms, &d->number);
}

/* ---- Revoking, suspending, reinstating ------------------------------------------------------- */
/* RULE logged-evidence: nor does anybody change the state of a certificate by a role that was never
 * logged. */
static enum err check_actor(struct db *db, struct arena *a, struct cert_change_status *change) {
    const char *problem = NULL;
    enum err e = account_record_problem(db, a, change->actor_id, &problem);
    if (e != OK || !problem) return e;
    log_say(LOG_ERROR, "records_changed", "certificate %s: not changed: of the person %s %s",
            change->number, change->actor_id, problem);
    return refuse(&change->refusal, ERR_CONFLICT, "cert_refusal_records");
}

enum err cert_change_status(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    static const char *const kinds[] = {"revoked", "suspended", "reinstated"};
    static const char *const actions[] = {"cert.revoke", "cert.suspend", "cert.reinstate"};
    struct cert_change_status *change = arg;
    struct cert_certificate c;
    struct cert_credential_row current;
    struct person actor;
    enum err e = cert_certificate_find(db, a, change->number, &c);
    if (e == OK) e = cert_credential_find(db, a, c.id, 0, &current);
    if (e == OK)
        e = cert_may_decide(db, a, change->actor_id, ROLE_ASSESSOR | ROLE_ADMIN, c.person_id,
                            &actor, &change->refusal);
    if (e != OK) return e;
    if (!cert_reason_fits(change->reason))
        return refuse(&change->refusal, ERR_INVALID, "cert_refusal_reason");
    e = check_actor(db, a, change);
    if (e != OK) return e;
    const char *impossible = cert_step_problem(c.last_status, kinds[change->change]);
    e = impossible ? refuse(&change->refusal, ERR_CONFLICT, impossible) : OK;
    /* The bit of a suspension is cleared, and the same credential holds again. On a list of
     * revocations, where credentials of old stand, a set bit stays set: what begins again is a new
     * credential, and that one can be suspended. */
    if (e == OK && change->change == CERT_REINSTATE && !str_eq(current.purpose, "suspension"))
        e = cert_reissue(db, a, change->app->certs, &c, now_ms);
    if (e == OK) e = cert_credential_find(db, a, c.id, 0, &current);
    if (e == OK)
        e = cert_status_fact(db, a, c.id, current.id, kinds[change->change], change->actor_id,
                             change->reason, now_ms);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, change->actor_id, actions[change->change], c.application_id,
                        cert_change_detail(a, c.number, "reason", change->reason, &current));
}
