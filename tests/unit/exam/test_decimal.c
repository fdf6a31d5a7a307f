/* Decimal numbers as people write them: read, compared and added, exactly. */
#include "unit/exam/sample.h"

#include "exam/exam_decimal.h"

static struct arena arena;

static int fresh(void **state) {
    (void)state;
    arena_release(&arena);
    arena_init(&arena, 64 * 1024 * 1024);
    return 0;
}

static const char *number_of(const char *text) {
    struct exam_decimal d;
    const char *why = NULL;
    return exam_decimal_read(text, &d, &why) ? exam_decimal_text(&d, &arena) : why;
}

static void test_decimals(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"12.5", "12.5"},
        {" 12,5 ", "12.5"},
        {"0012.500", "12.5"},
        {"+3", "3"},
        {"-0.0", "0"},
        {"−3", "-3"}, /* U+2212 */
        {"- 3", "-3"},
        {".5", "0.5"},
        {"5.", "exam_number_more"},
        {"١٢٫٥", "12.5"}, /* Arabic-Indic digits, Arabic decimal sign */
        {"۱۲", "12"},     /* as Persian has them */
        {"๑๒.๕", "12.5"}, /* Thai */
        {"१२३", "123"},
        {"１２", "12"}, /* full width */
        {"\u200f١٢", "12"},
        {"١٬٢٣٤٬٥٦٧٫٥", "1234567.5"},
        {"1 234 567,5", "1234567.5"},
        {"1\u202f234", "1234"},
        {"1'234", "1234"},
        {"1 23", "exam_number_more"},
        {"1234 567", "exam_number_more"},
        {"1,234,567", "exam_number_signs"},
        {"1.234.567", "exam_number_signs"},
        {"1,234.5", "exam_number_signs"},
        {"1.234", "1.234"},
        {"", "exam_number_none"},
        {"-", "exam_number_none"},
        {".", "exam_number_none"},
        {"twelve", "exam_number_none"},
        {"12 km", "exam_number_more"},
        {"1e3", "exam_number_more"},
        {"1/2", "exam_number_more"},
        {"--1", "exam_number_none"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"1234567890123456789012345678901", "exam_number_long"},
        {"0.123456789012345678901234567891", "0.123456789012345678901234567891"},
        {"0.1234567890123456789012345678901", "exam_number_long"},
        {"0.1234567890123456789012345678900", "0.12345678901234567890123456789"},
        {"12\xff", "exam_number_more"},
        {"\uff0d3", "-3"}, /* full width, too */
        {"\uff0b3", "3"},
        {"\u200f1\u200e2\u061c3\u200f", "123"}, /* marks of direction, wherever */
        {"\u200f \u200f-\u200f 7", "-7"},
        {"7 \u200f \u200f", "7"},
        {"7\u20091", "exam_number_more"},
        {"7\u2009123", "7123"},
        {"7\u00a0123\u2019456", "7123456"},
        {"123 456", "123456"},
        {"1 234 56", "exam_number_more"},
        {"1 2345", "exam_number_more"},
        {"0 123", "123"},
        {"1.5.2", "exam_number_signs"},
        {"1.5,", "exam_number_signs"},
        {"1,5.", "exam_number_signs"},
        {"1..5", "exam_number_more"},
        {"1,", "exam_number_more"},
        {"0,123", "0.123"},
        {"00,123", "0.123"},
        {"+0,5", "0.5"},
        {"-0", "0"},
        {"-0.5", "-0.5"},
        {"10", "10"},
        {"0.10", "0.1"},
        {"100.001", "100.001"},
        {"000000000000000000000000000000000000012", "12"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("“%s”\n", cases[i][0]); /* “1..5” alone is a plan to TAP */
        assert_string_equal(number_of(cases[i][0]), cases[i][1]);
    }
}

/* A thousand bytes are looked at, behind a number as well. */
static void test_long_texts(void **state) {
    (void)state;
    assert_string_equal(number_of(arena_printf(&arena, "%999s7", "")), "7");
    assert_string_equal(number_of(arena_printf(&arena, "%1000s7", "")), "exam_number_none");
    assert_string_equal(number_of(arena_printf(&arena, "7%999sx", "")), "exam_number_more");
    char ones[62];
    memset(ones, '1', sizeof ones);
    ones[30] = '.', ones[61] = '\0';
    assert_string_equal(number_of(ones), ones);
}

/* RULE number-comma: a comma before exactly three last digits, one to three before it, no zero in
 * front. */
static void test_two_ways(void **state) {
    (void)state;
    assert_string_equal(number_of("1,234"), "exam_number_two_ways");
    assert_string_equal(number_of("123,456"), "exam_number_two_ways");
    assert_string_equal(number_of("-1,234"), "exam_number_two_ways");
    assert_string_equal(number_of("1,23"), "1.23");
    assert_string_equal(number_of("1,2345"), "1.2345");
    assert_string_equal(number_of("1234,567"), "1234.567");
    assert_string_equal(number_of("0,125"), "0.125");
    assert_string_equal(number_of(",125"), "0.125");
}

static void test_compared_and_added(void **state) {
    (void)state;
    static const char *const ascending[] = {"-100", "-12.5",    "-12.05", "-1",         "-0.1",
                                            "0",    "0.000001", "0.1",    "0.10000001", "0.2",
                                            "1",    "9",        "10",     "10.5",       "100"};
    for (size_t i = 0; i < COUNT_OF(ascending); i++)
        for (size_t k = 0; k < COUNT_OF(ascending); k++) {
            struct exam_decimal a, b;
            const char *why;
            assert_true(exam_decimal_read(ascending[i], &a, &why));
            assert_true(exam_decimal_read(ascending[k], &b, &why));
            int order = exam_decimal_compare(&a, &b);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    static const struct {
        const char *a, *b, *sum, *difference;
    } sums[] = {{"12.5", "0.5", "13", "12"},
                {"0", "0", "0", "0"},
                {"0.1", "0.2", "0.3", "-0.1"},
                {"-1", "0.000001", "-0.999999", "-1.000001"},
                {"5", "5", "10", "0"},
                {"-5", "5", "0", "-10"},
                {"0.000009", "0.000001", "0.00001", "0.000008"},
                {"123456789012", "0.123456", "123456789012.123456", "123456789011.876544"},
                {"999999999999", "1", "1000000000000", "999999999998"}};
    for (size_t i = 0; i < COUNT_OF(sums); i++) {
        struct exam_decimal a, b, sum;
        const char *why;
        assert_true(exam_decimal_read(sums[i].a, &a, &why));
        assert_true(exam_decimal_read(sums[i].b, &b, &why));
        assert_true(exam_decimal_add(&a, &b, false, &sum));
        assert_string_equal(exam_decimal_text(&sum, &arena), sums[i].sum);
        assert_true(exam_decimal_add(&a, &b, true, &sum));
        assert_string_equal(exam_decimal_text(&sum, &arena), sums[i].difference);
    }
    struct exam_decimal large, fine, small, sum;
    const char *why;
    assert_true(exam_decimal_read("1000000000000", &large, &why)); /* 13 digits */
    assert_true(exam_decimal_read("0.0000001", &fine, &why));      /* 7 digits */
    assert_true(exam_decimal_read("1", &small, &why));
    assert_false(exam_decimal_add(&large, &small, false, &sum));
    assert_false(exam_decimal_add(&small, &fine, false, &sum));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_decimals, fresh),
        cmocka_unit_test_setup(test_two_ways, fresh),
        cmocka_unit_test_setup(test_long_texts, fresh),
        cmocka_unit_test_setup(test_compared_and_added, fresh),
    };
    arena_init(&arena, 64 * 1024 * 1024);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
