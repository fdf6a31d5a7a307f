/* The dialects: the same CRM and the same MAP through four mouths. */
#include "unit/lab/lab_fixture.h"

#include "labmodel/lab_openapi.h"
#include "lab/lab_pages.h"

static struct worker worker_of(struct arena *a, const char *choice) {
    return fixture_worker(a, fixture_scenario(a), choice, 3);
}

static const char *text(json_t *o, const char *key) {
    return json_string_value(json_object_get(o, key));
}

/* ---- Aurelia: offset, list of errors, dates, a day's quota
 * ---------------------------------------- */
#define CONTACTS "/desk/v3/tables/Contact"

static void test_offset_paging_gives_every_record_once(void **state) {
    struct worker w = worker_of(*state, "crm=aurelia,map=heron");
    const char *query = "limit=50", *last = "";
    int seen = 0, pages = 0;
    while (query && pages < 20) {
        struct lab_answer answer = fixture_call(*state, &w, "crm", "GET", CONTACTS, query, NULL);
        json_t *page = fixture_json(*state, &answer), *row;
        size_t i;
        assert_int_equal(answer.status, 200);
        assert_int_equal(json_integer_value(json_object_get(page, "Overall")), 220);
        json_array_foreach (json_object_get(page, "Rows"), i, row) {
            assert_true(strcmp(text(row, "Id"), last) > 0);
            last = text(row, "Id");
            seen++;
        }
        pages++;
        const char *next = text(page, "Following");
        query = next ? strchr(next, '?') + 1 : NULL;
    }
    assert_int_equal(seen, 220);
    assert_int_equal(pages, 5);
    worker_end(&w);
}

static void test_errors_as_a_list(void **state) {
    struct worker w = worker_of(*state, "crm=aurelia,map=heron");
    static const struct {
        const char *method, *path, *query, *body;
        int status;
        const char *code;
    } cases[] = {
        {"GET", "/desk/v3/nothing", NULL, NULL, 404, "NOTHING_HERE"},
        {"GET", "/services/v2/tables/Contact", NULL, NULL, 404, "NOTHING_HERE"},
        {"GET", CONTACTS "/AU-999", NULL, NULL, 404, "NOTHING_HERE"},
        {"GET", CONTACTS, "Nope=1", NULL, 400, "NO_SUCH_COLUMN"},
        {"GET", CONTACTS, "limit=0", NULL, 400, "WORD_NOT_ON_LIST"},
        {"GET", CONTACTS, "limit=99999999999999999999", NULL, 400, "WORD_NOT_ON_LIST"},
        {"GET", CONTACTS, "offset=-1", NULL, 400, "WORD_NOT_ON_LIST"},
        {"PUT", CONTACTS, NULL, "{}", 405, "NOT_DONE_HERE"},
        {"DELETE", "/desk/v3/tables/Firm/AU-100007", NULL, NULL, 405, "NOT_DONE_HERE"},
        {"POST", CONTACTS, NULL, NULL, 400, "BODY_UNREADABLE"},
        {"POST", CONTACTS, NULL, "{", 400, "BODY_UNREADABLE"},
        {"POST", CONTACTS, NULL, "[]", 400, "BODY_UNREADABLE"},
        {"POST", CONTACTS, NULL, "{'FamilyName':'A','FamilyName':'B'}", 400, "BODY_UNREADABLE"},
        {"POST", CONTACTS, NULL, "{'GivenName':'A'}", 400, "COLUMN_IS_EMPTY"},
        {"POST", CONTACTS, NULL, "{'FamilyName':'A','last_name':'B'}", 400, "NO_SUCH_COLUMN"},
        {"POST", CONTACTS, NULL, "{'FamilyName':7}", 400, "WORD_NOT_ON_LIST"},
        {"POST", CONTACTS, NULL, "{'FamilyName':'A','Email':'no address'}", 400,
         "WORD_NOT_ON_LIST"},
        {"POST", CONTACTS, NULL, "{'FamilyName':'A','Industry_x':'manufacturing2'}", 400,
         "WORD_NOT_ON_LIST"},
        {"POST", CONTACTS, NULL, "{'FamilyName':'A','NoMail':'Yes'}", 400, "WORD_NOT_ON_LIST"},
        {"POST", CONTACTS, NULL, "{'FamilyName':'A','FirmId':'nobody'}", 400, "WORD_NOT_ON_LIST"},
        {"POST", "/desk/v3/rules/MergeJob", NULL, "{'GroupsFound':1}", 400, "COLUMN_IS_FIXED"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lab_answer answer = fixture_call(*state, &w, "crm", cases[i].method, cases[i].path,
                                                cases[i].query, cases[i].body);
        json_t *error = json_array_get(fixture_json(*state, &answer), 0);
        if (answer.status != cases[i].status || !str_eq(text(error, "why"), cases[i].code))
            fail_msg("%s %s %s: %d %s", cases[i].method, cases[i].path,
                     cases[i].body ? cases[i].body : "", answer.status, answer.body);
        assert_true(strlen(text(error, "message")) > 5);
        assert_true(answer.refused);
    }
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM crm_contact"), "220");
    worker_end(&w);
}

static void test_create_read_update_delete(void **state) {
    struct worker w = worker_of(*state, "crm=aurelia,map=heron");
    struct lab_answer answer = fixture_call(
        *state, &w, "crm", "POST", CONTACTS, NULL,
        "{'FamilyName':'Nguyễn','Email':'n@x.example','Industry_x':'Banking & Insurance','NoMail':true,'LeadScore_x':-3}");
    assert_int_equal(answer.status, 201);
    const char *id = text(fixture_json(*state, &answer), "id");
    if (!id) id = text(fixture_json(*state, &answer), "Id");
    assert_non_null(id);
    const char *path = arena_printf(*state, CONTACTS "/%s", id);
    answer = fixture_call(*state, &w, "crm", "GET", path, NULL, NULL);
    json_t *r = fixture_json(*state, &answer);
    assert_string_equal(text(r, "FamilyName"), "Nguyễn");
    assert_string_equal(text(r, "Industry_x"), "Banking & Insurance");
    assert_true(json_is_true(json_object_get(r, "NoMail")));
    assert_int_equal(json_integer_value(json_object_get(r, "LeadScore_x")), -3);
    assert_true(json_is_null(json_object_get(r, "Phone")));
    assert_true(str_has_prefix(text(r, "AddedOn"), "2026-03-02T08:00:00"));
    assert_string_equal(
        fixture_cell(*state, &w,
                     arena_printf(*state, "SELECT industry FROM crm_contact WHERE id = '%s'", id)),
        "banking_insurance");
    answer = fixture_call(*state, &w, "crm", "PATCH", path, NULL,
                          "{'FamilyName':'Tran','Email':null}");
    assert_int_equal(answer.status, 204);
    assert_int_equal(answer.body_len, 0);
    assert_null(fixture_cell(
        *state, &w, arena_printf(*state, "SELECT email FROM crm_contact WHERE id = '%s'", id)));
    assert_int_equal(fixture_call(*state, &w, "crm", "DELETE", path, NULL, NULL).status, 204);
    assert_int_equal(fixture_call(*state, &w, "crm", "GET", path, NULL, NULL).status, 404);
    worker_end(&w);
}

static void test_tokens_expire(void **state) {
    struct worker w = worker_of(*state, "crm=aurelia,map=heron");
    struct lab_answer answer = fixture_step(*state, &w,
                                            "{\"connector\":\"crm\",\"kind\":\"token\"}");
    assert_int_equal(
        json_integer_value(json_object_get(fixture_json(*state, &answer), "expires_in")), 1800);
    static const char call[] =
        "{\"connector\":\"crm\",\"kind\":\"api\",\"method\":\"GET\",\"path\":\"" CONTACTS
        "\",\"query\":\"limit=1\",\"token\":1}";
    assert_int_equal(fixture_step(*state, &w, call).status, 200);
    fixture_step(*state, &w, "{\"advance_ms\":1700000,\"kind\":\"clock\"}");
    assert_int_equal(fixture_step(*state, &w, call).status, 200);
    fixture_step(*state, &w, "{\"advance_ms\":120000,\"kind\":\"clock\"}");
    answer = fixture_step(*state, &w, call);
    assert_int_equal(answer.status, 401);
    assert_non_null(strstr(answer.body, "TOKEN_REFUSED"));
    worker_end(&w);
}

/* ---- Boreal: page tokens, 429, seconds, fields left out
 * ------------------------------------------- */
static void test_page_tokens(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=quillon");
    const char *query = "page_size=100";
    int seen = 0;
    for (int pages = 0; query && pages < 10; pages++) {
        struct lab_answer answer = fixture_call(*state, &w, "crm", "GET", "/v1/people", query,
                                                NULL);
        json_t *page = fixture_json(*state, &answer);
        seen += (int)json_array_size(json_object_get(page, "data"));
        const char *next = text(page, "next_page_token");
        query = next ? arena_printf(*state, "page_size=100&page_token=%s", next) : NULL;
    }
    assert_int_equal(seen, 220);
    static const char *const bad[] = {"page_token=x",    "page_token=",       "page_token=bzox%00",
                                      "page_token=YTox", "page_token=bzotMQ", "page_size=101"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(fixture_call(*state, &w, "crm", "GET", "/v1/people", bad[i], NULL).status,
                         422);
    worker_end(&w);
}

static const char *header(const struct lab_answer *answer, const char *name) {
    for (int i = 0; i < answer->header_count; i++)
        if (str_eq(answer->headers[i].name, name)) return answer->headers[i].value;
    return NULL;
}

/* 20 calls in each five seconds of the lab's time; a call takes 0.15 s. */
static void test_burst_and_retry_after(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=quillon");
    struct lab_answer answer;
    for (int i = 0; i < 20; i++) {
        answer = fixture_call(*state, &w, "crm", "GET", "/v1/people", "page_size=1", NULL);
        assert_int_equal(answer.status, 200);
        assert_string_equal(header(&answer, "RateLimit-Remaining"),
                            arena_printf(*state, "%d", 7999 - i));
    }
    answer = fixture_call(*state, &w, "crm", "GET", "/v1/people", "page_size=1", NULL);
    assert_int_equal(answer.status, 429);
    assert_string_equal(header(&answer, "Retry-After"), "2");
    assert_non_null(strstr(answer.body, "rate_limited"));
    /* RULE lab-limit-told: the log says how long. */
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT new_value || detail FROM event WHERE kind = 'api.limited'"),
        "2burst");
    /* A second too early is too early. */
    fixture_step(*state, &w, "{\"advance_ms\":1000,\"kind\":\"clock\"}");
    assert_int_equal(
        fixture_call(*state, &w, "crm", "GET", "/v1/people", "page_size=1", NULL).status, 429);
    fixture_step(*state, &w, "{\"advance_ms\":1000,\"kind\":\"clock\"}");
    assert_int_equal(
        fixture_call(*state, &w, "crm", "GET", "/v1/people", "page_size=1", NULL).status, 200);
    /* A click on a screen is no call of a client's: it costs nothing and is never refused for its
     * haste. */
    for (int i = 0; i < 40; i++)
        assert_int_equal(
            fixture_step(
                *state, &w,
                "{\"connector\":\"crm\",\"kind\":\"api\",\"method\":\"GET\",\"path\":\"/v1/people\",\"query\":\"page_size=1\","
                "\"via\":\"screen\"}")
                .status,
            200);
    worker_end(&w);
}

static void test_empty_fields_are_left_out(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=quillon");
    struct lab_answer answer = fixture_call(*state, &w, "crm", "POST", "/v1/people", NULL,
                                            "{'family_name':'Only','no_mail':1}");
    json_t *r = fixture_json(*state, &answer);
    assert_int_equal(answer.status, 200);
    assert_null(json_object_get(r, "email"));
    assert_int_equal(json_integer_value(json_object_get(r, "no_mail")), 1);
    assert_int_equal(json_integer_value(json_object_get(r, "since")), 1772438400);
    worker_end(&w);
}

/* ---- Heron: 200 with the failure inside
 * ----------------------------------------------------------- */
static void test_batch_tells_each_record(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=heron");
    struct lab_answer answer = fixture_call(
        *state, &w, "map", "POST", "/nest/v2/leads", NULL,
        "{'rows':[{'email':'a@x.example'},{'lastName':'No address'},{'email':'b@x.example','country':'Atlantis'},{'email':'c@x.example'}]}");
    json_t *body = fixture_json(*state, &answer), *result = json_object_get(body, "found");
    assert_int_equal(answer.status, 200);
    assert_true(json_is_true(json_object_get(body, "done")));
    assert_int_equal(json_array_size(result), 4);
    assert_string_equal(text(json_array_get(result, 0), "status"), "created");
    assert_string_equal(text(json_array_get(result, 1), "status"), "refused");
    assert_string_equal(
        text(json_array_get(json_object_get(json_array_get(result, 2), "because"), 0), "code"),
        "H-42");
    assert_string_equal(text(json_array_get(result, 3), "status"), "created");
    answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads/nobody", NULL, NULL);
    assert_int_equal(answer.status, 200);
    assert_true(json_is_false(json_object_get(fixture_json(*state, &answer), "done")));
    assert_true(answer.refused);
    answer = fixture_call(*state, &w, "map", "POST", "/nest/v2/leads", NULL, "{'rows':[]}");
    assert_true(json_is_false(json_object_get(fixture_json(*state, &answer), "done")));
    worker_end(&w);
}

static void test_cursor_paging(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=heron");
    const char *query = "perPage=75";
    int seen = 0;
    for (int pages = 0; query && pages < 10; pages++) {
        struct lab_answer answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads", query,
                                                NULL);
        json_t *page = fixture_json(*state, &answer);
        seen += (int)json_array_size(json_object_get(page, "found"));
        const char *next = text(page, "bookmark");
        query = next ? arena_printf(*state, "perPage=75&bookmark=%s", next) : NULL;
    }
    assert_int_equal(seen, 232);
    worker_end(&w);
}

/* RULE lab-filters. As many filters as there may be, and a cursor behind them: each is asked with
 * its own value. */
static void test_filters_and_a_cursor(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=heron");
    struct lab_answer answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads", "perPage=1",
                                            NULL);
    json_t *page = fixture_json(*state, &answer);
    const char *first = text(json_array_get(json_object_get(page, "found"), 0), "email"),
               *next = text(page, "bookmark");
    struct buf query;
    buf_init(&query, *state);
    buf_printf(&query, "perPage=5&bookmark=%s", next);
    for (int i = 0; i < 32; i++) buf_printf(&query, "&email=%s", percent_encode(*state, first, ""));
    answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads", buf_text(&query), NULL);
    page = fixture_json(*state, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(json_array_size(json_object_get(page, "found")), 0); /* the first is passed */
    buf_printf(&query, "&email=x");
    answer = fixture_call(*state, &w, "map", "GET", "/nest/v2/leads", buf_text(&query), NULL);
    assert_false(json_is_true(json_object_get(fixture_json(*state, &answer), "done")));
    assert_non_null(strstr(answer.body, "No more than 32 filters at once"));
    worker_end(&w);
}

/* ---- Quillon: words with blanks, Yes and No, day before month
 * ------------------------------------- */
static void test_title_case_and_dates(void **state) {
    struct worker w = worker_of(*state, "crm=boreal,map=quillon");
    struct lab_answer answer = fixture_call(
        *state, &w, "map", "POST", "/sheets/2/people", NULL,
        "{'Email Address':'q@x.example','Opted Out':'Yes','Line Of Business':'Shops and brands'}");
    json_t *r = fixture_json(*state, &answer);
    assert_int_equal(answer.status, 201);
    assert_string_equal(text(r, "Opted Out"), "Yes");
    assert_string_equal(text(r, "Added On"),
                        "02/03/2026 10:00"); /* 8:00 UTC in the zone of the head office */
    assert_string_equal(text(r, "Surname"), "");
    assert_string_equal(
        fixture_cell(*state, &w, "SELECT industry FROM map_lead WHERE email = 'q@x.example'"),
        "Retail and consumer");
    answer = fixture_call(*state, &w, "map", "GET", "/sheets/2/people",
                          "Email%20Address=q%40x.example", NULL);
    assert_int_equal(json_integer_value(json_object_get(fixture_json(*state, &answer), "of")), 1);
    answer = fixture_call(*state, &w, "map", "POST", "/sheets/2/people", NULL,
                          "{'Email Address':'q2@x.example','Opted Out':true}");
    assert_int_equal(answer.status, 400);
    assert_string_equal(answer.type, "application/problem+json");
    assert_int_equal(json_integer_value(json_object_get(fixture_json(*state, &answer), "status")),
                     400);
    worker_end(&w);
}

static void test_a_day_is_used_up(void **state) {
    struct lab_scenario *s = fixture_scenario(*state);
    struct lab_files files = s->files;
    struct buf pack;
    /* The same dialect with five calls a day. */
    for (int i = 0; i < files.count; i++)
        if (str_eq(files.file[i].name, "connectors/crm/aurelia.xml")) {
            char *changed = arena_dup(*state, files.file[i].text),
                 *at = strstr(changed, "daily=\"12000\"");
            assert_non_null(at);
            memcpy(at, "daily=\"5\"    ", 13);
            files.file[i].text = changed;
        }
    buf_init(&pack, *state);
    lab_pack_write(&files, &pack);
    struct worker w;
    const char *why;
    assert_int_equal(client_start(&w, fixture_zygote(), buf_text(&pack), pack.len, CHOICE, 1, NULL,
                                  0, *state, &why),
                     OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(fixture_call(*state, &w, "crm", "GET", CONTACTS, "limit=1", NULL).status,
                         200);
    struct lab_answer answer = fixture_call(*state, &w, "crm", "GET", CONTACTS, "limit=1", NULL);
    assert_int_equal(answer.status, 403);
    assert_non_null(strstr(answer.body, "DAY_IS_SPENT"));
    fixture_step(*state, &w, "{\"advance_ms\":86400000,\"kind\":\"clock\"}");
    assert_int_equal(fixture_call(*state, &w, "crm", "GET", CONTACTS, "limit=1", NULL).status, 200);
    worker_end(&w);
}

static void test_an_outage_is_an_outage(void **state) {
    struct worker w = worker_of(*state, "crm=aurelia,map=heron");
    fixture_step(*state, &w,
                 "{\"advance_ms\":72300000,\"kind\":\"clock\"}"); /* 20 hours and five minutes */
    struct lab_answer answer = fixture_call(*state, &w, "crm", "GET", CONTACTS, "limit=1", NULL);
    assert_int_equal(answer.status, 503);
    assert_int_equal(
        fixture_call(*state, &w, "map", "GET", "/nest/v2/leads", "perPage=1", NULL).status, 200);
    fixture_step(*state, &w, "{\"advance_ms\":3600000,\"kind\":\"clock\"}");
    assert_int_equal(fixture_call(*state, &w, "crm", "GET", CONTACTS, "limit=1", NULL).status, 200);
    worker_end(&w);
}

/* ---- Descriptions --------------------------------------------------------------------------- */
/* Every object: shown with its times and without an enum, for old data may hold any word. */
static void assert_schemas(json_t *doc, const struct lab_connector *k,
                           const struct lab_dialect *d) {
    json_t *all = json_object_get(json_object_get(doc, "components"), "schemas"), *schema;
    const char *name;
    int shown = 0;
    json_object_foreach (all, name, schema) {
        json_t *members = json_object_get(schema, "properties");
        if (!strchr(name, '.')) shown++;
        for (int i = 0; i < k->object_count; i++) {
            const struct lab_object *o = &k->objects[i];
            const struct lab_object_name *n = &d->objects[i];
            if (str_eq(name, n->title)) {
                assert_non_null(json_object_get(members, n->created_as));
                assert_non_null(json_object_get(members, n->updated_as));
            }
            for (int f = 0; f < o->field_count; f++) {
                json_t *value = json_object_get(members, n->fields[f].as);
                bool picks = value && o->fields[f].type == LAB_PICKLIST;
                if (picks && str_eq(name, n->title)) assert_null(json_object_get(value, "enum"));
            }
        }
    }
    assert_int_equal(shown, k->object_count);
    assert_non_null(json_object_get(all, "api.error"));
}

static void test_openapi(void **state) {
    struct lab_scenario *s = fixture_scenario(*state);
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    static const char *const choices[] = {"crm=aurelia,map=heron", "crm=boreal,map=quillon"};
    for (size_t c = 0; c < COUNT_OF(choices); c++)
        for (int m = 0; m < s->stack.member_count; m++) {
            const char *why = "";
            struct buf b;
            buf_init(&b, *state);
            assert_true(lab_choice_read(&s->stack, choices[c], dialects, *state));
            struct lab_surface surface = {&s->stack, dialects, m};
            lab_openapi(&surface, "http://127.0.0.1/runs/r/api/crm", &b);
            json_t *doc = json_read(*state, buf_text(&b), b.len, &why);
            if (!doc) fail_msg("%s: %s", dialects[m]->id, why);
            assert_string_equal(text(doc, "openapi"), "3.1.0");
            const struct lab_connector *k = s->stack.members[m].connector;
            assert_schemas(doc, k, dialects[m]);
            /* Every path that is described is one that the API knows. */
            struct worker w = fixture_worker(*state, s, choices[c], 1);
            const char *path;
            json_t *item;
            json_object_foreach (json_object_get(doc, "paths"), path, item) {
                if (strchr(path, '{') || !json_object_get(item, "get")) continue;
                assert_int_equal(fixture_call(*state, &w, k->id, "GET", path, NULL, NULL).status,
                                 200);
            }
            worker_end(&w);
        }
}

/* RULE lab-headers. */
static void test_only_headers_of_limits_pass(void **state) {
    (void)state;
    struct lab_dialect d = {.limit_header = "L", .remaining_header = "R", .reset_header = "T"};
    static const char *const pass[] = {"Retry-After", "L", "R", "T"}, *const stay[] = {
                                                                          "Set-Cookie", "Location",
                                                                          "L2", "", "X"};
    for (size_t i = 0; i < COUNT_OF(pass); i++) assert_true(lab_api_may_set(&d, pass[i]));
    for (size_t i = 0; i < COUNT_OF(stay); i++) assert_false(lab_api_may_set(&d, stay[i]));
    d = (struct lab_dialect){0}; /* a dialect without such headers lets none of them pass */
    assert_false(lab_api_may_set(&d, "L"));
    assert_false(lab_api_may_set(&d, ""));
    assert_false(lab_api_may_set(&d, "Link"));
    assert_true(lab_api_may_set(&d, "Allow")); /* RFC 9110, 15.5.6: whoever answers 405 says it */
    d.link = true;
    assert_true(lab_api_may_set(&d, "Link"));
    d = (struct lab_dialect){.options = true};
    assert_false(lab_api_may_set(&d, "Link"));
    assert_false(lab_api_may_set(&d, "ETag"));
    d = (struct lab_dialect){.etag = LAB_ETAG_OFFERED};
    assert_true(lab_api_may_set(&d, "ETag"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_offset_paging_gives_every_record_once),
        TEST(test_errors_as_a_list),
        TEST(test_create_read_update_delete),
        TEST(test_tokens_expire),
        TEST(test_page_tokens),
        TEST(test_burst_and_retry_after),
        TEST(test_empty_fields_are_left_out),
        TEST(test_batch_tells_each_record),
        TEST(test_cursor_paging),
        TEST(test_filters_and_a_cursor),
        TEST(test_title_case_and_dates),
        TEST(test_a_day_is_used_up),
        TEST(test_an_outage_is_an_outage),
        TEST(test_openapi),
        TEST(test_only_headers_of_limits_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
