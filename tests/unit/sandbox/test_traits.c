/* What some dialects have beyond records and lists: tags of records, … */
#include "unit/lab/lab_stacks.h"

/* ---- Tags ----------------------------------------------------------------------------------- */
#define PEOPLE "/v1/people"

/* A person of the CRM whose dialect has tags, and its tag. */
struct tagged {
    struct worker w;
    const char *path, *tag;
};

static struct lab_answer change(struct arena *a, struct tagged *t, const char *method,
                                const char *body, const char *key, const char *tag) {
    fixture_step(a, &t->w, "{\"advance_ms\":10000,\"kind\":\"clock\"}");
    return fixture_call_with(a, &t->w, "crm", method, t->path, NULL, body, key, tag);
}

static struct tagged tagged(struct arena *a) {
    struct tagged t = {.w = worker_of_dialect(a, "crm", "boreal")};
    struct lab_answer made = fixture_call(a, &t.w, "crm", "POST", PEOPLE, NULL,
                                          "{'family_name':'Ada'}");
    fixture_expect(&made, 200, "Ada");
    t.path = arena_printf(a, PEOPLE "/%s",
                          json_string_value(json_object_get(fixture_json(a, &made), "id")));
    t.tag = fixture_header(&made, "ETag");
    assert_non_null(t.tag);
    return t;
}

/* RULE lab-tag. */
static void test_a_tag_changes_with_the_record(void **state) {
    struct tagged t = tagged(*state);
    struct lab_answer answer = change(*state, &t, "GET", NULL, NULL, NULL);
    assert_string_equal(fixture_header(&answer, "ETag"), t.tag);
    answer = change(*state, &t, "HEAD", NULL, NULL, NULL);
    assert_string_equal(fixture_header(&answer, "ETag"), t.tag);
    answer = change(*state, &t, "PUT", "{'family_name':'Ada'}", NULL, NULL); /* as it is */
    assert_string_equal(fixture_header(&answer, "ETag"), t.tag);
    answer = change(*state, &t, "PUT", "{'family_name':'Bea'}", NULL, NULL);
    const char *second = fixture_header(&answer, "ETag");
    assert_string_not_equal(second, t.tag);
    /* The same values again are another state all the same. */
    answer = change(*state, &t, "PUT", "{'family_name':'Ada'}", NULL, NULL);
    assert_string_not_equal(fixture_header(&answer, "ETag"), t.tag);
    assert_string_not_equal(fixture_header(&answer, "ETag"), second);
    answer = change(*state, &t, "GET", NULL, NULL, NULL);
    answer = fixture_call(*state, &t.w, "crm", "GET", PEOPLE, NULL, NULL);
    fixture_expect(&answer, 200, "Ada");
    assert_null(fixture_header(&answer, "ETag"));
    worker_end(&t.w);
}

/* RULE lab-if-match: of two writers with the same tag the second is told. */
static void test_the_second_writer_is_told(void **state) {
    struct tagged t = tagged(*state);
    static const char *const good[] = {"%s", "\"x\", %s", "*", " * ", "\"x\",%s,\"y\""},
                             *const bad[] = {"W/%s", "\"x\"", "", "%sx", "\"*\"", "*x"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct lab_answer answer = change(*state, &t, "PUT", "{'family_name':'No'}", "if_match",
                                          arena_printf(*state, bad[i], t.tag));
        fixture_expect(&answer, 412, "precondition_failed");
        answer = change(*state, &t, "DELETE", NULL, "if_match",
                        arena_printf(*state, bad[i], t.tag));
        fixture_expect(&answer, 412, "precondition_failed");
    }
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct lab_answer answer = change(*state, &t, "PUT",
                                          arena_printf(*state, "{'family_name':'Ada %zu'}", i),
                                          "if_match", arena_printf(*state, good[i], t.tag));
        fixture_expect(&answer, 200, NULL);
        const char *next = fixture_header(&answer, "ETag");
        answer = change(*state, &t, "PUT", "{'family_name':'Late'}", "if_match", t.tag);
        fixture_expect(&answer, 412, "any more");
        t.tag = next;
    }
    struct lab_answer answer = change(*state, &t, "GET", NULL, NULL, NULL);
    fixture_expect(&answer, 200, "Ada 4");
    answer = change(*state, &t, "PUT", "{'family_name':'No'}", "if_none_match", "*");
    fixture_expect(&answer, 412, NULL);
    answer = change(*state, &t, "DELETE", NULL, "if_match", t.tag);
    fixture_expect(&answer, 204, NULL);
    answer = change(*state, &t, "PUT", "{'family_name':'No'}", "if_match", t.tag);
    fixture_expect(&answer, 404, NULL);
    worker_end(&t.w);
}

static void test_a_record_that_is_known_is_not_sent_again(void **state) {
    struct tagged t = tagged(*state);
    static const char *const known[] = {"%s", "W/%s", "\"x\", %s", "*"};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct lab_answer answer = change(*state, &t, "GET", NULL, "if_none_match",
                                          arena_printf(*state, known[i], t.tag));
        fixture_expect(&answer, 304, NULL);
        assert_int_equal(answer.body_len, 0);
        assert_string_equal(fixture_header(&answer, "ETag"), t.tag);
        assert_false(answer.refused);
    }
    change(*state, &t, "PUT", "{'family_name':'Bea'}", NULL, NULL);
    struct lab_answer answer = change(*state, &t, "GET", NULL, "if_none_match", t.tag);
    fixture_expect(&answer, 200, "Bea");
    /* A dialect without tags reads no such header. */
    struct worker w = worker_of_dialect(*state, "crm", "aurelia");
    answer = fixture_call(*state, &w, "crm", "POST", "/desk/v3/tables/Contact", NULL,
                          "{'FamilyName':'Ada'}");
    const char *id = json_string_value(json_object_get(fixture_json(*state, &answer), "Id"));
    answer = fixture_call_with(*state, &w, "crm", "GET",
                               arena_printf(*state, "/desk/v3/tables/Contact/%s", id), NULL, NULL,
                               "if_none_match", "*");
    fixture_expect(&answer, 200, "Ada");
    assert_null(fixture_header(&answer, "ETag"));
    worker_end(&w);
    worker_end(&t.w);
}

static void test_nothing_is_changed_without_a_condition(void **state) {
    struct worker w = worker_of_dialect(*state, "work", "benchwick");
    const struct lab_dialect *d = dialect_of(*state, "work", "benchwick");
    const struct lab_stack *stack = stack_of(*state, "work");
    struct lab_surface surface = {stack, &d, 0};
    const struct lab_object *o = lab_object_find(stack->members[0].connector, "task");
    const char *names[] = {"priority", "title"}, *values[] = {"normal", "Ask Ada"};
    struct lab_call call = lab_surface_call(&surface, o, LAB_CREATE, NULL, names, values, 2,
                                            *state);
    assert_null(call.if_match);
    struct lab_answer answer = fixture_call(*state, &w, "work", call.method, call.path, NULL,
                                            call.body);
    fixture_expect(&answer, 200, "created");
    const char *id = fixture_cell(*state, &w, "SELECT id FROM work_task");
    values[1] = "Ask Bea";
    static const enum lab_operation all[] = {LAB_UPDATE, LAB_DELETE};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        call = lab_surface_call(&surface, o, all[i], id, names, values,
                                all[i] == LAB_UPDATE ? 2 : 0, *state);
        answer = fixture_call(*state, &w, "work", call.method, call.path, NULL, call.body);
        fixture_expect(&answer, 428, "B-DESK-7");
        /* What our own screens and solutions send. */
        assert_string_equal(call.if_match, "*");
        answer = fixture_call_with(*state, &w, "work", call.method, call.path, NULL, call.body,
                                   "if_match", call.if_match);
        if (i == 0) {
            fixture_expect(&answer, 200, "updated");
            assert_non_null(fixture_header(&answer, "ETag"));
        } else fixture_expect(&answer, 204, NULL);
    }
    worker_end(&w);
}

/* ---- Once ----------------------------------------------------------------------------------- */
/* A screen's call costs neither quota nor time. */
static struct lab_answer keyed(struct arena *a, struct worker *w, const char *path,
                               const char *body, const char *key) {
    json_t *action = json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kind", "api",
                                             "via", "screen", "connector", "crm", "method", "POST",
                                             "path", path, "body", body, "once", key));
    return fixture_step(a, w, json_text(a, action));
}

#define ADA "{\"family_name\":\"Ada\"}"
#define BEA "{\"family_name\":\"Bea\"}"

static const char *people(struct arena *a, struct worker *w) {
    return fixture_cell(a, w, "SELECT count(*) FROM crm_contact");
}

/* RULE lab-once, RULE lab-once-refused. */
static void test_a_call_is_made_once(void **state) {
    struct worker w = worker_of_dialect(*state, "crm", "boreal");
    struct lab_answer first = keyed(*state, &w, PEOPLE, ADA, "k1"),
                      again = keyed(*state, &w, PEOPLE, ADA, "k1");
    fixture_expect(&first, 200, "Ada");
    fixture_expect(&again, 200, first.body);
    assert_string_equal(fixture_header(&again, "ETag"), fixture_header(&first, "ETag"));
    assert_string_equal(people(*state, &w), "1");
    static const struct {
        const char *path, *body, *key;
        int status;
        const char *words, *people;
    } cases[] = {
        {PEOPLE, BEA, "k1", 422, "idempotency_key_reused", "1"},
        {PEOPLE, ADA " ", "k1", 422, "idempotency_key_reused", "1"},
        {PEOPLE "/x/absorb", ADA, "k1", 422, "idempotency_key_reused", "1"},
        {PEOPLE, ADA, "k2", 200, "Ada", "2"},
        {PEOPLE, ADA, "", 422, "Idempotency-Key", "2"},
        {PEOPLE, "{\"family\":1}", "k3", 422, "unknown_field", "2"},
        {PEOPLE, BEA, "k3", 200, "Bea", "3"}, /* it was not used up */
        {PEOPLE, ADA, "K1", 200, "Ada", "4"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lab_answer answer = keyed(*state, &w, cases[i].path, cases[i].body, cases[i].key);
        fixture_expect(&answer, cases[i].status, cases[i].words);
        assert_string_equal(people(*state, &w), cases[i].people);
    }
    /* RULE lab-once: a key has 100 bytes. */
    char *key = arena_alloc(*state, 102);
    memset(key, 'k', 101);
    key[101] = '\0';
    struct lab_answer answer = keyed(*state, &w, PEOPLE, ADA, key);
    fixture_expect(&answer, 422, "Idempotency-Key");
    key[100] = '\0';
    answer = keyed(*state, &w, PEOPLE, ADA, key);
    fixture_expect(&answer, 200, "Ada");
    worker_end(&w);
}

static void test_a_key_is_kept_for_a_day(void **state) {
    struct worker w = worker_of_dialect(*state, "crm", "boreal");
    keyed(*state, &w, PEOPLE, ADA, "k1");
    fixture_step(*state, &w, "{\"advance_ms\":86399999,\"kind\":\"clock\"}");
    keyed(*state, &w, PEOPLE, ADA, "k1");
    assert_string_equal(people(*state, &w), "1");
    fixture_step(*state, &w, "{\"advance_ms\":1,\"kind\":\"clock\"}");
    struct lab_answer answer = keyed(*state, &w, PEOPLE, BEA, "k1");
    fixture_expect(&answer, 200, "Bea");
    assert_string_equal(people(*state, &w), "2");
    worker_end(&w);
}

/* RULE lab-once-room. */
static void test_the_oldest_keys_go_first(void **state) {
    struct worker w = worker_of_dialect(*state, "crm", "boreal");
    for (int i = 0; i < 1000; i++) {
        fixture_step(*state, &w, "{\"advance_ms\":1,\"kind\":\"clock\"}");
        keyed(*state, &w, PEOPLE, ADA, arena_printf(*state, "k%d", i));
    }
    keyed(*state, &w, PEOPLE, ADA, "k0");
    assert_string_equal(people(*state, &w), "1000");
    keyed(*state, &w, PEOPLE, ADA, "k1000");
    assert_string_equal(people(*state, &w), "1001");
    keyed(*state, &w, PEOPLE, ADA, "k1");
    assert_string_equal(people(*state, &w), "1001");
    keyed(*state, &w, PEOPLE, ADA, "k0"); /* takes the place of k1 */
    assert_string_equal(people(*state, &w), "1002");
    worker_end(&w);
}

static void test_a_batch_is_made_once(void **state) {
    struct worker w = worker_of_dialect(*state, "sms", "chirrow");
    struct lab_answer first = fixture_call_with(*state, &w, "sms", "POST", "/ct/gateway/1/kw", NULL,
                                                "{'msgs':[{'w':'STOP','act':'out'},{}]}", "once",
                                                "1");
    fixture_expect(&first, 200, "created");
    struct lab_answer again = fixture_call_with(*state, &w, "sms", "POST", "/ct/gateway/1/kw", NULL,
                                                "{'msgs':[{'w':'STOP','act':'out'},{}]}", "once",
                                                "1");
    fixture_expect(&again, 200, first.body);
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM sms_keyword"), "1");
    again = fixture_call_with(*state, &w, "sms", "POST", "/ct/gateway/1/kw", NULL,
                              "{'msgs':[{'w':'HELP','act':'hlp'}]}", "once", "1");
    fixture_expect(&again, 200, "\"25\"");
    worker_end(&w);
}

/* ---- Keys and tokens ------------------------------------------------------------------------ */
static struct lab_answer with_token(struct arena *a, struct worker *w, const char *dialect_path,
                                    int token) {
    json_t *action = json_adopt(a, json_pack("{s:s, s:s, s:s, s:s}", "kind", "api", "connector",
                                             "crm", "method", "GET", "path", dialect_path));
    if (token) json_object_set_new(action, "token", json_integer(token));
    return fixture_step(a, w, json_text(a, action));
}

static void advance(struct arena *a, struct worker *w, int64_t ms) {
    fixture_step(a, w, arena_printf(a, "{\"advance_ms\":%lld,\"kind\":\"clock\"}", (long long)ms));
}

#define LATENCY 150 /* of Boreal */

/* RULE lab-key-overlap. */
static void test_an_old_key_ends_with_its_minutes(void **state) {
    struct worker w = worker_of_dialect(*state, "crm", "boreal");
    struct lab_answer answer = fixture_call(*state, &w, "crm", "GET", "/v1/key/rotation", NULL,
                                            NULL);
    fixture_expect(&answer, 405, NULL);
    fixture_call(*state, &w, "crm", "POST", "/v1/key/rotation", NULL, NULL);
    advance(*state, &w, 15 * 60000 - LATENCY - 1);
    answer = with_token(*state, &w, PEOPLE, 0);
    fixture_expect(&answer, 200, NULL);
    answer = with_token(*state, &w, PEOPLE, 0); /* its call arrives at the end */
    fixture_expect(&answer, 401, "unauthorized");
    answer = with_token(*state, &w, PEOPLE, 1);
    fixture_expect(&answer, 200, NULL);
    /* The next rotation gives the second key its quarter of an hour, and the first none again. */
    json_t *rotate = json_adopt(*state, json_pack("{s:s, s:s, s:s, s:s, s:i}", "kind", "api",
                                                  "connector", "crm", "method", "POST", "path",
                                                  "/v1/key/rotation", "token", 1));
    answer = fixture_step(*state, &w, json_text(*state, rotate));
    fixture_expect(&answer, 200, "old_key_until");
    answer = with_token(*state, &w, PEOPLE, 0);
    fixture_expect(&answer, 401, NULL);
    answer = with_token(*state, &w, PEOPLE, 1);
    fixture_expect(&answer, 200, NULL);
    advance(*state, &w, 15 * 60000);
    answer = with_token(*state, &w, PEOPLE, 1);
    fixture_expect(&answer, 401, NULL);
    answer = with_token(*state, &w, PEOPLE, 2);
    fixture_expect(&answer, 200, NULL);
    worker_end(&w);
}

/* A fault that lets tokens expire holds back keys for its time, and they are good again. */
static void test_a_rotated_key_outlives_a_fault(void **state) {
    struct worker w = worker_of_dialect(*state, "crm", "boreal");
    fixture_call(*state, &w, "crm", "POST", "/v1/key/rotation", NULL, NULL);
    struct lab_answer answer = fixture_step(
        *state, &w, "{\"fault\":{\"kind\":\"expire\",\"on\":\"crm\"},\"kind\":\"chaos\"}");
    fixture_expect(&answer, 200, "chaos-1");
    answer = with_token(*state, &w, PEOPLE, 1);
    fixture_expect(&answer, 401, NULL);
    fixture_step(*state, &w, "{\"end\":\"chaos-1\",\"kind\":\"chaos\"}");
    answer = with_token(*state, &w, PEOPLE, 1);
    fixture_expect(&answer, 200, NULL);
    worker_end(&w);
}

/* RULE lab-refresh, RULE lab-scope. */
static void test_refresh_tokens_end(void **state) {
    struct worker w = worker_of_dialect(*state, "crm", "aurelia");
    const char *refresh = "{\"connector\":\"crm\",\"kind\":\"token\",\"refresh\":%d}";
    fixture_step(*state, &w, "{\"connector\":\"crm\",\"kind\":\"token\",\"scope\":\"desk.rules\"}");
    struct lab_answer answer = with_token(*state, &w, "/desk/v3/rules/Twins", 1);
    fixture_expect(&answer, 200, NULL);
    answer = with_token(*state, &w, "/desk/v3/tables/Contact", 1);
    fixture_expect(&answer, 403, "desk.read");
    /* Fourteen days: its last millisecond is good, the next is not. Each call takes 180. */
    advance(*state, &w, (int64_t)7 * 86400000);
    advance(*state, &w, (int64_t)7 * 86400000 - 4 * 180 - 1 + 180);
    answer = fixture_step(*state, &w, arena_printf(*state, refresh, 1));
    fixture_expect(&answer, 200, "\"scope\":\"desk.rules\"");
    advance(*state, &w, (int64_t)7 * 86400000);
    advance(*state, &w, (int64_t)7 * 86400000 - 180);
    answer = fixture_step(*state, &w, arena_printf(*state, refresh, 2));
    fixture_expect(&answer, 400, "refresh_token");
    answer = fixture_step(*state, &w, arena_printf(*state, refresh, 9));
    fixture_expect(&answer, 400, "refresh_token");
    worker_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_tag_changes_with_the_record),
        TEST(test_the_second_writer_is_told),
        TEST(test_a_record_that_is_known_is_not_sent_again),
        TEST(test_nothing_is_changed_without_a_condition),
        TEST(test_a_call_is_made_once),
        TEST(test_a_key_is_kept_for_a_day),
        TEST(test_the_oldest_keys_go_first),
        TEST(test_a_batch_is_made_once),
        TEST(test_an_old_key_ends_with_its_minutes),
        TEST(test_a_rotated_key_outlives_a_fault),
        TEST(test_refresh_tokens_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
