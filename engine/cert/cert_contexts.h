/* The contexts that credentials of ours name. cert_rdf's table says what they say; nothing else may be named,
 * since another context could give the signed words another meaning. */
#ifndef GR_CERT_CONTEXTS_H
#define GR_CERT_CONTEXTS_H

#define CERT_CONTEXT_VC "https://www.w3.org/ns/credentials/v2"
#define CERT_CONTEXT_OB "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
#define CERT_CONTEXT_OB_EXTENSIONS "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"

#endif
