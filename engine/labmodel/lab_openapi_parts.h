/* Between the files that write a connector's OpenAPI document: what a call takes and what comes
 * back. */
#ifndef GR_LAB_OPENAPI_PARTS_H
#define GR_LAB_OPENAPI_PARTS_H

#include "labmodel/lab_openapi_schema.h"

/* Writes a parameter, and before the first one, while `*any` is false, "parameters":[ . The caller
 * ends the list. `schema`: members of its schema. */
void openapi_parameter(struct openapi *w, bool *any, const char *name, const char *in,
                       const char *schema, const char *what);
/* Size and place of a page; the key of a call that is made once, where the dialect has such. */
void openapi_page_parameters(struct openapi *w, bool *any);
void openapi_once_parameter(struct openapi *w, bool *any);
/* "parameters":[…], of an operation; nothing when it has none. */
void openapi_parameters(struct openapi *w, const struct lab_object *o,
                        enum lab_operation operation);
/* "requestBody":{…}, */
void openapi_request_body(struct openapi *w, const struct lab_object *o,
                          enum lab_operation operation);

struct openapi_answer {
    int status;
    const char *what, *schema; /* schema: its name, NULL for no body */
    const char *more, *tag;    /* headers beside those of every answer; NULL: none */
    bool not_modified;         /* 304 is an answer too */
};
/* "responses":{…}: the good answer, and one for each status that these problems have. */
void openapi_answers(struct openapi *w, const struct openapi_answer *good, unsigned problems);
/* What can go wrong in any call. */
unsigned openapi_common_problems(const struct lab_dialect *d);
/* Begins a path that has a record's id in it; the caller goes on with a comma. */
void openapi_item_path(struct openapi *w, const char *path);

/* ,"scopes":{…} of the security scheme; "security":[…], of an operation. */
void openapi_scopes(struct openapi *w);
void openapi_scopes_needed(struct openapi *w, const struct lab_object *o, bool writes);
/* The same where any scope will do that is for one of these. */
struct openapi_use {
    bool read, write, hooks;
};
void openapi_scopes_any(struct openapi *w, struct openapi_use use);

/* Of the dialect's traits (lab_openapi_traits.c); nothing where it has none. Paths, tags and
 * schemas begin with a comma. */
void openapi_trait_paths(struct openapi *w);
void openapi_trait_tags(struct openapi *w);
void openapi_trait_schemas(struct openapi *w);
/* Those of them that do more than one thing at once (lab_openapi_bulk.c). */
void openapi_bulk_paths(struct openapi *w);
void openapi_bulk_tags(struct openapi *w);
void openapi_bulk_schemas(struct openapi *w);
/* One tag, after a comma. */
void openapi_tag(struct openapi *w, const char *name, const char *what);
/* "webhooks":{…}, */
void openapi_webhooks(struct openapi *w);

#endif
