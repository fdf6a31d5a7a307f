/* Signing and verifying with eddsa-rdfc-2022 (W3C Data Integrity EdDSA Cryptosuites 1.0,
 * section 3.2). Pure. RULE sealed: whatever is changed, added or taken away in what was signed, the
 * proof does not fit any more. */
#ifndef GR_CERT_PROOF_H
#define GR_CERT_PROOF_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "cert/cert_contexts.h"

#define CERT_PUBLIC_BYTES 32
#define CERT_SECRET_BYTES 64 /* libsodium's form: seed and public key */

/* "z6Mk…": multibase (z, base58btc) of the multicodec ed25519-pub (0xed 0x01) and the key. Arena.
 */
char *cert_multikey(struct arena *a, const unsigned char key[CERT_PUBLIC_BYTES]);
bool cert_multikey_read(struct arena *a, const char *text, unsigned char key[CERT_PUBLIC_BYTES]);

/* Adds `proof` (a list of one) to `doc`. `method`: absolute id of the verification method.
 * `created_ms`: written to the second. ERR_INVALID with a sentence when the document cannot be
 * canonicalised, or has a proof. */
enum err cert_proof_sign(struct arena *a, json_t *doc,
                         const unsigned char secret[CERT_SECRET_BYTES], const char *method,
                         int64_t created_ms, const char **why) MUST_USE;

/* Finds the public key of a verification method; false when it is not known. */
typedef bool (*cert_key_fn)(void *context, const char *method,
                            unsigned char key[CERT_PUBLIC_BYTES]);

/* The result of checking a proof. */
enum cert_proof_answer {
    CERT_PROOF_FITS,
    CERT_PROOF_NONE,      /* there is no proof */
    CERT_PROOF_CHANGED,   /* it does not fit, or is damaged */
    CERT_PROOF_NO_KEY,    /* the key is not known (`*method` names it) */
    CERT_PROOF_OTHER,     /* of a suite or purpose, or in a number, that is not looked at here */
    CERT_PROOF_UNREADABLE /* the document uses terms that are not known here */
};
/* eddsa-rdfc-2022 and Ed25519Signature2020, of assertions. The keys of did:key stand in the DID;
 * others `find` knows. `*why` is a sentence on anything but FITS. `*method` may be NULL when the
 * proof names none. */
enum cert_proof_answer cert_proof_check(struct arena *a, const json_t *doc,
                                        enum cert_vocabulary vocabulary, cert_key_fn find,
                                        void *context, const char **method,
                                        const char **why) MUST_USE;
/* The same for documents as the engine signs them: OK; ERR_NOT_FOUND: NO_KEY; ERR_INVALID: anything
 * else. */
enum err cert_proof_verify(struct arena *a, const json_t *doc, cert_key_fn find, void *context,
                           const char **method, const char **why) MUST_USE;
/* The key inside a method of did:key, "did:key:z6Mk…#z6Mk…" (both the same). */
bool cert_did_key(struct arena *a, const char *method,
                  unsigned char key[CERT_PUBLIC_BYTES]) MUST_USE;

#endif
