/* Checking a credential: form, signature, issuer, period, status. Each answers on its own; what stands in a
 * credential whose signature does not hold is not looked at any further. */
#include <string.h>

#include "base/clock.h"
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

static const char *text_of(const json_t *object, const char *member) {
    return json_string_value(json_object_get(object, member));
}

static bool has_type(const json_t *object, const char *type) {
    const json_t *types = json_object_get(object, "type"), *t;
    size_t i;
    if (str_eq(json_string_value(types), type)) return true;
    json_array_foreach ((json_t *)types, i, t)
        if (str_eq(json_string_value(t), type)) return true;
    return false;
}

/* Exactly the contexts that the table of terms was made from, in their order. */
static bool contexts_fit(const json_t *doc) {
    static const char *const known[] = {CERT_CONTEXT_VC, CERT_CONTEXT_OB,
                                        CERT_CONTEXT_OB_EXTENSIONS};
    const json_t *list = json_object_get(doc, "@context");
    size_t n = json_array_size(list);
    if (n < 2 || n > COUNT_OF(known)) return false;
    for (size_t i = 0; i < n; i++)
        if (!str_eq(json_string_value(json_array_get(list, i)), known[i])) return false;
    return n == COUNT_OF(known) || !json_object_get(doc, "credentialSchema");
}

static bool read_time(const json_t *doc, const char *member, bool required, int64_t *ms) {
    const json_t *v = json_object_get(doc, member);
    *ms = 0;
    if (!v) return !required;
    return json_is_string(v) && time_parse_iso(json_string_value(v), ms);
}

/* The plain name among the subject's identifiers. */
static const char *holder_of(const json_t *subject) {
    const json_t *id;
    size_t i;
    json_array_foreach (json_object_get(subject, "identifier"), i, id)
        if (str_eq(text_of(id, "identityType"), "name") &&
            json_is_false(json_object_get(id, "hashed")))
            return text_of(id, "identityHash");
    return NULL;
}

static const char *check_form(const json_t *doc, struct cert_check_report *r) {
    const json_t *subject = json_object_get(doc, "credentialSubject"),
                 *issuer = json_object_get(doc, "issuer");
    const json_t *achievement = json_object_get(subject, "achievement");
    r->credential_id = text_of(doc, "id");
    r->issuer = json_is_object(issuer) ? text_of(issuer, "id") : json_string_value(issuer);
    r->issuer_name = text_of(issuer, "name");
    r->number = text_of(subject, "licenseNumber");
    r->title = text_of(achievement, "name");
    r->holder = holder_of(subject);
    if (!contexts_fit(doc)) return "it does not name the contexts of Open Badges 3.0";
    if (!has_type(doc, "VerifiableCredential") || !has_type(doc, "OpenBadgeCredential"))
        return "it is no Open Badges 3.0 credential";
    if (!r->credential_id || !r->issuer) return "it has no id or no issuer";
    if (!json_is_object(subject) || !json_is_object(achievement))
        return "it says nothing about one person and one achievement";
    if (!read_time(doc, "validFrom", true, &r->valid_from_ms))
        return "the beginning of its validity cannot be read";
    if (!read_time(doc, "validUntil", false, &r->valid_until_ms))
        return "the end of its validity cannot be read";
    return NULL;
}

static void check_signature(struct arena *a, const json_t *doc, const struct cert_checker *c,
                            struct cert_check_report *r) {
    const char *why = NULL;
    switch (cert_proof_verify(a, doc, c->find_key, c->context, &r->method, &why)) {
    case OK: r->checks[SIGNATURE].outcome = CERT_PASS; return;
    case ERR_NOT_FOUND: fail(r, SIGNATURE, "unknown_key", why); return;
    default: fail(r, SIGNATURE, "changed", why); return;
    }
}

/* The key that signed belongs to the issuer that the credential names: a method is "DID#key". */
static void check_issuer(struct cert_check_report *r) {
    size_t n = strlen(r->issuer);
    if (strncmp(r->method, r->issuer, n) == 0 && r->method[n] == '#')
        r->checks[ISSUER].outcome = CERT_PASS;
    else fail(r, ISSUER, "foreign_issuer", "the key that signed is not the issuer's");
}

static void check_period(struct cert_check_report *r, int64_t now_ms) {
    if (now_ms < r->valid_from_ms) fail(r, PERIOD, "not_yet", "it is not valid yet");
    else if (r->valid_until_ms && now_ms >= r->valid_until_ms)
        fail(r, PERIOD, "expired", "it has expired");
    else r->checks[PERIOD].outcome = CERT_PASS;
}

static void check_status(const json_t *doc, const struct cert_checker *c,
                         struct cert_check_report *r) {
    const json_t *status = json_object_get(doc, "credentialStatus");
    const char *list = text_of(status, "statusListCredential"),
               *index_text = text_of(status, "statusListIndex");
    int64_t index = 0;
    if (!status) { /* nothing to look up: the credential cannot be revoked */
        r->checks[STATUS].outcome = CERT_PASS;
        return;
    }
    if (!list || !index_text || !parse_i64(index_text, 0, CERT_STATUS_BITS - 1, &index) ||
        !str_eq(text_of(status, "statusPurpose"), "revocation")) {
        fail(r, STATUS, "status_form", "it does not say where its status can be looked up");
        return;
    }
    struct cert_status_question q = {r->credential_id, r->issuer, list, (uint32_t)index, NULL};
    switch (c->status ? c->status(c->context, &q) : CERT_STATUS_UNSEEN) {
    case CERT_STATUS_GOOD: r->checks[STATUS].outcome = CERT_PASS; return;
    case CERT_STATUS_REVOKED: fail(r, STATUS, "revoked", "it was revoked"); return;
    case CERT_STATUS_SUSPENDED: fail(r, STATUS, "suspended", "it is suspended"); return;
    case CERT_STATUS_UNSEEN:
        r->checks[STATUS].detail = q.why ? q.why : "whether it was revoked was not looked up";
        return;
    case CERT_STATUS_UNKNOWN: break;
    }
    fail(r, STATUS, "unknown_status", "no such credential is on record here");
}

void cert_credential_check(struct arena *a, const char *text, size_t len,
                           const struct cert_checker *checker, struct cert_check_report *out) {
    *out = (struct cert_check_report){0};
    for (int i = 0; i < CERT_CHECK_COUNT; i++) {
        out->checks[i].name = names[i];
        out->checks[i].outcome = CERT_SKIP;
    }
    const char *why = NULL;
    const json_t *doc = json_read(a, text, len, &why);
    if (!doc) {
        fail(out, FORM, "no_json", arena_printf(a, "it cannot be read as JSON: %s", why));
        return;
    }
    why = json_is_object(doc) ? check_form(doc, out) : "it is no JSON object";
    if (why) {
        fail(out, FORM, "form", why);
        return;
    }
    out->checks[FORM].outcome = CERT_PASS;
    check_signature(a, doc, checker, out);
    if (out->checks[SIGNATURE].outcome != CERT_PASS) return;
    check_issuer(out);
    check_period(out, checker->now_ms);
    check_status(doc, checker, out);
    bool fine = out->checks[ISSUER].outcome == CERT_PASS &&
                out->checks[PERIOD].outcome == CERT_PASS;
    out->valid = fine && out->checks[STATUS].outcome == CERT_PASS;
    out->undecided = fine && out->checks[STATUS].outcome == CERT_SKIP;
}

const char *cert_outcome_name(const struct cert_check *c) {
    static const char *const outcomes[] = {"pass", "fail", "skip"};
    return outcomes[c->outcome];
}

void cert_report_json(const struct cert_check_report *report, struct buf *out) {
    buf_printf(out, "{\"verdict\":\"%s\",\"valid\":%s,\"checks\":[",
               report->undecided ? "not decided"
               : report->valid   ? "valid"
                                 : "not valid",
               report->undecided ? "null"
               : report->valid   ? "true"
                                 : "false");
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
