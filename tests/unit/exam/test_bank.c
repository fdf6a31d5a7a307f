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

static const char *problems(const char *text) {
    struct buf b;
    buf_init(&b, &arena);
    parse(arena_printf(&arena, "%s%s", SAMPLE_BANK_HEAD, text));
    for (const struct diag *d = diags.first; d; d = d->next)
        buf_printf(&b, "%s%d:%d: %s [%s]", b.len ? "\n" : "", d->line, d->column, d->message,
                   d->rule);
    return buf_text(&b);
}

#define BLOCK(fields) "## keys-1\n\n```item\n" fields "```\n\nWhich?\n\n"
#define FINE "objective: keys\nlevel: apply\n"
#define TWO_OF_THREE "- [x] One\n  > R.\n- [x] Two\n  > R.\n- [ ] Three\n  > R.\n"

/* Each with its place and its sentence, and with what is nearly the same and fine. */
static void test_sentences(void **state) {
    (void)state;
    static const struct {
        const char *text, *problems;
    } cases[] = {
        {"", "0:0: this bank holds no items [bank-empty]"},
        {ITEM OPTIONS, ""},
        {"Hello.\n\nThere.\n\n" ITEM OPTIONS,
         "7:1: a bank begins with an item: a heading ## id [bank-text]"},
        {"### keys-0\n\n" ITEM OPTIONS,
         "7:1: a bank begins with an item: a heading ## id [bank-text]"},
        {ITEM "- [ ] A b\n  > R.\n- [x] a  B\n  > R.\n",
         "18:1: options 1 and 2 of keys-1 are equal [item-options]"},
        {ITEM "- [ ] Ab\n  > R.\n- [x] a b\n  > R.\n", ""},
        {ITEM "- [ ] Ab\n  > R.\n- [x] Abc\n  > R.\n", ""},
        {ITEM "- [ ] One\n  > R.\n- [x] Two\n  > R.\n- [ ] two\n  > R.\n- [ ] one\n  > R.\n",
         "20:1: options 2 and 3 of keys-1 are equal [item-options]\n22:1: options 1 and 4 of keys-1 are equal [item-options]"},
        {ITEM "- [x] One\n  > R.\n- [ ]\n",
         "18:1: an option of keys-1 begins with [ ] or [x], one character inside and a space behind [task-mark]"},
        {ITEM "- [ ] One\n\n  More.\n\n  > R.\n- [x] Two\n  > R.\n", ""},
        {ITEM "- [ ] One\n  >\n- [x] Two\n  > R.\n",
         "16:1: this option of keys-1 has no rationale: put a quote under it that says why [item-rationale]"},
        {ITEM "- [] One\n- [x]Two\n",
         "16:1: an option of keys-1 begins with [ ] or [x], one character inside and a space behind [task-mark]"},
        {ITEM "- One [] \n\n- [] two ways *[] of* it\n",
         "18:1: an option of keys-1 begins with [ ] or [x], one character inside and a space behind [task-mark]"},
        {ITEM "[] *Nothing* to [x]choose.\n",
         "7:1: keys-1 has no options: a list with [ ] and [x] [item-options]"},
        /* Each item has its own list, whatever the next one has. */
        {ITEM "Nothing.\n\n## keys-2\n\n```item\n" FINE "```\n\nWhich?\n\n- [] One\n- [x]Two\n",
         "7:1: keys-1 has no options: a list with [ ] and [x] [item-options]\n27:1: an option of keys-2 begins with [ ] or [x], one character inside and a space behind [task-mark]"},
        {ITEM "Nothing.\n\n## keys-2\n\n```item\n" FINE "```\n\nWhich?\n\n" OPTIONS,
         "7:1: keys-1 has no options: a list with [ ] and [x] [item-options]"},
        {ITEM "- [x] One\n  > R.\n",
         "16:1: keys-1 needs at least two options [item-options]\n16:1: every option of keys-1 is marked as a key: there is nothing to choose [item-key]"},
        {ITEM "- [ ] One\n  > R.\n- [ ] Two\n  > R.\n",
         "16:1: keys-1 has no key: mark what is right with [x] [item-key]"},
        {ITEM "- [x] One\n  > R.\n- [x] Two\n  > R.\n",
         "16:1: every option of keys-1 is marked as a key: there is nothing to choose [item-key]\n7:1: keys-1 has 2 keys: end its stem with how many to choose, for instance “Choose two.” [choose-count]"},
        {ITEM TWO_OF_THREE,
         "7:1: keys-1 has 2 keys: end its stem with how many to choose, for instance “Choose two.” [choose-count]"},
        {"## keys-1\n\n```item\n" FINE "```\n\nWhich? Choose two.\n\n" TWO_OF_THREE, ""},
        {"## keys-1\n\n```item\n" FINE "```\n\nWhich? Choose three.\n\n" TWO_OF_THREE,
         "7:1: the stem of keys-1 says to choose 3, and 2 options are marked as key [choose-count]"},
        {"## keys-1\n\n```item\n" FINE "```\n\nWhich? Choose two.\n\n" OPTIONS,
         "7:1: the stem of keys-1 says to choose 2, and 1 option is marked as key [choose-count]"},
        {BLOCK(FINE "type: multiple\n") OPTIONS,
         "12:7: keys-1 is said to be multiple choice, and has 1 key [item-type]"},
        {BLOCK(FINE "type: single\n") OPTIONS, ""},
        {BLOCK(FINE "type: [single]\n") OPTIONS,
         "12:7: there is no type “”; use single, multiple, ordering or numeric [item-type]"},
        {BLOCK(FINE "enemies: [keys-2, Not an id, [a]]\n") OPTIONS,
         "12:19: an enemy must be an item's id [field-id]\n12:30: an enemy must be an item's id [field-id]"},
        {BLOCK(FINE "enemies: keys-2\n") OPTIONS,
         "12:10: “enemies” must be a list of items, for instance [keys-1] [field-type]"},
        {BLOCK(FINE "pilot: perhaps\n") OPTIONS,
         "12:8: “pilot” must be true or false [field-type]"},
        {BLOCK(FINE "more: 1\n") OPTIONS, "12:1: there is no field “more” here [unknown-field]"},
        {BLOCK("level: apply\n") OPTIONS, "10:1: the field “objective” is missing [missing-field]"},
        {BLOCK("objective: keys\n") OPTIONS, "10:1: the field “level” is missing [missing-field]"},
        {BLOCK("objective: keys\nlevel: guess\n") OPTIONS,
         "11:8: there is no level “guess”; use remember, understand, apply or analyse [unknown-level]"},
        {BLOCK("- one\n") OPTIONS,
         "9:1: the item block of keys-1 must be fields of the form “name: value” [item-block]"},
        {BLOCK("a: b: c\n") OPTIONS,
         "10:5: a value with a colon in it stands in quotes, as in title: \"Mapping: how it works\" [front-matter]"},
        {ITEM "```item\n" FINE "```\n\n" OPTIONS,
         "16:1: keys-1 has a second item block: does a heading above it fail? [item-block]"},
        {"## keys-1\n\nWhich?\n\n" OPTIONS,
         "7:1: keys-1 has no item block: after the heading comes ```item with objective and level [item-block]"},
        {"## keys-1\n\n```text\na\n```\n\nWhich?\n\n" OPTIONS,
         "7:1: keys-1 has no item block: after the heading comes ```item with objective and level [item-block]"},
        {"## keys-1\n\n```item\n" FINE "```\n\n" OPTIONS,
         "7:1: keys-1 has no stem: nothing is asked [item-stem]"},
        {"## keys-1\n\n```item\n" FINE "```\n",
         "7:1: keys-1 has no options: a list with [ ] and [x] [item-options]"},
        {"## Keys One\n\n```item\n" FINE "```\n\nWhich?\n\n" OPTIONS,
         "7:1: “Keys One” is no id: an item's heading is its id, for instance data-dedupe-1 [item-id]"},
        {"# keys-1\n\n```item\n" FINE "```\n\nWhich?\n\n" OPTIONS,
         "7:1: an item's heading has two number signs: ## id [item-heading]"},
        {ITEM OPTIONS "\nMore.\n",
         "21:1: this comes after the options of keys-1; a stem stands before them [item-tail]"},
        {ITEM OPTIONS "\n### More\n",
         "21:1: this comes after the options of keys-1; a stem stands before them [item-tail]"},
        {ITEM "- [ ] [One](http://example.org)\n  > R.\n- [x] Two\n  > [R](/r).\n",
         "16:7: an item cannot hold a link: it would lead out of the exam [item-link]\n19:5: an item cannot hold a link: it would lead out of the exam [item-link]"},
        {ITEM
         "- [ ] One\n\n  ![a](a.svg)\n\n  > ![R](r.svg)\n- [x] Two http://example.org\n  > R.\n",
         "20:5: an item cannot hold a picture: say it in words or in a table [item-picture]\n18:3: an item cannot hold a picture: say it in words or in a table [item-picture]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(problems(cases[i].text), cases[i].problems);
}

static void test_markup(void **state) {
    (void)state;
    struct exam_bank b = parse(
        SAMPLE_BANK_HEAD
        "## keys-1\n\n```item\nobjective: keys\nlevel: understand\nenemies: [keys-2, no-1]\n```\n\n### Look\n\nWhich?\n\n"
        "- [ ] One\n\n  More.\n\n  > Why *not*.\n- [x] `Two`\n  > R.\n\n\n## keys-2\n");
    assert_int_equal(b.item_count, 2);
    const struct exam_item *item = &b.items[0];
    assert_string_equal(
        item->stem,
        "<h4 id=\"look\"><a class=\"anchor\" href=\"#look\">Look</a></h4>\n<p>Which?</p>\n");
    assert_string_equal(item->asked, "### Look\n\nWhich?\n");
    assert_string_equal(item->options[0].html, "<p>One</p>\n<p>More.</p>\n");
    assert_string_equal(item->options[0].rationale, "<p>Why <em>not</em>.</p>\n");
    assert_string_equal(item->options[1].html, "<code>Two</code>");
    assert_string_equal(item->options[1].text, "Two");
    assert_int_equal(item->level, 1);
    assert_int_equal(item->column, 1);
    assert_string_equal(item->file, "exams/p/bank/small.md");
    assert_string_equal(item->objective, "keys");
    assert_int_equal(item->enemy_count, 2);
    assert_string_equal(item->enemies[0], "keys-2");
    assert_string_equal(item->enemies[1], "no-1");
    assert_false(item->pilot);
    assert_string_equal(
        item->source,
        "## keys-1\n\n```item\nobjective: keys\nlevel: understand\nenemies: [keys-2, no-1]\n```\n\n### Look\n\nWhich?\n\n"
        "- [ ] One\n\n  More.\n\n  > Why *not*.\n- [x] `Two`\n  > R.\n");
    assert_string_equal(b.items[1].source, "## keys-2\n");
    assert_string_equal(b.id, "small");
    assert_string_equal(b.title, "Small");
    assert_string_equal(b.programme, "p");
    assert_string_equal(b.domain, "data");
    assert_string_equal(b.file, "exams/p/bank/small.md");
    b = parse("---\nid: small\ntitle: S\nprogramme: p\nlang: de\n---\n" ITEM OPTIONS);
    assert_string_equal(b.lang, "de");
    assert_string_equal(b.items[0].lang, "de");
    assert_null(b.items[0].domain);
    b = parse("---\nid: small\nmore: 1\n---\n" ITEM OPTIONS);
    assert_int_equal(diags.errors, 3); /* title, programme, and what there is not */
}

/* An option is shown without its mark, however many paragraphs it has: the mark is the key. */
static void test_no_mark_is_shown(void **state) {
    (void)state;
    struct exam_bank b = parse(SAMPLE_BANK_HEAD ITEM
                               "- [ ] One\n\n  More.\n\n  > R.\n- [x] Two\n\n  More.\n\n  > R.\n"
                               "- [ ] > Three\n- [x] - a\n  > R.\n");
    const struct exam_item *item = &b.items[0];
    assert_string_equal(item->options[0].html, "<p>One</p>\n<p>More.</p>\n");
    assert_string_equal(item->options[1].html, "<p>Two</p>\n<p>More.</p>\n");
    assert_true(item->options[1].key && !item->options[0].key);
    for (int i = 0; i < item->option_count; i++) assert_null(strstr(item->options[i].html, "task"));
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
    assert_int_equal(diags.errors, 1);
    assert_string_equal(diags.first->message, "keys-1 has more than 9 options");
    assert_int_equal(diags.first->line, 16 + 2 * EXAM_OPTIONS);
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
        cmocka_unit_test_setup(test_sentences, fresh),
        cmocka_unit_test_setup(test_markup, fresh),
        cmocka_unit_test_setup(test_no_mark_is_shown, fresh),
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
