/* The schemas of a connector's OpenAPI document: of requests, answers and errors. Requests and
 * answers have separate schemas: picklists, addresses and lengths bind what a client sends, while
 * old records may hold anything. */
#ifndef GR_LAB_OPENAPI_SCHEMA_H
#define GR_LAB_OPENAPI_SCHEMA_H

#include "labmodel/lab_surface.h"

struct openapi {
    const struct lab_surface *s;
    const struct lab_dialect *d;
    const struct lab_connector *c;
    struct buf *b;
};

/* What the dialect does with the object's records: enum lab_operation, or-ed. */
unsigned openapi_operations(const struct openapi *w, const struct lab_object *o);

/* An object's schema while it is written. Members that are not declared are not allowed, neither in
 * an answer nor in a request. */
struct openapi_members {
    const char *required[LAB_FIELDS_MAX + 8];
    int required_count;
    bool any;
};
void openapi_object_begin(struct openapi *w, struct openapi_members *m);
/* Writes a member's name and colon; the caller writes its schema. */
void openapi_member(struct openapi *w, struct openapi_members *m, const char *name, bool required);
void openapi_object_end(struct openapi *w, const struct openapi_members *m);

/* The name of an object's schema. Arena. */
const char *openapi_name(struct openapi *w, const struct lab_object *o, const char *suffix);
/* {"$ref": …} to a schema. */
void openapi_reference(struct openapi *w, const char *name);
/* The schema of a body, read from the dialect's template; `o` is NULL for errors. */
void openapi_body(struct openapi *w, const struct lab_object *o, enum lab_body_of of);
/* The same around what has this schema and is no record. */
void openapi_body_around(struct openapi *w, const char *record, enum lab_body_of of);
/* The name of the schema that an answer with this body has: the record's own when it is bare. */
const char *openapi_body_name(struct openapi *w, const struct lab_object *o, enum lab_body_of of);

/* The schema of one of these words (NULL: none); of a time. */
void openapi_words(struct openapi *w, const char *const *words, int count);
void openapi_time(struct openapi *w, const char *what);
/* Begins a schema of this name, after a comma. */
void openapi_schema(struct openapi *w, const char *name);

/* "key":"value" */
void openapi_text(struct openapi *w, const char *key, const char *value);

/* Names of components hold a dot where they are not an object's own, so that no title can clash
 * with them. */
#define OPENAPI_ERROR "api.error"     /* the dialect's form of a problem */
#define OPENAPI_LAB_ERROR "lab.error" /* the lab itself could not answer */

/* The schema that a body of the operation has; NULL for LAB_MERGE, whose body is no record. Arena.
 */
const char *openapi_input(struct openapi *w, const struct lab_object *o,
                          enum lab_operation operation);
/* The schema of a good answer that has a body. Arena. */
const char *openapi_output(struct openapi *w, const struct lab_object *o,
                           enum lab_operation operation);
/* Writes all schemas that openapi_input and openapi_output name, and the errors: the members of
 * components.schemas. */
void openapi_schemas(struct openapi *w);

#endif
