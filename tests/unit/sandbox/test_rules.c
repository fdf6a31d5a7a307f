/* What systems do by themselves: the queue, the event log, and rules that are data. */
#include "unit/sandbox/lab_scratch.h"

#include "sandbox/step.h"

#define HOUR "{\"advance_ms\":3600000,\"kind\":\"clock\"}"

/* RULE lab-human. */
static void test_the_log_tells_people_from_machines(void **state) {
    struct lab_scenario *s = fixture_scenario(*state);
    struct worker w = fixture_worker(*state, s, CHOICE, 1);
    const char *id = fixture_cell(*state, &w, "SELECT id FROM map_sync_setting");
    fixture_call(*state, &w, "map", "POST", arena_printf(*state, "/nest/v2/sync/settings/%s", id),
                 NULL, "{'rows':[{'schedule':'everyHour'}]}");
    for (int i = 0; i < 24; i++) fixture_step(*state, &w, HOUR);
    assert_string_equal(
        fixture_cell(
            *state, &w,
            "SELECT group_concat(actor || ' ' || human, ', ') FROM (SELECT DISTINCT actor, "
            "human FROM event ORDER BY actor)"),
        "api 1, colleague 1, form 1, sync 0, world 0");
    worker_end(&w);
}

/* RULE lab-queue. */
static void test_all_that_is_to_come_is_in_one_queue(void **state) {
    struct lab_scenario *s = fixture_scenario(*state);
    struct worker w = fixture_worker(*state, s, CHOICE, 1);
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT group_concat(kind || ' ' || ref, ', ') FROM (SELECT * FROM sim_due "
                     "ORDER BY at_ms, priority, seq)"),
        "arrivals 0, edits 0, timeline 0");
    worker_end(&w);
}

/* ---- A connector and a behaviour of data alone ------------------------------------------------
 */
/* tests/unit/sandbox/texting: text messages. No line of C knows them. The scratch folder has them
 * and the project's schemas. */
static int make_scratch(void **state) {
    (void)state;
    return scratch_make("tests/unit/sandbox/texting/labs") ? 0 : -1;
}

static struct lab_scenario *texting_scenario(struct arena *a) {
    return scratch_scenario(a, "texting");
}

static struct worker texting(struct arena *a) {
    return fixture_worker(a, texting_scenario(a), "sms=pigeon", 5);
}

static const char *number_of(struct arena *a, struct worker *w, int n) {
    return fixture_cell(a, w,
                        arena_printf(a, "SELECT id FROM sms_number WHERE phone LIKE '%%%d'", n));
}

/* A message to (or from) number `n`; its id. */
static const char *text_it(struct arena *a, struct worker *w, int n, const char *way,
                           const char *body) {
    struct lab_answer answer = fixture_call(
        a, w, "sms", "POST", "/v1/texts", NULL,
        arena_printf(a, "{'number':'%s','way':'%s','body':'%s'}", number_of(a, w, n), way, body));
    assert_int_equal(answer.status, 200);
    return json_string_value(json_object_get(fixture_json(a, &answer), "id"));
}

static const char *cell(struct arena *a, struct worker *w, const char *format, const char *id) {
    return fixture_cell(a, w, arena_printf(a, format, id));
}

#define STATE "SELECT state FROM sms_text WHERE id = '%s'"

static void advance(struct arena *a, struct worker *w, int64_t ms) {
    fixture_step(a, w, arena_printf(a, "{\"advance_ms\":%lld,\"kind\":\"clock\"}", (long long)ms));
}

static void test_a_message_is_sent_and_delivered(void **state) {
    struct worker w = texting(*state);
    const char *id = text_it(*state, &w, 1, "out", "Good morning");
    assert_string_equal(cell(*state, &w, STATE, id), "sent");
    advance(*state, &w, 29999);
    assert_string_equal(cell(*state, &w, STATE, id), "sent");
    advance(*state, &w, 1);
    assert_string_equal(cell(*state, &w, STATE, id), "delivered");
    /* What is set while a record is made is part of that, and no event. */
    assert_string_equal(cell(*state, &w,
                             "SELECT group_concat(kind || ' ' || coalesce(new_value, ''), ', ') "
                             "FROM event WHERE record_id = '%s'",
                             id),
                        "record.created , record.changed delivered");
    worker_end(&w);
}

/* By the clock of whom it is sent to: eight in the morning here is ten in the evening there. */
static void test_quiet_hours_are_the_recipients(void **state) {
    struct worker w = texting(*state);
    const char *id = text_it(*state, &w, 2, "out", "Good morning");
    assert_string_equal(cell(*state, &w, STATE, id), "queued");
    advance(*state, &w, 10 * 3600000 - 1);
    assert_string_equal(cell(*state, &w, STATE, id), "queued");
    advance(*state, &w, 1);
    assert_string_equal(cell(*state, &w, STATE, id), "sent");
    advance(*state, &w, 30000);
    assert_string_equal(cell(*state, &w, STATE, id), "delivered");
    worker_end(&w);
}

static void test_stop_and_its_synonyms_stop(void **state) {
    static const char *const words[] = {"STOP", " End ", "unsubscribe"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct worker w = texting(*state);
        const char *reply = text_it(*state, &w, 1, "in", words[i]);
        assert_string_equal(
            cell(*state, &w,
                 "SELECT e.actor || ' ' || e.human || ' ' || c.record_id FROM event e "
                 "JOIN event c ON c.seq = e.cause WHERE e.field = 'subscribed' AND "
                 "e.new_value = 0 AND '%s' <> ''",
                 reply),
            arena_printf(*state, "texting 0 %s", reply));
        const char *id = text_it(*state, &w, 1, "out", "One more offer");
        assert_string_equal(cell(*state, &w, STATE, id), "blocked");
        assert_string_equal(
            cell(*state, &w, "SELECT count(*) FROM event WHERE kind = 'text.blocked'%s", ""), "1");
        worker_end(&w);
    }
}

/* An answer goes to those who may have one, in the name of whose turn it is and who is there. */
static void test_replies_are_answered(void **state) {
    struct worker w = texting(*state);
    for (int i = 0; i < 3; i++) text_it(*state, &w, 1, "in", "When do you open?");
    assert_string_equal(fixture_cell(*state, &w,
                                     "SELECT group_concat(agent, ' ') FROM (SELECT agent FROM "
                                     "sms_text WHERE way = 'in' ORDER BY id)"),
                        "Ada Cy Ada");
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT count(*) FROM sms_text WHERE way = 'out' AND state = 'sent'"),
        "3");
    text_it(*state, &w, 3, "in", "Hello?");
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT group_concat(kind || ' ' || n, ', ') FROM (SELECT kind, count(*) AS n "
                     "FROM event WHERE kind LIKE 'text.%' GROUP BY kind)"),
        "text.answered 3, text.withheld 1");
    worker_end(&w);
}

/* What a rule refuses is taken back whole. */
static void test_a_rule_refuses(void **state) {
    struct worker w = texting(*state);
    const char *before = fixture_cell(*state, &w, "SELECT max(seq) FROM event");
    struct lab_answer answer = fixture_call(*state, &w, "sms", "POST", "/v1/numbers", NULL,
                                            "{'phone':'+442079460101'}");
    assert_int_equal(answer.status, 409);
    assert_non_null(strstr(answer.body, "\"phone\""));
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM sms_number"), "3");
    assert_null(before);
    assert_null(fixture_cell(*state, &w, "SELECT max(seq) FROM event"));
    worker_end(&w);
}

/* RULE lab-whole-numbers. */
static void test_no_fraction_is_written(void **state) {
    struct worker w = texting(*state);
    const char *id = text_it(*state, &w, 1, "out", "abc");
    assert_string_equal(cell(*state, &w, "SELECT parts FROM sms_text WHERE id = '%s'", id), "1");
    worker_end(&w);
}

static const char *stopped(struct arena *a, struct worker *w) {
    return fixture_cell(a, w,
                        "SELECT count(*) || coalesce(' ' || max(detail), '') FROM event WHERE kind "
                        "= 'rule.stopped'");
}

/* ---- Filters ----------------------------------------------------------------------------------
 */
/* How many of the three numbers pass the rows ('field operator value', with 'or' between groups).
 */
static const char *reached(struct arena *a, struct worker *w, const char *const *rows) {
    struct lab_answer answer = fixture_call(a, w, "sms", "POST", "/v1/casts", NULL, "{'body':'x'}");
    const char *id = json_string_value(json_object_get(fixture_json(a, &answer), "id"));
    int group = 1;
    for (; *rows; rows += 3) {
        if (str_eq(rows[0], "or")) {
            group++;
            rows -= 2;
            continue;
        }
        answer = fixture_call(a, w, "sms", "POST", "/v1/criteria", NULL,
                              arena_printf(a,
                                           "{'cast':'%s','any':%d,'column':'%s','operator':'%s',"
                                           "'value':'%s'}",
                                           id, group, rows[0], rows[1], rows[2]));
        assert_int_equal(answer.status, 200);
    }
    answer = fixture_call(a, w, "sms", "PUT", arena_printf(a, "/v1/casts/%s", id), NULL,
                          "{'live':1}");
    assert_int_equal(answer.status, 200);
    return cell(a, w, "SELECT reached FROM sms_broadcast WHERE id = '%s'", id);
}

#define ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* RULE lab-filter-empty, RULE lab-filter-names. The three: zone 0 and 1, -600 and 1, 0 and 0. */
static void test_filters_of_learners(void **state) {
    struct worker w = texting(*state);
    const struct {
        const char *const *rows, *count;
    } cases[] = {
        {ROWS(NULL), "0"},
        {ROWS("opted_in", "is", "1"), "2"},
        {ROWS("opted_in", "is", "1", "zone", "less", "0"), "1"},
        {ROWS("opted_in", "is", "0", "or", "zone", "less", "0"), "2"},
        {ROWS("zone", "less", "-600"), "0"},
        {ROWS("zone", "less", "-599"), "1"},
        {ROWS("zone", "greater", "-600"), "2"},
        {ROWS("zone", "is_not", "0"), "1"},
        {ROWS("phone", "contains", " 0102"), "1"},
        {ROWS("phone", "begins", "+44 20"), "3"},
        {ROWS("phone", "begins", "44 20"), "0"},
        {ROWS("phone", "is", " +44 20 7946 0103 "), "1"},
        {ROWS("phone", "is_not", "+44 20 7946 0103"), "2"},
        {ROWS("phone", "has_value", ""), "3"},
        {ROWS("zone", "is_empty", ""), "0"},
        {ROWS("phone", "greater", "1"), "0"},     /* says nothing of text */
        {ROWS("zone", "less", "many"), "0"},      /* no number */
        {ROWS("phone", "nosuch", "1"), "0"},      /* no operator */
        {ROWS("phone", "is", "1) OR (1=1"), "0"}, /* a value, not SQL */
        {ROWS("phone", "1 OR 1=1 --", "x"), "0"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *count = reached(*state, &w, cases[i].rows);
        if (!str_eq(count, cases[i].count)) fail_msg("case %zu: %s", i, count);
    }
    assert_string_equal(stopped(*state, &w), "0");
    worker_end(&w);
}

/* ---- Rules that go too far --------------------------------------------------------------------
 */
/* RULE lab-cascade: sixteen rules follow each other, and no seventeenth. */
static void test_a_chain_of_rules_ends(void **state) {
    struct worker w = texting(*state);
    text_it(*state, &w, 3, "out", "ping");
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM sms_text"), "17");
    /* Five rules of two kinds listen to the last one. */
    assert_non_null(
        strstr(stopped(*state, &w), "sms.trouble: it is the end of a chain of 16 rules."));
    assert_string_equal(cell(*state, &w, STATE, text_it(*state, &w, 1, "out", "still here")),
                        "sent");
    worker_end(&w);
}

/* RULE lab-pending: of the ten thousand, six listen to the message itself. */
static void test_ten_thousand_rules_follow_at_most(void **state) {
    struct worker w = texting(*state);
    text_it(*state, &w, 3, "out", "burst 9994");
    assert_string_equal(stopped(*state, &w), "0");
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM event WHERE kind = 'tock'"),
                        "9994");
    text_it(*state, &w, 3, "out", "burst 9995");
    assert_string_equal(stopped(*state, &w),
                        "1 sms.trouble: so many rules followed that no more are run.");
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM event WHERE kind = 'tock'"),
                        "19988");
    worker_end(&w);
}

/* RULE lab-rule-budget. */
static void test_a_rule_has_a_budget(void **state) {
    struct worker w = texting(*state);
    text_it(*state, &w, 3, "out", "count 100000");
    assert_string_equal(stopped(*state, &w), "0");
    text_it(*state, &w, 3, "out", "count 10000000");
    assert_string_equal(stopped(*state, &w), "1 sms.trouble: It took too many steps.");
    assert_string_equal(
        fixture_cell(*state, &w, "SELECT count(*) FROM event WHERE kind = 'counted'"), "1");
    worker_end(&w);
}

/* RULE lab-wait, on both sides of its edge. */
static void test_waiting_takes_a_second_at_least(void **state) {
    static const int asked[] = {-5, 999, 1000, 1001}, waited[] = {1000, 1000, 1000, 1001};
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        struct worker w = texting(*state);
        const char *id = text_it(*state, &w, 3, "out", arena_printf(*state, "wait %d", asked[i]));
        advance(*state, &w, waited[i] - 1);
        assert_string_equal(
            fixture_cell(*state, &w, "SELECT count(*) FROM event WHERE kind = 'late'"), "0");
        advance(*state, &w, 1);
        assert_string_equal(
            fixture_cell(*state, &w, "SELECT detail FROM event WHERE kind = 'late'"),
            arena_printf(*state, "for %s", id));
        worker_end(&w);
    }
}

/* RULE lab-clock-part, on both sides of its edge: so many waits are over within the hour. */
static void test_the_clock_goes_a_part_of_its_way(void **state) {
    struct worker w = texting(*state);
    const char *text = json_text(
        *state,
        json_adopt(*state,
                   json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "kind", "api", "via", "screen",
                             "connector", "sms", "method", "POST", "path", "/v1/texts", "body",
                             json_sprintf("{\"number\":\"%s\",\"way\":\"out\",\"body\":\"wait "
                                          "3000000\"}",
                                          number_of(*state, &w, 3)))));
    const char *hour = HOUR;
    for (int i = 0; i < CLOCK_DUE - 1; i++) fixture_step(*state, &w, text);
    struct lab_answer answer = fixture_step(*state, &w, hour);
    int64_t began_ms = answer.now_ms;
    assert_non_null(strstr(answer.body, "\"why\":\"time\""));
    for (int i = 0; i < CLOCK_DUE + 5; i++) fixture_step(*state, &w, text);
    answer = fixture_step(*state, &w, hour);
    assert_non_null(strstr(answer.body, "\"why\":\"part\""));
    assert_int_equal(answer.now_ms, began_ms + 3000000);
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM sim_due"), "5");
    answer = fixture_step(
        *state, &w,
        arena_printf(*state, "{\"kind\":\"clock\",\"to_ms\":%lld}", (long long)began_ms + 3600000));
    assert_non_null(strstr(answer.body, "\"why\":\"time\""));
    assert_int_equal(answer.now_ms, began_ms + 3600000);
    worker_end(&w);
}

/* A run that was put away in the middle of its waits comes to the same. */
static void test_waits_outlive_an_image(void **state) {
    struct worker w = texting(*state);
    const char *whole, *again, *why;
    const unsigned char *image;
    size_t len;
    struct lab_scenario *s = texting_scenario(*state);
    text_it(*state, &w, 1, "out", "Good morning");
    text_it(*state, &w, 2, "out", "Good evening");
    assert_int_equal(client_save(&w, *state, &image, &len), OK);
    advance(*state, &w, 20 * 3600000);
    text_it(*state, &w, 1, "in", "Thanks");
    assert_int_equal(client_hash(&w, *state, &whole), OK);
    worker_end(&w);
    assert_int_equal(client_start(&w, fixture_zygote(), s->pack, s->pack_len, "sms=pigeon", 5,
                                  image, len, *state, &why),
                     OK);
    advance(*state, &w, 20 * 3600000);
    text_it(*state, &w, 1, "in", "Thanks");
    assert_int_equal(client_hash(&w, *state, &again), OK);
    assert_string_equal(again, whole);
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_message_is_sent_and_delivered),
        TEST(test_quiet_hours_are_the_recipients),
        TEST(test_stop_and_its_synonyms_stop),
        TEST(test_replies_are_answered),
        TEST(test_a_rule_refuses),
        TEST(test_no_fraction_is_written),
        TEST(test_filters_of_learners),
        TEST(test_a_chain_of_rules_ends),
        TEST(test_ten_thousand_rules_follow_at_most),
        TEST(test_a_rule_has_a_budget),
        TEST(test_waiting_takes_a_second_at_least),
        TEST(test_the_clock_goes_a_part_of_its_way),
        TEST(test_waits_outlive_an_image),
        TEST(test_the_log_tells_people_from_machines),
        TEST(test_all_that_is_to_come_is_in_one_queue),
    };
    return cmocka_run_group_tests(tests, make_scratch, scratch_drop);
}
