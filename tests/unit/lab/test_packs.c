/* Which versions of a scenario a run may pass on. */
#include "unit/lab/lab_runs.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "lab/lab_sql.h"
#include "labmodel/lab_pack.h"

/* A scenario that nobody published, kept as the program keeps one. */
struct kept {
    const char *version, *bytes;
    bool passed; /* and a run on it passed, as the log has it */
    struct lab_run_row run;
};

static enum err keep(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct kept *k = arg;
    k->run = (struct lab_run_row){.id = id_new(a, now_ms),
                                  .person_id = person,
                                  .scenario_id = "easy",
                                  .version = k->version,
                                  .choice = CHOICE,
                                  .engine = worker_engine(),
                                  .started_ms = now_ms};
    enum err e = db_run(db, SQL_lab_pack_keep, "tttib", k->version, "easy", "Easy", now_ms,
                        (const void *)k->bytes, strlen(k->bytes));
    if (!e)
        e = db_run(db, SQL_lab_run_add, "tttttitin", k->run.id, person, "easy", k->version, CHOICE,
                   (int64_t)1, k->run.engine, now_ms);
    if (e || !k->passed) return e;
    e = db_run(db, SQL_lab_checking_add, "ttiiiiit", id_new(a, now_ms), k->run.id, (int64_t)0,
               now_ms, (int64_t)2, (int64_t)2, (int64_t)2, "[]");
    if (e) return e;
    return audit_append(
        db, a, now_ms, person, "lab.pass", k->run.id,
        arena_printf(a, "{\"checks\":2,\"dialects\":\"%s\",\"lab\":\"easy\",\"version\":\"%s\"}",
                     CHOICE, k->version));
}

static struct kept kept(struct arena *a, const char *bytes, const char *version, bool passed) {
    struct kept k = {.version = version ? version : lab_pack_version(a, bytes, strlen(bytes)),
                     .bytes = bytes,
                     .passed = passed};
    assert_int_equal(store_write(app.store, keep, &k, a), OK);
    return k;
}

struct checking {
    const struct lab_run_row *run;
    int passed;
};

static enum err check(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct checking *c = arg;
    struct lab_checking_row row = {
        .at_ms = now_ms, .passed = c->passed, .total = 2, .verdicts = "[]"};
    return lab_store_checking_add(db, a, c->run, LAB_HASH_ZERO, &row);
}

static enum err checked(struct arena *a, const struct lab_run_row *run, int passed) {
    struct checking c = {run, passed};
    return store_write(app.store, check, &c, a);
}

static const char *problem_of(struct arena *a, const struct kept *k) {
    const char *problem = "";
    assert_int_equal(lab_record_problem(store_reader(app.store), a, k->run.id, &problem), OK);
    return problem;
}

static int rows_of(struct arena *a, const char *subject) {
    struct audit_row *rows;
    size_t count;
    assert_int_equal(audit_list(store_reader(app.store), a, subject, 0, 100, &rows, &count), OK);
    return (int)count;
}

/* RULE lab-published: the program names a version once, and a run passes on such a version of its
 * own lab. */
static void test_a_run_passes_on_what_was_published(void **state) {
    struct lab_run_row run = new_run(*state), again = new_run(*state);
    assert_int_equal(rows_of(*state, run.version), 1);
    assert_int_equal(checked(*state, &run, 2), OK);
    assert_int_equal(checked(*state, &again, 1), OK);
    struct kept easy = kept(*state, "all is well", NULL, false);
    assert_int_equal(checked(*state, &easy.run, 1), OK);
    assert_int_equal(checked(*state, &easy.run, 2), ERR_DENIED);
    assert_int_equal(rows_of(*state, easy.run.id), 0);
    again.version = easy.version; /* UPDATE lab_run SET version */
    assert_int_equal(checked(*state, &again, 2), ERR_DENIED);
    easy.run.version = run.version; /* of another lab */
    assert_int_equal(checked(*state, &easy.run, 2), ERR_DENIED);
}

/* RULE lab-published: what older programs kept is taken up once; passes behind that rest on a row
 * before them. */
static void test_what_older_programs_kept(void **state) {
    struct kept old = kept(*state, "of an older program", NULL, true),
                bent = kept(*state, "other bytes", "0123456789abcdef", false);
    assert_null(problem_of(*state, &old));
    for (int i = 0; i < 2; i++)
        assert_int_equal(store_write(app.store, lab_packs_begin, NULL, *state), OK);
    assert_int_equal(rows_of(*state, "labs"), 1);
    assert_int_equal(rows_of(*state, old.version), 1);
    assert_int_equal(rows_of(*state, bent.version), 0);
    assert_null(problem_of(*state, &old));
    assert_int_equal(checked(*state, &old.run, 2), OK);
    assert_int_equal(checked(*state, &bent.run, 2), ERR_DENIED);
    struct kept easy = kept(*state, "all is well", NULL, true);
    assert_string_equal(problem_of(*state, &easy),
                        "its scenario is not one that this academy published");
    assert_int_equal(store_write(app.store, lab_packs_begin, NULL, *state), OK);
    assert_int_equal(rows_of(*state, easy.version), 0);
}

/* A pack that was changed is not played: not even while somebody looks away. */
static void test_a_pack_is_what_its_version_says(void **state) {
    struct lab_run_row run = new_run(*state);
    const struct lab_version *held = registry_current(app.labs->registry, *state,
                                                      "field-mapping-dedupe", NULL);
    struct kept bent = kept(*state, held->scenario.pack, "0123456789abcdef", false);
    assert_int_equal(labs_version(app.labs, store_reader(app.store), run.version, *state, &held),
                     OK);
    assert_int_equal(labs_version(app.labs, store_reader(app.store), bent.version, *state, &held),
                     ERR_IO);
}

struct starts {
    int count, passed; /* the first of them */
    int64_t at_ms;     /* of the first; each next one comes a second later */
};

static enum err start_some(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct starts *x = arg;
    enum err e = OK;
    (void)now_ms;
    for (int i = 0; e == OK && i < x->count; i++) {
        int64_t at_ms = x->at_ms + i * MS_SECOND;
        const char *id = id_new(a, at_ms);
        e = db_run(db, SQL_lab_run_add, "tttttitin", id, person, "busy", "v", CHOICE, (int64_t)1,
                   "e", at_ms);
        if (e == OK && i < x->passed)
            e = db_run(db, SQL_lab_checking_add, "ttiiiiit", id_new(a, at_ms), id, (int64_t)0,
                       at_ms, (int64_t)2, (int64_t)2, (int64_t)2, "[]");
    }
    return e;
}

/* When one more may be begun, by the first of those that were. */
static int64_t next_start(const struct starts *x, const char *lab, int64_t now_ms, bool *open) {
    int64_t until_ms = -1;
    assert_int_equal(
        lab_store_may_start(store_reader(app.store), person, lab, now_ms, &until_ms, open), OK);
    return until_ms ? until_ms - x->at_ms : 0;
}

/* RULE lab-begun: in an hour, at both sides of the number and of the time. */
static void test_starts_within_an_hour(void **state) {
    struct starts x = {.count = LAB_STARTS_PER_HOUR - 1, .at_ms = 1700000000000}, last;
    bool open;
    (void)kept(*state, "v", "v", false);
    assert_int_equal(store_write(app.store, start_some, &x, *state), OK);
    int64_t now_ms = x.at_ms + MS_MINUTE;
    assert_int_equal(next_start(&x, "busy", now_ms, &open), 0);
    last = (struct starts){.count = 1, .at_ms = now_ms};
    assert_int_equal(store_write(app.store, start_some, &last, *state), OK);
    assert_int_equal(next_start(&x, "busy", now_ms, &open), MS_HOUR);
    assert_false(open);
    assert_int_equal(next_start(&x, "another", now_ms, &open), 0);
    assert_int_equal(next_start(&x, "busy", x.at_ms + MS_HOUR - 1, &open), MS_HOUR);
    assert_int_equal(next_start(&x, "busy", x.at_ms + MS_HOUR, &open), 0);
}

/* RULE lab-begun: of runs that are not passed, at both sides of the number and of the days. */
static void test_open_runs(void **state) {
    struct starts x = {.count = LAB_OPEN_RUNS, .passed = 1, .at_ms = 1700000000000};
    const int64_t week_ms = LAB_OPEN_DAYS * MS_DAY, now_ms = x.at_ms + MS_DAY;
    bool open;
    (void)kept(*state, "v", "v", false);
    assert_int_equal(store_write(app.store, start_some, &x, *state), OK);
    assert_int_equal(next_start(&x, "busy", now_ms, &open), 0);
    struct starts last = {.count = 1, .at_ms = now_ms};
    assert_int_equal(store_write(app.store, start_some, &last, *state), OK);
    assert_int_equal(next_start(&x, "busy", now_ms, &open), week_ms + MS_SECOND);
    assert_true(open);
    assert_int_equal(next_start(&x, "busy", x.at_ms + week_ms + MS_SECOND - 1, &open),
                     week_ms + MS_SECOND);
    assert_int_equal(next_start(&x, "busy", x.at_ms + week_ms + MS_SECOND, &open), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LABS(test_a_run_passes_on_what_was_published),
        LABS(test_what_older_programs_kept),
        LABS(test_starts_within_an_hour),
        LABS(test_open_runs),
        LABS(test_a_pack_is_what_its_version_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
