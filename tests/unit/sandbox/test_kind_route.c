/* Routing: who gets a new contact, and what happens when nobody is there or nothing happens. */
#include "unit/sandbox/kind_fixture.h"

/* The run starts on a Monday at 08:00 UTC. Ada and Bo work from nine to five, UTC, on weekdays. */
static const struct kind_seed seeds[] = {
    {"crm.seller", "key,name,team,days,zone_minutes,shift_start,shift_end,capacity\n"
                   "ada,Ada,north,weekdays,0,540,1020,2\n"
                   "bo,Bo,north,weekdays,0,540,1020,2\n"
                   "cy,Cy,south,all,120,540,1020,\n"},
    {"crm.routing_rule", "key,name,position,team,within_minutes\n"
                         "north,North,2,North,90\n"
                         "south,South,1,south,30\n"},
    {"crm.routing_condition", "rule_id,any,field,operator,value\n"
                              "@north,1,country,is,DE\n"
                              "@north,2,country,is,PL\n"
                              "@south,1,country,is,ES\n"
                              "@south,2,job_title,contains,head\n"},
    {NULL, NULL}};

static void start(struct kind_lab *lab, void **state) {
    kind_start(lab, *state, "crm=aurelia", "", seeds);
}

static const char *contact(struct kind_lab *lab, const char *name, const char *country,
                           const char *title) {
    kind_make(lab, "crm.contact", "last_name", name, "country", country, "job_title", title, NULL);
    return kind_id(lab, "crm_contact", "last_name", name);
}

/* "name owner state" of each contact, in the order in which they came. */
static const char *owners(struct kind_lab *lab) {
    return kind_cell(lab, "SELECT group_concat(t, ', ') FROM (SELECT c.last_name || ' ' || "
                          "coalesce(s.name, '-') || ' ' || a.state AS t FROM crm_assignment a JOIN "
                          "crm_contact c ON c.id = a.contact_id LEFT JOIN crm_seller s ON s.id = "
                          "a.owner_id ORDER BY a.id)");
}

static void finish(struct kind_lab *lab, const char *name) {
    const char *id = kind_cell(lab,
                               "SELECT a.id FROM crm_assignment a JOIN crm_contact c ON c.id = "
                               "a.contact_id WHERE c.last_name = '%s'",
                               name);
    kind_change(lab, "crm.assignment", id, "state", "done", NULL);
}

/* The first rule that fits decides, whatever fits below it. */
static void test_rules_have_an_order(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    contact(&lab, "One", "DE", "Head of IT");
    contact(&lab, "Two", "FR", NULL);
    assert_string_equal(owners(&lab), "One Cy open");
    assert_string_equal(kind_events(&lab, "route.unm"), "route.unmatched 1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* By their own clock: at eight nobody of the north is there, in the south it is ten. */
static void test_nobody_is_there_yet(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    contact(&lab, "One", "DE", NULL);
    contact(&lab, "Two", "ES", NULL);
    contact(&lab, "Three", "DE", NULL);
    assert_string_equal(owners(&lab), "One - waiting, Two Cy open, Three - waiting");
    kind_advance(&lab, KIND_START + MS_HOUR - 1 - kind_now(&lab));
    assert_string_equal(owners(&lab), "One - waiting, Two Cy open, Three - waiting");
    kind_advance(&lab, 1);
    assert_string_equal(owners(&lab), "One Ada open, Two Cy open, Three Bo open");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* Two each, then they wait until somebody is done; the oldest first. */
static void test_capacity_and_turns(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    kind_advance(&lab, MS_HOUR);
    static const char *const names[] = {"A", "B", "C", "D", "E", "F"};
    for (size_t i = 0; i < COUNT_OF(names); i++) contact(&lab, names[i], "DE", NULL);
    assert_string_equal(owners(&lab),
                        "A Ada open, B Bo open, C Ada open, D Bo open, E - waiting, F - waiting");
    finish(&lab, "B");
    assert_string_equal(owners(&lab),
                        "A Ada open, B Bo done, C Ada open, D Bo open, E Bo open, F - waiting");
    kind_change(&lab, "crm.seller", kind_id(&lab, "crm_seller", "name", "Ada"), "capacity", "3",
                NULL);
    assert_string_equal(owners(&lab),
                        "A Ada open, B Bo done, C Ada open, D Bo open, E Bo open, F Ada open");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* Away until, on both sides of the minute; and the weekend is nobody's. */
static void test_absence_and_weekend(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    kind_advance(&lab, MS_HOUR);
    kind_change(&lab, "crm.seller", kind_id(&lab, "crm_seller", "name", "Ada"), "away_until",
                arena_printf(*state, "%lld", (long long)(KIND_START + 3 * MS_HOUR)), NULL);
    kind_change(&lab, "crm.seller", kind_id(&lab, "crm_seller", "name", "Bo"), "active", "0", NULL);
    contact(&lab, "One", "DE", NULL);
    assert_string_equal(owners(&lab), "One - waiting");
    kind_advance(&lab, KIND_START + 3 * MS_HOUR - 1 - kind_now(&lab));
    assert_string_equal(owners(&lab), "One - waiting");
    kind_advance(&lab, 1);
    assert_string_equal(owners(&lab), "One Ada open");
    kind_advance(&lab, 4 * MS_DAY + 8 * MS_HOUR); /* Friday, seven in the evening */
    contact(&lab, "Two", "DE", NULL);
    kind_advance(&lab, 2 * MS_DAY);
    assert_string_equal(owners(&lab), "One Ada open, Two - waiting");
    kind_advance(&lab, MS_DAY);
    assert_string_equal(owners(&lab), "One Ada open, Two Ada open");
    assert_string_equal(
        kind_cell(&lab, "SELECT (assigned - %lld) / 60000 FROM crm_assignment ORDER BY id DESC",
                  (long long)KIND_START),
        arena_printf(*state, "%d", 7 * 1440 + 60)); /* Monday at nine */
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* Late at the minute, whether somebody has it or not; what is done in time is not. */
static void test_the_clock_of_the_rule(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    contact(&lab, "One", "ES", NULL);
    contact(&lab, "Two", "ES", NULL);
    contact(&lab, "Three", "DE", NULL);
    finish(&lab, "Two");
    int64_t now = kind_now(&lab);
    int64_t due = strtoll(kind_cell(&lab, "SELECT due FROM crm_assignment ORDER BY id"), NULL, 10);
    kind_advance(&lab, due - now - 1);
    assert_string_equal(kind_events(&lab, "route.late"), "");
    kind_advance(&lab, 1);
    assert_string_equal(kind_cell(&lab, "SELECT detail FROM event WHERE kind = 'route.late'"),
                        "not done in time");
    kind_change(&lab, "crm.seller", kind_id(&lab, "crm_seller", "name", "Ada"), "active", "0",
                NULL);
    kind_change(&lab, "crm.seller", kind_id(&lab, "crm_seller", "name", "Bo"), "active", "0", NULL);
    kind_advance(&lab, 2 * MS_HOUR);
    assert_string_equal(
        kind_cell(&lab, "SELECT detail FROM event WHERE kind = 'route.late' ORDER BY seq DESC"),
        "nobody has it");
    assert_string_equal(kind_cell(&lab,
                                  "SELECT group_concat(coalesce(late, 0), ' ') FROM (SELECT late "
                                  "FROM crm_assignment ORDER BY id)"),
                        "1 0 1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_rules_that_lead_nowhere(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = kind_make(&lab, "crm.routing_rule", "name", "Void", "position", "0", "team",
                               "nobody here", "within_minutes", "1", NULL);
    kind_make(&lab, "crm.routing_condition", "rule_id", id, "field", "lead_score", "operator",
              "contains", "value", "1", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT detail FROM event WHERE kind = 'route.unclear'"),
                        "“contains” says nothing of the field “LeadScore_x”.");
    contact(&lab, "One", "ES", NULL);
    assert_string_equal(owners(&lab), "One Cy open");
    kind_make(&lab, "crm.routing_condition", "rule_id", id, "any", "2", "field", "country",
              "operator", "is", "value", "FR", NULL);
    contact(&lab, "Two", "FR", NULL);
    assert_string_equal(kind_events(&lab, "route.nob"), "route.nobody 1");
    kind_advance(&lab, 2 * MS_MINUTE);
    assert_string_equal(kind_events(&lab, "route.late"), "route.late 1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rules_have_an_order),   TEST(test_nobody_is_there_yet),
        TEST(test_capacity_and_turns),    TEST(test_absence_and_weekend),
        TEST(test_the_clock_of_the_rule), TEST(test_rules_that_lead_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
