/* An attempt with an item of each type in a real store: answered, scored, stored, and read again
 * as evidence. */
#include "unit/exam/academy.h"

#include "content/evidence.h"

static void write_files(void) {
#define BLOCK(more) "\n\n```item\nobjective: keys\nlevel: apply\n" more "```\n\nWhat?\n\n"
    sample_write(
        root, "exams/p/bank/small.md",
        SAMPLE_BANK_HEAD "## keys-1" BLOCK(
            "type: ordering\nscoring: neighbours\n") "1. A\n2. B\n3. C\n4. D\n\n> So.\n\n"
                                                     "## keys-2" BLOCK(
                                                         "type: ordering\n") "1. A\n2. B\n3. C\n\n> So.\n\n"
                                                                             "## keys-3" BLOCK(
                                                                                 "type: numeric\n") "- [x] 12.5 ± 0.5\n  > R.\n- [ ] -3\n  > W.\n\n"
                                                                                                    "## keys-4" BLOCK(
                                                                                                        "") "- [ ] A\n  > W.\n- [x] B\n  > R.\n");
    sample_write(root, "exams/p/small.md", sample_def(&arena, "", "| data | 0 | 4 |\n"));
}

static int open_all(void **state) {
    (void)state;
    return academy_open(write_files);
}

static struct exam_evidence sit(const char *person, int ability_permille, struct exam_result *r) {
    struct exam_evidence out = evidence_of(sit_small(person, ability_permille));
    struct exam_result *list;
    size_t count;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_results(db, &arena, exams, person, NULL, &list, &count), OK);
    store_read_end(db);
    assert_int_equal(count, 1);
    *r = list[0];
    return out;
}

static const struct exam_evidence_slot *slot_of(const struct exam_evidence *x, const char *item) {
    for (size_t i = 0; i < x->slot_count; i++)
        if (str_eq(x->slots[i].item, item)) return &x->slots[i];
    fail_msg("no slot of %s", item);
    return NULL;
}

static void test_who_knows(void **state) {
    (void)state;
    struct exam_result r;
    struct exam_evidence x = sit(ana, 1000, &r);
    assert_true(r.passed);
    assert_int_equal(r.scoring_version, EXAM_SCORING_VERSION);
    assert_int_equal(r.steps, 3);
    assert_int_equal(r.correct, 12);
    assert_int_equal(r.total, 12);
    for (size_t i = 0; i < x.slot_count; i++) {
        assert_true(x.slots[i].right);
        assert_int_equal(x.slots[i].points, x.slots[i].max);
        assert_int_equal(x.slots[i].saves, 1);
    }
    assert_int_equal(slot_of(&x, "keys-1")->max, 3);
    assert_string_equal(slot_of(&x, "keys-3")->response, "13"); /* the bound of the tolerance */
    assert_int_equal(strlen(slot_of(&x, "keys-2")->response), strlen("A, B, C"));
}

static void test_who_errs(void **state) {
    (void)state;
    struct exam_result r;
    struct exam_evidence x = sit(bo, 0, &r);
    assert_false(r.passed);
    const struct exam_evidence_slot *run = slot_of(&x, "keys-1");
    assert_false(run->right);
    assert_in_range(run->points, 0, 1); /* of two neighbours that changed places */
    assert_int_equal(r.correct, run->points);
    assert_string_equal(slot_of(&x, "keys-3")->response, "-3");
    int counting = 0;
    for (size_t i = 0; i < x.event_count; i++) counting += x.events[i].counts;
    assert_int_equal(counting, 4);
}

/* As a kind of evidence, which levels ask for. */
static void test_kind(void **state) {
    (void)state;
    struct evidence_asker who = {.app = &app, .arena = &arena};
    const char *lang = "none";
    assert_string_equal(exam_evidence_kind.title(&who, "small", &lang), "Small");
    assert_string_equal(lang, "en");
    assert_string_equal(exam_evidence_kind.title(&who, "gone", &lang), "gone");
    assert_null(lang);
    assert_int_equal(exam_evidence_kind.minutes(&who, NULL, "small", 0), 10);
    assert_int_equal(exam_evidence_kind.minutes(&who, NULL, "gone", 0), 0);
    struct evidence_requirement want = {.id = "small"};
    struct evidence_facts out = {.arena = &arena};
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_evidence_kind.facts(&who, db, ana, &want, 1, &out), OK);
    store_read_end(db);
    assert_int_equal(out.count, 1);
    assert_ptr_equal(out.at[0].kind, &exam_evidence_kind);
    assert_string_equal(out.at[0].id, "small");
    assert_true(out.at[0].passed);
    assert_true(out.at[0].at_ms == NOW + MS_MINUTE);
}

/* What is read of attempts that run: the edge of the grace, marks in their slots, what is open. */
static void test_running(void **state) {
    (void)state;
    struct exam_attempt t = {.open = true, .deadline_ms = 1000};
    assert_false(exam_attempt_over(&t, 1000 + EXAM_GRACE_MS));
    assert_true(exam_attempt_over(&t, 1001 + EXAM_GRACE_MS));
    t.open = false;
    assert_true(exam_attempt_over(&t, 0));
    const struct exam_save none = {.response = EXAM_NO_ANSWER}, some = {.response = "[1]"};
    assert_false(exam_slot_answered(&(struct exam_slot_state){.flagged = true}));
    assert_false(exam_slot_answered(&(struct exam_slot_state){.newest = &none}));
    assert_true(exam_slot_answered(&(struct exam_slot_state){.newest = &some}));
    struct exam_starting s = {
        .unit = exams_hold(exams, &arena, "small"), .person_id = boss, .seed = 5};
    assert_int_equal(job(exam_start_job, &s, NOW), OK);
    struct exam_flagging f = {.attempt_id = s.id, .person_id = boss, .flagged = true};
    for (f.slot = 1; f.slot <= 4; f.slot += 3) assert_int_equal(job(exam_flag_job, &f, NOW), OK);
    struct exam_slot_state *marks;
    struct exam_open_attempt *open;
    struct exam_result *results;
    size_t count;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_attempt_load(db, &arena, s.id, boss, &t), OK);
    assert_int_equal(exam_slot_states(db, &arena, &t, &marks), OK);
    assert_int_equal(exam_open_attempts(db, &arena, boss, &open, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(exam_results(db, &arena, NULL, ana, "small", &results, &count), OK);
    store_read_end(db);
    for (int i = 0; i < 4; i++) assert_int_equal(marks[i].flagged, i == 0 || i == 3);
    assert_string_equal(open[0].attempt_id, s.id);
    assert_string_equal(open[0].exam_id, "small");
    assert_true(open[0].start_ms == NOW && open[0].deadline_ms == NOW + 10 * MS_MINUTE);
    assert_int_equal(open[0].total, 4);
    assert_int_equal(open[0].answered, 0);
    /* Without the exam a domain is called by its id. */
    assert_string_equal(results[0].domains[0].id, "data");
    assert_string_equal(results[0].domains[0].title, "data");
    assert_string_equal(results[0].exam_id, "small");
    assert_true(results[0].start_ms == NOW && results[0].submitted_ms == NOW + MS_MINUTE);
    assert_false(results[0].practice || results[0].by_deadline);
    assert_int_equal(results[0].cut_permille, 700);
    assert_int_equal(results[0].permille, 1000);
    assert_int_equal(results[0].scaled, 800);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_knows),
                                       cmocka_unit_test(test_who_errs), cmocka_unit_test(test_kind),
                                       cmocka_unit_test(test_running)};
    return cmocka_run_group_tests(tests, open_all, academy_close);
}
