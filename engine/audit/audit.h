/* The audit log: certification and security facts, each row chained to the one before by
 * SHA-256.
 *
 * hash(n) = SHA-256 of the JSON array [n,at_ms,actor,action,subject,detail,hash(n-1)] without
 * blanks, in lower-case hex; strings as buf_json writes them, `detail` as one string or null;
 * hash(0) = 64 zeros. A changed, removed or reordered row breaks the chain. A cut tail is found
 * against the head, the file `<database>.audit-head`, which holds number and hash of a row that
 * was committed: "n hash\n". It is written after each COMMIT with audited jobs; one that is
 * behind the log (the process died in between) is fine, one ahead of it means that rows are
 * gone. */
#ifndef GR_AUDIT_AUDIT_H
#define GR_AUDIT_AUDIT_H

#include "store/store.h"

#define AUDIT_DETAIL_MAX ((size_t)64 * 1024) /* bytes */

/* Appends inside the caller's job, so that the fact and its audit row commit together. `actor`:
 * person id or "system"; `action`: dotted ("credential.grant"); `subject`: what it is about
 * (id); `detail`: JSON text without secrets or NULL. ERR_LIMIT when the detail is longer than
 * AUDIT_DETAIL_MAX. */
enum err audit_append(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                      const char *action, const char *subject, const char *detail) MUST_USE;

struct audit_report {
    int64_t rows;
    int64_t first_bad;   /* sequence number of the first row that does not fit, 0 = none */
    const char *problem; /* sentence, NULL when the chain holds (arena) */
    char head[65];       /* hash of the last row that fits, 64 zeros when there is none */
    bool head_checked;   /* false: no head file (a restored copy), a cut tail could not be seen */
};
/* Reads the whole chain, as of the caller's snapshot. ERR_INVALID with a filled report when it is
 * broken. */
enum err audit_verify(struct db *db, struct arena *a, struct audit_report *out) MUST_USE;

/* Newest first, for the admin's page and for a case. `subject` NULL = all; `before_seq` 0 = from
 * the newest on; `limit` 1 to 1000. */
struct audit_row {
    int64_t seq, at_ms;
    const char *actor, *action, *subject, *detail, *hash; /* arena; detail may be NULL */
};
enum err audit_list(struct db *db, struct arena *a, const char *subject, int64_t before_seq,
                    int limit, struct audit_row **rows, size_t *count) MUST_USE;

#endif
