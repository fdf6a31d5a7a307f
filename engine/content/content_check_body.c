/* Rules for the text of one document; and what it refers to, for the rules that need the others. Pure. */
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

static void report(struct doc *d, struct diag_list *l, cmark_node *n, enum severity severity,
                   const char *rule, const char *sentence) {
    diag_add(l, severity, d->file, doc_line(d, n), doc_column(d, n), rule, "%s", sentence);
}

static void add_ref(struct doc *d, struct arena *a, struct content_outline *o, enum ref_kind kind,
                    const char *target, cmark_node *n) {
    struct content_ref *ref = NEW(a, struct content_ref);
    *ref = (struct content_ref){kind, arena_dup(a, target), doc_line(d, n), doc_column(d, n),
                                o->refs};
    o->refs = ref;
}

static bool has_scheme(const char *url) { return url[strcspn(url, ":/?#")] == ':'; }

static bool scheme_allowed(const char *url) {
    return str_has_prefix(url, "https:") || str_has_prefix(url, "http:") ||
           str_has_prefix(url, "mailto:");
}

static void check_link(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *n,
                       struct content_outline *o) {
    const char *url = cmark_node_get_url(n);
    if (!*doc_text(a, n))
        report(d, l, n, SEVERITY_ERROR, "link-text", "this link has no text: say where it leads");
    if (!url || !*url) report(d, l, n, SEVERITY_ERROR, "link", "this link leads nowhere");
    else if (str_has_prefix(url, "term:")) add_ref(d, a, o, REF_TERM, url + 5, n);
    else if (has_scheme(url) && !scheme_allowed(url))
        report(d, l, n, SEVERITY_ERROR, "link",
               "links use https, http or mailto; this one would be dropped");
    else if (!has_scheme(url)) add_ref(d, a, o, REF_LINK, url, n);
}

static void check_picture(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *n,
                          struct content_outline *o) {
    const char *url = cmark_node_get_url(n);
    if (!*doc_text(a, n))
        report(d, l, n, SEVERITY_ERROR, "alt-text",
               "this picture has no alternative text: say what one sees");
    if (!url || !*url) report(d, l, n, SEVERITY_ERROR, "picture", "this picture has no file");
    else if (has_scheme(url) || url[0] == '/')
        report(d, l, n, SEVERITY_ERROR, "picture",
               "pictures lie beside the module, in the folder img");
    else add_ref(d, a, o, REF_PICTURE, url, n);
}

static void add_anchor(struct arena *a, struct content_outline *o, const char *id, const char *text,
                       int line, int column) {
    o->anchors = list_more(a, o->anchors, o->anchor_count, sizeof *o->anchors);
    o->anchors[o->anchor_count++] = (struct content_place){id, text, line, column};
}

/* The page's title is the first level; each further level is one below the one before it at most. */
static void check_heading(struct doc *d, struct diag_list *l, cmark_node *n, int *level) {
    int now = cmark_node_get_heading_level(n);
    if (now == 1)
        report(d, l, n, SEVERITY_ERROR, "heading-level",
               "the title is the page's first heading: sections begin with ##");
    else if (now > *level + 1)
        diag_add(
            l, SEVERITY_ERROR, d->file, doc_line(d, n), doc_column(d, n), "heading-jump",
            "this heading is on level %d, the one before it on level %d: no level may be left out",
            now, *level);
    *level = now < 2 ? 2 : now;
}

static void check_code(struct doc *d, struct diag_list *l, cmark_node *n) {
    const char *info = cmark_node_get_fence_info(n);
    if (!info || !*info)
        report(d, l, n, SEVERITY_WARNING, "code-language",
               "say what language this code is in, behind the opening fence (text, if none)");
}

void content_check_body(struct doc *d, struct arena *a, struct diag_list *l,
                        struct content_outline *o) {
    struct doc_anchors anchors;
    doc_anchors_init(&anchors, d->arena);
    cmark_iter *iter = cmark_iter_new(d->body);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    int level = 1;
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *n = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_ENTER) continue;
        cmark_node_type type = cmark_node_get_type(n);
        if (type == CMARK_NODE_LINK) check_link(d, a, l, n, o);
        else if (type == CMARK_NODE_IMAGE) check_picture(d, a, l, n, o);
        else if (type == CMARK_NODE_CODE_BLOCK) check_code(d, l, n);
        else if ((type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE) &&
                 !str_has_prefix(cmark_node_get_literal(n), "</"))
            report(d, l, n, SEVERITY_WARNING, "raw-html",
                   "HTML is shown as text here, not obeyed; write it as code if that is meant");
        else if (type == CMARK_NODE_HEADING) {
            check_heading(d, l, n, &level);
            const char *text = arena_dup(a, doc_text(d->arena, n));
            if (!*text) report(d, l, n, SEVERITY_ERROR, "heading-text", "this heading has no text");
            add_anchor(a, o, arena_dup(a, doc_anchor(&anchors, "", text)), text, doc_line(d, n),
                       doc_column(d, n));
        }
    }
}
