/* Form bodies and query strings. What is accepted is text, within the limits, and reads the same
 * again. */
#include "fuzz/fuzz.h"

#include "base/text.h"
#include "http/form.h"

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    struct form f = {0};
    const char *why = NULL;
    enum err e = form_urlencoded(a, data, size, &f, &why);
    BUG_IF(e != OK && !why);
    BUG_IF(f.count > FORM_FIELD_LIMIT);
    for (size_t i = 0; i < f.count; i++) {
        BUG_IF(strlen(f.fields[i].value) != f.fields[i].len);
        BUG_IF(!utf8_valid(f.fields[i].name, strlen(f.fields[i].name)));
        BUG_IF(!utf8_valid(f.fields[i].value, f.fields[i].len));
    }
    (void)form_repeated(&f);
}
