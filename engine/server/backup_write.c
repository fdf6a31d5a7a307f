/* Writes an academy into one archive. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "server/backup.h"

#define CHUNK_BYTES ((size_t)256 * 1024)
#define SMALL_MAX ((size_t)1024 * 1024)

/* Other files of the data folder, which are taken when they exist. */
static const char *const optional_files[] = {"demo.json", "profile-links.txt"};

struct writing {
    struct arena *a;
    const char *data, *file, *made_at;
    int64_t now_ms;
    const char **why;
    struct store_partial out, database;
    struct archive *tar;
    struct backup_keys keys;
    const unsigned char *sealed;
    size_t sealed_len;
    struct {
        const char *name;
        const unsigned char *bytes; /* NULL: the copied database */
        int64_t len;
        const char *sha256;
    } part[BACKUP_FILES_MAX];
    size_t part_count;
    struct audit_head
        head; /* as it stood before the copy; seq 0: it was missing, or is not one of ours */
};

static enum err fail(struct writing *w, const char *words) {
    *w->why = arena_printf(w->a, "%s cannot be written: %s. Nothing is left of it.", w->file,
                           words);
    return ERR_IO;
}

static void add_part(struct writing *w, const char *name, const void *bytes, size_t len) {
    BUG_IF(w->part_count == BACKUP_FILES_MAX); /* the list of names is fixed */
    w->part[w->part_count].name = name;
    w->part[w->part_count].bytes = bytes;
    w->part[w->part_count].len = (int64_t)len;
    w->part[w->part_count++].sha256 = sha256_hex(w->a, bytes, len);
}

/* Finds hash and size of the database's copy, which is read a second time for the archive. */
static enum err add_database(struct writing *w) {
    unsigned char *chunk = arena_raw(w->a, CHUNK_BYTES), hash[SHA256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    int64_t sum = 0;
    ssize_t n;
    while ((n = pread(w->database.fd, chunk, CHUNK_BYTES, sum)) > 0) {
        crypto_hash_sha256_update(&state, chunk, (unsigned long long)n);
        sum += n;
    }
    if (n < 0) return fail(w, strerror(errno));
    crypto_hash_sha256_final(&state, hash);
    w->part[w->part_count].name = "gradus.db";
    w->part[w->part_count].bytes = NULL;
    w->part[w->part_count].len = sum;
    w->part[w->part_count++].sha256 = hex_encode(w->a, hash, sizeof hash);
    return OK;
}

/* A file that is there but cannot be read is an error: a backup without it would look complete. */
static enum err add_small(struct writing *w, const char *name, const char **text, size_t *len) {
    const char *path = arena_printf(w->a, "%s/%s", w->data, name);
    *text = file_read(w->a, path, SMALL_MAX, len);
    if (*text) add_part(w, name, *text, *len);
    else if (errno != ENOENT)
        return fail(w, arena_printf(w->a, "%s cannot be read (%s)", path, strerror(errno)));
    return OK;
}

/* The head is read before the copy is made, so that the copy can only be ahead of it. */
static enum err gather(struct writing *w, const char *passphrase) {
    const char *database = arena_printf(w->a, "%s/gradus.db", w->data), *text;
    size_t len = 0;
    struct audit_head head;
    enum err e = add_small(w, "gradus.db" STORE_HEAD_SUFFIX, &text, &len);
    if (e == OK && text && audit_head_parse(text, len, &head)) w->head = head;
    if (e == OK)
        e = store_partial_begin(&w->database, arena_printf(w->a, "%s.db", w->file), w->a, w->why);
    if (e == OK) e = store_copy_into(database, &w->database, w->a, w->why);
    if (e == OK) e = backup_keys_read(&w->keys, w->data, w->a, w->why);
    if (e == OK) e = add_database(w);
    if (e == OK && passphrase)
        e = backup_keys_seal(&w->keys, passphrase, w->a, &w->sealed, &w->sealed_len, w->why);
    for (size_t i = 0; e == OK && i < COUNT_OF(optional_files); i++)
        e = add_small(w, optional_files[i], &text, &len);
    if (e != OK) return e;
    if (passphrase) add_part(w, "keys.sealed", w->sealed, w->sealed_len);
    return OK;
}

static const char *manifest(struct writing *w) {
    struct buf b;
    buf_init(&b, w->a);
    buf_printf(&b, "{\"format\":\"" BACKUP_FORMAT "\",\n \"made_at\":\"%s\",\n", w->made_at);
    buf_printf(&b, " \"audit\":{\"rows\":%lld,\"hash\":\"%s\"},\n \"files\":[",
               (long long)w->head.seq, w->head.seq ? w->head.hash : "");
    for (size_t i = 0; i < w->part_count; i++)
        buf_printf(&b, "%s{\"name\":\"%s\",\"bytes\":%lld,\"sha256\":\"%s\"}", i ? ",\n  " : "\n  ",
                   w->part[i].name, (long long)w->part[i].len, w->part[i].sha256);
    buf_puts(&b, "],\n \"keys\":[");
    for (size_t i = 0; i < w->keys.count; i++)
        buf_printf(&b, "%s{\"name\":\"%s\",\"id\":\"%s\"}", i ? ",\n  " : "\n  ",
                   w->keys.key[i].name, w->keys.key[i].id);
    buf_puts(&b, "]}\n");
    return buf_text(&b);
}

/* ---- The archive ----------------------------------------------------------------------------- */

static enum err begin_entry(struct writing *w, const char *name, int64_t bytes) {
    struct archive_entry *entry = archive_entry_new();
    if (!entry) return fail(w, "memory is short");
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, bytes);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_mtime(entry, w->now_ms / 1000, 0);
    int rc = archive_write_header(w->tar, entry);
    archive_entry_free(entry);
    return rc == ARCHIVE_OK ? OK : fail(w, archive_error_string(w->tar));
}

static enum err write_bytes(struct writing *w, const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    for (la_ssize_t n; len; p += n, len -= (size_t)n) {
        n = archive_write_data(w->tar, p, len);
        if (n <= 0) return fail(w, n < 0 ? archive_error_string(w->tar) : "the disk takes no more");
    }
    return OK;
}

static enum err write_part(struct writing *w, const char *name, const void *bytes, size_t len) {
    enum err e = begin_entry(w, name, (int64_t)len);
    return e == OK ? write_bytes(w, bytes, len) : e;
}

static enum err write_database(struct writing *w, int64_t len) {
    unsigned char *chunk = arena_raw(w->a, CHUNK_BYTES);
    enum err e = begin_entry(w, "gradus.db", len);
    for (int64_t at = 0; e == OK && at < len;) {
        ssize_t n = pread(w->database.fd, chunk, CHUNK_BYTES, at);
        if (n <= 0) return fail(w, n < 0 ? strerror(errno) : "its copy of the database ends early");
        e = write_bytes(w, chunk, (size_t)n);
        at += n;
    }
    return e;
}

static enum err write_tar(struct writing *w) {
    const char *text = manifest(w);
    const char *sum = arena_printf(w->a, "%s\n", sha256_hex(w->a, text, strlen(text)));
    w->tar = archive_write_new();
    if (!w->tar) return fail(w, "memory is short");
    /* This format ends in whole blocks, so that a truncated archive is noticed. */
    if (archive_write_set_format_pax_restricted(w->tar) != ARCHIVE_OK ||
        archive_write_open_fd(w->tar, w->out.fd) != ARCHIVE_OK)
        return fail(w, archive_error_string(w->tar));
    enum err e = write_part(w, "manifest.json", text, strlen(text));
    if (e == OK) e = write_part(w, "manifest.json.sha256", sum, strlen(sum));
    for (size_t i = 0; e == OK && i < w->part_count; i++)
        e = w->part[i].bytes
                ? write_part(w, w->part[i].name, w->part[i].bytes, (size_t)w->part[i].len)
                : write_database(w, w->part[i].len);
    if (e == OK && archive_write_close(w->tar) != ARCHIVE_OK)
        e = fail(w, archive_error_string(w->tar));
    return e;
}

enum err backup_write(const char *data, const char *file, const char *passphrase, struct arena *a,
                      const char **why) {
    struct stat st;
    struct writing w = {.a = a, .data = data, .file = file, .why = why, .now_ms = clock_now_ms()};
    w.out.fd = w.database.fd = -1;
    w.made_at = time_iso(a, w.now_ms);
    if (lstat(file, &st) == 0) {
        *why = arena_printf(a, "%s exists already and is not overwritten. Name another file.",
                            file);
        return ERR_CONFLICT;
    }
    enum err e = store_partial_begin(&w.out, file, a, why);
    if (e == OK) e = gather(&w, passphrase);
    if (e == OK) e = write_tar(&w);
    if (e == OK) e = store_partial_publish(&w.out, a, why);
    if (w.tar) archive_write_free(w.tar);
    store_partial_end(&w.out, a);
    store_partial_end(&w.database, a);
    backup_keys_free(&w.keys);
    return e;
}
