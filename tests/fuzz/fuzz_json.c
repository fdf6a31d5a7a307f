/* JSON. What is accepted is written again, and that reads as the same value. */
#include "fuzz/fuzz.h"

#include "base/json.h"

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    const char *why = NULL;
    json_t *value = json_read(a, data, size, &why);
    BUG_IF(!value && !why);
    if (!value) return;
    char *text = json_text(a, value);
    json_t *again = json_read(a, text, strlen(text), &why);
    BUG_IF(!again);
    BUG_IF(!json_equal(value, again));
    BUG_IF(strcmp(text, json_text(a, again)) != 0);
}
