/* Messages: which may go to whom, and what was really sent. */
#include "unit/sandbox/kind_fixture.h"

#define SYSTEMS "consent=fennock,email=larkmere,sms=chirrow,ads=halcyard"
#define DAY_AGO(n) arena_printf(lab->a, "%lld", (long long)(KIND_START - (n) * (int64_t)MS_DAY))

static const struct kind_seed seeds[] = {
    {"consent.purpose", "key,code,name,channel,legal_basis,double_opt_in,expires_days,active\n"
                        "news,news,News,email,consent,0,30,1\n"
                        "twice,twice,Twice,email,consent,1,,1\n"
                        "interest,interest,Interest,email,legitimate_interest,0,,1\n"
                        "deal,deal,Deal,email,contract,0,,1\n"
                        "old,old,Old,email,consent,0,,0\n"
                        "texts,texts,Texts,sms,consent,0,,1\n"
                        "adverts,adverts,Adverts,ads,consent,0,,1\n"},
    {"email.list", "key,name,purpose\nnews,News,news\nnone,None,\n"},
    {"email.subscriber", "key,email,first_name,email_status,language\n"
                         "ada, Ada@amberly.example ,Ada,active,en\n"
                         "bo,bo@amberly.example,,active,de\n"},
    {"email.membership", "list_id,subscriber_id,status\n"
                         "@news,@ada,subscribed\n@news,@bo,subscribed\n"
                         "@none,@ada,subscribed\n@none,@bo,subscribed\n"},
    {"sms.subscriber", "key,phone,opt_state,country,zone_minutes\n"
                       "ada,+48 22 1234567,in,PL,60\n"
                       "bo,+1 212 5550100,in,US,-300\n"
                       "cy,+44 20 7946000,none,GB,0\n"},
    {"sms.keyword", "word,action\nSTOP,opt_out\nJoin,opt_in\n"},
    {"sms.quiet_hours", "country,days,start_minute,end_minute,policy,active\n"
                        ",all,1260,480,hold,1\nUS,weekdays,1260,360,drop,1\n"},
    {NULL, NULL}};

static void start(struct kind_lab *lab, void **state, const char *systems) {
    static struct kind_seed some[COUNT_OF(seeds)];
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(seeds); i++)
        if (!seeds[i].object ||
            strstr(systems, arena_copy(*state, seeds[i].object, strcspn(seeds[i].object, "."))))
            some[n++] = seeds[i];
    kind_start(lab, *state, systems, "", some);
}

static void answer(struct kind_lab *lab, const char *purpose, const char *email, const char *state,
                   const char *at, const char *confirmed) {
    kind_make(lab, "consent.consent", "purpose_id",
              kind_id(lab, "consent_purpose", "code", purpose), "email", email, "state", state,
              "at", at, "source", "web_form", "confirmed", confirmed, NULL);
}

/* What becomes of a mailing with this purpose to Ada: "sent", or why not. */
static const char *fate(struct kind_lab *lab, const char *purpose) {
    const char *list = kind_make(lab, "email.list", "name", "L", "purpose", purpose, NULL);
    kind_make(lab, "email.membership", "list_id", list, "subscriber_id",
              kind_id(lab, "email_subscriber", "first_name", "Ada"), "status", "subscribed", NULL);
    const char *template = kind_make(lab, "email.template", "name", "T", "subject", "S", "body",
                                     "B", NULL);
    kind_make(lab, "email.mailing", "name", "M", "kind", "campaign", "state", "sending", "list_id",
              list, "template_id", template, NULL);
    return kind_cell(lab,
                     "SELECT coalesce(reason, kind) FROM email_activity ORDER BY id DESC LIMIT 1");
}

static void test_the_latest_answer_rules(void **state) {
    struct kind_lab l, *lab = &l;
    start(lab, state, SYSTEMS);
    assert_string_equal(fate(lab, "news"), "no consent");
    answer(lab, "news", "ada@amberly.example", "given", DAY_AGO(10), NULL);
    assert_string_equal(fate(lab, "news"), "sent");
    /* An older one that comes later changes nothing; one from the future is none yet. */
    answer(lab, "news", "ADA@amberly.example", "withdrawn", DAY_AGO(11), NULL);
    answer(lab, "news", "ada@amberly.example", "withdrawn", DAY_AGO(-9), NULL);
    assert_string_equal(fate(lab, "news"), "sent");
    answer(lab, "news", "ada@amberly.example", "withdrawn", DAY_AGO(9), NULL);
    assert_string_equal(fate(lab, "news"), "withdrawn");
    assert_string_equal(kind_events(lab, "consent."), "consent.given 1, consent.withdrawn 3");
    kind_assert_quiet(lab);
    kind_end(lab);
}

static void test_purposes(void **state) {
    struct kind_lab l, *lab = &l;
    start(lab, state, SYSTEMS);
    static const struct {
        const char *purpose, *fate;
    } cases[] = {{"nosuch", "unknown purpose"},
                 {"old", "purpose not in use"},
                 {"texts", "purpose of another channel"},
                 {"deal", "sent"},
                 {"interest", "sent"},
                 {" News ", "no consent"},
                 {NULL, "sent"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(fate(lab, cases[i].purpose), cases[i].fate);
    answer(lab, "interest", "ada@amberly.example", "withdrawn", DAY_AGO(1), NULL);
    assert_string_equal(fate(lab, "interest"), "withdrawn");
    answer(lab, "twice", "ada@amberly.example", "given", DAY_AGO(2), NULL);
    assert_string_equal(fate(lab, "twice"), "not confirmed");
    answer(lab, "twice", "ada@amberly.example", "given", DAY_AGO(1), DAY_AGO(1));
    assert_string_equal(fate(lab, "twice"), "sent");
    kind_make(lab, "consent.preference", "email", "ada@amberly.example", "topic", "offers",
              "wanted", "1", "paused_until", DAY_AGO(-1), NULL);
    assert_string_equal(fate(lab, "deal"), "paused");
    kind_assert_quiet(lab);
    kind_end(lab);
}

/* Thirty days, on both sides of the hour. */
static void test_consent_lapses(void **state) {
    struct kind_lab l, *lab = &l;
    start(lab, state, SYSTEMS);
    answer(lab, "news", "ada@amberly.example", "given",
           arena_printf(*state, "%lld", (long long)(KIND_START - 30 * (int64_t)MS_DAY + MS_HOUR)),
           NULL);
    assert_string_equal(fate(lab, "news"), "sent");
    kind_advance(lab, KIND_START + MS_HOUR - MS_MINUTE - kind_now(lab));
    assert_string_equal(fate(lab, "news"), "sent");
    kind_advance(lab, KIND_START + MS_HOUR - kind_now(lab));
    assert_string_equal(fate(lab, "news"), "expired");
    kind_end(lab);
}

/* What stays of a person who was erased, however the address is written. */
static void test_suppression_outlives_everything(void **state) {
    struct kind_lab l, *lab = &l;
    start(lab, state, SYSTEMS);
    const char *hex = sha256_hex(*state, "ada@amberly.example", strlen("ada@amberly.example"));
    kind_make(lab, "consent.suppression", "fingerprint", hex, "channel", "all", "reason", "erasure",
              "since", DAY_AGO(1), NULL);
    assert_string_equal(fate(lab, "deal"), "suppressed");
    assert_string_equal(fate(lab, NULL), "suppressed");
    kind_end(lab);
}

/* RULE lab-token: without a value and a fallback it goes out raw, as in life. */
static void test_what_was_really_sent(void **state) {
    struct kind_lab l, *lab = &l;
    start(lab, state, "email=larkmere");
    const struct lab_object *o = lab_object_by_path(&lab->stack, "email.subscriber", NULL);
    const char *word =
        lab->dialects[0]->objects[o->index].fields[lab_field_find(o, "first_name")->index].as;
    const char *template = kind_make(
        lab, "email.template", "name", "T", "subject", arena_printf(*state, "Hi {{%s}}", word),
        "body", "{{ first_name }} of {{company}}, {{nosuch}} {{language}} {{", "fallbacks",
        arena_printf(*state, "first_name=friend\n%s=you", word), NULL);
    kind_make(lab, "email.mailing", "name", "M", "kind", "campaign", "state", "sending", "list_id",
              kind_id(lab, "email_list", "name", "None"), "template_id", template, NULL);
    assert_string_equal(
        kind_cell(lab, "SELECT group_concat(subject || '; ' || body, ' | ') FROM (SELECT * FROM "
                       "email_activity WHERE kind = 'sent' ORDER BY id)"),
        arena_printf(
            *state,
            "Hi Ada; Ada of {{company}}, {{nosuch}} %s {{ | Hi you; friend of {{company}}, "
            "{{nosuch}} %s {{",
            lab_surface_value(lab->dialects[0], o, lab_field_find(o, "language"), "en"),
            lab_surface_value(lab->dialects[0], o, lab_field_find(o, "language"), "de")));
    assert_string_equal(kind_cell(lab, "SELECT state || ' ' || sent FROM email_mailing"), "sent 2");
    kind_assert_quiet(lab);
    kind_end(lab);
}

/* What was scheduled before the run began goes out at its time, and not while it is paused. */
static void test_a_mailing_that_was_there_already(void **state) {
    struct kind_lab l, *lab = &l;
    const char *at = time_iso(*state, KIND_START + MS_HOUR);
    const struct kind_seed some[] = {
        {"email.list", "key,name\nall,All\n"},
        {"email.subscriber", "key,email,email_status\nada,ada@amberly.example,active\n"},
        {"email.membership", "list_id,subscriber_id,status\n@all,@ada,subscribed\n"},
        {"email.template", "key,name,subject,body\nt,T,S,B\n"},
        {"email.mailing",
         arena_printf(*state,
                      "name,kind,state,list_id,template_id,send_time\n"
                      "goes,campaign,scheduled,@all,@t,%s\nstays,campaign,scheduled,@all,@t,%s\n"
                      "draft,campaign,draft,@all,@t,%s\nnever,campaign,scheduled,@all,@t,\n",
                      at, at, at)},
        {NULL, NULL}};
    kind_start(lab, *state, "email=larkmere", "", some);
    kind_change(lab, "email.mailing", kind_id(lab, "email_mailing", "name", "stays"), "state",
                "paused", NULL);
    kind_advance(lab, KIND_START + MS_HOUR - 1 - kind_now(lab));
    assert_string_equal(kind_cell(lab, "SELECT count(*) FROM email_activity"), "0");
    kind_advance(lab, MS_DAY);
    assert_string_equal(kind_cell(lab, "SELECT group_concat(m.name) FROM email_activity a JOIN "
                                       "email_mailing m ON m.id = a.mailing_id"),
                        "goes");
    kind_assert_quiet(lab);
    kind_end(lab);
}

/* At its time, to each once, in turns of 500; nothing while it is paused. */
static void test_a_mailing_takes_its_time(void **state) {
    struct kind_lab l, *lab = &l;
    struct buf people, members;
    buf_init(&people, *state);
    buf_init(&members, *state);
    buf_puts(&people, "key,email,email_status\n");
    buf_puts(&members, "list_id,subscriber_id,status\n");
    for (int i = 0; i < 1001; i++) {
        buf_printf(&people, "p%d,p%d@amberly.example,%s\n", i, i, i == 7 ? "bounced" : "active");
        buf_printf(&members, "@all,@p%d,subscribed\n", i);
    }
    const struct kind_seed many[] = {{"email.list", "key,name\nall,All\n"},
                                     {"email.subscriber", buf_text(&people)},
                                     {"email.membership", buf_text(&members)},
                                     {"email.template", "key,name,subject,body\nt,T,S,B\n"},
                                     {NULL, NULL}};
    kind_start(lab, *state, "email=larkmere", "", many);
    const char *id = kind_make(lab, "email.mailing", "name", "M", "kind", "campaign", "state",
                               "scheduled", "list_id", kind_id(lab, "email_list", "name", "All"),
                               "template_id", kind_id(lab, "email_template", "name", "T"),
                               "send_time", DAY_AGO(-1), NULL);
    kind_advance(lab, KIND_START + MS_DAY - 1 - kind_now(lab));
    assert_string_equal(kind_cell(lab, "SELECT count(*) FROM email_activity"), "0");
    kind_advance(lab, 1);
    assert_string_equal(kind_cell(lab, "SELECT count(*) FROM email_activity"), "500");
    kind_advance(lab, MS_MINUTE);
    assert_string_equal(kind_cell(lab, "SELECT count(*) FROM email_activity"), "1000");
    kind_change(lab, "email.mailing", id, "state", "paused", NULL);
    kind_advance(lab, MS_HOUR);
    assert_string_equal(kind_cell(lab, "SELECT count(*) FROM email_activity"), "1000");
    kind_change(lab, "email.mailing", id, "state", "sending", NULL);
    assert_string_equal(
        kind_cell(lab,
                  "SELECT count(*) || ' ' || count(DISTINCT subscriber_id) FROM email_activity"),
        "1001 1001");
    assert_string_equal(kind_cell(lab, "SELECT state || ' ' || sent FROM email_mailing"),
                        "sent 1000");
    kind_assert_quiet(lab);
    kind_end(lab);
}

static const char *text_to(struct kind_lab *lab, const char *phone, const char *direction,
                           const char *text) {
    return kind_make(lab, "sms.message", "direction", direction, "phone", phone, "text", text,
                     NULL);
}

static const char *status(struct kind_lab *lab, const char *id) {
    return kind_cell(
        lab, "SELECT status || coalesce(' ' || error, '') FROM sms_message WHERE id = '%s'", id);
}

/* By the clock of whom it is for: in Poland from nine in the evening. In New York it is three in
 * the morning, and the rule for the country comes before the one for all. */
static void test_texts_have_quiet_hours(void **state) {
    struct kind_lab l, *lab = &l;
    start(lab, state, "sms=chirrow");
    const char *id = text_to(lab, "+48221234567", "out", "Hello");
    assert_string_equal(status(lab, id), "sent");
    kind_advance(lab, 30000);
    assert_string_equal(status(lab, id), "delivered");
    assert_string_equal(status(lab, text_to(lab, "+1 212 555 0100", "out", "Hello")),
                        "blocked quiet_hours");
    assert_string_equal(status(lab, text_to(lab, "+44207946000", "out", "Hello")),
                        "blocked no_permission");
    kind_advance(lab, KIND_START + 12 * MS_HOUR - kind_now(lab));
    id = text_to(lab, "+48221234567", "out", "Good night");
    assert_string_equal(status(lab, id), "held");
    kind_advance(lab, KIND_START + 23 * MS_HOUR - 1 - kind_now(lab));
    assert_string_equal(status(lab, id), "held");
    kind_advance(lab, 1);
    assert_string_equal(status(lab, id), "sent");
    kind_assert_quiet(lab);
    kind_end(lab);
}

static void test_stop_ends_what_is_held(void **state) {
    struct kind_lab l, *lab = &l;
    start(lab, state, "sms=chirrow");
    kind_advance(lab, 13 * MS_HOUR);
    const char *id = text_to(lab, "+48221234567", "out", "Good night");
    assert_string_equal(status(lab, id), "held");
    text_to(lab, "+48221234567", "in", " stop. ");
    kind_advance(lab, 12 * MS_HOUR);
    assert_string_equal(status(lab, id), "blocked opted_out");
    text_to(lab, "+49 30 123456", "in", "join");
    assert_string_equal(
        kind_cell(lab,
                  "SELECT opt_state || ' ' || opt_in_source FROM sms_subscriber ORDER BY id DESC"),
        "in keyword");
    assert_string_equal(kind_events(lab, "subscriber."),
                        "subscriber.opted_in 1, subscriber.opted_out 1");
    kind_assert_quiet(lab);
    kind_end(lab);
}

/* With a consent system in the stack, texts and uploads ask it, too. */
static void test_all_channels_ask(void **state) {
    struct kind_lab l, *lab = &l;
    start(lab, state, SYSTEMS);
    const char *campaign = kind_make(lab, "sms.campaign", "name", "C", "kind", "broadcast", "text",
                                     "T", "state", "draft", "purpose", "texts", NULL);
    const char *id = kind_make(lab, "sms.message", "direction", "out", "phone", "+48221234567",
                               "text", "T", "campaign_id", campaign, NULL);
    assert_string_equal(status(lab, id), "blocked no_permission");
    kind_make(lab, "consent.consent", "purpose_id",
              kind_id(lab, "consent_purpose", "code", "texts"), "phone", "+48 22 123-45-67",
              "state", "given", "at", DAY_AGO(1), "source", "paper", NULL);
    id = kind_make(lab, "sms.message", "direction", "out", "phone", "+48221234567", "text", "T",
                   "campaign_id", campaign, NULL);
    assert_string_equal(status(lab, id), "sent");
    const char *audience = kind_make(lab, "ads.audience", "name", "A", "kind", "customer_list",
                                     "purpose", "adverts", NULL);
    kind_try_make(lab, "ads.audience_member", "audience_id", audience, "fingerprint", "x", "email",
                  "ada@amberly.example", "added", DAY_AGO(0), NULL);
    assert_string_equal(kind_cell(lab, "SELECT count(*) FROM ads_audience_member"), "0");
    answer(lab, "adverts", "ada@amberly.example", "given", DAY_AGO(1), NULL);
    kind_make(lab, "ads.audience_member", "audience_id", audience, "fingerprint", "x", "email",
              "ada@amberly.example", "added", DAY_AGO(0), NULL);
    assert_string_equal(kind_cell(lab, "SELECT sent FROM ads_audience"), "1");
    kind_end(lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_latest_answer_rules), TEST(test_purposes),
        TEST(test_consent_lapses),          TEST(test_suppression_outlives_everything),
        TEST(test_what_was_really_sent),    TEST(test_a_mailing_takes_its_time),
        TEST(test_texts_have_quiet_hours),  TEST(test_stop_ends_what_is_held),
        TEST(test_all_channels_ask),        TEST(test_a_mailing_that_was_there_already),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
