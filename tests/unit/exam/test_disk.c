/* The disk fails at each step of each job, and of what is read: whoever asked is told. */
#include "unit/exam/academy.h"

#include "base/json.h"
#include "content/evidence.h"
#include "exam/exam_sql.h"
#include "unit/store/failing_step.h"

static const char *attempt; /* of Ana, who has answered, marked, and been opened again */

static int each_step(write_fn run, void *arg, size_t size, int64_t now_ms) {
    return fail_each_step(store, &arena, run, arg, size, now_ms);
}

static enum err save(int64_t seq, int option, int64_t now_ms, bool failing) {
    struct exam_saving s = saving_of(attempt, ana, 1, seq, option);
    if (!failing) return job(exam_save_job, &s, now_ms);
    assert_true(each_step(exam_save_job, &s, sizeof s, now_ms) > 0);
    return OK;
}

static enum err grant(struct db *db, struct arena *a, void *factor, int64_t now_ms) {
    return exam_accommodate(db, a, now_ms, ana, NULL, *(int *)factor, "a reason of length", boss);
}

static void test_jobs(void **state) {
    (void)state;
    int factor = 1500, closed = 0;
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = ana, .seed = 5};
    assert_true(each_step(exam_start_job, &s, sizeof s, NOW) >= 8);
    attempt = s.id;
    assert_true(each_step(exam_start_job, &s, sizeof s, NOW + 1) > 0); /* it is open already */
    assert_string_equal(s.id, attempt);
    assert_int_equal(save(5, 1, NOW + 1, true), OK);
    assert_int_equal(save(5, 1, NOW + 2, true), OK); /* repeated */
    assert_int_equal(save(4, 2, NOW + 3, true), OK); /* an older one */
    struct exam_flagging f = {.attempt_id = attempt, .person_id = ana, .slot = 2, .flagged = true};
    assert_true(each_step(exam_flag_job, &f, sizeof f, NOW + 4) >= 2);
    assert_true(each_step(grant, &factor, sizeof factor, NOW + 5) >= 5);
    struct exam_clock_following following = {
        .base_ms = clock_now_ms() - clock_boot_ms(),
        .from_ms = 1,
        .boot_id = "boot",
        .key = (const unsigned char *)"a key of thirty-two bytes, and no more"};
    assert_true(each_step(exam_clock_follow_job, &following, sizeof following, NOW + 6) >= 3);
    assert_true(each_step(exam_expire_job, &closed, sizeof closed, NOW + MS_DAY) >= 6);
    assert_int_equal(closed, 1);
    struct exam_ending again = {.attempt_id = attempt, .person_id = ana};
    assert_true(each_step(exam_end_job, &again, sizeof again, NOW + MS_DAY) > 0); /* it has ended */
    assert_int_equal(save(5, 1, NOW + MS_DAY, true), OK); /* it is there, also after the end */
}

/* What is refused after the end: the refusal is told only when the disk could be asked. */
struct refused {
    write_fn run;
    void *arg;
    enum err said;
};

static enum err refused(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct refused *r = arg;
    r->said = r->run(db, a, r->arg, now_ms);
    return r->said == ERR_IO ? ERR_IO : OK;
}

static void each_step_refused(write_fn run, void *arg, enum err expected, int64_t now_ms) {
    struct refused r = {run, arg, OK};
    assert_true(each_step(refused, &r, sizeof r, now_ms) > 0);
    assert_int_equal(r.said, expected);
}

static void test_refusals(void **state) {
    (void)state;
    struct exam_flagging f = {.attempt_id = attempt, .person_id = ana, .slot = 2};
    each_step_refused(exam_flag_job, &f, ERR_CONFLICT, NOW + MS_DAY);
    struct exam_saving s = saving_of(attempt, ana, 1, 9, 1);
    each_step_refused(exam_save_job, &s, ERR_CONFLICT, NOW + MS_DAY);
}

static enum err score(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct exam_scored_list *list = arg;
    enum err e = OK;
    if (!list->scored->again) /* as if the exams' thread had not been there */
        e = db_run(db, SQL_exam_unscored_remove, "t", attempt);
    if (e == OK && !list->scored->again) e = db_run(db, SQL_exam_unscored_add, "t", attempt);
    return e == OK ? exam_result_job(db, a, list, now_ms) : e;
}

static void test_reopened_and_scored(void **state) {
    (void)state;
    struct exam_scored one = {.attempt_id = attempt, .cut_permille = 700, .again = true};
    struct exam_scored_list list = {&one, 1};
    one.score = (struct exam_score){.correct = 0, .total = 3, .steps = 1};
    assert_true(each_step(score, &list, sizeof list, NOW + MS_DAY) >= 4);
    struct exam_reopening r = {.attempt_id = attempt,
                               .actor = boss,
                               .reason = "the clock was a day ahead",
                               .given_ms = MS_MINUTE};
    assert_true(each_step(exam_reopen_job, &r, sizeof r, NOW + 2 * MS_DAY) >= 10);
    struct exam_ending end = {.attempt_id = attempt, .person_id = ana};
    assert_true(each_step(exam_end_job, &end, sizeof end, NOW + 2 * MS_DAY + 1) >= 6);
    one.again = false;
    assert_true(each_step(score, &list, sizeof list, NOW + 3 * MS_DAY) >= 4);
}

/* ---- What is read ---------------------------------------------------------------------------- */
static enum err read_marks(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct exam_attempt t;
    struct exam_slot_state *states;
    (void)arg, (void)now_ms;
    enum err e = exam_attempt_load(db, a, attempt, ana, &t);
    return e == OK ? exam_slot_states(db, a, &t, &states) : e;
}

static enum err read_score(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct exam_attempt t;
    struct exam_score s;
    (void)arg, (void)now_ms;
    enum err e = exam_attempt_load(db, a, attempt, ana, &t);
    return e == OK ? exam_attempt_score(NULL, db, a, &t, &s) : e;
}

static enum err read_evidence(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct exam_evidence x;
    (void)arg, (void)now_ms;
    return exam_evidence(db, a, exams, attempt, &x);
}

static enum err read_exceptions(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct exam_exception *list;
    size_t count;
    (void)arg, (void)now_ms;
    return exam_exceptions(db, a, attempt, &list, &count);
}

static enum err read_results(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct exam_result *list;
    size_t count;
    (void)arg, (void)now_ms;
    return exam_results(db, a, exams, ana, NULL, &list, &count);
}

static enum err read_open(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct exam_open_attempt *list;
    size_t count;
    (void)arg, (void)now_ms;
    return exam_open_attempts(db, a, ana, &list, &count);
}

static enum err read_past(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct exam_past *past;
    struct exam_seen seen;
    size_t count;
    (void)arg, (void)now_ms;
    return exam_past_list(db, a, ana, "small", &past, &count, &seen);
}

static enum err read_record(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const char *problem = NULL;
    (void)arg, (void)now_ms;
    return exam_record_problem(db, a, attempt, &problem);
}

static enum err read_result(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const char *problem = NULL;
    (void)arg, (void)now_ms;
    return exam_result_problem(db, a, attempt, &problem);
}

static enum err read_times(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const char *problem = NULL;
    (void)arg, (void)now_ms;
    return exam_time_problem(db, a, ana, &problem);
}

static enum err read_facts(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct evidence_asker who = {.app = &app, .arena = a};
    struct evidence_requirement want = {.id = "small"};
    struct evidence_facts out = {.arena = a};
    (void)arg, (void)now_ms;
    return exam_evidence_kind.facts(&who, db, ana, &want, 1, &out);
}

static void test_read(void **state) {
    (void)state;
    static const write_fn reads[] = {read_marks,   read_score, read_evidence, read_exceptions,
                                     read_results, read_past,  read_record,   read_result,
                                     read_times,   read_facts};
    char none = 0;
    for (size_t i = 0; i < COUNT_OF(reads); i++)
        assert_true(each_step(reads[i], &none, sizeof none, NOW) > 0);
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = ana, .seed = 5};
    assert_int_equal(job(exam_start_job, &s, NOW + 40 * MS_DAY), OK);
    assert_true(each_step(read_open, &none, sizeof none, NOW) >= 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_reopened_and_scored),
        cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, academy_open_small, academy_close);
}
