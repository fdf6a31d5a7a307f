/* What the writer's jobs leave in the store: the saves that count and those that came too late,
 * their bound, extra time, and what the log keeps of answers and results. */
#include "unit/exam/academy.h"

#include "audit/audit.h"
#include "exam/exam_sql.h"
#include "unit/store/tampered.h"

static int64_t turn; /* each test has a time of its own */

static const char *begin(int64_t *now_ms) {
    *now_ms = NOW + ++turn * 100 * MS_DAY;
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = ana, .seed = 5};
    assert_int_equal(job(exam_start_job, &s, *now_ms), OK);
    return s.id;
}

static enum err save(const char *attempt, const char *client, int slot, int64_t seq, int option,
                     int64_t now_ms) {
    struct exam_saving s = saving_of(attempt, ana, slot, seq, option);
    s.client = client;
    return job(exam_save_job, &s, now_ms);
}

static void submit(const char *attempt, int64_t now_ms) {
    struct exam_ending e = {.attempt_id = attempt, .person_id = ana};
    assert_int_equal(job(exam_end_job, &e, now_ms), OK);
}

/* A job that runs one statement on an attempt, `count` times with n and number ascending. */
struct repeated {
    const char *attempt, *client;
    int64_t first, count;
    bool flags;
};

static enum err repeat(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct repeated *r = arg;
    enum err e = OK;
    (void)a;
    for (int64_t n = r->first; n < r->first + r->count && e == OK; n++)
        e = r->flags ? db_run(db, SQL_exam_flag_add, "tiiii", r->attempt, n, (int64_t)1, (int64_t)1,
                              now_ms)
                     : db_run(db, SQL_exam_save_add, "tiiittiit", r->attempt, (int64_t)1, n, n,
                              r->client, "[1]", now_ms, (int64_t)0, "");
    return e;
}

/* ---- Saves --------------------------------------------------------------------------------- */

/* The digest of the answers, against the text that exam_store.h promises, written by hand: n counts
 * the saves that counted; one that came late counts among those of its own number. */
static void test_digest(void **state) {
    (void)state;
    int64_t now_ms;
    const char *id = begin(&now_ms);
    char *digest = NULL;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_answers_digest(db, &arena, id, 3, &digest), OK);
    store_read_end(db);
    assert_string_equal(digest, sha256_hex(&arena, "[]", 2));
    assert_int_equal(save(id, "one", 1, 1, 2, now_ms + 1), OK);
    assert_int_equal(save(id, "one", 1, 5, 3, now_ms + 2), OK);
    assert_int_equal(save(id, "two", 3, 2, 4, now_ms + 3), OK);
    /* Late, of a number that nobody has used, and then of one number three times. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(save(id, arena_printf(&arena, "late%d", i), 1, 3, 1, now_ms + 4 + i), OK);
    assert_int_equal(save(id, "a \"b\"", 1, 5, 1, now_ms + 9), OK);
    const char *expected = arena_printf(
        &arena, "[[1,5,3,\"a \\\"b\\\"\",\"[1]\",%lld],[3,2,1,\"two\",\"[4]\",%lld]]",
        (long long)now_ms + 9, (long long)now_ms + 3);
    db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_answers_digest(db, &arena, id, 3, &digest), OK);
    store_read_end(db);
    assert_string_equal(digest, sha256_hex(&arena, expected, strlen(expected)));
    submit(id, now_ms + MS_MINUTE);
    struct audit_row *rows;
    size_t count;
    db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(audit_list(db, &arena, id, 0, 10, &rows, &count), OK);
    store_read_end(db);
    const char *submitted = NULL;
    for (size_t i = 0; i < count; i++)
        if (str_eq(rows[i].action, "exam.submit")) submitted = rows[i].detail;
    assert_non_null(submitted);
    assert_string_equal(
        submitted,
        arena_printf(&arena, "{\"submitted_ms\":%lld,\"answers_sha256\":\"%s\",\"saves\":7}",
                     (long long)now_ms + MS_MINUTE, digest));
}

/* EXAM_SAVES_LIMIT, from both sides: in order, late, and of flags. */
static void test_limits(void **state) {
    (void)state;
    int64_t now_ms;
    const char *id = begin(&now_ms);
    struct repeated r = {id, "script", 1, EXAM_SAVES_LIMIT - 2, false};
    assert_int_equal(job(repeat, &r, now_ms), OK);
    assert_int_equal(save(id, "t", 1, 3, 2, now_ms), OK); /* late */
    assert_int_equal(save(id, "t", 1, EXAM_SAVES_LIMIT, 2, now_ms), OK);
    assert_int_equal(save(id, "t", 1, 4, 2, now_ms), ERR_LIMIT);
    assert_int_equal(save(id, "t", 1, EXAM_SAVES_LIMIT, 2, now_ms), OK); /* is there already */
    assert_int_equal(save(id, "t", 2, 1, 2, now_ms), OK);                /* another question */
    submit(id, now_ms + 1);
    id = begin(&now_ms);
    r = (struct repeated){id, "script", 1, EXAM_SAVES_LIMIT - 1, false};
    assert_int_equal(job(repeat, &r, now_ms), OK);
    assert_int_equal(save(id, "t", 1, EXAM_SAVES_LIMIT, 2, now_ms), OK);
    assert_int_equal(save(id, "t", 1, EXAM_SAVES_LIMIT + 1, 2, now_ms), ERR_LIMIT);
    r.flags = true;
    r.count--;
    assert_int_equal(job(repeat, &r, now_ms), OK);
    struct exam_flagging f = {.attempt_id = id, .person_id = ana, .slot = 2, .flagged = true};
    assert_int_equal(job(exam_flag_job, &f, now_ms), OK);
    assert_int_equal(job(exam_flag_job, &f, now_ms), OK);
    assert_int_equal(job(exam_flag_job, &f, now_ms), ERR_LIMIT);
    submit(id, now_ms + 1);
}

static enum err flag_nowhere(struct db *db, struct arena *a, void *attempt, int64_t now_ms) {
    (void)a;
    enum err e = OK;
    for (int64_t n = 1; n <= 2 && e == OK; n++)
        e = db_run(db, SQL_exam_flag_add, "tiiii", (const char *)attempt, n,
                   n == 1 ? (int64_t)-1000000000 : 1000000000, (int64_t)1, now_ms);
    return e;
}

/* Rows that somebody wrote by hand mark no slot that is none. */
static void test_flags_of_no_slot(void **state) {
    (void)state;
    int64_t now_ms;
    const char *id = begin(&now_ms);
    struct exam_attempt t;
    struct exam_slot_state *states;
    assert_int_equal(job(flag_nowhere, (void *)id, now_ms), OK);
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_attempt_load(db, &arena, id, ana, &t), OK);
    assert_int_equal(exam_slot_states(db, &arena, &t, &states), OK);
    store_read_end(db);
    for (int i = 0; i < 3; i++) assert_false(states[i].flagged);
    assert_false(t.review_full || t.practice);
    /* What the exam still says comes from the exam, and is not read again. */
    const struct exam_unit *unit = exams_hold(exams, &arena, "small");
    for (int i = 0; i < 3; i++) {
        const struct exam_item *item;
        const struct exam_slot *slot = &t.form.slots[i];
        db = store_reader(store);
        store_read_begin(db);
        assert_int_equal(exam_slot_item(exams, db, &arena, "small", slot, &item), OK);
        assert_ptr_equal(item, exam_unit_item(unit, slot->item, slot->version));
        assert_int_equal(exam_slot_item(NULL, db, &arena, "small", slot, &item), OK);
        assert_string_equal(item->id, slot->item);
        store_read_end(db);
    }
    submit(id, now_ms + 1);
}

/* Nobody ends the attempt of another. */
static void test_end_of_another(void **state) {
    (void)state;
    int64_t now_ms;
    const char *id = begin(&now_ms);
    struct exam_ending e = {.attempt_id = id, .person_id = bo};
    struct exam_attempt t;
    assert_int_equal(job(exam_end_job, &e, now_ms + 1), ERR_NOT_FOUND);
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_attempt_load(db, &arena, id, ana, &t), OK);
    store_read_end(db);
    assert_true(t.open);
    /* RULE exam-grace, of marks: at its end, and behind it. */
    struct exam_flagging flag = {.attempt_id = id, .person_id = ana, .slot = 1, .flagged = true};
    assert_int_equal(job(exam_flag_job, &flag, t.deadline_ms + EXAM_GRACE_MS), OK);
    assert_int_equal(job(exam_flag_job, &flag, t.deadline_ms + EXAM_GRACE_MS + 1), ERR_CONFLICT);
    assert_true(flag.over);
    submit(id, now_ms + 1);
    assert_int_equal(job(exam_end_job, &e, now_ms + 2), ERR_NOT_FOUND);
}

/* ---- Results ------------------------------------------------------------------------------- */

static enum err ask_again(struct db *db, struct arena *a, void *attempt, int64_t now_ms) {
    (void)a, (void)now_ms;
    return db_run(db, SQL_exam_unscored_add, "t", (const char *)attempt);
}

/* The details of the results that the log has of an attempt, the newest first. */
static size_t logged_results(const char *attempt, const char **details) {
    struct audit_row *rows;
    size_t count, n = 0;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(audit_list(db, &arena, attempt, 0, 10, &rows, &count), OK);
    store_read_end(db);
    for (size_t i = 0; i < count; i++)
        if (str_eq(rows[i].action, "exam.result")) details[n++] = rows[i].detail;
    return n;
}

/* What the log says of a result; and an attempt that was scored is scored again only when that is
 * asked for, whoever wrote that it was not. */
static void test_scored_once(void **state) {
    (void)state;
    static const struct {
        int steps;
        const char *detail;
    } cases[] = {{1, "{\"correct\":2,\"total\":3,\"passed\":false}"},
                 {2, "{\"correct\":2,\"total\":3,\"steps\":2,\"passed\":false}"}};
    const char *id = sit_small(bo, 1000), *details[10];
    assert_int_equal(logged_results(id, details), 1);
    assert_string_equal(details[0], "{\"correct\":3,\"total\":3,\"passed\":true}");
    struct exam_past *past;
    size_t count;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_past_list(db, &arena, bo, "small", &past, &count, NULL), OK);
    store_read_end(db);
    assert_int_equal(count, 1);
    assert_true(past[0].start_ms == NOW && past[0].end_ms == NOW + MS_MINUTE && past[0].passed);
    struct exam_scored scored = {.attempt_id = id, .cut_permille = 700};
    struct exam_scored_list list = {&scored, 1};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        scored.score = (struct exam_score){.correct = 2, .total = 3, .steps = cases[i].steps};
        assert_int_equal(job(ask_again, (void *)id, NOW), OK);
        scored.again = false;
        assert_int_equal(job(exam_result_job, &list, NOW), OK);
        assert_int_equal(logged_results(id, details), 1 + i);
        scored.again = true;
        assert_int_equal(job(exam_result_job, &list, NOW), OK);
        assert_int_equal(logged_results(id, details), 2 + i);
        assert_string_equal(details[0], cases[i].detail);
    }
    /* Of each domain its floor, where it has one. */
    struct exam_domain_result domains[] = {{.id = "data", .correct = 1, .total = 2, .floor = 1},
                                           {.id = "people", .correct = 1, .total = 1}};
    scored.score.domains = domains;
    scored.score.domain_count = COUNT_OF(domains);
    assert_int_equal(job(exam_result_job, &list, NOW + 1), OK);
    struct exam_result *results;
    db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_results(db, &arena, exams, bo, "small", &results, &count), OK);
    store_read_end(db);
    assert_int_equal(results[0].domain_count, COUNT_OF(domains));
    for (size_t i = 0; i < COUNT_OF(domains); i++) {
        assert_string_equal(results[0].domains[i].id, domains[i].id);
        assert_int_equal(results[0].domains[i].correct, domains[i].correct);
        assert_int_equal(results[0].domains[i].total, domains[i].total);
        assert_int_equal(results[0].domains[i].floor, domains[i].floor);
    }
}

/* ---- Opening ------------------------------------------------------------------------------- */

/* Without a key of the clock no exams are opened: its mark could not be sealed. */
static void test_key_of_the_clock(void **state) {
    (void)state;
    struct exams *second;
    const char *why = "", *other = arena_printf(&arena, "%s/other", root),
               *key = arena_printf(&arena, "%s/clock.key", other);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(mkdir(key, 0700), 0);
    struct app elsewhere = {.store = store, .root = root, .data = other};
    assert_int_equal(exams_open(&second, &elsewhere, &arena, &why), ERR_IO);
    assert_string_equal(
        why, arena_printf(&arena, "The key of the clock, %s, cannot be read or written.", key));
}

/* Extra time comes to every attempt that runs, however many exams a person sits at once. */
static enum err double_time(struct db *db, struct arena *a, void *person, int64_t now_ms) {
    return exam_accommodate(db, a, now_ms, person, NULL, 2000, "a reason", boss);
}

static void test_time_for_all(void **state) {
    (void)state;
    const char *ids[70];
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct exam_unit unit = *exams_hold(exams, &arena, "small");
        unit.def.id = arena_printf(&arena, "small-%zu", i);
        struct exam_starting s = {.unit = &unit, .person_id = bo, .seed = 5};
        assert_int_equal(job(exam_start_job, &s, NOW), OK);
        ids[i] = s.id;
    }
    assert_int_equal(job(double_time, (void *)bo, NOW + MS_MINUTE), OK);
    struct db *db = store_reader(store);
    store_read_begin(db);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct exam_attempt t;
        assert_int_equal(exam_attempt_load(db, &arena, ids[i], bo, &t), OK);
        assert_true(t.deadline_ms == NOW + 20 * MS_MINUTE);
    }
    store_read_end(db);
}

/* ---- What became of earlier attempts --------------------------------------------------------- */

struct beginning {
    const char *exam_id; /* of which past attempts are asked; NULL: of all */
    bool practice;
    struct exam_entry entry;
    const char *problem;
};

static enum err look_back(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct beginning *b = arg;
    struct exam_unit unit = *exams_hold(exams, a, "small");
    (void)now_ms;
    unit.def.practice = b->practice;
    b->problem = NULL;
    b->entry = (struct exam_entry){.unit = &unit, .person_id = boss};
    enum err e = exam_past_problem(db, a, boss, b->exam_id, &b->problem);
    return e == OK ? exam_entry(db, a, &b->entry, NOW + MS_DAY, NULL) : e;
}

/* RULE past-kept: what is asked is of one exam or of all; and an exam that counts is then not begun
 * anew, while one for practice is. */
static void test_past(void **state) {
    (void)state;
    const char *id = sit_small(boss, 0), *row = arena_printf(&arena, "'%s'", id);
    const struct {
        const char *sql, *problem;
    } cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE exam_attempt SET minutes = 20 WHERE id = ",
         "its cut, its minutes or its extra time is not what was logged"},
        {"PRAGMA defer_foreign_keys = ON; DELETE FROM exam_attempt WHERE id = ",
         "it was logged and is not on record"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *problem = cases[i].problem
                                  ? arena_printf(&arena, "the attempt %s: %s", id, cases[i].problem)
                                  : NULL,
                   *sql = arena_printf(&arena, "%s%s", cases[i].sql, problem ? row : "");
        static const char *const asked[] = {"small", NULL, "other"};
        for (size_t k = 0; k < COUNT_OF(asked); k++) {
            struct beginning b = {.exam_id = asked[k], .practice = k == 1};
            bool missed = problem && k < 2;
            assert_int_equal(tampered(store, &arena, sql, look_back, &b), OK);
            assert_int_equal(b.problem != NULL, missed);
            if (missed) assert_string_equal(b.problem, problem);
            if (b.practice || !problem) {
                assert_int_equal(b.entry.state, EXAM_START_FREE);
                assert_null(b.entry.problem);
            } else {
                assert_int_equal(b.entry.state, EXAM_START_CHANGED);
                assert_string_equal(b.entry.problem, problem);
                assert_true(b.entry.when_ms == 0); /* no wait mends it */
            }
            assert_int_equal(b.entry.extra_permille, 1000);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_flags_of_no_slot),
        cmocka_unit_test(test_scored_once),
        cmocka_unit_test(test_key_of_the_clock),
        cmocka_unit_test(test_time_for_all),
        cmocka_unit_test(test_past),
        cmocka_unit_test(test_end_of_another),
    };
    return cmocka_run_group_tests(tests, academy_open_small, academy_close);
}
