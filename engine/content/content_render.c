/* A module's article, made once a version: pieces of html with the practice questions between them.
 * What depends on the reader (tokens, answers, progress) is stitched in by the page. */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "content/content_private.h"

#define RENDER_BYTES ((size_t)64 * 1024 * 1024)
/* Of all modules together; beyond it they are rendered for each request (a millisecond). */
#define CACHE_BYTES ((size_t)96 * 1024 * 1024)

struct making {
    struct rendered *out;
    struct doc *doc;
    struct body_context context;
    struct render_hooks hooks;
};

/* What stands in a label or legend explains no terms: there a button would be part of the field's
 * name. */
static const char *inside(struct making *m, cmark_node *node, bool in_field, const char *prefix) {
    struct buf b;
    buf_init(&b, &m->out->arena);
    if (!node) return "";
    struct render_hooks hooks = m->hooks;
    hooks.id_prefix = prefix;
    if (in_field) {
        hooks.term = NULL;
        hooks.clip = NULL;
    }
    doc_render_node(m->doc, node, &hooks, &b);
    return buf_text(&b);
}

static void make_option(struct making *m, const struct checkpoint_option *from, int number,
                        int option, struct rendered_option *to) {
    struct arena *a = &m->out->arena;
    to->right = from->right;
    to->html = inside(m, from->text, true, arena_printf(a, "checkpoint-%d-%d-", number, option));
    to->feedback = from->feedback ? inside(m, from->feedback, false,
                                           arena_printf(a, "checkpoint-%d-%d-f-", number, option))
                                  : NULL;
}

void fresh_checkpoint_view(struct view *v, const struct rendered_checkpoint *c) {
    struct view *options = view_list(v, "options");
    view_int(v, "number", c->number);
    view_html_borrow(v, "stem", c->stem, strlen(c->stem));
    view_bool(v, "several", c->keys > 1);
    view_int(v, "keys", c->keys);
    view_bool(v, "says_keys", c->stem_says_count);
    for (size_t i = 0; i < c->option_count; i++) {
        struct view *o = view_item(options);
        view_int(o, "value", (int64_t)i + 1);
        view_html_borrow(o, "text", c->options[i].html, strlen(c->options[i].html));
    }
}

/* Takes the stem out of the tree: it is shown with its question, or left out with it. */
static void take_stem(struct making *m, struct checkpoint *c) {
    if (!c->stem) return;
    cmark_node_unlink(c->stem);
    arena_defer(m->doc->arena, (void (*)(void *))cmark_node_free, c->stem);
    c->stem = NULL;
}

static void make_checkpoint(struct making *m, struct checkpoint *from) {
    struct rendered *r = m->out;
    struct rendered_checkpoint *c = &r->checkpoints[r->checkpoint_count++];
    c->number = (int)r->checkpoint_count;
    c->key = arena_dup(&r->arena, from->key);
    c->keys = from->keys;
    c->stem = inside(m, from->stem, true, arena_printf(&r->arena, "checkpoint-%d-", c->number));
    c->stem_says_count = doc_choose_count(c->stem) == c->keys;
    c->options = NEW_ARRAY(&r->arena, struct rendered_option, from->option_count);
    c->option_count = from->option_count;
    for (size_t j = 0; j < c->option_count; j++)
        make_option(m, &from->options[j], c->number, (int)j + 1, &c->options[j]);
    c->fresh = view_new(&r->arena);
    fresh_checkpoint_view(c->fresh, c);
}

static void make_checkpoints(struct making *m, struct checkpoint *from, size_t count) {
    m->out->checkpoints = NEW_ARRAY(&m->out->arena, struct rendered_checkpoint, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (from[i].usable) make_checkpoint(m, &from[i]);
        if (!from[i].plain) take_stem(m, &from[i]);
        else if (from[i].list) doc_unmark_tasks(m->doc->arena, from[i].list);
    }
}

static void cut_pieces(struct making *m, struct buf *html) {
    struct rendered *r = m->out;
    size_t at = 0;
    r->pieces = NEW_ARRAY(&r->arena, struct rendered_piece, 2 * m->context.split_count + 1);
    for (size_t i = 0; i < m->context.split_count && i < r->checkpoint_count; i++) {
        size_t end = m->context.splits[i];
        if (end > at)
            r->pieces[r->piece_count++] = (struct rendered_piece){html->data + at, end - at, NULL};
        r->pieces[r->piece_count++] = (struct rendered_piece){NULL, 0, &r->checkpoints[i]};
        at = end;
    }
    if (html->len > at)
        r->pieces[r->piece_count++] = (struct rendered_piece){html->data + at, html->len - at,
                                                              NULL};
}

static void make_views(struct rendered *r, const struct content_module *m) {
    r->toc = view_list(view_new(&r->arena), "toc");
    for (size_t i = 0; i < r->heading_count; i++) {
        if (r->headings[i].level > 3) continue;
        struct view *item = view_item(r->toc);
        view_text(item, "id", r->headings[i].id);
        view_text(item, "text", r->headings[i].text);
        view_bool(item, "is_sub", r->headings[i].level == 3);
    }
    r->objectives = view_list(view_new(&r->arena), "objectives");
    for (size_t i = 0; i < m->objective_count; i++)
        view_text(view_item(r->objectives), "text", m->objectives[i].text);
}

/* Everything but questions comes from `html`. */
static void find_math(struct rendered *r, const char *html) {
    r->has_math = doc_has_formula(html);
    for (size_t i = 0; i < r->checkpoint_count; i++) {
        const struct rendered_checkpoint *c = &r->checkpoints[i];
        r->has_math = r->has_math || doc_has_formula(c->stem);
        for (size_t j = 0; j < c->option_count; j++)
            r->has_math = r->has_math || doc_has_formula(c->options[j].html) ||
                          doc_has_formula(c->options[j].feedback);
    }
}

static void make_body(struct making *m, struct arena *scratch,
                      const struct content_module *module) {
    struct rendered *r = m->out;
    size_t count;
    struct checkpoint *checkpoints = content_checkpoints(m->doc, scratch, NULL, &count);
    make_checkpoints(m, checkpoints, count);
    struct buf html;
    buf_init(&html, &r->arena);
    m->context.split_out = &html;
    m->context.questions = checkpoints;
    m->context.question_count = count;
    doc_render(m->doc, cmark_node_first_child(m->doc->body), NULL, &m->hooks, &html, &r->headings,
               &r->heading_count);
    m->context.split_out = NULL;
    (void)buf_text(&html);
    cut_pieces(m, &html);
    find_math(r, buf_text(&html));
    r->lang = arena_dup(&r->arena, m->context.lang);
    make_views(r, module);
    r->bytes = r->arena.used;
}

static bool make_into(struct rendered *r, const struct content_snapshot *s,
                      const struct content_file *f, struct db *db, struct arena *scratch) {
    struct making *m = NEW(scratch, struct making);
    m->out = r;
    m->doc = NEW(scratch, struct doc);
    if (!content_document(s->content, db, f, scratch, m->doc)) return false;
    content_fold_title(m->doc);
    const char *lang = snapshot_lang(s, f);
    struct reading reading = reading_in(lang);
    m->context = (struct body_context){
        .glossary = snapshot_glossary(s, f->module->programme, &reading),
        .programme = f->module->programme,
        .module_id = f->module->id,
        .root = s->content->root,
        .folder = path_folder(scratch, f->path),
        .content = s->content,
        .lang = lang};
    content_hooks(&m->hooks, &m->context);
    size_t others;
    (void)snapshot_translations(s, f->module->id, &others);
    r->translated = others > 0;
    make_body(m, scratch, f->module);
    return true;
}

static bool make_guarded(struct rendered *r, const struct content_snapshot *s,
                         const struct content_file *f, struct db *db) {
    struct arena scratch;
    volatile bool ok = false;
    arena_init(&scratch, RENDER_BYTES);
    if (ARENA_GUARD(&scratch) == 0 && ARENA_GUARD(&r->arena) == 0)
        ok = make_into(r, s, f, db, &scratch);
    arena_release(&scratch);
    return ok;
}

/* On success the caller owns a hold. NULL: the text is gone, or too large. */
static struct rendered *make(const struct content_snapshot *s, const struct content_file *f,
                             struct db *db) {
    struct rendered *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    arena_init(&r->arena, RENDER_BYTES);
    atomic_init(&r->refs, 1);
    if (make_guarded(r, s, f, db)) {
        r->arena.guarded = false;
        return r;
    }
    arena_release(&r->arena);
    free(r);
    return NULL;
}

static void release_rendered(void *r) { rendered_release(r); }

const struct rendered *content_rendered(const struct content_snapshot *s,
                                        const struct content_file *f, struct db *db,
                                        struct arena *a) {
    _Atomic(struct rendered *) *slot = &s->rendered[snapshot_file_index(s, f)];
    struct rendered *r = atomic_load(slot), *none = NULL;
    if (r) return r;
    r = make(s, f, db);
    if (!r) return NULL;
    atomic_size_t *cache = &s->content->rendered_bytes;
    if (atomic_load(cache) + r->bytes <= CACHE_BYTES &&
        atomic_compare_exchange_strong(slot, &none, r)) {
        r->cache = cache; /* nobody releases it meanwhile: the snapshot, which we hold, holds it */
        atomic_fetch_add(cache, r->bytes);
        return r;
    }
    arena_defer(a, release_rendered, r);
    return r;
}
