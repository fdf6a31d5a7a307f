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

char *cert_multikey(struct arena *a, const unsigned char key[CERT_PUBLIC_BYTES]) {
    return multikey_encode(a, key);
}

bool cert_multikey_read(struct arena *a, const char *text, unsigned char key[CERT_PUBLIC_BYTES]) {
    return multikey_decode(a, text, key);
}

/* SHA-256(canonical options) then SHA-256(canonical document): what is signed. */
static enum err hash_data(struct arena *a, const json_t *doc, enum cert_vocabulary vocabulary,
                          const json_t *options, unsigned char out[2 * SHA256_BYTES],
                          const char **why) {
    const char *text;
    enum err e = cert_rdf_canonical(a, options, vocabulary, &text, why);
    if (e != OK) return e;
    sha256(text, strlen(text), out);
    e = cert_rdf_canonical(a, doc, vocabulary, &text, why);
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
    json_t *proof = json_adopt(a, json_pack("{ss ss ss ss ss}", "type", "DataIntegrityProof",
                                            "created", time_iso(a, created_ms),
                                            "verificationMethod", method, "cryptosuite", SUITE,
                                            "proofPurpose", "assertionMethod"));
    unsigned char data[2 * SHA256_BYTES], signature[crypto_sign_BYTES];
    enum err e = hash_data(a, doc, CERT_VOCABULARY_303, proof, data, why);
    if (e != OK) return e;
    crypto_sign_detached(signature, NULL, data, sizeof data, secret);
    const char *value = arena_printf(a, "z%s", base58_encode(a, signature, sizeof signature));
    if (json_object_set_new(proof, "proofValue", json_string(value)) != 0 ||
        json_object_set_new(doc, "proof", json_pack("[O]", proof)) != 0)
        arena_starve(a);
    return OK;
}

static bool proof_says(const json_t *proof, const char *member, const char *value) {
    return str_eq(json_string_value(json_object_get(proof, member)), value);
}

bool cert_did_key(struct arena *a, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    const char *hash = strchr(method, '#'), *id = method + strlen("did:key:");
    if (!hash || !str_has_prefix(method, "did:key:") || strlen(hash + 1) != (size_t)(hash - id) ||
        strncmp(id, hash + 1, strlen(hash + 1)) != 0)
        return false;
    return cert_multikey_read(a, hash + 1, key);
}

/* The one proof, when it is of a kind that is looked at here. */
static const json_t *known_proof(struct arena *a, const json_t *doc, enum cert_proof_answer *answer,
                                 const char **why) {
    const json_t *proof = json_object_get(doc, "proof");
    size_t count = json_is_array(proof) ? json_array_size(proof) : json_is_object(proof);
    *answer = CERT_PROOF_NONE;
    *why = "there is no " SUITE " proof of an assertion: it is not signed";
    if (!count) return NULL;
    *answer = CERT_PROOF_OTHER;
    *why = "it has more than one proof, and only one is looked at here";
    if (count > 1) return NULL;
    if (json_is_array(proof)) proof = json_array_get(proof, 0);
    const char *type = json_string_value(json_object_get(proof, "type")),
               *suite = json_string_value(json_object_get(proof, "cryptosuite"));
    bool known = str_eq(type, "Ed25519Signature2020") ||
                 (str_eq(type, "DataIntegrityProof") && str_eq(suite, SUITE));
    if (!known)
        *why = arena_printf(a,
                            "there is no " SUITE " proof of an assertion: its proof is of the kind "
                            "%.60s%s%.60s, which is not looked at here",
                            type ? type : "unknown", suite ? " " : "", suite ? suite : "");
    else if (!proof_says(proof, "proofPurpose", "assertionMethod"))
        *why = "there is no " SUITE " proof of an assertion: its proof has another purpose";
    else return proof;
    return NULL;
}

static const unsigned char *read_signature(struct arena *a, const json_t *proof) {
    const char *value = json_string_value(json_object_get(proof, "proofValue"));
    size_t len = 0;
    if (!value || value[0] != 'z' || strlen(value) > PROOF_VALUE_MAX) return NULL;
    const unsigned char *signature = base58_decode(a, value + 1, &len);
    return len == crypto_sign_BYTES ? signature : NULL;
}

enum cert_proof_answer cert_proof_check(struct arena *a, const json_t *doc,
                                        enum cert_vocabulary vocabulary, cert_key_fn find,
                                        void *context, const char **method, const char **why) {
    enum cert_proof_answer answer;
    unsigned char key[CERT_PUBLIC_BYTES], data[2 * SHA256_BYTES];
    *method = NULL;
    const json_t *proof = known_proof(a, doc, &answer, why);
    if (!proof) return answer;
    *method = json_string_value(json_object_get(proof, "verificationMethod"));
    const unsigned char *signature = read_signature(a, proof);
    if (!signature) {
        *why = "the signature is damaged";
        return CERT_PROOF_CHANGED;
    }
    if (!*method || (!cert_did_key(a, *method, key) && !find(context, *method, key))) {
        *why = "the key that made the signature is not known here";
        return CERT_PROOF_NO_KEY;
    }
    json_t *options = json_adopt(a, json_copy((json_t *)proof));
    json_object_del(options, "proofValue");
    json_object_del(options, "@context");
    if (hash_data(a, doc, vocabulary, options, data, why) != OK) return CERT_PROOF_UNREADABLE;
    if (crypto_sign_verify_detached(signature, data, sizeof data, key) == 0) return CERT_PROOF_FITS;
    *why = "the signature does not fit: something was changed after signing";
    return CERT_PROOF_CHANGED;
}

enum err cert_proof_verify(struct arena *a, const json_t *doc, cert_key_fn find, void *context,
                           const char **method, const char **why) {
    switch (cert_proof_check(a, doc, CERT_VOCABULARY_303, find, context, method, why)) {
    case CERT_PROOF_FITS: return OK;
    case CERT_PROOF_NO_KEY: return ERR_NOT_FOUND;
    default: return ERR_INVALID;
    }
}
