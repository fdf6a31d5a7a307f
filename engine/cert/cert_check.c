/* Checking a credential: form, signature, issuer, period, status. Each answers on its own; what
 * stands in a credential whose signature does not hold is not looked at any further. RULE
 * true-verdict: "not valid" is said of what was looked at; a credential of another issuer in words,
 * with keys or with a list that are not here is "not decided, because …". RULE known-issuer:
 * "valid" is said of an issuer that is this academy, or that whoever checks has vouched for.
 * Anybody can make a key, a name of one ("did:key:…") and a credential that it signs. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_contexts.h"
#include "cert/cert_credential.h"
#include "cert/cert_rdf.h"
#include "cert/cert_status.h"

enum { FORM, SIGNATURE, ISSUER, PERIOD, STATUS };

static const char *const names[CERT_CHECK_COUNT] = {"form", "signature", "issuer", "period",
                                                    "status"};

static void fail(struct cert_check_report *r, int check, const char *code, const char *detail) {
    r->checks[check].outcome = CERT_FAIL;
    r->checks[check].code = code;
    r->checks[check].detail = detail;
}

static void skip(struct cert_check_report *r, int check, const char *code, const char *detail) {
    r->checks[check].outcome = CERT_SKIP;
    r->checks[check].code = code;
    r->checks[check].detail = detail;
}

/* Returns the value itself, or the only value of a list: the two are one statement, and one
 * signature holds for both. */
static const json_t *one(const json_t *v) {
    return json_is_array(v) && json_array_size(v) == 1 ? json_array_get(v, 0) : v;
}

static const json_t *one_of(const json_t *object, const char *member) {
    return one(json_object_get(object, member));
}

static const char *text_of(const json_t *object, const char *member) {
    return json_string_value(one_of(object, member));
}

static bool has_type(const json_t *object, const char *type) {
    const json_t *types = json_object_get(object, "type"), *t;
    size_t i;
    if (str_eq(json_string_value(types), type)) return true;
    json_array_foreach ((json_t *)types, i, t)
        if (str_eq(json_string_value(t), type)) return true;
    return false;
}

static bool read_time(const json_t *doc, const char *member, bool required, int64_t *ms) {
    const json_t *v = one_of(doc, member);
    *ms = 0;
    if (!v) return !required;
    return json_is_string(v) && time_parse_iso(json_string_value(v), ms);
}

static const json_t *identifier_at(const json_t *subject, size_t i) {
    const json_t *list = json_object_get(subject, "identifier");
    return json_is_array(list) ? json_array_get(list, i) : i == 0 ? list : NULL;
}

/* "false" and false are one value of the datatype. */
static bool is_plain(const json_t *identifier) {
    const json_t *hashed = one_of(identifier, "hashed");
    return json_is_false(hashed) || str_eq(json_string_value(hashed), "false");
}

/* The plain name among the subject's identifiers. */
static const char *holder_of(const json_t *subject) {
    const json_t *id;
    for (size_t i = 0; (id = identifier_at(subject, i)) != NULL; i++)
        if (str_eq(text_of(id, "identityType"), "name") && is_plain(id))
            return text_of(id, "identityHash");
    return NULL;
}

static void read_what_it_says(const json_t *doc, struct cert_check_report *r) {
    const json_t *subject = one_of(doc, "credentialSubject"), *issuer = one_of(doc, "issuer");
    r->credential_id = text_of(doc, "id");
    r->issuer = json_is_object(issuer) ? text_of(issuer, "id") : json_string_value(issuer);
    r->issuer_name = text_of(issuer, "name");
    r->number = text_of(subject, "licenseNumber");
    r->title = text_of(one_of(subject, "achievement"), "name");
    r->holder = holder_of(subject);
    r->subject = text_of(subject, "id");
    for (size_t i = 0; !r->subject && identifier_at(subject, i); i++)
        r->subject = text_of(identifier_at(subject, i), "identityHash");
}

/* A sentence when this is no credential of any kind, which fails the check; else NULL. */
static const char *no_credential(const json_t *doc, struct cert_check_report *r) {
    const json_t *subject = one_of(doc, "credentialSubject");
    if (!has_type(doc, "VerifiableCredential")) return "it is no Open Badges 3.0 credential";
    if (!r->issuer) return "it has no id or no issuer";
    if (!json_is_object(subject) && !json_is_array(subject))
        return "it says nothing about one person and one achievement";
    return NULL;
}

/* A sentence when this may be a credential but is of a form that is not checked here; NULL when it
 * is checked. */
static const char *other_form(struct arena *a, const json_t *doc, enum cert_vocabulary *vocabulary,
                              struct cert_check_report *r, const char **code) {
    const json_t *subject = one_of(doc, "credentialSubject");
    const char *unknown;
    *code = "context";
    if (!cert_contexts_read(doc, vocabulary, &unknown))
        return unknown ? arena_printf(
                             a,
                             "it does not name the contexts of Open Badges 3.0 that are known "
                             "here: %.200s is another, and what its words mean was not looked up",
                             unknown)
                       : "it does not name the contexts of Open Badges 3.0";
    *code = "kind";
    if (!has_type(doc, "OpenBadgeCredential") && !has_type(doc, "AchievementCredential"))
        return "it is no Open Badges 3.0 credential, and other kinds are not looked at here";
    if (!r->credential_id) return "it has no id or no issuer";
    if (!json_is_object(subject) || !json_is_object(one_of(subject, "achievement")))
        return "it says nothing about one person and one achievement";
    /* RULE whom-and-what: a verdict is about somebody and something, which can be read. */
    *code = "unsaid";
    if (!r->title || !(r->holder || r->subject))
        return "it does not say in a way that is read here whom and what it is about";
    return NULL;
}

/* `*vocabulary` is set when the form passed. */
static void check_form(struct arena *a, const json_t *doc, bool known,
                       enum cert_vocabulary *vocabulary, struct cert_check_report *r) {
    const char *code, *why = no_credential(doc, r);
    if (why) {
        fail(r, FORM, "form", why);
        return;
    }
    why = other_form(a, doc, vocabulary, r, &code);
    if (!why && r->ours && !(r->holder && r->number))
        why = "it does not name its holder or its number as credentials of this academy do";
    if (why && known) fail(r, FORM, "form", why);
    else if (why) skip(r, FORM, code, why);
    if (why) return;
    if (!read_time(doc, "validFrom", true, &r->valid_from_ms))
        fail(r, FORM, "form", "the beginning of its validity cannot be read");
    else if (!read_time(doc, "validUntil", false, &r->valid_until_ms))
        fail(r, FORM, "form", "the end of its validity cannot be read");
    else r->checks[FORM].outcome = CERT_PASS;
}

static void check_signature(struct arena *a, const json_t *doc, bool known,
                            enum cert_vocabulary vocabulary, const struct cert_checker *c,
                            struct cert_check_report *r) {
    const char *why = NULL;
    enum cert_proof_answer answer = cert_proof_check(a, doc, vocabulary, c->find_key, c->context,
                                                     &r->method, &why);
    switch (answer) {
    case CERT_PROOF_FITS: r->checks[SIGNATURE].outcome = CERT_PASS; return;
    case CERT_PROOF_NO_KEY:
        if (known) fail(r, SIGNATURE, "unknown_key", why);
        else
            skip(r, SIGNATURE, "foreign_key",
                 arena_printf(a, "%s: %.200s", why, r->method ? r->method : "it names none"));
        return;
    case CERT_PROOF_OTHER:
    case CERT_PROOF_UNREADABLE:
        if (known) fail(r, SIGNATURE, "changed", why);
        else skip(r, SIGNATURE, answer == CERT_PROOF_OTHER ? "suite" : "words", why);
        return;
    case CERT_PROOF_NONE:
    case CERT_PROOF_CHANGED: break;
    }
    fail(r, SIGNATURE, "changed", why);
}

/* Checks that the key that signed belongs to the issuer that the credential names: a method is
 * "DID#key". A DID document may list methods of others, and an address may have one; that was not
 * looked up. The DID of a key (did:key) has no document but itself. */
static void check_issuer(bool known, struct cert_check_report *r) {
    size_t n = strlen(r->issuer);
    if (strncmp(r->method, r->issuer, n) == 0 && r->method[n] == '#')
        r->checks[ISSUER].outcome = CERT_PASS;
    else if (known || str_has_prefix(r->issuer, "did:key:") ||
             !str_has_prefix(r->method, "did:key:"))
        fail(r, ISSUER, "foreign_issuer", "the key that signed is not the issuer's");
    else
        skip(r, ISSUER, "issuer_unseen",
             "whether the key that signed belongs to the issuer was not looked up");
}

/* Whose key it is, is only known of issuers that somebody vouches for. What a stranger says about
 * this academy is false. */
static void check_trust(struct arena *a, const struct cert_checker *c,
                        struct cert_check_report *r) {
    if (r->checks[ISSUER].outcome == CERT_FAIL || r->known) return;
    const char *claim = c->claims ? c->claims(c->context, r) : NULL;
    if (claim) {
        fail(r, ISSUER, claim,
             str_eq(claim, "claims_number")
                 ? "it bears the number of a certificate of this academy, which has not signed it"
                 : "it calls its issuer as this academy is called, which has not signed it");
        return;
    }
    if (r->checks[ISSUER].outcome != CERT_PASS || (c->trusts && c->trusts(c->context, r->method)))
        return;
    skip(r, ISSUER, "issuer_unknown",
         arena_printf(a,
                      "the signature holds, by the key that it names (%.200s); whose key that is, "
                      "is not known here",
                      r->method));
}

static void check_period(struct cert_check_report *r, int64_t now_ms) {
    if (now_ms < r->valid_from_ms) fail(r, PERIOD, "not_yet", "it is not valid yet");
    else if (r->valid_until_ms && now_ms >= r->valid_until_ms)
        fail(r, PERIOD, "expired", "it has expired");
    else r->checks[PERIOD].outcome = CERT_PASS;
}

static void check_entry(struct arena *a, const json_t *status, bool known,
                        const struct cert_checker *c, struct cert_check_report *r) {
    const char *list = text_of(status, "statusListCredential"),
               *index_text = text_of(status, "statusListIndex"), *type = text_of(status, "type");
    const char *purpose = text_of(status, "statusPurpose");
    int64_t index = 0;
    if (!list || !index_text || !parse_i64(index_text, 0, CERT_STATUS_BITS - 1, &index) ||
        !str_eq(type, "BitstringStatusListEntry") ||
        (!str_eq(purpose, "revocation") && !str_eq(purpose, "suspension"))) {
        const char *why = "it does not say where its status can be looked up";
        if (known) fail(r, STATUS, "status_form", why);
        else
            skip(r, STATUS, "status_kind",
                 arena_printf(a, "%s in a way that is known here (%.60s)", why,
                              type ? type : "no type"));
        return;
    }
    struct cert_status_question q = {r->credential_id, r->issuer,       list,
                                     purpose,          (uint32_t)index, NULL};
    switch (c->status ? c->status(c->context, &q) : CERT_STATUS_UNSEEN) {
    case CERT_STATUS_GOOD: return;
    case CERT_STATUS_REVOKED: fail(r, STATUS, "revoked", "it was revoked"); return;
    case CERT_STATUS_SUSPENDED: fail(r, STATUS, "suspended", "it is suspended"); return;
    case CERT_STATUS_LISTED:
        fail(r, STATUS, "listed",
             "it was suspended or revoked, or another took its place: the list does not say which");
        return;
    case CERT_STATUS_REPLACED:
        fail(r, STATUS, "replaced", "it was renewed, and another took its place");
        return;
    case CERT_STATUS_UNSEEN: break;
    case CERT_STATUS_UNKNOWN:
        if (known) fail(r, STATUS, "unknown_status", "no such credential is on record here");
        if (known) return;
    }
    skip(r, STATUS, "status_unseen",
         q.why ? q.why
               : arena_printf(a, "whether it was revoked was not looked up: %.200s says it", list));
}

/* Checks one status entry, or a list of them, each of which has to be good. Without any, nothing
 * can revoke the credential. */
static void check_status(struct arena *a, const json_t *doc, bool known,
                         const struct cert_checker *c, struct cert_check_report *r) {
    const json_t *status = json_object_get(doc, "credentialStatus");
    size_t count = json_is_array(status) ? json_array_size(status) : status != NULL;
    r->checks[STATUS].outcome = CERT_PASS;
    for (size_t i = 0; i < count && r->checks[STATUS].outcome != CERT_FAIL; i++)
        check_entry(a, json_is_array(status) ? json_array_get(status, i) : status, known, c, r);
}

/* ---- Credentials in another envelope -------------------------------------------------------- */
/* A VC-JWT is three parts of base64url between dots, and the first is a JSON object that names its
 * algorithm (RFC 7515, section 3). NULL = it is none. */
static const char *jwt_algorithm(struct arena *a, const char *text, size_t len) {
    static const char of_parts[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t dots = 0, head = 0, head_len = 0;
    while (len && strchr(" \t\r\n", *text)) text++, len--;
    while (len && strchr(" \t\r\n", text[len - 1])) len--;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.' && dots++ == 0) head = i;
        else if (text[i] != '.' && (!text[i] || !strchr(of_parts, text[i]))) return NULL;
    }
    if (dots != 2 || !head || head > 4096) return NULL;
    const char *why,
        *bytes = (const char *)base64url_decode(a, arena_copy(a, text, head), &head_len);
    const json_t *header = bytes ? json_read(a, bytes, head_len, &why) : NULL;
    return text_of(header, "alg");
}

static bool read_document(struct arena *a, const char *text, size_t len, const json_t **doc,
                          struct cert_check_report *out) {
    const char *why = NULL, *algorithm = jwt_algorithm(a, text, len);
    if (algorithm) {
        skip(out, FORM, "jwt",
             arena_printf(a,
                          "it is a VC-JWT (signed with %.20s), and only credentials with a proof "
                          "inside are looked at here",
                          algorithm));
        return false;
    }
    *doc = json_read(a, text, len, &why);
    if (!*doc) fail(out, FORM, "no_json", arena_printf(a, "it cannot be read as JSON: %s", why));
    else if (!json_is_object(*doc)) fail(out, FORM, "form", "it is no JSON object");
    else if (has_type(*doc, "Assertion") && json_object_get(*doc, "badge"))
        skip(out, FORM, "ob2",
             "it is an assertion of Open Badges 1 or 2, which its issuer's server vouches for, and "
             "nobody was asked");
    return out->checks[FORM].outcome != CERT_FAIL && !out->checks[FORM].code;
}

static void look_at(struct arena *a, const char *text, size_t len,
                    const struct cert_checker *checker, struct cert_check_report *out) {
    enum cert_vocabulary vocabulary = CERT_VOCABULARY_303;
    if (!read_document(a, text, len, &out->document, out)) return;
    read_what_it_says(out->document, out);
    enum cert_known known = out->issuer && checker->knows
                                ? checker->knows(checker->context, out->issuer)
                                : CERT_STRANGER;
    out->known = known != CERT_STRANGER;
    out->ours = known == CERT_OURS;
    check_form(a, out->document, out->known, &vocabulary, out);
    if (out->checks[FORM].outcome != CERT_PASS) return;
    check_period(out, checker->now_ms);
    check_signature(a, out->document, out->known, vocabulary, checker, out);
    /* When the signature does not hold, the period that the credential states can only rule it out.
     */
    if (out->checks[SIGNATURE].outcome == CERT_FAIL ||
        (out->checks[SIGNATURE].outcome == CERT_SKIP && out->checks[PERIOD].outcome != CERT_FAIL))
        out->checks[PERIOD] = (struct cert_check){names[PERIOD], CERT_SKIP, NULL, NULL};
}

void cert_credential_check_proof(struct arena *a, const char *text, size_t len,
                                 const struct cert_checker *checker,
                                 struct cert_check_report *out) {
    *out = (struct cert_check_report){0};
    for (int i = 0; i < CERT_CHECK_COUNT; i++) {
        out->checks[i].name = names[i];
        out->checks[i].outcome = CERT_SKIP;
    }
    /* A byte order mark says nothing in UTF-8 (RFC 8259, section 8.1). */
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3, len -= 3;
    look_at(a, text, len, checker, out);
}

void cert_credential_check_status(struct arena *a, const struct cert_checker *checker,
                                  struct cert_check_report *out) {
    bool failed = false, skipped = false;
    if (out->checks[SIGNATURE].outcome == CERT_PASS) {
        check_issuer(out->known, out);
        check_trust(a, checker, out);
        check_status(a, out->document, out->known, checker, out);
    }
    for (int i = 0; i < CERT_CHECK_COUNT; i++) {
        failed |= out->checks[i].outcome == CERT_FAIL;
        skipped |= out->checks[i].outcome == CERT_SKIP;
    }
    out->valid = !failed && !skipped;
    out->undecided = !failed && skipped;
}

void cert_credential_check(struct arena *a, const char *text, size_t len,
                           const struct cert_checker *checker, struct cert_check_report *out) {
    cert_credential_check_proof(a, text, len, checker, out);
    cert_credential_check_status(a, checker, out);
}

const char *cert_outcome_name(const struct cert_check *c) {
    static const char *const outcomes[] = {"pass", "fail", "skip"};
    return outcomes[c->outcome];
}

void cert_report_json(const struct cert_check_report *report, struct buf *out) {
    buf_printf(out, "{\"verdict\":\"%s\",\"valid\":%s,\"issuer\":",
               report->undecided ? "not decided"
               : report->valid   ? "valid"
                                 : "not valid",
               report->undecided ? "null"
               : report->valid   ? "true"
                                 : "false");
    if (report->issuer) {
        buf_puts(out, "{\"id\":");
        buf_json(out, report->issuer);
        buf_printf(out, ",\"ours\":%s}", report->ours ? "true" : "false");
    } else {
        buf_puts(out, "null");
    }
    buf_puts(out, ",\"checks\":[");
    for (int i = 0; i < CERT_CHECK_COUNT; i++) {
        const struct cert_check *c = &report->checks[i];
        buf_printf(out, "%s{\"check\":\"%s\",\"outcome\":\"%s\"", i ? "," : "", c->name,
                   cert_outcome_name(c));
        if (c->code) buf_printf(out, ",\"code\":\"%s\"", c->code);
        if (c->detail) {
            buf_puts(out, ",\"detail\":");
            buf_json(out, c->detail);
        }
        buf_putc(out, '}');
    }
    buf_puts(out, "]}");
}
