/* Scores, responses, retakes: pure functions against tables worked out by hand. */
#include "unit/exam/sample.h"

#include "base/clock.h"
#include "base/json.h"

static struct arena arena;

static int open_arena(void **state) {
    (void)state;
    arena_init(&arena, 16 * 1024 * 1024);
    return 0;
}
static int close_arena(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Two options turned round; the keys are told as the author wrote them. */
static struct exam_slot slots[] = {
    {.item = "a",
     .version = "1",
     .domain = "data",
     .scored = true,
     .type = &exam_type_single,
     .option_count = 4,
     .order = {3, 2, 1, 0}},
    {.item = "b",
     .version = "1",
     .domain = "people",
     .scored = true,
     .type = &exam_type_multiple,
     .option_count = 3,
     .order = {1, 2, 0}},
    {.item = "c",
     .version = "1",
     .domain = "data",
     .scored = false,
     .type = &exam_type_single,
     .option_count = 2,
     .order = {0, 1}},
    {.item = "d",
     .version = "1",
     .domain = "data",
     .scored = true,
     .type = &exam_type_single,
     .option_count = 2,
     .order = {0, 1}},
};
static const struct exam_form form = {.seed = 1, .slots = slots, .slot_count = 4};
static const struct exam_item choices[] = {
    {.option_count = 4, .key_count = 1, .options = {{.key = true}}},
    {.option_count = 3, .key_count = 2, .options = {{.key = true}, {0}, {.key = true}}},
    {.option_count = 2, .key_count = 1, .options = {{0}, {.key = true}}},
    {.option_count = 2, .key_count = 1, .options = {{0}, {.key = true}}},
};
static const struct exam_item *const items[] = {&choices[0], &choices[1], &choices[2], &choices[3]};
static const char *const domains[] = {"people", "data", "privacy"};

static struct exam_score score(const char *a, const char *b, const char *c, const char *d) {
    const char *const responses[] = {a, b, c, d};
    struct exam_score s;
    exam_score(&form, items, responses, EXAM_SCORING_VERSION, 700, domains, COUNT_OF(domains),
               &arena, &s);
    return s;
}

/* RULE choice-all, RULE exam-point, RULE exam-pilot, RULE exam-cut. */
static void test_score(void **state) {
    (void)state;
    /* Slot 1: the key is the author's first, shown fourth. Slot 2: first and third, shown third
     * and second. */
    struct exam_score s = score("[4]", "[2,3]", "[1]", "[2]");
    assert_int_equal(s.total, 3); /* the pilot item does not count, right or wrong */
    assert_int_equal(s.correct, 3);
    assert_int_equal(s.steps, 1);
    assert_int_equal(s.permille, 1000);
    assert_int_equal(s.scaled, 800);
    assert_true(s.passed);
    assert_int_equal(s.domain_count, 2); /* a domain without items is not in the profile */
    assert_string_equal(s.domains[0].id, "people");
    assert_int_equal(s.domains[0].total, 1);
    assert_int_equal(s.domains[1].correct, 2);
    assert_int_equal(s.domains[1].total, 2);
    /* All or nothing: one key of two, or a distractor more, is no point. */
    s = score("[4]", "[3]", NULL, "[2]");
    assert_int_equal(s.correct, 2);
    assert_int_equal(s.permille, 667);
    assert_false(s.passed); /* 2000 < 2100 */
    assert_int_equal(score(NULL, "[1,2,3]", NULL, NULL).correct, 0);
    /* Nothing answered, answers cleared, options that are not there. */
    assert_int_equal(score(NULL, NULL, NULL, NULL).correct, 0);
    assert_int_equal(score(NULL, NULL, NULL, NULL).scaled, 200);
    assert_int_equal(score("[]", "null", "[9]", "[3]").correct, 0);
}

static struct exam_score score_of(const struct exam_form *f, const struct exam_item *const *asked,
                                  const char *const *given, int cut_permille) {
    struct exam_score s;
    exam_score(f, asked, given, EXAM_SCORING_VERSION, cut_permille, domains, COUNT_OF(domains),
               &arena, &s);
    return s;
}

/* RULE exam-cut, RULE exam-pilot, at their edges. */
static void test_edges(void **state) {
    (void)state;
    /* One point below the cut and within a thousandth of it is below it: 5 of 7 are 714.3. */
    struct exam_slot seven[7];
    const struct exam_item *asked[7];
    const char *given[7] = {NULL};
    for (int i = 0; i < 7; i++) {
        seven[i] = slots[3];
        asked[i] = &choices[3];
        if (i < 5) given[i] = "[2]";
    }
    struct exam_form f = {.slots = seven, .slot_count = 7};
    assert_true(score_of(&f, asked, given, 714).passed);
    assert_false(score_of(&f, asked, given, 715).passed);
    /* A form of pilot items only: nothing is scored, nobody has passed. */
    seven[0].scored = false;
    f.slot_count = 1;
    struct exam_score s = score_of(&f, asked, given, 1);
    assert_int_equal(s.total, 0);
    assert_int_equal(s.permille, 0);
    assert_int_equal(s.scaled, 200);
    assert_false(s.passed);
    /* What the profile does not know comes after it. */
    seven[0] = slots[3];
    seven[0].domain = "law";
    s = score_of(&f, asked, given, 700);
    assert_int_equal(s.domain_count, 1);
    assert_string_equal(s.domains[0].id, "law");
    assert_int_equal(s.domains[0].correct, 1);
    seven[1].domain = "privacy"; /* the profile's last, asked after it */
    f.slot_count = 2;
    s = score_of(&f, asked, given, 700);
    assert_int_equal(s.domain_count, 2);
    assert_string_equal(s.domains[0].id, "privacy");
    assert_string_equal(s.domains[1].id, "law");
}

/* RULE exam-floor: ten items, five of them of a domain that asks half of its own. */
static void test_floor(void **state) {
    (void)state;
    static const struct exam_item first = {
        .option_count = 2, .key_count = 1, .options = {{.key = true}}};
    struct exam_slot ten[10];
    const struct exam_item *ten_items[10];
    struct exam_floor floors[] = {{"privacy", 500}};
    struct exam_form f = {.slots = ten, .slot_count = 10, .floors = floors, .floor_count = 1};
    for (int i = 0; i < 10; i++) {
        ten[i] = (struct exam_slot){.item = "i",
                                    .version = "1",
                                    .domain = i < 5 ? "privacy" : "data",
                                    .scored = true,
                                    .type = &exam_type_single,
                                    .option_count = 2,
                                    .order = {0, 1}};
        ten_items[i] = &first;
    }
    static const struct {
        int privacy, data, permille, floor; /* right answers; what the floor is, in points */
        bool passed;
    } cases[] = {
        {2, 5, 500, 3, false}, /* the sum is reached, the floor is not */
        {3, 5, 500, 3, true},   {3, 4, 500, 3, true},  {3, 3, 500, 3, false}, /* and the other way
                                                                                 round */
        {5, 1, 500, 3, false},  {3, 5, 600, 3, true},  {3, 5, 610, 4, false}, {4, 5, 610, 4, true},
        {4, 5, 1000, 5, false}, {5, 5, 1000, 5, true}, {2, 5, 400, 2, true},  {0, 5, 1, 1, false},
    };
    struct exam_score s;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *given[10] = {NULL};
        for (int k = 0; k < cases[i].privacy; k++) given[k] = "[1]";
        for (int k = 0; k < cases[i].data; k++) given[k + 5] = "[1]";
        floors[0].permille = cases[i].permille;
        for (int version = 2; version <= EXAM_SCORING_VERSION; version++) {
            exam_score(&f, ten_items, given, version, 700, domains, COUNT_OF(domains), &arena, &s);
            assert_int_equal(s.passed, cases[i].passed);
            assert_int_equal(s.correct, cases[i].privacy + cases[i].data);
            /* the floor moves no score */
            assert_int_equal(s.scaled, exam_scaled(s.correct, 10, 700));
            assert_string_equal(s.domains[1].id, "privacy");
            assert_int_equal(s.domains[1].floor, cases[i].floor);
            assert_int_equal(s.domains[0].floor, 0);
        }
    }
    /* Without the floor the first case passes; version 1 did not know of it. */
    const char *const seven[10] = {"[1]", "[1]", NULL,  NULL,  NULL,
                                   "[1]", "[1]", "[1]", "[1]", "[1]"};
    floors[0].permille = 500;
    exam_score(&f, ten_items, seven, 2, 700, domains, COUNT_OF(domains), &arena, &s);
    assert_false(s.passed);
    exam_score(&f, ten_items, seven, 1, 700, domains, COUNT_OF(domains), &arena, &s);
    assert_true(s.passed);
    f.floor_count = 0;
    exam_score(&f, ten_items, seven, 3, 700, domains, COUNT_OF(domains), &arena, &s);
    assert_true(s.passed);
}

/* RULE exam-scaled. */
static void test_scaled(void **state) {
    (void)state;
    static const struct {
        int correct, total, cut, scaled;
    } cases[] = {{0, 40, 700, 200},   {14, 40, 700, 350}, {27, 40, 700, 489},
                 {28, 40, 700, 500},  {34, 40, 700, 650}, {40, 40, 700, 800},
                 {10, 10, 1000, 800}, {9, 10, 1000, 470}, {1, 3, 10, 500},
                 {0, 1, 500, 200},    {1, 1, 500, 800},   {9, 10, 300, 757}, /* 500 + 257.1 */
                 {6, 7, 1000, 457}};                                         /* 200 + 257.1 */
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(exam_scaled(cases[i].correct, cases[i].total, cases[i].cut),
                         cases[i].scaled);
    assert_int_equal(exam_points_for(3, 667), 3); /* 2.001 points are three */
    assert_int_equal(exam_points_for(3, 666), 2);
    assert_int_equal(exam_points_for(10, 700), 7);
    for (int total = 1; total <= 120; total++)
        for (int cut = 10; cut <= 1000; cut += 10)
            for (int c = 0, before = 0; c <= total; c++) {
                int now = exam_scaled(c, total, cut);
                assert_in_range(now, 200, 800);
                assert_true(now >= before);
                assert_int_equal(now >= 500, 1000 * c >= cut * total); /* 500 is passing, always */
                before = now;
            }
}

static const char *canonical(const char *json, int options, bool multiple) {
    const struct exam_type *type = multiple ? &exam_type_multiple : &exam_type_single;
    const char *why = NULL;
    json_t *v = json_read(&arena, arena_printf(&arena, "[%s]", json), strlen(json) + 2, &why);
    if (!v) return NULL;
    const char *text = type->canonical(json_array_get(v, 0), options, &arena, &why);
    if (!text) assert_non_null(why);
    return text;
}

static void test_responses(void **state) {
    (void)state;
    assert_string_equal(canonical("2", 4, false), "[2]");
    assert_string_equal(canonical("[2]", 4, false), "[2]");
    assert_string_equal(canonical("[3,1]", 4, true), "[1,3]");
    assert_string_equal(canonical("null", 4, true), "[]");
    assert_string_equal(canonical("[]", 4, true), "[]");
    static const char *const bad[] = {"0",
                                      "5",
                                      "-1",
                                      "1.5",
                                      "1e3",
                                      "\"1\"",
                                      "true",
                                      "{}",
                                      "[1,1]",
                                      "[5]",
                                      "[[1]]",
                                      "[1,2,3,4,1]",
                                      "9223372036854775807"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) assert_null(canonical(bad[i], 4, true));
    assert_null(canonical("[1,2]", 4, false));
    assert_true(exam_answered("[1,3]"));
    assert_true(exam_answered("\"0\""));
    assert_false(exam_answered("[]"));
    assert_false(exam_answered("null"));
    assert_false(exam_answered(NULL));
}

/* RULE exam-newest. */
static void test_fold(void **state) {
    (void)state;
    const struct exam_save saves[] = {
        {.slot = 1, .n = 1, .seq = 1, .response = "[1]"},
        {.slot = 2, .n = 2, .seq = 9, .response = "[4]"},
        {.slot = 1, .n = 3, .seq = 3, .response = "[3]"},
        {.slot = 1, .n = 4, .seq = 2, .response = "[2]"}, /* late: does not win */
        {.slot = 2, .n = 5, .seq = 9, .response = "[1]"}, /* equal: the last to arrive wins */
        {.slot = 77, .n = 6, .seq = 1, .response = "[1]"},
        {.slot = 2, .n = 4, .seq = 9, .response = "[2]"}, /* equal, and read after who came later */
        {.slot = 0, .n = 7, .seq = 1, .response = "[1]"},
        {.slot = 4, .n = 8, .seq = 1, .response = "[1]"},
    };
    static const struct exam_save beside;
    const struct exam_save *held[5] = {&beside, &beside, &beside, &beside, &beside};
    const struct exam_save **newest = held + 1;
    exam_saves_fold(saves, COUNT_OF(saves), 3, newest);
    exam_saves_fold(saves, 0, 3, newest); /* whatever was there before */
    for (int i = 0; i < 3; i++) assert_null(newest[i]);
    exam_saves_fold(saves, COUNT_OF(saves), 3, newest);
    assert_ptr_equal(held[0], &beside);
    assert_ptr_equal(held[4], &beside);
    assert_string_equal(newest[0]->response, "[3]");
    assert_string_equal(newest[1]->response, "[1]");
    assert_null(newest[2]);
}

/* RULE exam-retake, RULE exam-time. */
static void test_starting(void **state) {
    (void)state;
    struct exam_def def = {
        .minutes = 60, .wait_days = 7, .attempts_per_year = 3, .after_pass_months = 24};
    const int64_t now = 20000 * MS_DAY;
    int64_t when;
#define MAY(past, n) exam_may_start(&def, past, n, 0, 1000, now, &when)
    assert_int_equal(MAY(NULL, 0), EXAM_START_FREE);
    struct exam_past open[] = {{now - MS_HOUR, 0, false}};
    assert_int_equal(MAY(open, 1), EXAM_START_OPEN);
    struct exam_past failed[] = {{now - 3 * MS_DAY, now - 3 * MS_DAY + MS_HOUR, false}};
    assert_int_equal(MAY(failed, 1), EXAM_START_WAIT);
    assert_true(when == now + 4 * MS_DAY + MS_HOUR);
    struct exam_past week[] = {{now - 7 * MS_DAY - MS_HOUR, now - 7 * MS_DAY, false}};
    assert_int_equal(MAY(week, 1), EXAM_START_FREE); /* to the millisecond */
    week[0].end_ms++;
    assert_int_equal(MAY(week, 1), EXAM_START_WAIT);
    struct exam_past three[] = {{now - 300 * MS_DAY, now - 300 * MS_DAY + 1, false},
                                {now - 200 * MS_DAY, now - 200 * MS_DAY + 1, false},
                                {now - 100 * MS_DAY, now - 100 * MS_DAY + 1, false}};
    assert_int_equal(MAY(three, 3), EXAM_START_YEAR);
    assert_true(when == now + 65 * MS_DAY);
    struct exam_past turned[] = {three[2], three[0], three[1]};
    assert_int_equal(MAY(turned, 3), EXAM_START_YEAR);
    assert_true(when == now + 65 * MS_DAY);
    three[0].start_ms = now - 365 * MS_DAY;
    assert_int_equal(MAY(three, 3), EXAM_START_FREE);
    struct exam_past passed[] = {{now - 60 * MS_DAY, now - 60 * MS_DAY, true}};
    assert_int_equal(MAY(passed, 1), EXAM_START_PASSED);
    assert_true(when > now + 600 * MS_DAY);
    def.after_pass_months = 0;
    assert_int_equal(MAY(passed, 1), EXAM_START_PASSED);
    assert_true(when == 0);
    /* Practice that was passed may be taken again at once; what is written for others still holds.
     */
    def.practice = true;
    assert_int_equal(MAY(passed, 1), EXAM_START_FREE);
    assert_true(when == now);
    def.after_pass_months = 24;
    assert_int_equal(MAY(passed, 1), EXAM_START_FREE);
    def.after_pass_months = 0;
    week[0].passed = true;
    assert_int_equal(MAY(week, 1), EXAM_START_WAIT);
    assert_int_equal(MAY(open, 1), EXAM_START_OPEN);
    def.practice = false;
    def.opens_ms = now + MS_DAY;
    assert_int_equal(MAY(NULL, 0), EXAM_START_EARLY);
    assert_true(when == def.opens_ms);
    def.opens_ms = now - 10 * MS_DAY;
    def.closes_ms = now;
    assert_int_equal(MAY(NULL, 0), EXAM_START_CLOSED);
    /* It opens on the very millisecond, and the last one before it closes is in time. */
    def.opens_ms = now;
    def.closes_ms = now + MS_SECOND;
    assert_int_equal(MAY(NULL, 0), EXAM_START_FREE);
    assert_true(when == now);
    int64_t last = now + MS_SECOND - 1;
    assert_int_equal(exam_may_start(&def, NULL, 0, 0, 1000, last, &when), EXAM_START_FREE);
    assert_int_equal(exam_may_start(&def, NULL, 0, 0, 1000, last + 1, &when), EXAM_START_CLOSED);
    def.opens_ms = now + 1;
    def.closes_ms = 0;
    assert_int_equal(MAY(NULL, 0), EXAM_START_EARLY);
    assert_true(when == now + 1);
    /* A pass counts up to the end of its months, to the millisecond. */
    def.opens_ms = 0;
    def.after_pass_months = 24;
    struct exam_past once[] = {{now - 900 * MS_DAY, now - 900 * MS_DAY, true}};
    int64_t until = time_add_months(once[0].end_ms, 24);
    assert_int_equal(exam_may_start(&def, once, 1, 0, 1000, until - 1, &when), EXAM_START_PASSED);
    assert_true(when == until);
    assert_int_equal(exam_may_start(&def, once, 1, 0, 1000, until, &when), EXAM_START_FREE);
    /* RULE exam-anew: the pass that is no evidence any more refuses nobody, a later one does; the
     * other rules hold. */
    def.after_pass_months = 0;
    int64_t ended = once[0].end_ms;
    assert_int_equal(exam_may_start(&def, once, 1, ended - 1, 1000, now, &when), EXAM_START_PASSED);
    assert_int_equal(exam_may_start(&def, once, 1, ended, 1000, now, &when), EXAM_START_FREE);
    struct exam_past both[] = {once[0], {ended + MS_DAY, ended + MS_DAY, true}};
    assert_int_equal(exam_may_start(&def, both, 2, ended, 1000, now, &when), EXAM_START_PASSED);
    int64_t soon = ended + MS_DAY;
    assert_int_equal(exam_may_start(&def, once, 1, ended, 1000, soon, &when), EXAM_START_WAIT);
    assert_true(when == ended + 7 * MS_DAY);
    def.opens_ms = now - 10 * MS_DAY;
    def.closes_ms = now;
    assert_int_equal(MAY(NULL, 0), EXAM_START_CLOSED);
    assert_true(when == 0);
    /* Extra time stretches the window too. */
    assert_int_equal(exam_may_start(&def, NULL, 0, 0, 1250, now, &when), EXAM_START_FREE);
    assert_int_equal(exam_may_start(&def, NULL, 0, 0, 1250, now + 2 * MS_DAY + MS_DAY / 2, &when),
                     EXAM_START_CLOSED);
    assert_true(exam_time_ms(60, 1000) == MS_HOUR);
    assert_true(exam_time_ms(60, 1250) == 75 * MS_MINUTE);
    assert_true(exam_time_ms(1, 1333) == 80 * MS_SECOND);
}

/* RULE exam-receipt. */
static void test_receipts(void **state) {
    (void)state;
    const char *r = exam_receipt("secret", &arena, "a", 1, 2, "[3]", "2026-11-22T12:00:00Z");
    assert_string_equal(r,
                        exam_receipt("secret", &arena, "a", 1, 2, "[3]", "2026-11-22T12:00:00Z"));
    /* By another implementation: whoever holds the secret can check a receipt in years. */
    assert_string_equal(r, "-sSMjuLeT-2Uw_ywaq_Mz7AtPA7osG4UFZVocyehcNM");
    assert_string_not_equal(
        r, exam_receipt("Secret", &arena, "a", 1, 2, "[3]", "2026-11-22T12:00:00Z"));
    assert_string_not_equal(
        r, exam_receipt("secret", &arena, "b", 1, 2, "[3]", "2026-11-22T12:00:00Z"));
    assert_string_not_equal(
        r, exam_receipt("secret", &arena, "a", 12, 2, "[3]", "2026-11-22T12:00:00Z"));
    assert_string_not_equal(
        r, exam_receipt("secret", &arena, "a", 1, 22, "[3]", "2026-11-22T12:00:00Z"));
    assert_string_not_equal(
        r, exam_receipt("secret", &arena, "a", 1, 2, "[2]", "2026-11-22T12:00:00Z"));
    assert_string_not_equal(
        r, exam_receipt("secret", &arena, "a", 1, 2, "[3]", "2026-11-22T12:00:01Z"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score),     cmocka_unit_test(test_edges),
        cmocka_unit_test(test_floor),     cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_responses), cmocka_unit_test(test_fold),
        cmocka_unit_test(test_starting),  cmocka_unit_test(test_receipts),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
