/* Places in XML. They stand in the field _private of libxml2's nodes, which is the application's:
 * line and column in one number. */
#include "labmodel/lab_xml_place.h"

#include <stdint.h>
#include <string.h>

#define COLUMN_BITS 21 /* a file is 1 MB at most */
#define COLUMN_MASK (((uintptr_t)1 << COLUMN_BITS) - 1)
_Static_assert(sizeof(uintptr_t) >= 8, "line and column have room in a pointer");

void lab_xml_text_begin(struct lab_xml_text *t, const char *text, size_t len) {
    *t = (struct lab_xml_text){.text = text, .len = len, .place = {1, 1}};
}

static void go_to(struct lab_xml_text *t, size_t at) {
    for (; t->at < at && t->at < t->len; t->at++) {
        char c = t->text[t->at];
        if (c == '\n') t->place = (struct lab_xml_place){t->place.line + 1, 1};
        else if (((unsigned char)c & 0xc0) != 0x80) t->place.column++;
    }
}

static void *packed(struct lab_xml_place p) {
    return (void *)((uintptr_t)p.line << COLUMN_BITS | ((uintptr_t)p.column & COLUMN_MASK));
}

struct lab_xml_place lab_xml_place(const xmlNode *n) {
    uintptr_t both = (uintptr_t)n->_private;
    return (struct lab_xml_place){(int)(both >> COLUMN_BITS), (int)(both & COLUMN_MASK)};
}

static size_t skip(const struct lab_xml_text *t, size_t at, const char *set, bool in_set) {
    while (at < t->len && (strchr(set, t->text[at]) != NULL) == in_set) at++;
    return at;
}

static xmlAttr *attribute_named(const xmlNode *n, const char *name, size_t len) {
    for (xmlAttr *p = n->properties; p; p = p->next)
        if (strlen((const char *)p->name) == len && strncmp((const char *)p->name, name, len) == 0)
            return p;
    return NULL;
}

/* The start tag is well-formed as far as it was read: name="value" or name='value'. */
static void note_attributes(struct lab_xml_text *t, xmlNode *n, size_t at, size_t end) {
    static const char blank[] = " \t\r\n";
    while ((at = skip(t, at, blank, true)) < end) {
        size_t name = at, name_end = skip(t, at, " \t\r\n=", false);
        size_t quote = skip(t, name_end, " \t\r\n=", true);
        if (quote >= end || (t->text[quote] != '"' && t->text[quote] != '\'')) return;
        xmlAttr *p = attribute_named(n, t->text + name, name_end - name);
        go_to(t, name);
        if (p) p->_private = packed(t->place);
        const char *close = memchr(t->text + quote + 1, t->text[quote], t->len - quote - 1);
        if (!close) return;
        at = (size_t)(close - t->text) + 1;
    }
}

void lab_xml_place_note(struct lab_xml_text *t, xmlNode *n, size_t end) {
    size_t at = end < t->len ? end : t->len;
    while (at > t->at && t->text[at - 1] != '<') at--;
    size_t name = strlen((const char *)n->name);
    if (at == t->at || t->len - at < name || strncmp(t->text + at, (const char *)n->name, name))
        return;
    go_to(t, at - 1);
    n->_private = packed(t->place);
    note_attributes(t, n, at + name, end);
}
