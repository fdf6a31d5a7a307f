/* The workflow over a real store and real content: who may do what, what is recorded, what a
 * revocation changes. */
#include "unit/cert/workflow.h"

/* ---- Applying
 * ---------------------------------------------------------------------------------------- */
static void nothing_met(void **state) {
    struct cert_apply a;
    (void)state;
    assert_int_equal(apply(f.learner, "first", NULL, &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_missing");
    assert_int_equal(apply(f.learner, "later", NULL, &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_closed");
    assert_int_equal(apply(f.learner, "nowhere", NULL, &a), ERR_NOT_FOUND);
    assert_int_equal(apply(f.learner, "able", "I know it.", &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_missing");
    assert_int_equal(audit_rows("cert.apply"), 0);
}

static void applying_once(void **state) {
    struct cert_apply a;
    (void)state;
    ready_case();
    assert_int_equal(apply(f.learner, "first", NULL, &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_waiting");
    assert_int_equal(audit_rows("cert.apply"), 1);
    assert_int_equal(audit_rows("cert.admit"), 1);
}

/* ---- The work list
 * ------------------------------------------------------------------------------------- */
/* What waits, as going through all applications would say: `ids` are all that there are, oldest
 * first. */
static void the_list_says(const char *const *ids, size_t all, size_t waiting) {
    struct cert_application *list, one;
    size_t count, at = 0;
    int64_t kept = -1;
    const char *next;
    store_read_begin(reader());
    assert_int_equal(
        cert_applications_waiting(reader(), &f.arena, NULL, NULL, 50, &list, &count, &next), OK);
    for (size_t i = 0; i < all; i++) {
        assert_int_equal(cert_application_find(reader(), &f.arena, ids[i], &one), OK);
        if (one.outcome) continue;
        assert_true(at < count);
        assert_string_equal(list[at++].id, ids[i]);
    }
    assert_int_equal(cert_waiting(reader(), &kept), OK);
    store_read_end(reader());
    assert_int_equal(count, at);
    assert_int_equal(kept, waiting);
    assert_int_equal(count, waiting);
    assert_null(next);
}

/* RULE waiting-list: an application stands there from the job that makes it until the job that
 * decides it, and through no other. */
static void the_work_list_is_what_a_scan_would_find(void **state) {
    (void)state;
    struct cert_apply a;
    struct cert_decide d;
    struct cert_mark m;
    struct cert_change_status c;
    const char *ids[3] = {NULL};
    the_list_says(ids, 0, 0);
    assert_int_equal(apply(f.learner, "first", NULL, &a),
                     ERR_CONFLICT); /* refused: nothing waits */
    the_list_says(ids, 0, 0);
    ids[0] = ready_case();
    the_list_says(ids, 1, 1);
    f.now_ms++;
    assert_int_equal(run(complete, (void *)f.other), OK);
    assert_int_equal(apply(f.other, "first", NULL, &a), OK);
    ids[1] = a.application_id;
    the_list_says(ids, 2, 2);
    /* Cut by key: one on each page, and the cases of whom somebody taught. */
    struct cert_application *list;
    size_t count;
    const char *next;
    store_read_begin(reader());
    assert_int_equal(
        cert_applications_waiting(reader(), &f.arena, NULL, NULL, 1, &list, &count, &next), OK);
    assert_true(count == 1 && str_eq(list[0].id, ids[0]) && next);
    assert_int_equal(
        cert_applications_waiting(reader(), &f.arena, NULL, next, 1, &list, &count, &next), OK);
    assert_true(count == 1 && str_eq(list[0].id, ids[1]) && !next);
    assert_int_equal(
        cert_applications_waiting(reader(), &f.arena, f.teacher, NULL, 50, &list, &count, &next),
        OK);
    assert_true(count == 1 && str_eq(list[0].id, ids[0]));
    assert_int_equal(
        cert_applications_waiting(reader(), &f.arena, f.second, NULL, 50, &list, &count, &next),
        OK);
    assert_int_equal(count, 0);
    store_read_end(reader());
    assert_int_equal(mark(ids[0], f.second, true, "Reads well, all of it.", &m), OK);
    assert_int_equal(decide(ids[0], f.teacher, true, REASON, &d), ERR_DENIED);
    the_list_says(ids, 2, 2);
    assert_int_equal(decide(ids[0], f.assessor, true, REASON, &d), OK);
    the_list_says(ids, 2, 1);
    const char *number = d.number;
    assert_int_equal(decide(ids[0], f.assessor, true, REASON, &d), ERR_CONFLICT);
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    the_list_says(ids, 2, 1);
    assert_int_equal(decide(ids[1], f.assessor, false, REASON, &d), OK);
    the_list_says(ids, 2, 0);
    /* So many as are asked for, and no more, whatever waits behind them. */
    const char *waiting[3];
    for (size_t i = 0; i < COUNT_OF(waiting); i++) {
        const char *who = person(arena_printf(&f.arena, "waits%zu", i), ROLE_LEARNER);
        f.now_ms++;
        assert_int_equal(run(complete, (void *)who), OK);
        assert_int_equal(apply(who, "first", NULL, &a), OK);
        waiting[i] = a.application_id;
    }
    store_read_begin(reader());
    for (size_t limit = 1; limit <= COUNT_OF(waiting); limit++) {
        assert_int_equal(
            cert_applications_waiting(reader(), &f.arena, NULL, NULL, limit, &list, &count, &next),
            OK);
        assert_int_equal(count, limit);
        for (size_t i = 0; i < count; i++) assert_string_equal(list[i].id, waiting[i]);
        assert_int_equal(next != NULL, limit < COUNT_OF(waiting));
    }
    store_read_end(reader());
}

/* RULE four-eyes. ---- Four eyes
 * ---------------------------------------------------------------------------------------- */
static void who_may_not_decide(void **state) {
    (void)state;
    const char *id = ready_case();
    struct cert_mark m;
    assert_int_equal(mark(id, f.second, true, "Reads well, all of it.", &m), OK);
    const struct {
        const char *who, *refusal;
    } cases[] = {{f.learner, "cert_refusal_self"},
                 {f.teacher, "cert_refusal_taught"},
                 {f.second, "cert_refusal_marked"},
                 {f.admin, "cert_refusal_role"},
                 {f.other, "cert_refusal_role"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int grant = 0; grant < 2; grant++) {
            struct cert_decide d;
            assert_int_equal(decide(id, cases[i].who, grant, REASON, &d), ERR_DENIED);
            assert_string_equal(d.refusal, cases[i].refusal);
            assert_null(d.number);
        }
    assert_int_equal(audit_rows("cert.grant") + audit_rows("cert.refuse"), 0);
    struct cert_decide d;
    assert_int_equal(decide(id, f.assessor, true, REASON, &d), OK);
}

static void who_may_mark(void **state) {
    (void)state;
    const char *id = ready_case();
    struct cert_mark m;
    assert_int_equal(mark(id, f.learner, true, "I did very well.", &m), ERR_DENIED);
    assert_int_equal(mark(id, f.plain, true, "Never taught this person.", &m), ERR_DENIED);
    assert_int_equal(mark(id, f.other, true, "No role for it at all.", &m), ERR_DENIED);
    assert_int_equal(mark(id, f.teacher, true, "short", &m), ERR_INVALID);
    assert_int_equal(mark(id, f.teacher, true, "Taught and marked by me.", &m), OK);
    m = (struct cert_mark){.application_id = id,
                           .marker_id = f.second,
                           .subject_kind = "application",
                           .subject_id = "another",
                           .sufficient = true,
                           .comment = "About something else."};
    assert_int_equal(run(cert_mark, &m), ERR_INVALID);
    m.subject_kind = "lab_run"; /* no run of this candidate's */
    assert_int_equal(run(cert_mark, &m), ERR_INVALID);
    assert_string_equal(m.refusal, "cert_refusal_subject");
    assert_int_equal(mark("nowhere", f.second, true, "About something else.", &m), ERR_NOT_FOUND);
}

static void an_insufficient_mark_stands_in_the_way(void **state) {
    (void)state;
    const char *id = ready_case();
    struct cert_mark m;
    struct cert_decide d;
    assert_int_equal(mark(id, f.second, false, "The lab run skipped a step.", &m), OK);
    assert_int_equal(decide(id, f.assessor, true, REASON, &d), ERR_CONFLICT);
    assert_string_equal(d.refusal, "cert_refusal_insufficient");
    f.now_ms += 1000;
    assert_int_equal(mark(id, f.second, true, "Seen again: the step is there.", &m), OK);
    assert_int_equal(decide(id, f.assessor, true, REASON, &d), OK);
}

/* ---- Deciding
 * ------------------------------------------------------------------------------------------- */
static void decided_once(void **state) {
    (void)state;
    const char *id = ready_case();
    struct cert_decide d;
    struct cert_mark m;
    struct cert_apply a;
    assert_int_equal(decide(id, f.assessor, true, "ok", &d), ERR_INVALID);
    assert_int_equal(decide(id, f.assessor, true, "  \n\t   short   ", &d), ERR_INVALID);
    assert_int_equal(decide(id, f.assessor, true, REASON, &d), OK);
    assert_non_null(cert_number_read(&f.arena, d.number));
    struct cert_decide again;
    assert_int_equal(decide(id, f.second, false, REASON, &again), ERR_CONFLICT);
    assert_string_equal(again.refusal, "cert_refusal_decided");
    assert_int_equal(mark(id, f.second, true, "Too late for this.", &m), ERR_CONFLICT);
    assert_int_equal(decide("nowhere", f.assessor, true, REASON, &again), ERR_NOT_FOUND);
    assert_int_equal(apply(f.learner, "first", NULL, &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_held");
    assert_int_equal(audit_rows("cert.grant"), 1);
    assert_int_equal(audit_rows("cert.issue"), 1);
}

static void refused_and_tried_again(void **state) {
    (void)state;
    const char *id = ready_case();
    struct cert_decide d;
    struct cert_apply a;
    assert_int_equal(decide(id, f.assessor, false, REASON, &d), OK);
    assert_null(d.number);
    assert_int_equal(audit_rows("cert.refuse"), 1);
    f.now_ms = NOW_MS + 14 * MS_DAY - 1;
    assert_int_equal(apply(f.learner, "first", NULL, &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_after_refusal");
    f.now_ms++;
    assert_int_equal(apply(f.learner, "first", NULL, &a), OK);
    assert_int_equal(decide(a.application_id, f.assessor, true, REASON, &d), OK);
}

static const char *statement(void) {
    char *text = arena_alloc(&f.arena, 160);
    memset(text, 'x', 159);
    return text;
}

static void experience_in_place_of_modules(void **state) {
    (void)state;
    struct cert_apply a;
    struct cert_decide d;
    /* A level that asks for modules alone: a statement would be all the evidence there is. */
    assert_int_equal(apply(f.other, "first", statement(), &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_missing");
    assert_int_equal(apply(f.other, "able", statement(), &a), ERR_CONFLICT); /* not passed */
    sit(f.other, true);
    assert_int_equal(apply(f.other, "able", "I know it.", &a), ERR_INVALID);
    assert_string_equal(a.refusal, "cert_refusal_statement");
    assert_int_equal(apply(f.other, "able", statement(), &a), OK);
    assert_int_equal(audit_rows("cert.admit"), 0);
    assert_int_equal(decide(a.application_id, f.assessor, true, REASON, &d), ERR_INVALID);
    assert_string_equal(d.refusal, "cert_refusal_experience");
    d = (struct cert_decide){.app = &f.app,
                             .content = f.content,
                             .application_id = a.application_id,
                             .actor_id = f.assessor,
                             .origin = ORIGIN,
                             .grant = true,
                             .accept_experience = true,
                             .reason = REASON};
    assert_int_equal(run(cert_decide, &d), OK);
    assert_int_equal(audit_rows("cert.admit"), 1);
    assert_non_null(d.number);
}

/* ---- Certificates
 * ------------------------------------------------------------------------------------------ */
static void issued_and_expiring(void **state) {
    (void)state;
    const char *number = granted();
    struct cert_certificate c = certificate(number);
    struct cert_credential_row row = credential(number, 0);
    assert_string_equal(c.holder_name, "learner");
    assert_int_equal(c.valid_until_ms, time_add_months(NOW_MS, 12));
    assert_true(check(row.json, NOW_MS + 1000).valid);
    assert_false(check(row.json, c.valid_until_ms).valid);
    assert_string_equal(cert_state_at(c.last_status, c.valid_until_ms, NOW_MS), "valid");
    assert_string_equal(cert_state_at(c.last_status, c.valid_until_ms, c.valid_until_ms),
                        "expired");
    assert_null(strstr(row.json, "learner@example.org"));
}

static void revoked_at_once(void **state) {
    (void)state;
    const char *number = granted(), *before = signed_list(NOW_MS);
    struct cert_credential_row row = credential(number, 0);
    struct cert_change_status c;
    assert_int_equal(change(number, f.learner, CERT_REVOKE, &c), ERR_DENIED); /* the holder */
    assert_int_equal(change(number, f.other, CERT_REVOKE, &c), ERR_DENIED);   /* no role */
    assert_int_equal(change(number, f.assessor, CERT_REINSTATE, &c), ERR_CONFLICT);
    assert_string_equal(signed_list(NOW_MS + 1),
                        before); /* the cache serves while nothing changed */
    assert_int_equal(change(number, f.assessor, CERT_REVOKE, &c), OK);
    assert_string_not_equal(signed_list(NOW_MS + 2), before);
    struct cert_check_report r = check(row.json, NOW_MS + 1000);
    assert_false(r.valid);
    assert_string_equal(r.checks[4].code, "revoked");
    assert_int_equal(change(number, f.assessor, CERT_REVOKE, &c), ERR_CONFLICT);
    assert_int_equal(change(number, f.assessor, CERT_SUSPEND, &c), ERR_CONFLICT);
    assert_int_equal(audit_rows("cert.revoke"), 1);
}

static void the_list_is_signed_anew_before_it_ends(void **state) {
    (void)state;
    granted();
    const char *first = signed_list(NOW_MS);
    assert_string_equal(signed_list(NOW_MS + CERT_LIST_VALID_MS / 2 - 1), first);
    assert_string_not_equal(signed_list(NOW_MS + CERT_LIST_VALID_MS / 2 + 1), first);
    const char *json, *etag;
    store_read_begin(reader());
    assert_int_equal(cert_signed_list(f.app.certs, reader(), &f.arena, 2, NOW_MS, &json, &etag),
                     ERR_NOT_FOUND);
    store_read_end(reader());
}

static void audited_whole(void **state) {
    struct audit_report report;
    struct cert_change_status c;
    (void)state;
    const char *number = granted();
    assert_int_equal(change(number, f.second, CERT_REVOKE, &c), OK);
    static const char *const actions[] = {"cert.apply", "cert.admit", "cert.grant", "cert.issue",
                                          "cert.revoke"};
    for (size_t i = 0; i < COUNT_OF(actions); i++) assert_int_equal(audit_rows(actions[i]), 1);
    store_read_begin(reader());
    assert_int_equal(audit_verify(reader(), &f.arena, &report), OK);
    store_read_end(reader());
}

/* A machine whose clock says nonsense grants nothing, and goes on. */
static void a_year_beyond_four_figures(void **state) {
    struct cert_decide d;
    (void)state;
    const char *id = ready_case();
    f.now_ms = INT64_C(253402300800000); /* 10000-01-01T00:00:00Z */
    assert_int_equal(decide(id, f.assessor, true, REASON, &d), ERR_IO);
    f.now_ms = NOW_MS + 1000;
    assert_int_equal(audit_rows("cert.grant"), 0);
    assert_int_equal(decide(id, f.assessor, true, REASON, &d), OK);
}

/* RULE stop-soon */
static void a_comparison_that_is_to_stop_compares_nothing_more(void **state) {
    struct cert_records records;
    atomic_bool stop = false;
    (void)state;
    granted();
    assert_int_equal(cert_records_check(reader(), &f.arena, NULL, &stop, &records), OK);
    assert_int_equal(records.certificates, 1);
    atomic_store(&stop, true);
    assert_int_equal(cert_records_check(reader(), &f.arena, NULL, &stop, &records), ERR_BUSY);
    assert_int_equal(records.certificates, 0);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW(nothing_met),
        FLOW(the_work_list_is_what_a_scan_would_find),
        FLOW(applying_once),
        FLOW(who_may_not_decide),
        FLOW(who_may_mark),
        FLOW(an_insufficient_mark_stands_in_the_way),
        FLOW(decided_once),
        FLOW(refused_and_tried_again),
        FLOW(experience_in_place_of_modules),
        FLOW(issued_and_expiring),
        FLOW(revoked_at_once),
        FLOW(the_list_is_signed_anew_before_it_ends),
        FLOW(audited_whole),
        FLOW(a_year_beyond_four_figures),
        FLOW(a_comparison_that_is_to_stop_compares_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
