/* Static files: read at start, compressed once, named after their content.
 *
 * "style/app.css" is served as /static/style/app.css and, for a year, as
 * /static/style/app.0123456789.css. A style sheet's relative url(…) addresses become hashed ones
 * here, so that a changed font or picture changes the sheet too. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "page/site_private.h"

#define HASH_DIGITS 10

static const struct {
    const char *suffix, *type;
    bool compress;
} types[] = {
    {".css", "text/css; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".mjs", "text/javascript; charset=utf-8", true},
    {".json", "application/json", true},
    {".svg", "image/svg+xml", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".map", "application/json", true},
    {".webmanifest", "application/manifest+json", true},
    {".woff2", "font/woff2", false},
    {".png", "image/png", false},
    {".jpg", "image/jpeg", false},
    {".webp", "image/webp", false},
    {".ico", "image/x-icon", true},
    {".wasm", "application/wasm", true},
};

static size_t type_of(const char *path) {
    size_t i = 0;
    while (i < COUNT_OF(types) && !str_has_suffix(path, types[i].suffix)) i++;
    return i;
}

void blobs_free(struct blob *b) {
    while (b) {
        struct blob *next = b->next;
        free(b->path);
        free(b->hashed_path);
        free(b->url);
        free(b->etag);
        free(b->bytes);
        free(b->gzip);
        free(b);
        b = next;
    }
}

/* Keeps the compressed form only when that saves a tenth. */
static void compress_blob(struct blob *b) {
    z_stream z = {0};
    if (b->len < 200 || deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    uLong bound = deflateBound(&z, b->len);
    unsigned char *out = malloc(bound);
    if (out) {
        z.next_in = b->bytes;
        z.avail_in = (uInt)b->len;
        z.next_out = out;
        z.avail_out = (uInt)bound;
        if (deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < b->len - b->len / 10) {
            b->gzip = out;
            b->gzip_len = z.total_out;
            out = NULL;
        }
    }
    free(out);
    deflateEnd(&z);
}

static struct blob *make_blob(struct arena *a, const char *name, const char *etag, size_t type,
                              const char *bytes, size_t len) {
    const char *dot = strrchr(name, '.');
    int stem = (int)(dot - name);
    char *hashed = arena_printf(a, "%.*s.%.*s%s", stem, name, HASH_DIGITS, etag, dot);
    char *url = arena_printf(a, "/static/%s", hashed);
    struct blob *b = calloc(1, sizeof *b);
    if (!b) arena_starve(a);
    b->path = strdup(name);
    b->hashed_path = strdup(hashed);
    b->url = strdup(url);
    b->etag = strdup(etag);
    b->bytes = malloc(len + 1);
    b->len = len;
    b->type = types[type].type;
    if (!b->path || !b->hashed_path || !b->url || !b->etag || !b->bytes) {
        blobs_free(b);
        arena_starve(a);
    }
    memcpy(b->bytes, bytes, len);
    b->bytes[len] = '\0';
    if (types[type].compress) compress_blob(b);
    return b;
}

/* The blob of these bytes: an earlier one when nothing changed. */
static const struct blob *blob_for(struct site *s, struct generation *g, const char *name,
                                   size_t type, const char *bytes, size_t len) {
    char *etag = sha256_hex(&g->arena, bytes, len);
    etag[32] = '\0';
    for (const struct blob *b = s->blobs; b; b = b->next)
        if (strcmp(b->path, name) == 0 && strcmp(b->etag, etag) == 0) return b;
    struct blob *b = make_blob(&g->arena, name, etag, type, bytes, len);
    b->next = s->blobs;
    s->blobs = b;
    return b;
}

static void remember(struct generation *g, const struct blob *b) {
    int plain = name_table_add(&g->statics, b->path),
        hashed = name_table_add(&g->statics, b->hashed_path);
    g->files[plain] = g->files[hashed] = b;
    g->immutable[hashed] = true;
    char *asset = arena_dup(&g->arena, b->path);
    for (char *p = asset; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')))
            *p = '_';
    g->asset_urls[name_table_add(&g->assets, asset)] = b->url;
}

/* The file that `address`, relative to the style sheet `name`, leads to. NULL when it is none of
 * site/static. */
static const struct blob *linked(struct generation *g, const char *name, const char *address,
                                 size_t len) {
    if (len >= 2 && memcmp(address, "./", 2) == 0) address += 2, len -= 2;
    int folder = (int)(path_name(name) - name);
    int found = name_table_find(
        &g->statics, arena_printf(&g->arena, "%.*s%.*s", folder, name, (int)len, address));
    return found >= 0 ? g->files[found] : NULL;
}

static void rewrite_addresses(struct generation *g, const char *name, const char *css, size_t len,
                              struct buf *out) {
    size_t from = 0;
    for (;;) {
        const char *hit = memmem(css + from, len - from, "url(", 4);
        if (!hit) break;
        size_t at = (size_t)(hit - css) + 4;
        char quote = css[at] == '"' || css[at] == '\'' ? css[at] : 0;
        if (quote) at++;
        size_t end = at;
        while (end < len && css[end] != ')' && css[end] != quote && css[end] != '#' &&
               css[end] != '\n')
            end++;
        const struct blob *b = linked(g, name, css + at, end - at);
        buf_add(out, css + from, at - from);
        if (b) buf_puts(out, b->url);
        else buf_add(out, css + at, end - at);
        from = end;
    }
    buf_add(out, css + from, len - from);
}

void statics_load(struct site *s, struct generation *g, struct problem_log *problems) {
    struct site_file *files;
    size_t count = site_list(&g->arena, s->root, "site/static", &files);
    g->files = NEW_ARRAY(&g->arena, const struct blob *, 2 * count + 1);
    g->immutable = NEW_ARRAY(&g->arena, bool, 2 * count + 1);
    g->asset_urls = NEW_ARRAY(&g->arena, const char *, count + 1);
    /* Style sheets last, since they contain the hashed addresses of the others. */
    for (int sheets = 0; sheets <= 1; sheets++) {
        for (size_t i = 0; i < count; i++) {
            const char *name = files[i].name;
            size_t type = type_of(name), len = 0;
            if (str_has_suffix(name, ".css") != sheets) continue;
            if (type == COUNT_OF(types)) {
                problem_add(problems,
                            "%s:0:0: warning: files of this type are not served [static]\n",
                            files[i].path);
                continue;
            }
            const char *bytes = site_read(&g->arena, s->root, files[i].path, &len);
            if (!bytes) {
                problem_add(
                    problems,
                    "%s:0:0: warning: the file cannot be read, or is larger than 4 MiB [static]\n",
                    files[i].path);
                continue;
            }
            struct buf rewritten;
            buf_init(&rewritten, &g->arena);
            if (sheets) {
                rewrite_addresses(g, name, bytes, len, &rewritten);
                bytes = buf_text(&rewritten);
                len = rewritten.len;
            }
            remember(g, blob_for(s, g, name, type, bytes, len));
        }
    }
}
