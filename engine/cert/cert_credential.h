/* Open Badges 3.0 credentials and status list credentials from stored facts, and their checking.
 * Pure.
 *
 * The same facts give the same bytes. What holds a person's address is hashed with a salt, so that
 * a published credential leaks none. */
#ifndef GR_CERT_CREDENTIAL_H
#define GR_CERT_CREDENTIAL_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cert/cert_proof.h"

/* A piece of evidence that was looked at before the decision; becomes an Evidence, and a Result
 * when `passed`. */
struct cert_evidence {
    const char *kind; /* "modules", "exam", "lab", "experience" */
    const char *id;   /* of the exam or lab; NULL for the others */
    const char *name, *narrative;
    bool passed; /* an assessment with a result */
};

/* All texts are borrowed. Optional: email (then salt too), decider_name. */
struct cert_credential_facts {
    const char *origin; /* "https://academy.example" */
    const char *did;
    const char *number; /* of the certificate */
    int version;        /* 1, 2 … : a reinstated certificate gets a new credential */
    const char *holder_name, *email, *salt;
    const char *body, *scheme_version;
    const char *programme_id, *programme_title, *level_id, *level_title, *level_summary, *scope;
    const char *criteria; /* Markdown: what the level asked */
    const char *decider_name;
    int64_t awarded_ms, valid_from_ms, valid_until_ms; /* until 0 = without end */
    const char *status_list;                           /* absolute URL of the list */
    const char *status_purpose; /* of that list: "suspension", or "revocation" as it was once */
    uint32_t status_index;
    const struct cert_evidence *evidence;
    size_t evidence_count;
};

/* Unsigned; kept by the arena. */
json_t *cert_credential_build(struct arena *a, const struct cert_credential_facts *f);
/* Makes the next version of a signed credential of `build`: without proof, with a new id, beginning
 * and place on a list. */
void cert_credential_renew(struct arena *a, json_t *credential, const char *origin,
                           const char *number, int version, int64_t valid_from_ms,
                           const char *status_list, uint32_t status_index);
/* Unsigned. `list_url` is the id; `purpose` "suspension" or "revocation"; valid for `valid_ms` from
 * now. `encoded`: cert_status_encode. */
json_t *cert_status_credential_build(struct arena *a, const char *did, const char *list_url,
                                     const char *purpose, const char *encoded, int64_t now_ms,
                                     int64_t valid_ms);
/* `relatedResource` of an unsigned status list: an address, the digest of what it answers
 * (multibase multihash), its type. */
void cert_status_name_resource(struct arena *a, json_t *doc, const char *url, const char *digest,
                               const char *media_type);
/* "sha256$" and the hash of address (lower case) and salt (Open Badges 3.0, IdentityHash). Arena.
 */
char *cert_identity_hash(struct arena *a, const char *email, const char *salt);
/* Compact JSON in the order in which it was built: what is stored and served. Arena. */
char *cert_json(struct arena *a, const json_t *value);

/* ---- Checking -------------------------------------------------------------------------------- */
enum cert_outcome { CERT_PASS, CERT_FAIL, CERT_SKIP };

enum cert_status_answer {
    CERT_STATUS_GOOD,
    CERT_STATUS_REVOKED,
    CERT_STATUS_SUSPENDED,
    CERT_STATUS_LISTED, /* a list says that it does not hold now, but not whether it is suspended or
                           revoked */
    CERT_STATUS_REPLACED, /* renewed: another certificate took its place */
    CERT_STATUS_UNKNOWN,  /* looked up, and there is no such credential */
    CERT_STATUS_UNSEEN    /* could not be looked up */
};

/* What a credential whose signature holds says about where its state is kept. */
struct cert_status_question {
    const char *credential_id, *issuer, *list_url;
    const char *purpose; /* "revocation" or "suspension" */
    uint32_t index;
    const char *why; /* out, on CERT_STATUS_UNSEEN: a sentence that also says what to do */
};

struct cert_check_report;

/* How well an issuer is known. Of one that is known, find_key knows all keys, and all its
 * credentials are made as the engine makes them: then what does not fit is not valid. Of a
 * stranger, what cannot be checked is not decided. */
enum cert_known {
    CERT_STRANGER,
    CERT_GIVEN, /* whoever checks gave its DID document */
    CERT_OURS   /* this academy */
};

/* Where the checker looks things up. `status` may be NULL: the state of no credential is seen then.
 */
struct cert_checker {
    cert_key_fn find_key;
    enum cert_status_answer (*status)(void *context, struct cert_status_question *question);
    void *context;
    int64_t now_ms;
    enum cert_known (*knows)(void *context, const char *issuer); /* NULL: nobody is known */
    /* Whether whoever checks vouches for the key of this method, whatever issuer it is of. NULL:
     * for none. */
    bool (*trusts)(void *context, const char *method);
    /* What a credential of a stranger, whose signature holds, falsely says about this academy:
     * "claims_number" (a number that is on record here), "claims_name"; NULL: nothing. NULL: there
     * is no academy to compare with. */
    const char *(*claims)(void *context, const struct cert_check_report *report);
};

struct cert_check {
    const char *name; /* "form", "signature", "issuer", "period", "status": in this order */
    enum cert_outcome outcome;
    const char *code;   /* of a failure, and of a skip that leaves it undecided, for the page's
                         * sentence: "changed", "expired", "context" … ;   NULL else */
    const char *detail; /* an English sentence on a failure or a skip; NULL else */
};

#define CERT_CHECK_COUNT 5

struct cert_check_report {
    struct cert_check checks[CERT_CHECK_COUNT];
    bool valid;       /* every check passed */
    bool undecided;   /* none failed, but one could not be made: neither valid nor not valid; its
                         `detail` says why */
    bool known, ours; /* the issuer that it names, see enum cert_known */
    const json_t *document; /* arena; NULL: none */
    /* What the credential says; NULL when absent. Trust them only when the signature passed, and
     * then as the words of the issuer, who may be anybody unless `known`. `subject`: an id or a
     * hash that stands for the holder. Arena. */
    const char *credential_id, *number, *holder, *subject, *title, *issuer, *issuer_name, *method;
    int64_t valid_from_ms, valid_until_ms; /* 0 = absent */
};

/* Reads and checks a credential's text. Always fills `out`. */
void cert_credential_check(struct arena *a, const char *text, size_t len,
                           const struct cert_checker *checker, struct cert_check_report *out);

/* The same in two steps. The first (form, period, signature) costs processor time and asks the
 * checker for keys and `knows` alone; the second (issuer, trust, status, verdict) looks things up.
 */
void cert_credential_check_proof(struct arena *a, const char *text, size_t len,
                                 const struct cert_checker *checker, struct cert_check_report *out);
void cert_credential_check_status(struct arena *a, const struct cert_checker *checker,
                                  struct cert_check_report *out);

/* "pass", "fail" or "skip" of a check. */
const char *cert_outcome_name(const struct cert_check *c);
/* {"verdict": …, "valid": true, false or null, "issuer": {"id": …, "ours": …} or null, "checks":
 * […]}: for programs, on the page and the command line alike. */
void cert_report_json(const struct cert_check_report *report, struct buf *out);

#endif
