/* Hashes for tables in memory and for detecting changes. Nothing here is secure or stable enough to
 * sign or to store: see codec.h for that.
 *
 * FNV is for names that we or authors write. The keyed hash is for what strangers choose
 * (addresses): they could otherwise make all of theirs collide. */
#ifndef GR_BASE_HASH_H
#define GR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* FNV-1a, 64 bits (draft-eastlake-fnv, section 2). Begin with HASH_START and pass each result on to
 * hash more. Its low bits spread well, the high ones of short texts less. */
#define HASH_START 14695981039346656037u

static inline uint64_t hash_more(uint64_t hash, const void *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return hash;
}
static inline uint64_t hash_bytes(const void *bytes, size_t len) {
    return hash_more(HASH_START, bytes, len);
}
/* Includes the final NUL, so that "ab","c" differs from "a","bc". */
static inline uint64_t hash_text(uint64_t hash, const char *text) {
    return hash_more(hash, text, strlen(text) + 1);
}

/* SipHash-2-4 (libsodium's crypto_shorthash) under a key that nobody outside knows. */
struct hash_key {
    unsigned char bytes[16];
};
void hash_key_new(struct hash_key *key);
uint64_t hash_keyed(const struct hash_key *key, const void *bytes, size_t len);

#endif
