/* The transforms that a mapping applies to a value. */
#include <string.h>

#include "base/text.h"
#include "sandbox/sync.h"

static const char *by_values(const struct sync_mapping *m, const char *value, bool to_right) {
    const char *found = NULL;
    for (int i = 0; i < m->value_count; i++) {
        const struct sync_value *v = &m->values[i];
        if (!to_right && str_eq(v->right, value)) return v->left;
        if (!to_right || !str_eq(v->left, value)) continue;
        /* Several old values may map to one on the left; back it maps to the one that the right
         * side's picklist still has. */
        if (m->right->type != LAB_PICKLIST || lab_value_known(m->right, v->right)) return v->right;
        if (!found) found = v->right;
    }
    return found ? found : value;
}

static const char *by_lookup(const struct lab_lookup *l, const char *value, bool to_right) {
    for (int i = 0; i < l->pair_count; i++)
        if (str_eq(to_right ? l->pairs[i].left : l->pairs[i].right, value))
            return to_right ? l->pairs[i].right : l->pairs[i].left;
    return value;
}

bool sync_tidies(const struct sync_mapping *m) {
    return str_eq(m->transform, "trim") || str_eq(m->transform, "lowercase") ||
           str_eq(m->transform, "normalise_email");
}

const char *sync_transform(struct lab_state *s, const struct sync_mapping *m, const char *value,
                           bool to_right) {
    if (record_empty(value)) return NULL;
    const char *t = m->transform;
    if (!t || str_eq(t, "none") || str_eq(t, "keep_true")) return value;
    if (str_eq(t, "trim")) return str_trim(s->scratch, value);
    if (str_eq(t, "lowercase")) return str_lower(s->scratch, value);
    if (str_eq(t, "normalise_email")) return record_normal_email(s->scratch, value);
    if (str_eq(t, "value_map")) return by_values(m, value, to_right);
    for (int i = 0; i < s->stack.lookup_count; i++)
        if (str_eq(s->stack.lookups[i].id, t))
            return by_lookup(&s->stack.lookups[i], value, to_right);
    return value;
}
