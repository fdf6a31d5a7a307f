/* The article as nearly everybody gets it, kept: its questions make up most of a page's template
 * work, and before an answer they are the same for all, but for the token that each form carries.
 */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content_private.h"

#define ARTICLE_BYTES ((size_t)16 * 1024 * 1024)
#define ARTICLES_KEPT 8 /* languages and editions of one module's article */

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

static struct article *make(struct request *q, const struct rendered *r, const char *module_id,
                            unsigned edition) {
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
    struct article *a = calloc(1, sizeof *a + questions * sizeof *places);
    if (!a) return NULL;
    a->locale = strdup(q->locale);
    a->html = malloc(html.len + 1);
    if (!a->locale || !a->html) {
        free(a->locale);
        free(a->html);
        free(a);
        return NULL;
    }
    memcpy(a->html, buf_text(&html), html.len + 1);
    memcpy(a->questions, places, questions * sizeof *places);
    a->len = html.len;
    a->edition = edition;
    return a;
}

/* The edition is read first: when the site is read again meanwhile, the article is newer than it
 * says, and made again. */
const struct article *article_of(struct request *q, const struct rendered *r,
                                 const char *module_id) {
    _Atomic(struct article *) *list =
        &((struct rendered *)r)->articles; /* the one thing in it that changes */
    const unsigned edition = page_edition(q->app->site);
    int kept = 0;
    struct article *first = atomic_load(list);
    for (struct article *a = first; a; a = a->next, kept++)
        if (a->edition == edition && str_eq(a->locale, q->locale)) return a;
    if (kept >= ARTICLES_KEPT || r->checkpoint_count == 0) return NULL;
    struct article *a = make(q, r, module_id, edition);
    if (!a) return NULL;
    a->next = first;
    while (!atomic_compare_exchange_weak(list, &a->next, a)) continue;
    return a;
}
