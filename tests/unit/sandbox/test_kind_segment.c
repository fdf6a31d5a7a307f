/* Segments: who belongs to an audience, as profiles and rows change. */
#include "unit/sandbox/kind_fixture.h"

#define CDP "cdp=cairnwell"

static const struct kind_seed seeds[] = {
    {"cdp.profile", "key,first_name,email,lifecycle,identifiers,consent_time,email_refused\n"
                    "ada,Ada,ada@amberly.example,customer,3,1771574460000,0\n"
                    "bo,Bo,bo@amberly.example,engaged,1,1767340860000,1\n"
                    "cy,Cy,cy@amberly.example,known,,,0\n"},
    {"cdp.audience", "key,name,definition,refresh\nbuyers,Buyers,customers,live\n"},
    {"cdp.audience_rule",
     "audience_id,any,field,operator,value\n@buyers,1,lifecycle,is,customer\n"},
    {NULL, NULL}};

static void start(struct kind_lab *lab, void **state) { kind_start(lab, *state, CDP, "", seeds); }

/* First names of those in the audience. */
static const char *members(struct kind_lab *lab, const char *audience) {
    return kind_cell(lab,
                     "SELECT group_concat(first_name, ' ') FROM (SELECT first_name FROM "
                     "cdp_audience_member m JOIN cdp_profile p ON p.id = m.profile_id WHERE "
                     "m.audience_id = '%s' ORDER BY first_name)",
                     audience);
}

static const char *profile(struct kind_lab *lab, const char *name) {
    return kind_id(lab, "cdp_profile", "first_name", name);
}

static const char *audience(struct kind_lab *lab, const char *name, const char *refresh) {
    return kind_make(lab, "cdp.audience", "name", name, "definition", "as its rows say", "refresh",
                     refresh, NULL);
}

static const char *row(struct kind_lab *lab, const char *of, const char *group, const char *field,
                       const char *operator, const char * value) {
    return kind_make(lab, "cdp.audience_rule", "audience_id", of, "any", group, "field", field,
                     "operator", operator, "value", value, NULL);
}

/* RULE lab-start. */
static void test_a_run_begins_with_its_members(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = kind_id(&lab, "cdp_audience", "name", "Buyers");
    assert_string_equal(members(&lab, id), "Ada");
    assert_string_equal(kind_cell(&lab, "SELECT profiles FROM cdp_audience"), "1");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM event"), "0");
    kind_end(&lab);
}

static void test_members_enter_and_leave(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = kind_id(&lab, "cdp_audience", "name", "Buyers");
    kind_change(&lab, "cdp.profile", profile(&lab, "Cy"), "lifecycle", "customer", NULL);
    kind_change(&lab, "cdp.profile", profile(&lab, "Ada"), "lifecycle", "former", NULL);
    kind_make(&lab, "cdp.profile", "first_name", "Di", "lifecycle", "customer", NULL);
    kind_make(&lab, "cdp.profile", "first_name", "Ed", "lifecycle", "known", NULL);
    assert_string_equal(members(&lab, id), "Cy Di");
    assert_string_equal(kind_cell(&lab, "SELECT profiles FROM cdp_audience"), "2");
    assert_string_equal(
        kind_cell(
            &lab,
            "SELECT group_concat(e.kind || ' ' || p.first_name || ' ' || e.actor || e.human, ', ') "
            "FROM event e JOIN cdp_profile p ON p.id = e.record_id WHERE e.kind LIKE "
            "'segment.%%' AND coalesce(e.old_value, e.new_value) = '%s'",
            id),
        "segment.entered Cy segment0, segment.left Ada segment0, segment.entered Di segment0");
    /* What no row asks for is not looked at. */
    kind_change(&lab, "cdp.profile", profile(&lab, "Cy"), "company", "Amberly", NULL);
    assert_string_equal(kind_events(&lab, "segment."), "segment.entered 2, segment.left 1");
    kind_delete(&lab, "cdp.profile", profile(&lab, "Cy"), NULL);
    assert_string_equal(members(&lab, id), "Di");
    assert_string_equal(kind_cell(&lab, "SELECT profiles FROM cdp_audience"), "1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_rows_are_edited(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = kind_id(&lab, "cdp_audience", "name", "Buyers");
    const char *second = row(&lab, id, "2", "lifecycle", "is", "engaged");
    assert_string_equal(members(&lab, id), "Ada Bo");
    /* Of a group all rows hold together. */
    row(&lab, id, "2", "email_refused", "is", "false");
    assert_string_equal(members(&lab, id), "Ada");
    kind_change(&lab, "cdp.audience_rule", second, "value", "known", NULL);
    assert_string_equal(members(&lab, id), "Ada Cy");
    kind_delete(&lab, "cdp.audience", id, NULL);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_audience_member"), "0");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_audience_rule"), "0");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* Learners write the words of their dialect: a picklist's, a truth, a time. */
static void test_values_are_the_dialects(void **state) {
    static const struct {
        const char *choice, *word, *yes, *time;
    } cases[] = {{"cdp=cairnwell", "buying", "true", "1771574460000"},
                 {"cdp=merrowell", NULL, "1", "2026-02-20T08:01:00Z"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kind_lab lab;
        kind_start(&lab, *state, cases[i].choice, "", seeds);
        const struct lab_object *o = lab_object_by_path(&lab.stack, "cdp.profile", NULL);
        const char *word = lab_surface_value(lab.dialects[0], o, lab_field_find(o, "lifecycle"),
                                             "customer");
        const char *id = audience(&lab, "Words", "live");
        assert_true(!cases[i].word || str_eq(word, cases[i].word));
        row(&lab, id, "1", "lifecycle", "is", word);
        assert_string_equal(members(&lab, id), "Ada");
        id = audience(&lab, "Truths", "live");
        row(&lab, id, "1", "email_refused", "is", cases[i].yes);
        assert_string_equal(members(&lab, id), "Bo");
        id = audience(&lab, "Times", "live");
        row(&lab, id, "1", "consent_time", "is", cases[i].time);
        assert_string_equal(members(&lab, id), "Ada");
        kind_assert_quiet(&lab);
        kind_end(&lab);
    }
}

/* On both sides of each edge: Ada agreed a minute less than ten days before the start, Bo than 59.
 */
static void test_rows_over_dates(void **state) {
    static const struct {
        const char *operator, * value, *names;
    } cases[] = {{"within_days", "9", ""},
                 {"within_days", "10", "Ada"},
                 {"within_days", "59", "Ada Bo"},
                 {"older_than_days", "10", "Bo"},
                 {"older_than_days", "9", "Ada Bo"},
                 {"older_than_days", "59", ""},
                 {"within_next_days", "30", ""},
                 {"before", "2026-02-20", "Bo"},
                 {"before", "2026-02-21", "Ada Bo"},
                 {"after", "2026-02-20T08:01:00Z", ""},
                 {"after", "2026-02-20T08:00:59Z", "Ada"},
                 {"is_empty", NULL, "Cy"},
                 {"before", "soon", ""},
                 {"within_days", "-1", ""},
                 {"within_days", "many", ""}};
    struct kind_lab lab;
    start(&lab, state);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *id = audience(&lab, "Dates", "nightly");
        row(&lab, id, "1", "consent_time", cases[i].operator, cases[i].value);
        kind_change(&lab, "cdp.audience", id, "refresh", "live", NULL);
        const char *names = members(&lab, id);
        kind_delete(&lab, "cdp.audience", id, NULL);
        if (!str_eq(names, cases[i].names)) fail_msg("case %zu: %s", i, names);
    }
    kind_end(&lab);
}

/* A row that counts days is asked again each night. */
static void test_time_alone_makes_members_leave(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = audience(&lab, "Fresh", "live");
    row(&lab, id, "1", "consent_time", "within_days", "12");
    assert_string_equal(members(&lab, id), "Ada");
    kind_advance(&lab, 18 * MS_HOUR - 1); /* two in the morning is not yet there */
    kind_advance(&lab, 24 * MS_HOUR);
    assert_string_equal(members(&lab, id), "Ada");
    kind_advance(&lab, 24 * MS_HOUR);
    assert_string_equal(members(&lab, id), "");
    kind_end(&lab);
}

/* RULE lab-schedule: a live audience that changes each few minutes does not put off the count of
 * another. */
static void test_audiences_are_counted_by_the_hour(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = audience(&lab, "Hourly", "hourly"), *cy = profile(&lab, "Cy");
    row(&lab, id, "1", "lifecycle", "is", "known");
    assert_string_equal(members(&lab, id), "");
    for (int i = 0; i < 5; i++) {
        kind_advance(&lab, 10 * MS_MINUTE);
        kind_change(&lab, "cdp.profile", cy, "lifecycle", i % 2 ? "known" : "customer", NULL);
    }
    kind_change(&lab, "cdp.profile", cy, "lifecycle", "known", NULL);
    assert_string_equal(members(&lab, id), "");
    kind_advance(&lab, 10 * MS_MINUTE);
    assert_string_equal(members(&lab, id), "Cy");
    kind_change(&lab, "cdp.profile", cy, "lifecycle", "former", NULL);
    assert_string_equal(members(&lab, id), "Cy");
    kind_advance(&lab, MS_HOUR);
    assert_string_equal(members(&lab, id), "");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_audiences_of_audiences(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *buyers = kind_id(&lab, "cdp_audience", "name", "Buyers");
    const char *id = audience(&lab, "Others", "live");
    row(&lab, id, "1", "first_name", "has_value", NULL);
    row(&lab, id, "1", NULL, "not_member_of", buyers);
    assert_string_equal(members(&lab, id), "Bo Cy");
    kind_change(&lab, "cdp.profile", profile(&lab, "Bo"), "lifecycle", "customer", NULL);
    assert_string_equal(members(&lab, id), "Cy");
    kind_change(&lab, "cdp.profile", profile(&lab, "Ada"), "lifecycle", "former", NULL);
    assert_string_equal(members(&lab, id), "Ada Cy");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static const char *unclear(struct kind_lab *lab) {
    return kind_cell(
        lab, "SELECT detail FROM event WHERE kind = 'segment.unclear' ORDER BY seq DESC LIMIT 1");
}

/* RULE lab-filter-self, RULE lab-filter-names: a sentence in the log, and nobody is meant. */
static void test_rows_that_say_nothing(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = audience(&lab, "Itself", "live");
    row(&lab, id, "1", NULL, "member_of", id);
    assert_string_equal(unclear(&lab), "It asks for its own members.");
    assert_string_equal(members(&lab, id), "");
    row(&lab, id, "1", NULL, "not_member_of", id);
    assert_string_equal(members(&lab, id), "");
    id = audience(&lab, "Words", "live");
    row(&lab, id, "1", "lifecycle", "greater", "3");
    assert_string_equal(unclear(&lab), "“greater” says nothing of the field “lifecycle”.");
    id = audience(&lab, "Number", "live");
    row(&lab, id, "1", "zone_minutes", "is", "soon");
    assert_string_equal(unclear(&lab), "“soon” is no value to compare the field “utc_shift” with.");
    id = audience(&lab, "Nothing", "live");
    row(&lab, id, "1", NULL, "is", "soon");
    assert_string_equal(unclear(&lab), "There is no field “”.");
    assert_string_equal(kind_events(&lab, "rule."), "");
    kind_end(&lab);
}

/* A field that is gone: a seed names it, no call could. */
static void test_a_field_that_is_gone(void **state) {
    static const struct kind_seed gone[] = {
        {"cdp.profile", "key,first_name\nada,Ada\n"},
        {"cdp.audience", "key,name,definition,refresh\ng,Gone,of old,live\n"},
        {"cdp.audience_rule", "key,audience_id,any,field,operator,value\nr,@g,1,fax,is,1\n"},
        {NULL, NULL}};
    struct kind_lab lab;
    kind_start(&lab, *state, CDP, "", gone);
    const char *id = kind_id(&lab, "cdp_audience", "name", "Gone");
    kind_change(&lab, "cdp.audience_rule", kind_id(&lab, "cdp_audience_rule", "field", "fax"),
                "value", "2", NULL);
    assert_string_equal(unclear(&lab), "There is no field “fax”.");
    assert_string_equal(members(&lab, id), "");
    row(&lab, id, "2", "first_name", "is", "ada");
    assert_string_equal(members(&lab, id), "Ada");
    kind_end(&lab);
}

/* Two that exclude each other go round: stopped, told, and the lab goes on. */
static void test_audiences_in_a_circle(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *one = audience(&lab, "One", "live"), *two = audience(&lab, "Two", "live");
    row(&lab, one, "1", NULL, "member_of", two);
    row(&lab, two, "1", NULL, "not_member_of", one);
    kind_change(&lab, "cdp.profile", profile(&lab, "Ada"), "lifecycle", "former", NULL);
    assert_non_null(
        strstr(kind_cell(&lab, "SELECT max(detail) FROM event WHERE kind = 'rule.stopped'"),
               "it is the end of a chain of 16 rules."));
    const char *buyers = kind_id(&lab, "cdp_audience", "name", "Buyers");
    assert_string_equal(members(&lab, buyers), "");
    kind_change(&lab, "cdp.profile", profile(&lab, "Bo"), "lifecycle", "customer", NULL);
    assert_string_equal(members(&lab, buyers), "Bo");
    kind_end(&lab);
}

static void test_merged_profiles_are_one_member(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = kind_id(&lab, "cdp_audience", "name", "Buyers");
    kind_change(&lab, "cdp.profile", profile(&lab, "Bo"), "lifecycle", "customer", NULL);
    assert_string_equal(members(&lab, id), "Ada Bo");
    struct lab_answer answer = fixture_call(
        *state, &lab.w, "cdp", "POST",
        arena_printf(*state, "/cairn/stream/v9/profiles/%s/stack", profile(&lab, "Ada")), "",
        arena_printf(*state, "{'stacked_key':'%s'}", profile(&lab, "Bo")));
    assert_int_equal(answer.status, 200);
    assert_string_equal(members(&lab, id), "Ada");
    assert_string_equal(kind_cell(&lab, "SELECT profiles FROM cdp_audience"), "1");
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_run_begins_with_its_members),
        TEST(test_members_enter_and_leave),
        TEST(test_rows_are_edited),
        TEST(test_values_are_the_dialects),
        TEST(test_rows_over_dates),
        TEST(test_time_alone_makes_members_leave),
        TEST(test_audiences_are_counted_by_the_hour),
        TEST(test_audiences_of_audiences),
        TEST(test_rows_that_say_nothing),
        TEST(test_a_field_that_is_gone),
        TEST(test_audiences_in_a_circle),
        TEST(test_merged_profiles_are_one_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
