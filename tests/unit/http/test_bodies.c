/* Memory for bodies: RULE share-of-bodies at its edge, and nothing is lost on the way. */
#include "unit/check.h"

#include "http/bodies.h"

#define MB ((size_t)1024 * 1024)

static void test_share(void **state) {
    (void)state;
    struct bodies *b = bodies_new();
    for (int i = 0; i < 4; i++) assert_true(bodies_grow(b, "192.0.2.1", 0, 8 * MB));
    assert_false(bodies_grow(b, "192.0.2.1", 0, BODY_SMALL + 1));
    assert_true(bodies_grow(b, "192.0.2.1", 0, BODY_SMALL));
    assert_false(bodies_grow(b, "192.0.2.1", BODY_SMALL, BODY_SMALL + 1));
    assert_true(bodies_grow(b, "192.0.2.2", 0, 8 * MB));
    bodies_end(b, "192.0.2.1", 8 * MB);
    assert_true(bodies_grow(b, "192.0.2.1", BODY_SMALL, 8 * MB));
    assert_false(bodies_grow(b, "192.0.2.1", 8 * MB, 8 * MB + 1));
    bodies_free(b);
}

static void test_networks(void **state) {
    (void)state;
    struct bodies *b = bodies_new();
    assert_true(bodies_grow(b, "2001:db8::1", 0, BODIES_SHARE));
    assert_false(bodies_grow(b, "2001:db8::2", 0, MB));
    assert_true(bodies_grow(b, "2001:db8:0:1::1", 0, MB));
    assert_true(bodies_grow(b, "unknown", 0, BODIES_SHARE));
    assert_false(bodies_grow(b, "unknown", 0, MB));
    bodies_free(b);
}

/* All together: half for large ones, all of it for small ones. */
static void test_all(void **state) {
    (void)state;
    struct bodies *b = bodies_new();
    char client[4][16];
    for (int i = 0; i < 4; i++) {
        snprintf(client[i], sizeof client[i], "192.0.2.%d", i);
        assert_true(bodies_grow(b, client[i], 0, BODIES_SHARE));
    }
    assert_false(bodies_grow(b, "192.0.2.9", 0, BODY_SMALL + 1));
    size_t small = 0;
    while (bodies_grow(b, "192.0.2.9", 0, BODY_SMALL)) small++;
    assert_int_equal(small, BODIES_LIMIT / 2 / BODY_SMALL);
    bodies_end(b, client[0], BODIES_SHARE);
    assert_true(bodies_grow(b, client[1], 0, BODY_SMALL));
    for (size_t i = 0; i < small; i++) bodies_end(b, "192.0.2.9", BODY_SMALL);
    assert_true(bodies_grow(b, "192.0.2.9", 0, BODIES_SHARE - BODY_SMALL));
    bodies_end(b, "192.0.2.9", 0);
    bodies_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_share), TEST(test_networks), TEST(test_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
