/* Rules for the text of one document; and what it refers to, for the rules that need the others.
 * Pure. */
#include <string.h>

#include <strings.h>

#include "base/text.h"
#include "content/content_attached.h"
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

static void check_address(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *n,
                          const char *url, struct content_outline *o) {
    if (!url || !*url) report(d, l, n, SEVERITY_ERROR, "link", "this link leads nowhere");
    else if (str_has_prefix(url, "term:")) add_ref(d, a, o, REF_TERM, url + 5, n);
    else if (has_scheme(url) && !scheme_allowed(url))
        report(d, l, n, SEVERITY_ERROR, "link",
               "links use https, http or mailto; this one would be dropped");
    else if (!has_scheme(url)) add_ref(d, a, o, REF_LINK, url, n);
}

static void check_link(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *n,
                       struct content_outline *o) {
    if (!*doc_text(a, n))
        report(d, l, n, SEVERITY_ERROR, "link-text", "this link has no text: say where it leads");
    check_address(d, a, l, n, cmark_node_get_url(n), o);
}

/* A video or a sound, which is shown when it is alone in its paragraph. */
static void check_clip(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *n,
                       const char *url, const char *alt, struct content_outline *o) {
    cmark_node *parent = cmark_node_parent(n);
    bool alone = cmark_node_get_type(n) == CMARK_NODE_IMAGE && !cmark_node_previous(n) &&
                 !cmark_node_next(n) && parent &&
                 cmark_node_get_type(parent) == CMARK_NODE_PARAGRAPH;
    if (!*alt)
        report(d, l, n, SEVERITY_WARNING, "alt-text",
               "this video or sound has no description: say between the brackets what it shows");
    if (!alone)
        report(d, l, n, SEVERITY_WARNING, "clip",
               "this video or sound is shown as a link only: a player stands in a paragraph of its "
               "own");
    if (has_scheme(url) || url[0] == '/')
        report(d, l, n, SEVERITY_ERROR, "clip",
               "videos and sounds lie beside the module, in the folder files");
    else add_ref(d, a, o, REF_CLIP, url, n);
}

static void check_picture(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *n,
                          const char *url, const char *alt, struct content_outline *o) {
    if (url && attached_is_clip(url)) {
        check_clip(d, a, l, n, url, alt, o);
        return;
    }
    if (!*alt)
        report(d, l, n, SEVERITY_WARNING, "alt-text",
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

static void check_html(struct doc *d, struct arena *a, struct diag_list *l, cmark_node *n,
                       struct content_outline *o) {
    const char *html = cmark_node_get_literal(n);
    struct html_token t;
    if (!html_known(d->arena, html)) {
        if (strncasecmp(html, "<video", 6) == 0 || strncasecmp(html, "<audio", 6) == 0)
            report(d, l, n, SEVERITY_WARNING, "raw-html",
                   "this HTML is shown as text: a video or a sound is written as a picture is, "
                   "![What it shows](files/name.mp4)");
        else if (!str_has_prefix(html, "</"))
            report(d, l, n, SEVERITY_WARNING, "raw-html",
                   "this HTML is shown as text, not obeyed: it is not on the list of what may be "
                   "used; write it as code if that is meant");
        return;
    }
    while (html_next(d->arena, &html, &t)) {
        if (t.kind != HTML_OPEN) continue;
        if (str_eq(t.element->name, "img")) check_picture(d, a, l, n, t.src, t.alt ? t.alt : "", o);
        else if (str_eq(t.element->name, "a")) {
            if (t.href) check_address(d, a, l, n, t.href, o);
            if (t.name)
                add_anchor(a, o, doc_fragment(a, t.name), t.name, doc_line(d, n), doc_column(d, n));
        }
    }
}

bool content_repeats_title(struct doc *d, cmark_node *n) {
    const char *title = n && cmark_node_get_type(n) == CMARK_NODE_HEADING &&
                                cmark_node_get_heading_level(n) == 1 && !cmark_node_previous(n) &&
                                cmark_node_parent(n) == d->body
                            ? field_scalar(field_get(d->meta, "title"))
                            : NULL;
    return title && strcasecmp(str_trim(d->arena, title), doc_text(d->arena, n)) == 0;
}

void content_fold_title(struct doc *d) {
    cmark_node *first = cmark_node_first_child(d->body);
    if (!content_repeats_title(d, first)) return;
    cmark_node_unlink(first);
    arena_defer(d->arena, (void (*)(void *))cmark_node_free, first);
}

/* The page's title is the first level; each further level is one below the one before it at most.
 */
static void check_heading(struct doc *d, struct diag_list *l, cmark_node *n, int *written) {
    /* A section that begins with # is told as such, and counts as one with ##. */
    int now = cmark_node_get_heading_level(n), before = *written;
    bool first = !before;
    if (now == 1 && content_repeats_title(d, n)) return;
    if (now == 1)
        report(d, l, n, SEVERITY_ERROR, "heading-level",
               "the title is the page's first heading: sections begin with ##");
    else if (now > (first ? 2 : before < 2 ? 3 : before + 1))
        diag_add(
            l, SEVERITY_ERROR, d->file, doc_line(d, n), doc_column(d, n), "heading-jump",
            "this heading is on level %d, the one before it on level %d: no level may be left out",
            now, first ? 1 : before);
    *written = now;
}

static void check_code(struct doc *d, struct diag_list *l, cmark_node *n) {
    if (doc_is_diagram(n) && !*doc_diagram_description(d->arena, cmark_node_get_literal(n)))
        report(d, l, n, SEVERITY_WARNING, "diagram",
               "this diagram has no description: add a line “accDescr:” that says what it shows, "
               "for all who read it as text");
    const char *info = cmark_node_get_fence_info(n);
    if (!info || !*info)
        report(d, l, n, SEVERITY_WARNING, "code-language",
               "say what language this code is in, behind the opening fence (text, if none)");
}

void content_check_body(struct doc *d, struct arena *a, struct diag_list *l,
                        struct content_outline *o) {
    struct doc_anchors anchors, aliases;
    doc_anchors_init(&anchors, d->arena);
    doc_anchors_init(&aliases, d->arena);
    cmark_iter *iter = cmark_iter_new(d->body);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    int written = 0; /* the level of the heading before, as its author wrote it; 0: none */
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *n = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_ENTER) continue;
        cmark_node_type type = cmark_node_get_type(n);
        if (type == CMARK_NODE_LINK) check_link(d, a, l, n, o);
        else if (type == CMARK_NODE_IMAGE)
            check_picture(d, a, l, n, cmark_node_get_url(n), doc_text(a, n), o);
        else if (type == CMARK_NODE_CODE_BLOCK) check_code(d, l, n);
        else if (type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE)
            check_html(d, a, l, n, o);
        else if (type == CMARK_NODE_HEADING) {
            check_heading(d, l, n, &written);
            const char *text = arena_dup(a, doc_text(d->arena, n));
            if (!*text) report(d, l, n, SEVERITY_ERROR, "heading-text", "this heading has no text");
            const char *alias = doc_anchor_alias(&aliases, "", text);
            add_anchor(a, o, arena_dup(a, doc_anchor(&anchors, "", text)), text, doc_line(d, n),
                       doc_column(d, n));
            if (alias)
                add_anchor(a, o, arena_dup(a, alias), text, doc_line(d, n), doc_column(d, n));
        }
    }
    content_check_lost(d, l);
    content_check_notations(d, l);
}
