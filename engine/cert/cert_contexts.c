/* Which contexts a document names. */
#include "cert/cert_contexts.h"

#include "base/text.h"

bool cert_contexts_read(const json_t *doc, enum cert_vocabulary *vocabulary, const char **unknown) {
    const json_t *list = json_object_get(doc, "@context");
    size_t count = json_is_string(list) ? 1 : json_array_size(list);
    bool has_302 = false, has_303 = false;
    *unknown = NULL;
    *vocabulary = CERT_VOCABULARY_303;
    for (size_t i = 0; i < count; i++) {
        const char *url = json_string_value(json_is_string(list) ? list : json_array_get(list, i));
        if (i == 0 && url && !str_eq(url, CERT_CONTEXT_VC)) *unknown = url;
        if (i == 0 && !str_eq(url, CERT_CONTEXT_VC)) return false;
        has_302 |= str_eq(url, CERT_CONTEXT_OB_302);
        has_303 |= str_eq(url, CERT_CONTEXT_OB);
        if (i == 0 || str_eq(url, CERT_CONTEXT_OB) || str_eq(url, CERT_CONTEXT_OB_302) ||
            str_eq(url, CERT_CONTEXT_OB_EXTENSIONS) || str_eq(url, CERT_CONTEXT_ED25519))
            continue;
        *unknown = url;
        return false;
    }
    if (has_302) *vocabulary = CERT_VOCABULARY_302;
    return has_302 != has_303; /* without either, the terms of a badge have no meaning */
}
