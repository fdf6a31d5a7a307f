/* HTML from the syntax tree: the one place that makes markup of what an author wrote. The walk is a loop over
 * libcmark's iterator, so that no nesting can exhaust the stack. */
#include <cmark-gfm-core-extensions.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "doc/doc.h"
#include "doc/doc_tree.h"

struct renderer {
    struct doc *doc;
    const struct render_hooks *hooks;
    struct buf *out;
    struct heading *headings;
    size_t heading_count;
    struct doc_anchors anchors;
    int footnote;   /* definitions written so far */
    int referenced; /* highest footnote that was referred to: they are numbered by first reference */
    int term;       /* terms explained so far: makes ids of popovers */
    bool in_header; /* of a table */
    bool body_open; /* <tbody> */
    int column;
    cmark_node *plain; /* inside a picture: only its text counts, for alt */
    struct buf alt;
};

static void put(struct renderer *r, const char *html) { buf_puts(r->out, html); }
static void put_text(struct renderer *r, const char *text) { buf_html(r->out, text, strlen(text)); }

static const struct render_hooks no_hooks;

static const char *prefix(struct renderer *r) {
    return r->hooks->id_prefix ? r->hooks->id_prefix : "";
}

/* ---- Addresses --------------------------------------------------------------------------------- */

/* Relative, http, https, mailto. Control characters can hide a scheme from a reader, not from us; two slashes (or
 * backslashes, which browsers take for slashes) would leave the site without a scheme. */
static bool url_allowed(const char *url) {
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) return false;
    if ((url[0] == '/' || url[0] == '\\') && (url[1] == '/' || url[1] == '\\')) return false;
    size_t n = strcspn(url, ":/?#");
    if (url[n] != ':') return true;
    return strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0 ||
           strncasecmp(url, "mailto:", 7) == 0;
}

/* As an attribute's value: what may not stand in an address is percent-encoded (RFC 3986), escapes are kept. */
static void put_url(struct renderer *r, const char *url) {
    static const char safe[] = "-_.+!*(),%#@?=;:/,$~";
    for (; *url; url++) {
        unsigned char c = (unsigned char)*url;
        if (isalnum(c) || (c < 0x80 && strchr(safe, c))) buf_putc(r->out, (char)c);
        else if (c == '&') put(r, "&amp;");
        else if (c == '\'') put(r, "&#x27;");
        else buf_printf(r->out, "%%%02X", c);
    }
}

static const char *address(struct renderer *r, const char *url, bool picture) {
    if (r->hooks->link)
        url = r->hooks->link(r->hooks->context, r->out->arena, url ? url : "", picture);
    return url && url_allowed(url) ? url : NULL;
}

static void open_link(struct renderer *r, cmark_node *n) {
    const char *url = cmark_node_get_url(n), *title = NULL, *definition = NULL;
    if (url && str_has_prefix(url, "term:")) {
        if (r->hooks->term)
            definition = r->hooks->term(r->hooks->context, r->out->arena, url + 5, &title);
        if (definition) {
            buf_printf(r->out,
                       "<button type=\"button\" class=\"term\" popovertarget=\"%sterm-%d\">",
                       prefix(r), ++r->term);
        }
        return;
    }
    url = address(r, url, false);
    if (!url) return;
    put(r, "<a href=\"");
    put_url(r, url);
    put(r, "\"");
    title = cmark_node_get_title(n);
    if (title && *title) {
        put(r, " title=\"");
        put_text(r, title);
        put(r, "\"");
    }
    if (strncasecmp(url, "http", 4) == 0) put(r, " rel=\"noopener external\"");
    put(r, ">");
}

static void close_link(struct renderer *r, cmark_node *n) {
    const char *url = cmark_node_get_url(n), *title = "";
    if (url && str_has_prefix(url, "term:")) {
        const char *definition = r->hooks->term ? r->hooks->term(r->hooks->context, r->out->arena,
                                                                 url + 5, &title)
                                                : NULL;
        if (!definition) return;
        buf_printf(
            r->out,
            "</button><span popover class=\"term-note\" role=\"note\" id=\"%sterm-%d\"><strong>",
            prefix(r), r->term);
        put_text(r, title);
        put(r, "</strong> ");
        put(r, definition);
        put(r, "</span>");
        return;
    }
    if (address(r, url, false)) put(r, "</a>");
}

static void picture(struct renderer *r, cmark_node *n) {
    const char *url = address(r, cmark_node_get_url(n), true), *title = cmark_node_get_title(n);
    int width, height;
    if (!url) {
        put_text(r, buf_text(&r->alt));
        return;
    }
    put(r, "<img src=\"");
    put_url(r, url);
    put(r, "\" alt=\"");
    put_text(r, buf_text(&r->alt));
    put(r, "\"");
    if (r->hooks->picture_size && r->hooks->picture_size(r->hooks->context, r->out->arena,
                                                         cmark_node_get_url(n), &width, &height))
        buf_printf(r->out, " width=\"%d\" height=\"%d\"", width, height);
    if (title && *title) {
        put(r, " title=\"");
        put_text(r, title);
        put(r, "\"");
    }
    put(r, " loading=\"lazy\" decoding=\"async\">");
}

/* ---- Blocks ------------------------------------------------------------------------------------ */

static bool has_link(struct arena *a, cmark_node *n) {
    cmark_iter *iter = cmark_iter_new(n);
    arena_defer(a, (void (*)(void *))cmark_iter_free, iter);
    while (cmark_iter_next(iter) != CMARK_EVENT_DONE)
        if (cmark_node_get_type(cmark_iter_get_node(iter)) == CMARK_NODE_LINK) return true;
    return false;
}

static int heading_level(struct renderer *r, cmark_node *n) {
    int level = cmark_node_get_heading_level(n) + r->hooks->heading_shift;
    return level > 6 ? 6 : level;
}

static void heading(struct renderer *r, cmark_node *n, bool enter) {
    struct arena *a = r->out->arena;
    bool anchor = !has_link(a, n);
    if (!enter) {
        buf_printf(r->out, "%s</h%d>\n", anchor ? "</a>" : "", heading_level(r, n));
        return;
    }
    const char *text = doc_text(a, n), *id = doc_anchor(&r->anchors, prefix(r), text);
    r->headings = list_more(a, r->headings, r->heading_count, sizeof *r->headings);
    r->headings[r->heading_count++] = (struct heading){id, text, cmark_node_get_heading_level(n)};
    buf_printf(r->out, "<h%d id=\"", heading_level(r, n));
    put_text(r, id);
    put(r, "\">");
    if (!anchor) return;
    put(r, "<a class=\"anchor\" href=\"#");
    put_text(r, id);
    put(r, "\">");
}

static void quote(struct renderer *r, cmark_node *n, bool enter) {
    struct callout *c = cmark_node_get_user_data(n);
    if (!c) {
        put(r, enter ? "<blockquote>\n" : "</blockquote>\n");
        return;
    }
    if (!enter) {
        put(r, "</aside>\n");
        return;
    }
    const char *label = r->hooks->callout_label
                            ? r->hooks->callout_label(r->hooks->context, c->kind)
                            : NULL;
    if (!label)
        label = arena_printf(r->out->arena, "%c%s", toupper((unsigned char)c->kind[0]),
                             c->kind + 1);
    buf_printf(
        r->out,
        "<aside class=\"callout callout-%s\" role=\"note\"><p class=\"callout-title\"><span class=\"callout-kind\">",
        c->kind);
    put_text(r, label);
    put(r, "</span>");
    if (*c->title) {
        put(r, " ");
        put_text(r, c->title);
    }
    put(r, "</p>\n");
}

static void code_block(struct renderer *r, cmark_node *n) {
    const char *info = cmark_node_get_fence_info(n);
    size_t len = info ? strcspn(info, " \t") : 0;
    put(r, "<pre class=\"code\" tabindex=\"0\"><code");
    if (len) {
        put(r, " class=\"language-");
        buf_html(r->out, info, len);
        put(r, "\"");
    }
    put(r, ">");
    put_text(r, cmark_node_get_literal(n));
    put(r, "</code></pre>\n");
}

static void list(struct renderer *r, cmark_node *n, bool enter) {
    bool ordered = cmark_node_get_list_type(n) == CMARK_ORDERED_LIST;
    if (!enter) put(r, ordered ? "</ol>\n" : "</ul>\n");
    else if (!ordered) put(r, "<ul>\n");
    else if (cmark_node_get_list_start(n) != 1)
        buf_printf(r->out, "<ol start=\"%d\">\n", cmark_node_get_list_start(n));
    else put(r, "<ol>\n");
}

static bool in_tight_list(cmark_node *paragraph) {
    cmark_node *item = cmark_node_parent(paragraph),
               *parent = item ? cmark_node_parent(item) : NULL;
    return parent && cmark_node_get_type(parent) == CMARK_NODE_LIST &&
           cmark_node_get_list_tight(parent);
}

static void footnote_definition(struct renderer *r, cmark_node *n, bool enter) {
    if (enter) {
        if (r->footnote++ == 0) put(r, "<section class=\"footnotes\">\n<ol>\n");
        buf_printf(r->out, "<li id=\"%sfn-%d\">", prefix(r), r->footnote);
        return;
    }
    buf_printf(r->out,
               "<a class=\"footnote-back\" href=\"#%sfnref-%d\" aria-label=\"%d ↩\">↩</a></li>\n",
               prefix(r), r->footnote, r->footnote);
    cmark_node *next = cmark_node_next(n);
    if (!next || cmark_node_get_type(next) != CMARK_NODE_FOOTNOTE_DEFINITION)
        put(r, "</ol>\n</section>\n");
}

static void footnote_reference(struct renderer *r, cmark_node *n) {
    int64_t number;
    if (!parse_i64(cmark_node_get_literal(n), 1, 100000, &number)) return;
    buf_printf(r->out, "<sup class=\"footnote-ref\"><a href=\"#%sfn-%d\"", prefix(r), (int)number);
    /* The way back leads to the first reference; a second one with the same id would be invalid. */
    if (number > r->referenced) {
        buf_printf(r->out, " id=\"%sfnref-%d\"", prefix(r), (int)number);
        r->referenced = (int)number;
    }
    buf_printf(r->out, ">%d</a></sup>", (int)number);
}

/* ---- Tables ------------------------------------------------------------------------------------ */

static void table_cell(struct renderer *r, cmark_node *n, bool enter) {
    const char *tag = r->in_header ? "th" : "td";
    if (!enter) {
        buf_printf(r->out, "</%s>", tag);
        return;
    }
    cmark_node *table = cmark_node_parent(cmark_node_parent(n));
    int columns = cmark_gfm_extensions_get_table_columns(table);
    const uint8_t *alignment = cmark_gfm_extensions_get_table_alignments(table);
    char align = alignment && r->column < columns ? (char)alignment[r->column] : 0;
    r->column++;
    buf_printf(r->out, "<%s%s%s>", tag, r->in_header ? " scope=\"col\"" : "",
               align == 'r'   ? " class=\"end\""
               : align == 'c' ? " class=\"centre\""
                              : "");
}

static bool table_part(struct renderer *r, cmark_node *n, bool enter) {
    const char *type = cmark_node_get_type_string(n);
    if (str_eq(type, "table_cell")) table_cell(r, n, enter);
    else if (str_eq(type, "table_header")) {
        r->in_header = enter;
        r->column = 0;
        put(r, enter ? "<thead><tr>" : "</tr></thead>\n");
    } else if (str_eq(type, "table_row")) {
        r->column = 0;
        if (enter && !r->body_open) put(r, "<tbody>\n");
        r->body_open = true;
        put(r, enter ? "<tr>" : "</tr>\n");
    } else if (str_eq(type, "table")) {
        if (!enter && r->body_open) put(r, "</tbody>");
        r->body_open = false;
        put(r, enter ? "<div class=\"table-wrap\" tabindex=\"0\"><table>\n" : "</table></div>\n");
    } else return false;
    return true;
}

/* ---- The walk ---------------------------------------------------------------------------------- */

static void leaf(struct renderer *r, cmark_node *n, cmark_node_type type) {
    switch (type) {
    case CMARK_NODE_TEXT: put_text(r, cmark_node_get_literal(n)); break;
    case CMARK_NODE_SOFTBREAK: put(r, "\n"); break;
    case CMARK_NODE_LINEBREAK: put(r, "<br>\n"); break;
    case CMARK_NODE_THEMATIC_BREAK: put(r, "<hr>\n"); break;
    case CMARK_NODE_CODE_BLOCK: code_block(r, n); break;
    case CMARK_NODE_CODE:
        put(r, "<code>");
        put_text(r, cmark_node_get_literal(n));
        put(r, "</code>");
        break;
    case CMARK_NODE_HTML_BLOCK: /* shown, never obeyed */
        put(r, "<pre class=\"raw\" tabindex=\"0\">");
        put_text(r, cmark_node_get_literal(n));
        put(r, "</pre>\n");
        break;
    case CMARK_NODE_HTML_INLINE: put_text(r, cmark_node_get_literal(n)); break;
    default:
        if (type == CMARK_NODE_FOOTNOTE_REFERENCE) footnote_reference(r, n);
        break;
    }
}

static bool is_leaf(cmark_node_type type) {
    return type == CMARK_NODE_TEXT || type == CMARK_NODE_SOFTBREAK ||
           type == CMARK_NODE_LINEBREAK || type == CMARK_NODE_THEMATIC_BREAK ||
           type == CMARK_NODE_CODE_BLOCK || type == CMARK_NODE_CODE ||
           type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE ||
           type == CMARK_NODE_FOOTNOTE_REFERENCE;
}

static void container(struct renderer *r, cmark_node *n, cmark_node_type type, bool enter) {
    switch (type) {
    case CMARK_NODE_PARAGRAPH:
        if (!in_tight_list(n)) put(r, enter ? "<p>" : "</p>\n");
        break;
    case CMARK_NODE_HEADING: heading(r, n, enter); break;
    case CMARK_NODE_BLOCK_QUOTE: quote(r, n, enter); break;
    case CMARK_NODE_LIST: list(r, n, enter); break;
    case CMARK_NODE_ITEM: put(r, enter ? "<li>" : "</li>\n"); break;
    case CMARK_NODE_EMPH: put(r, enter ? "<em>" : "</em>"); break;
    case CMARK_NODE_STRONG: put(r, enter ? "<strong>" : "</strong>"); break;
    case CMARK_NODE_LINK:
        if (enter) open_link(r, n);
        else close_link(r, n);
        break;
    default:
        if (type == CMARK_NODE_FOOTNOTE_DEFINITION) footnote_definition(r, n, enter);
        else if (table_part(r, n, enter)) break;
        else if (tree_is(n, "strikethrough")) put(r, enter ? "<del>" : "</del>");
        else if (tree_is(n, "tasklist"))
            put(r, enter ? (doc_task_checked(n) ? "<li>☑ " : "<li>☐ ") : "</li>\n");
        break;
    }
}

static bool caller_renders(struct renderer *r, cmark_node *n) {
    if (!r->hooks->block || cmark_node_get_type(n) != CMARK_NODE_LIST) return false;
    return r->hooks->block(r->hooks->context, n, r->out);
}

static void walk(struct renderer *r, cmark_node *top) {
    cmark_iter *iter = cmark_iter_new(top);
    arena_defer(r->out->arena, (void (*)(void *))cmark_iter_free, iter);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *n = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(n);
        bool enter = event == CMARK_EVENT_ENTER;
        if (r->plain) { /* inside a picture */
            if (n == r->plain && !enter) {
                r->plain = NULL;
                picture(r, n);
            } else if (enter && is_leaf(type)) {
                const char *text = cmark_node_get_literal(n);
                buf_puts(&r->alt, text ? text : " ");
            }
        } else if (type == CMARK_NODE_IMAGE && enter) {
            r->plain = n;
            buf_init(&r->alt, r->out->arena);
        } else if (is_leaf(type)) {
            if (enter) leaf(r, n, type); /* some leaves come twice */
        } else if (enter && caller_renders(r, n)) {
            cmark_iter_reset(iter, n, CMARK_EVENT_EXIT);
            if (n == top) break;
        } else container(r, n, type, enter);
    }
}

void doc_render(struct doc *d, cmark_node *from, cmark_node *until,
                const struct render_hooks *hooks, struct buf *out, struct heading **headings,
                size_t *heading_count) {
    struct renderer r = {.doc = d, .hooks = hooks ? hooks : &no_hooks, .out = out};
    doc_anchors_init(&r.anchors, out->arena);
    for (cmark_node *n = from; n && n != until; n = cmark_node_next(n)) walk(&r, n);
    if (headings) {
        *headings = r.headings;
        *heading_count = r.heading_count;
    }
}

void doc_render_node(struct doc *d, cmark_node *node, const struct render_hooks *hooks,
                     struct buf *out) {
    doc_render(d, cmark_node_first_child(node), NULL, hooks, out, NULL, NULL);
}
