/* The reserve behind malloc: lent when malloc has nothing, taken back, told when it runs low. */
#include "base/reserve.h"

#include <stdint.h>
#include <string.h>

#include "unit/check.h"

static void test_malloc_first(void **state) {
    (void)state;
    size_t before = reserve_lent();
    void *p = reserve_alloc(100);
    assert_non_null(p);
    assert_int_equal(reserve_lent(), before);
    reserve_free(p);
    reserve_free(NULL);
}

static void test_lends_and_takes_back(void **state) {
    (void)state;
    reserve_pretend_empty(3);
    char *a = reserve_alloc(1000), *b = reserve_alloc(50), *c = reserve_alloc(0);
    assert_true(a && b && c);
    assert_int_equal((uintptr_t)b % _Alignof(max_align_t), 0);
    assert_true(reserve_lent() >= 1050);
    memset(a, 1, 1000);
    memset(b, 2, 50);
    assert_int_equal(a[999], 1);
    reserve_free(a);
    reserve_free(c);
    reserve_free(b);
    assert_int_equal(reserve_lent(), 0);
}

/* A piece of malloc's that cannot grow there moves into the reserve with what it holds, and from
 * there back. */
static void test_grows_across(void **state) {
    (void)state;
    char *p = reserve_alloc(16);
    memcpy(p, "fifteen letters", 16);
    reserve_pretend_empty(1);
    p = reserve_resize(p, 4096);
    assert_string_equal(p, "fifteen letters");
    assert_true(reserve_lent() >= 4096);
    p = reserve_resize(p, 20); /* fits where it is */
    assert_string_equal(p, "fifteen letters");
    p = reserve_resize(p, 100000);
    assert_string_equal(p, "fifteen letters");
    assert_int_equal(reserve_lent(), 0);
    reserve_free(p);
    reserve_pretend_empty(1);
    p = reserve_strdup("kept");
    assert_string_equal(p, "kept");
    reserve_free(p);
}

/* RULE reserve-low: told when more than half is lent, not at half; and what was freed serves as one
 * piece again. */
static void test_low_and_used_up(void **state) {
    (void)state;
    const size_t piece = RESERVE_BYTES / 4;
    void *quarter[3];
    for (int i = 0; i < 3; i++) {
        assert_false(reserve_low());
        reserve_pretend_empty(1);
        quarter[i] = reserve_alloc(i < 2 ? piece - 64 : piece / 2);
        assert_non_null(quarter[i]);
    }
    assert_true(reserve_low());
    reserve_pretend_empty(1);
    assert_null(reserve_alloc(RESERVE_BYTES));
    reserve_free(quarter[0]);
    assert_false(reserve_low());
    reserve_free(quarter[1]);
    reserve_free(quarter[2]);
    reserve_pretend_empty(1);
    void *whole = reserve_alloc(RESERVE_BYTES - 256);
    assert_non_null(whole);
    reserve_free(whole);
    reserve_pretend_empty(1);
    assert_null(reserve_alloc(SIZE_MAX - 8));
    reserve_pretend_empty(0);
}

int main(void) {
    reserve_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malloc_first), cmocka_unit_test(test_lends_and_takes_back),
        cmocka_unit_test(test_grows_across), cmocka_unit_test(test_low_and_used_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
