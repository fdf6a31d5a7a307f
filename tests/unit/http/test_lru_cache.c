/* What is found again by a hash: nobody outside can foresee which things meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/codec.h"
#include "http/lru_cache.h"

/* Two texts made to meet whatever the seed is: what a bit of the one adds, a bit of the other takes
 * away again. */
static void nobody_can_make_texts_meet(void **state) {
    (void)state;
    int met = 0;
    for (int i = 0; i < 2000; i++) {
        char one[64], two[64];
        memset(one, 'a', sizeof one);
        memcpy(two, one, sizeof two);
        two[7] ^= 0x40;
        two[32 + 7] ^= 0x40;
        two[32 + 4] ^= 0x02;
        uint64_t seed = random_u64();
        met += lru_cache_hash(seed, one, sizeof one) == lru_cache_hash(seed, two, sizeof two);
    }
    assert_int_equal(met, 0);
}

/* Each length and each place, to the last byte, in whole blocks and behind them. */
static void each_byte_counts(void **state) {
    (void)state;
    char text[80];
    uint64_t seen[81];
    memset(text, 0, sizeof text);
    for (size_t len = 0; len <= sizeof text; len++) {
        seen[len] = lru_cache_hash(7, text, len);
        for (size_t i = 0; i < len; i++) {
            assert_true(seen[i] != seen[len]);
            text[i] = 1;
            assert_true(lru_cache_hash(7, text, len) != seen[len]);
            text[i] = 0;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_can_make_texts_meet),
                                       cmocka_unit_test(each_byte_counts)};
    codec_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
