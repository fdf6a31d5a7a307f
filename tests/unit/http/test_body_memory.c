/* Memory for bodies: RULE share-of-bodies at its edge, and nothing is lost on the way. */
#include "unit/check.h"

#include "http/body_memory.h"

#define MB ((size_t)1024 * 1024)

static void test_share(void **state) {
    (void)state;
    struct body_memory *b = body_memory_new();
    for (int i = 0; i < 4; i++) assert_true(body_memory_grow(b, "192.0.2.1", 0, 8 * MB));
    assert_false(body_memory_grow(b, "192.0.2.1", 0, BODY_SMALL + 1));
    assert_true(body_memory_grow(b, "192.0.2.1", 0, BODY_SMALL));
    assert_false(body_memory_grow(b, "192.0.2.1", BODY_SMALL, BODY_SMALL + 1));
    assert_true(body_memory_grow(b, "192.0.2.2", 0, 8 * MB));
    body_memory_release(b, "192.0.2.1", 8 * MB);
    assert_true(body_memory_grow(b, "192.0.2.1", BODY_SMALL, 8 * MB));
    assert_false(body_memory_grow(b, "192.0.2.1", 8 * MB, 8 * MB + 1));
    body_memory_free(b);
}

static void test_networks(void **state) {
    (void)state;
    struct body_memory *b = body_memory_new();
    assert_true(body_memory_grow(b, "2001:db8::1", 0, BODY_MEMORY_SHARE));
    assert_false(body_memory_grow(b, "2001:db8::2", 0, MB));
    assert_true(body_memory_grow(b, "2001:db8:0:1::1", 0, MB));
    assert_true(body_memory_grow(b, "unknown", 0, BODY_MEMORY_SHARE));
    assert_false(body_memory_grow(b, "unknown", 0, MB));
    body_memory_free(b);
}

/* All together: half for large ones, all of it for small ones. */
static void test_all(void **state) {
    (void)state;
    struct body_memory *b = body_memory_new();
    char client[4][16];
    for (int i = 0; i < 4; i++) {
        snprintf(client[i], sizeof client[i], "192.0.2.%d", i);
        assert_true(body_memory_grow(b, client[i], 0, BODY_MEMORY_SHARE));
    }
    assert_false(body_memory_grow(b, "192.0.2.9", 0, BODY_SMALL + 1));
    size_t small = 0;
    while (body_memory_grow(b, "192.0.2.9", 0, BODY_SMALL)) small++;
    assert_int_equal(small, BODY_MEMORY_LIMIT / 2 / BODY_SMALL);
    body_memory_release(b, client[0], BODY_MEMORY_SHARE);
    assert_true(body_memory_grow(b, client[1], 0, BODY_SMALL));
    for (size_t i = 0; i < small; i++) body_memory_release(b, "192.0.2.9", BODY_SMALL);
    assert_true(body_memory_grow(b, "192.0.2.9", 0, BODY_MEMORY_SHARE - BODY_SMALL));
    body_memory_release(b, "192.0.2.9", 0);
    body_memory_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_share), TEST(test_networks), TEST(test_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
