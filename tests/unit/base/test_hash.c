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

/* Products that can be written down: (2^64 - 1)^2 is 2^64 - 2 above and 1 below. */
static void test_fold(void **state) {
    (void)state;
    assert_true(hash_fold(UINT64_MAX, UINT64_MAX) == ((UINT64_MAX - 1) ^ 1));
    assert_true(hash_fold(0, UINT64_MAX) == 0);
    assert_true(hash_fold(6, 7) == 42);
    assert_true(hash_fold((uint64_t)1 << 63, 6) == 3);
    assert_true(hash_fold((uint64_t)1 << 32, (uint64_t)1 << 32) == 1);
    assert_true(hash_fold(0xffffffffu, 0x100000001u) == UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_fnv), TEST(test_keyed), TEST(test_fold)};
    codec_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
