/* The workflow over a real store and real content: who may do what, what is recorded, what a revocation changes. */
#include "unit/check.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "cert/cert_cache.h"

#define ORIGIN "https://academy.example"
#define NOW_MS 1795320651000LL
#define REASON "All of it was checked against the evidence."

struct fixture {
    struct arena arena;
    struct app app;
    const struct content_snapshot *content;
    char folder[64];
    const char *learner, *other, *teacher, *assessor, *second, *admin, *plain;
    int64_t now_ms;
};

static struct fixture f;

static void write_text(const char *path, const char *text) {
    assert_true(
        file_write(arena_printf(&f.arena, "%s/%s", f.folder, path), text, strlen(text), 0600));
}

static void make_content(void) {
    static const char *const folders[] = {"content", "content/p", "content/p/modules", "exams",
                                          "data"};
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        mkdir(arena_printf(&f.arena, "%s/%s", f.folder, folders[i]), 0700);
    write_text("content/vendors.txt", "");
    write_text(
        "content/p/programme.md",
        "---\nid: p\ntitle: Programme\nbody: Test Academy\nscheme_version: \"1\"\nsummary: A test.\n"
        "domains:\n  - {id: d, title: Domain}\nlevels:\n"
        "  - id: first\n    title: First\n    summary: Knows it.\n    scope: May claim it.\n    valid_months: 12\n"
        "    requires:\n      modules: [one, two]\n"
        "  - id: later\n    title: Later\n    summary: Not yet.\n    scope: Nothing.\n    valid_months: 12\n    open: false\n"
        "---\nA programme.\n");
    for (int i = 0; i < 2; i++) {
        const char *id = i ? "two" : "one";
        write_text(
            arena_printf(&f.arena, "content/p/modules/%s.md", id),
            arena_printf(
                &f.arena,
                "---\nid: %s\ntitle: Module %s\nsummary: It teaches.\nprogramme: p\nlevel: first\ndomain: d\n"
                "persona: all\nminutes: 8\nobjectives:\n  - id: %s-o\n    text: Do it\nprerequisites: []\n---\n"
                "Text.\n\n## Section\n\nMore text.\n",
                id, id, id));
    }
}

/* Runs a job as the store does, at a time of ours. */
struct at_time {
    write_fn run;
    void *arg;
};
static enum err run_at_time(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct at_time *t = arg;
    (void)now_ms;
    return t->run(db, a, t->arg, f.now_ms);
}
static enum err run(write_fn job, void *arg) {
    struct at_time t = {job, arg};
    return store_write(f.app.store, run_at_time, &t, &f.arena);
}

struct new_person {
    const char *login;
    unsigned roles;
    const char *id;
};
static enum err add_person(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct new_person *p = arg;
    return account_add(db, a, now_ms, "system", p->login, p->login,
                       arena_printf(a, "%s@example.org", p->login), p->roles, NULL, &p->id);
}
static const char *person(const char *login, unsigned roles) {
    struct new_person p = {login, roles, NULL};
    assert_int_equal(run(add_person, &p), OK);
    return p.id;
}

static enum err make_cohort(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const char *id;
    (void)arg;
    enum err e = account_cohort_add(db, a, now_ms, "system", "Autumn", "p", &id);
    if (e == OK) e = account_cohort_join(db, a, now_ms, "system", id, f.learner, false);
    return e == OK ? account_cohort_join(db, a, now_ms, "system", id, f.teacher, true) : e;
}

static enum err complete(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    for (size_t i = 0; i < content_module_count(f.content); i++) {
        const struct content_module *m = content_module_at(f.content, i);
        for (size_t s = 0; s < m->section_count; s++) {
            enum err e = content_record_reading(db, a, now_ms, arg, m, m->sections[s].id, 1000,
                                                true);
            if (e != OK) return e;
        }
    }
    return OK;
}

static int setup(void **state) {
    const char *why = "";
    (void)state;
    memset(&f, 0, sizeof f);
    strcpy(f.folder, "/tmp/gradus-cert-XXXXXX");
    if (!mkdtemp(f.folder)) return -1;
    arena_init(&f.arena, (size_t)256 << 20);
    make_content();
    f.now_ms = NOW_MS;
    f.app.root = f.folder;
    f.app.data = arena_printf(&f.arena, "%s/data", f.folder);
    struct store_options how = {.path = arena_printf(&f.arena, "%s/gradus.db", f.app.data)};
    if (store_open(&f.app.store, &how, &f.arena, &why) != OK ||
        certs_open(&f.app.certs, &f.app, &f.arena, &why) != OK ||
        content_open(&f.app.content, f.folder, f.app.store, NULL, &f.arena, &why) != OK)
        fail_msg("%s", why);
    f.content = content_hold(f.app.content);
    f.learner = person("learner",
                       ROLE_LEARNER | ROLE_ASSESSOR); /* may decide, but not on this case */
    f.other = person("other", ROLE_LEARNER);
    f.teacher = person("teacher", ROLE_INSTRUCTOR | ROLE_ASSESSOR);
    f.assessor = person("assessor", ROLE_ASSESSOR);
    f.second = person("second", ROLE_ASSESSOR);
    f.admin = person("admin", ROLE_ADMIN);
    f.plain = person("plain", ROLE_INSTRUCTOR);
    assert_int_equal(run(make_cohort, NULL), OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    content_release(f.content);
    content_close(f.app.content);
    certs_close(f.app.certs);
    store_close(f.app.store, 5000);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", f.folder);
    arena_release(&f.arena);
    return system(command) == 0 ? 0 : -1;
}

static enum err apply(const char *person_id, const char *level, const char *statement,
                      struct cert_apply *a) {
    *a = (struct cert_apply){.app = &f.app,
                             .content = f.content,
                             .person_id = person_id,
                             .programme_id = "p",
                             .level_id = level,
                             .statement = statement};
    return run(cert_apply, a);
}

/* An application of the learner who has met everything. */
static const char *ready_case(void) {
    struct cert_apply a;
    assert_int_equal(run(complete, (void *)f.learner), OK);
    assert_int_equal(apply(f.learner, "first", NULL, &a), OK);
    return a.application_id;
}

static enum err decide(const char *id, const char *actor, bool grant, const char *reason,
                       struct cert_decide *d) {
    *d = (struct cert_decide){.app = &f.app,
                              .content = f.content,
                              .application_id = id,
                              .actor_id = actor,
                              .origin = ORIGIN,
                              .grant = grant,
                              .reason = reason};
    return run(cert_decide, d);
}

static enum err mark(const char *id, const char *marker, bool sufficient, const char *comment,
                     struct cert_mark *m) {
    *m = (struct cert_mark){.application_id = id,
                            .marker_id = marker,
                            .subject_kind = "application",
                            .subject_id = id,
                            .sufficient = sufficient,
                            .comment = comment};
    return run(cert_mark, m);
}

static enum err change(const char *number, const char *actor, enum cert_change what,
                       struct cert_change_status *c) {
    *c = (struct cert_change_status){
        .app = &f.app, .number = number, .actor_id = actor, .change = what, .reason = REASON};
    return run(cert_change_status, c);
}

static struct db *reader(void) {
    struct db *db = store_reader(f.app.store);
    assert_non_null(db);
    return db;
}

static int64_t audit_rows(const char *action) {
    struct audit_row *rows;
    size_t count;
    int64_t found = 0;
    store_read_begin(reader());
    assert_int_equal(audit_list(reader(), &f.arena, NULL, 0, 500, &rows, &count), OK);
    store_read_end(reader());
    for (size_t i = 0; i < count; i++) found += str_eq(rows[i].action, action);
    return found;
}

static struct cert_certificate certificate(const char *number) {
    struct cert_certificate c;
    store_read_begin(reader());
    assert_int_equal(cert_certificate_find(reader(), &f.arena, number, &c), OK);
    store_read_end(reader());
    return c;
}

/* ---- Applying ---------------------------------------------------------------------------------------- */
static void nothing_met(void **state) {
    struct cert_apply a;
    (void)state;
    assert_int_equal(apply(f.learner, "first", NULL, &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_missing");
    assert_int_equal(apply(f.learner, "later", NULL, &a), ERR_CONFLICT);
    assert_string_equal(a.refusal, "cert_refusal_closed");
    assert_int_equal(apply(f.learner, "nowhere", NULL, &a), ERR_NOT_FOUND);
    assert_int_equal(apply(f.learner, "first", "I know it.", &a), ERR_INVALID);
    assert_string_equal(a.refusal, "cert_refusal_statement");
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

/* ---- Four eyes ---------------------------------------------------------------------------------------- */
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

/* ---- Deciding ------------------------------------------------------------------------------------------- */
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
    assert_int_equal(apply(f.learner, "first", NULL, &a), OK);
    assert_int_equal(decide(a.application_id, f.assessor, true, REASON, &d), OK);
}

static void experience_in_place_of_modules(void **state) {
    (void)state;
    char statement[160];
    struct cert_apply a;
    struct cert_decide d;
    memset(statement, 'x', sizeof statement - 1);
    statement[sizeof statement - 1] = 0;
    assert_int_equal(apply(f.other, "first", statement, &a), OK);
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

/* ---- Certificates ------------------------------------------------------------------------------------------ */
static bool find_own(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    (void)context;
    return cert_keys_find(f.app.certs->keys, strchr(method, '#') + 1, key);
}
static enum cert_status_answer find_state(void *context, struct cert_status_question *q) {
    (void)context;
    return cert_credential_answer(reader(), &f.arena, q);
}

static struct cert_check_report check(const char *json, int64_t now_ms) {
    struct cert_checker checker = {find_own, find_state, NULL, now_ms};
    struct cert_check_report report;
    store_read_begin(reader());
    cert_credential_check(&f.arena, json, strlen(json), &checker, &report);
    store_read_end(reader());
    return report;
}

static struct cert_credential_row credential(const char *number, int version) {
    struct cert_credential_row row;
    struct cert_certificate c = certificate(number);
    store_read_begin(reader());
    assert_int_equal(cert_credential_find(reader(), &f.arena, c.id, version, &row), OK);
    store_read_end(reader());
    return row;
}

static const char *signed_list(int64_t now_ms) {
    const char *json, *etag;
    store_read_begin(reader());
    assert_int_equal(cert_signed_list(f.app.certs, reader(), &f.arena, 1, now_ms, &json, &etag),
                     OK);
    store_read_end(reader());
    return json;
}

static const char *granted(void) {
    struct cert_decide d;
    assert_int_equal(decide(ready_case(), f.assessor, true, REASON, &d), OK);
    return d.number;
}

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

static void suspended_and_reinstated(void **state) {
    (void)state;
    const char *number = granted();
    struct cert_credential_row old = credential(number, 0);
    struct cert_change_status c;
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    assert_string_equal(check(old.json, NOW_MS + 1000).checks[4].code, "suspended");
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), ERR_CONFLICT);
    f.now_ms += 1000;
    assert_int_equal(change(number, f.admin, CERT_REINSTATE, &c), OK);
    struct cert_credential_row fresh = credential(number, 0);
    assert_int_equal(fresh.version, 2);
    assert_string_not_equal(fresh.credential_id, old.credential_id);
    assert_true(fresh.status_index != old.status_index);
    assert_true(check(fresh.json, NOW_MS + 2000).valid);
    assert_false(check(old.json, NOW_MS + 2000).valid); /* a set bit stays set */
    assert_string_equal(cert_state_at(certificate(number).last_status, 0, NOW_MS), "valid");
    assert_int_equal(change(number, f.admin, CERT_REVOKE, &c), OK);
    assert_false(check(fresh.json, NOW_MS + 2000).valid);
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

#define FLOW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW(nothing_met),
        FLOW(applying_once),
        FLOW(who_may_not_decide),
        FLOW(who_may_mark),
        FLOW(an_insufficient_mark_stands_in_the_way),
        FLOW(decided_once),
        FLOW(refused_and_tried_again),
        FLOW(experience_in_place_of_modules),
        FLOW(issued_and_expiring),
        FLOW(revoked_at_once),
        FLOW(suspended_and_reinstated),
        FLOW(the_list_is_signed_anew_before_it_ends),
        FLOW(audited_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
