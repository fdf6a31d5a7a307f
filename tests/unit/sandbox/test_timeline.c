/* Faults, and what colleagues do: tests/unit/sandbox/weekend has them all. */
#include "unit/sandbox/weekend.h"

static const char *faults(struct arena *a, struct worker *w) {
    return fixture_cell(a, w,
                        "SELECT group_concat(id || ' ' || kind, ', ') FROM (SELECT * FROM "
                        "sim_fault, (SELECT value AS now FROM sim_meta WHERE key = 'now_ms') WHERE "
                        "until_ms > now ORDER BY n)");
}

/* ---- Faults --------------------------------------------------------------------------------- */
static void test_an_outage(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) - 1);
    assert_int_equal(screen(*state, &w, "crm", "GET", CONTACTS, NULL).status, 200);
    go(*state, &w, AT(1, 22));
    struct lab_answer answer = screen(*state, &w, "crm", "GET", CONTACTS, NULL);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.body, "DESK_CLOSED"));
    assert_int_equal(list(*state, &w).status, 200);
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT connector || ' ' || (until_ms - 1772834400000) FROM sim_outage"),
        "crm 32400000");
    go(*state, &w, AT(2, 7) - 1);
    assert_int_equal(screen(*state, &w, "crm", "GET", CONTACTS, NULL).status, 503);
    go(*state, &w, AT(2, 7));
    assert_int_equal(screen(*state, &w, "crm", "GET", CONTACTS, NULL).status, 200);
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT group_concat(e.kind || ' ' || e.human || ' ' || coalesce(c.kind, ''), "
                     "', ') FROM event e LEFT JOIN event c ON c.seq = e.cause WHERE e.kind LIKE "
                     "'outage.%'"),
        "outage.started 0 , outage.ended 0 outage.started");
    worker_end(&w);
}

/* An outage of some operations only. */
static void test_an_outage_of_operations(void **state) {
    struct worker w = begin(*state);
    edge(*state, &w, AT(2, 9), make, 200, 503);
    assert_int_equal(list(*state, &w).status, 200);
    assert_int_equal(
        screen(*state, &w, "map", "POST", LEADS, "{\"rows\":[{\"email\":\"y@x.example\"}]}").status,
        503);
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT group_concat(e.kind || ' ' || coalesce(e.detail, '') || ' ' || "
                     "coalesce(c.kind, '') || ' ' || e.actor, ', ') FROM event e LEFT JOIN event c "
                     "ON c.seq = e.cause WHERE e.kind LIKE 'fault.%' OR e.kind = 'api.failed'"),
        "fault.started outage  world, api.failed outage fault.started api, api.failed outage "
        "fault.started screen");
    edge(*state, &w, AT(2, 10), make, 503, 200);
    worker_end(&w);
}

/* RULE lab-fault-share: some of many, the same ones in another process; none of another object or
 * operation. */
static void test_a_share_of_calls(void **state) {
    const char *said[2];
    for (int i = 0; i < 2; i++) {
        struct worker w = begin(*state);
        struct buf b;
        int failed = 0;
        buf_init(&b, *state);
        go(*state, &w, AT(2, 10));
        for (int n = 0; n < 200; n++) {
            struct lab_answer answer = list(*state, &w);
            assert_true(answer.status == 200 || answer.status == 500);
            if (answer.status == 500) assert_non_null(strstr(answer.body, "H-90"));
            failed += answer.status == 500;
            buf_putc(&b, answer.status == 500 ? 'x' : '.');
            if (n % 40 == 39) go(*state, &w, answer.now_ms + 20000); /* the burst */
        }
        assert_true(failed > 55 && failed < 105); /* of 80 that are to be expected */
        for (int n = 0; n < 20; n++) assert_int_equal(make(*state, &w).status, 200);
        assert_string_equal(
            fixture_cell(*state, &w, "SELECT count(*) FROM event WHERE kind = 'api.failed'"),
            arena_printf(*state, "%d", failed));
        said[i] = buf_text(&b);
        worker_end(&w);
    }
    assert_string_equal(said[0], said[1]);
}

static void test_an_error_in_200(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(2, 12) - LATENCY - 1);
    assert_null(strstr(list(*state, &w).body, "H-90"));
    struct lab_answer answer = list(*state, &w);
    assert_int_equal(answer.status, 200);
    assert_true(answer.refused);
    assert_non_null(strstr(answer.body, "\"done\":false"));
    assert_non_null(strstr(answer.body, "H-90"));
    worker_end(&w);
}

static const char *header(const struct lab_answer *answer, const char *name) {
    for (int i = 0; i < answer->header_count; i++)
        if (str_eq(answer->headers[i].name, name)) return answer->headers[i].value;
    return "";
}

/* RULE lab-latency. */
static void test_latency_is_of_the_labs_clock(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(2, 13) - 1);
    struct lab_answer answer = list(*state, &w);
    assert_int_equal(answer.now_ms, AT(2, 13) - 1 + LATENCY);
    assert_string_equal(header(&answer, "Lab-Latency"), "");
    answer = list(*state, &w);
    assert_int_equal(answer.now_ms, AT(2, 13) - 1 + 2 * LATENCY + 2500);
    assert_string_equal(header(&answer, "Lab-Latency"), "2500");
    int64_t now_ms = answer.now_ms;
    assert_int_equal(screen(*state, &w, "map", "GET", LEADS, NULL).now_ms, now_ms);
    worker_end(&w);
}

static void test_limits_shrink(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(2, 14));
    for (int i = 0; i < 3; i++) assert_non_null(strstr(list(*state, &w).body, "\"done\":true"));
    assert_non_null(strstr(list(*state, &w).body, "H-51"));
    go(*state, &w, AT(2, 15));
    struct lab_answer answer = list(*state, &w);
    assert_non_null(strstr(answer.body, "H-52"));
    assert_string_equal(header(&answer, "X-Heron-Quota-Left"), "0");
    go(*state, &w, AT(2, 16));
    assert_non_null(strstr(list(*state, &w).body, "\"done\":true"));
    worker_end(&w);
}

static int with_token(struct arena *a, struct worker *w, int token) {
    return fixture_step(a, w,
                        arena_printf(a,
                                     "{\"connector\":\"crm\",\"kind\":\"api\",\"method\":\"GET\","
                                     "\"path\":\"" CONTACTS "\",\"token\":%d}",
                                     token))
        .status;
}

static void test_tokens_expire(void **state) {
    static const char token[] = "{\"connector\":\"crm\",\"kind\":\"token\"}";
    struct worker w = begin(*state);
    go(*state, &w, AT(2, 16) - MS_MINUTE);
    assert_int_equal(fixture_step(*state, &w, token).status, 200);
    assert_int_equal(with_token(*state, &w, 1), 200);
    go(*state, &w, AT(2, 16));
    assert_int_equal(with_token(*state, &w, 1), 401);
    assert_int_equal(fixture_step(*state, &w, token).status, 200);
    assert_int_equal(with_token(*state, &w, 2), 200);
    worker_end(&w);
}

static void test_keys_are_revoked(void **state) {
    struct worker w = begin(*state);
    edge(*state, &w, AT(2, 17), list, 200, 401);
    assert_non_null(strstr(list(*state, &w).body, "H-11"));
    assert_int_equal(screen(*state, &w, "map", "GET", LEADS, NULL).status, 200);
    edge(*state, &w, AT(2, 18), list, 401, 401); /* and then they have expired */
    assert_non_null(strstr(list(*state, &w).body, "H-12"));
    edge(*state, &w, AT(2, 19), list, 401, 200);
    worker_end(&w);
}

static void test_a_field_is_called_otherwise(void **state) {
    struct worker w = begin(*state);
    struct lab_scenario *s = scratch_scenario(*state, "weekend");
    go(*state, &w, AT(2, 19) + HALF - LATENCY - 1);
    assert_non_null(strstr(list(*state, &w).body, "\"industry\""));
    struct lab_answer answer = list(*state, &w);
    assert_null(strstr(answer.body, "\"industry\""));
    assert_non_null(strstr(answer.body, "\"sector\":\"Technology\""));
    answer = fixture_call(*state, &w, "map", "POST", LEADS, NULL,
                          "{'rows':[{'email':'z@x.example','industry':'Health'}]}");
    assert_non_null(strstr(answer.body, "H-41"));
    answer = fixture_call(*state, &w, "map", "POST", LEADS, NULL,
                          "{'rows':[{'email':'z@x.example','sector':'Health'}]}");
    assert_non_null(strstr(answer.body, "\"created\""));
    assert_non_null(
        strstr(screen(*state, &w, "map", "GET", LEADS, NULL).body, "\"industry\"")); /* as drawn */
    /* A worker that takes the run up speaks as the one before. */
    const unsigned char *image;
    size_t len;
    const char *why;
    assert_int_equal(client_save(&w, *state, &image, &len), OK);
    worker_end(&w);
    assert_int_equal(client_start(&w, fixture_zygote(), s->pack, s->pack_len, CHOICE, 5, image, len,
                                  *state, &why),
                     OK);
    assert_non_null(strstr(list(*state, &w).body, "\"sector\""));
    go(*state, &w, AT(3, 19) + HALF);
    assert_non_null(strstr(list(*state, &w).body, "\"industry\""));
    worker_end(&w);
}

/* What solutions say in neutral terms is said to the dialect as it speaks then. */
static void test_dialects_as_they_speak(void **state) {
    struct lab_scenario *s = scratch_scenario(*state, "weekend");
    const struct lab_dialect *chosen[LAB_CONNECTORS_MAX], *now[LAB_CONNECTORS_MAX];
    assert_true(lab_choice_read(&s->stack, CHOICE, chosen, *state));
    const struct lab_object *lead = lab_object_by_path(&s->stack, "map.lead", NULL);
    int industry = lab_field_find(lead, "industry")->index;
    static const struct {
        int64_t at_ms;
        const char *as;
    } cases[] = {{AT(2, 19) + HALF - 1, "industry"},
                 {AT(2, 19) + HALF, "sector"},
                 {AT(3, 19) + HALF - 1, "sector"},
                 {AT(3, 19) + HALF, "industry"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        lab_timeline_dialects(&s->stack, chosen, cases[i].at_ms, now, *state);
        assert_string_equal(now[1]->objects[lead->index].fields[industry].as, cases[i].as);
        assert_string_equal(now[1]->objects[lead->index].fields[0].as, "email");
        assert_string_equal(chosen[1]->objects[lead->index].fields[industry].as, "industry");
    }
}

static const char *last_made(struct arena *a, struct worker *w) {
    return fixture_cell(a, w,
                        "SELECT created_ms - (SELECT max(at_ms) FROM event WHERE kind = "
                        "'record.created') FROM map_lead ORDER BY id DESC LIMIT 1");
}

static void test_a_clock_is_wrong(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(3, 20) - LATENCY - 1);
    make(*state, &w);
    assert_string_equal(last_made(*state, &w), "0");
    make(*state, &w);
    assert_string_equal(last_made(*state, &w), "420000");
    worker_end(&w);
}

/* What webhooks will ask: of each delivery, by its number. */
static void test_hooks(void **state) {
    struct lab_state *s = NEW(*state, struct lab_state);
    int twice = 0, dropped = 0, forged = 0, moved = 0;
    s->now_ms = 10;
    s->fault_count = 1;
    s->faults[0] = (struct fault_in_force){.fault = {.id = "f",
                                                     .kind = LAB_FAULT_HOOK,
                                                     .member = 1,
                                                     .duplicate = 200,
                                                     .drop = 100,
                                                     .forge = 50,
                                                     .shuffle = 8},
                                           .until_ms = 11};
    for (int n = 0; n < 10000; n++) {
        struct fault_hook h = faults_hook(s, 1, n), other = faults_hook(s, 0, n);
        twice += h.duplicate;
        dropped += h.drop;
        forged += h.forge;
        moved += h.delay > 0;
        assert_in_range(h.delay, 0, 8);
        assert_false(other.duplicate || other.drop || other.forge || other.delay);
    }
    assert_in_range(twice, 1900, 2100);
    assert_in_range(dropped, 900, 1100);
    assert_in_range(forged, 430, 570);
    assert_in_range(moved, 8700, 9050);
    s->now_ms = 11;
    for (int n = 0; n < 100; n++) assert_false(faults_hook(s, 1, n).duplicate);
}

static void test_a_bad_import(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(2, 20));
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT group_concat(coalesce(email, '-') || ' ' || first_name || ' ' || "
                     "coalesce(last_name, '-') || ' ' || industry, ', ') FROM crm_contact"),
        "- Ana Lindqvist Sowftware, bo@quarrybank.example Bo Achterberg retail, "
        "new@quarrybank.example Nell - retail");
    assert_string_equal(
        fixture_cell(
            *state, &w,
            "SELECT group_concat(e.actor || ' ' || e.human || ' ' || e.kind || ' ' || "
            "coalesce(c.kind, ''), ', ') FROM event e LEFT JOIN event c ON c.seq = e.cause "
            "WHERE e.actor = 'colleague'"),
        "colleague 1 import.started , colleague 1 record.changed import.started, colleague 1 "
        "record.changed import.started, colleague 1 record.created import.started");
    worker_end(&w);
}

/* ---- An instructor -------------------------------------------------------------------------- */
static void test_chaos(void **state) {
    struct worker w = begin(*state);
    struct lab_answer answer = fixture_step(
        *state, &w,
        "{\"fault\":{\"for\":\"1h\",\"kind\":\"outage\",\"on\":\"map\"},\"kind\":\"chaos\"}");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"fault\":\"chaos-1\"}");
    assert_int_equal(list(*state, &w).status, 503);
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT actor || ' ' || human FROM event WHERE kind = 'outage.started'"),
        "instructor 1");
    answer = fixture_step(*state, &w,
                          "{\"fault\":{\"as\":\"sector\",\"kind\":\"schema\",\"object\":\"lead\","
                          "\"on\":\"map\",\"rename\":\"industry\"},\"kind\":\"chaos\"}");
    assert_string_equal(answer.body, "{\"fault\":\"chaos-2\"}");
    assert_string_equal(faults(*state, &w), "chaos-1 outage, chaos-2 schema");
    struct lab_scenario *s = scratch_scenario(*state, "weekend");
    const unsigned char *image;
    size_t len;
    const char *why;
    assert_int_equal(client_save(&w, *state, &image, &len), OK);
    worker_end(&w);
    assert_int_equal(client_start(&w, fixture_zygote(), s->pack, s->pack_len, CHOICE, 5, image, len,
                                  *state, &why),
                     OK);
    assert_int_equal(list(*state, &w).status, 503);
    assert_int_equal(fixture_step(*state, &w, "{\"end\":\"chaos-1\",\"kind\":\"chaos\"}").status,
                     200);
    assert_non_null(strstr(list(*state, &w).body, "\"sector\""));
    assert_int_equal(fixture_step(*state, &w, "{\"end\":\"chaos-1\",\"kind\":\"chaos\"}").status,
                     422);
    assert_int_equal(fixture_step(*state, &w, "{\"end\":\"chaos-2\",\"kind\":\"chaos\"}").status,
                     200);
    assert_non_null(strstr(list(*state, &w).body, "\"industry\""));
    assert_string_equal(faults(*state, &w) ? faults(*state, &w) : "", "");
    worker_end(&w);
}

static void test_faults_that_make_no_sense(void **state) {
    struct worker w = begin(*state);
    static const struct {
        const char *fault, *sentence;
    } cases[] = {
        {"null", "kind is outage, "},
        {"{'kind':'flood','on':'crm'}", "“flood” is none of them"},
        {"{'kind':'outage','on':'erp'}", "“erp” is none"},
        {"{'kind':'outage'}", "on must name a connector"},
        {"{'kind':'outage','on':'crm','for':'soon'}", "for is “soon”"},
        {"{'kind':'outage','on':'crm','for':'0h'}", "for is “0h”"},
        {"{'kind':'outage','on':'crm','op':'create fly'}", "“fly” is none"},
        {"{'kind':'outage','on':'crm','object':'lead'}", "has no object “lead”"},
        {"{'kind':'status','on':'crm'}", "needs status"},
        {"{'kind':'status','on':'crm','status':'399'}", "from 400 to 599"},
        {"{'kind':'status','on':'crm','status':'600'}", "from 400 to 599"},
        {"{'kind':'error','on':'crm','share':'0'}", "from 1 to 1000"},
        {"{'kind':'error','on':'crm','share':'1001'}", "from 1 to 1000"},
        {"{'kind':'latency','on':'crm'}", "needs ms"},
        {"{'kind':'latency','on':'crm','ms':'600001'}", "from 1 to 600000"},
        {"{'kind':'limit','on':'crm'}", "needs burst"},
        {"{'kind':'schema','on':'map','object':'lead','rename':'industry'}", "needs as"},
        {"{'kind':'schema','on':'map','rename':'industry','as':'x'}", "needs object"},
        {"{'kind':'schema','on':'map','object':'lead','rename':'x','as':'y'}", "no field “x”"},
        {"{'kind':'schema','on':'map','object':'lead','rename':'industry','as':'phone'}",
         "in the dialect “heron” already"},
        {"{'kind':'skew','on':'map'}", "needs seconds"},
        {"{'kind':'hook','on':'map'}", "needs duplicate, drop"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *text = arena_printf(*state, "{\"fault\":%s,\"kind\":\"chaos\"}", cases[i].fault);
        for (char *p = text; *p; p++)
            if (*p == '\'') *p = '"';
        struct lab_answer answer = fixture_step(*state, &w, text);
        if (answer.status != 422 || !strstr(answer.body, cases[i].sentence))
            fail_msg("%s: %d %s", cases[i].fault, answer.status, answer.body);
    }
    static const char one[] =
        "{\"fault\":{\"kind\":\"latency\",\"ms\":\"1\",\"on\":\"map\"},\"kind\":\"chaos\"}";
    for (int i = 0; i < LAB_FAULTS_MAX; i++)
        assert_int_equal(fixture_step(*state, &w, one).status, 200);
    assert_int_equal(fixture_step(*state, &w, one).status, 422);
    worker_end(&w);
}

/* ---- What learners cannot see --------------------------------------------------------------- */
static void test_the_truth_is_hidden(void **state) {
    struct worker w = begin(*state);
    static const char *const refused[] = {"SELECT * FROM sim_fault", "SELECT * FROM sim_due",
                                          "SELECT * FROM sim_outage", "SELECT * FROM sim_person"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(fixture_sql(*state, &w, refused[i]).status, 422);
    assert_int_equal(fixture_sql(*state, &w, "SELECT * FROM message").status, 200);
    worker_end(&w);
}

/* Two processes and an image in between come to the same bytes; another seed does not. */
static void test_the_same_again(void **state) {
    const char *hash[4], *why;
    struct lab_scenario *s = scratch_scenario(*state, "weekend");
    for (int i = 0; i < 4; i++) {
        struct worker w = fixture_worker(*state, s, CHOICE, i == 3 ? 6 : 5);
        for (int hour = 1; hour < 72; hour++) {
            go(*state, &w, START + hour * MS_HOUR);
            list(*state, &w);
            make(*state, &w);
            if (hour == 5) answer_it(*state, &w, "'to':'support','text':'Help.'");
            if (hour == 9) answer_it(*state, &w, "'message':3,'choice':'wait'");
            if (i == 1 && hour % 7 == 0) {
                const unsigned char *image;
                size_t len;
                assert_int_equal(client_save(&w, *state, &image, &len), OK);
                worker_end(&w);
                assert_int_equal(client_start(&w, fixture_zygote(), s->pack, s->pack_len, CHOICE, 5,
                                              image, len, *state, &why),
                                 OK);
            }
        }
        assert_int_equal(client_hash(&w, *state, &hash[i]), OK);
        worker_end(&w);
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_equal(hash[0], hash[2]);
    assert_string_not_equal(hash[0], hash[3]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_an_outage),
        TEST(test_an_outage_of_operations),
        TEST(test_a_share_of_calls),
        TEST(test_an_error_in_200),
        TEST(test_latency_is_of_the_labs_clock),
        TEST(test_limits_shrink),
        TEST(test_tokens_expire),
        TEST(test_keys_are_revoked),
        TEST(test_a_field_is_called_otherwise),
        TEST(test_dialects_as_they_speak),
        TEST(test_a_clock_is_wrong),
        TEST(test_hooks),
        TEST(test_a_bad_import),
        TEST(test_chaos),
        TEST(test_faults_that_make_no_sense),
        TEST(test_the_truth_is_hidden),
        TEST(test_the_same_again),
    };
    return cmocka_run_group_tests(tests, make_scratch, scratch_drop);
}
