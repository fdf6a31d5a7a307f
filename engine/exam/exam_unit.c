/* A definition with its items: loading it, and proving that forms can be drawn from it. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "exam/exam_form.h"

static void move_diags(struct diag_list *to, const struct diag_list *from) {
    for (const struct diag *d = from->first; d; d = d->next) diag_copy(to, d);
}

static bool wants_bank(const struct exam_def *def, const char *id) {
    for (size_t i = 0; i < def->bank_count; i++)
        if (str_eq(def->banks[i], id)) return true;
    return false;
}

static void add_items(struct exam_unit *u, const struct exam_bank *bank, struct arena *a) {
    size_t size = sizeof *u->items;
    u->items = arena_grow(a, u->items, u->item_count * size,
                          (u->item_count + bank->item_count) * size);
    for (size_t i = 0; i < bank->item_count; i++) u->items[u->item_count++] = bank->items[i];
}

/* Every bank must be read to know its id; only those that the definition names count. */
static size_t read_banks(struct exam_unit *u, const char *root, struct arena *a,
                         struct arena *scratch, struct diag_list *diags) {
    struct exam_file *files;
    size_t count = exam_files(root, scratch, &files), found = 0;
    for (size_t i = 0; i < count; i++) {
        struct diag_list own;
        struct doc d;
        struct exam_bank bank;
        if (!files[i].bank) continue;
        diag_init(&own, scratch);
        if (doc_load(&d, root, files[i].path, scratch, &own) != OK && !d.meta) continue;
        const char *id = field_scalar(field_get(d.meta, "id"));
        if (!id || !wants_bank(&u->def, id)) continue;
        exam_bank_parse(&bank, &d, a, &own);
        move_diags(diags, &own);
        add_items(u, &bank, a);
        found++;
    }
    return found;
}

bool exam_unit_load(struct exam_unit *out, const char *root, const char *file, struct arena *a,
                    struct diag_list *diags) {
    struct doc d;
    int errors = diags->errors;
    memset(out, 0, sizeof *out);
    out->file = arena_dup(a, file);
    if (doc_load(&d, root, file, diags->arena, diags) != OK) return false;
    exam_def_parse(&out->def, &d, a, diags);
    if (out->def.bank_count && read_banks(out, root, a, diags->arena, diags) < out->def.bank_count)
        diag_add(diags, SEVERITY_ERROR, file, 1, 1, "unknown-bank",
                 "a bank that this exam names is missing or cannot be read");
    if (diags->errors > errors) return false;
    if (out->def.programme) (void)exam_course_read(&out->course, root, out->def.programme, a);
    return exam_unit_check(out, diags->arena, diags);
}

static int by_id(const void *a, const void *b) {
    return strcmp((*(const struct exam_item *const *)a)->id,
                  (*(const struct exam_item *const *)b)->id);
}

bool exam_unit_check(struct exam_unit *u, struct arena *a, struct diag_list *diags) {
    struct exam_def *def = &u->def;
    struct exam_form form;
    const char *why = NULL;
    bool fine = true;
    const struct exam_item **sorted = NEW_ARRAY(a, const struct exam_item *, u->item_count + 1);
    for (size_t i = 0; i < u->item_count; i++) sorted[i] = &u->items[i];
    if (u->item_count) qsort(sorted, u->item_count, sizeof *sorted, by_id);
    for (size_t i = 1; i < u->item_count; i++) {
        if (!str_eq(sorted[i - 1]->id, sorted[i]->id)) continue;
        diag_add(diags, SEVERITY_ERROR, def->file, 1, 1, "duplicate-id",
                 "the item %s stands twice in its banks", sorted[i]->id);
        fine = false;
    }
    if (fine && exam_form_draw(&form, u, 0, NULL, a, &why) != OK) {
        diag_add(diags, SEVERITY_ERROR, def->file, def->blueprint_line, 1, "blueprint",
                 "the banks cannot meet this blueprint: %s", why);
        fine = false;
    }
    return fine;
}

const char *exam_unit_lang(const struct exam_unit *u) {
    return u->def.lang ? u->def.lang : u->course.lang ? u->course.lang : "en";
}

const struct exam_item *exam_unit_item(const struct exam_unit *u, const char *id,
                                       const char *version) {
    for (size_t i = 0; i < u->item_count; i++)
        if (str_eq(u->items[i].id, id))
            return str_eq(u->items[i].version, version) ? &u->items[i] : NULL;
    return NULL;
}

/* A shorter question, such as "Which is right?", may stand in any text by chance. */
#define STEM_LEAST 40 /* bytes */

const char *exam_item_question(struct arena *a, const struct exam_item *item) {
    const char *text = exam_collapse_blanks(a, item->asked, strlen(item->asked));
    return strlen(text) >= STEM_LEAST ? text : NULL;
}

const struct exam_item *exam_items_shared(const struct exam_item *practised, size_t count,
                                          const struct exam_item *live, size_t live_count,
                                          const struct exam_item **of, struct arena *a) {
    const char **questions = NEW_ARRAY(a, const char *, live_count + 1);
    for (size_t k = 0; k < live_count; k++) questions[k] = exam_item_question(a, &live[k]);
    for (size_t i = 0; i < count; i++) {
        const char *question = exam_item_question(a, &practised[i]);
        for (size_t k = 0; k < live_count; k++)
            if (str_eq(practised[i].id, live[k].id) ||
                (question && str_eq(question, questions[k]))) {
                *of = &live[k];
                return &practised[i];
            }
    }
    return NULL;
}

char *exam_collapse_blanks(struct arena *a, const char *text, size_t len) {
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    bool blank = true; /* none at the beginning */
    for (size_t i = 0; i < len; i++) {
        bool is = text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r';
        if (!is) out[n++] = text[i];
        else if (!blank) out[n++] = ' ';
        blank = is;
    }
    while (n && out[n - 1] == ' ') n--;
    out[n] = '\0';
    return out;
}
