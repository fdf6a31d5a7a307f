/* Pages: mustache templates from site/templates, typed values, catalogues of interface texts.
 *
 * A view is a tree of named values that a handler builds in its request's arena. Escaping follows
 * the value's type: text is always escaped; only what view_html puts in goes in as it is, and only
 * the Markdown renderer, icons and page_render make that.
 *
 * In a template `{{t.NAME}}` is the interface text NAME of the reader's language. Its parameters,
 * `{who}` or `{count, plural, one {# item} other {# items}}`, are looked up in the view like
 * variables.
 *
 * Threads: any thread between site_open and site_close, which the owner calls. A view belongs to
 * one thread at a time, as its arena does. */
#ifndef GR_PAGE_PAGE_H
#define GR_PAGE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct site; /* templates, catalogues, static files: read at start, reloaded when files change */
struct view; /* a value: object, list, text, html, number or boolean */

/* `root` is the folder that holds site/. `*why` (arena) lists every problem as file:line:column, or
 * is NULL. A template or catalogue that does not parse refuses to open (ERR_INVALID); a text that
 * is used but missing is a warning: it is logged, and the page shows its key. Later, changed files
 * are read again at once; one that no longer parses is logged and keeps its last good version. */
enum err site_open(struct site **out, const char *root, struct arena *a, const char **why) MUST_USE;
/* No thread may still be in a call of this room. */
void site_close(struct site *s);
/* Waits until files that changed before this call are read, half a second at most. True when
 * anything was read since the last call. */
bool site_refresh(struct site *s);
/* The version of templates and texts: goes up whenever changed files were read. For caches of what
 * was made of them. */
unsigned page_edition(struct site *s);

struct view *view_new(struct arena *a); /* an empty object */
/* All copy `name` and text into the view's arena. Setting a name twice: the last one counts. */
/* NULL: absent, also where an outer scope has this name. */
void view_text(struct view *v, const char *name, const char *text);
/* The same for values that differ from person to person or from page to page (a name, a token): see
 * struct page_cut. */
void view_text_personal(struct view *v, const char *name, const char *text);
/* The same for personal values that are equally long on every page: tokens, ids. */
void view_token(struct view *v, const char *name, const char *text);
void view_html(struct view *v, const char *name, const char *html); /* trusted markup */
/* The same without a copy: `html` lives as long as the view's arena. */
void view_html_borrow(struct view *v, const char *name, const char *html, size_t len);
/* {{n}} prints the digits, {{n.local}} formats it for the language, {{n.percent}} takes it as per
 * mille (823 is 82.3%), and {{n.percent_raw}} prints 82.3, for the width of a bar. */
void view_int(struct view *v, const char *name, int64_t value);
void view_bool(struct view *v, const char *name, bool value);
struct view *view_object(struct view *v, const char *name); /* a new object inside */
/* A new list inside; {{#l.count}} is a section that is shown once when it is not empty. */
struct view *view_list(struct view *v, const char *name);
struct view *view_item(struct view *list);                /* a new object at the list's end */
void view_item_text(struct view *list, const char *text); /* a text at the list's end, {{.}} */
/* One step of the way to a page, in its list `crumbs`; `href` NULL: the page itself. */
void view_crumb(struct view *crumbs, const char *href, const char *text);
struct view *view_item_list(struct view *list); /* a new list at the list's end */
/* Shares `value`, whose arena is the same or lives longer. */
void view_put(struct view *v, const char *name, struct view *value);

/* A time for people: sets NAME (localised date and time), NAME_date, NAME_clock (with seconds) and
 * NAME_iso for <time datetime>. In the reader's zone (IANA) when the browser has told it, else UTC
 * and saying so. */
void view_time(struct view *v, const char *name, int64_t ms, const char *locale, const char *zone);

/* Renders template NAME (without .mustache); what comes out is as safe as its values, see
 * mustache.h: text is escaped, html goes in between tags, addresses keep harmless schemes. In
 * templates {{asset.fonts_a_woff2}} is the URL of site/static/fonts/a.woff2 with the hash of its
 * content (each character but letters and digits becomes '_'). ERR_NOT_FOUND when there is none; a
 * template never fails otherwise. */
enum err page_render(struct site *s, const char *name, const char *locale, struct view *v,
                     struct buf *out) MUST_USE;
/* Where a rendered page can be cut so that the parts between are the same on many pages: around
 * what view_text_personal gave, and around borrowed html of PAGE_CUT_BYTES and more. In order,
 * without overlap. */
#define PAGE_CUT_BYTES 1024
struct page_cut {
    size_t at, len;       /* bytes of the output */
    bool personal, fixed; /* fixed: personal, and equally long on every page */
};
struct page_cuts { /* zeroed; the array is in the output's arena */
    struct page_cut *cut;
    size_t count;
};
/* The same, and adds the cuts to `cuts` (may be NULL). */
enum err page_render_cuts(struct site *s, const char *name, const char *locale, struct view *v,
                          struct buf *out, struct page_cuts *cuts) MUST_USE;
/* Checks that ICU finds its data of languages and time zones: NULL, else a sentence. */
const char *page_icu_problem(void);
/* An interface text with parameters from `v` (may be NULL): for handlers that need one. Arena of
 * `out`. */
const char *page_text(struct site *s, const char *locale, const char *key, struct view *v,
                      struct arena *a);
/* 267 → "2.67", in the language's way; no decimals that are zero. Arena. */
const char *page_hundredths(struct site *s, const char *locale, int64_t hundredths,
                            struct arena *a);
/* The best locale that the site has for an Accept-Language header (BCP 47, q values); "en" when
 * none. */
const char *page_negotiate(struct site *s, const char *accept_language);
/* All languages of the site, "en" first. Array in the arena, names live until site_close. */
size_t page_locales(struct site *s, const char *const **names, struct arena *a);
bool page_locale_known(struct site *s, const char *locale);
/* A language tag (BCP 47) as somebody typed it, in canonical form ("PT-br" is "pt-BR"); NULL when
 * it is no tag, or not of a language that ICU knows. Arena. */
const char *page_language(struct arena *a, const char *tag);
/* The name of the language in itself: "العربية". The tag when ICU has no name. Arena. */
const char *page_language_name(struct arena *a, const char *tag);
/* Whether both tags have the same language and script, whatever the region. */
bool page_language_fits(const char *a, const char *b);
/* RULE reading-language: which of the languages in `names` (count > 0, the original first) somebody
 * reads. Of `wanted` the first that fits one of them (NULL: none is wanted there), else the best
 * that the browser accepts, else the original. A tag that is there as it is goes before one that
 * only fits. */
size_t page_language_choose(const char *const *wanted, size_t wanted_count,
                            const char *accept_language, const char *const *names, size_t count);
/* "rtl" or "ltr". */
const char *page_direction(const char *locale);

struct static_file {
    const char *type, *etag;           /* borrowed from the site until site_close */
    const unsigned char *bytes, *gzip; /* `gzip` is NULL when compression saves too little */
    size_t len, gzip_len;
};
/* A file of site/static by its path ("app.css"), also with the hash that page templates use in URLs
 * ("app.5f3a9c01de.css", *immutable true). Relative url(…) addresses inside style sheets are hashed
 * ones too. */
bool site_static(struct site *s, const char *path, struct static_file *out, bool *immutable);

#endif
