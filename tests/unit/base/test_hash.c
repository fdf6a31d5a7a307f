/* Hashes against what their authors say they are. */
#include "unit/check.h"

#include "base/codec.h"
#include "base/err.h"
#include "base/hash.h"

/* draft-eastlake-fnv, appendix C: vectors of FNV-1a with 64 bits. */
static void test_fnv(void **state) {
    (void)state;
    assert_true(hash_bytes("", 0) == 0xcbf29ce484222325u);
    assert_true(hash_bytes("a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(hash_bytes("foobar", 6) == 0x85944171f73967e8u);
    assert_true(hash_more(hash_bytes("foo", 3), "bar", 3) == 0x85944171f73967e8u);
    assert_true(hash_text(HASH_START, "a") == hash_bytes("a", 2));
    assert_true(hash_text(hash_text(HASH_START, "ab"), "c") !=
                hash_text(hash_text(HASH_START, "a"), "bc"));
}

/* Appendix A of the paper on SipHash: key 00 to 0f, message 00 to 0e. */
static void test_keyed(void **state) {
    (void)state;
    struct hash_key key, other;
    unsigned char message[15];
    for (int i = 0; i < 16; i++) key.bytes[i] = (unsigned char)i;
    for (int i = 0; i < 15; i++) message[i] = (unsigned char)i;
    uint64_t want = 0;
    static const unsigned char bytes[] = {0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1};
    memcpy(&want, bytes, sizeof want);
    assert_true(hash_keyed(&key, message, sizeof message) == want);
    hash_key_new(&key);
    hash_key_new(&other);
    assert_true(hash_keyed(&key, "a", 1) != hash_keyed(&other, "a", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_fnv), TEST(test_keyed)};
    codec_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
