/* Whether what is on record about certificates is what was signed and logged. */
#ifndef GR_CERT_RECORDS_H
#define GR_CERT_RECORDS_H

#include "cert/cert_private.h"

/* What a comparison of records found. */
struct cert_record_finding {
    const char *problem; /* a sentence without its subject (arena); NULL: nothing */
    /* Nothing differs, but a signature could not be checked, because its key is missing. */
    bool undecided;
    bool log; /* undecided because the audit log does not hold (RULE audit-read) */
};

/* RULE signed: each column of the tables that a certificate and a credential of it are made of is
 * what was signed, with the key on record, which is one of `keys` (NULL: none are here). A sentence
 * without its subject, NULL when it is so; `*undecided`: nothing differs, but the key is missing.
 * Arena. */
const char *cert_signed_problem(struct arena *a, struct cert_keys *keys,
                                const struct cert_certificate *c,
                                const struct cert_credential_row *row, bool *undecided);

/* RULE audit-signed, with a key of the academy (`keys`; NULL: none are here). */
struct audit_row;
enum err cert_records_signed(struct db *db, struct arena *a, struct cert_keys *keys,
                             const struct audit_row *row, struct cert_record_finding *out) MUST_USE;
/* Whether tables, signature and log agree about one certificate and a credential of it. Fast enough
 * for a request. */
enum err cert_records_certificate(struct db *db, struct arena *a, struct cert_keys *keys,
                                  const struct cert_certificate *c,
                                  const struct cert_credential_row *row,
                                  struct cert_record_finding *out) MUST_USE;
/* All of one application: its case, the certificate that came of it (`*certified`) and every
 * credential of that. */
enum err cert_records_application(struct db *db, struct arena *a, struct cert_keys *keys,
                                  const char *id, struct cert_record_finding *out,
                                  bool *certified) MUST_USE;
/* Completes the report on a credential that seems valid: what is on record may have been changed,
 * so that it says nothing of a revocation. Makes the check of the status fail or stay undecided
 * then. */
enum err cert_records_report(struct db *db, struct arena *a, struct cert_keys *keys,
                             struct cert_check_report *report) MUST_USE;
/* RULE past-kept: each application of a person that was logged is on record, with the decision that
 * was logged. `except`: one that is looked at as a whole; may be NULL. `*problem` is left as it is
 * when nothing differs. Arena. */
enum err cert_records_past(struct db *db, struct arena *a, const char *person_id,
                           const char *except, const char **problem) MUST_USE;
/* Before a decision: whether the case itself, its marks, and what is on record of the candidate
 * (their earlier applications and attempts, too: RULE past-kept) and of whoever decides (NULL:
 * nobody yet) are what was logged. Arena. */
enum err cert_records_case(struct db *db, struct arena *a, const struct cert_application *app,
                           const char *decider_id, const char **problem) MUST_USE;
/* RULE exam-recomputed: before something is admitted or granted, whether the result of each attempt
 * that it rests on is what its form and its answers give. Arena. */
enum err cert_records_results(struct db *db, struct arena *a,
                              const struct cert_level_status *status,
                              const char **problem) MUST_USE;

#endif
