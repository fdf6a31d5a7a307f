/* The files that a stranger downloads: a DID document and a status list. What is not exactly that
 * proves nothing. */
#include "unit/check.h"

#include <sodium.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_contexts.h"
#include "cert/cert_published.h"
#include "cert/cert_status.h"
#include "unit/cert/sample.h"

#define VALID_MS (6 * 3600 * 1000LL)

static unsigned char public_key[CERT_PUBLIC_BYTES], secret[CERT_SECRET_BYTES];
static const char *multikey;

static void make_key(struct arena *a) {
    static const unsigned char seed[crypto_sign_SEEDBYTES] = {4, 5, 6};
    codec_start();
    crypto_sign_seed_keypair(public_key, secret, seed);
    multikey = cert_multikey(a, public_key);
}

static bool find_key(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    (void)context;
    const char *hash = strchr(method, '#');
    if (!hash || !str_eq(hash + 1, multikey)) return false;
    memcpy(key, public_key, CERT_PUBLIC_BYTES);
    return true;
}

/* ---- DID documents
 * ------------------------------------------------------------------------------- */
#define METHOD(id, type, controller, key)                                                          \
    "{\"id\":\"" id "\",\"type\":\"" type "\",\"controller\":\"" controller                        \
    "\",\"publicKeyMultibase\":\"" key "\"}"
#define DOCUMENT(id, methods, assertions)                                                          \
    "{\"id\":\"" id "\",\"verificationMethod\":[" methods "],\"assertionMethod\":[" assertions "]}"
#define KEY "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"
#define ID SAMPLE_DID "#" KEY

static void did_documents(void **state) {
    static const char *const good[] = {
        DOCUMENT(SAMPLE_DID, METHOD(ID, "Multikey", SAMPLE_DID, KEY), "\"" ID "\""),
        DOCUMENT(SAMPLE_DID, METHOD("#" KEY, "Multikey", SAMPLE_DID, KEY), "\"#" KEY "\""),
        DOCUMENT(
            SAMPLE_DID,
            METHOD("#x", "JsonWebKey", SAMPLE_DID, "") "," METHOD(ID, "Multikey", SAMPLE_DID, KEY),
            "\"#x\",\"" ID "\""),
    };
    static const char *const bad[] = {
        "",
        "[]",
        "null",
        "{}",
        "{\"id\":1}",
        "{\"id\":\"did:web:x\"}",
        DOCUMENT("https://x", METHOD("#" KEY, "Multikey", "https://x", KEY), "\"#" KEY "\""),
        DOCUMENT(ID, METHOD(ID, "Multikey", ID, KEY), "\"" ID "\""),
        /* not for assertions; of another controller; of another kind; no key */
        DOCUMENT(SAMPLE_DID, METHOD(ID, "Multikey", SAMPLE_DID, KEY), ""),
        DOCUMENT(SAMPLE_DID, METHOD(ID, "Multikey", "did:web:evil.example", KEY), "\"" ID "\""),
        DOCUMENT(SAMPLE_DID, METHOD(ID, "Ed25519VerificationKey2020", SAMPLE_DID, KEY),
                 "\"" ID "\""),
        DOCUMENT(SAMPLE_DID, METHOD(ID, "Multikey", SAMPLE_DID, "z6Mk"), "\"" ID "\""),
        DOCUMENT(SAMPLE_DID, "1,\"x\",[],null", "1,null,{}"),
    };
    struct arena *a = *state;
    static struct cert_did did;
    unsigned char key[CERT_PUBLIC_BYTES];
    const char *why = NULL;
    codec_start();
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!cert_did_read(a, good[i], strlen(good[i]), &did, &why)) fail_msg("%s", why);
        assert_string_equal(did.id, SAMPLE_DID);
        assert_true(cert_did_find(&did, ID, key));
        assert_string_equal(cert_multikey(a, key), KEY);
        assert_false(cert_did_find(&did, "#" KEY, key));
        assert_false(cert_did_find(&did, "did:web:evil.example#" KEY, key));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        why = NULL;
        if (cert_did_read(a, bad[i], strlen(bad[i]), &did, &why)) fail_msg("read: %s", bad[i]);
        assert_non_null(why);
        assert_false(cert_did_find(&did, ID, key));
    }
}

/* ---- Status lists
 * ---------------------------------------------------------------------------------- */
static json_t *list_of(struct arena *a, const char *did, const char *url, uint32_t revoked) {
    unsigned char *bits = arena_alloc(a, CERT_STATUS_BYTES);
    cert_status_set(bits, revoked);
    return cert_status_credential_build(a, did, url, "suspension", cert_status_encode(a, bits),
                                        SAMPLE_FROM_MS, VALID_MS);
}

static const char *sign_as(struct arena *a, json_t *doc, const char *did) {
    const char *why = "", *method = arena_printf(a, "%s#%s", did, multikey);
    if (cert_proof_sign(a, doc, secret, method, SAMPLE_FROM_MS, &why) != OK) fail_msg("%s", why);
    return cert_json(a, doc);
}

static enum cert_status_answer ask(struct arena *a, const char *text, int64_t now_ms,
                                   const char *want) {
    struct cert_checker checker = {.find_key = find_key, .now_ms = now_ms};
    struct cert_status_question q = {"", SAMPLE_DID, SAMPLE_LIST, "suspension", SAMPLE_INDEX, NULL};
    enum cert_status_answer answer = cert_status_list_answer(a, text, strlen(text), &checker, &q);
    if (want && !(q.why && strstr(q.why, want))) fail_msg("%s: %s", want, q.why ? q.why : "-");
    if (want) assert_non_null(strstr(q.why, SAMPLE_LIST)); /* where to get it anew */
    else assert_null(q.why);
    return answer;
}

static void a_list_answers(void **state) {
    struct arena *a = *state;
    const int64_t now = SAMPLE_FROM_MS;
    make_key(a);
    const char *set = sign_as(a, list_of(a, SAMPLE_DID, SAMPLE_LIST, SAMPLE_INDEX), SAMPLE_DID),
               *clear = sign_as(a, list_of(a, SAMPLE_DID, SAMPLE_LIST, SAMPLE_INDEX + 1),
                                SAMPLE_DID);
    assert_int_equal(ask(a, set, now, NULL), CERT_STATUS_LISTED);
    assert_int_equal(ask(a, clear, now + VALID_MS - 1, NULL), CERT_STATUS_GOOD);
    assert_int_equal(ask(a, clear, now + VALID_MS, "expired on 2026-11-22T10:10:51Z"),
                     CERT_STATUS_UNSEEN);
    assert_int_equal(ask(a, clear, now - 1000, "holds from"), CERT_STATUS_UNSEEN);
}

static void other_lists_prove_nothing(void **state) {
    struct arena *a = *state;
    const int64_t now = SAMPLE_FROM_MS;
    make_key(a);
    json_t *list = list_of(a, SAMPLE_DID, SAMPLE_ORIGIN "/status/2", 1);
    assert_int_equal(ask(a, sign_as(a, list, SAMPLE_DID), now, "another list"), CERT_STATUS_UNSEEN);
    list = list_of(a, "did:web:evil.example", SAMPLE_LIST, 1);
    assert_int_equal(ask(a, sign_as(a, list, "did:web:evil.example"), now, "another issuer"),
                     CERT_STATUS_UNSEEN);
    list = list_of(a, SAMPLE_DID, SAMPLE_LIST, 1);
    assert_int_equal(ask(a, sign_as(a, list, "did:web:evil.example"), now, "not signed by"),
                     CERT_STATUS_UNSEEN);
    list = list_of(a, SAMPLE_DID, SAMPLE_LIST, 1);
    assert_int_equal(ask(a, cert_json(a, list), now, "no eddsa-rdfc-2022 proof"),
                     CERT_STATUS_UNSEEN);
    const char *text = sign_as(a, list, SAMPLE_DID);
    multikey = KEY; /* another key is known than the one that signed */
    assert_int_equal(ask(a, text, now, "key that was not given"), CERT_STATUS_UNSEEN);
    make_key(a);
    /* The bits of another day under this signature. */
    json_t *forged = json_adopt(a, json_deep_copy(list)),
           *subject = json_object_get(list_of(a, SAMPLE_DID, SAMPLE_LIST, 2), "credentialSubject");
    json_object_set(forged, "credentialSubject", subject);
    assert_int_equal(ask(a, cert_json(a, forged), now, "does not hold"), CERT_STATUS_UNSEEN);
}

/* Signed as they stand, so that only their form speaks against them. */
static void lists_of_another_form(void **state) {
    struct arena *a = *state;
    const int64_t now = SAMPLE_FROM_MS;
    make_key(a);
    json_t *list = list_of(a, SAMPLE_DID, SAMPLE_LIST, 1);
    json_object_set_new(json_object_get(list, "credentialSubject"), "statusPurpose",
                        json_string("revocation"));
    assert_int_equal(ask(a, sign_as(a, list, SAMPLE_DID), now, "kept for another purpose"),
                     CERT_STATUS_UNSEEN);
    list = list_of(a, SAMPLE_DID, SAMPLE_LIST, 1);
    json_object_del(list, "validUntil");
    assert_int_equal(ask(a, sign_as(a, list, SAMPLE_DID), now, "which time"), CERT_STATUS_UNSEEN);
    list = list_of(a, SAMPLE_DID, SAMPLE_LIST, 1);
    json_object_set_new(json_object_get(list, "credentialSubject"), "encodedList",
                        json_string("uH4sIAAAA"));
    assert_int_equal(ask(a, sign_as(a, list, SAMPLE_DID), now, "unpacked"), CERT_STATUS_UNSEEN);
    list = list_of(a, SAMPLE_DID, SAMPLE_LIST, 1);
    json_object_del(json_object_get(list, "credentialSubject"), "encodedList");
    assert_int_equal(ask(a, sign_as(a, list, SAMPLE_DID), now, "unpacked"), CERT_STATUS_UNSEEN);
    list = list_of(a, SAMPLE_DID, SAMPLE_LIST, 1);
    json_object_set_new(list, "type", json_pack("[s]", "VerifiableCredential"));
    assert_int_equal(ask(a, sign_as(a, list, SAMPLE_DID), now, "no Bitstring"), CERT_STATUS_UNSEEN);
    list = list_of(a, SAMPLE_DID, SAMPLE_LIST, 1);
    json_object_set_new(list, "@context", json_pack("[ss]", CERT_CONTEXT_VC, CERT_CONTEXT_OB));
    assert_int_equal(ask(a, sign_as(a, list, SAMPLE_DID), now, "no Bitstring"), CERT_STATUS_UNSEEN);
    static const char *const texts[] = {"", "{", "null", "[]", "{}", "\"x\""};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(ask(a, texts[i], now, "status list"), CERT_STATUS_UNSEEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(did_documents),
        TEST(a_list_answers),
        TEST(other_lists_prove_nothing),
        TEST(lists_of_another_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
