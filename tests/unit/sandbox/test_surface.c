/* What dialects differ in beyond names: words, filters, bodies, revisions, repeated requests. */
#include "unit/lab/lab_fixture.h"

#include <stdlib.h>

#include "base/clock.h"

static struct worker worker_of(struct arena *a, const char *choice) {
    return fixture_worker(a, fixture_scenario(a), choice, 3);
}

/* ---- Words ---------------------------------------------------------------------------------- */
#define PEOPLE "/v1/people"
#define CONTACTS "/desk/v3/tables/Contact"

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
        fixture_expect(&answer, cases[i].status, cases[i].words);
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
        fixture_expect(&answer, cases[i].status, cases[i].words);
    }
    worker_end(&w);
}

/* ---- Lists ---------------------------------------------------------------------------------- */
static struct lab_answer get(struct arena *a, struct worker *w, const char *path,
                             const char *query) {
    fixture_step(a, w, "{\"advance_ms\":10000,\"kind\":\"clock\"}");
    return fixture_call(a, w, "crm", "GET", path, query, NULL);
}

/* The rows of a list that has to be a good answer. */
static json_t *rows(struct arena *a, struct worker *w, const char *path, const char *query,
                    const char *key) {
    struct lab_answer answer = get(a, w, path, query);
    fixture_expect(&answer, 200, NULL);
    return json_object_get(fixture_json(a, &answer), key);
}

static int64_t number(struct arena *a, struct worker *w, const char *sql) {
    return strtoll(fixture_cell(a, w, sql), NULL, 10);
}

#define FIRMS "/v1/firms"

static void test_filters_compare(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=heron");
    const char *middle = fixture_cell(
        *state, &w, "SELECT employees FROM crm_account ORDER BY employees LIMIT 1 OFFSET 5");
    static const struct {
        const char *query, *sql;
    } cases[] = {
        {"staff[min]=%s", "employees >= %s"},
        {"staff[max]=%s", "employees <= %s"},
        {"staff[not]=%s", "employees IS NULL OR employees <> %s"},
        {"staff[min]=%s&staff[max]=%s", "employees = %s"},
        {"name[has]=a", "instr(name, 'a') > 0"},
        {"country_code[not]=DE", "country IS NULL OR country <> 'DE'"},
        {"since[min]=0", "1"},
        {"since[max]=0", "0"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *query = arena_printf(*state, cases[i].query, middle, middle),
                   *where = arena_printf(*state, cases[i].sql, middle);
        json_t *found = rows(*state, &w, FIRMS, arena_printf(*state, "page_size=100&%s", query),
                             "data");
        int64_t count = number(
            *state, &w, arena_printf(*state, "SELECT count(*) FROM crm_account WHERE %s", where));
        if ((int64_t)json_array_size(found) != count)
            fail_msg("%s: %zu, not %lld", query, json_array_size(found), (long long)count);
    }
    static const char *const bad[] = {"staff[min]=many", "staff[has]=1",     "staff[least]=1",
                                      "staff[min]=",     "employees[min]=1", "since[min]=yesterday",
                                      "[min]=1",         "staff[min]=1[min]"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct lab_answer answer = get(*state, &w, FIRMS, bad[i]);
        fixture_expect(&answer, 422, NULL);
    }
    /* A comparison is a filter: RULE lab-filters holds for both. */
    struct buf query;
    buf_init(&query, *state);
    for (int i = 0; i < 31; i++) buf_puts(&query, "staff[min]=0&");
    struct lab_answer answer = get(*state, &w, FIRMS,
                                   arena_printf(*state, "%sedited_from=0", buf_text(&query)));
    fixture_expect(&answer, 200, NULL);
    answer = get(*state, &w, FIRMS,
                 arena_printf(*state, "%sedited_from=0&staff[max]=9", buf_text(&query)));
    fixture_expect(&answer, 422, "32 filters");
    worker_end(&w);
}

#define FIRM_TABLE "/desk/v3/tables/Firm"

static void test_operators_in_values(void **state) {
    struct worker w = worker_of(*state, "crm=aurelia,map=heron");
    int64_t most = number(*state, &w, "SELECT max(employees) FROM crm_account");
    const char *above = "limit=200&Headcount=above%%20%lld", *from = "Headcount=from%%20%lld";
    assert_int_equal(
        json_array_size(rows(*state, &w, FIRM_TABLE, arena_printf(*state, above, most), "Rows")),
        0);
    json_t *found = rows(*state, &w, FIRM_TABLE, arena_printf(*state, from, most), "Rows");
    assert_true(json_array_size(found) >= 1);
    /* Without an operator it is the value itself. */
    found = rows(*state, &w, FIRM_TABLE, arena_printf(*state, "Headcount=%lld", (long long)most),
                 "Rows");
    assert_true(json_array_size(found) >= 1);
    struct lab_answer answer = get(*state, &w, FIRM_TABLE, "Headcount=above%20all");
    fixture_expect(&answer, 400, "Headcount");
    worker_end(&w);
}

/* RULE lab-sort. */
static void test_lists_in_an_order(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=heron");
    json_t *found = rows(*state, &w, FIRMS, "page_size=100&order=-staff,name", "data"), *row;
    int64_t last = INT64_MAX;
    size_t i;
    json_array_foreach (found, i, row) {
        int64_t staff = json_integer_value(json_object_get(row, "staff"));
        assert_true(staff <= last);
        last = staff;
    }
    assert_true(i > 5);
    static const struct {
        const char *query;
        int status;
        const char *words;
    } cases[] = {
        {"order=staff,name,-since", 200, NULL},
        {"order=staff,name,-since,id", 422, "order"},
        {"order=employees", 422, "employees"},
        {"order=--staff", 422, "-staff"},
        {"order=", 422, NULL},
        {"order=staff,,name", 422, NULL},
    };
    for (i = 0; i < COUNT_OF(cases); i++) {
        struct lab_answer answer = get(*state, &w, FIRMS, cases[i].query);
        fixture_expect(&answer, cases[i].status, cases[i].words);
    }
    worker_end(&w);
}

/* The next page of an ordered or filtered list is one of the same list. */
static void test_next_pages_keep_what_was_asked_for(void **state) {
    struct worker w = worker_of(*state, "crm=aurelia,map=heron");
    struct lab_answer answer = get(
        *state, &w, CONTACTS,
        "limit=20&orderedBy=FamilyName%20falling,Id%20rising&columns=FamilyName");
    const char *next = json_string_value(
        json_object_get(fixture_json(*state, &answer), "Following"));
    assert_string_equal(next,
                        CONTACTS "?limit=20&offset=20&orderedBy=FamilyName%20falling%2CId%20rising&"
                                 "columns=FamilyName");
    /* A cursor of an ordered list counts, that of another names the last record: neither serves the
     * other list. */
    const char *place = NULL, *query = "perPage=90&flyBy=email.high", *last = "~", *email;
    int seen = 0;
    json_t *row;
    size_t i;
    do {
        fixture_step(*state, &w, "{\"advance_ms\":60000,\"kind\":\"clock\"}");
        answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads", query, NULL);
        json_t *page = fixture_json(*state, &answer);
        json_array_foreach (json_object_get(page, "found"), i, row) {
            email = json_string_value(json_object_get(row, "email"));
            assert_true(strcmp(email ? email : "", last) <= 0);
            last = email ? email : "";
            seen++;
        }
        next = json_string_value(json_object_get(page, "bookmark"));
        if (next) place = next;
        query = arena_printf(*state, "perPage=90&flyBy=email.high&bookmark=%s", place);
    } while (next && seen < 1000);
    assert_int_equal(seen, number(*state, &w, "SELECT count(*) FROM map_lead"));
    answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads",
                          arena_printf(*state, "bookmark=%s", place), NULL);
    fixture_expect(&answer, 200, "\"done\":false");
    answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads", "perPage=9", NULL);
    next = json_string_value(json_object_get(fixture_json(*state, &answer), "bookmark"));
    answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads",
                          arena_printf(*state, "flyBy=email.low&bookmark=%s", next), NULL);
    fixture_expect(&answer, 200, "\"done\":false");
    worker_end(&w);
}

static void test_only_what_was_changed_since(void **state) {
    struct worker w = worker_of(*state, "crm=aurelia,map=heron");
    struct lab_answer answer = get(*state, &w, CONTACTS, "limit=1");
    const char *id = json_string_value(json_object_get(
        json_array_get(json_object_get(fixture_json(*state, &answer), "Rows"), 0), "Id"));
    const char *path = arena_printf(*state, CONTACTS "/%s", id);
    answer = fixture_call(*state, &w, "crm", "PATCH", path, NULL, "{'Position':'Welder'}");
    fixture_expect(&answer, 204, NULL);
    answer = get(*state, &w, path, "columns=ChangedOn");
    json_t *r = fixture_json(*state, &answer);
    const char *at = json_string_value(json_object_get(r, "ChangedOn"));
    assert_int_equal(json_object_size(r), 2); /* what was chosen, and the id */
    /* A time that the answer showed, which has whole seconds, loses nothing. */
    json_t *found = rows(*state, &w, CONTACTS,
                         arena_printf(*state, "columns=Id,Position&changedFrom=%s", at), "Rows");
    assert_int_equal(json_array_size(found), 1);
    assert_int_equal(json_object_size(json_array_get(found, 0)), 2);
    int64_t ms;
    assert_true(time_parse_iso(at, &ms));
    at = time_iso(*state, ms + 1000);
    found = rows(*state, &w, CONTACTS, arena_printf(*state, "changedFrom=%s", at), "Rows");
    assert_int_equal(json_array_size(found), 0);
    answer = get(*state, &w, CONTACTS, "changedFrom=yesterday");
    fixture_expect(&answer, 400, "changedFrom");
    answer = get(*state, &w, CONTACTS, "columns=Id,job_title");
    fixture_expect(&answer, 400, "job_title");
    answer = get(*state, &w, path, "columns=job_title");
    fixture_expect(&answer, 400, "job_title");
    worker_end(&w);
}

/* ---- Methods and headers -------------------------------------------------------------------- */
/* RULE lab-allow. */
static void test_options_tell_what_can_be_done(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=heron");
    static const struct {
        const char *path, *allow;
    } cases[] = {
        {PEOPLE, "GET, HEAD, POST, OPTIONS"},   {PEOPLE "/c1", "GET, HEAD, PUT, DELETE, OPTIONS"},
        {PEOPLE "/c1/absorb", "POST, OPTIONS"}, {FIRMS, "GET, HEAD, OPTIONS"},
        {FIRMS "/c1", "GET, HEAD, OPTIONS"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        fixture_step(*state, &w, "{\"advance_ms\":10000,\"kind\":\"clock\"}");
        struct lab_answer answer = fixture_call(*state, &w, "crm", "OPTIONS", cases[i].path, NULL,
                                                NULL);
        fixture_expect(&answer, 204, NULL);
        assert_string_equal(fixture_header(&answer, "Allow"), cases[i].allow);
        answer = fixture_call(*state, &w, "crm", "BREW", cases[i].path, NULL, NULL);
        fixture_expect(&answer, 405, "BREW");
        assert_string_equal(fixture_header(&answer, "Allow"), cases[i].allow);
    }
    struct lab_answer answer = fixture_call(*state, &w, "crm", "OPTIONS", "/v1/nothing", NULL,
                                            NULL);
    fixture_expect(&answer, 404, NULL);
    answer = fixture_call(*state, &w, "crm", "HEAD", PEOPLE, "page_size=1", NULL);
    fixture_expect(&answer, 200, NULL);
    /* A dialect without the traits. */
    answer = fixture_call(*state, &w, "map", "HEAD", "/nest/v2/leads", NULL, NULL);
    assert_true(answer.refused);
    answer = fixture_call(*state, &w, "map", "OPTIONS", "/nest/v2/leads", NULL, NULL);
    assert_true(answer.refused);
    assert_non_null(fixture_header(&answer, "Allow")); /* with each 405: RFC 9110, 15.5.6 */
    worker_end(&w);
}

static void test_links_lead_to_the_end(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=heron");
    const char *query = "page_size=50&no_mail=0&order=email";
    int seen = 0;
    while (query && seen < 1000) {
        struct lab_answer answer = get(*state, &w, PEOPLE, query);
        fixture_expect(&answer, 200, NULL);
        seen += (int)json_array_size(json_object_get(fixture_json(*state, &answer), "data"));
        const char *link = fixture_header(&answer, "Link");
        size_t len = link ? strlen(link) : 0;
        assert_true(!link || (str_has_prefix(link, "<?page_size=50&page_token=") &&
                              str_has_suffix(link, "&no_mail=0&order=email>; rel=\"next\"")));
        query = link ? arena_copy(*state, link + 2, len - 2 - strlen(">; rel=\"next\"")) : NULL;
    }
    assert_int_equal(seen,
                     number(*state, &w, "SELECT count(*) FROM crm_contact WHERE do_not_email = 0"));
    /* One that is too long is left out; the body leads on. */
    char *end = arena_alloc(*state, 4001);
    memset(end, 'a', 4000);
    end[4000] = '\0';
    struct lab_answer answer = get(*state, &w, PEOPLE,
                                   arena_printf(*state, "page_size=1&email[not]=%s", end));
    fixture_expect(&answer, 200, "next_page_token\":\"");
    assert_null(fixture_header(&answer, "Link"));
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_only_words_of_the_dialect_are_taken),
        TEST(test_filters_take_only_words_of_the_dialect),
        TEST(test_filters_compare),
        TEST(test_operators_in_values),
        TEST(test_lists_in_an_order),
        TEST(test_next_pages_keep_what_was_asked_for),
        TEST(test_only_what_was_changed_since),
        TEST(test_options_tell_what_can_be_done),
        TEST(test_links_lead_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
