/* Growing text and the escapes that every page and every JSON answer relies on. */
#include "unit/check.h"

#include "base/buf.h"
#include "base/json.h"

static void test_grows(void **state) {
    struct buf b;
    buf_init(&b, *state);
    assert_string_equal(buf_text(&b), "");
    for (int i = 0; i < 10000; i++) buf_putc(&b, (char)('a' + i % 26));
    assert_int_equal(b.len, 10000);
    assert_int_equal(buf_text(&b)[9999], 'a' + 9999 % 26);
    assert_int_equal(buf_text(&b)[10000], 0);
    buf_add(&b, "\0x", 2);
    assert_int_equal(b.len, 10002);
    buf_add(&b, NULL, 0);
    assert_int_equal(b.len, 10002);
}

static void test_printf_across_growth(void **state) {
    struct buf b;
    buf_init(&b, *state);
    char want[4096] = "";
    size_t n = 0;
    for (int i = 0; i < 500; i++) {
        n += (size_t)snprintf(want + n, sizeof want - n, "%d;", i);
        buf_printf(&b, "%d;", i);
    }
    assert_string_equal(buf_text(&b), want);
    buf_printf(&b, "%s", "");
    assert_int_equal(b.len, n);
}

static void test_reserve(void **state) {
    struct buf b;
    buf_init(&b, *state);
    char *room = buf_reserve(&b, 5);
    memcpy(room, "hello", 5);
    buf_advance(&b, 5);
    assert_string_equal(buf_text(&b), "hello");
    if (ARENA_GUARD((struct arena *)*state) == 0) {
        buf_reserve(&b, SIZE_MAX / 2);
        fail_msg("half the address space was reserved");
    }
    assert_string_equal(buf_text(&b), "hello");
}

static void test_characters(void **state) {
    static const struct {
        uint32_t c;
        const char *bytes;
    } cases[] = {{0x7F, "\x7F"},           {0x80, "\xC2\x80"},
                 {0x7FF, "\xDF\xBF"},      {0x800, "\xE0\xA0\x80"},
                 {0xD83D, "\xED\xA0\xBD"}, {0xFFFF, "\xEF\xBF\xBF"},
                 {0x10000, "\U00010000"},  {0x10FFFF, "\xF4\x8F\xBF\xBF"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, *state);
        buf_character(&b, cases[i].c);
        assert_string_equal(buf_text(&b), cases[i].bytes);
    }
    struct buf b;
    buf_init(&b, *state);
    buf_character(&b, 0);
    assert_int_equal(b.len, 1);
}

static void test_html(void **state) {
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
        {"\" onclick=\"", "&quot; onclick=&quot;"},
        {"&amp;", "&amp;amp;"},
        {"ไทย & عربي", "ไทย &amp; عربي"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, *state);
        buf_html(&b, cases[i].text, strlen(cases[i].text));
        assert_string_equal(buf_text(&b), cases[i].want);
    }
}

/* Whatever goes in comes out of a strict parser as it was. */
static void test_json_comes_back(void **state) {
    struct arena *a = *state;
    char every[128];
    for (int i = 1; i < 128; i++) every[i - 1] = (char)i;
    every[127] = '\0';
    const char *const cases[] = {"",       "plain",     every,         "ไทย عربي 🎓",
                                 "\"\\\"", "</script>", "\xE2\x80\xA8"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, a);
        buf_json(&b, cases[i]);
        const char *why = NULL;
        json_t *value = json_read(a, buf_text(&b), b.len, &why);
        if (!value) fail_msg("case %zu: %s", i, why);
        assert_string_equal(json_string_value(value), cases[i]);
    }
}

static void test_json_mends_broken_utf8(void **state) {
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"a\x80z", "\"a\\ufffdz\""},
        {"\xC3", "\"\\ufffd\""},
        {"\xED\xA0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
        {"\xF0\x9F\x8E", "\"\\ufffd\\ufffd\\ufffd\""}, /* cut short */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, *state);
        buf_json(&b, cases[i].text);
        assert_string_equal(buf_text(&b), cases[i].want);
    }
}

/* What vsnprintf cannot do leaves through the guard, as missing memory does. */
static void test_printf_that_fails(void **state) {
    static const wchar_t no_character[] = {0x7FFFFFFF, 0};
    struct buf b;
    struct arena *a = *state;
    buf_init(&b, a);
    buf_puts(&b, "before");
    for (volatile int arena = 0; arena < 2; arena++) {
        if (ARENA_GUARD(a) == 0) {
            if (arena) arena_printf(a, "%ls", no_character);
            else buf_printf(&b, "%ls", no_character);
            fail_msg("it came back");
        }
    }
    assert_string_equal(buf_text(&b), "before");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_grows),
        TEST(test_printf_that_fails),
        TEST(test_printf_across_growth),
        TEST(test_reserve),
        TEST(test_characters),
        TEST(test_html),
        TEST(test_json_comes_back),
        TEST(test_json_mends_broken_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
