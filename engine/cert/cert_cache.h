/* Caches of the signed status list and of drawn files. */
#ifndef GR_CERT_CACHE_H
#define GR_CERT_CACHE_H

#include "cert/cert_private.h"

/* The signed list as JSON (arena), signed anew when a bit changed or half of its time is over.
 * ERR_NOT_FOUND: no such list. */
enum err cert_signed_list(struct certs *c, struct db *db, struct arena *a, int64_t list_id,
                          int64_t now_ms, const char **json, const char **etag) MUST_USE;

/* Finds and stores drawn files by key. `*bytes` is a copy (arena). */
bool cert_drawn_find(struct certs *c, struct arena *a, const char *key, unsigned char **bytes,
                     size_t *len);
void cert_drawn_keep(struct certs *c, const char *key, const unsigned char *bytes, size_t len);

#endif
