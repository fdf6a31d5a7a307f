/* What ads cost: a daily budget is a mean, a total is a limit, and who is kept out sees nothing. */
#include "unit/sandbox/kind_fixture.h"

#define BIND                                                                                       \
    "<bind kind=\"ad_spend\" id=\"spend\" in=\"ads\">"                                             \
    "<role id=\"member\" is=\"ads.audience_member\"/></bind>"

static const struct kind_seed seeds[] = {
    {"ads.audience", "key,name,kind\nin,Wanted,customer_list\nout,Customers,exclusion\n"},
    {"ads.audience_member", "key,audience_id,fingerprint,added\nm1,@in,aa,1772438400000\n"
                            "m2,@in,bb,1772438400000\nm3,@out,bb,1772438400000\n"},
    {"ads.campaign", "key,name,network,objective,state,daily_minor,currency\n"
                     "c1,Pumps,social,leads,active,10000,EUR\n"},
    {"ads.ad_set", "key,campaign_id,name,audience_id,excluded_id,bid_minor,bid_for,state\n"
                   "s1,@c1,All,@in,@out,500,click,active\n"},
    {NULL, NULL}};

static void start(struct kind_lab *lab, struct arena *a) {
    kind_start(lab, a, "ads=lanternway", BIND, seeds);
}

static void days(struct kind_lab *lab, int count) {
    for (int i = 0; i < count; i++) kind_advance(lab, 24 * MS_HOUR);
}

static void test_a_daily_budget_is_a_mean(void **state) {
    struct kind_lab lab;
    start(&lab, *state);
    kind_advance(&lab, 15 * MS_HOUR);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM ads_cost"), "0");
    kind_advance(&lab, MS_HOUR);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM ads_cost"), "1");
    days(&lab, 9);
    assert_string_equal(
        kind_cell(&lab, "SELECT count(*) || ' ' || sum(cost_minor NOT BETWEEN 9500 AND 12000) || "
                        "' ' || (count(DISTINCT cost_minor) > 1) || ' ' || (sum(cost_minor) = "
                        "(SELECT spent_minor FROM ads_campaign)) FROM ads_cost"),
        "10 0 1 1");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

/* The day on which the money ends costs what is left, and no day comes after it. */
static void test_a_total_is_a_limit(void **state) {
    struct kind_lab lab;
    start(&lab, *state);
    kind_change(&lab, "ads.campaign", kind_id(&lab, "ads_campaign", "name", "Pumps"), "total_minor",
                "25000", NULL);
    days(&lab, 9);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) || ' ' || sum(cost_minor) FROM ads_cost"),
                        "3 25000");
    assert_string_equal(kind_cell(&lab, "SELECT state FROM ads_campaign"), "ended");
    assert_string_equal(kind_events(&lab, "budget."), "budget.reached 1");
    kind_end(&lab);
}

static void test_nothing_runs_for_nobody(void **state) {
    struct kind_lab lab;
    start(&lab, *state);
    const char *set = kind_id(&lab, "ads_ad_set", "name", "All");
    kind_change(&lab, "ads.ad_set", set, "state", "paused", NULL);
    kind_advance(&lab, 16 * MS_HOUR);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM ads_cost"), "0");
    kind_change(&lab, "ads.ad_set", set, "state", "active", NULL);
    kind_change(&lab, "ads.campaign", kind_id(&lab, "ads_campaign", "name", "Pumps"), "end_time",
                "1772582400000", NULL); /* Wednesday, 0:00 */
    days(&lab, 5);
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM ads_cost"), "1");
    assert_string_equal(kind_cell(&lab, "SELECT state FROM ads_campaign"), "ended");
    /* "bb" is in the audience, and in the one that is kept out. */
    assert_string_equal(kind_cell(&lab, "SELECT group_concat(DISTINCT detail) FROM event WHERE "
                                        "kind = 'ad.shown'"),
                        "aa");
    kind_assert_quiet(&lab);
    kind_end(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_daily_budget_is_a_mean),
        TEST(test_a_total_is_a_limit),
        TEST(test_nothing_runs_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
