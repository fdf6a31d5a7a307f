/* Forms of small banks, where what can be drawn is worked out by hand: enemies, essential
 * objectives, what was seen, and what falls short. */
#include "unit/exam/forms.h"

static int open_arena(void **state) {
    (void)state;
    arena_init(&arena, 256 * 1024 * 1024);
    return 0;
}

static int close_arena(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static void test_short(void **state) {
    (void)state;
    struct buf b;
    struct exam_form f;
    const char *why = NULL;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    for (int i = 1; i <= 5; i++) {
        const char *id = arena_printf(&arena, "keys-%d", i), *enemies = "";
        if (i <= 4) /* four of five are enemies of each other */
            enemies = i == 1   ? "enemies: [keys-2, keys-3, keys-4]\n"
                      : i == 2 ? "enemies: [keys-1, keys-3, keys-4]\n"
                      : i == 3 ? "enemies: [keys-1, keys-2, keys-4]\n"
                               : "enemies: [keys-1, keys-2, keys-3]\n";
        sample_item(&b, id, "keys", "apply", "data", enemies);
    }
    struct exam_unit u = small_unit(buf_text(&b), "", "| data | 0 | 2 |\n");
    assert_int_equal(exam_cell_supply(&u, &u.def.cells[0], &arena), 2);
    for (uint64_t seed = 0; seed < 100; seed++) {
        assert_int_equal(exam_form_draw(&f, &u, seed, NULL, &arena, &why), OK);
        check_form(&u, &f);
    }
    u = small_unit(buf_text(&b), "", "| data | 1 | 3 |\n");
    assert_int_equal(exam_form_draw(&f, &u, 1, NULL, &arena, &why), ERR_INVALID);
    assert_string_equal(why, "short by 1 remember item in data; short by 1 apply item in data");
    u = small_unit(buf_text(&b), "pilot_items: 2\n", "| data | 0 | 2 |\n");
    assert_int_equal(exam_form_draw(&f, &u, 1, NULL, &arena, &why), ERR_INVALID);
    assert_string_equal(why, "short by 2 pilot items");
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "keys-0", "keys", "apply", "data", "pilot: true\n");
    sample_item(&b, "keys-1", "keys", "apply", "data", "");
    u = small_unit(buf_text(&b), "pilot_items: 2\n", "| data | 0 | 1 |\n");
    assert_int_equal(exam_form_draw(&f, &u, 1, NULL, &arena, &why), ERR_INVALID);
    assert_string_equal(why, "short by 1 pilot item");
}

/* Enemies across cells: the first choice may have to be taken back. */
static void test_enemies_across_cells(void **state) {
    (void)state;
    struct buf b;
    struct exam_form f;
    const char *why = NULL;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "keys-1", "keys", "apply", "data", "enemies: [no-1]\n");
    sample_item(&b, "keys-2", "keys", "apply", "data", "");
    sample_item(&b, "no-1", "no", "remember", "people", "enemies: [keys-1]\n");
    struct exam_unit u = small_unit(buf_text(&b), "", "| data | 0 | 1 |\n| people | 1 | 0 |\n");
    for (uint64_t seed = 0; seed < 200; seed++) {
        assert_int_equal(exam_form_draw(&f, &u, seed, NULL, &arena, &why), OK);
        check_form(&u, &f);
    }
    u.def.cells[0].count = 2;
    u.def.scored_items = 3;
    assert_int_equal(exam_form_draw(&f, &u, 1, NULL, &arena, &why), ERR_INVALID);
    assert_non_null(strstr(why, "enemies in different cells"));
}

/* How many of 300 forms hold an item of the objective. */
static int forms_with(const struct exam_unit *u, const char *objective) {
    int n = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct exam_form f;
        const char *why = NULL;
        bool held = false;
        assert_int_equal(exam_form_draw(&f, u, seed, NULL, &arena, &why), OK);
        check_form(u, &f);
        for (int i = 0; i < f.slot_count; i++)
            held |= f.slots[i].scored && str_eq(item_of(u, &f.slots[i])->objective, objective);
        n += held;
    }
    return n;
}

static const char *refusal(const struct exam_unit *u) {
    struct exam_form f;
    const char *why = NULL;
    assert_int_equal(exam_form_draw(&f, u, 1, NULL, &arena, &why), ERR_INVALID);
    return why;
}

/* RULE exam-essential, on both sides of what is possible. */
static void test_essential(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    for (int i = 1; i <= 6; i++)
        sample_item(&b, arena_printf(&arena, "keys-%d", i), "keys", "apply", "data", "");
    sample_item(&b, "no-1", "no", "apply", "data", "");
    sample_item(&b, "late-1", "late", "apply", "data", "pilot: true\n");
    const char *text = buf_text(&b), *two = "| data | 0 | 2 |\n";
    struct exam_unit u = small_unit(text, "", two);
    assert_in_range(forms_with(&u, "no"), 30, 150); /* by chance two of seven */
    u = small_unit(text, "essential: [no]\n", two);
    assert_int_equal(forms_with(&u, "no"), 300);
    u = small_unit(text, "essential: [no, keys]\n", two);
    assert_int_equal(forms_with(&u, "keys"), 300);
    /* One place less, and the two cannot both be on a form. */
    u = small_unit(text, "essential: [no, keys]\n", "| data | 0 | 1 |\n");
    assert_string_equal(
        refusal(&u),
        "no place is left for the essential objective keys: its cells are taken by others that are essential");
    /* A pilot item is not scored and serves nothing; nor does an item of a cell that is not asked.
     */
    u = small_unit(text, "pilot_items: 1\nessential: [late]\n", two);
    assert_string_equal(refusal(&u),
                        "no scored item of a cell measures the essential objective late");
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "keys-1", "keys", "remember", "data", "");
    sample_item(&b, "keys-2", "keys", "apply", "data", "enemies: [no-1]\n");
    sample_item(&b, "no-1", "no", "apply", "data", "enemies: [keys-2]\n");
    /* Who can stand in two cells makes room for who can stand in one. */
    u = small_unit(buf_text(&b), "essential: [keys, no]\n", "| data | 1 | 1 |\n");
    assert_int_equal(forms_with(&u, "no"), 300);
    u = small_unit(buf_text(&b), "essential: [keys, no]\n", "| data | 0 | 2 |\n");
    assert_string_equal(refusal(&u), "short by 1 apply item in data");
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "keys-1", "keys", "remember", "data", "enemies: [no-1]\n");
    sample_item(&b, "keys-2", "keys", "remember", "people", "");
    sample_item(&b, "no-1", "no", "apply", "data", "enemies: [keys-1]\n");
    sample_item(&b, "late-1", "late", "apply", "data", "");
    const char *cells = "| data | 1 | 1 |\n";
    u = small_unit(buf_text(&b), "essential: [keys]\n", cells);
    assert_int_equal(forms_with(&u, "late"), 300);
    u = small_unit(buf_text(&b), "essential: [keys, no]\n", cells);
    assert_string_equal(
        refusal(&u),
        "each cell could be filled, but enemies leave no form that also holds an item of each essential objective");
}

/* The most items of a cell on one form, where some are enemies: rings and stars, worked out by
 * hand. What an item excludes stays excluded further on. */
static void test_supply(void **state) {
    (void)state;
    static const struct {
        const char *enemies[7]; /* of item i, by their numbers */
        int supply;
    } cases[] = {
        {{"2,5", "1,3", "2,4", "3,5", "4,1"}, 2},
        {{"2,7", "1,3", "2,4", "3,5", "4,6", "5,7", "6,1"}, 3},
        {{"5,6,7", "5,6,7", "5,6", "6,7", "1,2,3", "1,2,3,4", "1,2,4"}, 4},
        {{"2,3,4,5,6,7", "1", "1", "1", "1", "1", "1"}, 6},
        {{"2", "1", "4", "3", "", "", ""}, 5},
        {{"2,3", "1,3", "1,2"}, 1},
        {{"", "1", ""}, 2}, /* also when only one of the two says so */
        {{"2", "", ""}, 2},
        {{"3,4", "4,5", "1,5", "1,2", "2,3"}, 2},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        struct buf b;
        buf_init(&b, &arena);
        buf_puts(&b, SAMPLE_BANK_HEAD);
        for (int i = 0; i < 7 && cases[c].enemies[i]; i++) {
            struct buf names;
            buf_init(&names, &arena);
            for (const char *n = cases[c].enemies[i]; *n; n++)
                if (*n != ',') buf_printf(&names, "%skeys-%c", names.len ? ", " : "", *n);
            sample_item(&b, arena_printf(&arena, "keys-%d", i + 1), "keys", "apply", "data",
                        arena_printf(&arena, "enemies: [%s]\n", buf_text(&names)));
        }
        struct exam_unit u = small_unit(buf_text(&b), "", "| data | 0 | 1 |\n");
        assert_int_equal(exam_cell_supply(&u, &u.def.cells[0], &arena), cases[c].supply);
    }
    /* An enemy that no bank of the exam has is none, nor is an item its own. */
    struct buf alone;
    buf_init(&alone, &arena);
    buf_puts(&alone, SAMPLE_BANK_HEAD);
    sample_item(&alone, "keys-1", "keys", "apply", "data", "enemies: [gone-1, keys-1]\n");
    sample_item(&alone, "keys-2", "keys", "apply", "data", "enemies: [keys-99]\n");
    struct exam_unit both = small_unit(buf_text(&alone), "", "| data | 0 | 2 |\n");
    assert_int_equal(exam_cell_supply(&both, &both.def.cells[0], &arena), 2);
    assert_int_equal(forms_with(&both, "keys"), 300);
    /* Pairs: of 24 items it is exact, and each further one counts. */
    for (int pairs = 11; pairs <= 14; pairs++) {
        struct buf b;
        buf_init(&b, &arena);
        buf_puts(&b, SAMPLE_BANK_HEAD);
        for (int i = 0; i < 2 * pairs; i++)
            sample_item(&b, arena_printf(&arena, "keys-%02d", i), "keys", "apply", "data",
                        arena_printf(&arena, "enemies: [keys-%02d]\n", i ^ 1));
        struct exam_unit u = small_unit(buf_text(&b), "", "| data | 0 | 1 |\n");
        assert_int_equal(exam_cell_supply(&u, &u.def.cells[0], &arena),
                         pairs <= 12 ? pairs : 2 * pairs - 12);
    }
}

/* Only of a scored item, in a cell that is asked, can a part of a point be earned on a form. */
static void test_parts(void **state) {
    (void)state;
    static const struct {
        const char *more, *rows;
        bool parts;
    } cases[] = {{"scoring: neighbours\n", "| data | 0 | 1 |\n", true},
                 {"scoring: neighbours\n", "| data | 1 | 1 |\n", true},
                 {"", "| data | 0 | 1 |\n", false},
                 {"scoring: neighbours\npilot: true\n", "| data | 0 | 1 |\n", false},
                 {"scoring: neighbours\n", "| data | 1 | 0 |\n", false},
                 {"scoring: neighbours\n", "| people | 0 | 1 |\n", false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct exam_unit u = small_unit(
            arena_printf(
                &arena,
                SAMPLE_BANK_HEAD
                "## keys-1\n\n```item\nobjective: keys\nlevel: apply\ntype: ordering\n%s```\n\n"
                "What?\n\n1. A\n2. B\n3. C\n\n> So.\n",
                cases[i].more),
            "", cases[i].rows);
        assert_int_equal(exam_unit_parts(&u), cases[i].parts);
    }
}

/* Which essential objective the definition names first is nobody's business, and a choice that
 * leaves no room for another is taken back whole. */
static void test_essential_order(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    for (int i = 1; i <= 5; i++)
        sample_item(&b, arena_printf(&arena, "keys-%d", i), "keys", "apply", "data", "");
    for (int i = 1; i <= 3; i++) {
        sample_item(&b, arena_printf(&arena, "no-%d", i), "no", "apply", "data", "");
        sample_item(&b, arena_printf(&arena, "so-%d", i), "so", "apply", "data", "");
    }
    static const char *const orders[] = {"[keys, no, so]", "[so, no, keys]", "[no, keys, so]"};
    struct exam_unit u[COUNT_OF(orders)];
    for (size_t k = 0; k < COUNT_OF(orders); k++)
        u[k] = small_unit(buf_text(&b), arena_printf(&arena, "essential: %s\n", orders[k]),
                          "| data | 0 | 4 |\n");
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct exam_form f;
        const char *why, *first = NULL;
        for (size_t k = 0; k < COUNT_OF(orders); k++) {
            assert_int_equal(exam_form_draw(&f, &u[k], seed, NULL, &arena, &why), OK);
            check_form(&u[k], &f);
            if (k) assert_string_equal(exam_form_write(&f, &arena), first);
            else first = exam_form_write(&f, &arena);
        }
    }
    /* keys-1 and keys-2 leave nothing of "no". */
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    for (int i = 1; i <= 3; i++)
        sample_item(&b, arena_printf(&arena, "keys-%d", i), "keys", "apply", "data",
                    i < 3 ? "enemies: [no-1, no-2, no-3]\n" : "");
    for (int i = 1; i <= 3; i++)
        sample_item(&b, arena_printf(&arena, "no-%d", i), "no", "apply", "data",
                    "enemies: [keys-1, keys-2]\n");
    struct exam_unit two = small_unit(buf_text(&b), "essential: [keys, no]\n",
                                      "| data | 0 | 2 |\n");
    assert_int_equal(forms_with(&two, "keys"), 300);
    assert_int_equal(forms_with(&two, "no"), 300);
}

/* RULE exam-seen, where the first choice of a cell decides whether another has an unseen item left:
 * of several orders the one that shares the least is taken, so that one of 256 shares. */
static void test_seen_behind_enemies(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "keys-1", "keys", "apply", "data", "enemies: [no-1]\n");
    sample_item(&b, "keys-2", "keys", "apply", "data", "");
    sample_item(&b, "no-1", "no", "apply", "people", "enemies: [keys-1]\n");
    sample_item(&b, "no-2", "no", "apply", "people", "");
    /* The first and the last of all items stand on every form. */
    sample_item(&b, "also-1", "also", "remember", "data", "");
    sample_item(&b, "so-1", "so", "remember", "people", "");
    struct exam_unit u = small_unit(buf_text(&b), "", "| data | 1 | 1 |\n| people | 1 | 1 |\n");
    /* Somebody who has met the first of all items: it is avoided like any other. */
    const char *first[] = {"keys-1"};
    struct exam_unit three = small_unit(buf_text(&b), "", "| data | 0 | 1 |\n| people | 1 | 0 |\n");
    struct exam_form avoiding;
    const char *problem;
    for (size_t i = 0; i < three.item_count; i++)
        if (str_eq(three.items[i].id, "also-1"))
            three.items[i].pilot = true, three.items[i].id = "z";
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct exam_seen one = {first, 1};
        assert_int_equal(exam_form_draw(&avoiding, &three, seed, &one, &arena, &problem), OK);
        assert_int_equal(overlap(&avoiding, &one), 0);
    }
    const char *met[] = {"gone-1", "no-2"};
    struct exam_seen seen = {met, COUNT_OF(met)};
    int shared = 0;
    for (uint64_t seed = 0; seed < 256; seed++) {
        struct exam_form f;
        const char *why;
        assert_int_equal(exam_form_draw(&f, &u, seed, &seen, &arena, &why), OK);
        check_form(&u, &f);
        shared += overlap(&f, &seen);
    }
    assert_in_range(shared, 0, 8);
}

/* Whoever has met every item is shown what a seed draws for anybody: no order shares less than the
 * first. */
static void test_all_seen(void **state) {
    (void)state;
    struct buf b;
    const char *all[12], *why;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    for (int i = 0; i < 12; i++) {
        all[i] = arena_printf(&arena, "keys-%02d", i);
        sample_item(&b, all[i], "keys", "apply", "data", "");
    }
    struct exam_unit u = small_unit(buf_text(&b), "", "| data | 0 | 4 |\n");
    struct exam_seen seen = {all, COUNT_OF(all)};
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct exam_form of_all, of_none;
        assert_int_equal(exam_form_draw(&of_all, &u, seed, &seen, &arena, &why), OK);
        assert_int_equal(exam_form_draw(&of_none, &u, seed, NULL, &arena, &why), OK);
        assert_string_equal(exam_form_write(&of_all, &arena), exam_form_write(&of_none, &arena));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_enemies_across_cells),
        cmocka_unit_test(test_essential),
        cmocka_unit_test(test_supply),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_essential_order),
        cmocka_unit_test(test_seen_behind_enemies),
        cmocka_unit_test(test_all_seen),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
