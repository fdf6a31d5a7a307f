/* The people of a world: the same ones again, what they do and how they react, and that nobody can
 * read who they are. */
#include "unit/sandbox/lab_scratch.h"

#include "base/clock.h"
#include "labmodel/lab_random.h"
#include "labmodel/lab_world.h"

#define CROWD "crm=aurelia,sms=chirrow,abm=keystrand"

static int make_scratch(void **state) {
    (void)state;
    return scratch_make("tests/unit/sandbox/crowd/labs") ? 0 : -1;
}

static struct worker begin(struct arena *a, uint64_t seed) {
    return fixture_worker(a, scratch_scenario(a, "crowd"), CROWD, seed);
}

static int64_t count(struct arena *a, struct worker *w, const char *sql) {
    int64_t n = -1;
    const char *cell = fixture_cell(a, w, sql);
    if (!cell || !parse_i64(cell, 0, INT64_MAX, &n)) fail_msg("%s: %s", sql, cell ? cell : "NULL");
    return n;
}

/* At most seven. */
static void days(struct arena *a, struct worker *w, int n) {
    int64_t now_ms = fixture_sql(a, w, "SELECT 1").now_ms, end_ms = now_ms + n * MS_DAY;
    while (now_ms < end_ms) {
        struct lab_answer answer = fixture_step(
            a, w, arena_printf(a, "{\"kind\":\"clock\",\"to_ms\":%lld}", (long long)end_ms));
        assert_int_equal(answer.status, 200);
        now_ms = answer.now_ms;
    }
}

static void test_the_same_people_again(void **state) {
    const char *hash[3];
    for (int i = 0; i < 3; i++) {
        struct worker w = begin(*state, i == 2 ? 8 : 7);
        days(*state, &w, 3);
        assert_int_equal(client_hash(&w, *state, &hash[i]), OK);
        worker_end(&w);
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_not_equal(hash[0], hash[2]);
}

static void test_a_world_fills_its_systems(void **state) {
    struct worker w = begin(*state, 7);
    assert_int_equal(count(*state, &w, "SELECT count(*) FROM sim_people"), 500);
    assert_int_equal(count(*state, &w, "SELECT count(*) FROM crm_account"), 60);
    assert_in_range(count(*state, &w, "SELECT count(*) FROM sms_subscriber"), 430, 470);
    assert_in_range(count(*state, &w, "SELECT count(*) FROM crm_contact"), 215, 285);
    assert_in_range(count(*state, &w, "SELECT count(DISTINCT country) FROM sms_subscriber"), 13,
                    14);
    assert_int_equal(count(*state, &w,
                           "SELECT count(*) FROM sms_subscriber WHERE phone IS NULL OR first_name "
                           "IS NULL OR last_name IS NULL OR email NOT LIKE '%@%.example'"),
                     0);
    /* The same person has the same address in both. */
    assert_int_equal(
        count(*state, &w,
              "SELECT count(*) FROM sim_person a JOIN sim_person b USING (person) JOIN "
              "crm_contact c ON c.id = a.record_id JOIN sms_subscriber d ON d.id = "
              "b.record_id WHERE c.email <> d.email"),
        0);
    assert_in_range(count(*state, &w, "SELECT sum(free_mail) FROM sim_people"), 45, 95);
    assert_in_range(count(*state, &w, "SELECT sum(proxy) FROM sim_people"), 205, 275);
    assert_string_equal(fixture_cell(*state, &w, "SELECT count(*) FROM event"), "0");
    worker_end(&w);
}

/* RULE lab-person-next. */
static void test_one_next_thing_each(void **state) {
    struct worker w = begin(*state, 7);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(
            fixture_cell(*state, &w,
                         "SELECT count(*) || ' ' || count(DISTINCT ref) FROM sim_due WHERE kind = "
                         "'person'"),
            arena_printf(*state, "%lld %lld",
                         (long long)count(*state, &w,
                                          "SELECT count(*) FROM sim_people WHERE gone_ms IS NULL"),
                         (long long)count(
                             *state, &w, "SELECT count(*) FROM sim_people WHERE gone_ms IS NULL")));
        days(*state, &w, 5);
    }
    worker_end(&w);
}

/* Fewer at night and at weekends, by each one's own clock. */
static void test_hours(void **state) {
    struct worker w = begin(*state, 7);
    days(*state, &w, 7);
    days(*state, &w, 7);
    static const char local[] =
        "FROM event e JOIN sim_person p ON p.record_id = e.record_id JOIN sim_people q USING "
        "(person) WHERE e.kind = 'page.viewed' AND (e.at_ms + q.zone_minutes * 60000) ";
    int64_t all = count(*state, &w, "SELECT count(*) FROM event WHERE kind = 'page.viewed'"),
            night = count(*state, &w,
                          arena_printf(*state, "SELECT count(*) %s%% 86400000 < 21600000", local)),
            weekend = count(
                *state, &w,
                arena_printf(*state, "SELECT count(*) %s/ 86400000 %% 7 IN (2, 3)", local));
    assert_in_range(all, 180, 460);
    assert_true(night * 20 < all);
    assert_true(weekend * 6 < all);
    worker_end(&w);
}

static void send_letters(struct arena *a, struct worker *w) {
    for (int from = 0; from < 500; from += 250) {
        const char *answer, *why;
        size_t len, i;
        json_t *question = json_adopt(
                   a,
                   json_pack("{s:s, s:s}", "view", "rows", "sql",
                             arena_printf(a,
                                          "SELECT id, phone FROM sms_subscriber ORDER BY id LIMIT "
                                          "250 OFFSET %d",
                                          from))),
               *row;
        assert_int_equal(client_view(w, json_text(a, question), a, &answer, &len), OK);
        struct buf b;
        buf_init(&b, a);
        buf_puts(&b, "{'msgs':[");
        json_array_foreach (json_object_get(json_read(a, answer, len, &why), "rows"), i, row)
            buf_printf(&b, "%s{'dir':'mt','no':'%s','href':'%s','txt':'News'}", i ? "," : "",
                       json_string_value(json_array_get(row, 1)),
                       json_string_value(json_array_get(row, 0)));
        buf_puts(&b, "]}");
        struct lab_answer made = fixture_call(a, w, "sms", "POST", "/ct/gateway/1/sm", NULL,
                                              buf_text(&b));
        assert_int_equal(made.status, 200);
        assert_null(strstr(made.body, "refused"));
    }
}

/* Permille of what was delivered. */
static int64_t permille(struct arena *a, struct worker *w, const char *what) {
    return count(a, w,
                 arena_printf(a,
                              "SELECT 1000 * (SELECT count(*) FROM event WHERE %s) / (SELECT "
                              "count(*) FROM event WHERE kind = 'email.delivered')",
                              what));
}

static void test_how_people_react(void **state) {
    struct worker w = begin(*state, 7);
    for (int i = 0; i < 16; i++) {
        send_letters(*state, &w);
        days(*state, &w, 4);
    }
    int64_t letters = count(*state, &w, "SELECT count(*) FROM sms_message WHERE direction = 'out'");
    int64_t delivered = count(*state, &w,
                              "SELECT count(*) FROM event WHERE kind = 'email.delivered'");
    assert_true(letters > 6800);
    assert_in_range(delivered * 1000 / letters, 984, 995);
    assert_in_range(permille(*state, &w, "kind = 'email.bounced'"), 2, 7);
    assert_in_range(permille(*state, &w, "kind = 'email.opened'"), 210, 380);
    assert_in_range(permille(*state, &w, "kind = 'email.opened' AND human = 0"), 110, 190);
    assert_in_range(permille(*state, &w, "kind = 'email.clicked' AND human = 1"), 20, 34);
    assert_in_range(permille(*state, &w, "kind = 'email.clicked' AND human = 0"), 60, 160);
    assert_in_range(permille(*state, &w, "kind = 'subscriber.opted_out'"), 1, 5);
    assert_in_range(permille(*state, &w, "kind = 'record.created' AND actor = 'person'"), 1, 6);
    /* What a machine did was a machine, and each has a cause. */
    assert_int_equal(
        count(*state, &w,
              "SELECT count(*) FROM event WHERE kind LIKE 'email.%' AND (cause IS NULL "
              "OR (actor IN ('email-proxy', 'link-scanner', 'email-server')) <> (human "
              "= 0))"),
        0);
    assert_int_equal(
        count(*state, &w, "SELECT count(*) FROM sim_consent WHERE state = 'out'"),
        count(*state, &w,
              "SELECT count(DISTINCT record_id) FROM event WHERE kind = 'subscriber.opted_out'"));
    /* RULE lab-refusal: they had said no to email, and to nothing else. */
    assert_int_equal(
        count(*state, &w,
              "SELECT count(*) FROM sim_consent WHERE state = 'out' AND channel <> 'email'"),
        0);
    /* Nobody whom the scanner belongs to has a proxy as well. */
    assert_int_equal(count(*state, &w, "SELECT count(*) FROM sim_people WHERE proxy AND scanner"),
                     0);
    worker_end(&w);
}

/* RULE lab-parent. */
static void test_companies_own_others(void **state) {
    struct worker w = begin(*state, 7);
    assert_int_equal(count(*state, &w, "SELECT count(*) FROM sim_company"), 60);
    assert_in_range(count(*state, &w, "SELECT count(parent) FROM sim_company"), 8, 22);
    assert_int_equal(
        count(*state, &w, "SELECT count(*) FROM sim_company WHERE parent >= company OR parent < 0"),
        0);
    /* What a system shows of it is the truth: the account of a company that is owned has the
     * domain of its owner, any other has none. */
    assert_int_equal(
        count(*state, &w,
              "SELECT count(*) FROM sim_company c JOIN abm_account a ON a.domain = c.web LEFT JOIN "
              "sim_company p ON p.company = c.parent WHERE a.parent_domain IS NOT p.web"),
        0);
    worker_end(&w);
}

static void test_who_fits(void **state) {
    struct worker w = begin(*state, 7);
    /* The mean of company and job; the same job in the same company fits alike. */
    assert_int_equal(
        count(*state, &w,
              "SELECT count(*) FROM sim_people p JOIN sim_company c USING (company) WHERE p.fit "
              "NOT IN ((c.fit + 900) / 2, (c.fit + 800) / 2, (c.fit + 700) / 2, (c.fit + 650) / 2, "
              "(c.fit + 600) / 2, (c.fit + 500) / 2, (c.fit + 450) / 2, (c.fit + 200) / 2)"),
        0);
    assert_in_range(count(*state, &w, "SELECT count(DISTINCT fit) FROM sim_people"), 100, 480);
    assert_int_equal(
        count(*state, &w,
              "SELECT count(*) FROM sim_person s JOIN crm_contact c ON c.id = s.record_id JOIN "
              "sim_people p USING (person) JOIN sim_company f USING (company) WHERE c.job_title = "
              "'Legal Counsel' AND p.fit <> (f.fit + 200) / 2"),
        0);
    worker_end(&w);
}

static void test_consent_has_channels(void **state) {
    struct worker w = begin(*state, 7);
    assert_string_equal(
        fixture_cell(*state, &w,
                     "SELECT group_concat(DISTINCT channel || ' ' || state) FROM (SELECT * FROM "
                     "sim_consent ORDER BY channel, state)"),
        "email in,email none,phone in,phone none,post in,post none,sms in,sms none");
    static const struct {
        const char *channel;
        int least, most; /* of 500 */
    } shares[] = {{"email", 400, 450}, {"sms", 165, 235}, {"phone", 120, 180}, {"post", 265, 335}};
    for (size_t i = 0; i < COUNT_OF(shares); i++)
        assert_in_range(count(*state, &w,
                              arena_printf(*state,
                                           "SELECT count(*) FROM sim_consent WHERE channel = '%s' "
                                           "AND state = 'in'",
                                           shares[i].channel)),
                        shares[i].least, shares[i].most);
    worker_end(&w);
}

/* RULE lab-interest: by halves, in between by a straight line. */
static void test_interest_fades(void **state) {
    static const struct {
        int64_t level, since_ms, left;
    } cases[] = {
        {1000, 0, 1000},          {1000, -MS_DAY, 1000},    {1000, 15 * MS_DAY, 750},
        {1000, 30 * MS_DAY, 500}, {1000, 45 * MS_DAY, 375}, {1000, 60 * MS_DAY, 250},
        {1000, 299 * MS_DAY, 1},  {1000, 300 * MS_DAY, 0},  {1, 30 * MS_DAY, 0},
        {0, MS_DAY, 0},           {-5, MS_DAY, 0},          {1000, INT64_MAX, 0},
        {1000, MS_DAY - 1, 984},  {1000, MS_DAY, 984},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t left = lab_world_faded(cases[i].level, cases[i].since_ms, 30 * MS_DAY);
        if (left != cases[i].left) fail_msg("case %zu: %lld", i, (long long)left);
    }
    assert_int_equal(lab_world_faded(700, 900 * MS_DAY, 0), 700);
}

/* RULE lab-interest: whoever visits has so much more of what is left, and never more than 1000. */
static void test_visits_interest(void **state) {
    struct worker w = begin(*state, 8);
    int64_t start_ms = fixture_sql(*state, &w, "SELECT 1").now_ms, seen = 0, full = 0;
    const char *before = fixture_cell(
        *state, &w,
        "SELECT group_concat(level, ' ') FROM (SELECT * FROM sim_interest ORDER BY "
        "person)");
    days(*state, &w, 7);
    for (int person = 1; person <= 500; person++) {
        char *end;
        int64_t level = strtoll(before, &end, 10);
        before = end;
        const char *once = fixture_cell(
            *state, &w,
            arena_printf(*state,
                         "SELECT CASE WHEN count(*) = 1 THEN min(e.at_ms) END FROM event e JOIN "
                         "sim_person s ON s.record_id = e.record_id WHERE s.person = %d AND "
                         "e.kind = 'page.viewed'",
                         person));
        if (!once) continue;
        int64_t want = 40 + lab_world_faded(level, strtoll(once, NULL, 10) - start_ms, 30 * MS_DAY);
        if (want > 1000) full++;
        assert_int_equal(
            count(*state, &w,
                  arena_printf(*state, "SELECT level FROM sim_interest WHERE person = %d", person)),
            want < 1000 ? want : 1000);
        seen++;
    }
    assert_true(seen > 20);
    assert_true(full > 0);
    worker_end(&w);
}

static void test_who_they_are_is_hidden(void **state) {
    struct worker w = begin(*state, 7);
    static const char *const tables[] = {"sim_people",  "sim_person",  "sim_interest",
                                         "sim_consent", "sim_opt_out", "sim_company"};
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        assert_int_equal(
            fixture_sql(*state, &w, arena_printf(*state, "SELECT * FROM %s", tables[i])).status,
            422);
        struct lab_answer answer = fixture_step(
            *state, &w,
            arena_printf(*state,
                         "{\"advance_ms\":1000,\"kind\":\"clock\",\"until\":\"SELECT count(*) FROM "
                         "%s\"}",
                         tables[i]));
        assert_int_equal(answer.status, 422);
    }
    assert_int_equal(fixture_sql(*state, &w, "SELECT faded(1000, 0)").status, 422);
    worker_end(&w);
}

/* The mean of the waits is what was asked for, and none is nothing. */
static void test_waits(void **state) {
    (void)state;
    int64_t sum = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t ms = lab_world_interval(1000000, (uint32_t)(lab_hash64(1, "wait", "", i) >> 32));
        assert_true(ms > 0 && ms < 7000000);
        sum += ms;
    }
    assert_in_range(sum / 20000, 970000, 1030000);
    assert_int_equal(lab_world_interval(1, 0), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_same_people_again),
        TEST(test_a_world_fills_its_systems),
        TEST(test_one_next_thing_each),
        TEST(test_hours),
        TEST(test_how_people_react),
        TEST(test_companies_own_others),
        TEST(test_who_fits),
        TEST(test_consent_has_channels),
        TEST(test_interest_fades),
        TEST(test_visits_interest),
        TEST(test_who_they_are_is_hidden),
        TEST(test_waits),
    };
    return cmocka_run_group_tests(tests, make_scratch, scratch_drop);
}
