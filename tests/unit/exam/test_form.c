/* Forms: what must hold for every seed, and what must stay the same for ever. */
#include "unit/exam/sample.h"

#include "base/codec.h"

static struct arena arena;
static struct exam_unit real; /* the exam that ships */

static int open_arena(void **state) {
    (void)state;
    struct diag_list diags;
    codec_start();
    arena_init(&arena, 256 * 1024 * 1024);
    diag_init(&diags, &arena);
    bool fine = exam_unit_load(&real, ".", "exams/mops/associate.md", &arena, &diags);
    sample_print(&diags);
    return fine ? 0 : -1;
}

static const struct exam_item *item_of(const struct exam_unit *u, const struct exam_slot *s) {
    const struct exam_item *item = exam_unit_item(u, s->item, s->version);
    assert_non_null(item);
    return item;
}

static bool hates(const struct exam_item *a, const char *id) {
    for (size_t i = 0; i < a->enemy_count; i++)
        if (str_eq(a->enemies[i], id)) return true;
    return false;
}

/* The blueprint exactly, pilot items extra, no two enemies, no item twice, every option
 * once; an item of each essential objective (RULE exam-essential). */
static void check_form(const struct exam_unit *u, const struct exam_form *f) {
    int pilots = 0;
    assert_int_equal(f->slot_count, u->def.scored_items + u->def.pilot_items);
    for (size_t c = 0; c < u->def.cell_count; c++) {
        int n = 0;
        for (int i = 0; i < f->slot_count; i++)
            n += f->slots[i].scored && f->slots[i].level == u->def.cells[c].level &&
                 str_eq(f->slots[i].domain, u->def.cells[c].domain);
        assert_int_equal(n, u->def.cells[c].count);
    }
    for (int i = 0; i < f->slot_count; i++) {
        const struct exam_slot *s = &f->slots[i];
        const struct exam_item *item = item_of(u, s);
        unsigned options = 0;
        assert_int_equal(s->scored, !item->pilot);
        assert_ptr_equal(s->type, item->type);
        assert_int_equal(s->option_count, item->option_count);
        for (int k = 0; k < s->option_count; k++) options |= 1u << s->order[k];
        assert_int_equal(options, (1u << item->option_count) - 1);
        pilots += !s->scored;
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(s->item, f->slots[k].item);
            assert_false(hates(item, f->slots[k].item));
            assert_false(hates(item_of(u, &f->slots[k]), s->item));
        }
    }
    assert_int_equal(pilots, u->def.pilot_items);
    for (size_t o = 0; o < u->def.essential_count; o++) {
        bool held = false;
        for (int i = 0; i < f->slot_count && !held; i++)
            held = f->slots[i].scored &&
                   str_eq(item_of(u, &f->slots[i])->objective, u->def.essential[o]);
        if (!held) fail_msg("no item of the essential objective %s", u->def.essential[o]);
    }
}

/* RULE exam-blueprint, RULE exam-enemies. */
static void test_every_seed(void **state) {
    (void)state;
    int first[EXAM_OPTIONS] = {0}, slots = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct arena a;
        struct exam_form f;
        const char *why = NULL;
        arena_init(&a, 16 * 1024 * 1024);
        assert_int_equal(exam_form_draw(&f, &real, seed * 0x9E3779B97F4A7C15u, NULL, &a, &why), OK);
        check_form(&real, &f);
        for (int i = 0; i < f.slot_count; i++)
            if (f.slots[i].option_count == 4) {
                first[f.slots[i].order[0]]++;
                slots++;
            }
        arena_release(&a);
    }
    /* No option is favoured: each of four comes first in a quarter of the cases (34,000 draws, 5
     * standard deviations). */
    for (int k = 0; k < 4; k++) assert_in_range(first[k], slots / 4 - 400, slots / 4 + 400);
}

/* RULE exam-draw. */
static void test_same_for_ever(void **state) {
    (void)state;
    struct exam_form f, g;
    const char *why;
    assert_int_equal(exam_form_draw(&f, &real, 42, NULL, &arena, &why), OK);
    assert_int_equal(exam_form_draw(&g, &real, 42, NULL, &arena, &why), OK);
    assert_string_equal(exam_form_write(&f, &arena), exam_form_write(&g, &arena));
    /* The order of items in files is nobody's business. */
    struct exam_unit turned = real;
    turned.items = NEW_ARRAY(&arena, struct exam_item, real.item_count);
    for (size_t i = 0; i < real.item_count; i++)
        turned.items[i] = real.items[real.item_count - 1 - i];
    assert_int_equal(exam_form_draw(&g, &turned, 42, NULL, &arena, &why), OK);
    assert_string_equal(exam_form_write(&f, &arena), exam_form_write(&g, &arena));
    assert_int_equal(exam_form_draw(&g, &real, 43, NULL, &arena, &why), OK);
    assert_string_not_equal(exam_form_write(&f, &arena), exam_form_write(&g, &arena));
}

/* Draws of the generator, computed with an independent implementation: another machine, compiler
 * or century must give the same forms. */
static void test_chance(void **state) {
    (void)state;
    assert_true(exam_chance(0, 0, 0) == UINT64_C(0x238275BC38FCBE91));
    assert_true(exam_chance(1, 2, 3) == UINT64_C(0x8568F7C4E53B5A35));
    assert_true(exam_chance(UINT64_MAX, 1000, 7) == UINT64_C(0xDAFE772963C255DA));
    uint64_t n = 0;
    int hits[7] = {0};
    for (int i = 0; i < 70000; i++) hits[exam_chance_below(9, 1, &n, 7)]++;
    for (int k = 0; k < 7; k++) assert_in_range(hits[k], 9500, 10500);
}

static void test_written_and_read(void **state) {
    (void)state;
    struct exam_form f, g;
    const char *why;
    assert_int_equal(exam_form_draw(&f, &real, UINT64_MAX, NULL, &arena, &why), OK);
    char *json = exam_form_write(&f, &arena);
    assert_int_equal(exam_form_read(&g, json, &arena), OK);
    assert_true(g.seed == UINT64_MAX);
    assert_string_equal(exam_form_write(&g, &arena), json);
    assert_int_equal(strlen(exam_form_shape(&f, &arena)), 2 * f.slot_count);
}

static int overlap(const struct exam_form *f, const struct exam_seen *seen) {
    int n = 0;
    for (int i = 0; i < f->slot_count; i++)
        for (size_t k = 0; k < seen->count; k++) n += str_eq(f->slots[i].item, seen->items[k]);
    return n;
}

/* RULE exam-seen. A second form shares with the first only what the bank cannot avoid: cell by
 * cell, need minus unseen. */
static void test_seen_items_are_avoided(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct exam_form f, g;
        const char *why;
        struct arena a;
        arena_init(&a, 16 * 1024 * 1024);
        assert_int_equal(exam_form_draw(&f, &real, seed, NULL, &a, &why), OK);
        struct exam_seen seen = {NEW_ARRAY(&a, const char *, f.slot_count), (size_t)f.slot_count};
        for (int i = 0; i < f.slot_count; i++) seen.items[i] = f.slots[i].item;
        assert_int_equal(exam_form_draw(&g, &real, seed + 1, &seen, &a, &why), OK);
        check_form(&real, &g);
        int unavoidable = 0;
        for (size_t c = 0; c < real.def.cell_count; c++) {
            int unseen = exam_cell_supply(&real, &real.def.cells[c], &a) - real.def.cells[c].count;
            if (unseen < real.def.cells[c].count) unavoidable += real.def.cells[c].count - unseen;
        }
        /* Enemies may force one more. */
        assert_in_range(overlap(&g, &seen), 0, unavoidable + 1);
        arena_release(&a);
    }
}

/* ---- Small banks --------------------------------------------------------------------------- */

static struct exam_unit small_unit(const char *bank_text, const char *more, const char *rows) {
    struct diag_list diags;
    struct doc d, e;
    struct exam_bank bank;
    struct exam_unit u = {0};
    diag_init(&diags, &arena);
    const char *def = sample_def(&arena, more, rows);
    assert_int_equal(doc_parse(&d, "small.md", def, strlen(def), &arena, &diags), OK);
    exam_def_parse(&u.def, &d, &arena, &diags);
    assert_int_equal(doc_parse(&e, "bank.md", bank_text, strlen(bank_text), &arena, &diags), OK);
    exam_bank_parse(&bank, &e, &arena, &diags);
    sample_print(&diags);
    assert_int_equal(diags.errors, 0);
    u.items = bank.items;
    u.item_count = bank.item_count;
    return u;
}

/* ---- Golden forms -------------------------------------------------------------------------- */

static struct doc *read_doc(const char *path, struct diag_list *diags) {
    struct doc *d = NEW(&arena, struct doc);
    size_t len;
    char *text = file_read(&arena, path, 1 << 20, &len);
    assert_non_null(text);
    assert_int_equal(doc_parse(d, path, text, len, &arena, diags), OK);
    return d;
}

static void write_golden_form(struct buf *b, const char *title, const struct exam_form *f) {
    buf_printf(b, "%s\n", title);
    for (int i = 0; i < f->slot_count; i++) {
        const struct exam_slot *s = &f->slots[i];
        buf_printf(b, "%2d %s%s, options", i + 1, s->item, s->scored ? "" : " (pilot)");
        for (int k = 0; k < s->option_count; k++) buf_printf(b, " %d", s->order[k] + 1);
        buf_puts(b, "\n");
    }
}

/* RULE exam-draw: forms.txt was written once (30 November 2026) and stays. A candidate's form of
 * today is drawn again from its seed in years, on another machine and by another version. */
static void test_golden_forms(void **state) {
    (void)state;
    static const uint64_t seeds[] = {0, 1, 42, 0x8000000000000000u, UINT64_MAX};
    struct diag_list diags;
    struct exam_bank bank;
    struct exam_unit u = {0};
    struct buf b;
    size_t len;
    diag_init(&diags, &arena);
    buf_init(&b, &arena);
    exam_def_parse(&u.def, read_doc("tests/golden/form/exam.md", &diags), &arena, &diags);
    exam_bank_parse(&bank, read_doc("tests/golden/form/bank.md", &diags), &arena, &diags);
    sample_print(&diags);
    assert_int_equal(diags.errors, 0);
    u.items = bank.items;
    u.item_count = bank.item_count;
    struct exam_seen seen = {NULL, 0};
    for (size_t i = 0; i < COUNT_OF(seeds); i++) {
        struct exam_form f;
        const char *why;
        assert_int_equal(exam_form_draw(&f, &u, seeds[i], &seen, &arena, &why), OK);
        check_form(&u, &f);
        write_golden_form(&b,
                          arena_printf(&arena, "seed %llu, %zu items seen",
                                       (unsigned long long)seeds[i], seen.count),
                          &f);
        if (i % 2 == 0) { /* every other form is of somebody who has met the one before */
            seen.items = NEW_ARRAY(&arena, const char *, f.slot_count);
            seen.count = (size_t)f.slot_count;
            for (int k = 0; k < f.slot_count; k++) seen.items[k] = f.slots[k].item;
        } else seen.count = 0;
    }
    char *text = file_read(&arena, "tests/golden/form/forms.txt", 1 << 20, &len);
    if (!str_eq(buf_text(&b), text)) {
        const char *end;
        for (const char *line = buf_text(&b); (end = strchr(line, '\n')); line = end + 1)
            print_message("forms.txt would be: %.*s\n", (int)(end - line), line);
        fail_msg("the forms of tests/golden/form are not those of forms.txt");
    }
}

/* ---- Refusals ------------------------------------------------------------------------------ */

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

static void test_floors_are_kept(void **state) {
    (void)state;
    struct exam_form f, g;
    const char *why;
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    sample_item(&b, "keys-1", "keys", "apply", "data", "");
    struct exam_unit u = small_unit(buf_text(&b), "  floors: {data: 50}\n", "| data | 0 | 1 |\n");
    assert_int_equal(exam_form_draw(&f, &u, 1, NULL, &arena, &why), OK);
    char *json = exam_form_write(&f, &arena);
    assert_int_equal(exam_form_read(&g, json, &arena), OK);
    assert_int_equal(g.floor_count, 1);
    assert_string_equal(g.floors[0].domain, "data");
    assert_int_equal(g.floors[0].permille, 500);
    assert_string_equal(exam_form_write(&g, &arena), json);
    u.def.floor_count = 0; /* a form without floors reads as it always did */
    assert_int_equal(exam_form_draw(&f, &u, 1, NULL, &arena, &why), OK);
    json = exam_form_write(&f, &arena);
    assert_null(strstr(json, "floors"));
    assert_int_equal(exam_form_read(&g, json, &arena), OK);
    assert_int_equal(g.floor_count, 0);
    assert_int_equal(
        exam_form_read(&g,
                       arena_printf(&arena, "%.*s,\"floors\":[[\"data\",1],[\"people\",1000]]}",
                                    (int)strlen(json) - 1, json),
                       &arena),
        OK);
    assert_int_equal(g.floor_count, 2);
    assert_int_equal(g.floors[0].permille, 1);
    assert_string_equal(g.floors[1].domain, "people");
    assert_int_equal(g.floors[1].permille, 1000);
    assert_non_null(
        strstr(exam_form_write(&g, &arena), ",\"floors\":[[\"data\",1],[\"people\",1000]]}"));
    static const char *const bad[] = {
        "1", "[1]", "[[\"data\"]]", "[[\"data\",0]]", "[[\"data\",1001]]", "[[7,500]]"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(exam_form_read(&g,
                                        arena_printf(&arena, "%.*s,\"floors\":%s}",
                                                     (int)strlen(json) - 1, json, bad[i]),
                                        &arena),
                         ERR_INVALID);
}

static void test_nth_allocation(void **state) {
    (void)state;
    for (volatile long n = 1; n < 20000; n++) {
        struct arena a;
        arena_init(&a, 64 * 1024 * 1024);
        if (ARENA_GUARD(&a) == 0) {
            struct exam_form f, g;
            const char *why;
            arena_fail_at(n);
            enum err e = exam_form_draw(&f, &real, 5, NULL, &a, &why);
            if (e == OK) e = exam_form_read(&g, exam_form_write(&f, &a), &a);
            assert_int_equal(e, OK);
        }
        bool failed = arena_failed_as_asked();
        arena_fail_at(0);
        arena_release(&a);
        if (!failed) return;
    }
    fail_msg("never ended");
}

static int close_arena(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_seed),
        cmocka_unit_test(test_same_for_ever),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_written_and_read),
        cmocka_unit_test(test_seen_items_are_avoided),
        cmocka_unit_test(test_golden_forms),
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_enemies_across_cells),
        cmocka_unit_test(test_essential),
        cmocka_unit_test(test_supply),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_essential_order),
        cmocka_unit_test(test_seen_behind_enemies),
        cmocka_unit_test(test_floors_are_kept),
        cmocka_unit_test(test_nth_allocation),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
