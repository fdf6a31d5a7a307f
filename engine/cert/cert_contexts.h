/* The contexts whose words cert_rdf's table knows: those that credentials of ours name, and those
 * of other issuers that say the same or differ in a few words. Another context could give the
 * signed words another meaning, so that with one the signature is not looked at. */
#ifndef GR_CERT_CONTEXTS_H
#define GR_CERT_CONTEXTS_H

#include <jansson.h>
#include <stdbool.h>

#define CERT_CONTEXT_VC "https://www.w3.org/ns/credentials/v2"
#define CERT_CONTEXT_OB "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
#define CERT_CONTEXT_OB_302 "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json"
#define CERT_CONTEXT_OB_EXTENSIONS "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
/* Adds the type Ed25519Signature2020, whose words are those of a DataIntegrityProof. */
#define CERT_CONTEXT_ED25519 "https://w3id.org/security/suites/ed25519-2020/v1"

enum cert_words { CERT_WORDS_303, CERT_WORDS_302 };

/* Which table of words a document's `@context` stands for. False: it names another one, `*unknown`
 * (borrowed; NULL when it is no list of addresses that begins with the one of the W3C, or names no
 * or two versions of Open Badges). */
bool cert_contexts_read(const json_t *doc, enum cert_words *words, const char **unknown);

#endif
