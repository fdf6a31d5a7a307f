/* RULE records, RULE exam-recomputed: each thing that somebody could write over, by hand and into
 * the file, is missed by the log, by the form, or by the answers; and nothing else is. */
#include "unit/exam/academy.h"

#include "exam/exam_sql.h"
#include "unit/store/tampered.h"

static const char *passed;   /* Ana's, as it comes */
static const char *reopened; /* Bo's, opened again twice */

static void write_exam(void) {
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    for (int i = 1; i <= 6; i++)
        sample_item(&b, arena_printf(&arena, "keys-%d", i), "keys", "apply", "data", "");
    for (int i = 1; i <= 2; i++)
        sample_item(&b, arena_printf(&arena, "no-%d", i), "no", "apply", "people", "");
    sample_write(root, "exams/p/bank/small.md", buf_text(&b));
    sample_write(root, "exams/p/small.md",
                 sample_def(&arena, "", "| data | 0 | 3 |\n| people | 0 | 1 |\n"));
}

static enum err grant(struct db *db, struct arena *a, void *exam_id, int64_t now_ms) {
    return exam_accommodate(db, a, now_ms, bo, exam_id, exam_id ? 1500 : 1250, "a reason", boss);
}

static void reopen(int64_t now_ms) {
    struct exam_ending by_clock = {.attempt_id = reopened};
    assert_int_equal(job(exam_end_job, &by_clock, now_ms - 1), OK);
    struct exam_reopening r = {
        .attempt_id = reopened, .actor = boss, .reason = "a reason", .given_ms = MS_MINUTE};
    assert_int_equal(job(exam_reopen_job, &r, now_ms), OK);
}

static int open_all(void **state) {
    (void)state;
    if (academy_open(write_exam)) return -1;
    struct exam_rehearsal x = {.exams = exams,
                               .person_id = ana,
                               .exam_id = "small",
                               .seed = 3,
                               .start_ms = NOW,
                               .submit_ms = NOW + MS_MINUTE,
                               .answers = -1,
                               .ability_permille = 1000};
    assert_int_equal(job(exam_rehearse, &x, NOW + MS_HOUR), OK);
    passed = x.id;
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = bo, .seed = 5};
    assert_int_equal(job(exam_start_job, &s, NOW), OK);
    reopened = s.id;
    reopen(NOW + MS_HOUR);
    reopen(NOW + 2 * MS_HOUR);
    assert_int_equal(job(grant, (void *)"small", NOW + MS_DAY), OK);
    assert_int_equal(job(grant, NULL, NOW + 2 * MS_DAY), OK);
    assert_int_equal(job(grant, (void *)"other", NOW + 3 * MS_DAY), OK);
    return 0;
}

/* ---- What is asked --------------------------------------------------------------------------- */
struct question {
    enum err (*ask)(struct db *, struct arena *, const char *, const char **);
    const char *id, *problem;
};

static enum err ask(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct question *q = arg;
    (void)now_ms;
    return q->ask(db, a, q->id, &q->problem);
}

struct change {
    const char *sql, *problem; /* NULL: nothing is missed */
};

static void check(const struct change *cases, size_t count,
                  enum err (*asked)(struct db *, struct arena *, const char *, const char **),
                  const char *id) {
    for (size_t i = 0; i < count; i++) {
        struct question q = {asked, id, NULL};
        print_message("%s\n", cases[i].sql);
        const char *sql = arena_printf(
            &arena, "CREATE TEMP VIEW this AS SELECT '%s' AS id; %s; DROP VIEW this", id,
            cases[i].sql);
        assert_int_equal(tampered(store, &arena, sql, ask, &q), OK);
        if (cases[i].problem) {
            assert_non_null(q.problem);
            assert_string_equal(q.problem, cases[i].problem);
        } else if (q.problem) fail_msg("%s", q.problem);
    }
}

#define THIS " WHERE attempt_id = (SELECT id FROM this)"
#define ATTEMPT " WHERE id = (SELECT id FROM this)"
#define LOGGED(action) " WHERE subject = (SELECT id FROM this) AND action = '" action "'"

static void test_start_and_end(void **state) {
    (void)state;
    static const char start[] = "it is not the attempt whose start was logged",
                      practice[] = "whether it is for practice is not what was logged",
                      time[] = "its cut, its minutes or its extra time is not what was logged",
                      end[] = "its end is not the one that was logged",
                      result[] = "its result is not the one that was logged";
    static const struct change cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE exam_attempt SET person_id = (SELECT id FROM person WHERE login = 'bo')" ATTEMPT, start},
        {"UPDATE exam_attempt SET exam_id = 'other'" ATTEMPT, start},
        {"UPDATE exam_attempt SET exam_version = 'other'" ATTEMPT, start},
        {"UPDATE exam_attempt SET start_ms = start_ms + 1" ATTEMPT, start},
        {"UPDATE audit_log SET action = 'exam.other'" LOGGED("exam.start"), start},
        {"UPDATE audit_log SET detail = NULL" LOGGED("exam.start"), start},
        {"UPDATE exam_attempt SET practice = 1" ATTEMPT, practice},
        {"UPDATE audit_log SET detail = json_set(detail, '$.practice', 0)" LOGGED("exam.start"),
         practice},
        {"UPDATE audit_log SET detail = json_remove(detail, '$.practice')" LOGGED("exam.start"),
         NULL},
        {"UPDATE exam_attempt SET cut_permille = cut_permille - 1" ATTEMPT, time},
        {"UPDATE exam_attempt SET minutes = minutes + 1" ATTEMPT, time},
        {"UPDATE exam_attempt SET extra_permille = extra_permille + 1" ATTEMPT, time},
        {"UPDATE audit_log SET detail = json_set(detail, '$.minutes', '10')" LOGGED("exam.start"),
         time},
        {"UPDATE audit_log SET detail = json_remove(detail, '$.minutes', '$.cut_permille', "
         "'$.extra_permille')" LOGGED("exam.start"),
         NULL},
        {"DELETE FROM exam_end" THIS, "its end that was logged is not on record"},
        {"UPDATE exam_end SET recorded_ms = recorded_ms + 1" THIS, end},
        {"UPDATE exam_end SET submitted_ms = submitted_ms - 1" THIS, end},
        {"UPDATE audit_log SET action = 'exam.other'" LOGGED("exam.submit"), end},
        {"UPDATE audit_log SET detail = json_set(detail, '$.submitted_ms', "
         "json_extract(detail, '$.submitted_ms') + 1)" LOGGED("exam.submit"),
         end},
        {"UPDATE audit_log SET detail = json_remove(detail, '$.submitted_ms')" LOGGED(
             "exam.submit"),
         NULL},
        {"UPDATE audit_log SET action = 'exam.deadline'" LOGGED("exam.submit"), NULL},
        {"DELETE FROM exam_result" THIS, result},
        {"UPDATE audit_log SET action = 'exam.other'" LOGGED("exam.result"), result},
        {"UPDATE exam_result SET computed_ms = computed_ms + 1" THIS, result},
        {"UPDATE exam_result SET correct = correct - 1" THIS, result},
        {"UPDATE exam_result SET total = total + 1" THIS, result},
        {"UPDATE exam_result SET passed = 0" THIS, result},
        {"UPDATE audit_log SET detail = json_set(detail, '$.passed', 1)" LOGGED("exam.result"),
         result},
    };
    check(cases, COUNT_OF(cases), exam_record_problem, passed);
    struct question unknown = {exam_record_problem, "none", NULL};
    assert_int_equal(job(ask, &unknown, NOW), ERR_NOT_FOUND);
}

/* An attempt that is open again, after two ends that the clock made. */
static void test_opened_again(void **state) {
    (void)state;
    static const char again[] = "its being opened again is not what was logged";
#define FIRST " AND n = 1"
#define SECOND " AND n = 2"
    static const struct change cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE exam_reopened SET at_ms = at_ms + 1" THIS FIRST, again},
        {"UPDATE exam_reopened SET at_ms = at_ms + 1" THIS SECOND, again},
        {"UPDATE exam_reopened SET by_person = (SELECT id FROM person WHERE login = 'ana')" THIS FIRST, again},
        {"UPDATE exam_reopened SET given_ms = given_ms + 1" THIS SECOND, again},
        {"UPDATE exam_reopened SET submitted_ms = submitted_ms + 1" THIS SECOND, again},
        {"UPDATE exam_reopened SET reason = 'another reason'" THIS, NULL}, /* no log holds it */
        {"DELETE FROM exam_reopened" THIS FIRST, again},
        {"DELETE FROM exam_reopened" THIS SECOND, again},
        {"DELETE FROM exam_reopened" THIS, again},
        {"UPDATE audit_log SET action = 'exam.other'" LOGGED("exam.reopen"),
         "its end that was logged is not on record"},
        {"UPDATE audit_log SET action = 'exam.other' WHERE seq = (SELECT min(seq) FROM audit_log "
         "WHERE action = 'exam.reopen')",
         again},
        {"UPDATE audit_log SET action = 'exam.other' WHERE seq = (SELECT max(seq) FROM audit_log "
         "WHERE action = 'exam.reopen')",
         "its end that was logged is not on record"},
        {"INSERT INTO exam_reopened SELECT attempt_id, 3, how, submitted_ms, recorded_ms, "
         "deadline_ms, at_ms, by_person, reason, given_ms FROM exam_reopened" THIS SECOND,
         again},
        /* The end in the log is the newer one of the two: then it is missing. */
        {"UPDATE audit_log SET seq = 1000 WHERE seq = (SELECT max(seq) FROM audit_log WHERE "
         "action = 'exam.deadline')",
         "its end that was logged is not on record"},
        {"DELETE FROM audit_log WHERE action = 'exam.deadline' AND subject = (SELECT id FROM this)",
         NULL},
    };
    check(cases, COUNT_OF(cases), exam_record_problem, reopened);
}

/* Extra time: for this exam, for all, for another; what was granted and what was logged are the
 * same, one for one. */
static void test_extra_time(void **state) {
    (void)state;
    static const char times[] = "the extra time in exams is not what was logged";
    static const struct change cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE exam_accommodation SET factor_permille = 1501 WHERE exam_id = 'small'", times},
        {"UPDATE exam_accommodation SET factor_permille = 1500 WHERE exam_id IS NULL", times},
        {"UPDATE exam_accommodation SET exam_id = NULL WHERE exam_id = 'small'", times},
        {"UPDATE exam_accommodation SET exam_id = 'third' WHERE exam_id = 'other'", times},
        {"UPDATE exam_accommodation SET exam_id = 'small' WHERE exam_id IS NULL", times},
        {"UPDATE exam_accommodation SET approved_by = person_id WHERE exam_id = 'small'", times},
        {"UPDATE exam_accommodation SET granted_ms = granted_ms + 1 WHERE exam_id = 'other'",
         times},
        {"UPDATE exam_accommodation SET reason = 'another'", NULL},
        {"DELETE FROM exam_accommodation WHERE exam_id = 'other'", times},
        {"DELETE FROM exam_accommodation", times},
        {"INSERT INTO exam_accommodation SELECT 'x', person_id, exam_id, factor_permille, reason, "
         "approved_by, granted_ms FROM exam_accommodation WHERE exam_id = 'small'",
         times},
        {"INSERT INTO exam_accommodation SELECT 'x', person_id, exam_id, factor_permille, reason, "
         "approved_by, granted_ms FROM exam_accommodation WHERE exam_id = 'small'; "
         "DELETE FROM exam_accommodation WHERE exam_id = 'other'",
         times},
        {"UPDATE audit_log SET detail = NULL WHERE action = 'exam.accommodate'", times},
        {"UPDATE audit_log SET action = 'exam.other' WHERE action = 'exam.accommodate'", times},
        {"UPDATE audit_log SET detail = json_set(detail, '$.factor_permille', 1300) WHERE action "
         "= 'exam.accommodate'",
         times},
    };
    check(cases, COUNT_OF(cases), exam_time_problem, bo);
    struct question nobody = {exam_time_problem, "none", NULL};
    assert_int_equal(job(ask, &nobody, NOW), OK);
    assert_null(nobody.problem);
}

/* ---- Computed again -------------------------------------------------------------------------- */
static void test_computed_again(void **state) {
    (void)state;
    static const char form[] = "its form is not the one that was logged",
                      answers[] = "its answers are not those that were logged at its end",
                      share[] =
                          "the share or the scaled score of its result is not what its points give",
                      version[] = "its result is of a scoring version that there is not",
                      domains[] =
                          "its form and its answers give other points by domain than its result says";
#define UNLOGGED_FORM                                                                              \
    "UPDATE audit_log SET detail = json_remove(detail, '$.form_sha256')" LOGGED("exam.start") "; "
#define UNLOGGED_ANSWERS                                                                           \
    "UPDATE audit_log SET detail = json_remove(detail, '$.answers_sha256')" LOGGED(                \
        "exam.submit") "; "
#define RESULT "UPDATE exam_result SET "
#define DOMAIN(path, by)                                                                           \
    RESULT "domains = json_set(domains, '" path "', json_extract(domains, '" path "') " by         \
           ")" THIS
    static const struct change cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE exam_attempt SET form = form || ' '" ATTEMPT, form},
        {UNLOGGED_FORM "UPDATE exam_attempt SET form = form || ' '" ATTEMPT, NULL},
        {UNLOGGED_FORM "UPDATE exam_attempt SET form = '{}'" ATTEMPT, "its form cannot be read"},
        {"UPDATE exam_response SET saved_ms = saved_ms + 1" THIS " AND slot = 4", answers},
        {"DELETE FROM exam_response" THIS " AND slot = 1", answers},
        {UNLOGGED_ANSWERS "UPDATE exam_response SET saved_ms = saved_ms + 1" THIS, NULL},
        {UNLOGGED_ANSWERS "DELETE FROM exam_response" THIS " AND slot = 4",
         "its form and its answers give 3 of 4 points (passed), its result says 4 of 4 (passed)"},
        {UNLOGGED_ANSWERS "DELETE FROM exam_response" THIS " AND slot < 3",
         "its form and its answers give 2 of 4 points, its result says 4 of 4 (passed)"},
        {UNLOGGED_ANSWERS "UPDATE exam_response SET response = '[5]'" THIS " AND slot = 4",
         "its answer to question 4 is none that could be given"},
        {UNLOGGED_ANSWERS "UPDATE exam_response SET response = '[1, 2]'" THIS " AND slot = 1",
         "its answer to question 1 is none that could be given"},
        {UNLOGGED_ANSWERS "UPDATE exam_response SET response = 'nothing'" THIS " AND slot = 2",
         "its answer to question 2 is none that could be given"},
        {RESULT "correct = 3" THIS,
         "its form and its answers give 4 of 4 points (passed), its result says 3 of 4 (passed)"},
        {RESULT "total = 5" THIS,
         "its form and its answers give 4 of 4 points (passed), its result says 4 of 5 (passed)"},
        {RESULT "passed = 0" THIS,
         "its form and its answers give 4 of 4 points (passed), its result says 4 of 4"},
        {RESULT "steps = 2, correct = 8, total = 8" THIS,
         "its form and its answers give 4 of 4 points (passed), its result says 4 of 4 (passed)"},
        {RESULT "cut_permille = 701" THIS,
         "its result was computed with another cut than it has"},
        {RESULT "permille = 999" THIS, share},
        {RESULT "scaled = 799" THIS, share},
        {RESULT "scoring_version = 0" THIS, version},
        {RESULT "scoring_version = 4" THIS, version},
        {RESULT "scoring_version = 1" THIS, NULL},
        {RESULT "domains = '[]'" THIS, domains},
        {RESULT "domains = 'nothing'" THIS, domains},
        {RESULT "domains = '{}'" THIS, domains},
        {DOMAIN("$[0][0]", "|| 'x'"), domains},
        {DOMAIN("$[0][1]", "- 1"), domains},
        {DOMAIN("$[1][2]", "+ 1"), domains},
        {RESULT "domains = json_set(domains, '$[1][3]', 1)" THIS, domains},
        {RESULT "domains = json_insert(domains, '$[#]', json('[\"third\",0,0]'))" THIS, domains},
        {RESULT "domains = json_insert(domains, '$[#]', json_extract(domains, '$[0]'))" THIS,
         domains},
        {RESULT "domains = json_array(json_extract(domains, '$[1]'), json_extract(domains, "
                "'$[0]'))" THIS,
         NULL}, /* their order is that of the exam that was open then */
        {RESULT "computed_ms = 0" THIS, NULL}, /* that is for the log to say */
        {"DELETE FROM exam_result" THIS, NULL},
        /* It ended once more and waits for its score: the older result is no matter. */
        {RESULT "correct = 3" THIS "; UPDATE audit_log SET seq = 1000" LOGGED("exam.submit"),
         NULL},
        {"UPDATE audit_log SET action = 'exam.deadline'" LOGGED(
             "exam.submit") "; DELETE FROM exam_response" THIS " AND slot = 1",
         answers},
        {"DELETE FROM audit_log WHERE subject = (SELECT id FROM this)", NULL}, /* an older log */
    };
    check(cases, COUNT_OF(cases), exam_result_problem, passed);
    struct question unknown = {exam_result_problem, "none", NULL};
    assert_int_equal(job(ask, &unknown, NOW), ERR_NOT_FOUND);
}

/* The items that were asked: they are those of the form, word for word. */
static void test_items(void **state) {
    (void)state;
    struct exam_attempt t;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_attempt_load(db, &arena, passed, NULL, &t), OK);
    store_read_end(db);
    const char *item = t.form.slots[1].item;
    const struct change cases[] = {
        {arena_printf(&arena, "DELETE FROM exam_item_version WHERE id = '%s'", item),
         arena_printf(&arena, "the item %s of its form is not on record", item)},
        {arena_printf(&arena,
                      "UPDATE exam_item_version SET source = source || ' ' WHERE id = '%s'", item),
         arena_printf(&arena, "the item %s is not the one that was asked", item)},
        /* The form says of another number of options than the item has. */
        {arena_printf(&arena,
                      UNLOGGED_FORM UNLOGGED_ANSWERS
                      "UPDATE exam_attempt SET form = json_set(form, '$.slots[1].order', "
                      "json('[0,1]'))" ATTEMPT "; DELETE FROM exam_response" THIS),
         arena_printf(&arena, "its form and the item %s do not fit each other", item)},
    };
    check(cases, COUNT_OF(cases), exam_result_problem, passed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_end), cmocka_unit_test(test_opened_again),
        cmocka_unit_test(test_extra_time),    cmocka_unit_test(test_computed_again),
        cmocka_unit_test(test_items),
    };
    return cmocka_run_group_tests(tests, open_all, academy_close);
}
