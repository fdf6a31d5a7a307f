/* Patterns of parameters. */
#include "labmodel/lab_pattern.h"

#include <string.h>

#include "base/text.h"

static const char *slot_in(const char *pattern, const char *slot, size_t *len, struct arena *a) {
    const char *mark = arena_printf(a, "{%s}", slot);
    *len = strlen(mark);
    return strstr(pattern, mark);
}

const char *lab_pattern_fill(const char *pattern, const char *slot, const char *text,
                             struct arena *a) {
    size_t len;
    const char *at = slot_in(pattern, slot, &len, a);
    return at ? arena_printf(a, "%.*s%s%s", (int)(at - pattern), pattern, text, at + len) : pattern;
}

const char *lab_pattern_take(const char *pattern, const char *slot, const char *text,
                             struct arena *a) {
    size_t len, whole = strlen(text);
    const char *at = slot_in(pattern, slot, &len, a);
    if (!at) return NULL;
    size_t before = (size_t)(at - pattern), after = strlen(at + len);
    if (whole < before + after || strncmp(text, pattern, before) != 0 ||
        !str_eq(text + whole - after, at + len))
        return NULL;
    return arena_copy(a, text + before, whole - before - after);
}

bool lab_pattern_once(const char *pattern, const char *slot, struct arena *a) {
    size_t len;
    const char *at = slot_in(pattern, slot, &len, a);
    return at && !slot_in(at + len, slot, &len, a);
}
