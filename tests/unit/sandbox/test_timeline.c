/* Faults, what colleagues do, and messages: tests/unit/sandbox/weekend has them all. */
#include "unit/sandbox/lab_scratch.h"

#include "base/clock.h"
#include "sandbox/faults.h"

#define START 1772805600000 /* Friday, 2026-03-06T14:00:00Z */
#define DAY1 (START - 14 * MS_HOUR)
#define AT(day, hour) (DAY1 + ((day)-1) * MS_DAY + (hour)*MS_HOUR)
#define HALF (30 * MS_MINUTE)
#define LATENCY 140 /* of a call of map */
#define LEADS "/nest/v2/leads"
#define CONTACTS "/desk/v3/tables/Contact"

static int make_scratch(void **state) {
    (void)state;
    return scratch_make("tests/unit/sandbox/weekend/labs") ? 0 : -1;
}

static struct worker begin(struct arena *a) {
    return fixture_worker(a, scratch_scenario(a, "weekend"), CHOICE, 5);
}

/* Moves the clock, by parts where it must. */
static void go(struct arena *a, struct worker *w, int64_t to_ms) {
    struct lab_answer answer = fixture_sql(a, w, "SELECT 1");
    while (answer.now_ms < to_ms) {
        answer = fixture_step(
            a, w, arena_printf(a, "{\"kind\":\"clock\",\"to_ms\":%lld}", (long long)to_ms));
        assert_int_equal(answer.status, 200);
    }
}

static struct lab_answer list(struct arena *a, struct worker *w) {
    return fixture_call(a, w, "map", "GET", LEADS, "perPage=1", NULL);
}
static struct lab_answer make(struct arena *a, struct worker *w) {
    return fixture_call(a, w, "map", "POST", LEADS, NULL,
                        "{'rows':[{'email':'x@quarrybank.example','lastName':'X'}]}");
}
static struct lab_answer screen(struct arena *a, struct worker *w, const char *connector,
                                const char *method, const char *path, const char *body) {
    return fixture_step(
        a, w,
        json_text(a, json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "kind", "api",
                                             "via", "screen", "connector", connector, "method",
                                             method, "path", path, "body", body))));
}

/* Statuses of a call just before a time, and at it: of map, whose calls take their time. */
static void edge(struct arena *a, struct worker *w, int64_t at_ms,
                 struct lab_answer (*call)(struct arena *, struct worker *), int before, int then) {
    go(a, w, at_ms - LATENCY - 1);
    struct lab_answer answer = call(a, w);
    assert_int_equal(answer.now_ms, at_ms - 1);
    if (answer.status != before) fail_msg("before: %d %s", answer.status, answer.body);
    answer = call(a, w);
    if (answer.status != then) fail_msg("then: %d %s", answer.status, answer.body);
}

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

/* ---- Messages ------------------------------------------------------------------------------- */
static const char *messages(struct arena *a, struct worker *w) {
    return fixture_cell(
        a, w,
        "SELECT group_concat(id || ' ' || from_id || ' ' || ((at_ms - 1772834400000) "
        "/ 60000), ', ') FROM message");
}

static const char *conversation(struct arena *a, struct worker *w) {
    return fixture_cell(
        a, w,
        "SELECT group_concat(e.actor || ' ' || e.human || ' ' || e.kind || ' ' || e.record_id || ' "
        "' || coalesce(c.seq = (SELECT event FROM message WHERE id = 1), '-'), ', ') FROM event e "
        "LEFT JOIN event c ON c.seq = e.cause WHERE e.kind LIKE 'message.%'");
}

static struct lab_answer answer_it(struct arena *a, struct worker *w, const char *what) {
    char *text = arena_printf(a, "{%s,'kind':'answer'}", what);
    for (char *p = text; *p; p++)
        if (*p == '\'') *p = '"';
    return fixture_step(a, w, text);
}

/* RULE lab-message-due. */
static void test_an_answer_is_missed(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) + 40 * MS_MINUTE - 1);
    assert_string_equal(conversation(*state, &w), "head-of-sales 1 message.sent 1 -");
    go(*state, &w, AT(1, 22) + 40 * MS_MINUTE);
    assert_string_equal(conversation(*state, &w),
                        "head-of-sales 1 message.sent 1 -, world 0 message.missed 1 1");
    go(*state, &w, AT(1, 22) + 50 * MS_MINUTE);
    assert_string_equal(messages(*state, &w), "1 head-of-sales 10, 2 chief-of-marketing 50");
    /* One may still answer. */
    assert_int_equal(answer_it(*state, &w, "'message':1,'choice':'tell_all'").status, 200);
    assert_string_equal(fixture_cell(*state, &w, "SELECT missed FROM message WHERE id = 1"), "1");
    worker_end(&w);
}

static void test_an_answer_in_time(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) + 40 * MS_MINUTE - 1);
    struct lab_answer answer = answer_it(*state, &w, "'message':1,'choice':'tell_all'");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"message\":1}");
    go(*state, &w, AT(1, 22) + 60 * MS_MINUTE);
    assert_string_equal(conversation(*state, &w),
                        "head-of-sales 1 message.sent 1 -, api 1 message.answered 1 1, "
                        "head-of-sales 1 message.sent 2 -");
    assert_string_equal(messages(*state, &w), "1 head-of-sales 10, 2 head-of-sales 44");
    assert_string_equal(
        fixture_cell(*state, &w, "SELECT missed || choice FROM message WHERE id = 1"), "0tell_all");
    worker_end(&w);
}

/* A choice that has a consequence: the other system goes down as well. */
static void test_a_choice_has_its_price(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) + 10 * MS_MINUTE);
    assert_int_equal(answer_it(*state, &w, "'message':1,'choice':'wait','text':'Soon.'").status,
                     200);
    edge(*state, &w, AT(1, 23) + 10 * MS_MINUTE, list, 200, 503);
    edge(*state, &w, AT(2, 0) + 10 * MS_MINUTE, list, 503, 200);
    worker_end(&w);
}

static void test_answers_that_are_none(void **state) {
    struct worker w = begin(*state);
    go(*state, &w, AT(1, 22) + 10 * MS_MINUTE);
    static const char *const refused[] = {
        "'message':2,'text':'x'",
        "'message':0,'text':'x'",
        "'message':'1','text':'x'",
        "'message':1,'text':'x'",
        "'message':1,'choice':'both'",
        "'message':1",
        "'to':'support'",
        "'to':'support','text':'  '",
        "'to':'head-of-sales','text':'x'",
        "'to':'learner','text':'x'",
        "'text':'x'",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct lab_answer answer = answer_it(*state, &w, refused[i]);
        if (answer.status != 422 || !answer.refused) fail_msg("%s: %s", refused[i], answer.body);
    }
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM message"), "1");
    assert_int_equal(answer_it(*state, &w, "'message':1,'choice':'wait'").status, 200);
    assert_int_equal(answer_it(*state, &w, "'message':1,'choice':'tell_all'").status, 422);
    worker_end(&w);
}

/* RULE lab-message-length, on both sides of its edge. */
static void test_long_messages(void **state) {
    struct worker w = begin(*state);
    for (int over = 0; over < 2; over++) {
        struct buf b;
        buf_init(&b, *state);
        for (int i = 0; i < LAB_MESSAGE_MAX + over; i++) buf_puts(&b, "ż");
        struct lab_answer answer = answer_it(
            *state, &w, arena_printf(*state, "'to':'support','text':'%s'", buf_text(&b)));
        assert_int_equal(answer.status, over ? 422 : 200);
    }
    worker_end(&w);
}

/* Support works on weekdays: three hours of Friday, and one of Monday. */
static void test_support_sleeps_at_weekends(void **state) {
    struct worker w = begin(*state);
    assert_int_equal(
        answer_it(*state, &w, "'to':'support','text':'Is there an outage?','subject':'CRM'").status,
        200);
    go(*state, &w, AT(4, 10) - 1);
    assert_string_equal(
        fixture_cell(*state, &w, "SELECT count(*) FROM message WHERE from_id = 'support'"), "0");
    go(*state, &w, AT(4, 10));
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT thread || ' ' || subject || ' ' || body FROM message WHERE from_id = "
                     "'support'"),
        "1 CRM The outage was at our data centre. It is over.");
    worker_end(&w);
    /* Without the word it is the other answer, after an hour of work. */
    w = begin(*state);
    answer_it(*state, &w, "'to':'support','text':'Help.'");
    go(*state, &w, AT(1, 15) - 1);
    assert_string_equal(messages(*state, &w), "1 learner -480");
    go(*state, &w, AT(1, 15));
    assert_string_equal(messages(*state, &w), "1 learner -480, 2 support -420");
    assert_string_equal(fixture_cell(*state, &w,
                                     "SELECT (SELECT event FROM message WHERE id = 1) = cause FROM "
                                     "event WHERE actor = 'support'"),
                        "1");
    /* Support is answered in turn. */
    assert_int_equal(answer_it(*state, &w, "'message':2,'text':'Thank you.'").status, 200);
    go(*state, &w, AT(1, 16));
    assert_string_equal(fixture_cell(*state, &w, "SELECT thread FROM message WHERE id = 3"), "1");
    worker_end(&w);
}

static void test_working_hours(void **state) {
    (void)state;
    static const struct lab_calendar week = {0x1f, 9 * 60, 17 * 60, 0},
                                     east = {0x1f, 9 * 60, 17 * 60, 120}, always = {0, 0, 0, 0},
                                     late = {0x40, 22 * 60, 24 * 60, 0};
    static const struct {
        const struct lab_calendar *c;
        int64_t from_ms, work_ms, at_ms;
    } cases[] = {
        {&week, START, 3 * MS_HOUR, AT(1, 17)},     {&week, START, 3 * MS_HOUR + 1, AT(4, 9) + 1},
        {&week, AT(1, 17), MS_HOUR, AT(4, 10)},     {&week, AT(2, 12), MS_HOUR, AT(4, 10)},
        {&week, AT(4, 0), 20 * MS_HOUR, AT(6, 13)}, {&east, START, MS_HOUR, AT(1, 15)},
        {&east, START, MS_HOUR + 1, AT(4, 7) + 1},  {&always, AT(2, 3), 5 * MS_HOUR, AT(2, 8)},
        {&late, START, MS_HOUR, AT(3, 23)},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t at_ms = lab_calendar_after(cases[i].c, cases[i].from_ms, cases[i].work_ms);
        if (at_ms != cases[i].at_ms)
            fail_msg("case %zu: %lld minutes off", i, (long long)(at_ms - cases[i].at_ms) / 60000);
    }
}

static void test_what_screens_see(void **state) {
    struct worker w = begin(*state);
    const char *answer, *why;
    size_t len;
    go(*state, &w, AT(1, 23));
    answer_it(*state, &w, "'message':1,'choice':'wait'");
    assert_int_equal(client_view(&w, "{\"view\":\"messages\"}", *state, &answer, &len), OK);
    json_t *rows = json_object_get(json_read(*state, answer, len, &why), "rows"),
           *first = json_array_get(rows, 1);
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(first, "from")), "head-of-sales");
    assert_string_equal(json_string_value(json_object_get(first, "choice")), "wait");
    assert_int_equal(json_integer_value(json_object_get(first, "missed")), 1);
    assert_int_equal(json_array_size(json_object_get(first, "choices")), 2);
    assert_string_equal(
        json_text(*state, json_object_get(json_read(*state, answer, len, &why), "to")),
        "[\"support\"]");
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
        TEST(test_an_answer_is_missed),
        TEST(test_an_answer_in_time),
        TEST(test_a_choice_has_its_price),
        TEST(test_answers_that_are_none),
        TEST(test_long_messages),
        TEST(test_support_sleeps_at_weekends),
        TEST(test_working_hours),
        TEST(test_what_screens_see),
        TEST(test_the_truth_is_hidden),
        TEST(test_the_same_again),
    };
    return cmocka_run_group_tests(tests, make_scratch, scratch_drop);
}
