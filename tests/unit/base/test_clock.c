/* Times: leap years, the time before 1970, the far future, and what is no time at all. */
#include "unit/check.h"

#include "base/clock.h"
#include "base/wait.h"

static void test_forms(void **state) {
    struct arena *a = *state;
    static const struct {
        int64_t ms;
        const char *iso;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1795320651000, "2026-11-22T04:10:51Z"},
        {1795320651999, "2026-11-22T04:10:51Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {4107542399000, "2100-02-28T23:59:59Z"},
        {4107542400000, "2100-03-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {-1000, "1969-12-31T23:59:59Z"},
        {-1001, "1969-12-31T23:59:58Z"},
        {253402300799000, "9999-12-31T23:59:59Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(time_iso(a, cases[i].ms), cases[i].iso);
        assert_memory_equal(time_iso_date(a, cases[i].ms), cases[i].iso, 10);
    }
    /* The ends of the type: something, no crash. */
    assert_non_null(time_iso(a, INT64_MIN));
    assert_non_null(time_iso(a, INT64_MAX));
}

static void test_reading(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"2026-11-22T04:10:51Z", true, 1795320651000},
        {"2026-11-22T04:10:51.5Z", true, 1795320651500},
        {"2026-11-22T04:10:51.123456789Z", true, 1795320651123},
        {"2026-11-22T05:40:51+01:30", true, 1795320651000},
        {"2026-11-21T22:10:51-06:00", true, 1795320651000},
        {"2024-02-29T00:00:00Z", true, 1709164800000},
        {"2000-02-29T00:00:00Z", true, 951782400000},
        {"9999-12-31T23:59:59Z", true, 253402300799000},
        {"1970-01-01T00:00:00+00:01", true, -60000},
        {"2023-02-29T00:00:00Z", false, 0},
        {"2100-02-29T00:00:00Z", false, 0},
        {"1969-12-31T23:59:59Z", false, 0},
        {"0000-00-00T00:00:00Z", false, 0},
        {"2026-13-01T00:00:00Z", false, 0},
        {"2026-00-01T00:00:00Z", false, 0},
        {"2026-01-00T00:00:00Z", false, 0},
        {"2026-04-31T00:00:00Z", false, 0},
        {"2026-01-01T24:00:00Z", false, 0},
        {"2026-01-01T00:60:00Z", false, 0},
        {"2026-01-01T00:00:61Z", false, 0},
        {"2026-01-01T00:00:00", false, 0},
        {"2026-01-01T00:00:00.Z", false, 0},
        {"2026-01-01T00:00:00Zx", false, 0},
        {"2026-01-01T00:00:00+25:00", false, 0},
        {"2026-01-01T00:00:00+1:00", false, 0},
        {"2026-01-01 00:00:00Z", false, 0},
        {"-026-01-01T00:00:00Z", false, 0},
        {"10000-01-01T00:00:00Z", false, 0},
        {"2026-1-1T0:0:0Z", false, 0},
        {"", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 77;
        bool good = time_parse_iso(cases[i].text, &ms);
        if (good != cases[i].good || ms != (good ? cases[i].ms : 77))
            fail_msg("%s gave %d, %lld", cases[i].text, good, (long long)ms);
    }
}

static void test_writing_and_reading_agree(void **state) {
    struct arena *a = *state;
    for (int64_t day = 0; day < 40000; day += 13) {
        int64_t ms = day * MS_DAY + day % 86400 * 1000, back;
        assert_true(time_parse_iso(time_iso(a, ms), &back));
        assert_int_equal(back, ms);
    }
}

static void test_months(void **state) {
    struct arena *a = *state;
    static const struct {
        const char *from;
        int months;
        const char *want;
    } cases[] = {
        {"2024-01-31T10:00:00Z", 1, "2024-02-29T10:00:00Z"},
        {"2023-01-31T10:00:00Z", 1, "2023-02-28T10:00:00Z"},
        {"2024-02-29T23:59:59Z", 12, "2025-02-28T23:59:59Z"},
        {"2024-02-29T23:59:59Z", 48, "2028-02-29T23:59:59Z"},
        {"2026-11-22T04:10:51Z", 36, "2029-11-22T04:10:51Z"},
        {"2026-12-31T00:00:00Z", 2, "2027-02-28T00:00:00Z"},
        {"2026-03-31T00:00:00Z", -1, "2026-02-28T00:00:00Z"},
        {"2026-01-15T00:00:00Z", -13, "2024-12-15T00:00:00Z"},
        {"2026-01-15T00:00:00Z", 0, "2026-01-15T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms;
        assert_true(time_parse_iso(cases[i].from, &ms));
        assert_string_equal(time_iso(a, time_add_months(ms, cases[i].months)), cases[i].want);
        assert_int_equal(time_add_months(ms + 123, cases[i].months) % 1000, 123);
    }
    assert_string_equal(time_iso(a, time_add_months(-MS_DAY, 1)), "1970-01-31T00:00:00Z");
}

static void test_clocks_run(void **state) {
    (void)state;
    int64_t before = clock_monotonic_us();
    assert_true(clock_now_ms() > 1700000000000);
    assert_true(clock_monotonic_us() >= before);
}

/* What is due already is not waited for; a time that is none would make each wait fail at once, for
 * ever. */
static void test_wait_until(void **state) {
    (void)state;
    static const int64_t waits[] = {0, 1, 999, 1000, 1500, -1, -999, -1500, INT64_MIN};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        struct timespec t = wait_until(waits[i]);
        assert_in_range(t.tv_nsec, 0, 999999999);
        int64_t left_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 - clock_monotonic_ms();
        int64_t wanted_ms = waits[i] > 0 ? waits[i] : 0;
        assert_true(left_ms <= wanted_ms + 1 && left_ms > wanted_ms - 5000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_until),    TEST(test_forms),  TEST(test_reading),
        TEST(test_writing_and_reading_agree), TEST(test_months), TEST(test_clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
