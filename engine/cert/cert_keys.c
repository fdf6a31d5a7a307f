/* Key files, and what is published of them. */
#include "cert/cert_keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/owner.h"
#include "base/text.h"

#define SEED_TEXT_BYTES 43 /* 32 bytes as base64url */
#define KEY_FILE "issuer-%04d.key"
#define KEY_NUMBER_MAX 9999

struct cert_key {
    int number;
    char name[64]; /* multikey */
    unsigned char public_key[CERT_PUBLIC_BYTES];
    unsigned char *secret; /* sodium_malloc */
};

struct cert_keys {
    struct cert_key keys[CERT_KEY_LIMIT]; /* by number */
    size_t count;
};

static enum err io_error(struct arena *a, const char **why, const char *what, const char *path) {
    *why = arena_printf(a, "%s %s: %s", what, path, strerror(errno));
    return ERR_IO;
}

/* A key file that others can read is refused: it is not secret any more. */
static enum err check_file(int fd, const char *path, struct arena *a, const char **why) {
    struct stat st;
    if (fstat(fd, &st) != 0) return io_error(a, why, "cannot look at", path);
    if (!S_ISREG(st.st_mode)) {
        *why = arena_printf(a, "%s is no regular file", path);
        return ERR_DENIED;
    }
    if (st.st_mode & 077) {
        *why = arena_printf(
            a, "%s can be read by others (mode %04o): chmod 600 it, and think about a new key",
            path, (unsigned)(st.st_mode & 07777));
        return ERR_DENIED;
    }
    if (!file_is_ours(&st, path) && st.st_uid != 0) {
        *why = arena_printf(a, "%s belongs to another user", path);
        return ERR_DENIED;
    }
    return OK;
}

/* `k->secret` is the only place that ever holds the key; the text buffer is guarded memory too. */
static enum err parse_seed(struct cert_key *k, const char *text, size_t len, unsigned char *seed) {
    size_t seed_len = 0;
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r')) len--;
    if (len != SEED_TEXT_BYTES ||
        sodium_base642bin(seed, crypto_sign_SEEDBYTES, text, len, NULL, &seed_len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        seed_len != crypto_sign_SEEDBYTES)
        return ERR_INVALID;
    crypto_sign_seed_keypair(k->public_key, k->secret, seed);
    return OK;
}

static enum err load_key(struct cert_keys *keys, int number, const char *path, struct arena *a,
                         const char **why) {
    if (keys->count == CERT_KEY_LIMIT) {
        *why = arena_printf(a, "more than %d keys", CERT_KEY_LIMIT);
        return ERR_LIMIT;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return io_error(a, why, "cannot open", path);
    struct cert_key *k = &keys->keys[keys->count];
    char *text = sodium_malloc(SEED_TEXT_BYTES + 3);
    unsigned char *seed = sodium_malloc(crypto_sign_SEEDBYTES);
    k->secret = sodium_malloc(CERT_SECRET_BYTES);
    enum err e = check_file(fd, path, a, why);
    if (e == OK && (!text || !seed || !k->secret)) {
        *why = "no locked memory for a key";
        e = ERR_IO;
    }
    if (e == OK) {
        ssize_t n = read(fd, text, SEED_TEXT_BYTES + 3);
        e = n < 0 ? io_error(a, why, "cannot read", path) : parse_seed(k, text, (size_t)n, seed);
        if (e == ERR_INVALID) *why = arena_printf(a, "%s is no signing key", path);
    }
    close(fd);
    sodium_free(text);
    sodium_free(seed);
    if (e != OK) {
        sodium_free(k->secret);
        k->secret = NULL;
        return e;
    }
    sodium_mprotect_readonly(k->secret);
    k->number = number;
    snprintf(k->name, sizeof k->name, "%s", cert_multikey(a, k->public_key));
    keys->count++;
    return OK;
}

static int compare_numbers(const void *x, const void *y) {
    return *(const int *)x - *(const int *)y;
}

/* Numbers of the issuer-NNNN.key files, ascending; -1 when the folder cannot be read. */
static int list_keys(const char *dir, int numbers[CERT_KEY_LIMIT + 1]) {
    DIR *d = opendir(dir);
    if (!d) return errno == ENOENT ? 0 : -1;
    int count = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL && count <= CERT_KEY_LIMIT;) {
        char name[32];
        int number;
        if (sscanf(e->d_name, "issuer-%4d.key", &number) != 1 || number <= 0) continue;
        snprintf(name, sizeof name, KEY_FILE, number);
        if (str_eq(e->d_name, name)) numbers[count++] = number; /* as it would be opened */
    }
    closedir(d);
    qsort(numbers, (size_t)count, sizeof *numbers, compare_numbers);
    return count;
}

static enum err write_key(const char *path, struct arena *a, const char **why) {
    unsigned char *seed = sodium_malloc(crypto_sign_SEEDBYTES);
    char *text = sodium_malloc(SEED_TEXT_BYTES + 2);
    enum err e = OK;
    if (!seed || !text) {
        *why = "no locked memory for a key";
        e = ERR_IO;
    } else {
        randombytes_buf(seed, crypto_sign_SEEDBYTES);
        sodium_bin2base64(text, SEED_TEXT_BYTES + 1, seed, crypto_sign_SEEDBYTES,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        text[SEED_TEXT_BYTES] = '\n';
        /* Exclusive: two programs that start at once must not replace each other's key. */
        int fd = file_make(path, O_WRONLY, 0600);
        if (fd < 0 || !write_whole(fd, text, SEED_TEXT_BYTES + 1) || fsync(fd) != 0)
            e = io_error(a, why, "cannot write", path);
        if (fd >= 0 && close(fd) != 0 && e == OK) e = io_error(a, why, "cannot write", path);
    }
    sodium_free(seed);
    sodium_free(text);
    return e;
}

static enum err sync_folder(const char *dir, struct arena *a, const char **why) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = fd >= 0 && fsync(fd) == 0 ? OK : io_error(a, why, "cannot write", dir);
    if (fd >= 0) close(fd);
    return e;
}

enum err cert_keys_add(const char *data_dir, int known, struct arena *a, const char **why) {
    codec_start();
    const char *dir = arena_printf(a, "%s/keys", data_dir);
    if (folder_make(dir, 0700) != 0 && errno != EEXIST) return io_error(a, why, "cannot make", dir);
    int numbers[CERT_KEY_LIMIT + 1], count = list_keys(dir, numbers);
    if (count < 0) return io_error(a, why, "cannot read", dir);
    if (count >= CERT_KEY_LIMIT) {
        *why = arena_printf(a, "there are %d keys already", count);
        return ERR_LIMIT;
    }
    int next = (count && numbers[count - 1] > known ? numbers[count - 1] : known) + 1;
    if (next > KEY_NUMBER_MAX) {
        *why = arena_printf(a, "the key behind number %d would not be found", KEY_NUMBER_MAX);
        return ERR_LIMIT;
    }
    enum err e = write_key(arena_printf(a, "%s/" KEY_FILE, dir, next), a, why);
    return e == OK ? sync_folder(dir, a, why) : e;
}

enum err cert_keys_open(struct cert_keys **out, const char *data_dir, bool create, struct arena *a,
                        const char **why) {
    codec_start();
    const char *dir = arena_printf(a, "%s/keys", data_dir);
    int numbers[CERT_KEY_LIMIT + 1], count = list_keys(dir, numbers);
    if (count == 0 && create) {
        enum err made = cert_keys_add(data_dir, 0, a, why);
        if (made != OK) return made;
        count = list_keys(dir, numbers);
    }
    if (count < 0) return io_error(a, why, "cannot read", dir);
    if (count == 0) {
        *why = arena_printf(a, "there is no signing key in %s", dir);
        return ERR_NOT_FOUND;
    }
    struct cert_keys *k = calloc(1, sizeof *k);
    if (!k) return io_error(a, why, "cannot read", dir);
    for (int i = 0; i < count; i++) {
        enum err e = load_key(k, numbers[i], arena_printf(a, "%s/" KEY_FILE, dir, numbers[i]), a,
                              why);
        if (e != OK) {
            cert_keys_close(k);
            return e;
        }
    }
    *out = k;
    return OK;
}

void cert_keys_close(struct cert_keys *k) {
    if (!k) return;
    for (size_t i = 0; i < k->count; i++) sodium_free(k->keys[i].secret); /* wipes */
    free(k);
}

size_t cert_keys_count(const struct cert_keys *k) { return k->count; }
const char *cert_keys_name(const struct cert_keys *k, size_t i) { return k->keys[i].name; }
const char *cert_keys_current(const struct cert_keys *k) { return k->keys[k->count - 1].name; }

bool cert_keys_find(const struct cert_keys *k, const char *multikey,
                    unsigned char key[CERT_PUBLIC_BYTES]) {
    for (size_t i = 0; i < k->count; i++)
        if (str_eq(k->keys[i].name, multikey)) {
            memcpy(key, k->keys[i].public_key, CERT_PUBLIC_BYTES);
            return true;
        }
    return false;
}

enum err cert_keys_sign(const struct cert_keys *k, struct arena *a, json_t *doc, const char *did,
                        int64_t created_ms, const char **why) {
    const struct cert_key *key = &k->keys[k->count - 1];
    return cert_proof_sign(a, doc, key->secret, arena_printf(a, "%s#%s", did, key->name),
                           created_ms, why);
}

void cert_keys_sign_bytes(void *keys, const void *bytes, size_t len,
                          unsigned char signature[CERT_SIGNATURE_BYTES]) {
    const struct cert_keys *k = keys;
    crypto_sign_detached(signature, NULL, bytes, len, k->keys[k->count - 1].secret);
}

bool cert_keys_know(void *keys, const char *multikey) {
    unsigned char unused[CERT_PUBLIC_BYTES];
    return cert_keys_find(keys, multikey, unused);
}

char *cert_did_document(const struct cert_keys *k, struct arena *a, const char *did) {
    json_t *methods = json_adopt(a, json_array()), *ids = json_adopt(a, json_array());
    for (size_t i = 0; i < k->count; i++) {
        const char *id = arena_printf(a, "%s#%s", did, k->keys[i].name);
        json_array_append_new(methods,
                              json_pack("{ss ss ss ss}", "id", id, "type", "Multikey", "controller",
                                        did, "publicKeyMultibase", k->keys[i].name));
        json_array_append_new(ids, json_string(id));
    }
    json_t *doc = json_adopt(a, json_pack("{s[ss] ss sO sO}", "@context",
                                          "https://www.w3.org/ns/did/v1",
                                          "https://w3id.org/security/multikey/v1", "id", did,
                                          "verificationMethod", methods, "assertionMethod", ids));
    return json_text_as_built(a, doc);
}
