/* Compressing pages piece by piece: what many pages share is compressed once.
 *
 * A page is cut around what differs from person to person and around large borrowed html (see
 * struct page_cut). Each piece between the cuts is a run of deflate blocks that ends at a byte's
 * boundary, so that cached pieces can stand in one gzip member (RFC 1951, RFC 1952). A piece may
 * refer back to pieces before it if only text that is equally long on every page is between them;
 * it is then cached for that position behind that piece. Personal text is small and stored
 * uncompressed, so that the size of a page does not leak tokens (BREACH). */
#ifndef GR_HTTP_PIECES_H
#define GR_HTTP_PIECES_H

#include "http/lru_cache.h"
#include "page/page.h"

struct pieces;

/* Keeps up to `bytes` of pieces and their compressed forms, for all threads. NULL when there is no
 * memory. */
struct pieces *pieces_new(size_t bytes);
/* No thread may still be in a call. */
void pieces_free(struct pieces *p);

/* The text as one gzip member in the arena, or 0 when that would be no shorter. `cuts` in order,
 * without overlap. */
size_t pieces_gzip(struct pieces *p, struct arena *a, const char *text, size_t len,
                   const struct page_cut *cuts, size_t count, const unsigned char **out);

void pieces_stats(struct pieces *p, struct lru_cache_stats *out);

#endif
