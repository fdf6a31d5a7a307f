/* Front matter: YAML in, fields with places or diagnostics out; and a whole file of any bytes. */
#include "fuzz/fuzz.h"

#include "base/codec.h"
#include "base/text.h"
#include "content/content_private.h"

static void visit(struct field *f, int depth) {
    BUG_IF(depth > 20);
    if (!f) return;
    BUG_IF(field_line(f) < 1 || field_column(f) < 1);
    BUG_IF(field_is_map(f) && field_is_list(f));
    size_t count = field_count(f);
    for (size_t i = 0; i < count && i < 200; i++) {
        int line, column;
        if (field_is_map(f)) BUG_IF(!field_key_at(f, i, &line, &column) || line < 1);
        visit(field_at(f, i), depth + 1);
    }
}

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    struct diag_list diags;
    struct doc d;
    codec_start();
    diag_init(&diags, a);
    struct field *f = field_parse("a.md", data, size, 1, a, &diags);
    BUG_IF(!f && diags.errors == 0);
    visit(f, 0);
    diag_init(&diags, a);
    enum err e = doc_parse(&d, "content/p/modules/a.md", data, size, a, &diags);
    BUG_IF(e != OK && diags.errors == 0);
    for (const struct diag *one = diags.first; one; one = one->next)
        BUG_IF(!utf8_valid(one->message, strlen(one->message)));
    if (e != OK) return;
    (void)content_read_module(&d, NULL, a, &diags, NULL);
    (void)content_read_programme(&d, a, &diags, NULL);
    (void)content_read_glossary(&d, NULL, a, &diags, NULL);
    (void)content_read_self(&d, NULL, a, &diags, NULL);
}
