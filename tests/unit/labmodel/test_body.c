/* Templates of answers: what they may hold, what is refused, and what comes out. */
#include "unit/check.h"

#include "base/err.h"
#include "base/text.h"
#include "labmodel/lab_body.h"

static void test_what_is_refused(void **state) {
    static const struct {
        enum lab_body_of of;
        const char *text, *words; /* NULL: it is taken */
    } cases[] = {
        {LAB_BODY_ERROR, "{\"e\":{code}}", NULL},
        {LAB_BODY_ERROR, "{\"e\":1}", "needs {code}"},
        {LAB_BODY_ERROR, "{\"e\":{code},\"x\":{items}}", "no {items}"},
        {LAB_BODY_ERROR, "{\"e\":{codes}}", "no {codes}"},
        {LAB_BODY_ERROR, "{\"e\":{code}", "no JSON"},
        {LAB_BODY_ERROR, "{\"e\":{code},}", "no JSON"},
        {LAB_BODY_ERROR, "{\"e\":{code},\"e\":{message}}", "no JSON"},
        {LAB_BODY_ERROR, "{\"e\":\"x{code}\"}", NULL},
        {LAB_BODY_ERROR, "{\"e\":\"\\\"{code}\"}", NULL},
        {LAB_BODY_ERROR, "{\"e\":\"{code}", "no JSON"},
        {LAB_BODY_ERROR, "", "needs {code}"},
        {LAB_BODY_ERROR, "{code}", NULL},
        {LAB_BODY_ERROR, "{\"e\":{code}{?field},\"f\":{field}{/field}}", NULL},
        {LAB_BODY_ERROR, "{\"e\":{code},{?field}\"f\":{field}{/field}}", "no JSON"},
        {LAB_BODY_ERROR, "{\"e\":{code}{?field},\"f\":{field}}", "without its {/field}"},
        {LAB_BODY_ERROR, "{\"e\":{code}{/field}}", "in pairs"},
        {LAB_BODY_ERROR, "{\"e\":{code}{?field}{?field}{/field}{/field}}", "in pairs"},
        {LAB_BODY_ERROR, "{\"e\":{code}{?code},\"f\":1{/code}}", "Only {?field}"},
        {LAB_BODY_ERROR, "{\"e\":{code},\"f\":\"{?field}{/field}\"}", "Only {?field}"},
        {LAB_BODY_ERROR, "{\"e\":{code},\"f\":[{fields}]}", NULL},
        {LAB_BODY_ERROR, "{\"e\":{code},\"f\":{fields}}", "no JSON"},
        {LAB_BODY_PAGE, "{\"a\":[{items}],\"n\":{next}}", NULL},
        {LAB_BODY_PAGE, "{\"a\":{items}}", "no JSON"},
        {LAB_BODY_PAGE, "{\"a\":\"{items}\"}", "no JSON"},
        {LAB_BODY_PAGE, "{\"n\":{next}}", "needs {items}"},
        {LAB_BODY_ONE, "[{record}]", NULL},
        {LAB_BODY_ONE, "[{id}]", "no {id}"},
        {LAB_BODY_CREATED, "{\"{id-name}\":{id}}", NULL},
        {LAB_BODY_CREATED, "{{id-name}:{id}}", "no JSON"},
        {LAB_BODY_BATCH, "{\"r\":[{results}]}", NULL},
        {LAB_BODY_BATCH, "{\"r\":[{record}]}", "no {record}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lab_body b;
        const char *why = lab_body_read(&b, cases[i].of, cases[i].text, NULL, *state);
        if (!cases[i].words != !why || (why && !strstr(why, cases[i].words)))
            fail_msg("%s: “%s”, not “%s”", cases[i].text, why ? why : "",
                     cases[i].words ? cases[i].words : "");
    }
}

static char *many(struct arena *a, const char *text, int count, const char *end) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < count; i++) buf_puts(&b, text);
    buf_puts(&b, end);
    return arena_dup(a, buf_text(&b));
}

static void test_sizes(void **state) {
    struct lab_body b;
    assert_null(lab_body_read(&b, LAB_BODY_ERROR, many(*state, " ", 1994, "{code}"), NULL, *state));
    assert_non_null(
        lab_body_read(&b, LAB_BODY_ERROR, many(*state, " ", 1995, "{code}"), NULL, *state));
    assert_null(lab_body_read(&b, LAB_BODY_ERROR,
                              arena_printf(*state, "[%s", many(*state, "{code},", 62, "{code}]")),
                              NULL, *state));
    assert_non_null(lab_body_read(
        &b, LAB_BODY_ERROR, arena_printf(*state, "[%s", many(*state, "{code},", 63, "{code}]")),
        NULL, *state));
}

static const char *written(struct arena *a, enum lab_body_of of, const char *text,
                           const struct lab_body_fill *fill) {
    struct lab_body b;
    struct buf out;
    const char *why = lab_body_read(&b, of, text, NULL, a);
    if (why) fail_msg("%s: %s", text, why);
    buf_init(&out, a);
    lab_body_write(&b, fill, &out);
    return arena_dup(a, buf_text(&out));
}

/* RULE lab-body. */
static void test_whatever_fills_the_slots(void **state) {
    struct lab_body_fill fill = {
        .code = "\"},{\"", .message = "a\\\n{field}\x01", .status = 418, .call = 7};
    assert_string_equal(written(*state, LAB_BODY_ERROR,
                                "{\"c\":\"#{code}#\",\"m\":{message},\"s\":{status}{?field},"
                                "\"f\":{field}{/field},\"l\":[{fields}],\"n\":\"r{call}\"}",
                                &fill),
                        "{\"c\":\"#\\\"},{\\\"#\",\"m\":\"a\\\\\\n{field}\\u0001\",\"s\":418,"
                        "\"l\":[],\"n\":\"r7\"}");
    fill.field = "a\"b";
    assert_string_equal(
        written(*state, LAB_BODY_ERROR, "[{code}{?field},{field}{/field},[{fields}]]", &fill),
        "[\"\\\"},{\\\"\",\"a\\\"b\",[\"a\\\"b\"]]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_refused),
        TEST(test_sizes),
        TEST(test_whatever_fills_the_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
