/* Explains to the author of an XML file what is wrong with an element. */
#ifndef GR_LAB_XML_EXPLAIN_H
#define GR_LAB_XML_EXPLAIN_H

#include "labmodel/lab_xml.h"

/* `grammar`: a RELAX NG schema in the simple forms that labs/schema uses (element, attribute,
 * value, data, ref and the combinations of them). Reports each attribute of `n` that is unknown,
 * missing, or has a value that is not allowed, and names what is; returns how many. What a <define>
 * means stands in its documentation element. */
int lab_xml_explain_attributes(xmlDoc *grammar, xmlNode *n, const char *file, struct arena *a,
                               struct diag_list *diags);
/* The names of the elements that one called as `n` may hold, "a, b and c"; NULL when they are not
 * known. Arena. */
const char *lab_xml_children(xmlDoc *grammar, xmlNode *n, const char *not_this, struct arena *a);

#endif
