/* RULE header-value: whatever a handler puts into a header, it is one header with one line. */
#include "unit/check.h"

#include "base/log.h"
#include "http/connection.h"

static struct connection *connection(struct arena *a) {
    struct connection *c = NEW(a, struct connection);
    c->request = (struct request){.arena = a, .connection = c, .id = "0"};
    return c;
}

static void test_values(void **state) {
    static const struct {
        const char *value, *want;
    } cases[] = {{"plain; a=\"b\"", "plain; a=\"b\""},
                 {"a\r\nSet-Cookie: x=1", "a  Set-Cookie: x=1"},
                 {"a\nb", "a b"},
                 {"a\tb", "a b"},
                 {"\x01\x1f\x7f", "   "},
                 {"\x20\x7e\x80\xff", "\x20\x7e\x80\xff"}, /* the first and last that may stand */
                 {"", ""}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct connection *c = connection(*state);
        http_header_out(&c->request, "X-A", cases[i].value);
        assert_int_equal(c->out_count, 1);
        assert_string_equal(c->out[0].value, cases[i].want);
        http_header_out(&c->request, "x-a", cases[i].value); /* in its place */
        assert_int_equal(c->out_count, 1);
        assert_string_equal(c->out[0].value, cases[i].want);
    }
}

static void test_names(void **state) {
    static const char *const bad[] = {"", " ", "X A", "X:", "X\n", "X\r\nY", "é", "X(", "\x7f"};
    struct connection *c = connection(*state);
    for (size_t i = 0; i < COUNT_OF(bad); i++) http_header_out(&c->request, bad[i], "v");
    assert_int_equal(c->out_count, 0);
    http_header_out(&c->request, "X-Rate_Limit.1!#$%&'*+^`|~", "v");
    assert_int_equal(c->out_count, 1);
}

static void test_too_many(void **state) {
    struct connection *c = connection(*state);
    for (int i = 0; i < OUT_HEADERS + 2; i++)
        http_header_out(&c->request, arena_printf(*state, "X-%d", i), "v");
    assert_int_equal(c->out_count, OUT_HEADERS);
    assert_string_equal(c->out[OUT_HEADERS - 1].name, "X-23");
    http_header_out(&c->request, "X-0", "changed"); /* one that is there */
    assert_string_equal(c->out[0].value, "changed");
}

static void test_redirects(void **state) {
    static const struct {
        const char *path, *want;
    } cases[] = {{"/runs/a?tab=x&object=y#calls", "/runs/a?tab=x&object=y#calls"},
                 {"/a%0Ab", "/a%0Ab"},
                 {"/a\nb", "/a%0Ab"},
                 {"/a\r\nSet-Cookie: x=1", "/a%0D%0ASet-Cookie:%20x=1"},
                 {"/\xc3\xa9\x7f\"<>\\", "/%C3%A9%7F%22%3C%3E%5C"},
                 {"//evil.example", "/"},
                 {"/\\evil.example", "/"},
                 {"https://evil.example/", "/"},
                 {"", "/"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct connection *c = connection(*state);
        assert_int_equal(http_redirect(&c->request, cases[i].path), OK);
        assert_int_equal(c->status, 303);
        assert_string_equal(c->out[0].value, cases[i].want);
    }
}

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {TEST(test_values), TEST(test_names), TEST(test_too_many),
                                       TEST(test_redirects)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
