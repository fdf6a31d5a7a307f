/* The academy's signing keys: Ed25519, one file each in DATA/keys, and the did:web document that
 * publishes them.
 *
 * issuer-0001.key holds the seed as base64url. The file of the highest number signs; older keys
 * stay listed, so that what they signed still verifies. Seeds live in guarded, locked memory
 * (libsodium) and nowhere else. */
#ifndef GR_CERT_KEYS_H
#define GR_CERT_KEYS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "cert/cert_proof.h"

#define CERT_KEY_LIMIT 64
#define CERT_SIGNATURE_BYTES 64

struct cert_keys;

/* Reads all keys of `dir`/keys; makes the folder (0700) and a first key (0600) when `create` and
 * there is none (cert_keys_add with nothing known). ERR_DENIED: a key file can be read by others,
 * is no regular file or belongs to somebody else; ERR_INVALID: not a key; ERR_NOT_FOUND: none and
 * not `create`; ERR_IO. `*why` (arena) is a sentence for the operator. */
enum err cert_keys_open(struct cert_keys **out, const char *data_dir, bool create, struct arena *a,
                        const char **why) MUST_USE;
/* Makes a new key, which signs from the next cert_keys_open on. Its number is above `known`, the
 * number of keys that the academy has used: a lost key file that is found again must not find
 * another one of its name. ERR_LIMIT: there are CERT_KEY_LIMIT, or it would be above 9999. */
enum err cert_keys_add(const char *data_dir, int known, struct arena *a, const char **why) MUST_USE;
void cert_keys_close(struct cert_keys *k); /* wipes the secrets; NULL is fine */

size_t cert_keys_count(const struct cert_keys *k);
/* The multikey of the i-th key, oldest first; borrowed. */
const char *cert_keys_name(const struct cert_keys *k, size_t i);
/* The multikey that signs; borrowed. */
const char *cert_keys_current(const struct cert_keys *k);
bool cert_keys_find(const struct cert_keys *k, const char *multikey,
                    unsigned char key[CERT_PUBLIC_BYTES]);

/* Signs `doc` as the issuer `did` with the current key. */
enum err cert_keys_sign(const struct cert_keys *k, struct arena *a, json_t *doc, const char *did,
                        int64_t created_ms, const char **why) MUST_USE;

/* Signs bytes with the current key; `k` is a struct cert_keys (audit_signer's shape). */
void cert_keys_sign_bytes(void *k, const void *bytes, size_t len,
                          unsigned char signature[CERT_SIGNATURE_BYTES]);

/* Whether the multikey is one of the keys; `k` is a struct cert_keys. */
bool cert_keys_know(void *k, const char *multikey);

/* The DID document as JSON text (DID Core 1.0, Controlled Identifiers 1.0). Arena. */
char *cert_did_document(const struct cert_keys *k, struct arena *a, const char *did);

#endif
