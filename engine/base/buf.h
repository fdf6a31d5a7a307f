/* Growing text or bytes in an arena; the arena's cap is the limit. Always NUL-terminated. */
#ifndef GR_BASE_BUF_H
#define GR_BASE_BUF_H

#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *data; /* arena; valid until the next call that adds */
    size_t len, cap;
};

void buf_init(struct buf *b, struct arena *a);
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
/* A character as UTF-8 (Unicode 15, table 3-6), up to U+1FFFFF: whether it is one (half of a
 * surrogate pair is none) is the caller's to know. */
void buf_character(struct buf *b, uint32_t c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `len` more bytes; returns where they go. Call buf_advance with what was used. */
char *buf_reserve(struct buf *b, size_t len);
void buf_advance(struct buf *b, size_t len);
/* The text so far, never NULL. */
const char *buf_text(struct buf *b);

/* Text with & < > " ' escaped, safe in HTML content and quoted attributes. */
void buf_html(struct buf *b, const char *text, size_t len);
/* A JSON string with its quotes. Invalid UTF-8 becomes U+FFFD. */
void buf_json(struct buf *b, const char *text);

#endif
