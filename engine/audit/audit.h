/* The audit log: certification and security facts, each row chained to the one before by SHA-256.
 *
 * hash(n) = SHA-256(canonical JSON array [n, at_ms, actor, action, subject, detail, hash(n-1) as hex]),
 * hash(0) = 64 zeros. A changed, removed or reordered row breaks the chain; a cut tail is found against the head
 * that the data directory keeps beside the database (audit.head, written after each commit of an audited
 * job; a head that is behind the log is fine, one ahead of it is a cut). */
#ifndef GR_AUDIT_AUDIT_H
#define GR_AUDIT_AUDIT_H

#include "store/store.h"

/* Appends inside the caller's job, so that the fact and its audit row commit together.
 * `actor`: person id or "system"; `action`: dotted ("credential.grant"); `subject`: what it is about (id);
 * `detail`: JSON text without secrets or NULL. */
enum err audit_append(struct db *db, struct arena *a, int64_t now_ms, const char *actor, const char *action,
                      const char *subject, const char *detail) MUST_USE;

struct audit_report {
    int64_t rows;
    int64_t first_bad;   /* sequence number of the first row that does not fit, 0 = none */
    const char *problem; /* sentence, NULL when the chain holds (arena) */
    char head[65];       /* hash of the last row */
};
/* Reads the whole chain. ERR_INVALID with a filled report when it is broken. */
enum err audit_verify(struct db *db, struct arena *a, struct audit_report *out) MUST_USE;

/* Newest first, for the admin's page and for a case. `subject` NULL = all. */
struct audit_row {
    int64_t seq, at_ms;
    const char *actor, *action, *subject, *detail, *hash;
};
enum err audit_list(struct db *db, struct arena *a, const char *subject, int64_t before_seq, int limit,
                    struct audit_row **rows, size_t *count) MUST_USE;

#endif
