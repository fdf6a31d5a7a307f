/* Kinds at the sizes that a lab may have. */
#include "unit/sandbox/kind_fixture.h"

#define PROFILES 5000
#define AUDIENCES 20

/* Five thousand profiles and twenty audiences that ask for the same fields. */
static const struct kind_seed *many(struct arena *a) {
    struct kind_seed *seeds = NEW_ARRAY(a, struct kind_seed, 4);
    struct buf profiles, audiences, rows;
    buf_init(&profiles, a);
    buf_init(&audiences, a);
    buf_init(&rows, a);
    buf_puts(&profiles, "key,first_name,lifecycle,zone_minutes\n");
    for (int i = 0; i < PROFILES; i++)
        buf_printf(&profiles, "p%d,N%d,%s,%d\n", i, i, i % 2 ? "known" : "customer", i);
    buf_puts(&audiences, "key,name,definition,refresh\n");
    buf_puts(&rows, "audience_id,any,field,operator,value\n");
    for (int i = 0; i < AUDIENCES; i++) {
        buf_printf(&audiences, "s%d,S%d,by number,live\n", i, i);
        buf_printf(&rows, "@s%d,1,zone_minutes,greater,%d\n@s%d,1,lifecycle,is,customer\n", i,
                   PROFILES - 1001, i);
    }
    seeds[0] = (struct kind_seed){"cdp.profile", buf_text(&profiles)};
    seeds[1] = (struct kind_seed){"cdp.audience", buf_text(&audiences)};
    seeds[2] = (struct kind_seed){"cdp.audience_rule", buf_text(&rows)};
    return seeds;
}

static void test_many_segments_of_many_records(void **state) {
    struct arena a;
    struct kind_lab lab;
    (void)state;
    arena_init(&a, (size_t)64 * 1024 * 1024);
    kind_start(&lab, &a, "cdp=cairnwell", "", many(&a));
    assert_string_equal(kind_cell(&lab, "SELECT count(*) FROM cdp_audience_member"), "10000");
    const char *id = kind_id(&lab, "cdp_profile", "first_name", "N4990");
    kind_change(&lab, "cdp.profile", id, "lifecycle", "known", NULL);
    kind_change(&lab, "cdp.profile", id, "lifecycle", "customer", NULL);
    assert_string_equal(kind_events(&lab, "segment."), "segment.entered 20, segment.left 20");
    assert_string_equal(
        kind_cell(&lab, "SELECT min(profiles) || ' ' || max(profiles) FROM cdp_audience"),
        "500 500");
    kind_assert_quiet(&lab);
    kind_end(&lab);
    arena_release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_many_segments_of_many_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
