/* JSON from strangers: strict, with limits, never a crash. */
#include "unit/check.h"

#include "base/json.h"

static json_t *read_text(struct arena *a, const char *text, const char **why) {
    return json_read(a, text, strlen(text), why);
}

static void test_good(void **state) {
    struct arena *a = *state;
    const char *why = NULL;
    json_t *v = read_text(a, "{\"seq\": 3, \"response\": [1, \"ไทย\", null, true, 2.5]}", &why);
    assert_non_null(v);
    assert_int_equal(json_integer_value(json_object_get(v, "seq")), 3);
    assert_string_equal(json_text(a, v), "{\"response\":[1,\"ไทย\",null,true,2.5],\"seq\":3}");
    assert_true(json_is_integer(read_text(a, "7", &why)));
    assert_true(json_is_null(read_text(a, " null ", &why)));
}

static void test_bad(void **state) {
    struct arena *a = *state;
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{'a':1}",
        "{a:1}",
        "[1 2]",
        "nul",
        "\"\\x\"",
        "\"\\ud800\"",
        "01",
        "1.",
        "+1",
        "NaN",
        "Infinity",
        "{\"a\":1,\"a\":2}",
        "[1] x",
        "\"\x01\"",
        "\"\xC3\"",
        "\"\xED\xA0\x80\"",
        "\"\\u0000\"",
        "9223372036854775808",
        "-9223372036854775809",
        "1e999",
        "// c\n1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *why = NULL;
        if (read_text(a, bad[i], &why)) fail_msg("“%s” was taken for JSON", bad[i]);
        assert_non_null(why);
        assert_true(strlen(why) > 0);
    }
    const char *why = NULL;
    assert_null(json_read(a, "\"a\0b\"", 5, &why));
    assert_null(json_read(a, "1\0", 2, &why));
}

static char *nested(struct arena *a, size_t depth, char open, char close) {
    char *text = arena_alloc(a, depth * 2 + 1);
    memset(text, open, depth);
    memset(text + depth, close, depth);
    return text;
}

static void test_depth(void **state) {
    struct arena *a = *state;
    const char *why = NULL;
    assert_non_null(read_text(a, nested(a, 64, '[', ']'), &why));
    assert_null(read_text(a, nested(a, 65, '[', ']'), &why));
    assert_non_null(strstr(why, "deep"));
    assert_null(read_text(a, nested(a, 1000000, '[', ']'), &why));
    assert_null(read_text(a, nested(a, 1000000, '{', '}'), &why));
    /* Brackets in a string are no depth. */
    char *text = arena_printf(a, "\"%s\\\"%s\"", nested(a, 200, '[', '['),
                              nested(a, 200, '{', '{'));
    assert_non_null(read_text(a, text, &why));
}

static void test_keep(void **state) {
    struct arena *a = *state;
    json_t *v = json_adopt(a, json_pack("{s:i}", "a", 1));
    assert_string_equal(json_text(a, v), "{\"a\":1}");
    if (ARENA_GUARD(a) == 0) {
        json_adopt(a, NULL);
        fail_msg("a missing value was kept");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_good), TEST(test_bad), TEST(test_depth),
                                       TEST(test_keep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
