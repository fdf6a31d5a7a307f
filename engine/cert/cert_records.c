/* Whether the records of certification agree with each other: what stands in the tables, what was
 * signed, and what the audit log says was done. Whoever can write the database, or an archive of
 * it, can change a row; a signature they cannot make, and a row of the log breaks its chain. */
#include "cert/cert_records.h"
#include "cert/cert_sql.h"

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_sql.h"
#include "exam/exam.h"

#define PAGE 200

static const char *text_of(const json_t *object, const char *member) {
    return json_string_value(json_object_get(object, member));
}

/* ---- What was logged ------------------------------------------------------------------------- */
/* What the log says of one application, oldest first; looks at it are left out. */
struct logged {
    struct audit_row *rows;
    size_t count;
};

static enum err read_logged(struct db *db, struct arena *a, const char *application_id,
                            struct logged *out) {
    struct audit_row *rows;
    size_t count;
    int64_t before = 0;
    *out = (struct logged){0};
    do {
        enum err e = audit_list(db, a, application_id, before, PAGE, &rows, &count);
        if (e != OK) return e;
        for (size_t i = 0; i < count; i++) {
            before = rows[i].seq;
            if (!rows[i].action || str_has_prefix(rows[i].action, "cert.see_")) continue;
            out->rows = list_more(a, out->rows, out->count, sizeof *out->rows);
            out->rows[out->count++] = rows[i];
        }
    } while (count == PAGE);
    for (size_t i = 0; i < out->count / 2; i++) {
        struct audit_row swapped = out->rows[i];
        out->rows[i] = out->rows[out->count - 1 - i];
        out->rows[out->count - 1 - i] = swapped;
    }
    return OK;
}

/* RULE audit-signed: what rests on a row that was written past the program is nobody's. A key that
 * is not here may be somebody else's. */
enum err cert_records_signed(struct db *db, struct arena *a, struct cert_keys *keys,
                             const struct audit_row *row, struct cert_record_finding *out) {
    unsigned char unused[CERT_PUBLIC_BYTES];
    const char *key, *problem;
    *out = (struct cert_record_finding){0};
    enum err e = audit_row_signed(db, a, row, &key, &problem);
    if (e != OK) return e;
    if (problem)
        out->problem = arena_printf(a, "row %lld of the audit log %s", (long long)row->seq,
                                    problem);
    else if (key && (!keys || !cert_keys_find(keys, key, unused)))
        *out = (struct cert_record_finding){
            .problem = arena_printf(
                a,
                "row %lld of the audit log cannot be checked: the key %.80s is missing: "
                "put its file back into keys/",
                (long long)row->seq, key),
            .undecided = true};
    return e;
}

/* The first row that is wrong; else, the first that cannot be checked. */
static enum err rows_signed(struct db *db, struct arena *a, struct cert_keys *keys,
                            const struct logged *l, struct cert_record_finding *out) {
    struct cert_record_finding one;
    enum err e = OK;
    *out = (struct cert_record_finding){0};
    for (size_t i = 0; e == OK && i < l->count && (!out->problem || out->undecided); i++) {
        e = cert_records_signed(db, a, keys, &l->rows[i], &one);
        if (e == OK && one.problem && (!out->problem || !one.undecided)) *out = one;
    }
    return e;
}

static const json_t *detail_of(struct arena *a, const struct audit_row *row) {
    const char *why;
    return row->detail ? json_read(a, row->detail, strlen(row->detail), &why) : NULL;
}

/* The only row with this action; NULL: there is none. `*twice`: there are several. */
static const struct audit_row *only(const struct logged *l, const char *action, bool *twice) {
    const struct audit_row *found = NULL;
    for (size_t i = 0; i < l->count; i++) {
        if (!str_eq(l->rows[i].action, action)) continue;
        if (found) *twice = true;
        found = &l->rows[i];
    }
    return found;
}

/* Whether a fact and its row in the log are both there, or neither, with the same person and text.
 */
static bool agrees(struct arena *a, const struct logged *l, const char *action, const char *actor,
                   const char *member, const char *text) {
    bool twice = false;
    const struct audit_row *row = only(l, action, &twice);
    if (!row || twice) return !row && !actor;
    return str_eq(row->actor, actor) && str_eq(text_of(detail_of(a, row), member), text);
}

/* The time of a fact is that of its row in the log, or just behind the fact before. */
static bool same_time(const struct cert_status_row *fact, const struct cert_status_row *before,
                      int64_t logged_ms) {
    return fact->at_ms == logged_ms ||
           (before && before->at_ms >= logged_ms && fact->at_ms == before->at_ms + 1);
}

/* Whether a number is the one in the log; rows of older versions do not have it. */
static bool number_agrees(const json_t *detail, const char *member, int64_t number) {
    const json_t *told = json_object_get(detail, member);
    return !told || (json_is_integer(told) && json_integer_value(told) == number);
}

/* The same for a text. */
static bool text_agrees(const json_t *detail, const char *member, const char *text) {
    const json_t *told = json_object_get(detail, member);
    return !told || str_eq(json_string_value(told), text);
}

/* RULE status-step: a change that cannot follow the one before is nobody's, however it was logged.
 * RULE records: each fact of a certificate's state has its row in the log, and each row its fact,
 * in order; each is about the credential that was in force. */
static const char *status_problem(struct arena *a, const struct logged *l,
                                  const struct cert_status_row *facts, size_t count,
                                  const struct cert_credential_brief *made, size_t made_count) {
    static const struct {
        const char *action, *kind, *member;
    } kinds[] = {{"cert.revoke", "revoked", "reason"},
                 {"cert.suspend", "suspended", "reason"},
                 {"cert.reinstate", "reinstated", "reason"},
                 {"cert.replace", "replaced", "by"}};
    size_t n = 0, at = 0;
    for (size_t i = 0; i < l->count; i++)
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            if (!str_eq(l->rows[i].action, kinds[k].action)) continue;
            if (n == count) return "a change of its state that was logged is not on record";
            const struct cert_status_row *fact = &facts[n], *before = n ? fact - 1 : NULL;
            const json_t *detail = detail_of(a, &l->rows[i]);
            n++;
            if (!str_eq(fact->kind, kinds[k].kind) || !str_eq(fact->actor, l->rows[i].actor) ||
                !str_eq(fact->reason, text_of(detail, kinds[k].member)))
                return "a change of its state is not the one that was logged";
            if (!same_time(fact, before, l->rows[i].at_ms))
                return "a change of its state has another time than was logged";
            if (cert_step_problem(before ? before->kind : NULL, fact->kind))
                return arena_printf(a, "it is on record as %s after %s, which Gradus never does",
                                    fact->kind, before ? before->kind : "its issue");
            if (str_eq(fact->kind, "reinstated") && at < made_count &&
                !str_eq(made[at].purpose, "suspension"))
                at++;
            if (at >= made_count) return "a credential of it is not on record";
            if (!str_eq(fact->credential_row, made[at].id) || fact->list_id != made[at].list_id ||
                !number_agrees(detail, "list", made[at].list_id) ||
                !number_agrees(detail, "index", made[at].status_index))
                return "a change of its state is on record for another credential or list";
        }
    if (n != count) return "a change of its state is on record that was never logged";
    return at + 1 == made_count ? NULL : "its credentials are not those that were logged";
}

static const char *issue_problem(struct arena *a, const struct logged *l,
                                 const struct cert_certificate *c,
                                 const struct cert_credential_brief *made, size_t made_count) {
    static const char other[] = "it is not the one whose issue was logged";
    bool twice = false;
    const struct audit_row *row = only(l, "cert.issue", &twice),
                           *asked = only(l, "cert.apply", &twice);
    if (!row || !asked || twice || !agrees(a, l, "cert.issue", c->decided_by, "number", c->number))
        return other;
    const json_t *detail = detail_of(a, row);
    const char *level = arena_printf(a, "%s/%s", c->programme_id, c->level_id);
    if (!str_eq(asked->actor, c->person_id)) return "it is somebody else's than who applied";
    if (!str_eq(text_of(detail_of(a, asked), "level"), level))
        return "it is of another level than was applied for";
    if (row->at_ms != c->issued_ms) return "another moment of issue was logged";
    if (!number_agrees(detail, "step", c->level_number) ||
        !number_agrees(detail, "steps", c->level_count))
        return "another step of the programme was logged";
    if (!made_count || made[0].version != 1) return "its credential is not on record";
    return number_agrees(detail, "list", made[0].list_id) &&
                   number_agrees(detail, "index", made[0].status_index)
               ? NULL
               : "another place on its status list was logged";
}

static enum err certificate_problem(struct db *db, struct arena *a, const struct logged *l,
                                    const struct cert_certificate *c, const char **problem) {
    struct cert_status_row *facts;
    struct cert_credential_brief *made;
    size_t count, made_count;
    enum err e = cert_statuses(db, a, c->id, &facts, &count);
    if (e == OK) e = cert_credentials_of(db, a, c->id, &made, &made_count);
    if (e != OK) return e;
    *problem = issue_problem(a, l, c, made, made_count);
    if (!*problem) *problem = status_problem(a, l, facts, count, made, made_count);
    return OK;
}

enum err cert_records_certificate(struct db *db, struct arena *a, struct cert_keys *keys,
                                  const struct cert_certificate *c,
                                  const struct cert_credential_row *row,
                                  struct cert_record_finding *out) {
    struct logged l;
    const char *problem = NULL;
    *out = (struct cert_record_finding){0};
    out->problem = cert_signed_problem(a, keys, c, row, &out->undecided);
    if (out->problem && !out->undecided) return OK;
    if (!audit_holds()) {
        *out = (struct cert_record_finding){"the audit log, by which it is checked, does not hold",
                                            true, true};
        return OK;
    }
    enum err e = read_logged(db, a, c->application_id, &l);
    if (e == OK) e = certificate_problem(db, a, &l, c, &problem);
    if (e == OK && problem) *out = (struct cert_record_finding){.problem = problem};
    if (e != OK || problem) return e;
    struct cert_record_finding unsigned_row;
    e = rows_signed(db, a, keys, &l, &unsigned_row);
    if (e == OK && unsigned_row.problem && (!out->problem || !unsigned_row.undecided))
        *out = unsigned_row;
    return e;
}

enum err cert_records_report(struct db *db, struct arena *a, struct cert_keys *keys,
                             struct cert_check_report *report) {
    struct cert_certificate c;
    struct cert_credential_row row;
    struct cert_record_finding doubt = {0};
    if (!report->valid || !report->ours || !report->number) return OK;
    enum err e = cert_certificate_find(db, a, report->number, &c);
    if (e == OK) e = cert_credential_find(db, a, c.id, 0, &row);
    if (e == OK) e = cert_records_certificate(db, a, keys, &c, &row, &doubt);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    if (e == OK && !doubt.problem) return OK;
    struct cert_check *status = &report->checks[CERT_CHECK_COUNT - 1];
    status->outcome = doubt.undecided ? CERT_SKIP : CERT_FAIL;
    status->code = doubt.log ? "records_log" : doubt.undecided ? "records_key" : "records";
    status->detail = doubt.undecided
                         ? arena_printf(a, "what is on record about it: %s", doubt.problem)
                         : "what is on record about it is not what was signed and logged";
    report->valid = false;
    report->undecided = doubt.undecided;
    return OK;
}

/* ---- A case ---------------------------------------------------------------------------------- */
/* Whether the evidence of a step has the hash that was logged; logs of older versions do not have
 * it. */
static bool step_agrees(struct arena *a, const struct logged *l, const char *action,
                        const char *evidence, int64_t at_ms) {
    bool twice = false;
    const struct audit_row *row = only(l, action, &twice);
    if (!row) return true; /* that there is none was looked at before */
    const char *hash = evidence ? sha256_hex(a, evidence, strlen(evidence)) : NULL;
    return row->at_ms == at_ms && text_agrees(detail_of(a, row), "evidence_sha256", hash);
}

static enum err evidence_problem(struct db *db, struct arena *a, const struct logged *l,
                                 const struct cert_application *app, const char **problem) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_application_evidence, "t", app->id)) return e;
    const char *known = stmt_text(q, 0, a), *decided = stmt_text(q, 2, a),
               *waits = stmt_text(q, 4, a);
    int64_t admitted_ms = stmt_int(q, 1), decided_ms = stmt_int(q, 3), waits_ms = stmt_int(q, 5);
    e = stmt_end(q);
    if (e != OK) return e;
    if (!step_agrees(a, l, "cert.admit", known, admitted_ms))
        *problem = "what was known at the admission is not what was logged";
    else if (!step_agrees(a, l, str_eq(app->outcome, "granted") ? "cert.grant" : "cert.refuse",
                          decided, decided_ms))
        *problem = "what was known at the decision is not what was logged";
    else if (app->outcome ? waits != NULL
                          : !str_eq(waits, app->person_id) || waits_ms != app->at_ms)
        *problem = "whether it waits for a decision is not what was logged";
    return OK;
}

/* Each mark has its row in the log, and each row its mark. */
static enum err marks_problem(struct db *db, struct arena *a, const struct logged *l,
                              const struct cert_application *app, const char **problem) {
    struct cert_mark_row *marks;
    size_t count, found = 0;
    enum err e = cert_marks(db, a, app->id, &marks, &count);
    if (e != OK) return e;
    for (size_t i = 0; i < l->count; i++) {
        const struct audit_row *row = &l->rows[i];
        const json_t *detail = detail_of(a, row);
        bool there = false;
        if (!str_eq(row->action, "cert.mark")) continue;
        for (size_t k = 0; k < count && !there; k++) {
            const struct cert_mark_row *m = &marks[k];
            there = m->at_ms == row->at_ms && str_eq(m->marker_id, row->actor) &&
                    str_eq(m->comment, text_of(detail, m->verdict)) &&
                    str_eq(m->candidate_id, app->person_id) &&
                    text_agrees(detail, "subject", m->subject_id) &&
                    text_agrees(detail, "kind", m->subject_kind);
        }
        if (!there) *problem = "a mark that was logged is not on record";
        found++;
    }
    if (!*problem && found != count) *problem = "a mark is on record that was never logged";
    return OK;
}

static const char *application_problem(struct arena *a, const struct logged *l,
                                       const struct cert_application *app) {
    const char *level = arena_printf(a, "%s/%s", app->programme_id, app->level_id);
    bool granted = str_eq(app->outcome, "granted"), refused = str_eq(app->outcome, "refused");
    if (!agrees(a, l, "cert.apply", app->person_id, "level", level))
        return "the application is not the one that was logged";
    bool twice = false;
    const struct audit_row *asked = only(l, "cert.apply", &twice);
    const json_t *detail = asked ? detail_of(a, asked) : NULL;
    if (!asked || asked->at_ms != app->at_ms || !text_agrees(detail, "basis", app->basis) ||
        !text_agrees(detail, "scheme", app->scheme_version) ||
        !text_agrees(detail, "statement_sha256",
                     sha256_hex(a, app->statement, strlen(app->statement))))
        return "the application's time, basis, scheme or statement is not what was logged";
    if (!agrees(a, l, "cert.admit", app->admitted_by, "reason", app->admitted_reason))
        return "the admission is not the one that was logged";
    if (!agrees(a, l, "cert.grant", granted ? app->decided_by : NULL, "reason",
                app->decided_reason) ||
        !agrees(a, l, "cert.refuse", refused ? app->decided_by : NULL, "reason",
                app->decided_reason))
        return "the decision is not the one that was logged";
    if (!app->number && only(l, "cert.issue", &twice))
        return "a certificate that was issued is not on record";
    return NULL;
}

static enum err case_problem(struct db *db, struct arena *a, const struct logged *l,
                             const struct cert_application *app, const char **problem) {
    *problem = application_problem(a, l, app);
    enum err e = *problem ? OK : evidence_problem(db, a, l, app, problem);
    return e == OK && !*problem ? marks_problem(db, a, l, app, problem) : e;
}

enum err cert_records_past(struct db *db, struct arena *a, const char *person_id,
                           const char *except, const char **problem) {
    const char **ids = NULL;
    size_t count = 0;
    struct stmt *q = db_query(db, SQL_cert_applications_logged, "t", person_id);
    while (stmt_row(q)) {
        ids = list_more(a, ids, count, sizeof *ids);
        ids[count++] = stmt_text(q, 0, a);
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && !*problem && i < count; i++) {
        struct cert_application app;
        struct logged l;
        const char *found = NULL;
        if (str_eq(ids[i], except)) continue;
        e = cert_application_find(db, a, ids[i], &app);
        if (e == OK) e = read_logged(db, a, ids[i], &l);
        if (e == OK) found = application_problem(a, &l, &app);
        else if (e == ERR_NOT_FOUND) {
            found = "it was logged and is not on record";
            e = OK;
        }
        if (found) *problem = arena_printf(a, "the application %s: %s", ids[i], found);
    }
    return e;
}

enum err cert_records_case(struct db *db, struct arena *a, const struct cert_application *app,
                           const char *decider_id, const char **problem) {
    struct logged l;
    *problem = NULL;
    enum err e = read_logged(db, a, app->id, &l);
    if (e == OK) e = case_problem(db, a, &l, app, problem);
    for (size_t i = 0; e == OK && !*problem && i < l.count; i++) {
        const char *key;
        e = audit_row_signed(db, a, &l.rows[i], &key, problem);
    }
    if (e == OK && !*problem) e = account_record_problem(db, a, app->person_id, problem);
    if (e == OK && !*problem && decider_id) e = account_record_problem(db, a, decider_id, problem);
    if (e == OK && !*problem) e = cert_records_past(db, a, app->person_id, app->id, problem);
    return e == OK && !*problem ? exam_past_problem(db, a, app->person_id, NULL, problem) : e;
}

enum err cert_records_results(struct db *db, struct arena *a,
                              const struct cert_level_status *status, const char **problem) {
    enum err e = OK;
    *problem = NULL;
    for (size_t i = 0; e == OK && !*problem && i < status->count; i++) {
        const struct cert_need_status *n = &status->needs[i];
        if (n->need->kind != &exam_evidence_kind || !n->record) continue;
        e = exam_result_problem(db, a, n->record, problem);
        if (e == OK && *problem)
            *problem = arena_printf(a, "the attempt %s: %s", n->record, *problem);
    }
    return e;
}

/* ---- For the reading of all ------------------------------------------------------------------ */
static enum err check_credentials(struct db *db, struct arena *a, struct cert_keys *keys,
                                  const struct cert_certificate *c,
                                  struct cert_record_finding *out) {
    struct cert_credential_row row;
    bool undecided;
    enum err e = cert_credential_find(db, a, c->id, 0, &row);
    for (int version = e == OK ? row.version : 0; e == OK && version >= 1; version--) {
        e = cert_credential_find(db, a, c->id, version, &row);
        const char *problem = e == OK ? cert_signed_problem(a, keys, c, &row, &undecided) : NULL;
        if (!problem) continue;
        *out = (struct cert_record_finding){.problem = problem, .undecided = undecided};
        if (!undecided) return OK;
    }
    if (e != ERR_NOT_FOUND) return e;
    *out = (struct cert_record_finding){.problem = "a credential of it is not on record"};
    return OK;
}

enum err cert_records_application(struct db *db, struct arena *a, struct cert_keys *keys,
                                  const char *id, struct cert_record_finding *out,
                                  bool *certified) {
    struct cert_application app;
    struct cert_certificate c;
    struct logged l;
    *out = (struct cert_record_finding){0};
    *certified = false;
    enum err e = cert_application_find(db, a, id, &app);
    if (e == OK) e = read_logged(db, a, id, &l);
    if (e == OK) e = case_problem(db, a, &l, &app, &out->problem);
    if (e != OK || out->problem || !app.number) return e;
    e = cert_certificate_find(db, a, app.number, &c);
    if (e == OK) e = certificate_problem(db, a, &l, &c, &out->problem);
    if (e == OK && !out->problem) e = check_credentials(db, a, keys, &c, out);
    if (e == OK && !out->problem) {
        e = rows_signed(db, a, keys, &l, out);
        if (!out->undecided)
            out->problem = NULL; /* cert_compare.c reports it for the row of the log itself */
    }
    *certified = e == OK;
    if (e == OK && out->problem)
        out->problem = arena_printf(a, "certificate %s: %s", c.number, out->problem);
    return e;
}
