/* Multipart bodies. The first line is the content type, the rest the body. */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "http/form.h"

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    const char *end = memchr(data, '\n', size);
    if (!end || memchr(data, '\0', (size_t)(end - data))) return;
    size_t head = (size_t)(end - data) + 1;
    struct form f = {0};
    const char *why = NULL;
    enum err e = form_multipart(a, arena_copy(a, data, head - 1), data + head, size - head, &f,
                                &why);
    BUG_IF(e != OK && !why);
    BUG_IF(f.count > FORM_FIELD_LIMIT);
    for (size_t i = 0; i < f.count; i++) {
        const struct form_field *field = &f.fields[i];
        BUG_IF(!field->name || !utf8_valid(field->name, strlen(field->name)));
        BUG_IF(field->value[field->len] != '\0');
        BUG_IF(field->filename && (strchr(field->filename, '/') || strchr(field->filename, '\\')));
        BUG_IF(!field->filename && strlen(field->value) != field->len);
    }
    (void)form_repeated(&f);
}
