/* The JSON-LD contexts whose terms the table of cert_rdf.c knows: those that our credentials name,
 * and those of other issuers that define the same terms, or differ in a few. Another context could
 * give the signed terms another meaning, so that with one the signature is not checked. */
#ifndef GR_CERT_CONTEXTS_H
#define GR_CERT_CONTEXTS_H

#include <jansson.h>
#include <stdbool.h>

#define CERT_CONTEXT_VC "https://www.w3.org/ns/credentials/v2"
#define CERT_CONTEXT_OB "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
#define CERT_CONTEXT_OB_302 "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json"
#define CERT_CONTEXT_OB_EXTENSIONS "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
/* Adds the type Ed25519Signature2020, whose terms are those of a DataIntegrityProof. */
#define CERT_CONTEXT_ED25519 "https://w3id.org/security/suites/ed25519-2020/v1"

enum cert_vocabulary { CERT_VOCABULARY_303, CERT_VOCABULARY_302 };

/* Which vocabulary a document's `@context` stands for. False: it names another context, `*unknown`
 * (borrowed; NULL when it is no list of addresses that begins with the one of the W3C, or names no
 * or two versions of Open Badges). */
bool cert_contexts_read(const json_t *doc, enum cert_vocabulary *vocabulary, const char **unknown);

#endif
