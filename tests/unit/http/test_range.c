/* RULE one-range, and each edge of RFC 9110 section 14.1.2. */
#include "unit/check.h"

#include "http/range.h"

struct asked {
    const char *header;
    int64_t size;
    enum range_kind kind;
    int64_t from, len;
};

static void test_ranges(void **state) {
    static const struct asked cases[] = {
        {NULL, 10, RANGE_WHOLE, 0, 0},
        {"", 10, RANGE_WHOLE, 0, 0},
        {"bytes=0-9", 10, RANGE_PART, 0, 10},
        {"bytes=0-0", 10, RANGE_PART, 0, 1},
        {"Bytes= 2-3 ", 10, RANGE_PART, 2, 2},
        {"bytes=9-9", 10, RANGE_PART, 9, 1},
        {"bytes=9-10", 10, RANGE_PART, 9, 1},
        {"bytes=9-", 10, RANGE_PART, 9, 1},
        {"bytes=10-", 10, RANGE_OUTSIDE, 0, 0},
        {"bytes=10-10", 10, RANGE_OUTSIDE, 0, 0},
        {"bytes=-1", 10, RANGE_PART, 9, 1},
        {"bytes=-10", 10, RANGE_PART, 0, 10},
        {"bytes=-11", 10, RANGE_PART, 0, 10},
        {"bytes=-0", 10, RANGE_OUTSIDE, 0, 0},
        {"bytes=-1", 0, RANGE_OUTSIDE, 0, 0},
        {"bytes=0-", 0, RANGE_OUTSIDE, 0, 0},
        {"bytes=3-2", 10, RANGE_WHOLE, 0, 0},
        {"bytes=-", 10, RANGE_WHOLE, 0, 0},
        {"bytes=", 10, RANGE_WHOLE, 0, 0},
        {"bytes=1", 10, RANGE_WHOLE, 0, 0},
        {"bytes=a-b", 10, RANGE_WHOLE, 0, 0},
        {"bytes=1-2x", 10, RANGE_WHOLE, 0, 0},
        {"bytes=0-1,4-5", 10, RANGE_WHOLE, 0, 0},
        {"seconds=0-1", 10, RANGE_WHOLE, 0, 0},
        {"bytes=0-99999999999999999999999999", 10, RANGE_PART, 0, 10},
        {"bytes=99999999999999999999999999-", 10, RANGE_OUTSIDE, 0, 0},
        {"bytes=-99999999999999999999999999", 10, RANGE_PART, 0, 10},
        {"bytes=00000000000000000000000002-3", 10, RANGE_PART, 2, 2},
        {"bytes=5000000000-5000000001", 6000000000, RANGE_PART, 5000000000, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct asked *c = &cases[i];
        int64_t from = 0, len = 0;
        enum range_kind kind = range_read(c->header, c->size, &from, &len);
        if (kind != c->kind || from != c->from || len != c->len)
            fail_msg("%s of %lld: %d, %lld and %lld", c->header ? c->header : "nothing",
                     (long long)c->size, kind, (long long)from, (long long)len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
