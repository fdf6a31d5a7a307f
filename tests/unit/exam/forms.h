/* What the tests of forms share: what holds for every form, and exams of small banks. Include it
 * first. */
#ifndef GR_TEST_EXAM_FORMS_H
#define GR_TEST_EXAM_FORMS_H

#include "unit/exam/sample.h"

static struct arena arena;

static inline const struct exam_item *item_of(const struct exam_unit *u,
                                              const struct exam_slot *s) {
    const struct exam_item *item = exam_unit_item(u, s->item, s->version);
    assert_non_null(item);
    return item;
}

static inline bool hates(const struct exam_item *a, const char *id) {
    for (size_t i = 0; i < a->enemy_count; i++)
        if (str_eq(a->enemies[i], id)) return true;
    return false;
}

/* The blueprint exactly, pilot items extra, no two enemies, no item twice, every option
 * once; an item of each essential objective (RULE exam-essential). */
static inline void check_form(const struct exam_unit *u, const struct exam_form *f) {
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

static inline int overlap(const struct exam_form *f, const struct exam_seen *seen) {
    int n = 0;
    for (int i = 0; i < f->slot_count; i++)
        for (size_t k = 0; k < seen->count; k++) n += str_eq(f->slots[i].item, seen->items[k]);
    return n;
}

static inline struct exam_unit small_unit(const char *bank_text, const char *more,
                                          const char *rows) {
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

#endif
