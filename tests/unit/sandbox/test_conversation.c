/* Messages: what stakeholders and support say, what the learner answers, and what comes of it. */
#include "unit/sandbox/weekend.h"

static const char *messages(struct arena *a, struct worker *w) {
    return fixture_cell(
        a, w,
        "SELECT group_concat(id || ' ' || from_id || ' ' || ((at_ms - 1772834400000) "
        "/ 60000), ', ') FROM message");
}

static const char *conversation(struct arena *a, struct worker *w) {
    return fixture_cell(
        a, w,
        "SELECT group_concat(e.actor || ' ' || e.human || ' ' || e.kind || ' ' || e.record_id || ' "
        "' || coalesce(c.seq = (SELECT event FROM message WHERE id = 1), '-'), ', ') FROM event e "
        "LEFT JOIN event c ON c.seq = e.cause WHERE e.kind LIKE 'inbox.%'");
}

/* RULE lab-message-due. */
static void test_an_answer_is_missed(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) + 40 * MS_MINUTE - 1);
    assert_string_equal(conversation(*state, &w), "head-of-sales 1 inbox.received 1 -");
    go(*state, &w, AT(1, 22) + 40 * MS_MINUTE);
    assert_string_equal(conversation(*state, &w),
                        "head-of-sales 1 inbox.received 1 -, world 0 inbox.missed 1 1");
    go(*state, &w, AT(1, 22) + 50 * MS_MINUTE);
    assert_string_equal(messages(*state, &w), "1 head-of-sales 10, 2 chief-of-marketing 50");
    /* One may still answer. */
    assert_int_equal(answer_it(*state, &w, "'message':1,'choice':'tell_all'").status, 200);
    assert_string_equal(fixture_cell(*state, &w, "SELECT missed FROM message WHERE id = 1"), "1");
    worker_end(&w);
}

static void test_an_answer_in_time(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) + 40 * MS_MINUTE - 1);
    struct lab_answer answer = answer_it(*state, &w, "'message':1,'choice':'tell_all'");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"message\":1}");
    go(*state, &w, AT(1, 22) + 60 * MS_MINUTE);
    assert_string_equal(conversation(*state, &w),
                        "head-of-sales 1 inbox.received 1 -, api 1 inbox.answered 1 1, "
                        "head-of-sales 1 inbox.received 2 -");
    assert_string_equal(messages(*state, &w), "1 head-of-sales 10, 2 head-of-sales 44");
    assert_string_equal(
        fixture_cell(*state, &w, "SELECT missed || choice FROM message WHERE id = 1"), "0tell_all");
    worker_end(&w);
}

/* A choice that has a consequence: the other system goes down as well. */
static void test_a_choice_has_its_price(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) + 10 * MS_MINUTE);
    assert_int_equal(answer_it(*state, &w, "'message':1,'choice':'wait','text':'Soon.'").status,
                     200);
    edge(*state, &w, AT(1, 23) + 10 * MS_MINUTE, list, 200, 503);
    edge(*state, &w, AT(2, 0) + 10 * MS_MINUTE, list, 503, 200);
    worker_end(&w);
}

static void test_answers_that_are_none(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) + 10 * MS_MINUTE);
    static const char *const refused[] = {
        "'message':2,'text':'x'",
        "'message':0,'text':'x'",
        "'message':'1','text':'x'",
        "'message':1,'text':'x'",
        "'message':1,'choice':'both'",
        "'message':1",
        "'to':'support'",
        "'to':'support','text':'  '",
        "'to':'head-of-sales','text':'x'",
        "'to':'learner','text':'x'",
        "'text':'x'",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct lab_answer answer = answer_it(*state, &w, refused[i]);
        if (answer.status != 422 || !answer.refused) fail_msg("%s: %s", refused[i], answer.body);
    }
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM message"), "1");
    assert_int_equal(answer_it(*state, &w, "'message':1,'choice':'wait'").status, 200);
    assert_int_equal(answer_it(*state, &w, "'message':1,'choice':'tell_all'").status, 422);
    worker_end(&w);
}

/* RULE lab-message-length, on both sides of its edge. */
static void test_long_messages(void **state) {
    struct worker w = begin(*state);
    for (int over = 0; over < 2; over++) {
        struct buf b;
        buf_init(&b, *state);
        for (int i = 0; i < LAB_MESSAGE_MAX + over; i++) buf_puts(&b, "ż");
        struct lab_answer answer = answer_it(
            *state, &w, arena_printf(*state, "'to':'support','text':'%s'", buf_text(&b)));
        assert_int_equal(answer.status, over ? 422 : 200);
    }
    worker_end(&w);
}

/* Support works on weekdays: three hours of Friday, and one of Monday. */
static void test_support_sleeps_at_weekends(void **state) {
    struct worker w = begin(*state);
    assert_int_equal(
        answer_it(*state, &w, "'to':'support','text':'Is there an outage?','subject':'CRM'").status,
        200);
    go(*state, &w, AT(4, 10) - 1);
    assert_string_equal(
        fixture_cell(*state, &w, "SELECT count(*) FROM message WHERE from_id = 'support'"), "0");
    go(*state, &w, AT(4, 10));
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT thread || ' ' || subject || ' ' || body FROM message WHERE from_id = "
                     "'support'"),
        "1 CRM The outage was at our data centre. It is over.");
    worker_end(&w);
    /* Without the word it is the other answer, after an hour of work. */
    w = begin(*state);
    answer_it(*state, &w, "'to':'support','text':'Help.'");
    go(*state, &w, AT(1, 15) - 1);
    assert_string_equal(messages(*state, &w), "1 learner -480");
    go(*state, &w, AT(1, 15));
    assert_string_equal(messages(*state, &w), "1 learner -480, 2 support -420");
    assert_string_equal(fixture_cell(*state, &w,
                                     "SELECT (SELECT event FROM message WHERE id = 1) = cause FROM "
                                     "event WHERE actor = 'support'"),
                        "1");
    /* Support is answered in turn. */
    assert_int_equal(answer_it(*state, &w, "'message':2,'text':'Thank you.'").status, 200);
    go(*state, &w, AT(1, 16));
    assert_string_equal(fixture_cell(*state, &w, "SELECT thread FROM message WHERE id = 3"), "1");
    worker_end(&w);
}

static void test_working_hours(void **state) {
    (void)state;
    static const struct lab_calendar week = {0x1f, 9 * 60, 17 * 60, 0},
                                     east = {0x1f, 9 * 60, 17 * 60, 120}, always = {0, 0, 0, 0},
                                     late = {0x40, 22 * 60, 24 * 60, 0};
    static const struct {
        const struct lab_calendar *c;
        int64_t from_ms, work_ms, at_ms;
    } cases[] = {
        {&week, START, 3 * MS_HOUR, AT(1, 17)},     {&week, START, 3 * MS_HOUR + 1, AT(4, 9) + 1},
        {&week, AT(1, 17), MS_HOUR, AT(4, 10)},     {&week, AT(2, 12), MS_HOUR, AT(4, 10)},
        {&week, AT(4, 0), 20 * MS_HOUR, AT(6, 13)}, {&east, START, MS_HOUR, AT(1, 15)},
        {&east, START, MS_HOUR + 1, AT(4, 7) + 1},  {&always, AT(2, 3), 5 * MS_HOUR, AT(2, 8)},
        {&late, START, MS_HOUR, AT(3, 23)},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t at_ms = lab_calendar_after(cases[i].c, cases[i].from_ms, cases[i].work_ms);
        if (at_ms != cases[i].at_ms)
            fail_msg("case %zu: %lld minutes off", i, (long long)(at_ms - cases[i].at_ms) / 60000);
    }
}

static void test_what_screens_see(void **state) {
    struct worker w = begin(*state);
    const char *answer, *why;
    size_t len;
    go(*state, &w, AT(1, 23));
    answer_it(*state, &w, "'message':1,'choice':'wait'");
    assert_int_equal(client_view(&w, "{\"view\":\"messages\"}", *state, &answer, &len), OK);
    json_t *rows = json_object_get(json_read(*state, answer, len, &why), "rows"),
           *first = json_array_get(rows, 1);
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(first, "from")), "head-of-sales");
    assert_string_equal(json_string_value(json_object_get(first, "choice")), "wait");
    assert_int_equal(json_integer_value(json_object_get(first, "missed")), 1);
    assert_int_equal(json_array_size(json_object_get(first, "choices")), 2);
    assert_string_equal(
        json_text(*state, json_object_get(json_read(*state, answer, len, &why), "to")),
        "[\"support\"]");
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_is_missed),    TEST(test_an_answer_in_time),
        TEST(test_a_choice_has_its_price), TEST(test_answers_that_are_none),
        TEST(test_long_messages),          TEST(test_support_sleeps_at_weekends),
        TEST(test_working_hours),          TEST(test_what_screens_see),
    };
    return cmocka_run_group_tests(tests, make_scratch, scratch_drop);
}
