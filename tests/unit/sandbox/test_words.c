/* The words of a learner's dialect in texts of authors. */
#include "unit/lab/lab_fixture.h"

#include "labmodel/lab_words.h"

struct names {
    const struct lab_scenario *s;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
};

static struct names names_of(struct arena *a, const char *choice) {
    struct names n = {.s = fixture_scenario(a)};
    assert_true(lab_choice_read(&n.s->stack, choice, n.dialects, a));
    return n;
}

/* RULE lab-own-words. */
static void test_a_name_in_braces_is_what_the_dialect_says(void **state) {
    static const struct {
        const char *text, *aurelia, *boreal, *neutral;
    } cases[] = {
        {"{crm}: {crm.contact}", "Aurelia CRM: Contacts", "Boreal Deals: People", "CRM: Contacts"},
        {"the {crm.contact.job_title}.", "the Position.", "the Role.", "the Job title."},
        {"{crm.contact.industry=banking_insurance}", "Banking & Insurance", "finance",
         "banking_insurance"},
        /* Not names: columns, code, tokens of templates, and what leads nowhere. */
        {"{mapped} of {a, b} {", "{mapped} of {a, b} {", "{mapped} of {a, b} {",
         "{mapped} of {a, b} {"},
        {"{{crm}} {{crm.contact}}", "{{crm}} {{crm.contact}}", "{{crm}} {{crm.contact}}",
         "{{crm}} {{crm.contact}}"},
        {"{crm.contact.none}{crm.none}{none.contact}{crm.contact.email.x}{crm.}{.crm}",
         "{crm.contact.none}{crm.none}{none.contact}{crm.contact.email.x}{crm.}{.crm}",
         "{crm.contact.none}{crm.none}{none.contact}{crm.contact.email.x}{crm.}{.crm}",
         "{crm.contact.none}{crm.none}{none.contact}{crm.contact.email.x}{crm.}{.crm}"},
        {"{crm.contact.industry=none}{crm=1}{crm.contact.industry=}{crm",
         "{crm.contact.industry=none}{crm=1}{crm.contact.industry=}{crm",
         "{crm.contact.industry=none}{crm=1}{crm.contact.industry=}{crm",
         "{crm.contact.industry=none}{crm=1}{crm.contact.industry=}{crm"},
    };
    struct names one = names_of(*state, "crm=aurelia,map=heron"),
                 two = names_of(*state, "crm=boreal,map=heron");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *text = cases[i].text;
        assert_string_equal(lab_words(&one.s->stack, one.dialects, text, false, *state),
                            cases[i].aurelia);
        assert_string_equal(lab_words(&two.s->stack, two.dialects, text, false, *state),
                            cases[i].boreal);
        assert_string_equal(lab_words(&one.s->stack, NULL, text, false, *state), cases[i].neutral);
    }
    assert_null(lab_words(&one.s->stack, NULL, NULL, false, *state));
}

static void test_what_goes_into_markup_is_escaped(void **state) {
    struct names n = names_of(*state, "crm=boreal,map=heron");
    struct lab_dialect loud = *n.dialects[0];
    loud.title = "Boreal <b>&";
    n.dialects[0] = &loud;
    assert_string_equal(lab_words(&n.s->stack, n.dialects, "<p>{crm}</p>", true, *state),
                        "<p>Boreal &lt;b&gt;&amp;</p>");
    assert_string_equal(lab_words(&n.s->stack, n.dialects, "<p>{crm}</p>", false, *state),
                        "<p>Boreal <b>&</p>");
}

static void test_a_name_that_leads_nowhere_is_found(void **state) {
    const struct lab_stack *s = &fixture_scenario(*state)->stack;
    static const char *const fine[] = {"", "{mapped}", "{crm} {crm.contact} {map.lead.email}",
                                       "{{lead.none}}", "{crm.contact.industry=software}"};
    for (size_t i = 0; i < COUNT_OF(fine); i++) assert_null(lab_words_unknown(s, fine[i], *state));
    assert_null(lab_words_unknown(s, NULL, *state));
    static const char *const wrong[] = {"crm.contact.none", "crm.none", "none.contact",
                                        "crm.contact.industry=none"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_string_equal(
            lab_words_unknown(s, arena_printf(*state, "a {crm} {%s} b", wrong[i]), *state),
            wrong[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_name_in_braces_is_what_the_dialect_says),
        TEST(test_what_goes_into_markup_is_escaped),
        TEST(test_a_name_that_leads_nowhere_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
