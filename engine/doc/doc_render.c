/* HTML from the syntax tree: the one place that makes markup of what an author wrote. The walk is a
 * loop over libcmark's iterator, so that no nesting can exhaust the stack. */
#include <cmark-gfm-core-extensions.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "doc/doc.h"
#include "doc/doc_definitions.h"
#include "doc/doc_math.h"
#include "doc/doc_render.h"
#include "doc/doc_tree.h"

static const struct render_hooks no_hooks;

static const char *prefix(struct renderer *r) {
    return r->hooks->id_prefix ? r->hooks->id_prefix : "";
}

/* ---- Addresses ------------------------------------------------------------------------------ */

/* Relative, http, https, mailto. Control characters are refused, since they can hide a scheme, and
 * two slashes at the beginning, which lead to another site. Backslashes are percent-encoded, and
 * then mean nothing to a browser. */
static bool url_allowed(const char *url) {
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) return false;
    if (url[0] == '/' && url[1] == '/') return false;
    size_t n = strcspn(url, ":/?#");
    if (url[n] != ':') return true;
    return strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0 ||
           strncasecmp(url, "mailto:", 7) == 0;
}

/* As an attribute's value: what may not stand in an address is percent-encoded (RFC 3986), escapes
 * are kept. */
void put_url(struct renderer *r, const char *url) {
    static const char safe[] = "-_.+!*(),%#@?=;:/,$~";
    for (; *url; url++) {
        unsigned char c = (unsigned char)*url;
        if (isalnum(c) || (c < 0x80 && strchr(safe, c))) buf_putc(r->out, (char)c);
        else if (c == '&') put(r, "&amp;");
        else if (c == '\'') put(r, "&#x27;");
        else buf_printf(r->out, "%%%02X", c);
    }
}

const char *render_address(struct renderer *r, const char *url, bool picture) {
    if (r->hooks->link)
        url = r->hooks->link(r->hooks->context, r->out->arena, url ? url : "", picture);
    return url && url_allowed(url) ? url : NULL;
}

static const char *file_note(struct renderer *r, cmark_node *n) {
    const char *url = cmark_node_get_url(n);
    return r->hooks->file_note && url ? r->hooks->file_note(r->hooks->context, r->out->arena, url)
                                      : NULL;
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
    url = render_address(r, url, false);
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
    put(r, file_note(r, n) ? " download>" : ">");
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
    if (!render_address(r, url, false)) return;
    const char *note = file_note(r, n);
    if (note) {
        put(r, " <span class=\"file-note\">(");
        put_text(r, note);
        put(r, ")</span>");
    }
    put(r, "</a>");
}

void render_picture(struct renderer *r, const char *source, const char *alt, const char *title) {
    if (render_clip(r, NULL, source, alt)) return;
    const char *url = render_address(r, source, true);
    int width, height;
    if (!url) {
        put_text(r, alt);
        return;
    }
    put(r, "<img src=\"");
    put_url(r, url);
    put(r, "\" alt=\"");
    put_text(r, alt);
    put(r, "\"");
    if (r->hooks->picture_size &&
        r->hooks->picture_size(r->hooks->context, r->out->arena, source, &width, &height))
        buf_printf(r->out, " width=\"%d\" height=\"%d\"", width, height);
    if (title && *title) {
        put(r, " title=\"");
        put_text(r, title);
        put(r, "\"");
    }
    put(r, " loading=\"lazy\" decoding=\"async\">");
}

static void picture(struct renderer *r, cmark_node *n) {
    if (!render_clip(r, n, cmark_node_get_url(n), buf_text(&r->alt)))
        render_picture(r, cmark_node_get_url(n), buf_text(&r->alt), cmark_node_get_title(n));
}

/* ---- Blocks --------------------------------------------------------------------------------- */

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
    const char *text = doc_text(a, n);
    while (r->ids[r->id_next].node != n)
        r->id_next++; /* headings within blocks that the caller renders are in the list, too */
    const struct heading_ids *ids = &r->ids[r->id_next];
    const char *id = ids->id;
    r->headings = list_more(a, r->headings, r->heading_count, sizeof *r->headings);
    r->headings[r->heading_count++] = (struct heading){id, text, cmark_node_get_heading_level(n)};
    buf_printf(r->out, "<h%d id=\"", heading_level(r, n));
    put_text(r, id);
    put(r, "\">");
    if (anchor) {
        put(r, "<a class=\"anchor\" href=\"#");
        put_text(r, id);
        put(r, "\">");
    }
    if (ids->alias) {
        put(r, "<span id=\"");
        put_text(r, ids->alias);
        put(r, "\"></span>");
    }
}

const char *render_label(struct renderer *r, const char *kind) {
    struct arena *a = r->out->arena;
    const char *label = r->hooks->label ? r->hooks->label(r->hooks->context, a, kind) : NULL;
    return label ? label : arena_printf(a, "%c%s", toupper((unsigned char)kind[0]), kind + 1);
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
    const char *label = render_label(r, c->kind);
    buf_printf(r->out,
               "<aside class=\"callout callout-%s\" role=\"note\"><p class=\"callout-title\">"
               "<span class=\"callout-kind\">",
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
    if (len == 4 && strncmp(info, "math", 4) == 0) {
        put(r, "<p><code class=\"math math-block\" translate=\"no\">");
        put_text(r, cmark_node_get_literal(n));
        put(r, "</code></p>\n");
        return;
    }
    if (doc_is_diagram(n)) {
        render_diagram(r, n);
        return;
    }
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

static bool is_terms(cmark_node *n) { return n && cmark_node_get_user_data(n) == definition_terms; }

/* A paragraph of terms and the list behind it; several of them in a row are one list of
 * definitions. */
static void terms(struct renderer *r, cmark_node *n, bool enter) {
    cmark_node *before = cmark_node_previous(n);
    if (!enter) put(r, "</dt>\n");
    else put(r, before && doc_is_definitions(before) ? "<dt>" : "<dl>\n<dt>");
    r->terms = enter ? n : NULL;
}

static void definitions(struct renderer *r, cmark_node *n, bool enter) {
    if (!enter && !is_terms(cmark_node_next(n))) put(r, "</dl>\n");
}

static void list(struct renderer *r, cmark_node *n, bool enter) {
    if (doc_is_definitions(n)) {
        definitions(r, n, enter);
        return;
    }
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

static void task_box(struct renderer *r, bool done) {
    put(r, done ? "<span class=\"task-box\">☑</span> " : "<span class=\"task-box\">☐</span> ");
}

/* A task's box stands in its first line. */
static void paragraph(struct renderer *r, cmark_node *n, bool enter) {
    cmark_node *parent = cmark_node_parent(n);
    if (is_terms(n)) {
        terms(r, n, enter);
        return;
    }
    if (render_clip_alone(r, n)) return;
    if (!in_tight_list(n)) put(r, enter ? "<p>" : "</p>\n");
    bool done;
    if (enter && !cmark_node_previous(n) && parent &&
        cmark_node_get_type(parent) == CMARK_NODE_ITEM && tree_task(parent, &done))
        task_box(r, done);
}

static void item(struct renderer *r, cmark_node *n, bool enter) {
    cmark_node *first = cmark_node_first_child(n);
    bool done, task = tree_task(n, &done);
    bool definition = doc_is_definitions(cmark_node_parent(n));
    if (!enter) put(r, definition ? "</dd>\n" : "</li>\n");
    else if (definition) put(r, "<dd>");
    else put(r, task ? "<li class=\"task\">" : "<li>");
    if (enter && task && (!first || cmark_node_get_type(first) != CMARK_NODE_PARAGRAPH))
        task_box(r, done);
}

static unsigned count_reference(struct renderer *r, size_t number) {
    if (number >= r->reference_room) {
        size_t room = number * 2 + 8;
        r->references = arena_grow(r->out->arena, r->references,
                                   r->reference_room * sizeof *r->references,
                                   room * sizeof *r->references);
        memset(r->references + r->reference_room, 0,
               (room - r->reference_room) * sizeof *r->references);
        r->reference_room = room;
    }
    return ++r->references[number];
}

/* "3", and "3-2" for the second reference to it. */
static const char *reference_number(struct renderer *r, int number, unsigned count) {
    return count == 1 ? arena_printf(r->out->arena, "%d", number)
                      : arena_printf(r->out->arena, "%d-%u", number, count);
}

static void footnote_definition(struct renderer *r, cmark_node *n, bool enter) {
    if (enter) {
        if (r->footnote++ == 0) put(r, "<section class=\"footnotes\">\n<ol>\n");
        buf_printf(r->out, "<li id=\"%sfn-%d\">", prefix(r), r->footnote);
        return;
    }
    /* A link back to each place that refers to the note. */
    unsigned count = (size_t)r->footnote < r->reference_room ? r->references[r->footnote] : 0;
    for (unsigned i = 1; i <= count; i++) {
        const char *number = reference_number(r, r->footnote, i);
        buf_printf(r->out,
                   "<a class=\"footnote-back\" href=\"#%sfnref-%s\" aria-label=\"%s ↩\">↩</a>",
                   prefix(r), number, number);
    }
    put(r, "</li>\n");
    cmark_node *next = cmark_node_next(n);
    if (!next || cmark_node_get_type(next) != CMARK_NODE_FOOTNOTE_DEFINITION)
        put(r, "</ol>\n</section>\n");
}

static void footnote_reference(struct renderer *r, cmark_node *n) {
    int64_t number;
    if (!parse_i64(cmark_node_get_literal(n), 1, 100000, &number)) return;
    unsigned count = count_reference(r, (size_t)number);
    buf_printf(
        r->out, "<sup class=\"footnote-ref\"><a href=\"#%sfn-%d\" id=\"%sfnref-%s\">%d</a></sup>",
        prefix(r), (int)number, prefix(r), reference_number(r, (int)number, count), (int)number);
}

/* ---- Tables --------------------------------------------------------------------------------- */

static void table_cell(struct renderer *r, cmark_node *n, bool enter) {
    /* An empty cell of the header row is a td: a screen reader would read a th as a heading. */
    bool heads = r->in_header && cmark_node_first_child(n);
    const char *tag = heads ? "th" : "td";
    if (!enter) {
        buf_printf(r->out, "</%s>", tag);
        return;
    }
    cmark_node *table = cmark_node_parent(cmark_node_parent(n));
    int columns = cmark_gfm_extensions_get_table_columns(table);
    const uint8_t *alignment = cmark_gfm_extensions_get_table_alignments(table);
    char align = alignment && r->column < columns ? (char)alignment[r->column] : 0;
    r->column++;
    buf_printf(r->out, "<%s%s%s>", tag, heads ? " scope=\"col\"" : "",
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

/* ---- The walk ------------------------------------------------------------------------------- */

bool doc_has_formula(const char *html) { return html && strstr(html, "<code class=\"math"); }

static void open_math(struct renderer *r, bool block) {
    if (r->in_math) return;
    put(r, block ? "<code class=\"math math-block\" translate=\"no\">"
                 : "<code class=\"math\" translate=\"no\">");
    r->in_math = true;
}

static void close_math(struct renderer *r) {
    if (r->in_math) put(r, "</code>");
    r->in_math = false;
}

/* Writes text in which the blank between a number and a per cent sign becomes a no-break space. */
static void unbroken(struct renderer *r, const char *text, size_t len) {
    size_t done = 0;
    for (size_t i = 1; i + 1 < len && !r->in_math; i++) {
        if (text[i] != ' ' || text[i + 1] != '%' || text[i - 1] < '0' || text[i - 1] > '9')
            continue;
        buf_html(r->out, text + done, i - done);
        put(r, "\xc2\xa0");
        done = i + 1;
    }
    buf_html(r->out, text + done, len - done);
}

/* A formula is its source, as code: a script makes MathML of it where there is one. GitHub's
 * backticks within the dollar signs, $`a`$, are no part of it. */
static void text_or_math(struct renderer *r, const char *text) {
    for (size_t n; *text; text += n) {
        static const char signs[] = {MATH_OPEN, MATH_CLOSE, MATH_BLOCK_OPEN, MATH_BLOCK_CLOSE, 0};
        n = strcspn(text, signs);
        bool ends = n && text[n] == MATH_CLOSE && text[n - 1] == '`';
        unbroken(r, text, n - ends);
        if (n) continue;
        if (*text == MATH_OPEN && text[1] == '`') {
            open_math(r, false);
            n = 2;
            continue;
        }
        n = *text == text[1] && *text >= MATH_BLOCK_OPEN ? 2 : 1;
        if (*text == MATH_OPEN || *text == MATH_BLOCK_OPEN) open_math(r, *text == MATH_BLOCK_OPEN);
        else close_math(r);
    }
}

/* Each line of such a paragraph is a term. */
static bool next_term(struct renderer *r, cmark_node *line_end) {
    if (!r->terms || cmark_node_parent(line_end) != r->terms) return false;
    close_math(r);
    render_html_leave(r, r->depth);
    put(r, "</dt>\n<dt>");
    return true;
}

static void leaf(struct renderer *r, cmark_node *n, cmark_node_type type) {
    switch (type) {
    case CMARK_NODE_TEXT: text_or_math(r, cmark_node_get_literal(n)); break;
    case CMARK_NODE_SOFTBREAK:
        if (!next_term(r, n)) put(r, "\n");
        break;
    case CMARK_NODE_LINEBREAK:
        if (!next_term(r, n)) put(r, r->in_math ? "\n" : "<br>\n");
        break;
    case CMARK_NODE_THEMATIC_BREAK: put(r, "<hr>\n"); break;
    case CMARK_NODE_CODE_BLOCK: code_block(r, n); break;
    case CMARK_NODE_CODE:
        put(r, "<code>");
        put_text(r, cmark_node_get_literal(n));
        put(r, "</code>");
        break;
    case CMARK_NODE_HTML_BLOCK: render_html_block(r, cmark_node_get_literal(n)); break;
    case CMARK_NODE_HTML_INLINE: render_html_inline(r, cmark_node_get_literal(n)); break;
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
    case CMARK_NODE_PARAGRAPH: paragraph(r, n, enter); break;
    case CMARK_NODE_HEADING: heading(r, n, enter); break;
    case CMARK_NODE_BLOCK_QUOTE: quote(r, n, enter); break;
    case CMARK_NODE_LIST: list(r, n, enter); break;
    case CMARK_NODE_ITEM: item(r, n, enter); break;
    case CMARK_NODE_EMPH: put(r, enter ? "<em>" : "</em>"); break;
    case CMARK_NODE_STRONG: put(r, enter ? "<strong>" : "</strong>"); break;
    case CMARK_NODE_LINK:
        if (doc_is_reserved_email(r->out->arena, n)) break;
        if (enter) open_link(r, n);
        else close_link(r, n);
        break;
    default:
        if (type == CMARK_NODE_FOOTNOTE_DEFINITION) footnote_definition(r, n, enter);
        else if (table_part(r, n, enter)) break;
        else if (tree_is(n, "strikethrough")) put(r, enter ? "<del>" : "</del>");
        break;
    }
}

static bool caller_renders(struct renderer *r, cmark_node *n) {
    if (!r->hooks->block || cmark_node_get_type(n) != CMARK_NODE_LIST) return false;
    return r->hooks->block(r->hooks->context, n, r->out);
}

/* HTML that the author opened inside of a container ends with it. */
static void visit_container(struct renderer *r, cmark_node *n, cmark_node_type type, bool enter) {
    bool links = type == CMARK_NODE_LINK || type == CMARK_NODE_HEADING;
    if (!enter) {
        close_math(r);
        render_html_leave(r, r->depth);
        r->depth--;
        r->links -= links;
    }
    container(r, n, type, enter);
    if (enter) {
        r->depth++;
        r->links += links;
    }
}

/* All anchors are made before the first heading is written, so that the GitHub spelling of one
 * heading cannot take the anchor of another. */
static void find_ids(struct renderer *r, cmark_node *from, cmark_node *until) {
    struct arena *a = r->out->arena;
    doc_anchors_init(&r->anchors, a);
    doc_anchors_init(&r->github_anchors, a);
    for (cmark_node *top = from; top && top != until; top = cmark_node_next(top)) {
        cmark_iter *iter = cmark_iter_new(top);
        arena_defer(a, (void (*)(void *))cmark_iter_free, iter);
        for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
            cmark_node *n = cmark_iter_get_node(iter);
            if (event != CMARK_EVENT_ENTER || cmark_node_get_type(n) != CMARK_NODE_HEADING)
                continue;
            r->ids = list_more(a, r->ids, r->id_count, sizeof *r->ids);
            const char *text = doc_text(a, n);
            r->ids[r->id_count++] = (struct heading_ids){
                n, doc_anchor(&r->anchors, prefix(r), text),
                doc_anchor_alias(&r->github_anchors, prefix(r), text)};
        }
    }
    for (size_t i = 0; i < r->id_count; i++)
        if (!doc_anchor_free(&r->anchors, r->ids[i].alias)) r->ids[i].alias = NULL;
}

static void walk(struct renderer *r, cmark_node *top) {
    cmark_iter *iter = cmark_iter_new(top);
    arena_defer(r->out->arena, (void (*)(void *))cmark_iter_free, iter);
    cmark_event_type event;
    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *n = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(n);
        bool enter = event == CMARK_EVENT_ENTER;
        if (r->picture) { /* inside a picture */
            if (n == r->picture && !enter) {
                r->picture = NULL;
                picture(r, n);
            } else if (enter && is_leaf(type)) {
                const char *text = cmark_node_get_literal(n);
                char *shown = arena_dup(r->out->arena, text ? text : " ");
                math_show(shown, true);
                buf_puts(&r->alt, shown);
            }
        } else if (type == CMARK_NODE_IMAGE && enter) {
            r->picture = n;
            buf_init(&r->alt, r->out->arena);
        } else if (is_leaf(type)) {
            if (enter) leaf(r, n, type); /* some leaves come twice */
        } else if (enter && caller_renders(r, n)) {
            cmark_iter_reset(iter, n, CMARK_EVENT_EXIT);
            if (n == top) break;
        } else visit_container(r, n, type, enter);
    }
}

void doc_render(struct doc *d, cmark_node *from, cmark_node *until,
                const struct render_hooks *hooks, struct buf *out, struct heading **headings,
                size_t *heading_count) {
    struct renderer r = {.doc = d, .hooks = hooks ? hooks : &no_hooks, .out = out};
    find_ids(&r, from, until);
    for (cmark_node *n = from; n && n != until; n = cmark_node_next(n)) walk(&r, n);
    render_html_leave(&r, 0);
    if (headings) {
        *headings = r.headings;
        *heading_count = r.heading_count;
    }
}

void doc_render_node(struct doc *d, cmark_node *node, const struct render_hooks *hooks,
                     struct buf *out) {
    doc_render(d, cmark_node_first_child(node), NULL, hooks, out, NULL, NULL);
}
