/* Hand-over: a lead that keeps the agreed points for a minute becomes a contact, once. */
#include "unit/sandbox/kind_fixture.h"

#define BOTH "crm=aurelia,map=heron"
#define MORE                                                                                       \
    "<bind kind=\"handover\" id=\"handover\" in=\"map\">"                                          \
    "<role id=\"lead\" is=\"map.lead\"><part id=\"link\" is=\"crm_id\"/></role>"                   \
    "<role id=\"contact\" is=\"crm.contact\"/></bind>"                                             \
    "<lookup id=\"handover\"><pair left=\"points\" right=\"60\"/></lookup>"                        \
    "<lookup id=\"country_names\"><pair left=\"MX\" right=\"Mexico\"/></lookup>"                   \
    "<lookup id=\"industry_words\"><pair left=\"healthcare\" right=\"Health\"/></lookup>"

static const struct kind_seed seeds[] = {
    {"map.lead", "key,first_name,email,industry,country,job_title\n"
                 "ada,Ada,ada@amberly.example,Health,Mexico,Head of IT\n"
                 "bo,Bo,bo@amberly.example,Education,Mexico,Buyer\n"},
    {"crm.contact", "key,last_name,email\nbo,Brandl,BO@amberly.example\n"},
    {NULL, NULL}};

static const char *rule(struct kind_lab *lab, const char *points, const char *word) {
    const char *id = kind_make(lab, "map.score_rule", "name", word, "points", points, NULL);
    kind_make(lab, "map.score_condition", "rule_id", id, "any", "1", "field", "job_title",
              "operator", "contains", "value", word, NULL);
    return id;
}

static const char *people(struct kind_lab *lab) {
    return kind_cell(lab, "SELECT count(*) FROM crm_contact");
}

static void test_the_agreed_points_for_a_minute(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, BOTH, MORE, seeds);
    const char *head = rule(&lab, "59", "head");
    kind_advance(&lab, MS_HOUR);
    assert_string_equal(people(&lab), "1");
    kind_change(&lab, "map.score_rule", head, "points", "60", NULL);
    kind_advance(&lab, MS_MINUTE - 1);
    assert_string_equal(people(&lab), "1");
    kind_advance(&lab, 1);
    assert_string_equal(
        kind_cell(&lab, "SELECT group_concat(first_name || last_name || country || industry || "
                        "lead_score) FROM crm_contact WHERE first_name = 'Ada'"),
        "Adaada@amberly.exampleMXhealthcare60");
    kind_change(&lab, "map.score_rule", head, "points", "70", NULL);
    kind_advance(&lab, MS_HOUR);
    assert_string_equal(people(&lab), "2");
    assert_string_equal(
        kind_cell(&lab, "SELECT lead_score FROM crm_contact WHERE first_name = 'Ada'"), "70");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM event WHERE kind = 'handover.done'"),
                        "1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* One rule gives, the next one takes: nobody is handed over between the two. */
static void test_points_that_do_not_stay(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, BOTH, MORE, seeds);
    rule(&lab, "60", "head");
    rule(&lab, "-1", "it");
    kind_advance(&lab, MS_HOUR);
    assert_string_equal(people(&lab), "1");
    kind_end(&lab);
}

static void test_somebody_whom_the_crm_knows(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, BOTH, MORE, seeds);
    rule(&lab, "60", "buyer");
    kind_advance(&lab, MS_HOUR);
    assert_string_equal(people(&lab), "1");
    assert_string_equal(kind_cell(&lab, "SELECT c.last_name FROM map_lead l JOIN crm_contact c ON "
                                        "c.id = l.crm_id WHERE l.first_name = 'Bo'"),
                        "Brandl");
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_agreed_points_for_a_minute),
        TEST(test_points_that_do_not_stay),
        TEST(test_somebody_whom_the_crm_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
