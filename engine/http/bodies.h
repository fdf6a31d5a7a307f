/* Memory for the bodies of requests: how much all may have together, and how much of it one
 * address. Any thread. */
#ifndef GR_HTTP_BODIES_H
#define GR_HTTP_BODIES_H

#include <stdbool.h>
#include <stddef.h>

/* All request bodies together: a crowd of uploads may not eat the machine. Half of it is for small
 * ones: nobody's saving waits until strangers have sent their files. RULE share-of-bodies: of the
 * other half, one address has a quarter. */
#define BODIES_LIMIT ((size_t)256 * 1024 * 1024)
#define BODIES_SHARE (BODIES_LIMIT / 8)
#define BODY_SMALL ((size_t)16 * 1024)

struct bodies;
struct bodies *bodies_new(void);    /* NULL without memory */
void bodies_free(struct bodies *b); /* NULL is fine */
/* A body of this client (an address as text) grows from `had` to `wants` bytes; false, and nothing
 * has changed, when there is no room. Its address counts by the network that one subscriber has
 * (IPv6: 64 bits). */
bool bodies_grow(struct bodies *b, const char *client, size_t had, size_t wants);
void bodies_end(struct bodies *b, const char *client, size_t had);

#endif
