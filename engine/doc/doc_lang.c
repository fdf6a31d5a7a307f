/* The language that a text says it is written in. */
#include "doc/doc.h"
#include "page/page.h"

const char *field_lang(struct doc *d, struct arena *a, struct diag_list *l) {
    struct field *f = field_get(d->meta, "lang");
    const char *said = f ? field_scalar(f) : NULL, *lang = page_language(a, said);
    if (f && !lang)
        diag_add(l, SEVERITY_ERROR, d->file, field_line(f), field_column(f), "lang",
                 "“%.40s” is no language: use a tag of BCP 47, such as en, ar, th or pt-BR",
                 said ? said : "…");
    return lang;
}
