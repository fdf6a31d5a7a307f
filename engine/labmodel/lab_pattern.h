/* Patterns of parameters as a dialect writes them: a name in braces for what is written there,
 * "{field}[{operator}]", "-{field}". */
#ifndef GR_LAB_PATTERN_H
#define GR_LAB_PATTERN_H

#include <stdbool.h>

#include "base/arena.h"

/* The pattern with `text` in the place of {slot}; the pattern itself when it has none. Arena. */
const char *lab_pattern_fill(const char *pattern, const char *slot, const char *text,
                             struct arena *a);
/* What `text` has in the place of the pattern's only slot, {slot}; NULL when it does not fit.
 * Arena.
 */
const char *lab_pattern_take(const char *pattern, const char *slot, const char *text,
                             struct arena *a);
/* Whether {slot} stands in it exactly once. */
bool lab_pattern_once(const char *pattern, const char *slot, struct arena *a);

#endif
