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
     .level = 0,
     .scored = true,
     .option_count = 4,
     .order = {3, 2, 1, 0}},
    {.item = "b",
     .version = "1",
     .domain = "people",
     .level = 0,
     .scored = true,
     .multiple = true,
     .option_count = 3,
     .order = {1, 2, 0}},
    {.item = "c",
     .version = "1",
     .domain = "data",
     .level = 0,
     .scored = false,
     .option_count = 2,
     .order = {0, 1}},
    {.item = "d",
     .version = "1",
     .domain = "data",
     .level = 0,
     .scored = true,
     .option_count = 2,
     .order = {0, 1}},
};
static const struct exam_form form = {.seed = 1, .slots = slots, .slot_count = 4};
static const unsigned keys[] = {1u << 0, 1u << 0 | 1u << 2, 1u << 1, 1u << 1};
static const char *const domains[] = {"people", "data", "privacy"};

static struct exam_score score(const struct exam_response *responses, size_t count, int cut) {
    struct exam_score s;
    exam_score(&form, keys, responses, count, cut, domains, COUNT_OF(domains), &arena, &s);
    return s;
}

static void test_score(void **state) {
    (void)state;
    /* Slot 1: the key is the author's first, shown fourth. Slot 2: first and third, shown third
     * and second. */
    struct exam_response all[] = {{1, 1u << 3}, {2, 1u << 2 | 1u << 1}, {3, 1u << 0}, {4, 1u << 1}};
    struct exam_score s = score(all, 4, 700);
    assert_int_equal(s.total, 3); /* the pilot item does not count, right or wrong */
    assert_int_equal(s.correct, 3);
    assert_int_equal(s.permille, 1000);
    assert_int_equal(s.scaled, 800);
    assert_true(s.passed);
    assert_int_equal(s.domain_count, 2); /* a domain without items is not in the profile */
    assert_string_equal(s.domains[0].id, "people");
    assert_int_equal(s.domains[0].total, 1);
    assert_int_equal(s.domains[1].correct, 2);
    assert_int_equal(s.domains[1].total, 2);
    /* All or nothing: one key of two, or a distractor more, is no point. */
    struct exam_response half[] = {{1, 1u << 3}, {2, 1u << 2}, {4, 1u << 1}};
    s = score(half, 3, 700);
    assert_int_equal(s.correct, 2);
    assert_int_equal(s.permille, 667);
    assert_false(s.passed); /* 2000 < 2100 */
    struct exam_response more[] = {{2, 7}};
    assert_int_equal(score(more, 1, 700).correct, 0);
    /* Nothing answered, answers cleared, answers to slots that are not there. */
    assert_int_equal(score(NULL, 0, 700).correct, 0);
    assert_int_equal(score(NULL, 0, 700).scaled, 200);
    struct exam_response odd[] = {{1, 0}, {0, 1}, {5, 1}, {-3, 1}, {1000000, 1}};
    assert_int_equal(score(odd, COUNT_OF(odd), 700).correct, 0);
    /* The order of responses is nothing. */
    struct exam_response turned[] = {{4, 1u << 1}, {2, 1u << 2 | 1u << 1}, {1, 1u << 3}};
    assert_int_equal(score(turned, 3, 700).correct, 3);
}

static void test_scaled(void **state) {
    (void)state;
    static const struct {
        int correct, total, cut, scaled;
    } cases[] = {{0, 40, 700, 200},  {14, 40, 700, 350}, {27, 40, 700, 489},  {28, 40, 700, 500},
                 {34, 40, 700, 650}, {40, 40, 700, 800}, {10, 10, 1000, 800}, {9, 10, 1000, 470},
                 {1, 3, 10, 500},    {0, 1, 500, 200},   {1, 1, 500, 800}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(exam_scaled(cases[i].correct, cases[i].total, cases[i].cut),
                         cases[i].scaled);
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
    const char *why = NULL;
    json_t *v = json_read(&arena, arena_printf(&arena, "[%s]", json), strlen(json) + 2, &why);
    if (!v) return NULL;
    const char *text = exam_response_canonical(json_array_get(v, 0), options, multiple, &arena,
                                               &why);
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
    assert_int_equal(exam_response_bits("[1,3]"), 5);
    assert_int_equal(exam_response_bits("[]"), 0);
    assert_int_equal(exam_response_bits(NULL), 0);
}

static void test_fold(void **state) {
    (void)state;
    const struct exam_save saves[] = {
        {.slot = 1, .n = 1, .seq = 1, .response = "[1]"},
        {.slot = 2, .n = 2, .seq = 9, .response = "[4]"},
        {.slot = 1, .n = 3, .seq = 3, .response = "[3]"},
        {.slot = 1, .n = 4, .seq = 2, .response = "[2]"}, /* late: does not win */
        {.slot = 2, .n = 5, .seq = 9, .response = "[1]"}, /* equal: the last to arrive wins */
        {.slot = 77, .n = 6, .seq = 1, .response = "[1]"},
    };
    const struct exam_save *newest[3];
    exam_saves_fold(saves, COUNT_OF(saves), 3, newest);
    assert_string_equal(newest[0]->response, "[3]");
    assert_string_equal(newest[1]->response, "[1]");
    assert_null(newest[2]);
}

static void test_starting(void **state) {
    (void)state;
    struct exam_def def = {
        .minutes = 60, .wait_days = 7, .attempts_per_year = 3, .after_pass_months = 24};
    const int64_t now = 20000 * MS_DAY;
    int64_t when;
#define MAY(past, n) exam_may_start(&def, past, n, 1000, now, &when)
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
    def.opens_ms = now + MS_DAY;
    assert_int_equal(MAY(NULL, 0), EXAM_START_EARLY);
    assert_true(when == def.opens_ms);
    def.opens_ms = now - 10 * MS_DAY;
    def.closes_ms = now;
    assert_int_equal(MAY(NULL, 0), EXAM_START_CLOSED);
    /* Extra time stretches the window too. */
    assert_int_equal(exam_may_start(&def, NULL, 0, 1250, now, &when), EXAM_START_FREE);
    assert_int_equal(exam_may_start(&def, NULL, 0, 1250, now + 2 * MS_DAY + MS_DAY / 2, &when),
                     EXAM_START_CLOSED);
    assert_true(exam_time_ms(60, 1000) == MS_HOUR);
    assert_true(exam_time_ms(60, 1250) == 75 * MS_MINUTE);
    assert_true(exam_time_ms(1, 1333) == 80 * MS_SECOND);
}

static void test_receipts(void **state) {
    (void)state;
    const char *r = exam_receipt("secret", &arena, "a", 1, 2, "[3]", "2026-11-22T12:00:00Z");
    assert_string_equal(r,
                        exam_receipt("secret", &arena, "a", 1, 2, "[3]", "2026-11-22T12:00:00Z"));
    assert_int_equal(strlen(r), 43);
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
        cmocka_unit_test(test_score),     cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_responses), cmocka_unit_test(test_fold),
        cmocka_unit_test(test_starting),  cmocka_unit_test(test_receipts),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
