/* Each scoring version against its golden file, worked out by hand: what was once scored is scored
 * so always (RULE scoring-parts: what a part of a point was before version 3). */
#include "unit/exam/sample.h"

#include "base/json.h"

static struct arena arena;
static struct exam_bank bank;

static int open_bank(void **state) {
    (void)state;
    struct diag_list diags;
    struct doc d;
    arena_init(&arena, 64 * 1024 * 1024);
    diag_init(&diags, &arena);
    if (doc_load(&d, ".", "tests/golden/scoring/items.md", &arena, &diags) != OK) return -1;
    exam_bank_parse(&bank, &d, &arena, &diags);
    sample_print(&diags);
    return diags.errors || diags.warnings ? -1 : 0;
}

static int close_bank(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static const struct exam_item *item_of(const char *id) {
    for (size_t i = 0; i < bank.item_count; i++)
        if (str_eq(bank.items[i].id, id)) return &bank.items[i];
    fail_msg("no item %s", id);
    return NULL;
}

static int number(const json_t *object, const char *name) {
    return (int)json_integer_value(json_object_get(object, name));
}

static int entry(const json_t *rows, size_t row, size_t column) {
    return (int)json_integer_value(json_array_get(json_array_get(rows, row), column));
}

static void check_domains(const struct exam_score *s, const json_t *rows) {
    assert_int_equal(s->domain_count, json_array_size(rows));
    for (size_t i = 0; i < s->domain_count; i++) {
        assert_string_equal(s->domains[i].id,
                            json_string_value(json_array_get(json_array_get(rows, i), 0)));
        assert_int_equal(s->domains[i].correct, entry(rows, i, 1));
        assert_int_equal(s->domains[i].total, entry(rows, i, 2));
        assert_int_equal(s->domains[i].floor, entry(rows, i, 3));
    }
}

static void check_case(const json_t *c, int version) {
    static const char *const domains[] = {"data", "people", "privacy"};
    const struct exam_item *items[8];
    const char *responses[8];
    struct exam_form form;
    struct exam_score s;
    char *text = json_dumps(json_object_get(c, "form"), JSON_COMPACT);
    assert_int_equal(exam_form_read(&form, text, &arena), OK);
    free(text);
    const json_t *given = json_object_get(c, "responses"), *points = json_object_get(c, "points");
    assert_int_equal(json_array_size(given), form.slot_count);
    for (int i = 0; i < form.slot_count; i++) {
        items[i] = item_of(form.slots[i].item);
        responses[i] = json_string_value(json_array_get(given, (size_t)i));
    }
    exam_score(&form, items, responses, version, number(c, "cut"), domains, COUNT_OF(domains),
               &arena, &s);
    assert_int_equal(s.correct, number(c, "correct"));
    assert_int_equal(s.total, number(c, "total"));
    assert_int_equal(s.steps, number(c, "steps"));
    assert_int_equal(s.permille, number(c, "permille"));
    assert_int_equal(s.scaled, number(c, "scaled"));
    assert_int_equal(s.passed, json_is_true(json_object_get(c, "passed")));
    check_domains(&s, json_object_get(c, "domains"));
    for (int i = 0; i < form.slot_count; i++) {
        assert_int_equal(s.points[i].points, entry(points, (size_t)i, 0));
        assert_int_equal(s.points[i].max, entry(points, (size_t)i, 1));
    }
}

static void test_versions(void **state) {
    (void)state;
    for (int version = 1; version <= EXAM_SCORING_VERSION; version++) {
        size_t len = 0;
        const char *why,
            *file = arena_printf(&arena, "tests/golden/scoring/version-%d.json", version),
            *text = file_read(&arena, file, 1 << 20, &len);
        assert_non_null(text); /* a new version comes with its file */
        const json_t *cases = json_read(&arena, text, len, &why);
        assert_true(json_array_size(cases) > 0);
        for (size_t i = 0; i < json_array_size(cases); i++) {
            print_message("version %d: %s\n", version,
                          json_string_value(json_object_get(json_array_get(cases, i), "name")));
            check_case(json_array_get(cases, i), version);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_versions)};
    return cmocka_run_group_tests(tests, open_bank, close_bank);
}
