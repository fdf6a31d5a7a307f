/* What is shown of an attempt as evidence, and whether it is still what it was.
 * RULE records, RULE exam-recomputed, RULE exam-time-given: each thing that somebody could write
 * over, by hand and into the file, is missed by the log, by the form, or by the answers; and
 * nothing else is. */
#include "unit/exam/academy.h"

#include "base/json.h"
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
                 sample_def(&arena, "lang: de\n", "| data | 0 | 3 |\n| people | 0 | 1 |\n"));
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
    passed = sit_small(ana, 1000);
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
                      how[] = "how it ended is not what was logged",
                      result[] = "its result is not the one that was logged";
    static const struct change cases[] = {
        {"SELECT 1", NULL},
        {"UPDATE exam_attempt SET person_id = (SELECT id FROM person WHERE login = 'bo')" ATTEMPT,
         start},
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
        {"UPDATE audit_log SET action = 'exam.deadline'" LOGGED("exam.submit"), how},
        {"UPDATE exam_end SET how = 'deadline'" THIS, how},
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

/* RULE exam-time-given: to the millisecond. */
static void test_time_given(void **state) {
    (void)state;
    static const char more[] = "it had more time than was given by the log";
#define LATER(ms) "UPDATE exam_end SET deadline_ms = deadline_ms + " ms THIS
#define SAVED(ms)                                                                                  \
    "UPDATE exam_response SET saved_ms = (SELECT start_ms FROM exam_attempt" ATTEMPT               \
    ") + " ms THIS " AND slot = 2"
#define ROW(action, subject, detail)                                                               \
    "INSERT INTO audit_log SELECT max(seq) + 1, 1, 'x', '" action "', " subject ", '" detail       \
    "', hex(zeroblob(32)) FROM audit_log; "
#define GIVEN(detail) ROW("exam.accommodate", "(SELECT id FROM person WHERE login = 'ana')", detail)
    static const struct change cases[] = {
        {LATER("1"), more},
        {LATER("0"), NULL},
        {"UPDATE exam_attempt SET deadline_ms = deadline_ms + 1" ATTEMPT, NULL}, /* of the start */
        {SAVED("605000"), NULL}, /* with the grace */
        {SAVED("605001"), more},
        {GIVEN("{\"exam\":null,\"factor_permille\":1500}") LATER("300000"), NULL},
        {GIVEN("{\"exam\":null,\"factor_permille\":1500}") LATER("300001"), more},
        {GIVEN("{\"exam\":\"small\",\"factor_permille\":1500}") LATER("300000"), NULL},
        {GIVEN("{\"exam\":\"other\",\"factor_permille\":1500}") LATER("1"), more},
        {GIVEN("{\"exam\":null,\"factor_permille\":1500}")
             GIVEN("{\"exam\":null,\"factor_permille\":1250}") LATER("300000"),
         NULL}, /* the longest */
        {ROW("clock.followed", "'clock'", "{\"off_ms\":-5000}") LATER("5000"), NULL},
        {ROW("clock.followed", "'clock'", "{\"off_ms\":-5000}") LATER("5001"), more},
        {ROW("clock.followed", "'clock'", "{\"off_ms\":5000}")
             ROW("clock.followed", "'clock'", "{\"off_ms\":1000}") LATER("6000"),
         NULL},
    };
    static const struct change again[] = {
        {"UPDATE exam_open SET deadline_ms = deadline_ms" THIS, NULL},
        {"UPDATE exam_open SET deadline_ms = deadline_ms + 1" THIS, more},
    };
    check(cases, COUNT_OF(cases), exam_record_problem, passed);
    check(again, COUNT_OF(again), exam_record_problem, reopened);
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
        {"UPDATE exam_reopened SET by_person = (SELECT id FROM person WHERE login = 'ana')" THIS
             FIRST,
         again},
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
    static const char
        form[] = "its form is not the one that was logged",
        answers[] = "its answers are not those that were logged at its end",
        share[] = "the share or the scaled score of its result is not what its points give",
        version[] = "its result is of a scoring version that there is not",
        domains[] = "its form and its answers give other points by domain than its result says";
#define UNLOGGED_FORM                                                                              \
    "UPDATE audit_log SET detail = json_remove(detail, '$.form_sha256')" LOGGED("exam.start") "; "
#define UNLOGGED_ANSWERS                                                                           \
    "UPDATE audit_log SET detail = json_remove(detail, '$.answers_sha256')" LOGGED(                \
        "exam.submit") "; "
#define RESULT "UPDATE exam_result SET "
#define DOMAIN(path, by)                                                                           \
    RESULT "domains = json_set(domains, '" path "', json_extract(domains, '" path "') " by ")" THIS
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
        {RESULT "cut_permille = 701" THIS, "its result was computed with another cut than it has"},
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
        {RESULT "correct = 3" THIS "; UPDATE audit_log SET seq = 1000" LOGGED("exam.submit"), NULL},
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
        {arena_printf(&arena, "UPDATE exam_item_version SET source = source || ' ' WHERE id = '%s'",
                      item),
         arena_printf(&arena, "the item %s is not the one that was asked", item)},
        /* The form says of another number of options than the item has. */
        {arena_printf(&arena, UNLOGGED_FORM UNLOGGED_ANSWERS
                      "UPDATE exam_attempt SET form = json_set(form, '$.slots[1].order', "
                      "json('[0,1]'))" ATTEMPT "; DELETE FROM exam_response" THIS),
         arena_printf(&arena, "its form and the item %s do not fit each other", item)},
    };
    check(cases, COUNT_OF(cases), exam_result_problem, passed);
}

/* ---- As evidence ----------------------------------------------------------------------------- */
static void save_at(const char *attempt, int slot, int64_t seq, int option, int64_t now_ms) {
    struct exam_saving s = saving_of(attempt, boss, slot, seq, option);
    s.client = arena_printf(&arena, "tab %d", slot);
    assert_int_equal(job(exam_save_job, &s, now_ms), OK);
}

static void event_is(const struct exam_event *x, enum exam_event_kind kind, int64_t at_ms, int slot,
                     const char *response, bool counts) {
    assert_int_equal(x->kind, kind);
    assert_true(x->at_ms == at_ms);
    assert_int_equal(x->slot, slot);
    if (kind == EXAM_EVENT_SAVE) {
        assert_string_equal(x->response, response);
        assert_string_equal(x->client, arena_printf(&arena, "tab %d", slot));
    }
    assert_int_equal(x->counts, counts);
}

/* All within one millisecond: the start stands first, the end last, what lies between by slot. */
static void test_one_moment(void **state) {
    (void)state;
    const int64_t at_ms = NOW + 50 * MS_DAY;
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = boss, .seed = 9};
    assert_int_equal(job(exam_start_job, &s, at_ms), OK);
    save_at(s.id, 3, 1, 1, at_ms);
    save_at(s.id, 2, 1, 4, at_ms);
    struct exam_flagging f = {.attempt_id = s.id, .person_id = boss, .slot = 1, .flagged = true};
    assert_int_equal(job(exam_flag_job, &f, at_ms), OK);
    struct exam_ending end = {.attempt_id = s.id, .person_id = boss};
    struct exam_evidence x;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_evidence(db, &arena, exams, s.id, &x), ERR_NOT_FOUND); /* it runs */
    store_read_end(db);
    assert_int_equal(job(exam_end_job, &end, at_ms), OK);
    x = evidence_of(s.id);
    assert_int_equal(x.event_count, 5);
    event_is(&x.events[0], EXAM_EVENT_START, at_ms, 0, NULL, false);
    event_is(&x.events[1], EXAM_EVENT_FLAG, at_ms, 1, NULL, false);
    event_is(&x.events[2], EXAM_EVENT_SAVE, at_ms, 2, "D", true);
    event_is(&x.events[3], EXAM_EVENT_SAVE, at_ms, 3, "A", true);
    event_is(&x.events[4], EXAM_EVENT_END, at_ms, 0, NULL, false);
}

/* What counts in a slot is the save that the slot was scored by, and that one alone. */
static void test_time_line(void **state) {
    (void)state;
    const int64_t at_ms = NOW + 60 * MS_DAY;
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = boss, .seed = 9};
    assert_int_equal(job(exam_start_job, &s, at_ms), OK);
    save_at(s.id, 4, 1, 1, at_ms + 10);
    save_at(s.id, 4, 2, 2, at_ms + 10); /* at the same moment as the one before */
    save_at(s.id, 1, 5, 3, at_ms + 20);
    save_at(s.id, 1, 4, 2, at_ms + 30); /* too late */
    struct exam_flagging f = {.attempt_id = s.id, .person_id = boss, .slot = 4, .flagged = true};
    assert_int_equal(job(exam_flag_job, &f, at_ms + 40), OK);
    f.flagged = false;
    assert_int_equal(job(exam_flag_job, &f, at_ms + 50), OK);
    f.slot = 1, f.flagged = true;
    assert_int_equal(job(exam_flag_job, &f, at_ms + 60), OK);
    struct exam_ending end = {.attempt_id = s.id, .person_id = boss};
    assert_int_equal(job(exam_end_job, &end, at_ms + 70), OK);
    struct exam_evidence x = evidence_of(s.id);
    assert_string_equal(x.attempt_id, s.id);
    assert_string_equal(x.exam_id, "small");
    assert_string_equal(x.person_id, boss);
    assert_string_equal(x.exam_version, exams_hold(exams, &arena, "small")->def.version);
    assert_false(x.practice);
    assert_false(x.by_deadline);
    assert_int_equal(x.minutes, 10);
    assert_int_equal(x.extra_permille, 1000);
    assert_true(x.start_ms == at_ms && x.submitted_ms == at_ms + 70);
    assert_true(x.deadline_ms == at_ms + 10 * MS_MINUTE);
    assert_int_equal(x.slot_count, 4);
    assert_int_equal(x.left_out, 0);
    assert_int_equal(x.event_count, 9);
    event_is(&x.events[0], EXAM_EVENT_START, at_ms, 0, NULL, false);
    assert_int_equal(x.events[1].counts + x.events[2].counts, 1);
    event_is(&x.events[3], EXAM_EVENT_SAVE, at_ms + 20, 1, "C", true);
    event_is(&x.events[4], EXAM_EVENT_SAVE, at_ms + 30, 1, "B", false);
    event_is(&x.events[5], EXAM_EVENT_FLAG, at_ms + 40, 4, NULL, false);
    event_is(&x.events[6], EXAM_EVENT_UNFLAG, at_ms + 50, 4, NULL, false);
    event_is(&x.events[7], EXAM_EVENT_FLAG, at_ms + 60, 1, NULL, false);
    event_is(&x.events[8], EXAM_EVENT_END, at_ms + 70, 0, NULL, false);
    const struct exam_evidence_slot *first = &x.slots[0], *last = &x.slots[3];
    assert_int_equal(first->saves, 2);
    assert_true(first->first_ms == at_ms + 20 && first->last_ms == at_ms + 30);
    assert_string_equal(first->response, "C");
    assert_string_equal(last->response, "B");
    assert_string_equal(x.slots[1].response, "");
    assert_int_equal(x.slots[1].saves, 0);
    assert_true(first->flagged && !last->flagged && !x.slots[1].flagged);
    for (size_t i = 0; i < x.slot_count; i++) {
        assert_string_equal(x.slots[i].level, "apply");
        assert_true(x.slots[i].scored);
        assert_int_equal(x.slots[i].max, 1);
        assert_int_equal(x.slots[i].right, x.slots[i].points == 1);
        assert_true(
            str_has_prefix(x.slots[i].item, str_eq(x.slots[i].domain, "data") ? "keys-" : "no-"));
    }
}

/* Rows of questions that the form does not have are none of it. */
static enum err count_events(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    return exam_evidence(db, a, exams, passed, arg);
}

static void test_rows_of_no_slot(void **state) {
    (void)state;
    struct exam_evidence before = evidence_of(passed), x;
    for (int i = 0; i < 2; i++) {
        const char *sql = arena_printf(
            &arena,
            "INSERT INTO exam_response (attempt_id, slot, seq, n, client, response, saved_ms, seal) "
            "SELECT attempt_id, %d, seq, n, client, response, saved_ms, seal "
            "FROM exam_response WHERE attempt_id = '%s' AND slot = 1; "
            "INSERT INTO exam_flag VALUES ('%s', 1, %d, 1, 1)",
            i ? 5 : 0, passed, passed, i ? 5 : 0);
        assert_int_equal(tampered(store, &arena, sql, count_events, &x), OK);
        assert_int_equal(x.event_count, before.event_count);
        assert_int_equal(x.left_out, 0);
        for (size_t k = 0; k < x.slot_count; k++) assert_false(x.slots[k].flagged);
    }
}

/* First what was opened again, then extra time that was granted before the end. */
static void test_exceptions(void **state) {
    (void)state;
    struct exam_exception *list;
    size_t count;
    struct exam_ending end = {.attempt_id = reopened, .person_id = bo};
    struct exam_saving last = saving_of(reopened, bo, 1, 1, 1);
    assert_int_equal(job(exam_save_job, &last, NOW + 2 * MS_HOUR), OK);
    assert_int_equal(job(exam_end_job, &end, NOW + 2 * MS_HOUR + 1), OK);
    /* Its answers are those of its newest end. */
    struct question q = {exam_result_problem, reopened, NULL};
    assert_int_equal(job(ask, &q, NOW), OK);
    assert_null(q.problem);
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = bo, .seed = 9};
    assert_int_equal(job(exam_start_job, &s, NOW + 40 * MS_DAY), OK);
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_exceptions(db, &arena, reopened, &list, &count), OK);
    assert_int_equal(count, 2); /* what was granted after it had ended is none of its */
    for (size_t i = 0; i < count; i++) {
        assert_true(list[i].reopened);
        assert_true(list[i].at_ms == NOW + (int64_t)(i + 1) * MS_HOUR);
        assert_true(list[i].given_ms == MS_MINUTE);
        assert_int_equal(list[i].factor_permille, 0);
        assert_string_equal(list[i].reason, "a reason");
        assert_string_equal(list[i].who, "Boss");
    }
    assert_int_equal(exam_exceptions(db, &arena, s.id, &list, &count), OK);
    store_read_end(db);
    assert_int_equal(count, 2); /* not the one for another exam */
    for (size_t i = 0; i < count; i++) {
        assert_false(list[i].reopened);
        assert_true(list[i].at_ms == NOW + (int64_t)(i + 1) * MS_DAY);
        assert_true(list[i].given_ms == 0);
        assert_int_equal(list[i].factor_permille, i ? 1250 : 1500);
        assert_string_equal(list[i].reason, "a reason");
        assert_string_equal(list[i].who, "Boss");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_end),   cmocka_unit_test(test_opened_again),
        cmocka_unit_test(test_time_given),      cmocka_unit_test(test_extra_time),
        cmocka_unit_test(test_computed_again),  cmocka_unit_test(test_items),
        cmocka_unit_test(test_one_moment),      cmocka_unit_test(test_time_line),
        cmocka_unit_test(test_rows_of_no_slot), cmocka_unit_test(test_exceptions),
    };
    return cmocka_run_group_tests(tests, open_all, academy_close);
}
