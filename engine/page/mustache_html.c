/* Tracks tags and attributes of HTML (WHATWG HTML, section 13.2.5, as far as templates use it) in
 * the literal text of a template, so that the escaping of a value fits its place and inline code is
 * found when templates are parsed. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "page/mustache_ops.h"

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool one_of(const char *name, const char *const *list) {
    for (; *list; list++)
        if (strcasecmp(name, *list) == 0) return true;
    return false;
}

static const char *check_attribute(struct html_scan *h) {
    h->attribute[h->attribute_len] = '\0';
    const char *name = h->attribute;
    if (strncasecmp(name, "on", 2) == 0 || strncasecmp(name, "hx-on", 5) == 0)
        return "an on… attribute is inline script; put a data- attribute and listen in "
               "site/scripts";
    if (strcasecmp(name, "style") == 0) return "a style attribute is inline style; use a class";
    if (strcasecmp(name, "srcdoc") == 0)
        return "srcdoc is a page inside an attribute; give it an address";
    if (strcasecmp(name, "src") == 0) h->has_src = true;
    return NULL;
}

static const char *end_tag(struct html_scan *h) {
    static const char *const raw[] = {"script", "style", "textarea", "title", NULL};
    h->tag[h->tag_len] = '\0';
    bool opening = !h->closing;
    h->state = HTML_CONTENT;
    if (opening && strcasecmp(h->tag, "style") == 0)
        return "a style element is inline style; use site/style";
    if (opening && strcasecmp(h->tag, "script") == 0 && !h->has_src)
        return "a script element without src is inline script; use site/scripts";
    if (opening && one_of(h->tag, raw)) {
        h->state = HTML_RAW;
        h->matched = 0;
    }
    return NULL;
}

static void begin_attribute(struct html_scan *h, char c) {
    h->state = HTML_ATTR_NAME;
    h->attribute[0] = c;
    h->attribute_len = 1;
    h->value_len = 0;
}

static const char *in_tag(struct html_scan *h, char c) {
    if (c == '>') return end_tag(h);
    if (!is_space(c) && c != '/') begin_attribute(h, c);
    else h->state = HTML_IN_TAG;
    return NULL;
}

static const char *in_attribute_name(struct html_scan *h, char c) {
    if (!is_space(c) && c != '=' && c != '>' && c != '/') {
        if (h->attribute_len < sizeof h->attribute - 1) h->attribute[h->attribute_len++] = c;
        return NULL;
    }
    const char *why = check_attribute(h);
    if (c == '=') h->state = HTML_BEFORE_VALUE;
    else if (is_space(c)) h->state = HTML_AFTER_ATTR;
    else {
        const char *also = in_tag(h, c);
        if (!why) why = also;
    }
    return why;
}

static void in_raw(struct html_scan *h, char c) {
    /* Waits for "</tag"; what follows is read as the closing tag. */
    char want = h->matched == 0 ? '<' : h->matched == 1 ? '/' : h->tag[h->matched - 2];
    if ((c | 0x20) == (want | 0x20)) h->matched++;
    else h->matched = c == '<';
    if (h->matched == h->tag_len + 2) {
        h->state = HTML_IN_TAG;
        h->closing = true;
    }
}

static const char *step(struct html_scan *h, char c) {
    switch (h->state) {
    case HTML_CONTENT:
        if (c == '<') h->state = HTML_TAG_OPEN;
        return NULL;
    case HTML_TAG_OPEN:
        h->tag_len = 0;
        h->has_src = h->closing = false;
        if (c == '/') h->closing = true, h->state = HTML_TAG_NAME;
        else if (is_letter(c)) h->tag[h->tag_len++] = c, h->state = HTML_TAG_NAME;
        else if (c == '!') h->state = HTML_COMMENT, h->matched = 0;
        else h->state = HTML_CONTENT;
        return NULL;
    case HTML_TAG_NAME:
        if (is_space(c) || c == '>' || c == '/') return in_tag(h, c);
        if (h->tag_len < sizeof h->tag - 1) h->tag[h->tag_len++] = c;
        return NULL;
    case HTML_IN_TAG: return in_tag(h, c);
    case HTML_ATTR_NAME: return in_attribute_name(h, c);
    case HTML_AFTER_ATTR:
        if (c == '=') h->state = HTML_BEFORE_VALUE;
        else if (!is_space(c)) return in_tag(h, c);
        return NULL;
    case HTML_BEFORE_VALUE:
        if (c == '"') h->state = HTML_DOUBLE;
        else if (c == '\'') h->state = HTML_SINGLE;
        else if (!is_space(c)) h->state = HTML_UNQUOTED;
        return NULL;
    case HTML_DOUBLE:
    case HTML_SINGLE:
        if (c == (h->state == HTML_DOUBLE ? '"' : '\'')) h->state = HTML_IN_TAG;
        else h->value_len++;
        return NULL;
    case HTML_UNQUOTED:
        if (c == '>') return end_tag(h);
        if (is_space(c)) h->state = HTML_IN_TAG;
        return NULL;
    case HTML_COMMENT: /* <!-- … --> or <!doctype …> */
        if (c == '-') h->matched++;
        else if (c == '>' && (h->matched == 0 || h->matched >= 4)) h->state = HTML_CONTENT;
        else if (h->matched > 2) h->matched = 2;
        return NULL;
    case HTML_RAW: in_raw(h, c); return NULL;
    }
    return NULL;
}

const char *html_scan_text(struct html_scan *h, const char *text, size_t len, size_t *at) {
    const char *first = NULL;
    for (size_t i = 0; i < len; i++) {
        const char *why = step(h, text[i]);
        if (why && !first) {
            first = why;
            *at = i;
        }
    }
    return first;
}

enum place html_scan_place(const struct html_scan *h) {
    static const char *const addresses[] = {
        "href",   "src",     "action", "formaction", "poster",    "data", "xlink:href",
        "hx-get", "hx-post", "hx-put", "hx-patch",   "hx-delete", NULL};
    switch (h->state) {
    case HTML_CONTENT: return PLACE_CONTENT;
    case HTML_DOUBLE:
    case HTML_SINGLE:
        return h->value_len == 0 && one_of(h->attribute, addresses) ? PLACE_ADDRESS
                                                                    : PLACE_ATTRIBUTE;
    case HTML_COMMENT: return PLACE_ATTRIBUTE;
    case HTML_RAW:
        return strncasecmp(h->tag, "t", 1) == 0 ? PLACE_ATTRIBUTE /* textarea, title */
                                                : PLACE_FORBIDDEN;
    default: return PLACE_FORBIDDEN;
    }
}

void html_scan_value(struct html_scan *h) {
    if (h->state == HTML_DOUBLE || h->state == HTML_SINGLE) h->value_len++;
}
