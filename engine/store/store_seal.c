/* Seals of rows (RULE row-seal): the key, making and comparing. */
#include "store/store_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/path.h"
#include "base/text.h"
#include "store/store_db.h"

#define SEAL_CHARS (2 * crypto_auth_hmacsha256_BYTES)

#define KEY_NAME "seal.key"
#define USED '+' /* behind the key in its file */

/* Reads the file; a missing one is made. */
static bool read_key(struct arena *a, const char *path, unsigned char key[SEAL_KEY_BYTES],
                     bool *used) {
    size_t len = 0;
    char *bytes = file_read(a, path, SEAL_KEY_BYTES + 2, &len);
    *used = bytes && len == SEAL_KEY_BYTES + 1 && bytes[SEAL_KEY_BYTES] == USED;
    if (*used) memcpy(key, bytes, SEAL_KEY_BYTES);
    if (bytes) sodium_memzero(bytes, len);
    return *used || key_file(a, path, key, SEAL_KEY_BYTES);
}

enum err seal_key_open(struct seal_key *k, const char *database, bool make, struct arena *a,
                       const char **why) {
    unsigned char key[SEAL_KEY_BYTES], name[crypto_auth_hmacsha256_BYTES];
    const char *path = arena_printf(a, "%s/" KEY_NAME, path_folder(a, database));
    bool used;
    _Static_assert(SEAL_KEY_BYTES == crypto_auth_hmacsha256_KEYBYTES, "HMAC-SHA256");
    k->here = false;
    if (!make && access(path, F_OK) != 0) return OK;
    if (!read_key(a, path, key, &used)) {
        if (!make) return OK; /* another user's, perhaps */
        *why = arena_printf(a, "The key of the rows' seals, %s, cannot be read or written.", path);
        return ERR_IO;
    }
    crypto_auth_hmacsha256_init(&k->keyed, key, sizeof key);
    sodium_memzero(key, sizeof key);
    crypto_auth_hmacsha256_state s = k->keyed;
    crypto_auth_hmacsha256_update(&s, (const unsigned char *)"gradus-seal-key", 15);
    crypto_auth_hmacsha256_final(&s, name);
    sodium_bin2hex(k->fingerprint, sizeof k->fingerprint, name, SEAL_FINGERPRINT_CHARS / 2);
    atomic_store(&k->used, used);
    k->here = true;
    return OK;
}

/* One byte at its end: whatever happens meanwhile, the key stands. */
bool seal_key_use(struct seal_key *k, const char *database) {
    char folder[4096], path[sizeof folder + sizeof "/" KEY_NAME];
    if (!k->here || atomic_load(&k->used)) return true;
    errno = ENAMETOOLONG;
    if (!path_folder_into(database, folder, sizeof folder)) return false;
    snprintf(path, sizeof path, "%s/" KEY_NAME, folder);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    bool ok = fd >= 0 && write(fd, &(const char){USED}, 1) == 1 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0) close(fd);
    atomic_store(&k->used, ok);
    errno = why;
    return ok;
}

void seal_key_close(struct seal_key *k) { sodium_memzero(&k->keyed, sizeof k->keyed); }

/* ---- Rows ------------------------------------------------------------------------------------ */

/* Adds one fact, framed by its length: two rows whose facts differ never give the same bytes. */
static void add(crypto_auth_hmacsha256_state *s, const char *text) {
    char frame[24];
    size_t len = text ? strlen(text) : 0;
    int n = text ? snprintf(frame, sizeof frame, "%zu:", len) : snprintf(frame, sizeof frame, "-");
    crypto_auth_hmacsha256_update(s, (const unsigned char *)frame, (unsigned long long)n);
    if (text) crypto_auth_hmacsha256_update(s, (const unsigned char *)text, len);
    crypto_auth_hmacsha256_update(s, (const unsigned char *)",", 1);
}

static void seal_row(const struct seal_key *k, const char *table, const char *types, va_list values,
                     char out[SEAL_CHARS + 1]) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state s = k->keyed;
    add(&s, "gradus-row/1");
    add(&s, table);
    for (const char *t = types; *t; t++) {
        char number[24];
        BUG_IF(*t != 't' && *t != 'i'); /* callers give constants */
        if (*t == 'i') snprintf(number, sizeof number, "%" PRId64, va_arg(values, int64_t));
        add(&s, *t == 'i' ? number : va_arg(values, const char *));
    }
    crypto_auth_hmacsha256_final(&s, mac);
    sodium_bin2hex(out, SEAL_CHARS + 1, mac, sizeof mac);
}

const char *seal_make(struct db *db, struct arena *a, const char *table, const char *types, ...) {
    va_list values;
    if (!db->seal->here) return NULL;
    char *out = arena_alloc(a, SEAL_CHARS + 1);
    va_start(values, types);
    seal_row(db->seal, table, types, values, out);
    va_end(values);
    return out;
}

bool seal_holds(struct db *db, const char *seal, const char *table, const char *types, ...) {
    char right[SEAL_CHARS + 1];
    va_list values;
    if (!seal || !db->seal->here) return false;
    va_start(values, types);
    seal_row(db->seal, table, types, values, right);
    va_end(values);
    return secret_eq(seal, right);
}

const char *seal_fingerprint(struct db *db) {
    return db->seal->here ? db->seal->fingerprint : NULL;
}

int64_t seal_begun(struct db *db) { return atomic_load(&db->seal->begun); }

bool seal_key_used(struct db *db) { return atomic_load(&db->seal->used); }

void seal_begin(struct db *db, int64_t seq) { atomic_store(&db->seal->begun, seq); }
