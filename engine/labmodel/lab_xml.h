/* XML of authors, through libxml2: no network, no DOCTYPE (so no entities), no XInclude, sizes
 * limited; each problem with its place. */
#ifndef GR_LAB_XML_H
#define GR_LAB_XML_H

#include <libxml/tree.h>

#include "doc/doc.h"

#define LAB_XML_MAX ((size_t)1024 * 1024)

/* The parsed document (arena), or NULL with diagnostics. */
xmlDoc *lab_xml_parse(const char *file, const char *text, size_t len, struct arena *a,
                      struct diag_list *diags);
/* Validates against the RELAX NG schema `schema` (text of the .rng file). */
bool lab_xml_validate(xmlDoc *doc, const char *file, const char *schema, size_t schema_len,
                      struct arena *a, struct diag_list *diags);

/* Attribute as text in the arena; NULL when absent. */
const char *lab_xml_attr(xmlNode *n, const char *name, struct arena *a);
/* Attribute as an integer; `fallback` when absent or not a number. */
int lab_xml_int(xmlNode *n, const char *name, int fallback);
bool lab_xml_true(xmlNode *n, const char *name);
/* The element's text, trimmed, with runs of white space as one blank. */
const char *lab_xml_text(xmlNode *n, struct arena *a);
/* First child element, or next sibling element, of that name (NULL = any). */
xmlNode *lab_xml_child(xmlNode *n, const char *name);
xmlNode *lab_xml_next(xmlNode *n, const char *name);
int lab_xml_count(xmlNode *n, const char *name);
bool lab_xml_is(xmlNode *n, const char *name);
/* The node's attribute as a node, for the place of a problem with it; the node when it has none. */
xmlNode *lab_xml_at(xmlNode *n, const char *attribute);
int lab_xml_line(const xmlNode *n);
/* At the node, which may be an attribute; `n` may be NULL. */
void lab_xml_problem(struct diag_list *diags, const char *file, xmlNode *n, const char *rule,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
