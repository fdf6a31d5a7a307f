/* Text forms of bytes, hashes and ids. */
#include "base/codec.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

/* Random bytes that this thread has fetched and not used. */
static _Thread_local unsigned char fetched[1024];
static _Thread_local size_t fetched_left;

/* After a fork the child must not use the same random bytes as its parent. */
static void forget_fetched(void) { fetched_left = 0; }

void codec_start(void) {
    static atomic_flag started = ATOMIC_FLAG_INIT;
    if (sodium_init() < 0 ||
        (!atomic_flag_test_and_set(&started) && pthread_atfork(NULL, NULL, forget_fetched) != 0)) {
        fputs(
            "gradus: libsodium cannot start: this machine gives no random numbers, or no memory\n",
            stderr);
        exit(2);
    }
}

void random_bytes(void *out, size_t len) {
    if (len > sizeof fetched / 4) {
        randombytes_buf(out, len);
        return;
    }
    if (len > fetched_left) {
        randombytes_buf(fetched, sizeof fetched);
        fetched_left = sizeof fetched;
    }
    fetched_left -= len;
    memcpy(out, fetched + fetched_left, len);
    sodium_memzero(fetched + fetched_left, len); /* no byte is used twice */
}

void sha256(const void *bytes, size_t len, unsigned char out[SHA256_BYTES]) {
    crypto_hash_sha256(out, bytes, len);
}

char *hex_encode(struct arena *a, const void *bytes, size_t len) {
    char *out = arena_alloc(a, len * 2 + 1);
    sodium_bin2hex(out, len * 2 + 1, bytes, len);
    return out;
}

char *sha256_hex(struct arena *a, const void *bytes, size_t len) {
    unsigned char hash[SHA256_BYTES];
    sha256(bytes, len, hash);
    return hex_encode(a, hash, sizeof hash);
}

char *version_of(struct arena *a, const void *bytes, size_t len) {
    unsigned char hash[32];
    crypto_generichash(hash, sizeof hash, bytes, len, NULL, 0);
    return hex_encode(a, hash, VERSION_CHARS / 2);
}

char *percent_encode(struct arena *a, const char *text, const char *also) {
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, 3 * strlen(text) + 1), *to = out;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("-._~", *p) || strchr(also, *p);
        if (plain) *to++ = (char)*p;
        else {
            *to++ = '%';
            *to++ = hex[*p >> 4];
            *to++ = hex[*p & 15];
        }
    }
    *to = '\0';
    return out;
}

char *percent_decode_leniently(struct arena *a, const char *text, size_t len, bool plus) {
    char *out = arena_copy(a, text, len), *to = out;
    for (size_t i = 0; i < len; i++) {
        int high = -1, low = -1;
        if (text[i] == '%' && i + 2 < len)
            high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
        if (high >= 0 && low >= 0 && high * 16 + low != 0) {
            *to++ = (char)(high * 16 + low);
            i += 2;
        } else *to++ = plus && text[i] == '+' ? ' ' : text[i];
    }
    *to = '\0';
    return out;
}

char *base64url_encode(struct arena *a, const void *bytes, size_t len) {
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = arena_alloc(a, size);
    return sodium_bin2base64(out, size, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

unsigned char *base64url_decode(struct arena *a, const char *text, size_t *len) {
    size_t n = strlen(text);
    unsigned char *out = arena_alloc(a, n + 1);
    const char *end;
    if (sodium_base642bin(out, n + 1, text, n, NULL, len, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        *end)
        return NULL;
    return out;
}

static const char base58_digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

char *base58_encode(struct arena *a, const void *bytes, size_t len) {
    const unsigned char *in = bytes;
    size_t zeros = 0, used = 0, size = len * 138 / 100 + 2;
    while (zeros < len && in[zeros] == 0) zeros++;
    unsigned char *digits = arena_alloc(a, size); /* least significant first */
    for (size_t i = zeros; i < len; i++) {
        unsigned carry = in[i];
        for (size_t j = 0; j < used || carry; j++) {
            if (j == used) used++;
            carry += (unsigned)digits[j] << 8;
            digits[j] = (unsigned char)(carry % 58);
            carry /= 58;
        }
    }
    char *out = arena_alloc(a, zeros + used + 1);
    memset(out, '1', zeros);
    for (size_t j = 0; j < used; j++) out[zeros + j] = base58_digits[digits[used - 1 - j]];
    return out;
}

unsigned char *base58_decode(struct arena *a, const char *text, size_t *len) {
    size_t n = strlen(text), zeros = 0, used = 0;
    while (text[zeros] == '1') zeros++;
    unsigned char *bytes = arena_alloc(a, n + 1); /* least significant first */
    for (size_t i = zeros; i < n; i++) {
        const char *digit = strchr(base58_digits, text[i]);
        if (!digit) return NULL;
        unsigned carry = (unsigned)(digit - base58_digits);
        for (size_t j = 0; j < used || carry; j++) {
            if (j == used) used++;
            carry += 58u * bytes[j];
            bytes[j] = (unsigned char)(carry & 0xff);
            carry >>= 8;
        }
    }
    unsigned char *out = arena_alloc(a, zeros + used + 1);
    for (size_t j = 0; j < used; j++) out[zeros + j] = bytes[used - 1 - j];
    *len = zeros + used;
    return out;
}

static const unsigned char ed25519_pub[2] = {0xed, 0x01};

char *multikey_encode(struct arena *a, const unsigned char key[MULTIKEY_BYTES]) {
    unsigned char bytes[sizeof ed25519_pub + MULTIKEY_BYTES];
    memcpy(bytes, ed25519_pub, sizeof ed25519_pub);
    memcpy(bytes + sizeof ed25519_pub, key, MULTIKEY_BYTES);
    return arena_printf(a, "z%s", base58_encode(a, bytes, sizeof bytes));
}

bool multikey_decode(struct arena *a, const char *text, unsigned char key[MULTIKEY_BYTES]) {
    size_t len = 0;
    if (text[0] != 'z' || strlen(text) > MULTIKEY_MAX) return false;
    const unsigned char *bytes = base58_decode(a, text + 1, &len);
    if (!bytes || len != sizeof ed25519_pub + MULTIKEY_BYTES ||
        memcmp(bytes, ed25519_pub, sizeof ed25519_pub) != 0)
        return false;
    memcpy(key, bytes + sizeof ed25519_pub, MULTIKEY_BYTES);
    return true;
}

char *id_new(struct arena *a, int64_t now_ms) {
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    unsigned char raw[16];
    random_bytes(raw, sizeof raw);
    for (int i = 0; i < 6; i++) raw[i] = (unsigned char)((uint64_t)now_ms >> (40 - 8 * i));
    char *out = arena_alloc(a, ID_LENGTH + 1);
    /* 128 bits in 26 digits of 5: the first digit carries 3. */
    for (int i = 0; i < ID_LENGTH; i++) {
        int bit = i * 5 - 2; /* index of the digit's first bit, counted from the most significant */
        unsigned value = 0;
        for (int k = 0; k < 5; k++) {
            int b = bit + k;
            value = value << 1 | (b < 0 ? 0u : (raw[b / 8] >> (7 - b % 8)) & 1u);
        }
        out[i] = digits[value];
    }
    return out;
}

char *random_token(struct arena *a, size_t bytes) {
    unsigned char *raw = arena_alloc(a, bytes);
    randombytes_buf(raw, bytes);
    char *out = base64url_encode(a, raw, bytes);
    sodium_memzero(raw, bytes);
    return out;
}

uint32_t random_below(uint32_t bound) { return randombytes_uniform(bound); }

bool key_file(struct arena *a, const char *path, unsigned char *key, size_t len) {
    size_t found = 0;
    char *bytes = file_read(a, path, len + 1, &found);
    if (!bytes && errno == ENOENT) {
        randombytes_buf(key, len);
        return file_write(path, key, len, 0600);
    }
    if (!bytes || found != len) return false;
    memcpy(key, bytes, len);
    sodium_memzero(bytes, len);
    return true;
}

uint64_t random_u64(void) {
    uint64_t value;
    randombytes_buf(&value, sizeof value);
    return value;
}

bool secret_eq(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    return n == m && sodium_memcmp(a, b, n) == 0;
}
