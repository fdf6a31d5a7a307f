/* Bytes as text and back, hashes, random ids; on top of libsodium. Call codec_start once. */
#ifndef GR_BASE_CODEC_H
#define GR_BASE_CODEC_H

#include "base/arena.h"

#define SHA256_BYTES 32
#define SHA256_HEX_BYTES 65 /* with NUL */

/* Starts libsodium, before anything else runs; ends the process with a sentence and status 2 when
 * it cannot (no randomness). Safe to call again. */
void codec_start(void);

void sha256(const void *bytes, size_t len, unsigned char out[SHA256_BYTES]);
/* Lower-case hex of the hash. Arena. */
char *sha256_hex(struct arena *a, const void *bytes, size_t len);
char *hex_encode(struct arena *a, const void *bytes, size_t len);
/* The version of a text, derived from its bytes: the first 16 hex digits of BLAKE2b-256 (RFC 7693,
 * without a key), which takes a third of SHA-256's time on processors without SHA instructions.
 * Arena. */
#define VERSION_CHARS 16
char *version_of(struct arena *a, const void *bytes, size_t len);
/* base64url without padding (RFC 4648 section 5). Arena. */
char *base64url_encode(struct arena *a, const void *bytes, size_t len);
/* NULL when it is not base64url without padding. */
unsigned char *base64url_decode(struct arena *a, const char *text, size_t *len);
/* base58 with the Bitcoin alphabet (draft-msporny-base58). Meant for keys and signatures:
 * quadratic. */
char *base58_encode(struct arena *a, const void *bytes, size_t len);
unsigned char *base58_decode(struct arena *a, const char *text, size_t *len);

/* Percent-encoded (RFC 3986 section 2.1): only letters, digits and - . _ ~ stand for themselves,
 * and what `also` names. For one value of a query, or with "/" for a path. Arena. */
char *percent_encode(struct arena *a, const char *text, const char *also);
/* Percent-decoded without ever refusing: "%00" and a "%" without two hexadecimal digits stand for
 * themselves. With `plus`, "+" is a blank, as in a form. Any bytes may come out. Arena. */
char *percent_decode_leniently(struct arena *a, const char *text, size_t len, bool plus);
/* "z6Mk…": multibase (z, base58btc) of the multicodec ed25519-pub (0xed 0x01) and an Ed25519 public
 * key, as DID documents name it (Controlled Identifiers 1.0, Multikey). Arena. */
#define MULTIKEY_BYTES 32
#define MULTIKEY_MAX 64 /* characters, more than any has */
char *multikey_encode(struct arena *a, const unsigned char key[MULTIKEY_BYTES]);
/* False when it is anything else. */
bool multikey_decode(struct arena *a, const char *text, unsigned char key[MULTIKEY_BYTES]);

/* A new id: 26 letters and digits (Crockford base32, lower case) of 48 bits of `now_ms` and 80
 * random bits, so that ids sort by time and cannot be guessed. Arena. */
#define ID_LENGTH 26
char *id_new(struct arena *a, int64_t now_ms);
/* `bytes` of randomness as base64url: tokens and salts. Arena. */
char *random_token(struct arena *a, size_t bytes);
/* `len` unpredictable bytes. Small requests are served from a buffer of each thread, so that the
 * kernel is asked once for many of them. */
void random_bytes(void *out, size_t len);
/* The `len` bytes of a key's file, which is made of random ones when it is missing. False: it
 * cannot be read or written, or is no such key. */
bool key_file(struct arena *a, const char *path, unsigned char *key, size_t len);
/* A random integer in [0, bound), unbiased. */
uint32_t random_below(uint32_t bound);
uint64_t random_u64(void);
/* Compares in constant time; different lengths differ. */
bool secret_eq(const char *a, const char *b);

#endif
