/* The clock of a run: to a time, to what happens next, until a condition holds, and no further. */
#include "unit/lab/lab_fixture.h"

#include "base/clock.h"
#include "sandbox/step.h"

#define HOUR "{\"advance_ms\":3600000,\"kind\":\"clock\"}"
#define WEEK "{\"advance_ms\":604800000,\"kind\":\"clock\"}"
#define START 1772438400000 /* 2026-03-02T08:00:00Z */

static struct worker begin(struct arena *a) {
    return fixture_worker(a, fixture_scenario(a), CHOICE, 3);
}

static const char *until(struct arena *a, const char *sql, int64_t ms) {
    return json_text(a, json_adopt(a, json_pack("{s:s, s:s, s:I}", "kind", "clock", "until", sql,
                                                "advance_ms", (json_int_t)ms)));
}

/* Moves the clock and returns why it stands; *at_ms: where. */
static const char *move(struct arena *a, struct worker *w, const char *action, int64_t *at_ms) {
    struct lab_answer answer = fixture_step(a, w, action);
    if (answer.status != 200) fail_msg("%s: %s", action, answer.body);
    json_t *body = fixture_json(a, &answer);
    *at_ms = json_integer_value(json_object_get(body, "now_ms"));
    assert_int_equal(*at_ms, answer.now_ms);
    return json_string_value(json_object_get(body, "why"));
}

static const char *events(struct arena *a, struct worker *w) {
    return fixture_cell(a, w, "SELECT count(*) FROM event");
}

/* RULE lab-clock-forward, on both sides of its edges. */
static void test_the_clock_moves_forward(void **state) {
    struct worker w = begin(*state);
    int64_t at_ms;
    static const char *const refused[] = {
        "{\"advance_ms\":0,\"kind\":\"clock\"}",
        "{\"advance_ms\":-1,\"kind\":\"clock\"}",
        "{\"advance_ms\":604800001,\"kind\":\"clock\"}",
        "{\"advance_ms\":\"x\",\"kind\":\"clock\"}",
        "{\"kind\":\"clock\"}",
        "{\"kind\":\"clock\",\"next\":true}",
        "{\"kind\":\"clock\",\"to_ms\":1772438400000}",
        "{\"kind\":\"clock\",\"to_ms\":1772438399999}",
        "{\"kind\":\"clock\",\"to_ms\":-9223372036854775807}",
        "{\"kind\":\"clock\",\"to_ms\":1773043200001}",
        "{\"kind\":\"clock\",\"to_ms\":9223372036854775807}",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct lab_answer answer = fixture_step(*state, &w, refused[i]);
        if (answer.status != 422 || !answer.refused || answer.now_ms != START)
            fail_msg("%s: %d %s", refused[i], answer.status, answer.body);
    }
    assert_string_equal(move(*state, &w, "{\"kind\":\"clock\",\"to_ms\":1772438400001}", &at_ms),
                        "time");
    assert_int_equal(at_ms, START + 1);
    assert_string_equal(move(*state, &w, WEEK, &at_ms), "time");
    assert_int_equal(at_ms, START + 1 + 7 * MS_DAY);
    for (int week = 1; week < 17; week++) move(*state, &w, WEEK, &at_ms);
    assert_string_equal(move(*state, &w, until(*state, "SELECT 0", 7 * MS_DAY), &at_ms), "time");
    assert_int_equal(at_ms, START + 120 * MS_DAY);
    assert_int_equal(fixture_step(*state, &w, "{\"advance_ms\":1,\"kind\":\"clock\"}").status, 422);
    assert_int_equal(fixture_step(*state, &w, until(*state, "SELECT 1", 1)).status, 422);
    worker_end(&w);
}

static void test_to_what_happens_next(void **state) {
    struct worker w = begin(*state);
    int64_t at_ms, last_ms = START;
    static const char next[] = "{\"advance_ms\":604800000,\"kind\":\"clock\",\"next\":true}";
    for (int i = 0; i < 5; i++) {
        assert_string_equal(move(*state, &w, next, &at_ms), "event");
        assert_true(at_ms > last_ms);
        assert_string_equal(
            fixture_cell(*state, &w,
                         arena_printf(*state,
                                      "SELECT min(at_ms) || ' ' || max(at_ms) FROM event WHERE "
                                      "at_ms > %lld",
                                      (long long)last_ms)),
            arena_printf(*state, "%lld %lld", (long long)at_ms, (long long)at_ms));
        last_ms = at_ms;
    }
    /* Nothing happens within a minute. */
    assert_string_equal(
        move(*state, &w, "{\"advance_ms\":60000,\"kind\":\"clock\",\"next\":true}", &at_ms),
        "time");
    assert_int_equal(at_ms, last_ms + MS_MINUTE);
    worker_end(&w);
}

static void test_until_a_condition_holds(void **state) {
    struct worker w = begin(*state);
    int64_t at_ms;
    assert_string_equal(
        move(*state, &w, until(*state, "SELECT count(*) >= 10 FROM event", 7 * MS_DAY), &at_ms),
        "condition");
    assert_true(at_ms > START && at_ms < START + 7 * MS_DAY);
    assert_string_equal(
        fixture_cell(*state, &w,
                     arena_printf(*state, "SELECT count(*) < 10 FROM event WHERE at_ms < %lld",
                                  (long long)at_ms)),
        "1");
    int64_t here_ms = at_ms;
    const char *before = events(*state, &w);
    assert_string_equal(move(*state, &w, until(*state, "SELECT 1", 1000), &at_ms), "condition");
    assert_int_equal(at_ms, here_ms);
    assert_string_equal(before, events(*state, &w));
    /* One that never holds ends where the time does. */
    static const char *const never[] = {"SELECT 0", "SELECT NULL", "SELECT 'x'",
                                        "SELECT 1 FROM event WHERE 0"};
    for (size_t i = 0; i < COUNT_OF(never); i++) {
        assert_string_equal(move(*state, &w, until(*state, never[i], MS_DAY), &at_ms), "time");
        assert_int_equal(at_ms, here_ms += MS_DAY);
    }
    worker_end(&w);
}

/* One that takes too much is stopped, in the same place anywhere. */
static void test_a_condition_has_a_budget(void **state) {
    static const char slow[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT "
        "sum(i) < 0 FROM n";
    const char *hash[2];
    for (int i = 0; i < 2; i++) {
        struct worker w = begin(*state);
        int64_t at_ms;
        assert_string_equal(move(*state, &w, until(*state, slow, 7 * MS_DAY), &at_ms), "steps");
        assert_true(at_ms > START && at_ms < START + 7 * MS_DAY);
        assert_int_equal(client_hash(&w, *state, &hash[i]), OK);
        worker_end(&w);
    }
    assert_string_equal(hash[0], hash[1]);
}

/* It reads what learners read, writes nothing, and errs without harm. */
static void test_a_condition_is_a_query_of_the_learner(void **state) {
    struct worker w = begin(*state);
    int64_t at_ms;
    static const char *const refused[] = {"",
                                          "SELECT",
                                          "SELECT 1; SELECT 1",
                                          "DELETE FROM event",
                                          "SELECT count(*) FROM sim_person",
                                          "SELECT count(*) FROM sim_due",
                                          "PRAGMA user_version",
                                          "SELECT random()"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct lab_answer answer = fixture_step(*state, &w, until(*state, refused[i], MS_HOUR));
        if (answer.status != 422 || answer.now_ms != START)
            fail_msg("%s: %d %s", refused[i], answer.status, answer.body);
    }
    assert_string_equal(
        move(*state, &w, until(*state, "SELECT abs(-9223372036854775807 - 1)", MS_HOUR), &at_ms),
        "failed");
    assert_int_equal(at_ms, START);
    assert_string_equal(move(*state, &w, HOUR, &at_ms), "time");
    worker_end(&w);
}

/* ---- Parts ---------------------------------------------------------------------------------- */
/* A hundred syncs a minute would be too many for one action. */
static struct worker busy(struct arena *a) {
    struct worker w = begin(a);
    const char *id = fixture_cell(a, &w, "SELECT id FROM map_sync_setting");
    fixture_call(a, &w, "map", "POST", arena_printf(a, "/nest/v2/sync/settings/%s", id), NULL,
                 "{'rows':[{'schedule':'everyHour'}]}");
    return w;
}

/* The same days in one go and in many: what falls due is in the order of its time. */
static void test_a_chain_comes_to_the_same(void **state) {
    const char *hash[2];
    for (int i = 0; i < 2; i++) {
        struct worker w = busy(*state);
        int64_t at_ms = START, end_ms = START + 2 * MS_DAY;
        while (at_ms < end_ms)
            move(*state, &w,
                 arena_printf(*state, "{\"kind\":\"clock\",\"to_ms\":%lld}",
                              (long long)(i ? at_ms + 97 * MS_MINUTE < end_ms
                                                  ? at_ms + 97 * MS_MINUTE
                                                  : end_ms
                                            : end_ms)),
                 &at_ms);
        hash[i] = fixture_cell(
            *state, &w,
            "SELECT group_concat(at_ms || kind || record_id, ' ') FROM (SELECT * "
            "FROM event WHERE kind NOT LIKE 'api.%' ORDER BY seq)");
        worker_end(&w);
    }
    assert_string_equal(hash[0], hash[1]);
}

/* Put away and taken out in between: the queue is as it was. */
static void test_the_queue_outlives_an_image(void **state) {
    const char *hash[2], *why;
    struct lab_scenario *s = fixture_scenario(*state);
    for (int i = 0; i < 2; i++) {
        struct worker w = busy(*state);
        for (int hour = 0; hour < 30; hour++) {
            const unsigned char *image;
            size_t len;
            fixture_step(*state, &w, HOUR);
            if (!i || hour % 10) continue;
            assert_int_equal(client_save(&w, *state, &image, &len), OK);
            worker_end(&w);
            assert_int_equal(client_start(&w, fixture_zygote(), s->pack, s->pack_len, CHOICE, 3,
                                          image, len, *state, &why),
                             OK);
        }
        assert_int_equal(client_hash(&w, *state, &hash[i]), OK);
        worker_end(&w);
    }
    assert_string_equal(hash[0], hash[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_clock_moves_forward),
        TEST(test_to_what_happens_next),
        TEST(test_until_a_condition_holds),
        TEST(test_a_condition_has_a_budget),
        TEST(test_a_condition_is_a_query_of_the_learner),
        TEST(test_a_chain_comes_to_the_same),
        TEST(test_the_queue_outlives_an_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
