/* RULE saves-counted: what is told when answers of an attempt are gone, and what is not. */
#include "unit/exam/academy.h"

#include "audit/audit.h"
#include "exam/exam_sql.h"
#include "store/seal.h"
#include "unit/store/tampered.h"

static const char *attempt;

static enum err ask(struct db *db, struct arena *a, void *problem, int64_t now_ms) {
    (void)now_ms;
    *(const char **)problem = NULL;
    return exam_saves_problem(db, a, attempt, problem);
}

static const char *problem_with(const char *sql) {
    const char *problem;
    print_message("%s\n", sql);
    assert_int_equal(tampered(store, &arena, sql, ask, &problem), OK);
    return problem;
}

static void save(int slot, int64_t seq, int option, int64_t now_ms) {
    struct exam_saving s = saving_of(attempt, ana, slot, seq, option);
    assert_int_equal(job(exam_save_job, &s, now_ms), OK);
}

static const char counted[] = "the number of its saved answers is not the one that was counted";
static const char others[] =
    "its answers on record are not the ones that were counted, though as many";
#define GONE(was, is) was " answers were saved in it, and " is " are on record"

static char open_shape[200];

/* The sealed number of a moment in which there were three, to be put back later. */
static char three_counted[200];

static enum err keep_count(struct db *db, struct arena *a, void *unused, int64_t now_ms) {
    (void)unused, (void)now_ms;
    struct stmt *q;
    enum err e;
    assert_true(db_one(db, &q, &e, SQL_exam_save_look, "tt", attempt, ana));
    snprintf(open_shape, sizeof open_shape, "%s", stmt_text(q, 1, a));
    assert_int_equal(stmt_end(q), OK);
    snprintf(three_counted, sizeof three_counted, "UPDATE exam_open SET saves = 3, seal = '%s'",
             seal_make(db, &arena, SEALED_SAVES(attempt, 3)));
    return OK;
}

static void begin(void) {
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = ana, .seed = 5};
    assert_non_null(s.unit);
    assert_int_equal(job(exam_start_job, &s, NOW), OK);
    attempt = s.id;
    save(1, 1, 1, NOW + 1);
    save(1, 2, 2, NOW + 2);
    save(2, 1, 1, NOW + 3);
    save(2, 1, 1, NOW + 4); /* the same once more is stored once */
    assert_int_equal(store_write(store, keep_count, NULL, &arena), OK);
    save(1, 1, 3, NOW + 5); /* one that comes late */
}

static void check_open(void) {
    static const struct {
        const char *sql, *problem;
    } cases[] = {
        {"SELECT 1", NULL},
        {"DELETE FROM exam_response WHERE slot = 2", GONE("4", "3")},
        {"DELETE FROM exam_response WHERE seq = 1 AND n = 2", GONE("4", "3")},
        {"DELETE FROM exam_response", GONE("4", "0")},
        {"INSERT INTO exam_response (attempt_id, slot, seq, n, client, response, saved_ms, seal) "
         "SELECT attempt_id, slot, seq, n + 9, client, response, saved_ms, seal FROM exam_response WHERE slot = 2",
         GONE("4", "5")},
        {"DELETE FROM exam_response WHERE slot = 2; UPDATE exam_open SET saves = 3", counted},
        {"DELETE FROM exam_response WHERE slot = 2; UPDATE exam_open SET saves = 0, seal = NULL",
         counted},
        {"UPDATE exam_open SET seal = upper(seal)", counted},
        {"DELETE FROM exam_response WHERE slot = 2; UPDATE exam_open SET seal = (SELECT max(seal) "
         "FROM exam_response)",
         counted},
        /* An attempt of an older program. */
        {"DELETE FROM exam_response; UPDATE exam_open SET saves = 0, seal = NULL; UPDATE audit_log "
         "SET detail = json_remove(detail, '$.saves') WHERE action = 'exam.start'",
         NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *problem = problem_with(cases[i].sql);
        if (!str_eq(problem, cases[i].problem)) fail_msg("%s", problem ? problem : "nothing");
    }
}

/* The number of an earlier moment fits the answers of that moment alone. */
static void check_put_back(void) {
    static const struct {
        const char *removed, *problem;
    } cases[] = {{"ordinal = 1", others},
                 {"ordinal = 2", others},
                 {"ordinal = 3", others},
                 {"ordinal = 4", NULL},
                 {"ordinal > 2", GONE("3", "2")}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *problem = problem_with(arena_printf(
            &arena, "DELETE FROM exam_response WHERE %s; %s", cases[i].removed, three_counted));
        if (!str_eq(problem, cases[i].problem)) fail_msg("%s", problem ? problem : "nothing");
    }
}

/* Then another answer becomes the fourth, and the fourth of before takes the place of the third. */
static enum err save_fourth_again(struct db *db, struct arena *a, void *problem, int64_t now_ms) {
    struct exam_saving s = saving_of(attempt, ana, 3, 1, 1);
    enum err e = exam_save_job(db, a, &s, NOW + MS_MINUTE);
    if (e != OK) return e;
    assert_int_equal(db_exec(db->sql, "INSERT INTO exam_response SELECT * FROM fourth; "
                                      "DELETE FROM exam_response WHERE ordinal = 3"),
                     SQLITE_OK);
    return ask(db, a, problem, now_ms);
}

static void check_fourth_twice(void) {
    const char *problem;
    const char *sql = arena_printf(&arena,
                                   "CREATE TEMP TABLE fourth AS SELECT * FROM exam_response WHERE "
                                   "ordinal = 4; DELETE FROM exam_response WHERE ordinal = 4; %s",
                                   three_counted);
    assert_int_equal(tampered(store, &arena, sql, save_fourth_again, &problem), OK);
    assert_string_equal(problem, others);
}

/* An answer that was saved while the number of saves was not this program's has no ordinal, and
 * stands for none that has one. Seals of answers from before there were ordinals are as they were.
 */
static void check_no_ordinal(void) {
    static const struct {
        const char *sql, *problem;
    } cases[] = {
        {"UPDATE exam_response SET ordinal = 0 WHERE ordinal = 1", others},
        {"UPDATE exam_response SET ordinal = 0", others},
        {"UPDATE exam_response SET ordinal = 5 WHERE ordinal = 4", others},
        {"UPDATE exam_response SET ordinal = 5 WHERE ordinal = 1", others},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *problem = problem_with(cases[i].sql);
        if (!str_eq(problem, cases[i].problem)) fail_msg("%s", problem ? problem : "nothing");
    }
    struct exam_saved s = {attempt, 1, 2, 3, "c", "[1]", NOW, 0};
    struct db *db = store_reader(store);
    const char *old = seal_make(db, &arena, "exam_response", "tiiitti", attempt, (int64_t)1,
                                (int64_t)2, (int64_t)3, "c", "[1]", NOW);
    assert_string_equal(exam_saved_seal(db, &arena, &s), old);
    assert_true(exam_saved_holds(db, &s, old));
    s.ordinal = 1;
    assert_false(exam_saved_holds(db, &s, old));
    const char *first = exam_saved_seal(db, &arena, &s);
    assert_true(exam_saved_holds(db, &s, first));
    s.ordinal = 2;
    assert_false(exam_saved_holds(db, &s, first));
}

static void check_ended(void) {
    static const struct {
        const char *sql, *problem;
    } cases[] = {
        {"SELECT 1", NULL},
        {"DELETE FROM exam_response WHERE slot = 2", GONE("4", "3")},
        {"DELETE FROM exam_response WHERE seq = 1 AND n = 2", GONE("4", "3")},
        {"UPDATE exam_response SET ordinal = 5 WHERE ordinal = 1", others},
        {"UPDATE audit_log SET detail = json_remove(detail, '$.saves') WHERE action = "
         "'exam.submit'",
         counted},
        {"UPDATE audit_log SET detail = json_set(detail, '$.saves', 3) WHERE action = "
         "'exam.submit'",
         GONE("3", "4")},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *problem = problem_with(cases[i].sql);
        if (!str_eq(problem, cases[i].problem)) fail_msg("%s", problem ? problem : "nothing");
    }
}

static enum err end_now(struct db *db, struct arena *a, void *problem, int64_t now_ms) {
    struct exam_ending end = {.attempt_id = attempt, .person_id = ana};
    (void)now_ms;
    enum err e = exam_end_job(db, a, &end, NOW + MS_MINUTE);
    return e == OK ? ask(db, a, problem, NOW) : e;
}

static enum err save_and_end(struct db *db, struct arena *a, void *problem, int64_t now_ms) {
    struct exam_saving s = saving_of(attempt, ana, 3, 1, 1);
    enum err e = exam_save_job(db, a, &s, NOW + MS_MINUTE);
    return e == OK ? end_now(db, a, problem, now_ms) : e;
}

/* What was taken away while it was open is told after its end; no later save and no end mends a
 * number that is not this program's. */
static void check_end_of_changed(void) {
    static const struct {
        const char *sql, *problem;
        write_fn look;
    } cases[] = {
        {"DELETE FROM exam_response WHERE slot = 2", GONE("4", "3"), end_now},
        {"DELETE FROM exam_response WHERE slot = 2", GONE("5", "4"), save_and_end},
        {"DELETE FROM exam_response WHERE slot = 2; UPDATE exam_open SET saves = 3", counted,
         end_now},
        {"DELETE FROM exam_response WHERE slot = 2; UPDATE exam_open SET saves = 3", counted,
         save_and_end},
        {"SELECT 1", NULL, save_and_end},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *problem = NULL;
        assert_int_equal(tampered(store, &arena, cases[i].sql, cases[i].look, &problem), OK);
        if (!str_eq(problem, cases[i].problem)) fail_msg("%s", problem ? problem : "nothing");
    }
}

/* What is told when an attempt that has ended is open once more past the program, with the row that
 * it had while it was open. */
struct ended_again {
    const char *person;
    enum err said;
    int64_t ends, open;
};

static int64_t count_of(struct db *db, const char *sql) {
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_prepare_v2(db->sql, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return count;
}

static enum err end_again(struct db *db, struct arena *a, void *again, int64_t now_ms) {
    struct ended_again *x = again;
    struct exam_ending end = {.attempt_id = attempt, .person_id = x->person};
    (void)now_ms;
    x->said = exam_end_job(db, a, &end, NOW + 300 * MS_DAY);
    x->ends = count_of(db, "SELECT count(*) FROM audit_log WHERE action IN ('exam.submit', "
                           "'exam.deadline')");
    x->open = count_of(db, "SELECT count(*) FROM exam_open");
    return OK;
}

/* RULE exam-ended-once: neither its candidate nor the clock ends it a second time. */
static void check_ended_once(void) {
    const char *sql = arena_printf(
        &arena,
        "DELETE FROM exam_end; DELETE FROM exam_unscored; INSERT INTO exam_open (attempt_id, "
        "person_id, exam_id, shape, deadline_ms) SELECT id, person_id, exam_id, '%s', "
        "deadline_ms FROM exam_attempt",
        open_shape);
    struct ended_again own = {.person = ana}, clock = {.person = NULL};
    assert_int_equal(tampered(store, &arena, sql, end_again, &own), OK);
    assert_true(own.said == ERR_CONFLICT && own.ends == 1 && own.open == 1);
    assert_int_equal(tampered(store, &arena, sql, end_again, &clock), OK);
    assert_true(clock.said == OK && clock.ends == 1 && clock.open == 0);
}

static void saves_are_counted(void **state) {
    (void)state;
    begin();
    /* Without a key that the log names nothing is judged. */
    assert_null(problem_with("DELETE FROM exam_response"));
    seal_begin(store_reader(store), 1);
    check_open();
    check_put_back();
    check_fourth_twice();
    check_no_ordinal();
    check_end_of_changed();
    const char *problem;
    assert_int_equal(job(end_now, &problem, NOW), OK);
    assert_null(problem);
    check_ended();
    check_ended_once();
}

static enum err end_by_clock(struct db *db, struct arena *a, void *problem, int64_t now_ms) {
    struct exam_ending end = {.attempt_id = attempt};
    (void)now_ms;
    enum err e = exam_end_job(db, a, &end, NOW + 300 * MS_DAY);
    return e == OK ? ask(db, a, problem, NOW) : e;
}

/* An attempt that the clock ended goes on with the number that its end told. */
static void opened_again_it_goes_on(void **state) {
    (void)state;
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = bo, .seed = 6};
    assert_int_equal(job(exam_start_job, &s, NOW), OK);
    attempt = s.id;
    struct exam_saving first = saving_of(attempt, bo, 1, 1, 1),
                       second = saving_of(attempt, bo, 2, 1, 1);
    assert_int_equal(job(exam_save_job, &first, NOW + 1), OK);
    struct exam_ending end = {.attempt_id = attempt};
    assert_int_equal(job(exam_end_job, &end, NOW + MS_HOUR), OK);
    struct exam_reopening again = {
        .attempt_id = attempt, .actor = boss, .reason = "the power", .given_ms = 5 * MS_MINUTE};
    assert_int_equal(job(exam_reopen_job, &again, NOW + 2 * MS_HOUR), OK);
    assert_null(problem_with("SELECT 1"));
    struct db *db = store_reader(store);
    const char *none_counted = arena_printf(
        &arena,
        "DELETE FROM exam_response WHERE attempt_id = '%s'; UPDATE exam_open SET saves = 0, "
        "seal = '%s' WHERE attempt_id = '%s'",
        attempt, seal_make(db, &arena, SEALED_SAVES(attempt, 0)), attempt);
    /* Its number does not fall below what its end told. */
    assert_string_equal(problem_with(none_counted), counted);
    const char *problem = NULL;
    assert_int_equal(tampered(store, &arena, none_counted, end_by_clock, &problem), OK);
    assert_string_equal(problem, counted);
    assert_int_equal(tampered(store, &arena, "SELECT 1", end_by_clock, &problem), OK);
    assert_null(problem);
    assert_int_equal(job(exam_save_job, &second, NOW + 2 * MS_HOUR + 1), OK);
    assert_null(problem_with("SELECT 1"));
    assert_string_equal(problem_with("DELETE FROM exam_response WHERE slot = 1 AND attempt_id = "
                                     "(SELECT attempt_id FROM exam_reopened)"),
                        GONE("2", "1"));
}

static int open_it(void **state) { return academy_open_small(state); }

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(saves_are_counted),
                                       cmocka_unit_test(opened_again_it_goes_on)};
    return cmocka_run_group_tests(tests, open_it, academy_close);
}
