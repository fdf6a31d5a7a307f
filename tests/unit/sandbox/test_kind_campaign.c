/* Text campaigns: to whom they go, when, and that nobody gets one twice. */
#include "unit/sandbox/kind_fixture.h"

#define BIND "<bind kind=\"sms_campaign\" id=\"sms_campaign\" in=\"sms\"/>"

static const struct kind_seed seeds[] = {
    {"sms.sender", "key,number,kind,country,state\nn1,+44 1,long_number,GB,registered\n"},
    {"sms.subscriber", "key,phone,opt_state\nada,+44 11,in\nbo,+44 22,in\ncy,+44 33,none\n"
                       "di,+44 44,out\n"},
    {"sms.campaign", "key,name,sender_id,kind,text,state,send_time,keep_quiet_hours\n"
                     "k1,Soon,@n1,broadcast,Hello,scheduled,2026-03-02T10:00:00Z,0\n"
                     "k2,Draft,@n1,broadcast,Later,draft,2026-03-02T10:00:00Z,0\n"},
    {NULL, NULL}};

static const char *sent(struct kind_lab *lab) {
    return kind_cell(lab, "SELECT coalesce(group_concat(phone || ' ' || text || ' ' || status, "
                          "', '), '') FROM (SELECT * FROM sms_message ORDER BY phone, text)");
}

static void test_what_is_scheduled_goes_to_those_who_want_it(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, "sms=chirrow", BIND, seeds);
    kind_advance(&lab, 2 * MS_HOUR - 1000);
    assert_string_equal(sent(&lab), "");
    kind_advance(&lab, MS_MINUTE);
    assert_string_equal(sent(&lab), "+44 11 Hello delivered, +44 22 Hello delivered");
    assert_string_equal(kind_cell(&lab, "SELECT group_concat(state || ' ' || coalesce(sent, 0), "
                                        "', ') FROM (SELECT * FROM sms_campaign ORDER BY name)"),
                        "draft 0, sent 2");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* Sent again, it goes to those who came since. A time that was moved is the one that counts. */
static void test_nobody_gets_it_twice(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, "sms=chirrow", BIND, seeds);
    const char *id = kind_id(&lab, "sms_campaign", "name", "Soon");
    kind_change(&lab, "sms.campaign", id, "state", "sending", NULL);
    kind_change(&lab, "sms.subscriber", kind_id(&lab, "sms_subscriber", "phone", "+44 33"),
                "opt_state", "in", NULL);
    kind_change(&lab, "sms.campaign", id, "state", "sending", NULL);
    kind_advance(&lab, 3 * MS_HOUR);
    assert_string_equal(sent(&lab),
                        "+44 11 Hello delivered, +44 22 Hello delivered, +44 33 Hello delivered");
    id = kind_id(&lab, "sms_campaign", "name", "Draft");
    kind_change(&lab, "sms.campaign", id, "state", "scheduled", "send_time",
                arena_printf(*state, "%lld", (long long)(KIND_START + 4 * MS_HOUR)), NULL);
    kind_change(&lab, "sms.campaign", id, "send_time",
                arena_printf(*state, "%lld", (long long)(KIND_START + 6 * MS_HOUR)), NULL);
    kind_advance(&lab, 2 * MS_HOUR);
    assert_null(strstr(sent(&lab), "Later"));
    kind_advance(&lab, 2 * MS_HOUR);
    assert_non_null(strstr(sent(&lab), "+44 33 Later delivered"));
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_scheduled_goes_to_those_who_want_it),
        TEST(test_nobody_gets_it_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
