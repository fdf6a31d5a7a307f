/* Sets of fields, at the edges of the words that they are made of. */
#include "unit/check.h"

#include "base/err.h"
#include "labmodel/lab_fields.h"

static const int edges[] = {0, 1, 62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 198, 199};

static int count_of(const struct lab_fields *set) {
    int n = 0;
    for (int i = 0; i < LAB_FIELDS_MAX; i++) n += lab_fields_has(set, i);
    return n;
}

static void test_one_field_is_one(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        struct lab_fields set = lab_fields_one(edges[i]);
        assert_true(lab_fields_has(&set, edges[i]));
        assert_int_equal(count_of(&set), 1);
        assert_false(lab_fields_empty(&set));
    }
}

static void test_fields_gather(void **state) {
    struct lab_fields set = {0};
    (void)state;
    assert_true(lab_fields_empty(&set));
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        assert_false(lab_fields_has(&set, edges[i]));
        lab_fields_add(&set, edges[i]);
        lab_fields_add(&set, edges[i]);
        assert_int_equal(count_of(&set), i + 1);
    }
}

/* A set of the first 64 has the last of them and not the next one, and so on. */
static void test_the_first(void **state) {
    static const int counts[] = {0, 1, 63, 64, 65, 127, 128, 129, 199, 200};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct lab_fields set = lab_fields_first(counts[i]);
        assert_int_equal(count_of(&set), counts[i]);
        if (counts[i] > 0) assert_true(lab_fields_has(&set, counts[i] - 1));
        if (counts[i] < LAB_FIELDS_MAX) assert_false(lab_fields_has(&set, counts[i]));
        assert_int_equal(lab_fields_empty(&set), counts[i] == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_field_is_one),
        TEST(test_fields_gather),
        TEST(test_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
