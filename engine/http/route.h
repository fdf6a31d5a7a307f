/* Matching of paths against the route table. Pure. */
#ifndef GR_HTTP_ROUTE_H
#define GR_HTTP_ROUTE_H

#include "http/http.h"

struct route_match {
    const struct route *route;         /* NULL: no such path, or not with this method */
    bool path_known;                   /* some route has this path: 405 rather than 404 */
    unsigned allowed;                  /* bits 1 << enum method, for the Allow header */
    const char *param[REQUEST_PARAMS]; /* decoded captures; arena */
};
/* `raw_path` is percent-encoded, as it came; a %2F stays inside its segment. False when an escape
 * is broken, holds NUL or is no UTF-8. */
bool route_find(const struct route *routes, size_t count, enum method method, const char *raw_path,
                struct arena *a, struct route_match *out);

#endif
