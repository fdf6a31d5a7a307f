/* The canonical N-Quads of a credential, without a JSON-LD processor.
 *
 * A closed vocabulary (W3C Verifiable Credentials 2.0, Open Badges 3.0.3, Bitstring Status
 * List 1.0, Data Integrity 1.0) is walked with a table, JSON to quads. What the table does not know
 * is refused, never skipped: a member that is not hashed could be changed by anybody. The few blank
 * nodes are named by their first-degree hashes (RDFC-1.0, section 4.6); two equal hashes would need
 * the whole algorithm and are refused too.
 *
 * The result equals that of RDFC-1.0 over the JSON-LD expansion as long as `@context` names the
 * published contexts, which cert_contexts_read checks. */
#ifndef GR_CERT_RDF_H
#define GR_CERT_RDF_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "cert/cert_contexts.h"

/* RULE check-work: what a check costs is bounded by numbers, whatever a text holds. `object`: a
 * credential, a status list credential or the options of a proof. Its members
 * `@context` and `proof` are left out, at the top only. `*out` (arena) is sorted lines, each ended
 * by "\n". ERR_INVALID with a sentence in `*why` for an unmapped term or type, a number, null, an
 * IRI that is not absolute; ERR_LIMIT above 200 nodes, 16 types of one, 2,000 quads or 4,000
 * values. */
enum err cert_rdf_canonical(struct arena *a, const json_t *object, enum cert_vocabulary vocabulary,
                            const char **out, const char **why) MUST_USE;

/* An absolute IRI of the schemes that no published context uses as a prefix: http, https, did, urn.
 */
bool cert_iri_valid(const char *text);

#endif
