/* Several syncs in one stack, and one that goes round to where it came from. */
#include "unit/sandbox/kind_fixture.h"

static const struct kind_seed seeds[] = {
    {"crm.contact", "key,email,first_name,last_name\na,ada@amberly.example,Ada,Lovett\n"},
    {"map.lead",
     "email,first_name,last_name\nADA@amberly.example,Ada,\nbo@amberly.example,Bo,Old\n"},
    {"email.subscriber", "email,first_name,last_name,email_status\n"
                         "Ada@amberly.example,,Wrong,active\n"},
    {"map.field_mapping", "left_field,right_field,direction,transform\n"
                          "last_name,last_name,to_right,none\n"},
    {"map.sync_setting", "match_key,empty_values,conflict,create_left,create_right,frequency\n"
                         "email_normalised,keep,left,0,0,off\n"},
    {NULL, NULL}};

#define SYNC(id, left, right, link)                                                                \
    "<bind kind=\"sync\" id=\"" id "\" in=\"map\"><role id=\"left\" is=\"" left                    \
    "\"/><role id=\"right\" is=\"" right "\"><part id=\"link\" is=\"" link                         \
    "\"/></role><role id=\"mapping\" is=\"field_mapping\"/><role id=\"setting\" "                  \
    "is=\"sync_setting\"/><role id=\"run\" is=\"sync_run\"/></bind>"

static void test_two_syncs_in_a_stack(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, "crm=aurelia,map=heron,email=larkmere",
               SYNC("one", "crm.contact", "map.lead", "crm_id")
                   SYNC("two", "crm.contact", "email.subscriber", "contact_key"),
               seeds);
    kind_make(&lab, "map.sync_run", NULL);
    assert_string_equal(kind_events(&lab, "sync."), "sync.finished 2");
    const char *id = kind_cell(&lab, "SELECT id FROM crm_contact");
    assert_string_equal(kind_cell(&lab, "SELECT last_name || ' ' || crm_id FROM map_lead "
                                        "WHERE first_name = 'Ada'"),
                        arena_printf(*state, "Lovett %s", id));
    assert_string_equal(
        kind_cell(&lab, "SELECT last_name || ' ' || contact_key FROM email_subscriber"),
        arena_printf(*state, "Lovett %s", id));
    assert_string_equal(kind_cell(&lab, "SELECT last_name FROM map_lead WHERE first_name = 'Bo'"),
                        "Old");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* Leads that are mapped onto leads: their link is refused, told, and the lab goes on. */
static void test_a_sync_onto_itself(void **state) {
    struct kind_lab lab;
    kind_start(&lab, *state, "crm=aurelia,map=heron,email=larkmere",
               SYNC("round", "map.lead", "map.lead", "crm_id"), seeds);
    kind_make(&lab, "map.sync_run", NULL);
    kind_make(&lab, "map.sync_run", NULL);
    assert_string_equal(kind_events(&lab, "sync."), "sync.finished 2, sync.rejected 4");
    assert_string_equal(kind_cell(&lab, "SELECT DISTINCT field || ': ' || detail FROM event WHERE "
                                        "kind = 'sync.rejected'"),
                        "crm_id: value is not allowed");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM map_lead"), "2");
    assert_string_equal(kind_cell(&lab, "SELECT last_name FROM map_lead WHERE first_name = 'Bo'"),
                        "Old");
    kind_make(&lab, "map.lead", "email", "cy@amberly.example", NULL);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM map_lead"), "3");
    assert_string_equal(kind_events(&lab, "rule."), "");
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_two_syncs_in_a_stack),
        TEST(test_a_sync_onto_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
