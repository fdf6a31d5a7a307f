/* The key of a store's seals; private to store/. */
#ifndef GR_STORE_SEAL_KEY_H
#define GR_STORE_SEAL_KEY_H

#include <sodium.h>
#include <stdatomic.h>

#include "store/seal.h"

struct seal_key {
    bool here;                          /* false: opened for reading, and there is none */
    crypto_auth_hmacsha256_state keyed; /* ready for a row: the key is worked in once */
    char fingerprint[SEAL_FINGERPRINT_CHARS + 1];
    atomic_int_least64_t begun;
    atomic_bool used; /* seal_key_used */
};

/* Reads the key beside the database; `make` makes a missing one, and without it a key that cannot
 * be read is none. ERR_IO: it cannot be read or written, with a sentence. */
enum err seal_key_open(struct seal_key *k, const char *database, bool make, struct arena *a,
                       const char **why) MUST_USE;
/* store_seal_key_use. */
bool seal_key_use(struct seal_key *k, const char *database) MUST_USE;
void seal_key_close(struct seal_key *k);

#endif
