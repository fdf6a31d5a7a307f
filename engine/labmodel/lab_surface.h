/* The surface of a dialect: how values and errors look in its API. Pure, used by the worker that
 * answers and by the server that refuses a request or builds one for a screen. */
#ifndef GR_LAB_SURFACE_H
#define GR_LAB_SURFACE_H

#include <jansson.h>

#include "base/buf.h"
#include "labmodel/lab_model.h"

struct lab_surface {
    const struct lab_stack *stack;
    const struct lab_dialect *const *dialects; /* chosen, by member */
    int member;
};

/* The field's value as the dialect shows it: text for a screen, NULL for empty. Arena. */
const char *lab_surface_text(const struct lab_surface *s, const struct lab_object *o,
                             const struct lab_field *f, const char *neutral, struct arena *a);
/* ... and as a JSON value. */
void lab_surface_json(const struct lab_surface *s, const struct lab_object *o,
                      const struct lab_field *f, const char *neutral, struct buf *out);
void lab_surface_time(const struct lab_dialect *d, int64_t ms, struct buf *out);
/* What a client sent, in neutral terms (NULL for empty). False when the value has the wrong type or
 * format, or when the dialect has no such word. */
bool lab_surface_read(const struct lab_surface *s, const struct lab_object *o,
                      const struct lab_field *f, json_t *value, struct arena *a,
                      const char **neutral);
/* The name of a picklist's value in the dialect: the neutral word when the dialect does not rename
 * it, and as it is when it is none of the picklist's. */
const char *lab_surface_value(const struct lab_dialect *d, const struct lab_object *o,
                              const struct lab_field *f, const char *neutral);
/* RULE lab-words: what a dialect calls otherwise has no other name there. The value that the
 * dialect calls so; NULL: none. */
const char *lab_surface_neutral(const struct lab_dialect *d, const struct lab_object *o,
                                const struct lab_field *f, const char *as);
/* Whether this is a word of the neutral picklist that the dialect never shows. */
bool lab_surface_hidden(const struct lab_dialect *d, const struct lab_object *o,
                        const struct lab_field *f, const char *word);

/* The dialect's answer to a problem: returns the status, sets the media type, appends the body.
 * `field` and `value` may be NULL; `request` numbers the request. */
int lab_surface_problem(const struct lab_dialect *d, enum lab_problem what, const char *field,
                        const char *value, int64_t seconds, int64_t request, const char **type,
                        struct buf *out);
/* Only the sentence. */
const char *lab_surface_sentence(const struct lab_dialect *d, enum lab_problem what,
                                 const char *field, const char *value, int64_t seconds,
                                 struct arena *a);

/* ---- Calls of a screen ---------------------------------------------------------------------- */
struct lab_call {
    const char *method, *path; /* path within the connector's API: "/v3/contacts/c107" */
    const char *body;          /* JSON or NULL */
    const char *if_match;      /* the header, where the dialect changes nothing without; or NULL */
};
/* The header If-Match that our own calls have, since nobody wrote them for one state of a record:
 * "*" where the dialect changes nothing without it, else NULL. */
const char *lab_surface_if_match(const struct lab_dialect *d, enum lab_operation operation);
/* The request that a client would send for an operation. `names` and `values` are neutral (fields'
 * ids). */
struct lab_call lab_surface_call(const struct lab_surface *s, const struct lab_object *o,
                                 enum lab_operation operation, const char *id,
                                 const char *const *names, const char *const *values, size_t count,
                                 struct arena *a);

#endif
