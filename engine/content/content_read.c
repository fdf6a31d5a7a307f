/* From a document to a module or a programme: fields, sections, practice questions, with every
 * problem at its place. Pure. */
#include <string.h>

#include "base/codec.h"
#include "base/path.h"
#include "base/text.h"
#include "content/content_search.h"

#define WORDS_A_MINUTE 170

static const char *const personas[] = {"all",          "modernizer", "orchestrator",
                                       "psychologist", "scientist",  NULL};

static bool one_of(const char *text, const char *const *words) {
    for (; *words; words++)
        if (str_eq(*words, text)) return true;
    return false;
}

static void field_error(struct doc *d, struct diag_list *l, struct field *f, const char *rule,
                        const char *sentence, const char *what) {
    diag_add(l, SEVERITY_ERROR, d->file, field_line(f), field_column(f), rule, sentence, what);
}

static void add_ref(struct arena *a, struct content_outline *outline, enum ref_kind kind,
                    const char *target, struct field *f) {
    struct content_ref *ref = NEW(a, struct content_ref);
    *ref = (struct content_ref){kind, target, field_line(f), field_column(f), outline->refs};
    outline->refs = ref;
}

/* A list of ids; each becomes a reference of `kind`. Missing is an empty list. */
static const char *const *read_ids(struct doc *d, struct diag_list *l, struct field *map,
                                   const char *key, struct arena *a, enum ref_kind kind,
                                   struct content_outline *outline, size_t *count) {
    *count = 0;
    struct field *list = field_get(map, key);
    if (!list) return NULL;
    if (!field_is_list(list)) {
        field_error(d, l, list, "field-type", "“%s” must be a list of ids, as in [one, two]", key);
        return NULL;
    }
    const char **ids = NEW_ARRAY(a, const char *, field_count(list) + 1);
    for (size_t i = 0; i < field_count(list); i++) {
        struct field *f = field_at(list, i);
        const char *id = field_scalar(f);
        if (!id || !id_valid(id)) {
            field_error(d, l, f, "field-id",
                        "“%.80s” is no id: use 1 to 64 lower-case letters, digits and hyphens",
                        id ? id : "…");
            continue;
        }
        for (size_t j = 0; j < *count; j++)
            if (str_eq(ids[j], id)) field_error(d, l, f, "duplicate-id", "“%s” is here twice", id);
        ids[(*count)++] = arena_dup(a, id);
        if (outline) add_ref(a, outline, kind, ids[*count - 1], f);
    }
    return ids;
}

static void read_objectives(struct doc *d, struct diag_list *l, struct arena *a,
                            struct content_module *m, struct content_outline *outline) {
    static const char *const known[] = {"id", "text", NULL};
    struct field *list = field_get(d->meta, "objectives");
    if (!list) {
        field_error(d, l, d->meta, "missing-field", "the field “%s” is missing", "objectives");
        return;
    }
    if (!field_is_list(list) || field_count(list) == 0) {
        field_error(d, l, list, "field-type", "“%s” must be a list of fields id and text",
                    "objectives");
        return;
    }
    struct content_objective *out = NEW_ARRAY(a, struct content_objective, field_count(list));
    struct content_place *places = NEW_ARRAY(a, struct content_place, field_count(list));
    size_t n = 0;
    for (size_t i = 0; i < field_count(list); i++) {
        struct field *f = field_at(list, i);
        if (!field_is_map(f)) {
            field_error(d, l, f, "field-type", "“%s” must be a list of fields id and text",
                        "objectives");
            continue;
        }
        field_unknown(d, l, f, known);
        const char *id = field_id(d, l, f, "id", true), *text = field_text(d, l, f, "text", true);
        if (!id || !text) continue;
        for (size_t j = 0; j < n; j++)
            if (str_eq(out[j].id, id))
                field_error(d, l, f, "duplicate-id", "the objective “%s” is here twice", id);
        out[n] = (struct content_objective){arena_dup(a, id), arena_dup(a, text)};
        places[n] = (struct content_place){out[n].id, out[n].text, field_line(f), field_column(f)};
        n++;
    }
    m->objectives = out;
    m->objective_count = n;
    if (outline) {
        outline->objectives = places;
        outline->objective_count = n;
    }
}

/* ---- Modules
 * ------------------------------------------------------------------------------------------ */

/* RULE headings: a page of more than CONTENT_HEADINGS_MAX headings is hidden. Its list of contents
 * and its places in the search grow with them, and nobody reads such a page. */
static bool few_headings(struct doc *d, struct diag_list *l) {
    int count = 0;
    cmark_iter *iter = cmark_iter_new(d->body);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *at = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_ENTER || cmark_node_get_type(at) != CMARK_NODE_HEADING) continue;
        if (++count <= CONTENT_HEADINGS_MAX) continue;
        diag_add(l, SEVERITY_ERROR, d->file, doc_line(d, at), doc_column(d, at), "headings",
                 "this is heading %d of the page, and %d are the most: divide it into several",
                 count, CONTENT_HEADINGS_MAX);
        diag_hide_file(l);
        return false;
    }
    return true;
}

static void read_sections(struct doc *d, struct arena *a, struct content_module *m) {
    struct doc_anchors anchors;
    doc_anchors_init(&anchors, d->arena);
    struct content_named *out = NULL;
    size_t n = 0;
    cmark_iter *iter = cmark_iter_new(d->body);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    /* Every heading takes part in making anchors unique, also one inside a quote; sections are
     * those of the page itself. */
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *at = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_ENTER || cmark_node_get_type(at) != CMARK_NODE_HEADING) continue;
        const char *text = doc_text(d->arena, at), *id = doc_anchor(&anchors, "", text);
        if (cmark_node_get_heading_level(at) != 2 || cmark_node_parent(at) != d->body) continue;
        out = list_more(a, out, n, sizeof *out);
        out[n++] = (struct content_named){arena_dup(a, id), arena_dup(a, text)};
    }
    if (n == 0) {
        out = NEW(a, struct content_named);
        out[n++] = (struct content_named){"start", m->title};
    }
    m->sections = out;
    m->section_count = n;
}

static void read_questions(struct doc *d, struct arena *a, struct diag_list *l,
                           struct content_module *m, struct content_outline *outline) {
    size_t count;
    struct checkpoint *all = content_checkpoints(d, d->arena, l, &count);
    const char **keys = NEW_ARRAY(a, const char *, count + 1);
    const char **shapes = NEW_ARRAY(a, const char *, count + 1);
    struct content_place *places = NEW_ARRAY(a, struct content_place, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (!all[i].usable) continue;
        char shape[CHECKPOINT_OPTIONS + 1] = "";
        for (size_t j = 0; j < all[i].option_count; j++)
            shape[j] = all[i].options[j].right ? '1' : '0';
        keys[m->checkpoint_count] = arena_dup(a, all[i].key);
        shapes[m->checkpoint_count] = arena_dup(a, shape);
        places[m->checkpoint_count++] = (struct content_place){
            .line = doc_line(d, all[i].list), .column = doc_column(d, all[i].list)};
    }
    m->checkpoints = keys;
    m->checkpoint_shapes = shapes;
    if (outline) outline->questions = places;
}

const char *content_read_lang(struct doc *d, const char *ending, struct arena *a,
                              struct diag_list *l) {
    const char *stated = field_lang(d, a, l);
    if (ending && stated && !str_eq(ending, stated)) {
        struct field *f = field_get(d->meta, "lang");
        diag_add(l, SEVERITY_ERROR, d->file, field_line(f), field_column(f), "lang",
                 "the file's name says “%s” and this says “%s”: one of them is wrong", ending,
                 stated);
    }
    return ending ? arena_dup(a, ending) : stated;
}

void content_read_translation(struct doc *d, const char *ending, struct arena *a,
                              struct diag_list *l, const char **translates) {
    struct field *f = field_get(d->meta, "translates");
    if (!ending && f)
        field_error(d, l, f, "translation",
                    "an original does not say “%s”: the file's name says what is a translation, "
                    "as in what-is-it.ar.md",
                    "translates");
    if (!ending) return;
    *translates = "";
    const char *version = field_text(d, l, d->meta, "translates", true);
    if (!version) return;
    if (strlen(version) != 16 || strspn(version, "0123456789abcdef") != 16)
        field_error(
            d, l, field_get(d->meta, "translates"), "translation",
            "“%.40s” is no version: use the 16 hexadecimal digits of the original's version",
            version);
    else *translates = arena_dup(a, version);
}

static const char *base_name(struct arena *a, const char *path) {
    const char *name = path_name(path);
    return arena_copy(a, name, strcspn(name, "."));
}

/* A copy of a required field; when it is missing the file is hidden. */
static const char *needed(struct arena *a, struct diag_list *l, const char *value) {
    if (!value) diag_hide_file(l);
    return arena_dup(a, value);
}

/* A copy of a field that a page can do without; "" when it is missing. */
static const char *wanted(struct arena *a, const char *value) {
    return value ? arena_dup(a, value) : "";
}

static void remember_id(struct doc *d, struct content_outline *outline) {
    if (!outline) return;
    struct field *f = field_get(d->meta, "id");
    outline->id_line = field_line(f);
    outline->id_column = field_column(f);
}

/* Thai, Lao, Burmese, Khmer, kana and Han are written without blanks between words. */
static bool is_unspaced(const char *text) {
    const unsigned char *p = (const unsigned char *)text;
    return (p[0] == 0xe0 && p[1] >= 0xb8 && p[1] <= 0xbb) ||
           (p[0] == 0xe1 && p[1] >= 0x80 && p[1] <= 0x82) ||
           (p[0] == 0xe1 && (p[1] == 0x9e || p[1] == 0x9f)) ||
           (p[0] == 0xe3 && p[1] >= 0x81 && p[1] <= 0x83) || (p[0] >= 0xe4 && p[0] <= 0xe9);
}

/* As ICU tells words apart. */
static size_t count_unspaced(struct doc *d, const char *body) {
    struct words *w = content_words();
    struct buf found;
    size_t words = 0;
    if (!w) return 0;
    buf_init(&found, d->arena);
    words_index(w, body, &found);
    const char *p = buf_text(&found);
    for (p += strspn(p, " "); *p; p += strspn(p, " ")) {
        words++;
        p += strcspn(p, " ");
    }
    return words;
}

size_t content_word_count(struct doc *d) {
    const char *body = d->source;
    size_t words = 0;
    bool inside = false;
    for (int line = 0; line < d->body_line && (body = strchr(body, '\n')); line++) body++;
    for (const char *p = body; p && *p; p++)
        if (is_unspaced(p)) return count_unspaced(d, body);
    for (; body && *body; body++) {
        bool blank = *body == ' ' || *body == '\n' || *body == '\t';
        words += !blank && !inside;
        inside = !blank;
    }
    return words;
}

size_t content_minutes(size_t words) {
    size_t minutes = (words + WORDS_A_MINUTE / 2) / WORDS_A_MINUTE;
    return minutes < 1 ? 1 : minutes > 600 ? 600 : minutes;
}

struct content_module *content_read_module(struct doc *d, const char *lang, struct arena *a,
                                           struct diag_list *l, struct content_outline *outline) {
    static const char *const known[] = {
        "id",      "title",      "summary",       "programme",  "level", "domain", "persona",
        "minutes", "objectives", "prerequisites", "translates", "lang",  NULL};
    field_unknown(d, l, d->meta, known);
    if (!few_headings(d, l)) return NULL;
    struct content_module *m = NEW(a, struct content_module);
    m->file = arena_dup(a, d->file);
    m->lang = content_read_lang(d, lang, a, l);
    m->version = arena_dup(a, d->version);
    m->id = needed(a, l, field_id(d, l, d->meta, "id", true));
    m->title = needed(a, l, field_text(d, l, d->meta, "title", true));
    m->summary = wanted(a, field_text(d, l, d->meta, "summary", true));
    m->programme = needed(a, l, field_id(d, l, d->meta, "programme", true));
    m->level = wanted(a, field_id(d, l, d->meta, "level", true));
    m->domain = wanted(a, field_id(d, l, d->meta, "domain", true));
    m->persona = arena_dup(a, field_text(d, l, d->meta, "persona", false));
    if (!m->persona) m->persona = "all";
    if (!one_of(m->persona, personas)) {
        field_error(
            d, l, field_get(d->meta, "persona"), "field-type",
            "“%.40s” is no persona: use all, modernizer, orchestrator, psychologist or scientist",
            m->persona);
        m->persona = "all";
    }
    int64_t minutes = 0;
    if (!field_int(d, l, d->meta, "minutes", 1, 600, true, &minutes))
        minutes = (int64_t)content_minutes(content_word_count(d));
    m->minutes = (int)minutes;
    content_read_translation(d, lang, a, l, &m->translates);
    read_objectives(d, l, a, m, outline);
    m->prerequisites = read_ids(d, l, d->meta, "prerequisites", a, REF_PREREQUISITE, outline,
                                &m->prerequisite_count);
    remember_id(d, outline);
    if (m->id && !str_eq(base_name(a, d->file), m->id))
        field_error(d, l, field_get(d->meta, "id"), "file-name",
                    "the file's name must be its id, “%s.md”: links go by it", m->id);
    read_questions(d, a, l, m, outline);
    if (!m->id || !m->title || !m->programme) return NULL;
    read_sections(d, a, m);
    return m;
}

/* ---- Programmes
 * ---------------------------------------------------------------------------------------- */

static const struct content_named *read_domains(struct doc *d, struct diag_list *l, struct arena *a,
                                                size_t *count) {
    static const char *const known[] = {"id", "title", NULL};
    struct field *list = field_get(d->meta, "domains");
    if (!field_is_list(list)) {
        field_error(d, l, list ? list : d->meta, list ? "field-type" : "missing-field",
                    "the programme needs a list “%s” of id and title", "domains");
        return NULL;
    }
    struct content_named *out = NEW_ARRAY(a, struct content_named, field_count(list));
    for (size_t i = 0; i < field_count(list); i++) {
        struct field *f = field_at(list, i);
        field_unknown(d, l, f, known);
        const char *id = field_id(d, l, f, "id", true), *title = field_text(d, l, f, "title", true);
        if (!id || !title) continue;
        for (size_t j = 0; j < *count; j++)
            if (str_eq(out[j].id, id))
                field_error(d, l, f, "duplicate-id", "the domain “%s” is here twice", id);
        out[(*count)++] = (struct content_named){arena_dup(a, id), arena_dup(a, title)};
    }
    return out;
}

static const struct content_persona *read_personas(struct doc *d, struct diag_list *l,
                                                   struct arena *a, size_t *count) {
    static const char *const known[] = {"id", "title", "x", "y", "summary", NULL};
    static const char *const xs[] = {"technology", "art", NULL}, *const ys[] = {"emotional",
                                                                                "rational", NULL};
    struct field *list = field_get(d->meta, "personas");
    if (!list) return NULL;
    struct content_persona *out = NEW_ARRAY(a, struct content_persona, field_count(list));
    for (size_t i = 0; i < field_count(list); i++) {
        struct field *f = field_at(list, i);
        field_unknown(d, l, f, known);
        struct content_persona p = {arena_dup(a, field_id(d, l, f, "id", true)),
                                    arena_dup(a, field_text(d, l, f, "title", true)),
                                    arena_dup(a, field_text(d, l, f, "summary", true)),
                                    arena_dup(a, field_text(d, l, f, "x", true)),
                                    arena_dup(a, field_text(d, l, f, "y", true))};
        if (p.x && !one_of(p.x, xs))
            field_error(d, l, field_get(f, "x"), "field-type",
                        "x is technology or art, not “%.40s”", p.x);
        if (p.y && !one_of(p.y, ys))
            field_error(d, l, field_get(f, "y"), "field-type",
                        "y is emotional or rational, not “%.40s”", p.y);
        if (p.id && p.title && p.summary && p.x && p.y) out[(*count)++] = p;
    }
    return out;
}

static void read_labs(struct doc *d, struct diag_list *l, struct arena *a, struct field *requires,
                      struct content_level *level, struct content_outline *outline) {
    static const char *const known[] = {"id", "dialects", NULL};
    struct field *list = field_get(requires, "labs");
    if (!list) return;
    if (!field_is_list(list)) {
        field_error(d, l, list, "field-type", "“%s” must be a list of fields id and dialects",
                    "labs");
        return;
    }
    struct content_lab_need *out = NEW_ARRAY(a, struct content_lab_need, field_count(list));
    for (size_t i = 0; i < field_count(list); i++) {
        struct field *f = field_at(list, i);
        int64_t dialects = 1;
        field_unknown(d, l, f, known);
        const char *id = field_id(d, l, f, "id", true);
        (void)field_int(d, l, f, "dialects", 1, 20, false, &dialects);
        if (!id) continue;
        if (outline) add_ref(a, outline, REF_LEVEL_LAB, arena_dup(a, id), f);
        out[level->lab_count++] = (struct content_lab_need){arena_dup(a, id), (int)dialects};
    }
    level->labs = out;
}

static bool read_level(struct doc *d, struct diag_list *l, struct arena *a, struct field *f,
                       struct content_level *level, struct content_outline *outline) {
    static const char *const known[] = {"id",   "title",    "summary", "scope",   "valid_months",
                                        "open", "requires", "again",   "renewal", NULL};
    static const char *const needs[] = {"modules", "exams", "labs", NULL};
    field_unknown(d, l, f, known);
    level->id = needed(a, l, field_id(d, l, f, "id", true));
    level->title = needed(a, l, field_text(d, l, f, "title", true));
    level->summary = arena_dup(a, field_text(d, l, f, "summary", true));
    level->scope = arena_dup(a, field_text(d, l, f, "scope", true));
    int64_t months = 0;
    (void)field_int(d, l, f, "valid_months", 1, 600, false, &months);
    level->valid_months = (int)months;
    level->open = field_bool(d, l, f, "open", true);
    struct field *requires = field_get(f, "requires");
    if (level->open && !field_is_map(requires))
        field_error(d, l, f, "level-requires", "an open level must say what it “%s”", "requires");
    if (!level->open && requires)
        field_error(d, l, requires, "level-requires",
                    "a level that is not open cannot have “%s” yet", "requires");
    if (!requires) return level->id && level->title;
    field_unknown(d, l, requires, needs);
    level->modules = read_ids(d, l, requires, "modules", a, REF_LEVEL_MODULE, outline,
                              &level->module_count);
    level->exams = read_ids(d, l, requires, "exams", a, REF_LEVEL_EXAM, outline,
                            &level->exam_count);
    read_labs(d, l, a, requires, level, outline);
    content_read_reapply(d, l, f, level);
    return level->id && level->title;
}

struct content_programme *content_read_programme(struct doc *d, struct arena *a,
                                                 struct diag_list *l,
                                                 struct content_outline *outline) {
    static const char *const known[] = {"id",      "title", "body",    "scheme_version",
                                        "summary", "order", "domains", "personas",
                                        "levels",  "lang",  NULL};
    field_unknown(d, l, d->meta, known);
    if (!few_headings(d, l)) return NULL;
    struct content_programme *p = NEW(a, struct content_programme);
    p->file = arena_dup(a, d->file);
    p->version = arena_dup(a, d->version);
    p->lang = content_read_lang(d, NULL, a, l);
    p->id = needed(a, l, field_id(d, l, d->meta, "id", true));
    p->title = needed(a, l, field_text(d, l, d->meta, "title", true));
    p->body = needed(a, l, field_text(d, l, d->meta, "body", true));
    p->scheme_version = needed(a, l, field_text(d, l, d->meta, "scheme_version", true));
    p->summary = wanted(a, field_text(d, l, d->meta, "summary", true));
    int64_t order = 100;
    (void)field_int(d, l, d->meta, "order", 1, 1000, false, &order);
    p->order = (int)order;
    p->domains = read_domains(d, l, a, &p->domain_count);
    p->personas = read_personas(d, l, a, &p->persona_count);
    remember_id(d, outline);
    struct field *list = field_get(d->meta, "levels");
    if (!field_is_list(list) || field_count(list) == 0) {
        field_error(d, l, list ? list : d->meta, list ? "field-type" : "missing-field",
                    "the programme needs a list of “%s”", "levels");
        diag_hide_file(l);
        return NULL;
    }
    struct content_level *levels = NEW_ARRAY(a, struct content_level, field_count(list));
    bool usable = true;
    for (size_t i = 0; i < field_count(list); i++) {
        struct content_level *level = &levels[p->level_count];
        if (!read_level(d, l, a, field_at(list, i), level, outline)) {
            memset(level, 0, sizeof *level);
            usable = false;
            continue;
        }
        level->number = (int)++p->level_count;
        for (size_t j = 0; j + 1 < p->level_count; j++)
            if (str_eq(levels[j].id, level->id))
                field_error(d, l, field_at(list, i), "duplicate-id", "the level “%s” is here twice",
                            level->id);
    }
    p->levels = levels;
    usable = usable && p->id && p->title && p->body && p->scheme_version;
    if (!usable) return NULL;
    struct buf html;
    struct body_context context = {.programme = p->id};
    struct render_hooks hooks;
    buf_init(&html, a);
    content_hooks(&hooks, &context);
    hooks.id_prefix = "about-";
    doc_render(d, cmark_node_first_child(d->body), NULL, &hooks, &html, NULL, NULL);
    p->html = buf_text(&html);
    return p;
}
