/* The keyed hash. */
#include "base/hash.h"

#include <sodium.h>
#include <string.h>

#include "base/codec.h"

_Static_assert(sizeof(struct hash_key) == crypto_shorthash_KEYBYTES, "the key of SipHash");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "its result");

void hash_key_new(struct hash_key *key) { random_bytes(key->bytes, sizeof key->bytes); }

uint64_t hash_keyed(const struct hash_key *key, const void *bytes, size_t len) {
    uint64_t hash;
    unsigned char out[crypto_shorthash_BYTES];
    crypto_shorthash(out, bytes, len, key->bytes);
    memcpy(&hash, out, sizeof hash);
    return hash;
}
