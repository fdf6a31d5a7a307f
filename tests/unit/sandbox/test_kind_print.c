/* Cards on paper: what is posted and comes back, whose code is scanned, and what a page takes. */
#include "unit/sandbox/kind_fixture.h"

#define STACK "direct_mail=paperwren,webforms=thistlewy,erp=stavemoor"

static const struct kind_seed seeds[] = {
    {"erp.customer", "key,number,name,country,currency,state\nk1,K-1,Ana,DE,EUR,active\n"
                     "k2,K-2,Ben,DE,EUR,active\nk3,K-3,Cleo,DE,EUR,active\n"},
    {"direct_mail.mailing", "key,name,kind,state,campaign_code,holdout_permille,currency\n"
                            "m1,Card,batch,draft,card,0,EUR\n"},
    {"direct_mail.piece",
     "key,mailing_id,last_name,email,customer_number,address_state,held_out,state\n"
     "p1,@m1,Ana,ana@a.example,K-1,valid,0,planned\n"
     "p2,@m1,Ben,ben@b.example,K-2,undeliverable,0,planned\n"
     "p3,@m1,Cleo,cleo@c.example,K-3,valid,1,held_out\n"},
    {"direct_mail.code", "key,text,piece_id,mailing_id,target,single_use,state\n"
                         "c1,AAA,@p1,@m1,https://t.example/?utm_campaign=card,1,unused\n"
                         "c2,BBB,@p2,@m1,https://t.example/,1,unused\n"
                         "c3,CCC,@p3,@m1,https://t.example/,1,unused\n"},
    {"webforms.form", "key,name,state,notice_version\nf1,Hello,live,2026-1\n"},
    {"webforms.form_field", "key,form_id,name,type,required,takes_from\n"
                            "g1,@f1,letter,checkbox,1,\ng2,@f1,campaign,hidden,0,utm_campaign\n"},
    {NULL, NULL}};

#define BIND                                                                                       \
    "<bind kind=\"print_post\" id=\"print_post\" in=\"direct_mail\"/>"                             \
    "<bind kind=\"qr_visit\" id=\"qr_visit\" in=\"direct_mail\"><role id=\"form\" "                \
    "is=\"webforms.form\"/><role id=\"field\" is=\"webforms.form_field\"/><role "                  \
    "id=\"submission\" is=\"webforms.submission\"/><role id=\"customer\" "                         \
    "is=\"erp.customer\"/><role id=\"order\" is=\"erp.order\"/></bind>"                            \
    "<lookup id=\"passed_on\"><pair left=\"K-1\" right=\"K-2\"/></lookup>"

static void post(struct kind_lab *lab, struct arena *a) {
    kind_start(lab, a, STACK, BIND, seeds);
    kind_change(lab, "direct_mail.mailing", kind_id(lab, "direct_mail_mailing", "name", "Card"),
                "state", "printing", NULL);
}

static void days(struct kind_lab *lab, int count) {
    for (int i = 0; i < count; i++) kind_advance(lab, 24 * MS_HOUR);
}

static const char *pieces(struct kind_lab *lab) {
    return kind_cell(lab, "SELECT group_concat(last_name || ' ' || state, ', ') FROM (SELECT * "
                          "FROM direct_mail_piece ORDER BY last_name)");
}

static void test_what_is_held_out_is_not_posted(void **state) {
    struct kind_lab lab;
    post(&lab, *state);
    assert_string_equal(pieces(&lab), "Ana printed, Ben printed, Cleo held_out");
    days(&lab, 1);
    assert_string_equal(pieces(&lab), "Ana posted, Ben posted, Cleo held_out");
    days(&lab, 3);
    assert_string_equal(pieces(&lab), "Ana delivered, Ben returned, Cleo held_out");
    assert_string_equal(kind_cell(&lab, "SELECT printed || ' ' || returned FROM "
                                        "direct_mail_mailing"),
                        "2 1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* The product says that a code is used; the books take it once more. */
static void test_a_code_that_is_passed_on(void **state) {
    struct kind_lab lab;
    post(&lab, *state);
    days(&lab, 9);
    assert_string_equal(kind_cell(&lab, "SELECT group_concat(result, ', ') FROM (SELECT * FROM "
                                        "direct_mail_scan ORDER BY at)"),
                        "accepted, repeated");
    assert_string_equal(kind_cell(&lab, "SELECT scans || ' ' || state || ' ' || (order_number = "
                                        "(SELECT number FROM erp_order ORDER BY ordered LIMIT 1)) "
                                        "FROM direct_mail_code WHERE text = 'AAA'"),
                        "2 used 1");
    assert_string_equal(
        kind_cell(&lab, "SELECT group_concat(name || ' ' || print_code, ', ') FROM (SELECT c.name, "
                        "o.print_code FROM erp_order o JOIN erp_customer c ON c.id = o.customer_id "
                        "WHERE o.print_code <> '' ORDER BY o.ordered)"),
        "Ana AAA, Ben AAA");
    /* A box that is required is ticked; the campaign comes with the hidden field. */
    assert_string_equal(kind_cell(&lab, "SELECT count(*) || ' ' || max(email) || ' ' || "
                                        "max(consent_given) || ' ' || max(utm_campaign) FROM "
                                        "webforms_submission"),
                        "1 ana@a.example 1 card");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

static void test_a_blocked_code_leads_nowhere(void **state) {
    struct kind_lab lab;
    post(&lab, *state);
    kind_change(&lab, "direct_mail.code", kind_id(&lab, "direct_mail_code", "text", "AAA"), "state",
                "blocked", NULL);
    days(&lab, 5);
    assert_string_equal(kind_cell(&lab, "SELECT result FROM direct_mail_scan LIMIT 1"), "blocked");
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM webforms_submission"), "0");
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_held_out_is_not_posted),
        TEST(test_a_code_that_is_passed_on),
        TEST(test_a_blocked_code_leads_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
