/* JSON to canonical N-Quads, by table. */
#include "cert/cert_rdf.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/hash.h"
#include "base/text.h"

#define NODE_LIMIT 200
#define QUAD_LIMIT 2000
/* Values that are looked at, equal ones counted each time: a list of forty thousand of them fits
 * into a credential's text. */
#define VALUE_LIMIT 4000
/* of one object: each of its members is looked up in the scope of each */
#define TYPE_LIMIT 16
#define QUAD_SLOTS 4096 /* of the set of statements: a power of two above QUAD_LIMIT */
/* Bytes. An address stands in each statement about its thing: a long one would be written, and
 * compared, thousands of times. */
#define IRI_LIMIT 2000

#define OB "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
#define SCHEMA "https://schema.org/"
#define VC "https://www.w3.org/2018/credentials#"
#define STATUS "https://www.w3.org/ns/credentials/status#"
#define SEC "https://w3id.org/security#"
/* Open Badges writes the datatypes of XML Schema with https, the W3C contexts with http. Both are
 * in the published contexts and neither can change any more. */
#define XS_OB "https://www.w3.org/2001/XMLSchema#"
#define XS "http://www.w3.org/2001/XMLSchema#"
#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

struct rdf_type {
    const char *name, *iri;
};

static const struct rdf_type rdf_types[] = {
    {"VerifiableCredential", VC "VerifiableCredential"},
    {"OpenBadgeCredential", OB "OpenBadgeCredential"},
    {"Achievement", OB "Achievement"},
    {"AchievementSubject", OB "AchievementSubject"},
    {"Evidence", OB "Evidence"},
    {"IdentityObject", OB "IdentityObject"},
    {"Image", OB "Image"},
    {"Profile", OB "Profile"},
    {"Result", OB "Result"},
    {"ResultDescription", OB "ResultDescription"},
    {"Alignment", SCHEMA "AlignmentObject"},
    {"BitstringStatusListEntry", STATUS "BitstringStatusListEntry"},
    {"BitstringStatusListCredential", STATUS "BitstringStatusListCredential"},
    {"BitstringStatusList", STATUS "BitstringStatusList"},
    {"DataIntegrityProof", SEC "DataIntegrityProof"},
    {"Ed25519Signature2020", SEC "Ed25519Signature2020"},
    {"1EdTechJsonSchemaValidator2019",
     "https://purl.imsglobal.org/spec/vccs/v1p0/context.json#1EdTechJsonSchemaValidator2019"},
};

enum rdf_kind { LITERAL, NODE, VOCAB };

struct rdf_term {
    const char *type; /* the type whose scope holds the term; NULL = any type */
    const char *name, *iri;
    enum rdf_kind kind;
    const char *datatype; /* LITERAL: NULL = plain string; VOCAB: the only value allowed */
};

static const struct rdf_term rdf_terms[] = {
    {"VerifiableCredential", "credentialSchema", VC "credentialSchema", NODE, NULL},
    {"VerifiableCredential", "credentialStatus", VC "credentialStatus", NODE, NULL},
    {"VerifiableCredential", "credentialSubject", VC "credentialSubject", NODE, NULL},
    {"VerifiableCredential", "evidence", VC "evidence", NODE, NULL},
    {"VerifiableCredential", "relatedResource", VC "relatedResource", NODE, NULL},
    {"VerifiableCredential", "issuer", VC "issuer", NODE, NULL},
    {"VerifiableCredential", "validFrom", VC "validFrom", LITERAL, XS "dateTime"},
    {"VerifiableCredential", "validUntil", VC "validUntil", LITERAL, XS "dateTime"},
    {"Achievement", "achievementType", OB "achievementType", LITERAL, NULL},
    {"Achievement", "creator", OB "creator", NODE, NULL},
    {"Achievement", "criteria", OB "Criteria", NODE, NULL},
    {"Achievement", "fieldOfStudy", OB "fieldOfStudy", LITERAL, NULL},
    {"Achievement", "humanCode", OB "humanCode", LITERAL, NULL},
    {"Achievement", "resultDescription", OB "resultDescription", NODE, NULL},
    {"Achievement", "specialization", OB "specialization", LITERAL, NULL},
    {"Achievement", "tag", SCHEMA "keywords", LITERAL, NULL},
    {"Achievement", "version", OB "version", LITERAL, NULL},
    {"AchievementSubject", "achievement", OB "achievement", NODE, NULL},
    {"AchievementSubject", "activityStartDate", OB "activityStartDate", LITERAL, XS_OB "date"},
    {"AchievementSubject", "activityEndDate", OB "activityEndDate", LITERAL, XS_OB "date"},
    {"AchievementSubject", "identifier", OB "identifier", NODE, NULL},
    {"AchievementSubject", "licenseNumber", OB "licenseNumber", LITERAL, NULL},
    {"AchievementSubject", "result", OB "result", NODE, NULL},
    {"AchievementSubject", "role", OB "role", LITERAL, NULL},
    {"AchievementSubject", "source", OB "source", NODE, NULL},
    {"AchievementSubject", "term", OB "term", LITERAL, NULL},
    {"Alignment", "targetCode", OB "targetCode", LITERAL, NULL},
    {"Alignment", "targetDescription", SCHEMA "targetDescription", LITERAL, NULL},
    {"Alignment", "targetFramework", OB "targetFramework", LITERAL, NULL},
    {"Alignment", "targetName", SCHEMA "targetName", LITERAL, NULL},
    {"Alignment", "targetType", OB "targetType", LITERAL, NULL},
    {"Alignment", "targetUrl", SCHEMA "targetUrl", LITERAL, XS_OB "anyURI"},
    {"Evidence", "audience", SCHEMA "audience", LITERAL, NULL},
    {"Evidence", "genre", SCHEMA "genre", LITERAL, NULL},
    {"IdentityObject", "hashed", OB "hashed", LITERAL, XS_OB "boolean"},
    {"IdentityObject", "identityHash", OB "identityHash", LITERAL, NULL},
    {"IdentityObject", "identityType", OB "identityType", LITERAL, NULL},
    {"IdentityObject", "salt", OB "salt", LITERAL, NULL},
    {"Image", "caption", SCHEMA "caption", LITERAL, NULL},
    {"Profile", "email", SCHEMA "email", LITERAL, NULL},
    {"Profile", "phone", OB "phone", LITERAL, NULL},
    {"Profile", "official", OB "official", LITERAL, NULL},
    {"Profile", "givenName", SCHEMA "givenName", LITERAL, NULL},
    {"Profile", "familyName", SCHEMA "familyName", LITERAL, NULL},
    {"Profile", "parentOrg", OB "parentOrg", NODE, NULL},
    {"Result", "achievedLevel", OB "achievedLevel", LITERAL, XS_OB "anyURI"},
    {"Result", "resultDescription", OB "resultDescription", LITERAL, XS_OB "anyURI"},
    {"Result", "status", OB "status", LITERAL, NULL},
    {"Result", "value", SCHEMA "value", LITERAL, NULL},
    {"ResultDescription", "requiredValue", OB "requiredValue", LITERAL, NULL},
    {"ResultDescription", "resultType", OB "resultType", LITERAL, NULL},
    {"ResultDescription", "valueMax", OB "valueMax", LITERAL, NULL},
    {"ResultDescription", "valueMin", OB "valueMin", LITERAL, NULL},
    {"BitstringStatusListEntry", "statusListCredential", STATUS "statusListCredential", NODE, NULL},
    {"BitstringStatusListEntry", "statusListIndex", STATUS "statusListIndex", LITERAL, NULL},
    {"BitstringStatusListEntry", "statusPurpose", STATUS "statusPurpose", LITERAL, NULL},
    {"BitstringStatusList", "encodedList", STATUS "encodedList", LITERAL, SEC "multibase"},
    {"BitstringStatusList", "statusPurpose", STATUS "statusPurpose", LITERAL, NULL},
    {"DataIntegrityProof", "created", "http://purl.org/dc/terms/created", LITERAL, XS "dateTime"},
    {"DataIntegrityProof", "cryptosuite", SEC "cryptosuite", LITERAL, SEC "cryptosuiteString"},
    {"DataIntegrityProof", "proofPurpose", SEC "proofPurpose", VOCAB, "assertionMethod"},
    {"DataIntegrityProof", "verificationMethod", SEC "verificationMethod", NODE, NULL},
    {"Ed25519Signature2020", "created", "http://purl.org/dc/terms/created", LITERAL, XS "dateTime"},
    {"Ed25519Signature2020", "proofPurpose", SEC "proofPurpose", VOCAB, "assertionMethod"},
    {"Ed25519Signature2020", "verificationMethod", SEC "verificationMethod", NODE, NULL},
    {NULL, "digestMultibase", SEC "digestMultibase", LITERAL, SEC "multibase"},
    {NULL, "mediaType", SCHEMA "encodingFormat", LITERAL, NULL},
    {NULL, "name", SCHEMA "name", LITERAL, NULL},
    {NULL, "description", SCHEMA "description", LITERAL, NULL},
    {NULL, "image", OB "image", NODE, NULL},
    {NULL, "inLanguage", SCHEMA "inLanguage", LITERAL, NULL},
    {NULL, "narrative", OB "narrative", LITERAL, NULL},
    {NULL, "url", SCHEMA "url", LITERAL, XS_OB "anyURI"},
    /* Literally this: the prefix is not expanded by the published Open Badges context. */
    {NULL, "awardedDate", OB "awardedDate", LITERAL, "xsd:dateTime"},
    {NULL, "alignment", OB "alignment", NODE, NULL},
};

/* The terms that Open Badges 3.0.2 named otherwise, or (IRI NULL) did not know. */
static const struct {
    const char *name, *iri;
} terms_302[] = {{"achievement", OB "achievement-0"},
                 {"image", OB "Image"},
                 {"inLanguage", NULL},
                 {"awardedDate", NULL}};

struct rdf_ref {
    const char *text; /* as it stands in a line; NULL for a blank node */
    int blank;
};

struct rdf_quad {
    struct rdf_ref subject, object;
    const char *predicate;
    uint64_t hash;
};

struct rdf_walk {
    struct arena *arena;
    enum cert_vocabulary vocabulary;
    struct rdf_quad *quads;
    uint16_t *slots; /* QUAD_SLOTS of them: index + 1 of a statement by its hash, 0 = free */
    size_t quad_count, value_count;
    int node_count, blank_count;
    const char *why;
    enum err err;
};

static enum err refuse(struct rdf_walk *w, enum err e, const char *sentence) {
    if (w->err == OK) {
        w->err = e;
        w->why = sentence;
    }
    return w->err;
}

bool cert_iri_valid(const char *text) {
    static const char *const schemes[] = {"https://", "http://", "did:", "urn:"};
    size_t after = 0;
    for (size_t i = 0; i < COUNT_OF(schemes) && !after; i++)
        if (str_has_prefix(text, schemes[i])) after = strlen(schemes[i]);
    if (!after || !text[after] || strlen(text) > IRI_LIMIT) return false;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || strchr("<>\"{}|\\^`\x7f", *c)) return false;
    return true;
}

static const char *iri_ref(struct rdf_walk *w, const char *iri) {
    return arena_printf(w->arena, "<%s>", iri);
}

/* N-Quads, canonical form (RDF 1.2 N-Quads, section 5). */
static const char *literal(struct rdf_walk *w, const char *text, const char *datatype) {
    struct buf b;
    buf_init(&b, w->arena);
    buf_putc(&b, '"');
    for (const char *c = text; *c; c++) {
        switch (*c) {
        case '\b': buf_puts(&b, "\\b"); break;
        case '\t': buf_puts(&b, "\\t"); break;
        case '\n': buf_puts(&b, "\\n"); break;
        case '\f': buf_puts(&b, "\\f"); break;
        case '\r': buf_puts(&b, "\\r"); break;
        case '"': buf_puts(&b, "\\\""); break;
        case '\\': buf_puts(&b, "\\\\"); break;
        default:
            if ((unsigned char)*c < 0x20 || *c == 0x7f) buf_printf(&b, "\\u%04X", (unsigned)*c);
            else buf_putc(&b, *c);
        }
    }
    buf_putc(&b, '"');
    if (datatype) buf_printf(&b, "^^<%s>", datatype);
    return buf_text(&b);
}

static bool same_ref(struct rdf_ref x, struct rdf_ref y) {
    if (x.text && y.text) return x.text == y.text || str_eq(x.text, y.text);
    return !x.text && !y.text && x.blank == y.blank;
}

static uint64_t hash_term(const char *text, uint64_t before) {
    struct hash_key key = {{0}};
    memcpy(key.bytes, &before, sizeof before);
    return hash_keyed(&key, text, strlen(text));
}

static uint64_t hash_ref(struct rdf_ref r, uint64_t before) {
    return r.text ? hash_term(r.text, before) : before * 31 + (uint64_t)r.blank + 1;
}

/* A dataset is a set: a value that stands twice in a list is one statement. Somebody who chooses
 * texts that share a slot makes only the comparison of hashes longer: texts are compared when their
 * whole hashes are equal. */
static enum err add_quad(struct rdf_walk *w, struct rdf_ref s, const char *predicate,
                         struct rdf_ref o) {
    uint64_t hash = hash_ref(o, hash_term(predicate, hash_ref(s, 0)));
    size_t slot = hash % QUAD_SLOTS;
    for (; w->slots[slot]; slot = (slot + 1) % QUAD_SLOTS) {
        const struct rdf_quad *q = &w->quads[w->slots[slot] - 1];
        if (q->hash == hash && same_ref(q->subject, s) && same_ref(q->object, o) &&
            str_eq(q->predicate, predicate))
            return OK;
    }
    if (w->quad_count == QUAD_LIMIT)
        return refuse(w, ERR_LIMIT, "the credential makes more statements than can be checked");
    w->quads[w->quad_count++] = (struct rdf_quad){s, o, predicate, hash};
    w->slots[slot] = (uint16_t)w->quad_count;
    return OK;
}

static enum err count_value(struct rdf_walk *w) {
    if (w->value_count++ == VALUE_LIMIT)
        return refuse(w, ERR_LIMIT, "the credential holds more values than can be checked");
    return OK;
}

/* The i-th value of a member that holds one value or a list of them; NULL at the end. */
static const json_t *value_at(const json_t *v, size_t i) {
    if (json_is_array(v)) return json_array_get(v, i);
    return i == 0 ? v : NULL;
}

static const struct rdf_term *find_term(const json_t *types, const char *name) {
    const json_t *t;
    for (size_t i = 0; (t = value_at(types, i)) != NULL; i++)
        for (size_t k = 0; k < COUNT_OF(rdf_terms); k++)
            if (rdf_terms[k].type && str_eq(rdf_terms[k].name, name) &&
                str_eq(rdf_terms[k].type, json_string_value(t)))
                return &rdf_terms[k];
    for (size_t k = 0; k < COUNT_OF(rdf_terms); k++)
        if (!rdf_terms[k].type && str_eq(rdf_terms[k].name, name)) return &rdf_terms[k];
    return NULL;
}

static enum err walk_node(struct rdf_walk *w, const json_t *node, bool top, struct rdf_ref *out);

static enum err walk_value(struct rdf_walk *w, const struct rdf_term *term, const json_t *v,
                           struct rdf_ref *out) {
    const char *text = json_string_value(v);
    out->blank = -1;
    switch (term->kind) {
    case VOCAB:
        if (!text || !str_eq(text, term->datatype))
            return refuse(w, ERR_INVALID,
                          arena_printf(w->arena, "“%s” has an unknown value", term->name));
        out->text = iri_ref(w, arena_printf(w->arena, SEC "%s", text));
        return OK;
    case NODE:
        if (json_is_object(v)) return walk_node(w, v, false, out);
        if (!text || !cert_iri_valid(text))
            return refuse(
                w, ERR_INVALID,
                arena_printf(w->arena, "“%s” is no object and no absolute address", term->name));
        out->text = iri_ref(w, text);
        return OK;
    case LITERAL:
        if (text) {
            out->text = literal(w, text, term->datatype);
            return OK;
        }
        if (json_is_boolean(v) && term->datatype && str_has_suffix(term->datatype, "#boolean")) {
            out->text = literal(w, json_is_true(v) ? "true" : "false", term->datatype);
            return OK;
        }
        return refuse(
            w, ERR_INVALID,
            arena_printf(w->arena, "“%s” must be a text (numbers are not allowed)", term->name));
    }
    BUG("unknown kind of term"); /* kinds are constants of cert_rdf.c's tables */
}

static enum err walk_types(struct rdf_walk *w, struct rdf_ref subject, const json_t *types) {
    const json_t *t;
    for (size_t i = 0; (t = value_at(types, i)) != NULL; i++) {
        const char *name = json_string_value(t), *iri = NULL;
        if (i == TYPE_LIMIT)
            return refuse(w, ERR_LIMIT, "an object has more types than can be checked");
        for (size_t k = 0; k < COUNT_OF(rdf_types) && name; k++)
            if (str_eq(rdf_types[k].name, name)) iri = rdf_types[k].iri;
        if (!iri)
            return refuse(w, ERR_INVALID,
                          arena_printf(w->arena, "the type “%s” is unknown", name ? name : "?"));
        struct rdf_ref object = {iri_ref(w, iri), -1};
        if (add_quad(w, subject, iri_ref(w, RDF_TYPE), object) != OK) return w->err;
    }
    return OK;
}

static enum err walk_member(struct rdf_walk *w, struct rdf_ref subject, const json_t *types,
                            const char *name, const json_t *value) {
    const struct rdf_term *term = find_term(types, name);
    const char *iri = term ? term->iri : NULL;
    for (size_t i = 0; w->vocabulary == CERT_VOCABULARY_302 && i < COUNT_OF(terms_302); i++)
        if (str_eq(name, terms_302[i].name)) iri = terms_302[i].iri;
    if (!term || !iri)
        return refuse(w, ERR_INVALID,
                      arena_printf(w->arena, "the member “%s” is unknown here", name));
    const json_t *v;
    for (size_t i = 0; (v = value_at(value, i)) != NULL; i++) {
        struct rdf_ref object;
        if (count_value(w) != OK) return w->err;
        if (json_is_array(v))
            return refuse(w, ERR_INVALID,
                          arena_printf(w->arena, "“%s” holds a list inside a list", name));
        if (walk_value(w, term, v, &object) != OK) return w->err;
        if (add_quad(w, subject, iri_ref(w, iri), object) != OK) return w->err;
    }
    return OK;
}

static enum err walk_node(struct rdf_walk *w, const json_t *node, bool top, struct rdf_ref *out) {
    if (w->node_count++ == NODE_LIMIT)
        return refuse(w, ERR_LIMIT, "the credential has more objects than can be checked");
    const json_t *id = json_object_get(node, "id"), *types = json_object_get(node, "type");
    if (id) {
        const char *text = json_string_value(id);
        if (!text || !cert_iri_valid(text))
            return refuse(w, ERR_INVALID, "an “id” is no absolute address");
        *out = (struct rdf_ref){iri_ref(w, text), -1};
    } else {
        *out = (struct rdf_ref){NULL, w->blank_count++};
    }
    if (walk_types(w, *out, types) != OK) return w->err;
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)node, name, value) {
        if (str_eq(name, "id") || str_eq(name, "type")) continue;
        if (top && (str_eq(name, "@context") || str_eq(name, "proof"))) continue;
        if (walk_member(w, *out, types, name, value) != OK) return w->err;
    }
    return OK;
}

/* ---- Naming and sorting --------------------------------------------------------------------- */
static int compare_lines(const void *x, const void *y) {
    return strcmp(*(const char *const *)x,
                  *(const char *const *)y); /* byte order = code point order */
}

/* Sorted, one text. Equal lines stay: two statements about different blank nodes may read the same
 * while these have no names, and both count for the hash (RDFC-1.0, section 4.6.3). */
static const char *join_lines(struct arena *a, const char **lines, size_t count) {
    struct buf b;
    buf_init(&b, a);
    qsort(lines, count, sizeof *lines, compare_lines);
    for (size_t i = 0; i < count; i++) buf_puts(&b, lines[i]);
    return buf_text(&b);
}

static const char *ref_text(struct rdf_ref r, const char *const *names, int self) {
    if (r.text) return r.text;
    return names ? names[r.blank] : r.blank == self ? "_:a" : "_:z";
}

static const char *quad_line(struct rdf_walk *w, const struct rdf_quad *q, const char *const *names,
                             int self) {
    return arena_printf(w->arena, "%s %s %s .\n", ref_text(q->subject, names, self), q->predicate,
                        ref_text(q->object, names, self));
}

struct blank_hash {
    const char *hash;
    int blank;
};

static int compare_hashes(const void *x, const void *y) {
    return strcmp(((const struct blank_hash *)x)->hash, ((const struct blank_hash *)y)->hash);
}

/* names[i] = "_:c14nK" by first-degree hash. */
static enum err name_blanks(struct rdf_walk *w, const char **lines, const char **names) {
    struct blank_hash *hashes = NEW_ARRAY(w->arena, struct blank_hash, (size_t)w->blank_count + 1);
    for (int i = 0; i < w->blank_count; i++) {
        size_t count = 0;
        for (size_t k = 0; k < w->quad_count; k++) {
            const struct rdf_quad *q = &w->quads[k];
            bool mine = (!q->subject.text && q->subject.blank == i) ||
                        (!q->object.text && q->object.blank == i);
            if (mine) lines[count++] = quad_line(w, q, NULL, i);
        }
        const char *text = join_lines(w->arena, lines, count);
        hashes[i] = (struct blank_hash){sha256_hex(w->arena, text, strlen(text)), i};
    }
    qsort(hashes, (size_t)w->blank_count, sizeof *hashes, compare_hashes);
    for (int k = 0; k < w->blank_count; k++) {
        if (k > 0 && strcmp(hashes[k].hash, hashes[k - 1].hash) == 0)
            return refuse(w, ERR_INVALID,
                          "two parts without an id look the same and cannot be told apart");
        names[hashes[k].blank] = arena_printf(w->arena, "_:c14n%d", k);
    }
    return OK;
}

enum err cert_rdf_canonical(struct arena *a, const json_t *object, enum cert_vocabulary vocabulary,
                            const char **out, const char **why) {
    struct rdf_walk w = {.arena = a, .vocabulary = vocabulary, .err = OK};
    struct rdf_ref top;
    if (!json_is_object(object)) {
        *why = "a credential is a JSON object";
        return ERR_INVALID;
    }
    w.quads = NEW_ARRAY(a, struct rdf_quad, QUAD_LIMIT);
    w.slots = NEW_ARRAY(a, uint16_t, QUAD_SLOTS);
    const char **lines = NEW_ARRAY(a, const char *, QUAD_LIMIT);
    const char **names = NEW_ARRAY(a, const char *, NODE_LIMIT);
    if (walk_node(&w, object, true, &top) != OK || name_blanks(&w, lines, names) != OK) {
        *why = w.why;
        return w.err;
    }
    for (size_t i = 0; i < w.quad_count; i++) lines[i] = quad_line(&w, &w.quads[i], names, -1);
    *out = join_lines(a, lines, w.quad_count);
    return OK;
}
