/* The disk fails at each step of each job, and of what is read: whoever asked is told, and nothing
 * is left behind. */
#include "unit/check.h"

#include "unit/store/failing_step.h"
#include "unit/store/tampered.h"

#include "unit/cert/workflow.h"

#include "base/log.h"
#include "cert/cert_records.h"
#include "exam/exam.h"

static int each_step(write_fn job, void *arg, size_t size) {
    f.now_ms += 1000;
    return fail_each_step(f.app.store, &f.arena, job, arg, size, f.now_ms);
}

static void each_job(void **state) {
    (void)state;
    struct cert_change_status c;
    assert_int_equal(run(complete, (void *)f.learner), OK);
    struct cert_apply a = {.app = &f.app,
                           .content = f.content,
                           .person_id = f.learner,
                           .programme_id = "p",
                           .level_id = "first"};
    assert_true(each_step(cert_apply, &a, sizeof a) > 10);
    struct cert_mark m = {.application_id = a.application_id,
                          .marker_id = f.second,
                          .subject_kind = "application",
                          .subject_id = a.application_id,
                          .sufficient = true,
                          .comment = "Reads well, all of it."};
    assert_true(each_step(cert_mark, &m, sizeof m) > 5);
    struct cert_decide d = {.app = &f.app,
                            .content = f.content,
                            .application_id = a.application_id,
                            .actor_id = f.assessor,
                            .origin = ORIGIN,
                            .grant = true,
                            .reason = REASON};
    assert_true(each_step(cert_decide, &d, sizeof d) > 20);
    c = (struct cert_change_status){.app = &f.app,
                                    .number = d.number,
                                    .actor_id = f.admin,
                                    .change = CERT_SUSPEND,
                                    .reason = REASON};
    assert_true(each_step(cert_change_status, &c, sizeof c) > 10);
    c.change = CERT_REINSTATE;
    assert_true(each_step(cert_change_status, &c, sizeof c) > 10);
    struct cert_declare interest = {.actor_id = f.assessor, .person_id = f.other};
    assert_true(each_step(cert_declare, &interest, sizeof interest) > 4);
    static const char *const actions[] = {"cert.apply",     "cert.admit",   "cert.mark",
                                          "cert.grant",     "cert.issue",   "cert.suspend",
                                          "cert.reinstate", "cert.interest"};
    for (size_t i = 0; i < COUNT_OF(actions); i++) assert_int_equal(audit_rows(actions[i]), 1);
}

/* ---- What is read ---------------------------------------------------------------------------- */
static const char *number, *person_id, *application_id, *attempt;

static enum err read_cases(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_application app, *list;
    struct cert_mark_row *marks;
    struct cert_teacher *teachers;
    struct cert_interest *interests;
    const char *next, *conflict = NULL;
    size_t count;
    int64_t waiting;
    bool there;
    (void)arg, (void)now_ms;
    enum err e = cert_application_find(db, a, application_id, &app);
    if (e == OK) e = cert_applications_of(db, a, person_id, &list, &count);
    if (e == OK) e = cert_applications_waiting(db, a, NULL, NULL, 5, &list, &count, &next);
    if (e == OK) e = cert_applications_waiting(db, a, f.teacher, NULL, 5, &list, &count, &next);
    if (e == OK) e = cert_waiting(db, &waiting);
    if (e == OK) e = cert_marks(db, a, application_id, &marks, &count);
    if (e == OK) e = cert_marks_on(db, a, person_id, "", &marks, &count);
    if (e == OK) e = cert_teachers(db, a, person_id, &teachers, &count);
    if (e == OK) e = cert_interests(db, a, f.assessor, &interests, &count);
    if (e == OK) e = cert_conflict(db, f.assessor, person_id, &conflict);
    if (e == OK) e = cert_lab_run_is_of(db, a, person_id, "none", &there);
    return e;
}

static enum err read_certificates(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_certificate c;
    struct cert_credential_row row;
    struct cert_credential_brief *credentials;
    struct cert_status_row *states;
    struct cert_summary *list;
    struct cert_register page;
    struct used_key *keys;
    struct used_origin *origins;
    const char *origin, *purpose;
    size_t count;
    int64_t facts, revoked, suspended;
    bool ours;
    (void)arg;
    enum err e = cert_certificate_find(db, a, number, &c);
    if (e == OK) e = cert_credential_find(db, a, c.id, 0, &row);
    if (e == OK) e = cert_credential_find(db, a, c.id, 1, &row);
    if (e == OK) e = cert_credentials_of(db, a, c.id, &credentials, &count);
    if (e == OK) e = cert_statuses(db, a, c.id, &states, &count);
    if (e == OK) e = cert_list(db, a, person_id, now_ms, 5, &list, &count);
    if (e == OK) e = cert_state_logged(db, a, &list[0]);
    if (e == OK) e = cert_show_state(&(struct request){.arena = a, .app = &f.app, .db = db}, list);
    assert_true(e != OK || str_eq(list[0].state, "suspended"));
    if (e == OK) e = cert_register(db, a, NULL, NULL, now_ms, 5, &page);
    if (e == OK) e = cert_register(db, a, "learner gr", NULL, now_ms, 5, &page);
    if (e == OK) e = cert_withdrawn_of(db, a, person_id, &revoked, &suspended);
    if (e == OK) e = cert_list_about(db, a, 1, &origin, &purpose, &facts);
    if (e == OK) e = cert_used_keys(db, a, &keys, &count);
    if (e == OK) e = cert_used_origins(db, a, &origins, &count);
    if (e == OK) e = cert_issued_as(db, a, "did:web:academy.example", &ours);
    return e;
}

static enum err read_records(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_application app;
    struct cert_certificate c;
    struct cert_credential_row row;
    struct cert_record_finding found;
    const char *problem = NULL;
    struct cert_check_report report = {.valid = true, .ours = true, .number = number};
    unsigned char *bits = arena_alloc(a, CERT_STATUS_BYTES);
    size_t differ;
    int64_t last;
    bool certified;
    (void)arg, (void)now_ms;
    enum err e = cert_application_find(db, a, application_id, &app);
    if (e == OK) e = cert_certificate_find(db, a, number, &c);
    if (e == OK) e = cert_credential_find(db, a, c.id, 0, &row);
    if (e == OK) e = cert_records_certificate(db, a, f.app.certs->keys, &c, &row, &found);
    if (e == OK)
        e = cert_records_application(db, a, f.app.certs->keys, application_id, &found, &certified);
    if (e == OK) e = cert_records_report(db, a, f.app.certs->keys, &report);
    assert_true(report.valid && !report.checks[CERT_CHECK_COUNT - 1].code);
    if (e == OK) e = cert_records_case(db, a, &app, f.assessor, &problem);
    if (e == OK) e = cert_records_past(db, a, person_id, NULL, &problem);
    if (e == OK)
        e = cert_list_read(db, a, f.app.certs->keys, 1, ORIGIN, "suspension", bits, &differ);
    if (e == OK) e = cert_changes_last(db, &last);
    assert_true(e != OK || !problem);
    return e;
}

static enum err read_standing(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct content_level *level = content_level(content_programme(f.content, "p"), "able");
    const struct cert_standing_query asked = {f.other, "p", level, NULL, 0};
    struct cert_standing standing;
    struct cert_level_status status;
    struct exam_anew_ask ask = {&f.app, f.content, f.other, "small"};
    const char *problem = NULL;
    int64_t until_ms;
    (void)arg;
    enum err e = cert_standing_of(&f.app, db, a, f.content, &asked, now_ms, &standing, &status);
    if (e == OK) e = cert_records_results(db, a, &status, &problem);
    if (e == OK) e = cert_exam_anew(db, a, &ask, now_ms, &until_ms);
    assert_true(e != OK || (status.needs[1].record && str_eq(status.needs[1].record, attempt)));
    return e;
}

static void each_reading(void **state) {
    (void)state;
    static const write_fn reads[] = {read_cases, read_certificates, read_records, read_standing};
    struct cert_change_status c;
    struct exam_result *results;
    size_t count;
    int nothing = 0;
    number = granted();
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    person_id = f.learner;
    application_id = certificate(number).application_id;
    sit(f.other, true);
    store_read_begin(reader());
    assert_int_equal(exam_results(reader(), &f.arena, NULL, f.other, "small", &results, &count),
                     OK);
    store_read_end(reader());
    attempt = arena_dup(&f.arena, results[0].attempt_id);
    for (size_t i = 0; i < COUNT_OF(reads); i++)
        assert_true(each_step(reads[i], &nothing, sizeof nothing) > 8);
}

/* What is asked of a credential is answered as not seen, never as good. */
static enum err answer_it(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_status_question *q = arg;
    (void)now_ms;
    return cert_credential_answer(db, a, q) == CERT_STATUS_UNSEEN ? ERR_IO : OK;
}

static void each_answer(void **state) {
    (void)state;
    struct cert_credential_row row = credential(granted(), 0);
    struct cert_status_question q = {.credential_id = row.credential_id,
                                     .list_url = ORIGIN "/status/1",
                                     .index = row.status_index};
    assert_true(each_step(answer_it, &q, sizeof q) > 0);
    assert_null(q.why);
}

/* RULE shown-state, on a page: from the tables, the signed credential and the log. */
static enum err page_state(struct db *db, struct arena *a, void *state, int64_t now_ms) {
    struct request r = {.arena = a, .app = &f.app, .db = db};
    struct cert_summary *list;
    size_t count;
    enum err e = cert_list(db, a, f.learner, now_ms, 5, &list, &count);
    if (e == OK) e = cert_show_state(&r, &list[0]);
    if (e == OK) *(const char **)state = arena_dup(&f.arena, list[0].state);
    return e;
}

static void states_of_a_page(void **state) {
    (void)state;
    (void)granted();
    static const struct {
        const char *sql, *state;
    } cases[] = {
        {"SELECT 1", "valid"},
        {"UPDATE cert_certificate SET holder_name = 'Else'", "unchecked"},
        {"PRAGMA defer_foreign_keys = 1; DELETE FROM cert_credential", "unchecked"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *shown = NULL;
        assert_int_equal(tampered(f.app.store, &f.arena, cases[i].sql, page_state, &shown), OK);
        assert_string_equal(shown, cases[i].state);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {FLOW(each_job), FLOW(each_reading), FLOW(each_answer),
                                       FLOW(states_of_a_page)};
    log_threshold(LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
