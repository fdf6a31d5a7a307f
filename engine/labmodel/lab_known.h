/* What there is, for sentences about what is not: lists of ids with commas and an “and”. All texts
 * are in the arena. */
#ifndef GR_LAB_KNOWN_H
#define GR_LAB_KNOWN_H

#include "labmodel/lab_model.h"

#define LAB_KNOWN_MOST 40 /* names in a list; of a longer one the rest is counted */

const char *lab_known(const char *const *names, int count, struct arena *a);
const char *lab_known_fields(const struct lab_object *o, struct arena *a);
const char *lab_known_values(const struct lab_field *f, struct arena *a);
const char *lab_known_objects(const struct lab_stack *s, struct arena *a);
const char *lab_known_connectors(const struct lab_stack *s, struct arena *a);

#endif
