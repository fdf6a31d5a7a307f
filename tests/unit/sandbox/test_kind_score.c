/* Scores: what leads get for what is true of them, and how it fades. */
#include "unit/sandbox/kind_fixture.h"

#define MAP "crm=aurelia,map=heron"

static const struct kind_seed seeds[] = {
    {"map.lead", "key,first_name,email,industry,job_title\n"
                 "ada,Ada,ada@amberly.example,Health,Head of IT\n"
                 "bo,Bo,bo@amberly.example,Education,\n"},
    {"map.score_rule", "key,name,points,fades_by,fades_days\nhealth,Health,40,15,10\n"},
    {"map.score_condition", "rule_id,any,field,operator,value\n@health,1,industry,is,Health\n"},
    {NULL, NULL}};

static const char *lead(struct kind_lab *lab, const char *name) {
    return kind_id(lab, "map_lead", "first_name", name);
}

static const char *score(struct kind_lab *lab, const char *name) {
    return kind_cell(lab, "SELECT score FROM map_lead WHERE first_name = '%s'", name);
}

static const char *rule(struct kind_lab *lab, const char *points, const char *field,
                        const char *operator, const char * value) {
    const char *id = kind_make(lab, "map.score_rule", "name", field, "points", points, NULL);
    kind_make(lab, "map.score_condition", "rule_id", id, "any", "1", "field", field,
              "operator", operator, "value", value, NULL);
    return id;
}

static void test_points_are_given_and_taken(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, MAP, "", seeds);
    assert_string_equal(score(&lab, "Ada"), "40");
    assert_string_equal(score(&lab, "Bo"), "");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM event"), "0");
    kind_change(&lab, "map.lead", lead(&lab, "Bo"), "industry", "Health", NULL);
    const char *heads = rule(&lab, "7", "job_title", "begins", "head");
    rule(&lab, "-50", "unsubscribed", "is", "true");
    assert_string_equal(score(&lab, "Ada"), "47");
    assert_string_equal(score(&lab, "Bo"), "40");
    kind_change(&lab, "map.lead", lead(&lab, "Ada"), "unsubscribed", "1", NULL);
    assert_string_equal(score(&lab, "Ada"), "-3");
    kind_change(&lab, "map.score_rule", heads, "points", "8", NULL);
    assert_string_equal(score(&lab, "Ada"), "-2");
    kind_change(&lab, "map.score_rule", heads, "active", "0", NULL);
    assert_string_equal(score(&lab, "Ada"), "-10");
    kind_delete(&lab, "map.score_rule", heads, NULL);
    kind_change(&lab, "map.lead", lead(&lab, "Bo"), "industry", "Education", NULL);
    assert_string_equal(score(&lab, "Bo"), "0");
    kind_make(&lab, "map.lead", "email", "cy@amberly.example", "first_name", "Cy", "industry",
              "Health", NULL);
    assert_string_equal(score(&lab, "Cy"), "40");
    assert_string_equal(
        kind_cell(&lab, "SELECT actor || human FROM event WHERE field = 'score' LIMIT 1"),
        "score0");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* On both sides of each day: 40, then 15 less every ten days, then none is left. */
static void test_points_fade(void **state) {
    static const char *const after[] = {"25", "10", "0", "0"};
    struct kind_lab lab;
    kind_start(&lab, *state, MAP, "", seeds);
    const char *before = "40";
    for (size_t i = 0; i < COUNT_OF(after); i++) {
        kind_advance(&lab, 5 * MS_DAY);
        kind_advance(&lab, 5 * MS_DAY - 1);
        assert_string_equal(score(&lab, "Ada"), before);
        kind_advance(&lab, 1);
        assert_string_equal(score(&lab, "Ada"), after[i]);
        before = after[i];
    }
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM sim_due WHERE kind = 'due'"), "0");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* News that says the same again makes the points whole, and their days begin anew. */
static void test_points_are_renewed(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, MAP, "", seeds);
    kind_make(&lab, "map.score_condition", "rule_id",
              kind_id(&lab, "map_score_rule", "name", "Health"), "any", "1", "field", "phone",
              "operator", "is_not", "value", "0", NULL);
    kind_advance(&lab, 7 * MS_DAY);
    kind_advance(&lab, 5 * MS_DAY);
    assert_string_equal(score(&lab, "Ada"), "25");
    kind_change(&lab, "map.lead", lead(&lab, "Ada"), "phone", "123456", NULL);
    assert_string_equal(score(&lab, "Ada"), "40");
    kind_advance(&lab, 5 * MS_DAY);
    kind_advance(&lab, 5 * MS_DAY - 60000); /* the call took a moment */
    assert_string_equal(score(&lab, "Ada"), "40");
    kind_advance(&lab, 60000);
    assert_string_equal(score(&lab, "Ada"), "25");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* A score beyond what a field holds: refused with an event, and the lab goes on. */
static void test_a_score_that_no_field_holds(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, MAP, "", seeds);
    kind_try_make(&lab, "map.score_rule", "name", "Much", "points", "1000000000000000000", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM map_score_rule"), "1");
    rule(&lab, "1000000000000", "job_title", "begins", "head");
    assert_string_equal(score(&lab, "Ada"), "40");
    assert_string_equal(
        kind_cell(&lab, "SELECT field || ' ' || detail FROM event WHERE kind = 'record.refused'"),
        "score value is not allowed");
    rule(&lab, "-1000000000000", "job_title", "begins", "head");
    assert_string_equal(score(&lab, "Ada"), "40");
    rule(&lab, "1", "first_name", "is", "ada");
    assert_string_equal(score(&lab, "Ada"), "41");
    kind_end(&lab);
}

static void test_a_row_that_says_nothing(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, MAP, "", seeds);
    rule(&lab, "5", "score", "contains", "1");
    assert_string_equal(kind_cell(&lab, "SELECT detail FROM event WHERE kind = 'score.unclear'"),
                        "“contains” says nothing of the field “warmth”.");
    assert_string_equal(score(&lab, "Ada"), "40");
    kind_end(&lab);
}

/* A rule that asks for the score which it makes goes round: it is stopped and told. */
static void test_a_score_of_itself(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, MAP, "", seeds);
    rule(&lab, "-30", "score", "greater", "20");
    kind_change(&lab, "map.lead", lead(&lab, "Bo"), "industry", "Health", NULL);
    assert_non_null(
        strstr(kind_cell(&lab, "SELECT max(detail) FROM event WHERE kind = 'rule.stopped'"),
               "map.score: it is the end of a chain of 16 rules."));
    kind_make(&lab, "map.lead", "email", "cy@amberly.example", "first_name", "Cy", NULL);
    assert_string_equal(score(&lab, "Cy"), "");
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_points_are_given_and_taken), TEST(test_points_fade),
        TEST(test_points_are_renewed),         TEST(test_a_score_that_no_field_holds),
        TEST(test_a_row_that_says_nothing),    TEST(test_a_score_of_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
