/* Signing and verifying with eddsa-rdfc-2022 (W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.2). Pure. */
#ifndef GR_CERT_PROOF_H
#define GR_CERT_PROOF_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"

#define CERT_PUBLIC_BYTES 32
#define CERT_SECRET_BYTES 64 /* libsodium's form: seed and public key */

/* "z6Mk…": multibase (z, base58btc) of the multicodec ed25519-pub (0xed 0x01) and the key. Arena. */
char *cert_multikey(struct arena *a, const unsigned char key[CERT_PUBLIC_BYTES]);
bool cert_multikey_read(struct arena *a, const char *text, unsigned char key[CERT_PUBLIC_BYTES]);

/* Adds `proof` (a list of one) to `doc`. `method`: absolute id of the verification method. `created_ms`: written
 * to the second. ERR_INVALID with a sentence when the document cannot be canonicalised, or has a proof. */
enum err cert_proof_sign(struct arena *a, json_t *doc,
                         const unsigned char secret[CERT_SECRET_BYTES], const char *method,
                         int64_t created_ms, const char **why) MUST_USE;

/* Finds the public key of a verification method; false when it is not known. */
typedef bool (*cert_key_fn)(void *context, const char *method,
                            unsigned char key[CERT_PUBLIC_BYTES]);

/* OK; ERR_NOT_FOUND: the key is not known (`*method` names it); ERR_INVALID: no proof of this suite, or the signature
 * does not fit. `*why` is a sentence on anything but OK. `*method` may be NULL when the proof names none. */
enum err cert_proof_verify(struct arena *a, const json_t *doc, cert_key_fn find, void *context,
                           const char **method, const char **why) MUST_USE;

#endif
