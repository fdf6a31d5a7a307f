/* HTML that authors write in Markdown. Nothing of it is passed through: tags are read, and those of
 * a fixed list are written anew, with the few attributes that carry meaning, nested as they should
 * be. All else is text. Comments are an author's notes, and are not shown. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "doc/doc.h"
#include "doc/doc_render.h"

static const struct html_element elements[] = {
    {"a", "a", HTML_INLINE},
    {"b", "b", HTML_INLINE},
    {"blockquote", "blockquote", HTML_BLOCK},
    {"br", "br", HTML_VOID},
    {"caption", "caption", HTML_BLOCK},
    {"center", "div", HTML_BLOCK},
    {"code", "code", HTML_INLINE},
    {"dd", "dd", HTML_BLOCK},
    {"del", "del", HTML_INLINE},
    {"details", "details", HTML_BLOCK},
    {"div", "div", HTML_BLOCK},
    {"dl", "dl", HTML_BLOCK},
    {"dt", "dt", HTML_BLOCK},
    {"em", "em", HTML_INLINE},
    {"figcaption", "figcaption", HTML_BLOCK},
    {"figure", "figure", HTML_BLOCK},
    {"hr", "hr", HTML_VOID},
    {"i", "i", HTML_INLINE},
    {"img", "img", HTML_VOID},
    {"ins", "ins", HTML_INLINE},
    {"kbd", "kbd", HTML_INLINE},
    {"li", "li", HTML_BLOCK},
    {"mark", "mark", HTML_INLINE},
    {"ol", "ol", HTML_BLOCK},
    {"p", "p", HTML_BLOCK},
    {"q", "q", HTML_INLINE},
    {"s", "s", HTML_INLINE},
    {"samp", "samp", HTML_INLINE},
    {"small", "small", HTML_INLINE},
    {"span", "span", HTML_INLINE},
    {"strong", "strong", HTML_INLINE},
    {"sub", "sub", HTML_INLINE},
    {"summary", "summary", HTML_BLOCK},
    {"sup", "sup", HTML_INLINE},
    {"table", "table", HTML_BLOCK},
    {"tbody", "tbody", HTML_BLOCK},
    {"td", "td", HTML_BLOCK},
    {"tfoot", "tfoot", HTML_BLOCK},
    {"th", "th", HTML_BLOCK},
    {"thead", "thead", HTML_BLOCK},
    {"tr", "tr", HTML_BLOCK},
    {"u", "u", HTML_INLINE},
    {"ul", "ul", HTML_BLOCK},
    {"var", "var", HTML_INLINE},
    {"wbr", "wbr", HTML_VOID},
};

/* ---- Reading -------------------------------------------------------------------------------- */

static const struct html_element *element_named(const char *name, size_t len) {
    for (size_t i = 0; i < COUNT_OF(elements); i++)
        if (strlen(elements[i].name) == len && strncasecmp(elements[i].name, name, len) == 0)
            return &elements[i];
    return NULL;
}

static const char *skip_blanks(const char *p) { return p + strspn(p, " \t\n"); }

/* The value of an attribute, in which the common character references are replaced by their
 * characters. */
static char *value_of(struct arena *a, const char *start, size_t len) {
    static const struct {
        const char *name;
        char c;
    } names[] = {{"&amp;", '&'}, {"&quot;", '"'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&#39;", '\''}};
    char *out = arena_copy(a, start, len);
    size_t n = 0;
    for (const char *p = out; *p;) {
        size_t i = 0;
        while (i < COUNT_OF(names) && !str_has_prefix(p, names[i].name)) i++;
        out[n++] = i < COUNT_OF(names) ? names[i].c : *p;
        p += i < COUNT_OF(names) ? strlen(names[i].name) : 1;
    }
    out[n] = '\0';
    return out;
}

static void keep_attribute(struct html_token *t, const char *name, size_t len, char *value) {
    const struct {
        const char *name, **to;
    } kept[] = {{"src", &t->src},         {"alt", &t->alt},         {"href", &t->href},
                {"title", &t->title},     {"width", &t->width},     {"height", &t->height},
                {"colspan", &t->colspan}, {"rowspan", &t->rowspan}, {"align", &t->align},
                {"open", &t->open},       {"name", &t->name},       {"id", &t->name}};
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (strlen(kept[i].name) == len && strncasecmp(kept[i].name, name, len) == 0 &&
            !*kept[i].to)
            *kept[i].to = value;
}

/* One attribute; NULL when this is none. */
static const char *read_attribute(struct arena *a, const char *p, struct html_token *t) {
    const char *name = p;
    size_t len = strcspn(p, " \t\n\"'<>/=`");
    if (len == 0) return NULL;
    p = skip_blanks(p + len);
    if (*p != '=') {
        keep_attribute(t, name, len, arena_dup(a, ""));
        return p;
    }
    p = skip_blanks(p + 1);
    char stop[] = {*p, '\0'};
    bool quoted = *p == '"' || *p == '\'';
    size_t n = quoted ? strcspn(p + 1, stop) : strcspn(p, " \t\n\"'=<>`");
    if (quoted ? !p[1 + n] : n == 0) return NULL;
    keep_attribute(t, name, len, value_of(a, p + quoted, n));
    return p + n + 2 * (size_t)quoted;
}

/* Behind the tag that begins at `p`; NULL when it is none (CommonMark 0.30, section 6.6). */
static const char *read_tag(struct arena *a, const char *p, struct html_token *t) {
    bool end = p[1] == '/';
    const char *name = p + 1 + end;
    size_t len = 0;
    if (!isalpha((unsigned char)*name)) return NULL;
    while (isalnum((unsigned char)name[len]) || name[len] == '-') len++;
    t->kind = end ? HTML_CLOSE : HTML_OPEN;
    t->element = element_named(name, len);
    p = name + len;
    for (;;) {
        const char *next = skip_blanks(p);
        if (*next == '/' && next[1] == '>' && !end) return next + 2;
        if (*next == '>') return next + 1;
        if (end || next == p || !*next) return NULL;
        p = read_attribute(a, next, t);
        if (!p) return NULL;
    }
}

bool html_next(struct arena *a, const char **at, struct html_token *out) {
    const char *p = *at, *end = NULL;
    *out = (struct html_token){.kind = HTML_TEXT, .start = p};
    if (!*p) return false;
    if (str_has_prefix(p, "<!--")) {
        out->kind = HTML_COMMENT;
        end = strstr(p + 4, "-->");
        end = end ? end + 3 : p + strlen(p);
    } else if (*p == '<') {
        end = read_tag(a, p, out);
        if (!end) {
            *out = (struct html_token){.kind = HTML_OTHER, .start = p};
            end = p + 1;
        }
    } else end = p + strcspn(p, "<");
    out->len = (size_t)(end - p);
    *at = end;
    return true;
}

bool html_known(struct arena *a, const char *html) {
    struct html_token t;
    while (html_next(a, &html, &t))
        if (t.kind == HTML_OTHER || ((t.kind == HTML_OPEN || t.kind == HTML_CLOSE) && !t.element))
            return false;
    return true;
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* Text between tags: character references stay what they are. */
static void put_characters(struct renderer *r, const char *text, size_t len) {
    static const char of_names[] =
        "#0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < len; i++) {
        size_t n = text[i] == '&' ? strspn(text + i + 1, of_names) : 0;
        if (n && n < 32 && i + 1 + n < len && text[i + 1 + n] == ';') buf_putc(r->out, '&');
        else buf_html(r->out, text + i, 1);
    }
}

static void close_last(struct renderer *r) {
    const struct open_tag *tag = &r->tags[--r->tag_count];
    buf_printf(r->out, "</%s>", tag->name);
    if (str_eq(tag->name, "a")) r->links--;
    if (str_eq(tag->name, "table")) put(r, "</div>");
}

void render_html_leave(struct renderer *r, int depth) {
    while (r->tag_count && r->tags[r->tag_count - 1].depth >= depth) close_last(r);
}

static void close_tag(struct renderer *r, const char *name) {
    int i = r->tag_count;
    while (i > 0 && r->tags[i - 1].depth == r->depth && !str_eq(r->tags[i - 1].name, name)) i--;
    if (i == 0 || r->tags[i - 1].depth != r->depth) return; /* it was not opened here */
    while (r->tag_count >= i) close_last(r);
}

static void put_number(struct renderer *r, const char *name, const char *value, int64_t most) {
    int64_t n;
    if (value && parse_i64(value, 1, most, &n))
        buf_printf(r->out, " %s=\"%lld\"", name, (long long)n);
}

static void put_attributes(struct renderer *r, const struct html_token *t) {
    const char *name = t->element->name;
    if (str_eq(name, "details") && t->open) put(r, " open");
    if (str_eq(name, "table")) put(r, " class=\"plain\"");
    if (!str_eq(name, "td") && !str_eq(name, "th")) return;
    put_number(r, "colspan", t->colspan, 100);
    put_number(r, "rowspan", t->rowspan, 1000);
    if (t->align && strcasecmp(t->align, "right") == 0) put(r, " class=\"end\"");
    if (t->align && strcasecmp(t->align, "center") == 0) put(r, " class=\"centre\"");
}

/* RULE named-anchor: `<a name="x">` or `<a id="x">` can be linked to, unless something of the page
 * has that name. */
static void put_anchor(struct renderer *r, const char *name) {
    const char *id = arena_printf(r->out->arena, "%s%s",
                                  r->hooks->id_prefix ? r->hooks->id_prefix : "",
                                  doc_fragment(r->out->arena, name));
    if (!*name || name[strcspn(name, " \t\n")] || r->name_count == COUNT_OF(r->names) ||
        !doc_anchor_free(&r->anchors, id) || !doc_anchor_free(&r->github_anchors, id))
        return;
    for (size_t i = 0; i < r->name_count; i++)
        if (str_eq(r->names[i], id)) return;
    r->names[r->name_count++] = id;
    put(r, "<span id=\"");
    put_text(r, id);
    put(r, "\"></span>");
}

/* A link within a link is not written: only its text is. */
static bool open_link(struct renderer *r, const struct html_token *t) {
    const char *url = t->href && r->links == 0 ? render_address(r, t->href, false) : NULL;
    if (!url) return false;
    put(r, "<a href=\"");
    put_url(r, url);
    put(r, strncasecmp(url, "http", 4) == 0 ? "\" rel=\"noopener external\">" : "\">");
    r->links++;
    return true;
}

static void open_tag(struct renderer *r, const struct html_token *t) {
    const char *name = t->element->shown;
    if (str_eq(name, "img")) {
        render_picture(r, t->src, t->alt ? t->alt : "", t->title);
        return;
    }
    if (t->element->place == HTML_VOID) {
        buf_printf(r->out, "<%s>", name);
        return;
    }
    if (r->tag_count == HTML_OPEN_TAGS) return;
    if (str_eq(name, "a")) {
        if (t->name) put_anchor(r, t->name);
        if (!open_link(r, t)) return;
    } else {
        if (str_eq(name, "table")) put(r, "<div class=\"table-wrap\" tabindex=\"0\">");
        buf_printf(r->out, "<%s", name);
        put_attributes(r, t);
        put(r, ">");
    }
    r->tags[r->tag_count++] = (struct open_tag){name, r->depth};
}

/* Within a paragraph, the tags of an element that holds blocks are left out, since it would end the
 * paragraph; its text stays. */
static void put_token(struct renderer *r, const struct html_token *t, bool block) {
    switch (t->kind) {
    case HTML_TEXT:
        if (block && r->out->len && r->out->data[r->out->len - 1] == '\n' &&
            strspn(t->start, " \t\n") >= t->len)
            break; /* layout of the source */
        put_characters(r, t->start, t->len);
        break;
    case HTML_COMMENT: break;
    case HTML_OPEN:
    case HTML_CLOSE:
        if (!block && t->element->place == HTML_BLOCK) break;
        if (!block && str_eq(t->element->name, "hr")) break;
        if (t->kind == HTML_OPEN) open_tag(r, t);
        else if (t->element->place != HTML_VOID) close_tag(r, t->element->shown);
        break;
    case HTML_OTHER: buf_html(r->out, t->start, t->len); break;
    }
}

void render_html_inline(struct renderer *r, const char *literal) {
    struct html_token t;
    if (!html_known(r->out->arena, literal)) {
        put_text(r, literal);
        return;
    }
    while (html_next(r->out->arena, &literal, &t)) put_token(r, &t, false);
}

void render_html_block(struct renderer *r, const char *literal) {
    struct html_token t;
    if (!html_known(r->out->arena, literal)) { /* it is shown as text */
        put(r, "<pre class=\"raw\" tabindex=\"0\">");
        put_text(r, literal);
        put(r, "</pre>\n");
        return;
    }
    while (html_next(r->out->arena, &literal, &t)) put_token(r, &t, true);
}
