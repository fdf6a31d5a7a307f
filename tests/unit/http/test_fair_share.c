/* Who is asked to wait, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "http/fair_share.h"

#define START_US 1000000000

static struct fair_share *share;
static uint64_t one, other, room;

static int setup(void **state) {
    (void)state;
    share = fair_share_new(2, FAIR_PERCENT);
    assert_non_null(share);
    one = fair_share_person(share, "one");
    other = fair_share_person(share, "other");
    room = fair_share_guest(share, "192.0.2.1");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fair_share_free(share);
    return 0;
}

/* RULE fair-share: the burst, to the microsecond, for a person and for an address. */
static void test_burst(void **state) {
    (void)state;
    const struct {
        uint64_t who;
        int64_t burst;
    } cases[] = {{one, FAIR_BURST_US}, {room, FAIR_BURST_US * FAIR_GUESTS}};
    for (size_t i = 0; i < 2; i++) {
        assert_true(fair_share_allows(share, other, START_US));
        fair_share_used(share, cases[i].who, cases[i].burst - 1, START_US);
        assert_true(fair_share_allows(share, cases[i].who, START_US));
        fair_share_used(share, cases[i].who, 1, START_US);
        assert_false(fair_share_allows(share, cases[i].who, START_US));
        assert_true(fair_share_allows(share, other, START_US)); /* who did nothing is served */
    }
}

/* A quarter of two threads gives back half of the time that passes. */
static void test_given_back(void **state) {
    (void)state;
    assert_true(fair_share_allows(share, other, START_US));
    fair_share_used(share, one, FAIR_BURST_US + 1000, START_US);
    for (int64_t at = START_US; at <= START_US + 2000; at++) /* looking often loses nothing */
        assert_false(fair_share_allows(share, one, at));
    assert_true(fair_share_allows(share, one, START_US + 2002));
    struct fair_share *large = fair_share_new(16, FAIR_PERCENT);
    uint64_t many = fair_share_person(large, "many"), few = fair_share_person(large, "few");
    assert_true(fair_share_allows(large, few, START_US));
    fair_share_used(large, many, FAIR_BURST_US + 4000, START_US);
    assert_false(fair_share_allows(large, many, START_US + 1000));
    assert_true(fair_share_allows(large, many, START_US + 1001));
    fair_share_free(large);
    struct fair_share *all = fair_share_new(2, 100);
    many = fair_share_person(all, "many");
    assert_true(fair_share_allows(all, fair_share_person(all, "few"), START_US));
    fair_share_used(all, many, 100 * FAIR_BURST_US, START_US);
    assert_true(fair_share_allows(all, many, START_US));
    fair_share_free(all);
}

/* Alone on the server nobody waits; with somebody served within the last second they do. */
static void test_alone(void **state) {
    (void)state;
    fair_share_used(share, one, 100 * FAIR_BURST_US, START_US);
    assert_true(fair_share_allows(share, one, START_US));
    assert_true(fair_share_allows(share, other, START_US));
    assert_false(fair_share_allows(share, one, START_US + FAIR_OTHERS_US - 1));
    assert_true(fair_share_allows(share, one, START_US + FAIR_OTHERS_US));
}

/* As many as there may be: whoever finds no place is served, and nobody waits for another. */
static void test_many(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_int_equal(ARENA_GUARD(&a), 0);
    for (int i = 0; i < 10000; i++) {
        uint64_t who = fair_share_person(share, arena_printf(&a, "p%d", i));
        assert_true(fair_share_allows(share, who, START_US));
        fair_share_used(share, who, FAIR_BURST_US * 2, START_US);
    }
    arena_release(&a);
    assert_true(fair_share_allows(share, one, START_US));
    /* Later their places are free again. */
    int64_t later = START_US + 10 * FAIR_BURST_US;
    assert_true(fair_share_allows(share, other, later));
    fair_share_used(share, one, FAIR_BURST_US, later);
    assert_false(fair_share_allows(share, one, later));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_burst, setup, teardown),
        cmocka_unit_test_setup_teardown(test_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
