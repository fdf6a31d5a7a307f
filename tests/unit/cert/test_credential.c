/* Canonical form, signatures and checks: what was signed holds, whatever is changed afterwards is
 * found. */
#include "unit/check.h"

#include <sodium.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_rdf.h"
#include "cert/cert_status.h"
#include "unit/cert/sample.h"

static unsigned char public_key[CERT_PUBLIC_BYTES], secret[CERT_SECRET_BYTES];
static const char *method;
static enum cert_status_answer answer;

static json_t *signed_sample(struct arena *a) {
    static const unsigned char seed[crypto_sign_SEEDBYTES] = {1, 2, 3};
    const char *why = "";
    struct cert_credential_facts f = sample_facts("Ada Example");
    json_t *doc = cert_credential_build(a, &f);
    codec_start();
    crypto_sign_seed_keypair(public_key, secret, seed);
    method = arena_printf(a, SAMPLE_DID "#%s", cert_multikey(a, public_key));
    if (cert_proof_sign(a, doc, secret, method, SAMPLE_FROM_MS, &why) != OK) fail_msg("%s", why);
    return doc;
}

static bool find_key(void *context, const char *wanted, unsigned char key[CERT_PUBLIC_BYTES]) {
    (void)context;
    if (!strstr(wanted, strchr(method, '#'))) return false;
    memcpy(key, public_key, CERT_PUBLIC_BYTES);
    return true;
}

static enum cert_status_answer find_status(void *context, struct cert_status_question *q) {
    (void)context, (void)q;
    return answer;
}

static enum cert_known knows(void *context, const char *issuer) {
    (void)context;
    return str_eq(issuer, SAMPLE_DID) ? CERT_OURS : CERT_STRANGER;
}

static struct cert_check_report check(struct arena *a, const char *text, int64_t now_ms) {
    struct cert_checker checker = {find_key, find_status, NULL, now_ms, knows, NULL, NULL};
    struct cert_check_report report;
    cert_credential_check(a, text, strlen(text), &checker, &report);
    return report;
}

static const char *failed(const struct cert_check_report *r) {
    for (int i = 0; i < CERT_CHECK_COUNT; i++)
        if (r->checks[i].outcome == CERT_FAIL) return r->checks[i].code;
    return "";
}

static void a_good_one(void **state) {
    struct arena *a = *state;
    answer = CERT_STATUS_GOOD;
    struct cert_check_report r = check(a, cert_json(a, signed_sample(a)), SAMPLE_FROM_MS + 1);
    assert_true(r.valid);
    for (int i = 0; i < CERT_CHECK_COUNT; i++) assert_int_equal(r.checks[i].outcome, CERT_PASS);
    assert_string_equal(r.number, SAMPLE_NUMBER);
    assert_string_equal(r.holder, "Ada Example");
    assert_string_equal(r.issuer, SAMPLE_DID);
}

static void the_same_facts_give_the_same_bytes(void **state) {
    struct arena *a = *state;
    assert_string_equal(cert_json(a, signed_sample(a)), cert_json(a, signed_sample(a)));
}

static void dates_and_status(void **state) {
    struct arena *a = *state;
    const char *text = cert_json(a, signed_sample(a));
    answer = CERT_STATUS_GOOD;
    struct cert_check_report r = check(a, text, SAMPLE_UNTIL_MS - 1);
    assert_true(r.valid);
    r = check(a, text, SAMPLE_UNTIL_MS);
    assert_false(r.valid);
    assert_string_equal(failed(&r), "expired");
    r = check(a, text, SAMPLE_FROM_MS - 1000);
    assert_string_equal(failed(&r), "not_yet");
    static const struct {
        enum cert_status_answer answer;
        const char *code;
    } answers[] = {{CERT_STATUS_REVOKED, "revoked"},
                   {CERT_STATUS_SUSPENDED, "suspended"},
                   {CERT_STATUS_LISTED, "listed"},
                   {CERT_STATUS_UNKNOWN, "unknown_status"}};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        answer = answers[i].answer;
        r = check(a, text, SAMPLE_FROM_MS + 1);
        assert_false(r.valid);
        assert_string_equal(failed(&r), answers[i].code);
    }
    answer = CERT_STATUS_UNSEEN;
    r = check(a, text, SAMPLE_FROM_MS + 1);
    assert_false(r.valid);
    assert_true(r.undecided);
    assert_int_equal(r.checks[4].outcome, CERT_SKIP);
    r = check(a, text, SAMPLE_UNTIL_MS); /* expired it is, whatever the list says */
    assert_false(r.undecided);
    answer = CERT_STATUS_GOOD;
    r = check(a, text, SAMPLE_FROM_MS + 1);
    assert_false(r.undecided);
}

/* A checker that cannot look up a state calls nothing valid that names one. */
static void without_a_status(void **state) {
    struct arena *a = *state;
    const char *text = cert_json(a, signed_sample(a)), *why = "";
    struct cert_checker checker = {find_key, NULL, NULL, SAMPLE_FROM_MS + 1, knows, NULL, NULL};
    struct cert_check_report r;
    cert_credential_check(a, text, strlen(text), &checker, &r);
    assert_false(r.valid);
    assert_true(r.undecided);
    assert_string_equal(failed(&r), "");
    json_t *doc = signed_sample(a);
    json_object_del(doc, "proof");
    json_object_del(doc, "credentialStatus");
    assert_int_equal(cert_proof_sign(a, doc, secret, method, SAMPLE_FROM_MS, &why), OK);
    text = cert_json(a, doc);
    cert_credential_check(a, text, strlen(text), &checker, &r);
    assert_true(r.valid); /* nothing can revoke it */
}

/* Each text in the document, also in its proof: one more character, and it does not hold any more.
 */
static void change_texts(struct arena *a, json_t *top, json_t *at, int *changed) {
    const char *name;
    json_t *value;
    size_t i;
    json_object_foreach (at, name, value) {
        if (json_is_string(value)) {
            char *old = arena_dup(a, json_string_value(value));
            json_string_set(value, arena_printf(a, "%sx", old));
            struct cert_check_report r = check(a, cert_json(a, top), SAMPLE_FROM_MS + 1);
            if (r.valid) fail_msg("%s was changed and nobody noticed", name);
            json_string_set(value, old);
            ++*changed;
        } else if (json_is_boolean(value)) {
            bool old = json_is_true(value);
            json_object_set_new(at, name, json_boolean(!old));
            struct cert_check_report r = check(a, cert_json(a, top), SAMPLE_FROM_MS + 1);
            assert_false(r.valid);
            json_object_set_new(at, name, json_boolean(old));
            ++*changed;
            return; /* the iteration is over after a change of members */
        } else {
            change_texts(a, top, value, changed);
        }
    }
    json_array_foreach (at, i, value) {
        if (json_is_string(value)) {
            json_incref(value);
            json_array_set_new(at, i, json_string("x"));
            struct cert_check_report r = check(a, cert_json(a, top), SAMPLE_FROM_MS + 1);
            assert_false(r.valid);
            json_array_set_new(at, i, value);
            return;
        }
        change_texts(a, top, value, changed);
    }
}

/* RULE sealed. */
static void every_changed_text_is_found(void **state) {
    struct arena *a = *state;
    json_t *doc = signed_sample(a), *copy = json_adopt(a, json_deep_copy(doc));
    int changed = 0;
    answer = CERT_STATUS_GOOD;
    change_texts(a, copy, copy, &changed);
    assert_true(changed > 40);
}

static void additions_and_removals_are_found(void **state) {
    static const char *const additions[] = {"description", "evil",   "termsOfUse",
                                            "proof2",      "@graph", "@id"};
    struct arena *a = *state;
    json_t *doc = signed_sample(a);
    const char *name;
    json_t *value;
    void *next;
    for (size_t i = 0; i < COUNT_OF(additions); i++) {
        json_t *copy = json_adopt(a, json_deep_copy(doc));
        json_object_set_new(copy, additions[i], json_string("https://academy.example/x"));
        struct cert_check_report r = check(a, cert_json(a, copy), SAMPLE_FROM_MS + 1);
        if (r.valid) fail_msg("%s was added and nobody noticed", additions[i]);
    }
    json_object_foreach_safe(doc, next, name, value) {
        json_t *copy = json_adopt(a, json_deep_copy(doc));
        json_object_del(copy, name);
        struct cert_check_report r = check(a, cert_json(a, copy), SAMPLE_FROM_MS + 1);
        if (r.valid) fail_msg("%s was removed and nobody noticed", name);
    }
    json_t *copy = json_adopt(a, json_deep_copy(doc));
    json_t *evidence = json_array_get(json_object_get(copy, "evidence"), 0);
    json_object_set_new(evidence, "@context", json_string("https://evil.example/"));
    struct cert_check_report r = check(a, cert_json(a, copy), SAMPLE_FROM_MS + 1);
    assert_false(r.valid);
}

/* A method of a foreign DID that names our key: the issuer does not fit. */
static void a_borrowed_key(void **state) {
    struct arena *a = *state;
    const char *why = "";
    json_t *doc = signed_sample(a);
    json_object_del(doc, "proof");
    const char *foreign = arena_printf(a, "did:web:evil.example%s", strchr(method, '#'));
    assert_int_equal(cert_proof_sign(a, doc, secret, foreign, SAMPLE_FROM_MS, &why), OK);
    struct cert_check_report r = check(a, cert_json(a, doc), SAMPLE_FROM_MS + 1);
    assert_false(r.valid);
    assert_string_equal(failed(&r), "foreign_issuer");
}

static void another_key(void **state) {
    struct arena *a = *state;
    const char *text = cert_json(a, signed_sample(a));
    unsigned char good[CERT_PUBLIC_BYTES], other_secret[CERT_SECRET_BYTES];
    memcpy(good, public_key, sizeof good);
    crypto_sign_keypair(public_key,
                        other_secret); /* the method stays, the key behind it is another */
    struct cert_check_report r = check(a, text, SAMPLE_FROM_MS + 1);
    assert_string_equal(failed(&r), "changed");
    memcpy(public_key, good, sizeof good);
    method = arena_printf(a, SAMPLE_DID "#%s", cert_multikey(a, other_secret + 32));
    r = check(a, text, SAMPLE_FROM_MS + 1);
    assert_string_equal(failed(&r), "unknown_key");
}

static void what_is_no_credential(void **state) {
    static const char *const texts[] = {
        "", "{", "null", "[]", "\"x\"", "{}", "{\"a\":1,\"a\":2}", "{\"@context\":[]}", "\xff\xfe"};
    struct arena *a = *state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct cert_check_report r = check(a, texts[i], 0);
        assert_false(r.valid);
        assert_int_equal(r.checks[0].outcome, CERT_FAIL);
        assert_int_equal(r.checks[1].outcome, CERT_SKIP);
    }
}

static const char *canonical(struct arena *a, const char *json, const char **why) {
    const char *text = NULL;
    *why = NULL;
    json_t *doc = json_read(a, json, strlen(json), why);
    assert_non_null(doc);
    return cert_rdf_canonical(a, doc, CERT_VOCABULARY_303, &text, why) == OK ? text : NULL;
}

#define VCT "\"type\":[\"VerifiableCredential\"]"

static void what_cannot_be_signed(void **state) {
    static const char *const refused[] = {
        "{" VCT ",\"unknown\":\"x\"}", "{" VCT ",\"name\":1}", "{" VCT ",\"name\":null}",
        "{" VCT ",\"name\":true}", "{" VCT ",\"name\":{\"@value\":\"x\"}}",
        "{" VCT ",\"name\":[[\"x\"]]}", "{\"type\":\"Unknown\"}", "{\"type\":[1]}",
        "{\"id\":\"relative\"}", "{\"id\":\"https://a b\"}", "{\"id\":\"xsd:date\"}",
        "{\"id\":\"https://a/<b>\"}", "{\"id\":1}", "{" VCT ",\"issuer\":\"not an address\"}",
        "{" VCT ",\"issuer\":[1]}",
        "{\"type\":\"DataIntegrityProof\",\"proofPurpose\":\"authentication\"}",
        /* two evidences that nobody can tell apart */
        "{" VCT
        ",\"evidence\":[{\"type\":\"Evidence\",\"name\":\"x\"},{\"type\":\"Evidence\",\"name\":\"x\"}]}",
        /* a name that only the proof's type knows */
        "{" VCT ",\"cryptosuite\":\"eddsa-rdfc-2022\"}"};
    struct arena *a = *state;
    const char *why;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (canonical(a, refused[i], &why)) fail_msg("signed: %s", refused[i]);
        assert_non_null(why);
    }
    struct buf many;
    buf_init(&many, a);
    buf_puts(&many, "{" VCT ",\"evidence\":[");
    for (int i = 0; i < 300; i++) buf_printf(&many, "%s{\"name\":\"%d\"}", i ? "," : "", i);
    buf_puts(&many, "]}");
    assert_null(canonical(a, buf_text(&many), &why));
    /* An address of 100 KB in two thousand statements would be written, and compared, for seconds.
     */
    struct buf large;
    buf_init(&large, a);
    buf_puts(&large, "{" VCT ",\"id\":\"https://a/");
    for (int i = 0; i < 100000; i++) buf_putc(&large, 'x');
    buf_puts(&large, "\"}");
    assert_null(canonical(a, buf_text(&large), &why));
}

/* RULE check-work: what a check costs is bounded by numbers, whatever a text of 256 KB holds.
 * `distinct` values of a list, and `equal` times the last of them again. */
static const char *many_values(struct arena *a, const char *member, int distinct, int equal,
                               const char **why) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{" VCT ",\"%s\":[", member);
    for (int i = 0; i < distinct + equal; i++)
        buf_printf(&b, "%s\"%d\"", i ? "," : "", i < distinct ? i : distinct - 1);
    buf_puts(&b, "]}");
    return canonical(a, buf_text(&b), why);
}

static size_t lines(const char *text) {
    size_t n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

static void work_is_bounded(void **state) {
    struct arena *a = *state;
    const char *why, *text = many_values(a, "name", 1999, 2001, &why);
    assert_non_null(text);
    assert_int_equal(lines(text), 2000); /* with that of the type: each once */
    assert_null(many_values(a, "name", 1999, 2002, &why));
    assert_non_null(strstr(why, "more values"));
    assert_null(many_values(a, "name", 2000, 0, &why));
    assert_non_null(strstr(why, "more statements"));
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "{\"type\":[\"Evidence\"");
    for (int i = 1; i < 16; i++) buf_puts(&b, ",\"Evidence\"");
    assert_non_null(canonical(a, arena_printf(a, "%s]}", buf_text(&b)), &why));
    assert_null(canonical(a, arena_printf(a, "%s,\"Evidence\"]}", buf_text(&b)), &why));
    assert_non_null(strstr(why, "more types"));
}

static void escapes_and_order(void **state) {
    struct arena *a = *state;
    const char *why,
        *text = canonical(a, "{" VCT ",\"name\":[\"b\",\"a\\u0001\\t\\\"\\\\\\u007f\",\"b\"]}",
                          &why);
    assert_non_null(text);
    assert_string_equal(
        text,
        "_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .\n"
        "_:c14n0 <https://schema.org/name> \"a\\u0001\\t\\\"\\\\\\u007F\" .\n"
        "_:c14n0 <https://schema.org/name> \"b\" .\n");
}

/* Statements about things that have no id, named by the hashes of what is said of each (RDFC-1.0,
 * sections 4.4 to 4.6); computed with an independent implementation. */
static void things_without_an_id(void **state) {
    static const char json[] =
        "{" VCT ",\"id\":\"https://a/1\",\"name\":\"C\",\"validFrom\":\"2026-01-01T00:00:00Z\","
        "\"issuer\":{\"type\":\"Profile\",\"name\":\"N\",\"url\":\"https://u/\"},"
        "\"credentialSubject\":{\"type\":[\"AchievementSubject\"],\"achievement\":{\"type\":"
        "\"Achievement\",\"name\":\"X\"},\"identifier\":[{\"type\":\"IdentityObject\",\"hashed\":"
        "true}]},\"evidence\":[{\"type\":\"Evidence\",\"genre\":\"g\"},{\"type\":\"Evidence\"},"
        "\"https://e/\"]}";
    static const char expected[] =
        "<https://a/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .\n"
        "<https://a/1> <https://schema.org/name> \"C\" .\n"
        "<https://a/1> <https://www.w3.org/2018/credentials#credentialSubject> _:c14n2 .\n"
        "<https://a/1> <https://www.w3.org/2018/credentials#evidence> <https://e/> .\n"
        "<https://a/1> <https://www.w3.org/2018/credentials#evidence> _:c14n1 .\n"
        "<https://a/1> <https://www.w3.org/2018/credentials#evidence> _:c14n5 .\n"
        "<https://a/1> <https://www.w3.org/2018/credentials#issuer> _:c14n0 .\n"
        "<https://a/1> <https://www.w3.org/2018/credentials#validFrom> \"2026-01-01T00:00:00Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n"
        "_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#Profile> .\n"
        "_:c14n0 <https://schema.org/name> \"N\" .\n"
        "_:c14n0 <https://schema.org/url> \"https://u/\"^^<https://www.w3.org/2001/XMLSchema#anyURI> .\n"
        "_:c14n1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#Evidence> .\n"
        "_:c14n2 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#AchievementSubject> .\n"
        "_:c14n2 <https://purl.imsglobal.org/spec/vc/ob/vocab.html#achievement> _:c14n3 .\n"
        "_:c14n2 <https://purl.imsglobal.org/spec/vc/ob/vocab.html#identifier> _:c14n4 .\n"
        "_:c14n3 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#Achievement> .\n"
        "_:c14n3 <https://schema.org/name> \"X\" .\n"
        "_:c14n4 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#IdentityObject> .\n"
        "_:c14n4 <https://purl.imsglobal.org/spec/vc/ob/vocab.html#hashed> \"true\"^^<https://www.w3.org/2001/XMLSchema#boolean> .\n"
        "_:c14n5 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#Evidence> .\n"
        "_:c14n5 <https://schema.org/genre> \"g\" .\n";
    struct arena *a = *state;
    const char *why, *text = canonical(a, json, &why);
    if (!text) fail_msg("%s", why);
    assert_string_equal(text, expected);
}

/* The key inside of a did:key, both times the same. */
static void keys_of_dids(void **state) {
    struct arena *a = *state;
    unsigned char key[CERT_PUBLIC_BYTES], back[CERT_PUBLIC_BYTES];
    memset(key, 9, sizeof key);
    const char *name = cert_multikey(a, key);
    assert_true(cert_did_key(a, arena_printf(a, "did:key:%s#%s", name, name), back));
    assert_memory_equal(back, key, sizeof key);
    const char *other = arena_dup(a, name);
    ((char *)other)[strlen(other) - 1]++;
    const char *const bad[] = {name,
                               arena_printf(a, "did:key:%s", name),
                               arena_printf(a, "did:key:%s#", name),
                               arena_printf(a, "did:key:#%s", name),
                               arena_printf(a, "did:web:%s#%s", name, name),
                               arena_printf(a, "did:key:%s#%s", name, other),
                               arena_printf(a, "did:key:%sx#%s", name, name),
                               arena_printf(a, "did:key:%s#%sx", name, name),
                               "did:key:z#z"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) assert_false(cert_did_key(a, bad[i], back));
}

/* What is answered to a proof that is none, several, or of another kind; and to one that fits, in a
 * list or alone. */
static void kinds_of_proofs(void **state) {
    struct arena *a = *state;
    const json_t *good = json_array_get(json_object_get(signed_sample(a), "proof"), 0);
    const struct {
        const char *member, *json; /* of the proof */
        enum cert_proof_answer answer;
        const char *why;
    } cases[] = {
        {"type", "\"Ed25519Signature2018\"", CERT_PROOF_OTHER,
         "of the kind Ed25519Signature2018 eddsa-rdfc-2022,"},
        {"type", "7", CERT_PROOF_OTHER, "of the kind unknown eddsa-rdfc-2022,"},
        {"cryptosuite", "\"ecdsa-rdfc-2019\"", CERT_PROOF_OTHER,
         "of the kind DataIntegrityProof ecdsa-rdfc-2019,"},
        {"proofPurpose", "\"authentication\"", CERT_PROOF_OTHER, "its proof has another purpose"},
        {"proofValue", "7", CERT_PROOF_CHANGED, "the signature is damaged"},
        {"proofValue", "\"u123\"", CERT_PROOF_CHANGED, "the signature is damaged"},
        {"proofValue", "\"z123\"", CERT_PROOF_CHANGED, "the signature is damaged"},
        {"created", "\"2026-01-01T00:00:00Z\"", CERT_PROOF_CHANGED,
         "something was changed after signing"},
        {"verificationMethod", "7", CERT_PROOF_NO_KEY,
         "the key that made the signature is not known here"},
        {"nonce", "\"x\"", CERT_PROOF_UNREADABLE, NULL},
        {"@context", "\"https://w3id.org/security/data-integrity/v2\"", CERT_PROOF_FITS, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *why = NULL, *of = NULL, *list = arena_printf(a, "[%s]", cases[i].json);
        json_t *doc = json_adopt(a, json_copy(signed_sample(a))),
               *proof = json_adopt(a, json_copy((json_t *)good));
        json_object_set(proof, cases[i].member,
                        json_array_get(json_read(a, list, strlen(list), &why), 0));
        for (int alone = 0; alone < 2; alone++) {
            json_object_set_new(doc, "proof", alone ? json_incref(proof) : json_pack("[O]", proof));
            enum cert_proof_answer got = cert_proof_check(a, doc, CERT_VOCABULARY_303, find_key,
                                                          NULL, &of, &why);
            if (got != cases[i].answer || (cases[i].why && !strstr(why, cases[i].why)))
                fail_msg("%s: %d, %s", cases[i].member, (int)got, why);
        }
    }
    static const struct {
        int proofs;
        enum cert_proof_answer answer;
        enum err verified;
    } counts[] = {{0, CERT_PROOF_NONE, ERR_INVALID},
                  {1, CERT_PROOF_FITS, OK},
                  {2, CERT_PROOF_OTHER, ERR_INVALID}};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        const char *why = NULL, *of = NULL;
        json_t *doc = signed_sample(a), *list = json_array();
        for (int k = 0; k < counts[i].proofs; k++) json_array_append(list, (json_t *)good);
        json_object_set_new(doc, "proof", list);
        assert_int_equal(cert_proof_check(a, doc, CERT_VOCABULARY_303, find_key, NULL, &of, &why),
                         counts[i].answer);
        assert_int_equal(cert_proof_verify(a, doc, find_key, NULL, &of, &why), counts[i].verified);
        if (counts[i].answer == CERT_PROOF_FITS) assert_string_equal(of, method);
        else assert_non_null(why);
    }
    const char *why = NULL, *of = NULL, *other = method;
    json_t *doc = signed_sample(a);
    assert_int_equal(cert_proof_sign(a, doc, secret, method, 0, &why), ERR_INVALID);
    assert_string_equal(why, "the document is signed already");
    method = "did:web:else.example#else"; /* what find_key knows */
    assert_int_equal(cert_proof_verify(a, doc, find_key, NULL, &of, &why), ERR_NOT_FOUND);
    method = other;
}

/* A list of so many bytes, all clear, without the last `cut` bytes of its text. */
static const char *list_of(struct arena *a, size_t bytes, size_t cut) {
    unsigned char *bits = arena_alloc(a, bytes), *out = arena_alloc(a, 4096);
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = bits;
    z.avail_in = (unsigned)bytes;
    z.next_out = out;
    z.avail_out = 4096;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t len = z.total_out;
    deflateEnd(&z);
    return arena_printf(a, "u%s", base64url_encode(a, out, len - cut));
}

/* RULE status-bit. A list is whole and of the one length. */
static void status_lists(void **state) {
    struct arena *a = *state;
    unsigned char *bits = arena_alloc(a,
                                      CERT_STATUS_BYTES + 1); /* and one that is not the list's */
    static const uint32_t set[] = {0, 7, 8, 94567, CERT_STATUS_BITS - 1};
    for (size_t i = 0; i < COUNT_OF(set); i++) cert_status_set(bits, set[i]);
    assert_int_equal(bits[0], 0x81);
    const char *text = cert_status_encode(a, bits);
    assert_int_equal(text[0], 'u');
    assert_true(strlen(text) < 400);
    unsigned char *back = cert_status_decode(a, text);
    assert_non_null(back);
    assert_memory_equal(back, bits, CERT_STATUS_BYTES);
    assert_true(cert_status_get(back, 94567));
    assert_false(cert_status_get(back, 94566));
    /* The first index beyond the list, and a negative one of a damaged row: no bit, and no end of
     * the process. */
    cert_status_set(bits, CERT_STATUS_BITS);
    cert_status_set(bits, (uint32_t)-1);
    assert_memory_equal(back, bits, CERT_STATUS_BYTES);
    assert_int_equal(bits[CERT_STATUS_BYTES], 0);
    bits[CERT_STATUS_BYTES] = 0xff;
    assert_false(cert_status_get(bits, CERT_STATUS_BITS));
    assert_non_null(cert_status_decode(a, list_of(a, CERT_STATUS_BYTES, 0)));
    assert_null(cert_status_decode(a, list_of(a, CERT_STATUS_BYTES, 1)));
    /* Half of the bits set, without any order: nothing packs worse. */
    unsigned char *worst = arena_alloc(a, CERT_STATUS_BYTES);
    uint32_t drawn = 1;
    for (size_t i = 0; i < CERT_STATUS_BYTES; i++)
        worst[i] = (unsigned char)((drawn = drawn * 1664525u + 1013904223u) >> 24);
    back = cert_status_decode(a, cert_status_encode(a, worst));
    assert_non_null(back);
    assert_memory_equal(back, worst, CERT_STATUS_BYTES);
    char *other = arena_dup(a, text);
    other[0] = 'm'; /* another multibase */
    assert_null(cert_status_decode(a, other));
    assert_null(cert_status_decode(a, list_of(a, CERT_STATUS_BYTES - 1, 0)));
    assert_null(cert_status_decode(a, list_of(a, CERT_STATUS_BYTES + 1, 0)));
    static const char *const bad[] = {"", "u", "x", "uH4sIAAAA", "uAAAA", "u!!!!", "zH4sI"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) assert_null(cert_status_decode(a, bad[i]));
    assert_null(cert_status_decode(a, arena_copy(a, text, strlen(text) - 8)));
}

static void identities(void **state) {
    struct arena *a = *state;
    const char *hash = cert_identity_hash(a, "Ada@Example.org", "salt");
    assert_true(str_has_prefix(hash, "sha256$"));
    assert_string_equal(hash, cert_identity_hash(a, "ada@example.ORG", "salt"));
    assert_string_not_equal(hash, cert_identity_hash(a, "ada@example.org", "salu"));
    assert_null(strstr(cert_json(a, signed_sample(a)), "@academy.example")); /* no address leaks */
}

/* The nth allocation fails, for each n: nothing is lost (sanitizers would tell), and the next try
 * works. */
static void memory_ends(void **state) {
    (void)state;
    static struct arena a; /* survives the way out */
    static long n;
    volatile int failures = 0;
    answer = CERT_STATUS_GOOD;
    for (n = 1;; n += n < 200 ? 1 : 37) {
        arena_init(&a, (size_t)64 << 20);
        arena_fail_at(n);
        if (ARENA_GUARD(&a) == 0) {
            struct cert_check_report r = check(&a, cert_json(&a, signed_sample(&a)),
                                               SAMPLE_FROM_MS + 1);
            arena_fail_at(0);
            assert_true(r.valid);
            arena_release(&a);
            break;
        }
        assert_true(arena_failed_as_asked());
        failures++;
        arena_release(&a);
    }
    assert_true(failures > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_good_one),
        TEST(the_same_facts_give_the_same_bytes),
        TEST(dates_and_status),
        TEST(without_a_status),
        TEST(every_changed_text_is_found),
        TEST(additions_and_removals_are_found),
        TEST(a_borrowed_key),
        TEST(another_key),
        TEST(what_is_no_credential),
        TEST(what_cannot_be_signed),
        TEST(work_is_bounded),
        TEST(escapes_and_order),
        TEST(things_without_an_id),
        TEST(keys_of_dids),
        TEST(kinds_of_proofs),
        TEST(status_lists),
        TEST(identities),
        TEST(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
