/* gradus check for exams: what one file alone cannot tell. */
#include "unit/exam/sample.h"

#include "exam/exam.h"

static char root[128];
static struct arena arena;
static struct diag_list diags;

static void write_all(const char *bank, const char *def) {
    sample_write(root, "content/p/programme.md", sample_programme);
    sample_write(root, "content/p/modules/m.md", sample_module);
    sample_write(root, "content/p/modules/m.ar.md", "---\nid: broken\n");
    sample_write(root, "exams/p/bank/small.md", bank);
    sample_write(root, "exams/p/small.md", def);
}

static void check(void) {
    diag_init(&diags, &arena);
    exam_check_tree(root, &diags);
}

static const char *bank(const char *item_1_more, const char *objective_2) {
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "keys-1", "keys", "apply", "data", item_1_more);
    sample_item(&b, "keys-2", "keys", "remember", "data", "");
    sample_item(&b, arena_printf(&arena, "%s-3", objective_2), objective_2, "apply", "people", "");
    return buf_text(&b);
}

static int open_root(void **state) {
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    snprintf(root, sizeof root, "%s", sample_folder());
    return 0;
}
static int close_root(void **state) {
    (void)state;
    arena_release(&arena);
    sample_drop(root);
    return 0;
}

static const char *rows = "| data | 1 | 1 |\n| people | 0 | 1 |\n";

static void test_fine(void **state) {
    (void)state;
    write_all(bank("", "no"), sample_def(&arena, "", rows));
    check();
    sample_print(&diags);
    assert_int_equal(diags.errors + diags.warnings, 0);
}

static void test_the_exam_that_ships(void **state) {
    (void)state;
    diag_init(&diags, &arena);
    exam_check_tree(".", &diags);
    sample_print(&diags);
    assert_int_equal(diags.errors, 0);
}

static void test_wrong(void **state) {
    (void)state;
    const struct {
        const char *rule, *file, *bank, *def;
        int line;
    } bad[] = {
        {"enemies", "exams/p/bank/small.md", bank("enemies: [keys-2]\n", "no"),
         sample_def(&arena, "", rows), 7},
        {"enemies", "exams/p/bank/small.md", bank("enemies: [keys-9]\n", "no"),
         sample_def(&arena, "", rows), 7},
        {"enemies", "exams/p/bank/small.md", bank("enemies: [keys-1]\n", "no"),
         sample_def(&arena, "", rows), 7},
        {"unknown-objective", "exams/p/bank/small.md", bank("", "yes"),
         sample_def(&arena, "", rows), 0},
        {"objective-without-item", "content/p/modules/m.md", bank("", "keys"),
         sample_def(&arena, "", rows), 7},
        {"blueprint", "exams/p/small.md", bank("", "no"),
         sample_def(&arena, "", "| data | 2 | 1 |\n"), 17},
        {"unknown-domain", "exams/p/small.md", bank("", "no"),
         sample_def(&arena, "", "| data | 1 | 1 |\n| moon | 0 | 0 |\n"), 17},
        {"blueprint", "exams/p/small.md", bank("", "no"),
         sample_def(&arena, "pilot_items: 1\n", rows), 18},
        {"unknown-objective", "exams/p/small.md", bank("", "no"),
         sample_def(&arena, "essential: [moon]\n", rows), 1},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        write_all(bad[i].bank, bad[i].def);
        check();
        bool found = false;
        for (const struct diag *d = diags.first; d; d = d->next)
            found |= str_eq(d->rule, bad[i].rule) && str_eq(d->file, bad[i].file) &&
                     (!bad[i].line || d->line == bad[i].line);
        if (!found) {
            sample_print(&diags);
            fail_msg("case %zu: %s", i, bad[i].rule);
        }
    }
    write_all(bank("", "no"), sample_def(&arena, "", "| data | 2 | 1 |\n| people | 0 | 3 |\n"));
    check();
    for (const struct diag *d = diags.first; d; d = d->next)
        if (str_eq(d->rule, "blueprint"))
            assert_string_equal(
                d->message,
                "the banks cannot meet this blueprint: short by 1 remember item in data; short by 2 apply items in people");
}

static char *replace(const char *text, const char *from, const char *to) {
    char *at = strstr(text, from);
    assert_non_null(at);
    return arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void expect_only(const char *file) {
    check();
    for (const struct diag *d = diags.first; d; d = d->next)
        if (!str_eq(d->file, file)) {
            sample_print(&diags);
            fail_msg("follow-on: %s: %s", d->file, d->message);
        }
}

/* One problem, one report: what stands in a file that does not parse is not missing in the others.
 */
static void test_follow_on(void **state) {
    (void)state;
    const char *def = sample_def(&arena, "", rows), *good = bank("", "no");
    write_all(good, def);
    sample_write(root, "content/p/modules/m.md",
                 replace(sample_module, "title: ", "title: a: b: "));
    expect_only("");
    write_all(good, def);
    sample_write(root, "content/p/programme.md",
                 replace(sample_programme, "title: ", "title: a: b: "));
    expect_only("");
    write_all(replace(good, "title: ", "title: a: b: "), def);
    expect_only("exams/p/bank/small.md");
    assert_int_equal(diags.errors, 1);
    write_all(good, replace(def, "title: ", "title: a: b: "));
    expect_only("exams/p/small.md");
    assert_int_equal(diags.errors, 1);
}

static void test_names(void **state) {
    (void)state;
    /* A duplicate id is told where it stands, with the place of the first. */
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, bank("", "no"));
    sample_item(&b, "keys-1", "keys", "apply", "data", "");
    write_all(buf_text(&b), sample_def(&arena, "", rows));
    check();
    assert_true(sample_has(&diags, "duplicate-id"));
    for (const struct diag *d = diags.first; d; d = d->next)
        if (str_eq(d->rule, "duplicate-id") && str_eq(d->file, "exams/p/bank/small.md"))
            assert_true(d->line > 40 && strstr(d->message, "small.md:7"));
    write_all(bank("", "no"), replace(sample_def(&arena, "", rows), "[small]", "[large]"));
    check();
    assert_true(sample_has(&diags, "unknown-bank"));
    assert_true(sample_has(&diags, "unused-bank"));
    write_all(bank("", "no"),
              replace(sample_def(&arena, "", rows), "level: associate", "level: emperor"));
    check();
    assert_true(sample_has(&diags, "unknown-level"));
    write_all(bank("", "no"),
              replace(sample_def(&arena, "", rows), "programme: p", "programme: q"));
    check();
    assert_true(sample_has(&diags, "unknown-programme"));
    /* A practice exam must not give away a live one's keys. */
    write_all(bank("", "no"), sample_def(&arena, "", rows));
    sample_write(root, "exams/p/practice.md",
                 replace(replace(sample_def(&arena, "kind: practice\nreview: full\n", rows),
                                 "id: small", "id: practice"),
                         "title: Small", "title: P"));
    check();
    assert_true(sample_has(&diags, "review-policy"));
    assert_int_equal(diags.errors, 1);
}

static void assert_all_hide(const char *file, int errors) {
    check();
    if (diags.errors != errors) sample_print(&diags);
    assert_int_equal(diags.errors, errors);
    for (const struct diag *d = diags.first; d; d = d->next)
        if (d->severity == SEVERITY_ERROR && (!d->hides || strcmp(d->file, file) != 0))
            fail_msg("%s: %s [%s] hides %d", d->file, d->message, d->rule, d->hides);
}

/* RULE exam-kept: what keeps a version from being taken over says so. Of a kind that is none, only
 * the kind is told. */
static void test_errors_hide(void **state) {
    (void)state;
    static const char def_file[] = "exams/p/small.md", bank_file[] = "exams/p/bank/small.md";
    write_all(bank("", "no"), sample_def(&arena, "kind: practise\nreview: full\n", rows));
    assert_all_hide(def_file, 1);
    assert_non_null(strstr(diags.first->message, "“kind” must be live or practice"));
    write_all(bank("", "no"), sample_def(&arena, "", "| data | 9 | 9 |\n"));
    assert_all_hide(def_file, 1);
    write_all(bank("nonsense: 1\n", "no"), sample_def(&arena, "", rows));
    assert_all_hide(bank_file, 1);
    write_all(bank("", "no"), sample_def(&arena, "unheard: 1\n", rows));
    assert_all_hide(def_file, 1);
    /* What the exam is shown with all the same. */
    write_all(bank("", "no"), replace(sample_def(&arena, "", rows), "level: ", "level: no-"));
    check();
    assert_true(diags.errors > 0);
    for (const struct diag *d = diags.first; d; d = d->next) assert_false(d->hides);
}

/* Whatever a file holds: an answer, no crash. All problems of all files in one run. */
static void test_nonsense(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "---\n",
        "---\n---\n",
        "---\nid: [1]\n---\n## \n",
        "---\nid: a\n---\n## x\n```item\n[\n```\n- [x]\n",
        "---\nid: a\n---\n##\n```item\n```\n- [x]\n- [x]\n",
        "\xff\xfe",
        "---\nid: a\n---\n- [x] a\n  - [ ] b\n",
        "---\nid: a\ntitle: b\nprogramme: p\n---\n## x-1\n\n```item\nobjective: x\nlevel: apply\n```\n\n> - [x] a\n"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        write_all(texts[i], texts[i]);
        check();
        assert_true(diags.errors > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fine),        cmocka_unit_test(test_the_exam_that_ships),
        cmocka_unit_test(test_wrong),       cmocka_unit_test(test_follow_on),
        cmocka_unit_test(test_errors_hide), cmocka_unit_test(test_names),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, open_root, close_root);
}
