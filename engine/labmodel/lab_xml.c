/* Parsing XML through libxml2, within limits. */
#include "labmodel/lab_xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_xml_place.h"

struct sink {
    const char *file;
    struct diag_list *diags;
    int count; /* a broken document can give thousands of follow-up messages */
    struct lab_xml_text text;
};

#define MESSAGES_MAX 50

/* The parser passes its own context to both callbacks; ours is its _private. */
static void on_parse_error(void *context, xmlErrorPtr e) {
    struct sink *s = ((xmlParserCtxtPtr)context)->_private;
    if (!e || s->count++ >= MESSAGES_MAX) return;
    int line = e->line > 0 ? e->line : 0;
    /* int2 is the column, where libxml2 knows it. */
    int column = e->domain == XML_FROM_PARSER && e->int2 > 0 ? e->int2 : line ? 1 : 0;
    size_t len = e->message ? strlen(e->message) : 0;
    while (len && (e->message[len - 1] == '\n' || e->message[len - 1] == ' ')) len--;
    diag_add(s->diags, SEVERITY_ERROR, s->file, line, column, "xml", "%.*s",
             len > 300 ? 300 : (int)len, e->message ? e->message : "");
}

/* Refuses a DOCTYPE, which could define entities: ones that expand without bound, files of the
 * server, addresses of other hosts. */
static void refuse_doctype(void *context, const xmlChar *name, const xmlChar *external,
                           const xmlChar *system) {
    (void)name, (void)external, (void)system;
    xmlParserCtxtPtr c = context;
    struct sink *s = c->_private;
    diag_add(s->diags, SEVERITY_ERROR, s->file, xmlSAX2GetLineNumber(c), 1, "xml-doctype",
             "A DOCTYPE is not allowed here, nor are entities of one's own.");
    s->count = MESSAGES_MAX;
    xmlStopParser(c);
}

static void on_element(void *context, const xmlChar *name, const xmlChar *prefix,
                       const xmlChar *uri, int namespaces, const xmlChar **namespace_list,
                       int attributes, int defaulted, const xmlChar **attribute_list) {
    xmlParserCtxtPtr c = context;
    struct sink *s = c->_private;
    xmlSAX2StartElementNs(context, name, prefix, uri, namespaces, namespace_list, attributes,
                          defaulted, attribute_list);
    if (c->node)
        lab_xml_place_note(&s->text, c->node,
                           c->input->consumed + (size_t)(c->input->cur - c->input->base));
}

static void free_doc(void *doc) { xmlFreeDoc(doc); }

xmlDoc *lab_xml_parse(const char *file, const char *text, size_t len, struct arena *a,
                      struct diag_list *diags) {
    if (len > LAB_XML_MAX) {
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "xml-size", "The file is larger than 1 MB.");
        return NULL;
    }
    if (!utf8_valid(text, len)) {
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "xml-utf8", "The file is not valid UTF-8.");
        return NULL;
    }
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    text += mark; /* which some editors write, so that offsets are those of the parser */
    len -= mark;
    xmlParserCtxtPtr c = xmlNewParserCtxt();
    if (!c) arena_starve(a);
    struct sink s = {.file = file, .diags = diags};
    c->_private = &s;
    c->sax->internalSubset = refuse_doctype;
    c->sax->serror = on_parse_error;
    c->sax->startElementNs = on_element;
    lab_xml_text_begin(&s.text, text, len);
    int before = diags->errors;
    xmlDoc *doc = xmlCtxtReadMemory(c, text, (int)len, file, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
    bool fine = doc && c->wellFormed && diags->errors == before;
    xmlFreeParserCtxt(c);
    if (!fine) {
        if (diags->errors == before)
            diag_add(diags, SEVERITY_ERROR, file, 1, 1, "xml", "The file is not well-formed XML.");
        if (doc) xmlFreeDoc(doc);
        return NULL;
    }
    arena_defer(a, free_doc, doc);
    return doc;
}

const char *lab_xml_attr(xmlNode *n, const char *name, struct arena *a) {
    xmlChar *value = xmlGetNoNsProp(n, (const xmlChar *)name);
    if (!value) return NULL;
    char *copy = arena_dup(a, (const char *)value);
    xmlFree(value);
    return copy;
}

int lab_xml_int(xmlNode *n, const char *name, int fallback) {
    xmlChar *value = xmlGetNoNsProp(n, (const xmlChar *)name);
    int64_t number = fallback;
    if (value && !parse_i64((const char *)value, -1000000000, 1000000000, &number))
        number = fallback;
    if (value) xmlFree(value);
    return (int)number;
}

bool lab_xml_true(xmlNode *n, const char *name) {
    xmlChar *value = xmlGetNoNsProp(n, (const xmlChar *)name);
    bool is = value && strcmp((const char *)value, "true") == 0;
    if (value) xmlFree(value);
    return is;
}

const char *lab_xml_text(xmlNode *n, struct arena *a) {
    xmlChar *text = xmlNodeGetContent(n);
    if (!text) return "";
    char *out = arena_dup(a, (const char *)text), *to = out;
    xmlFree(text);
    bool gap = false;
    for (const char *p = out; *p; p++) {
        if (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r') {
            gap = to > out;
            continue;
        }
        if (gap) *to++ = ' ';
        gap = false;
        *to++ = *p;
    }
    *to = '\0';
    return out;
}

bool lab_xml_is(xmlNode *n, const char *name) {
    return n->type == XML_ELEMENT_NODE && (!name || strcmp((const char *)n->name, name) == 0);
}

static xmlNode *from(xmlNode *n, const char *name) {
    while (n && !lab_xml_is(n, name)) n = n->next;
    return n;
}
xmlNode *lab_xml_child(xmlNode *n, const char *name) { return from(n->children, name); }
xmlNode *lab_xml_next(xmlNode *n, const char *name) { return from(n->next, name); }

int lab_xml_count(xmlNode *n, const char *name) {
    int count = 0;
    for (xmlNode *c = lab_xml_child(n, name); c; c = lab_xml_next(c, name)) count++;
    return count;
}

xmlNode *lab_xml_at(xmlNode *n, const char *attribute) {
    xmlAttr *p = n ? xmlHasProp(n, (const xmlChar *)attribute) : NULL;
    return p && lab_xml_place((xmlNode *)p).line ? (xmlNode *)p : n;
}

int lab_xml_line(const xmlNode *n) {
    int line = lab_xml_place(n).line;
    return line ? line : (int)xmlGetLineNo(n);
}

void lab_xml_problem(struct diag_list *diags, const char *file, xmlNode *n, const char *rule,
                     const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(diags->arena, format, args);
    va_end(args);
    int column = n ? lab_xml_place(n).column : 0;
    diag_add(diags, SEVERITY_ERROR, file, n ? lab_xml_line(n) : 0, n && !column ? 1 : column, rule,
             "%s", text);
}
