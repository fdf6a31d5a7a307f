/* RULE records, RULE past-kept, RULE status-step: each thing that somebody could write over about a
 * case and a certificate, by hand and into the file, is missed by the log or by what was signed;
 * and nothing else is. */
#include "unit/cert/workflow.h"

#include "cert/cert_records.h"
#include "exam/exam.h"
#include "unit/store/tampered.h"

static const char *granted_id, *refused_id, *waiting_id, *number;
static const char *attempt; /* of the other's exam */

/* One case was granted, marked, suspended and reinstated; one was refused; one waits. */
static int open_all(void **state) {
    struct cert_mark m;
    struct cert_decide d;
    struct cert_apply a;
    struct cert_change_status c;
    if (setup(state) != 0) return -1;
    granted_id = ready_case();
    assert_int_equal(mark(granted_id, f.second, true, "Reads well, all of it.", &m), OK);
    f.now_ms += 1000;
    assert_int_equal(decide(granted_id, f.assessor, true, REASON, &d), OK);
    number = d.number;
    f.now_ms += 1000;
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    assert_int_equal(change(number, f.admin, CERT_REINSTATE, &c), OK); /* just behind it */
    f.now_ms += 1000;
    assert_int_equal(run(complete, (void *)f.other), OK);
    assert_int_equal(apply(f.other, "first", NULL, &a), OK);
    refused_id = a.application_id;
    assert_int_equal(decide(refused_id, f.assessor, false, REASON, &d), OK);
    sit(f.other, true);
    const char *plain = person("third", ROLE_LEARNER);
    assert_int_equal(run(complete, (void *)plain), OK);
    assert_int_equal(apply(plain, "first", NULL, &a), OK);
    waiting_id = a.application_id;
    struct exam_result *results;
    size_t count;
    store_read_begin(reader());
    assert_int_equal(exam_results(reader(), &f.arena, NULL, f.other, "small", &results, &count),
                     OK);
    store_read_end(reader());
    attempt = arena_dup(&f.arena, results[0].attempt_id);
    return 0;
}

/* ---- One case -------------------------------------------------------------------------------- */
struct look {
    const char *id;
    struct cert_keys *keys;
    struct cert_record_finding found;
    bool certified;
};

static enum err look_at_all(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct look *l = arg;
    (void)now_ms;
    return cert_records_application(db, a, l->keys, l->id, &l->found, &l->certified);
}

static enum err look_at_certificate(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct look *l = arg;
    struct cert_certificate c;
    struct cert_credential_row row;
    (void)now_ms;
    enum err e = cert_certificate_find(db, a, number, &c);
    if (e == OK) e = cert_credential_find(db, a, c.id, 0, &row);
    return e == OK ? cert_records_certificate(db, a, l->keys, &c, &row, &l->found) : e;
}

/* `sql` with the ids of a case in a view: this.id, this.certificate, this.credential. */
static const char *on(const char *id, const char *sql) {
    return arena_printf(
        &f.arena,
        "PRAGMA defer_foreign_keys = ON; CREATE TEMP VIEW this AS SELECT '%s' AS id, (SELECT id FROM "
        "cert_certificate WHERE application_id = '%s') AS certificate, (SELECT c.id FROM cert_credential c "
        "JOIN cert_certificate t ON t.id = c.certificate_id WHERE t.application_id = '%s') AS credential; "
        "%s; DROP VIEW this",
        id, id, id, sql);
}

struct change_made {
    const char *sql, *problem; /* NULL: nothing is missed */
};

static void check_case(const char *id, const struct change_made *cases, size_t count,
                       const char *prefix) {
    for (size_t i = 0; i < count; i++) {
        struct look l = {.id = id, .keys = f.app.certs->keys};
        print_message("%s\n", cases[i].sql);
        assert_int_equal(tampered(f.app.store, &f.arena, on(id, cases[i].sql), look_at_all, &l),
                         OK);
        assert_false(l.found.undecided);
        if (!cases[i].problem) {
            if (l.found.problem) fail_msg("%s", l.found.problem);
        } else {
            assert_non_null(l.found.problem);
            assert_string_equal(l.found.problem,
                                arena_printf(&f.arena, "%s%s", prefix, cases[i].problem));
        }
    }
}

#define CASE " WHERE application_id = (SELECT id FROM this)"
#define APPLICATION " WHERE id = (SELECT id FROM this)"
#define CERTIFICATE " WHERE id = (SELECT certificate FROM this)"
#define CREDENTIAL " WHERE id = (SELECT credential FROM this)"
#define STATES " WHERE certificate_id = (SELECT certificate FROM this)"
#define LOGGED(name) " WHERE subject = (SELECT id FROM this) AND action = '" name "'"
#define SOMEBODY "(SELECT id FROM person WHERE login = 'plain')"
#define TWICE(name)                                                                                \
    "INSERT INTO audit_log SELECT (SELECT max(seq) + 1 FROM audit_log), at_ms, actor, action, "    \
    "subject, detail, hash FROM audit_log" LOGGED(name)
#define WITHOUT(name, members)                                                                     \
    "UPDATE audit_log SET detail = json_remove(detail, " members ")" LOGGED(name)

static void the_application(void **state) {
    (void)state;
    static const char
        applied[] = "the application is not the one that was logged",
        basis[] = "the application's time, basis, scheme or statement is not what was logged",
        admitted[] = "the admission is not the one that was logged",
        known[] = "what was known at the admission is not what was logged",
        waits[] = "whether it waits for a decision is not what was logged";
    static const struct change_made cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE cert_application SET person_id = " SOMEBODY APPLICATION, applied},
        {"UPDATE cert_application SET programme_id = 'q'" APPLICATION, applied},
        {"UPDATE cert_application SET level_id = 'able'" APPLICATION, applied},
        {"UPDATE audit_log SET action = 'cert.other'" LOGGED("cert.apply"), applied},
        {"UPDATE audit_log SET detail = NULL" LOGGED("cert.apply"), applied},
        {TWICE("cert.apply"), applied},
        {"UPDATE cert_application SET at_ms = at_ms + 1" APPLICATION, basis},
        {"UPDATE cert_application SET basis = 'experience'" APPLICATION, basis},
        {"UPDATE cert_application SET scheme_version = '2'" APPLICATION, basis},
        {"UPDATE cert_application SET statement = 'I know it.'" APPLICATION, basis},
        {WITHOUT(
             "cert.apply",
             "'$.basis', '$.scheme', '$.statement_sha256'") "; UPDATE cert_application SET basis = 'experience', scheme_version = '2', statement = 'x'" APPLICATION,
         NULL},
        {"UPDATE cert_eligibility SET actor = 'else'" CASE, admitted},
        {"UPDATE cert_eligibility SET reason = 'else'" CASE, admitted},
        {"DELETE FROM cert_eligibility" CASE, admitted},
        {"UPDATE audit_log SET action = 'cert.other'" LOGGED("cert.admit"), admitted},
        {TWICE("cert.admit"), admitted},
        {"UPDATE cert_eligibility SET evidence = '{}'" CASE, known},
        {"UPDATE cert_eligibility SET at_ms = at_ms + 1" CASE, known},
        {WITHOUT("cert.admit",
                 "'$.evidence_sha256'") "; UPDATE cert_eligibility SET evidence = '{}'" CASE,
         NULL},
        /* Looks at it are nobody's change. */
        {TWICE("cert.apply") "; UPDATE audit_log SET action = 'cert.see_case' WHERE seq = (SELECT "
                             "max(seq) FROM audit_log)",
         NULL},
    };
    static const struct change_made waiting[] = {
        {"SELECT 1", NULL},
        {"DELETE FROM cert_waiting" CASE, waits},
        {"UPDATE cert_waiting SET person_id = 'else'" CASE, waits},
        {"UPDATE cert_waiting SET at_ms = at_ms - 1" CASE, waits},
    };
    static const struct change_made decided[] = {
        {"INSERT INTO cert_waiting SELECT id, person_id, at_ms FROM cert_application" APPLICATION,
         waits},
    };
    check_case(waiting_id, cases, COUNT_OF(cases), "");
    check_case(refused_id, cases, COUNT_OF(cases), "");
    check_case(waiting_id, waiting, COUNT_OF(waiting), "");
    check_case(refused_id, decided, COUNT_OF(decided), "");
    check_case(granted_id, decided, COUNT_OF(decided), "");
}

static void the_decision(void **state) {
    (void)state;
    static const char decision[] = "the decision is not the one that was logged",
                      known[] = "what was known at the decision is not what was logged",
                      gone[] = "a mark that was logged is not on record",
                      never[] = "a mark is on record that was never logged";
    static const struct change_made both[] = {
        {"UPDATE cert_decision SET actor = " SOMEBODY CASE, decision},
        {"UPDATE cert_decision SET reason = 'else'" CASE, decision},
        {"DELETE FROM cert_decision" CASE, decision},
        {"UPDATE cert_decision SET evidence = '{}'" CASE, known},
        {"UPDATE cert_decision SET at_ms = at_ms - 1" CASE, known},
        {"UPDATE cert_decision SET outcome = CASE outcome WHEN 'granted' THEN 'refused' ELSE "
         "'granted' END" CASE,
         decision},
    };
    static const struct change_made marks[] = {
        {"DELETE FROM cert_mark" CASE, gone},
        {"UPDATE cert_mark SET marker_id = " SOMEBODY CASE, gone},
        {"UPDATE cert_mark SET candidate_id = " SOMEBODY CASE, gone},
        {"UPDATE cert_mark SET comment = 'else'" CASE, gone},
        {"UPDATE cert_mark SET verdict = 'insufficient'" CASE, gone},
        {"UPDATE cert_mark SET subject_id = 'else'" CASE, gone},
        {"UPDATE cert_mark SET subject_kind = 'lab_run'" CASE, gone},
        {"UPDATE cert_mark SET at_ms = at_ms + 1" CASE, gone},
        {"INSERT INTO cert_mark SELECT 'else', application_id, candidate_id, marker_id, subject_kind, "
         "subject_id, verdict, comment, at_ms FROM cert_mark" CASE,
         never},
        {"DELETE FROM cert_certificate" CERTIFICATE,
         "a certificate that was issued is not on record"},
        {"UPDATE audit_log SET action = 'cert.other'" LOGGED("cert.grant"), decision},
        {TWICE("cert.grant"), decision},
        /* Rows of older versions do not say what was marked. */
        {WITHOUT("cert.mark",
                 "'$.subject', '$.kind'") "; UPDATE cert_mark SET subject_id = 'else'" CASE,
         NULL},
    };
    static const struct change_made refused[] = {
        {"UPDATE audit_log SET action = 'cert.other'" LOGGED("cert.refuse"), decision},
        {TWICE("cert.refuse"), decision},
        {"INSERT INTO cert_mark SELECT 'else', (SELECT id FROM this), candidate_id, marker_id, "
         "subject_kind, subject_id, verdict, comment, at_ms FROM cert_mark",
         never},
    };
    check_case(granted_id, both, COUNT_OF(both), "");
    check_case(refused_id, both, COUNT_OF(both), "");
    check_case(granted_id, marks, COUNT_OF(marks), "");
    check_case(refused_id, refused, COUNT_OF(refused), "");
}

/* What is wrong with a certificate, asked of the whole case and of the certificate alone. */
static void the_certificate(void **state) {
    (void)state;
    static const char issue[] = "it is not the one whose issue was logged",
                      step[] = "another step of the programme was logged",
                      place[] = "another place on its status list was logged",
                      change_of_state[] = "a change of its state is not the one that was logged",
                      missing[] = "a change of its state that was logged is not on record",
                      never[] = "a change of its state is on record that was never logged",
                      time[] = "a change of its state has another time than was logged",
                      other[] = "a change of its state is on record for another credential or list",
                      credentials[] = "its credentials are not those that were logged";
    static const struct change_made cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE audit_log SET action = 'cert.other'" LOGGED("cert.issue"), issue},
        {TWICE("cert.issue"), issue},
        {"UPDATE audit_log SET actor = 'else'" LOGGED("cert.issue"), issue},
        {"UPDATE audit_log SET detail = json_set(detail, '$.number', 'else')" LOGGED("cert.issue"),
         issue},
        {"UPDATE cert_certificate SET decided_by = " SOMEBODY CERTIFICATE, issue},
        {"UPDATE cert_certificate SET person_id = " SOMEBODY CERTIFICATE,
         "it is somebody else's than who applied"},
        {"UPDATE cert_certificate SET issued_ms = issued_ms + 1" CERTIFICATE,
         "another moment of issue was logged"},
        {"UPDATE cert_certificate SET level_number = level_number + 1" CERTIFICATE, step},
        {"UPDATE cert_certificate SET level_count = level_count - 1" CERTIFICATE, step},
        {WITHOUT(
             "cert.issue",
             "'$.step', '$.steps'") "; UPDATE cert_certificate SET level_number = 9, level_count = 9" CERTIFICATE,
         NULL},
        {"UPDATE audit_log SET detail = json_set(detail, '$.step', 'one')" LOGGED("cert.issue"),
         step},
        {"UPDATE audit_log SET detail = json_set(detail, '$.list', 2)" LOGGED("cert.issue"), place},
        {"UPDATE audit_log SET detail = json_set(detail, '$.index', -1)" LOGGED("cert.issue"),
         place},
        {"DELETE FROM cert_status WHERE id = (SELECT max(id) FROM cert_status" STATES ")", missing},
        {"DELETE FROM cert_status", missing},
        {"UPDATE cert_status SET reason = 'else'" STATES " AND kind = 'suspended'",
         change_of_state},
        {"UPDATE cert_status SET actor = " SOMEBODY STATES " AND kind = 'reinstated'",
         change_of_state},
        {"UPDATE cert_status SET kind = 'revoked'" STATES " AND kind = 'reinstated'",
         change_of_state},
        {"UPDATE cert_status SET at_ms = at_ms + 1" STATES " AND kind = 'suspended'", time},
        {"UPDATE cert_status SET at_ms = at_ms + 1" STATES " AND kind = 'reinstated'", time},
        /* The moment that was logged, as if the one before had been earlier. */
        {"UPDATE cert_status SET at_ms = at_ms - 1" STATES " AND kind = 'reinstated'", NULL},
        {"INSERT INTO cert_status SELECT 'zz', certificate_id, credential_row, list_id, 'suspended', "
         "actor, reason, at_ms + 10 FROM cert_status" STATES " AND kind = 'reinstated'",
         never},
        {"INSERT INTO cert_status_list (id, origin, created_ms, purpose) VALUES (9, 'o', 0, "
         "'suspension'); UPDATE cert_status SET list_id = 9" STATES " AND kind = 'suspended'",
         other},
        {"UPDATE cert_status SET credential_row = 'else'" STATES " AND kind = 'suspended'", other},
        {"UPDATE audit_log SET detail = json_set(detail, '$.index', -1)" LOGGED("cert.suspend"),
         other},
        {"UPDATE audit_log SET detail = json_set(detail, '$.list', 9)" LOGGED("cert.reinstate"),
         other},
        {WITHOUT("cert.suspend", "'$.list', '$.index'"), NULL},
        /* RULE status-step, though tables and log agree. */
        {"UPDATE cert_status SET kind = 'reinstated'" STATES
         "; UPDATE audit_log SET action = 'cert.reinstate'" LOGGED("cert.suspend"),
         "it is on record as reinstated after its issue, which Gradus never does"},
        {"UPDATE cert_status SET kind = 'suspended'" STATES
         "; UPDATE audit_log SET action = 'cert.suspend'" LOGGED("cert.reinstate"),
         "it is on record as suspended after suspended, which Gradus never does"},
        {"UPDATE cert_status SET kind = 'revoked'" STATES
         "; UPDATE audit_log SET action = 'cert.revoke'" LOGGED(
             "cert.reinstate") "; UPDATE audit_log SET action = 'cert.revoke'" LOGGED("cert.suspend"),
         "it is on record as revoked after revoked, which Gradus never does"},
        {"UPDATE cert_status_list SET purpose = 'revocation'",
         "a credential of it is not on record"},
    };
    static const struct change_made credential_of_it[] = {
        {"DELETE FROM cert_credential" CREDENTIAL, "its credential is not on record"},
        {"UPDATE cert_credential SET version = 2" CREDENTIAL, "its credential is not on record"},
        {"UPDATE cert_credential SET status_index = (status_index + 1) % 131072" CREDENTIAL, place},
        {"INSERT INTO cert_status_list (id, origin, created_ms, purpose) VALUES (9, 'o', 0, "
         "'suspension'); UPDATE cert_credential SET list_id = 9" CREDENTIAL,
         place},
        {"INSERT INTO cert_credential SELECT 'zz', certificate_id, 2, 'zz', list_id, (status_index + "
         "1) % 131072, signing_key, json, at_ms FROM cert_credential" CREDENTIAL,
         credentials},
        {"UPDATE cert_certificate SET level_id = 'able'" CERTIFICATE,
         "it is of another level than was applied for"},
        {"UPDATE cert_certificate SET programme_id = 'q'" CERTIFICATE,
         "it is of another level than was applied for"},
        {"UPDATE cert_certificate SET holder_name = 'else'" CERTIFICATE, "another name was signed"},
        {"UPDATE cert_certificate SET scope = 'All.'" CERTIFICATE, "another scope was signed"},
        {"UPDATE cert_certificate SET body = 'else'" CERTIFICATE,
         "another name of the issuer was signed"},
        {"UPDATE cert_certificate SET scheme_version = '9'" CERTIFICATE,
         "another scheme was signed"},
        {"UPDATE cert_certificate SET programme_title = 'else'" CERTIFICATE,
         "another title was signed"},
        {"UPDATE cert_certificate SET level_title = 'else'" CERTIFICATE,
         "another title was signed"},
        {"UPDATE cert_certificate SET decided_by_name = 'else'" CERTIFICATE,
         "another name of who decided was signed"},
        {"UPDATE cert_certificate SET valid_until_ms = NULL" CERTIFICATE, "another end was signed"},
        {"UPDATE cert_credential SET at_ms = at_ms + 1000" CREDENTIAL,
         "another beginning was signed"},
        {"UPDATE cert_credential SET credential_id = 'else'" CREDENTIAL,
         "its credential has another id"},
        {"UPDATE cert_credential SET signing_key = 'else'" CREDENTIAL,
         "its credential names another key than the one that is on record"},
        {"UPDATE cert_status_list SET origin = 'https://else.example'",
         "its status list has another address than was signed"},
    };
    const char *prefix = arena_printf(&f.arena, "certificate %s: ", number);
    check_case(granted_id, cases, COUNT_OF(cases), prefix);
    check_case(granted_id, credential_of_it, COUNT_OF(credential_of_it), prefix);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct look l = {.keys = f.app.certs->keys};
        print_message("certificate: %s\n", cases[i].sql);
        const char *sql = on(granted_id, cases[i].sql);
        assert_int_equal(tampered(f.app.store, &f.arena, sql, look_at_certificate, &l), OK);
        assert_false(l.found.undecided || l.found.log);
        if (strstr(cases[i].sql, "purpose") && l.found.problem) continue; /* signed otherwise */
        if (!cases[i].problem && !l.found.problem) continue;
        assert_non_null(l.found.problem);
        /* A row of the log that was changed does not fit its signature either. */
        if (cases[i].problem) assert_string_equal(l.found.problem, cases[i].problem);
    }
}

/* RULE audit-signed: a row of the log that was written past the program. */
static void a_row_of_the_log(void **state) {
    (void)state;
    static const char *const actions[] = {"apply", "grant", "issue", "reinstate"};
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        struct look l = {.keys = f.app.certs->keys};
        const char *sql = arena_printf(&f.arena,
                                       "UPDATE audit_log SET hash = printf('%%.*c', 64, 'a') WHERE "
                                       "subject = '%s' AND action = 'cert.%s'",
                                       granted_id, actions[i]);
        assert_int_equal(tampered(f.app.store, &f.arena, sql, look_at_certificate, &l), OK);
        assert_non_null(l.found.problem);
        assert_memory_equal(l.found.problem, "row ", strlen("row "));
        assert_false(l.found.undecided);
    }
}

/* RULE logged-evidence: nobody decides on a case that is not what was logged. */
static enum err decide_it(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    return cert_decide(db, a, arg, f.now_ms);
}

static void no_decision_on_changed_records(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        enum err said;
    } cases[] = {{"SELECT 1", OK},
                 {"UPDATE cert_eligibility SET reason = 'else'" CASE, ERR_CONFLICT},
                 {"UPDATE cert_application SET statement = 'else'" APPLICATION, ERR_CONFLICT}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int grant = 0; grant < 2; grant++) {
            struct cert_decide d = {.app = &f.app,
                                    .content = f.content,
                                    .application_id = waiting_id,
                                    .actor_id = f.assessor,
                                    .origin = ORIGIN,
                                    .grant = grant,
                                    .reason = REASON};
            const char *sql = on(waiting_id, cases[i].sql);
            assert_int_equal(tampered(f.app.store, &f.arena, sql, decide_it, &d), cases[i].said);
            if (cases[i].said != OK) assert_string_equal(d.refusal, "cert_refusal_records");
        }
}

/* Without the keys nothing of it can be told; without the log's word, nothing is called valid. */
static void what_cannot_be_told(void **state) {
    (void)state;
    struct look l = {.id = granted_id};
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", look_at_all, &l), OK);
    assert_true(l.found.undecided && l.certified);
    assert_non_null(strstr(l.found.problem, "its signature cannot be checked: the key "));
    l = (struct look){.id = waiting_id};
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", look_at_all, &l), OK);
    assert_null(l.found.problem);
    assert_false(l.found.undecided || l.certified);
    l = (struct look){.id = "nowhere"};
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", look_at_all, &l), ERR_NOT_FOUND);
    l = (struct look){0};
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", look_at_certificate, &l), OK);
    assert_true(l.found.undecided && !l.found.log);
    const char *cannot = strstr(l.found.problem, "its signature cannot be checked: the key ");
    assert_non_null(strstr(cannot ? cannot : "", "is missing: put its file back into keys/"));
    l.keys = f.app.certs->keys;
    audit_found(false, 0);
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", look_at_certificate, &l), OK);
    audit_found(true, 0);
    assert_true(l.found.undecided && l.found.log);
    assert_string_equal(l.found.problem, "the audit log, by which it is checked, does not hold");
}

/* ---- A report, a person's past, a decision --------------------------------------------------- */
struct reporting {
    struct cert_keys *keys;
    struct cert_check_report report;
};

static enum err complete_report(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct reporting *r = arg;
    (void)now_ms;
    return cert_records_report(db, a, r->keys, &r->report);
}

static void a_report(void **state) {
    (void)state;
    struct cert_check_report valid = check(credential(number, 0).json, f.now_ms + 1000);
    const struct cert_check *status = &valid.checks[CERT_CHECK_COUNT - 1];
    assert_true(valid.valid);
    assert_string_equal(valid.number, number);
    valid.ours = true;
    static const char changed[] =
        "UPDATE cert_certificate SET decided_by_name = 'else'" CERTIFICATE,
                      gone[] = "UPDATE cert_certificate SET number = 'else'" CERTIFICATE;
    const struct {
        const char *sql;
        struct cert_keys *keys;
        bool log;
        const char *code, *detail; /* NULL: it stays as it was */
        enum cert_outcome outcome;
    } cases[] = {
        {"SELECT 1", f.app.certs->keys, true, NULL, NULL, CERT_PASS},
        {changed, f.app.certs->keys, true, "records",
         "what is on record about it is not what was signed and logged", CERT_FAIL},
        {gone, f.app.certs->keys, true, "records",
         "what is on record about it is not what was signed and logged", CERT_FAIL},
        {"SELECT 1", NULL, true, "records_key", "what is on record about it: ", CERT_SKIP},
        {"SELECT 1", f.app.certs->keys, false, "records_log",
         "what is on record about it: the audit log, by which it is checked, does not hold",
         CERT_SKIP},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reporting r = {cases[i].keys, valid};
        const struct cert_check *now = &r.report.checks[CERT_CHECK_COUNT - 1];
        audit_found(cases[i].log, 0);
        const char *sql = on(granted_id, cases[i].sql);
        assert_int_equal(tampered(f.app.store, &f.arena, sql, complete_report, &r), OK);
        audit_found(true, 0);
        assert_int_equal(r.report.valid, !cases[i].code);
        assert_int_equal(r.report.undecided, cases[i].outcome == CERT_SKIP);
        assert_int_equal(now->outcome, cases[i].outcome);
        if (cases[i].code) {
            assert_string_equal(now->code, cases[i].code);
            assert_memory_equal(now->detail, cases[i].detail, strlen(cases[i].detail));
        } else assert_ptr_equal(now->code, status->code);
    }
    /* What was not found valid, or is of others, is left as it is. */
    for (int i = 0; i < 3; i++) {
        struct reporting r = {f.app.certs->keys, valid};
        if (i == 0) r.report.valid = false;
        if (i == 1) r.report.ours = false;
        if (i == 2) r.report.number = NULL;
        const char *sql = on(granted_id, changed);
        assert_int_equal(tampered(f.app.store, &f.arena, sql, complete_report, &r), OK);
        assert_ptr_equal(r.report.checks[CERT_CHECK_COUNT - 1].code, status->code);
        assert_int_equal(r.report.valid, i != 0);
    }
}

struct asking {
    const char *id, *other; /* what is asked about, and beside it */
    const char *problem;
};

static enum err ask_past(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct asking *x = arg;
    (void)now_ms;
    return cert_records_past(db, a, x->id, x->other, &x->problem);
}

static enum err ask_case(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct asking *x = arg;
    struct cert_application app;
    (void)now_ms;
    enum err e = cert_application_find(db, a, x->id, &app);
    return e == OK ? cert_records_case(db, a, &app, x->other, &x->problem) : e;
}

static enum err ask_results(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct asking *x = arg;
    const struct cert_need exam = {.kind = &exam_evidence_kind, .id = "small"},
                           modules = {.kind = NULL, .id = "one"};
    struct cert_need_status needs[] = {
        {.need = &modules, .record = "none"}, {.need = &exam}, {.need = &exam, .record = x->id}};
    const struct cert_level_status status = {.needs = needs, .count = COUNT_OF(needs)};
    (void)now_ms;
    return cert_records_results(db, a, &status, &x->problem);
}

static void expect(const char *id, const char *sql, write_fn ask, struct asking x,
                   const char *problem) {
    print_message("%s\n", sql);
    assert_int_equal(tampered(f.app.store, &f.arena, on(id, sql), ask, &x), OK);
    if (!problem && x.problem) fail_msg("%s", x.problem);
    if (!problem) return;
    assert_non_null(x.problem);
    assert_string_equal(x.problem, problem);
}

static void the_past(void **state) {
    (void)state;
    static const char gone[] = "DELETE FROM cert_application" APPLICATION,
                      other[] = "UPDATE cert_decision SET reason = 'else'" CASE;
    const char *subject = arena_printf(&f.arena, "the application %s: ", granted_id);
    struct asking past = {f.learner, NULL, NULL}, without = {f.learner, granted_id, NULL},
                  of_other = {f.other, NULL, NULL};
    expect(granted_id, "SELECT 1", ask_past, past, NULL);
    expect(granted_id, gone, ask_past, past,
           arena_printf(&f.arena, "%sit was logged and is not on record", subject));
    expect(granted_id, other, ask_past, past,
           arena_printf(&f.arena, "%sthe decision is not the one that was logged", subject));
    expect(granted_id, gone, ask_past, without, NULL);
    expect(granted_id, gone, ask_past, of_other, NULL);
    expect(refused_id, gone, ask_past, of_other,
           arena_printf(&f.arena, "the application %s: it was logged and is not on record",
                        refused_id));
}

static void before_a_decision(void **state) {
    (void)state;
    struct asking alone = {waiting_id, NULL, NULL}, decider = {waiting_id, f.assessor, NULL};
    static const char role[] =
        "INSERT INTO person_role SELECT id, 'admin', 0, 'system' FROM person WHERE login = 'assessor'";
    expect(waiting_id, "SELECT 1", ask_case, decider, NULL);
    expect(waiting_id, "UPDATE cert_eligibility SET reason = 'else'" CASE, ask_case, alone,
           "the admission is not the one that was logged");
    expect(waiting_id, role, ask_case, alone, NULL);
    struct asking x = decider;
    assert_int_equal(tampered(f.app.store, &f.arena, on(waiting_id, role), ask_case, &x), OK);
    assert_non_null(x.problem);
    /* The earlier cases and attempts of the candidate count as well. */
    struct asking refused = {refused_id, f.assessor, NULL};
    expect(refused_id, "SELECT 1", ask_case, refused, NULL);
    expect(
        refused_id,
        arena_printf(&f.arena, "UPDATE exam_attempt SET cut_permille = 1 WHERE id = '%s'", attempt),
        ask_case, refused,
        arena_printf(&f.arena,
                     "the attempt %s: its cut, its minutes or its extra time is not what was "
                     "logged",
                     attempt));
}

/* RULE exam-recomputed, of what a level rests on. */
static void results_that_count(void **state) {
    (void)state;
    struct asking x = {attempt, NULL, NULL};
    expect(refused_id, "SELECT 1", ask_results, x, NULL);
    x.problem = NULL;
    assert_int_equal(
        tampered(f.app.store, &f.arena,
                 "UPDATE exam_result SET correct = 0, permille = 0, scaled = 200, passed = 0",
                 ask_results, &x),
        OK);
    assert_non_null(x.problem);
    assert_non_null(strstr(x.problem, arena_printf(&f.arena, "the attempt %s: ", attempt)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_application),   cmocka_unit_test(the_decision),
        cmocka_unit_test(the_certificate),   cmocka_unit_test(what_cannot_be_told),
        cmocka_unit_test(a_row_of_the_log),  cmocka_unit_test(no_decision_on_changed_records),
        cmocka_unit_test(a_report),          cmocka_unit_test(the_past),
        cmocka_unit_test(before_a_decision), cmocka_unit_test(results_that_count),
    };
    return cmocka_run_group_tests(tests, open_all, teardown);
}
