/* JSON through jansson, tied to arenas. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 64

static void release(void *value) { json_decref(value); }

json_t *json_keep(struct arena *a, json_t *value) {
    if (!value) arena_fail(a);
    arena_defer(a, release, value);
    return value;
}

/* jansson allows 2,048 levels, and whoever walks the value recurses: refuse before parsing. */
static bool too_deep(const char *text, size_t len) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') i++;
            else if (c == '"') in_string = false;
        } else if (c == '"') in_string = true;
        else if (c == '[' || c == '{') {
            if (++depth > DEPTH_LIMIT) return true;
        } else if (c == ']' || c == '}') depth--;
    }
    return false;
}

json_t *json_read(struct arena *a, const char *text, size_t len, const char **why) {
    if (memchr(text, '\0', len)) { /* jansson takes one after the value for the end */
        *why = "the JSON holds a NUL byte";
        return NULL;
    }
    if (too_deep(text, len)) {
        *why = "the JSON nests too deeply";
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        *why = arena_printf(a, "line %d, column %d: %s", error.line, error.column, error.text);
        return NULL;
    }
    return json_keep(a, value);
}

char *json_text(struct arena *a, const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (!text) arena_fail(a);
    arena_defer(a, free, text);
    return text;
}
