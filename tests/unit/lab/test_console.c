/* The learner's SQL: what it may read, and attempts to get further. Each attempt must be refused with a sentence, and
 * leave the run exactly as a harmless query would. */
#include "unit/lab/lab_fixture.h"

#include <unistd.h>

static struct worker begin(struct arena *a, const struct lab_scenario **s) {
    *s = fixture_scenario(a);
    return fixture_worker(a, *s, CHOICE, 11);
}

static void test_reads_both_systems(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct lab_answer answer = fixture_sql(
        *state, &w, "SELECT count(*) AS n, (SELECT count(*) FROM map_lead) FROM crm_contact;");
    assert_int_equal(answer.status, 200);
    json_t *row = json_array_get(json_object_get(fixture_json(*state, &answer), "rows"), 0);
    assert_int_equal(json_integer_value(json_array_get(row, 0)), 220);
    assert_int_equal(json_integer_value(json_array_get(row, 1)), 232);
    answer = fixture_sql(
        *state, &w,
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "[15]"));
    worker_end(&w);
}

static const char *const attempts[] = {
    "ATTACH '/etc/passwd' AS x",
    "ATTACH ':memory:' AS x",
    "SELECT load_extension('/tmp/x.so')",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode",
    "SELECT * FROM pragma_table_info('sim_person')",
    "SELECT * FROM sim_person",
    "SELECT value FROM sim_meta",
    "SELECT * FROM sqlite_schema",
    "SELECT sql FROM sqlite_master",
    "WITH x AS (SELECT person FROM sim_person) SELECT * FROM x",
    "SELECT (SELECT min(person) FROM sim_person) FROM crm_contact",
    "INSERT INTO crm_contact (id, created_ms, updated_ms) VALUES ('x', 0, 0)",
    "UPDATE map_lead SET email = 'x@example.com'",
    "DELETE FROM event",
    "DROP TABLE event",
    "CREATE TABLE x (a)",
    "CREATE TEMP TABLE x (a)",
    "CREATE TEMP TRIGGER t AFTER INSERT ON event BEGIN SELECT 1; END",
    "VACUUM INTO '/tmp/gradus-console-escaped'",
    "SELECT randomblob(10)",
    "SELECT random()",
    "SELECT zeroblob(1000000000)",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/gradus-console-escaped', 'x')",
    "SELECT fts3_tokenizer('x')",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT * FROM json_each('[1]')",
    "BEGIN EXCLUSIVE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT x",
    "EXPLAIN SELECT * FROM sim_person",
    "SELECT 1; DROP TABLE event",
    "SELECT 1; SELECT 2",
    "ANALYZE",
    "REINDEX",
    "SELECT",
    "",
    ";;",
    "-- nothing",
    /* Without an end, too much, too deep. */
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "SELECT count(*) FROM crm_contact a, crm_contact b, crm_contact c, crm_contact d, crm_contact e",
    "WITH RECURSIVE n(i, t) AS (VALUES (1, 'x') UNION ALL SELECT i + 1, t || t FROM n) SELECT length(t) FROM n",
    "SELECT length(replace(hex(printf('%03999999d', 1)), '3', printf('%03999999d', 1)))",
};

static void test_attempts(void **state) {
    const struct lab_scenario *s = fixture_scenario(*state);
    struct worker tried = fixture_worker(*state, s, CHOICE, 11),
                  quiet = fixture_worker(*state, s, CHOICE, 11);
    const char *one, *other;
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        struct lab_answer answer = fixture_sql(*state, &tried, attempts[i]);
        if (answer.status != 422)
            fail_msg("“%s” was answered with %d: %.200s", attempts[i], answer.status, answer.body);
        assert_non_null(json_string_value(json_object_get(fixture_json(*state, &answer), "error")));
        fixture_sql(*state, &quiet, "SELECT 1");
    }
    assert_int_equal(client_hash(&tried, *state, &one), OK);
    assert_int_equal(client_hash(&quiet, *state, &other), OK);
    assert_string_equal(one, other);
    assert_int_equal(access("/tmp/gradus-console-escaped", 0), -1);
    worker_end(&tried);
    worker_end(&quiet);
}

/* Nesting and length: an expression of 200 levels, 30 compound selects, a statement of 100 KB. */
static void test_limits(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct buf deep, wide, longer;
    buf_init(&deep, *state);
    buf_init(&wide, *state);
    buf_init(&longer, *state);
    buf_puts(&deep, "SELECT ");
    for (int i = 0; i < 200; i++) buf_puts(&deep, "(1+");
    buf_puts(&deep, "1");
    for (int i = 0; i < 200; i++) buf_puts(&deep, ")");
    buf_puts(&wide, "SELECT 1");
    for (int i = 0; i < 30; i++) buf_puts(&wide, " UNION SELECT 2");
    buf_puts(&longer, "SELECT '");
    for (int i = 0; i < 100000; i++) buf_putc(&longer, 'x');
    buf_puts(&longer, "'");
    assert_int_equal(fixture_sql(*state, &w, buf_text(&deep)).status, 422);
    assert_int_equal(fixture_sql(*state, &w, buf_text(&wide)).status, 422);
    assert_int_equal(fixture_sql(*state, &w, buf_text(&longer)).status, 422);
    assert_int_equal(fixture_sql(*state, &w, "SELECT 1").status, 200);
    worker_end(&w);
}

/* Time in SQL is the run's, not the machine's; it does not move by itself. */
static void test_time_is_the_runs(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct lab_answer answer = fixture_sql(*state, &w,
                                           "SELECT datetime('now'), strftime('%s', 'now') * 1");
    assert_non_null(strstr(answer.body, "2026-03-02 08:00:00"));
    fixture_step(*state, &w, "{\"advance_ms\":3600000,\"kind\":\"clock\"}");
    answer = fixture_sql(*state, &w, "SELECT datetime('now')");
    assert_non_null(strstr(answer.body, "2026-03-02 09:00:00"));
    worker_end(&w);
}

static void test_long_results_are_cut(void **state) {
    const struct lab_scenario *s;
    struct worker w = begin(*state, &s);
    struct lab_answer answer = fixture_sql(
        *state, &w, "SELECT a.id FROM crm_contact a, crm_contact b LIMIT 5000");
    json_t *result = fixture_json(*state, &answer);
    assert_int_equal(json_array_size(json_object_get(result, "rows")), 500);
    assert_true(json_is_true(json_object_get(result, "truncated")));
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_reads_both_systems), TEST(test_attempts),
                                       TEST(test_limits), TEST(test_time_is_the_runs),
                                       TEST(test_long_results_are_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
