/* Reading what an academy publishes, from files that somebody downloaded: its DID document and its
 * status list. With them a stranger checks a credential as fully as the academy itself. Pure. */
#ifndef GR_CERT_PUBLISHED_H
#define GR_CERT_PUBLISHED_H

#include "cert/cert_credential.h"
#include "cert/cert_keys.h"

/* The keys of an issuer that may sign assertions. Nobody has signed this document: whoever gives it
 * vouches that it came from the issuer's own address. */
struct cert_did {
    const char *id;
    struct cert_did_key {
        const char *method; /* "DID#key" */
        unsigned char key[CERT_PUBLIC_BYTES];
    } keys[CERT_KEY_LIMIT];
    size_t count;
};

/* False with a sentence when `text` is no DID document with an Ed25519 Multikey for assertions.
 * Arena. */
bool cert_did_read(struct arena *a, const char *text, size_t len, struct cert_did *out,
                   const char **why) MUST_USE;
bool cert_did_find(const struct cert_did *did, const char *method,
                   unsigned char key[CERT_PUBLIC_BYTES]);

/* What a downloaded status list says: GOOD, or by its purpose REVOKED or LISTED (a list of
 * suspensions does not tell them from revocations). UNSEEN when the list proves nothing: it is not
 * the one that the credential names, not signed by the same issuer with a key that `checker` finds,
 * or not in force now. */
enum cert_status_answer cert_status_list_answer(struct arena *a, const char *text, size_t len,
                                                const struct cert_checker *checker,
                                                struct cert_status_question *q);

#endif
