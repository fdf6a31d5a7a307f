/* Pages that were made before. Rendering is a pure function, and page_key tells what goes into it: a page whose key equals an
 * earlier one's, byte for byte, is put together from that one's parts and from its own texts that stand apart. Nothing of one
 * person can thereby reach another: what is not apart is in the key, what is apart is not kept. */
#ifndef GR_HTTP_KEPT_H
#define GR_HTTP_KEPT_H

#include "http/pieces.h"

struct kept;
struct kept_page;

/* Keeps pages of up to `bytes`, for all threads; `p` must outlive it. NULL when there is no memory. */
struct kept *kept_new(size_t bytes, struct pieces *p);
/* No thread may still be in a call. */
void kept_free(struct kept *k);

/* Held (kept_drop), or NULL; then `*again` tells whether this key was asked for before. */
struct kept_page *kept_find(struct kept *k, const struct buf *key, bool *again);
void kept_drop(struct kept_page *page);
/* Keeps a rendered page for its key, when it can be. `apart` is the key's. */
void kept_add(struct kept *k, const struct buf *key, const struct page_aparts *apart,
              const char *text, size_t len, const struct page_cuts *cuts);

/* The page with these texts apart, appended to `out`. */
void kept_text(const struct kept_page *page, const struct page_aparts *apart, struct buf *out);
/* The same as a gzip member in the arena; 0 when it must be rendered anew. */
size_t kept_gzip(const struct kept_page *page, const struct page_aparts *apart, struct arena *a,
                 const unsigned char **out);

void kept_stats(struct kept *k, struct shelf_stats *out);

#endif
