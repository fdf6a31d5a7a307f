/* Form bodies and query strings as name-value pairs. Pure: no connection, so that tests and fuzzers
 * reach it. */
#ifndef GR_HTTP_FORM_H
#define GR_HTTP_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define FORM_FIELD_LIMIT 1000
#define FORM_NAME_LIMIT 200

struct form_field {
    const char *name,
        *value; /* valid UTF-8 without NUL; a file's value may be any bytes, NUL-terminated */
    size_t len;
    const char *filename; /* NULL unless a file; the last path segment only */
};

struct form {
    struct form_field *fields;
    size_t count;
};

/* application/x-www-form-urlencoded (URL standard, section 5.1), appended to `out`. `*why` is the
 * key of an interface text. */
enum err form_urlencoded(struct arena *a, const char *text, size_t len, struct form *out,
                         const char **why) MUST_USE;
/* multipart/form-data (RFC 7578) with the boundary of `content_type`; `*why` as above. */
enum err form_multipart(struct arena *a, const char *content_type, const char *body, size_t len,
                        struct form *out, const char **why) MUST_USE;
/* The name of a field that came twice although it does not end in "[]"; NULL when there is none. */
const char *form_repeated(const struct form *f);
/* Decodes %XX (and '+' when `plus`). NULL when an escape is broken, gives NUL, or the result is no
 * UTF-8. */
char *percent_decode(struct arena *a, const char *text, size_t len, bool plus);

#endif
