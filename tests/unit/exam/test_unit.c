/* A course as exams know it, and an exam with its banks as it is loaded. */
#include "unit/exam/sample.h"

#include "base/codec.h"
#include "exam/exam_type.h"

static char root[128];
static struct arena arena;
static struct diag_list diags;

static int open_root(void **state) {
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    snprintf(root, sizeof root, "%s", sample_folder());
    sample_write(root, "content/p/programme.md", sample_programme);
    sample_write(root, "content/p/modules/m.md", sample_module);
    return 0;
}

static int close_root(void **state) {
    (void)state;
    arena_release(&arena);
    sample_drop(root);
    return 0;
}

static void test_course(void **state) {
    (void)state;
    struct exam_course c;
    sample_write(root, "content/p/modules/a.md",
                 "---\nid: a\ntitle: A\nobjectives:\n  - id: zeal\n    text: Z\n---\nText.\n");
    sample_write(root, "content/p/modules/a.ar.md",
                 "---\nid: a\ntitle: A\nobjectives:\n  - id: other\n    text: Z\n---\nText.\n");
    assert_true(exam_course_read(&c, root, "p", &arena));
    assert_string_equal(c.id, "p");
    assert_null(c.lang);
    static const char *const ids[] = {"keys", "no", "zeal"};
    assert_int_equal(c.objective_count, COUNT_OF(ids));
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        assert_string_equal(c.objective_ids[i], ids[i]);
        assert_true(exam_course_has_objective(&c, ids[i]));
    }
    assert_string_equal(c.objectives[0].id, "zeal"); /* modules by their names */
    assert_string_equal(c.objectives[0].module_file, "content/p/modules/a.md");
    assert_string_equal(c.objectives[1].id, "keys");
    assert_int_equal(c.objectives[1].line, 5);
    assert_false(exam_course_has_objective(&c, "other"));
    assert_false(exam_course_has_objective(&c, NULL));
    assert_int_equal(c.domain_count, 2);
    assert_string_equal(exam_domain_title(&c, "data"), "Data");
    assert_string_equal(exam_domain_title(&c, "people"), "People");
    assert_null(exam_domain_title(&c, "moon"));
    assert_null(exam_domain_title(&c, NULL));
    assert_int_equal(c.level_count, 1);
    assert_string_equal(c.levels[0], "associate");
    /* What is none has nothing: no name leads out of the folder. */
    static const char *const none[] = {"q", "", "../content/p", "p/."};
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        assert_false(exam_course_read(&c, root, none[i], &arena));
        assert_null(c.id);
        assert_int_equal(c.objective_count + c.domain_count + c.level_count, 0);
        assert_false(exam_course_has_objective(&c, "keys"));
    }
}

static const char *bank(const char *id, const char *item, const char *more) {
    struct buf b;
    buf_init(&b, &arena);
    buf_printf(&b, "---\nid: %s\ntitle: B\nprogramme: p\ndomain: data\n---\n", id);
    sample_item(&b, item, "keys", "apply", "data", more);
    return buf_text(&b);
}

static bool load(struct exam_unit *u) {
    diag_init(&diags, &arena);
    return exam_unit_load(u, root, "exams/p/small.md", &arena, &diags);
}

/* Only the banks that the exam names count; their errors are its errors, the errors of others are
 * not. */
static void test_banks(void **state) {
    (void)state;
    struct exam_unit u;
    sample_write(root, "exams/p/small.md", sample_def(&arena, "", "| data | 0 | 1 |\n"));
    sample_write(root, "exams/p/bank/small.md", bank("small", "keys-1", ""));
    sample_write(root, "exams/p/bank/other.md", bank("other", "keys-2", "nonsense: 1\n"));
    assert_true(load(&u));
    assert_int_equal(diags.errors + diags.warnings, 0);
    assert_int_equal(u.item_count, 1);
    assert_string_equal(u.items[0].id, "keys-1");
    assert_string_equal(exam_domain_title(&u.course, "data"), "Data");
    assert_ptr_equal(exam_unit_item(&u, "keys-1", u.items[0].version), &u.items[0]);
    assert_null(exam_unit_item(&u, "keys-1", "other"));
    assert_null(exam_unit_item(&u, "keys-2", u.items[0].version));
    assert_string_equal(exam_unit_lang(&u), "en");
    u.course.lang = "ar";
    assert_string_equal(exam_unit_lang(&u), "ar");
    u.def.lang = "de";
    assert_string_equal(exam_unit_lang(&u), "de");
    sample_write(root, "exams/p/bank/small.md", bank("small", "keys-1", "nonsense: 1\n"));
    assert_false(load(&u));
    assert_int_equal(diags.errors, 1);
    assert_string_equal(diags.first->file, "exams/p/bank/small.md");
    sample_write(root, "exams/p/bank/small.md", bank("large", "keys-1", ""));
    assert_false(load(&u));
    assert_true(sample_has(&diags, "unknown-bank"));
}

/* An item's text is what a slot asks only when everything about it agrees. */
static void test_slot_fits(void **state) {
    (void)state;
    struct exam_unit u;
    const struct exam_item *item;
    sample_write(root, "exams/p/bank/small.md", bank("small", "keys-1", ""));
    assert_true(load(&u));
    const struct exam_item *own = &u.items[0];
    const struct exam_slot slot = {.item = own->id,
                                   .version = own->version,
                                   .domain = "data",
                                   .type = own->type,
                                   .option_count = own->option_count};
    assert_true(exam_slot_fits(&slot, own->source, &arena, &item));
    assert_string_equal(item->id, "keys-1");
    assert_false(exam_slot_fits(&slot, NULL, &arena, &item));
    assert_false(exam_slot_fits(&slot, "", &arena, &item));
    struct exam_slot other = slot;
    other.version = "0123456789abcdef";
    assert_false(exam_slot_fits(&other, own->source, &arena, &item));
    other = slot;
    other.type = &exam_type_multiple;
    assert_false(exam_slot_fits(&other, own->source, &arena, &item));
    other = slot;
    other.option_count--;
    assert_false(exam_slot_fits(&other, own->source, &arena, &item));
    /* Of the right version, and no item. */
    static const char nothing[] = "Nothing.";
    other = slot;
    other.version = version_of(&arena, nothing, strlen(nothing));
    assert_false(exam_slot_fits(&other, nothing, &arena, &item));
    const char *broken = arena_printf(&arena, "%s\n- [ ] First of keys-1\n  > Twice.\n",
                                      own->source);
    other.version = version_of(&arena, broken, strlen(broken));
    other.option_count = own->option_count + 1;
    assert_false(exam_slot_fits(&other, broken, &arena, &item));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_course), cmocka_unit_test(test_banks),
                                       cmocka_unit_test(test_slot_fits)};
    return cmocka_run_group_tests(tests, open_root, close_root);
}
