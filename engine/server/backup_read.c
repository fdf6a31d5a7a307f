/* Reads a backup archive: extracts its files and compares each with the manifest. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "server/backup.h"

#define MANIFEST_MAX ((size_t)64 * 1024)
#define SEALED_MAX ((size_t)64 * 1024)

struct reading {
    struct arena *a;
    const char *file;
    const char **why;
    struct store_stage *stage;
    struct backup_manifest *out;
    struct archive *tar;
    const unsigned char *sealed;
    size_t sealed_len;
    bool seen[BACKUP_FILES_MAX];
};

static enum err refuse(struct reading *r, const char *words) {
    *r->why = arena_printf(r->a, "%s is no whole backup of Gradus: %s. Nothing was changed.",
                           r->file, words);
    return ERR_INVALID;
}

bool backup_is_database(const char *file) {
    char first[16] = {0};
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && read(fd, first, sizeof first) == sizeof first &&
              memcmp(first, "SQLite format 3", sizeof first) == 0;
    if (fd >= 0) close(fd);
    return is;
}

/* ---- The manifest ---------------------------------------------------------------------------- */

static bool name_fits(const char *name) {
    static const char *const names[] = {"gradus.db", ("gradus.db" STORE_HEAD_SUFFIX), "demo.json",
                                        "profile-links.txt", "keys.sealed"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq(name, names[i])) return true;
    return false;
}

static const char *member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static enum err parse_files(struct reading *r, const json_t *files) {
    struct backup_manifest *m = r->out;
    if (json_array_size(files) > BACKUP_FILES_MAX)
        return refuse(r, "its manifest names too many files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *f = json_array_get(files, i), *bytes = json_object_get(f, "bytes");
        struct backup_file *to = &m->file[m->file_count++];
        *to = (struct backup_file){member(f, "name"), json_integer_value(bytes),
                                   member(f, "sha256")};
        if (!to->name || !name_fits(to->name) || !to->sha256 || to->bytes < 0)
            return refuse(r, "its manifest names a file that this program does not know");
        if (str_eq(to->name, "keys.sealed")) m->sealed = true;
    }
    return OK;
}

static enum err parse_manifest(struct reading *r, const char *text, size_t len) {
    struct backup_manifest *m = r->out;
    const char *ignored;
    const json_t *doc = json_read(r->a, text, len, &ignored);
    const char *format = member(doc, "format");
    if (!format) return refuse(r, "its manifest cannot be read");
    if (!str_eq(format, BACKUP_FORMAT))
        return refuse(
            r, arena_printf(r->a, "it is of the format %s, made by a newer program", format));
    m->made_at = member(doc, "made_at");
    m->rows = json_integer_value(json_object_get(json_object_get(doc, "audit"), "rows"));
    const json_t *keys = json_object_get(doc, "keys");
    for (size_t i = 0; i < json_array_size(keys) && i < BACKUP_KEYS_MAX; i++) {
        const json_t *k = json_array_get(keys, i);
        if (!member(k, "name") || !member(k, "id")) return refuse(r, "its manifest cannot be read");
        m->key[m->key_count].name = member(k, "name");
        m->key[m->key_count++].id = member(k, "id");
    }
    return m->made_at ? parse_files(r, json_object_get(doc, "files"))
                      : refuse(r, "its manifest cannot be read");
}

/* ---- Entries --------------------------------------------------------------------------------- */

static enum err broken(struct reading *r) {
    const char *words = archive_error_string(r->tar);
    return refuse(r, words ? arena_printf(r->a, "%s", words) : "it cannot be read");
}

/* Goes to the next entry; `*name` is its name, NULL at the end. */
static enum err next_entry(struct reading *r, const char **name, int64_t *bytes) {
    struct archive_entry *entry = NULL;
    int rc = archive_read_next_header(r->tar, &entry);
    *name = NULL;
    if (rc == ARCHIVE_EOF) return OK;
    if (rc != ARCHIVE_OK) return broken(r);
    const char *path = archive_entry_pathname(entry);
    if (!path || archive_entry_filetype(entry) != AE_IFREG)
        return refuse(r, "it holds something that is no file");
    *name = arena_dup(r->a, path);
    *bytes = archive_entry_size(entry);
    return OK;
}

static enum err read_small(struct reading *r, int64_t bytes, size_t max, unsigned char **out) {
    if (bytes < 0 || (size_t)bytes > max) return refuse(r, "one of its files is too large");
    *out = arena_alloc(r->a, (size_t)bytes + 1);
    for (int64_t at = 0; at < bytes;) {
        la_ssize_t n = archive_read_data(r->tar, *out + at, (size_t)(bytes - at));
        if (n <= 0) return n < 0 ? broken(r) : refuse(r, "it ends early");
        at += n;
    }
    return OK;
}

static enum err expect(struct reading *r, const char *wanted, size_t max, unsigned char **out,
                       size_t *len) {
    const char *name;
    int64_t bytes = 0;
    enum err e = next_entry(r, &name, &bytes);
    if (e == OK && !str_eq(name, wanted)) e = refuse(r, "it does not begin with a manifest");
    if (e == OK) e = read_small(r, bytes, max, out);
    *len = e == OK ? (size_t)bytes : 0;
    return e;
}

static enum err extract_file(struct reading *r, const struct backup_file *f) {
    const char *path = store_stage_file(r->stage, f->name, r->a);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    unsigned char chunk[65536], hash[SHA256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    int64_t sum = 0;
    la_ssize_t n = 0;
    bool written = fd >= 0;
    while (written && (n = archive_read_data(r->tar, chunk, sizeof chunk)) > 0) {
        crypto_hash_sha256_update(&state, chunk, (unsigned long long)n);
        sum += n;
        written = write_whole(fd, chunk, (size_t)n);
    }
    int os = errno;
    if (fd >= 0 && close(fd) != 0) written = false;
    if (!written) {
        *r->why = arena_printf(r->a, "%s cannot be written: %s. Nothing was changed.", path,
                               strerror(os));
        return ERR_IO;
    }
    if (n < 0) return broken(r);
    crypto_hash_sha256_final(&state, hash);
    if (sum != f->bytes || !str_eq(hex_encode(r->a, hash, sizeof hash), f->sha256))
        return refuse(
            r, arena_printf(r->a, "%s in it is not what its manifest says (damaged?)", f->name));
    return OK;
}

static enum err read_entry(struct reading *r, const char *name, int64_t bytes) {
    struct backup_manifest *m = r->out;
    size_t i = 0;
    while (i < m->file_count && !str_eq(m->file[i].name, name)) i++;
    if (i == m->file_count || r->seen[i])
        return refuse(r, "it holds a file that its manifest does not name");
    r->seen[i] = true;
    if (!str_eq(name, "keys.sealed")) return extract_file(r, &m->file[i]);
    unsigned char *sealed = NULL;
    enum err e = read_small(r, bytes, SEALED_MAX, &sealed);
    if (e != OK) return e;
    if (bytes != m->file[i].bytes ||
        !str_eq(sha256_hex(r->a, sealed, (size_t)bytes), m->file[i].sha256))
        return refuse(r, "keys.sealed in it is not what its manifest says (damaged?)");
    r->sealed = sealed;
    r->sealed_len = (size_t)bytes;
    return OK;
}

static enum err read_all(struct reading *r) {
    unsigned char *text = NULL, *sum = NULL;
    size_t len = 0, sum_len = 0;
    enum err e = expect(r, "manifest.json", MANIFEST_MAX, &text, &len);
    if (e == OK) e = expect(r, "manifest.json.sha256", 128, &sum, &sum_len);
    if (e != OK) return e;
    if (!str_eq((char *)sum, arena_printf(r->a, "%s\n", sha256_hex(r->a, text, len))))
        return refuse(r, "its manifest is damaged");
    e = parse_manifest(r, (char *)text, len);
    const char *name;
    int64_t bytes;
    while (e == OK && (e = next_entry(r, &name, &bytes)) == OK && name)
        e = read_entry(r, name, bytes);
    for (size_t i = 0; e == OK && i < r->out->file_count; i++)
        if (!r->seen[i])
            e = refuse(r, arena_printf(r->a, "%s is missing in it", r->out->file[i].name));
    bool database = false;
    for (size_t i = 0; i < r->out->file_count; i++)
        database |= str_eq(r->out->file[i].name, "gradus.db");
    return e == OK && !database ? refuse(r, "there is no database in it") : e;
}

enum err backup_read(const char *file, struct store_stage *stage, struct backup_manifest *out,
                     const unsigned char **sealed, size_t *sealed_len, struct arena *a,
                     const char **why) {
    struct reading r = {.a = a, .file = file, .why = why, .stage = stage, .out = out};
    memset(out, 0, sizeof *out);
    codec_start();
    r.tar = archive_read_new();
    if (!r.tar) return refuse(&r, "memory is short");
    enum err e = OK;
    if (archive_read_support_format_tar(r.tar) != ARCHIVE_OK ||
        archive_read_open_filename(r.tar, file, 256 * 1024) != ARCHIVE_OK)
        e = broken(&r);
    if (e == OK) e = read_all(&r);
    archive_read_free(r.tar);
    *sealed = r.sealed;
    *sealed_len = r.sealed_len;
    return e;
}
