/* The keys of an academy, sealed with a passphrase.
 *
 * keys.sealed: "GRADUSKEYS1\n", operations and memory of Argon2id (32 bits each, big endian, memory
 * in KiB), salt (16 bytes), nonce (24 bytes), then a secretbox of: for each key its name and its
 * bytes, each with a length of 16 bits (big endian) before it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/text.h"
#include "server/backup.h"

#define MAGIC "GRADUSKEYS1\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define HEAD_BYTES (MAGIC_BYTES + 8 + crypto_pwhash_SALTBYTES + crypto_secretbox_NONCEBYTES)
#define PLAIN_MAX (BACKUP_KEYS_MAX * (4 + BACKUP_KEY_NAME_MAX + 128))
/* The most that a file may ask for: four times the work and memory that we ask for. */
#define OPS_MAX (4 * crypto_pwhash_OPSLIMIT_MODERATE)
#define MEM_MAX_KIB (4 * crypto_pwhash_MEMLIMIT_MODERATE / 1024)

static bool key_name_fits(const char *name) {
    int number, used = 0;
    if (str_eq(name, "lab.key") || str_eq(name, "seal.key")) return true;
    return sscanf(name, "keys/issuer-%4d.key%n", &number, &used) == 1 && used && !name[used] &&
           number > 0;
}

static bool keys_init(struct backup_keys *k) {
    codec_start();
    k->count = 0;
    k->key = sodium_malloc(BACKUP_KEYS_MAX * sizeof *k->key);
    return k->key != NULL;
}

void backup_keys_free(struct backup_keys *k) {
    sodium_free(k->key);
    k->key = NULL;
    k->count = 0;
}

/* The id is 64 bits of a hash of 256 random bits: it reveals nothing of the key. */
static void name_key(struct backup_key *key) {
    static const unsigned char context[] = "gradus key id";
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, key->bytes, key->len, context, sizeof context);
    sodium_bin2hex(key->id, sizeof key->id, hash, (sizeof key->id - 1) / 2);
}

static enum err read_one(struct backup_keys *k, const char *data, const char *name, struct arena *a,
                         const char **why) {
    const char *path = arena_printf(a, "%s/%s", data, name);
    struct backup_key *key = &k->key[k->count];
    if (k->count == BACKUP_KEYS_MAX || strlen(name) >= sizeof key->name) {
        *why = arena_printf(a, "%s holds more keys than a backup can take", data);
        return ERR_LIMIT;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return OK;
    ssize_t n = fd >= 0 ? read(fd, key->bytes, sizeof key->bytes) : -1;
    if (fd >= 0) close(fd);
    if (n <= 0 || n == sizeof key->bytes) {
        *why = arena_printf(a, "the key %s cannot be read", path);
        return ERR_IO;
    }
    key->len = (size_t)n;
    snprintf(key->name, sizeof key->name, "%s", name);
    name_key(key);
    k->count++;
    return OK;
}

static int by_name(const void *x, const void *y) {
    return strcmp(((const struct backup_key *)x)->name, ((const struct backup_key *)y)->name);
}

enum err backup_keys_read(struct backup_keys *k, const char *data, struct arena *a,
                          const char **why) {
    *why = "there is no locked memory for the keys";
    if (!keys_init(k)) return ERR_IO;
    enum err e = read_one(k, data, "lab.key", a, why);
    if (e == OK) e = read_one(k, data, "seal.key", a, why);
    DIR *d = opendir(arena_printf(a, "%s/keys", data));
    for (struct dirent *f; d && e == OK && (f = readdir(d)) != NULL;) {
        char name[BACKUP_KEY_NAME_MAX];
        if (snprintf(name, sizeof name, "keys/%s", f->d_name) < (int)sizeof name &&
            key_name_fits(name))
            e = read_one(k, data, name, a, why);
    }
    if (d) closedir(d);
    if (e != OK) backup_keys_free(k);
    else qsort(k->key, k->count, sizeof *k->key, by_name);
    return e;
}

bool backup_key_write(const struct backup_key *key, const char *path) {
    return file_write(path, key->bytes, key->len, 0600);
}

/* ---- Sealing -------------------------------------------------------------------------------- */

static void put_be(unsigned char *out, uint32_t n, int bytes) {
    for (int i = 0; i < bytes; i++) out[i] = (unsigned char)(n >> 8 * (bytes - 1 - i));
}

static uint32_t get_be(const unsigned char *in, int bytes) {
    uint32_t n = 0;
    for (int i = 0; i < bytes; i++) n = n << 8 | in[i];
    return n;
}

static size_t write_plain(const struct backup_keys *k, unsigned char *out) {
    size_t at = 0;
    for (size_t i = 0; i < k->count; i++) {
        size_t name = strlen(k->key[i].name);
        put_be(out + at, (uint32_t)name, 2);
        memcpy(out + at + 2, k->key[i].name, name);
        at += 2 + name;
        put_be(out + at, (uint32_t)k->key[i].len, 2);
        memcpy(out + at + 2, k->key[i].bytes, k->key[i].len);
        at += 2 + k->key[i].len;
    }
    return at;
}

/* Reads what write_plain wrote; false when it is something else. */
static bool read_plain(struct backup_keys *k, const unsigned char *in, size_t len) {
    for (size_t at = 0; at < len;) {
        struct backup_key *key = &k->key[k->count];
        if (k->count == BACKUP_KEYS_MAX || len - at < 2) return false;
        size_t name = get_be(in + at, 2);
        if (name >= sizeof key->name || len - at < 2 + name + 2) return false;
        memcpy(key->name, in + at + 2, name);
        key->name[name] = '\0';
        at += 2 + name;
        key->len = get_be(in + at, 2);
        if (key->len == 0 || key->len >= sizeof key->bytes || len - at < 2 + key->len ||
            !key_name_fits(key->name))
            return false;
        memcpy(key->bytes, in + at + 2, key->len);
        at += 2 + key->len;
        name_key(key);
        k->count++;
    }
    return true;
}

static unsigned char *derive(const char *passphrase, const unsigned char *salt, uint32_t ops,
                             uint32_t mem_kib) {
    unsigned char *secret = sodium_malloc(crypto_secretbox_KEYBYTES);
    if (secret &&
        crypto_pwhash(secret, crypto_secretbox_KEYBYTES, passphrase, strlen(passphrase), salt, ops,
                      (size_t)mem_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0)
        return secret;
    sodium_free(secret);
    return NULL;
}

enum err backup_keys_seal(const struct backup_keys *k, const char *passphrase, struct arena *a,
                          const unsigned char **out, size_t *len, const char **why) {
    unsigned char *sealed = arena_alloc(a, HEAD_BYTES + PLAIN_MAX + crypto_secretbox_MACBYTES);
    unsigned char *salt = sealed + MAGIC_BYTES + 8, *nonce = salt + crypto_pwhash_SALTBYTES;
    memcpy(sealed, MAGIC, MAGIC_BYTES);
    put_be(sealed + MAGIC_BYTES, crypto_pwhash_OPSLIMIT_MODERATE, 4);
    put_be(sealed + MAGIC_BYTES + 4, crypto_pwhash_MEMLIMIT_MODERATE / 1024, 4);
    randombytes_buf(salt, crypto_pwhash_SALTBYTES);
    randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
    unsigned char *plain = sodium_malloc(PLAIN_MAX);
    unsigned char *secret = derive(passphrase, salt, crypto_pwhash_OPSLIMIT_MODERATE,
                                   crypto_pwhash_MEMLIMIT_MODERATE / 1024);
    enum err e = plain && secret ? OK : ERR_IO;
    if (e == OK) {
        size_t n = write_plain(k, plain);
        crypto_secretbox_easy(sealed + HEAD_BYTES, plain, n, nonce, secret);
        *out = sealed;
        *len = HEAD_BYTES + n + crypto_secretbox_MACBYTES;
    } else *why = "there is no memory to seal the keys";
    sodium_free(plain);
    sodium_free(secret);
    return e;
}

enum err backup_keys_open(struct backup_keys *k, const unsigned char *sealed, size_t len,
                          const char *passphrase, const char **why) {
    *why = "the sealed keys are damaged";
    uint32_t ops = len > HEAD_BYTES ? get_be(sealed + MAGIC_BYTES, 4) : 0,
             mem = len > HEAD_BYTES ? get_be(sealed + MAGIC_BYTES + 4, 4) : 0;
    if (len < HEAD_BYTES + crypto_secretbox_MACBYTES ||
        len > HEAD_BYTES + PLAIN_MAX + crypto_secretbox_MACBYTES ||
        memcmp(sealed, MAGIC, MAGIC_BYTES) != 0 || ops < 1 || ops > OPS_MAX || mem < 8 ||
        mem > MEM_MAX_KIB)
        return ERR_DENIED;
    const unsigned char *salt = sealed + MAGIC_BYTES + 8, *nonce = salt + crypto_pwhash_SALTBYTES;
    size_t n = len - HEAD_BYTES - crypto_secretbox_MACBYTES;
    unsigned char *plain = sodium_malloc(PLAIN_MAX);
    unsigned char *secret = derive(passphrase, salt, ops, mem);
    enum err e = OK;
    if (!plain || !secret || !keys_init(k)) {
        *why = "there is no memory to open the sealed keys";
        e = ERR_IO;
    } else if (crypto_secretbox_open_easy(plain, sealed + HEAD_BYTES, n + crypto_secretbox_MACBYTES,
                                          nonce, secret) != 0 ||
               !read_plain(k, plain, n)) {
        *why = "the passphrase is another one, or the sealed keys are damaged";
        backup_keys_free(k);
        e = ERR_DENIED;
    }
    sodium_free(plain);
    sodium_free(secret);
    return e;
}

/* ---- Asking --------------------------------------------------------------------------------- */

/* When the program is ended at the question (Ctrl-C, a closed terminal), echo is switched on again
 * first. */
static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
static volatile sig_atomic_t ended_by;

static void note_ending(int number) { ended_by = number; }

/* Reads one line without stdio, whose buffer nobody wipes. */
static void read_line(char *line) {
    size_t n = 0;
    char c = '\0';
    while (n < PASSPHRASE_MAX && !ended_by && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        line[n++] = c;
    while (n && line[n - 1] == '\r') n--;
    line[n] = '\0';
}

static void ask_silently(const char *question, char *line, const struct termios *was) {
    struct termios silent = *was;
    struct sigaction before[COUNT_OF(endings)], note = {.sa_handler = note_ending};
    ended_by = 0;
    for (size_t i = 0; i < COUNT_OF(endings); i++) /* without SA_RESTART: read ends */
        sigaction(endings[i], &note, &before[i]);
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fputs(question, stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    read_line(line);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, was);
    fputc('\n', stderr);
    for (size_t i = 0; i < COUNT_OF(endings); i++) sigaction(endings[i], &before[i], NULL);
}

static bool ask(const char *question, char *line) {
    struct termios was;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &was) != 0) {
        read_line(line);
        return false;
    }
    /* Asks again when the program was stopped and continued, or got a signal that it ignores. */
    do {
        ask_silently(question, line, &was);
        if (ended_by) raise(ended_by);
    } while (ended_by);
    return true;
}

char *backup_passphrase(bool twice, const char **why) {
    codec_start();
    char *line = sodium_malloc(PASSPHRASE_MAX + 1), *again = sodium_malloc(PASSPHRASE_MAX + 1);
    *why = NULL;
    if (!line || !again) *why = "there is no locked memory for a passphrase";
    else if (ask("Passphrase of the keys: ", line) && twice && *line) {
        ask("Once more: ", again);
        if (strcmp(line, again) != 0) *why = "the two passphrases differ; nothing was written";
    }
    sodium_free(again);
    if (!*why) return line;
    sodium_free(line);
    return NULL;
}
