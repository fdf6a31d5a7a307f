/* The files of a module, sent as they lie beside it: pictures, clips and what goes with them, files
 * to be saved. */
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/path.h"
#include "base/text.h"
#include "content/content_attached.h"
#include "content/content_private.h"

/* An SVG that is opened on its own is a document: the Content-Security-Policy of content_file_page
 * keeps it from running scripts and from loading anything. */
static enum err send_picture(struct request *r, const struct attached *f) {
    size_t len = 0;
    char *bytes = arena_alloc(r->arena, (size_t)f->size);
    for (ssize_t n; (n = pread(f->fd, bytes + len, (size_t)f->size - len, (off_t)len)) > 0;)
        len += (size_t)n;
    close(f->fd);
    if (http_etag(r, version_of(r->arena, bytes, len))) return OK;
    return http_bytes(r, 200, f->kind->type, bytes, len, true);
}

/* No kind of file that is sent is one that a browser would run, and each is sent with the type that
 * its ending says, to be shown, played or saved. */
enum err content_file_page(struct request *r) {
    const struct content_file *module = snapshot_module(content_of(r), r->param[0]);
    struct attached f;
    const char *why;
    if (!module || !attached_open(r->arena,
                                  arena_printf(r->arena, "%s/%s", r->app->root,
                                               path_folder(r->arena, module->path)),
                                  r->param[1], &f, &why))
        return http_refuse(r, ERR_NOT_FOUND, "content_no_picture", NULL);
    http_header_out(r, "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; sandbox");
    if (f.kind->use == ATTACHED_PICTURE) return send_picture(r, &f);
    if (f.kind->use == ATTACHED_FILE) http_save_as(r, r->param[1]);
    return http_send_file(r, f.kind->type, f.fd, f.size,
                          arena_printf(r->arena, "%llx-%llx-%llx", (unsigned long long)f.inode,
                                       (unsigned long long)f.mtime_ns, (unsigned long long)f.size));
}
