/* What a run is for, and how long. */
#include "unit/check.h"

#include "base/clock.h"
#include "lab/lab_pages.h"

/* RULE lab-time-limit: the last moment, and the one behind it; without a limit there is none. */
static void test_the_limit(void **state) {
    (void)state;
    struct lab_scenario s = {.limit_minutes = 90};
    const int64_t start = 1790000000000, end = start + 90 * MS_MINUTE;
    assert_false(lab_time_over(&s, start, start));
    assert_false(lab_time_over(&s, start, end));
    assert_true(lab_time_over(&s, start, end + 1));
    s.limit_minutes = 0;
    assert_false(lab_time_over(&s, start, end + 1000 * MS_DAY));
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_the_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
