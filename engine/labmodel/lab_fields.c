/* Sets of fields, as bits. */
#include "labmodel/lab_fields.h"

#include <stddef.h>

#include "base/err.h"

static uint64_t *word_of(struct lab_fields *set, int index) { return &set->words[index / 64]; }

void lab_fields_add(struct lab_fields *set, int index) {
    if (index < 0 || index >= LAB_FIELDS_MAX) BUG("a field's index is out of bounds");
    *word_of(set, index) |= (uint64_t)1 << index % 64;
}

bool lab_fields_has(const struct lab_fields *set, int index) {
    if (index < 0 || index >= LAB_FIELDS_MAX) BUG("a field's index is out of bounds");
    return set->words[index / 64] >> index % 64 & 1;
}

bool lab_fields_empty(const struct lab_fields *set) {
    uint64_t any = 0;
    for (size_t i = 0; i < COUNT_OF(set->words); i++) any |= set->words[i];
    return any == 0;
}

struct lab_fields lab_fields_one(int index) {
    struct lab_fields set = {0};
    lab_fields_add(&set, index);
    return set;
}

struct lab_fields lab_fields_first(int count) {
    struct lab_fields set = {0};
    for (int i = 0; i < count; i++) lab_fields_add(&set, i);
    return set;
}
