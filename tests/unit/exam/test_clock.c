/* What a clock that is set does to exams in a real store: nothing. And opening again what was ended
 * too early. */
#include "unit/exam/academy.h"

#include <sqlite3.h>

#include "audit/audit.h"
#include "base/json.h"
#include "exam/exam_sql.h"

static int64_t turn; /* each test has a time of its own */

/* ---- Helpers ------------------------------------------------------------------------------- */

static int64_t begin(const char **attempt) {
    int64_t now_ms = NOW + ++turn * 100 * MS_DAY;
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = ana, .seed = 5};
    assert_int_equal(job(exam_start_job, &s, now_ms), OK);
    *attempt = s.id;
    return now_ms;
}

static struct exam_attempt load(const char *attempt) {
    struct exam_attempt t;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_attempt_load(db, &arena, attempt, NULL, &t), OK);
    store_read_end(db);
    return t;
}

static enum err save(const char *attempt, int64_t seq, int option, int64_t now_ms) {
    struct exam_saving s = saving_of(attempt, ana, 1, seq, option);
    return job(exam_save_job, &s, now_ms);
}

static enum err by_clock(const char *attempt, int64_t now_ms) {
    struct exam_ending e = {.attempt_id = attempt};
    return job(exam_end_job, &e, now_ms);
}

/* The machine's clock was set by `by_ms` and is followed; the real one of this process is not
 * moved. */
static void follow(int64_t by_ms, int64_t from_ms, int64_t now_ms) {
    int64_t base_ms = clock_now_ms() - clock_boot_ms();
    struct exam_clock_following f = {
        .by_ms = by_ms,
        .base_ms = base_ms,
        .from_ms = from_ms,
        .boot_id = "boot",
        .key = (const unsigned char *)"a key of thirty-two bytes, and no more"};
    struct timed t = {exam_clock_follow_job, &f, now_ms};
    assert_int_equal(store_write_last(store, at_that_time, &t, &arena), OK);
    int64_t moved_ms = clock_now_ms() - clock_boot_ms() - base_ms;
    assert_in_range(moved_ms - by_ms + 100, 0, 200);
    clock_set(base_ms);
}

static void submit(const char *attempt, int64_t now_ms) {
    struct exam_ending e = {.attempt_id = attempt, .person_id = ana};
    assert_int_equal(job(exam_end_job, &e, now_ms), OK);
}

/* ---- Steps --------------------------------------------------------------------------------- */

/* RULE exam-elapsed: whatever the clock is set to, ten minutes last ten minutes. */
static void test_followed_steps(void **state) {
    (void)state;
    static const int64_t steps[] = {30 * MS_SECOND, -30 * MS_SECOND, 2 * MS_HOUR,
                                    -2 * MS_HOUR,   MS_DAY,          -MS_DAY};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const char *id;
        int64_t start_ms = begin(&id);
        int64_t at_ms = start_ms + 9 * MS_MINUTE + 30 * MS_SECOND; /* in its last minute */
        follow(steps[i], 0, at_ms);
        int64_t edge_ms = start_ms + steps[i] + 10 * MS_MINUTE + EXAM_GRACE_MS;
        assert_true(load(id).deadline_ms == edge_ms - EXAM_GRACE_MS);
        assert_int_equal(save(id, 1, 1, at_ms + steps[i]), OK);
        assert_int_equal(save(id, 2, 2, edge_ms), OK);
        assert_int_equal(save(id, 3, 3, edge_ms + 1), ERR_CONFLICT);
        assert_int_equal(by_clock(id, edge_ms), OK);
        assert_true(load(id).open); /* RULE exam-clock-ends */
        assert_int_equal(by_clock(id, edge_ms + 1), OK);
        assert_false(load(id).open);
        assert_true(load(id).submitted_ms == edge_ms - EXAM_GRACE_MS);
    }
}

static enum err grant(struct db *db, struct arena *a, void *factor, int64_t now_ms) {
    return exam_accommodate(db, a, now_ms, ana, NULL, *(int *)factor, "a reason of length", boss);
}

static void test_extra_time_after_a_step(void **state) {
    (void)state;
    const char *id;
    int factor = 1500;
    int64_t start_ms = begin(&id);
    follow(MS_DAY, 0, start_ms + MS_MINUTE);
    assert_int_equal(job(grant, &factor, start_ms + MS_DAY + 2 * MS_MINUTE), OK);
    assert_true(load(id).deadline_ms == start_ms + MS_DAY + 15 * MS_MINUTE);
    factor = 1000;
    assert_int_equal(job(grant, &factor, start_ms + MS_DAY + 3 * MS_MINUTE), OK);
    submit(id, start_ms + MS_DAY + 4 * MS_MINUTE);
}

/* RULE clock-settle: time was a guess since the start of the machine. What ran before it is dated
 * by the right clock. */
static void test_only_what_began_since(void **state) {
    (void)state;
    const char *id;
    int64_t start_ms = begin(&id);
    follow(-MS_DAY, start_ms + 1, start_ms + MS_MINUTE);
    assert_true(load(id).deadline_ms == start_ms + 10 * MS_MINUTE);
    follow(-MS_DAY, start_ms, start_ms + MS_MINUTE);
    assert_true(load(id).deadline_ms == start_ms - MS_DAY + 10 * MS_MINUTE);
    submit(id, start_ms - MS_DAY + MS_MINUTE);
}

/* ---- Opening again -------------------------------------------------------------------------- */

static enum err reopen(const char *attempt, int64_t given_ms, int64_t now_ms, const char **why) {
    struct exam_reopening o = {.attempt_id = attempt,
                               .actor = boss,
                               .reason = "the clock was a day ahead",
                               .given_ms = given_ms};
    enum err e = job(exam_reopen_job, &o, now_ms);
    *why = o.why;
    return e;
}

/* RULE exam-reopen. */
/* As somebody who can write the database. */
static void change(const char *text) {
    sqlite3 *sql;
    char *why = NULL;
    assert_int_equal(sqlite3_open(data, &sql), SQLITE_OK);
    sqlite3_busy_timeout(sql, 5000);
    if (sqlite3_exec(sql, text, NULL, NULL, &why)) fail_msg("%s: %s", text, why);
    sqlite3_close(sql);
}

static int unsealed(void) {
    struct audit_row *rows;
    size_t count;
    int n = 0;
    assert_int_equal(audit_list(store_reader(store), &arena, "clock", 0, 1000, &rows, &count), OK);
    for (size_t i = 0; i < count; i++) n += str_eq(rows[i].action, "clock.unsealed");
    return n;
}

/* Opens them again after `text`: how far the clock is from that of the machine. */
static int64_t reopened_off_ms(const char *text) {
    const char *why = "";
    exams_close(exams);
    if (text) change(text);
    if (exams_open(&exams, &app, &arena, &why) != OK) fail_msg("%s", why);
    app.exams = exams;
    return clock_now_ms() - clock_wall_ms();
}

/* RULE clock-seal: whatever of the mark is changed, it does not count. */
static void test_a_mark_is_sealed(void **state) {
    (void)state;
    static const char *const changes[] = {
        "UPDATE clock_mark SET trusted_ms = trusted_ms - 86400000",
        "UPDATE clock_mark SET trusted_ms = trusted_ms + 8 * 86400000",
        "UPDATE clock_mark SET boot_ms = boot_ms - 60000",
        "UPDATE clock_mark SET boot_id = 'x', trusted_ms = trusted_ms + 8 * 86400000",
        "UPDATE clock_mark SET seal = NULL, trusted_ms = trusted_ms + 86400000"};
    (void)reopened_off_ms(NULL); /* the mark of another test */
    int was = unsealed();
    assert_in_range(reopened_off_ms(NULL) + 1000, 0, 2000);
    assert_int_equal(unsealed(), was);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        assert_in_range(reopened_off_ms(changes[i]) + 1000, 0, 2000);
        assert_int_equal(unsealed(), was + (int)i + 1);
    }
    /* What was sealed goes on. */
    assert_in_range(reopened_off_ms(NULL) + 1000, 0, 2000);
    assert_int_equal(unsealed(), was + (int)COUNT_OF(changes));
    /* A folder without the key, as after a restore or of an older program, judges nobody. */
    assert_int_equal(remove(arena_printf(&arena, "%s/clock.key", root)), 0);
    assert_in_range(reopened_off_ms(changes[1]) + 1000, 0, 2000);
    assert_int_equal(unsealed(), was + (int)COUNT_OF(changes));
}

static void test_reopen(void **state) {
    (void)state;
    const char *id, *why;
    int64_t start_ms = begin(&id), over_ms = start_ms + 11 * MS_MINUTE;
    assert_int_equal(save(id, 1, 1, start_ms + MS_MINUTE), OK);
    assert_int_equal(reopen(id, MS_MINUTE, over_ms, &why), ERR_CONFLICT);
    assert_string_equal(why, "clock_reopen_is_open");
    assert_int_equal(by_clock(id, over_ms), OK);
    assert_int_equal(reopen(id, 10 * MS_MINUTE + 1, over_ms, &why), ERR_INVALID);
    assert_int_equal(reopen(id, MS_MINUTE - 1, over_ms, &why), ERR_INVALID);
    assert_string_equal(why, "clock_reopen_minutes_problem");
    assert_false(load(id).open);
    int64_t again_ms = over_ms + MS_HOUR;
    assert_int_equal(reopen(id, 9 * MS_MINUTE, again_ms, &why), OK);
    struct exam_attempt t = load(id);
    assert_true(t.open && t.deadline_ms == again_ms + 9 * MS_MINUTE);
    assert_int_equal(save(id, 2, 2, t.deadline_ms + EXAM_GRACE_MS), OK);
    /* Extra time is counted from what was given back. */
    int factor = 2000;
    assert_int_equal(job(grant, &factor, again_ms + MS_MINUTE), OK);
    assert_true(load(id).deadline_ms == again_ms + 19 * MS_MINUTE);
    factor = 1000; /* the newest counts */
    assert_int_equal(job(grant, &factor, again_ms + MS_MINUTE + 1), OK);
    submit(id, again_ms + 2 * MS_MINUTE);
    assert_int_equal(reopen(id, MS_MINUTE, again_ms + MS_HOUR, &why), ERR_CONFLICT);
    assert_string_equal(why, "clock_reopen_submitted");
    struct exam_reopening unknown = {.attempt_id = "none", .actor = boss, .reason = "r"};
    assert_int_equal(job(exam_reopen_job, &unknown, again_ms), ERR_NOT_FOUND);
}

/* What may be given back is the whole time of the attempt: with the extra time that it began with,
 * or with what its person was granted since, whichever is longer. */
static void test_reopen_with_extra_time(void **state) {
    (void)state;
    const char *id, *why;
    int factors[] = {1500, 1000, 2000};
    static const int64_t most[] = {15 * MS_MINUTE, 15 * MS_MINUTE, 20 * MS_MINUTE};
    int64_t over_ms = NOW + (turn + 1) * 100 * MS_DAY - 1;
    assert_int_equal(job(grant, &factors[0], over_ms), OK);
    over_ms = begin(&id);
    for (size_t i = 0; i < COUNT_OF(factors); i++) {
        over_ms += MS_HOUR;
        if (i) assert_int_equal(job(grant, &factors[i], over_ms - 1), OK);
        assert_int_equal(by_clock(id, over_ms), OK);
        assert_int_equal(reopen(id, most[i] + 1, over_ms, &why), ERR_INVALID);
        assert_int_equal(reopen(id, most[i], over_ms, &why), OK);
        assert_true(load(id).deadline_ms == over_ms + most[i]);
    }
    submit(id, over_ms + 1);
    assert_int_equal(job(grant, &factors[1], over_ms + 2), OK);
}

static void test_reopen_twice(void **state) {
    (void)state;
    const char *id, *why;
    int64_t now_ms = begin(&id) + 11 * MS_MINUTE;
    for (int i = 0; i < 3; i++, now_ms += MS_HOUR) {
        assert_int_equal(by_clock(id, now_ms), OK);
        assert_int_equal(reopen(id, MS_MINUTE, now_ms, &why), OK);
    }
    submit(id, now_ms - MS_HOUR + 1);
    struct audit_row *rows;
    size_t count;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(audit_list(db, &arena, id, 0, 100, &rows, &count), OK);
    store_read_end(db);
    int reopened = 0;
    for (size_t i = 0; i < count; i++) reopened += str_eq(rows[i].action, "exam.reopen");
    assert_int_equal(reopened, 3);
}

static void test_reopen_not_beside_another(void **state) {
    (void)state;
    const char *first, *second, *why;
    int64_t start_ms = begin(&first);
    assert_int_equal(by_clock(first, start_ms + 11 * MS_MINUTE), OK);
    int64_t later_ms = begin(&second);
    assert_int_equal(reopen(first, MS_MINUTE, later_ms, &why), ERR_CONFLICT);
    assert_string_equal(why, "clock_reopen_other_open");
    submit(second, later_ms + 1);
    assert_int_equal(reopen(first, MS_MINUTE, later_ms + 2, &why), OK);
    submit(first, later_ms + 3);
}

static void test_reopen_not_what_was_passed(void **state) {
    (void)state;
    const char *id, *why;
    int64_t over_ms = begin(&id) + 11 * MS_MINUTE;
    assert_int_equal(by_clock(id, over_ms), OK);
    struct exam_scored scored = {.attempt_id = id, .cut_permille = 700, .again = true};
    struct exam_scored_list list = {&scored, 1};
    scored.score = (struct exam_score){.correct = 3, .total = 3, .steps = 1, .passed = true};
    assert_int_equal(job(exam_result_job, &list, over_ms), OK);
    assert_int_equal(reopen(id, MS_MINUTE, over_ms, &why), ERR_CONFLICT);
    assert_string_equal(why, "clock_reopen_passed");
}

/* An end without a copy stays, whoever asks. */
static enum err drop_end(struct db *db, struct arena *a, void *attempt, int64_t now_ms) {
    (void)a, (void)now_ms;
    return db_run(db, SQL_exam_end_remove, "t", (const char *)attempt);
}

static void test_an_end_is_a_fact(void **state) {
    (void)state;
    const char *id;
    int64_t over_ms = begin(&id) + 11 * MS_MINUTE;
    assert_int_equal(by_clock(id, over_ms), OK);
    assert_int_not_equal(job(drop_end, (void *)id, over_ms), OK);
    assert_false(load(id).open);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_followed_steps),
        cmocka_unit_test(test_extra_time_after_a_step),
        cmocka_unit_test(test_only_what_began_since),
        cmocka_unit_test(test_a_mark_is_sealed),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_reopen_with_extra_time),
        cmocka_unit_test(test_reopen_twice),
        cmocka_unit_test(test_reopen_not_beside_another),
        cmocka_unit_test(test_an_end_is_a_fact),
        cmocka_unit_test(
            test_reopen_not_what_was_passed), /* the last: what is passed is not sat again */
    };
    return cmocka_run_group_tests(tests, academy_open_small, academy_close);
}
