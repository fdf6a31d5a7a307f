/* The OpenAPI 3.1 description of a connector in a dialect. Pure. */
#ifndef GR_LAB_OPENAPI_H
#define GR_LAB_OPENAPI_H

#include "labmodel/lab_surface.h"

/* `server`: where the API is ("http://…/runs/R/api/crm"). It leads to the document of the lab's own
 * API beside it, which moves the clock. */
void lab_openapi(const struct lab_surface *s, const char *server, struct buf *out);

#endif
