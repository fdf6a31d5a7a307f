/* An academy as one file: a tar archive (POSIX pax) of
 *
 *     manifest.json            names the files with sizes and SHA-256, how far the audit log had
 *                              come, and which keys belong to the academy
 *     manifest.json.sha256     the digest of the manifest
 *     gradus.db                a consistent copy of the database
 *     gradus.db.audit-head     read before the copy was begun, so that it is never ahead of it
 *     demo.json                when it is there
 *     profile-links.txt        when it is there
 *     keys.sealed              all key files, when they were asked for: see backup_keys.c
 *
 * Any tar program opens it. What is read back is compared with the manifest before anything is
 * changed. */
#ifndef GR_SERVER_BACKUP_H
#define GR_SERVER_BACKUP_H

#include "store/store.h"

#define BACKUP_FORMAT "gradus-backup/1"
#define BACKUP_FILES_MAX 8
#define BACKUP_KEYS_MAX 80
#define BACKUP_KEY_NAME_MAX 64
#define PASSPHRASE_MIN 12
#define PASSPHRASE_MAX 1023

/* ---- Keys ------------------------------------------------------------------------------------ */
/* Key files of a data folder: "keys/issuer-0001.key", "lab.key", "seal.key". Their
 * bytes are in guarded memory. */
struct backup_key {
    char name[BACKUP_KEY_NAME_MAX];
    char id[17]; /* a digest that identifies the key and reveals nothing of it: see name_key */
    unsigned char bytes[128];
    size_t len;
};
struct backup_keys {
    struct backup_key *key; /* sodium_malloc; BACKUP_KEYS_MAX of them */
    size_t count;
};
/* Reads the key files of a data folder; `count` is 0 when it has none. ERR_LIMIT or ERR_IO, with a
 * sentence. */
enum err backup_keys_read(struct backup_keys *k, const char *data, struct arena *a,
                          const char **why) MUST_USE;
void backup_keys_free(struct backup_keys *k); /* wipes */
/* Encrypts the keys with a key derived from the passphrase (Argon2id, XSalsa20-Poly1305). `*out`:
 * arena. */
enum err backup_keys_seal(const struct backup_keys *k, const char *passphrase, struct arena *a,
                          const unsigned char **out, size_t *len, const char **why) MUST_USE;
/* Decrypts them. ERR_DENIED: the passphrase is wrong, or the bytes are damaged. */
enum err backup_keys_open(struct backup_keys *k, const unsigned char *sealed, size_t len,
                          const char *passphrase, const char **why) MUST_USE;
/* Writes one key file that only its owner can read (0600). */
bool backup_key_write(const struct backup_key *key, const char *path);
/* Asks on the terminal without echo, `twice` to catch typing errors; where standard input is no
 * terminal, reads one line of it. An empty text: none was given. NULL with a sentence on an error.
 * Guarded memory, to be freed with sodium_free. */
char *backup_passphrase(bool twice, const char **why);

/* ---- Archives -------------------------------------------------------------------------------- */
struct backup_file {
    const char *name;
    int64_t bytes;
    const char *sha256;
};
struct backup_manifest {
    const char *made_at; /* RFC 3339 */
    int64_t rows;        /* of the audit log, by its head; 0: it was missing */
    struct backup_file file[BACKUP_FILES_MAX];
    size_t file_count;
    bool sealed; /* keys.sealed is one of them */
    struct {
        const char *name, *id;
    } key[BACKUP_KEYS_MAX]; /* all keys of the academy, whether or not the archive holds them */
    size_t key_count;
};

/* Writes the archive `file`; with the keys unless `passphrase` is NULL. */
enum err backup_write(const char *data, const char *file, const char *passphrase, struct arena *a,
                      const char **why) MUST_USE;
/* Whether a file is a bare SQLite database, as backups of older versions are. */
bool backup_is_database(const char *file);
/* Extracts the files of an archive and compares each with the manifest. `*sealed` (arena) is the
 * content of keys.sealed; NULL: the archive has no keys. */
enum err backup_read(const char *file, struct store_stage *stage, struct backup_manifest *out,
                     const unsigned char **sealed, size_t *sealed_len, struct arena *a,
                     const char **why) MUST_USE;

#endif
