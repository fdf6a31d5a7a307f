/* Item banks and exam definitions in Markdown. An item without errors reads the same from its
 * own stored text; whatever forms can be drawn keep the blueprint. */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "exam/exam_type.h"

/* What cannot be an answer is refused; what is one is its own canonical text, earns no more than
 * there is, and somebody who knows earns all of it. */
static void check_answers(struct arena *a, const struct exam_item *item) {
    struct exam_slot slot = {.type = item->type, .option_count = item->option_count};
    struct exam_ask ask = {.slot = &slot, .item = item, .response = EXAM_NO_ANSWER};
    int max = 0;
    for (int i = 0; i < item->option_count; i++)
        slot.order[i] = (unsigned char)(item->option_count - 1 - i);
    BUG_IF(item->type->points(&ask, &max) != 0 || max < 1 || max > EXAM_MAX_POINTS);
    for (int right = 0; right < 2; right++) {
        const char *why = NULL;
        ask.response = item->type->canonical(item->type->demo_answer(&ask, right, 1, 0, a),
                                             slot.option_count, a, &why);
        BUG_IF(!ask.response || !exam_answered(ask.response));
        BUG_IF((item->type->points(&ask, &max) == max) != (right == 1));
    }
}

static void check_item(struct arena *a, const struct exam_item *item) {
    struct exam_item again;
    BUG_IF(exam_item_parse(&again, item->source, item->domain, a) != OK);
    BUG_IF(!str_eq(again.version, item->version) || !str_eq(again.id, item->id) ||
           !str_eq(again.stem, item->stem) || again.type != item->type);
    BUG_IF(again.key_count != item->key_count || again.option_count != item->option_count);
    BUG_IF(item->option_count < 1 || item->option_count > EXAM_OPTIONS);
    check_answers(a, item);
}

static void check_forms(struct arena *a, const struct exam_bank *bank, struct exam_unit *u) {
    struct exam_cell cells[2] = {{"data", 2, 1}, {"data", 0, 1}};
    struct exam_form form, again;
    const char *why = NULL;
    u->items = bank->items;
    u->item_count = bank->item_count;
    u->def.cells = cells;
    u->def.cell_count = 2;
    u->def.scored_items = 2;
    if (exam_form_draw(&form, u, 1, NULL, a, &why) != OK) {
        BUG_IF(!why || !*why);
        return;
    }
    BUG_IF(form.slot_count != 2);
    BUG_IF(exam_form_read(&again, exam_form_write(&form, a), a) != OK);
    BUG_IF(!str_eq(exam_form_write(&form, a), exam_form_write(&again, a)));
}

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    struct diag_list diags;
    struct doc d;
    struct exam_bank bank;
    struct exam_unit unit = {0};
    diag_init(&diags, a);
    bool read = doc_parse(&d, "exams/p/bank/f.md", data, size, a, &diags) == OK;
    if (!read) BUG_IF(!diags.errors);
    if (d.meta) {
        struct diag_list more;
        diag_init(&more, a);
        exam_bank_parse(&bank, &d, a, &more);
        if (read && !diags.errors && !more.errors) {
            for (size_t i = 0; i < bank.item_count; i++) check_item(a, &bank.items[i]);
            check_forms(a, &bank, &unit);
        }
        for (const struct diag *p = more.first; p; p = p->next)
            BUG_IF(p->line < 0 || p->column < 0 || !*p->message);
        diag_init(&more, a);
        exam_def_parse(&unit.def, &d, a, &more);
        if (!more.errors)
            BUG_IF(unit.def.scored_items < 1 || unit.def.scored_items > EXAM_ITEMS ||
                   !unit.def.bank_count);
    }
}
