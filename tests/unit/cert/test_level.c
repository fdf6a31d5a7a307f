/* What a level asks against what a person did; numbers of certificates. */
#include "unit/check.h"

#include "base/text.h"
#include "cert/cert_level.h"

static const struct cert_need needs[] = {
    {CERT_MODULE, "one", "One", "/modules/one", 0},
    {CERT_MODULE, "two", "Two", "/modules/two", 0},
    {CERT_EXAM, "final", "Final", "/exams/final", 0},
    {CERT_LAB, "sync", "Sync", "/labs/sync", 2},
};
#define FACT_MODULE(id, at)                                                                        \
    { CERT_MODULE, id, true, NULL, NULL, at }

static void nothing_done(void **state) {
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), NULL, 0, &s);
    assert_int_equal(s.count, 4);
    assert_int_equal(s.met, 0);
    assert_false(s.complete);
    assert_false(s.only_modules_missing);
    assert_string_equal(s.needs[2].sentence, "cert_need_exam_missing");
    assert_string_equal(s.needs[3].sentence, "cert_need_lab_missing");
}

static void all_done(void **state) {
    const struct cert_fact facts[] = {
        FACT_MODULE("one", 10),
        FACT_MODULE("two", 20),
        {CERT_EXAM, "final", false, NULL, "a1", 30},
        {CERT_EXAM, "final", true, NULL, "a2", 40},
        {CERT_EXAM, "final", true, NULL, "a3", 50},
        {CERT_LAB, "sync", true, "blue", "r1", 60},
        {CERT_LAB, "sync", true, "north", "r2", 70},
    };
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_true(s.complete);
    assert_int_equal(s.met, 4);
    assert_string_equal(s.needs[2].record,
                        "a2"); /* the first pass, neither the failure nor the repetition */
    assert_int_equal(s.needs[2].at_ms, 40);
    assert_int_equal(s.needs[3].have, 2);
    cert_level_status(*state, false, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_false(s.complete); /* a closed level is held by nobody */
}

static void the_same_dialect_twice_is_one(void **state) {
    const struct cert_fact facts[] = {
        {CERT_LAB, "sync", true, "blue", "r1", 60},
        {CERT_LAB, "sync", true, "blue", "r2", 70},
        {CERT_LAB, "other", true, "north", "r3", 80},
        {CERT_LAB, "sync", false, "north", "r4", 90},
    };
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_int_equal(s.needs[3].have, 1);
    assert_int_equal(s.needs[3].state, CERT_BEGUN);
    assert_string_equal(s.needs[3].sentence, "cert_need_lab_begun");
}

static void failing_is_not_passing(void **state) {
    const struct cert_fact facts[] = {{CERT_EXAM, "final", false, NULL, "a1", 30},
                                      {CERT_EXAM, "final", false, NULL, "a2", 40},
                                      {CERT_MODULE, "one", false, NULL, NULL, 5},
                                      {CERT_LAB, "final", true, "x", "r", 1}};
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_int_equal(s.met, 0);
    assert_int_equal(s.needs[0].state, CERT_BEGUN);
    assert_int_equal(s.needs[2].state, CERT_BEGUN);
    assert_string_equal(s.needs[2].record, "a2"); /* the newest try */
}

static void only_modules_may_be_replaced(void **state) {
    const struct cert_fact facts[] = {{CERT_EXAM, "final", true, NULL, "a", 1},
                                      {CERT_LAB, "sync", true, "b", "r", 2},
                                      {CERT_LAB, "sync", true, "n", "r2", 3}};
    struct cert_level_status s;
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, COUNT_OF(facts), &s);
    assert_false(s.complete);
    assert_true(s.only_modules_missing);
    cert_level_status(*state, true, needs, COUNT_OF(needs), facts, 2, &s);
    assert_false(s.only_modules_missing); /* the lab is missing too */
}

static void a_level_that_asks_nothing_is_met_by_nobody(void **state) {
    struct cert_level_status s;
    cert_level_status(*state, true, NULL, 0, NULL, 0, &s);
    assert_false(s.complete);
    assert_false(s.only_modules_missing);
}

static void numbers(void **state) {
    struct arena *a = *state;
    for (int i = 0; i < 500; i++) {
        const char *number = cert_number_new(a, 2026);
        char *lower = arena_dup(a, number);
        for (char *c = lower; *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
        assert_string_equal(cert_number_read(a, number), number);
        assert_string_equal(cert_number_read(a, arena_printf(a, "  %s\n", lower)), number);
        assert_null(strpbrk(number + 8, "01ILO"));
        assert_int_equal(strlen(number), strlen("GR-2026-") + 11); /* too many to be tried */
    }
}

/* Every wrong character and every exchange of neighbours is noticed. */
static void typing_errors(void **state) {
    static const char digits[] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
    struct arena *a = *state;
    const char *number = cert_number_new(a, 2026);
    for (int i = 8; i < 19; i++)
        for (const char *d = digits; *d; d++) {
            char *wrong = arena_dup(a, number);
            if (wrong[i] == *d) continue;
            wrong[i] = *d;
            assert_null(cert_number_read(a, wrong));
        }
    for (int i = 8; i < 18; i++) {
        char *wrong = arena_dup(a, number);
        if (wrong[i] == wrong[i + 1]) continue;
        wrong[i] = number[i + 1];
        wrong[i + 1] = number[i];
        assert_null(cert_number_read(a, wrong));
    }
    static const char *const others[] = {"",
                                         "GR",
                                         "GR-2026-",
                                         "XX-2026-AAAAAAAA",
                                         "GR-20O6-AAAAAAAA",
                                         "GR-2026-AAAAAAA\xc3",
                                         "GR-2026-K7MQ2XWD.json",
                                         "GR_2026_K7MQ2XWD"};
    for (size_t i = 0; i < COUNT_OF(others); i++) assert_null(cert_number_read(a, others[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nothing_done),
        TEST(all_done),
        TEST(the_same_dialect_twice_is_one),
        TEST(failing_is_not_passing),
        TEST(only_modules_may_be_replaced),
        TEST(a_level_that_asks_nothing_is_met_by_nobody),
        TEST(numbers),
        TEST(typing_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
