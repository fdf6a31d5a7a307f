/* Forms as they are stored: what is read back, and what cannot be read. */
#include "unit/exam/sample.h"

#include "exam/exam_type.h"

static struct arena arena;

#define SLOT(type, order)                                                                          \
    "{\"item\":\"a\",\"version\":\"v\",\"domain\":\"d\",\"level\":\"apply\",\"scored\":true," type \
    ",\"order\":[" order "]}"

/* RULE form-version-1: forms that were drawn before items had types. */
static void test_version_1(void **state) {
    (void)state;
    struct exam_form f;
    const char *json = "{\"form\":1,\"seed\":\"7\",\"slots\":[" SLOT(
        "\"multiple\":false", "1,0,2,3") "," SLOT("\"multiple\":true", "4,3,2,1,0") "]}";
    assert_int_equal(exam_form_read(&f, json, &arena), OK);
    assert_ptr_equal(f.slots[0].type, &exam_type_single);
    assert_ptr_equal(f.slots[1].type, &exam_type_multiple);
    assert_int_equal(f.slots[1].option_count, 5);
    assert_int_equal(f.slots[0].order[0], 1);
    assert_string_equal(exam_form_shape(&f, &arena), "4s5m"); /* as it was then */
}

/* RULE option-order: a slot of each type, whether it has options in an order, and what an open
 * attempt keeps of it. */
static void test_types(void **state) {
    (void)state;
    struct exam_form f;
    const struct exam_type *type;
    int options;
    const char *json = "{\"form\":2,\"seed\":\"7\",\"slots\":[" SLOT(
        "\"type\":\"ordering\"", "2,0,1") "," SLOT("\"type\":\"numeric\"",
                                                   "") "," SLOT("\"type\":\"single\"", "1,0") "]}";
    assert_int_equal(exam_form_read(&f, json, &arena), OK);
    assert_string_equal(exam_form_write(&f, &arena), json);
    const char *shape = exam_form_shape(&f, &arena);
    assert_string_equal(shape, "3o0n2s");
    assert_int_equal(exam_shape_slots(shape), 3);
    assert_int_equal(exam_shape_slots(""), 0);
    assert_true(exam_shape_slot(shape, 1, &type, &options));
    assert_ptr_equal(type, &exam_type_ordering);
    assert_int_equal(options, 3);
    assert_true(exam_shape_slot(shape, 2, &type, &options));
    assert_ptr_equal(type, &exam_type_numeric);
    assert_int_equal(options, 0);
    assert_true(exam_shape_slot("12s3m", 2, &type, &options));
    assert_int_equal(options, 3);
    assert_false(exam_shape_slot(shape, 4, &type, &options));
    assert_false(exam_shape_slot(shape, 0, &type, &options));
    assert_false(exam_shape_slot("3?", 1, &type, &options));
}

static void test_unreadable(void **state) {
    (void)state;
    struct exam_form g;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"form\":1,\"seed\":\"1\",\"slots\":[]}",
        "{\"form\":2,\"seed\":\"1\",\"slots\":[{}]}",
        "{\"form\":0,\"seed\":\"1\",\"slots\":[" SLOT("\"type\":\"single\"", "0,1") "]}",
        "{\"form\":3,\"seed\":\"1\",\"slots\":[" SLOT("\"type\":\"single\"", "0,1") "]}",
        "{\"form\":2,\"seed\":\"1\",\"slots\":[" SLOT("\"type\":\"other\"", "0,1") "]}",
        "{\"form\":2,\"seed\":\"1\",\"slots\":[" SLOT("\"multiple\":true", "0,1") "]}",
        "{\"form\":2,\"seed\":\"1\",\"slots\":[" SLOT("\"type\":\"ordering\"", "") "]}",
        "{\"form\":2,\"seed\":\"1\",\"slots\":[" SLOT("\"type\":\"numeric\"", "0,1") "]}",
        "{\"form\":2,\"seed\":\"1\",\"slots\":[" SLOT("\"type\":\"numeric\"", "0") "]}",
        "{\"form\":1,\"seed\":\"1\",\"slots\":[{\"item\":\"a\",\"version\":\"v\",\"domain\":\"d\",\"level\":\"apply\",\"order\":[0,0]}]}",
        "{\"form\":1,\"seed\":\"1\",\"slots\":[{\"item\":\"a\",\"version\":\"v\",\"domain\":\"d\",\"level\":\"apply\",\"order\":[0,2]}]}",
        "{\"form\":1,\"seed\":\"-1\",\"slots\":[{\"item\":\"a\",\"version\":\"v\",\"domain\":\"d\",\"level\":\"apply\",\"order\":[0,1]}]}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(exam_form_read(&g, bad[i], &arena), ERR_INVALID);
}

/* A form with one slot, in which a case replaces one member ("" = leaves it out). */
static enum err read_with(const char *member, const char *json, struct exam_form *out) {
    static const char *const members[][2] = {
        {"item", "\"a\""},      {"version", "\"v\""}, {"domain", "\"d\""}, {"level", "\"apply\""},
        {"type", "\"single\""}, {"order", "[1,0]"},   {"lang", "\"de\""},  {"scored", "true"}};
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, "{\"form\":2,\"seed\":\"90\",\"slots\":[{");
    bool any = false;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const char *value = str_eq(members[i][0], member) ? json : members[i][1];
        if (!*value) continue;
        buf_printf(&b, "%s\"%s\":%s", any ? "," : "", members[i][0], value);
        any = true;
    }
    buf_puts(&b, "}]}");
    return exam_form_read(out, buf_text(&b), &arena);
}

/* Each member of a slot, and the edge of each. */
static void test_members(void **state) {
    (void)state;
    static const struct {
        const char *member, *json;
        enum err e;
    } cases[] = {{"item", "", ERR_INVALID},
                 {"item", "\"Not an id\"", ERR_INVALID},
                 {"version", "", ERR_INVALID},
                 {"domain", "", ERR_INVALID},
                 {"level", "", ERR_INVALID},
                 {"level", "\"guess\"", ERR_INVALID},
                 {"level", "\"remember\"", OK},
                 {"level", "\"analyse\"", OK},
                 {"type", "", ERR_INVALID},
                 {"lang", "", OK},
                 {"scored", "false", OK},
                 {"scored", "", OK},
                 {"order", "", ERR_INVALID},
                 {"order", "{}", ERR_INVALID},
                 {"order", "[0]", ERR_INVALID},
                 {"order", "[0,1]", OK},
                 {"order", "[0,-1]", ERR_INVALID},
                 {"order", "[0,\"1\"]", ERR_INVALID},
                 {"order", "[0,1,2,3,4,5,6,7,8]", OK},
                 {"order", "[0,1,2,3,4,5,6,7,8,9]", ERR_INVALID}};
    struct exam_form f;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(read_with(cases[i].member, cases[i].json, &f), cases[i].e);
    assert_int_equal(read_with("", "", &f), OK);
    assert_true(f.seed == 90);
    assert_int_equal(f.slot_count, 1);
    assert_string_equal(f.slots[0].lang, "de");
    assert_true(f.slots[0].scored);
    assert_int_equal(f.slots[0].level, 2);
    assert_int_equal(f.slots[0].order[0], 1);
    assert_string_equal(
        exam_form_write(&f, &arena),
        "{\"form\":2,\"seed\":\"90\",\"slots\":[{\"item\":\"a\",\"version\":\"v\",\"domain\":\"d\","
        "\"level\":\"apply\",\"scored\":true,\"type\":\"single\",\"order\":[1,0],\"lang\":\"de\"}]}");
    assert_int_equal(read_with("scored", "", &f), OK);
    assert_false(f.slots[0].scored);
    static const char *const seeds[] = {"1/", "1:", "x"};
    for (size_t i = 0; i < COUNT_OF(seeds); i++)
        assert_int_equal(
            exam_form_read(&f,
                           arena_printf(&arena, "{\"form\":2,\"seed\":\"%s\",\"slots\":[%s]}",
                                        seeds[i], SLOT("\"type\":\"single\"", "0,1")),
                           &arena),
            ERR_INVALID);
    for (int n = EXAM_ITEMS; n <= EXAM_ITEMS + 1; n++) {
        struct buf b;
        buf_init(&b, &arena);
        for (int i = 0; i < n; i++)
            buf_printf(&b, "%s%s", i ? "," : "", SLOT("\"type\":\"single\"", "0,1"));
        assert_int_equal(
            exam_form_read(
                &f,
                arena_printf(&arena, "{\"form\":2,\"seed\":\"1\",\"slots\":[%s]}", buf_text(&b)),
                &arena),
            n > EXAM_ITEMS ? ERR_INVALID : OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_members),
    };
    arena_init(&arena, 64 * 1024 * 1024);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
