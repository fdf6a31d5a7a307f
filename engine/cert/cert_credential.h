/* Open Badges 3.0 credentials and status list credentials from stored facts, and their checking. Pure.
 *
 * The same facts give the same bytes. What holds a person's address is hashed with a salt, so that a published
 * credential leaks none. */
#ifndef GR_CERT_CREDENTIAL_H
#define GR_CERT_CREDENTIAL_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cert/cert_proof.h"

/* What was looked at before the decision; becomes an Evidence, and a Result when `passed`. */
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
    uint32_t status_index;
    const struct cert_evidence *evidence;
    size_t evidence_count;
};

/* Unsigned; kept by the arena. */
json_t *cert_credential_build(struct arena *a, const struct cert_credential_facts *f);
/* Makes the next version of a signed credential of `build`: without proof, with a new id, beginning and place on a list. */
void cert_credential_renew(struct arena *a, json_t *credential, const char *origin,
                           const char *number, int version, int64_t valid_from_ms,
                           const char *status_list, uint32_t status_index);
/* Unsigned. `list_url` is the id; valid for `valid_ms` from now. `encoded`: cert_status_encode. */
json_t *cert_status_credential_build(struct arena *a, const char *did, const char *list_url,
                                     const char *encoded, int64_t now_ms, int64_t valid_ms);
/* "sha256$" and the hash of address (lower case) and salt (Open Badges 3.0, IdentityHash). Arena. */
char *cert_identity_hash(struct arena *a, const char *email, const char *salt);
/* Compact JSON in the order in which it was built: what is stored and served. Arena. */
char *cert_json(struct arena *a, const json_t *value);

/* ---- Checking -------------------------------------------------------------------------------- */
enum cert_outcome { CERT_PASS, CERT_FAIL, CERT_SKIP };

enum cert_status_answer {
    CERT_STATUS_GOOD,
    CERT_STATUS_REVOKED,
    CERT_STATUS_SUSPENDED,
    CERT_STATUS_UNKNOWN, /* looked up, and there is no such credential */
    CERT_STATUS_UNSEEN   /* could not be looked up */
};

/* What a credential whose signature holds says about where its state is kept. */
struct cert_status_question {
    const char *credential_id, *issuer, *list_url;
    uint32_t index;
    const char *why; /* out, on CERT_STATUS_UNSEEN: a sentence that also says what to do */
};

/* Where the checker looks things up. `status` may be NULL: the state of no credential is seen then. */
struct cert_checker {
    cert_key_fn find_key;
    enum cert_status_answer (*status)(void *context, struct cert_status_question *question);
    void *context;
    int64_t now_ms;
};

struct cert_check {
    const char *name; /* "form", "signature", "issuer", "period", "status": in this order */
    enum cert_outcome outcome;
    const char *
        code; /* of a failure, for the page's sentence: "changed", "unknown_key", "expired" … ; NULL else */
    const char *detail; /* an English sentence on a failure or a skip; NULL else */
};

#define CERT_CHECK_COUNT 5

struct cert_check_report {
    struct cert_check checks[CERT_CHECK_COUNT];
    bool valid; /* every check passed */
    bool
        undecided; /* none failed, but the status that it names was not seen: neither valid nor not valid */
    /* What the credential says; NULL when absent. Trust them only when the signature passed. Arena. */
    const char *credential_id, *number, *holder, *title, *issuer, *issuer_name, *method;
    int64_t valid_from_ms, valid_until_ms; /* 0 = absent */
};

/* Reads and checks a credential's text. Always fills `out`. */
void cert_credential_check(struct arena *a, const char *text, size_t len,
                           const struct cert_checker *checker, struct cert_check_report *out);

/* "pass", "fail" or "skip" of a check. */
const char *cert_outcome_name(const struct cert_check *c);
/* {"verdict": …, "valid": true, false or null, "checks": […]}: for programs, on the page and the command line alike. */
void cert_report_json(const struct cert_check_report *report, struct buf *out);

#endif
