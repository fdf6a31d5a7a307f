/* Caches the html that takes most of a page's template work and is the same for all its readers: a
 * module's article, in which the questions before an answer differ only by the CSRF token of their
 * forms, and a glossary's terms. */
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content_private.h"

#define ARTICLE_BYTES ((size_t)16 * 1024 * 1024)

/* Questions are the author's in a form of ours: each part says which language it is in, when they
 * differ. The form's address names the text that it stands in, which is not always the one that the
 * reader would get. */
void article_words(struct request *q, struct view *v, const struct rendered *r) {
    view_text(v, "form_lang", r->translated ? r->lang : NULL);
    view_text(v, "page_lang", str_eq(r->lang, q->locale) ? NULL : q->locale);
    view_text(v, "page_dir", page_direction(q->locale));
}

/* One question, without its token. False when the template does not show exactly one. */
static bool add_question(struct request *q, const struct rendered *r,
                         const struct rendered_checkpoint *c, const char *module_id,
                         struct buf *html, struct article_question *out) {
    struct view *v = view_new(q->arena);
    const char *stand_in = random_token(q->arena, 32);
    struct buf one;
    buf_init(&one, q->arena);
    fresh_checkpoint_view(v, c);
    article_words(q, v, r);
    view_text(v, "module_id", module_id);
    view_text(v, "csrf", stand_in);
    if (page_render(q->app->site, "content_checkpoint", q->locale, v, &one) != OK) return false;
    const char *at = strstr(buf_text(&one), stand_in), *behind = at ? at + strlen(stand_in) : NULL;
    if (!at || strstr(behind, stand_in)) return false;
    out->start = html->len;
    buf_add(html, one.data, (size_t)(at - one.data));
    out->token = html->len;
    buf_puts(html, behind);
    out->end = html->len;
    return true;
}

/* ---- A module's ----------------------------------------------------------------------------- */

/* The edition is read first. When the site's files are read again meanwhile, the article is stored
 * under the older edition and made once more, and no stale one is ever used. */
const struct article *article_of(struct request *q, const struct rendered *r,
                                 const char *module_id) {
    _Atomic(struct article *) *list =
        &((struct rendered *)r)->articles; /* the one thing in it that changes */
    struct article made = {.of = r, .locale = q->locale, .edition = page_edition(q->app->site)};
    bool full;
    const struct article *a = articles_find(list, r, q->locale, made.edition, &full);
    if (a || full || r->checkpoint_count == 0) return a;
    struct buf html;
    size_t questions = 0;
    struct article_question *places = NEW_ARRAY(q->arena, struct article_question,
                                                r->checkpoint_count + 1);
    buf_init(&html, q->arena);
    for (size_t i = 0; i < r->piece_count; i++) {
        const struct rendered_piece *p = &r->pieces[i];
        if (p->html) buf_add(&html, p->html, p->len);
        else if (p->checkpoint != &r->checkpoints[questions] ||
                 !add_question(q, r, p->checkpoint, module_id, &html, &places[questions++]))
            return NULL;
    }
    if (questions != r->checkpoint_count || html.len > ARTICLE_BYTES) return NULL;
    made.html = buf_text(&html);
    made.len = html.len;
    return articles_add(list, &made, places, questions);
}

/* ---- A glossary's --------------------------------------------------------------------------- */

static const char *first_letter(struct arena *a, const char *title) {
    size_t n = utf8_length_at(title, strlen(title));
    char *letter = arena_copy(a, title, n);
    if (n == 1 && *letter >= 'a' && *letter <= 'z') *letter = (char)(*letter - 32);
    return letter;
}

static void term_view(struct view *v, const struct glossary_term *t) {
    view_text(v, "id", t->id);
    view_text(v, "title", t->title);
    view_text(v, "alias", t->alias);
    view_html_borrow(v, "html", t->html, strlen(t->html));
    struct view *names = t->name_count ? view_list(v, "names") : NULL;
    for (size_t k = 0; k < t->name_count; k++) {
        struct view *name = view_item(names);
        view_text(name, "lang", t->names[k].lang);
        view_text(name, "dir", page_direction(t->names[k].lang));
        view_text(name, "name", t->names[k].text);
    }
}

static bool render_terms(struct request *q, const struct content_snapshot *s,
                         const struct content_glossary *g, struct buf *html) {
    struct view *v = view_new(q->arena), *letters = view_list(v, "letters"), *terms = NULL;
    const char *letter = NULL;
    content_view_text(q, v, "title", g->title, content_lang(s, g->lang, g->programme));
    for (size_t i = 0; i < g->term_count; i++) {
        const char *now = first_letter(q->arena, g->terms[i].title);
        if (!str_eq(now, letter)) {
            struct view *group = view_item(letters);
            view_text(group, "letter", now);
            terms = view_list(group, "terms");
            letter = now;
        }
        term_view(view_item(terms), &g->terms[i]);
    }
    return page_render(q->app->site, "content_terms", q->locale, v, html) == OK;
}

static bool has_formula(const struct content_glossary *g) {
    for (size_t i = 0; i < g->term_count; i++)
        if (doc_has_formula(g->terms[i].html)) return true;
    return false;
}

const struct article *article_of_glossary(struct request *q, const struct content_snapshot *s,
                                          const struct content_glossary *g) {
    _Atomic(struct article *) *list = &((struct content_snapshot *)s)->glossaries;
    struct article made = {.of = g, .locale = q->locale, .edition = page_edition(q->app->site)};
    bool full;
    const struct article *a = articles_find(list, g, q->locale, made.edition, &full);
    if (a) return a;
    struct buf html;
    buf_init(&html, q->arena);
    if (!render_terms(q, s, g, &html)) return NULL;
    made.html = buf_text(&html);
    made.len = html.len;
    made.has_math = has_formula(g);
    if (!full) a = articles_add(list, &made, NULL, 0);
    if (a) return a;
    struct article *once = NEW(q->arena, struct article);
    *once = made;
    return once;
}
