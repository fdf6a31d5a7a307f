/* Mustache (https://mustache.github.io, specification 1.3: comments, delimiters, interpolation,
 * inverted, partials, sections): a template is parsed once to a flat list of operations.
 *
 * Two ways of parsing. Plain: as the specification says, with {{{ }}} and {{& }}. Page
 * (MUSTACHE_PAGE): for HTML. There escaping follows the value's type and the place: text is always
 * escaped, html goes in as it is between tags and escaped inside an attribute, an address (href,
 * src, action) of another scheme than http, https and mailto becomes "#". What could break out (an
 * unquoted attribute, inline script or style, on…=, a value inside a tag's name) is an error at
 * parsing. Partials are not indented there. */
#ifndef GR_PAGE_MUSTACHE_H
#define GR_PAGE_MUSTACHE_H

#include "page/locale.h"
#include "page/message.h"
#include "page/view.h"

#define MUSTACHE_NESTING 48    /* sections inside sections, in one template */
#define MUSTACHE_DEPTH 160     /* sections and partials entered, while rendering */
#define MUSTACHE_STEPS 4000000 /* operations in one rendering; the rest is cut off */
#define MUSTACHE_NAME_PARTS 8  /* a.b.c */

enum mustache_flag { MUSTACHE_PAGE = 1 };
enum mustache_ref { REF_PARTIAL, REF_TEXT, REF_ASSET };

struct mustache;

/* Lets the parser resolve a name to its index in the tables of `struct mustache_env`, or -1. `name`
 * is NUL-terminated and lives as long as the arena. */
struct mustache_names {
    int (*find)(void *context, enum mustache_ref kind, const char *name);
    void *context;
};

/* Always returns a template. Problems are appended to `problems` as "file:line:column: error:
 * sentence [template]\n"; none were found when its length stays the same. `source` is copied.
 * `file` is for messages. */
struct mustache *mustache_parse(struct arena *a, const char *file, const char *source, size_t len,
                                unsigned flags, const struct mustache_names *names,
                                struct buf *problems);

/* The tables that indexes refer to. All may be NULL when no template uses them. */
struct mustache_env {
    const struct mustache *const *partials; /* an entry may be NULL: empty */
    const struct message *const *texts;     /* an entry may be NULL: the key is shown */
    const char *const *text_keys;
    const char *const *assets;
    const struct locale *locale; /* NULL: digits and plurals as in English */
};

/* Appends to `out`. False when a limit (depth, steps) cut something off. */
bool mustache_render(const struct mustache *t, const struct mustache_env *env, const struct view *v,
                     struct buf *out);
/* The same, and adds to `cuts` where the output can be cut (see page.h). */
bool mustache_render_cuts(const struct mustache *t, const struct mustache_env *env,
                          const struct view *v, struct buf *out, struct page_cuts *cuts);
/* A text with its parameters from `v` (may be NULL), escaped or not. */
void mustache_text(const struct mustache_env *env, int text, const struct view *v, bool escape,
                   struct buf *out);

#endif
