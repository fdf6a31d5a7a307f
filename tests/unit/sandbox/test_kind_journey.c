/* Journeys: who enters, where they stand, how they leave, and what happens to those on the way. */
#include "unit/sandbox/kind_fixture.h"

static const struct kind_seed seeds[] = {
    {"cdp.profile", "key,first_name,email,lifecycle\n"
                    "ada,Ada,ada@amberly.example,known\n"
                    "bo,Bo,bo@amberly.example,customer\n"},
    {"cdp.audience", "key,name,definition,refresh\ncold,Cold,former,live\n"},
    {"cdp.audience_rule", "audience_id,any,field,operator,value\n@cold,1,lifecycle,is,former\n"},
    {NULL, NULL}};

static void start(struct kind_lab *lab, void **state) {
    kind_start(lab, *state, "cdp=cairnwell", "", seeds);
}

static const char *journey(struct kind_lab *lab, const char *again) {
    return kind_make(lab, "cdp.journey", "name", "Basket", "state", "live", "starts_with", "event",
                     "event_name", "basket_left", "again", again, NULL);
}

static const char *step(struct kind_lab *lab, const char *of, const char *position,
                        const char *action, const char *setting, const char *minutes) {
    return kind_make(lab, "cdp.journey_step", "journey_id", of, "position", position, "action",
                     action, "setting", setting, "wait_minutes", minutes, NULL);
}

static void happen(struct kind_lab *lab, const char *key, const char *name, const char *who) {
    kind_make(lab, "cdp.event", "key", key, "name", name, "email",
              arena_printf(lab->a, "%s@amberly.example", who), "at", "1772438400000", "source",
              "shop", NULL);
}

/* "state step" of each passage: the step's setting or action. */
static const char *stands(struct kind_lab *lab) {
    return kind_cell(lab, "SELECT group_concat(t, ', ') FROM (SELECT p.state || ' ' || "
                          "coalesce(s.setting, s.action, '-') AS t FROM cdp_passage p LEFT JOIN "
                          "cdp_journey_step s ON s.id = p.step_id ORDER BY p.id)");
}

static const char *left(struct kind_lab *lab) {
    return kind_cell(lab,
                     "SELECT new_value || coalesce(': ' || detail, '') FROM event WHERE kind = "
                     "'journey.left' ORDER BY seq DESC LIMIT 1");
}

static void test_steps_follow_each_other(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = journey(&lab, "never");
    step(&lab, id, "1", "send_email", "Forgotten", NULL);
    step(&lab, id, "2", "wait", NULL, "60");
    const char *update = step(&lab, id, "3", "update", NULL, NULL);
    kind_change(&lab, "cdp.journey_step", update, "field", "lifecycle", "value", "active", NULL);
    step(&lab, id, "4", "tell", "sales", NULL);
    happen(&lab, "k1", "cart_left", "ada");
    happen(&lab, "k1", "cart_left", "ada"); /* told twice */
    happen(&lab, "k2", "page_viewed", "bo");
    happen(&lab, "k3", "cart_left", "nobody");
    assert_string_equal(kind_events(&lab, "event."), "event.repeated 1");
    assert_string_equal(kind_events(&lab, "journey.send"), "journey.send_email 1");
    kind_advance(&lab, 1000);
    assert_string_equal(stands(&lab), "waiting wait");
    int64_t due = strtoll(kind_cell(&lab, "SELECT due FROM cdp_passage"), NULL, 10);
    kind_advance(&lab, due - kind_now(&lab) - 1);
    assert_string_equal(stands(&lab), "waiting wait");
    kind_advance(&lab, 1);
    assert_string_equal(stands(&lab), "active update");
    kind_advance(&lab, 5000);
    assert_string_equal(stands(&lab), "finished sales");
    assert_string_equal(
        kind_cell(&lab, "SELECT lifecycle FROM cdp_profile WHERE first_name = 'Ada'"), "engaged");
    assert_string_equal(kind_cell(&lab, "SELECT entered || ' ' || finished FROM cdp_journey"),
                        "1 1");
    assert_string_equal(left(&lab), "finished");
    assert_string_equal(
        kind_cell(&lab, "SELECT DISTINCT actor || human FROM event WHERE kind LIKE 'journey.%%'"),
        "journey0");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_the_same_person_again(void **state) {
    static const struct {
        const char *again, *first, *later;
    } cases[] = {{"never", "1", "1"}, {"after_exit", "1", "2"}, {"always", "2", "3"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kind_lab lab;
        start(&lab, state);
        step(&lab, journey(&lab, cases[i].again), "1", "wait", NULL, "10");
        happen(&lab, "k1", "cart_left", "ada");
        happen(&lab, "k2", "cart_left", "ada");
        assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_passage"), cases[i].first);
        kind_advance(&lab, MS_HOUR);
        happen(&lab, "k3", "cart_left", "ada");
        assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_passage"), cases[i].later);
        kind_end(&lab);
    }
}

static void condition(struct kind_lab *lab, const char *what, const char *of, const char *value) {
    kind_make(lab, "cdp.journey_condition", what, of, "any", "1", "field", "lifecycle", "operator",
              "is", "value", value, NULL);
}

static void test_conditions_and_branches(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = journey(&lab, "always");
    const char *yes = step(&lab, id, "3", "tell", "yes", NULL);
    const char *no = step(&lab, id, "4", "tell", "no", NULL);
    const char *branch = step(&lab, id, "1", "branch", NULL, NULL);
    kind_change(&lab, "cdp.journey_step", branch, "next_id", yes, "else_id", no, NULL);
    kind_change(&lab, "cdp.journey_step", yes, "next_id",
                step(&lab, id, "9", "wait", "yes wait", "60"), NULL);
    condition(&lab, "step_id", branch, "customer");
    condition(&lab, "exit_of", id, "former");
    happen(&lab, "k1", "cart_left", "ada");
    happen(&lab, "k2", "cart_left", "bo");
    kind_advance(&lab, 10000);
    assert_string_equal(kind_cell(&lab,
                                  "SELECT group_concat(detail, ' ') FROM (SELECT detail FROM event "
                                  "WHERE kind = 'journey.told' ORDER BY detail)"),
                        "no yes");
    assert_string_equal(stands(&lab), "waiting yes wait, waiting yes wait");
    kind_change(&lab, "cdp.profile", kind_id(&lab, "cdp_profile", "first_name", "Bo"), "lifecycle",
                "former", NULL);
    assert_string_equal(left(&lab), "left: What lets them leave is true.");
    assert_string_equal(stands(&lab), "waiting yes wait, left yes wait");
    condition(&lab, "entry_of", id, "customer");
    happen(&lab, "k3", "cart_left", "ada");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_passage"), "2");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_waiting_for_something(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = journey(&lab, "always");
    const char *wait = step(&lab, id, "1", "wait_for", "order_placed", "60");
    const char *came = step(&lab, id, "2", "tell", "came", NULL),
               *late = step(&lab, id, "3", "tell", "late", NULL);
    const char *end = step(&lab, id, "4", "end", NULL, NULL);
    kind_change(&lab, "cdp.journey_step", wait, "else_id", late, NULL);
    kind_change(&lab, "cdp.journey_step", came, "next_id", end, NULL);
    happen(&lab, "k1", "cart_left", "ada");
    happen(&lab, "k2", "cart_left", "bo");
    happen(&lab, "k3", "order_placed", "ada");
    kind_advance(&lab, 2000);
    assert_string_equal(kind_events(&lab, "journey.told"), "journey.told 1");
    kind_advance(&lab, 2 * MS_HOUR);
    assert_string_equal(kind_cell(&lab,
                                  "SELECT group_concat(detail, ' ') FROM (SELECT detail FROM event "
                                  "WHERE kind = 'journey.told' ORDER BY seq)"),
                        "came late");
    assert_string_equal(stands(&lab), "finished end, finished end");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_an_audience_starts_a_journey(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = kind_make(
        &lab, "cdp.journey", "name", "Back", "state", "live", "starts_with", "audience",
        "audience_id", kind_id(&lab, "cdp_audience", "name", "Cold"), "again", "never", NULL);
    step(&lab, id, "1", "wait", "here", "5");
    kind_change(&lab, "cdp.profile", kind_id(&lab, "cdp_profile", "first_name", "Ada"), "lifecycle",
                "former", NULL);
    assert_string_equal(stands(&lab), "waiting here");
    id = kind_make(&lab, "cdp.journey", "name", "Day", "state", "live", "starts_with", "date",
                   "again", "never", NULL);
    step(&lab, id, "1", "wait", "day", "5000");
    condition(&lab, "entry_of", id, "customer");
    kind_advance(&lab, KIND_START + 18 * MS_HOUR - 1 - kind_now(&lab));
    assert_string_equal(stands(&lab), "finished here");
    kind_advance(&lab, 1);
    assert_string_equal(stands(&lab), "finished here, waiting day");
    kind_advance(&lab, MS_DAY);
    assert_string_equal(stands(&lab), "finished here, waiting day");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* A split leads all one way at its ends, and some each way between. */
static void test_a_split(void **state) {
    static const char *const shares[] = {"0", "500", "1000"};
    for (size_t i = 0; i < COUNT_OF(shares); i++) {
        struct kind_lab lab;
        start(&lab, state);
        const char *id = journey(&lab, "always");
        const char *split = step(&lab, id, "1", "split", shares[i], NULL);
        const char *one = step(&lab, id, "2", "tell", "one", NULL),
                   *end = step(&lab, id, "9", "end", NULL, NULL);
        const char *two = step(&lab, id, "3", "tell", "two", NULL);
        kind_change(&lab, "cdp.journey_step", split, "else_id", two, NULL);
        kind_change(&lab, "cdp.journey_step", one, "next_id", end, NULL);
        for (int n = 0; n < 20; n++) {
            const char *who = arena_printf(*state, "p%d", n);
            kind_make(&lab, "cdp.profile", "email", arena_printf(*state, "%s@amberly.example", who),
                      NULL);
            happen(&lab, who, "cart_left", who);
        }
        kind_advance(&lab, 10000);
        int ones = atoi(kind_cell(
            &lab, "SELECT count(*) FROM event WHERE kind = 'journey.told' AND detail = 'one'"));
        if (i == 0) assert_int_equal(ones, 0);
        if (i == 1) assert_true(ones > 3 && ones < 17);
        if (i == 2) assert_int_equal(ones, 20);
        assert_string_equal(kind_events(&lab, "journey.told"), "journey.told 20");
        kind_assert_quiet(&lab);
        kind_end(&lab);
    }
}

/* Steps that lead to each other: 200 are gone through, then it is told, and the lab goes on. */
static void test_a_journey_in_a_loop(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = journey(&lab, "never"), *one = step(&lab, id, "1", "tell", "round", NULL);
    kind_change(&lab, "cdp.journey_step", one, "next_id", one, NULL);
    happen(&lab, "k1", "cart_left", "ada");
    kind_advance(&lab, 199000);
    assert_string_equal(kind_events(&lab, "journey.told"), "journey.told 200");
    assert_string_equal(stands(&lab), "active round");
    kind_advance(&lab, 1000);
    assert_string_equal(stands(&lab), "failed round");
    assert_string_equal(left(&lab), "failed: It went through 200 steps and does not end.");
    kind_advance(&lab, MS_DAY);
    assert_string_equal(kind_events(&lab, "journey.told"), "journey.told 200");
    kind_change(&lab, "cdp.journey_step", one, "next_id", step(&lab, id, "2", "end", NULL, NULL),
                NULL);
    happen(&lab, "k2", "cart_left", "bo");
    kind_advance(&lab, 5000);
    assert_string_equal(stands(&lab), "failed round, finished end");
    kind_end(&lab);
}

static void test_edited_on_the_way(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = journey(&lab, "never"), *one = step(&lab, id, "1", "wait", "first", "60");
    const char *two = step(&lab, id, "2", "wait", "second", "60");
    happen(&lab, "k1", "cart_left", "ada");
    /* Whoever waits keeps the wait that was; the steps behind are as they are then. */
    kind_change(&lab, "cdp.journey_step", one, "wait_minutes", "600", NULL);
    kind_change(&lab, "cdp.journey_step", two, "setting", "renamed", NULL);
    kind_advance(&lab, MS_HOUR + 2000);
    assert_string_equal(stands(&lab), "waiting renamed");
    /* Paused: nobody moves; then all go on. */
    kind_change(&lab, "cdp.journey", id, "state", "paused", NULL);
    kind_advance(&lab, 5 * MS_HOUR);
    assert_string_equal(stands(&lab), "waiting renamed");
    happen(&lab, "k2", "cart_left", "bo");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_passage"), "1");
    kind_change(&lab, "cdp.journey", id, "state", "live", NULL);
    assert_string_equal(stands(&lab), "finished renamed");
    /* A step that is gone. */
    happen(&lab, "k3", "cart_left", "bo");
    kind_delete(&lab, "cdp.journey_step", one, NULL);
    kind_advance(&lab, 11 * MS_HOUR);
    assert_string_equal(left(&lab), "failed: The step where they stood is gone.");
    /* Closed: whoever is on the way leaves. */
    happen(&lab, "k4", "cart_left", "nobody");
    kind_make(&lab, "cdp.profile", "email", "cy@amberly.example", NULL);
    happen(&lab, "k5", "cart_left", "cy");
    kind_change(&lab, "cdp.journey", id, "state", "closed", NULL);
    assert_string_equal(left(&lab), "left: The journey was closed.");
    kind_end(&lab);
}

static void test_a_journey_without_steps(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    journey(&lab, "never");
    happen(&lab, "k1", "cart_left", "ada");
    assert_string_equal(kind_cell(&lab, "SELECT detail FROM event WHERE kind = 'journey.stopped'"),
                        "It has no steps.");
    const char *id = kind_make(&lab, "cdp.journey", "name", "Odd", "state", "live", "starts_with",
                               "event", "event_name", "basket_left", "again", "never", NULL);
    const char *update = step(&lab, id, "1", "update", NULL, NULL);
    kind_change(&lab, "cdp.journey_step", update, "field", "identifiers", "value", "3", NULL);
    happen(&lab, "k2", "cart_left", "bo");
    kind_advance(&lab, 5000);
    assert_string_equal(kind_cell(&lab, "SELECT detail FROM event WHERE kind = 'record.refused'"),
                        "the field is read-only");
    assert_string_equal(stands(&lab), "finished update");
    kind_end(&lab);
}

/* What a journey sends in another system, with the permission that a third one knows of. */
static void test_a_journey_across_systems(void **state) {
    static const struct kind_seed more[] = {
        {"cdp.profile", "first_name,email,phone\nAda,ada@amberly.example,+48 22 1234567\n"},
        {"email.subscriber", "email,first_name,email_status\nADA@amberly.example,Ada,active\n"},
        {"email.template", "name,subject,body\nForgotten,Hello {{first_name}},Come back\n"},
        {"consent.purpose", "key,code,name,channel,legal_basis\np,news,News,email,consent\n"},
        {"sms.subscriber", "phone,opt_state\n+48221234567,in\n"},
        {NULL, NULL}};
    struct kind_lab lab;
    kind_start(&lab, *state, "cdp=cairnwell,email=larkmere,consent=fennock,sms=chirrow",
               "<bind kind=\"journey_email\" id=\"je\" in=\"email\"><role id=\"journey\" "
               "is=\"cdp.journey\"/><role id=\"passage\" is=\"cdp.passage\"><part id=\"record_id\" "
               "is=\"profile_id\"/></role><role id=\"record\" is=\"cdp.profile\"/></bind>"
               "<bind kind=\"journey_sms\" id=\"js\" in=\"sms\"><role id=\"passage\" "
               "is=\"cdp.passage\"><part id=\"record_id\" is=\"profile_id\"/></role><role "
               "id=\"record\" is=\"cdp.profile\"/></bind>",
               more);
    const char *id = journey(&lab, "always");
    kind_change(&lab, "cdp.journey", id, "purpose", "news", NULL);
    step(&lab, id, "1", "send_email", "forgotten", NULL);
    step(&lab, id, "2", "send_email", "nosuch", NULL);
    step(&lab, id, "3", "send_sms", "Come back", NULL);
    happen(&lab, "k1", "cart_left", "ada");
    kind_advance(&lab, 10000);
    assert_string_equal(kind_cell(&lab,
                                  "SELECT group_concat(detail, ', ') FROM (SELECT detail FROM "
                                  "event WHERE kind = 'email.dropped' ORDER BY seq)"),
                        "no consent, no such template");
    kind_make(&lab, "consent.consent", "purpose_id",
              kind_id(&lab, "consent_purpose", "code", "news"), "email", "ada@amberly.example",
              "state", "given", "at", "1772400000000", "source", "web_form", NULL);
    happen(&lab, "k2", "cart_left", "ada");
    assert_string_equal(kind_cell(&lab, "SELECT subject FROM email_activity"), "Hello Ada");
    assert_string_equal(kind_cell(&lab, "SELECT text || ' ' || status FROM sms_message"),
                        "Come back sent");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_put_into_a_journey_by_hand(void **state) {
    struct kind_lab lab;
    start(&lab, state);
    const char *id = journey(&lab, "never");
    step(&lab, id, "1", "tell", "first", NULL);
    const char *second = step(&lab, id, "2", "wait", NULL, "60");
    step(&lab, id, "3", "tell", "last", NULL);
    kind_make(&lab, "cdp.passage", "journey_id", id, "profile_id",
              kind_id(&lab, "cdp_profile", "first_name", "Ada"), "step_id", second, "state",
              "active", NULL);
    assert_string_equal(stands(&lab), "waiting wait");
    assert_string_equal(kind_cell(&lab, "SELECT steps || ' ' || (entered > 0) FROM cdp_passage"),
                        "1 1");
    kind_advance(&lab, MS_HOUR + 5000);
    assert_string_equal(stands(&lab), "finished last");
    assert_string_equal(kind_events(&lab, "journey.told"), "journey.told 1");
    happen(&lab, "k1", "cart_left", "ada");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_passage"), "1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_steps_follow_each_other),      TEST(test_the_same_person_again),
        TEST(test_conditions_and_branches),      TEST(test_waiting_for_something),
        TEST(test_an_audience_starts_a_journey), TEST(test_a_split),
        TEST(test_a_journey_in_a_loop),          TEST(test_edited_on_the_way),
        TEST(test_a_journey_without_steps),      TEST(test_a_journey_across_systems),
        TEST(test_put_into_a_journey_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
