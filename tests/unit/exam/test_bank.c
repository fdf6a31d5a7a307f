/* Items, banks and definitions from Markdown; what is wrong in them, and where. */
#include "unit/exam/sample.h"

static struct arena arena;
static struct diag_list diags;

static int fresh(void **state) {
    (void)state;
    arena_release(&arena);
    arena_init(&arena, 64 * 1024 * 1024);
    diag_init(&diags, &arena);
    return 0;
}

static struct exam_bank parse(const char *text) {
    struct exam_bank bank;
    struct doc d;
    diag_init(&diags, &arena);
    memset(&bank, 0, sizeof bank);
    if (doc_parse(&d, "exams/p/bank/small.md", text, strlen(text), &arena, &diags) == OK)
        exam_bank_parse(&bank, &d, &arena, &diags);
    return bank;
}

static const char good[] = SAMPLE_BANK_HEAD
    "## keys-1\n\n```item\nobjective: keys\nlevel: apply\n```\n\nTwo rows. Which **two** stay? Choose two.\n\n| a | b |\n|---|---|\n| 1 | <b> |\n\n"
    "- [x] The `first`\n  > Right.\n- [ ] The second\n  > Wrong, with *reason*.\n- [x] The third\n  > Right as well.\n\n"
    "## keys-2\n\n```item\nobjective: keys\nlevel: remember\nenemies: [keys-1]\npilot: true\ndomain: people\n```\n\nOne?\n\n"
    "- [ ] No\n  > N.\n- [x] Yes\n  > Y.\n";

static void test_good(void **state) {
    (void)state;
    struct exam_bank b = parse(good);
    sample_print(&diags);
    assert_int_equal(diags.errors + diags.warnings, 0);
    assert_int_equal(b.item_count, 2);
    struct exam_item *first = &b.items[0], *second = &b.items[1];
    assert_string_equal(first->id, "keys-1");
    assert_string_equal(first->domain, "data");
    assert_int_equal(first->level, 2);
    assert_int_equal(first->option_count, 3);
    assert_int_equal(first->key_count, 2);
    assert_true(first->options[0].key && !first->options[1].key && first->options[2].key);
    assert_ptr_equal(first->type, &exam_type_multiple);
    assert_ptr_equal(second->type, &exam_type_single);
    assert_non_null(strstr(first->asked, "Two rows. Which **two** stay?"));
    assert_null(strstr(first->asked, "- [x]"));
    assert_int_equal(first->line, 7);
    assert_string_equal(first->options[0].html, "The <code>first</code>");
    assert_non_null(strstr(first->options[1].rationale, "<em>reason</em>"));
    assert_non_null(strstr(first->stem, "<table>"));
    assert_non_null(strstr(first->stem, "<td><b></b></td>")); /* HTML is made anew, and closed */
    assert_null(strstr(first->stem, "Wrong"));
    assert_string_equal(second->domain, "people");
    assert_true(second->pilot);
    assert_int_equal(second->enemy_count, 1);
}

static void test_version_is_its_own(void **state) {
    (void)state;
    struct exam_bank before = parse(good);
    char *changed = arena_dup(&arena, good);
    memcpy(strstr(changed, "One?"), "Won?", 4);
    struct exam_bank after = parse(changed);
    assert_string_equal(before.items[0].version,
                        after.items[0].version); /* its neighbour moved, it did not */
    assert_string_not_equal(before.items[1].version, after.items[1].version);
    /* Line ends and blank lines between items are nobody's text. */
    struct buf b;
    buf_init(&b, &arena);
    for (const char *p = good; *p; p++) {
        if (*p == '\n') buf_puts(&b, "\r");
        if (strncmp(p, "\n## keys-2", 10) == 0) buf_puts(&b, "\n\r\n");
        buf_putc(&b, *p);
    }
    struct exam_bank windows = parse(buf_text(&b));
    assert_int_equal(windows.item_count, 2);
    assert_string_equal(before.items[0].version, windows.items[0].version);
    assert_string_equal(before.items[1].version, windows.items[1].version);
}

static void test_stored_item_is_the_same(void **state) {
    (void)state;
    struct exam_bank b = parse(good);
    for (size_t i = 0; i < b.item_count; i++) {
        struct exam_item again;
        assert_int_equal(exam_item_parse(&again, b.items[i].source, b.items[i].domain, &arena), OK);
        assert_string_equal(again.version, b.items[i].version);
        assert_string_equal(again.stem, b.items[i].stem);
        assert_string_equal(again.domain, b.items[i].domain);
        assert_ptr_equal(again.type, b.items[i].type);
        assert_string_equal(again.asked, b.items[i].asked);
        for (int k = 0; k < again.option_count; k++)
            assert_string_equal(again.options[k].rationale, b.items[i].options[k].rationale);
    }
    struct exam_item none;
    assert_int_equal(exam_item_parse(&none, "", "data", &arena), ERR_INVALID);
    assert_int_equal(exam_item_parse(&none, "no heading\n", "data", &arena), ERR_INVALID);
    assert_int_equal(
        exam_item_parse(&none, arena_printf(&arena, "%s%s", b.items[0].source, b.items[1].source),
                        "data", &arena),
        ERR_INVALID);
}

#define ITEM "## keys-1\n\n```item\nobjective: keys\nlevel: apply\n```\n\nWhich?\n\n"
#define OPTIONS "- [ ] One\n  > Why.\n- [x] Two\n  > Why.\n"

static void test_wrong(void **state) {
    (void)state;
    static const struct {
        const char *rule, *text;
        int line;
    } bad[] = {
        {"item-key", ITEM "- [ ] One\n  > Why.\n- [ ] Two\n  > Why.\n", 16},
        {"item-key", ITEM "- [x] One\n  > Why.\n- [x] Two\n  > Why.\n", 16},
        {"item-rationale", ITEM "- [ ] One\n- [x] Two\n  > Why.\n", 16},
        {"item-options", ITEM "- [ ] The same thing\n  > Why.\n- [x] the SAME  thing\n  > Why.\n",
         18},
        {"item-options", ITEM "- [x] One\n  > Why.\n", 16},
        {"item-options", ITEM "Nothing to choose from.\n", 7},
        {"item-options", ITEM "- One\n- Two\n", 7},
        {"item-stem", "## keys-1\n\n```item\nobjective: keys\nlevel: apply\n```\n\n" OPTIONS, 7},
        {"item-tail", ITEM OPTIONS "\nAnd a thought.\n", 21},
        {"item-block", "## keys-1\n\nWhich?\n\n" OPTIONS, 7},
        {"item-id",
         "## Keys One\n\n```item\nobjective: keys\nlevel: apply\n```\n\nWhich?\n\n" OPTIONS, 7},
        {"item-heading",
         "# keys-1\n\n```item\nobjective: keys\nlevel: apply\n```\n\nWhich?\n\n" OPTIONS, 7},
        {"missing-field", "## keys-1\n\n```item\nlevel: apply\n```\n\nWhich?\n\n" OPTIONS, 10},
        {"unknown-field",
         "## keys-1\n\n```item\nobjective: keys\nlevel: apply\nenemy: [x]\n```\n\nWhich?\n\n" OPTIONS,
         12},
        {"unknown-level",
         "## keys-1\n\n```item\nobjective: keys\nlevel: guess\n```\n\nWhich?\n\n" OPTIONS, 11},
        {"field-type",
         "## keys-1\n\n```item\nobjective: keys\nlevel: apply\nenemies: x\n```\n\nWhich?\n\n" OPTIONS,
         12},
        {"choose-count",
         "## keys-1\n\n```item\nobjective: keys\nlevel: apply\n```\n\nWhich? Choose two.\n\n" OPTIONS,
         7},
        {"choose-count", ITEM "- [x] One\n  > Why.\n- [x] Two\n  > Why.\n- [ ] Three\n  > Why.\n",
         7},
        {"item-link", ITEM "- [ ] [One](http://example.org)\n  > Why.\n- [x] Two\n  > Why.\n", 16},
        {"item-picture",
         "## keys-1\n\n```item\nobjective: keys\nlevel: apply\n```\n\n![a](a.svg) Which?\n\n" OPTIONS,
         14},
        {"bank-text", "Hello.\n\n" ITEM OPTIONS, 7},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        parse(arena_printf(&arena, "%s%s", SAMPLE_BANK_HEAD, bad[i].text));
        const struct diag *found = NULL;
        for (const struct diag *d = diags.first; d && !found; d = d->next)
            if (str_eq(d->rule, bad[i].rule)) found = d;
        if (!found || found->line != bad[i].line ||
            (diags.errors == 0) != str_eq(bad[i].rule, "item-rationale") /* a small fault */) {
            sample_print(&diags);
            fail_msg("case %zu: %s at line %d", i, bad[i].rule, bad[i].line);
        }
    }
}

static void test_many_options(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD ITEM);
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "- [%c] Option %d\n  > Why.\n", i == 0 ? 'x' : ' ', i);
    struct exam_bank bank = parse(buf_text(&b));
    assert_int_equal(bank.items[0].option_count, EXAM_OPTIONS);
    assert_true(sample_has(&diags, "item-options"));
}

/* ---- Definitions --------------------------------------------------------------------------- */

static struct exam_def define(const char *text) {
    struct exam_def def;
    struct doc d;
    diag_init(&diags, &arena);
    memset(&def, 0, sizeof def);
    if (doc_parse(&d, "exams/p/small.md", text, strlen(text), &arena, &diags) == OK)
        exam_def_parse(&def, &d, &arena, &diags);
    return def;
}

static void test_definition(void **state) {
    (void)state;
    struct exam_def def = define(sample_def(
        &arena,
        "  floors: {people: 1, data: 100}\nessential: [keys, no]\npilot_items: 1\nretake:\n  wait_days: 7\n  attempts_per_year: 3\nopens: 2027-01-01T00:00:00Z\n",
        "| data | 1 | 2 |\n| people | 0 | 3 |\n"));
    sample_print(&diags);
    assert_int_equal(diags.errors, 0);
    assert_int_equal(def.scored_items, 6);
    assert_int_equal(def.cell_count, 3);
    assert_int_equal(def.domain_count, 2);
    assert_int_equal(def.cut_permille, 700);
    assert_int_equal(def.floor_count, 2);
    assert_string_equal(def.floors[0].domain, "people");
    assert_int_equal(def.floors[0].permille, 10);
    assert_int_equal(def.floors[1].permille, 1000);
    assert_int_equal(def.essential_count, 2);
    assert_string_equal(def.essential[1], "no");
    assert_int_equal(def.wait_days, 7);
    assert_int_equal(def.attempts_per_year, 3);
    assert_true(def.opens_ms > 0);
    assert_false(def.practice);
    assert_string_equal(def.intro, "<p>Before.</p>\n");
    assert_non_null(strstr(def.rules, "After."));
    assert_null(strstr(def.rules, "<table>"));
}

/* RULE floor-domain. */
static void test_definition_wrong(void **state) {
    (void)state;
    static const struct {
        const char *rule, *more, *rows;
    } bad[] = {
        {"blueprint", "", "| data | x | 2 |\n"},
        {"blueprint", "", "| data | -1 | 2 |\n"},
        {"blueprint", "", "| data | 1 | 2 |\n| data | 1 | 1 |\n"},
        {"blueprint", "", "| data | 0 | 0 |\n"},
        {"blueprint", "", "| data | 150 | 150 |\n"},
        {"unknown-field", "minuts: 3\n", "| data | 1 | 2 |\n"},
        {"field-type", "pilot_items: -1\n", "| data | 1 | 2 |\n"},
        {"field-type", "kind: serious\n", "| data | 1 | 2 |\n"},
        {"review-policy", "review: full\n", "| data | 1 | 2 |\n"},
        {"field-type", "opens: tomorrow\n", "| data | 1 | 2 |\n"},
        {"field-type", "opens: 2027-01-02T00:00:00Z\ncloses: 2027-01-01T00:00:00Z\n",
         "| data | 1 | 2 |\n"},
        {"field-type", "retake: never\n", "| data | 1 | 2 |\n"},
        {"unknown-field", "retake:\n  wait: 3\n", "| data | 1 | 2 |\n"},
        {"field-type", "retake:\n  after_pass_months: 0\n", "| data | 1 | 2 |\n"},
        {"field-type", "  floors: 50\n", "| data | 1 | 2 |\n"},
        {"field-type", "  floors: {data: 0}\n", "| data | 1 | 2 |\n"},
        {"field-type", "  floors: {data: 101}\n", "| data | 1 | 2 |\n"},
        {"blueprint", "  floors: {people: 50}\n", "| data | 1 | 2 |\n"},
        {"blueprint", "  floors: {people: 50}\n", "| data | 1 | 2 |\n| people | 0 | 0 |\n"},
        {"field-type", "essential: keys\n", "| data | 1 | 2 |\n"},
        {"field-id", "essential: [keys, \"No such id\"]\n", "| data | 1 | 2 |\n"},
        {"field-id", "essential: [keys, no, keys]\n", "| data | 1 | 2 |\n"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        define(sample_def(&arena, bad[i].more, bad[i].rows));
        if (!sample_has(&diags, bad[i].rule) || !diags.errors) {
            sample_print(&diags);
            fail_msg("case %zu: %s", i, bad[i].rule);
        }
    }
    define("---\nid: x\n---\nNo blueprint.\n");
    assert_true(sample_has(&diags, "blueprint"));
    assert_true(sample_has(&diags, "missing-field"));
    define("---\nid: x\n---\n## Blueprint\n\n| domain | guess |\n|---|---|\n| a | 1 |\n");
    assert_true(sample_has(&diags, "blueprint"));
}

static bool has_word(const char *const *list, const char *word) {
    while (*list && !str_eq(*list, word)) list++;
    return *list != NULL;
}

static size_t word_count(const char *const *list) {
    size_t n = 0;
    while (list[n]) n++;
    return n;
}

/* The authors' table of fields, and what the parser reads: the same names. */
static void test_fields_are_documented(void **state) {
    (void)state;
    size_t len = 0, rows = 0;
    const char *text = file_read(&arena, "content/gradus/modules/blueprint-an-exam.md", 1024 * 1024,
                                 &len);
    assert_non_null(text);
    const char *at = strstr(text, "\n| Field |");
    assert_non_null(at);
    for (at = strstr(at, "\n| `"); at && at[1] == '|'; at = strchr(at + 1, '\n'), rows++) {
        const char *name = arena_copy(&arena, at + 4, strcspn(at + 4, "`"));
        bool known = str_has_prefix(name, "cut.")      ? has_word(exam_cut_fields, name + 4)
                     : str_has_prefix(name, "retake.") ? has_word(exam_retake_fields, name + 7)
                                                       : has_word(exam_def_fields, name);
        if (!known) fail_msg("the table names %s, the parser does not", name);
    }
    assert_int_equal(rows, word_count(exam_def_fields) + word_count(exam_cut_fields) +
                               word_count(exam_retake_fields));
}

/* Any allocation may fail: nothing leaks, nothing is half made. */
static void test_nth_allocation(void **state) {
    (void)state;
    for (volatile long n = 1; n < 20000; n++) {
        struct arena a;
        arena_init(&a, 64 * 1024 * 1024);
        if (ARENA_GUARD(&a) == 0) {
            struct diag_list l;
            struct doc d;
            struct exam_bank bank;
            diag_init(&l, &a);
            arena_fail_at(n);
            if (doc_parse(&d, "f.md", good, sizeof good - 1, &a, &l) == OK)
                exam_bank_parse(&bank, &d, &a, &l);
        }
        bool failed = arena_failed_as_asked();
        arena_fail_at(0);
        arena_release(&a);
        if (!failed) {
            assert_true(n > 20);
            return;
        }
    }
    fail_msg("the parser never ended");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good, fresh),
        cmocka_unit_test_setup(test_version_is_its_own, fresh),
        cmocka_unit_test_setup(test_stored_item_is_the_same, fresh),
        cmocka_unit_test_setup(test_wrong, fresh),
        cmocka_unit_test_setup(test_many_options, fresh),
        cmocka_unit_test_setup(test_definition, fresh),
        cmocka_unit_test_setup(test_definition_wrong, fresh),
        cmocka_unit_test_setup(test_fields_are_documented, fresh),
        cmocka_unit_test_setup(test_nth_allocation, fresh),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
