/* gradus check, for exams: reads all banks and definitions, and checks what needs several files. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content.h"
#include "exam/exam.h"
#include "exam/exam_form.h"

struct tree {
    const char *root;
    struct arena *arena;
    struct diag_list *diags;
    struct exam_bank *banks;
    size_t bank_count;
    struct exam_def *defs;
    size_t def_count;
    const struct exam_item **items; /* of all banks, by id, then by place */
    size_t item_count;
    struct exam_course *courses;
    bool *course_known;
    size_t course_count;
    const char **broken; /* texts of files that do not parse */
    size_t broken_count;
};

static void at_item(struct tree *t, const struct exam_item *item, const char *rule,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
static void at_item(struct tree *t, const struct exam_item *item, const char *rule,
                    const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *sentence = arena_vprintf(t->arena, format, args);
    va_end(args);
    diag_add(t->diags, SEVERITY_ERROR, item->file, item->line, item->column, rule, "%s", sentence);
}

/* RULE exam-kept: an exam with an error in its definition, in one of its banks, or in how they fit
 * is not taken over; learners keep the last version without. So every error after `before` (NULL:
 * from the first) says that its file is not shown. */
static void hides_since(struct diag_list *l, struct diag *before) {
    for (struct diag *d = before ? before->next : l->first; d; d = d->next)
        if (d->severity == SEVERITY_ERROR) d->hides = true;
}

/* ---- Reading ------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b) {
    const struct exam_item *x = *(const struct exam_item *const *)a,
                           *y = *(const struct exam_item *const *)b;
    int order = strcmp(x->id, y->id);
    if (!order) order = strcmp(x->file, y->file);
    return order ? order : x->line - y->line;
}

static void read_files(struct tree *t) {
    struct exam_file *files;
    size_t count = exam_files(t->root, t->arena, &files);
    t->banks = NEW_ARRAY(t->arena, struct exam_bank, count + 1);
    t->defs = NEW_ARRAY(t->arena, struct exam_def, count + 1);
    t->broken = NEW_ARRAY(t->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct doc d;
        struct diag *before = t->diags->last;
        /* A body that is refused leaves the front matter, and that is still worth checking. */
        if (doc_load(&d, t->root, files[i].path, t->arena, t->diags) != OK && !d.meta) {
            if (d.source) t->broken[t->broken_count++] = d.source;
            hides_since(t->diags, before);
            continue;
        }
        if (files[i].bank) {
            struct exam_bank *bank = &t->banks[t->bank_count++];
            exam_bank_parse(bank, &d, t->arena, t->diags);
            t->item_count += bank->item_count;
        } else exam_def_parse(&t->defs[t->def_count++], &d, t->arena, t->diags);
        hides_since(t->diags, before);
    }
    t->items = NEW_ARRAY(t->arena, const struct exam_item *, t->item_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < t->bank_count; i++)
        for (size_t k = 0; k < t->banks[i].item_count; k++) t->items[n++] = &t->banks[i].items[k];
    if (n) qsort(t->items, n, sizeof *t->items, by_id);
}

/* Whether a file that does not parse holds this word: what it would define or use is neither
 * missing nor unused. One problem, one report. */
static bool in_broken(const struct tree *t, const char *id) {
    static const char of_ids[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(id);
    for (size_t i = 0; i < t->broken_count; i++)
        for (const char *at = t->broken[i]; len && (at = strstr(at, id)); at += len)
            if ((at == t->broken[i] || !strchr(of_ids, at[-1])) &&
                (!at[len] || !strchr(of_ids, at[len])))
                return true;
    return false;
}

/* The content room reports what is wrong with it. */
static bool programme_broken(const struct tree *t, const char *id) {
    return content_file_has_field(t->root, arena_printf(t->arena, "content/%s/programme.md", id),
                                  "id", id, t->arena);
}

/* The programme, read once; NULL when there is none. */
static struct exam_course *course_of(struct tree *t, const char *programme) {
    for (size_t i = 0; i < t->course_count; i++)
        if (str_eq(t->courses[i].id, programme)) return t->course_known[i] ? &t->courses[i] : NULL;
    size_t n = t->course_count;
    t->courses = arena_grow(t->arena, t->courses, n * sizeof *t->courses,
                            (n + 1) * sizeof *t->courses);
    t->course_known = arena_grow(t->arena, t->course_known, n * sizeof *t->course_known,
                                 (n + 1) * sizeof *t->course_known);
    t->course_known[n] = exam_course_read(&t->courses[n], t->root, programme, t->arena);
    t->courses[n].id = programme;
    t->course_count++;
    return t->course_known[n] ? &t->courses[n] : NULL;
}

static const struct exam_item *find_item(const struct tree *t, const char *id) {
    struct exam_item wanted = {.id = id, .file = "", .line = 0};
    size_t low = 0, high = t->item_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(t->items[middle]->id, wanted.id) < 0) low = middle + 1;
        else high = middle;
    }
    return low < t->item_count && str_eq(t->items[low]->id, id) ? t->items[low] : NULL;
}

static const struct exam_bank *find_bank(const struct tree *t, const char *id) {
    for (size_t i = 0; i < t->bank_count; i++)
        if (str_eq(t->banks[i].id, id)) return &t->banks[i];
    return NULL;
}

/* ---- Items --------------------------------------------------------------------------------- */

static void check_duplicates(struct tree *t) {
    for (size_t i = 1; i < t->item_count; i++)
        if (str_eq(t->items[i]->id, t->items[i - 1]->id))
            at_item(t, t->items[i], "duplicate-id", "the id %s is taken by %s:%d", t->items[i]->id,
                    t->items[i - 1]->file, t->items[i - 1]->line);
    for (size_t i = 0; i < t->bank_count; i++)
        for (size_t k = 0; k < i; k++)
            if (t->banks[i].id && str_eq(t->banks[i].id, t->banks[k].id))
                diag_add(t->diags, SEVERITY_ERROR, t->banks[i].file, 1, 1, "duplicate-id",
                         "the bank id %s is taken by %s", t->banks[i].id, t->banks[k].file);
    for (size_t i = 0; i < t->def_count; i++)
        for (size_t k = 0; k < i; k++)
            if (t->defs[i].id && str_eq(t->defs[i].id, t->defs[k].id))
                diag_add(t->diags, SEVERITY_ERROR, t->defs[i].file, 1, 1, "duplicate-id",
                         "the exam id %s is taken by %s", t->defs[i].id, t->defs[k].file);
}

static bool names(const struct exam_item *item, const char *id) {
    for (size_t i = 0; i < item->enemy_count; i++)
        if (str_eq(item->enemies[i], id)) return true;
    return false;
}

static void check_enemies(struct tree *t, const struct exam_item *item) {
    for (size_t i = 0; i < item->enemy_count; i++) {
        const struct exam_item *other = find_item(t, item->enemies[i]);
        if (str_eq(item->enemies[i], item->id))
            at_item(t, item, "enemies", "%s names itself as an enemy", item->id);
        else if (!other && in_broken(t, item->enemies[i])) continue;
        else if (!other)
            at_item(t, item, "enemies", "%s names %s as an enemy, and there is no such item",
                    item->id, item->enemies[i]);
        else if (!names(other, item->id))
            at_item(t, item, "enemies",
                    "%s names %s as an enemy, but not the other way round: both must say so",
                    item->id, other->id);
    }
}

static void check_item(struct tree *t, const struct exam_item *item,
                       const struct exam_course *course) {
    check_enemies(t, item);
    if (!item->domain)
        at_item(t, item, "missing-field", "%s has no domain: name one for the bank or for the item",
                item->id);
    if (item->objective && !str_has_prefix(item->id, item->objective))
        diag_add(t->diags, SEVERITY_WARNING, item->file, item->line, item->column, "item-id",
                 "the id of %s does not begin with its objective, %s", item->id, item->objective);
    if (!course) return;
    if (item->domain && !exam_domain_title(course, item->domain))
        at_item(t, item, "unknown-domain", "the programme %s has no domain “%s”, which %s names",
                course->id, item->domain, item->id);
    if (item->objective && !exam_course_has_objective(course, item->objective) &&
        !content_objective_claimed(t->root, course->id, item->objective))
        at_item(t, item, "unknown-objective",
                "no module of %s has the objective “%s”, which %s names", course->id,
                item->objective, item->id);
}

static void check_banks(struct tree *t) {
    for (size_t i = 0; i < t->bank_count; i++) {
        struct exam_bank *bank = &t->banks[i];
        struct exam_course *course = bank->programme ? course_of(t, bank->programme) : NULL;
        if (bank->programme && !course && !programme_broken(t, bank->programme))
            diag_add(t->diags, SEVERITY_ERROR, bank->file, 1, 1, "unknown-programme",
                     "there is no programme “%s”", bank->programme);
        for (size_t k = 0; k < bank->item_count; k++) check_item(t, &bank->items[k], course);
        bool used = false;
        for (size_t k = 0; k < t->def_count; k++)
            for (size_t b = 0; b < t->defs[k].bank_count; b++)
                used |= str_eq(t->defs[k].banks[b], bank->id);
        if (bank->id && !used && !in_broken(t, bank->id))
            diag_add(t->diags, SEVERITY_WARNING, bank->file, 1, 1, "unused-bank",
                     "no exam uses the bank %s", bank->id);
    }
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What items measure, sorted. */
static size_t measured_objectives(const struct tree *t, const char ***out) {
    size_t n = 0;
    *out = NEW_ARRAY(t->arena, const char *, t->item_count + 1);
    for (size_t i = 0; i < t->item_count; i++)
        if (t->items[i]->objective) (*out)[n++] = t->items[i]->objective;
    if (n) qsort(*out, n, sizeof **out, by_text);
    return n;
}

/* Only in programmes that have banks: without an exam, no items are expected. */
static void check_objectives(struct tree *t) {
    const char **measured;
    size_t measured_count = measured_objectives(t, &measured);
    for (size_t i = 0; i < t->course_count; i++) {
        bool has_bank = false;
        for (size_t k = 0; k < t->bank_count; k++)
            has_bank |= str_eq(t->banks[k].programme, t->courses[i].id);
        for (size_t k = 0; has_bank && k < t->courses[i].objective_count; k++) {
            const struct exam_objective *o = &t->courses[i].objectives[k];
            if ((!measured_count ||
                 !bsearch(&o->id, measured, measured_count, sizeof *measured, by_text)) &&
                !in_broken(t, o->id))
                diag_add(t->diags, SEVERITY_WARNING, o->module_file, o->line, o->column,
                         "objective-without-item", "no item measures the objective %s", o->id);
        }
    }
}

/* ---- Definitions --------------------------------------------------------------------------- */

/* False when it names essential objectives that do not exist. Then it is not reported as well that
 * no item measures them. */
static bool check_programme(struct tree *t, const struct exam_def *def) {
    bool known = true;
    struct exam_course *course = def->programme ? course_of(t, def->programme) : NULL;
    if (def->programme && !course && !programme_broken(t, def->programme))
        diag_add(t->diags, SEVERITY_ERROR, def->file, 1, 1, "unknown-programme",
                 "there is no programme “%s”", def->programme);
    if (!course) return true;
    bool level = false;
    for (size_t i = 0; def->level && i < course->level_count; i++)
        level |= str_eq(course->levels[i], def->level);
    if (def->level && !level)
        diag_add(t->diags, SEVERITY_ERROR, def->file, 1, 1, "unknown-level",
                 "the programme %s has no level “%s”", course->id, def->level);
    for (size_t i = 0; i < def->essential_count; i++)
        if (!exam_course_has_objective(course, def->essential[i]) &&
            !content_objective_claimed(t->root, course->id, def->essential[i])) {
            diag_add(t->diags, SEVERITY_ERROR, def->file, 1, 1, "unknown-objective",
                     "no module of %s has the objective “%s”, which “essential” names", course->id,
                     def->essential[i]);
            known = false;
        }
    for (size_t i = 0; i < def->domain_count; i++)
        if (!exam_domain_title(course, def->domains[i]))
            diag_add(t->diags, SEVERITY_ERROR, def->file, def->blueprint_line, 1, "unknown-domain",
                     "the programme %s has no domain “%s”, which the blueprint names", course->id,
                     def->domains[i]);
    return known;
}

/* RULE live-bank: what is practised must not stand in an exam that counts, whether or not its keys
 * are shown afterwards. */
static void check_leak(struct tree *t, const struct exam_def *def) {
    for (size_t k = 0; k < t->def_count; k++) {
        const char *bank = exam_def_shared_bank(def, &t->defs[k]);
        if (!bank) continue;
        if (def->review_full)
            diag_add(t->diags, SEVERITY_ERROR, def->file, 1, 1, "review-policy",
                     "this exam shows the keys of the bank %s, which the live exam %s uses", bank,
                     t->defs[k].id);
        else
            diag_add(t->diags, SEVERITY_ERROR, def->file, 1, 1, "live-bank",
                     "this practice exam draws on the bank %s, which the live exam %s uses: give "
                     "it a bank of its own",
                     bank, t->defs[k].id);
    }
}

/* RULE live-copy. */
static void check_copies(struct tree *t, const struct exam_bank *practised,
                         const struct exam_def *live) {
    for (size_t k = 0; k < live->bank_count; k++) {
        const struct exam_bank *bank = find_bank(t, live->banks[k]);
        const struct exam_item *of, *item;
        if (!bank || bank == practised) continue; /* one bank for both: RULE live-bank */
        item = exam_items_shared(practised->items, practised->item_count, bank->items,
                                 bank->item_count, &of, t->arena);
        if (item)
            diag_add(t->diags, SEVERITY_ERROR, item->file, item->line, 1, "live-copy",
                     "this is %s of the bank %s (%s:%d), which the live exam %s asks: a practice "
                     "exam must not show it",
                     of->id, bank->id, of->file, of->line, live->id);
    }
}

static void check_practised(struct tree *t, const struct exam_def *def) {
    for (size_t i = 0; def->practice && i < def->bank_count; i++) {
        const struct exam_bank *bank = find_bank(t, def->banks[i]);
        for (size_t k = 0; bank && k < t->def_count; k++)
            if (!t->defs[k].practice) check_copies(t, bank, &t->defs[k]);
    }
}

/* RULE live-item: the questions of an exam that counts stand in no module of any programme:
 * learners read those. */
static void check_stems(struct tree *t, const struct exam_bank *bank) {
    const char *read = NULL, *text = NULL;
    for (size_t c = 0; c < t->course_count; c++)
        for (size_t o = 0; o < t->courses[c].objective_count; o++) {
            const char *file = t->courses[c].objectives[o].module_file;
            size_t len = 0;
            if (!file || str_eq(file, read)) continue; /* objectives of a module stand together */
            read = file;
            text = file_read(t->arena, arena_printf(t->arena, "%s/%s", t->root, file),
                             DOC_MAX_BYTES, &len);
            text = text ? exam_collapse_blanks(t->arena, text, len) : "";
            for (size_t i = 0; i < bank->item_count; i++) {
                const char *stem = exam_item_question(t->arena, &bank->items[i]);
                if (stem && strstr(text, stem))
                    diag_add(t->diags, SEVERITY_ERROR, file, 1, 1, "live-item",
                             "this module holds the question of %s, an item of an exam that counts "
                             "(%s:%d)",
                             bank->items[i].id, bank->items[i].file, bank->items[i].line);
            }
        }
}

static void check_live_items(struct tree *t) {
    const char **programmes;
    size_t count = exam_course_ids(t->root, t->arena, &programmes);
    for (size_t i = 0; i < count; i++) (void)course_of(t, programmes[i]); /* without exams, too */
    for (size_t i = 0; i < t->bank_count; i++) {
        bool live = false;
        for (size_t k = 0; k < t->def_count && t->banks[i].id; k++)
            for (size_t b = 0; !t->defs[k].practice && b < t->defs[k].bank_count; b++)
                live |= str_eq(t->defs[k].banks[b], t->banks[i].id);
        if (live) check_stems(t, &t->banks[i]);
    }
}

static void check_def(struct tree *t, const struct exam_def *def) {
    struct exam_unit unit = {.def = *def};
    bool complete = check_programme(t, def) && def->bank_count > 0 && def->cell_count > 0;
    check_leak(t, def);
    check_practised(t, def);
    for (size_t i = 0; i < def->bank_count; i++) {
        const struct exam_bank *bank = find_bank(t, def->banks[i]);
        if (!bank) {
            if (!in_broken(t, def->banks[i]))
                diag_add(t->diags, SEVERITY_ERROR, def->file, 1, 1, "unknown-bank",
                         "there is no bank “%s”", def->banks[i]);
            complete = false;
            continue;
        }
        size_t size = sizeof *unit.items;
        unit.items = arena_grow(t->arena, unit.items, unit.item_count * size,
                                (unit.item_count + bank->item_count) * size);
        memcpy(unit.items + unit.item_count, bank->items, bank->item_count * size);
        unit.item_count += bank->item_count;
    }
    /* Items with errors of their own count as what they say: their errors are reported where
     * they stand. */
    struct diag *before = t->diags->last;
    if (complete && !exam_unit_check(&unit, t->arena, t->diags)) hides_since(t->diags, before);
}

void exam_check_tree(const char *root, struct diag_list *diags) {
    struct tree t = {.root = root, .arena = diags->arena, .diags = diags};
    read_files(&t);
    check_duplicates(&t);
    check_banks(&t);
    check_objectives(&t);
    for (size_t i = 0; i < t.def_count; i++) check_def(&t, &t.defs[i]);
    check_live_items(&t);
}
