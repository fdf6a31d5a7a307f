/* eddsa-rdfc-2022: two hashes, one Ed25519 signature. */
#include "cert/cert_proof.h"

#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_rdf.h"

#define SUITE "eddsa-rdfc-2022"
/* base58 decoding is quadratic, and 64 bytes never need more digits than this. */
#define PROOF_VALUE_MAX 100
#define MULTIKEY_MAX 64

static const unsigned char multicodec[2] = {0xed, 0x01};

char *cert_multikey(struct arena *a, const unsigned char key[CERT_PUBLIC_BYTES]) {
    unsigned char bytes[sizeof multicodec + CERT_PUBLIC_BYTES];
    memcpy(bytes, multicodec, sizeof multicodec);
    memcpy(bytes + sizeof multicodec, key, CERT_PUBLIC_BYTES);
    return arena_printf(a, "z%s", base58_encode(a, bytes, sizeof bytes));
}

bool cert_multikey_read(struct arena *a, const char *text, unsigned char key[CERT_PUBLIC_BYTES]) {
    size_t len = 0;
    if (text[0] != 'z' || strlen(text) > MULTIKEY_MAX) return false;
    const unsigned char *bytes = base58_decode(a, text + 1, &len);
    if (!bytes || len != sizeof multicodec + CERT_PUBLIC_BYTES ||
        memcmp(bytes, multicodec, sizeof multicodec) != 0)
        return false;
    memcpy(key, bytes + sizeof multicodec, CERT_PUBLIC_BYTES);
    return true;
}

/* SHA-256(canonical options) then SHA-256(canonical document): what is signed. */
static enum err hash_data(struct arena *a, const json_t *doc, const json_t *options,
                          unsigned char out[2 * SHA256_BYTES], const char **why) {
    const char *text;
    enum err e = cert_rdf_canonical(a, options, &text, why);
    if (e != OK) return e;
    sha256(text, strlen(text), out);
    e = cert_rdf_canonical(a, doc, &text, why);
    if (e != OK) return e;
    sha256(text, strlen(text), out + SHA256_BYTES);
    return OK;
}

enum err cert_proof_sign(struct arena *a, json_t *doc,
                         const unsigned char secret[CERT_SECRET_BYTES], const char *method,
                         int64_t created_ms, const char **why) {
    if (json_object_get(doc, "proof")) {
        *why = "the document is signed already";
        return ERR_INVALID;
    }
    json_t *proof = json_keep(a,
                              json_pack("{ss ss ss ss ss}", "type", "DataIntegrityProof", "created",
                                        time_iso(a, created_ms), "verificationMethod", method,
                                        "cryptosuite", SUITE, "proofPurpose", "assertionMethod"));
    unsigned char data[2 * SHA256_BYTES], signature[crypto_sign_BYTES];
    enum err e = hash_data(a, doc, proof, data, why);
    if (e != OK) return e;
    crypto_sign_detached(signature, NULL, data, sizeof data, secret);
    const char *value = arena_printf(a, "z%s", base58_encode(a, signature, sizeof signature));
    if (json_object_set_new(proof, "proofValue", json_string(value)) != 0 ||
        json_object_set_new(doc, "proof", json_pack("[O]", proof)) != 0)
        arena_fail(a);
    return OK;
}

static bool proof_says(const json_t *proof, const char *member, const char *value) {
    return str_eq(json_string_value(json_object_get(proof, member)), value);
}

enum err cert_proof_verify(struct arena *a, const json_t *doc, cert_key_fn find, void *context,
                           const char **method, const char **why) {
    *method = NULL;
    const json_t *proof = json_object_get(doc, "proof");
    if (json_is_array(proof)) {
        if (json_array_size(proof) != 1) {
            *why = "exactly one proof is expected";
            return ERR_INVALID;
        }
        proof = json_array_get(proof, 0);
    }
    const char *value = json_string_value(json_object_get(proof, "proofValue"));
    if (!proof_says(proof, "type", "DataIntegrityProof") ||
        !proof_says(proof, "cryptosuite", SUITE) ||
        !proof_says(proof, "proofPurpose", "assertionMethod") || !value) {
        *why = "there is no " SUITE " proof of an assertion";
        return ERR_INVALID;
    }
    *method = json_string_value(json_object_get(proof, "verificationMethod"));
    unsigned char key[CERT_PUBLIC_BYTES], data[2 * SHA256_BYTES];
    if (!*method || !find(context, *method, key)) {
        *why = "the key that made the signature is not known here";
        return ERR_NOT_FOUND;
    }
    size_t len = 0;
    const unsigned char *signature = NULL;
    if (value[0] == 'z' && strlen(value) <= PROOF_VALUE_MAX)
        signature = base58_decode(a, value + 1, &len);
    if (!signature || len != crypto_sign_BYTES) {
        *why = "the signature is damaged";
        return ERR_INVALID;
    }
    json_t *options = json_keep(a, json_copy((json_t *)proof));
    json_object_del(options, "proofValue");
    enum err e = hash_data(a, doc, options, data, why);
    if (e != OK) return e;
    if (crypto_sign_verify_detached(signature, data, sizeof data, key) != 0) {
        *why = "the signature does not fit: something was changed after signing";
        return ERR_INVALID;
    }
    return OK;
}
