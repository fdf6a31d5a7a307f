/* Sets of fields of one object, by their index. A set is a value: it is copied by assignment, and
 * `{0}` is the empty one. An index is below LAB_FIELDS_MAX. */
#ifndef GR_LAB_FIELDS_H
#define GR_LAB_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

/* RULE lab-fields: an object has 200 fields at most. */
#define LAB_FIELDS_MAX 200

struct lab_fields {
    uint64_t words[(LAB_FIELDS_MAX + 63) / 64];
};

void lab_fields_add(struct lab_fields *set, int index);
bool lab_fields_has(const struct lab_fields *set, int index);
bool lab_fields_empty(const struct lab_fields *set);
/* The set of one field; and that of the first `count`. */
struct lab_fields lab_fields_one(int index);
struct lab_fields lab_fields_first(int count);

#endif
