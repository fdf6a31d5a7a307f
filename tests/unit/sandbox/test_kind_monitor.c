/* Monitors: when they ring, how often, and what they do with queries that cannot be asked. */
#include "unit/sandbox/kind_fixture.h"

static const struct kind_seed seeds[] = {{"bi.dataset",
                                          "key,name,system,facts,schedule,zone_minutes,currency\n"
                                          "d,Web,webforms,touch,hourly,0,EUR\n"},
                                         {NULL, NULL}};

static const char *monitor(struct kind_lab *lab, const char *sql, const char *condition,
                           const char *threshold, const char *window) {
    const char *query = kind_make(lab, "bi.query", "name", "Q", "sql", sql, "owner", "ops", NULL);
    return kind_make(lab, "bi.monitor", "name", "M", "query_id", query, "condition", condition,
                     "threshold", threshold, "schedule", "quarter_hourly", "notify", "ops",
                     "window_minutes", window, NULL);
}

static void touch(struct kind_lab *lab) {
    kind_make(lab, "bi.touch", "dataset_id", kind_id(lab, "bi_dataset", "name", "Web"), "at",
              "1772438400000", "channel", "email", "kind", "click", NULL);
}

static const char *rings(struct kind_lab *lab) {
    return kind_cell(lab, "SELECT group_concat(t, ' ') FROM (SELECT substr(kind, 9) || "
                          "coalesce(new_value, '') AS t FROM event WHERE kind IN "
                          "('monitor.raised', 'monitor.cleared') ORDER BY seq)");
}

/* On both sides of the threshold and of the window. */
static void test_it_rings_once_in_a_window(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, "bi=quarrow", "", seeds);
    const char *id = monitor(&lab, "SELECT count(*) FROM bi_touch", "above", "1", "30");
    touch(&lab);
    kind_advance(&lab, 15 * MS_MINUTE);
    assert_string_equal(rings(&lab), "");
    assert_string_equal(kind_cell(&lab, "SELECT last_value FROM bi_monitor"), "1");
    touch(&lab);
    kind_advance(&lab, 15 * MS_MINUTE);
    assert_string_equal(rings(&lab), "raised2");
    kind_advance(&lab, 15 * MS_MINUTE);
    assert_string_equal(rings(&lab), "raised2");
    kind_advance(&lab, 15 * MS_MINUTE);
    assert_string_equal(rings(&lab), "raised2 raised2");
    assert_string_equal(kind_cell(&lab, "SELECT text || ' ' || told FROM bi_alert LIMIT 1"),
                        "The number is 2. ops");
    kind_change(&lab, "bi.monitor", id, "muted_until",
                arena_printf(*state, "%lld", (long long)(KIND_START + 6 * MS_HOUR)), NULL);
    kind_advance(&lab, 2 * MS_HOUR);
    assert_string_equal(rings(&lab), "raised2 raised2");
    kind_change(&lab, "bi.monitor", id, "threshold", "2", NULL);
    kind_advance(&lab, 15 * MS_MINUTE);
    assert_string_equal(rings(&lab), "raised2 raised2 cleared2");
    assert_string_equal(kind_cell(&lab, "SELECT alerts || ' ' || raised FROM bi_monitor"), "2 0");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_conditions(void **state) {
    static const struct {
        const char *sql, *condition, *threshold, *rings;
    } cases[] = {{"SELECT 5", "below", "5", ""},
                 {"SELECT 5", "below", "6", "raised5"},
                 {"SELECT max(day) FROM bi_spend", "missing", NULL, "raised"},
                 {"SELECT 1", "missing", NULL, ""},
                 {"SELECT 7.9", "above", "6", "raised7"},
                 {"SELECT count(*) FROM bi_alert", "above", "0", ""}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kind_lab lab;
        kind_start(&lab, *state, "bi=quarrow", "", seeds);

        monitor(&lab, cases[i].sql, cases[i].condition, cases[i].threshold, "60");
        kind_advance(&lab, 15 * MS_MINUTE);
        if (!str_eq(rings(&lab), cases[i].rings)) fail_msg("case %zu: %s", i, rings(&lab));
        kind_assert_quiet(&lab);
        kind_end(&lab);
    }
}

/* A fifth more is 200 thousandths. */
static void test_a_change_is_told(void **state) {
    static const char *const thresholds[] = {"200", "201"}, *const told[] = {"raised6", ""};
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        struct kind_lab lab;
        kind_start(&lab, *state, "bi=quarrow", "", seeds);
        monitor(&lab, "SELECT count(*) FROM bi_touch", "changed_by", thresholds[i], "60");
        for (int n = 0; n < 5; n++) touch(&lab);
        kind_advance(&lab, 15 * MS_MINUTE);
        assert_string_equal(rings(&lab), "");
        touch(&lab);
        kind_advance(&lab, 15 * MS_MINUTE);
        assert_string_equal(rings(&lab), told[i]);
        kind_end(&lab);
    }
}

/* RULE lab-asked: what a learner may not ask in the console, a monitor may not ask either. */
static void test_queries_that_cannot_be_asked(void **state) {
    static const struct {
        const char *sql, *says;
    } cases[] = {
        {"SELECT fax FROM bi_touch", "no such column: fax"},
        {"DELETE FROM bi_touch", "Not allowed here"},
        {"SELECT count(*) FROM sim_person", "Not allowed here"},
        {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n",
         "too many steps"}};
    struct kind_lab lab;
    kind_start(&lab, *state, "bi=quarrow", "", seeds);
    const char *query = kind_make(&lab, "bi.query", "name", "Q", "sql", "SELECT 1", "owner", "ops",
                                  NULL);
    kind_make(&lab, "bi.monitor", "name", "M", "query_id", query, "condition", "above", "threshold",
              "0", "schedule", "hourly", "notify", "ops", NULL);
    kind_advance(&lab, MS_HOUR);
    assert_string_equal(rings(&lab), "raised1");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        kind_change(&lab, "bi.query", query, "sql", cases[i].sql, NULL);
        kind_advance(&lab, MS_HOUR);
        const char *said = kind_cell(
            &lab, "SELECT detail FROM event WHERE kind = 'monitor.failed' ORDER BY seq DESC");
        if (!strstr(said, cases[i].says)) fail_msg("case %zu: %s", i, said);
    }
    kind_change(&lab, "bi.query", query, "sql", "SELECT 3", NULL);
    kind_advance(&lab, 2 * MS_HOUR);
    assert_string_equal(kind_cell(&lab, "SELECT last_value FROM bi_monitor"), "3");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_it_rings_once_in_a_window),
        TEST(test_conditions),
        TEST(test_a_change_is_told),
        TEST(test_queries_that_cannot_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
