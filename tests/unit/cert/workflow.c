/* An academy for the tests of the workflow. */
#include "unit/cert/workflow.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "exam/exam.h"

struct fixture f;

static void write_text(const char *path, const char *text) {
    assert_true(
        file_write(arena_printf(&f.arena, "%s/%s", f.folder, path), text, strlen(text), 0600));
}

static void make_content(void) {
    static const char *const folders[] = {
        "content", "content/p", "content/p/modules", "exams", "exams/p", "exams/p/bank", "data"};
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        mkdir(arena_printf(&f.arena, "%s/%s", f.folder, folders[i]), 0700);
    write_text("content/vendors.txt", "");
    write_text(
        "content/p/programme.md",
        "---\nid: p\ntitle: Programme\nbody: Test Academy\nscheme_version: \"1\"\nsummary: A test.\n"
        "domains:\n  - {id: d, title: Domain}\nlevels:\n"
        "  - id: first\n    title: First\n    summary: Knows it.\n    scope: May claim it.\n    valid_months: 12\n"
        "    requires:\n      modules: [one, two]\n"
        "  - id: able\n    title: Able\n    summary: Does it.\n    scope: May claim it.\n    valid_months: 12\n"
        "    requires:\n      modules: [one]\n      exams: [small]\n    renewal: {opens_days: 30, anew: [exams]}\n"
        "    again: {after_refusal_days: 0, after_revocation_days: 10}\n"
        "  - id: later\n    title: Later\n    summary: Not yet.\n    scope: Nothing.\n    valid_months: 12\n    open: false\n"
        "---\nA programme.\n");
    write_text(
        "exams/p/bank/small.md",
        "---\nid: small\ntitle: Small\nprogramme: p\ndomain: d\n---\n## one-o-1\n\n```item\n"
        "objective: one-o\nlevel: apply\n```\n\nStem?\n\n- [ ] First\n  > Why not.\n- [x] Second\n  > Why.\n"
        "- [ ] Third\n  > Why not.\n");
    write_text(
        "exams/p/small.md",
        "---\nid: small\ntitle: Small exam\nsummary: One.\nprogramme: p\nlevel: able\nbanks: [small]\n"
        "minutes: 5\ncut:\n  method: fixed-percentage\n  percent: 70\nretake:\n  after_pass_months: 1\n---\n"
        "Text.\n\n## Blueprint\n\n| domain | apply |\n|---|---|\n| d | 1 |\n");
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
enum err run(write_fn job, void *arg) {
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
const char *person(const char *login, unsigned roles) {
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

enum err complete(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
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

int setup(void **state) {
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
        content_open(&f.app.content, f.folder, f.app.store, NULL, &f.arena, &why) != OK ||
        exams_open(&f.app.exams, &f.app, &f.arena, &why) != OK)
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

int teardown(void **state) {
    (void)state;
    content_release(f.content);
    content_close(f.app.content);
    exams_close(f.app.exams);
    certs_close(f.app.certs);
    store_close(f.app.store, 5000);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", f.folder);
    arena_release(&f.arena);
    return system(command) == 0 ? 0 : -1;
}

enum err apply(const char *person_id, const char *level, const char *statement,
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
const char *ready_case(void) {
    struct cert_apply a;
    assert_int_equal(run(complete, (void *)f.learner), OK);
    assert_int_equal(apply(f.learner, "first", NULL, &a), OK);
    return a.application_id;
}

enum err decide(const char *id, const char *actor, bool grant, const char *reason,
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

enum err mark(const char *id, const char *marker, bool sufficient, const char *comment,
              struct cert_mark *m) {
    *m = (struct cert_mark){.application_id = id,
                            .marker_id = marker,
                            .subject_kind = "application",
                            .subject_id = id,
                            .sufficient = sufficient,
                            .comment = comment};
    return run(cert_mark, m);
}

enum err change(const char *number, const char *actor, enum cert_change what,
                struct cert_change_status *c) {
    *c = (struct cert_change_status){
        .app = &f.app, .number = number, .actor_id = actor, .change = what, .reason = REASON};
    return run(cert_change_status, c);
}

struct db *reader(void) {
    struct db *db = store_reader(f.app.store);
    assert_non_null(db);
    return db;
}

int64_t audit_rows(const char *action) {
    struct audit_row *rows;
    size_t count;
    int64_t found = 0;
    store_read_begin(reader());
    assert_int_equal(audit_list(reader(), &f.arena, NULL, 0, 500, &rows, &count), OK);
    store_read_end(reader());
    for (size_t i = 0; i < count; i++) found += str_eq(rows[i].action, action);
    return found;
}

struct cert_certificate certificate(const char *number) {
    struct cert_certificate c;
    store_read_begin(reader());
    assert_int_equal(cert_certificate_find(reader(), &f.arena, number, &c), OK);
    store_read_end(reader());
    return c;
}

/* Sits the exam at f.now_ms and waits for its score, which another thread writes. */
void sit(const char *person_id, bool pass) {
    struct exam_result *results;
    size_t before, count;
    store_read_begin(reader());
    assert_int_equal(exam_results(reader(), &f.arena, NULL, person_id, "small", &results, &before),
                     OK);
    store_read_end(reader());
    struct exam_demo_attempt x = {.exams = f.app.exams,
                                  .person_id = person_id,
                                  .exam_id = "small",
                                  .seed = 3,
                                  .start_ms = f.now_ms - MS_MINUTE,
                                  .submit_ms = f.now_ms,
                                  .answers = pass ? -1 : 0,
                                  .ability_permille = 1000};
    assert_int_equal(run(exam_demo_attempt_job, &x), OK);
    count = before;
    for (int i = 0; i < 2000 && count == before; i++) {
        usleep(10000);
        store_read_begin(reader());
        assert_int_equal(
            exam_results(reader(), &f.arena, NULL, person_id, "small", &results, &count), OK);
        store_read_end(reader());
    }
    assert_int_equal(count, before + 1);
    assert_int_equal(results[before].passed, pass);
}

static bool find_own(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    (void)context;
    return cert_keys_find(f.app.certs->keys, strchr(method, '#') + 1, key);
}
static enum cert_status_answer find_state(void *context, struct cert_status_question *q) {
    (void)context;
    return cert_credential_answer(reader(), &f.arena, q);
}

static enum cert_known knows_all(void *context, const char *issuer) {
    (void)context, (void)issuer;
    return CERT_GIVEN;
}

struct cert_check_report check(const char *json, int64_t now_ms) {
    struct cert_checker checker = {find_own, find_state, NULL, now_ms, knows_all, NULL, NULL};
    struct cert_check_report report;
    store_read_begin(reader());
    cert_credential_check(&f.arena, json, strlen(json), &checker, &report);
    store_read_end(reader());
    return report;
}

struct cert_credential_row credential(const char *number, int version) {
    struct cert_credential_row row;
    struct cert_certificate c = certificate(number);
    store_read_begin(reader());
    assert_int_equal(cert_credential_find(reader(), &f.arena, c.id, version, &row), OK);
    store_read_end(reader());
    return row;
}

const char *granted(void) {
    struct cert_decide d;
    assert_int_equal(decide(ready_case(), f.assessor, true, REASON, &d), OK);
    return d.number;
}

const char *signed_list_of(int64_t list_id, int64_t now_ms) {
    const char *json, *etag;
    store_read_begin(reader());
    assert_int_equal(
        cert_signed_list(f.app.certs, reader(), &f.arena, list_id, now_ms, &json, &etag), OK);
    store_read_end(reader());
    return json;
}

bool bit_of(const char *list, uint32_t index) {
    const char *why;
    const json_t *doc = json_read(&f.arena, list, strlen(list), &why);
    const unsigned char *bits = cert_status_decode(
        &f.arena, json_string_value(
                      json_object_get(json_object_get(doc, "credentialSubject"), "encodedList")));
    assert_non_null(bits);
    return cert_status_get(bits, index);
}

const char *signed_list(int64_t now_ms) { return signed_list_of(1, now_ms); }
