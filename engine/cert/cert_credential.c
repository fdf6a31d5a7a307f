/* From facts to the JSON of a credential. Members stand in the order in which a person would read
 * them. */
#include "cert/cert_credential.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_contexts.h"

#define SCHEMA_URL                                                                                 \
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/"                                         \
    "ob_v3p0_achievementcredential_schema.json"

/* Attaches the value at once and returns it (borrowed): what hangs on the kept credential cannot
 * leak when the arena leaves through its guard. A value of NULL means that memory ended or that a
 * text is no UTF-8; the store holds no such text. */
static json_t *put(struct arena *a, json_t *object, const char *name, json_t *value) {
    if (json_object_set_new(object, name, value) != 0) arena_starve(a);
    return value;
}

static json_t *append(struct arena *a, json_t *list, json_t *value) {
    if (json_array_append_new(list, value) != 0) arena_starve(a);
    return value;
}

static void put_text(struct arena *a, json_t *object, const char *name, const char *text) {
    if (text && *text) put(a, object, name, json_string(text));
}

char *cert_json(struct arena *a, const json_t *value) { return json_text_as_built(a, value); }

char *cert_identity_hash(struct arena *a, const char *email, const char *salt) {
    const char *text = arena_printf(a, "%s%s", str_lower(a, email), salt);
    return arena_printf(a, "sha256$%s", sha256_hex(a, text, strlen(text)));
}

static void add_identifiers(struct arena *a, json_t *subject,
                            const struct cert_credential_facts *f) {
    json_t *list = put(a, subject, "identifier", json_array());
    if (f->email)
        append(a, list,
               json_pack("{ss sb ss ss ss}", "type", "IdentityObject", "hashed", 1, "identityHash",
                         cert_identity_hash(a, f->email, f->salt), "identityType", "emailAddress",
                         "salt", f->salt));
    /* The name stands on the certificate's public page and on its paper: signing it binds them to
     * each other. */
    append(a, list,
           json_pack("{ss sb ss ss}", "type", "IdentityObject", "hashed", 0, "identityHash",
                     f->holder_name, "identityType", "name"));
}

static const char *level_url(struct arena *a, const struct cert_credential_facts *f) {
    return arena_printf(a, "%s/programmes/%s/levels/%s", f->origin, f->programme_id, f->level_id);
}

static const char *result_id(struct arena *a, const struct cert_credential_facts *f,
                             const struct cert_evidence *e) {
    return arena_printf(a, "%s#%s-%s", level_url(a, f), e->kind, e->id);
}

static bool any_passed(const struct cert_credential_facts *f) {
    for (size_t i = 0; i < f->evidence_count; i++)
        if (f->evidence[i].passed) return true;
    return false;
}

static void add_achievement(struct arena *a, json_t *subject,
                            const struct cert_credential_facts *f) {
    json_t *achievement = put(
        a, subject, "achievement",
        json_pack("{ss s[s] ss ss s{ss} ss s{ss ss ss}}", "id", level_url(a, f), "type",
                  "Achievement", "name",
                  arena_printf(a, "%s: %s", f->programme_title, f->level_title), "description",
                  f->level_summary, "criteria", "narrative", f->criteria, "achievementType",
                  "Certification", "image", "id",
                  arena_printf(a, "%s/certificates/%s.png", f->origin, f->number), "type", "Image",
                  "caption", arena_printf(a, "Badge of the level %s: steps", f->level_title)));
    put_text(a, achievement, "humanCode", arena_printf(a, "%s/%s", f->programme_id, f->level_id));
    put_text(a, achievement, "version", f->scheme_version);
    put_text(a, achievement, "inLanguage", "en");
    if (!any_passed(f)) return;
    json_t *results = put(a, achievement, "resultDescription", json_array());
    for (size_t i = 0; i < f->evidence_count; i++)
        if (f->evidence[i].passed)
            append(a, results,
                   json_pack("{ss s[s] ss ss ss}", "id", result_id(a, f, &f->evidence[i]), "type",
                             "ResultDescription", "name", f->evidence[i].name, "resultType",
                             "Result", "requiredValue", "Pass"));
}

static void add_results(struct arena *a, json_t *subject, const struct cert_credential_facts *f) {
    if (!any_passed(f)) return;
    json_t *results = put(a, subject, "result", json_array());
    for (size_t i = 0; i < f->evidence_count; i++)
        if (f->evidence[i].passed)
            append(a, results,
                   json_pack("{s[s] ss ss}", "type", "Result", "resultDescription",
                             result_id(a, f, &f->evidence[i]), "value", "Pass"));
}

static void add_subject(struct arena *a, json_t *credential,
                        const struct cert_credential_facts *f) {
    json_t *subject = put(a, credential, "credentialSubject",
                          json_pack("{s[s]}", "type", "AchievementSubject"));
    add_identifiers(a, subject, f);
    add_achievement(a, subject, f);
    put_text(a, subject, "licenseNumber", f->number);
    put_text(a, subject, "narrative", f->scope);
    add_results(a, subject, f);
    if (f->decider_name)
        put(a, subject, "source",
            json_pack("{ss s[s] ss}", "id",
                      arena_printf(a, "%s/certificates/%s#decided-by", f->origin, f->number),
                      "type", "Profile", "name", f->decider_name));
}

static void add_evidence(struct arena *a, json_t *credential,
                         const struct cert_credential_facts *f) {
    if (!f->evidence_count) return;
    json_t *list = put(a, credential, "evidence", json_array());
    for (size_t i = 0; i < f->evidence_count; i++) {
        const struct cert_evidence *e = &f->evidence[i];
        json_t *item = append(a, list, json_pack("{s[s] ss}", "type", "Evidence", "name", e->name));
        put_text(a, item, "narrative", e->narrative);
        put_text(a, item, "genre", e->kind);
    }
}

static const char *credential_id(struct arena *a, const char *origin, const char *number,
                                 int version) {
    return arena_printf(a, "%s/certificates/%s.json?version=%d", origin, number, version);
}

/* One entry: the schema of Open Badges 3.0 that the credential names wants an object here, and a
 * verifier that knows no `statusSize` would read the wrong bit of a list of messages. Its purpose
 * is the one that can be taken back ("suspension", Bitstring Status List 1.0, section 2.2): who is
 * reinstated has the same credential again; a revocation leaves the bit set for ever. */
static json_t *build_status(struct arena *a, const char *list, const char *purpose,
                            uint32_t index) {
    return json_pack("{ss ss ss ss ss}", "id", arena_printf(a, "%s#%u", list, (unsigned)index),
                     "type", "BitstringStatusListEntry", "statusPurpose", purpose,
                     "statusListIndex", arena_printf(a, "%u", (unsigned)index),
                     "statusListCredential", list);
}

json_t *cert_credential_build(struct arena *a, const struct cert_credential_facts *f) {
    const char *id = credential_id(a, f->origin, f->number, f->version);
    json_t *c = json_adopt(
        a, json_pack("{s[sss] ss s[ss] s{ss s[s] ss ss}}", "@context", CERT_CONTEXT_VC,
                     CERT_CONTEXT_OB, CERT_CONTEXT_OB_EXTENSIONS, "id", id, "type",
                     "VerifiableCredential", "OpenBadgeCredential", "issuer", "id", f->did, "type",
                     "Profile", "name", f->body, "url", f->origin));
    put_text(a, c, "name", arena_printf(a, "%s: %s", f->programme_title, f->level_title));
    put_text(a, c, "validFrom", time_iso(a, f->valid_from_ms));
    if (f->valid_until_ms) put_text(a, c, "validUntil", time_iso(a, f->valid_until_ms));
    put_text(a, c, "awardedDate", time_iso(a, f->awarded_ms));
    add_subject(a, c, f);
    add_evidence(a, c, f);
    put(a, c, "credentialStatus",
        build_status(a, f->status_list, f->status_purpose, f->status_index));
    put(a, c, "credentialSchema",
        json_pack("[{ss ss}]", "id", SCHEMA_URL, "type", "1EdTechJsonSchemaValidator2019"));
    return c;
}

void cert_credential_renew(struct arena *a, json_t *credential, const char *origin,
                           const char *number, int version, int64_t valid_from_ms,
                           const char *status_list, uint32_t status_index) {
    json_object_del(credential, "proof");
    put_text(a, credential, "id", credential_id(a, origin, number, version));
    put_text(a, credential, "validFrom", time_iso(a, valid_from_ms));
    put(a, credential, "credentialStatus",
        build_status(a, status_list, "suspension", status_index));
}

json_t *cert_status_credential_build(struct arena *a, const char *did, const char *list_url,
                                     const char *purpose, const char *encoded, int64_t now_ms,
                                     int64_t valid_ms) {
    return json_adopt(
        a, json_pack("{s[s] ss s[ss] ss ss ss s{ss ss ss ss}}", "@context", CERT_CONTEXT_VC, "id",
                     list_url, "type", "VerifiableCredential", "BitstringStatusListCredential",
                     "issuer", did, "validFrom", time_iso(a, now_ms), "validUntil",
                     time_iso(a, now_ms + valid_ms), "credentialSubject", "id",
                     arena_printf(a, "%s#list", list_url), "type", "BitstringStatusList",
                     "statusPurpose", purpose, "encodedList", encoded));
}

void cert_status_name_resource(struct arena *a, json_t *doc, const char *url, const char *digest,
                               const char *media_type) {
    json_t *resource = json_pack("[{ss ss ss}]", "id", url, "digestMultibase", digest, "mediaType",
                                 media_type);
    if (!resource || json_object_set_new(doc, "relatedResource", resource) != 0) arena_starve(a);
}
