/* RELAX NG schemas, compiled once and used for many documents. For lab_xml_rules.c. */
#ifndef GR_LAB_XML_SCHEMA_H
#define GR_LAB_XML_SCHEMA_H

#include <libxml/relaxng.h>

#include "base/arena.h"

struct lab_xml_schema;

/* The schema of this text, for the caller alone until it is given back; one that is not given back
 * is freed with the arena, also when that leaves through its guard. NULL: it cannot be read. */
struct lab_xml_schema **lab_xml_schema_take(const char *text, size_t len, struct arena *a);
xmlRelaxNGPtr lab_xml_schema_rules(struct lab_xml_schema *const *lease);
/* Afterwards neither the lease nor its rules may be used. */
void lab_xml_schema_give_back(struct lab_xml_schema **lease);

#endif
