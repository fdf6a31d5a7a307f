/* JSON through jansson, tied to arenas. */
#include "base/json.h"

#include <string.h>

#include "base/reserve.h"

#define DEPTH_LIMIT 64

static void release(void *value) { json_decref(value); }

json_t *json_adopt(struct arena *a, json_t *value) {
    if (!value) arena_starve(a);
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
    if (memchr(text, '\0', len)) { /* jansson takes a NUL after the value for the end of the text */
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
        /* Running out of memory does not make the text invalid. */
        if (json_error_code(&error) == json_error_out_of_memory) arena_starve(a);
        *why = arena_printf(a, "line %d, column %d: %s", error.line, error.column, error.text);
        return NULL;
    }
    return json_adopt(a, value);
}

static char *dump(struct arena *a, const json_t *value, size_t flags) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | flags);
    if (!text) arena_starve(a);
    /* jansson may use the reserve's functions (server/memory.c): reserve_free frees both kinds. */
    arena_defer(a, reserve_free, text);
    return text;
}

char *json_text(struct arena *a, const json_t *value) { return dump(a, value, JSON_SORT_KEYS); }

char *json_text_as_built(struct arena *a, const json_t *value) { return dump(a, value, 0); }
