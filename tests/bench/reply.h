/* Reading HTTP/1.1 answers: a parser that takes bytes as they come, Content-Length and chunked
 * alike. The load generator and the scripted browser share it, so that both sides of a ratio are
 * read by the same code. */
#ifndef GR_BENCH_REPLY_H
#define GR_BENCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_HEAD_LIMIT 16384

enum reply_state {
    REPLY_HEAD,
    REPLY_LENGTH,
    REPLY_CHUNK_SIZE,
    REPLY_CHUNK,
    REPLY_CHUNK_END,
    REPLY_TRAILER,
    REPLY_DONE,
    REPLY_BROKEN
};

struct reply {
    enum reply_state state;
    int status;
    bool closes;     /* the server says that it closes the connection */
    size_t body_len; /* decoded, so far */
    const char *why; /* when REPLY_BROKEN */
    /* Called with each piece of the decoded body; NULL: only counted. */
    void (*sink)(void *context, const char *bytes, size_t len);
    void *context;
    char head[REPLY_HEAD_LIMIT + 1]; /* status line and headers, NUL-terminated once complete */
    size_t head_len;
    uint64_t left;   /* of the body or of the chunk */
    size_t line_len; /* of a chunk's size line or of the trailer's line */
};

/* Makes it ready for the next answer; keeps sink and context. */
void reply_reset(struct reply *r);
/* Takes from `bytes` what belongs to this answer and returns how much that was; the rest is the
 * next one's. `r->state` tells whether the answer is complete. */
size_t reply_feed(struct reply *r, const char *bytes, size_t len);
/* The nth (from 0) header of that name, or NULL; copied to `out` (cap bytes, cut when longer). */
const char *reply_header(const struct reply *r, const char *name, int nth, char *out, size_t cap);

#endif
