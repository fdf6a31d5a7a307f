/* Forms: what must hold for every seed, and what must stay the same for ever. */
#include "unit/exam/forms.h"

#include "base/codec.h"

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
        cmocka_unit_test(test_floors_are_kept),
        cmocka_unit_test(test_nth_allocation),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
