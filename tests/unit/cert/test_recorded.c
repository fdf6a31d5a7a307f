/* What certification has recorded is read as it was done: applications, marks, certificates with
 * their states, the register, and what is said of them elsewhere; each member by hand. */
#include "unit/cert/workflow.h"

#include "base/json.h"
#include "cert/cert_records.h"
#include "exam/exam.h"
#include "unit/store/tampered.h"

static const char *granted_id, *refused_id, *stated_id, *number, *able;

#define STATED                                                                                      \
    "I ran the campaigns of two brands for three years, wrote the rules of their data, and taught " \
    "those who came after me."

/* The learner holds "first" and "able" (by experience, with an exam); the other was refused and
 * waits again. A second apart. */
static int open_all(void **state) {
    struct cert_mark m;
    struct cert_decide d;
    struct cert_apply a;
    if (setup(state) != 0) return -1;
    granted_id = ready_case();
    f.now_ms += 1000;
    assert_int_equal(mark(granted_id, f.second, false, "A step is missing.", &m), OK);
    f.now_ms += 1000;
    assert_int_equal(mark(granted_id, f.second, true, "Seen again: it is there.", &m), OK);
    f.now_ms += 1000;
    assert_int_equal(decide(granted_id, f.assessor, true, REASON, &d), OK);
    number = d.number;
    f.now_ms += 1000;
    sit(f.other, true);
    assert_int_equal(apply(f.other, "able", STATED, &a), OK);
    stated_id = a.application_id;
    f.now_ms += 1000;
    d = (struct cert_decide){.app = &f.app,
                             .content = f.content,
                             .application_id = stated_id,
                             .actor_id = f.assessor,
                             .origin = ORIGIN,
                             .grant = true,
                             .accept_experience = true,
                             .reason = REASON};
    assert_int_equal(run(cert_decide, &d), OK);
    able = d.number;
    f.now_ms += 1000;
    assert_int_equal(run(complete, (void *)f.other), OK);
    assert_int_equal(apply(f.other, "first", NULL, &a), OK);
    refused_id = a.application_id;
    f.now_ms += 1000;
    assert_int_equal(decide(refused_id, f.second, false, "Not enough of it was shown.", &d), OK);
    return 0;
}

static void applications(void **state) {
    (void)state;
    struct cert_application *list;
    size_t count;
    store_read_begin(reader());
    assert_int_equal(cert_applications_of(reader(), &f.arena, f.other, &list, &count), OK);
    store_read_end(reader());
    assert_int_equal(count, 2);
    const struct cert_application *refused = &list[0], *stated = &list[1]; /* the newest first */
    assert_string_equal(refused->id, refused_id);
    assert_string_equal(refused->person_id, f.other);
    assert_string_equal(refused->person_name, "other");
    assert_string_equal(refused->programme_id, "p");
    assert_string_equal(refused->level_id, "first");
    assert_string_equal(refused->scheme_version, "1");
    assert_string_equal(refused->programme_version, content_programme(f.content, "p")->version);
    assert_string_equal(refused->basis, "training");
    assert_string_equal(refused->statement, "");
    assert_true(refused->at_ms == NOW_MS + 6000);
    assert_string_equal(refused->admitted_by, "system");
    assert_string_equal(refused->admitted_reason, "every requirement of the level is met");
    assert_true(refused->admitted_ms == NOW_MS + 6000);
    assert_string_equal(refused->outcome, "refused");
    assert_string_equal(refused->decided_by, f.second);
    assert_string_equal(refused->decided_reason, "Not enough of it was shown.");
    assert_true(refused->decided_ms == NOW_MS + 7000);
    assert_null(refused->number);
    assert_string_equal(stated->id, stated_id);
    assert_string_equal(stated->basis, "experience");
    assert_string_equal(stated->statement, STATED);
    assert_string_equal(stated->admitted_by, f.assessor);
    assert_string_equal(stated->outcome, "granted");
    assert_string_equal(stated->number, able);
}

static void marks(void **state) {
    (void)state;
    struct cert_mark_row *list;
    size_t count;
    store_read_begin(reader());
    assert_int_equal(cert_marks(reader(), &f.arena, granted_id, &list, &count), OK);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(list[i].marker_id, f.second);
        assert_string_equal(list[i].marker_name, "second");
        assert_string_equal(list[i].candidate_id, f.learner);
        assert_string_equal(list[i].subject_kind, "application");
        assert_string_equal(list[i].subject_id, granted_id);
        assert_string_equal(list[i].verdict, i ? "sufficient" : "insufficient");
        assert_string_equal(list[i].comment, i ? "Seen again: it is there." : "A step is missing.");
        assert_true(list[i].at_ms == NOW_MS + 1000 + (int64_t)i * 1000);
    }
    assert_int_equal(cert_marks_on(reader(), &f.arena, f.learner, granted_id, &list, &count), OK);
    assert_int_equal(count, 0);
    assert_int_equal(cert_marks_on(reader(), &f.arena, f.learner, "", &list, &count), OK);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].verdict, "sufficient"); /* the newest first */
    struct cert_teacher *teachers;
    assert_int_equal(cert_teachers(reader(), &f.arena, f.learner, &teachers, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(teachers[0].person_id, f.teacher);
    assert_string_equal(teachers[0].name, "teacher");
    assert_string_equal(teachers[0].cohort, "Autumn");
    store_read_end(reader());
}

static const json_t *at(const json_t *v, const char *path) {
    for (const char *dot;; path = dot + 1) {
        dot = strchr(path, '.');
        size_t len = dot ? (size_t)(dot - path) : strlen(path);
        const char *name = arena_copy(&f.arena, path, len);
        v = json_is_array(v) ? json_array_get(v, (size_t)atoi(name)) : json_object_get(v, name);
        if (!dot) return v;
    }
}

static const char *text_at(const json_t *v, const char *path) {
    const char *text = json_string_value(at(v, path));
    return text ? text : "";
}

/* What was issued for stated experience and an exam. */
static void a_certificate(void **state) {
    (void)state;
    struct cert_certificate c = certificate(able);
    const char *why;
    assert_string_equal(c.number, able);
    assert_string_equal(c.application_id, stated_id);
    assert_string_equal(c.person_id, f.other);
    assert_string_equal(c.programme_id, "p");
    assert_string_equal(c.level_id, "able");
    assert_int_equal(c.level_number, 2);
    assert_int_equal(c.level_count, 3);
    assert_string_equal(c.origin, ORIGIN);
    assert_string_equal(c.holder_name, "other");
    assert_string_equal(c.body, "Test Academy");
    assert_string_equal(c.scheme_version, "1");
    assert_string_equal(c.programme_title, "Programme");
    assert_string_equal(c.level_title, "Able");
    assert_string_equal(c.scope, "May claim it.");
    assert_string_equal(c.decided_by, f.assessor);
    assert_string_equal(c.decided_by_name, "assessor");
    assert_true(c.issued_ms == NOW_MS + 5000);
    assert_true(c.valid_until_ms == time_add_months(NOW_MS + 5000, 12));
    assert_null(c.last_status);
    struct cert_credential_row row = credential(able, 0);
    const json_t *doc = json_read(&f.arena, row.json, strlen(row.json), &why);
    assert_string_equal(text_at(doc, "id"), row.credential_id);
    assert_string_equal(text_at(doc, "credentialSubject.achievement.id"),
                        ORIGIN "/programmes/p/levels/able");
    assert_string_equal(text_at(doc, "credentialSubject.achievement.description"), "Does it.");
    assert_string_equal(
        text_at(doc, "credentialSubject.achievement.criteria.narrative"),
        "Granted by an independent decision of Test Academy on evidence of:\n\n- module: Module "
        "one\n- exam: Small exam");
    assert_string_equal(text_at(doc, "credentialSubject.achievement.resultDescription.0.id"),
                        ORIGIN "/programmes/p/levels/able#exam-small");
    assert_string_equal(text_at(doc, "credentialSubject.achievement.resultDescription.0.name"),
                        "Small exam");
    assert_string_equal(text_at(doc, "credentialSubject.result.0.resultDescription"),
                        ORIGIN "/programmes/p/levels/able#exam-small");
    assert_string_equal(text_at(doc, "credentialSubject.result.0.value"), "Pass");
    assert_int_equal(json_array_size(at(doc, "credentialSubject.result")), 1);
    static const char *const evidence[][3] = {
        {"Modules of the level", "0 of 1 modules were completed.", "modules"},
        {"Stated experience", "Experience was stated and accepted in place of modules.",
         "experience"},
        {"Small exam", "Passed on 2026-11-22", "exam"}};
    assert_int_equal(json_array_size(at(doc, "evidence")), COUNT_OF(evidence));
    for (size_t i = 0; i < COUNT_OF(evidence); i++) {
        const json_t *one = json_array_get(at(doc, "evidence"), i);
        assert_string_equal(text_at(one, "name"), evidence[i][0]);
        assert_memory_equal(text_at(one, "narrative"), evidence[i][1], strlen(evidence[i][1]));
        assert_string_equal(text_at(one, "genre"), evidence[i][2]);
    }
    assert_string_equal(text_at(doc, "validFrom"), "2026-11-22T04:10:56Z");
    assert_string_equal(text_at(doc, "awardedDate"), "2026-11-22T04:10:56Z");
    assert_string_equal(text_at(doc, "validUntil"), "2027-11-22T04:10:56Z");
    /* Of modules alone: no result, and all of them. */
    row = credential(number, 0);
    doc = json_read(&f.arena, row.json, strlen(row.json), &why);
    assert_null(at(doc, "credentialSubject.result"));
    assert_null(at(doc, "credentialSubject.achievement.resultDescription"));
    assert_int_equal(json_array_size(at(doc, "evidence")), 1);
    assert_string_equal(text_at(doc, "evidence.0.narrative"), "2 of 2 modules were completed.");
    /* What the log keeps of its issue, and of what was known at the decision. */
    struct audit_row *rows;
    size_t count;
    store_read_begin(reader());
    assert_int_equal(audit_list(reader(), &f.arena, granted_id, 0, 20, &rows, &count), OK);
    store_read_end(reader());
    assert_string_equal(rows[0].action, "cert.issue");
    assert_string_equal(rows[0].detail,
                        arena_printf(&f.arena,
                                     "{\"number\":\"%s\",\"version\":1,\"list\":1,\"index\":%u,"
                                     "\"step\":1,\"steps\":3}",
                                     number, (unsigned)row.status_index));
}

static enum err evidence_of(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct cert_level_status status;
    const struct content_level *level = content_level(content_programme(f.content, "p"), "able");
    (void)now_ms;
    enum err e = cert_status_of(&f.app, db, a, f.content, "p", level, f.learner, NOW_MS, &status);
    if (e == OK) *(const char **)arg = arena_dup(&f.arena, cert_evidence_json(a, &status));
    return e;
}

static void evidence_as_json(void **state) {
    (void)state;
    const char *json = NULL;
    assert_int_equal(run(evidence_of, &json), OK);
    const char *begins = "[{\"kind\":\"module\",\"id\":\"one\",\"state\":\"met\"";
    assert_memory_equal(json, begins, strlen(begins));
    assert_non_null(strstr(json, "},{\"kind\":\"exam\",\"id\":\"small\",\"state\":\"missing\"}]"));
}

static void summaries(void **state) {
    (void)state;
    struct cert_summary *list;
    struct cert_register page;
    size_t count;
    store_read_begin(reader());
    assert_int_equal(cert_list(reader(), &f.arena, f.other, f.now_ms, 10, &list, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].number, able);
    assert_string_equal(list[0].person_id, f.other);
    assert_string_equal(list[0].holder, "other");
    assert_string_equal(list[0].programme_id, "p");
    assert_string_equal(list[0].level_id, "able");
    assert_string_equal(list[0].title, "Programme: Able");
    assert_true(list[0].issued_ms == NOW_MS + 5000);
    assert_true(list[0].valid_until_ms == time_add_months(NOW_MS + 5000, 12));
    assert_string_equal(list[0].state, "valid");
    assert_null(list[0].last_status);
    assert_string_equal(list[0].application_id, stated_id);
    /* At its end it holds no more. */
    assert_int_equal(
        cert_list(reader(), &f.arena, f.other, list[0].valid_until_ms, 10, &list, &count), OK);
    assert_string_equal(list[0].state, "expired");
    /* The register, cut by key: the newest first, one on a page. */
    static const char *const words[] = {NULL, "gr"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        assert_int_equal(cert_register(reader(), &f.arena, words[i], NULL, f.now_ms, 1, &page), OK);
        assert_int_equal(page.count, 1);
        if (!words[i]) assert_string_equal(page.list[0].number, able);
        const char *first = page.list[0].number;
        assert_non_null(page.next);
        assert_int_equal(cert_register(reader(), &f.arena, words[i], page.next, f.now_ms, 1, &page),
                         OK);
        assert_int_equal(page.count, 1);
        assert_string_not_equal(page.list[0].number, first);
        if (!words[i]) assert_null(page.next);
    }
    assert_int_equal(cert_register(reader(), &f.arena, "learn", NULL, f.now_ms, 5, &page), OK);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.list[0].number, number);
    assert_int_equal(cert_register(reader(), &f.arena, NULL, NULL, f.now_ms, 2, &page), OK);
    assert_int_equal(page.count, 2);
    assert_null(page.next);
    store_read_end(reader());
}

static enum err changes(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const char *who = arg;
    struct cert_certificate c;
    struct cert_credential_row row;
    enum err e = cert_certificate_find(db, a, number, &c);
    if (e == OK) e = cert_credential_find(db, a, c.id, 0, &row);
    if (e == OK) e = cert_status_fact(db, a, c.id, row.id, "suspended", who, "first", now_ms + 50);
    if (e == OK) e = cert_status_fact(db, a, c.id, row.id, "reinstated", who, "then", now_ms);
    if (e == OK) e = cert_status_fact(db, a, c.id, row.id, "suspended", who, "last", now_ms + 52);
    struct cert_status_row *rows;
    size_t count;
    if (e == OK) e = cert_statuses(db, a, c.id, &rows, &count);
    if (e != OK) return e;
    static const char *const kinds[] = {"suspended", "reinstated", "suspended"},
                             *const reasons[] = {"first", "then", "last"};
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(rows[i].kind, kinds[i]);
        assert_string_equal(rows[i].reason, reasons[i]);
        assert_string_equal(rows[i].actor, who);
        assert_string_equal(rows[i].actor_name, "admin");
        assert_string_equal(rows[i].credential_row, row.id);
        assert_int_equal(rows[i].list_id, row.list_id);
        assert_true(rows[i].at_ms == now_ms + 50 + (int64_t)i); /* each behind the one before */
    }
    int64_t revoked = -1, suspended = -1, facts = -1;
    const char *origin, *purpose;
    assert_int_equal(cert_withdrawn_of(db, a, f.learner, &revoked, &suspended), OK);
    assert_true(revoked == 0 && suspended == 2);
    assert_int_equal(cert_list_about(db, a, 1, &origin, &purpose, &facts), OK);
    assert_string_equal(origin, ORIGIN);
    assert_string_equal(purpose, "suspension");
    assert_int_equal(facts, 3);
    assert_int_equal(cert_list_about(db, a, 2, &origin, &purpose, &facts), ERR_NOT_FOUND);
    const struct cert_standing_query asked = {
        f.learner, "p", content_level(content_programme(f.content, "p"), "first"), NULL, 0};
    struct cert_past past;
    assert_int_equal(cert_past_of(db, a, &asked, c.issued_ms, &past), OK);
    assert_int_equal(past.held_count, 1);
    assert_string_equal(past.held[0].state, "suspended");
    assert_string_equal(past.held[0].number, number);
    assert_string_equal(past.held[0].reason, "last");
    assert_true(past.held[0].issued_ms == c.issued_ms);
    assert_true(past.held[0].until_ms == c.valid_until_ms);
    assert_true(past.held[0].changed_ms == now_ms + 52);
    assert_true(past.refusals == 0 && past.refused_ms == 0 && !past.waits);
    assert_int_equal(cert_past_of(db, a, &asked, c.issued_ms - 1, &past), OK);
    assert_int_equal(past.held_count, 0);
    e = cert_status_fact(db, a, c.id, row.id, "revoked", who, "so", now_ms);
    if (e == OK) e = cert_withdrawn_of(db, a, f.learner, &revoked, &suspended);
    assert_true(revoked == 1 && suspended == 2);
    return e;
}

static void states(void **state) {
    (void)state;
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", changes, (void *)f.admin), OK);
}

/* RULE shown-state, for files: a state is told when the signed log tells the same. */
static enum err logged_state(struct db *db, struct arena *a, void *state, int64_t now_ms) {
    struct cert_summary *list;
    size_t count;
    enum err e = cert_list(db, a, f.learner, now_ms, 5, &list, &count);
    if (e == OK) e = cert_state_logged(db, a, &list[0]);
    if (e == OK) *(const char **)state = arena_dup(&f.arena, list[0].state);
    return e;
}

static void states_of_the_log(void **state) {
    (void)state;
#define ISSUED " WHERE subject = '%s' AND action = 'cert.issue'"
#define FACT                                                                                         \
    "INSERT INTO cert_status SELECT 'else', c.id, d.id, 1, 'suspended', c.decided_by, 'r', 1 FROM "  \
    "cert_certificate c JOIN cert_credential d ON d.certificate_id = c.id WHERE c.application_id = " \
    "'%s'"
    static const struct {
        const char *sql, *state;
    } cases[] = {
        {"SELECT '%s'", "valid"},
        {"UPDATE audit_log SET action = 'cert.other'" ISSUED, "unchecked"},
        {"UPDATE audit_log SET at_ms = at_ms + 1" ISSUED, "unchecked"},
        {"UPDATE audit_log SET detail = replace(detail, 'GR-', 'GX-')" ISSUED, "unchecked"},
        {"UPDATE audit_log SET hash = printf('%%.*c', 64, 'a')" ISSUED, "unchecked"},
        {"UPDATE audit_log SET action = 'cert.suspend' WHERE subject = '%s' AND action = "
         "'cert.grant'",
         "unchecked"},
        {"INSERT INTO audit_log SELECT (SELECT max(seq) + 1 FROM audit_log), at_ms, actor, action, "
         "subject, detail, hash FROM audit_log" ISSUED,
         "unchecked"},
        {FACT, "unchecked"},
    };
    const char *shown = NULL;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *sql = arena_printf(&f.arena, cases[i].sql, granted_id);
        print_message("%s\n", sql);
        assert_int_equal(tampered(f.app.store, &f.arena, sql, logged_state, &shown), OK);
        assert_string_equal(shown, cases[i].state);
    }
    audit_found(false, 0);
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", logged_state, &shown), OK);
    audit_found(true, 0);
    assert_string_equal(shown, "unchecked");
}

/* RULE exam-anew: up to when passes are no evidence any more for a level that asks for the exam. */
static enum err passes_until(struct db *db, struct arena *a, void *until_ms, int64_t now_ms) {
    struct exam_anew_ask ask = {&f.app, f.content, f.other, "small"};
    (void)now_ms;
    return cert_exam_anew(db, a, &ask, f.now_ms, until_ms);
}

static void exams_anew(void **state) {
    (void)state;
    int64_t until_ms = -1, before_ms = f.now_ms;
    struct cert_certificate c = certificate(able);
    const struct {
        int64_t now_ms, until_ms;
    } cases[] = {{c.issued_ms, 0},
                 {c.valid_until_ms - 30 * MS_DAY - 1, 0},
                 {c.valid_until_ms - 30 * MS_DAY, c.issued_ms}, /* it can be renewed */
                 {c.valid_until_ms, c.issued_ms}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        f.now_ms = cases[i].now_ms;
        assert_int_equal(run(passes_until, &until_ms), OK);
        assert_true(until_ms == cases[i].until_ms);
    }
    f.now_ms = before_ms;
}

/* How long a reason may be, in characters; and whose past was written over does not apply. */
static enum err apply_again(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    return cert_apply(db, a, arg, f.now_ms) == ERR_CONFLICT ? OK : ERR_INVALID;
}

static void edges_of_an_application(void **state) {
    (void)state;
    static const struct {
        int count;
        enum err said;
    } lengths[] = {{CERT_REASON_MIN - 1, ERR_INVALID},
                   {CERT_REASON_MAX + 1, ERR_INVALID},
                   {CERT_REASON_MIN, OK},
                   {CERT_REASON_MAX, OK}};
    struct cert_change_status change_made;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct buf b;
        buf_init(&b, &f.arena);
        for (int k = 0; k < lengths[i].count; k++) buf_puts(&b, "é");
        change_made = (struct cert_change_status){
            .app = &f.app,
            .number = able,
            .actor_id = f.admin,
            .change = lengths[i].count == CERT_REASON_MAX ? CERT_REINSTATE : CERT_SUSPEND,
            .reason = buf_text(&b)};
        assert_int_equal(run(cert_change_status, &change_made), lengths[i].said);
    }
    struct cert_apply a = {.app = &f.app,
                           .content = f.content,
                           .person_id = f.learner,
                           .programme_id = "p",
                           .level_id = "able",
                           .statement = STATED};
    const char *sql = arena_printf(&f.arena,
                                   "UPDATE cert_decision SET reason = 'else' WHERE application_id "
                                   "= '%s'",
                                   granted_id);
    assert_int_equal(tampered(f.app.store, &f.arena, sql, apply_again, &a), OK);
    assert_string_equal(a.refusal, "cert_refusal_records");
}

/* ---- What is said of them elsewhere ---------------------------------------------------------- */
static void what_is_known_of_them(void **state) {
    (void)state;
    struct used_key *keys;
    struct used_origin *origins;
    const char **dids;
    size_t count;
    bool ours;
    store_read_begin(reader());
    assert_int_equal(cert_used_keys(reader(), &f.arena, &keys, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(keys[0].name, cert_keys_current(f.app.certs->keys));
    assert_int_equal(keys[0].credentials, 2);
    assert_int_equal(cert_used_origins(reader(), &f.arena, &origins, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(origins[0].origin, ORIGIN);
    assert_int_equal(origins[0].certificates, 2);
    assert_int_equal(cert_issuers(reader(), &f.arena, &dids, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(dids[0], "did:web:academy.example");
    assert_int_equal(cert_issued_as(reader(), &f.arena, "did:web:academy.example", &ours), OK);
    assert_true(ours);
    assert_int_equal(cert_issued_as(reader(), &f.arena, "did:web:else.example", &ours), OK);
    assert_false(ours);
    static const char *const bodies[] = {"House of Learning", "Second House"};
    const struct {
        struct cert_check_report report;
        const char *claim;
    } claims[] = {
        {{.number = number}, "claims_number"},
        {{.number = arena_printf(&f.arena, " %s ", able)}, "claims_number"},
        {{.number = "GR-2026-00000000000", .issuer_name = "Somebody"}, NULL},
        {{.issuer_name = "second  HÓUSE"}, "claims_name"},
        {{.issuer_name = "House Second"}, "claims_name"},
        {{.issuer_name = "Second House of"}, NULL},
        {{.issuer_name = "House"}, NULL},
        {{.issuer_name = "Second Home"}, NULL},
        {{.issuer_name = ""}, NULL},
        {{.issuer_name = "TEST academy"}, "claims_name"}, /* of the newest certificate */
        {{.issuer_name = NULL}, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        const char *claim = cert_false_claim(reader(), &f.arena, bodies, COUNT_OF(bodies),
                                             &claims[i].report);
        if (claims[i].claim ? !str_eq(claim, claims[i].claim) : claim != NULL)
            fail_msg("claim %zu: %s", i, claim ? claim : "none");
    }
    store_read_end(reader());
}

static enum err answer_to(struct db *db, struct arena *a, void *question, int64_t now_ms) {
    struct cert_status_question *q = question;
    (void)now_ms;
    q->why = arena_printf(&f.arena, "%d", (int)cert_credential_answer(db, a, q));
    return OK;
}

/* What is answered to a question about a credential of the academy. */
static void answers(void **state) {
    (void)state;
    struct cert_credential_row row = credential(number, 0);
    static const char list[] = ORIGIN "/status/1";
    static const char fact[] =
        "INSERT INTO cert_status SELECT '%d' || id, certificate_id, id, list_id, '%s', 'x', 'r', %d FROM "
        "cert_credential; ";
    const char *suspended = arena_printf(&f.arena, fact, 1, "suspended", 1),
               *reinstated = arena_printf(&f.arena, fact, 2, "reinstated", 2),
               *revoked = arena_printf(&f.arena, fact, 3, "revoked", 3),
               *replaced = arena_printf(&f.arena, fact, 4, "replaced", 4);
    const struct {
        struct cert_status_question q;
        const char *sql;
        enum cert_status_answer answer;
    } cases[] = {
        {{row.credential_id, "", list, "suspension", row.status_index, NULL},
         "SELECT 1",
         CERT_STATUS_GOOD},
        {{"else", "", list, "suspension", row.status_index, NULL}, "SELECT 1", CERT_STATUS_UNKNOWN},
        {{row.credential_id, "", ORIGIN "/status/2", "suspension", row.status_index, NULL},
         "SELECT 1",
         CERT_STATUS_UNKNOWN},
        {{row.credential_id, "", list, "suspension", row.status_index + 1, NULL},
         "SELECT 1",
         CERT_STATUS_UNKNOWN},
        {{row.credential_id, "", list, "suspension", row.status_index, NULL},
         suspended,
         CERT_STATUS_SUSPENDED},
        {{row.credential_id, "", list, "suspension", row.status_index, NULL},
         arena_printf(&f.arena, "%s%s", suspended, reinstated),
         CERT_STATUS_GOOD},
        {{row.credential_id, "", list, "suspension", row.status_index, NULL},
         revoked,
         CERT_STATUS_REVOKED},
        {{row.credential_id, "", list, "suspension", row.status_index, NULL},
         arena_printf(&f.arena, "%s%s", revoked, replaced),
         CERT_STATUS_REVOKED},
        {{row.credential_id, "", list, "suspension", row.status_index, NULL},
         replaced,
         CERT_STATUS_REPLACED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cert_status_question q = cases[i].q;
        const char *sql = arena_printf(&f.arena, "PRAGMA defer_foreign_keys = ON; %s",
                                       cases[i].sql);
        assert_int_equal(tampered(f.app.store, &f.arena, sql, answer_to, &q), OK);
        if (atoi(q.why) != (int)cases[i].answer) fail_msg("case %zu: %s", i, q.why);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applications),
        cmocka_unit_test(marks),
        cmocka_unit_test(a_certificate),
        cmocka_unit_test(evidence_as_json),
        cmocka_unit_test(summaries),
        cmocka_unit_test(states),
        cmocka_unit_test(what_is_known_of_them),
        cmocka_unit_test(states_of_the_log),
        cmocka_unit_test(exams_anew),
        cmocka_unit_test(edges_of_an_application),
        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests(tests, open_all, teardown);
}
