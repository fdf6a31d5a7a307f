/* Glossaries and self-assessments: documents whose second-level headings are entries. Pure. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

static bool is_entry(cmark_node *n) {
    return n && cmark_node_get_type(n) == CMARK_NODE_HEADING &&
           cmark_node_get_heading_level(n) == 2;
}

static cmark_node *next_entry(cmark_node *n) {
    do n = cmark_node_next(n);
    while (n && !is_entry(n));
    return n;
}

static cmark_node *first_entry(struct doc *d) {
    cmark_node *n = cmark_node_first_child(d->body);
    return !n || is_entry(n) ? n : next_entry(n);
}

static size_t entry_count(struct doc *d) {
    size_t n = 0;
    for (cmark_node *at = first_entry(d); at; at = next_entry(at)) n++;
    return n;
}

static void note(struct doc *d, struct diag_list *l, cmark_node *n, const char *rule,
                 const char *format, const char *what) {
    diag_add(l, SEVERITY_ERROR, d->file, doc_line(d, n), doc_column(d, n), rule, format, what);
}

/* ---- Glossary
 * -------------------------------------------------------------------------------------------- */

/* “Lead scoring (LS)”: a title and an alias. */
static void split_title(struct arena *a, const char *heading, struct glossary_term *t) {
    const char *open = strrchr(heading, '('), *close = strrchr(heading, ')');
    t->title = heading;
    if (open && close && close > open + 1 && close[1] == '\0' && open > heading) {
        t->title = str_trim(a, arena_copy(a, heading, (size_t)(open - heading)));
        t->alias = str_trim(a, arena_copy(a, open + 1, (size_t)(close - open - 1)));
        t->alias_id = slug_from(a, t->alias);
    }
    t->id = slug_from(a, t->title);
}

struct id_term {
    const char *id;
    const struct glossary_term *term;
};
static int by_id(const void *a, const void *b) {
    return strcmp(((const struct id_term *)a)->id, ((const struct id_term *)b)->id);
}

static void index_terms(struct doc *d, struct diag_list *l, struct arena *a,
                        struct content_glossary *g) {
    struct id_term *all = NEW_ARRAY(a, struct id_term, 2 * g->term_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < g->term_count; i++) {
        all[n++] = (struct id_term){g->terms[i].id, &g->terms[i]};
        if (g->terms[i].alias_id) all[n++] = (struct id_term){g->terms[i].alias_id, &g->terms[i]};
    }
    qsort(all, n, sizeof *all, by_id);
    g->by_id = NEW_ARRAY(a, const struct glossary_term *, n + 1);
    g->ids = NEW_ARRAY(a, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (g->id_count && str_eq(g->ids[g->id_count - 1], all[i].id)) {
            if (all[i].term != g->by_id[g->id_count - 1])
                diag_add(l, SEVERITY_ERROR, d->file, all[i].term->line, all[i].term->column,
                         "duplicate-id", "the term “%s” is here twice (an alias counts)",
                         all[i].id);
            continue;
        }
        g->ids[g->id_count] = all[i].id;
        g->by_id[g->id_count++] = all[i].term;
    }
}

/* A popover holds inlines only: paragraphs are joined by blanks, anything else is left out. */
static const char *brief_of(struct doc *d, cmark_node *first, cmark_node *until, struct arena *a) {
    struct body_context context = {0};
    struct render_hooks hooks;
    struct buf out;
    buf_init(&out, a);
    content_hooks(&hooks, &context);
    for (cmark_node *n = first; n && n != until; n = cmark_node_next(n)) {
        if (cmark_node_get_type(n) != CMARK_NODE_PARAGRAPH) continue;
        if (out.len) buf_putc(&out, ' ');
        doc_render_node(d, n, &hooks, &out);
    }
    return buf_text(&out);
}

static const char *text_between(struct arena *a, cmark_node *first, cmark_node *until) {
    struct buf out;
    buf_init(&out, a);
    for (cmark_node *n = first; n && n != until; n = cmark_node_next(n)) {
        buf_puts(&out, doc_text(a, n));
        buf_putc(&out, '\n');
    }
    return buf_text(&out);
}

static cmark_node *block_of(cmark_node *from, cmark_node *until, const char *kind) {
    for (cmark_node *n = from; n && n != until; n = cmark_node_next(n))
        if (cmark_node_get_type(n) == CMARK_NODE_CODE_BLOCK &&
            str_eq(cmark_node_get_fence_info(n), kind))
            return n;
    return NULL;
}

/* A block ```names says what a term is called in other languages: `th: …`, `ar: …`. It is no part
 * of the text. */
static void read_names(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *from,
                       cmark_node *until, struct glossary_term *t) {
    cmark_node *block = block_of(from, until, "names");
    if (!block) return;
    const char *yaml = cmark_node_get_literal(block);
    struct field *f = field_parse(d->file, yaml, strlen(yaml), doc_line(d, block), a, l);
    bool map = f && field_is_map(f);
    if (f && !map)
        note(d, l, block, "term-names",
             "this block holds languages and names, for instance ar: …%s", "");
    t->names = NEW_ARRAY(a, struct term_name, map ? field_count(f) + 1 : 1);
    for (size_t i = 0; map && i < field_count(f); i++) {
        int line, column;
        const char *lang = field_key_at(f, i, &line, &column), *text = field_scalar(field_at(f, i));
        if (lang && text && *text)
            t->names[t->name_count++] = (struct term_name){arena_dup(a, lang), arena_dup(a, text)};
        else note(d, l, block, "term-names", "the name in “%.20s” is empty", lang ? lang : "");
    }
    cmark_node_unlink(block);
    arena_defer(d->arena, (void (*)(void *))cmark_node_free, block);
}

/* With its names in other languages, so that whoever looks for one of them finds the term. */
static const char *with_names(struct arena *a, const char *text, const struct glossary_term *t) {
    struct buf out;
    buf_init(&out, a);
    buf_puts(&out, text);
    for (size_t i = 0; i < t->name_count; i++)
        buf_printf(&out, "%s%s", i ? " · " : "", t->names[i].text);
    return buf_text(&out);
}

static void read_terms(struct doc *d, struct arena *a, struct diag_list *l,
                       struct content_glossary *g) {
    cmark_node *at = first_entry(d);
    for (; at; at = next_entry(at)) {
        struct glossary_term *t = &g->terms[g->term_count++];
        split_title(a, doc_text(a, at), t);
        t->line = doc_line(d, at);
        t->column = doc_column(d, at);
        read_names(d, a, l, cmark_node_next(at), next_entry(at), t);
        t->text = with_names(a, text_between(a, cmark_node_next(at), next_entry(at)), t);
        t->brief = brief_of(d, cmark_node_next(at), next_entry(at), a);
        if (!*t->brief)
            note(d, l, at, "term-definition", "the term “%s” has no definition", t->title);
        if (g->term_count > 1 && strcmp(t[-1].id, t->id) > 0)
            diag_add(l, SEVERITY_WARNING, d->file, t->line, t->column, "term-order",
                     "“%s” comes before “%s” in the alphabet", t->title, t[-1].title);
    }
}

static void render_terms(struct doc *d, struct arena *a, struct content_glossary *g) {
    size_t i = 0;
    for (cmark_node *at = first_entry(d); at; at = next_entry(at), i++) {
        struct body_context context = {.glossary = g};
        struct render_hooks hooks;
        struct buf out;
        buf_init(&out, a);
        content_hooks(&hooks, &context);
        hooks.id_prefix = arena_printf(a, "page-%s-", g->terms[i].id);
        doc_render(d, cmark_node_next(at), next_entry(at), &hooks, &out, NULL, NULL);
        g->terms[i].html = buf_text(&out);
    }
}

static void read_common(struct doc *d, const char *lang, struct arena *a, struct diag_list *l,
                        struct content_outline *outline, const char **id, const char **title,
                        const char **programme, const char **translates) {
    static const char *const known[] = {"id", "title", "programme", "translates", "lang", NULL};
    field_unknown(d, l, d->meta, known);
    *id = arena_dup(a, field_id(d, l, d->meta, "id", true));
    if (!*id) diag_hide_file(l);
    *title = arena_dup(a, field_text(d, l, d->meta, "title", true));
    if (!*title) diag_hide_file(l);
    *programme = arena_dup(a, field_id(d, l, d->meta, "programme", true));
    if (!*programme) diag_hide_file(l);
    content_read_translation(d, lang, a, l, translates);
    if (outline) {
        outline->id_line = field_line(field_get(d->meta, "id"));
        outline->id_column = field_column(field_get(d->meta, "id"));
    }
}

struct content_glossary *content_read_glossary(struct doc *d, const char *lang, struct arena *a,
                                               struct diag_list *l,
                                               struct content_outline *outline) {
    struct content_glossary *g = NEW(a, struct content_glossary);
    g->file = arena_dup(a, d->file);
    g->lang = content_read_lang(d, lang, a, l);
    g->version = arena_dup(a, d->version);
    read_common(d, lang, a, l, outline, &g->id, &g->title, &g->programme, &g->translates);
    g->terms = NEW_ARRAY(a, struct glossary_term, entry_count(d));
    read_terms(d, a, l, g);
    index_terms(d, l, a, g);
    render_terms(d, a, g);
    return g->id && g->title && g->programme ? g : NULL;
}

/* ---- Self-assessment
 * --------------------------------------------------------------------------------------- */

static bool read_axis(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *block,
                      struct self_statement *s) {
    static const char *const known[] = {"axis", "weight", NULL};
    const char *yaml = cmark_node_get_literal(block);
    struct field *f = field_parse(d->file, yaml, strlen(yaml), doc_line(d, block), a, l);
    if (!field_is_map(f)) {
        if (f) note(d, l, block, "axis", "this block holds the fields axis and weight%s", "");
        return false;
    }
    field_unknown(d, l, f, known);
    const char *axis = field_text(d, l, f, "axis", true);
    int64_t weight = 0;
    bool ok = field_int(d, l, f, "weight", -1, 1, true, &weight);
    if (axis && !str_eq(axis, "x") && !str_eq(axis, "y")) {
        note(d, l, block, "axis", "axis is x or y, not “%.20s”", axis);
        ok = false;
    }
    if (ok && weight == 0) {
        note(d, l, block, "axis", "weight is -1 or 1%s", "");
        ok = false;
    }
    s->axis = str_eq(axis, "y") ? AXIS_Y : AXIS_X;
    s->weight = (int)weight;
    return ok && axis;
}

static void check_balance(struct doc *d, struct diag_list *l, const struct content_self *s) {
    int counts[2][2] = {{0}};
    for (size_t i = 0; i < s->statement_count; i++)
        counts[s->statements[i].axis][s->statements[i].weight > 0]++;
    for (int axis = 0; axis < 2; axis++)
        if (counts[axis][0] != counts[axis][1])
            diag_add(l, SEVERITY_WARNING, d->file, 0, 0, "axis-balance",
                     "axis %s has %d statements towards one end and %d towards the other: whoever "
                     "agrees with all should land in the middle",
                     axis ? "y" : "x", counts[axis][0], counts[axis][1]);
}

struct content_self *content_read_self(struct doc *d, const char *lang, struct arena *a,
                                       struct diag_list *l, struct content_outline *outline) {
    struct content_self *s = NEW(a, struct content_self);
    s->file = arena_dup(a, d->file);
    s->lang = content_read_lang(d, lang, a, l);
    s->version = arena_dup(a, d->version);
    read_common(d, lang, a, l, outline, &s->id, &s->title, &s->programme, &s->translates);
    s->statements = NEW_ARRAY(a, struct self_statement, entry_count(d));
    for (cmark_node *at = first_entry(d); at; at = next_entry(at)) {
        struct self_statement *one = &s->statements[s->statement_count];
        one->text = doc_text(a, at);
        cmark_node *block = block_of(cmark_node_next(at), next_entry(at), "axis");
        if (!block) note(d, l, at, "axis", "this statement needs a block ```axis%s", "");
        /* A statement that points nowhere is left out: the others still do. */
        if (block && read_axis(d, a, l, block, one)) s->statement_count++;
    }
    if (s->statement_count == 0) {
        diag_add(l, SEVERITY_ERROR, d->file, 0, 0, "axis",
                 "there are no statements here that could be answered");
        diag_hide_file(l);
    }
    check_balance(d, l, s);
    struct body_context context = {0};
    struct render_hooks hooks;
    struct buf html;
    buf_init(&html, a);
    content_hooks(&hooks, &context);
    doc_render(d, cmark_node_first_child(d->body), first_entry(d), &hooks, &html, NULL, NULL);
    s->html = buf_text(&html);
    return s->statement_count && s->id && s->title && s->programme ? s : NULL;
}
