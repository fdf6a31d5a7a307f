/* DID document and status list, as a stranger has them: files that were downloaded, and may be
 * anything. */
#include "cert/cert_published.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_contexts.h"
#include "cert/cert_status.h"

static const char *text_of(const json_t *object, const char *member) {
    return json_string_value(json_object_get(object, member));
}

static bool lists_text(const json_t *list, const char *text) {
    const json_t *t;
    size_t i;
    json_array_foreach ((json_t *)list, i, t)
        if (str_eq(json_string_value(t), text)) return true;
    return false;
}

/* ---- The DID document ------------------------------------------------------------------------ */
/* An id may leave out the DID that the document is about (DID Core 1.0, section 3.2.2). */
static const char *absolute(struct arena *a, const char *did, const char *id) {
    return id && id[0] == '#' ? arena_printf(a, "%s%s", did, id) : id;
}

static bool may_assert(struct arena *a, const json_t *doc, const char *did, const char *method) {
    const json_t *list = json_object_get(doc, "assertionMethod"), *id;
    size_t i;
    json_array_foreach ((json_t *)list, i, id)
        if (str_eq(absolute(a, did, json_string_value(id)), method)) return true;
    return false;
}

bool cert_did_read(struct arena *a, const char *text, size_t len, struct cert_did *out,
                   const char **why) {
    const json_t *doc = json_read(a, text, len, why), *method;
    size_t i;
    *out = (struct cert_did){0};
    if (!doc) return false;
    out->id = text_of(doc, "id");
    if (!out->id || !str_has_prefix(out->id, "did:") || strchr(out->id, '#')) {
        *why = "it is no DID document";
        return false;
    }
    json_array_foreach (json_object_get(doc, "verificationMethod"), i, method) {
        struct cert_did_key *key = &out->keys[out->count];
        const char *id = absolute(a, out->id, text_of(method, "id")),
                   *multikey = text_of(method, "publicKeyMultibase");
        if (out->count == CERT_KEY_LIMIT) break;
        if (!id || !multikey || !str_eq(text_of(method, "type"), "Multikey") ||
            !str_eq(text_of(method, "controller"), out->id) || !may_assert(a, doc, out->id, id) ||
            !cert_multikey_read(a, multikey, key->key))
            continue;
        key->method = id;
        out->count++;
    }
    if (!out->count) *why = "it lists no Ed25519 key (Multikey) for assertions";
    return out->count > 0;
}

bool cert_did_find(const struct cert_did *did, const char *method,
                   unsigned char key[CERT_PUBLIC_BYTES]) {
    for (size_t i = 0; i < did->count; i++)
        if (str_eq(did->keys[i].method, method)) {
            memcpy(key, did->keys[i].key, CERT_PUBLIC_BYTES);
            return true;
        }
    return false;
}

/* ---- The status list ------------------------------------------------------------------------- */
/* Exactly what the engine signs: a term table that was made for one context says nothing about
 * another. */
static const char *form_problem(const json_t *doc, const struct cert_status_question *q) {
    const json_t *contexts = json_object_get(doc, "@context"),
                 *subject = json_object_get(doc, "credentialSubject"),
                 *types = json_object_get(doc, "type");
    if (json_array_size(contexts) != 1 ||
        !str_eq(json_string_value(json_array_get(contexts, 0)), CERT_CONTEXT_VC) ||
        !lists_text(types, "VerifiableCredential") ||
        !lists_text(types, "BitstringStatusListCredential") ||
        !str_eq(text_of(subject, "type"), "BitstringStatusList"))
        return "is no Bitstring Status List credential";
    if (!str_eq(text_of(doc, "id"), q->list_url))
        return "is another list than the credential names";
    if (!str_eq(text_of(doc, "issuer"), q->issuer)) return "is of another issuer";
    if (!str_eq(text_of(subject, "statusPurpose"), q->purpose))
        return "is kept for another purpose than the credential says";
    return NULL;
}

static const char *signature_problem(struct arena *a, const json_t *doc,
                                     const struct cert_checker *c,
                                     const struct cert_status_question *q) {
    const char *method, *why = "";
    size_t n = strlen(q->issuer);
    switch (cert_proof_verify(a, doc, c->find_key, c->context, &method, &why)) {
    case OK: break;
    case ERR_NOT_FOUND: return "is signed with a key that was not given (--did did.json has all)";
    default: return arena_printf(a, "does not hold: %s", why);
    }
    return strncmp(method, q->issuer, n) == 0 && method[n] == '#' ? NULL
                                                                  : "is not signed by its issuer";
}

static const char *period_problem(struct arena *a, const json_t *doc, int64_t now_ms) {
    const char *from = text_of(doc, "validFrom"), *until = text_of(doc, "validUntil");
    int64_t from_ms, until_ms;
    if (!from || !until || !time_parse_iso(from, &from_ms) || !time_parse_iso(until, &until_ms))
        return "does not say for which time it holds";
    if (now_ms < from_ms) return arena_printf(a, "holds from %s on", time_iso(a, from_ms));
    if (now_ms >= until_ms) return arena_printf(a, "has expired on %s", time_iso(a, until_ms));
    return NULL;
}

enum cert_status_answer cert_status_list_answer(struct arena *a, const char *text, size_t len,
                                                const struct cert_checker *checker,
                                                struct cert_status_question *q) {
    const char *why = NULL;
    const json_t *doc = json_read(a, text, len, &why);
    if (!doc) why = arena_printf(a, "cannot be read as JSON (%s)", why);
    if (!why) why = form_problem(doc, q);
    if (!why) why = signature_problem(a, doc, checker, q);
    if (!why) why = period_problem(a, doc, checker->now_ms);
    const char *encoded = text_of(json_object_get(doc, "credentialSubject"), "encodedList");
    const unsigned char *bits = why || !encoded ? NULL : cert_status_decode(a, encoded);
    if (!why && !bits) why = "cannot be unpacked";
    if (!why && !cert_status_get(bits, q->index)) return CERT_STATUS_GOOD;
    if (!why) return str_eq(q->purpose, "suspension") ? CERT_STATUS_LISTED : CERT_STATUS_REVOKED;
    q->why = arena_printf(a,
                          "whether it was revoked was not looked up: the status list %s; download "
                          "%s anew and give it with --status",
                          why, q->list_url);
    return CERT_STATUS_UNSEEN;
}
