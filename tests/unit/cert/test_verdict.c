/* RULE true-verdict, RULE known-issuer: what is said of a credential that is not as this academy
 * makes them: what fails, what is not decided, and in which words. */
#include "unit/check.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "unit/cert/sample.h"

static unsigned char public_key[CERT_PUBLIC_BYTES], secret[CERT_SECRET_BYTES];
static const char *key_name, *method;

/* What the checker is told. */
static enum cert_known known;
static enum cert_status_answer answer;
static const char *unseen_why, *claim;
static bool has_key, trusted;
static struct cert_status_question asked;

static bool find_key(void *context, const char *wanted, unsigned char key[CERT_PUBLIC_BYTES]) {
    (void)context, (void)wanted;
    memcpy(key, public_key, CERT_PUBLIC_BYTES);
    return has_key;
}

static enum cert_status_answer find_status(void *context, struct cert_status_question *q) {
    (void)context;
    asked = *q;
    q->why = unseen_why;
    return answer;
}

static enum cert_known knows(void *context, const char *issuer) {
    (void)context, (void)issuer;
    return known;
}

static bool trusts(void *context, const char *of) {
    (void)context;
    assert_string_equal(of, method);
    return trusted;
}

static const char *claims(void *context, const struct cert_check_report *r) {
    (void)context, (void)r;
    return claim;
}

static void as_before(struct arena *a) {
    static const unsigned char seed[crypto_sign_SEEDBYTES] = {1, 2, 3};
    codec_start();
    crypto_sign_seed_keypair(public_key, secret, seed);
    key_name = cert_multikey(a, public_key);
    method = arena_printf(a, SAMPLE_DID "#%s", key_name);
    known = CERT_OURS, answer = CERT_STATUS_GOOD, unseen_why = claim = NULL;
    has_key = true, trusted = false;
}

static struct cert_check_report check(struct arena *a, const char *text) {
    struct cert_checker checker = {find_key, find_status, NULL,  SAMPLE_FROM_MS + 1,
                                   knows,    trusts,      claims};
    struct cert_check_report report;
    cert_credential_check(a, text, strlen(text), &checker, &report);
    return report;
}

/* The sample with the member at `path` ("issuer.name") changed to `json` (NULL: without it), signed
 * when it can be. */
static const char *changed(struct arena *a, const char *path, const char *json) {
    struct cert_credential_facts f = sample_facts("Ada Example");
    const char *why = "", *name = path;
    json_t *doc = cert_credential_build(a, &f), *at = doc;
    for (const char *dot; (dot = strchr(name, '.')) != NULL; name = dot + 1)
        at = json_object_get(at, arena_copy(a, name, (size_t)(dot - name)));
    assert_non_null(at);
    if (json) {
        const char *list = arena_printf(a, "[%s]", json);
        json_object_set(at, name, json_array_get(json_read(a, list, strlen(list), &why), 0));
    } else if (*name) assert_int_equal(json_object_del(at, name), 0);
    (void)!cert_proof_sign(a, doc, secret, method, SAMPLE_FROM_MS, &why);
    return cert_json(a, doc);
}

/* "PPFSP": form, signature, issuer, period, status. */
static const char *outcomes(struct arena *a, const struct cert_check_report *r) {
    char *out = arena_dup(a, "-----");
    for (int i = 0; i < CERT_CHECK_COUNT; i++) out[i] = "PFS"[r->checks[i].outcome];
    return out;
}

struct expected {
    const char *outcomes, *code, *detail; /* of the first check that has a code; NULL: none has */
};

static void expect(struct arena *a, const char *what, const struct cert_check_report *r,
                   struct expected e) {
    const struct cert_check *first = NULL;
    for (int i = CERT_CHECK_COUNT - 1; i >= 0; i--)
        if (r->checks[i].code) first = &r->checks[i];
    const char *code = first ? first->code : NULL, *detail = first ? first->detail : NULL;
    if (!str_eq(outcomes(a, r), e.outcomes) || (e.code ? !str_eq(code, e.code) : code != NULL) ||
        (e.detail && (!detail || !strstr(detail, e.detail))))
        fail_msg("%s: %s %s: %s", what, outcomes(a, r), code ? code : "", detail ? detail : "");
    assert_int_equal(r->valid, str_eq(e.outcomes, "PPPPP"));
    assert_int_equal(r->undecided, !strchr(e.outcomes, 'F') && strchr(e.outcomes, 'S') != NULL);
}

/* Each member of the form, of this academy, of an issuer whose keys were given, and of a stranger.
 */
static void the_form(void **state) {
    struct arena *a = *state;
    static const char none[] = "it is no Open Badges 3.0 credential",
                      nobody[] = "it says nothing about one person and one achievement",
                      unsaid[] =
                          "it does not say in a way that is read here whom and what it is about",
                      no_id[] = "it has no id or no issuer",
                      begins[] = "the beginning of its validity cannot be read",
                      ends[] = "the end of its validity cannot be read";
    static const struct {
        const char *path, *json;
        struct expected ours, given, stranger;
    } cases[] = {
        {"",
         NULL,
         {"PPPPP", NULL, NULL},
         {"PPPPP", NULL, NULL},
         {"PPSPP", "issuer_unknown", "the signature holds, by the key that it names ("}},
        {"type",
         "[\"OpenBadgeCredential\"]",
         {"FSSSS", "form", none},
         {"FSSSS", "form", none},
         {"FSSSS", "form", none}},
        {"type",
         "[\"VerifiableCredential\"]",
         {"FSSSS", "form", none},
         {"FSSSS", "form", none},
         {"SSSSS", "kind", "other kinds are not looked at here"}},
        {"type",
         "\"VerifiableCredential\"",
         {"FSSSS", "form", none},
         {"FSSSS", "form", none},
         {"SSSSS", "kind", none}},
        {"type",
         "[\"AchievementCredential\",\"VerifiableCredential\"]",
         {"PFSSS", "changed", NULL},
         {"PFSSS", "changed", NULL},
         {"PFSSS", "changed", NULL}},
        {"issuer",
         NULL,
         {"FSSSS", "form", no_id},
         {"FSSSS", "form", no_id},
         {"FSSSS", "form", no_id}},
        {"id", NULL, {"FSSSS", "form", no_id}, {"FSSSS", "form", no_id}, {"SSSSS", "kind", no_id}},
        {"credentialSubject",
         NULL,
         {"FSSSS", "form", nobody},
         {"FSSSS", "form", nobody},
         {"FSSSS", "form", nobody}},
        {"credentialSubject",
         "\"x\"",
         {"FSSSS", "form", nobody},
         {"FSSSS", "form", nobody},
         {"FSSSS", "form", nobody}},
        {"credentialSubject",
         "[{},{}]",
         {"FSSSS", "form", nobody},
         {"FSSSS", "form", nobody},
         {"SSSSS", "kind", nobody}},
        {"credentialSubject",
         "[]",
         {"FSSSS", "form", nobody},
         {"FSSSS", "form", nobody},
         {"SSSSS", "kind", nobody}},
        {"credentialSubject.achievement",
         NULL,
         {"FSSSS", "form", nobody},
         {"FSSSS", "form", nobody},
         {"SSSSS", "kind", nobody}},
        {"credentialSubject.achievement.name",
         NULL,
         {"FSSSS", "form", unsaid},
         {"FSSSS", "form", unsaid},
         {"SSSSS", "unsaid", unsaid}},
        {"credentialSubject.identifier",
         NULL,
         {"FSSSS", "form", unsaid},
         {"FSSSS", "form", unsaid},
         {"SSSSS", "unsaid", unsaid}},
        {"credentialSubject.licenseNumber",
         NULL,
         {"FSSSS", "form", "it does not name its holder or its number"},
         {"PPPPP", NULL, NULL},
         {"PPSPP", "issuer_unknown", NULL}},
        {"validFrom",
         NULL,
         {"FSSSS", "form", begins},
         {"FSSSS", "form", begins},
         {"FSSSS", "form", begins}},
        {"validFrom",
         "7",
         {"FSSSS", "form", begins},
         {"FSSSS", "form", begins},
         {"FSSSS", "form", begins}},
        {"validFrom",
         "\"today\"",
         {"FSSSS", "form", begins},
         {"FSSSS", "form", begins},
         {"FSSSS", "form", begins}},
        {"validUntil",
         NULL,
         {"PPPPP", NULL, NULL},
         {"PPPPP", NULL, NULL},
         {"PPSPP", "issuer_unknown", NULL}},
        {"validUntil",
         "\"never\"",
         {"FSSSS", "form", ends},
         {"FSSSS", "form", ends},
         {"FSSSS", "form", ends}},
        {"@context",
         "[\"https://www.w3.org/ns/credentials/v2\"]",
         {"FSSSS", "form", "the contexts of Open Badges 3.0"},
         {"FSSSS", "form", NULL},
         {"SSSSS", "context", "it does not name the contexts of Open Badges 3.0"}},
        {"@context",
         "[\"https://www.w3.org/ns/credentials/v2\",\"https://else.example/words\"]",
         {"FSSSS", "form", "https://else.example/words is another"},
         {"FSSSS", "form", NULL},
         {"SSSSS", "context", "https://else.example/words is another"}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        as_before(a);
        const char *text = changed(a, cases[i].path, cases[i].json),
                   *what = arena_printf(a, "%s %s", cases[i].path,
                                        cases[i].json ? cases[i].json : "");
        known = CERT_OURS;
        struct cert_check_report r = check(a, text);
        expect(a, what, &r, cases[i].ours);
        if (r.issuer) assert_true(r.known && r.ours);
        known = CERT_GIVEN;
        r = check(a, text);
        expect(a, what, &r, cases[i].given);
        if (r.issuer) assert_true(r.known && !r.ours);
        known = CERT_STRANGER;
        r = check(a, text);
        expect(a, what, &r, cases[i].stranger);
        assert_false(r.known || r.ours);
    }
}

/* Whom a credential names: a name in plain text, else whatever stands for the person. */
static void whom_it_names(void **state) {
    struct arena *a = *state;
    as_before(a);
    known = CERT_GIVEN;
#define PLAIN(hashed)                                                                              \
    "{\"type\":\"IdentityObject\",\"hashed\":" hashed                                              \
    ",\"identityHash\":\"Ada\",\"identityType\":\"name\"}"
    static const struct {
        const char *identifier, *holder, *subject;
    } cases[] = {
        {"[" PLAIN("false") "]", "Ada", "Ada"},
        {PLAIN("false"), "Ada", "Ada"},
        {PLAIN("\"false\""), "Ada", "Ada"},
        {PLAIN("true"), NULL, "Ada"},
        {"[{\"type\":\"IdentityObject\",\"hashed\":false,\"identityHash\":\"b@x\",\"identityType\":"
         "\"emailAddress\"}," PLAIN("false") "]",
         "Ada", "b@x"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cert_check_report r = check(
            a, changed(a, "credentialSubject.identifier", cases[i].identifier));
        expect(a, cases[i].identifier, &r, (struct expected){"PPPPP", NULL, NULL});
        if (cases[i].holder) assert_string_equal(r.holder, cases[i].holder);
        else assert_null(r.holder);
        assert_string_equal(r.subject, cases[i].subject);
    }
    struct cert_check_report r = check(
        a, changed(a, "credentialSubject.id", "\"did:web:ada.example\""));
    assert_string_equal(r.subject, "did:web:ada.example");
    assert_string_equal(r.issuer_name, "Gradus Academy");
    assert_string_equal(r.title, "Marketing Operations: Associate");
    assert_string_equal(r.method, method);
    assert_true(r.valid_from_ms / 1000 == SAMPLE_FROM_MS / 1000 &&
                r.valid_until_ms / 1000 == SAMPLE_UNTIL_MS / 1000);
}

static void keys_and_issuers(void **state) {
    struct arena *a = *state;
    as_before(a);
    const char *good = changed(a, "", NULL);
    has_key = false;
    struct cert_check_report r = check(a, good);
    expect(a, "no key", &r, (struct expected){"PFSSS", "unknown_key", NULL});
    known = CERT_STRANGER;
    r = check(a, good);
    expect(a, "no key", &r, (struct expected){"PSSSS", "foreign_key", method});
    as_before(a);
    /* A proof of another suite; none; one that does not fit. */
    const char *suite = strstr(good, "eddsa-rdfc-2022");
    assert_non_null(suite);
    const char *other = arena_printf(a, "%.*secdsa-rdfc-2019%s", (int)(suite - good), good,
                                     suite + strlen("eddsa-rdfc-2022"));
    r = check(a, other);
    expect(a, "suite", &r, (struct expected){"PFSSS", "changed", NULL});
    known = CERT_STRANGER;
    r = check(a, other);
    expect(a, "suite", &r, (struct expected){"PSSSS", "suite", NULL});
    char *forged = arena_dup(a, good);
    strstr(forged, "11 modules")[0] = '9';
    r = check(a, forged);
    expect(a, "changed", &r, (struct expected){"PFSSS", "changed", NULL});
    /* Whose key it is: RULE known-issuer. */
    r = check(a, good);
    expect(a, "unknown", &r, (struct expected){"PPSPP", "issuer_unknown", method});
    trusted = true;
    r = check(a, good);
    expect(a, "trusted", &r, (struct expected){"PPPPP", NULL, NULL});
    claim = "claims_number";
    r = check(a, good);
    expect(
        a, "claims", &r,
        (struct expected){"PPFPP", "claims_number", "the number of a certificate of this academy"});
    claim = "claims_name";
    r = check(a, good);
    expect(
        a, "claims", &r,
        (struct expected){"PPFPP", "claims_name", "it calls its issuer as this academy is called"});
    known = CERT_GIVEN; /* nobody asks of one that is known */
    r = check(a, good);
    expect(a, "claims", &r, (struct expected){"PPPPP", NULL, NULL});
    /* A key that is not the issuer's, by what kind of name each has. */
    static const struct {
        const char *issuer, *begins;
        enum cert_known known;
        struct expected expected;
    } cases[] = {
        {"https://issuer.example",
         "did:key:",
         CERT_STRANGER,
         {"PPSPP", "issuer_unseen", "was not looked up"}},
        {"https://issuer.example",
         "did:key:",
         CERT_GIVEN,
         {"PPFPP", "foreign_issuer", "the key that signed is not the issuer's"}},
        {"did:key:z6Mkother", "did:key:", CERT_STRANGER, {"PPFPP", "foreign_issuer", NULL}},
        {"https://issuer.example",
         "did:web:issuer.example",
         CERT_STRANGER,
         {"PPFPP", "foreign_issuer", NULL}},
        {"did:web:issuer.exampl",
         "did:web:issuer.example",
         CERT_STRANGER,
         {"PPFPP", "foreign_issuer", NULL}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        as_before(a);
        bool of_key = str_eq(cases[i].begins, "did:key:");
        method = arena_printf(a, "%s%s#%s", cases[i].begins, of_key ? key_name : "", key_name);
        known = cases[i].known;
        trusted = true;
        r = check(a, changed(a, "issuer.id", arena_printf(a, "\"%s\"", cases[i].issuer)));
        expect(a, cases[i].issuer, &r, cases[i].expected);
    }
}

static void the_status(void **state) {
    struct arena *a = *state;
#define ENTRY(type, purpose, index)                                                                \
    "{\"id\":\"" SAMPLE_LIST "#" index "\"," type "\"statusPurpose\":\"" purpose                   \
    "\",\"statusListIndex\":\"" index "\",\"statusListCredential\":\"" SAMPLE_LIST "\"}"
#define TYPE "\"type\":\"BitstringStatusListEntry\","
    static const char nowhere[] = "it does not say where its status can be looked up";
    static const struct {
        const char *json;
        struct expected known, stranger;
        int64_t index; /* that is asked for; -1: none is */
    } cases[] = {
        {ENTRY(TYPE, "revocation", "0"), {"PPPPP", NULL, NULL}, {"PPPPP", NULL, NULL}, 0},
        {ENTRY(TYPE, "suspension", "131071"), {"PPPPP", NULL, NULL}, {"PPPPP", NULL, NULL}, 131071},
        {ENTRY(TYPE, "suspension", "131072"),
         {"PPPPF", "status_form", nowhere},
         {"PPPPS", "status_kind", nowhere},
         -1},
        {ENTRY(TYPE, "suspension", "-1"),
         {"PPPPF", "status_form", nowhere},
         {"PPPPS", "status_kind", "(BitstringStatusListEntry)"},
         -1},
        {ENTRY(TYPE, "message", "5"),
         {"PPPPF", "status_form", nowhere},
         {"PPPPS", "status_kind", NULL},
         -1},
        {"[" ENTRY(TYPE, "suspension", "5") "," ENTRY(TYPE, "revocation", "6") "]",
         {"PPPPP", NULL, NULL},
         {"PPPPP", NULL, NULL},
         6},
    };
    /* Without an address, a place or a kind. */
    static const char *const parts[] = {"statusListCredential", "statusListIndex", "statusPurpose"};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        as_before(a);
        struct cert_check_report r = check(
            a, changed(a, arena_printf(a, "credentialStatus.%s", parts[i]), NULL));
        expect(a, parts[i], &r, (struct expected){"PPPPF", "status_form", nowhere});
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        as_before(a);
        trusted = true;
        const char *text = changed(a, "credentialStatus", cases[i].json);
        for (int stranger = 0; stranger < 2; stranger++) {
            known = stranger ? CERT_STRANGER : CERT_GIVEN;
            memset(&asked, 0, sizeof asked);
            struct cert_check_report r = check(a, text);
            expect(a, cases[i].json, &r, stranger ? cases[i].stranger : cases[i].known);
            if (cases[i].index < 0) {
                assert_null(asked.list_url);
                continue;
            }
            assert_string_equal(asked.list_url, SAMPLE_LIST);
            assert_string_equal(asked.issuer, SAMPLE_DID);
            assert_string_equal(asked.credential_id, r.credential_id);
            assert_int_equal(asked.index, cases[i].index);
        }
    }
    static const struct {
        enum cert_status_answer answer;
        struct expected known, stranger;
    } answers[] = {
        {CERT_STATUS_GOOD, {"PPPPP", NULL, NULL}, {"PPPPP", NULL, NULL}},
        {CERT_STATUS_REVOKED, {"PPPPF", "revoked", "it was revoked"}, {"PPPPF", "revoked", NULL}},
        {CERT_STATUS_SUSPENDED,
         {"PPPPF", "suspended", "it is suspended"},
         {"PPPPF", "suspended", NULL}},
        {CERT_STATUS_LISTED,
         {"PPPPF", "listed", "the list does not say which"},
         {"PPPPF", "listed", NULL}},
        {CERT_STATUS_REPLACED,
         {"PPPPF", "replaced", "it was renewed"},
         {"PPPPF", "replaced", NULL}},
        {CERT_STATUS_UNKNOWN,
         {"PPPPF", "unknown_status", "no such credential is on record here"},
         {"PPPPS", "status_unseen", SAMPLE_LIST " says it"}},
        {CERT_STATUS_UNSEEN,
         {"PPPPS", "status_unseen", "was not looked up"},
         {"PPPPS", "status_unseen", SAMPLE_LIST}},
    };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        as_before(a);
        trusted = true;
        answer = answers[i].answer;
        const char *good = changed(a, "", NULL), *what = arena_printf(a, "answer %zu", i);
        struct cert_check_report r = check(a, good);
        expect(a, what, &r, answers[i].known);
        known = CERT_STRANGER;
        r = check(a, good);
        expect(a, what, &r, answers[i].stranger);
    }
    as_before(a);
    answer = CERT_STATUS_UNSEEN;
    unseen_why = "the list cannot be reached";
    struct cert_check_report r = check(a, changed(a, "", NULL));
    expect(a, "why", &r, (struct expected){"PPPPS", "status_unseen", unseen_why});
}

/* What comes in another envelope is said to be that, and not looked at. */
static void other_envelopes(void **state) {
    struct arena *a = *state;
    static const char head[] = "eyJhbGciOiJFZERTQSJ9"; /* {"alg":"EdDSA"} */
    const struct {
        const char *text;
        struct expected expected;
    } cases[] = {
        {arena_printf(a, "%s.e30.c2ln", head), {"SSSSS", "jwt", "signed with EdDSA"}},
        {arena_printf(a, " \r\n\t%s.e30.c2ln\r\n ", head), {"SSSSS", "jwt", NULL}},
        {arena_printf(a, "%s.e30.", head), {"SSSSS", "jwt", NULL}},
        {arena_printf(a, "%s.e30", head), {"FSSSS", "no_json", "it cannot be read as JSON: "}},
        {arena_printf(a, "%s.e30.c2ln.x", head), {"FSSSS", "no_json", NULL}},
        {arena_printf(a, "%s.e3+.c2ln", head), {"FSSSS", "no_json", NULL}},
        {".e30.c2ln", {"FSSSS", "no_json", NULL}},
        {"e30.e30.c2ln", {"FSSSS", "no_json", NULL}}, /* {}: names no algorithm */
        {"[]", {"FSSSS", "form", "it is no JSON object"}},
        {"{\"type\":\"Assertion\",\"badge\":\"https://b.example\"}",
         {"SSSSS", "ob2", "an assertion of Open Badges 1 or 2"}},
        {"{\"type\":\"Assertion\"}", {"FSSSS", "form", "it is no Open Badges 3.0 credential"}},
        {"{\"badge\":\"https://b.example\"}",
         {"FSSSS", "form", "it is no Open Badges 3.0 credential"}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        as_before(a);
        known = CERT_STRANGER;
        struct cert_check_report r = check(a, cases[i].text);
        expect(a, cases[i].text, &r, cases[i].expected);
    }
    as_before(a);
    struct cert_check_report r = check(a, arena_printf(a, "\xef\xbb\xbf%s", changed(a, "", NULL)));
    expect(a, "byte order mark", &r, (struct expected){"PPPPP", NULL, NULL});
    r = check(a, "\xef\xbb\xbf");
    expect(a, "byte order mark", &r, (struct expected){"FSSSS", "no_json", NULL});
}

/* For programs. */
static void as_json(void **state) {
    struct arena *a = *state;
    struct buf b;
    as_before(a);
    struct cert_check_report r = check(a, changed(a, "", NULL));
    buf_init(&b, a);
    cert_report_json(&r, &b);
    assert_string_equal(
        buf_text(&b),
        "{\"verdict\":\"valid\",\"valid\":true,\"issuer\":{\"id\":\"" SAMPLE_DID
        "\",\"ours\":true},"
        "\"checks\":[{\"check\":\"form\",\"outcome\":\"pass\"},{\"check\":\"signature\",\"outcome\":"
        "\"pass\"},{\"check\":\"issuer\",\"outcome\":\"pass\"},{\"check\":\"period\",\"outcome\":"
        "\"pass\"},{\"check\":\"status\",\"outcome\":\"pass\"}]}");
    answer = CERT_STATUS_UNSEEN;
    unseen_why = "a \"reason\"";
    known = CERT_GIVEN;
    r = check(a, changed(a, "", NULL));
    buf_init(&b, a);
    cert_report_json(&r, &b);
    assert_non_null(strstr(
        buf_text(&b), "{\"verdict\":\"not decided\",\"valid\":null,\"issuer\":{\"id\":\"" SAMPLE_DID
                      "\",\"ours\":false}"));
    assert_non_null(strstr(
        buf_text(&b),
        "{\"check\":\"status\",\"outcome\":\"skip\",\"code\":\"status_unseen\",\"detail\":\"a \\\"reason\\\"\"}]}"));
    r = check(a, "[]");
    buf_init(&b, a);
    cert_report_json(&r, &b);
    const char *begins =
        "{\"verdict\":\"not valid\",\"valid\":false,\"issuer\":null,\"checks\":[{\"check\":\"form\",\"outcome\":\"fail\",\"code\":\"form\",\"detail\":\"it is no JSON object\"},{\"check\":\"signature\",\"outcome\":\"skip\"}";
    assert_memory_equal(buf_text(&b), begins, strlen(begins));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_form),   TEST(whom_it_names),   TEST(keys_and_issuers),
        TEST(the_status), TEST(other_envelopes), TEST(as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
