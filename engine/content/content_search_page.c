/* The page of the search. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "content/content_search.h"

#define QUERY_BYTES 400
#define PAGE_MAX 10000

/* The parameter `lang` for a result in another language than the reader would be shown. */
static const char *lang_query(struct request *r, const struct search_result *one, const char *shown,
                              const char *before) {
    return str_eq(shown, one->lang) ? "" : arena_printf(r->arena, "%slang=%s", before, one->lang);
}

static const char *result_href(struct request *r, const struct content_snapshot *s,
                               const struct search_result *one, const char *anchor) {
    const char *hash = *anchor ? arena_printf(r->arena, "#%s", anchor) : "";
    if (str_eq(one->kind, "module")) {
        const struct content_module *m = content_module_for(r, s, one->ref);
        const char *shown = m ? content_module_lang(s, m) : one->lang;
        return arena_printf(r->arena, "/modules/%s%s%s", one->ref, lang_query(r, one, shown, "?"),
                            hash);
    }
    if (str_eq(one->kind, "term")) {
        const struct reading reading = reading_of(r);
        const struct content_glossary *g = snapshot_glossary(s, one->ref, &reading);
        const char *shown = g ? content_lang(s, g->lang, g->programme) : one->lang;
        return arena_printf(r->arena, "/glossary?programme=%s%s%s", one->ref,
                            lang_query(r, one, shown, "&"), hash);
    }
    return arena_printf(r->arena, "/%ss/%s%s", one->kind, one->ref,
                        hash); /* programme, exam, lab */
}

static void result_view(struct request *r, const struct content_snapshot *s, struct view *list,
                        const struct search_result *one) {
    struct view *item = view_item(list);
    bool term = str_eq(one->kind, "term");
    view_text(item, "href", result_href(r, s, one, one->anchor));
    view_text(item, "title", term ? one->heading : one->title);
    if (!term && *one->heading) view_text(item, "heading", one->heading);
    view_text(item, "kind", content_text(r, arena_printf(r->arena, "content_kind_%s", one->kind)));
    view_text(item, "lang", one->lang);
    view_text(item, "dir", page_direction(one->lang));
    view_html(item, "excerpt", one->excerpt);
    struct view *more = view_list(item, "more");
    for (size_t i = 0; i < one->more_count; i++) {
        struct view *m = view_item(more);
        view_text(m, "href", result_href(r, s, one, one->more[i].id));
        view_text(m, "title", one->more[i].title);
    }
}

/* The address of a page of these results; what was typed is percent-encoded (RFC 3986,
 * section 2.1). */
static const char *page_href(struct request *r, const char *typed, int page) {
    struct buf b;
    buf_init(&b, r->arena);
    buf_printf(&b, "/search?q=%s", percent_encode(r->arena, typed, ""));
    if (page > 1) buf_printf(&b, "&page=%d", page);
    return buf_text(&b);
}

static void pages_view(struct request *r, struct view *v, const char *typed,
                       const struct search_results *found) {
    if (found->pages == 1) return;
    view_bool(v, "many_pages", true);
    view_int(v, "page", found->page);
    view_int(v, "pages", found->pages);
    if (found->page > 1) view_text(v, "previous_href", page_href(r, typed, found->page - 1));
    if (found->page < found->pages) view_text(v, "next_href", page_href(r, typed, found->page + 1));
}

enum err content_search_page(struct request *r) {
    const char *query = http_query(r, "q");
    if (query && strlen(query) > QUERY_BYTES)
        return http_refuse(r, ERR_LIMIT, "content_search_long", NULL);
    int64_t page = 1;
    if (http_query(r, "page") && !parse_i64(http_query(r, "page"), 1, PAGE_MAX, &page)) page = 1;
    const char *typed = query ? str_trim(r->arena, query) : "";
    struct view *v = view_new(r->arena);
    view_text(v, "title", content_text(r, "content_search_title"));
    view_text(v, "query", typed);
    struct words *w = content_words();
    if (!*typed || !w) return http_page(r, "content_search", v);
    struct search_results found;
    struct search_reader reader;
    enum err e = search_reader_of(r, &reader);
    if (e == OK) e = content_search(r->db, r->arena, w, typed, &reader, (int)page, &found);
    if (e != OK) return e;
    struct view *list = view_list(v, "results");
    for (size_t i = 0; i < found.count; i++) result_view(r, reader.snapshot, list, &found.items[i]);
    view_int(v, "count", (int64_t)found.total);
    pages_view(r, v, typed, &found);
    view_bool(v, "searched", true);
    view_bool(v, "more", found.cut);
    view_bool(v, "any_word", found.any_word);
    view_bool(v, "mended", found.corrected);
    return http_page(r, "content_search", v);
}
