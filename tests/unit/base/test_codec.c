/* Text forms of bytes against published vectors; ids and tokens by their promises. */
#include "unit/check.h"

#include "base/clock.h"
#include "base/codec.h"

static void test_sha256(void **state) { /* FIPS 180-2, appendix B */
    struct arena *a = *state;
    assert_string_equal(sha256_hex(a, "", 0),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(sha256_hex(a, "abc", 3),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(hex_encode(a, "\x00\xFF\x10", 3), "00ff10");
}

static void test_version(
    void **state) { /* RFC 7693's function; the 32-byte hashes as `b2sum -l 256` prints them */
    struct arena *a = *state;
    assert_string_equal(version_of(a, "", 0), "0e5751c026e543b2");
    assert_string_equal(version_of(a, "abc", 3), "bddd813c63423972");
    assert_string_not_equal(version_of(a, "abd", 3), version_of(a, "abc", 3));
}

static void test_base64url(void **state) { /* RFC 4648, section 10, without padding */
    struct arena *a = *state;
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].bytes), len = 99;
        assert_string_equal(base64url_encode(a, cases[i].bytes, n), cases[i].text);
        unsigned char *back = base64url_decode(a, cases[i].text, &len);
        assert_non_null(back);
        assert_int_equal(len, n);
        assert_memory_equal(back, cases[i].bytes, n);
    }
    static const char *const bad[] = {"Zg==", "Z",      "Zm9v ", " Zm9v", "Zm+v",
                                      "Zm/v", "Zm9v\n", "Zh",    "é"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t len;
        if (base64url_decode(a, bad[i], &len)) fail_msg("“%s” was taken for base64url", bad[i]);
    }
}

static void test_base58(void **state) { /* draft-msporny-base58-03, section 5 */
    struct arena *a = *state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *text;
    } cases[] = {
        {"", 0, ""},
        {"Hello World!", 12, "2NEpo7TZRRrLZSi2U"},
        {"The quick brown fox jumps over the lazy dog.", 44,
         "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"},
        {"\x00\x00\x28\x7f\xb4\xcd", 6, "11233QC4"},
        {"\x00", 1, "1"},
        {"\xff", 1, "5Q"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = 99;
        assert_string_equal(base58_encode(a, cases[i].bytes, cases[i].len), cases[i].text);
        unsigned char *back = base58_decode(a, cases[i].text, &len);
        assert_non_null(back);
        assert_int_equal(len, cases[i].len);
        assert_memory_equal(back, cases[i].bytes, len);
    }
    size_t len;
    static const char *const bad[] = {"0", "O", "I", "l", "a b", "é", "2NEpo7TZRRrLZSi2U "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(base58_decode(a, bad[i], &len));
    /* Every length comes back, also of nothing but the largest byte. */
    unsigned char bytes[70];
    memset(bytes, 0xff, sizeof bytes);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        unsigned char *back = base58_decode(a, base58_encode(a, bytes, n), &len);
        assert_int_equal(len, n);
        assert_memory_equal(back, bytes, n);
    }
}

static void test_ids(void **state) {
    struct arena *a = *state;
    const char *before = id_new(a, 0);
    assert_memory_equal(before, "0000000000", 10);
    for (int64_t ms = 1; ms < ((int64_t)1 << 47); ms *= 3) {
        const char *id = id_new(a, ms);
        assert_int_equal(strlen(id), ID_LENGTH);
        assert_int_equal(strspn(id, "0123456789abcdefghjkmnpqrstvwxyz"), ID_LENGTH);
        assert_true(strcmp(before, id) < 0); /* ids sort by time */
        before = id;
    }
    for (int i = 0; i < 1000; i++) assert_string_not_equal(id_new(a, 5), id_new(a, 5));
}

static void test_random(void **state) {
    struct arena *a = *state;
    assert_int_equal(strlen(random_token(a, 32)), 43);
    assert_string_not_equal(random_token(a, 32), random_token(a, 32));
    int seen[7] = {0};
    for (int i = 0; i < 7000; i++) seen[random_below(7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(seen[i], 700, 1300); /* 10 standard deviations */
    assert_true(random_u64() != random_u64());
}

static void test_secrets(void **state) {
    (void)state;
    assert_true(secret_eq("", ""));
    assert_true(secret_eq("token", "token"));
    assert_false(secret_eq("token", "tokem"));
    assert_false(secret_eq("token", "toke"));
    assert_false(secret_eq("", "x"));
}

static int start(void **state) {
    (void)state;
    codec_start();
    codec_start();
    return 0;
}

static void test_percent(void **state) { /* RFC 3986, sections 2.1 and 2.3 */
    struct arena *a = *state;
    assert_string_equal(percent_encode(a, "aZ09-._~", ""), "aZ09-._~");
    assert_string_equal(percent_encode(a, "a b&c=d/\n\x7f\xc3\xa9%", ""),
                        "a%20b%26c%3Dd%2F%0A%7F%C3%A9%25");
    assert_string_equal(percent_encode(a, "/a/b?c", "/"), "/a/b%3Fc");
    assert_string_equal(percent_encode(a, "", "/"), "");
}

static void test_percent_leniently(void **state) {
    static const struct {
        const char *text, *of_form, *of_path;
    } cases[] = {
        {"", "", ""},
        {"a+b%20c", "a b c", "a+b c"},
        {"%41%5a%7a%C3%A9%fF", "AZz\xc3\xa9\xff", "AZz\xc3\xa9\xff"},
        {"%00%01", "%00\x01", "%00\x01"},
        {"%2b%2", "+%2", "+%2"},
        {"%4g%g4%%41%", "%4g%g4%A%", "%4g%g4%A%"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        size_t len = strlen(text);
        assert_string_equal(percent_decode_leniently(*state, text, len, true), cases[i].of_form);
        assert_string_equal(percent_decode_leniently(*state, text, len, false), cases[i].of_path);
    }
    /* Nothing behind `len` is read. */
    assert_string_equal(percent_decode_leniently(*state, "a%41", 3, false), "a%4");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_percent),   TEST(test_percent_leniently),
        TEST(test_sha256),    TEST(test_version),
        TEST(test_base64url), TEST(test_base58),
        TEST(test_ids),       TEST(test_random),
        TEST(test_secrets),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
