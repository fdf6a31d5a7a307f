/* Answers that are larger than a request's memory: written to a file that has no name, which is
 * then sent like any other. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"
#include "http/connection.h"

/* Beside the database, since it may hold what that holds. The file belongs to the connection, which
 * closes it whatever comes. */
enum err http_spool_begin(struct http_spool *s, struct request *r) {
    char *path = arena_printf(r->arena, "%s/answer-XXXXXX", r->app->data);
    *s = (struct http_spool){.request = r, .hash = HASH_START};
    int fd = mkstemp(path);
    if (fd < 0) return ERR_IO;
    (void)unlink(path);
    return file_take(r->connection, fd) ? OK : ERR_BUSY;
}

enum err http_spool_write(struct http_spool *s, const void *bytes, size_t len) {
    if (!write_whole(s->request->connection->file, bytes, len)) return ERR_IO;
    s->size += (int64_t)len;
    s->hash = hash_more(s->hash, bytes, len);
    return OK;
}

enum err http_spool_send(struct http_spool *s, const char *type) {
    struct connection *c = s->request->connection;
    c->has_file = false; /* it is handed over */
    return http_send_file(s->request, type, c->file, s->size,
                          arena_printf(s->request->arena, "%llx", (unsigned long long)s->hash));
}
