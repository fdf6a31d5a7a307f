/* Files as answers: sent by the kernel from the disk, whole or in part, so that neither their size
 * nor a slow line holds memory or a thread. */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/text.h"
#include "http/connection.h"
#include "http/range.h"

/* RULE files-share: the rest of the descriptors belongs to the connections and the store. */
static bool count_file(struct connection *c) {
    atomic_long *sending = &c->http->files_sending;
    if (c->counts_file) return true;
    if (atomic_fetch_add(sending, 1) >= c->http->connections_max / HTTP_FILES_SHARE) {
        atomic_fetch_sub(sending, 1);
        return false;
    }
    c->counts_file = true;
    return true;
}

void file_drop(struct connection *c) {
    if (c->has_file) close(c->file);
    c->has_file = false;
}

void file_end(struct connection *c) {
    file_drop(c);
    if (c->counts_file) atomic_fetch_sub(&c->http->files_sending, 1);
    c->counts_file = false;
}

/* RFC 9110 section 13.1.5: with If-Range a part is sent only of the same file. A date is not
 * precise enough. */
static bool range_wanted(struct request *r, const char *etag) {
    const char *have = http_header_in(r, "If-Range");
    return str_eq(r->method_name, "GET") &&
           (!have || str_eq(have, arena_printf(r->arena, "\"%s\"", etag)));
}

bool file_take(struct connection *c, int fd) {
    file_drop(c);
    c->file = fd;
    c->has_file = true;
    if (count_file(c)) return true;
    file_drop(c);
    return false;
}

enum err http_send_file(struct request *r, const char *type, int fd, int64_t size,
                        const char *etag) {
    struct connection *c = r->connection;
    if (!file_take(c, fd)) return ERR_BUSY;
    http_header_out(r, "Accept-Ranges", "bytes");
    if (http_etag(r, etag)) return OK; /* http_bytes has closed the file */
    int64_t from = 0, len = size;
    enum range_kind kind = range_read(range_wanted(r, etag) ? http_header_in(r, "Range") : NULL,
                                      size, &from, &len);
    if (kind == RANGE_OUTSIDE) {
        http_header_out(r, "Content-Range",
                        arena_printf(r->arena, "bytes */%lld", (long long)size));
        return http_bytes(r, 416, "text/plain; charset=utf-8", "There is no such part.\n", 23,
                          true);
    }
    if (kind == RANGE_PART)
        http_header_out(r, "Content-Range",
                        arena_printf(r->arena, "bytes %lld-%lld/%lld", (long long)from,
                                     (long long)(from + len - 1), (long long)size));
    c->has_file = false; /* an answer of bytes would close it */
    (void)http_bytes(r, kind == RANGE_PART ? 206 : 200, type, "", 0, true);
    c->has_file = true;
    c->file_from = from;
    c->len = (size_t)len;
    return OK;
}

/* RFC 6266 with RFC 8187: a name that every client can read, and the true one. */
void http_save_as(struct request *r, const char *name) {
    struct buf b;
    buf_init(&b, r->arena);
    buf_puts(&b, "attachment; filename=\"");
    for (const char *p = name; *p; p++) {
        bool plain = *p >= 0x20 && *p < 0x7f && !strchr("\"\\%/", *p);
        if (((unsigned char)*p & 0xc0) != 0x80) buf_putc(&b, plain ? *p : '_');
    }
    buf_printf(&b, "\"; filename*=UTF-8''%s", percent_encode(r->arena, name, ""));
    http_header_out(r, "Content-Disposition", buf_text(&b));
}
