/* Between the files that write a connector's OpenAPI document: what a call takes. */
#ifndef GR_LAB_OPENAPI_PARTS_H
#define GR_LAB_OPENAPI_PARTS_H

#include "labmodel/lab_openapi_schema.h"

/* Writes a parameter, and before the first one, while `*any` is false, "parameters":[ . The caller
 * ends the list. `schema`: members of its schema. */
void openapi_parameter(struct openapi *w, bool *any, const char *name, const char *in,
                       const char *schema, const char *what);
/* "parameters":[…], of an operation; nothing when it has none. */
void openapi_parameters(struct openapi *w, const struct lab_object *o,
                        enum lab_operation operation);
/* "requestBody":{…}, */
void openapi_request_body(struct openapi *w, const struct lab_object *o,
                          enum lab_operation operation);

#endif
