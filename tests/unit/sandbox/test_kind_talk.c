/* Conversations: who answers, which team is asked, and how long somebody waits. */
#include "unit/sandbox/kind_fixture.h"

#define BIND                                                                                       \
    "<bind kind=\"talk\" id=\"talk\" in=\"chat\"><role id=\"submission\" "                         \
    "is=\"webforms.submission\"/><role id=\"form\" is=\"webforms.form\"/></bind>"

static const struct kind_seed seeds[] = {
    {"webforms.form", "key,name,page_path,state\nf1,Prices,/pricing,live\n"},
    {"chat.agent", "key,email,name,team,state,capacity,zone_minutes,shift_start,shift_end\n"
                   "g1,a@v.example,Ada,support,online,1,0,480,600\n"
                   "g2,b@v.example,Bo,key_accounts,online,1,0,480,600\n"},
    {"chat.assistant", "key,name,state,language,answers_from_permille,handover_team\n"
                       "s1,Vera,live,en,700,support\n"},
    {"chat.answer", "key,assistant_id,question,answer,sensitive\n"
                    "q1,@s1,opening hours,From 8 to 18.,0\nq2,@s1,smell gas,Wait.,1\n"},
    {"chat.route", "key,position,when_field,operator,value,team,skip_assistant,active\n"
                   "r1,1,email_domain,in_list,\"big.example, Port.example\",key_accounts,1,1\n"
                   "r2,2,page,contains,/pricing,support,0,1\n"},
    {NULL, NULL}};

/* Somebody writes, and two minutes go by: who answered, or the state. */
static const char *answer_to(struct kind_lab *lab, const char *email, const char *text) {
    kind_make(lab, "webforms.submission", "form_id",
              kind_id(lab, "webforms_form", "name", "Prices"), "sent", "1772438400000", "email",
              email, "text", text, "state", "received", NULL);
    kind_advance(lab, 2 * MS_MINUTE);
    return kind_cell(lab, "SELECT coalesce((SELECT m.author || coalesce(' ' || g.name, '') || ': ' "
                          "|| h.reason FROM chat_message m LEFT JOIN chat_agent g ON g.id = "
                          "m.agent_id JOIN chat_handover h ON h.conversation_id = "
                          "m.conversation_id WHERE m.conversation_id = c.id AND m.author = "
                          "'agent'), (SELECT m.author || ': ' || m.text FROM chat_message m WHERE "
                          "m.conversation_id = c.id AND m.author = 'assistant'), c.state) FROM "
                          "chat_conversation c ORDER BY c.started DESC, c.id DESC LIMIT 1");
}

static void test_who_answers(void **state) {
    static const struct {
        const char *email, *text, *answer;
    } cases[] = {
        {"x@some.example", "Your Opening Hours, please?", "assistant: From 8 to 18."},
        {"x@some.example", "I smell gas. Opening hours?", "agent Ada: sensitive"},
        {"x@some.example", "Where is my parcel?", "agent Ada: not_sure"},
        {"x@some.example", "Opening hours? I want a person.", "agent Ada: asked_for_person"},
        {"x@PORT.example", "Opening hours?", "agent Bo: rule"},
        {"x@bigger.example", "Opening hours?", "assistant: From 8 to 18."},
    };
    struct kind_lab lab;
    kind_start(&lab, *state, "chat=parlowe,webforms=thistlewy", BIND, seeds);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *answer = answer_to(&lab, cases[i].email, cases[i].text);
        if (!str_eq(answer, cases[i].answer)) fail_msg("case %zu: %s", i, answer);
        kind_advance(&lab, 10 * MS_MINUTE);
    }
    assert_string_equal(kind_cell(&lab, "SELECT count(*) || ' ' || max(waited_seconds < 60) FROM "
                                        "chat_handover WHERE state = 'accepted'"),
                        "4 1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* One talk at once: the second waits, and leaves after five minutes; after the shift nobody is
 * there, and what is marked off is not live. */
static void test_nobody_has_room(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, "chat=parlowe,webforms=thistlewy", BIND, seeds);
    assert_string_equal(answer_to(&lab, "x@some.example", "Hello?"), "agent Ada: not_sure");
    assert_string_equal(answer_to(&lab, "y@some.example", "Hello?"), "waiting");
    kind_advance(&lab, 4 * MS_MINUTE);
    assert_string_equal(kind_events(&lab, "handover."),
                        "handover.accepted 1, handover.missed 1, handover.requested 2");
    kind_advance(&lab, 2 * MS_HOUR);
    assert_string_equal(answer_to(&lab, "z@some.example", "Hello?"), "waiting");
    kind_change(&lab, "chat.assistant", kind_id(&lab, "chat_assistant", "name", "Vera"), "state",
                "off", NULL);
    assert_string_equal(answer_to(&lab, "x@some.example", "Opening hours?"), "waiting");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_who_answers),
        TEST(test_nobody_has_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
