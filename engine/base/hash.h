/* Hashes for tables in memory and marks of change. Nothing here is a signature or a name that is
 * kept: for those there is codec.h.
 *
 * Who chooses the keys decides which: FNV for names that we or authors write, the keyed one for
 * what strangers choose (addresses), who could otherwise make all of theirs meet in one place. */
#ifndef GR_BASE_HASH_H
#define GR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* FNV-1a, 64 bits (draft-eastlake-fnv, section 2). Begin with HASH_START; what follows goes on with
 * what was returned. Its low bits spread well, the high ones of short texts less. */
#define HASH_START 14695981039346656037u

static inline uint64_t hash_more(uint64_t hash, const void *bytes, size_t len) {
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return hash;
}
static inline uint64_t hash_bytes(const void *bytes, size_t len) {
    return hash_more(HASH_START, bytes, len);
}
/* With the NUL at its end: several texts one after the other differ from those with their borders
 * elsewhere. */
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
