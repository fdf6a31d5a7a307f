/* Whether what stands in the tables about a certificate is what was signed: each column that its
 * page, its paper or its status is made of. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_records.h"

static const char *text_of(const json_t *object, const char *member) {
    return json_string_value(json_object_get(object, member));
}

static bool find_key(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    const char *hash = strchr(method, '#');
    return context && hash && cert_keys_find(context, hash + 1, key);
}

/* Times in a credential are rounded to seconds. */
static bool same_second(const json_t *object, const char *member, int64_t ms) {
    const char *text = text_of(object, member);
    int64_t told_ms = 0;
    if (!text) return ms == 0;
    return time_parse_iso(text, &told_ms) && told_ms / MS_SECOND == ms / MS_SECOND;
}

static const char *signed_name(const json_t *subject) {
    const json_t *identifier;
    size_t i;
    json_array_foreach (json_object_get(subject, "identifier"), i, identifier)
        if (str_eq(text_of(identifier, "identityType"), "name"))
            return text_of(identifier, "identityHash");
    return NULL;
}

/* Empty texts are not written into a credential. */
static bool same(const char *x, const char *y) { return str_eq(x ? x : "", y ? y : ""); }

static const char *text_problem(struct arena *a, const json_t *doc,
                                const struct cert_certificate *c,
                                const struct cert_credential_row *row) {
    const json_t *subject = json_object_get(doc, "credentialSubject"),
                 *achievement = json_object_get(subject, "achievement"),
                 *issuer = json_object_get(doc, "issuer"),
                 *status = json_object_get(doc, "credentialStatus");
    const char *list = arena_printf(a, "%s/status/%lld", c->origin, (long long)row->list_id),
               *level = arena_printf(a, "%s/%s", c->programme_id, c->level_id),
               *title = arena_printf(a, "%s: %s", c->programme_title, c->level_title);
    const struct {
        const char *told, *kept, *problem;
    } texts[] = {
        {text_of(doc, "id"), row->credential_id, "its credential has another id"},
        {text_of(subject, "licenseNumber"), c->number, "another number was signed"},
        {text_of(doc, "id"),
         arena_printf(a, "%s/certificates/%s.json?version=%d", c->origin, c->number, row->version),
         "its credential has another address or version"},
        {signed_name(subject), c->holder_name, "another name was signed"},
        {text_of(achievement, "name"), title, "another title was signed"},
        {text_of(achievement, "humanCode"), level, "another level was signed"},
        {text_of(achievement, "version"), c->scheme_version, "another scheme was signed"},
        {text_of(subject, "narrative"), c->scope, "another scope was signed"},
        {text_of(issuer, "id"), cert_did_from_origin(a, c->origin), "another issuer was signed"},
        {text_of(issuer, "url"), c->origin, "another address of the issuer was signed"},
        {text_of(issuer, "name"), c->body, "another name of the issuer was signed"},
        {text_of(json_object_get(subject, "source"), "name"), c->decided_by_name,
         "another name of who decided was signed"},
        {text_of(status, "statusListCredential"), list, "another status list was signed"},
        {text_of(status, "statusListCredential"),
         arena_printf(a, "%s/status/%lld", row->list_origin, (long long)row->list_id),
         "its status list has another address than was signed"},
        {text_of(status, "statusListIndex"), arena_printf(a, "%u", (unsigned)row->status_index),
         "another place on its status list was signed"},
        {text_of(status, "statusPurpose"), row->purpose,
         "its status list has another purpose than was signed"},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!same(texts[i].told, texts[i].kept)) return texts[i].problem;
    return NULL;
}

static const char *time_problem(const json_t *doc, const struct cert_certificate *c,
                                const struct cert_credential_row *row) {
    if (!same_second(doc, "awardedDate", c->issued_ms)) return "another day of issue was signed";
    if (!same_second(doc, "validFrom", row->at_ms)) return "another beginning was signed";
    if (!same_second(doc, "validUntil", c->valid_until_ms)) return "another end was signed";
    return NULL;
}

/* The method has to be the key on record, of this issuer: a proof may name any key, and bring one
 * with it (did:key). */
static const char *proof_problem(struct arena *a, struct cert_keys *keys, const json_t *doc,
                                 const struct cert_certificate *c,
                                 const struct cert_credential_row *row, bool *undecided) {
    const char *method = NULL, *why = NULL, *did = cert_did_from_origin(a, c->origin);
    enum cert_proof_answer proof = cert_proof_check(a, doc, CERT_VOCABULARY_303, find_key, keys,
                                                    &method, &why);
    if (proof != CERT_PROOF_FITS && proof != CERT_PROOF_NO_KEY)
        return "the signature of its credential does not fit";
    if (!did || !str_eq(method, arena_printf(a, "%s#%s", did, row->signing_key)))
        return "its credential names another key than the one that is on record";
    *undecided = proof == CERT_PROOF_NO_KEY;
    return !*undecided ? NULL
                       : arena_printf(a,
                                      "its signature cannot be checked: the key %.80s is missing: "
                                      "put its file back into keys/",
                                      row->signing_key);
}

const char *cert_signed_problem(struct arena *a, struct cert_keys *keys,
                                const struct cert_certificate *c,
                                const struct cert_credential_row *row, bool *undecided) {
    const char *why = NULL;
    const json_t *doc = json_read(a, row->json, strlen(row->json), &why);
    *undecided = false;
    if (!json_is_object(doc)) return "its credential cannot be read";
    /* What differs is wrong whether or not the key is here. */
    const char *problem = text_problem(a, doc, c, row);
    if (!problem) problem = time_problem(doc, c, row);
    return problem ? problem : proof_problem(a, keys, doc, c, row, undecided);
}
