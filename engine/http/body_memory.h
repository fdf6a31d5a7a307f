/* Limits the memory of request bodies: of all together, and of one address. Any thread. */
#ifndef GR_HTTP_BODY_MEMORY_H
#define GR_HTTP_BODY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* The limit of all request bodies together, so that many uploads cannot use up the memory. Half of
 * it is for small bodies, so that saves do not wait for uploads. RULE share-of-bodies: of the other
 * half, one address has a quarter. */
#define BODY_MEMORY_LIMIT ((size_t)256 * 1024 * 1024)
#define BODY_MEMORY_SHARE (BODY_MEMORY_LIMIT / 8)
#define BODY_SMALL ((size_t)16 * 1024)

struct body_memory;
struct body_memory *body_memory_new(void);    /* NULL without memory */
void body_memory_free(struct body_memory *b); /* NULL is fine */
/* The body of this client (an address as text) grows from `had` to `wants` bytes. False, and
 * nothing has changed, when there is no room. IPv6 addresses count by their first 64 bits, the
 * network of one subscriber. */
bool body_memory_grow(struct body_memory *b, const char *client, size_t had, size_t wants);
/* The body of `had` bytes is freed. */
void body_memory_release(struct body_memory *b, const char *client, size_t had);

#endif
