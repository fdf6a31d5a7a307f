/* Where elements and attributes begin. libxml2 knows no columns, and of a start tag the line in
 * which it ends; the parser's callback notes the rest here. */
#ifndef GR_LAB_XML_PLACE_H
#define GR_LAB_XML_PLACE_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

struct lab_xml_place {
    int line, column; /* from 1, the column in characters; 0: nobody has noted it */
};

/* A text that is read from its start to its end; `at` is where line and column are counted. */
struct lab_xml_text {
    const char *text;
    size_t len, at;
    struct lab_xml_place place;
};

void lab_xml_text_begin(struct lab_xml_text *t, const char *text, size_t len);
/* Notes the places of the element and its attributes; the text has been read up to `end`, which
 * lies in its start tag or at its end. Elements come in the order of the text. */
void lab_xml_place_note(struct lab_xml_text *t, xmlNode *n, size_t end);
/* Of an element, or of an attribute as a node. */
struct lab_xml_place lab_xml_place(const xmlNode *n);

#endif
