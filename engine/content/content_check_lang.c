/* Rules for a translation: what it says may differ from its original in words, and in nothing else.
 */
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

static void differs(struct checked_file *f, int line, int column, const char *format,
                    const char *what) {
    diag_add(&f->diags, SEVERITY_ERROR, f->path, line, column, "translation", format, what);
}

static const struct content_place *objective_of(const struct checked_file *f, const char *id) {
    for (size_t i = 0; i < f->outline.objective_count; i++)
        if (str_eq(f->outline.objectives[i].id, id)) return &f->outline.objectives[i];
    return NULL;
}

static void check_objectives(struct checked_file *f, const struct checked_file *original) {
    for (size_t i = 0; i < original->outline.objective_count; i++)
        if (!objective_of(f, original->outline.objectives[i].id))
            differs(f, f->outline.id_line, 1, "the objective “%s” of the original is missing",
                    original->outline.objectives[i].id);
    for (size_t i = 0; i < f->outline.objective_count; i++) {
        const struct content_place *o = &f->outline.objectives[i];
        if (!objective_of(original, o->id))
            differs(f, o->line, o->column, "the original has no objective “%s”", o->id);
    }
}

/* RULE one-progress: progress is kept by the original's sections and questions, the first of the
 * one for the first of the other. */
static void check_questions(struct checked_file *f, const struct checked_file *original) {
    const struct content_module *m = f->module, *o = original->module;
    if (m->checkpoint_count != o->checkpoint_count) {
        diag_add(&f->diags, SEVERITY_ERROR, f->path, f->outline.id_line, 1, "translation",
                 "practice questions: the original has %zu and this translation %zu. While they "
                 "differ, no answer can be kept",
                 o->checkpoint_count, m->checkpoint_count);
        return;
    }
    for (size_t i = 0; i < m->checkpoint_count; i++) {
        const char *mine = m->checkpoint_shapes[i], *theirs = o->checkpoint_shapes[i];
        if (str_eq(mine, theirs)) continue;
        bool keys = strlen(mine) == strlen(theirs);
        differs(f, f->outline.questions[i].line, f->outline.questions[i].column,
                keys ? "this question has its keys at other options than the original: while they "
                       "differ, no answer can be kept%s"
                     : "this question has more or fewer options than the original: while they "
                       "differ, no answer can be kept%s",
                "");
    }
}

/* One heading may have several anchors. */
static size_t headings(const struct checked_file *f) {
    size_t n = 0;
    for (size_t i = 0; i < f->outline.anchor_count; i++) {
        const struct content_place *at = &f->outline.anchors[i];
        n += i == 0 || at->line != at[-1].line || at->column != at[-1].column;
    }
    return n;
}

static void check_sections(struct checked_file *f, const struct checked_file *original) {
    size_t mine = f->module->section_count, theirs = original->module->section_count;
    const char *what = "sections";
    if (mine == theirs) {
        mine = headings(f);
        theirs = headings(original);
        what = "headings";
    }
    if (mine != theirs)
        diag_add(&f->diags, SEVERITY_ERROR, f->path, f->outline.id_line, 1, "translation",
                 "%s: the original has %zu and this translation %zu", what, theirs, mine);
}

static void check_same(struct checked_file *f, const char *field, const char *mine,
                       const char *theirs) {
    if (!*mine || str_eq(mine, theirs)) return;
    diag_add(&f->diags, SEVERITY_ERROR, f->path, f->outline.id_line, 1, "translation",
             "“%s” is “%s” here and “%s” in the original", field, mine, theirs);
}

static void check_module(struct checked_file *f, const struct checked_file *original) {
    const struct content_module *m = f->module, *o = original->module;
    check_same(f, "programme", m->programme, o->programme);
    check_same(f, "level", m->level, o->level);
    check_same(f, "domain", m->domain, o->domain);
    check_same(f, "persona", m->persona, o->persona);
    check_objectives(f, original);
    check_sections(f, original);
    check_questions(f, original);
}

static void check_glossary(struct checked_file *f, const struct checked_file *original) {
    for (size_t i = 0; i < original->glossary->term_count; i++)
        if (!glossary_find(f->glossary, original->glossary->terms[i].id))
            differs(f, f->outline.id_line, 1,
                    "the term “%s” of the original is missing: a heading in another language "
                    "holds the original's in parentheses",
                    original->glossary->terms[i].id);
}

static void check_self(struct checked_file *f, const struct checked_file *original) {
    const struct content_self *s = f->self, *o = original->self;
    bool same = s->statement_count == o->statement_count;
    for (size_t i = 0; same && i < s->statement_count; i++)
        same = s->statements[i].axis == o->statements[i].axis &&
               s->statements[i].weight == o->statements[i].weight;
    if (!same)
        differs(f, f->outline.id_line, 1,
                "the statements point to other ends than those of the original%s", "");
}

void check_translation(struct checked_file *f, const struct checked_file *original,
                       const char *original_lang) {
    const char *follows = f->module     ? f->module->translates
                          : f->glossary ? f->glossary->translates
                          : f->self     ? f->self->translates
                                        : NULL;
    if (str_eq(f->lang, original_lang)) {
        diag_add(&f->diags, SEVERITY_ERROR, f->path, 0, 0, "translation",
                 "the original is in “%s” itself: this text is no translation of it", f->lang);
        return;
    }
    if (follows && *follows && !str_eq(follows, original->version))
        diag_add(&f->diags, SEVERITY_WARNING, f->path, f->outline.id_line, 1, "stale-translation",
                 "the original has moved on: it is now at version %s, this follows %s",
                 original->version, follows);
    if (f->module && original->module) check_module(f, original);
    if (f->glossary && original->glossary) check_glossary(f, original);
    if (f->self && original->self) check_self(f, original);
}
