/* Reading JSON: strict, with limits; the value belongs to the arena. JSON is written with buf_json
 * and jansson. */
#ifndef GR_BASE_JSON_H
#define GR_BASE_JSON_H

#include <jansson.h>

#include "base/arena.h"

/* NULL with a sentence in `*why` (arena) when `text` is no JSON value, repeats a key, holds NUL or
 * invalid UTF-8, or nests deeper than 64. */
json_t *json_read(struct arena *a, const char *text, size_t len, const char **why);
/* Takes over a reference, which is released with the arena, and returns it. Leaves through the
 * guard when `value` is NULL. */
json_t *json_adopt(struct arena *a, json_t *value);
/* Compact text with sorted keys: the same value always gives the same bytes. Arena. */
char *json_text(struct arena *a, const json_t *value);
/* The same with members in the order in which they were set. */
char *json_text_as_built(struct arena *a, const json_t *value);

#endif
