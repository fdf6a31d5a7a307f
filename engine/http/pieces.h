/* Compressing pages piece by piece: what many pages share is compressed once.
 *
 * A page is cut where it differs from person to person and around what was rendered long before
 * (see struct page_cut). Each piece between the cuts is a run of deflate blocks that ends at a
 * byte, so that kept pieces can stand in one gzip member (RFC 1951, RFC 1952). A piece may refer
 * back to those before it, as long as only what is equally long on every page stands between: then
 * it is kept for that place behind that piece. What stands apart is small and goes in uncompressed;
 * tokens thereby also stay out of what compression can betray. */
#ifndef GR_HTTP_PIECES_H
#define GR_HTTP_PIECES_H

#include "http/shelf.h"
#include "page/page.h"

struct pieces;
struct piece; /* a text and its compressed form; never changes */

/* Keeps up to `bytes` of pieces and their compressed forms, for all threads. NULL when there is no
 * memory. */
struct pieces *pieces_new(size_t bytes);
/* No thread may still be in a call, and nobody hold a piece. */
void pieces_free(struct pieces *p);

/* Which pieces a page is made of; what stands between them is uncompressed. */
struct page_part {
    struct piece *piece; /* held: piece_drop; NULL: it was not worth keeping yet */
    size_t from, len;    /* bytes of the page */
};
struct page_parts { /* zeroed; the array is in the arena */
    struct page_part *at;
    size_t count;
    bool incomplete; /* one is not kept */
};

/* The text as one gzip member in the arena, or 0 when that would be no shorter. `cuts` in order,
 * without overlap. `parts` may be NULL. */
size_t pieces_gzip(struct pieces *p, struct arena *a, const char *text, size_t len,
                   const struct page_cut *cuts, size_t count, struct page_parts *parts,
                   const unsigned char **out);

void piece_hold(struct piece *e);
void piece_drop(struct pieces *p, struct piece *e);
const char *piece_text(const struct piece *e, size_t *len);
size_t piece_packed(const struct piece *e); /* bytes compressed */
size_t piece_weight(const struct piece *e); /* bytes of memory */

/* A gzip member of pieces and uncompressed texts, in the order of the page. */
struct gzip_member {
    unsigned char *out; /* arena */
    size_t len, room, text_len;
    uint32_t crc;
    bool failed; /* there was no room */
};
#define MEMBER_ROOM 64 /* header, last block and trailer */
#define MEMBER_TEXT 5  /* around each 65,535 bytes of uncompressed text */
void member_begin(struct gzip_member *m, struct arena *a, size_t room);
void member_text(struct gzip_member *m, const char *text, size_t len);
/* Pieces that refer back must stand behind the same ones as in the page that they were made for,
 * equally far. */
void member_piece(struct gzip_member *m, const struct piece *e);
/* Its length; 0 when it failed or is no shorter than the text. */
size_t member_end(struct gzip_member *m);

void pieces_stats(struct pieces *p, struct shelf_stats *out);

#endif
