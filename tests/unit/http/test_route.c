/* Paths against a table of routes. */
#include "unit/check.h"

#include "http/route.h"

static const struct route table[] = {
    {METHOD_GET, "/", ROLE_PUBLIC, NULL, 0},
    {METHOD_GET, "/modules/:id", ROLE_LEARNER, NULL, 0},
    {METHOD_POST, "/modules/:id", ROLE_LEARNER, NULL, 0},
    {METHOD_PUT, "/attempts/:id/responses/:slot", ROLE_LEARNER, NULL, 0},
    {METHOD_GET, "/static/*", ROLE_PUBLIC, NULL, 0},
    {METHOD_GET, "/runs/:id/api/:connector/*", ROLE_ANY, NULL, ROUTE_METHODS},
    {METHOD_GET, "/runs/:id/api/:connector", ROLE_ANY, NULL, ROUTE_METHODS},
};

static const struct route *find(void **state, enum method method, const char *path,
                                struct route_match *m) {
    assert_true(route_find(table, sizeof table / sizeof *table, method, path, *state, m));
    return m->route;
}

static void test_matches(void **state) {
    struct route_match m;
    assert_ptr_equal(find(state, METHOD_GET, "/", &m), &table[0]);
    assert_ptr_equal(find(state, METHOD_GET, "/modules/data-basics", &m), &table[1]);
    assert_string_equal(m.param[0], "data-basics");
    assert_ptr_equal(find(state, METHOD_POST, "/modules/x", &m), &table[2]);
    assert_ptr_equal(find(state, METHOD_PUT, "/attempts/a1/responses/7", &m), &table[3]);
    assert_string_equal(m.param[0], "a1");
    assert_string_equal(m.param[1], "7");
    assert_null(m.param[2]);
    assert_ptr_equal(find(state, METHOD_GET, "/static/fonts/a.woff2", &m), &table[4]);
    assert_string_equal(m.param[0], "fonts/a.woff2");
    assert_ptr_equal(find(state, METHOD_DELETE, "/runs/r/api/crm/contacts/1", &m), &table[5]);
    assert_string_equal(m.param[2], "contacts/1");
}

static void test_escapes(void **state) {
    struct route_match m;
    assert_ptr_equal(find(state, METHOD_GET, "/modules/a%2Fb", &m), &table[1]);
    assert_string_equal(m.param[0], "a/b"); /* stays in its segment */
    assert_ptr_equal(find(state, METHOD_GET, "/%6Dodules/%E0%B9%84", &m), &table[1]);
    assert_string_equal(m.param[0], "ไ");
    static const char *const broken[] = {"/modules/%",
                                         "/modules/%0",
                                         "/modules/%00",
                                         "/%00",
                                         "/modules/%FF",
                                         "/static/%C3",
                                         "modules",
                                         "",
                                         "*"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        if (route_find(table, sizeof table / sizeof *table, METHOD_GET, broken[i], *state, &m))
            fail_msg("“%s” was let in", broken[i]);
}

static void test_misses(void **state) {
    struct route_match m;
    static const char *const none[] = {
        "/modules", "/modules/",   "/modules//", "/modules/a/", "/modules/a/b",
        "//",       "//modules/a", "/Modules/a", "/module/a",   "/attempts//responses/1",
        "/nowhere"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        if (find(state, METHOD_GET, none[i], &m)) fail_msg("“%s” was found", none[i]);
        assert_false(m.path_known);
    }
    /* Deeper than any route: no crash, no match; "*" still takes it all. */
    assert_null(find(state, METHOD_GET, "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", &m));
    assert_ptr_equal(find(state, METHOD_GET, "/static/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", &m),
                     &table[4]);
    assert_string_equal(m.param[0], "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t");
}

static void test_methods(void **state) {
    struct route_match m;
    assert_null(find(state, METHOD_DELETE, "/modules/a", &m));
    assert_true(m.path_known);
    assert_int_equal(m.allowed, 1u << METHOD_GET | 1u << METHOD_POST);
    assert_null(find(state, METHOD_OTHER, "/", &m));
    assert_true(m.path_known);
    assert_ptr_equal(find(state, METHOD_OTHER, "/runs/r/api/crm/x", &m), &table[5]);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_matches), TEST(test_escapes), TEST(test_misses),
                                       TEST(test_methods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
