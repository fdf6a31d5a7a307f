/* Forms and query strings from strangers. */
#include "unit/check.h"

#include "http/form.h"

static const char *value_of(const struct form *f, const char *name) {
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->fields[i].name, name) == 0) return f->fields[i].value;
    return NULL;
}

static enum err urlencoded(void **state, const char *text, struct form *out) {
    const char *why = NULL;
    memset(out, 0, sizeof *out);
    enum err e = form_urlencoded(*state, text, strlen(text), out, &why);
    if (e != OK) assert_non_null(why);
    return e;
}

static void test_urlencoded(void **state) {
    struct form f;
    assert_int_equal(
        urlencoded(state, "a=1&b=x+y%21&c=&d&=e&&f=%E0%B9%84%E0%B8%97%E0%B8%A2&g=a=b", &f), OK);
    assert_int_equal(f.count, 7);
    assert_string_equal(value_of(&f, "a"), "1");
    assert_string_equal(value_of(&f, "b"), "x y!");
    assert_string_equal(value_of(&f, "c"), "");
    assert_string_equal(value_of(&f, "d"), "");
    assert_string_equal(value_of(&f, ""), "e");
    assert_string_equal(value_of(&f, "f"), "ไทย");
    assert_string_equal(value_of(&f, "g"), "a=b");
    assert_int_equal(urlencoded(state, "", &f), OK);
    assert_int_equal(f.count, 0);
}

static void test_urlencoded_misuse(void **state) {
    static const char *const bad[] = {
        "a=%",     "a=%2",     "a=%zz",       "a=%00",          "%00=a",      "a=%C3",
        "a=\xC3(", "a=%C0%80", "a=%ED%A0%80", "a=%F5%80%80%80", "ok=1&a=%-1", "a=% 1",
    };
    struct form f;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(urlencoded(state, bad[i], &f), ERR_INVALID);
    const char *why = NULL;
    memset(&f, 0, sizeof f);
    assert_int_equal(form_urlencoded(*state, "a=b\0c", 5, &f, &why), ERR_INVALID);
}

static void test_limits(void **state) {
    struct arena *a = *state;
    struct form f;
    char *many = arena_alloc(a, 2 * (FORM_FIELD_LIMIT + 1) + 1);
    for (int i = 0; i < FORM_FIELD_LIMIT; i++) memcpy(many + 2 * i, "a&", 2);
    assert_int_equal(urlencoded(state, many, &f), OK);
    assert_int_equal(f.count, FORM_FIELD_LIMIT);
    memcpy(many + (size_t)2 * FORM_FIELD_LIMIT, "a&", 2);
    assert_int_equal(urlencoded(state, many, &f), ERR_LIMIT);
    char *name = arena_alloc(a, FORM_NAME_LIMIT + 2);
    memset(name, 'n', FORM_NAME_LIMIT);
    assert_int_equal(urlencoded(state, name, &f), OK);
    name[FORM_NAME_LIMIT] = 'n';
    assert_int_equal(urlencoded(state, name, &f), ERR_LIMIT);
}

static void test_repeated(void **state) {
    struct form f;
    assert_int_equal(urlencoded(state, "a=1&b=2&c[]=1&c[]=2", &f), OK);
    assert_null(form_repeated(&f));
    assert_int_equal(urlencoded(state, "a=1&b=2&a=1", &f), OK);
    assert_string_equal(form_repeated(&f), "a");
    assert_int_equal(urlencoded(state, "a=1&%61=2", &f), OK);
    assert_string_equal(form_repeated(&f), "a");
    assert_int_equal(urlencoded(state, "[]=1&[]=2", &f), OK);
    assert_null(form_repeated(&f));
}

#define TYPE "multipart/form-data; boundary=xyz"

static enum err multipart(void **state, const char *type, const char *body, struct form *out) {
    const char *why = NULL;
    memset(out, 0, sizeof *out);
    enum err e = form_multipart(*state, type, body, strlen(body), out, &why);
    if (e != OK) assert_non_null(why);
    return e;
}

static void test_multipart(void **state) {
    struct form f;
    assert_int_equal(
        multipart(
            state, TYPE,
            "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n"
            "--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"C:\\\\dir\\\\up.csv\"\r\n"
            "Content-Type: text/csv\r\n\r\nx,y\r\n--xy\r\n--xyz--\r\n",
            &f),
        OK);
    assert_int_equal(f.count, 2);
    assert_string_equal(value_of(&f, "a"), "one\r\ntwo");
    assert_null(f.fields[0].filename);
    assert_string_equal(f.fields[1].filename, "up.csv");
    assert_string_equal(f.fields[1].value, "x,y\r\n--xy");
    /* A preamble, an empty file, a boundary in quotes. */
    assert_int_equal(
        multipart(
            state, "multipart/form-data; charset=utf-8; boundary=\"x y\"",
            "preamble\r\n--x y\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n\r\n--x y--",
            &f),
        OK);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.fields[0].len, 0);
    assert_int_equal(multipart(state, TYPE, "--xyz--", &f), OK);
    assert_int_equal(f.count, 0);
}

/* A file may hold any bytes, a field only text. */
static void test_multipart_bytes(void **state) {
    static const char head[] =
        "--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"b\"\r\n\r\n",
                      tail[] = "\r\n--xyz--";
    char body[200];
    size_t n = sizeof head - 1;
    memcpy(body, head, n);
    memcpy(body + n, "a\0\xff", 3);
    memcpy(body + n + 3, tail, sizeof tail);
    struct form f = {0};
    const char *why = NULL;
    assert_int_equal(form_multipart(*state, TYPE, body, n + 3 + sizeof tail - 1, &f, &why), OK);
    assert_int_equal(f.fields[0].len, 3);
    assert_memory_equal(f.fields[0].value, "a\0\xff", 4);
    assert_int_equal(
        multipart(state, TYPE,
                  "--xyz\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n\xff\r\n--xyz--", &f),
        ERR_INVALID);
}

static void test_multipart_misuse(void **state) {
    static const char *const types[] = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"xyz",
        "multipart/form-data; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    static const char *const bodies[] = {
        "",
        "--",
        "--xyz",
        "--xyz\r\n",
        "xyz--",
        "--xyz\r\n\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nnever ends",
        "--xyz\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--xyz--",
        "--xyz\r\nContent-Type: text/plain\r\n\r\nx\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\nno blank line\r\n--xyz--",
        "--xyz!\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nx\r\n--xyz--",
    };
    struct form f;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (multipart(state, types[i],
                      "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--xyz--",
                      &f) != ERR_INVALID)
            fail_msg("type %zu", i);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (multipart(state, TYPE, bodies[i], &f) != ERR_INVALID) fail_msg("body %zu", i);
}

static void test_percent(void **state) {
    struct arena *a = *state;
    assert_string_equal(percent_decode(a, "a%2Fb+c", 7, false), "a/b+c");
    assert_string_equal(percent_decode(a, "a+b", 3, true), "a b");
    assert_string_equal(percent_decode(a, "%25%32%46", 9, true), "%2F"); /* decoded once */
    assert_null(percent_decode(a, "%4", 2, false));
    assert_null(percent_decode(a, "%41", 2, false)); /* the length counts, not what lies behind */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_urlencoded),       TEST(test_urlencoded_misuse), TEST(test_limits),
        TEST(test_repeated),         TEST(test_multipart),         TEST(test_multipart_bytes),
        TEST(test_multipart_misuse), TEST(test_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
