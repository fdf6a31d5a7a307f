/* Hashes for tables in memory and marks of change. Nothing here is a signature or a name that is
 * kept: for those there is codec.h.
 *
 * Who chooses the keys decides which: FNV for names that we or authors write, the keyed one for
 * what strangers choose (addresses), who could otherwise make all of theirs meet in one place. */
#ifndef GR_BASE_HASH_H
#define GR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

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

/* SipHash-2-4 (libsodium's crypto_shorthash) under a key that nobody outside knows. */
struct hash_key {
    unsigned char bytes[16];
};
void hash_key_new(struct hash_key *key);
uint64_t hash_keyed(const struct hash_key *key, const void *bytes, size_t len);

/* Both halves of the 128 bits of a product, folded by XOR: which bits of it a difference reaches
 * depends on all bits of both factors. For hashes of long texts, where SipHash takes four times as
 * long. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b) {
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32,
             one = a_low * b_high, other = a_high * b_low,
             middle = (a_low * b_low >> 32) + (uint32_t)one + (uint32_t)other;
    return (a * b) ^ (a_high * b_high + (one >> 32) + (other >> 32) + (middle >> 32));
}

#endif
