/* What dialects differ in beyond names: words, filters, bodies, revisions, repeated requests. */
#include "unit/lab/lab_fixture.h"

static struct worker worker_of(struct arena *a, const char *choice) {
    return fixture_worker(a, fixture_scenario(a), choice, 3);
}

/* An answer's status and, when it is a refusal, that it names `words`. */
static void expect(const struct lab_answer *answer, int status, const char *words) {
    if (answer->status != status || (words && !strstr(answer->body, words)))
        fail_msg("%d %s, not %d with “%s”", answer->status, answer->body, status,
                 words ? words : "");
}

/* ---- Words ---------------------------------------------------------------------------------- */
#define PEOPLE "/v1/people"

/* RULE lab-words. */
static void test_only_words_of_the_dialect_are_taken(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=quillon");
    static const struct {
        const char *connector, *path, *body;
        int status;
        const char *words;
    } cases[] = {
        {"crm", PEOPLE, "{'family_name':'A','sector':'making'}", 200, NULL},
        {"crm", PEOPLE, "{'family_name':'A','sector':'manufacturing'}", 422, "manufacturing"},
        /* Called alike in the dialect, and not renamed at all. */
        {"crm", PEOPLE, "{'family_name':'A','sector':'software'}", 200, NULL},
        {"crm", PEOPLE, "{'family_name':'A','country_code':'DE'}", 200, NULL},
        {"map", "/sheets/2/link/columns",
         "{'CRM Column':'firm_name','Guest Column':'Company Name','Flow':'CRM to Guest','Clean Up':'As it is'}",
         201, NULL},
        /* The neutral names of the same two fields, one after the other. */
        {"map", "/sheets/2/link/columns",
         "{'CRM Column':'company_name','Guest Column':'Job Role','Flow':'CRM to Guest','Clean Up':'As it is'}",
         400, "company_name"},
        {"map", "/sheets/2/link/columns",
         "{'CRM Column':'role','Guest Column':'job_title','Flow':'CRM to Guest','Clean Up':'As it is'}",
         400, "job_title"},
        {"map", "/sheets/2/link/columns",
         "{'CRM Column':'role','Guest Column':'Job Role','Flow':'to_right','Clean Up':'As it is'}",
         400, "to_right"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lab_answer answer = fixture_call(*state, &w, cases[i].connector, "POST",
                                                cases[i].path, NULL, cases[i].body);
        expect(&answer, cases[i].status, cases[i].words);
    }
    worker_end(&w);
}

static void test_filters_take_only_words_of_the_dialect(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=quillon");
    static const struct {
        const char *connector, *path, *query;
        int status;
        const char *words;
    } cases[] = {
        {"crm", PEOPLE, "sector=making", 200, "making"},
        {"crm", PEOPLE, "sector=manufacturing", 422, "manufacturing"},
        {"crm", PEOPLE, "no_mail=1", 200, "data"},
        {"crm", PEOPLE, "no_mail=true", 422, "true"},
        {"crm", PEOPLE, "last_name=A", 422, "last_name"},
        {"map", "/sheets/2/people", "Opted%20Out=No", 200, "rows"},
        {"map", "/sheets/2/people", "Opted%20Out=0", 400, "Opted Out"},
        /* A word that is in no list: records from before the list have it. */
        {"map", "/sheets/2/people", "Line%20Of%20Business=Mfg", 200, "Mfg"},
        {"map", "/sheets/2/link/columns", "CRM%20Column=email", 200, "rows"},
        {"map", "/sheets/2/link/columns", "Guest%20Column=email", 400, "email"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lab_answer answer = fixture_call(*state, &w, cases[i].connector, "GET",
                                                cases[i].path, cases[i].query, NULL);
        expect(&answer, cases[i].status, cases[i].words);
    }
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_only_words_of_the_dialect_are_taken),
        TEST(test_filters_take_only_words_of_the_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
