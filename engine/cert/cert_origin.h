/* The public address of an academy, which its certificates carry for good: did:web and every
 * address in them begin with it. */
#ifndef GR_CERT_ORIGIN_H
#define GR_CERT_ORIGIN_H

#include "base/arena.h"

/* What is wrong with `origin` as "http(s)://host[:port]", as the rest of a sentence about it: "it
 * names a user". NULL when certificates can carry it. Pure. */
const char *cert_origin_problem(const char *origin);

/* "did:web:academy.example" or "did:web:127.0.0.1%3A8080" for such an origin (did:web method,
 * section 3.1); NULL when it is none. Arena. */
char *cert_did_from_origin(struct arena *a, const char *origin);

#endif
