#include "unit/doc/html_walk.h"

#include <libxml/HTMLparser.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static char why[400];

static const char *const elements[] = {
    "html", "body", "p", "h1", "h2", "h3", "h4", "h5", "h6", "a", "img", "ul", "ol", "li", "aside",
    "pre", "code", "em", "strong", "del", "br", "hr", "table", "thead", "tbody", "tr", "th", "td",
    "div", "span", "sup", "section", "button", "blockquote",
    /* of the list that authors may write */
    "b", "caption", "dd", "dl", "dt", "details", "summary", "figure", "figcaption", "i", "ins",
    "audio", "track", "video", "kbd", "mark", "q", "s", "samp", "small", "sub", "tfoot", "u", "var",
    "wbr", NULL};

/* element.attribute; a star stands for any element. */
static const char *const attributes[] = {"*.id",
                                         "*.class",
                                         "code.translate",
                                         "a.href",
                                         "a.title",
                                         "a.rel",
                                         "a.aria-label",
                                         "img.src",
                                         "img.alt",
                                         "img.title",
                                         "img.width",
                                         "img.height",
                                         "img.loading",
                                         "img.decoding",
                                         "ol.start",
                                         "details.open",
                                         "td.colspan",
                                         "td.rowspan",
                                         "th.colspan",
                                         "th.rowspan",
                                         "th.scope",
                                         "pre.tabindex",
                                         "div.tabindex",
                                         "aside.role",
                                         "a.download",
                                         "video.controls",
                                         "video.preload",
                                         "video.playsinline",
                                         "video.width",
                                         "video.height",
                                         "video.src",
                                         "video.poster",
                                         "video.aria-label",
                                         "audio.controls",
                                         "audio.preload",
                                         "audio.src",
                                         "audio.aria-label",
                                         "track.kind",
                                         "track.src",
                                         "track.srclang",
                                         "track.label",
                                         "track.default",
                                         "span.role",
                                         "span.popover",
                                         "button.type",
                                         "button.popovertarget",
                                         NULL};

static bool listed(const char *const *list, const char *name) {
    for (; *list; list++)
        if (strcmp(*list, name) == 0) return true;
    return false;
}

static bool address_harmless(const char *url) {
    size_t n = strcspn(url, ":/?#");
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= 0x20) return false;
    if (url[n] != ':') return !(url[0] == '/' && url[1] == '/') && !strchr(url, '\\');
    return strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0 ||
           strncasecmp(url, "mailto:", 7) == 0;
}

static const char *attribute_problem(xmlNode *n, xmlAttr *at) {
    char name[200], any[200];
    snprintf(name, sizeof name, "%s.%s", n->name, at->name);
    snprintf(any, sizeof any, "*.%s", at->name);
    if (!listed(attributes, name) && !listed(attributes, any)) {
        snprintf(why, sizeof why, "attribute %s", name);
        return why;
    }
    if (strcmp((const char *)at->name, "href") != 0 && strcmp((const char *)at->name, "src") != 0 &&
        strcmp((const char *)at->name, "poster") != 0)
        return NULL;
    xmlChar *value = xmlNodeListGetString(n->doc, at->children, 1);
    bool harmless = !value || address_harmless((const char *)value);
    snprintf(why, sizeof why, "address %.300s", value ? (const char *)value : "");
    xmlFree(value);
    return harmless ? NULL : why;
}

static const char *walk(xmlNode *n) {
    for (; n; n = n->next) {
        if (n->type == XML_COMMENT_NODE || n->type == XML_PI_NODE)
            return "a comment or processing instruction";
        if (n->type != XML_ELEMENT_NODE) continue;
        if (!listed(elements, (const char *)n->name)) {
            snprintf(why, sizeof why, "element %s", n->name);
            return why;
        }
        for (xmlAttr *at = n->properties; at; at = at->next) {
            const char *problem = attribute_problem(n, at);
            if (problem) return problem;
        }
        const char *problem = walk(n->children);
        if (problem) return problem;
    }
    return NULL;
}

const char *html_problem(const char *html, size_t len) {
    if (len == 0) return NULL;
    htmlDocPtr doc = htmlReadMemory(html, (int)len, NULL, "UTF-8",
                                    HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
    if (!doc) return "no html at all";
    const char *problem = walk(doc->children);
    xmlFreeDoc(doc);
    return problem;
}
